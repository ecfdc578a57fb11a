#!/usr/bin/env python3
"""Did a prediction change? Compares runs with tests/golden/fingerprints.csv.

Usage: check.py [RAYSIM] [--update]

A row is a run: scenario, options, seed, and what came out: fingerprint (every event of the run, in order) and makespan.
A fingerprint that changes with an equal makespan is another order of events or another protocol step; a makespan that
changes is another prediction. Both may be right. Then:

  python3 tests/golden/check.py --update

writes the file anew, and the commit that brings it says why the predictions changed. To add a run, add a row with empty
figures and update. Tags say what a row stands for: `recorded` (the program was recorded on real Ray), `policy`, `cold`
(no warm workers), `crash`, `shared` (nodes share a machine), `made-up`.
"""

import csv
import json
import os
import pathlib
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
TABLE = pathlib.Path(__file__).with_name("fingerprints.csv")
COLUMNS = ("scenario", "options", "seed", "fingerprint", "makespan_s", "tags")


def simulate(raysim, row):
    command = [raysim, "run", row["scenario"], *shlex.split(row["options"]), "--seed", row["seed"], "--json"]
    run = subprocess.run(command, cwd=ROOT, env={**os.environ, "RAYSIM_DATA": str(ROOT)}, capture_output=True, text=True,
                         check=False, timeout=300)
    try:
        figures = json.loads(run.stdout)
    except json.JSONDecodeError:
        sys.exit(f"{' '.join(command)}: exit code {run.returncode}\n{run.stderr}")
    return {**row, "fingerprint": figures["fingerprint"], "makespan_s": f"{figures['makespan_s']:.9f}"}


def main():
    arguments = [argument for argument in sys.argv[1:] if argument != "--update"]
    raysim = str(pathlib.Path(arguments[0] if arguments else ROOT / "build/release/raysim").resolve())
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    results = [simulate(raysim, row) for row in rows]
    changed = [(old, new) for old, new in zip(rows, results) if old != new]
    for old, new in changed:
        name = " ".join(filter(None, (old["scenario"], old["options"], f"seed {old['seed']}")))
        if old["makespan_s"] == new["makespan_s"]:
            print(f"{name}: makespan {new['makespan_s']} s as before, but fingerprint {old['fingerprint']} -> {new['fingerprint']}")
        else:
            print(f"{name}: makespan {old['makespan_s'] or '?'} -> {new['makespan_s']} s")
    print(f"{len(rows)} runs, {len(changed)} changed")
    if "--update" in sys.argv[1:]:
        with TABLE.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(results)
        return 0
    if changed:
        print("If that is meant: python3 tests/golden/check.py --update, and say why in the commit.")
    return 1 if changed else 0


if __name__ == "__main__":
    sys.exit(main())

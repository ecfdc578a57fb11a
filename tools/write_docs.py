#!/usr/bin/env python3
"""Writes the pages of docs/ that are generated from the program. Usage: write_docs.py RAYSIM [--check]

With --check nothing is written; exits 1 when a page is not what would be written.
"""

import json
import os
import pathlib
import re
import subprocess
import sys

DOCS = pathlib.Path(__file__).resolve().parents[1] / "docs"


def help_text(raysim, *command):
    environment = {**os.environ, "NO_COLOR": "1", "COLUMNS": "100"}
    run = subprocess.run([raysim, *command, "--help"], env=environment, capture_output=True, text=True, check=True)
    # The program names itself by the path it was called with.
    return run.stdout.replace(raysim, "raysim").strip()


def subcommands(raysim, command, text):
    """(title, help) of the subcommands that the help of `command` lists, and of theirs."""
    listed = re.search(r"^subcommands:\n((?:[ \t].*\n?)+)", text, re.IGNORECASE | re.MULTILINE)
    sections = []
    for name in re.findall(r"^  (\S+)", listed.group(1), re.MULTILINE) if listed else []:
        inner = help_text(raysim, *command, name)
        sections += [(" ".join(["raysim", *command, name]), inner), *subcommands(raysim, [*command, name], inner)]
    return sections


def command_line(raysim):
    """One section a command, with what `--help` prints."""
    top = help_text(raysim)
    sections = [("raysim", top)] + subcommands(raysim, [], top)
    body = "".join(f"\n## {title}\n\n```\n{text}\n```\n" for title, text in sections)
    return "# The command line\n\nWritten by `make docs` from `raysim --help`; do not edit.\n" + body


CONFORMANCE_FILES = (("tests/conformance/ray.yaml", "Ray's own tests and policy sources"),
                     ("tests/conformance/own.yaml", "own cases, reasoned from Ray's sources"),
                     ("tests/conformance/own_leases.yaml", "own cases of leases, reasoned from Ray's sources"))


def conformance(raysim):
    """How many cases of each group agree, and which are left out."""
    text = CONFORMANCE_HEAD
    for file, source in CONFORMANCE_FILES:
        run = subprocess.run([raysim, "conformance", file, "--json"], cwd=DOCS.parent, capture_output=True, text=True,
                             check=False)
        told = json.loads(run.stdout)
        groups = {}
        for case in told["cases"]:
            counts = groups.setdefault((case["group"], case["kind"]), {"passed": 0, "failed": 0, "left out": 0})
            counts[case["outcome"] if case["outcome"] in counts else "left out"] += 1
        text += f"\n## `{file}`\n\n{source[0].upper() + source[1:]}: {told['passed']} of {len(told['cases'])} agree.\n\n"
        text += "| group | kind | agree | differ | left out |\n|---|---|--:|--:|--:|\n"
        for (group, kind), counts in groups.items():
            text += f"| {group} | {kind} | {counts['passed']} | {counts['failed']} | {counts['left out']} |\n"
        reasons = {}
        for case in told["cases"]:
            if case["outcome"] != "passed":
                reason = case.get("reason") or "; ".join(
                    f"{d['what']}: expected {d['expected']}, got {d['got']}" for d in case["differences"])
                reasons.setdefault(reason, []).append(case["id"])
        if reasons:
            text += "\nNot among those that agree:\n\n"
            text += "".join(f"* {', '.join(ids)}: {reason}\n" for reason, ids in reasons.items())
    return text


CONFORMANCE_HEAD = """# Does a decision equal Ray's?

Written by `make docs` from what the command says; do not edit.

```sh
raysim conformance tests/conformance/ray.yaml
raysim conformance tests/conformance/own.yaml
raysim conformance tests/conformance/own_leases.yaml
```

Each case puts one situation to the same classes that a run uses and compares all that it expects. A case is left out, with the
reason, when nothing runs its kind or nothing reads one of its keys; it never passes by being overlooked. The head of
`tests/conformance/ray.yaml` describes the format, and each case names the test or source of Ray that it was read from.
"""

PAGES = {"reference/command_line.md": command_line, "conformance.md": conformance}


def main():
    raysim, check = sys.argv[1], "--check" in sys.argv[2:]
    stale = 0
    for name, write in PAGES.items():
        page, text = DOCS / name, write(raysim)
        if page.exists() and page.read_text(encoding="utf-8") == text:
            continue
        if check:
            print(f"docs/{name}:1: not what the program says; run `make docs`")
            stale = 1
        else:
            page.parent.mkdir(parents=True, exist_ok=True)
            page.write_text(text, encoding="utf-8")
            print(f"wrote docs/{name}")
    return stale


if __name__ == "__main__":
    sys.exit(main())

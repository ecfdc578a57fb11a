#!/usr/bin/env python3
"""Every command of the README and of docs/ works. Usage: docs_commands.py RAYSIM

A block ```sh is a list of commands to type in the source folder. Those that call raysim are run, in a copy of that
folder made of links, and must end with exit code 0; commands that install or build are left to make.
"""

import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

from program import PROGRAM, ROOT, environment

FOLDERS = ("scenarios", "platforms", "models", "tests")
CALL = re.compile(r"^(?:build/release/)?raysim\s")


def commands(page):
    """(line number, command) of each command in the page's sh blocks; a backslash continues a line."""
    inside, start, pending = False, 0, ""
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        if line.strip().startswith("```"):
            inside = not inside and line.strip() == "```sh"
        elif inside:
            start = start if pending else number
            pending += line.removesuffix("\\")
            if not line.endswith("\\"):
                yield start, re.sub(r"\s+#\s.*$", "", pending).strip()
                pending = ""


def main():
    failed = done = 0
    with tempfile.TemporaryDirectory() as folder:
        for name in FOLDERS:
            (pathlib.Path(folder) / name).symlink_to(ROOT / name)
        for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
            for line, command in commands(page):
                if not CALL.match(command):
                    continue
                done += 1
                run = subprocess.run(CALL.sub(lambda _: shlex.quote(PROGRAM) + " ", command), shell=True, cwd=folder,
                                     env=environment(), capture_output=True, text=True, check=False, timeout=300)
                if run.returncode != 0:
                    failed += 1
                    print(f"{page.relative_to(ROOT)}:{line}: {command}\n  exit code {run.returncode}: {run.stderr.strip()}")
    print(f"{done} commands, {failed} failed")
    return 1 if failed or not done else 0


if __name__ == "__main__":
    sys.exit(main())

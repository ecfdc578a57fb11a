#!/usr/bin/env python3
"""Writes the pages of docs/ that are generated from the program. Usage: write_docs.py RAYSIM [--check]

With --check nothing is written; exits 1 when a page is not what would be written.
"""

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


def command_line(raysim):
    """One section a command, with what `--help` prints."""
    top = help_text(raysim)
    listed = re.search(r"^subcommands:\n((?:[ \t].*\n?)+)", top, re.IGNORECASE | re.MULTILINE)
    commands = re.findall(r"^  (\S+)", listed.group(1), re.MULTILINE) if listed else []
    sections = [("raysim", top)] + [(f"raysim {command}", help_text(raysim, command)) for command in commands]
    body = "".join(f"\n## {title}\n\n```\n{text}\n```\n" for title, text in sections)
    return "# The command line\n\nWritten by `make docs` from `raysim --help`; do not edit.\n" + body


PAGES = {"reference/command_line.md": command_line}


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

#!/usr/bin/env python3
"""Fails when a C++ file is not as clang-format would write it. Usage: check_format.py CLANG_FORMAT"""

import pathlib
import subprocess
import sys

FOLDERS = ("sim", "models", "platforms", "scenarios", "analysis", "cli", "tests")


def main():
    files = sorted(str(path) for folder in FOLDERS for path in pathlib.Path(folder).rglob("*.[ch]pp"))
    result = subprocess.run([sys.argv[1], "--dry-run", "--Werror", *files], check=False)
    if result.returncode != 0:
        print("run `make format`")
    return result.returncode


if __name__ == "__main__":
    sys.exit(main())

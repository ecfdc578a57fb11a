"""Runs raysim for the tests in this folder; the program is the first argument of each test."""

import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PI = "scenarios/pi_60core.yaml"


def path_of_program():
    return str(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "build/release/raysim").resolve())


def environment(**changes):
    """The tests' own surroundings: data from this tree, nothing from the user's settings."""
    surroundings = {**os.environ, "RAYSIM_DATA": str(ROOT), "TERM": "xterm"}
    for name in ("NO_COLOR", "COLUMNS"):
        surroundings.pop(name, None)
    return {**surroundings, **changes}


def raysim(*arguments, cwd=ROOT, **changes):
    """A finished run: returncode, stdout, stderr."""
    return subprocess.run([PROGRAM, *map(str, arguments)], cwd=cwd, env=environment(**changes), capture_output=True,
                          text=True, check=False, timeout=300)


PROGRAM = path_of_program()

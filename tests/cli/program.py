"""Runs raysim for the tests in this folder; the program is the first argument of each test."""

import os
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PI = "scenarios/pi_60core.yaml"
PATIENCE = 60  # seconds, after which something is not going to happen any more


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


def children_of(process):
    """Process ids of its children."""
    children = []
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = stat.read_text(encoding="ascii", errors="replace").rsplit(")", 1)[1].split()[1]
        except OSError:  # it has ended meanwhile
            continue
        if int(parent) == process.pid:
            children.append(int(stat.parent.name))
    return children


def wait_for(condition):
    """What the condition says as soon as that is true."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.005)
    raise AssertionError("it never came to it")


PROGRAM = path_of_program()

#!/usr/bin/env python3
"""On a terminal: colours unless NO_COLOR, a progress line for long runs, Ctrl-C. Usage: terminal_test.py RAYSIM"""

import fcntl
import os
import pty
import select
import struct
import tempfile
import termios
import time
import unittest

from program import PI, PROGRAM, ROOT, environment, raysim

WIPE = "\r\x1b[K"
ENDLESS = (PI, "--set", "driver.0.submit.count=100000000", "--set", "tasks.pi4_sample.duration=10 ms")
PATIENCE = 120


def on_terminal(*arguments, until="", columns=120, **changes):
    """(exit code, output) of a run on a terminal; Ctrl-C as soon as `until` was printed."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(ROOT)
        os.execve(PROGRAM, [PROGRAM, *arguments], environment(**changes))
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    output, end = b"", time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if not select.select([terminal], [], [], 0.05)[0]:
            continue
        try:
            output += os.read(terminal, 65536)
        except OSError:  # the other end is closed
            break
        if until and until in output.decode(errors="ignore"):
            os.write(terminal, b"\x03")
            until = ""
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), output.decode()


class Terminal(unittest.TestCase):
    def test_colours(self):
        self.assertIn("\x1b[1m", on_terminal("run", PI)[1])
        self.assertNotIn("\x1b[", on_terminal("run", PI, NO_COLOR="1")[1])
        self.assertNotIn("\x1b[", on_terminal("run", PI, TERM="dumb")[1])

    def test_short_runs_show_no_progress(self):
        self.assertNotIn(WIPE, on_terminal("run", PI)[1])

    def test_progress_and_an_interrupt(self):
        code, output = on_terminal("run", *ENDLESS, until="simulated", columns=60)
        self.assertEqual(code, 130)
        lines = [line for line in output.split(WIPE) if "simulated" in line]
        self.assertTrue(lines)
        self.assertLess(len(lines[0].rstrip("^C")), 60)
        # The summary comes after the line was wiped.
        summary = output.rsplit(WIPE, 1)[1]
        self.assertIn("interrupted", summary)
        self.assertIn("not finished", summary)

    def test_progress_of_many_runs_and_an_interrupt(self):
        with tempfile.TemporaryDirectory() as folder:
            code, output = on_terminal("sweep", ENDLESS[0], "--grid", "warm_workers=true,false", *ENDLESS[1:], "--db",
                                       f"{folder}/x.sqlite", until="runs/s", columns=60)
        self.assertEqual(code, 130)
        lines = [line for line in output.split(WIPE) if "of 20 runs" in line]
        self.assertTrue(lines)
        self.assertLess(len(lines[0].rstrip("^C")), 60)
        self.assertIn("interrupted", output.rsplit(WIPE, 1)[1])

    def test_no_progress_when_asked(self):
        code, output = on_terminal("run", PI, "--no-progress", "--set", "driver.0.submit.count=300000", "--set",
                                   "tasks.pi4_sample.duration=10 ms", "--set", "expect={}")
        self.assertEqual(code, 0)
        self.assertNotIn(WIPE, output)

    def test_nothing_but_results_in_a_pipe(self):
        run = raysim("run", PI, "--set", "driver.0.submit.count=300000", "--set", "tasks.pi4_sample.duration=10 ms",
                     "--set", "expect={}")
        self.assertEqual((run.returncode, run.stderr), (0, ""))


if __name__ == "__main__":
    unittest.main(argv=["terminal_test.py"])

#!/usr/bin/env python3
"""What do profiles of costs promise that say only what differs from another one?

Usage: profile_test.py RAYSIM
"""

import json
import pathlib
import shutil
import tempfile
import unittest

from program import PI, PROGRAM, ROOT, raysim  # noqa: F401

SLOW = """profile: slow
extends: ray-2.60
date: 2026-11
costs: {task_submit: {value: 10 ms, source: made up, date: 2026-11}}
"""


class Profiles(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        shutil.copytree(ROOT / "models" / "profiles", self.folder / "models" / "profiles")

    def write(self, name, text):
        (self.folder / "models" / "profiles" / f"{name}.yaml").write_text(text, encoding="utf-8")

    def run_with(self, profile, *arguments):
        return raysim("run", PI, "--set", f"ray.profile={profile}", "--set", "expect={}", *arguments, RAYSIM_DATA=self.folder)

    def refused(self, name, text, *parts):
        self.write(name, text)
        run = self.run_with(name)
        self.assertEqual((run.returncode, run.stdout), (2, ""))
        self.assertEqual(len(run.stderr.splitlines()), 1, run.stderr)
        for part in parts:
            self.assertIn(part, run.stderr)

    def test_what_it_does_not_say_is_as_in_the_other(self):
        self.write("same", "profile: same\nextends: ray-2.60\ndate: 2026-11\n")
        self.write("slow", SLOW)
        base, same, slow = (json.loads(self.run_with(name, "--json").stdout) for name in ("ray-2.60", "same", "slow"))
        self.assertEqual(same["makespan_s"], base["makespan_s"])
        # 600 submissions of 10 ms come one after the other.
        self.assertGreater(slow["makespan_s"], 600 * 0.01)
        self.assertEqual(slow["profile"], "slow")

    def test_shipped_ones_run(self):
        for name in ("ray-2.37-m5", "ray-2.0-m5"):
            self.assertEqual(self.run_with(name).returncode, 0)

    def test_mistakes_are_told_with_their_place(self):
        self.refused("a", SLOW.replace("ray-2.60", "ray-2.6"), "a.yaml:2:10: ", "'ray-2.6'", "did you mean 'ray-2.60'?")
        self.refused("b", SLOW.replace("task_submit", "task_submits"), "b.yaml:4:23: unknown entry 'task_submits'", "did you mean 'task_submit'?")
        self.refused("c", SLOW.replace("10 ms", "10"), "c.yaml:4:30: ", "unit")
        self.refused("d", SLOW.replace("extends: ray-2.60\n", ""), "d.yaml:1:1: missing 'system_config', expected all sections, or a profile "
                     "that this one extends")
        self.write("slow", SLOW)
        self.refused("e", SLOW.replace("ray-2.60", "slow"), "e.yaml:2:10: 'slow' extends another one, expected a whole profile")
        self.refused("f", SLOW.replace("ray-2.60", "f"), "f.yaml:2:10: 'f' extends another one")
        self.refused("g", SLOW + "system_config: {kill_idle_workers_interval_ms: {value: 0 s, source: made up, date: 2026-11}}\n",
                     "'kill_idle_workers_interval_ms' is 0, expected more than 0")


if __name__ == "__main__":
    unittest.main(argv=["profile_test.py"])

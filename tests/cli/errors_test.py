#!/usr/bin/env python3
"""Bad input: one clear message on stderr, nothing on stdout, exit code 2. Usage: errors_test.py RAYSIM"""

import os
import tempfile
import unittest

from program import PI, raysim


class BadInput(unittest.TestCase):
    def expect(self, arguments, *parts):
        run = raysim(*arguments)
        self.assertEqual((run.returncode, run.stdout), (2, ""))
        self.assertEqual(len(run.stderr.splitlines()), 1, run.stderr)
        for part in parts:
            self.assertIn(part, run.stderr)

    def test_unknown_file(self):
        self.expect(["run", "nowhere.yaml"], "nowhere.yaml", "no such file")
        self.expect(["check", "nowhere.yaml"], "nowhere.yaml", "no such file")

    def test_folder_as_file(self):
        self.expect(["run", "scenarios"], "not a regular file")

    def test_unknown_command(self):
        self.expect(["rnu", PI], "unknown command 'rnu'", "did you mean 'run'?")

    def test_unknown_option(self):
        self.expect(["run", PI, "--polcy", "spread"], "unknown option '--polcy'", "did you mean '--policy'?")
        self.expect(["run", PI, "--polcy=spread"], "unknown option '--polcy'", "did you mean '--policy'?")

    def test_one_argument_too_many(self):
        self.expect(["run", PI, "more"], "'more' is one argument too many")

    def test_no_scenario(self):
        self.expect(["run"], "SCENARIO is required", "raysim run --help")

    def test_option_without_its_value(self):
        self.expect(["run", PI, "--policy"], "--policy")

    def test_bad_set(self):
        self.expect(["run", PI, "--set", "nonsense"], "--set nonsense: no '='")
        self.expect(["run", PI, "--set", "ray.polic=x"], "unknown key 'polic'", "did you mean 'policy'?")
        self.expect(["run", PI, "--set", "driver.0.submit.count=-1"], "--set driver.0.submit.count=-1")
        self.expect(["run", PI, "--set", "ray.system_config.worker_lease_timeout=1"], "system_config", "did you mean")

    def test_bad_policy(self):
        for arguments in (["--policy", "hybird"], ["--set", "ray.policy=hybird"]):
            self.expect(["run", PI, *arguments], "'hybird'", "expected one of hybrid, spread", "did you mean 'hybrid'?")

    def test_bad_seed(self):
        for seed in ("-1", "abc", "1.5", "18446744073709551616"):
            self.expect(["run", PI, "--seed", seed], "--seed", seed, "expected a whole number")

    def test_trace_that_cannot_be_written(self):
        self.expect(["run", PI, "--trace", "/nowhere/t.json"], "--trace", "'/nowhere/t.json' cannot be written")
        with tempfile.TemporaryDirectory() as folder:
            self.expect(["run", PI, "--trace", folder], "--trace", "cannot be written")

    def test_a_full_disk_is_told(self):
        if os.path.exists("/dev/full"):
            run = raysim("run", PI, "--trace", "/dev/full")
            self.assertEqual(run.returncode, 2)
            self.assertIn("'/dev/full' cannot be written", run.stderr)


class Check(unittest.TestCase):
    def test_good_files(self):
        run = raysim("check", PI, "platforms/thousand.yaml")
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        self.assertEqual(len(run.stdout.splitlines()), 2)
        self.assertIn(f"{PI}: ok, a scenario of 1 task function", run.stdout)
        self.assertIn("a platform of 1,000 nodes with 64,000 CPUs", run.stdout)

    def test_every_bad_file_is_reported(self):
        run = raysim("check", "tests/bad_input/duplicate_key.yaml", PI, "tests/bad_input/empty.yaml")
        self.assertEqual(run.returncode, 2)
        self.assertEqual((len(run.stdout.splitlines()), len(run.stderr.splitlines())), (1, 2))
        for line in run.stderr.splitlines():
            self.assertRegex(line, r"^tests/bad_input/\w+\.yaml:\d+:\d+: ")

    def test_set_is_checked_too(self):
        self.assertEqual(raysim("check", PI, "--set", "cluster.nodes.bob.cpus=40").returncode, 0)
        self.assertEqual(raysim("check", PI, "--set", "cluster.nodes.bobb.cpus=40").returncode, 2)


class Help(unittest.TestCase):
    def test_every_command_has_help_with_an_example(self):
        for command in ([], ["run"], ["check"], ["compare"], ["sweep"]):
            run = raysim(*command, "--help")
            self.assertEqual((run.returncode, run.stderr), (0, ""))
            self.assertIn("Examples:\n  raysim ", run.stdout)
            self.assertLessEqual(max(map(len, run.stdout.splitlines())), 110)

    def test_version(self):
        run = raysim("--version")
        self.assertEqual(run.returncode, 0)
        self.assertRegex(run.stdout, r"^raysim \d+\.\d+\.\d+\n$")

    def test_no_command_is_an_error_that_helps(self):
        run = raysim()
        self.assertEqual((run.returncode, run.stdout), (2, ""))
        self.assertIn("Usage: raysim", run.stderr)


if __name__ == "__main__":
    unittest.main(argv=["errors_test.py"])

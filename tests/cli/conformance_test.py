#!/usr/bin/env python3
"""raysim conformance: what passes, fails, is skipped and is bad input. Usage: conformance_test.py RAYSIM"""

import json
import pathlib
import tempfile
import unittest

from program import raysim

CASE = """
- id: here
  group: own
  kind: policy_decision
  policy: hybrid
  options: {top_k_fraction: 0.0}
  nodes: [{name: local, total: {CPU: 1}, available: {CPU: 1}, local: true}]
  request: {resources: {CPU: 1}}
  expect: {node: local}
"""


class Conformance(unittest.TestCase):
    def run_cases(self, text, *options):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "cases.yaml"
            file.write_text(text, encoding="utf-8")
            return raysim("conformance", file, *options)

    def expect(self, cases, code, *lines):
        run = self.run_cases("cases:" + cases)
        self.assertEqual((run.returncode, run.stderr), (code, ""), run.stdout)
        printed = run.stdout.splitlines()
        self.assertEqual(len(printed), len(lines), run.stdout)
        for part, line in zip(lines, printed):
            self.assertIn(part, line)

    def test_a_case_that_agrees(self):
        self.expect(CASE, 0, "1 passed, 0 failed, 0 skipped")

    def test_a_case_that_fails_is_named_with_expected_and_got(self):
        self.expect(CASE.replace("node: local}", "node: other}"), 1,
                    "failed here (", "0 passed, 1 failed, 0 skipped")
        run = self.run_cases("cases:" + CASE.replace("{node: local}", "{nil: true, reason: infeasible}"))
        self.assertIn("node: expected nil, got local; reason: expected infeasible, got chosen", run.stdout)

    def test_a_wrong_value_of_every_kind_of_expectation_fails(self):
        for wrong in ("{nodes_any_of: [b, c]}", "{nodes_any_of: [b, local], repeat: 10}", "{node: local, infeasible: true}",
                      "{nodes_any_of: [local], repeat: 10, each_allowed_node_seen_at_least: 11}"):
            with self.subTest(wrong):
                self.assertEqual(self.run_cases("cases:" + CASE.replace("{node: local}", wrong)).returncode, 1)

    def test_what_nothing_reads_is_skipped_by_name(self):
        self.expect(CASE.replace("{node: local}", "{node: local, colour: red}"), 0,
                    "'expect.colour'", "0 passed, 0 failed, 1 skipped")
        self.expect(CASE.replace("request: {", "request: {haste: 3, "), 0, "'request.haste'", "1 skipped")
        self.expect(CASE.replace("{name: local,", "{name: local, age: 3,"), 0, "'nodes.age'", "1 skipped")
        self.expect(CASE.replace("kind: policy_decision", "kind: dance"), 0, "nothing runs kind 'dance'", "1 skipped")
        self.expect(CASE.replace("policy: hybrid", "policy: best"), 0, "no policy is called 'best'", "1 skipped")

    def test_a_malformed_case_is_named_and_the_others_run(self):
        broken = CASE.replace("CPU: 1}}", "CPU: much}}").replace("id: here", "id: broken")
        self.expect(broken + CASE, 2, "malformed broken", "1 passed, 0 failed, 1 skipped")
        self.expect(CASE.replace("  expect: {node: local}\n", ""), 2, "malformed here", "0 passed, 0 failed, 1 skipped")

    def test_a_file_without_cases_is_bad_input(self):
        for text in ("cases: 7", "{}", "cases: [", "schema_version: 2\ncases: []", "cases: [{group: a}]"):
            with self.subTest(text):
                run = self.run_cases(text)
                self.assertEqual((run.returncode, run.stdout), (2, ""))
                self.assertEqual(len(run.stderr.splitlines()), 1, run.stderr)

    def test_json_and_choice(self):
        two = "cases:" + CASE + CASE.replace("id: here", "id: there").replace("node: local}", "node: other}")
        told = json.loads(self.run_cases(two, "--json").stdout)
        self.assertEqual((told["passed"], told["failed"], told["skipped"]), (1, 1, 0))
        self.assertEqual(told["cases"][1]["differences"], [{"what": "node", "expected": "other", "got": "local"}])
        self.assertEqual(self.run_cases(two, "--only", "here").stdout, "1 passed, 0 failed, 0 skipped\n")
        self.assertEqual(self.run_cases(two, "--only", "own").stdout.splitlines()[-1], "1 passed, 1 failed, 0 skipped")


if __name__ == "__main__":
    unittest.main(argv=["conformance_test"])

#!/usr/bin/env python3
"""What a scenario's program says while it runs: what it prints, its errors with their place, values that it ends with.

Usage: language_test.py RAYSIM
"""

import json
import pathlib
import tempfile
import unittest

from program import raysim

HEAD = "raysim: 1\ncluster: {nodes: {bob: {cpus: 4}}}\n"


def run(text, *arguments):
    """A finished run of a scenario of this text; its file is called `p.yaml`, its third line is the first of the text."""
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "p.yaml").write_text(HEAD + text, encoding="utf-8")
        return raysim("run", "p.yaml", *arguments, cwd=folder)


class Errors(unittest.TestCase):
    def expect(self, text, outcome, *parts):
        done = run(text)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertIn(f"the program failed with {outcome}: ", done.stderr)
        for part in parts:
            self.assertIn(part, done.stderr)

    def test_division_by_zero_in_a_task(self):
        self.expect("tasks:\n  x:\n    parameters: [n]\n    body:\n      - sleep: 3 s\n      - let: {a: 10 // n}\n"
                    "driver:\n  - submit: {task: x, args: [0], as: r}\n  - get: r\n",
                    "RayTaskError", "p.yaml:8:18: division by zero in step `let` of task `x` at simulated 3.")

    def test_division_by_zero_in_the_driver(self):
        self.expect("driver:\n  - let: {n: 0}\n  - let: {a: 1 / n}\n",
                    "Exception", "p.yaml:5:14: division by zero in step `let` of the driver at simulated ")

    def test_an_error_of_the_application(self):
        self.expect("tasks: {x: {body: [raise: 'only {1 + 1} left']}}\ndriver: [{submit: {task: x, as: r}}, {get: r}]\n",
                    "RayTaskError", "p.yaml:3:20: only 2 left in step `raise` of task `x`")

    def test_an_error_in_a_method_of_an_actor(self):
        self.expect("actors: {A: {state: {l: []}, methods: {first: {return: 'self.l[0]'}}}}\n"
                    "driver: [{create: {actor: A, as: a}}, {invoke: {actor: a, method: first, as: r}}, {get: r}]\n",
                    "RayTaskError", "p.yaml:3:56: no element 0 in a list of 0 in method `A.first` at simulated ")

    def test_an_error_in_a_function(self):
        self.expect("functions: {f: {parameters: [n], body: [{let: {m: n + 1}}]}}\ndriver: [{call: {function: f, args: ['nil']}}]\n",
                    "Exception", "p.yaml:3:51: 'n' has no value in step `let` of function `f`")

    def test_a_loop_without_end(self):
        self.expect("driver: [{while: 'true', do: []}]\n", "Exception", "p.yaml:3:10", "an endless loop?")

    def test_recursion_without_end(self):
        self.expect("functions: {f: {body: [{call: f}]}}\ndriver: [{call: f}]\n", "Exception",
                    "calls of functions more than 1000 deep")

    def test_get_of_what_is_no_reference(self):
        self.expect("driver: [{let: {n: 3}}, {get: n}]\n", "Exception",
                    "get of 3, expected a reference or a list of references")

    def test_arguments_that_turn_out_too_few(self):
        self.expect("tasks: {f: {parameters: [a, b], return: a + b}}\ndriver: [{submit: {task: f, args: ['*[1]']}}]\n",
                    "Exception", "1 argument for `f`, expected 2 in step `submit`")

    def test_a_method_that_this_class_has_not(self):
        self.expect("actors: {A: {methods: {go: {}}}, B: {methods: {stop: {}}}}\n"
                    "driver: [{create: {actor: B, as: b}}, {invoke: {actor: b, method: go}}]\n",
                    "Exception", "`B` has no method 'go', expected one of stop")

    def test_a_duration_below_zero(self):
        self.expect("driver: [{let: {n: 1}}, {sleep: (n - 3) s}]\n", "Exception", "p.yaml:3:", "the duration is -2, expected at least 0, as in max(0, ...)")

    def test_a_node_that_is_not_there(self):
        self.expect("tasks: {x: {duration: 1 s}}\ndriver:\n  - let: {i: 2}\n"
                    "  - submit: {task: x, options: {scheduling_strategy: {node_affinity: {node: 'bob{i}'}}}, as: r}\n",
                    "ValueError", "p.yaml:6:77: there is no node 'bob2', expected one of bob, did you mean 'bob'? "
                    "in step `submit` of the driver at simulated ")

    def test_a_node_that_is_not_there_for_an_actor(self):
        self.expect("actors: {A: {methods: {go: {}}}}\ntasks:\n  x:\n    parameters: [i]\n    body:\n"
                    "      - create: {actor: A, options: {scheduling_strategy: {node_affinity: {node: 'bob{i}'}}}, as: a}\n"
                    "driver: [{submit: {task: x, args: [7], as: r}}, {get: r}]\n",
                    "RayTaskError", "p.yaml:8:82: there is no node 'bob7', expected one of bob", "in step `create` of task `x`")

    def test_a_list_of_wrong_length_for_several_returns(self):
        self.expect("tasks: {f: {num_returns: 2, return: '[1, 2, 3]'}}\ndriver: [{submit: {task: f, as: r}}, {get: r}]\n",
                    "RayTaskError", "a list of 3 returned, expected a list of 2 (num_returns)")


class Values(unittest.TestCase):
    def test_a_value_that_differs_is_one_line_and_1(self):
        done = run("driver: [{let: {n: 3, l: [1, 2]}}]\nexpect:\n  values: {n: 4, l: [1, 2]}\n")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr, "p.yaml:5:3: expectation 'values.n' failed: expected 4, got 3\n")

    def test_a_name_that_was_never_set(self):
        done = run("driver: [{if: 'false', then: [let: {n: 3}]}]\nexpect: {values: {n: 3}}\n")
        self.assertIn("expected 3, got nothing", done.stderr)


class Printing(unittest.TestCase):
    TEXT = "tasks: {x: {body: [print: 'half of {3} is {3 / 2}']}}\n" \
           "driver: [{sleep: 1 s}, {print: 'a {{ brace'}, {submit: {task: x, as: r}}, {get: r}]\n"

    def test_lines_come_with_simulated_time_and_who_printed_them(self):
        done = run(self.TEXT)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        first, second = done.stdout.splitlines()[:2]
        self.assertRegex(first, r"^\[1\.\d+ s\] the driver: a { brace$")
        self.assertRegex(second, r"^\[1\.\d+ s\] task `x`: half of 3 is 1.5$")

    def test_readers_of_json_get_them_in_it(self):
        printed = json.loads(run(self.TEXT, "--json").stdout)["printed"]
        self.assertEqual([line["text"] for line in printed], ["a { brace", "half of 3 is 1.5"])
        self.assertEqual(printed[1]["body"], "task `x`")
        self.assertGreater(printed[0]["time_s"], 1)


if __name__ == "__main__":
    unittest.main(argv=[__file__])

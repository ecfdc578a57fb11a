#!/usr/bin/env python3
"""Policies of one's own, from `raysim new policy` to a run, and what becomes of plugins that are wrong.

Usage: plugin_test.py RAYSIM COMPILER
The policy of docs/own_policy.md is built and run here as it stands there.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from program import PI, ROOT, raysim

COMPILER = sys.argv[2] if len(sys.argv) > 2 else "c++"
PAGE = ROOT / "docs/own_policy.md"
MOST_LINES = 20

HEAD = "#include <raysim/policy.hpp>\n#include <stdexcept>\nusing namespace raysim::plugin;\n"
# name -> what choose() does, and what the run must say
WRONG = {
    "next": ("return 3;", "choose() returned node 3, expected 0 to 2 or nowhere"),
    "far": ("return 4000000000U;", "choose() returned node 4000000000, expected 0 to 2 or nowhere"),
    "clueless": ('throw std::runtime_error("no idea");', "choose() threw: no idea"),
    "odd": ("throw 7;", "choose() threw something that is no std::exception"),
}


def policies(answers):
    """The source of a plugin: name -> body of choose()."""
    classes = "".join(
        f"struct P_{name} : Policy {{ Node choose(const Cluster&, const Lease&, Random&) override {{ {answer} }} }};\n"
        for name, answer in answers.items())
    entries = ", ".join(f'{{"{name}", make<P_{name}>}}' for name in answers)
    return f"{HEAD}{classes}const Plugin raysim_plugin{{{entries}}};\n"


def policy(answer):
    return policies({"mine": answer})


class Plugins(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def build(self, source, *options):
        """A shared object of this source."""
        file, library = self.folder / "mine.cpp", self.folder / "libmine.so"
        file.write_text(source, encoding="utf-8")
        subprocess.run([COMPILER, "-std=c++20", "-shared", "-fPIC", f"-I{ROOT}/include", *options, "-o", library, file],
                       check=True, timeout=300)
        return library

    def run_with(self, library, *options):
        return raysim("run", PI, "--plugin", library, *options)

    def refused(self, library, message):
        for command in (("run", PI), ("check", PI)):
            run = raysim(*command, "--plugin", library)
            self.assertEqual((run.returncode, run.stdout), (2, ""))
            self.assertEqual(len(run.stderr.splitlines()), 1, run.stderr)
            self.assertIn(f"--plugin: {library}: {message}" if message else str(library), run.stderr)

    # --- a plugin that is right

    def test_new_policy_writes_files_that_build_and_pass_their_test(self):
        made = raysim("new", "policy", "my_policy", cwd=self.folder)
        self.assertEqual((made.returncode, made.stderr), (0, ""))
        build = next(line for line in made.stdout.splitlines() if "cmake -S" in line)
        subprocess.run(build, shell=True, cwd=self.folder, check=True, stdout=subprocess.DEVNULL, timeout=300,
                       env={**os.environ, "CXX": COMPILER})
        run = self.run_with(self.folder / "my_policy/build/libmy_policy.so", "--policy", "my_policy", "--json")
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        self.assertEqual(json.loads(run.stdout)["policy"], "my_policy")

    def test_the_policy_of_the_page_runs_and_is_short(self):
        text = PAGE.read_text(encoding="utf-8")
        source = re.search(r"^```cpp\n(.*?)^```$", text, re.MULTILINE | re.DOTALL).group(1)
        own = [line for line in source.splitlines() if line.strip() and not line.strip().startswith("//")]
        self.assertLessEqual(len(own), MOST_LINES)
        library = self.build(source, "-Wall", "-Wextra", "-Werror")
        run = self.run_with(library, "--policy", "mine", "--json")
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        mine, hybrid = json.loads(run.stdout), json.loads(raysim("run", PI, "--json").stdout)
        self.assertEqual(mine["tasks"]["finished"], 600)
        self.assertNotEqual(mine["fingerprint"], hybrid["fingerprint"])
        again = self.run_with(library, "--policy", "mine", "--json")
        self.assertEqual(json.loads(again.stdout)["fingerprint"], mine["fingerprint"])

    def test_a_scenario_may_name_the_policy_and_without_its_name_it_decides_nothing(self):
        library = self.build(policy("return 3;"))
        self.assertEqual(raysim("check", PI, "--plugin", library, "--set", "ray.policy=mine").returncode, 0)
        self.assertEqual(self.run_with(library, "--set", "ray.policy=mine").returncode, 1)
        self.assertEqual(self.run_with(library).stderr, "")

    def test_an_existing_file_is_not_overwritten(self):
        (self.folder / "mine").mkdir()
        (self.folder / "mine/CMakeLists.txt").write_text("kept", encoding="utf-8")
        made = raysim("new", "policy", "mine", cwd=self.folder)
        self.assertEqual(made.returncode, 2)
        self.assertIn("'mine/CMakeLists.txt' exists already", made.stderr)
        self.assertEqual(os.listdir(self.folder / "mine"), ["CMakeLists.txt"])

    def test_a_name_that_is_no_name_is_refused(self):
        for name in ("Mine", "2nd", "a-b", "../up", ""):
            made = raysim("new", "policy", name, cwd=self.folder)
            self.assertEqual(made.returncode, 2)
            self.assertEqual(os.listdir(self.folder), [])

    # --- files that are wrong: nothing is run

    def test_a_file_that_is_missing_or_no_shared_object(self):
        self.refused(self.folder / "nothing.so", "there is no such file, expected a shared object")
        text = self.folder / "text.so"
        text.write_text("no shared object", encoding="utf-8")
        self.refused(text, "cannot be loaded (")

    def test_a_shared_object_without_policies(self):
        self.refused(self.build("int something = 1;\n"), "has no symbol 'raysim_plugin', expected `const raysim::plugin")
        self.refused(self.build(HEAD + "const Plugin raysim_plugin{};\n"), "holds 0 policies, expected 1 to 16")

    def test_another_version_of_the_interface(self):
        library = self.build("#include <cstdint>\nextern \"C\" { extern const std::uint32_t raysim_plugin[64] = {7}; }\n")
        self.refused(library, "built for version 7 of the policy interface, expected 2: build it again with")

    def test_names_that_are_taken_missing_or_double(self):
        source = policy("return 0;")
        self.refused(self.build(source.replace('"mine"', '"hybrid"')),
                     "its policy 'hybrid' has the name of one of raysim's own, expected another name")
        self.refused(self.build(source.replace('"mine"', '""')), "policy 1 has no name or no maker")
        self.refused(self.build(source.replace('{"mine", make<P_mine>}', '{"mine", make<P_mine>}, {"mine", make<P_mine>}')),
                     "two policies are called 'mine', expected names that differ")

    def test_a_policy_that_cannot_be_made(self):
        maker = 'Policy* broken() { throw std::runtime_error("no luck"); }\n'
        library = self.build(HEAD + maker + 'const Plugin raysim_plugin{{"mine", broken}};\n')
        run = self.run_with(library)
        self.assertEqual((run.returncode, run.stdout), (2, ""))
        self.assertIn(f"policy 'mine' of {library}: making it threw: no luck", run.stderr)

    # --- policies that are wrong: the run ends

    def test_answers_that_no_raylet_can_follow_end_the_run(self):
        library = self.build(policies({"first": "return 0;", "never": "return nowhere;",
                                       **{name: answer for name, (answer, _) in WRONG.items()}}))
        for name, (_, message) in WRONG.items():
            run = self.run_with(library, "--policy", name)
            self.assertEqual((run.returncode, run.stdout), (1, ""), name)
            self.assertEqual(run.stderr, f"raysim: policy '{name}' of {library}: {message}\n")
        # A node that is too small.
        run = self.run_with(library, "--policy", "first", "--set", "cluster.nodes.bob.cpus=0.5")
        self.assertEqual(run.returncode, 1)
        self.assertIn(f"policy 'first' of {library}: choose() returned node 0 (bob), which is too small for "
                      "{CPU: 1}, expected a feasible node or nowhere", run.stderr)
        # Never a node: the program waits for ever, and the policy is named.
        run = self.run_with(library, "--policy", "never")
        self.assertEqual(run.returncode, 1)
        self.assertRegex(run.stderr, rf"waits for ever: .*policy 'never' of {library} said 'nowhere' [\d,]+ times")

    def test_compare_and_sweep_take_them_beside_others(self):
        own = ("--plugin", self.build(policy("return 0;")), "--policies", "hybrid,mine", "--reps", 2, "--set", "expect={}")
        compared = raysim("compare", PI, *own, "--json")
        self.assertEqual((compared.returncode, compared.stderr), (0, ""))
        makespan = json.loads(compared.stdout)["figures"]["makespan_s"]
        self.assertGreater(makespan["mine"]["mean"], makespan["hybrid"]["mean"])
        unknown = raysim("compare", PI, *own[:2], "--policies", "hybrid,mime")
        self.assertEqual(unknown.returncode, 2)
        self.assertIn("did you mean 'mine'?", unknown.stderr)
        sweep = ("sweep", PI, "--grid", "driver.0.submit.count=60", "--db", self.folder / "x.sqlite", *own)
        self.assertIn("4 of them now", raysim(*sweep).stdout)
        self.assertIn("0 of them now", raysim(*sweep).stdout)
        self.build(policy("return 1;"))
        changed = raysim(*sweep)
        self.assertEqual((changed.returncode, changed.stdout), (2, ""))
        self.assertRegex(changed.stderr, "^the plugin: has changed since runs of this sweep were stored")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])

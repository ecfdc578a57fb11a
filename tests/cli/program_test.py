#!/usr/bin/env python3
"""Programs in C++, from `raysim new program` to a run, and what becomes of those that are wrong.

Usage: program_test.py RAYSIM COMPILER
The program of docs/cpp_programs.md is built and run here as it stands there.
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
PAGE = ROOT / "docs/cpp_programs.md"

HEAD = "#include <raysim/ray.hpp>\n#include <stdexcept>\nusing namespace std::chrono_literals;\n"
CLUSTER = "raysim: 1\ncluster: {nodes: {node: {count: 2, cpus: 2}}}\n"

# One program twice: steps, and C++.
IN_STEPS = """\
actors:
  Counter:
    state: {total: 0}
    methods:
      add: {parameters: [n], body: [compute: 3 ms, let: {self.total: self.total + n}], return: self.total}
tasks:
  square: {parameters: [x], body: [compute: (x * 10) ms], return: x * x}
  sum_of: {parameters: [a, b], return: a + b}
  nested:
    parameters: [counter, x]
    num_cpus: 0.5
    body:
      - submit: {task: square, args: [x], as: a}
      - submit: {task: square, args: [x + 1], as: b}
      - submit: {task: sum_of, args: [a, b], as: c}
      - get: {refs: c, as: value}
      - invoke: {actor: counter, method: add, args: [value], as: total}
      - get: total
    return: value
driver:
  - create: {actor: Counter, as: counter}
  - submit: {task: nested, args: [counter], over: range(8), as: pending}
  - let: {sum: 0}
  - while: len(pending) > 0
    do:
      - wait: {refs: pending, num_returns: 2, timeout: 1 s, ready: ready, pending: pending}
      - get: {refs: ready, as: values}
      - let: {sum: sum + sum(values)}
      - print: "{sum}"
  - sleep: 20 ms
"""
IN_CPP = """\
#include <numeric>

class Counter {
 public:
  ray::Task<int> add(ray::Context& ray, int n) {
    co_await ray.compute(3ms);
    co_return total_ += n;
  }
 private:
  int total_ = 0;
};
ray::Task<int> square(ray::Context& ray, int x) {
  co_await ray.compute(x * 10ms);
  co_return x * x;
}
int sum_of(int a, int b) { return a + b; }
ray::Task<int> nested(ray::Context& ray, ray::Actor<Counter> counter, int x) {
  const auto a = co_await ray.remote<square>(x);
  const auto b = co_await ray.remote<square>(x + 1);
  const auto c = co_await ray.remote<sum_of>(a, b);
  const int value = co_await ray.get(c);
  const auto total = co_await ray.call<&Counter::add>(counter, value);
  co_await ray.get(total);
  co_return value;
}
ray::Task<> driver(ray::Context& ray) {
  const auto counter = co_await ray.create_actor<Counter>();
  std::vector<ray::Ref<int>> pending;
  for (int x = 0; x < 8; ++x) pending.push_back(co_await ray.remote<nested>({.num_cpus = 0.5}, counter, x));
  int sum = 0;
  while (!pending.empty()) {
    const auto [ready, others] = co_await ray.wait(pending, {.num_returns = 2, .timeout = 1s});
    pending = others;
    const auto values = co_await ray.get(ready);
    sum = std::accumulate(values.begin(), values.end(), sum);
    ray.print(sum);
  }
  co_await ray.sleep(20ms);
}
const ray::Program raysim_program{driver};
"""


def program(body, before="", parameters=""):
    """The source of a program: what its driver does, and what stands before it."""
    return (f"{HEAD}{before}\nray::Task<> driver(ray::Context& ray) {{ {body}; co_return; }}\n"
            f"const ray::Program raysim_program{{driver{parameters}}};\n")


class Programs(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.cluster = self.folder / "cluster.yaml"
        self.cluster.write_text(CLUSTER, encoding="utf-8")

    def build(self, source, *options):
        """A shared object of this source."""
        file, library = self.folder / "mine.cpp", self.folder / "libmine.so"
        file.write_text(source, encoding="utf-8")
        subprocess.run([COMPILER, "-std=c++20", "-shared", "-fPIC", f"-I{ROOT}/include", *options, "-o", library, file],
                       check=True, timeout=300)
        return library

    def run_with(self, library, *options):
        return raysim("run", self.cluster, "--program", library, *options)

    def refused(self, library, message):
        for command in ("run", "check"):
            run = raysim(command, self.cluster, "--program", library)
            self.assertEqual((run.returncode, run.stdout), (2, ""))
            self.assertEqual(len(run.stderr.splitlines()), 1, run.stderr)
            self.assertIn(f"--program: {library}: {message}", run.stderr)

    # --- programs that are right

    def test_new_program_writes_files_that_build_and_pass_their_test(self):
        made = raysim("new", "program", "my_program", cwd=self.folder)
        self.assertEqual((made.returncode, made.stderr), (0, ""))
        build = next(line for line in made.stdout.splitlines() if "cmake -S" in line)
        subprocess.run(build, shell=True, cwd=self.folder, check=True, stdout=subprocess.DEVNULL, timeout=300,
                       env={**os.environ, "CXX": COMPILER})
        run = raysim("run", "my_program/my_program.yaml", cwd=self.folder)
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        self.assertIn("driver: the sum of 24 squares is 4324", run.stdout)
        self.assertEqual(raysim("new", "program", "my_program", cwd=self.folder).returncode, 2)

    def test_the_program_of_the_page_runs(self):
        source = re.search(r"^```cpp\n(#include.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
        library = self.build(source.group(1), "-Wall", "-Wextra", "-Wshadow", "-Werror")
        run = self.run_with(library, "--json")
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        again = json.loads(self.run_with(library, "--json").stdout)
        self.assertEqual(json.loads(run.stdout)["fingerprint"], again["fingerprint"])

    def test_a_scenario_names_its_program_beside_it_and_sets_its_parameters(self):
        self.build(program('ray.print(ray.parameter<int>("n") + 1)', parameters=', {{"n", 1}}'))
        scenario = self.folder / "mine.yaml"
        scenario.write_text(CLUSTER + "program: libmine.so\nparameters: {n: 41}\n", encoding="utf-8")
        run = raysim("run", scenario, "--json")
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        printed = json.loads(run.stdout)["printed"]
        self.assertEqual([(line["body"], line["text"]) for line in printed], [("the driver", "42")])
        self.assertIn("the driver: 6\n", raysim("run", scenario, "--set", "parameters.n=5").stdout)
        self.assertIn("a program in C++ on 2 nodes", raysim("check", scenario).stdout)
        for wrong, message in (("m=5", "the program has no parameter 'm', expected one of n"),
                               ("n=five", "parameter 'n' is 'five', expected a whole number")):
            run = raysim("run", scenario, "--set", f"parameters.{wrong}")
            self.assertEqual((run.returncode, run.stderr), (2, f"--set parameters.{wrong}: {message}\n"))
        scenario.write_text(CLUSTER + "program: libmine.so\nparameters: {k: 41}\n", encoding="utf-8")
        self.assertEqual(raysim("run", scenario).stderr,
                         f"{scenario}:4:17: the program has no parameter 'k', expected one of n\n")

    def test_steps_and_cpp_do_the_same_at_the_same_times(self):
        scenario = self.folder / "steps.yaml"
        scenario.write_text(CLUSTER + IN_STEPS, encoding="utf-8")
        in_steps, in_cpp = raysim("run", scenario, "--json"), self.run_with(self.build(HEAD + IN_CPP), "--json")
        self.assertEqual((in_steps.stderr, in_cpp.stderr), ("", ""))
        in_steps, in_cpp = json.loads(in_steps.stdout), json.loads(in_cpp.stdout)
        self.assertEqual(in_cpp["printed"][-1]["text"], "344")
        for own in ("scenario", "fingerprint", "events", "wall_s", "simulated_over_wall"):
            del in_steps[own], in_cpp[own]
        self.assertEqual(in_steps, in_cpp)

    def test_memory_shows_the_objects_of_a_program(self):
        body = ("const auto kept = co_await ray.put(ray::Blob{7'000'000}); { const auto gone = co_await ray.put(1); } "
                "co_await ray.sleep(9s); co_await ray.get(kept)")
        shown = raysim("memory", self.cluster, "--program", self.build(program(body)), "--at", "5 s", "--json")
        self.assertEqual((shown.returncode, shown.stderr), (0, ""))
        self.assertEqual([round(one["object_size"], -6) for one in json.loads(shown.stdout)["objects"]], [7000000])

    def test_compare_and_sweep_take_programs(self):
        library = self.build(program("co_await ray.sleep(1s * ray.parameter<int>(\"n\"))", parameters=', {{"n", 1}}'))
        compared = raysim("compare", self.cluster, "--program", library, "--policies", "hybrid,spread", "--reps", 2, "--json")
        self.assertEqual((compared.returncode, compared.stderr), (0, ""))
        self.assertAlmostEqual(json.loads(compared.stdout)["figures"]["makespan_s"]["spread"]["mean"], 1, 2)
        sweep = ("sweep", self.cluster, "--program", library, "--grid", "parameters.n=1,2", "--reps", 1,
                 "--db", self.folder / "x.sqlite")
        self.assertIn("2 of them now", raysim(*sweep).stdout)
        self.assertIn("0 of them now", raysim(*sweep).stdout)
        self.build(program("co_await ray.sleep(2s)", parameters=', {{"n", 1}}'))
        changed = raysim(*sweep)
        self.assertEqual((changed.returncode, changed.stdout), (2, ""))
        self.assertRegex(changed.stderr, "^the program: has changed since runs of this sweep were stored")

    # --- files that are wrong: nothing is run

    def test_a_file_that_is_missing_or_no_shared_object(self):
        self.refused(self.folder / "nothing.so", "there is no such file, expected a shared object")
        empty = self.run_with("")
        self.assertEqual((empty.returncode, empty.stdout, empty.stderr),
                         (2, "", "--program: '', expected the path of a shared object\n"))
        text = self.folder / "text.so"
        text.write_text("no shared object", encoding="utf-8")
        self.refused(text, "cannot be loaded (")

    def test_a_shared_object_without_a_program_or_of_another_version(self):
        self.refused(self.build("int something = 1;\n"),
                     "has no symbol 'raysim_program', expected `const ray::Program raysim_program{driver};` outside of")
        other = '#include <cstdint>\nextern "C" {{ extern const std::uint32_t raysim_program[64] = {{{}}}; }}\n'
        self.refused(self.build(other.format("7")), "built for version 7 of the program interface, expected 4: build it")
        self.refused(self.build(other.format("4, 2")), "built with another C++ library than raysim, or in its debug mode")

    def test_a_program_next_to_a_driver(self):
        run = raysim("run", PI, "--program", self.build(program("")))
        self.assertEqual((run.returncode, run.stdout), (2, ""))
        self.assertRegex(run.stderr, r"pi_60core.yaml:\d+:1: '\w+' next to 'program', expected none")

    # --- programs that go wrong: the run ends, and says how

    def test_what_leaves_the_driver_is_how_the_program_ends(self):
        tasks = 'int fails() { throw std::runtime_error("no luck"); }\nint odd() { throw 7; }\n'
        cases = (
            ('throw std::runtime_error("my mistake")', "Exception: my mistake"),
            ("throw 7", "Exception: something that is no std::exception"),
            ("auto ref = co_await ray.remote<fails>(); co_await ray.get(ref)", "RayTaskError: no luck"),
            ("auto ref = co_await ray.remote<odd>(); co_await ray.get(ref)",
             "RayTaskError: something that is no std::exception"),
            ('co_await ray.get_actor<int>("a")', "ValueError: failed to look up actor a"),
            ("(void)ray.sleep(1s)", "Exception: a call of sleep was not awaited, expected `co_await ray.sleep(...)`"),
        )
        choice = "".join(f"if (which == {number}) {{ {body}; }}\n" for number, (body, _) in enumerate(cases))
        library = self.build(program(f'const int which = ray.parameter<int>("which");\n{choice}', tasks,
                                     ', {{"which", 0}}'))
        for number, (body, ending) in enumerate(cases):
            run = self.run_with(library, "--set", f"parameters.which={number}")
            self.assertEqual((run.returncode, run.stderr), (1, f"raysim: the program failed with {ending}\n"), body)
        expected = self.run_with(library, "--set", "expect.outcome=Exception")
        self.assertEqual((expected.returncode, expected.stderr), (0, ""))

    def test_a_task_that_no_node_can_take_is_a_program_that_waits_for_ever(self):
        body = "auto ref = co_await ray.remote<work>({.num_cpus = 3}); co_await ray.get(ref)"
        run = self.run_with(self.build(program(body, "void work() {}")))
        self.assertEqual(run.returncode, 1)
        self.assertIn("the program waits for ever", run.stderr)
        self.assertIn("finished: work 0", run.stderr)

    # --- what does not compile, and says why

    def test_mistakes_of_types_are_told_by_the_compiler(self):
        before = ("struct Named { std::string name; };\nvoid take(Named) {}\nvoid number(int) {}\nvoid two(int, int) {}\n"
                  "void change(int&) {}\nstruct A { void m() {} };\nstruct B {};\n")
        cases = (
            ('co_await ray.remote<take>(Named{"x"})', "give this argument a name before the call"),
            ("auto ref = co_await ray.put(0.5); co_await ray.remote<number>(ref)", "arrives as its value"),
            ("co_await ray.remote<two>(1)", "another number of arguments"),
            ('co_await ray.remote<number>("x")', "an argument is of another type than the parameter"),
            ("co_await ray.remote<change>(1)", "objects never change"),
            ("auto b = co_await ray.create_actor<B>(); co_await ray.call<&A::m>(b)", "the actor is of another class"),
        )
        file = self.folder / "wrong.cpp"
        file.write_text(program("; ".join(body for body, _ in cases), before), encoding="utf-8")
        compiled = subprocess.run([COMPILER, "-std=c++20", "-fsyntax-only", f"-I{ROOT}/include", file], check=False,
                                  capture_output=True, text=True, timeout=300)
        self.assertNotEqual(compiled.returncode, 0)
        for body, message in cases:
            self.assertIn(message, compiled.stderr, body)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])

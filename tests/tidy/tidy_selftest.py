#!/usr/bin/env python3
"""Plants one breach of each house rule in a small clean tree and expects tidy.py to name it, and nothing else."""

import pathlib
import tempfile
import unittest

import cpp_source
import tidy

HEADER = "// What it is.\n//\n// Models: a thing.\n// Invariants: none.\n#pragma once\n"
CLEAN = {
    "README.md": "See [the map](docs/map.md#top), [out](https://example.org/x) and `[not](a_link)`.\n",
    "docs/map.md": "# Map\n![picture](map.svg)\n",
    "docs/map.svg": "<svg/>\n",
    "sim/CMakeLists.txt": "add_library(raysim_sim STATIC time.cpp)\n"
                          "add_library(raysim_simgrid STATIC simgrid/fabric.cpp)\n"
                          "target_link_libraries(raysim_simgrid PUBLIC raysim_sim PRIVATE PkgConfig::SIMGRID)\n",
    "sim/time.hpp": HEADER,
    "sim/time.cpp": '#include "sim/time.hpp"\n',
    "sim/record.hpp": HEADER,
    "sim/platform.hpp": HEADER,
    "sim/simgrid/fabric.cpp": '#include <simgrid/s4u.hpp>\n#include "sim/platform.hpp"\n',
    "models/CMakeLists.txt": "add_library(raysim_models STATIC resources.cpp scheduling/policy.cpp)\n"
                             "target_link_libraries(raysim_models PUBLIC raysim_sim)\n",
    "models/resources.hpp": HEADER + '#include "sim/time.hpp"\n',
    "models/resources.cpp": '#include "models/resources.hpp"\n#include "sim/platform.hpp"\n',
    "models/scheduling/policy.cpp": '#include "models/resources.hpp"\n#include "sim/time.hpp"\n',
    "platforms/CMakeLists.txt": "add_library(raysim_platforms STATIC load.cpp)\n"
                                "target_link_libraries(raysim_platforms PUBLIC raysim_models raysim_simgrid\n"
                                "  PRIVATE yaml-cpp)  # raysim_cli\n",
    "platforms/load.cpp": '#include "models/resources.hpp"\n',
    "platforms/laptop.yaml": "# yaml-language-server: $schema=x.json\n# A laptop.\nnodes: []\n",
    "scenarios/CMakeLists.txt": "add_library(raysim_scenarios STATIC load.cpp)\n"
                                "target_link_libraries(raysim_scenarios PUBLIC raysim_platforms raysim_models)\n",
    "scenarios/load.cpp": '#include "models/resources.hpp"\n',
    "scenarios/pi.yaml": "# Pi.\ntasks: {}\n",
    "analysis/CMakeLists.txt": "add_library(raysim_analysis STATIC metrics.cpp)\n"
                               "target_link_libraries(raysim_analysis PUBLIC raysim_sim)\n",
    "analysis/metrics.cpp": '#include "sim/record.hpp"\n',
    "cli/CMakeLists.txt": "add_executable(raysim main.cpp)\ntarget_link_libraries(raysim PRIVATE raysim_analysis)\n",
    "cli/main.cpp": '#include <chrono>\n#include "models/resources.hpp"\n#include "sim/record.hpp"\n',
    "include/raysim/ray.hpp": HEADER + "#include <raysim/part.hpp>\n",
    "include/raysim/part.hpp": HEADER,
    "examples/CMakeLists.txt": "add_library(pi SHARED pi.cpp)\n",
    "examples/pi.cpp": "#include <raysim/ray.hpp>\n",
    "tests/CMakeLists.txt": "add_executable(unit unit/time_test.cpp)\nfile(GLOB s scenarios/*.yaml)\n",
    "tests/unit/time_test.cpp": '#include "sim/time.hpp"\nTEST_CASE("time is, well, time") { load("laptop.yaml"); }\n',
}


def long_function(lines):
    return "void f() {\n" + "  g();\n" * (lines - 2) + "}\n"


class Rules(unittest.TestCase):
    def breaches(self, changes):
        with tempfile.TemporaryDirectory() as folder:
            for path, text in {**CLEAN, **changes}.items():
                file = pathlib.Path(folder) / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8")
            return tidy.breaches(folder)

    def expect(self, path, line, words, changes):
        found = self.breaches(changes)
        self.assertEqual([(path, line)], [breach[:2] for breach in found], found)
        self.assertIn(words, found[0][2])

    def added(self, path, text):
        return {path: CLEAN[path] + text}

    def test_clean(self):
        self.assertEqual([], self.breaches({}))

    def test_include_directions(self):
        for path, included in (
                ("sim/time.cpp", "models/resources.hpp"), ("models/resources.cpp", "platforms/load.hpp"),
                ("platforms/load.cpp", "scenarios/load.hpp"), ("scenarios/load.cpp", "analysis/metrics.hpp"),
                ("scenarios/load.cpp", "cli/run.hpp"), ("analysis/metrics.cpp", "models/resources.hpp"),
                ("analysis/metrics.cpp", "sim/platform.hpp"), ("models/scheduling/policy.cpp", "sim/platform.hpp"),
                ("cli/main.cpp", "tests/x.hpp"), ("models/resources.cpp", "tests/x.hpp"),
                ("examples/pi.cpp", "sim/time.hpp"), ("include/raysim/part.hpp", "sim/time.hpp")):
            with self.subTest(path=path, included=included):
                changes = self.added(path, f'#include "{included}"\n')
                if included not in CLEAN:
                    changes[included] = HEADER
                self.expect(path, CLEAN[path].count("\n") + 1, "must not be included", changes)

    def test_include_not_from_the_root(self):
        self.expect("sim/time.cpp", 2, "from the root", self.added("sim/time.cpp", '#include "record.hpp"\n'))

    def test_include_in_a_comment(self):
        self.assertEqual([], self.breaches(self.added("sim/time.cpp", '// #include "models/resources.hpp"\n')))

    def test_only_in(self):
        for text, words in (("#include <simgrid/s4u.hpp>\n", "SimGrid"), ("#include <random>\n", "random numbers"),
                            ("int x = rand();\n", "random numbers"), ("#include <chrono>\n", "wall time"),
                            ("auto t = std::chrono::steady_clock::now();\n", "wall time")):
            with self.subTest(text=text):
                self.expect("sim/time.cpp", 2, words, self.added("sim/time.cpp", text))

    def test_header_nobody_includes(self):
        self.expect("sim/dead.hpp", 1, "no file includes", {"sim/dead.hpp": HEADER})

    def test_link_upwards(self):
        self.expect("sim/CMakeLists.txt", 4, "must not link raysim_models",
                    self.added("sim/CMakeLists.txt", "target_link_libraries(raysim_sim PUBLIC raysim_models)\n"))

    def test_link_missing(self):
        text = CLEAN["models/CMakeLists.txt"].split("\n")[0] + "\n"
        self.assertIn(("models/CMakeLists.txt", 1, "raysim_models does not link raysim_sim, though tests/tidy/tidy.py "
                                                   "has the arrow"), self.breaches({"models/CMakeLists.txt": text}))

    def test_link_of_a_package(self):
        text = "target_link_libraries(raysim_models PRIVATE PkgConfig::SIMGRID)\n"
        self.expect("models/CMakeLists.txt", 3, "PkgConfig::SIMGRID", self.added("models/CMakeLists.txt", text))

    def test_unknown_library(self):
        text = "add_library(raysim_extra STATIC)\n"
        self.expect("models/CMakeLists.txt", 3, "no layer", self.added("models/CMakeLists.txt", text))

    def test_file_length(self):
        self.assertEqual([], self.breaches({"sim/time.cpp": "int a();\n" * 400}))
        self.expect("sim/time.cpp", 401, "401 lines", {"sim/time.cpp": "int a();\n" * 401})

    def test_function_length(self):
        self.assertEqual([], self.breaches({"sim/time.cpp": long_function(60)}))
        self.expect("sim/time.cpp", 1, "61 lines", {"sim/time.cpp": long_function(61)})

    def test_registration(self):
        self.expect("sim/new.cpp", 1, "no CMakeLists.txt", {"sim/new.cpp": "\n"})
        self.expect("tests/unit/new_test.cpp", 1, "no CMakeLists.txt", {"tests/unit/new_test.cpp": "\n"})

    def test_yaml_without_a_test(self):
        self.expect("platforms/desktop.yaml", 1, "no test", {"platforms/desktop.yaml": "# A desktop.\n"})
        self.expect("scenarios/deep/pi2.yaml", 1, "no test", {"scenarios/deep/pi2.yaml": "# Pi.\n"})

    def test_yaml_without_a_comment(self):
        for text in ("a: 1\n", "# yaml-language-server: $schema=x.json\na: 1\n", "#\na: 1\n"):
            with self.subTest(text=text):
                self.expect("scenarios/pi.yaml", 1, "no comment", {"scenarios/pi.yaml": text})

    def test_header_comment(self):
        self.expect("sim/time.hpp", 1, "2 comment lines", {"sim/time.hpp": "// a\n// Models: b\n#pragma once\n"})
        self.expect("sim/time.hpp", 1, "neither", {"sim/time.hpp": "// a\n// b\n// c\n#pragma once\n"})

    def test_unfinished(self):
        for words in ("TODO", "FIXME", "XXX", "HACK", "for now"):
            with self.subTest(words=words):
                self.expect("sim/time.cpp", 2, "unfinished", self.added("sim/time.cpp", f"// {words}: more\n"))

    def test_path_of_a_machine(self):
        self.expect("README.md", 2, "someone's machine", self.added("README.md", "see /home/me/x\n"))

    def test_vague_name(self):
        for name in ("docs/util.md", "docs/string_helpers.md", "docs/common.md", "docs/misc.md"):
            with self.subTest(name=name):
                self.expect(name, 1, "name does not tell", {name: "x\n"})

    def test_page_links(self):
        self.expect("docs/map.md", 3, "gone.md", self.added("docs/map.md", "[x](gone.md#part)\n"))

    def test_test_names(self):
        path = "tests/unit/time_test.cpp"
        self.expect(path, 3, "of this name", self.added(path, 'TEST_CASE("time is, well, time") {}\n'))
        self.expect(path, 3, "misreads", self.added(path, 'TEST_CASE("a[0]") {}\n'))


class Functions(unittest.TestCase):
    def expect(self, spans, text):
        self.assertEqual(spans, cpp_source.functions(text))

    def test_plain(self):
        self.expect([(3, 6)], "namespace a {\n\nint f(int x) {\n  if (x) {\n  }\n}\n}  // namespace a\n")

    def test_signature_over_lines(self):
        self.expect([(2, 5)], "int x;\ntemplate <class T,\n          class U>\nvoid f(T t, U u) {\n}\n")

    def test_methods(self):
        self.expect([(3, 3), (4, 5)], "struct A : B<int> {\n public:\n  int f() const { return 1; }\n  A() {\n  }\n"
                                      "  int x{0};\n  enum class E { a, b };\n};\n")

    def test_member_initialisers(self):
        self.expect([(1, 4)], "A::A(int x)\n    : a_{x}, b_{x} {\n  g();\n}\n")

    def test_lambda_counts_to_its_function(self):
        self.expect([(1, 5)], "void f() {\n  auto g = [](int x) {\n    return x;\n  };\n}\n")

    def test_lambda_outside(self):
        self.expect([(1, 3)], "const auto g = [](int x) {\n  return x;\n};\n")

    def test_tables_are_no_functions(self):
        self.expect([(4, 5)], "constexpr Row table[] = {\n    {1, f(2)},\n};\nint f() {\n}\n")

    def test_braces_in_strings_and_comments(self):
        self.expect([(1, 4)], "void f() {\n  g(\"}\", '}');  // }\n  h(R\"(}})\", 1'000);\n}\n")

    def test_suites_are_no_functions(self):
        self.expect([(2, 3)], "TEST_SUITE(\"a\") {\n  TEST_CASE(\"b\") {\n  }\n}\n")

    def test_macros(self):
        self.expect([(3, 4)], "#define F(x) \\\n  { x }\nTEST_CASE(\"a {\") {\n}\n")


if __name__ == "__main__":
    unittest.main()

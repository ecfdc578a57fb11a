#!/usr/bin/env python3
"""The house rules of raysim that a machine can check; docs/contributor.md says why they are there.

Usage: tidy.py [ROOT]. Prints one line a breach, `file:line: message`, and exits 1 when there is one.
"""

import fnmatch
import os
import pathlib
import re
import sys
from collections import namedtuple

import cpp_source

FILE_LINES = 400
FUNCTION_LINES = 60
HEADER_COMMENT_LINES = 3

# The layers, bottom first, and the arrows between them. A layer uses itself and whatever its arrows reach.
Layer = namedtuple("Layer", "folder library arrows")
LAYERS = (
    Layer("sim", "raysim_sim", ()),
    Layer("sim/simgrid", "raysim_simgrid", ("raysim_sim",)),
    Layer("models", "raysim_models", ("raysim_sim",)),
    Layer("platforms", "raysim_platforms", ("raysim_models", "raysim_simgrid")),
    Layer("scenarios", "raysim_scenarios", ("raysim_platforms", "raysim_models")),
    Layer("conformance", "raysim_conformance", ("raysim_platforms",)),
    Layer("analysis", "raysim_analysis", ("raysim_sim",)),
)
PUBLIC = "include/raysim/"  # what plugins and programs see; it includes nothing of ours
EXAMPLES = "examples/"  # see only that
TOP_FOLDERS = ("cli/", "tests/")  # may use every layer
# Folders that may include less than their layer's arrows allow.
NARROW = {
    "analysis": ("analysis/", "sim/record.hpp", "sim/time.hpp"),
    "models/scheduling": (
        "models/scheduling/", "include/raysim/", "models/labels.hpp", "models/resources.hpp", "models/cluster.hpp",
        "models/lease_arguments.hpp", "sim/time.hpp", "sim/random.hpp"),
}
# What may stand only in some files: (pattern in code, files, message).
ONLY_IN = (
    (r"#\s*include\s*<simgrid/", ("sim/simgrid/*", "tests/*"), "SimGrid is included only in sim/simgrid/"),
    (r"#\s*include\s*<random>|\b(?:std::)?s?rand\s*\(|\brandom_device\b", ("sim/random.*",),
     "random numbers come only from sim/random.hpp"),
    (r"#\s*include\s*<(?:chrono|ctime|sys/time\.h)>|\bstd::chrono\b|\bclock_gettime\b|\bgettimeofday\b",
     ("sim/progress.*", "cli/*", "tests/*", "include/raysim/ray/options.hpp"),  # there a unit of simulated time
     "wall time stays in sim/progress.*, cli/ and tests/"),
)
ONLY_LINKED_BY = {"PkgConfig::SIMGRID": ("raysim_simgrid",), "yaml-cpp": ("raysim_platforms", "raysim_scenarios")}
UNFINISHED = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b|\b[Ff]or now\b")
VAGUE_NAMES = {"util", "utils", "helper", "helpers", "common", "misc"}
SOMEONES_PATH = re.compile(r"(?<![\w.*}/-])/(?:home|root|work|Users)/\w")
TEXT_SUFFIXES = {".cpp", ".hpp", ".py", ".sh", ".md", ".yaml", ".cmake", ".txt", ".json"}
DATA = ("tests/*.json", "tests/*.txt", "tests/*.csv")  # recorded or expected output, not prose
OWN_FILES = "tests/tidy/"  # they name what they look for


class Tree:
    """The files of a working copy, read once."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.files = []
        self.breaches = []
        self._texts = {}
        for folder, folders, names in os.walk(self.root):
            top = pathlib.Path(folder) == self.root
            folders[:] = sorted(name for name in folders if name == ".ci" or not (
                name.startswith(".") or name == "__pycache__" or top and name.startswith("build")))
            for name in sorted(names):
                self.files.append((pathlib.Path(folder) / name).relative_to(self.root).as_posix())

    def text(self, path):
        if path not in self._texts:
            self._texts[path] = (self.root / path).read_text(encoding="utf-8", errors="replace")
        return self._texts[path]

    def matching(self, *patterns):
        return [path for path in self.files if any(fnmatch.fnmatch(path, pattern) for pattern in patterns)]

    def cpp(self):
        return self.matching("*.cpp", "*.hpp")

    def breach(self, path, line, message):
        self.breaches.append((path, line, message))


def line_of(text, place):
    return text.count("\n", 0, place) + 1


def layer_of(path):
    """The layer whose folder holds the path; the longest folder wins."""
    inside = [layer for layer in LAYERS if path.startswith(layer.folder + "/")]
    return max(inside, key=lambda layer: len(layer.folder), default=None)


def reach(library, arrows):
    """Every library that the arrows of `library` lead to."""
    found, pending = set(), list(arrows.get(library, ()))
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending.extend(arrows.get(name, ()))
    return found


ARROWS = {layer.library: layer.arrows for layer in LAYERS}


def may_include(path, included):
    if path.startswith("tests/"):
        return True
    if path.startswith((PUBLIC, EXAMPLES)):
        return False
    for folder, allowed in NARROW.items():
        if path.startswith(folder + "/"):
            return included.startswith(allowed)
    if path.startswith(TOP_FOLDERS):
        return not included.startswith("tests/")
    if included.startswith(PUBLIC):
        return True
    layer, other = layer_of(path), layer_of(included)
    if layer is None or other is None:
        return layer is None and not included.startswith("tests/")
    return layer == other or other.library in reach(layer.library, ARROWS)


def check_includes(tree):
    included_somewhere = set()
    for path in tree.cpp():
        text = cpp_source.without_comments(tree.text(path))
        for match in re.finditer(r'^\s*#\s*include\s*"([^"]+)"', text, re.MULTILINE):
            included, line = match.group(1), line_of(text, match.start(1))
            included_somewhere.add(included)
            if included not in tree.files:
                tree.breach(path, line, f'"{included}" is no file, named from the root of the repository')
            elif not may_include(path, included):
                tree.breach(path, line, f'"{included}" must not be included here: see the layers in docs/architecture.md')
        included_somewhere.update(f"include/{name}" for name in re.findall(r"#\s*include\s*<(raysim/[^>]+)>", text))
        code = cpp_source.code_only(tree.text(path))
        for pattern, allowed, message in ONLY_IN:
            match = re.search(pattern, code)
            if match and not any(fnmatch.fnmatch(path, place) for place in allowed):
                tree.breach(path, line_of(code, match.start()), message)
    for path in tree.matching("*.hpp"):
        if path not in included_somewhere:
            tree.breach(path, 1, "no file includes this header")


def cmake_commands(text, command):
    """(line, words) of every call of `command`."""
    text = re.sub(r"#[^\n]*", lambda match: " " * len(match.group()), text)
    for match in re.finditer(rf"\b{command}\s*\(([^()]*)\)", text):
        yield line_of(text, match.start()), match.group(1).split()


def check_links(tree):
    links, places = {}, {}
    for path in tree.matching("CMakeLists.txt", "*/CMakeLists.txt"):
        text = tree.text(path)
        for line, words in cmake_commands(text, "add_library"):
            name = words[0]
            top = path.startswith((EXAMPLES, *TOP_FOLDERS))
            if "INTERFACE" not in words and not top and name not in ARROWS:
                tree.breach(path, line, f"library {name} is no layer of tests/tidy/tidy.py")
            places.setdefault(name, (path, line))
        for line, words in cmake_commands(text, "target_link_libraries"):
            name, linked = words[0], [word for word in words[1:] if word not in ("PUBLIC", "PRIVATE", "INTERFACE")]
            links.setdefault(name, set()).update(linked)
            for word in linked:
                if word in ONLY_LINKED_BY and name not in ONLY_LINKED_BY[word] and not path.startswith("tests/"):
                    tree.breach(path, line, f"{name} must not link {word}")
                if name in ARROWS and word.startswith("raysim") and word != "raysim_flags" \
                        and word not in reach(name, ARROWS):
                    tree.breach(path, line, f"{name} must not link {word}: the arrow is not in tests/tidy/tidy.py")
    for name in ARROWS:
        if name in places:
            for word in sorted(reach(name, ARROWS) - reach(name, links)):
                tree.breach(*places[name], f"{name} does not link {word}, though tests/tidy/tidy.py has the arrow")


def check_lengths(tree):
    for path in tree.cpp():
        text = tree.text(path)
        lines = text.count("\n")
        if lines > FILE_LINES:
            tree.breach(path, FILE_LINES + 1, f"{lines} lines; {FILE_LINES} is the limit")
        for first, last in cpp_source.functions(text):
            if last - first + 1 > FUNCTION_LINES:
                tree.breach(path, first, f"a function of {last - first + 1} lines; {FUNCTION_LINES} is the limit")


def check_registration(tree):
    registered = set()
    for path in tree.matching("CMakeLists.txt", "*/CMakeLists.txt"):
        folder = pathlib.PurePosixPath(path).parent
        text = re.sub(r"#[^\n]*", "", tree.text(path))
        registered.update((folder / word).as_posix() for word in re.findall(r"[\w./-]+\.cpp", text))
    for path in tree.matching("*.cpp"):
        if path not in registered:
            tree.breach(path, 1, "no CMakeLists.txt names this file, so nothing builds it")


def check_yaml(tree):
    """Every scenario and platform is named in a test or stands under a pattern in one, and opens with a comment."""
    tests = "\n".join(tree.text(path) for path in tree.matching("tests/*") if not path.startswith(OWN_FILES))
    patterns = [re.compile(re.escape(pattern).replace(r"\*", "[^/]*"))
                for pattern in re.findall(r"(?:scenarios|platforms)/[\w/.*-]*\*[\w.*-]*\.yaml", tests)]
    for path in tree.matching("scenarios/*.yaml", "platforms/*.yaml"):
        name = path.rsplit("/", 1)[-1]
        named = re.search(rf"(?<![\w-]){re.escape(name)}", tests)
        if not named and not any(pattern.fullmatch(path) for pattern in patterns):
            tree.breach(path, 1, "no test names this file")
        comment = []
        for line in tree.text(path).splitlines():
            if not line.startswith("#"):
                break
            comment.append(line)
        if not any("yaml-language-server" not in line and line.strip("# ") for line in comment):
            tree.breach(path, 1, "begins with no comment on where it comes from")


def check_header_comments(tree):
    for path in tree.matching("*.hpp"):
        if path.startswith("tests/"):
            continue
        comment = []
        for line in tree.text(path).splitlines():
            if not line.startswith("//"):
                break
            comment.append(line)
        if len(comment) < HEADER_COMMENT_LINES:
            tree.breach(path, 1, f"opens with {len(comment)} comment lines; say in {HEADER_COMMENT_LINES} or more what "
                                 "it models, what it leaves out, and its invariants")
        elif not re.search(r"\b(?:Models|Invariants)\b", "\n".join(comment)):
            tree.breach(path, 1, 'the opening comment has neither "Models" nor "Invariants"')


def check_words(tree):
    data = {path for path in tree.matching(*DATA) if not path.endswith("CMakeLists.txt")}
    for path in tree.files:
        name = pathlib.PurePosixPath(path)
        if VAGUE_NAMES & set(re.split(r"[_.-]", name.name.lower())):
            tree.breach(path, 1, "the name does not tell what is inside")
        if path.startswith(OWN_FILES) or path in data:
            continue
        if name.suffix not in TEXT_SUFFIXES and name.name not in ("Makefile", "run"):
            continue
        for number, line in enumerate(tree.text(path).splitlines(), 1):
            if UNFINISHED.search(line):
                tree.breach(path, number, "a note of unfinished work; finish it or open an issue")
            if SOMEONES_PATH.search(line):
                tree.breach(path, number, "a path of someone's machine")


def check_links_of_pages(tree):
    for path in tree.matching("*.md"):
        text = re.sub(r"^```.*?^```|`[^`\n]*`", lambda match: re.sub(r"[^\n]", " ", match.group()), tree.text(path),
                      flags=re.MULTILINE | re.DOTALL)
        for match in re.finditer(r"\]\(\s*<?([^)\s>]+)", text):
            target = match.group(1).split("#")[0]
            if not target or re.match(r"[a-z]+:", target):
                continue
            if not (tree.root / path).parent.joinpath(target).exists():
                tree.breach(path, line_of(text, match.start()), f"the link {target} leads nowhere")


def check_test_names(tree):
    seen = {}
    for path in tree.matching("tests/*.cpp"):
        text = cpp_source.without_comments(tree.text(path))
        for match in re.finditer(r'\bTEST_CASE(?:_FIXTURE\s*\([^,"]*,|\s*\()\s*"((?:\\.|[^"\\])*)"', text):
            name, line = match.group(1), line_of(text, match.start())
            if re.search(r'[;\[\]*?"\\]', name):
                tree.breach(path, line, r'the name of a test case holds one of ; [ ] * ? " \ which ctest misreads')
            if name in seen:
                tree.breach(path, line, f"a test case of this name stands in {seen[name]}")
            seen[name] = f"{path}:{line}"


CHECKS = (check_includes, check_links, check_lengths, check_registration, check_yaml, check_header_comments, check_words,
          check_links_of_pages, check_test_names)


def breaches(root):
    tree = Tree(root)
    for check in CHECKS:
        check(tree)
    return sorted(tree.breaches)


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[2]
    found = breaches(root)
    for path, line, message in found:
        print(f"{path}:{line}: {message}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

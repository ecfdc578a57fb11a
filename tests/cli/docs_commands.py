#!/usr/bin/env python3
"""Every command of the README and of docs/ works, and prints what they say. Usage: docs_commands.py RAYSIM [--update]

A block ```sh is a list of commands to type in the source folder. Those that call raysim are run, in a folder of links to
this one, and must end with exit code 0, or N after a remark `# exit code N`; what installs or builds is left to make. A
block ```text right after a block with one such command is what it prints (`make run` counts too), up to the speed of
the machine: lines that start with "wall time". A line `...` stands for lines left out. --update writes the blocks
that have none anew. A block ```yaml that begins with a comment `# NAME.yaml` is that file, for the commands behind it.
"""

import difflib
import pathlib
import re
import subprocess
import sys
import tempfile

from program import PI, PROGRAM, ROOT, environment

FOLDERS = ("scenarios", "platforms", "models", "tests", "examples")
CALL = re.compile(r"^(?:build/release/)?raysim\s")
FILE = re.compile(r"# ([\w-]+\.yaml)\n")
EXIT_CODE = re.compile(r"\s+# exit code (\d+)\s*$")
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
UPDATE = "--update" in sys.argv


def commands_of(block):
    """The commands of a block that call raysim; a backslash continues a line."""
    for command in block.replace("\\\n", "").splitlines():
        command = f"raysim run {PI}" if command.split("#")[0].strip() == "make run" else command
        if CALL.match(command):
            yield command


def run(command, folder):
    """Whether it ended as it should, and what it printed."""
    wanted = EXIT_CODE.search(command)
    call = re.sub(r"\s+#\s.*$", "", CALL.sub("raysim ", command))
    done = subprocess.run(["bash", "-c", f'raysim() {{ "{PROGRAM}" "$@"; }}\n{call}'], cwd=folder, env=environment(),
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=300)
    return done.returncode == int(wanted.group(1) if wanted else 0), done.stdout


def lines_of(text):
    return [line for line in text.splitlines() if not line.startswith("  wall time")]


def shows(shown, printed):
    """Whether the parts between lines `...` come in this order, the first at the start and the last at the end."""
    parts = [[]]
    for line in lines_of(shown):
        if line == "...":
            parts.append([])
        else:
            parts[-1].append(line)
    left = lines_of(printed)
    if left[:len(parts[0])] != parts[0] or len(parts) == 1 and left != parts[0]:
        return False
    left = left[len(parts[0]):]
    for part in parts[1:-1]:
        starts = [at for at in range(len(left)) if left[at:at + len(part)] == part]
        if not starts:
            return False
        left = left[starts[0] + len(part):]
    return len(parts) == 1 or left[max(0, len(left) - len(parts[-1])):] == parts[-1]


def renewed(shown, printed):
    """The block as it would be now: where lines are left out, as many of the others from the likeliest place."""
    if "...\n" not in shown:
        return printed
    parts = [part.splitlines() for part in re.split(r"^\.\.\.\n", shown, flags=re.MULTILINE)]
    lines = printed.splitlines()
    left = lines[len(parts[0]):]
    new = [lines[:len(parts[0])]]
    for part in parts[1:-1]:
        at = max(range(len(left)), key=lambda i, part=part: difflib.SequenceMatcher(None, left[i:i + len(part)], part).ratio()
                 + difflib.SequenceMatcher(None, "\n".join(left[i:i + len(part)]), "\n".join(part)).ratio())
        new.append(left[at:at + len(part)])
        left = left[at + len(part):]
    new.append(left[max(0, len(left) - len(parts[-1])):])
    return "...\n".join("".join(line + "\n" for line in part) for part in new)


def check_page(page, folder):
    """(commands, complaints) of a page."""
    text = page.read_text(encoding="utf-8")
    blocks = list(BLOCK.finditer(text))
    done, complaints, outputs = 0, [], []
    for place, block in enumerate(blocks):
        if block.group(1) == "yaml" and (file := FILE.match(block.group(2))):
            (pathlib.Path(folder) / file.group(1)).write_text(block.group(2), encoding="utf-8")
        if block.group(1) != "sh":
            continue
        line = text.count("\n", 0, block.start()) + 2
        found = list(commands_of(block.group(2)))
        results = [run(command, folder) for command in found]
        done += len(found)
        for command, (ok, printed) in zip(found, results):
            if not ok:
                complaints.append((line, f"{command}\n  ended otherwise: {printed.strip()}"))
        following = blocks[place + 1] if place + 1 < len(blocks) else None
        if len(found) != 1 or not following or following.group(1) != "text" or text[block.end():following.start()].strip():
            continue
        if not shows(following.group(2), results[0][1]):
            outputs.append((following, renewed(following.group(2), results[0][1])))
            complaints.append((line, f"{found[0]}\n  prints something else now; docs_commands.py --update writes it anew"))
    if UPDATE and outputs:
        for block, printed in reversed(outputs):
            text = text[:block.start(2)] + printed + text[block.end(2):]
        page.write_text(text, encoding="utf-8")
    return done, complaints


def main():
    commands = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for name in FOLDERS:
            (pathlib.Path(folder) / name).symlink_to(ROOT / name)
        (pathlib.Path(folder) / "build").mkdir()
        (pathlib.Path(folder) / "build/release").symlink_to(pathlib.Path(PROGRAM).parent)  # programs of examples/
        for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
            done, complaints = check_page(page, folder)
            commands += done
            failed += len(complaints)
            for line, complaint in complaints:
                print(f"{page.relative_to(ROOT)}:{line}: {complaint}")
    print(f"{commands} commands, {failed} complaints")
    return 1 if failed or not commands else 0


if __name__ == "__main__":
    sys.exit(main())

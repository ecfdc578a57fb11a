#!/usr/bin/env python3
"""Writes platform.md, scenario.md and sweep.md from the JSON Schemas that the loaders are tested against.

Usage: generate.py [--check]. With --check nothing is written; exits 1 when a page is not what would be written.
"""

import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = {
    "platform.md": ("platforms/platform.schema.json", "platforms/three_by_twenty.yaml"),
    "scenario.md": ("scenarios/scenario.schema.json", "scenarios/pi_60core.yaml"),
    "sweep.md": ("scenarios/sweep.schema.json", "scenarios/sweeps/nodes.yaml"),
}
INTRODUCTION = """
Written by `docs/reference/generate.py` from [`{schema}`](../../{schema}); do not edit.
`raysim check FILE` reports unknown keys, values outside of their range and names that nothing has, as
`FILE:LINE:COLUMN: what is wrong, expected what, did you mean 'x'?`. Numbers that have a unit are written with it.
{on_command_line}
Editors complete keys and show these descriptions when a file holds the line `# yaml-language-server: $schema=PATH/{name}`.

```yaml
{example}```
"""
SET = "Any value can be changed on the command line, by a path of keys and list indices: `--set {}`."
ON_COMMAND_LINE = {
    "platform.md": SET.format("cluster.nodes.bob.cpus=10") + " `--set cluster.nodes=12` makes it twelve nodes in all, "
                   "where one of the nodes has a `count`.",
    "scenario.md": SET.format("tasks.pi4_sample.duration='2 s'"),
    "sweep.md": "On the command line `--grid`, `--policies`, `--reps` and `--seed` go over what the file says, and "
                "`--set` adds to it.",
}
LONGEST_INLINE_ENUM = 4


def code(value):
    return f"`{json.dumps(value) if not isinstance(value, str) else value}`"


def link(reference):
    """A link to the definition that `$ref` names."""
    file, name = reference.split("#/$defs/")
    page = pathlib.PurePosixPath(file).name.replace(".schema.json", ".md")
    return f"[{name}]({page}#{name})"


def bounds(schema):
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is None:
        return ""
    return f", at least {least:,}" if most is None or most > 2**62 else f", {least:,} to {most:,}"


def of_type(name, schema):
    if name == "array" and "items" not in schema:
        return "list"
    if name == "object" and "additionalProperties" not in schema:
        return "mapping"
    if name == "array":
        return f"list of {value(schema['items'])}"
    if name == "object":
        return f"mapping: name → {value(schema['additionalProperties'])}"
    if name in ("integer", "number"):
        return ("whole number" if name == "integer" else "number") + bounds(schema)
    return {"string": "text", "boolean": "`true` or `false`", "null": "nothing"}[name]


def value(schema):
    """What may stand there, in words."""
    if "$ref" in schema:
        return link(schema["$ref"])
    if "anyOf" in schema:
        return " or ".join(value(one) for one in schema["anyOf"])
    if "const" in schema:
        return code(schema["const"])
    if "enum" in schema:
        return ", ".join(map(code, schema["enum"])) if len(schema["enum"]) <= LONGEST_INLINE_ENUM else "one of a list"
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return " or ".join(of_type(name, schema) for name in types)


def meaning(schema, definitions):
    text = schema.get("description")
    if text is None:
        text = definitions[schema["$ref"].rsplit("/", 1)[-1]]["description"]
    if len(schema.get("enum", ())) > LONGEST_INLINE_ENUM:
        text += " One of " + ", ".join(map(code, schema["enum"])) + "."
    return text


def keys_table(definition, definitions):
    rows = ["| key | value | default | meaning |", "|---|---|---|---|"]
    required = definition.get("required", ())
    for key, schema in definition["properties"].items():
        default = code(schema["default"]) if "default" in schema else "**required**" if key in required else ""
        rows.append(f"| `{key}` | {value(schema)} | {default} | {meaning(schema, definitions)} |")
    return "\n".join(rows)


def section(name, definition, definitions):
    parts = [f"## {name}", definition["description"]]
    if "properties" in definition:
        parts.append(keys_table(definition, definitions))
    elif "pattern" in definition:
        examples = ", ".join(map(code, definition.get("examples", ())))
        parts.append((f"Examples: {examples}. " if examples else "") + f"Pattern: {code(definition['pattern'])}")
    else:
        parts.append(f"Form: {value(definition)}.")
    return "\n\n".join(parts)


def page_text(page):
    schema_path, example_path = PAGES[page]
    schema = json.loads((ROOT / schema_path).read_text(encoding="utf-8"))
    example = (ROOT / example_path).read_text(encoding="utf-8")
    head = INTRODUCTION.format(
        schema=schema_path, name=pathlib.PurePosixPath(schema_path).name, example=example,
        on_command_line=ON_COMMAND_LINE[page])
    definitions = schema["$defs"]
    sections = [section(name, definition, definitions) for name, definition in definitions.items()]
    return "\n\n".join([f"# {schema['title']}", schema["description"] + "\n" + head.rstrip(), *sections]) + "\n"


def main():
    check = "--check" in sys.argv[1:]
    stale = 0
    for page in PAGES:
        path, text = pathlib.Path(__file__).with_name(page), page_text(page)
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        if check:
            print(f"{path.relative_to(ROOT)}:1: stale; run docs/reference/generate.py", file=sys.stderr)
            stale = 1
        else:
            path.write_text(text, encoding="utf-8")
    return stale


if __name__ == "__main__":
    sys.exit(main())

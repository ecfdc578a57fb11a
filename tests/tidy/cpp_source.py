"""C++ text without its comments and strings, and where its functions begin and end.

Good enough for files that clang-format has written; not a parser.
"""

import re

TOKEN = re.compile(
    r'R"(?P<delimiter>[^()\s\\]{0,16})\((?:.|\n)*?\)(?P=delimiter)"'
    r"|//[^\n]*"
    r"|/\*(?:.|\n)*?\*/"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'"
)
PREPROCESSOR = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)
ACCESS = re.compile(r"\b(?:public|private|protected)\s*:(?!:)")
TYPE = re.compile(r"(?:\w+\s+)*?\b(?:class|struct|union|enum)\b(?!.*\)\s*(?:const|noexcept|override|final)*\s*$)", re.DOTALL)


def _blank(text):
    return re.sub(r"[^\n]", " ", text)


def without_comments(text):
    """The text with every comment blanked; lines and columns stay."""
    return TOKEN.sub(lambda m: _blank(m.group()) if m.group().startswith(("//", "/*")) else m.group(), text)


def code_only(text):
    """The text with comments, strings and characters blanked; lines and columns stay."""
    return TOKEN.sub(lambda m: _blank(m.group()), text)


def _without_template_parameters(head):
    while True:
        start = re.search(r"\btemplate\s*<", head)
        if not start:
            return head
        depth, end = 1, start.end()
        while end < len(head) and depth:
            depth += {"<": 1, ">": -1}.get(head[end], 0)
            end += 1
        head = head[: start.start()] + " " * (end - start.start()) + head[end:]


def _kind(head):
    """What a brace opens that comes after `head` outside of any function."""
    head = _without_template_parameters(head).strip()
    if re.search(r"\bnamespace\b|\bTEST_SUITE\b", head) or head == "extern":
        return "scope"
    if TYPE.match(head):
        return "type"
    if head.endswith("=") or ")" not in head and not head.endswith("]"):
        return "value"
    return "function"


def functions(text):
    """(first line, last line) of every function; a lambda inside counts to its function."""
    code = ACCESS.sub(lambda m: _blank(m.group()), PREPROCESSOR.sub(lambda m: _blank(m.group()), code_only(text)))
    found = []
    kinds = []  # of the open braces outside functions
    depth = 0  # of braces inside the open function
    head_start = 0
    for match in re.finditer(r"[{};]", code):
        mark, place = match.group(), match.start()
        if depth:
            depth += {"{": 1, "}": -1, ";": 0}[mark]
            # `Name() : member_{1}, other_{2} {`: the brace of a member is not the body.
            if depth == 0 and not re.match(r"\s*[,{]", code[place + 1 :]):
                first = head_start + len(code[head_start:place]) - len(code[head_start:place].lstrip())
                found.append((text.count("\n", 0, first) + 1, text.count("\n", 0, place) + 1))
                head_start = place + 1
            continue
        if mark == "{":
            kind = _kind(code[head_start:place])
            if kind == "function":
                depth = 1
                continue
            kinds.append(kind)
            if kind != "value":
                head_start = place + 1
        elif mark == "}":
            kind = kinds.pop() if kinds else "scope"
            if kind != "value":
                head_start = place + 1
        elif "value" not in kinds:
            head_start = place + 1
    return found

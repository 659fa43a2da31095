"""What people write who know other languages, or older versions of this one: the line as it should
read."""

from __future__ import annotations

import re
from collections.abc import Callable

from quantum_tasks.parsing.lexer import KEYWORDS

_LONGEST = 200  # letters of a line that are looked at, before and after a mistake
_NAME = r"([A-Za-z_]\w*)"
_SET = r"(\{[^{};]*\}|\[[^\[\]{};]*\]|\w+)"
_FROM = rf"for\s*\(\s*(?:int\s|uint\s)?\s*{_NAME}\s*=\s*(\w+)\s*;\s*\1\s*(<=?)\s*(\w+)\s*;[^;)]*\)"

_TYPE = "qubit|bit|int|uint|angle|float"
_SIZE_LAST = rf"\b(?P<type>{_TYPE})\s+(?P<name>[A-Za-z_]\w*)\s*(?P<size>\[[^\];]*\])"


def _before(end: str) -> str:
    """The last number of a range that does not include its end."""
    return str(int(end) - 1) if end.isdecimal() else f"{end.strip()} - 1"


def _from(found: re.Match[str]) -> str:
    last = found[4] if found[3] == "<=" else _before(found[4])
    return f"for int {found[1]} in [{found[2]}:{last}]"


def _joined(found: re.Match[str]) -> str:
    parts = " ++ ".join(part.strip() for part in found[2].split(","))
    return f"let {found[1]} = {parts};"


# What stands around the mistake, with a name as its first group, and how it should read.
_HABITS: dict[str, Callable[[re.Match[str]], str]] = {
    rf"for\s+{_NAME}\s+in\s+range\(\s*([\w ]+)\)": lambda found: (
        f"for int {found[1]} in [0:{_before(found[2])}]"
    ),
    rf"for\s+{_NAME}\s+in\s+(\w+)\s*\.\.\s*(\w+)": lambda found: found.expand(
        r"for int \1 in [\2:\3]"
    ),
    rf"for\s+{_NAME}\s+in\s+{_SET}": lambda found: found.expand(r"for int \1 in \2"),
    _FROM: _from,
    rf"let\s+{_NAME}\s*=\s*\{{([^{{}};]+)\}}\s*;": _joined,
    rf"{_NAME}\s*(\+\+|--)\s*;": lambda found: f"{found[1]} {found[2][0]}= 1;",
    _SIZE_LAST: lambda found: f"{found['type']}{found['size']} {found['name']}",
    r"()\}\s*elif\s*(\([^{]*\))\s*\{": lambda found: f"}} else if {found[2]} {{",
}
_PATTERNS = [(re.compile(pattern), correct) for pattern, correct in _HABITS.items()]


def habit(line: str, column: int) -> str | None:
    """The hint at what is wrong in a line at a column, which counts from 1; None if it is nothing
    that is known."""
    start = max(0, column - 1 - _LONGEST)
    near, at = line[start : column - 1 + _LONGEST], column - 1 - start
    for pattern, correct in _PATTERNS:
        for found in pattern.finditer(near):
            name = found.groupdict().get("name", found[1])
            if found.start() <= at <= found.end() and name not in KEYWORDS:
                return f"write: {correct(found)}"
    return None

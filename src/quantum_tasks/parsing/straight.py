"""Straight lines: gate calls and measurements, read without a syntax tree.

Most programs are hardly anything else, so one regular expression cuts all of a text at once, and
only what it does not know goes to the parser. Nothing here says what is wrong with a program: the
parser and the compiler read it again, as a whole, and say what and where.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeAlias

from openqasm3 import ast

from quantum_tasks.parsing import lexer, parser
from quantum_tasks.parsing.cursor import Cursor, UnsureError
from quantum_tasks.parsing.lexer import KEYWORDS, NAME
from quantum_tasks.parsing.mistakes import Node
from quantum_tasks.parsing.parser import StatementParser, attempted

_S = r"[ \t\n]*+"
_SPACE = r"[ \t\n]++"
_BITS = rf"(?:{NAME}(?:\[[0-9]{{1,9}}\])?+|\$[0-9]++)"
_LINE = re.compile(
    # A gate and its angles, which call nothing; its first two qubits, and the rest of them.
    rf"(?:({NAME}(?:{_S}\([^()\[\]{{}};\"@=]*+\){_S}|{_SPACE}))"
    rf"({_BITS}){_S}(?:,{_S}({_BITS}){_S}((?:,{_S}{_BITS}{_S})*+))?+;"
    # A measurement: of qubits into bits, written in one way or the other.
    rf"|({_BITS}){_S}={_S}measure{_SPACE}({_BITS}){_S};"
    rf"|measure{_SPACE}({_BITS}){_S}->{_S}({_BITS}){_S};"
    # Anything else, up to where a statement or a block may begin or end.
    rf"|([^;{{}}]*+[;{{}}]|[^;{{}}]++)){_S}"
)
_GATE, _OTHER = 0, 8
_NO_GATES = KEYWORDS - {"barrier", "reset"}
_LEAST = 0.25  # of all lines

# What _LINE finds: a gate with its angles, a qubit, another, more of them, each after a comma;
# bits, the qubits measured into them; qubits, the bits that they are measured into; other text.
Line: TypeAlias = tuple[str, str, str, str, str, str, str, str, str]


class Lines(ast.QASMNode):  # type: ignore[misc]
    """Straight lines that follow one another at the top level of a program."""

    def __init__(self, lines: list[Line]) -> None:
        self.lines = lines
        self.span = None


def parse(text: str, least: float = _LEAST) -> ast.Program:
    """The syntax tree of a text without comments, whose straight lines are no trees but `Lines`.
    Raises UnsureError if that may not be what the text means, or if a smaller part than `least`
    of the lines are straight: then to read a wrong program twice costs more than this saves."""
    if not lexer.is_plain(text):
        raise UnsureError
    lines = _LINE.findall(text, lexer.start(text))
    names = {line[_GATE].partition("(")[0] for line in lines}
    words = {name for name in names if name.strip(" \t\n") in _NO_GATES}
    if words:  # declarations, for example
        others = [
            number
            for number, line in enumerate(lines)
            if line[_OTHER] or line[_GATE].partition("(")[0] in words
        ]
    else:
        others = [number for number, line in enumerate(lines) if line[_OTHER]]
    if len(lines) - len(others) < least * len(lines):
        raise UnsureError
    return ast.Program([*_statements(lines, others)])


def statement(line: Line) -> Node:
    """The syntax tree of one line that is not simple. Raises UnsureError."""
    (node,) = _parsed(_written(line))
    return node


def _statements(lines: list[Line], others: list[int]) -> Iterator[Node]:
    done = place = 0
    while place < len(others):
        first = end = others[place]
        if done < first:
            yield Lines(lines[done:first])
        depth = 0  # of blocks
        while place < len(others) and (depth or others[place] == end):
            end = others[place] + 1
            last = lines[end - 1][_OTHER][-1:]
            depth += (last == "{") - (last == "}")
            place += 1
        if depth:
            raise UnsureError
        text = "".join(map(_written, lines[first:end]))
        if first == 0 and text.startswith("OPENQASM"):
            yield from parser.parse(text).statements
        else:
            yield from _parsed(text)
        done = end
    if done < len(lines):
        yield Lines(lines[done:])


def _written(line: Line) -> str:
    gate, qubit, second, more, bits, measured, qubits, into, other = line
    if other:
        return other
    if gate:
        return f"{gate}{qubit}{',' if second else ''}{second}{more};"
    return f"{bits or into}=measure {measured or qubits};"


def _parsed(text: str) -> list[Node]:
    return attempted(StatementParser(Cursor(lexer.tokens(text))).statements)

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

from quantum_tasks.parsing import lexer, parser, qasm2
from quantum_tasks.parsing.cursor import Cursor, UnsureError
from quantum_tasks.parsing.lexer import KEYWORDS, NAME
from quantum_tasks.parsing.mistakes import Node
from quantum_tasks.parsing.parser import StatementParser, attempted
from quantum_tasks.parsing.qasm2_reader import WORDS

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
_GATE, _LEFT, _OTHER = 0, 4, 8
_NO_GATES = KEYWORDS - {"barrier", "reset"}
_NO_GATES_2 = WORDS - {"barrier", "reset"}
_LEAST = 0.25  # of all lines

# What _LINE finds: a gate with its angles, a qubit, another, more of them, each after a comma;
# bits, the qubits measured into them; qubits, the bits that they are measured into; other text.
Line: TypeAlias = tuple[str, str, str, str, str, str, str, str, str]


class Lines(ast.QASMNode):  # type: ignore[misc]
    """Straight lines that follow one another at the top level of a program."""

    def __init__(self, lines: list[Line]) -> None:
        self.lines = lines
        self.span = None


def parse(text: str, is_version_2: bool = False, least: float = _LEAST) -> ast.Program:
    """The syntax tree of a text without comments, whose straight lines are no trees but `Lines`.
    Raises UnsureError if that may not be what the text means, or if a smaller part than `least`
    of the lines are straight: then to read a wrong program twice costs more than this saves."""
    if not lexer.is_plain(text):
        raise UnsureError
    lines = _LINE.findall(text, lexer.start(text))
    if is_version_2 and ("$" in text or any(line[_LEFT] for line in lines)):
        raise UnsureError
    names = {line[_GATE].partition("(")[0] for line in lines}
    no_gates = _NO_GATES_2 if is_version_2 else _NO_GATES
    words = {name for name in names if name.strip(" \t\n") in no_gates}
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
    nodes = [*_statements(lines, others, is_version_2)]
    return ast.Program(nodes, "2.0" if is_version_2 else None)


def statement(line: Line, is_version_2: bool = False) -> Node:
    """The syntax tree of one line that is not simple. Raises UnsureError."""
    (node,) = _parsed(_written(line), is_version_2)
    return node


def _statements(lines: list[Line], others: list[int], is_version_2: bool) -> Iterator[Node]:
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
            if is_version_2:
                yield from qasm2.statements(text, whole=True)
            else:
                yield from parser.parse(text).statements
        else:
            yield from _parsed(text, is_version_2)
        done = end
    if done < len(lines):
        yield Lines(lines[done:])


def _written(line: Line) -> str:
    gate, qubit, second, more, bits, measured, qubits, into, other = line
    if other:
        return other
    if gate:
        return f"{gate}{qubit}{',' if second else ''}{second}{more};"
    if into:
        return f"measure {qubits}->{into};"
    return f"{bits}=measure {measured};"


def _parsed(text: str, is_version_2: bool) -> list[Node]:
    if is_version_2:
        return qasm2.statements(text)
    return attempted(StatementParser(Cursor(lexer.tokens(text))).statements)

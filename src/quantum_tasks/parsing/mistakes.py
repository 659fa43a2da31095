"""What is wrong with a program, and where."""

from __future__ import annotations

import re
from typing import TypeAlias

import msgspec
from openqasm3 import ast

from quantum_tasks.errors import (
    Diagnostic,
    InvalidRequest,
    Problem,
    QasmSemantic,
    QasmUnsupported,
)
from quantum_tasks.orders import Rejected
from quantum_tasks.parsing import lexer

_SNIPPET_WIDTH = 120
_LONG_WORD = re.compile(r"\S{80,}")


Node: TypeAlias = ast.QASMNode


class Mistake(Exception):
    """A program does something with its values that is not allowed."""


class Place(msgspec.Struct, frozen=True):
    """Line and column, both counted from 1."""

    line: int
    column: int


# What a node's `span` is: ANTLR's parser says a line and a column, ours the number of a token.
Start: TypeAlias = ast.Span | int | None


class ProgramError(Exception):
    """What is wrong with a program or how it is to be run, where, and what may mend it.

    `pointer` is to the member of the request that is at fault.
    """

    def __init__(
        self,
        problem: type[Problem],
        message: str,
        place: Place | ast.QASMNode | None = None,
        hint: str | None = None,
        about_a_value: bool = False,
        pointer: str = "/qc",
    ) -> None:
        self.problem = problem
        self.pointer = pointer
        self.message = shortened(message)
        self.node: ast.QASMNode | None = None
        self.place: Place | None = None  # the place of the node, once show() was called
        if isinstance(place, ast.QASMNode):
            self.node = place if place.span is not None else None
        else:
            self.place = place
        self.first: Start = None  # what was declared there first, if that is what is wrong
        self.others: list[Start] = []  # whose lines the message has gaps for
        self.hint = None if hint is None else shortened(hint)
        self.about_a_value = about_a_value  # whether another value might be right
        self.too_many_values = False  # whether there may be more of them than are told apart
        self.snippet: str | None = None
        self.log = ""  # what the operator should know of it
        super().__init__(message)

    def show(self, text: str, parsed: str) -> None:
        """Cuts the line at fault out of the program; `parsed` is what the parser saw of it."""
        if self.node is not None:
            self.place = place_of(self.node, parsed)
        if self.place is not None:
            self.snippet = _snippet(text, self.place)
        if self.others:
            found = [_position(other, parsed) for other in self.others]
            self.message = self.message.format(*(place[0] if place else "?" for place in found))
        if (first := _position(self.first, parsed)) is not None:
            self.message = f"{self.message.removesuffix('.')}, first in line {first[0]}."

    def as_reply(self) -> Rejected:
        where = f" (line {self.place.line}, column {self.place.column})" if self.place else ""
        diagnostic = Diagnostic(
            pointer=self.pointer,
            line=self.place.line if self.place else None,
            column=self.place.column if self.place else None,
            snippet=self.snippet,
            hint=self.hint,
        )
        return Rejected(self.problem.code, f"{self.message}{where}", [diagnostic], self.log)


def semantic(message: str, node: ast.QASMNode, hint: str | None = None) -> ProgramError:
    """The program is grammatical, but does not make sense."""
    return ProgramError(QasmSemantic, message, node, hint)


def unsupported(what: str, node: ast.QASMNode, hint: str | None = None) -> ProgramError:
    """The program makes sense, but uses what this service cannot do yet."""
    return ProgramError(QasmUnsupported, f"{what} not supported yet.", node, hint)


def invalid(message: str, pointer: str, hint: str | None = None) -> ProgramError:
    """The program may be right, but not what was asked for with it."""
    return ProgramError(InvalidRequest, message, None, hint, pointer=pointer)


def words(node: Node) -> str:
    """'DurationOf' -> 'duration of'."""
    name = type(node).__name__
    return "".join(f" {c.lower()}" if c.isupper() else c for c in name).strip()


def place_of(node: ast.QASMNode, parsed: str) -> Place | None:
    """Where a node of the syntax tree begins."""
    position = _position(node.span, parsed)
    if position is None:
        return None
    place = Place(*position)
    if isinstance(node.span, int) or not isinstance(node, ast.Identifier):
        return place
    return _mended(place, node.name, parsed)


def _position(start: Start, parsed: str) -> tuple[int, int] | None:
    if start is None:
        return None
    if isinstance(start, int):
        return lexer.position(parsed, start)
    return start.start_line, start.start_column + 1


def _mended(place: Place, word: str, parsed: str) -> Place:
    """ANTLR's parser counts the column of some names from the start of the text that it was
    given."""
    lines = parsed.split("\n")
    if not 1 <= place.line <= len(lines):
        return place
    line = lines[place.line - 1]
    before = sum(map(len, lines[: place.line - 1])) + place.line - 1
    for column in (place.column, place.column - before):
        if column >= 1 and line.startswith(word, column - 1):
            return Place(place.line, column)
    return place


def shortened(message: str) -> str:
    """A message without long words, which come from the program."""
    return _LONG_WORD.sub(lambda word: f"{word[0][:40]}...{word[0][-10:]}", message)


def _snippet(text: str, place: Place) -> str | None:
    """The line with a caret below the column; a long one is cut around it."""
    lines = text.split("\n")
    if not 1 <= place.line <= len(lines):
        return None
    start = max(0, place.column - 1 - _SNIPPET_WIDTH // 2)
    source = lines[place.line - 1].replace("\t", " ").replace("\0", "\ufffd")
    return f"{source[start : start + _SNIPPET_WIDTH]}\n{' ' * (place.column - 1 - start)}^"

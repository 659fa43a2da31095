"""What is wrong with a program, and where."""

from __future__ import annotations

import re

import msgspec
from openqasm3 import ast

from quantum_tasks.errors import Diagnostic, Problem, QasmSemantic, QasmUnsupported
from quantum_tasks.tasks import Rejected

_SNIPPET_WIDTH = 120
_LONG_WORD = re.compile(r"\S{80,}")


class Place(msgspec.Struct, frozen=True):
    """Line and column, both counted from 1; `word` is what stands there, if it is a name."""

    line: int
    column: int
    word: str = ""


class ProgramError(Exception):
    """What is wrong with a program, where, and what may mend it."""

    def __init__(
        self,
        problem: type[Problem],
        message: str,
        place: Place | ast.QASMNode | None = None,
        hint: str | None = None,
        about_a_value: bool = False,
    ) -> None:
        self.problem = problem
        self.message = _LONG_WORD.sub(_shortened, message)
        self.place = place_of(place) if isinstance(place, ast.QASMNode) else place
        self.hint = None if hint is None else _LONG_WORD.sub(_shortened, hint)
        self.about_a_value = about_a_value  # and another value might do
        self.snippet: str | None = None
        self.log = ""  # what the operator should know of it
        super().__init__(message)

    def show(self, text: str, parsed: str) -> None:
        """Cuts the line at fault out of the program; `parsed` is what the parser saw of it."""
        if self.place is not None:
            self.place = _mended(self.place, parsed)
            self.snippet = _snippet(text, self.place)

    def as_reply(self) -> Rejected:
        where = f" (line {self.place.line}, column {self.place.column})" if self.place else ""
        diagnostic = Diagnostic(
            pointer="/qc",
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


def place_of(node: ast.QASMNode) -> Place | None:
    """Where a node of the syntax tree begins."""
    span = node.span
    if span is None:
        return None
    word = node.name if isinstance(node, ast.Identifier) else ""
    return Place(span.start_line, span.start_column + 1, word)


def _mended(place: Place, parsed: str) -> Place:
    """The parser counts the column of some names from the start of the text that it was given."""
    lines = parsed.split("\n")
    if not place.word or not 1 <= place.line <= len(lines):
        return place
    line = lines[place.line - 1]
    before = sum(map(len, lines[: place.line - 1])) + place.line - 1
    for column in (place.column, place.column - before):
        if column >= 1 and line.startswith(place.word, column - 1):
            return Place(place.line, column, place.word)
    return place


def _shortened(word: re.Match[str]) -> str:
    return f"{word[0][:40]}...{word[0][-10:]}"


def _snippet(text: str, place: Place) -> str | None:
    """The line with a caret below the column; a long one is cut around it."""
    lines = text.split("\n")
    if not 1 <= place.line <= len(lines):
        return None
    start = max(0, place.column - 1 - _SNIPPET_WIDTH // 2)
    source = lines[place.line - 1].replace("\t", " ").replace("\0", "\ufffd")
    return f"{source[start : start + _SNIPPET_WIDTH]}\n{' ' * (place.column - 1 - start)}^"

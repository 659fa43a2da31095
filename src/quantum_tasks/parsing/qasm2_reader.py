"""What the parsers of OpenQASM 2 share: its words, and what is wrong where."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from openqasm3 import ast

from quantum_tasks.errors import Problem, QasmSyntax, TooComplex
from quantum_tasks.parsing.cursor import Cursor, UnsureError
from quantum_tasks.parsing.mistakes import ProgramError

T = TypeVar("T")

_WORDS = "OPENQASM include qreg creg gate opaque if measure reset barrier"
WORDS = frozenset(_WORDS.split())
FUNCTIONS = {"sin": "sin", "cos": "cos", "tan": "tan", "exp": "exp", "ln": "log", "sqrt": "sqrt"}
_RESERVED = WORDS | FUNCTIONS.keys() | {"pi", "U", "CX"}
_NAME = re.compile(r"[a-z][A-Za-z0-9_]*")
_WHOLE = re.compile(r"[0-9]+")
_DIGITS = 18  # of a whole number


class Reader:
    """Takes tokens, and raises ProgramError for others."""

    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor

    def wrong(
        self,
        hint: str | None = None,
        message: str | None = None,
        at: int | None = None,
        problem: type[Problem] = QasmSyntax,
    ) -> ProgramError:
        """The error for the next token, or for another one."""
        cursor = self.cursor
        place = ast.Identifier("")
        place.span = cursor.at if at is None else at
        token = cursor.tokens[place.span]
        if message is None and not token:
            message = "Syntax error: the program ends in the middle of a statement."
        message = message or f"Syntax error: unexpected '{token[:40]}'."
        return ProgramError(problem, message, place, hint)

    def expect(self, token: str, hint: str | None = None) -> None:
        """Takes this token."""
        cursor = self.cursor
        if cursor.tokens[cursor.at] != token:
            missing = (
                f"a '{token}' is missing before this" if token == ";" else f"expected '{token}'"
            )
            raise self.wrong(hint or missing)
        cursor.at += 1

    def placed(self, read: Callable[[], T]) -> T:
        """What is read, with its place."""
        at = self.cursor.at
        node = read()
        node.span = at  # type: ignore[attr-defined]
        return node

    def listed(self, read: Callable[[], T], end: str) -> list[T]:
        """Takes what stands between commas, up to `end`."""
        cursor = self.cursor
        found: list[T] = []
        while cursor.tokens[cursor.at] != end:
            found.append(read())
            if cursor.tokens[cursor.at] != ",":
                break
            cursor.at += 1
        return found

    def name(self, what: str, of_gate: bool = False) -> ast.Identifier:
        """Takes a name."""
        cursor = self.cursor
        token = cursor.tokens[cursor.at]
        if of_gate and token in ("U", "CX"):
            pass
        elif not _NAME.fullmatch(token) or token in _RESERVED:
            hint = f"expected the name of {what}"
            if token in _RESERVED:
                hint = f"'{token}' is a word of the language and cannot be a name"
            elif token.isidentifier():
                hint = "names begin with a small letter in OpenQASM 2"
            raise self.wrong(hint)
        node = ast.Identifier(token)
        node.span = cursor.at
        cursor.at += 1
        return node

    def whole(self) -> ast.IntegerLiteral:
        """Takes a whole number."""
        cursor = self.cursor
        token = cursor.tokens[cursor.at]
        if not _WHOLE.fullmatch(token):
            raise self.wrong("expected a whole number")
        if len(token) > _DIGITS:
            raise self.wrong(message="The number is too large.")
        cursor.at += 1
        return ast.IntegerLiteral(int(token))

    def descend(self) -> None:
        """Counts the nesting of an angle."""
        try:
            self.cursor.descend()
        except UnsureError:
            message = "The angle is nested too deeply."
            raise self.wrong(message=message, problem=TooComplex) from None

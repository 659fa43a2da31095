"""The tokens of a program, and how far they have been read."""

from __future__ import annotations

from openqasm3 import ast

from quantum_tasks.parsing.lexer import KEYWORDS

MAX_OPERATORS = 50  # nested operators; the reference parser overflows its stack above about 100


class UnsureError(Exception):
    """The text is not OpenQASM 3, or uses a part of it that only the reference parser reads."""


class Cursor:
    """Tokens, to be taken from `at` on."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = [*tokens, "", "", "", ""]  # as many as any function looks ahead
        self.at = 0
        self.operators_left = MAX_OPERATORS

    def expect(self, token: str) -> None:
        """Takes this token."""
        if self.tokens[self.at] != token:
            raise UnsureError
        self.at += 1

    def name(self) -> ast.Identifier:
        """Takes a name."""
        at = self.at
        token = self.tokens[at]
        if not token.isidentifier() or token in KEYWORDS:
            raise UnsureError
        self.at = at + 1
        node = ast.Identifier(token)
        node.span = at
        return node

    def names(self, end: str) -> list[ast.Identifier]:
        """Takes names with commas between, up to `end`."""
        found = [self.name()]
        while self.tokens[self.at] == ",":
            self.at += 1
            if self.tokens[self.at] == end:
                break
            found.append(self.name())
        return found

    def descend(self) -> None:
        """Counts the nesting of an operator, or of anything that nests expressions in the same
        way."""
        self.operators_left -= 1
        if self.operators_left < 0:
            raise UnsureError

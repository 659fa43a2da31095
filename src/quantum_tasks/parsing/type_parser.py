"""From tokens to the syntax trees of types."""

from __future__ import annotations

from collections.abc import Callable

from openqasm3 import ast

from quantum_tasks.parsing.cursor import Cursor, UnsureError
from quantum_tasks.parsing.mistakes import Node

_PLAIN_TYPES = {
    "bool": ast.BoolType,
    "duration": ast.DurationType,
    "stretch": ast.StretchType,
}
_SIZED_TYPES = {
    "bit": ast.BitType,
    "int": ast.IntType,
    "uint": ast.UintType,
    "float": ast.FloatType,
    "angle": ast.AngleType,
}
TYPES = frozenset({*_PLAIN_TYPES, *_SIZED_TYPES, "complex"})


class TypeParser:
    """Reads types, whose sizes are read by `expression`."""

    def __init__(self, cursor: Cursor, expression: Callable[[], Node]) -> None:
        self._cursor = cursor
        self._expression = expression

    def designator(self) -> Node:
        """Takes an expression in brackets, which begins where they do."""
        cursor = self._cursor
        at = cursor.at
        cursor.expect("[")
        node = self._expression()
        cursor.expect("]")
        node.span = at
        return node

    def size(self) -> Node | None:
        """Takes a size in brackets, if there is one."""
        cursor = self._cursor
        return self.designator() if cursor.tokens[cursor.at] == "[" else None

    def scalar_type(self) -> Node:
        """Takes a type that is not an array's."""
        cursor = self._cursor
        at = cursor.at
        token = cursor.tokens[at]
        cursor.at = at + 1
        node: Node
        if token in _SIZED_TYPES:
            size = self.size()
            if token not in ("bit", "float"):
                require_positive(size)
            node = _SIZED_TYPES[token](size)
        elif token in _PLAIN_TYPES:
            node = _PLAIN_TYPES[token]()
        elif token == "complex":
            node = ast.ComplexType(self._component())
        else:
            raise UnsureError
        node.span = at
        return node

    def _component(self) -> Node | None:
        cursor = self._cursor
        if cursor.tokens[cursor.at] != "[":
            return None
        cursor.at += 1
        if cursor.tokens[cursor.at] != "float":
            raise UnsureError
        base = self.scalar_type()
        cursor.expect("]")
        return base


def require_positive(size: Node | None) -> None:
    """The other parser checks as much of a size."""
    if isinstance(size, ast.UnaryExpression) or (
        isinstance(size, ast.IntegerLiteral) and size.value == 0
    ):
        raise UnsureError

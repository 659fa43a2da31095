"""From tokens to the syntax trees of what statements are about: registers, bits and qubits."""

from __future__ import annotations

from openqasm3 import ast

from quantum_tasks.parsing.cursor import Cursor
from quantum_tasks.parsing.expression_parser import ExpressionParser
from quantum_tasks.parsing.mistakes import Node


class OperandParser:
    """Reads names with their indices."""

    def __init__(self, cursor: Cursor, expressions: ExpressionParser) -> None:
        self._cursor = cursor
        self._index = expressions.index

    def reference(self) -> Node:
        """Takes the name of something, with indices if need be."""
        cursor = self._cursor
        name = cursor.name()
        if cursor.tokens[cursor.at] != "[":
            return name
        indices = [self._index()]
        while cursor.tokens[cursor.at] == "[":
            indices.append(self._index())
        node = ast.IndexedIdentifier(name, indices)
        node.span = name.span
        return node

    def qubit(self) -> Node:
        """Takes what a gate works on."""
        cursor = self._cursor
        token = cursor.tokens[cursor.at]
        if token[:1] != "$" or token == "$":
            return self.reference()
        node = ast.Identifier(token)
        node.span = cursor.at
        cursor.at += 1
        return node

    def qubits(self) -> list[Node]:
        """Takes what a gate works on, up to a semicolon, and that."""
        cursor = self._cursor
        tokens = cursor.tokens
        found = [self.qubit()]
        while tokens[cursor.at] == ",":
            cursor.at += 1
            if tokens[cursor.at] == ";":
                break
            found.append(self.qubit())
        cursor.expect(";")
        return found

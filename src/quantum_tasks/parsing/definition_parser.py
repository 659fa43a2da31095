"""From tokens to the syntax trees of definitions of gates and subroutines."""

from __future__ import annotations

from collections.abc import Callable

from openqasm3 import ast

from quantum_tasks.parsing.cursor import Cursor, UnsureError
from quantum_tasks.parsing.declaration_parser import DeclarationParser
from quantum_tasks.parsing.mistakes import Node
from quantum_tasks.parsing.type_parser import TypeParser


class DefinitionParser:
    """Reads definitions, whose bodies are read by `body`."""

    def __init__(
        self,
        cursor: Cursor,
        declarations: DeclarationParser,
        types: TypeParser,
        body: Callable[[], list[Node]],
    ) -> None:
        self._cursor = cursor
        self._declarations = declarations
        self._types = types
        self._body = body

    def gate(self) -> Node:
        """Takes the definition of a gate."""
        cursor = self._cursor
        self._declarations.require_global()
        cursor.at += 1
        name = cursor.name()
        angles = []
        if cursor.tokens[cursor.at] == "(":
            cursor.at += 1
            if cursor.tokens[cursor.at] != ")":
                angles = cursor.names(")")
            cursor.expect(")")
        qubits = cursor.names("{")
        return ast.QuantumGateDefinition(name, angles, qubits, self._defined("gate"))

    def subroutine(self) -> Node:
        """Takes the definition of a subroutine."""
        cursor = self._cursor
        self._declarations.require_global()
        cursor.at += 1
        name = cursor.name()
        cursor.expect("(")
        arguments = []
        while cursor.tokens[cursor.at] != ")":
            arguments.append(self._declarations.argument())
            if cursor.tokens[cursor.at] != ",":
                break
            cursor.at += 1
        cursor.expect(")")
        kind = None
        if cursor.tokens[cursor.at] == "->":
            cursor.at += 1
            kind = self._types.scalar_type()
        return ast.SubroutineDefinition(name, arguments, self._defined("def"), kind)

    def return_(self) -> Node:
        """Takes the statement that leaves a subroutine."""
        cursor = self._cursor
        if self._declarations.definition != "def":
            raise UnsureError
        cursor.at += 1
        value = None
        if cursor.tokens[cursor.at] != ";":
            value = self._declarations.value()
        cursor.expect(";")
        return ast.ReturnStatement(value)

    def _defined(self, definition: str) -> list[Node]:
        """Takes the body of a gate or a subroutine."""
        cursor = self._cursor
        if cursor.tokens[cursor.at] != "{":
            raise UnsureError
        self._declarations.definition = definition
        body = self._body()
        self._declarations.definition = ""
        return body

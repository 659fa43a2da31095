"""From tokens to the syntax trees of declarations."""

from __future__ import annotations

from openqasm3 import ast

from quantum_tasks.parsing.cursor import Cursor, UnsureError
from quantum_tasks.parsing.expression_parser import ExpressionParser
from quantum_tasks.parsing.mistakes import Node
from quantum_tasks.parsing.operand_parser import OperandParser


class DeclarationParser:
    """Reads declarations, and what they share with other statements."""

    def __init__(
        self, cursor: Cursor, expressions: ExpressionParser, operands: OperandParser
    ) -> None:
        self._cursor = cursor
        self._expressions = expressions
        self._types = expressions.types
        self._operands = operands
        self.scopes = 0  # scopes around this; for the reference parser a mere block is not one
        self.definition = ""  # "gate" or "def" inside such a definition

    def require_global(self) -> None:
        """Refuses a statement that may stand only at the top level of a program."""
        if self.scopes:
            raise UnsureError

    def declaration(self) -> Node:
        """Takes the declaration of a variable that is not an array."""
        return self._declared(self._types.scalar_type())

    def array_declaration(self) -> Node:
        """Takes the declaration of an array."""
        self.require_global()
        return self._declared(self.array_type())

    def _declared(self, kind: Node) -> Node:
        cursor = self._cursor
        if self.definition == "gate":
            raise UnsureError
        name = cursor.name()
        value = None
        if cursor.tokens[cursor.at] == "=":
            cursor.at += 1
            value = self._initial()
        cursor.expect(";")
        return ast.ClassicalDeclaration(kind, name, value)

    def _initial(self) -> Node:
        cursor = self._cursor
        return (
            self._expressions.array_literal() if cursor.tokens[cursor.at] == "{" else self.value()
        )

    def constant_declaration(self) -> Node:
        """Takes the declaration of a constant."""
        cursor = self._cursor
        cursor.at += 1
        kind, name = self._types.scalar_type(), cursor.name()
        cursor.expect("=")
        node = ast.ConstantDeclaration(kind, name, self._initial())
        cursor.expect(";")
        return node

    def io_declaration(self) -> Node:
        """Takes the declaration of an input or an output."""
        cursor = self._cursor
        self.require_global()
        direction = ast.IOKeyword[cursor.tokens[cursor.at]]
        cursor.at += 1
        is_array = cursor.tokens[cursor.at] == "array"
        kind = self.array_type() if is_array else self._types.scalar_type()
        node = ast.IODeclaration(direction, kind, cursor.name())
        cursor.expect(";")
        return node

    def qubit_declaration(self) -> Node:
        """Takes the declaration of a qubit or a register of qubits."""
        cursor = self._cursor
        self.require_global()
        cursor.at += 1
        size = self._types.size()
        node = ast.QubitDeclaration(cursor.name(), size)
        cursor.expect(";")
        return node

    def old_declaration(self) -> Node:
        """Takes the declaration of a register as in OpenQASM 2."""
        cursor = self._cursor
        at = cursor.at
        cursor.at = at + 1
        name, size = cursor.name(), self._types.size()
        if isinstance(size, ast.UnaryExpression):  # the reference parser allows no 0 either
            raise UnsureError
        cursor.expect(";")
        if cursor.tokens[at] == "qreg":
            self.require_global()
            return ast.QubitDeclaration(name, size)
        kind = ast.BitType(size)
        kind.span = at
        return ast.ClassicalDeclaration(kind, name, None)

    def alias(self) -> Node:
        """Takes the declaration of an alias."""
        cursor = self._cursor
        cursor.at += 1
        name = cursor.name()
        cursor.expect("=")
        value = self._expressions.expression()
        while cursor.tokens[cursor.at] == "++":
            cursor.descend()
            cursor.at += 1
            first = value.span
            value = ast.Concatenation(value, self._expressions.expression())
            value.span = first
        cursor.expect(";")
        return ast.AliasStatement(name, value)

    def include(self) -> Node:
        """Takes the inclusion of a file."""
        cursor = self._cursor
        self.require_global()
        token = cursor.tokens[cursor.at + 1]
        if token[:1] != '"' or len(token) < 3:
            raise UnsureError
        cursor.at += 2
        cursor.expect(";")
        return ast.Include(token[1:-1])

    # Parts of declarations

    def array_type(self) -> ast.ArrayType:
        """Takes the type of an array."""
        cursor = self._cursor
        at = cursor.at
        cursor.expect("array")
        cursor.expect("[")
        base = self._types.scalar_type()
        cursor.expect(",")
        dimensions = self._expressions.expressions("]")
        if isinstance(base, ast.StretchType) or any(
            isinstance(dimension, ast.UnaryExpression) for dimension in dimensions
        ):
            raise UnsureError
        node = ast.ArrayType(base, dimensions)
        node.span = at
        return node

    def array_reference_type(self) -> ast.ArrayReferenceType:
        """Takes the type of an array that is an argument, after its access."""
        cursor = self._cursor
        cursor.expect("array")
        cursor.expect("[")
        base = self._types.scalar_type()
        cursor.expect(",")
        if cursor.tokens[cursor.at] != "#dim":
            return ast.ArrayReferenceType(base, self._expressions.expressions("]"))
        cursor.at += 1
        cursor.expect("=")
        count = self._expressions.expression()
        cursor.expect("]")
        return ast.ArrayReferenceType(base, count)

    def argument(self) -> Node:
        """Takes an argument of a subroutine's definition."""
        cursor = self._cursor
        at = cursor.at
        token = cursor.tokens[at]
        node: Node
        if token == "qubit":
            cursor.at += 1
            size = self._types.size()
            node = ast.QuantumArgument(cursor.name(), size)
        elif token == "qreg":
            cursor.at += 1
            name = cursor.name()
            node = ast.QuantumArgument(name, self._types.size())
        elif token == "creg":  # the reference parser fails on its size
            cursor.at += 1
            name = cursor.name()
            kind = ast.BitType(self._types.size())
            kind.span = at
            node = ast.ClassicalArgument(kind, name, None)
        elif token in ("readonly", "mutable"):
            cursor.at += 1
            kind = self.array_reference_type()
            kind.span = at
            node = ast.ClassicalArgument(kind, cursor.name(), ast.AccessControl[token])
        else:
            kind = self._types.scalar_type()
            node = ast.ClassicalArgument(kind, cursor.name(), None)
        node.span = at
        return node

    def measurement(self) -> ast.QuantumMeasurement:
        """Takes a measurement."""
        cursor = self._cursor
        if self.definition == "gate":
            raise UnsureError
        at = cursor.at
        cursor.at = at + 1
        node = ast.QuantumMeasurement(self._operands.qubit())
        node.span = at
        return node

    def value(self) -> Node:
        """Takes an expression or a measurement."""
        cursor = self._cursor
        return (
            self.measurement()
            if cursor.tokens[cursor.at] == "measure"
            else self._expressions.expression()
        )

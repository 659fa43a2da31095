"""From tokens to the syntax trees of declarations."""

from __future__ import annotations

from openqasm3 import ast

from quantum_tasks.parsing.expression_parser import (
    ExpressionParser,
    UnsureError,
    require_positive,
)
from quantum_tasks.parsing.indices import Node


class DeclarationParser(ExpressionParser):
    """Reads declarations, and what they share with other statements."""

    def __init__(self, tokens: list[str]) -> None:
        super().__init__(tokens)
        self.scopes = 0  # around this; a mere block is none for the other parser
        self.definition = ""  # "gate" or "def" within one

    def require_global(self) -> None:
        """Refuses what only the program itself may have."""
        if self.scopes:
            raise UnsureError

    def declaration(self) -> Node:
        """Takes the declaration of a variable that is not an array."""
        return self._declared(self.scalar_type())

    def array_declaration(self) -> Node:
        """Takes the declaration of an array."""
        self.require_global()
        return self._declared(self.array_type())

    def _declared(self, kind: Node) -> Node:
        if self.definition == "gate":
            raise UnsureError
        name = self.name()
        value = None
        if self.tokens[self.at] == "=":
            self.at += 1
            value = self._initial()
        self.expect(";")
        return ast.ClassicalDeclaration(kind, name, value)

    def _initial(self) -> Node:
        return self.array_literal() if self.tokens[self.at] == "{" else self.value()

    def constant_declaration(self) -> Node:
        """Takes the declaration of a constant."""
        self.at += 1
        kind, name = self.scalar_type(), self.name()
        self.expect("=")
        node = ast.ConstantDeclaration(kind, name, self._initial())
        self.expect(";")
        return node

    def io_declaration(self) -> Node:
        """Takes the declaration of an input or an output."""
        self.require_global()
        direction = ast.IOKeyword[self.tokens[self.at]]
        self.at += 1
        is_array = self.tokens[self.at] == "array"
        kind = self.array_type() if is_array else self.scalar_type()
        node = ast.IODeclaration(direction, kind, self.name())
        self.expect(";")
        return node

    def qubit_declaration(self) -> Node:
        """Takes the declaration of a qubit or a register of qubits."""
        self.require_global()
        self.at += 1
        size = self.size()
        node = ast.QubitDeclaration(self.name(), size)
        self.expect(";")
        return node

    def old_declaration(self) -> Node:
        """Takes the declaration of a register as in OpenQASM 2."""
        at = self.at
        self.at = at + 1
        name, size = self.name(), self.size()
        require_positive(size)
        self.expect(";")
        if self.tokens[at] == "qreg":
            self.require_global()
            return ast.QubitDeclaration(name, size)
        kind = ast.BitType(size)
        kind.span = at
        return ast.ClassicalDeclaration(kind, name, None)

    def alias(self) -> Node:
        """Takes the declaration of an alias."""
        self.at += 1
        name = self.name()
        self.expect("=")
        value = self.expression()
        while self.tokens[self.at] == "++":
            self.descend()
            self.at += 1
            first = value.span
            value = ast.Concatenation(value, self.expression())
            value.span = first
        self.expect(";")
        return ast.AliasStatement(name, value)

    def include(self) -> Node:
        """Takes the inclusion of a file."""
        self.require_global()
        token = self.tokens[self.at + 1]
        if token[:1] != '"' or len(token) < 3:
            raise UnsureError
        self.at += 2
        self.expect(";")
        return ast.Include(token[1:-1])

    # Parts of declarations

    def array_type(self) -> ast.ArrayType:
        """Takes the type of an array."""
        at = self.at
        self.expect("array")
        self.expect("[")
        base = self.scalar_type()
        self.expect(",")
        dimensions = self.expressions("]")
        if isinstance(base, ast.StretchType) or any(
            isinstance(dimension, ast.UnaryExpression) for dimension in dimensions
        ):
            raise UnsureError
        node = ast.ArrayType(base, dimensions)
        node.span = at
        return node

    def array_reference_type(self) -> ast.ArrayReferenceType:
        """Takes the type of an array that is an argument, after its access."""
        self.expect("array")
        self.expect("[")
        base = self.scalar_type()
        self.expect(",")
        if self.tokens[self.at] != "#dim":
            return ast.ArrayReferenceType(base, self.expressions("]"))
        self.at += 1
        self.expect("=")
        count = self.expression()
        self.expect("]")
        return ast.ArrayReferenceType(base, count)

    def argument(self) -> Node:
        """Takes an argument of a subroutine's definition."""
        at = self.at
        token = self.tokens[at]
        node: Node
        if token == "qubit":
            self.at += 1
            size = self.size()
            node = ast.QuantumArgument(self.name(), size)
        elif token in ("readonly", "mutable"):
            self.at += 1
            kind = self.array_reference_type()
            kind.span = at
            node = ast.ClassicalArgument(kind, self.name(), ast.AccessControl[token])
        else:
            kind = self.scalar_type()
            node = ast.ClassicalArgument(kind, self.name(), None)
        node.span = at
        return node

    def measurement(self) -> ast.QuantumMeasurement:
        """Takes a measurement."""
        if self.definition == "gate":
            raise UnsureError
        at = self.at
        self.at = at + 1
        node = ast.QuantumMeasurement(self.qubit())
        node.span = at
        return node

    def value(self) -> Node:
        """Takes an expression or a measurement."""
        return self.measurement() if self.tokens[self.at] == "measure" else self.expression()

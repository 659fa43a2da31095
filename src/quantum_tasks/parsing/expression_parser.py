"""From tokens to the syntax trees of expressions, types, and what can be indexed.

The trees are those of `openqasm3.parse`. For `span`, a node has the index of its first token.
"""

from __future__ import annotations

import re
from typing import Any

from openqasm3 import ast

from quantum_tasks.parsing.indices import Node
from quantum_tasks.parsing.lexer import KEYWORDS

MAX_OPERATORS = 50  # above one another; the other parser overflows its stack somewhere above 100

_POWER = 16
_UNARY = 15
_PRIORITIES = (
    ("||", 5),
    ("&&", 6),
    ("|", 7),
    ("^", 8),
    ("&", 9),
    ("== !=", 10),
    ("> < >= <=", 11),
    ("<< >>", 12),
    ("+ -", 13),
    ("* / %", 14),
    ("**", _POWER),
)
# Operator -> its priority, the least priority of operators to its right, and its name.
_BINARY = {
    operator: (priority, priority + (operator != "**"), ast.BinaryOperator[operator])
    for operators, priority in _PRIORITIES
    for operator in operators.split()
}
_UNARY_OPERATORS = {operator: ast.UnaryOperator[operator] for operator in "~!-"}
_BOOLEANS = {"true": True, "false": False}
_BASES = {"0x": 16, "0X": 16, "0b": 2, "0B": 2, "0o": 8}
_BITSTRING = re.compile(r'"([01](?:_?[01])*+)"')
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


class UnsureError(Exception):
    """This is not OpenQASM 3, or a kind of it that only the other parser reads."""


class ExpressionParser:
    """Reads tokens from `at` on."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = [*tokens, "", "", "", ""]  # as far as anything looks ahead
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

    # Expressions

    def expression(self, least: int = 0) -> Node:
        """Takes an expression, up to the first operator of a lower priority."""
        node = self._operand()
        while True:
            found = _BINARY.get(self.tokens[self.at])
            if found is None or found[0] < least:
                return node
            self.descend()
            self.at += 1
            left = node
            node = ast.BinaryExpression(found[2], left, self.expression(found[1]))
            node.span = left.span

    def expressions(self, end: str) -> list[Node]:
        """Takes expressions with commas between, up to `end`, and that."""
        found = []
        before = lowest = self.operators_left
        while True:
            found.append(self.expression())
            lowest = min(lowest, self.operators_left)
            self.operators_left = before  # these stand side by side
            if self.tokens[self.at] == ",":
                self.at += 1
                if self.tokens[self.at] != end:
                    continue
            self.expect(end)
            self.operators_left = lowest
            return found

    def descend(self) -> None:
        """Counts an operator, or what nests expressions like one."""
        self.operators_left -= 1
        if self.operators_left < 0:
            raise UnsureError

    def _operand(self) -> Node:
        at = self.at
        token = self.tokens[at]
        node: Node
        if token.isidentifier() and token not in KEYWORDS:
            self.at = at + 1
            called = self.tokens[at + 1] == "("
            node = self._call(token) if called else ast.Identifier(token)
        elif token == "(":
            self.descend()
            self.at = at + 1
            node = self.expression()
            self.expect(")")
        elif token in _UNARY_OPERATORS:
            self.descend()
            self.at = at + 1
            node = ast.UnaryExpression(_UNARY_OPERATORS[token], self.expression(_UNARY))
            node.span = at
            return node
        elif token in TYPES:
            self.descend()
            kind = self.scalar_type()
            self.expect("(")
            node = ast.Cast(kind, self.expression())
            self.expect(")")
        else:
            self.at = at + 1
            node = _literal(token)
        node.span = at
        while self.tokens[self.at] == "[":
            self.descend()
            node = ast.IndexExpression(node, self.index())
            node.span = at
        return node

    def _call(self, token: str) -> Node:
        name = ast.Identifier(token)
        name.span = self.at - 1
        arguments = self.arguments()
        if token != "sizeof":
            return ast.FunctionCall(name, arguments)
        if len(arguments) not in (1, 2):
            raise UnsureError
        return ast.SizeOf(*arguments)

    def arguments(self) -> list[Node]:
        """Takes expressions in parentheses."""
        self.descend()
        self.expect("(")
        if self.tokens[self.at] == ")":
            self.at += 1
            return []
        return self.expressions(")")

    def array_literal(self) -> ast.ArrayLiteral:
        """Takes an array literal."""
        self.descend()
        at = self.at
        self.expect("{")
        values: list[Node] = []
        before = lowest = self.operators_left
        while self.tokens[self.at] != "}":
            nested = self.tokens[self.at] == "{"
            values.append(self.array_literal() if nested else self.expression())
            lowest = min(lowest, self.operators_left)
            self.operators_left = before
            if self.tokens[self.at] != ",":
                break
            self.at += 1
        self.expect("}")
        self.operators_left = lowest
        node = ast.ArrayLiteral(values)
        node.span = at
        return node

    def set_expression(self) -> ast.DiscreteSet:
        """Takes a set of values."""
        at = self.at
        self.expect("{")
        node = ast.DiscreteSet(self.expressions("}"))
        node.span = at
        return node

    def range_or_expression(self) -> Node:
        """Takes an expression, or a range of them."""
        at = self.at
        start = end = step = None
        if self.tokens[at] != ":":
            start = self.expression()
            if self.tokens[self.at] != ":":
                return start
        self.at += 1
        if self.tokens[self.at] not in (":", ",", "]"):
            end = self.expression()
        if self.tokens[self.at] == ":":
            self.at += 1
            step, end = end, self.expression()
        node = ast.RangeDefinition(start, end, step)
        node.span = at
        return node

    def index(self) -> Any:
        """Takes an index in brackets: a set, or a list of expressions and ranges."""
        tokens, at = self.tokens, self.at + 1
        self.expect("[")
        token = tokens[at]
        if tokens[at + 1] == "]" and token.isdecimal():
            self.at = at + 2
            literal = ast.IntegerLiteral(int(token))
            literal.span = at
            return [literal]
        if token == "{":
            chosen = self.set_expression()
            self.expect("]")
            return chosen
        found = []
        while True:
            found.append(self.range_or_expression())
            if tokens[self.at] == ",":
                self.at += 1
                if tokens[self.at] != "]":
                    continue
            self.expect("]")
            return found

    # What statements are about

    def reference(self) -> Node:
        """Takes the name of something, with indices if need be."""
        name = self.name()
        if self.tokens[self.at] != "[":
            return name
        indices = [self.index()]
        while self.tokens[self.at] == "[":
            indices.append(self.index())
        node = ast.IndexedIdentifier(name, indices)
        node.span = name.span
        return node

    def qubit(self) -> Node:
        """Takes what a gate works on."""
        token = self.tokens[self.at]
        if token[:1] != "$" or token == "$":
            return self.reference()
        node = ast.Identifier(token)
        node.span = self.at
        self.at += 1
        return node

    def qubits(self) -> list[Node]:
        """Takes what a gate works on, up to a semicolon, and that."""
        tokens = self.tokens
        found = [self.qubit()]
        while tokens[self.at] == ",":
            self.at += 1
            if tokens[self.at] == ";":
                break
            found.append(self.qubit())
        self.expect(";")
        return found

    # Types

    def designator(self) -> Node:
        """Takes an expression in brackets, which begins where they do."""
        at = self.at
        self.expect("[")
        node = self.expression()
        self.expect("]")
        node.span = at
        return node

    def size(self) -> Node | None:
        """Takes a size in brackets, if there is one."""
        return self.designator() if self.tokens[self.at] == "[" else None

    def scalar_type(self) -> Node:
        """Takes a type that is not an array's."""
        at = self.at
        token = self.tokens[at]
        self.at = at + 1
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
        if self.tokens[self.at] != "[":
            return None
        self.at += 1
        if self.tokens[self.at] != "float":
            raise UnsureError
        base = self.scalar_type()
        self.expect("]")
        return base


def require_positive(size: Node | None) -> None:
    """The other parser checks as much of a size."""
    if isinstance(size, ast.UnaryExpression) or (
        isinstance(size, ast.IntegerLiteral) and size.value == 0
    ):
        raise UnsureError


def _literal(token: str) -> Node:
    if token.isdecimal():
        return ast.IntegerLiteral(int(token))
    if token in _BOOLEANS:
        return ast.BooleanLiteral(_BOOLEANS[token])
    first, last = token[:1], token[-1:]
    if first.isdecimal() or (first == "." and token != "."):
        if base := _BASES.get(token[:2]):
            return ast.IntegerLiteral(int(token, base))
        if last == "m":
            return ast.ImaginaryLiteral(float(token[:-2]))
        if last == "t":
            return ast.DurationLiteral(float(token[:-2]), ast.TimeUnit["dt"])
        if last == "s":
            unit = token[-2:] if token[-2] in "num" else "s"
            return ast.DurationLiteral(float(token[: -len(unit)]), ast.TimeUnit[unit])
        if "." in token or "e" in token or "E" in token:
            return ast.FloatLiteral(float(token))
        return ast.IntegerLiteral(int(token))
    if first == "$" and token != "$":
        return ast.Identifier(token)
    if bits := _BITSTRING.fullmatch(token):
        digits = bits[1].replace("_", "")
        return ast.BitstringLiteral(int(digits, 2), len(digits))
    raise UnsureError

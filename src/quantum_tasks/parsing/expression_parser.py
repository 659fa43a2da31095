"""From tokens to the syntax trees of expressions and indices.

The trees are those of `openqasm3.parse`. For `span`, a node has the index of its first token.
"""

from __future__ import annotations

import re
from typing import Any

from openqasm3 import ast

from quantum_tasks.parsing.cursor import Cursor, UnsureError
from quantum_tasks.parsing.lexer import KEYWORDS
from quantum_tasks.parsing.mistakes import Node
from quantum_tasks.parsing.type_parser import TYPES, TypeParser

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
# Operator -> its priority, the lowest priority of an operator in its right operand, and its name.
_BINARY = {
    operator: (priority, priority + (operator != "**"), ast.BinaryOperator[operator])
    for operators, priority in _PRIORITIES
    for operator in operators.split()
}
_UNARY_OPERATORS = {operator: ast.UnaryOperator[operator] for operator in "~!-"}
_BOOLEANS = {"true": True, "false": False}
_BASES = {"0x": 16, "0X": 16, "0b": 2, "0B": 2, "0o": 8}
_BITSTRING = re.compile(r'"([01](?:_?[01])*+)"')


class ExpressionParser:
    """Reads expressions and indices; `types` reads those of casts."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        self.types = TypeParser(cursor, self.expression)

    # Expressions

    def expression(self, least: int = 0) -> Node:
        """Takes an expression, up to the first operator of a lower priority."""
        cursor = self._cursor
        node = self._operand()
        while True:
            found = _BINARY.get(cursor.tokens[cursor.at])
            if found is None or found[0] < least:
                return node
            cursor.descend()
            cursor.at += 1
            left = node
            node = ast.BinaryExpression(found[2], left, self.expression(found[1]))
            node.span = left.span

    def expressions(self, end: str) -> list[Node]:
        """Takes expressions with commas between, up to `end`, and that."""
        cursor = self._cursor
        found = []
        before = lowest = cursor.operators_left
        while True:
            found.append(self.expression())
            lowest = min(lowest, cursor.operators_left)
            cursor.operators_left = before  # these stand side by side
            if cursor.tokens[cursor.at] == ",":
                cursor.at += 1
                if cursor.tokens[cursor.at] != end:
                    continue
            cursor.expect(end)
            cursor.operators_left = lowest
            return found

    def _operand(self) -> Node:
        cursor = self._cursor
        at = cursor.at
        token = cursor.tokens[at]
        node: Node
        if token.isidentifier() and token not in KEYWORDS:
            cursor.at = at + 1
            called = cursor.tokens[at + 1] == "("
            node = self._call(token) if called else ast.Identifier(token)
        elif token == "(":
            cursor.descend()
            cursor.at = at + 1
            node = self.expression()
            cursor.expect(")")
        elif token in _UNARY_OPERATORS:
            cursor.descend()
            cursor.at = at + 1
            node = ast.UnaryExpression(_UNARY_OPERATORS[token], self.expression(_UNARY))
            node.span = at
            return node
        elif token in TYPES:
            cursor.descend()
            kind = self.types.scalar_type()
            cursor.expect("(")
            node = ast.Cast(kind, self.expression())
            cursor.expect(")")
        else:
            cursor.at = at + 1
            node = _literal(token)
        node.span = at
        while cursor.tokens[cursor.at] == "[":
            cursor.descend()
            node = ast.IndexExpression(node, self.index())
            node.span = at
        return node

    def _call(self, token: str) -> Node:
        cursor = self._cursor
        name = ast.Identifier(token)
        name.span = cursor.at - 1
        arguments = self.arguments()
        if token != "sizeof":
            return ast.FunctionCall(name, arguments)
        if len(arguments) not in (1, 2):
            raise UnsureError
        return ast.SizeOf(*arguments)

    def arguments(self) -> list[Node]:
        """Takes expressions in parentheses."""
        cursor = self._cursor
        cursor.descend()
        cursor.expect("(")
        if cursor.tokens[cursor.at] == ")":
            cursor.at += 1
            return []
        return self.expressions(")")

    def array_literal(self) -> ast.ArrayLiteral:
        """Takes an array literal."""
        cursor = self._cursor
        cursor.descend()
        at = cursor.at
        cursor.expect("{")
        values: list[Node] = []
        before = lowest = cursor.operators_left
        while cursor.tokens[cursor.at] != "}":
            nested = cursor.tokens[cursor.at] == "{"
            values.append(self.array_literal() if nested else self.expression())
            lowest = min(lowest, cursor.operators_left)
            cursor.operators_left = before
            if cursor.tokens[cursor.at] != ",":
                break
            cursor.at += 1
        cursor.expect("}")
        cursor.operators_left = lowest
        node = ast.ArrayLiteral(values)
        node.span = at
        return node

    def set_expression(self) -> ast.DiscreteSet:
        """Takes a set of values."""
        cursor = self._cursor
        at = cursor.at
        cursor.expect("{")
        node = ast.DiscreteSet(self.expressions("}"))
        node.span = at
        return node

    def range_or_expression(self) -> Node:
        """Takes an expression, or a range of them."""
        cursor = self._cursor
        at = cursor.at
        start = end = step = None
        if cursor.tokens[at] != ":":
            start = self.expression()
            if cursor.tokens[cursor.at] != ":":
                return start
        cursor.at += 1
        if cursor.tokens[cursor.at] not in (":", ",", "]"):
            end = self.expression()
        if cursor.tokens[cursor.at] == ":":
            cursor.at += 1
            step, end = end, self.expression()
        node = ast.RangeDefinition(start, end, step)
        node.span = at
        return node

    def index(self) -> Any:
        """Takes an index, which begins here: a set, or a list of expressions and ranges."""
        cursor = self._cursor
        tokens, at = cursor.tokens, cursor.at + 1
        token = tokens[at]
        if tokens[at + 1] == "]" and token.isdecimal():
            cursor.at = at + 2
            literal = ast.IntegerLiteral(int(token))
            literal.span = at
            return [literal]
        cursor.at = at
        if token == "{":
            chosen = self.set_expression()
            cursor.expect("]")
            return chosen
        found = []
        while True:
            found.append(self.range_or_expression())
            if tokens[cursor.at] == ",":
                cursor.at += 1
                if tokens[cursor.at] != "]":
                    continue
            cursor.expect("]")
            return found


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

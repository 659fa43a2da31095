"""Angles of OpenQASM 2: expressions of real numbers."""

from __future__ import annotations

import re

from openqasm3 import ast

from quantum_tasks.errors import QasmSemantic
from quantum_tasks.parsing.mistakes import Node
from quantum_tasks.parsing.qasm2_reader import FUNCTIONS, Reader

_REAL = re.compile(r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_STRENGTH = {"+": 1, "-": 1, "*": 2, "/": 2, "^": 4}
_NEGATION = 3


class AngleParser:
    """Reads angles, in which `names` stand for those of a gate."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._cursor = reader.cursor
        self.names: set[str] = set()

    def expression(self, least: int = 1) -> Node:
        """Takes an expression of operators that bind at least so strongly."""
        cursor = self._cursor
        at = cursor.at
        self._reader.descend()
        node = self._operand()
        while (strength := _STRENGTH.get(operator := cursor.tokens[cursor.at], 0)) >= least:
            cursor.at += 1
            self._reader.descend()
            right = self.expression(strength if operator == "^" else strength + 1)
            cursor.operators_left += 1
            name = "**" if operator == "^" else operator
            node = ast.BinaryExpression(ast.BinaryOperator[name], node, right)
            node.span = at
        cursor.operators_left += 1
        return node

    def _operand(self) -> Node:
        cursor = self._cursor
        at = cursor.at
        token = cursor.tokens[at]
        node: Node
        if token in ("-", "+"):
            cursor.at += 1
            node = self.expression(_NEGATION)
            if token == "-":
                node = ast.UnaryExpression(ast.UnaryOperator["-"], node)
        elif token == "(":
            cursor.at += 1
            node = self.expression()
            self._reader.expect(")")
        elif token in FUNCTIONS:
            cursor.at += 1
            self._reader.expect("(")
            name = ast.Identifier(FUNCTIONS[token])
            name.span = at
            node = ast.FunctionCall(name, [self.expression()])
            self._reader.expect(")")
        elif _REAL.fullmatch(token):
            cursor.at += 1
            node = ast.FloatLiteral(float(token))
        elif token == "pi":
            cursor.at += 1
            node = ast.Identifier(token)
        else:
            node = self._reader.name("an angle, or a number")
            if token not in self.names:
                hint = "an angle has numbers, pi, and the gate's own angles"
                if cursor.tokens[cursor.at] == "(":
                    hint = "a function is one of sin, cos, tan, exp, ln, sqrt"
                raise self._reader.wrong(hint, f"'{token[:40]}' is no angle.", at, QasmSemantic)
        node.span = at
        return node

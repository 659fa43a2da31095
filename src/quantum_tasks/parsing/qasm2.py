"""OpenQASM 2: from text to the syntax trees of OpenQASM 3, or to an error that says what is wrong
and where.

The grammar is that of arXiv:1707.03429. As Qiskit's loader does, it takes empty statements, commas
before the end of a list, and /* comments */.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from openqasm3 import ast

from quantum_tasks.parsing import lexer
from quantum_tasks.parsing.cursor import Cursor, UnsureError
from quantum_tasks.parsing.mistakes import Node, ProgramError
from quantum_tasks.parsing.qasm2_angles import AngleParser
from quantum_tasks.parsing.qasm2_reader import WORDS, Reader

NEWER = "this looks like OpenQASM 3, whose programs begin with OPENQASM 3.0;"
_VERSION = re.compile(r"2(?:\.0+)?")


class Opaque(ast.Statement):  # type: ignore[misc]
    """The declaration of a gate without a definition."""

    def __init__(self, name: ast.Identifier) -> None:
        self.name = name
        self.span = None


class RegisterIs(ast.Expression):  # type: ignore[misc]
    """Whether a classical register, as an unsigned number, is a number."""

    def __init__(self, register: ast.Identifier, number: int) -> None:
        self.register = register
        self.number = number
        self.span: int | None = None


def parse(text: str) -> ast.Program:
    """The syntax tree of a text without comments. Raises ProgramError."""
    return Parser(text).program()


def statements(text: str, whole: bool = False) -> list[Node]:
    """The syntax trees of statements alone, or behind the version. Raises UnsureError."""
    try:
        parser = Parser(text)
        return parser.program().statements if whole else parser.statements()
    except ProgramError:
        raise UnsureError from None


class Parser:
    """Reads a program."""

    def __init__(self, text: str) -> None:
        self._cursor = Cursor(lexer.pieces(text))
        self._reader = Reader(self._cursor)
        self._angles = AngleParser(self._reader)

    def program(self) -> ast.Program:
        """Takes the whole program."""
        cursor = self._cursor
        version = cursor.tokens[1]
        cursor.at = 1
        if cursor.tokens[0] != "OPENQASM" or not _VERSION.fullmatch(version):
            raise self._reader.wrong("OPENQASM 2.0;")
        cursor.at = 2
        self._reader.expect(";")
        node = ast.Program(self.statements(), version)
        node.span = 0
        return node

    def statements(self) -> list[Node]:
        """Takes all statements that are left."""
        cursor = self._cursor
        found = []
        while cursor.tokens[cursor.at]:
            if cursor.tokens[cursor.at] == ";":
                cursor.at += 1
            else:
                found.append(self._reader.placed(self._statement))
        return found

    # Statements

    def _statement(self) -> Node:
        cursor = self._cursor
        token = cursor.tokens[cursor.at]
        rule = _RULES.get(token)
        if rule is not None:
            cursor.at += 1
            return rule(self)
        return self._operation()

    def _include(self) -> Node:
        cursor = self._cursor
        token = cursor.tokens[cursor.at]
        if token[:1] != '"' or len(token) < 3:
            raise self._reader.wrong('include "qelib1.inc";')
        cursor.at += 1
        self._reader.expect(";")
        return ast.Include(token[1:-1])

    def _register(self) -> tuple[ast.Identifier, ast.IntegerLiteral]:
        name = self._reader.name("a register")
        self._reader.expect("[", "a register has a size: qreg q[2];")
        size = self._reader.placed(self._reader.whole)
        self._reader.expect("]")
        self._reader.expect(";")
        return name, size

    def _qreg(self) -> Node:
        name, size = self._register()
        return ast.QubitDeclaration(name, size)

    def _creg(self) -> Node:
        name, size = self._register()
        return ast.ClassicalDeclaration(ast.BitType(size), name, None)

    def _head(self) -> tuple[ast.Identifier, list[ast.Identifier], list[ast.Identifier]]:
        """Takes the name, the angles and the qubits of a gate that is declared."""
        cursor = self._cursor
        name, angles = self._reader.name("a gate"), []
        if cursor.tokens[cursor.at] == "(":
            cursor.at += 1
            angles = self._reader.listed(lambda: self._reader.name("an angle"), ")")
            self._reader.expect(")", "expected ',' or ')'")
        qubits = [self._reader.name("a qubit")]
        while cursor.tokens[cursor.at] == ",":
            cursor.at += 1
            qubits.append(self._reader.name("a qubit"))
        return name, angles, qubits

    def _gate(self) -> Node:
        cursor = self._cursor
        name, angles, qubits = self._head()
        self._reader.expect("{", "expected ',' or '{'")
        self._angles.names = {angle.name for angle in angles}
        body = []
        while (token := cursor.tokens[cursor.at]) != "}":
            if token == "barrier":
                body.append(self._reader.placed(self._barrier_inside))
            elif token == ";":
                cursor.at += 1
            elif token in WORDS:
                raise self._reader.wrong(
                    "a gate consists of U, CX, gates that are defined before it, and barriers"
                )
            else:
                body.append(self._reader.placed(self._call_inside))
        cursor.at += 1
        self._angles.names = set()
        return ast.QuantumGateDefinition(name, angles, qubits, body)

    def _opaque(self) -> Node:
        name, _, _ = self._head()
        self._reader.expect(";")
        return Opaque(name)

    def _if(self) -> Node:
        cursor = self._cursor
        self._reader.expect("(")
        at = cursor.at
        register = self._reader.name("a classical register")
        whole = "a whole register is compared: if (c == 1)"
        self._reader.expect("==", whole)
        condition = RegisterIs(register, self._reader.placed(self._reader.whole).value)
        condition.span = at
        self._reader.expect(")", whole)
        token = cursor.tokens[cursor.at]
        if token in WORDS - {"measure", "reset"}:
            raise self._reader.wrong("a gate, a measurement or a reset can have a condition")
        return ast.BranchingStatement(condition, [self._reader.placed(self._statement)], [])

    def _measure(self) -> Node:
        at = self._cursor.at - 1
        measurement = ast.QuantumMeasurement(self._operand("a qubit"))
        measurement.span = at
        self._reader.expect("->", "say where it is measured into: measure q -> c;")
        target = self._operand("a classical bit")
        self._reader.expect(";")
        return ast.QuantumMeasurementStatement(measurement, target)

    def _reset(self) -> Node:
        node = ast.QuantumReset(self._operand("a qubit"))
        self._reader.expect(";")
        return node

    def _barrier(self) -> Node:
        return ast.QuantumBarrier(self._operands(lambda: self._operand("a qubit")))

    def _barrier_inside(self) -> Node:
        self._cursor.at += 1
        return ast.QuantumBarrier(self._operands(lambda: self._reader.name("a qubit of the gate")))

    def _operation(self) -> Node:
        return self._call(lambda: self._operand("a qubit"))

    def _call_inside(self) -> Node:
        return self._call(lambda: self._reader.name("a qubit of the gate"))

    def _call(self, operand: Callable[[], Node]) -> Node:
        cursor = self._cursor
        at = cursor.at
        try:
            name = self._reader.name("a gate", of_gate=True)
            angles: list[Node] = []
            if cursor.tokens[cursor.at] == "(":
                cursor.at += 1
                angles = self._reader.listed(self._angles.expression, ")")
                self._reader.expect(")", "expected ',' or ')'")
            qubits = self._operands(operand)
        except ProgramError:
            if cursor.tokens[at] in lexer.KEYWORDS or cursor.tokens[cursor.at] in ("=", "@"):
                raise self._reader.wrong(NEWER, at=at) from None
            raise
        if not qubits:
            raise self._reader.wrong("say which qubits it works on", at=cursor.at - 1)
        return ast.QuantumGate([], name, angles, qubits)

    # Parts of statements

    def _operands(self, operand: Callable[[], Node]) -> list[Node]:
        found = self._reader.listed(operand, ";")
        self._reader.expect(";")
        return found

    def _operand(self, what: str) -> Node:
        cursor = self._cursor
        name = self._reader.name(what)
        if cursor.tokens[cursor.at] != "[":
            return name
        cursor.at += 1
        node = ast.IndexedIdentifier(name, [[self._reader.placed(self._reader.whole)]])
        node.span = name.span
        self._reader.expect("]")
        return node


_RULES: dict[str, Callable[[Parser], Node]] = {
    "include": Parser._include,
    "qreg": Parser._qreg,
    "creg": Parser._creg,
    "gate": Parser._gate,
    "opaque": Parser._opaque,
    "if": Parser._if,
    "measure": Parser._measure,
    "reset": Parser._reset,
    "barrier": Parser._barrier,
}

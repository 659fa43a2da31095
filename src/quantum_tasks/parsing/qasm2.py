"""OpenQASM 2: from text to the syntax trees of OpenQASM 3, or to an error that says what is wrong
and where.

The grammar is that of arXiv:1707.03429. As Qiskit's loader does, it takes empty statements, commas
before the end of a list, and /* comments */.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from openqasm3 import ast

from quantum_tasks.errors import Problem, QasmSemantic, QasmSyntax, TooComplex
from quantum_tasks.parsing import lexer
from quantum_tasks.parsing.cursor import Cursor, UnsureError
from quantum_tasks.parsing.mistakes import Node, ProgramError

T = TypeVar("T")

_WORDS = "OPENQASM include qreg creg gate opaque if measure reset barrier"
WORDS = frozenset(_WORDS.split())
FUNCTIONS = {"sin": "sin", "cos": "cos", "tan": "tan", "exp": "exp", "ln": "log", "sqrt": "sqrt"}
NEWER = "this looks like OpenQASM 3, whose programs begin with OPENQASM 3.0;"
_RESERVED = WORDS | FUNCTIONS.keys() | {"pi", "U", "CX"}
_NAME = re.compile(r"[a-z][A-Za-z0-9_]*")
_VERSION = re.compile(r"2(?:\.0+)?")
_WHOLE = re.compile(r"[0-9]+")
_REAL = re.compile(r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_STRENGTH = {"+": 1, "-": 1, "*": 2, "/": 2, "^": 4}
_NEGATION = 3
_DIGITS = 18  # of a whole number


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
        self._angles: set[str] = set()  # of the gate that is being defined

    def program(self) -> ast.Program:
        """Takes the whole program."""
        cursor = self._cursor
        version = cursor.tokens[1]
        cursor.at = 1
        if cursor.tokens[0] != "OPENQASM" or not _VERSION.fullmatch(version):
            raise self._wrong("OPENQASM 2.0;")
        cursor.at = 2
        self._expect(";")
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
                found.append(self._placed(self._statement))
        return found

    # What is wrong

    def _wrong(
        self,
        hint: str | None = None,
        message: str | None = None,
        at: int | None = None,
        problem: type[Problem] = QasmSyntax,
    ) -> ProgramError:
        cursor = self._cursor
        place = ast.Identifier("")
        place.span = cursor.at if at is None else at
        token = cursor.tokens[place.span]
        if message is None and not token:
            message = "Syntax error: the program ends in the middle of a statement."
        message = message or f"Syntax error: unexpected '{token[:40]}'."
        return ProgramError(problem, message, place, hint)

    def _expect(self, token: str, hint: str | None = None) -> None:
        cursor = self._cursor
        if cursor.tokens[cursor.at] != token:
            missing = (
                f"a '{token}' is missing before this" if token == ";" else f"expected '{token}'"
            )
            raise self._wrong(hint or missing)
        cursor.at += 1

    def _placed(self, read: Callable[[], T]) -> T:
        at = self._cursor.at
        node = read()
        node.span = at  # type: ignore[attr-defined]
        return node

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
            raise self._wrong('include "qelib1.inc";')
        cursor.at += 1
        self._expect(";")
        return ast.Include(token[1:-1])

    def _register(self) -> tuple[ast.Identifier, ast.IntegerLiteral]:
        name = self._name("a register")
        self._expect("[", "a register has a size: qreg q[2];")
        size = self._placed(self._whole)
        self._expect("]")
        self._expect(";")
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
        name, angles = self._name("a gate"), []
        if cursor.tokens[cursor.at] == "(":
            cursor.at += 1
            angles = self._list(lambda: self._name("an angle"), ")")
            self._expect(")", "expected ',' or ')'")
        qubits = [self._name("a qubit")]
        while cursor.tokens[cursor.at] == ",":
            cursor.at += 1
            qubits.append(self._name("a qubit"))
        return name, angles, qubits

    def _gate(self) -> Node:
        cursor = self._cursor
        name, angles, qubits = self._head()
        self._expect("{", "expected ',' or '{'")
        self._angles = {angle.name for angle in angles}
        body = []
        while (token := cursor.tokens[cursor.at]) != "}":
            if token == "barrier":
                body.append(self._placed(self._barrier_inside))
            elif token == ";":
                cursor.at += 1
            elif token in WORDS:
                raise self._wrong(
                    "a gate consists of U, CX, gates that are defined before it, and barriers"
                )
            else:
                body.append(self._placed(self._call_inside))
        cursor.at += 1
        self._angles = set()
        return ast.QuantumGateDefinition(name, angles, qubits, body)

    def _opaque(self) -> Node:
        name, _, _ = self._head()
        self._expect(";")
        return Opaque(name)

    def _if(self) -> Node:
        cursor = self._cursor
        self._expect("(")
        at = cursor.at
        register = self._name("a classical register")
        whole = "a whole register is compared: if (c == 1)"
        self._expect("==", whole)
        condition = RegisterIs(register, self._placed(self._whole).value)
        condition.span = at
        self._expect(")", whole)
        token = cursor.tokens[cursor.at]
        if token in WORDS - {"measure", "reset"}:
            raise self._wrong("a gate, a measurement or a reset can have a condition")
        return ast.BranchingStatement(condition, [self._placed(self._statement)], [])

    def _measure(self) -> Node:
        at = self._cursor.at - 1
        measurement = ast.QuantumMeasurement(self._operand("a qubit"))
        measurement.span = at
        self._expect("->", "say where it is measured into: measure q -> c;")
        target = self._operand("a classical bit")
        self._expect(";")
        return ast.QuantumMeasurementStatement(measurement, target)

    def _reset(self) -> Node:
        node = ast.QuantumReset(self._operand("a qubit"))
        self._expect(";")
        return node

    def _barrier(self) -> Node:
        return ast.QuantumBarrier(self._operands(lambda: self._operand("a qubit")))

    def _barrier_inside(self) -> Node:
        self._cursor.at += 1
        return ast.QuantumBarrier(self._operands(lambda: self._name("a qubit of the gate")))

    def _operation(self) -> Node:
        return self._call(lambda: self._operand("a qubit"))

    def _call_inside(self) -> Node:
        return self._call(lambda: self._name("a qubit of the gate"))

    def _call(self, operand: Callable[[], Node]) -> Node:
        cursor = self._cursor
        at = cursor.at
        try:
            name = self._name("a gate", callable=True)
            angles: list[Node] = []
            if cursor.tokens[cursor.at] == "(":
                cursor.at += 1
                angles = self._list(self._expression, ")")
                self._expect(")", "expected ',' or ')'")
            qubits = self._operands(operand)
        except ProgramError:
            if cursor.tokens[at] in lexer.KEYWORDS or cursor.tokens[cursor.at] in ("=", "@"):
                raise self._wrong(NEWER, at=at) from None
            raise
        if not qubits:
            raise self._wrong("say which qubits it works on", at=cursor.at - 1)
        return ast.QuantumGate([], name, angles, qubits)

    # Parts of statements

    def _list(self, read: Callable[[], T], end: str) -> list[T]:
        """Takes what stands between commas, up to `end`."""
        cursor = self._cursor
        found: list[T] = []
        while cursor.tokens[cursor.at] != end:
            found.append(read())
            if cursor.tokens[cursor.at] != ",":
                break
            cursor.at += 1
        return found

    def _operands(self, operand: Callable[[], Node]) -> list[Node]:
        found = self._list(operand, ";")
        self._expect(";")
        return found

    def _operand(self, what: str) -> Node:
        cursor = self._cursor
        name = self._name(what)
        if cursor.tokens[cursor.at] != "[":
            return name
        cursor.at += 1
        node = ast.IndexedIdentifier(name, [[self._placed(self._whole)]])
        node.span = name.span
        self._expect("]")
        return node

    def _name(self, what: str, callable: bool = False) -> ast.Identifier:
        cursor = self._cursor
        token = cursor.tokens[cursor.at]
        if callable and token in ("U", "CX"):
            pass
        elif not _NAME.fullmatch(token) or token in _RESERVED:
            hint = f"expected the name of {what}"
            if token in _RESERVED:
                hint = f"'{token}' is a word of the language and cannot be a name"
            elif token.isidentifier():
                hint = "names begin with a small letter in OpenQASM 2"
            raise self._wrong(hint)
        node = ast.Identifier(token)
        node.span = cursor.at
        cursor.at += 1
        return node

    def _whole(self) -> ast.IntegerLiteral:
        cursor = self._cursor
        token = cursor.tokens[cursor.at]
        if not _WHOLE.fullmatch(token):
            raise self._wrong("expected a whole number")
        if len(token) > _DIGITS:
            raise self._wrong(message="The number is too large.")
        cursor.at += 1
        return ast.IntegerLiteral(int(token))

    # Angles

    def _expression(self, least: int = 1) -> Node:
        """Takes an expression of operators that bind at least so strongly."""
        cursor = self._cursor
        at = cursor.at
        self._descend()
        node = self._operand_of_angle()
        while (strength := _STRENGTH.get(operator := cursor.tokens[cursor.at], 0)) >= least:
            cursor.at += 1
            self._descend()
            right = self._expression(strength if operator == "^" else strength + 1)
            cursor.operators_left += 1
            name = "**" if operator == "^" else operator
            node = ast.BinaryExpression(ast.BinaryOperator[name], node, right)
            node.span = at
        cursor.operators_left += 1
        return node

    def _operand_of_angle(self) -> Node:
        cursor = self._cursor
        at = cursor.at
        token = cursor.tokens[at]
        node: Node
        if token in ("-", "+"):
            cursor.at += 1
            node = self._expression(_NEGATION)
            if token == "-":
                node = ast.UnaryExpression(ast.UnaryOperator["-"], node)
        elif token == "(":
            cursor.at += 1
            node = self._expression()
            self._expect(")")
        elif token in FUNCTIONS:
            cursor.at += 1
            self._expect("(")
            name = ast.Identifier(FUNCTIONS[token])
            name.span = at
            node = ast.FunctionCall(name, [self._expression()])
            self._expect(")")
        elif _REAL.fullmatch(token):
            cursor.at += 1
            node = ast.FloatLiteral(float(token))
        elif token == "pi":
            cursor.at += 1
            node = ast.Identifier(token)
        else:
            node = self._name("an angle, or a number")
            if token not in self._angles:
                hint = "an angle has numbers, pi, and the gate's own angles"
                if cursor.tokens[cursor.at] == "(":
                    hint = "a function is one of sin, cos, tan, exp, ln, sqrt"
                raise self._wrong(hint, f"'{token[:40]}' is no angle.", at, QasmSemantic)
        node.span = at
        return node

    def _descend(self) -> None:
        try:
            self._cursor.descend()
        except UnsureError:
            message = "The angle is nested too deeply."
            raise self._wrong(message=message, problem=TooComplex) from None


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

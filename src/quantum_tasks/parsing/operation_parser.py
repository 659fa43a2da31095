"""From tokens to the syntax trees of gate calls, measurements, and whatever else is done."""

from __future__ import annotations

from openqasm3 import ast

from quantum_tasks.parsing.cursor import Cursor, UnsureError
from quantum_tasks.parsing.declaration_parser import DeclarationParser
from quantum_tasks.parsing.expression_parser import ExpressionParser
from quantum_tasks.parsing.mistakes import Node
from quantum_tasks.parsing.operand_parser import OperandParser

ASSIGNMENTS = {
    operator: ast.AssignmentOperator[operator]
    for operator in (
        "=",
        *(f"{sign}=" for sign in ("+", "-", "*", "/", "&", "|", "~", "^", "<<", ">>", "%", "**")),
    )
}
MODIFIERS = {name: ast.GateModifierName[name] for name in ("inv", "pow", "ctrl", "negctrl")}


class OperationParser:
    """Reads statements that do something and have no blocks."""

    def __init__(
        self,
        cursor: Cursor,
        expressions: ExpressionParser,
        operands: OperandParser,
        declarations: DeclarationParser,
    ) -> None:
        self._cursor = cursor
        self._expressions = expressions
        self._operands = operands
        self._declarations = declarations

    def gate_call(self, modifiers: list[ast.QuantumGateModifier]) -> Node:
        """Takes the call of a gate, after its modifiers; or that of a subroutine."""
        cursor = self._cursor
        name = cursor.name()
        tokens = cursor.tokens
        arguments = []
        if tokens[cursor.at] == "(":
            arguments = self._expressions.arguments()
            if tokens[cursor.at] == ";" and not modifiers and name.name != "sizeof":
                call = ast.FunctionCall(name, arguments)
                call.span = name.span
                cursor.at += 1
                return ast.ExpressionStatement(call)
        return ast.QuantumGate(modifiers, name, arguments, self._operands.qubits())

    def modified(self) -> Node:
        """Takes the call of a gate that has modifiers."""
        cursor = self._cursor
        modifiers = []
        while (token := cursor.tokens[cursor.at]) in MODIFIERS:
            at = cursor.at
            cursor.at += 1
            argument = None
            if token == "pow" or (token != "inv" and cursor.tokens[cursor.at] == "("):
                cursor.expect("(")
                argument = self._expressions.expression()
                cursor.expect(")")
            cursor.expect("@")
            modifier = ast.QuantumGateModifier(MODIFIERS[token], argument)
            modifier.span = at
            modifiers.append(modifier)
        if token == "gphase":
            return self.phase(modifiers)
        return self.gate_call(modifiers)

    def phase(self, modifiers: list[ast.QuantumGateModifier] | None = None) -> Node:
        """Takes a global phase, after its modifiers."""
        cursor = self._cursor
        cursor.at += 1
        arguments = self._expressions.arguments()
        if len(arguments) != 1:
            raise UnsureError
        return ast.QuantumPhase(modifiers or [], arguments[0], self._any_qubits())

    def _any_qubits(self) -> list[Node]:
        cursor = self._cursor
        if cursor.tokens[cursor.at] != ";":
            return self._operands.qubits()
        cursor.at += 1
        return []

    # Measurements and assignments

    def measure(self) -> Node:
        """Takes a measurement that begins a statement."""
        cursor = self._cursor
        measurement = self._declarations.measurement()
        target = None
        if cursor.tokens[cursor.at] == "->":
            cursor.at += 1
            target = self._operands.reference()
        cursor.expect(";")
        return ast.QuantumMeasurementStatement(measurement, target)

    def assignment(self, target: Node) -> Node:
        """Takes an assignment, after its target."""
        cursor = self._cursor
        operator = ASSIGNMENTS.get(cursor.tokens[cursor.at])
        if operator is None or self._declarations.definition == "gate":
            raise UnsureError
        cursor.at += 1
        node: Node
        if cursor.tokens[cursor.at] == "measure":
            node = ast.QuantumMeasurementStatement(self._declarations.measurement(), target)
        else:
            node = ast.ClassicalAssignment(target, operator, self._expressions.expression())
        cursor.expect(";")
        return node

    def reset(self) -> Node:
        """Takes a reset."""
        cursor = self._cursor
        if self._declarations.definition == "gate":
            raise UnsureError
        cursor.at += 1
        node = ast.QuantumReset(self._operands.qubit())
        cursor.expect(";")
        return node

    def barrier(self) -> Node:
        """Takes a barrier."""
        cursor = self._cursor
        cursor.at += 1
        return ast.QuantumBarrier(self._any_qubits())

    def delay(self) -> Node:
        """Takes a delay."""
        cursor = self._cursor
        cursor.at += 1
        return ast.DelayInstruction(self._expressions.types.designator(), self._any_qubits())

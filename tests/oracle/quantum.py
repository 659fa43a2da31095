"""Gates, measurements and resets: operands, broadcasting and modifiers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from openqasm3 import ast

from oracle import gates
from oracle.expressions import Expressions
from oracle.gates import Operator
from oracle.machine import Machine
from oracle.scopes import Bits, Gate, Qubits, Scope, Variable
from oracle.values import FLOAT, OracleError, Value, parameter

Modifiers = tuple[tuple[str, float], ...]

_matrices: dict[tuple[int, tuple[float, ...]], tuple[ast.QuantumGateDefinition, np.ndarray]] = {}
"""What gates' bodies multiplied out to; the definition is kept so that its id stays its own."""


class Quantum(Expressions):
    """Executes what concerns qubits, on the machine or on the matrix of a gate's body."""

    globals: Scope
    target: Machine | Operator

    def run(self, statements: Sequence[Any]) -> None:
        raise NotImplementedError

    def gate(self, node: ast.QuantumGate) -> None:
        """A gate with a name."""
        name = node.name.name
        arguments = tuple(parameter(self.evaluate(one)) for one in node.arguments)
        if name == "U":
            if len(arguments) != 3:
                raise OracleError("U has three parameters")
            self._apply(node, 1, lambda: gates.universal(*arguments))
            return
        if name == "nop" and not self.scope.has(name):
            for operand in node.qubits:
                self.operand(operand)
            return
        gate = self.scope.find(name)
        if not isinstance(gate, Gate):
            raise OracleError(f"{name} is not a gate")
        if len(arguments) != len(gate.node.arguments):
            raise OracleError(f"{name} has {len(gate.node.arguments)} parameters")
        self._apply(node, len(gate.node.qubits), lambda: self._matrix(gate, arguments))

    def phase(self, node: ast.QuantumPhase) -> None:
        """`gphase`, a gate of no qubits."""
        angle = parameter(self.evaluate(node.argument))
        self._apply(node, 0, lambda: gates.phase(angle))

    def operand(self, node: Any) -> Qubits:
        qubits = self.reference(node)
        if not isinstance(qubits, Qubits):
            raise OracleError("not a qubit")
        if isinstance(self.target, Operator) and isinstance(node, ast.Identifier):
            if node.name.startswith("$"):
                raise OracleError("no physical qubits in a gate")
        elif isinstance(self.target, Operator):
            raise OracleError("no indices in a gate")
        return qubits

    def measure(self, node: ast.QuantumMeasurementStatement) -> None:
        """A measurement, whose target has as many bits as there are qubits."""
        if node.target is None:
            for qubit in self.operand(node.measure.qubit).indices:
                self.machine.measure(qubit, None)
            return
        target = self.reference(node.target)
        if isinstance(target, Bits):
            self.measure_into(target, node.measure)
        else:
            value = self.evaluate(node.measure)
            if isinstance(target, Variable) and target.type.kind == "angle":
                if target.type.size != (value.type.size or 1):
                    raise OracleError("as many qubits as bits are measured")
                value = Value(target.type, value.data)  # its bits
            self.store(target, value)

    def measure_into(self, target: Bits, node: ast.QuantumMeasurement) -> None:
        qubits = self.operand(node.qubit)
        if qubits.scalar != target.scalar or len(qubits.indices) != len(target.cells):
            raise OracleError("as many qubits as bits are measured")
        for qubit, cell in zip(qubits.indices, target.cells, strict=True):
            self.machine.measure(qubit, cell)

    def reset(self, node: ast.QuantumReset) -> None:
        for qubit in self.operand(node.qubits).indices:
            self.machine.reset(qubit)

    def _apply(self, node: ast.QuantumGate | ast.QuantumPhase, width: int, matrix: Any) -> None:
        modifiers = self._modifiers(node.modifiers)
        controls = sum(int(count) for name, count in modifiers if name.endswith("ctrl"))
        if len(node.qubits) != width + controls:
            raise OracleError(f"{width + controls} operands are needed")
        operands = [self.operand(one) for one in node.qubits]
        # One matrix serves all qubits of a register.
        made: list[np.ndarray] = []

        def modified() -> np.ndarray:
            if not made:
                made.append(_modified(matrix(), modifiers))
            return made[0]

        for qubits in _broadcast(operands):
            if len(set(qubits)) != len(qubits):
                raise OracleError("the same qubit twice")
            self.target.apply(modified, qubits)

    def _modifiers(self, nodes: list[ast.QuantumGateModifier]) -> Modifiers:
        result = []
        for node in nodes:
            name, value = node.modifier.name, 1.0
            if name == "pow":
                value = parameter(self.evaluate(node.argument))
            elif node.argument is not None:
                value = self.constant_integer(node.argument)
                if not 1 <= value <= gates.MAX_QUBITS:
                    raise OracleError("a gate has one control or more, and not too many")
            result.append((name, value))
        return tuple(result)

    def _matrix(self, gate: Gate, arguments: tuple[float, ...]) -> np.ndarray:
        """The definition's body, multiplied out."""
        key = (id(gate.node), arguments)
        if key in _matrices:
            return _matrices[key][1]
        count = len(gate.node.qubits)
        operator = Operator(count)
        outside = self.scope, self.target
        self.scope = Scope(self.globals, gate.visible)
        for name, argument in zip(gate.node.arguments, arguments, strict=True):
            self.scope.declare(name.name, Variable(FLOAT, argument, const=True))
        for place, name in enumerate(gate.node.qubits):
            self.scope.declare(name.name, Qubits((place,), scalar=True))
        self.target = operator
        try:
            self.run(gate.node.body)
        finally:
            self.scope, self.target = outside
        if len(_matrices) > 4096:
            _matrices.clear()
        _matrices[key] = (gate.node, operator.matrix)
        return operator.matrix


def _modified(matrix: np.ndarray, modifiers: Modifiers) -> np.ndarray:
    for name, value in reversed(modifiers):
        match name:
            case "inv":
                matrix = matrix.conj().T
            case "pow":
                matrix = gates.power(matrix, value)
            case _:
                for _ in range(int(value)):
                    matrix = gates.controlled(matrix, int(name == "ctrl"))
    return matrix


def _broadcast(operands: list[Qubits]) -> list[tuple[int, ...]]:
    lengths = {len(one.indices) for one in operands if not one.scalar}
    if len(lengths) > 1:
        raise OracleError("registers of different lengths")
    return [
        tuple(one.indices[0 if one.scalar else turn] for one in operands)
        for turn in range(lengths.pop() if lengths else 1)
    ]

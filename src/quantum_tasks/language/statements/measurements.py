"""Measurements: into bits of variables, or as values."""

from __future__ import annotations

from openqasm3 import ast

from quantum_tasks.circuits.circuit import Condition, Measure
from quantum_tasks.language.expressions import Evaluator
from quantum_tasks.language.machine import Machine, Variable
from quantum_tasks.language.scope import Cells, Qubits, called
from quantum_tasks.language.values import Type, Value
from quantum_tasks.parsing.mistakes import Node, semantic


class Measurements:
    """Writes measurements."""

    def __init__(self, evaluator: Evaluator, machine: Machine) -> None:
        self._evaluator = evaluator
        self._machine = machine
        self._listing = machine.listing

    def value(self, node: ast.QuantumMeasurement) -> Value:
        """Measures into bits that nobody sees, and reads those."""
        qubits = self._evaluator.references.qubits(node.qubit)
        bits = []
        for qubit in qubits.numbers:
            bit = self._listing.fixed_bit()
            self._listing.emit(Measure(qubit, bit))
            bits.append(bit)
        if qubits.scalar:
            return Value(Type("bit"), bits[0])
        return Value(Type("bits", len(bits)), tuple(bits))

    def value_or_expression(self, node: Node) -> Value:
        """The value of the right side of a '=': an expression or a measurement."""
        if isinstance(node, ast.QuantumMeasurement):
            return self.value(node)
        return self._evaluator.evaluated(node)

    def into(self, measurement: ast.QuantumMeasurement, cells: Cells, node: Node) -> None:
        """Measures qubits into bits of variables. Raises ProgramError unless they are as many."""
        found = self._evaluator.references.reference(measurement.qubit)
        if not isinstance(found, Qubits):
            raise semantic("Only qubits can be measured.", measurement)
        if len(found.numbers) != len(cells.cells):
            raise semantic(
                f"The two sides of the measurement differ in size: {len(found.numbers)} "
                f"qubit(s) into {len(cells.cells)} bit(s).",
                node,
            )
        known: dict[Variable, dict[int, Condition]] = {}
        for qubit, (variable, place) in zip(found.numbers, cells.cells, strict=True):
            assert variable.homes is not None
            self._listing.measured(variable.homes[place], called(variable, place))
            self._listing.emit(Measure(qubit, variable.homes[place]))
            known.setdefault(variable, {})[place] = variable.homes[place]
        for variable, bits in known.items():
            self._machine.all_measured(variable, bits)

"""From operations to a circuit in the simulator's own instructions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from qiskit_aer.backends.controller_wrappers import (
    AerBinaryExpr,
    AerBinaryOp,
    AerBool,
    AerBoolValue,
    AerCircuit,
    AerUnaryExpr,
    AerUnaryOp,
    AerVar,
)

from quantum_tasks.simulator.circuit import (
    Branch,
    Condition,
    Gate,
    Loop,
    Measure,
    Operation,
    Program,
    Reset,
    Store,
    Unitary,
    any_measurement,
    collect,
    negated,
)
from quantum_tasks.simulator.decomposition import PHASES, ROTATIONS, decompose

PROBABILITIES = "probabilities"

# (gate, controls): the simulator's name for it. What is not here has another form below.
_NAMES = {
    **{(name, 0): name for name in ("x", "y", "z", "h", "s", "sdg", "t", "tdg", "sx", "sxdg")},
    **{(name, 0): name for name in ("p", "rx", "ry", "rz", "swap")},
    **{(name, 1): f"c{name}" for name in ("x", "y", "z", "p", "rx", "ry", "rz", "swap", "sx")},
    ("x", 2): "ccx",
}


def assemble(program: Program, method: str) -> AerCircuit:
    """The circuit of a program, for a method of simulation.

    The bits of its registers come first, in order of declaration, least significant first. Made
    of the simulator's own instructions: Qiskit's circuit would be translated into these, which
    takes longer than a small circuit runs.
    """
    return _Assembler(decompose(program, method)).circuit


def assemble_probabilities(
    qubits: int, gates: Sequence[Operation], measured: Sequence[int]
) -> AerCircuit:
    """A circuit of gates that ends by saving, as PROBABILITIES, how probable each outcome of the
    measured qubits is; the first of them is the least significant bit of an outcome."""
    assembler = _Assembler(Program(qubits, [], []), conditional=False)
    assembler.write(gates)
    assembler.circuit.save_state(list(measured), "save_probabilities", "average", PROBABILITIES)
    return assembler.circuit


class _Assembler:
    def __init__(self, program: Program, conditional: bool | None = None) -> None:
        shown = [bit for register in program.registers for bit in register]
        used: set[int] = set()
        collect(program.operations, set(), used)
        hidden_bits = sorted(used.difference(shown))
        self._places = {bit: place for place, bit in enumerate([*shown, *hidden_bits])}
        # A jump reads its condition from registers, into which measurements then have to write.
        self._conditional = _any_jump(program.operations) if conditional is None else conditional
        self._labels = 0
        self.qubits = max(1, program.qubits)
        self._all_qubits = list(range(self.qubits))
        self.circuit = AerCircuit()
        self.circuit.circ_id = 0
        self.circuit.num_qubits = self.qubits
        self.bits = len(self._places)
        self._names: dict[tuple[str, int, tuple[float, ...]], tuple[str, tuple[float, ...]]] = {}
        hidden = not any_measurement(program.operations) and conditional is None
        self.circuit.num_memory = self.bits + hidden
        self.write(program.operations)
        if hidden:  # the simulator counts only what was measured
            self.circuit.measure([0], [self.bits], [])

    def write(self, written: Sequence[Operation]) -> None:
        circuit, places = self.circuit, self._places
        for operation in written:
            match operation:
                case Gate():
                    name, params = self._native(operation)
                    circuit.gate(name, operation.qubits, params, [], -1, None, name)
                case Measure():
                    bit = [places[operation.bit]]
                    circuit.measure([operation.qubit], bit, bit if self._conditional else [])
                case Reset():
                    circuit.reset([operation.qubit], -1)
                case Store():
                    value = self._expression(operation.value)
                    circuit.store([], [places[operation.bit]], value)
                case Unitary():
                    matrix = np.array(operation.matrix, dtype=complex)
                    circuit.unitary(operation.qubits, matrix, -1, None, "unitary")
                case Branch():
                    self._write_branch(operation)
                case Loop():
                    start, end = self._label(), self._label()
                    self._mark(start)
                    self._jump(end, negated(operation.condition))
                    self.write(operation.body)
                    self._jump(start)
                    self._mark(end)

    def _write_branch(self, operation: Branch) -> None:
        otherwise, end = self._label(), self._label()
        self._jump(otherwise, negated(operation.condition))
        self.write(operation.then)
        if operation.otherwise:
            self._jump(end)
        self._mark(otherwise)
        if operation.otherwise:
            self.write(operation.otherwise)
            self._mark(end)

    def _label(self) -> str:
        self._labels += 1
        return f"label_{self._labels}"

    def _mark(self, label: str) -> None:
        self.circuit.mark(self._all_qubits, [label])

    def _jump(self, label: str, condition: Condition = True) -> None:
        expression = None if condition is True else self._expression(condition)
        self.circuit.jump(self._all_qubits, [label], -1, expression)

    def _expression(self, condition: Condition) -> Any:
        if isinstance(condition, bool):
            return AerBoolValue(condition)
        if isinstance(condition, int):
            return AerVar(AerBool(), [self._places[condition]])
        first, *others = (self._expression(part) for part in condition[1:])
        if condition[0] == "!":
            return AerUnaryExpr(AerUnaryOp.LogicNot, first)
        return AerBinaryExpr(_OPERATORS[condition[0]], first, *others)

    def _native(self, gate: Gate) -> tuple[str, tuple[float, ...]]:
        key = (gate.name, len(gate.qubits), gate.params)
        if key not in self._names:
            controls = len(gate.qubits) - (2 if gate.name == "swap" else 1)
            self._names[key] = native(gate.name, controls, gate.params)
        return self._names[key]


_OPERATORS = {"&": AerBinaryOp.LogicAnd, "|": AerBinaryOp.LogicOr, "^": AerBinaryOp.NotEqual}


def _any_jump(operations: Sequence[Operation]) -> bool:
    return any(isinstance(operation, Branch | Loop) for operation in operations)


def native(name: str, controls: int, params: tuple[float, ...]) -> tuple[str, tuple[float, ...]]:
    """The simulator's name and parameters for a gate with so many controls."""
    if found := _NAMES.get((name, controls)):
        return found, params
    if name in ("x", "swap"):
        return f"mc{name}", params
    if name == "p" or name in PHASES:
        return ("cp" if controls == 1 else "mcphase"), params or (PHASES[name],)
    if name in ("rx", "ry", "rz"):
        return f"mc{name}", params
    if name == "u" and controls == 0:
        return "u", params[:3]
    return ("cu" if controls == 1 else "mcu"), params or ROTATIONS[name]

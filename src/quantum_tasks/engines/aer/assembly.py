"""From operations to a circuit in the simulator's own instructions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from quantum_tasks.circuits.circuit import (
    Branch,
    Condition,
    Depolarize,
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
from quantum_tasks.circuits.decomposition import PHASES, ROTATIONS, decompose
from quantum_tasks.circuits.gates import Basic, eigen
from quantum_tasks.circuits.noise import (
    MAX_MATRIX_QUBITS,
    channel,
    coin,
    label,
    mixed_by_coin,
)
from quantum_tasks.engines.aer.library import aer

PROBABILITIES = "probabilities"
STATE = "state"

# (gate, controls): the simulator's name for it. What is not here has another form below.
_NAMES = {
    **{(name, 0): name for name in ("x", "y", "z", "h", "s", "sdg", "t", "tdg", "sx", "sxdg")},
    **{(name, 0): name for name in ("p", "rx", "ry", "rz", "swap")},
    **{(name, 1): f"c{name}" for name in ("x", "y", "z", "p", "rx", "ry", "rz", "swap", "sx")},
    ("x", 2): "ccx",
}
# Of these, what a density matrix takes with so many controls; others have another form there.
_MATRIX_NAMES = {0: None, 1: ("x", "y", "z", "p"), 2: ("x",)}

_DEPHASED = np.diag([1, 0, 0, 1]).astype(complex)  # what a measurement leaves, whatever it says


def assemble(program: Program, method: str) -> Any:
    """The circuit of a program, for a method of simulation.

    The bits of its registers come first, in order of declaration, least significant first. Made
    of the simulator's own instructions: Qiskit's circuit would be translated into these, which
    takes longer than a small circuit runs.
    """
    assembler = _Assembler(program, method)
    circuit = assembler.circuit
    assembler.write(decompose(program.operations, method))
    if not any_measurement(program.operations):  # the simulator counts only what was measured
        circuit.num_memory += 1
        circuit.measure([0], [assembler.bits], [])
    return circuit


def assemble_probabilities(
    qubits: int,
    gates: Sequence[Operation],
    measured: Sequence[int],
    method: str = "statevector",
) -> Any:
    """A circuit of gates that ends by saving, as PROBABILITIES, how probable each outcome of the
    measured qubits is; the first of them is the least significant bit of an outcome."""
    return assemble_bases(qubits, gates, [([], list(measured))], method, PROBABILITIES)


def assemble_bases(
    qubits: int,
    gates: Sequence[Operation],
    bases: Sequence[tuple[list[Gate], list[int]]],
    method: str,
    name: str,
) -> Any:
    """A circuit of gates that saves, for each basis, how probable each outcome is.

    A basis is gates, which are undone again, and the qubits that are measured after them. What is
    saved for the first is called `name`, for others `name` and their number.
    """
    assembler = _Assembler(Program(qubits, [], []), method)
    assembler.write(decompose(gates, method))
    for number, (turns, measured) in enumerate(bases):
        assembler.write(turns)
        own = f"{name}{number or ''}"
        assembler.circuit.save_state(measured, "save_probabilities", "average", own)
        if number < len(bases) - 1:
            assembler.write([_inverse(gate) for gate in reversed(turns)])
    return assembler.circuit


def _inverse(gate: Gate) -> Gate:
    inverse = Basic(gate.name, gate.params).inverse
    assert isinstance(inverse, Basic)
    return Gate(inverse.name, gate.qubits, inverse.params)


def assemble_state(qubits: int, gates: Sequence[Operation], method: str) -> Any:
    """A circuit of gates that ends by saving the state vector, as STATE."""
    assembler = _Assembler(Program(qubits, [], []), method)
    assembler.write(decompose(gates, method))
    assembler.circuit.save_state(
        assembler.all_qubits[:qubits], "save_statevector", "single", STATE
    )
    return assembler.circuit


def assemble_expectations(
    program: Program, observables: Sequence[Sequence[tuple[str, float]]], method: str
) -> Any:
    """A circuit that ends by saving the expectation value of each observable, under its number.

    An observable is a list of Pauli operators, a letter per qubit with that of qubit 0 last, and
    their coefficients. Of what is measured on the way, it is the average.
    """
    assembler = _Assembler(program, method, averaged=True)
    assembler.write(decompose(program.operations, method))
    qubits = assembler.all_qubits[: max(1, program.qubits)]
    for number, terms in enumerate(observables):
        words, coefficients = [word for word, _ in terms], [number for _, number in terms]
        nothing = [0.0] * len(words)
        assembler.circuit.save_expval(
            qubits, "save_expval", words, coefficients, nothing, "average", str(number)
        )
    return assembler.circuit


class _Assembler:
    def __init__(self, program: Program, method: str, averaged: bool = False) -> None:
        shown = [bit for register in program.registers for bit in register]
        used: set[int] = set()
        collect(program.operations, set(), used)
        hidden_bits = sorted(used.difference(shown))
        self._places = {bit: place for place, bit in enumerate([*shown, *hidden_bits])}
        # A jump reads its condition from registers, into which measurements then have to write.
        self._conditional = _any_jump(program.operations)
        self._labels = 0
        self._method = method
        self._averaged = averaged
        self.qubits = max(1, program.qubits)
        self.all_qubits = list(range(self.qubits))
        self.circuit = aer.AerCircuit()
        self.circuit.circ_id = 0
        self.circuit.num_qubits = self.qubits
        self.bits = len(self._places)
        self._names: dict[tuple[str, int, tuple[float, ...]], tuple[str, tuple[float, ...]]] = {}
        self.circuit.num_memory = self.bits

    def write(self, written: Sequence[Operation]) -> None:
        circuit, places = self.circuit, self._places
        for operation in written:
            match operation:
                case Gate() if self._method != "density_matrix" or _known(operation):
                    name, params = self._native(operation)
                    circuit.gate(name, operation.qubits, params, [], -1, None, name)
                case Gate():
                    self._write_controlled(operation)
                case Measure() if self._averaged:
                    circuit.superop([operation.qubit], _DEPHASED, -1, None)
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
                case Depolarize():
                    self._write_error(operation)
                case Branch():
                    self._write_branch(operation)
                case Loop():
                    start, end = self._label(), self._label()
                    self._mark(start)
                    self._jump(end, negated(operation.condition))
                    self.write(operation.body)
                    self._jump(start)
                    self._mark(end)

    def _write_controlled(self, gate: Gate) -> None:
        """A controlled gate as a diagonal one, in the basis of its eigenvectors."""
        if gate.name == "swap":
            *controls, a, b = gate.qubits
            flips = [Gate("x", (b, a)), Gate("x", (*controls, a, b)), Gate("x", (b, a))]
            self.write(flips)
            return
        *controls, target = gate.qubits
        values, vectors = eigen(Basic(gate.name, gate.params).matrix)
        diagonal = np.ones(1 << len(gate.qubits), dtype=complex)
        diagonal[[(1 << len(controls)) - 1, -1]] = values
        self.circuit.unitary([target], vectors.conj().T, -1, None, "unitary")
        self.circuit.diagonal(gate.qubits, diagonal, -1, "diagonal")
        self.circuit.unitary([target], vectors, -1, None, "unitary")

    def _write_error(self, operation: Depolarize) -> None:
        circuit, qubits, probability = self.circuit, operation.qubits, operation.probability
        if self._method != "density_matrix":
            circuit.set_qerror_loc(qubits, label(operation), -1, None)
        elif len(qubits) <= MAX_MATRIX_QUBITS:
            circuit.superop(qubits, channel(len(qubits), probability), -1, None)
        else:  # a matrix on all of them would be too large
            extra = self.qubits
            circuit.num_qubits = extra + 1
            circuit.superop([extra], coin(probability), -1, None)
            for qubit in qubits:
                circuit.superop([qubit, extra], mixed_by_coin(), -1, None)

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
        self.circuit.mark(self.all_qubits, [label])

    def _jump(self, label: str, condition: Condition = True) -> None:
        expression = None if condition is True else self._expression(condition)
        self.circuit.jump(self.all_qubits, [label], -1, expression)

    def _expression(self, condition: Condition) -> Any:
        if isinstance(condition, bool):
            return aer.AerBoolValue(condition)
        if isinstance(condition, int):
            return aer.AerVar(aer.AerBool(), [self._places[condition]])
        first, *others = (self._expression(part) for part in condition[1:])
        if condition[0] == "!":
            return aer.AerUnaryExpr(aer.AerUnaryOp.LogicNot, first)
        return aer.AerBinaryExpr(_OPERATORS[condition[0]], first, *others)

    def _native(self, gate: Gate) -> tuple[str, tuple[float, ...]]:
        key = (gate.name, len(gate.qubits), gate.params)
        if key not in self._names:
            self._names[key] = native(gate.name, gate.controls, gate.params)
        return self._names[key]


_OPERATORS = {
    "&": aer.AerBinaryOp.LogicAnd,
    "|": aer.AerBinaryOp.LogicOr,
    "^": aer.AerBinaryOp.NotEqual,
}


def _any_jump(operations: Sequence[Operation]) -> bool:
    return any(isinstance(operation, Branch | Loop) for operation in operations)


def _known(gate: Gate) -> bool:
    """Whether a density matrix takes a gate as it is."""
    names = _MATRIX_NAMES.get(gate.controls, ())
    return names is None or gate.name in names


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

"""From operations to a circuit in the simulator's own instructions."""

from __future__ import annotations

import math
from typing import Any

from qiskit.circuit import (
    CircuitInstruction,
    ControlFlowOp,
    IfElseOp,
    Instruction,
    QuantumCircuit,
    Store,
    WhileLoopOp,
)
from qiskit.circuit import Measure as MeasureInstruction
from qiskit.circuit import Reset as ResetInstruction
from qiskit.circuit.classical import expr
from qiskit.circuit.library import UnitaryGate

from quantum_tasks.simulator import circuit as operations
from quantum_tasks.simulator.circuit import (
    Branch,
    Condition,
    Gate,
    Loop,
    Measure,
    Operation,
    Program,
    Reset,
    Unitary,
)

# (gate, controls): the simulator's name for it. What is not here has another form below.
_NAMES = {
    **{(name, 0): name for name in ("x", "y", "z", "h", "s", "sdg", "t", "tdg", "sx", "sxdg")},
    **{(name, 0): name for name in ("p", "rx", "ry", "rz", "swap")},
    **{(name, 1): f"c{name}" for name in ("x", "y", "z", "p", "rx", "ry", "rz", "swap", "sx")},
    ("x", 2): "ccx",
}
_PHASES = {
    "z": math.pi,
    "s": math.pi / 2,
    "sdg": -math.pi / 2,
    "t": math.pi / 4,
    "tdg": -math.pi / 4,
}
# As theta, phi, lambda and gamma of a `u`.
_ROTATIONS = {
    "h": (math.pi / 2, 0.0, math.pi, 0.0),
    "sx": (math.pi / 2, -math.pi / 2, math.pi / 2, math.pi / 4),
    "sxdg": (-math.pi / 2, -math.pi / 2, math.pi / 2, -math.pi / 4),
    "y": (math.pi, math.pi / 2, math.pi / 2, 0.0),
}


def assemble(program: Program, method: str) -> QuantumCircuit:
    """The circuit of a program.

    The bits of its registers come first, in order of declaration, least significant first.
    """
    return _Assembler(program).circuit


class _Assembler:
    def __init__(self, program: Program) -> None:
        shown = [bit for register in program.registers for bit in register]
        self._places = {bit: place for place, bit in enumerate(shown)}
        self._measures = False
        self._has_control_flow = False
        self._find_bits(program.operations)
        hidden = 0 if self._measures else 1
        self.circuit = QuantumCircuit(max(1, program.qubits), len(self._places) + hidden)
        self._qubits = self.circuit.qubits
        self._bits = self.circuit.clbits
        self._instructions: dict[tuple[str, int, tuple[float, ...]], Instruction] = {}
        self._measure, self._reset = MeasureInstruction(), ResetInstruction()
        self._write(program.operations, self.circuit)
        if not self._measures:  # the simulator counts only what was measured
            self.circuit.measure(0, len(self._places))

    def _find_bits(self, written: list[Operation]) -> None:
        for operation in written:
            match operation:
                case Measure():
                    self._measures = True
                    self._add(operation.bit)
                case operations.Store():
                    self._add_all(operation.value)
                    self._add(operation.bit)
                case Branch():
                    self._add_all(operation.condition)
                    self._find_bits(operation.then)
                    self._find_bits(operation.otherwise)
                case Loop():
                    self._add(operation.condition)
                    self._find_bits(operation.body)

    def _add(self, bit: int) -> None:
        self._places.setdefault(bit, len(self._places))

    def _add_all(self, condition: Condition) -> None:
        if isinstance(condition, tuple):
            for part in condition[1:]:
                self._add_all(part)
        elif not isinstance(condition, bool):
            self._add(condition)

    def _write(self, written: list[Operation], circuit: QuantumCircuit) -> None:
        append = circuit._append
        qubits, bits, places = self._qubits, self._bits, self._places
        for operation in written:
            match operation:
                case Gate():
                    instruction = self._instruction(operation)
                    operands = [qubits[qubit] for qubit in operation.qubits]
                    append(CircuitInstruction(instruction, operands))
                case Measure():
                    bit = bits[places[operation.bit]]
                    append(CircuitInstruction(self._measure, [qubits[operation.qubit]], [bit]))
                case Reset():
                    append(CircuitInstruction(self._reset, [qubits[operation.qubit]]))
                case operations.Store():
                    target = expr.lift(bits[places[operation.bit]])
                    store = Store(target, self._expression(operation.value))
                    circuit.append(store, (), (), copy=False)
                case Unitary():
                    circuit.append(UnitaryGate(operation.matrix), list(operation.qubits))
                case Branch():
                    blocks = [self._block(operation.then), self._block(operation.otherwise)]
                    condition = self._expression(operation.condition)
                    self._append_block(IfElseOp(condition, *blocks), circuit)
                case Loop():
                    condition = self._expression(operation.condition)
                    block = self._block(operation.body)
                    self._append_block(WhileLoopOp(condition, block), circuit)

    def _block(self, written: list[Operation]) -> QuantumCircuit:
        block = QuantumCircuit(self._qubits, self._bits)
        self._write(written, block)
        return block

    def _append_block(self, operation: ControlFlowOp, circuit: QuantumCircuit) -> None:
        circuit._append(CircuitInstruction(operation, self._qubits, self._bits))

    def _expression(self, condition: Condition) -> Any:
        if isinstance(condition, bool):
            return expr.lift(condition)
        if isinstance(condition, int):
            return expr.lift(self._bits[self._places[condition]])
        parts = [self._expression(part) for part in condition[1:]]
        match condition[0]:
            case "!":
                return expr.logic_not(*parts)
            case "&":
                return expr.logic_and(*parts)
            case "|":
                return expr.logic_or(*parts)
        return expr.not_equal(*parts)

    def _instruction(self, gate: Gate) -> Instruction:
        """The simulator's instruction for a gate; the same object for the same gate."""
        key = (gate.name, len(gate.qubits), gate.params)
        if key not in self._instructions:
            size = len(gate.qubits)
            name, params = native(gate.name, size - (2 if gate.name == "swap" else 1), gate.params)
            self._instructions[key] = Instruction(name, size, 0, list(params))
        return self._instructions[key]


def native(name: str, controls: int, params: tuple[float, ...]) -> tuple[str, tuple[float, ...]]:
    """The simulator's name and parameters for a gate with so many controls."""
    if found := _NAMES.get((name, controls)):
        return found, params
    if name in ("x", "swap"):
        return f"mc{name}", params
    if name == "p" or name in _PHASES:
        return ("cp" if controls == 1 else "mcphase"), params or (_PHASES[name],)
    if name in ("rx", "ry", "rz"):
        return f"mc{name}", params
    if name == "u" and controls == 0:
        return "u", params[:3]
    return ("cu" if controls == 1 else "mcu"), params or _ROTATIONS[name]

"""From operations to a circuit in the simulator's own instructions."""

from __future__ import annotations

from typing import Any

from qiskit.circuit import (
    CircuitInstruction,
    Instruction,
    QuantumCircuit,
    Store,
)
from qiskit.circuit import Measure as MeasureInstruction
from qiskit.circuit import Reset as ResetInstruction
from qiskit.circuit.classical import expr
from qiskit.circuit.library import UnitaryGate
from qiskit_aer.library.control_flow_instructions import AerJump, AerMark

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
    any_measurement,
    collect,
    negated,
)
from quantum_tasks.simulator.decomposition import PHASES, ROTATIONS, decompose

# (gate, controls): the simulator's name for it. What is not here has another form below.
_NAMES = {
    **{(name, 0): name for name in ("x", "y", "z", "h", "s", "sdg", "t", "tdg", "sx", "sxdg")},
    **{(name, 0): name for name in ("p", "rx", "ry", "rz", "swap")},
    **{(name, 1): f"c{name}" for name in ("x", "y", "z", "p", "rx", "ry", "rz", "swap", "sx")},
    ("x", 2): "ccx",
}


def assemble(program: Program, method: str) -> QuantumCircuit:
    """The circuit of a program, for a method of simulation.

    The bits of its registers come first, in order of declaration, least significant first.
    """
    return _Assembler(decompose(program, method)).circuit


class _Assembler:
    def __init__(self, program: Program) -> None:
        shown = [bit for register in program.registers for bit in register]
        used: set[int] = set()
        collect(program.operations, set(), used)
        hidden_bits = sorted(used.difference(shown))
        self._places = {bit: place for place, bit in enumerate([*shown, *hidden_bits])}
        hidden = 0 if any_measurement(program.operations) else 1
        self._labels = 0
        self.circuit = QuantumCircuit(max(1, program.qubits), len(self._places) + hidden)
        self._qubits = self.circuit.qubits
        self._bits = self.circuit.clbits
        self._instructions: dict[tuple[str, int, tuple[float, ...]], Instruction] = {}
        self._measure, self._reset = MeasureInstruction(), ResetInstruction()
        self._write(program.operations)
        if hidden:  # the simulator counts only what was measured
            self.circuit.measure(0, len(self._places))

    def _write(self, written: list[Operation]) -> None:
        append = self.circuit._append
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
                    self.circuit.append(store, (), (), copy=False)
                case Unitary():
                    self.circuit.append(UnitaryGate(operation.matrix), list(operation.qubits))
                case Branch():
                    self._write_branch(operation)
                case Loop():
                    start, end = self._label(), self._label()
                    self._mark(start)
                    self._jump(end, negated(operation.condition))
                    self._write(operation.body)
                    self._jump(start)
                    self._mark(end)

    def _write_branch(self, operation: Branch) -> None:
        otherwise, end = self._label(), self._label()
        self._jump(otherwise, negated(operation.condition))
        self._write(operation.then)
        if operation.otherwise:
            self._jump(end)
        self._mark(otherwise)
        if operation.otherwise:
            self._write(operation.otherwise)
            self._mark(end)

    # Marks and jumps are what the simulator itself makes of Qiskit's blocks. It takes long to, and
    # confuses bits when a block within a block has others than the circuit.

    def _label(self) -> str:
        self._labels += 1
        return f"label_{self._labels}"

    def _mark(self, label: str) -> None:
        mark = AerMark(label, len(self._qubits))
        self.circuit._append(CircuitInstruction(mark, self._qubits))

    def _jump(self, label: str, condition: Condition = True) -> None:
        jump = AerJump(label, len(self._qubits))
        if condition is not True:
            jump.set_conditional(self._expression(condition))
        self.circuit._append(CircuitInstruction(jump, self._qubits))

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
    if name == "p" or name in PHASES:
        return ("cp" if controls == 1 else "mcphase"), params or (PHASES[name],)
    if name in ("rx", "ry", "rz"):
        return f"mc{name}", params
    if name == "u" and controls == 0:
        return "u", params[:3]
    return ("cu" if controls == 1 else "mcu"), params or ROTATIONS[name]

"""A compiled program as a circuit of Qiskit's: to be drawn, not to be run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from io import StringIO
from typing import Any

from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import ControlledGate, library
from qiskit.circuit import Gate as QiskitGate
from qiskit.circuit.classical import expr, types
from qiskit.qasm3 import ast
from qiskit.qasm3.exporter import _ExprBuilder
from qiskit.qasm3.printer import BasicPrinter

from quantum_tasks.circuits.circuit import Condition, Gate, Measure, Reset, Store, Unitary
from quantum_tasks.pictures.conditions import Reading, Registers
from quantum_tasks.pictures.legible import If, Step, While, bits_of

_LONG_NAME = 20
_COMPARED = {
    "==": expr.equal,
    "!=": expr.not_equal,
    "<=": expr.less_equal,
    ">=": expr.greater_equal,
}
_JOINED = {"&&": expr.logic_and, "||": expr.logic_or, "^": expr.bit_xor}
_GATES = {
    "x": library.XGate,
    "y": library.YGate,
    "z": library.ZGate,
    "h": library.HGate,
    "s": library.SGate,
    "sdg": library.SdgGate,
    "t": library.TGate,
    "tdg": library.TdgGate,
    "sx": library.SXGate,
    "sxdg": library.SXdgGate,
    "p": library.PhaseGate,
    "rx": library.RXGate,
    "ry": library.RYGate,
    "rz": library.RZGate,
    "swap": library.SwapGate,
}
# (gate, number of controls, where 3 means 3 or more): the name by which the drawers choose a
# colour.
_COLOURED = {
    ("x", 2): "ccx",
    ("x", 3): "mcx",
    ("z", 2): "mcphase",
    ("z", 3): "mcphase",
    ("p", 2): "mcphase",
    ("p", 3): "mcphase",
}


class Declared:
    """What a program declares: the names and sizes of its quantum registers; the names and bits of
    the classical ones, least significant bit first. Long names are shortened."""

    def __init__(
        self,
        quantum: Sequence[tuple[str, int]],
        classical: Sequence[tuple[str, Sequence[int]]],
    ) -> None:
        self._taken: set[str] = set()
        self.quantum = [(self._short(name), size) for name, size in quantum]
        self.classical = [(self._short(name), bits) for name, bits in classical]

    def only(self, places: Sequence[int]) -> list[tuple[str, int]]:
        """Only the qubits at these places, each as a register of one."""
        qubits = [
            f"{name}_{number}" if size > 1 else name
            for name, size in self.quantum
            for number in range(size)
        ]
        return [(qubits[place], 1) for place in places]

    def unused(self, name: str) -> str:
        """A name that begins with this one, and with which no other name begins."""
        while any(taken.startswith(name) for taken in self._taken):
            name += "_"
        return name

    def _short(self, name: str) -> str:
        short, number = name, 1
        while len(short) > _LONG_NAME or short in self._taken:
            number += 1
            short = f"{name[: _LONG_NAME - 5]}..{number}"
        self._taken.add(short)
        return short


def build(
    steps: Sequence[Step], places: Sequence[int], declared: Declared, all_qubits: bool
) -> QuantumCircuit:
    """Builds the circuit. `places` says which of the declared qubits each qubit of the steps is.
    The other declared qubits are in the circuit only if it shall have all of them.

    Hidden bits become variables with invented names, or a register if a measurement writes them. A
    write into a bit is drawn as a barrier with a label, because the drawers cannot draw a store.
    """
    builder = _Builder(places, declared, all_qubits)
    builder.name_hidden_bits(steps, declared)
    builder.write(steps)
    return builder.circuit


class _Builder:
    def __init__(self, places: Sequence[int], declared: Declared, all_qubits: bool) -> None:
        names = declared.quantum if all_qubits else declared.only(places)
        quantum = [QuantumRegister(size, name) for name, size in names]
        classical = [ClassicalRegister(len(bits), name) for name, bits in declared.classical]
        self.circuit = QuantumCircuit(*quantum, *classical)
        qubits = self.circuit.qubits
        self._qubits = [qubits[place] for place in places] if all_qubits else qubits
        self._named = classical
        self._reader = Registers([bits for _, bits in declared.classical])
        self._bits: dict[int, Any] = {}  # the number of a bit -> Qiskit's bit or variable
        for register, (_, bits) in zip(classical, declared.classical, strict=True):
            self._bits.update(zip(bits, register, strict=True))
        self._expressions: dict[Condition, Any] = {}

    def name_hidden_bits(self, steps: Sequence[Step], declared: Declared) -> None:
        """Adds the hidden bits, for which the program has no names, to the circuit."""
        measured, others = _hidden(steps, self._bits.keys())
        if measured:
            register = ClassicalRegister(len(measured), declared.unused("unnamed"))
            self.circuit.add_register(register)
            self._bits.update(zip(measured, register, strict=True))
        name = declared.unused("t")
        for number, bit in enumerate(others):
            variable = expr.Var.new(f"{name}{number}", types.Bool())
            self.circuit.add_uninitialized_var(variable)
            self._bits[bit] = variable

    def write(self, steps: Iterable[Step]) -> None:
        """Adds steps to the circuit, or to the block that is being written."""
        add = self.circuit.append
        stores: list[Store] = []
        for step in steps:
            if isinstance(step, Store):
                stores.append(step)
                continue
            self._write_stores(stores)
            match step:
                case Gate():
                    add(_gate(step), [self._qubits[qubit] for qubit in step.qubits])
                case Unitary():
                    box = QiskitGate("Unitary", len(step.qubits), [])
                    add(box, [self._qubits[qubit] for qubit in step.qubits])
                case Measure():
                    self.circuit.measure(self._qubits[step.qubit], self._bits[step.bit])
                case Reset():
                    self.circuit.reset(self._qubits[step.qubit])
                case If():
                    with self.circuit.if_test(self._expression(step.condition)) as otherwise:
                        self.write(step.then)
                    if step.otherwise:
                        with otherwise:
                            self.write(step.otherwise)
                case While():
                    with self.circuit.while_loop(self._expression(step.condition)):
                        self.write(step.body)
        self._write_stores(stores)

    def _write_stores(self, stores: list[Store]) -> None:
        if stores:
            texts = [f"{self._text(store.bit)} = {self._text(store.value)}" for store in stores]
            self.circuit.barrier(*self._qubits, label="; ".join(texts))
            stores.clear()

    def _variable(self, bit: int) -> Any:
        return expr.lift(self._bits[bit])

    def _expression(self, condition: Condition) -> Any:
        if condition not in self._expressions:
            if isinstance(condition, bool):
                return expr.lift(condition)  # which is equal to a number
            self._expressions[condition] = self._built(self._reader.read(condition))
        return self._expressions[condition]

    def _built(self, reading: Reading) -> Any:
        match reading:
            case bool():
                return expr.lift(reading)
            case int():
                return self._variable(reading)
            case ("==" | "!=" | "<=" | ">=" as compared, number, value):
                return _COMPARED[compared](self._named[number], value)
            case ("!", inner):
                return expr.logic_not(self._built(inner))
            case (joined, one, other):
                return _JOINED[joined](self._built(one), self._built(other))
        raise AssertionError(reading)

    def _text(self, condition: Condition) -> str:
        """A condition as the drawers write it."""
        if isinstance(condition, int) and not isinstance(condition, bool):
            found = self._variable(condition)
        else:
            found = self._expression(condition)
        stream = StringIO()
        BasicPrinter(stream, indent="").visit(found.accept(_ExprBuilder(self._name)))
        return stream.getvalue()

    def _name(self, var: Any) -> Any:
        if isinstance(var, expr.Var | ClassicalRegister):
            return ast.Identifier(var.name)
        register, place = self.circuit.find_bit(var).registers[0]
        return ast.SubscriptedIdentifier(register.name, ast.IntegerLiteral(place))


def _gate(gate: Gate) -> Any:
    """Qiskit's gate of that name, without a definition: working one out takes long."""
    params = list(gate.params)
    base = library.UGate(*params[:3]) if gate.name == "u" else _GATES[gate.name](*params)
    controls = len(gate.qubits) - base.num_qubits
    if not controls:
        return base
    name = _COLOURED.get((gate.name, min(controls, 3)), f"c{gate.name}")
    return ControlledGate(name, len(gate.qubits), params, num_ctrl_qubits=controls, base_gate=base)


def _hidden(steps: Iterable[Step], shown: Iterable[int]) -> tuple[list[int], list[int]]:
    """The hidden bits: those that measurements write, and the others."""
    measured: dict[int, None] = {}
    others: dict[int, None] = {}

    def collect(steps: Iterable[Step]) -> None:
        for step in steps:
            match step:
                case Measure():
                    measured[step.bit] = None
                case Store():
                    others.update(dict.fromkeys([step.bit, *sorted(bits_of(step.value))]))
                case If():
                    others.update(dict.fromkeys(sorted(bits_of(step.condition))))
                    collect(step.then)
                    collect(step.otherwise)
                case While():
                    others.update(dict.fromkeys(sorted(bits_of(step.condition))))
                    collect(step.body)

    collect(steps)
    known = set(shown)
    return (
        [bit for bit in measured if bit not in known],
        [bit for bit in others if bit not in known and bit not in measured],
    )

"""A compiled program as a circuit of Qiskit's: to be drawn, not to be run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
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
from quantum_tasks.pictures.legible import If, Step, While, bits_of

_MAX_TABLE_BITS = 8  # bits of a condition that is tried with all values
_LONG_NAME = 20
_MAX_CASES = 2  # values of a register that are listed
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
        self._registers: dict[frozenset[int], tuple[ClassicalRegister, Sequence[int]]] = {}
        self._bits: dict[int, Any] = {}  # the number of a bit -> Qiskit's bit or variable
        for register, (_, bits) in zip(classical, declared.classical, strict=True):
            self._registers[frozenset(bits)] = register, bits
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
            self._expressions[condition] = self._new_expression(condition)
        return self._expressions[condition]

    def _new_expression(self, condition: Condition) -> Any:
        """The condition as a person would write it, if it depends on all bits of a register or is
        a product of bits."""
        about = bits_of(condition)
        register, bits = self._registers.get(about, (None, sorted(about)))
        factors = _product(condition, True)
        values: list[int] = []
        if factors is not None:
            values = [sum(factors[bit] << place for place, bit in enumerate(bits))]
        elif len(bits) <= _MAX_TABLE_BITS:
            values = _values(condition, bits)
        elif register is not None and (factors := _product(condition, False)) is not None:
            value = sum(factors[bit] << place for place, bit in enumerate(bits))
            return expr.not_equal(register, value)
        if register is not None and values:
            if comparison := _comparison(register, values, 1 << len(bits)):
                return comparison
        elif len(values) == 1:
            literals = [
                self._literal(bit, values[0] >> place & 1) for place, bit in enumerate(bits)
            ]
            return reduce(expr.logic_and, literals)
        return self._operation(condition)

    def _literal(self, bit: int, value: int) -> Any:
        return self._variable(bit) if value else expr.logic_not(self._variable(bit))

    def _operation(self, condition: Condition, holds: bool = True) -> Any:
        """The condition as it is, or its negation; negations are moved inside."""
        if isinstance(condition, bool):
            return expr.lift(condition == holds)
        if isinstance(condition, int):
            return self._literal(condition, holds)
        operator, first, *others = condition
        if operator == "!":
            return self._operation(first, not holds)
        if operator == "^":
            return expr.bit_xor(self._operation(first, holds), self._operation(others[0]))
        join = expr.logic_and if (operator == "&") == holds else expr.logic_or
        return join(self._operation(first, holds), self._operation(others[0], holds))

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


def _product(condition: Condition, holds: bool) -> dict[int, bool] | None:
    """The bits of a condition that holds (or does not hold) for exactly one value of each bit."""
    match condition:
        case bool():
            return None
        case int():
            return {condition: holds}
        case ("!", inner):
            return _product(inner, not holds)
        case ("&" | "|" as operator, left, right) if (operator == "&") == holds:
            one, other = _product(left, holds), _product(right, holds)
            if one is not None and other is not None and {**one, **other} == {**other, **one}:
                return {**one, **other}
    return None


def _values(condition: Condition, bits: Sequence[int]) -> list[int]:
    """The numbers whose bits fulfil a condition."""
    numbers = range(1 << len(bits))
    columns = {
        bit: sum(1 << number for number in numbers if number >> place & 1)
        for place, bit in enumerate(bits)
    }
    table = _table(condition, columns, (1 << len(numbers)) - 1)
    return [number for number in numbers if table >> number & 1]


def _table(condition: Condition, columns: dict[int, int], every: int) -> int:
    """A truth table, one bit for each number."""
    if isinstance(condition, bool):
        return every if condition else 0
    if isinstance(condition, int):
        return columns[condition]
    first, *others = (_table(part, columns, every) for part in condition[1:])
    match condition[0]:
        case "!":
            return every ^ first
        case "&":
            return first & others[0]
        case "|":
            return first | others[0]
    return first ^ others[0]


def _comparison(register: ClassicalRegister, values: list[int], end: int) -> Any:
    """The condition that a register has one of these values, if there is a simple comparison for
    it; `end` is the first value that it cannot have."""
    if len(values) == end - 1 and len(values) > 1:
        return expr.not_equal(register, next(n for n in range(end) if n not in values))
    if 1 <= len(values) <= _MAX_CASES:
        return reduce(expr.logic_or, [expr.equal(register, value) for value in values])
    if 1 < len(values) < end and values[-1] - values[0] == len(values) - 1:
        if values[0] == 0:
            return expr.less_equal(register, values[-1])
        if values[-1] == end - 1:
            return expr.greater_equal(register, values[0])
    return None


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

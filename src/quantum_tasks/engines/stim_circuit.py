"""A Clifford program as Stim's circuit, which is text, and what its records say of the bits.

Stim numbers what is measured: these are the records. A bit of the program is the parity of some
records and a constant, which is known before anything is run; and so is a condition, of which Stim
can do those that are such a parity.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import msgspec

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
)
from quantum_tasks.circuits.clifford import parts, parts_of
from quantum_tasks.circuits.naming import described
from quantum_tasks.circuits.noise import Readout

# Records of which it is the parity, and whether that is negated.
Parity = tuple[frozenset[int], bool]

_NO: Parity = (frozenset(), False)
_YES: Parity = (frozenset(), True)
_MAX_TERMS = 1_000_000  # of all parities of a program
_NAMES = {
    **{(name, 1): name.upper() for name in ("x", "y", "z", "h", "s")},
    **{("sdg", 1): "S_DAG", ("sx", 1): "SQRT_X", ("sxdg", 1): "SQRT_X_DAG"},
    **{("swap", 2): "SWAP", ("x", 2): "CX", ("y", 2): "CY", ("z", 2): "CZ"},
}
# What Stim means by p is the probability of an operator that is not the identity: of 4^n Pauli
# operators, the identity among them, each has the same probability.
_ERRORS = {1: ("DEPOLARIZE1", 3 / 4), 2: ("DEPOLARIZE2", 15 / 16)}


class Refused(Exception):
    """Stim cannot do it; the message says why, as Engine.refusal does."""


class Written(msgspec.Struct, frozen=True):
    """Stim's circuit. It makes so many `records`; `shown` are the bits that are shown. `readout`
    says how these records have yet to be misread; it is None where Stim does it."""

    text: str
    records: int
    shown: list[Parity]
    readout: Readout | None


def write(program: Program, readout: Readout | None) -> Written:
    """The circuit of a program with the errors of gates among its operations. Raises Refused."""
    writer = _Writer(program, readout)
    writer.write(program.operations)
    shown = [writer.bits.get(bit, _NO) for bits in program.registers for bit in bits]
    return Written("".join(writer.lines), writer.records, shown, writer.misread)


class _Writer:
    def __init__(self, program: Program, readout: Readout | None) -> None:
        self.lines: list[str] = []
        self.records = 0
        self.bits: dict[int, Parity] = {}
        self._program = program
        self._terms = 0
        # Stim knows only one probability for both outcomes; others are for whoever has the
        # records, which is too late for what they decide.
        self.misread = None
        self._measure = "\nM %d"
        if readout is not None and readout[0] == readout[1]:
            self._measure = f"\nM({readout[0]!r}) %d"
        else:
            self.misread = readout

    def write(self, operations: Iterable[Operation]) -> None:
        """Writes operations that are always done. It runs for every gate."""
        lines, bits = self.lines, self.bits
        for operation in operations:
            if type(operation) is Gate:
                line = _line(operation.name, len(operation.qubits), operation.params)
                if type(line) is str:
                    lines.append(line % operation.qubits)
                else:
                    self._write_parts(operation)
            elif type(operation) is Measure:
                lines.append(self._measure % operation.qubit)
                bits[operation.bit] = (frozenset((self.records,)), False)
                self.records += 1
            elif type(operation) is Reset:
                lines.append(f"\nR {operation.qubit}")
            elif type(operation) is Depolarize:
                self._write_error(operation)
            elif type(operation) is Unitary:
                self._write_parts(operation)
            elif type(operation) is Loop:
                raise Refused("it cannot do a loop that a measurement ends")
            else:
                self._write_if(_YES, operation)

    def _write_parts(self, operation: Gate | Unitary) -> None:
        found = parts(operation)
        if found is None:
            what = described(operation, self._program)
            raise Refused(f"it takes Clifford gates only, not {what}")
        for part in found:
            qubits = [str(operation.qubits[place]) for place in part.qubits]
            self.lines.append(f"\n{_NAMES[part.name, len(qubits)]} {' '.join(qubits)}")

    def _write_error(self, operation: Depolarize) -> None:
        if len(operation.qubits) not in _ERRORS:
            raise Refused(f"it cannot simulate a gate on {len(operation.qubits)} qubits that errs")
        name, share = _ERRORS[len(operation.qubits)]
        probability = share * operation.probability
        self.lines.append(f"\n{name}({probability!r}) {' '.join(map(str, operation.qubits))}")

    def _write_if(self, holds: Parity, operation: Operation) -> None:
        """Writes what is done in those shots in which a condition holds."""
        match operation:
            case Store():
                old = self.bits.get(operation.bit, _NO)
                change = self._both(holds, self._xor(old, self._parity(operation.value)))
                self.bits[operation.bit] = self._xor(old, change)
            case Branch():
                condition = self._parity(operation.condition)
                for holds_too, block in (
                    (condition, operation.then),
                    (_negated(condition), operation.otherwise),
                ):
                    self._write_block(self._both(holds, holds_too) if block else _NO, block)
            case Gate() | Unitary():
                self._write_controlled(holds, operation)
            case Loop():
                raise Refused("it cannot do a loop that a measurement ends")
            case Depolarize():
                raise Refused("it cannot simulate gates that err under a condition")
            case _:
                what = "measurement" if isinstance(operation, Measure) else "reset"
                raise Refused(f"it cannot do a {what} under a condition")

    def _write_block(self, holds: Parity, operations: list[Operation]) -> None:
        if holds == _YES:
            self.write(operations)
        elif holds != _NO:
            for operation in operations:
                self._write_if(holds, operation)

    def _write_controlled(self, holds: Parity, operation: Gate | Unitary) -> None:
        """Writes Pauli operators that are controlled by records. Where several records decide, an
        operator that is done twice is not done."""
        found = parts(operation)
        if found is None or any(part.name not in "xyz" or part.controls for part in found):
            what = described(operation, self._program)
            raise Refused(f"under a condition it takes Pauli gates only, not {what}")
        if self.misread is not None and holds[0]:
            raise Refused(
                "what it feeds forward it can misread only one way as often as the other"
            )
        for part in found:
            name, qubit = part.name.upper(), operation.qubits[part.qubits[0]]
            if holds[1]:
                self.lines.append(f"\n{name} {qubit}")
            for record in sorted(holds[0]):
                self.lines.append(f"\nC{name} rec[{record - self.records}] {qubit}")

    def _parity(self, condition: Condition) -> Parity:
        if isinstance(condition, bool):
            return _YES if condition else _NO
        if isinstance(condition, int):
            return self.bits.get(condition, _NO)
        operator, *inner = condition
        first, *others = (self._parity(part) for part in inner)
        match operator:
            case "!":
                return _negated(first)
            case "^":
                return self._xor(first, *others)
            case "&":
                return self._both(first, *others)
        return _negated(self._both(_negated(first), *map(_negated, others)))

    def _xor(self, a: Parity, b: Parity) -> Parity:
        self._terms += len(a[0]) + len(b[0])
        if self._terms > _MAX_TERMS:
            raise Refused("its conditions are on too many measurements")
        return a[0] ^ b[0], a[1] != b[1]

    def _both(self, a: Parity, b: Parity) -> Parity:
        """a and b, if that is a parity."""
        if _NO in (a, b) or a == _negated(b):
            return _NO
        if a in (_YES, b):
            return b
        if b == _YES:
            return a
        raise Refused("it takes conditions only that are the parity of what was measured")


def _negated(a: Parity) -> Parity:
    return a[0], not a[1]


@lru_cache(4096)
def _line(name: str, qubits: int, params: tuple[float, ...]) -> str | None:
    """The line of a gate, with its qubits left open; None if it is not one gate of Stim's."""
    found = parts_of(name, qubits, params)
    if found is None or len(found) != 1 or found[0].qubits != tuple(range(qubits)):
        return None
    return f"\n{_NAMES[found[0].name, qubits]}{' %d' * qubits}"

"""A compiled program: plain operations on numbered qubits and bits, no names, no types.

It is the result of working out a program's loops, gates, subroutines and constants. The cost of a
run is calculated from it, and the simulator's circuit is built from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

# A condition over bits, whose value is known at run time: a constant, the number of a bit, or an
# operation: ("!", a), ("&", a, b), ("|", a, b), ("^", a, b).
Condition = bool | int | tuple  # type: ignore[type-arg]

_TURNS = 3  # of a loop, which nobody knows
_MAX_WEIGHT = 27


class Kept(int):
    """A bit that stores a condition over a few other bits. The compiler still knows on which bits
    it depends.

    `base` are those of these bits that depend on no other bit.
    """

    origin: Condition
    base: frozenset[int]


class Gate(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="g"):
    """A gate of this service: first its controls, then its targets. Every qubit beyond the number
    that `name` takes is a control.

    Names: x y z h s sdg t tdg sx sxdg, p rx ry rz (1 angle), u (theta, phi, lambda and a phase
    gamma: e^(i gamma) times Qiskit's U), swap. Angles in radians.
    """

    name: str
    qubits: tuple[int, ...]
    params: tuple[float, ...] = ()

    @property
    def controls(self) -> int:
        """How many of its qubits are controls."""
        return controls_of(self.name, len(self.qubits))


class Unitary(msgspec.Struct, frozen=True, array_like=True, tag="u"):
    """A matrix, row by row, on some qubits; the first of them is the least significant."""

    matrix: tuple[tuple[complex, ...], ...]
    qubits: tuple[int, ...]


class Measure(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="m"):
    """Collapses a qubit; its outcome goes into a bit."""

    qubit: int
    bit: int


class Reset(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="r"):
    """Brings a qubit to |0>."""

    qubit: int


class Depolarize(msgspec.Struct, frozen=True, array_like=True, tag="d"):
    """Replaces qubits, with a probability, by the maximally mixed state. No program contains it:
    noise.py adds it to say that a gate errs."""

    qubits: tuple[int, ...]
    probability: float


class Store(msgspec.Struct, frozen=True, array_like=True, tag="s"):
    """Writes a value into a bit."""

    bit: int
    value: Condition


class Branch(msgspec.Struct, frozen=True, array_like=True, tag="b"):
    """Runs one block if the condition holds, else the other."""

    condition: Condition
    then: list[Operation]
    otherwise: list[Operation]


class Loop(msgspec.Struct, frozen=True, array_like=True, tag="l"):
    """Runs its body as long as a bit is 1."""

    condition: int
    body: list[Operation]


Operation = Gate | Unitary | Measure | Reset | Store | Branch | Loop | Depolarize


class Program(msgspec.Struct, frozen=True, array_like=True):
    """Operations over `qubits` qubits and any bits, which are numbered from 2.

    `registers` are the bits of the classical registers that a counts key shows, in order of
    declaration, least significant bit first; a single bit is a register of one. `names` are the
    names of the registers. The program declared `declared` qubits. Qubits that it never touches
    are left out; for each qubit that is left, `places` has its place among the declared ones.
    """

    qubits: int
    registers: list[list[int]]
    operations: list[Operation]
    names: list[str] = []
    declared: int = 0
    places: list[int] = []


def controls_of(name: str, qubits: int) -> int:
    """How many controls a gate on so many qubits has."""
    return qubits - (2 if name == "swap" else 1)


def negated(a: Condition) -> Condition:
    """not a"""
    if isinstance(a, bool):
        return not a
    if isinstance(a, tuple) and a[0] == "!":
        inner: Condition = a[1]
        return inner
    return ("!", a)


def both(a: Condition, b: Condition) -> Condition:
    """a and b"""
    if isinstance(a, bool):
        return b if a else False
    if isinstance(b, bool):
        return a if b else False
    return a if a == b else ("&", a, b)


def either(a: Condition, b: Condition) -> Condition:
    """a or b"""
    if isinstance(a, bool):
        return True if a else b
    if isinstance(b, bool):
        return True if b else a
    return a if a == b else ("|", a, b)


def differ(a: Condition, b: Condition) -> Condition:
    """a xor b"""
    if isinstance(a, bool):
        return negated(b) if a else b
    if isinstance(b, bool):
        return negated(a) if b else a
    return False if a == b else ("^", a, b)


def choose(condition: Condition, a: Condition, b: Condition) -> Condition:
    """a if the condition holds, else b"""
    if isinstance(condition, bool):
        return a if condition else b
    if type(a) is type(b) and a == b:
        return a
    return either(both(condition, a), both(negated(condition), b))


def all_of(conditions: Sequence[Condition]) -> Condition:
    """Whether every one holds."""
    return _balanced(both, list(conditions), True)


def any_of(conditions: Sequence[Condition]) -> Condition:
    """Whether at least one holds."""
    return _balanced(either, list(conditions), False)


def _balanced(
    combine: Callable[[Condition, Condition], Condition], parts: list[Condition], nothing: bool
) -> Condition:
    """Combines many conditions as pairs of pairs: a chain of a thousand would be a thousand levels
    deep."""
    while len(parts) > 1:
        pairs = [combine(a, b) for a, b in zip(parts[::2], parts[1::2], strict=False)]
        parts = pairs + parts[len(pairs) * 2 :]
    return parts[0] if parts else nothing


def size(condition: Condition) -> int:
    """The number of parts of a condition."""
    return sum(map(size, condition[1:])) + 1 if isinstance(condition, tuple) else 1


def collect(operations: Iterable[Operation], qubits: set[int], bits: set[int]) -> None:
    """Adds the qubits and bits that operations touch."""
    for operation in operations:
        match operation:
            case Gate() | Unitary() | Depolarize():
                qubits.update(operation.qubits)
            case Measure():
                qubits.add(operation.qubit)
                bits.add(operation.bit)
            case Reset():
                qubits.add(operation.qubit)
            case Store():
                bits.add(operation.bit)
                collect_bits(operation.value, bits)
            case Branch():
                collect_bits(operation.condition, bits)
                collect(operation.then, qubits, bits)
                collect(operation.otherwise, qubits, bits)
            case Loop():
                bits.add(operation.condition)
                collect(operation.body, qubits, bits)


def compact(program: Program) -> Program:
    """The program without the qubits that it never touches; the order of the others stays.

    Many programs declare all qubits of a device and use a few of them.
    """
    places = sorted(_used(program))
    operations = program.operations
    if len(places) < program.qubits:
        numbers = {qubit: number for number, qubit in enumerate(places)}
        operations = _renumbered(operations, numbers)
    registers, names = program.registers, program.names
    return Program(len(places), registers, operations, names, program.qubits, places)


def _used(program: Program) -> set[int]:
    used: set[int] = set()
    for operation in program.operations:
        collect((operation,), used, set())
        if len(used) == program.qubits:  # which most programs say in their first lines
            break
    return used


def _renumbered(operations: list[Operation], numbers: dict[int, int]) -> list[Operation]:
    result: list[Operation] = []
    for operation in operations:
        match operation:
            case Gate():
                qubits = tuple(numbers[qubit] for qubit in operation.qubits)
                result.append(Gate(operation.name, qubits, operation.params))
            case Unitary():
                qubits = tuple(numbers[qubit] for qubit in operation.qubits)
                result.append(Unitary(operation.matrix, qubits))
            case Measure():
                result.append(Measure(numbers[operation.qubit], operation.bit))
            case Reset():
                result.append(Reset(numbers[operation.qubit]))
            case Branch():
                then = _renumbered(operation.then, numbers)
                otherwise = _renumbered(operation.otherwise, numbers)
                result.append(Branch(operation.condition, then, otherwise))
            case Loop():
                result.append(Loop(operation.condition, _renumbered(operation.body, numbers)))
            case _:
                result.append(operation)
    return result


def without_unread(operations: list[Operation], bits: set[int]) -> list[Operation]:
    """The operations, without storing constants into those of the given bits that are never
    read."""
    read: set[int] = set()
    _collect_read(operations, read)
    unread = bits - read
    return [
        operation
        for operation in operations
        if not (
            isinstance(operation, Store)
            and operation.bit in unread
            and isinstance(operation.value, bool)
        )
    ]


def _collect_read(operations: Iterable[Operation], bits: set[int]) -> None:
    for operation in operations:
        match operation:
            case Store():
                collect_bits(operation.value, bits)
            case Branch():
                collect_bits(operation.condition, bits)
                _collect_read(operation.then, bits)
                _collect_read(operation.otherwise, bits)
            case Loop():
                bits.add(operation.condition)
                _collect_read(operation.body, bits)


def collect_bits(condition: Condition, bits: set[int]) -> None:
    """Adds the bits that a condition depends on."""
    if isinstance(condition, tuple):
        for part in condition[1:]:
            collect_bits(part, bits)
    elif not isinstance(condition, bool):
        bits.add(condition)


def flat(operations: Iterable[Operation]) -> Iterator[Operation]:
    """All operations, those in blocks as well, without the blocks."""
    for operation in operations:
        match operation:
            case Branch():
                yield from flat(operation.then)
                yield from flat(operation.otherwise)
            case Loop():
                yield from flat(operation.body)
            case _:
                yield operation


def weighted(operations: Iterable[Operation], weight: int = 1) -> Iterator[tuple[Operation, int]]:
    """All operations, those in blocks as well, and about how often each shot comes by. It runs
    several times for every operation of every submission."""
    for operation in operations:
        yield operation, weight
        if type(operation) is Branch:
            yield from weighted(operation.then, weight)
            yield from weighted(operation.otherwise, weight)
        elif type(operation) is Loop:
            yield from weighted(operation.body, min(weight * _TURNS, _MAX_WEIGHT))


def number_of(operations: Sequence[Operation], *kinds: type) -> int:
    """How many operations, of any kind or of some, a shot comes by; loops are guessed at."""
    # Most programs have no blocks. These lines ask for every operation of every submission.
    found = [*map(type, operations)]
    if not (Branch in found or Loop in found):
        return sum(map(found.count, kinds)) if kinds else len(found)
    if not kinds:
        return sum(weight for _, weight in weighted(operations))
    return sum(weight for one, weight in weighted(operations) if isinstance(one, kinds))


def any_measurement(operations: Iterable[Operation]) -> bool:
    """Whether anything is measured."""
    for operation in operations:
        match operation:
            case Measure():
                return True
            case Branch() if any_measurement([*operation.then, *operation.otherwise]):
                return True
            case Loop() if any_measurement(operation.body):
                return True
    return False

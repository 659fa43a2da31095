"""Programs that measure at the end, and what their outcomes are as counts.

A simulator writes down one outcome after the other, as text. For a few qubits it is sooner to ask
it for the probability of every outcome, and to draw all shots at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from quantum_tasks.circuits.circuit import (
    Depolarize,
    Gate,
    Measure,
    Operation,
    Program,
    Reset,
    Store,
    Unitary,
    collect,
)
from quantum_tasks.circuits.noise import Readout, as_rows, misread
from quantum_tasks.engines.amplitudes import draw
from quantum_tasks.engines.states import Amplitudes, drawn_outcomes

# Up to so many qubits it is sooner to draw from the probabilities ourselves (tests/bench).
DRAWN_QUBITS = 18
_MAX_BITS = 62  # of a key in a machine word
_WORD = 8  # bytes
_MANY = 100  # keys, which are sooner written all at once
_GATES = {Gate, Unitary, Depolarize}

Number = TypeVar("Number", int, float)


class Sampled(msgspec.Struct, frozen=True):
    """A program of gates and then measurements: `measured` qubits, and for each of the bits that
    are shown which of those it shows, as (place of the bit, place in `measured`)."""

    gates: list[Gate | Unitary | Depolarize]
    measured: list[int]
    shown: list[tuple[int, int]]


def sampled(program: Program) -> Sampled | None:
    """The program's gates and its measurements; None if these cannot all be made at the end."""
    operations = program.operations
    # It runs for every gate of every task: without a line of Python for each, if nothing but
    # measurements follows the first of them.
    kinds = [*map(type, operations)]
    end = kinds.index(Measure) if Measure in kinds else len(kinds)
    gates: list[Any] = operations[:end]
    if not _GATES.issuperset(kinds[:end]):
        return None
    qubit_of: dict[int, int] = {}
    measured: set[int] = set()
    for operation in operations[end:]:
        match operation:
            case Gate() | Unitary() | Depolarize():
                if not measured.isdisjoint(operation.qubits):
                    return None
                gates.append(operation)
            case Measure():
                measured.add(operation.qubit)
                qubit_of[operation.bit] = operation.qubit
            case _:
                return None
    bits = (bit for register in program.registers for bit in register)
    seen = [(place, qubit_of[bit]) for place, bit in enumerate(bits) if bit in qubit_of]
    numbers: dict[int, int] = {}
    shown = [(place, numbers.setdefault(qubit, len(numbers))) for place, qubit in seen]
    return Sampled(gates, list(numbers), shown)


def ending(program: Program) -> Program:
    """The program without what changes no probability: resets of qubits that are new, constants
    in bits that are not measured yet (`constants` says which)."""
    touched: set[int] = set()
    written: set[int] = set()
    kept: list[Operation] = []
    for operation in program.operations:
        match operation:
            case Reset() if operation.qubit not in touched:
                continue
            case Store() if isinstance(operation.value, bool) and operation.bit not in written:
                continue
        collect([operation], touched, written)
        kept.append(operation)
    return msgspec.structs.replace(program, operations=kept)


def constants(program: Program) -> int:
    """The value of the shown bits that are 1 whatever is measured, of a program whose other bits
    are measured or 0."""
    ones: set[int] = set()
    for operation in program.operations:
        match operation:
            case Measure() | Store(value=False):
                ones.discard(operation.bit)
            case Store(value=True):
                ones.add(operation.bit)
    bits = (bit for register in program.registers for bit in register)
    return sum(1 << place for place, bit in enumerate(bits) if bit in ones)


def drawn(
    probabilities: Any, final: Sampled, shots: int, seed: int | None, readout: Readout | None
) -> Mapping[int, int]:
    """Counts of the values of the shown bits, drawn from how probable each outcome of the measured
    qubits is (2^measured numbers); measurements err as `readout` says."""
    random = np.random.Generator(np.random.PCG64(seed))
    weights = np.asarray(probabilities).clip(0.0)[None]
    _, outcomes, times = draw(random, weights, np.array([shots]))
    if readout is None:
        values = as_values(outcomes, final.shown)
        return dict(zip(values, times.tolist(), strict=True))
    return _read(random, outcomes, times, final.shown, readout)


def drawn_from(
    state: Amplitudes,
    sums: NDArray[np.float64],
    final: Sampled,
    shots: int,
    seed: int | None,
    readout: Readout | None,
    max_bytes: int,
) -> Mapping[int, int]:
    """The same, drawn from a state vector and the sums of its blocks, with so many bytes
    besides."""
    random = np.random.Generator(np.random.PCG64(seed))
    outcomes, times = drawn_outcomes(random, state, sums, shots, max_bytes)
    shown = [(place, final.measured[number]) for place, number in final.shown]
    if readout is not None:
        return _read(random, outcomes, times, shown, readout)
    values = as_values(outcomes & sum(1 << qubit for qubit in final.measured), shown)
    if 1 << len(final.measured) == state.size:
        return dict(zip(values, times.tolist(), strict=True))
    counts: Counter[int] = Counter()
    for value, number in zip(values, times.tolist(), strict=True):
        counts[value] += number
    return counts


def _read(
    random: np.random.Generator,
    outcomes: NDArray[np.int64],
    times: NDArray[np.int64],
    places: Sequence[tuple[int, int]],
    readout: Readout,
) -> Counter[int]:
    """What measurements that err read: places of bits, and of what each shows in an outcome."""
    bits = as_rows(outcomes, [number for _, number in places])
    said, times, _ = misread(random, bits, times, readout)
    shown = np.zeros((1 + max(place for place, _ in places), len(times)), dtype=np.bool_)
    shown[[place for place, _ in places]] = said
    return tallied(shown, times)


def derived(seed: int | None, number: int) -> int | None:
    """A seed of its own for each of several runs."""
    if seed is None:
        return None
    own = np.random.SeedSequence(seed, spawn_key=(number,)).generate_state(1, np.uint64)
    return int(own[0] >> np.uint64(1))


def as_values(outcomes: Any, shown: Sequence[tuple[int, int]]) -> list[int]:
    """Outcomes of the measured qubits as values of the shown bits."""
    if all(place == number for place, number in shown):
        return outcomes.tolist()  # type: ignore[no-any-return]
    if max((place for place, _ in shown), default=0) <= _MAX_BITS:
        values = np.zeros_like(outcomes)
        for place, number in shown:
            values |= (outcomes >> number & 1) << place
        return values.tolist()  # type: ignore[no-any-return]
    return [
        sum((outcome >> number & 1) << place for place, number in shown)
        for outcome in outcomes.tolist()
    ]


def tallied(bits: NDArray[np.bool_], shots: NDArray[np.int64]) -> Counter[int]:
    """Counts of the values that bits (bits, outcomes) make, the first the least significant."""
    counts: Counter[int] = Counter()
    packed = np.packbits(bits, axis=0, bitorder="little").T
    for row, times in zip(packed, shots.tolist(), strict=True):
        counts[int.from_bytes(row.tobytes(), "little")] += times
    return counts


def tallied_rows(packed: NDArray[np.uint8]) -> Counter[int]:
    """Counts of values, one a row (shots, bytes), the first bit the least significant."""
    shots, size = packed.shape
    if size <= _WORD:
        words = np.zeros((shots, _WORD), dtype=np.uint8)
        words[:, :size] = packed
        values, times = np.unique(words.view("<u8"), return_counts=True)
        return Counter(dict(zip(values.tolist(), times.tolist(), strict=True)))
    # Sorting long rows would take longer than a table of them.
    raw = packed.tobytes()
    rows = Counter(raw[start : start + size] for start in range(0, len(raw), size))
    return Counter({int.from_bytes(row, "little"): times for row, times in rows.items()})


def keyed(counts: Mapping[int, Number], sizes: Sequence[int]) -> dict[str, Number]:
    """Counts of values, or their probabilities, under their bits as Qiskit prints them, keys in
    order.

    Bit 0 of a value is bit 0 of the register declared first. Most significant bit first, the
    register declared last first, registers separated by one space.
    """
    given = [*counts]
    values = sorted(given)
    if len(sizes) == 1:
        in_order = counts.values() if values == given else map(counts.__getitem__, values)
        return dict(zip(_as_bits(values, sizes[0]), in_order, strict=True))
    found = {}
    for value in values:
        rest, parts = value, []
        for size in sizes:
            parts.append(format(rest & ((1 << size) - 1), f"0{size}b"))
            rest >>= size
        found[" ".join(reversed(parts))] = counts[value]
    return found


def _as_bits(values: Sequence[int], size: int) -> Iterable[str]:
    """Values as texts of so many bits."""
    if size > _MAX_BITS or len(values) < _MANY:
        width = f"0{size}b"
        return (format(value, width) for value in values)
    raw = np.array(values, dtype=">u8").view(np.uint8).reshape(-1, _WORD)
    digits = np.unpackbits(raw, axis=1)[:, -size:] + ord("0")
    # numpy's own texts have a number of 32 bits for each character.
    found: list[str] = digits.astype(np.uint32).view(f"=U{size}").ravel().tolist()
    return found

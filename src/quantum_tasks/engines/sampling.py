"""Programs that measure at the end, and what their outcomes are as counts.

A simulator writes down one outcome after the other, as text. For a few qubits it is sooner to ask
it for the probability of every outcome, and to draw all shots at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from quantum_tasks.circuits.circuit import Depolarize, Gate, Measure, Program, Unitary
from quantum_tasks.circuits.noise import Readout, as_rows, misread
from quantum_tasks.engines.amplitudes import draw

# Up to so many qubits it is sooner to draw from the probabilities ourselves (tests/bench).
DRAWN_QUBITS = 18
_MAX_BITS = 62  # of a key in a machine word


class Sampled(msgspec.Struct, frozen=True):
    """A program of gates and then measurements: `measured` qubits, and for each of the bits that
    are shown which of those it shows, as (place of the bit, place in `measured`)."""

    gates: list[Gate | Unitary | Depolarize]
    measured: list[int]
    shown: list[tuple[int, int]]


def sampled(program: Program) -> Sampled | None:
    """The program's gates and its measurements; None if these cannot all be made at the end."""
    gates: list[Gate | Unitary | Depolarize] = []
    qubit_of: dict[int, int] = {}
    measured: set[int] = set()
    for operation in program.operations:
        match operation:
            case Gate() | Unitary() | Depolarize():
                if measured and not measured.isdisjoint(operation.qubits):
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
    bits = as_rows(outcomes, [number for _, number in final.shown])
    said, times, _ = misread(random, bits, times, readout)
    shown = np.zeros((1 + max(place for place, _ in final.shown), len(times)), dtype=np.bool_)
    shown[[place for place, _ in final.shown]] = said
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


def keyed(counts: Mapping[int, int], sizes: Sequence[int]) -> dict[str, int]:
    """Counts of values under their bits as Qiskit prints them, keys in order.

    Bit 0 of a value is bit 0 of the register declared first. Most significant bit first, the
    register declared last first, registers separated by one space.
    """
    if len(sizes) == 1:
        width = f"0{sizes[0]}b"
        return {format(value, width): counts[value] for value in sorted(counts)}
    found = {}
    for value in sorted(counts):
        rest, parts = value, []
        for size in sizes:
            parts.append(format(rest & ((1 << size) - 1), f"0{size}b"))
            rest >>= size
        found[" ".join(reversed(parts))] = counts[value]
    return found

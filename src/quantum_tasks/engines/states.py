"""What is asked of a state vector of any precision: shots, probabilities, expectation values.

It is looked at in blocks, because a large state leaves no memory for another array of its size.
Qubit 0 is the least significant bit of an amplitude's number.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from quantum_tasks.circuits.observables import Word
from quantum_tasks.engines.amplitudes import NEVER, draw

Amplitudes = NDArray[np.complexfloating]

_BLOCK = 1 << 12  # amplitudes whose squares are added up in the state's own precision
_TERMS = 1 << 16  # amplitudes of an expectation value that are worked out together
_COUNTED = 1 << 14  # amplitudes, up to which a count of each is sooner than to sort outcomes
_FINE_QUBITS = 24  # of a state of more, the usual outcome is not much more probable than NEVER


def block_sums(state: Amplitudes) -> NDArray[np.float64]:
    """The sum of the probabilities in each block: together they are 1."""
    parts = state.view(state.real.dtype).reshape(-1, 2 * min(_BLOCK, state.size))
    sums: NDArray[np.float64] = np.einsum("ij,ij->i", parts, parts).astype(np.float64)
    return sums


def _squares(amplitudes: Amplitudes) -> NDArray[np.floating]:
    """How probable each outcome is, in the state's own precision."""
    parts = amplitudes.view(amplitudes.real.dtype)
    parts = parts * parts
    found: NDArray[np.floating] = parts[..., ::2] + parts[..., 1::2]
    return found


def weights(state: Amplitudes, measured: Sequence[int]) -> NDArray[np.float64]:
    """How probable each outcome of the measured qubits is; the first is the least significant."""
    qubits = state.size.bit_length() - 1
    squares = _squares(state).astype(np.float64).reshape((2,) * qubits)  # axis 0: the last qubit
    kept = [qubits - 1 - qubit for qubit in reversed(measured)]
    others = [axis for axis in range(qubits) if axis not in kept]
    found = squares.transpose(kept + others).reshape(1 << len(kept), -1)
    return np.add.reduce(found, axis=1)  # type: ignore[no-any-return]


def drawn_outcomes(
    random: np.random.Generator,
    state: Amplitudes,
    sums: NDArray[np.float64],
    shots: int,
    max_bytes: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Outcomes of all qubits, and how many of the shots gave each; no outcome twice. `sums` are
    those of the state's blocks."""
    if state.size <= shots:  # then it is sooner to ask for each outcome how often it came
        exact = _squares(state).astype(np.float64)
        _, outcomes, times = draw(random, exact[None], np.array([shots]))
        return outcomes, times
    size = min(_BLOCK, state.size)
    rows = state.reshape(-1, size)
    never = NEVER * min(1.0, 2.0**_FINE_QUBITS / state.size)
    in_block = _shared_out(random, rows, sums, shots, never)
    blocks = in_block.nonzero()[0]
    at_once = max(1, max_bytes // (32 * size))
    found = []
    for start in range(0, len(blocks), at_once):
        some = blocks[start : start + at_once]
        squares = _squares(rows if len(some) == len(rows) else rows[some])
        squares *= squares >= never
        totals = squares.cumsum(dtype=np.float64)
        ends = totals[size - 1 :: size]
        starts = np.concatenate(([0.0], ends[:-1]))
        row = np.arange(len(some)).repeat(in_block[some])
        numbers = starts[row] + random.random(len(row)) * (ends - starts)[row]
        places = totals.searchsorted(np.minimum(numbers, np.nextafter(ends, 0)[row]), "right")
        found.append(some[places // size] * size + places % size)
    outcomes = np.concatenate(found)
    if state.size <= _COUNTED:
        counts = np.bincount(outcomes)
        outcomes = counts.nonzero()[0]
        return outcomes, counts[outcomes]
    outcomes, times = np.unique(outcomes, return_counts=True)
    return outcomes, times


def _shared_out(
    random: np.random.Generator,
    rows: Amplitudes,
    sums: NDArray[np.float64],
    shots: int,
    never: float,
) -> NDArray[np.int64]:
    """How many shots each block gets: none if there is nothing in it but what rounding has left,
    outcomes that are less probable than `never`."""
    while True:
        in_block = random.multinomial(shots, sums / sums.sum())
        unlikely = np.flatnonzero((in_block > 0) & (sums < never * rows.shape[1]))
        noise = [block for block in unlikely if _squares(rows[block]).max() < never]
        if not noise:
            return in_block
        sums = sums.copy()
        sums[noise] = 0.0


def expected(state: Amplitudes, word: Word) -> float:
    """The expectation value of a product of Pauli operators."""
    x, z = word
    size = min(_TERMS, state.size)
    inside = np.arange(size)
    partners = inside ^ (x & (size - 1))
    signs = 1.0 - 2.0 * (np.bitwise_count(inside & z) & 1)
    rows = state.reshape(-1, size)
    total = 0j
    for number, row in enumerate(rows):
        partner = rows[number ^ (x // size)]
        sign = -1 if (number & z // size).bit_count() & 1 else 1
        total += sign * complex(np.vdot(partner[partners], row * signs))
    return float((total * 1j ** (x & z).bit_count()).real)

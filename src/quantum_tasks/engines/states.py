"""What is asked of a state vector of any precision: shots, probabilities, expectation values.

It is looked at in blocks, because a large state leaves no memory for another array of its size.
Qubit 0 is the least significant bit of an amplitude's number.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from quantum_tasks.circuits.observables import Word
from quantum_tasks.engines.amplitudes import NEVER

Amplitudes = NDArray[np.complexfloating]

_WHOLE = 1 << 12  # amplitudes of a state that is one block
_LEAST_BLOCK = 16  # amplitudes of a block of a larger state
_AT_ONCE = 512  # blocks into which shots fall, about: see block_sums
_TERMS = 1 << 16  # amplitudes of an expectation value that are worked out together
_FINE_QUBITS = 24  # of a state of more, the usual outcome is not much more probable than NEVER


def block_sums(state: Amplitudes) -> NDArray[np.float64]:
    """The sum of the probabilities in each block: together they are 1. The larger the state, the
    larger its blocks: to look at all sums takes about as long as to look into some of the blocks,
    which is what drawn_outcomes does."""
    size = state.size
    if size > _WHOLE:
        size = max(_LEAST_BLOCK, 1 << (size // _AT_ONCE).bit_length() // 2)
    parts = state.view(state.real.dtype).reshape(-1, 2 * size)
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
    those of the state's blocks.

    A block is drawn for each shot, and only what is inside those blocks is looked at.
    """
    if state.size <= shots:  # then it is sooner to ask for each outcome how often it came
        exact = _squares(state).astype(np.float64)
        exact[exact < NEVER] = 0
        exact /= exact.sum()
        times = random.multinomial(shots, exact)
        outcomes = times.nonzero()[0]
        return outcomes, times[outcomes]
    rows = state.reshape(len(sums), -1)
    size = rows.shape[1]
    never = NEVER * min(1.0, 2.0**_FINE_QUBITS / state.size)
    at_once = max(1, max_bytes // (32 * size))
    shares, blocks, in_block = _in_blocks(random, sums, shots)
    if sums[blocks].min() < 2 * never * size:
        sums = _without_noise(rows, sums, never, at_once)
        shares, blocks, in_block = _in_blocks(random, sums, shots)
    found = []
    done = 0
    for start in range(0, len(blocks), at_once):
        some = blocks[start : start + at_once]
        row = np.arange(len(some)).repeat(in_block[start : start + at_once])
        totals = _likely(rows[some], never).cumsum(dtype=np.float64)
        ends = totals[size - 1 :: size]
        starts = np.concatenate(([0.0], ends[:-1]))
        numbers = starts[row] + shares[done : done + len(row)] * (ends - starts)[row]
        # In order, as the shares are: so they are found sooner.
        places = totals.searchsorted(np.minimum(numbers, np.nextafter(ends, 0)[row]), "right")
        found.append(some[places // size] * size + places % size)
        done += len(row)
    return _runs(np.concatenate(found))


def _in_blocks(
    random: np.random.Generator, sums: NDArray[np.float64], shots: int
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """For each shot how far it is inside its block, from 0 to 1; the blocks that shots fall into,
    and how many fall into each. All in the order of the blocks."""
    numbers = random.random(shots)
    numbers.sort()
    if len(sums) == 1:
        return numbers, np.zeros(1, dtype=np.int64), np.array([shots])
    totals = sums.cumsum()
    numbers = np.minimum(numbers * totals[-1], np.nextafter(totals[-1], 0))
    block = totals.searchsorted(numbers, "right")
    shares = (numbers - (totals - sums)[block]) / sums[block]
    return (shares.clip(0.0, 1.0), *_runs(block))


def _without_noise(
    rows: Amplitudes, sums: NDArray[np.float64], never: float, at_once: int
) -> NDArray[np.float64]:
    """The sums without outcomes that are less probable than `never`: what rounding has left."""
    sums = sums.copy()
    small = np.flatnonzero(sums < 2 * never * rows.shape[1])
    for start in range(0, len(small), at_once):
        some = small[start : start + at_once]
        sums[some] = _likely(rows[some], never).sum(axis=1, dtype=np.float64)
    return sums


def _likely(amplitudes: Amplitudes, never: float) -> NDArray[np.floating]:
    """How probable each outcome is; 0 for what rounding has left."""
    squares = _squares(amplitudes)
    squares *= squares >= never
    return squares


def _runs(ordered: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The different numbers among ordered ones, and how often each is there."""
    ends = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))
    return ordered[ends], np.diff(ends, prepend=-1)


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

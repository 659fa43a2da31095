"""Many state vectors at a time: gates on them, and their states after a measurement.

They are the rows of one array: (branches, 2**qubits) complex numbers, qubit 0 the least
significant bit of a column's number. For a few branches of a few qubits a call of numpy takes
longer than its work, so that everything here takes as few calls as it can.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from quantum_tasks.circuits.circuit import Gate, Unitary
from quantum_tasks.circuits.gates import Basic

Amplitudes = NDArray[np.complex128]
Apply = Callable[[Amplitudes], Amplitudes]  # may write into what it is given
Index = tuple[slice | int, ...]

NEVER = 1e-12  # outcomes that are less probable are left out
# Of 1: how far two vectors may be apart that count as the same.
_PARALLEL, _SINGLE_PARALLEL = 1e-13, 1e-9
_INNERMOST = 8  # amplitudes in a row; with more, a product from the left is faster
_ONES = {1 << qubit: np.eye(1 << qubit) for qubit in range(_INNERMOST.bit_length())}
# Cells to 1, in double and in single precision; no power of 1/2 lies on the border of two.
_GRID, _SINGLE_GRID = 73_910_357.3, 17_239.3


@lru_cache(1024)
def gate(operation: Gate) -> Apply:
    """A gate, as a function of the amplitudes."""
    number = operation.controls
    controls, targets = operation.qubits[:number], operation.qubits[number:]
    ones = dict.fromkeys(controls, 1)
    if len(targets) == 2:
        a, b = targets
        shape, index = _view(operation.qubits)
        return _exchange(shape, index({**ones, a: 1, b: 0}), index({**ones, a: 0, b: 1}))
    matrix = Basic(operation.name, operation.params).matrix.astype(complex)
    if not controls:
        return _single(matrix, targets[0])
    shape, index = _view(operation.qubits)
    zero, one = index({**ones, targets[0]: 0}), index({**ones, targets[0]: 1})
    if operation.name == "x":
        return _exchange(shape, zero, one)
    return _controlled(matrix, shape, zero, one)


def unitary(operation: Unitary) -> Apply:
    """A matrix, as a function of the amplitudes."""
    matrix = np.array(operation.matrix, dtype=complex)
    shape, _ = _view(operation.qubits)
    places = {q: 1 + 2 * k for k, q in enumerate(sorted(operation.qubits, reverse=True))}
    own = [places[qubit] for qubit in reversed(operation.qubits)]
    order = own + [axis for axis in range(len(shape)) if axis not in own]
    back = [order.index(axis) for axis in range(len(shape))]

    def apply(amplitudes: Amplitudes) -> Amplitudes:
        moved = amplitudes.reshape(shape).transpose(order)
        product = matrix @ moved.reshape(len(matrix), -1)
        turned = product.reshape(moved.shape).transpose(back).reshape(amplitudes.shape)
        return np.ascontiguousarray(turned)  # of few qubits it is a view, with its axes turned

    return apply


def _view(qubits: Sequence[int]) -> tuple[tuple[int, ...], Callable[[dict[int, int]], Index]]:
    """A shape with an axis for each of the qubits, and the index at which they have values."""
    order = sorted(qubits, reverse=True)
    shape = [-1, 2]
    for above, qubit in pairwise(order):
        shape += [1 << (above - qubit - 1), 2]
    shape.append(1 << order[-1])

    def index(values: dict[int, int]) -> Index:
        return tuple(part for qubit in order for part in (slice(None), values[qubit]))

    return tuple(shape), index


def _exchange(shape: tuple[int, ...], first: Index, second: Index) -> Apply:
    def apply(amplitudes: Amplitudes) -> Amplitudes:
        view = amplitudes.reshape(shape)
        a, b = view[first], view[second]
        before = a.copy()
        a[...] = b
        b[...] = before
        return amplitudes

    return apply


def _single(matrix: Amplitudes, qubit: int) -> Apply:
    inner = 1 << qubit
    if matrix[0, 1] == matrix[1, 0] == 0:
        diagonal = matrix.diagonal().reshape(2, 1).copy()

        def multiply(amplitudes: Amplitudes) -> Amplitudes:
            view = amplitudes.reshape(-1, 2, inner)
            view *= diagonal
            return amplitudes

        return multiply
    if inner <= _INNERMOST:
        # np.kron(matrix.T, one), which takes longer.
        one = _ONES[inner]
        large = (matrix.T[:, None, :, None] * one[:, None, :]).reshape(2 * inner, 2 * inner)
        return lambda amplitudes: (amplitudes.reshape(-1, 2 * inner) @ large).reshape(
            amplitudes.shape
        )
    return lambda amplitudes: (matrix @ amplitudes.reshape(-1, 2, inner)).reshape(amplitudes.shape)


def _controlled(matrix: Amplitudes, shape: tuple[int, ...], zero: Index, one: Index) -> Apply:
    (m00, m01), (m10, m11) = ([np.array(entry) for entry in row] for row in matrix)
    if m01 == m10 == 0:

        def multiply(amplitudes: Amplitudes) -> Amplitudes:
            view = amplitudes.reshape(shape)
            if m00 != 1:
                view[zero] *= m00
            view[one] *= m11
            return amplitudes

        return multiply

    def apply(amplitudes: Amplitudes) -> Amplitudes:
        view = amplitudes.reshape(shape)
        a, b = view[zero], view[one]
        below = a * m10
        below += b * m11
        a *= m00
        a += b * m01
        b[...] = below
        return amplitudes

    return apply


class Layout:
    """Where some of the qubits are in the amplitudes: an axis for each, and what lies between."""

    def __init__(self, measured: Sequence[int], qubits: int) -> None:
        self.shape: list[int] = []
        self.qubits = sorted(measured, reverse=True)
        self.bits = [measured.index(qubit) for qubit in self.qubits]  # of an outcome
        self._others: list[int] = []
        above = qubits
        for qubit in [*self.qubits, -1]:
            if above - qubit > 1:
                self._others.append(len(self.shape) + 1)
                self.shape.append(1 << (above - qubit - 1))
            if qubit >= 0:
                self.shape.append(2)
            above = qubit
        order = [*reversed(range(len(measured)))]
        self._order = (
            None if self.bits == order else [0, *(self.bits.index(bit) + 1 for bit in order)]
        )

    def weights(self, amplitudes: Amplitudes) -> NDArray[np.float64]:
        """The probability of each outcome in each branch: (branches, 2**measured), the first
        measured qubit the least significant."""
        parts = amplitudes.view(np.float64)
        squares = (parts * parts).reshape(len(amplitudes), *self.shape, 2)
        weights: NDArray[np.float64] = np.add.reduce(
            squares, axis=(*self._others, len(self.shape) + 1)
        )
        if self._order:
            weights = weights.transpose(self._order)
        return weights.reshape(len(amplitudes), -1)

    def project(
        self,
        amplitudes: Amplitudes,
        parents: NDArray[np.int64],
        outcomes: NDArray[np.int64],
        scale: NDArray[np.float64],
        reset: bool,
    ) -> Amplitudes:
        """One branch for each outcome of a parent, multiplied by `scale`; the measured qubits
        have it, or are reset."""
        found = amplitudes.reshape(-1, *self.shape)[self._index(parents, outcomes)]
        found *= scale.reshape(-1, *(1,) * (found.ndim - 1))
        result = np.zeros((len(parents), amplitudes.shape[1]), dtype=np.complex128)
        left = np.zeros_like(outcomes) if reset else outcomes
        children = np.arange(len(parents))
        result.reshape(-1, *self.shape)[self._index(children, left)] = found
        return result

    def _index(
        self, rows: NDArray[np.int64], outcomes: NDArray[np.int64]
    ) -> tuple[slice | NDArray[np.int64], ...]:
        index: list[slice | NDArray[np.int64]] = [rows]
        index += [slice(None)] * len(self.shape)
        values = iter(self.bits)
        for axis in range(1, len(index)):
            if axis not in self._others:
                index[axis] = outcomes >> next(values) & 1
        return tuple(index)


def paulis(
    amplitudes: Amplitudes, qubits: Sequence[int], numbers: NDArray[np.int64]
) -> Amplitudes:
    """Applies a product of Pauli operators to each row, up to a phase: of its number, two bits for
    each of the qubits say whether there is an X and whether there is a Z."""
    for place, qubit in enumerate(qubits):
        view = amplitudes.reshape(len(amplitudes), -1, 2, 1 << qubit)
        flipped = (numbers >> 2 * place & 1).nonzero()[0]
        view[flipped] = view[flipped, :, ::-1]
        view[(numbers >> 2 * place & 2).nonzero()[0], :, 1] *= -1
    return amplitudes


def separable(amplitudes: Amplitudes, qubit: int, single: bool = False) -> NDArray[np.bool_]:
    """Of each branch, whether the qubit is not entangled with the others."""
    view = amplitudes.reshape(len(amplitudes), -1, 2, 1 << qubit)
    zero, one = view[:, :, 0], view[:, :, 1]
    product = np.abs((zero.conj() * one).sum(axis=(1, 2))) ** 2
    norms = [(half.real**2 + half.imag**2).sum(axis=(1, 2)) for half in (zero, one)]
    apart = _SINGLE_PARALLEL if single else _PARALLEL
    found: NDArray[np.bool_] = product >= norms[0] * norms[1] * (1 - apart)
    return found


def draw(
    random: np.random.Generator, weights: NDArray[np.float64], shots: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Distributes the shots of each branch over outcomes with these weights.

    Returns, for every outcome that has shots, its branch, the outcome and the number of shots.
    """
    branches, outcomes = weights.shape
    weights = weights / weights.sum(axis=1, keepdims=True)
    weights[weights < NEVER] = 0
    if np.count_nonzero(weights) == branches:
        return np.arange(branches), weights.argmax(axis=1), shots
    if weights.size <= 4 * shots.sum():
        weights /= weights.sum(axis=1, keepdims=True)
        counts = random.multinomial(shots, weights)
        parents, drawn = counts.nonzero()
        return parents, drawn, counts[parents, drawn]
    # The outcomes of branch b have the numbers from b to b + 1.
    totals = weights.cumsum(axis=1)
    totals /= totals[:, -1:].copy()
    totals += np.arange(branches)[:, None]
    rows = np.arange(branches).repeat(shots)
    numbers = np.minimum(rows + random.random(len(rows)), np.nextafter(rows + 1.0, 0))
    found, times = np.unique(totals.ravel().searchsorted(numbers, "right"), return_counts=True)
    return found // outcomes, found % outcomes, times


def fingerprints(amplitudes: Amplitudes, single: bool = False) -> NDArray[np.int64]:
    """Rows of numbers that are the same for states that differ by no more than a phase (and what
    is lost in single precision)."""
    if not amplitudes.shape[1]:
        return np.zeros((len(amplitudes), 0), dtype=np.int64)
    sizes = np.abs(amplitudes)
    # The first of the largest, where rounding does not decide which is larger.
    margin = 1e-4 if single else 1e-6
    largest = (sizes > sizes.max(axis=1, keepdims=True) - margin).argmax(axis=1)
    rows = np.arange(len(amplitudes))
    phases = amplitudes[rows, largest].conj() / sizes[rows, largest]
    turned = amplitudes * (phases * (_SINGLE_GRID if single else _GRID))[:, None]
    numbers: NDArray[np.int64] = np.rint(turned.view(np.float64)).astype(np.int64)
    return numbers

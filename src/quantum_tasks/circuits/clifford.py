"""Clifford gates, whatever they are called: what each of them is in a few plain gates.

A gate is Clifford if it turns every product of Pauli operators into another one, up to a sign.
Angles and the elements of a matrix may be off by what a calculation loses: 1e-9.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from quantum_tasks.circuits.circuit import Gate, Operation, Unitary

_TOLERANCE = 1e-9
_MATRIX_QUBITS = 3  # a matrix on more qubits is not looked at
_FIXED = ("x", "y", "z", "h", "s", "sdg", "sx", "sxdg")
_PAULIS = ("x", "y", "z")
# Turns by pi / 2 about an axis, so many of them.
_ABOUT_X: tuple[tuple[str, ...], ...] = ((), ("sx",), ("x",), ("sxdg",))
_ABOUT_Z: tuple[tuple[str, ...], ...] = ((), ("s",), ("z",), ("sdg",))
_INVERSES = {"s": "sdg", "sx": "sxdg"}

# A product of Pauli operators: the qubits with an X, those with a Z (a Y has both), and whether
# its sign is minus.
_Word = tuple[int, int, bool]
# Plain gates that follow one another, on places among the qubits of the gate that they make.
Parts = tuple[Gate, ...]


def is_clifford(operation: Operation) -> bool:
    """Whether a tableau can simulate an operation. (It can if this is no gate.)"""
    return parts(operation) is not None


def parts(operation: Operation) -> Parts | None:
    """What makes a gate, up to a global phase: x y z h s sdg sx sxdg swap, and x y z with one
    control, on places among its qubits. None if it is not Clifford; nothing for what is no gate.
    """
    if type(operation) is Gate:
        return parts_of(operation.name, len(operation.qubits), operation.params)
    if type(operation) is Unitary:
        return _of_matrix(operation.matrix)
    return ()


@lru_cache(4096)
def parts_of(name: str, qubits: int, params: tuple[float, ...]) -> Parts | None:
    """The same of a gate on so many qubits, its controls first."""
    if name == "swap":
        return (Gate("swap", (0, 1)),) if qubits == 2 else None
    if qubits == 1:
        names = _on_one(name, params)
        return None if names is None else tuple(Gate(one, (0,)) for one in names)
    found = _as_pauli(name, params)
    if found is None:
        return None
    pauli, phase = found
    controls = qubits - 1
    if pauli:
        if controls > 1:
            return None
        return (Gate(pauli, (0, 1)), *(Gate(one, (0,)) for one in _ABOUT_Z[phase]))
    # A phase if all controls are 1.
    if controls == 1:
        return tuple(Gate(one, (0,)) for one in _ABOUT_Z[phase])
    if controls == 2 and phase == 2:
        return (Gate("z", (0, 1)),)
    return None if phase else ()


def quarters(angle: float) -> int | None:
    """How many times pi / 2 an angle is, modulo 8; None if it is not a whole number of times."""
    if abs(math.remainder(angle, math.pi / 2)) > _TOLERANCE:
        return None
    return round(math.remainder(angle, 4 * math.pi) / (math.pi / 2)) % 8


def _on_one(name: str, params: tuple[float, ...]) -> tuple[str, ...] | None:
    """The names of gates on one qubit that make one with this name."""
    if not params:
        return (name,) if name in _FIXED else None
    if name == "u":
        return _turned(*params[:3])
    if (times := quarters(params[0])) is None:
        return None
    if name == "ry":
        return _turned(params[0], 0.0, 0.0)
    return (_ABOUT_X if name == "rx" else _ABOUT_Z)[times % 4]


def _turned(theta: float, phi: float, lam: float) -> tuple[str, ...] | None:
    """A turn about Z by lambda, about Y by theta, and about Z by phi."""
    times = quarters(theta)
    if times is None:
        return None
    if times % 4 == 0:
        about_z = quarters(phi + lam)
        return None if about_z is None else _ABOUT_Z[about_z % 4]
    if times % 4 == 2:
        about_z = quarters(phi - lam)
        return None if about_z is None else ("y", *_ABOUT_Z[about_z % 4])
    before, after = quarters(lam), quarters(phi)
    if before is None or after is None:
        return None
    # A quarter turn about Y is Z and then H, one backwards is H and then Z.
    if times % 4 == 1:
        before += 2
    else:
        after += 2
    return (*_ABOUT_Z[before % 4], "h", *_ABOUT_Z[after % 4])


def _as_pauli(name: str, params: tuple[float, ...]) -> tuple[str, int] | None:
    """A gate on one qubit as a Pauli operator ("" is the identity) times i to a power; None if it
    is none."""
    if not params:
        return (name, 0) if name in _PAULIS else None
    if name == "u":
        return _turned_as_pauli(*params)
    times = quarters(params[0])
    if times is None or times % 2:
        return None
    half_turns = times // 2 % 4
    if name == "p":
        return ("z" if half_turns % 2 else ""), 0
    return (name[1] if half_turns % 2 else ""), -half_turns % 4


def _turned_as_pauli(theta: float, phi: float, lam: float, gamma: float) -> tuple[str, int] | None:
    times = quarters(theta)
    if times is None or times % 2:
        return None
    flips = times % 4 == 2
    phase = quarters(gamma + phi if flips else gamma)
    other = quarters(lam - phi if flips else lam + phi)
    if phase is None or other is None or other % 2:
        return None
    if times >= 4:
        phase += 2
    if not flips:
        return ("z" if other % 4 else ""), phase % 4
    return ("x", phase % 4) if other % 4 else ("y", (phase + 3) % 4)


@lru_cache(256)
def _of_matrix(rows: tuple[tuple[complex, ...], ...]) -> Parts | None:
    qubits = len(rows).bit_length() - 1
    if qubits > _MATRIX_QUBITS:
        return None
    matrix = np.array(rows)
    images: list[_Word] = []
    numbers = np.arange(len(rows))
    for qubit in range(qubits):
        bit = 1 << qubit
        signs = 1 - 2 * (numbers >> qubit & 1)
        for turned in (matrix[:, numbers ^ bit], matrix * signs):  # after an X, after a Z
            word = _word(turned @ matrix.conj().T, qubits)
            if word is None:
                return None
            images.append(word)
    return _inverted(_undoing(images, qubits))


def _word(matrix: NDArray[np.complex128], qubits: int) -> _Word | None:
    """The product of Pauli operators that a matrix is; None if it is none."""
    x = int(np.abs(matrix[0]).argmax())
    first = matrix[0, x]
    z = 0
    for qubit in range(qubits):
        row = 1 << qubit
        if (matrix[row, row ^ x] * first.conj()).real < 0:
            z |= row
    unit = (-1j) ** (x & z).bit_count()
    minus = bool((first * unit.conjugate()).real < 0)
    numbers = np.arange(len(matrix))
    expected = np.zeros_like(matrix)
    signs = 1 - 2 * (np.bitwise_count(numbers & z).astype(int) & 1)
    expected[numbers, numbers ^ x] = (-unit if minus else unit) * signs
    return (x, z, minus) if np.abs(matrix - expected).max() < _TOLERANCE else None


def _undoing(images: Sequence[_Word], qubits: int) -> Iterator[Gate]:
    """Gates that turn images of X and Z of each qubit, one after the other, back into these.

    They make X and Z of one qubit, and then of the next.
    """
    words = list(images)

    def apply(name: str, *places: int) -> Gate:
        words[:] = [_through(word, name, *places) for word in words]
        return Gate(name, places)

    for qubit in range(qubits):
        ours, of_z = 2 * qubit, 2 * qubit + 1
        for place in range(qubits):  # the image of X becomes a product of X
            if words[ours][1] >> place & 1:
                yield apply("s" if words[ours][0] >> place & 1 else "h", place)
        if not words[ours][0] >> qubit & 1:
            other = next(place for place in range(qubits) if words[ours][0] >> place & 1)
            yield apply("x", other, qubit)
        for place in range(qubits):
            if place != qubit and words[ours][0] >> place & 1:
                yield apply("x", qubit, place)
        for place in range(qubits):  # and the image of Z one of Z
            if not words[of_z][0] >> place & 1:
                continue
            if place == qubit:
                yield apply("sx", place)
                continue
            if words[of_z][1] >> place & 1:
                yield apply("s", place)
            yield apply("h", place)
        for place in range(qubits):
            if place != qubit and words[of_z][1] >> place & 1:
                yield apply("x", place, qubit)
        if words[ours][2]:
            yield apply("z", qubit)
        if words[of_z][2]:
            yield apply("x", qubit)


def _through(word: _Word, name: str, *places: int) -> _Word:
    """What a gate turns a word into."""
    x, z, minus = word
    place = places[-1]
    bit = 1 << place
    has_x, has_z = bool(x & bit), bool(z & bit)
    if len(places) == 2:
        control = 1 << places[0]
        of_control = bool(x & control), bool(z & control)
        minus ^= of_control[0] and has_z and has_x == of_control[1]
        return x ^ (bit if of_control[0] else 0), z ^ (control if has_z else 0), minus
    match name:
        case "h":
            both = bit if has_x != has_z else 0
            return x ^ both, z ^ both, minus ^ (has_x and has_z)
        case "s":
            return x, z ^ (x & bit), minus ^ (has_x and has_z)
        case "sx":
            return x ^ (z & bit), z, minus ^ (has_z and not has_x)
        case "x":
            return x, z, minus ^ has_z
    assert name == "z"
    return x, z, minus ^ has_x


def _inverted(gates: Iterator[Gate]) -> Parts:
    undone = reversed(list(gates))
    return tuple(Gate(_INVERSES.get(gate.name, gate.name), gate.qubits) for gate in undone)

"""The gates of the language, and gates as trees: what a gate call means, what it costs, and the
plain operations it becomes. To add a gate, add it to the table STANDARD at the end.

All calls of one defined gate with the same angles share one object. So a gate that calls a gate
twice, and so on, thirty levels deep, is only thirty objects, and its cost is known at once.
Conventions and standard gates are those of the OpenQASM 3 specification; in particular U(theta,
phi, lambda) is e^(i theta / 2) times Qiskit's.
"""

from __future__ import annotations

import cmath
import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quantum_tasks.circuits.circuit import Gate, Operation, Unitary
from quantum_tasks.parsing.mistakes import Mistake

Matrix = Any  # a complex square array; qubit 0 is the least significant
Emit = Callable[[Operation], None]

MAX_MATRIX_QUBITS = 6
_REPEATED_AT_MOST = 64  # repetitions of a power that are written out; more become a matrix
_MAX_INEXACT_POWER = 1e9  # each repetition loses 1e-16
_MAX_ORDER = 96
_QUBITS = {"gphase": 0, "swap": 2}  # others take one
_FLIPS = {"s": "sdg", "sdg": "s", "t": "tdg", "tdg": "t", "sx": "sxdg", "sxdg": "sx"}
_HALF = math.sqrt(0.5)
_FIXED: dict[str, list[list[complex]]] = {
    "x": [[0, 1], [1, 0]],
    "y": [[0, -1j], [1j, 0]],
    "z": [[1, 0], [0, -1]],
    "h": [[_HALF, _HALF], [_HALF, -_HALF]],
    "s": [[1, 0], [0, 1j]],
    "sdg": [[1, 0], [0, -1j]],
    "t": [[1, 0], [0, cmath.exp(0.25j * math.pi)]],
    "tdg": [[1, 0], [0, cmath.exp(-0.25j * math.pi)]],
    "sx": [[0.5 + 0.5j, 0.5 - 0.5j], [0.5 - 0.5j, 0.5 + 0.5j]],
    "sxdg": [[0.5 - 0.5j, 0.5 + 0.5j], [0.5 + 0.5j, 0.5 - 0.5j]],
    "swap": [[1, 0, 0, 0], [0, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 1]],
}


class Node(ABC):
    """One gate on `qubits` qubits. `cost` is how many operations it becomes, at least 1."""

    qubits: int
    cost: int

    @abstractmethod
    def emit(self, qubits: tuple[int, ...], controls: tuple[int, ...], emit: Emit) -> None:
        """Writes out its operations. They act only if the further control qubits are 1."""

    @property
    @abstractmethod
    def inverse(self) -> Node:
        """The inverse gate."""

    @property
    @abstractmethod
    def matrix(self) -> Matrix:
        """Its unitary; only for up to MAX_MATRIX_QUBITS qubits."""


class Basic(Node):
    """A gate that the simulator knows, or a global phase ("gphase", no qubit)."""

    def __init__(self, name: str, params: tuple[float, ...] = ()) -> None:
        if params and not all(map(math.isfinite, params)):
            raise Mistake("the angle is not a finite number")
        self.name = name
        self.params = params
        self.qubits = _QUBITS.get(name, 1)
        self.cost = 1

    def emit(self, qubits: tuple[int, ...], controls: tuple[int, ...], emit: Emit) -> None:
        if self.name != "gphase":
            emit(Gate(self.name, controls + qubits, self.params))
        elif controls:  # a controlled global phase is a phase gate
            emit(Gate("p", controls, self.params))

    @cached_property
    def inverse(self) -> Node:
        if self.name == "u":
            theta, phi, lambda_, gamma = self.params
            return Basic("u", (-theta, -lambda_, -phi, -gamma))
        if self.params:
            return Basic(self.name, (-self.params[0],))
        return Basic(_FLIPS.get(self.name, self.name))

    @cached_property
    def matrix(self) -> Matrix:
        if self.name in _FIXED:
            return np.array(_FIXED[self.name], dtype=complex)
        angle = self.params[0]
        match self.name:
            case "gphase":
                return np.array([[cmath.exp(1j * angle)]])
            case "p":
                return np.diag([1, cmath.exp(1j * angle)])
            case "rz":
                return np.diag([cmath.exp(-0.5j * angle), cmath.exp(0.5j * angle)])
            case "rx":
                return _u(angle, -math.pi / 2, math.pi / 2)
            case "ry":
                return _u(angle, 0, 0)
        return cmath.exp(1j * self.params[3]) * _u(*self.params[:3])


def _u(theta: float, phi: float, lambda_: float) -> Matrix:
    cos, sin = math.cos(theta / 2), math.sin(theta / 2)
    return np.array(
        [
            [cos, -cmath.exp(1j * lambda_) * sin],
            [cmath.exp(1j * phi) * sin, cmath.exp(1j * (phi + lambda_)) * cos],
        ]
    )


class Sequence(Node):
    """Gates one after the other, each on some of its qubits."""

    def __init__(self, qubits: int, parts: list[tuple[Node, tuple[int, ...]]]) -> None:
        self.qubits = qubits
        self.parts = parts
        self.cost = max(1, sum(node.cost for node, _ in parts))

    def emit(self, qubits: tuple[int, ...], controls: tuple[int, ...], emit: Emit) -> None:
        for node, places in self.parts:
            node.emit(tuple(qubits[place] for place in places), controls, emit)

    @cached_property
    def inverse(self) -> Node:
        return Sequence(self.qubits, [(node.inverse, at) for node, at in reversed(self.parts)])

    @cached_property
    def matrix(self) -> Matrix:
        _check_size(self.qubits)
        state = np.eye(2**self.qubits, dtype=complex).reshape((2,) * self.qubits + (-1,))
        for node, places in self.parts:
            axes = [self.qubits - 1 - place for place in reversed(places)]
            size = len(places)
            matrix = node.matrix.reshape((2,) * (2 * size))
            state = np.tensordot(matrix, state, (range(size, 2 * size), axes))
            state = np.moveaxis(state, range(size), axes)
        return state.reshape(2**self.qubits, -1)


class Controlled(Node):
    """Another gate, which acts if the first qubits have the values of the pattern."""

    def __init__(self, inner: Node, pattern: tuple[bool, ...]) -> None:
        self.inner = inner
        self.pattern = pattern
        self.qubits = inner.qubits + len(pattern)
        self.cost = inner.cost + 2 * pattern.count(False)

    def emit(self, qubits: tuple[int, ...], controls: tuple[int, ...], emit: Emit) -> None:
        own, targets = qubits[: len(self.pattern)], qubits[len(self.pattern) :]
        if self.cost == self.inner.cost:
            self.inner.emit(targets, controls + own, emit)
            return
        flipped = [qubit for qubit, one in zip(own, self.pattern, strict=True) if not one]
        for qubit in flipped:
            emit(Gate("x", (qubit,)))
        self.inner.emit(targets, controls + own, emit)
        for qubit in flipped:
            emit(Gate("x", (qubit,)))

    @cached_property
    def inverse(self) -> Node:
        return Controlled(self.inner.inverse, self.pattern)

    @cached_property
    def matrix(self) -> Matrix:
        _check_size(self.qubits)
        matrix = np.eye(2**self.qubits, dtype=complex)
        number = sum(1 << place for place, one in enumerate(self.pattern) if one)
        at = [number + (k << len(self.pattern)) for k in range(2**self.inner.qubits)]
        matrix[np.ix_(at, at)] = self.inner.matrix
        return matrix


def power(inner: Node, exponent: float) -> Node:
    """A gate repeated or, for an exponent that is no integer, its principal power."""
    if not isinstance(exponent, int) and not math.isfinite(exponent):
        raise Mistake("the power is not a finite number")
    if exponent == int(exponent):
        return _repeated(inner if exponent >= 0 else inner.inverse, abs(int(exponent)))
    return Exact(_power(inner.matrix, exponent))


class Exact(Node):
    """A gate given by its matrix."""

    def __init__(self, matrix: Matrix) -> None:
        self._matrix = matrix
        self.qubits = int(matrix.shape[0]).bit_length() - 1
        self.cost = 1

    @property
    def matrix(self) -> Matrix:
        return self._matrix

    @cached_property
    def inverse(self) -> Node:
        return Exact(self._matrix.conj().T)

    def emit(self, qubits: tuple[int, ...], controls: tuple[int, ...], emit: Emit) -> None:
        if self.qubits == 0:
            Basic("gphase", (cmath.phase(self._matrix[0, 0]),)).emit(qubits, controls, emit)
        elif self.qubits == 1:
            Basic("u", angles(self._matrix)).emit(qubits, controls, emit)
        else:
            pattern = (True,) * len(controls)
            matrix = Controlled(self, pattern).matrix if controls else self._matrix
            rows = tuple(tuple(map(complex, row)) for row in matrix)
            emit(Unitary(rows, controls + qubits))


def angles(matrix: Matrix) -> tuple[float, float, float, float]:
    """theta, phi, lambda and gamma of a matrix on one qubit."""
    theta = 2 * math.atan2(abs(matrix[1, 0]), abs(matrix[0, 0]))
    if abs(matrix[0, 0]) > 1e-12:
        gamma = cmath.phase(matrix[0, 0])
        phi = cmath.phase(matrix[1, 0]) - gamma if abs(matrix[1, 0]) > 1e-12 else 0.0
        whole = cmath.phase(matrix[1, 1]) - gamma if abs(matrix[1, 1]) > 1e-12 else phi
        return theta, phi, whole - phi, gamma
    gamma = cmath.phase(-matrix[0, 1])
    return theta, cmath.phase(matrix[1, 0]) - gamma, 0.0, gamma


def _check_size(qubits: int) -> None:
    if qubits > MAX_MATRIX_QUBITS:
        raise Mistake(
            f"such a power of a gate on {qubits} qubits is not supported: "
            f"{MAX_MATRIX_QUBITS} qubits are the most"
        )


def _repeated(inner: Node, times: int) -> Node:
    if times > _REPEATED_AT_MOST and (order := _order(inner)):
        times %= order
    if times <= _REPEATED_AT_MOST or inner.qubits > MAX_MATRIX_QUBITS:
        every = tuple(range(inner.qubits))
        if times > 2**40:  # refused for its cost; a list of so many could not be made
            times = 2**40
        return inner if times == 1 else _Turns(inner, times, every)
    if isinstance(inner, Basic) and len(inner.params) == 1 and abs(times) <= _MAX_INEXACT_POWER:
        return Basic(inner.name, (inner.params[0] * times,))
    if times > _MAX_INEXACT_POWER:
        raise Mistake(
            f"pow({times}) of this gate cannot be calculated exactly; at most "
            f"{_MAX_INEXACT_POWER:.0f} can"
        )
    return Exact(np.linalg.matrix_power(inner.matrix, times))


class _Turns(Sequence):
    """A gate repeated, without a list of the repetitions."""

    def __init__(self, inner: Node, times: int, every: tuple[int, ...]) -> None:
        super().__init__(inner.qubits, [(inner, every)])
        self.times = times
        self.cost = max(1, inner.cost * times)

    def emit(self, qubits: tuple[int, ...], controls: tuple[int, ...], emit: Emit) -> None:
        for _ in range(self.times):
            self.parts[0][0].emit(qubits, controls, emit)

    @cached_property
    def inverse(self) -> Node:
        return _Turns(self.parts[0][0].inverse, self.times, self.parts[0][1])

    @cached_property
    def matrix(self) -> Matrix:
        return np.linalg.matrix_power(self.parts[0][0].matrix, self.times)


def _order(inner: Node) -> int | None:
    """After how many repetitions a gate is the identity, for gates that are known by name."""
    if inner.qubits > MAX_MATRIX_QUBITS or inner.cost > 10_000:
        return None
    phases = np.angle(np.linalg.eigvals(inner.matrix)) / (2 * math.pi)
    for order in range(1, _MAX_ORDER + 1):
        turns = phases * order
        if np.all(abs(turns - np.round(turns)) < 1e-12 * order):
            return order
    return None


def eigen(unitary: Matrix) -> tuple[NDArray[np.complex128], Matrix]:
    """The eigenvalues of a unitary matrix, and an orthonormal eigenvector for each, as columns."""
    values, vectors = np.linalg.eig(unitary)
    # Those of equal eigenvalues are not orthogonal yet. (Importing SciPy, which has a function for
    # this, would take longer than to import all that the simulators need.)
    orthonormal, _ = np.linalg.qr(vectors)
    return values, orthonormal


def _power(matrix: Matrix, exponent: float) -> Matrix:
    """The principal power of a unitary: eigenphases in (-pi, pi] times the exponent."""
    if not math.isfinite(exponent) or abs(exponent) > _MAX_INEXACT_POWER:
        raise Mistake(f"pow({exponent:g}) cannot be calculated exactly")
    values, basis = eigen(matrix)
    phases = np.angle(values)
    phases[phases < -math.pi + 1e-9] += 2 * math.pi
    return (basis * np.exp(1j * exponent * phases)) @ basis.conj().T


def _u3(theta: float, phi: float, lambda_: float) -> Node:
    return Basic("u", (theta, phi, lambda_, -(phi + lambda_) / 2))


def _controlled(name: str, controls: int = 1) -> Callable[..., Node]:
    return lambda *params: Controlled(Basic(name, params), (True,) * controls)


def _plain(name: str) -> Callable[..., Node]:
    return lambda *params: Basic(name, params)


# name: (number of angles, how to build it). First the built-in gate, then those of stdgates.inc.
BUILT_IN: dict[str, tuple[int, Callable[..., Node]]] = {
    "U": (3, lambda theta, phi, lambda_: Basic("u", (theta, phi, lambda_, theta / 2))),
}
STANDARD: dict[str, tuple[int, Callable[..., Node]]] = {
    **{name: (0, _plain(name)) for name in ("x", "y", "z", "h", "s", "sdg", "t", "tdg", "sx")},
    **{name: (1, _plain(name)) for name in ("p", "rx", "ry", "rz")},
    **{f"c{name}": (0, _controlled(name)) for name in ("x", "y", "z", "h", "swap")},
    **{f"c{name}": (1, _controlled(name)) for name in ("p", "rx", "ry", "rz")},
    "swap": (0, _plain("swap")),
    "ccx": (0, _controlled("x", 2)),
    "cu": (4, _controlled("u")),
    "CX": (0, _controlled("x")),
    "phase": (1, _plain("p")),
    "cphase": (1, _controlled("p")),
    "id": (0, lambda: Sequence(1, [])),
    "u1": (1, _plain("p")),
    "u2": (2, lambda phi, lambda_: _u3(math.pi / 2, phi, lambda_)),
    "u3": (3, _u3),
}

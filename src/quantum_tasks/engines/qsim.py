"""Google's qsim: a state vector in single precision, with instructions made for the processor.

Its compiled module is loaded by itself: the package around it would bring Cirq. What is wrong in
what the module is given it does not always say: a wrong option gives an empty array, and what is
not unitary a state that is none. So all that crosses into it is checked here, and the state that
comes back.

A process that has run it with several threads must not be forked: the child would hang.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from math import cos, sin
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quantum_tasks.capability import block_bytes, qsim_modules, release, single_bytes, single_mb
from quantum_tasks.circuits.circuit import Gate, Operation, Unitary
from quantum_tasks.circuits.observables import Basis, Observable, turns
from quantum_tasks.engines.engine import Engine, GivesUp, Question, SimulationError, Work
from quantum_tasks.engines.extensions import load
from quantum_tasks.engines.sampling import DRAWN_QUBITS, drawn_from
from quantum_tasks.engines.states import Amplitudes, block_sums, expected, weights
from quantum_tasks.errors import SIMULATION_FAILED
from quantum_tasks.tasks import Method

_KINDS = {0: "qsim_avx512", 1: "qsim_avx2", 2: "qsim_sse", 3: "qsim_basic"}
_MATRIX_QUBITS = 3  # up to so many controls and targets are written as one matrix
_MAX_QUBITS = 6  # of any matrix
_WIDE_FROM = 16  # qubits from which on gates are fused to three qubits instead of two
_LEAST = 1e-30  # what is smaller would be a denormal number, or nearly
_MAX_ERROR = 1e-3  # of the norm of a state that was calculated
_SPARE = 1 << 20  # numbers, for all that it allocates besides
_ROOT = math.sqrt(0.5)
_OPTIONS = {"v": 0, "s": 1, "r": 1, "g": False, "gmode": 0, "gsst": 512, "gdb": 16}

# What a core takes (tests/bench): for a run, a gate, each amplitude at a gate, and what comes to
# that on several qubits; for each amplitude that shots are drawn from, and a shot with its key.
_RUN_MS, _GATE_MS, _AMPLITUDE_MS = 0.11, 0.001, 4e-8
_JOINING_MS, _JOINING_AMPLITUDE_MS = 0.001, 2.6e-7
_DRAWN_MS, _SHOT_MS = 1e-6, 2e-4

# Real and imaginary parts of a matrix, row by row.
Entries = Sequence[float]

_FIXED: dict[str, Entries] = {
    "x": (0, 0, 1, 0, 1, 0, 0, 0),
    "y": (0, 0, 0, -1, 0, 1, 0, 0),
    "z": (1, 0, 0, 0, 0, 0, -1, 0),
    "h": (_ROOT, 0, _ROOT, 0, _ROOT, 0, -_ROOT, 0),
    "s": (1, 0, 0, 0, 0, 0, 0, 1),
    "sdg": (1, 0, 0, 0, 0, 0, 0, -1),
    "t": (1, 0, 0, 0, 0, 0, _ROOT, _ROOT),
    "tdg": (1, 0, 0, 0, 0, 0, _ROOT, -_ROOT),
    "sx": (0.5, 0.5, 0.5, -0.5, 0.5, -0.5, 0.5, 0.5),
    "sxdg": (0.5, -0.5, 0.5, 0.5, 0.5, 0.5, 0.5, -0.5),
    "swap": (
        *(1, 0, 0, 0, 0, 0, 0, 0),
        *(0, 0, 0, 0, 1, 0, 0, 0),
        *(0, 0, 1, 0, 0, 0, 0, 0),
        *(0, 0, 0, 0, 0, 0, 1, 0),
    ),
}


_KNOWN = {
    **{("x", 1): "kX", ("y", 1): "kY", ("z", 1): "kZ", ("h", 1): "kH", ("s", 1): "kS"},
    **{("t", 1): "kT", ("x", 2): "kCX", ("z", 2): "kCZ", ("swap", 2): "kSWAP", ("x", 3): "kCCX"},
}


@cache
def module() -> ModuleType | None:
    """The compiled module for this processor; None where qsim is not installed."""
    folder = qsim_modules()
    if folder is None:
        return None
    kind: int = load("qsimcirq.qsim_decide", folder).detect_instructions()
    return load(f"qsimcirq.{_KINDS[kind]}", folder)


class Evolution:
    """Gates, in qsim's own form."""

    def __init__(self, operations: Sequence[Operation], qubits: int) -> None:
        """Raises GivesUp for a matrix that is too large and for what is no gate, SimulationError
        for a matrix that is not unitary."""
        self._size = 1 << max(1, qubits)
        self._options = {
            "c": _circuit(operations, max(1, qubits)),
            "f": 3 if qubits >= _WIDE_FROM else 2,
        }

    def of(self, state: Amplitudes | None = None, threads: int = 1) -> Amplitudes:
        """The state (2^qubits complex numbers) that the gates make of a state, which stays as it
        is, or of |0...0>. Raises MemoryError."""
        given: Any = 0
        if state is not None:
            given = np.ascontiguousarray(state, dtype=np.complex64).view(np.float32)
        # It does not survive that there is no memory for its state: numpy says so before.
        np.empty(2 * self._size + _SPARE, dtype=np.float32)
        found = _simulated({**self._options, "t": threads}, given)
        if found.size != 2 * self._size:  # it has printed why
            raise MemoryError
        return found.view(np.complex64)  # type: ignore[no-any-return]


def _simulated(options: dict[str, Any], state: Any) -> Any:
    """What qsim makes of a state. It lets the processor take denormal numbers for 0, which are
    slow, and leaves it so, until it is told not to."""
    simulate = _module().qsim_simulate_fullstate
    try:
        return simulate({**_OPTIONS, "z": True, **options}, state)
    finally:
        simulate({**_OPTIONS, "z": False, "c": _nothing(), "t": 1, "f": 2}, 0)


@cache
def _nothing() -> Any:
    return _circuit([], 1)


def _module() -> ModuleType:
    found = module()
    assert found is not None
    return found


def _circuit(operations: Sequence[Operation], qubits: int) -> Any:
    """The circuit in qsim's own form. A matrix's first qubit is its most significant one."""
    of = _module()
    circuit = of.Circuit()
    circuit.num_qubits = qubits
    add, control, add_known = of.add_matrix_gate, of.control_last_gate, of.add_gate
    known, none = _known_gates(), dict[str, float]()
    for time, operation in enumerate(operations):
        if type(operation) is Gate:
            name, on, params = operation.name, operation.qubits, operation.params
            if not params and (kind := known.get((name, len(on)))) is not None:
                add_known(kind, time, on, none, circuit)
                continue
            entries = _TURNED[name](*params) if params else _FIXED[name]
            if len(on) == 1:
                add(time, on, entries, circuit)
            elif len(on) > _MATRIX_QUBITS:
                controls = operation.controls
                add(time, on[controls:], entries, circuit)
                control(on[:controls], [1] * controls, circuit)
            elif params:
                add(time, on, _controlled(entries, len(on)), circuit)
            else:
                add(time, on, _fixed(name, len(on)), circuit)
        elif type(operation) is Unitary:
            add(time, operation.qubits[::-1], _checked(operation), circuit)
        else:
            raise GivesUp("it takes gates only")
    return circuit


@cache
def _known_gates() -> dict[tuple[str, int], Any]:
    """The gates that qsim knows by names of its own, by ours and the number of their qubits: to
    hand it a matrix takes twice as long."""
    of = _module()
    return {key: getattr(of, name) for key, name in _KNOWN.items()}


def _phase(angle: float) -> Entries:
    angle = angle if abs(angle) > _LEAST else 0.0
    return (1, 0, 0, 0, 0, 0, cos(angle), sin(angle))


def _about_x(angle: float) -> Entries:
    c, s = _halved(angle)
    return (c, 0, 0, -s, 0, -s, c, 0)


def _about_y(angle: float) -> Entries:
    c, s = _halved(angle)
    return (c, 0, -s, 0, s, 0, c, 0)


def _about_z(angle: float) -> Entries:
    c, s = _halved(angle)
    return (c, -s, 0, 0, 0, 0, c, s)


def _turned(theta: float, phi: float, lam: float, gamma: float) -> Entries:
    c, s = _halved(theta)
    entries = (
        *(c * cos(gamma), c * sin(gamma), -s * cos(gamma + lam), -s * sin(gamma + lam)),
        *(s * cos(gamma + phi), s * sin(gamma + phi)),
        *(c * cos(gamma + phi + lam), c * sin(gamma + phi + lam)),
    )
    return [entry if abs(entry) > _LEAST else 0.0 for entry in entries]


def _halved(angle: float) -> tuple[float, float]:
    """Cosine and sine of half an angle. (Only what is nearly 0 itself has a sine that would be a
    denormal number.)"""
    half = angle / 2 if abs(angle) > _LEAST else 0.0
    return cos(half), sin(half)


# The matrices of gates with angles.
_TURNED: dict[str, Callable[..., Entries]] = {
    "p": _phase,
    "rx": _about_x,
    "ry": _about_y,
    "rz": _about_z,
    "u": _turned,
}


@cache
def _fixed(name: str, qubits: int) -> Entries:
    return _controlled(_FIXED[name], qubits)


def _controlled(entries: Entries, qubits: int) -> Entries:
    """A matrix on so many qubits that does nothing unless the first ones, its controls, are 1."""
    side, inner = 1 << qubits, math.isqrt(len(entries) // 2)
    if side == inner:
        return entries
    matrix = [0.0] * (2 * side * side)
    first = side - inner
    for row in range(first):
        matrix[2 * row * (side + 1)] = 1.0
    for row in range(inner):
        start = 2 * ((first + row) * side + first)
        matrix[start : start + 2 * inner] = entries[2 * inner * row : 2 * inner * (row + 1)]
    return matrix


def _checked(operation: Unitary) -> list[float]:
    """A matrix that is known to be unitary, as entries."""
    matrix = np.array(operation.matrix, dtype=np.complex128)
    size = len(matrix)
    if size > 1 << _MAX_QUBITS:
        raise GivesUp("it takes no matrix of so many qubits")
    if not np.allclose(matrix @ matrix.conj().T, np.eye(size), atol=1e-6):
        raise SimulationError(
            SIMULATION_FAILED,
            "The simulator cannot run this program.",
            log=f"a matrix of {size} rows is not unitary",
        )
    entries: list[float] = matrix.ravel().view(np.float64).tolist()
    return [entry if abs(entry) > _LEAST else 0.0 for entry in entries]


class Qsim(Engine):
    """2^n amplitudes of 8 bytes each, of programs that measure at their end.

    (In the middle of programs that do not, Branching has it apply the gates.)
    """

    method = Method.STATEVECTOR
    name = release("qsim")

    def __init__(self, memory_mb: int) -> None:
        self._memory_mb = memory_mb
        self._blocks = block_bytes(memory_mb)

    def refusal(self, question: Question) -> str | None:
        if question.double:
            return "it calculates in single precision"
        if question.gates_err:
            return "it cannot simulate gates that err"
        if question.final is None:
            return "it cannot go on after a measurement"
        return None

    def bytes(self, question: Question) -> int:
        return single_bytes(question.program.qubits, self._memory_mb)

    def least_mb(self, question: Question, size: int) -> int:
        return single_mb(question.program.qubits)

    def work(self, question: Question, size: int) -> Work:
        state = 2.0**question.program.qubits
        operations = question.program.operations
        # Gates on one qubit become part of those on two; those become part of few others.
        joining = sum(type(one) is Gate and len(one.qubits) > 1 for one in operations)
        single = len(operations) - joining
        gates = len(operations) * _GATE_MS + joining * (
            _JOINING_MS + state * _JOINING_AMPLITUDE_MS
        )
        gates += single * state * _AMPLITUDE_MS
        shots = min(question.shots, state) * _SHOT_MS
        return Work(_RUN_MS + gates + state * _DRAWN_MS + shots, parallel=True)

    def counts(self, question: Question, seed: int | None, threads: int) -> Mapping[int, int]:
        final = question.final
        assert final is not None
        if not final.measured:
            return {0: question.shots}
        state, sums = self._state(final.gates, question, threads)
        return drawn_from(state, sums, final, question.shots, seed, question.readout, self._blocks)

    def exact(
        self, question: Question, observables: Sequence[Observable], threads: int
    ) -> list[float]:
        operations = question.program.operations
        if not all(isinstance(one, (Gate, Unitary)) for one in operations):
            raise GivesUp("it cannot average over measurements")
        state, _ = self._state(operations, question, threads)
        return [
            sum(number * expected(state, word) for word, number in one.words.items())
            for one in observables
        ]

    def state(self, question: Question, threads: int) -> NDArray[np.complexfloating]:
        final = question.final
        assert final is not None
        state, _ = self._state(final.gates, question, threads)
        return state

    def probabilities(
        self, question: Question, bases: Sequence[Basis], threads: int
    ) -> Iterator[NDArray[np.float64]] | None:
        program = question.program
        pure = all(isinstance(one, (Gate, Unitary)) for one in program.operations)
        if question.double or not pure or program.qubits > DRAWN_QUBITS:
            return None
        state, _ = self._state(program.operations, question, threads)
        turned = (
            Evolution(turns(basis), program.qubits).of(state, threads) if basis.word[0] else state
            for basis in bases
        )
        return (weights(one, basis.measured) for one, basis in zip(turned, bases, strict=True))

    def _state(
        self, operations: Sequence[Operation], question: Question, threads: int
    ) -> tuple[Amplitudes, NDArray[np.float64]]:
        """The state, and how probable the outcomes in each block of it are."""
        state = Evolution(operations, question.program.qubits).of(threads=threads)
        sums = block_sums(state)
        if abs(found := float(sums.sum()) - 1) > _MAX_ERROR:
            raise SimulationError(
                SIMULATION_FAILED,
                "The simulator cannot run this program.",
                log=f"a state whose norm differs from 1 by {found}",
            )
        return state, sums

"""Noise: gates that depolarize, and measurements that read the opposite value.

Depolarizing has the meaning of qiskit_aer.noise.depolarizing_error: with probability p the n
qubits of a gate become maximally mixed, E(rho) = (1 - p) rho + p I / 2^n. It is the same to apply
each of the 4^n Pauli operators, the identity among them, with probability p / 4^n.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quantum_tasks.circuits.circuit import Branch, Depolarize, Gate, Loop, Operation, Unitary
from quantum_tasks.tasks import Noise

# The probabilities that a measurement reads 1 for 0, and that it reads 0 for 1.
Readout = tuple[float, float]

MAX_MATRIX_QUBITS = 3  # of a channel that is written as a matrix, or as Pauli operators
MAX_QUBITS = 12  # of an error in Aer's model: each further qubit doubles the time to write it
_PAULIS = np.array([[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])


def readout(noise: Noise | None) -> Readout | None:
    """The error probabilities of measurements; None if measurements do not err."""
    if noise is None or noise.readout is None:
        return None
    both = noise.readout
    up, down = (both, both) if isinstance(both, int | float) else both
    return (up, down) if up or down else None


def with_errors(operations: Iterable[Operation], noise: Noise | None) -> list[Operation]:
    """The operations, with the error of each gate after it."""
    if noise is None or noise.depolarizing is None:
        return list(operations)
    probabilities = noise.depolarizing.p1, noise.depolarizing.p2
    result: list[Operation] = []
    for operation in operations:
        match operation:
            case Gate() | Unitary():
                result.append(operation)
                probability = probabilities[len(operation.qubits) > 1]
                if probability:
                    result.append(Depolarize(operation.qubits, probability))
            case Branch():
                then = with_errors(operation.then, noise)
                otherwise = with_errors(operation.otherwise, noise)
                result.append(Branch(operation.condition, then, otherwise))
            case Loop():
                result.append(Loop(operation.condition, with_errors(operation.body, noise)))
            case _:
                result.append(operation)
    return result


@lru_cache(16)
def channel(qubits: int, probability: float) -> NDArray[np.complex128]:
    """The channel as a matrix on rho, written as a vector column by column."""
    size = 1 << qubits
    identity = np.eye(size).ravel()
    mixed = np.outer(identity, identity) * (probability / size)
    return ((1 - probability) * np.eye(size * size) + mixed).astype(np.complex128)


def coin(probability: float) -> NDArray[np.complex128]:
    """A channel on one qubit: whatever its state was, it becomes 1 with this probability, else
    0."""
    return np.outer([1 - probability, 0, 0, probability], [1, 0, 0, 1]).astype(complex)


def mixed_by_coin() -> NDArray[np.complex128]:
    """A channel on two qubits: the first becomes maximally mixed if the second is 1."""
    kraus = [np.kron(np.diag([1, 0]), np.eye(2))]
    kraus += [np.kron(np.diag([0, 1]), pauli / 2) for pauli in _PAULIS]
    matrix: NDArray[np.complex128] = np.zeros((16, 16), dtype=np.complex128)
    for one in kraus:
        matrix += np.kron(one.conj(), one)
    return matrix


def label(operation: Depolarize) -> str:
    """The name of an error in model()."""
    return f"depolarize_{len(operation.qubits)}_{operation.probability!r}"


def model(operations: Iterable[Operation], readout: Readout | None) -> dict[str, Any]:
    """The errors of operations, on MAX_QUBITS at most, and of measurements, as Aer's controller
    takes them."""
    kinds = {label(one): one for one in depolarized(operations)}
    errors = [_error(one) for one in kinds.values()]
    if readout is not None:
        up, down = readout
        probabilities = [[1 - up, up], [down, 1 - down]]
        errors.append(
            {"type": "roerror", "operations": ["measure"], "probabilities": probabilities}
        )
    return {"errors": errors} if errors else {}


def depolarized(operations: Iterable[Operation]) -> Iterator[Depolarize]:
    """The errors in operations, including those inside blocks."""
    for operation in operations:
        match operation:
            case Depolarize():
                yield operation
            case Branch():
                yield from depolarized(operation.then)
                yield from depolarized(operation.otherwise)
            case Loop():
                yield from depolarized(operation.body)


def _error(operation: Depolarize) -> dict[str, Any]:
    qubits, probability = len(operation.qubits), operation.probability
    places = list(range(qubits))
    name = label(operation)
    error: dict[str, Any] = {"type": "qerror", "id": name, "operations": [name]}
    if qubits <= MAX_MATRIX_QUBITS:
        words = ["".join(letters) for letters in product("IXYZ", repeat=qubits)]
        each = probability / len(words)
        error["probabilities"] = [1 - probability + each, *[each] * (len(words) - 1)]
        error["instructions"] = [
            [{"name": "pauli", "qubits": places, "params": [word]}] for word in words
        ]
        return error
    # The error makes one of the 2^n basis states, which are far fewer than the Pauli operators.
    reset = [{"name": "reset", "qubits": [place]} for place in places]
    error["probabilities"] = [1 - probability, *[probability / 2**qubits] * 2**qubits]
    error["instructions"] = [[{"name": "id", "qubits": [0]}]]
    for ones in range(2**qubits):
        flips = [{"name": "x", "qubits": [place]} for place in places if ones >> place & 1]
        error["instructions"].append([*reset, *flips])
    return error


def misread(
    random: np.random.Generator,
    bits: NDArray[np.bool_],
    shots: NDArray[np.int64],
    readout: Readout | None,
) -> tuple[NDArray[np.bool_], NDArray[np.int64], NDArray[np.int64]]:
    """What measurements that err read for `bits` (measurements, outcomes), each of which came
    `shots` times.

    Returns bits and shots of the values that were read, and from which of the outcomes each came.
    """
    parents = np.arange(len(shots))
    if readout is None:
        return bits, shots, parents
    rates = np.array(readout)
    for row in range(len(bits)):
        wrong = random.binomial(shots, rates[bits[row].astype(np.int64)])
        if not wrong.any():
            continue
        right = shots - wrong
        at, flipped = right.nonzero()[0], wrong.nonzero()[0]
        order = np.concatenate([at, flipped])
        bits, parents = bits[:, order], parents[order]
        shots = np.concatenate([right[at], wrong[flipped]])
        bits[row, len(at) :] ^= True
    return bits, shots, parents


def as_rows(outcomes: NDArray[np.int64], places: Sequence[int]) -> NDArray[np.bool_]:
    """Some bits of outcomes, as an array (places, outcomes)."""
    shifts = np.array(places, dtype=np.int64).reshape(-1, 1)
    return (outcomes >> shifts & 1).astype(np.bool_)

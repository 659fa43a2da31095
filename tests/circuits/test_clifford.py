"""Which gates are Clifford, and in which plain gates they are made."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from quantum_tasks.circuits.circuit import Gate, Unitary
from quantum_tasks.circuits.clifford import is_clifford, parts, parts_of
from quantum_tasks.circuits.gates import Basic, Controlled, Node, Sequence

ANGLES = {"p": 1, "rx": 1, "ry": 1, "rz": 1, "u": 4}
PLAIN = ("x", "y", "z", "h", "s", "sdg", "t", "tdg", "sx", "sxdg", "swap")
_PAULIS = [Basic(name).matrix for name in ("x", "y", "z")]


def made_of(gates, qubits: int):
    """The matrix of plain gates on so many qubits."""
    placed: list[tuple[Node, tuple[int, ...]]] = []
    for gate in gates:
        node: Node = Basic(gate.name, gate.params)
        if gate.controls:
            node = Controlled(node, (True,) * gate.controls)
        placed.append((node, gate.qubits))
    return Sequence(qubits, placed).matrix


def is_same(a, b) -> bool:
    """Whether matrices are equal up to a global phase."""
    return abs(abs(np.trace(a.conj().T @ b)) - len(a)) < 1e-6


def turns_paulis_into_paulis(matrix) -> bool:
    """The definition, word by word."""
    qubits = len(matrix).bit_length() - 1
    words = [np.eye(1)]
    for _ in range(qubits):
        words = [np.kron(one, word) for one in (np.eye(2), *_PAULIS) for word in words]
    for word in words:
        image = matrix @ word @ matrix.conj().T
        overlaps = [abs(np.trace(image @ other)) / len(matrix) for other in words]
        if max(overlaps) < 1 - 1e-6:
            return False
    return True


# Pauli operators times powers of i.
_CONTROLLED = [
    ("u", (math.pi * turns, phi, phi + math.pi * half, math.pi / 2 * phase - phi * (turns % 2)))
    for turns in (1, 2, 3, 4)
    for half in (0, 1)
    for phase in (0, 1)
    for phi in (0.0, math.pi / 2)
] + [(name, (math.pi * turns,)) for name in ("rx", "ry", "rz", "p") for turns in range(-1, 5)]


@pytest.mark.parametrize(("name", "params"), _CONTROLLED)
def test_a_controlled_pauli_keeps_its_phase(name, params):
    matrix = Controlled(Basic(name, params), (True,)).matrix
    made = parts_of(name, 2, params)
    assert (made is not None) == turns_paulis_into_paulis(matrix)
    assert made is None or is_same(made_of(made, 2), matrix)


def random_gate(source: random.Random) -> tuple[str, int, tuple[float, ...]]:
    name = source.choice([*PLAIN, *ANGLES, *ANGLES])
    steps = (math.pi / 2, math.pi / 2, math.pi / 2, math.pi / 4)
    params = tuple(
        source.choice(steps) * source.randint(-9, 9) + source.choice((0, 0, 1e-11))
        for _ in range(ANGLES.get(name, 0))
    )
    targets = 2 if name == "swap" else 1
    return name, targets + source.randint(0, 3 - targets), params


def test_named_gates_are_recognised_exactly_if_they_are_clifford():
    source = random.Random(3)
    found = 0
    for _ in range(500):
        name, qubits, params = random_gate(source)
        gate = Gate(name, tuple(range(qubits)), params)
        matrix = Basic(name, params).matrix
        if gate.controls:
            matrix = Controlled(Basic(name, params), (True,) * gate.controls).matrix
        made = parts_of(name, qubits, params)
        assert (made is not None) == turns_paulis_into_paulis(matrix), (name, qubits, params)
        rows = tuple(tuple(map(complex, row)) for row in matrix)
        assert is_clifford(Unitary(rows, gate.qubits)) == (made is not None)
        if made is not None:
            found += 1
            assert is_same(made_of(made, qubits), matrix), (name, qubits, params, made)
    assert 100 < found < 400


def test_a_matrix_is_made_of_plain_gates():
    source = random.Random(4)
    for number in range(150):
        qubits = 1 + number % 3
        gates = []
        for _ in range(20):
            name = source.choice(("h", "s", "sx", "y", "x", "z", "swap"))
            width = {"swap": 2, "x": source.choice((1, 2)), "z": source.choice((1, 2))}
            if (size := width.get(name, 1)) <= qubits:
                gates.append(Gate(name, tuple(source.sample(range(qubits), size))))
        matrix = made_of(gates, qubits) * np.exp(1j * source.random())
        made = parts(
            Unitary(tuple(tuple(map(complex, row)) for row in matrix), (4, 2, 7)[:qubits])
        )
        assert made is not None
        assert is_same(made_of(made, qubits), matrix)


@pytest.mark.parametrize("angle", [0.3, math.pi / 4, math.pi / 2 + 1e-7, 1e-7])
def test_what_is_off_by_more_is_not_clifford(angle):
    for name in ("p", "rx", "ry", "rz"):
        assert parts_of(name, 1, (angle,)) is None
        assert parts_of(name, 2, (angle,)) is None
    assert parts_of("u", 1, (angle, 0.1, 0.2, 0.0)) is None
    matrix = ((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, np.exp(1j * angle)))
    assert parts(Unitary(matrix, (0, 1))) is None


def test_many_controls_are_clifford_only_where_there_is_nothing_to_do():
    assert parts_of("p", 5, (2 * math.pi,)) == ()
    assert parts_of("rz", 3, (2 * math.pi,)) == (Gate("z", (0, 1)),)
    assert parts_of("rz", 4, (2 * math.pi,)) is None
    assert parts_of("x", 3, ()) is None


def test_a_matrix_on_four_qubits_is_not_looked_at():
    rows = tuple(tuple(map(complex, row)) for row in np.eye(16))
    assert not is_clifford(Unitary(rows, (0, 1, 2, 3)))

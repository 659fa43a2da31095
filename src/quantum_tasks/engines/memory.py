"""What the state takes in memory, by each method of simulation, in bytes.

A state vector takes 16 bytes for each of 2^n amplitudes, and a density matrix for each of 4^n
elements. A Clifford circuit has a tableau of 2n x (2n + 1) bits (Aaronson and Gottesman, 2004);
with phases besides, it is a sum of as many stabilizer states as these make necessary (Bravyi et
al., 2019). A matrix product state takes, for each qubit, two matrices as large as the Schmidt
ranks to its left and right (Vidal, 2003); a gate between two sides of a cut multiplies the rank
there by at most its own operator-Schmidt rank, so that counting the gates across each cut bounds
it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache
from typing import TypeAlias

import numpy as np

from quantum_tasks.capability import double_bytes
from quantum_tasks.circuits.circuit import Branch, Gate, Loop, Operation, Program, Unitary
from quantum_tasks.circuits.decomposition import decompose
from quantum_tasks.circuits.gates import Basic, Controlled, Node, Sequence

_RANK_IN_A_LOOP = 30  # doublings: nobody knows how often it turns
_MAX_EXTENT = 1e30
_EXTENT_OF_T = math.cos(math.pi / 8) ** -2
_EXTENT_OF_CCX = 16 / 9
_TERMS = 0.03**-2  # for an extent of 1: as many as aer/methods.py's error takes
_TERM_BYTES = 100  # per qubit


def vector_bytes(program: Program) -> int:
    """Of a state vector."""
    return double_bytes(program.qubits)


def density_bytes(program: Program) -> int:
    """Of a density matrix."""
    return 16 << 2 * program.qubits


def tableau_bytes(program: Program) -> int:
    """Of a tableau."""
    return program.qubits * (2 * program.qubits + 1) // 2


def extended_bytes(program: Program) -> int:
    """Of a sum of stabilizer states that is near enough to the state."""
    extent = 1.0
    for operation in decompose(program.operations, "extended_stabilizer"):
        if isinstance(operation, Gate) and extent < _MAX_EXTENT:
            extent *= _extent(operation)
    terms = extent * _TERMS if extent > 1 else 1
    return math.ceil(terms * _TERM_BYTES * max(1, program.qubits))


def _extent(gate: Gate) -> float:
    if gate.name in ("t", "tdg"):
        return _EXTENT_OF_T
    if gate.name == "x" and len(gate.qubits) == 3:
        return _EXTENT_OF_CCX
    if gate.name != "p":
        return 1.0
    half = gate.params[0] % (math.pi / 2) / 2
    extent: float = (math.cos(half) + math.tan(math.pi / 8) * math.sin(half)) ** 2
    return extent


# A gate by its name and angles, and the places of its qubits in a pair.
_Placed: TypeAlias = tuple[str, tuple[float, ...], tuple[int, ...]]


def product_state_bytes(program: Program) -> int:
    """Of a matrix product state: an upper bound, and twice as much again for the gate at work."""
    qubits = program.qubits
    crossings = _Crossings(qubits)
    crossings.count(program.operations, 1)
    crossings.settle()
    total, doublings, left = 0, 0, 0
    for qubit in range(qubits):
        doublings += crossings.changes[qubit]
        right = min(doublings, qubit + 1, qubits - qubit - 1)
        total += 3 * 2 * 16 << (left + right)
        left = right
    return total


class _Crossings:
    """How often the gates of a program double the rank of each cut between neighbours.

    Gates that follow each other on the same two qubits count as the one gate that they make
    together: the cx, rz, cx of an interaction doubles a rank once, not twice.
    """

    def __init__(self, qubits: int) -> None:
        self.changes = [0] * (qubits + 1)  # of the doublings, from one cut to the next
        self._joint: dict[tuple[int, int], tuple[list[_Placed], int]] = {}
        self._partner: dict[int, tuple[int, int]] = {}

    def count(self, operations: Iterable[Operation], weight: int) -> None:
        for operation in operations:
            match operation:
                case Branch():
                    self.settle()
                    self.count(operation.then, weight)
                    self.count(operation.otherwise, weight)
                    self.settle()
                case Loop():
                    self.settle()
                    self.count(operation.body, _RANK_IN_A_LOOP)
                    self.settle()
                case Gate() if len(operation.qubits) == 1:
                    if pair := self._partner.get(operation.qubits[0]):
                        self._append(pair, operation)
                case Gate() if len(operation.qubits) == 2:
                    first, last = sorted(operation.qubits)
                    if (first, last) not in self._joint:
                        self._release(operation.qubits)
                        self._joint[first, last] = ([], weight)
                        self._partner[first] = self._partner[last] = (first, last)
                    self._append((first, last), operation)
                case Gate() | Unitary():
                    self._release(operation.qubits)
                    rank = 1 if isinstance(operation, Gate) and operation.name != "swap" else 2
                    self._add(min(operation.qubits), max(operation.qubits), rank * weight)

    def settle(self) -> None:
        """Counts what is still being put together."""
        self._release(list(self._partner))

    def _append(self, pair: tuple[int, int], gate: Gate) -> None:
        places = tuple([pair.index(qubit) for qubit in gate.qubits])
        self._joint[pair][0].append((gate.name, gate.params, places))

    def _release(self, qubits: Iterable[int]) -> None:
        for qubit in qubits:
            pair = self._partner.get(qubit)
            if pair is None:
                continue
            gates, weight = self._joint.pop(pair)
            del self._partner[pair[0]], self._partner[pair[1]]
            joining = [gate for gate in gates if len(gate[2]) == 2]
            # What is done to a single qubit matters only between two gates on both.
            alone = len(joining) == 1
            doublings = _doublings_of_one(joining[0]) if alone else _doublings(gates)
            self._add(*pair, doublings * weight)

    def _add(self, first: int, last: int, doublings: int) -> None:
        self.changes[first] += doublings
        self.changes[last] -= doublings


@lru_cache(1024)
def _doublings_of_one(gate: _Placed) -> int:
    return _doublings([gate])


def _doublings(gates: list[_Placed]) -> int:
    """How often gates on two qubits, one after the other, double the rank of the cut between
    these."""
    matrix = np.eye(4)
    for name, params, places in gates:
        node: Node = Basic(name, params)
        if len(places) == 2 and name != "swap":
            node = Controlled(node, (True,))
        matrix = Sequence(2, [(node, places)]).matrix @ matrix
    # Rows and columns of one qubit to the left, of the other to the right.
    split = matrix.reshape(2, 2, 2, 2).transpose(0, 2, 1, 3).reshape(4, 4)
    return math.ceil(math.log2(np.linalg.matrix_rank(split, tol=1e-9)))


def amount(size: int) -> str:
    """16384 -> '16 KiB'."""
    power = min(max(0, (size.bit_length() - 1) // 10), 8)
    if size >= 1 << 90:
        return f"2^{size.bit_length() - 1} bytes"
    units = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB")
    return f"{size / (1 << 10 * power):.3g} {units[power]}"

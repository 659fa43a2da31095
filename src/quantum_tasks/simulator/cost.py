"""What a run will take, read off the operations before anything is simulated.

A state vector takes 16 bytes for each of 2^n amplitudes. A Clifford circuit has a tableau of
2n x (2n + 1) bits (Aaronson and Gottesman, 2004). A matrix product state takes, for each qubit,
two matrices as large as the Schmidt ranks to its left and right (Vidal, 2003); a gate between two
sides of a cut multiplies the rank there by at most its own operator-Schmidt rank, so that
counting the gates across each cut bounds it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
import numpy as np

from quantum_tasks.errors import MemoryExceeded
from quantum_tasks.simulator.circuit import (
    Branch,
    Gate,
    Loop,
    Measure,
    Operation,
    Program,
    Unitary,
)
from quantum_tasks.simulator.decomposition import MAX_CONTROLS
from quantum_tasks.simulator.gates import Basic, Controlled, Node, Sequence
from quantum_tasks.simulator.mistakes import ProgramError

_QUARTER = math.pi / 2
_SAMPLED_WELL = 25_000  # qubits times measured ones: each sample of more takes long
_RANK_IN_A_LOOP = 30  # doublings: nobody knows how often it turns


class Plan(msgspec.Struct, frozen=True):
    """How a program will be simulated, and the memory that the state takes, in bytes."""

    method: str
    bytes: int


def plan(program: Program, memory_mb: int) -> Plan:
    """Chooses the simulation method.

    Raises ProgramError if no method fits into the memory, saying what each would take.
    """
    limit = memory_mb << 20
    qubits = program.qubits
    vector = 16 << qubits
    if vector <= limit:
        return Plan("automatic", vector)
    operations = list(_flat(program.operations))
    foreign = sum(not is_clifford(operation) for operation in operations)
    tableau = qubits * (2 * qubits + 1) // 2
    product = _product_state_bytes(program)
    measured = sum(isinstance(operation, Measure) for operation in operations)
    if foreign == 0 and (tableau <= product or qubits * measured <= _SAMPLED_WELL):
        return Plan("stabilizer", tableau)
    if product <= limit and _most_controls(operations) <= MAX_CONTROLS:
        return Plan("matrix_product_state", product)
    most = (limit // 16).bit_length() - 1
    raise ProgramError(
        MemoryExceeded,
        f"The program has {qubits} entangled qubits: it needs {_amount(vector)} as a state vector "
        f"and up to {_amount(product)} as a matrix product state; the limit is {_amount(limit)} "
        "(SIMULATOR_MEMORY_MB).",
        hint=f"{most} qubits fit, or any number if the circuit entangles little, or if it is "
        f"Clifford (here {foreign} operations are not)",
    )


def _most_controls(operations: list[Operation]) -> int:
    sizes = (len(operation.qubits) for operation in operations if isinstance(operation, Gate))
    return max(sizes, default=1) - 1


def is_clifford(operation: Operation) -> bool:
    """Whether a tableau can follow an operation."""
    if isinstance(operation, Unitary):
        return False
    if not isinstance(operation, Gate):
        return True
    controls = len(operation.qubits) - (2 if operation.name == "swap" else 1)
    if controls == 0:
        return operation.name not in ("t", "tdg") and all(
            map(is_quarter_turn, operation.params[:3])
        )
    if controls > 1:
        return False
    if operation.name == "p":
        return abs(math.remainder(operation.params[0], math.pi)) < 1e-12
    return operation.name in ("x", "y", "z")


def is_quarter_turn(angle: float) -> bool:
    """Whether an angle is a multiple of pi / 2."""
    return abs(math.remainder(angle, _QUARTER)) < 1e-12


def _flat(operations: Iterable[Operation]) -> Iterator[Operation]:
    for operation in operations:
        match operation:
            case Branch():
                yield from _flat(operation.then)
                yield from _flat(operation.otherwise)
            case Loop():
                yield from _flat(operation.body)
            case _:
                yield operation


def _product_state_bytes(program: Program) -> int:
    """An upper bound of the state, and twice as much again for the gate at work."""
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
        self._joint: dict[tuple[int, int], tuple[Any, int]] = {}
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
                        self._multiply(pair, operation, weight)
                case Gate() if len(operation.qubits) == 2:
                    first, last = sorted(operation.qubits)
                    if (first, last) not in self._joint:
                        self._release(operation.qubits)
                        self._joint[first, last] = (np.eye(4), weight)
                        self._partner[first] = self._partner[last] = (first, last)
                    self._multiply((first, last), operation, weight)
                case Gate() | Unitary():
                    self._release(operation.qubits)
                    rank = 1 if isinstance(operation, Gate) and operation.name != "swap" else 2
                    self._add(min(operation.qubits), max(operation.qubits), rank * weight)

    def settle(self) -> None:
        """Counts what is still being put together."""
        self._release(list(self._partner))

    def _multiply(self, pair: tuple[int, int], gate: Gate, weight: int) -> None:
        places = tuple(pair.index(qubit) for qubit in gate.qubits)
        node: Node = Basic(gate.name, gate.params)
        if len(places) == 2 and gate.name != "swap":
            node = Controlled(node, (True,))
        self._joint[pair] = (Sequence(2, [(node, places)]).matrix @ self._joint[pair][0], weight)

    def _release(self, qubits: Iterable[int]) -> None:
        for qubit in qubits:
            pair = self._partner.get(qubit)
            if pair is None:
                continue
            matrix, weight = self._joint.pop(pair)
            del self._partner[pair[0]], self._partner[pair[1]]
            # Rows and columns of one qubit to the left, of the other to the right.
            split = matrix.reshape(2, 2, 2, 2).transpose(0, 2, 1, 3).reshape(4, 4)
            rank = np.linalg.matrix_rank(split, tol=1e-9)
            self._add(*pair, math.ceil(math.log2(rank)) * weight)

    def _add(self, first: int, last: int, doublings: int) -> None:
        self.changes[first] += doublings
        self.changes[last] -= doublings


def _amount(size: int) -> str:
    """16384 -> '16 KiB'."""
    power = min(max(0, (size.bit_length() - 1) // 10), 8)
    if size >= 1 << 90:
        return f"2^{size.bit_length() - 1} bytes"
    units = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB")
    return f"{size / (1 << 10 * power):.3g} {units[power]}"

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

import msgspec

from quantum_tasks.errors import MemoryExceeded
from quantum_tasks.simulator.circuit import Branch, Gate, Loop, Operation, Program, Unitary
from quantum_tasks.simulator.mistakes import ProgramError

_QUARTER = math.pi / 2
_CLIFFORD = {
    **dict.fromkeys(("x", "y", "z", "h", "s", "sdg", "sx", "sxdg"), 0),
    **dict.fromkeys(("swap",), 0),
}
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
    if foreign == 0:
        return Plan("stabilizer", qubits * (2 * qubits + 1) // 2)
    product = _product_state_bytes(program)
    if product <= limit:
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


def is_clifford(operation: Operation) -> bool:
    """Whether a tableau can follow an operation."""
    if isinstance(operation, Unitary):
        return False
    if not isinstance(operation, Gate):
        return True
    controls = len(operation.qubits) - (2 if operation.name == "swap" else 1)
    if controls == 0:
        if operation.name in _CLIFFORD:
            return True
        return operation.name not in ("t", "tdg") and all(
            map(is_quarter_turn, operation.params[:3])
        )
    if controls > 1:
        return False
    if operation.name == "p":
        return abs(math.remainder(operation.params[0] - math.pi, 2 * math.pi)) < 1e-12
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
    """An upper bound: the rank of each cut between neighbours, doubled by each gate across it."""
    qubits = program.qubits
    changes = [0] * (qubits + 1)
    _count_crossings(program.operations, changes, 1)
    total, doublings, left = 0, 0, 0
    for qubit in range(qubits):
        doublings += changes[qubit]
        right = min(doublings, qubit + 1, qubits - qubit - 1)
        total += 2 * 16 << (left + right)
        left = right
    return total


def _count_crossings(operations: Iterable[Operation], changes: list[int], weight: int) -> None:
    for operation in operations:
        match operation:
            case Branch():
                _count_crossings(operation.then, changes, weight)
                _count_crossings(operation.otherwise, changes, weight)
            case Loop():
                _count_crossings(operation.body, changes, _RANK_IN_A_LOOP)
            case Gate() | Unitary() if len(operation.qubits) > 1:
                rank = 1 if isinstance(operation, Gate) and operation.name != "swap" else 2
                first, last = min(operation.qubits), max(operation.qubits)
                changes[first] += rank * weight
                changes[last] -= rank * weight


def _amount(size: int) -> str:
    """16384 -> '16 KiB'."""
    power = min(max(0, (size.bit_length() - 1) // 10), 8)
    if size >= 1 << 90:
        return f"2^{size.bit_length() - 1} bytes"
    units = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB")
    return f"{size / (1 << 10 * power):.3g} {units[power]}"

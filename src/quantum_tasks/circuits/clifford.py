"""Which operations a tableau (the state of a Clifford circuit) can simulate."""

from __future__ import annotations

import math

from quantum_tasks.circuits.circuit import Gate, Operation, Unitary
from quantum_tasks.circuits.decomposition import is_quarter_turn


def is_clifford(operation: Operation) -> bool:
    """Whether a tableau can simulate an operation."""
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

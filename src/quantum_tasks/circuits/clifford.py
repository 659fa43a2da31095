"""Which operations a tableau (the state of a Clifford circuit) can simulate."""

from __future__ import annotations

import math

from quantum_tasks.circuits.circuit import Gate, Operation, Unitary
from quantum_tasks.circuits.decomposition import is_quarter_turn

# Gates without angles that are Clifford; those with angles are for the right ones.
_FIXED = ("x", "y", "z", "h", "s", "sdg", "sx", "sxdg", "swap")


def is_clifford(operation: Operation) -> bool:
    """Whether a tableau can simulate an operation."""
    if isinstance(operation, Unitary):
        return False
    if not isinstance(operation, Gate):
        return True
    if operation.controls == 0:
        if operation.params:
            return all(map(is_quarter_turn, operation.params[:3]))
        return operation.name in _FIXED
    if operation.controls > 1:
        return False
    if operation.name == "p":
        return abs(math.remainder(operation.params[0], math.pi)) < 1e-12
    return operation.name in ("x", "y", "z")

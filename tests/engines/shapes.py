"""Programs of any size that entangle little or much."""

from __future__ import annotations


def ghz(qubits: int) -> str:
    return (
        f"qubit[{qubits}] q; bit[{qubits}] c; h q[0]; "
        f"for int i in [0:{qubits - 2}] cx q[i], q[i + 1]; c = measure q;"
    )


def dense(qubits: int) -> str:
    return f"qubit[{qubits}] q; bit[{qubits}] c; h q; t q; h q; cx q[0], q[1]; c = measure q;"


def chain(qubits: int, layers: int) -> str:
    """Entangles neighbours, a little more with each layer."""
    return (
        f"qubit[{qubits}] q; bit[{qubits}] c; ry(0.3) q; for int k in [1:{layers}] {{ "
        f"for int i in [0:{qubits - 2}] {{ cx q[i], q[i + 1]; }} rx(0.7) q; rz(0.4) q; }} "
        "c = measure q;"
    )


def ring(qubits: int, layers: int) -> str:
    """QAOA on a ring: an interaction of neighbours is cx, rz, cx."""
    return (
        f"qubit[{qubits}] q; bit[{qubits}] c; h q; for int k in [1:{layers}] {{ "
        f"for int i in [0:{qubits - 1}] {{ cx q[i], q[(i + 1) % {qubits}]; "
        f"rz(0.3) q[(i + 1) % {qubits}]; cx q[i], q[(i + 1) % {qubits}]; }} rx(0.7) q; }} "
        "c = measure q;"
    )


def scrambled(qubits: int) -> str:
    return (
        f"qubit[{qubits}] q; bit[{qubits}] c; for int k in [1:12] {{ ry(0.3 * k) q; "
        f"for int i in [0:{qubits - 2}] {{ cry(0.7) q[i], q[i + 1]; }} }} c = measure q;"
    )

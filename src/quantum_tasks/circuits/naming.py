"""What operations are called when people read of them: as Qiskit calls them."""

from __future__ import annotations

from quantum_tasks.circuits.circuit import Gate, Operation, Program, Unitary


def described(operation: Operation, program: Program) -> str:
    """'the gate rz(0.3) on qubit 2'; numbers are those of the declared qubits."""
    if not isinstance(operation, Gate | Unitary):
        return "this operation"
    places = program.places or range(program.qubits)
    qubits = [str(places[qubit]) for qubit in operation.qubits]
    where = f"qubit {qubits[0]}" if len(qubits) == 1 else f"qubits {', '.join(qubits[:10])}"
    if isinstance(operation, Unitary):
        return f"a gate that is a matrix, on {where}"
    angles = ", ".join(f"{angle:.6g}" for angle in operation.params)
    name = gate_name(operation.name, operation.controls)
    return f"the gate {name}({angles}) on {where}" if angles else f"the gate {name} on {where}"


def gate_name(name: str, controls: int) -> str:
    """What Qiskit calls a gate of ours with so many controls."""
    if not controls:
        return name
    if controls > 1 and name == "p":
        return "mcphase"
    if controls > 2:
        return "mcx" if name == "x" else f"c{controls}{name}"
    return "c" * controls + name

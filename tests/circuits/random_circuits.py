"""Random circuits, as programs and as Qiskit's circuits: an oracle of what simulations bring."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from qiskit import QuantumCircuit
from qiskit.quantum_info import DensityMatrix, SparsePauliOp
from qiskit_aer.noise import depolarizing_error
from service import STDGATES

from quantum_tasks.tasks import Depolarizing, PauliTerm

# name -> (angles, qubits); in a program, each of them is one gate.
GATES = {
    **dict.fromkeys(("h", "x", "y", "z", "s", "sdg", "t", "tdg", "sx"), (0, 1)),
    **dict.fromkeys(("rx", "ry", "rz", "p"), (1, 1)),
    **dict.fromkeys(("cx", "cy", "cz", "ch", "swap"), (0, 2)),
    **dict.fromkeys(("cp", "crx", "cry", "crz"), (1, 2)),
    **dict.fromkeys(("ccx", "cswap"), (0, 3)),
}
CLIFFORD = ("h", "x", "y", "z", "s", "sdg", "sx", "cx", "cy", "cz", "swap")


@dataclass
class Circuit:
    """The same gates twice: as text, and for Qiskit."""

    qubits: int
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.qiskit = QuantumCircuit(self.qubits)

    def add(self, name: str, angles: list[float], qubits: list[int]) -> None:
        arguments = f"({', '.join(map(str, angles))})" if angles else ""
        self.lines.append(f"{name}{arguments} {', '.join(f'q[{q}]' for q in qubits)};")
        getattr(self.qiskit, name)(*angles, *qubits)

    def program(self, rest: str = "c = measure q;") -> str:
        declared = f"qubit[{self.qubits}] q; bit[{self.qubits}] c;"
        return f"{STDGATES}{declared} {' '.join(self.lines)} {rest}"

    def density(self, errors: Depolarizing | None = None) -> DensityMatrix:
        """The state at the end, each gate followed by its error."""
        state = DensityMatrix.from_int(0, 2**self.qubits)
        for part in self.qiskit.data:
            places = [self.qiskit.find_bit(qubit).index for qubit in part.qubits]
            state = state.evolve(part.operation, places)
            if errors is not None:
                p = errors.p1 if len(places) == 1 else errors.p2
                state = state.evolve(
                    depolarizing_error(p, len(places)).to_quantumchannel(), places
                )
        return state


def circuit(seed: int, qubits: int, gates: int, names: tuple[str, ...] = tuple(GATES)) -> Circuit:
    """A random one; the last qubits may stay untouched."""
    source = random.Random(seed)
    result = Circuit(qubits)
    while len(result.lines) < gates:
        name = source.choice(names)
        angles, width = GATES[name]
        if width <= qubits:
            turns = [round(source.uniform(-4, 4), 6) for _ in range(angles)]
            result.add(name, turns, source.sample(range(qubits), width))
    return result


def terms(seed: int, qubits: int, number: int) -> list[PauliTerm]:
    """A random observable."""
    source = random.Random(seed)
    words = ["".join(source.choices("IXYZ", k=qubits)) for _ in range(number)]
    return [PauliTerm(word, round(source.uniform(-2, 2), 4)) for word in words]


def operator(observable: list[PauliTerm]) -> SparsePauliOp:
    """The same as Qiskit has it."""
    return SparsePauliOp.from_list([(term.pauli, term.coeff) for term in observable])

"""The engines' own loops: one is called directly on each circuit, and its shots become counts.

What is prepared, at no cost, is the circuit as plain lists. What is measured is to hand these to
the engine, to run it, and to write keys and counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

SHOTS = 1024


def _loaded(program: str) -> Any:
    from quantum_tasks.circuits.bounds import Bounds
    from quantum_tasks.language.program import load

    return load(program, Bounds(qubits=10_000))


def _qsim(threads: int = 1) -> tuple[Callable[[str], Any], Callable[[Any], object]]:
    import numpy as np

    from quantum_tasks.circuits.circuit import Gate
    from quantum_tasks.circuits.gates import Basic
    from quantum_tasks.engines.qsim import module

    of = module()
    assert of is not None, "qsim is not installed"

    def prepare(program: str) -> tuple[int, list[tuple[list[int], list[float]]]]:
        loaded = _loaded(program)
        gates = []
        for one in loaded.operations:
            if isinstance(one, Gate):
                matrix = np.asarray(Basic(one.name, one.params).matrix, dtype=complex)
                size = 1 << len(one.qubits)
                whole = np.eye(size, dtype=complex)
                whole[size - len(matrix) :, size - len(matrix) :] = matrix
                gates.append((list(one.qubits), whole.ravel().view(float).tolist()))
        return loaded.qubits, gates

    def run(prepared: tuple[int, list[tuple[list[int], list[float]]]]) -> object:
        qubits, gates = prepared
        circuit = of.Circuit()
        circuit.num_qubits = qubits
        for time, (on, matrix) in enumerate(gates):
            of.add_matrix_gate(time, on, matrix, circuit)
        options = {"c": circuit, "t": threads, "f": 3 if qubits >= 16 else 2, "v": 0, "s": 1}
        options |= {"z": True, "r": 1, "g": False, "gmode": 0, "gsst": 512, "gdb": 16}
        state = of.qsim_simulate_fullstate(options, 0).view(np.complex64)
        totals = np.cumsum((state.real**2 + state.imag**2).astype(np.float64))
        numbers = np.random.default_rng().random(SHOTS) * totals[-1]
        outcomes, times = np.unique(totals.searchsorted(numbers, "right"), return_counts=True)
        keys = (format(outcome, f"0{qubits}b") for outcome in outcomes.tolist())
        return dict(zip(keys, times.tolist(), strict=True))

    return prepare, run


def _stim() -> tuple[Callable[[str], Any], Callable[[Any], object]]:
    import stim

    from quantum_tasks.circuits.circuit import Gate, Measure

    names = {"h": "H", "s": "S", "sdg": "S_DAG", "x": "X", "y": "Y", "z": "Z"}
    pairs = {"x": "CX", "y": "CY", "z": "CZ"}

    def prepare(program: str) -> str:
        lines = []
        for one in _loaded(program).operations:
            if isinstance(one, Gate):
                name = (names if len(one.qubits) == 1 else pairs)[one.name]
                lines.append(f"{name} {' '.join(map(str, one.qubits))}")
            elif isinstance(one, Measure):
                lines.append(f"M {one.qubit}")
        return "\n".join(lines)

    def run(text: str) -> object:
        records = stim.Circuit(text).compile_sampler().sample(SHOTS)
        rows = Counter(row.tobytes() for row in records[:, ::-1])
        flags = bytes.maketrans(b"\0\1", b"01")
        return {row.translate(flags).decode(): times for row, times in rows.items()}

    return prepare, run


def _aer() -> tuple[Callable[[str], Any], Callable[[Any], object]]:
    import qiskit.qasm3
    from qiskit_aer import AerSimulator

    simulator = AerSimulator(max_parallel_threads=1)
    # Its tableau takes minutes to draw a thousand bits a thousand times.
    product = AerSimulator(method="matrix_product_state", max_parallel_threads=1)

    def run(circuit: Any) -> object:
        chosen = product if circuit.num_qubits >= 1000 else simulator
        return chosen.run(circuit, shots=SHOTS).result().get_counts()

    return qiskit.qasm3.loads, run


ENGINE_LOOPS = {"qsim": _qsim, "stim": _stim, "aer": _aer}
OTHER_LOOPS = {"qsim, two threads": lambda: _qsim(2)}

"""Gates in another order do the same."""

from __future__ import annotations

import random

import pytest
from bench.programs import heavy, several
from engines.simulation import assert_distributed, simulate
from service import STDGATES

from quantum_tasks.circuits.bounds import Bounds
from quantum_tasks.circuits.circuit import Gate
from quantum_tasks.circuits.ordering import clustered
from quantum_tasks.language import program


def drawn(seed: int) -> list[Gate]:
    rng = random.Random(seed)
    return [
        Gate("x", tuple(rng.sample(range(9), rng.choice([1, 1, 2, 2, 3, 7])))) for _ in range(300)
    ]


@pytest.mark.parametrize("seed", range(20))
def test_every_gate_stays_and_each_qubit_keeps_its_order(seed):
    gates = [Gate("p", gate.qubits, (float(i),)) for i, gate in enumerate(drawn(seed))]
    ordered = clustered(gates)
    assert sorted(gate.params for gate in ordered) == [gate.params for gate in gates]
    for qubit in range(9):
        own = [gate.params for gate in ordered if qubit in gate.qubits]
        assert own == sorted(own)


def test_gates_on_the_same_few_qubits_follow_one_another():
    def changes(gates):
        """How often a window of four qubits has to move on."""
        count, window = 0, set()
        for gate in gates:
            window |= set(gate.qubits)
            if len(window) > 4:
                count, window = count + 1, set(gate.qubits)
        return count

    loaded = program.load(several(heavy, 1)[0], Bounds())
    gates = [operation for operation in loaded.operations if isinstance(operation, Gate)]
    assert changes(clustered(gates)) < changes(gates) / 2


def test_a_large_program_gives_the_same_in_any_order():
    text = (
        f"{STDGATES}qubit[14] q; bit[14] c; ry(1.1) q[0]; h q[13]; cx q[0], q[13]; "
        "for int i in [0:12] { cx q[i], q[i + 1]; } x q[5]; ctrl(3) @ x q[0], q[1], q[2], q[9]; "
        "for int i in [0:12] { cx q[12 - i], q[13 - i]; } cz q[3], q[4]; h q[13]; c = measure q;"
    )
    reference = simulate(text, shots=20_000, method="matrix_product_state")
    shots = sum(reference.values())
    assert_distributed(
        simulate(text, shots=20_000), {key: n / shots for key, n in reference.items()}
    )


def test_no_gates_are_no_gates():
    assert clustered([]) == []

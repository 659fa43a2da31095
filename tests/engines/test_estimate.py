"""What a run is expected to take of time."""

from __future__ import annotations

import pytest
from engines.shapes import dense
from service import STDGATES

from quantum_tasks.capability import Capability, engines
from quantum_tasks.circuits.bounds import Bounds
from quantum_tasks.circuits.circuit import Gate
from quantum_tasks.engines.estimate import assess, fewest_passes
from quantum_tasks.language import program
from quantum_tasks.orders import Accepted
from quantum_tasks.tasks import Depolarizing, Method, Noise, Options, PauliTerm

HERE = [Capability(1024, engines())]
NOISE = Noise(depolarizing=Depolarizing(p1=0.01, p2=0.02))
READOUT = Noise(readout=0.1)


def test_what_takes_longer_is_estimated_to_take_longer():
    loaded = program.load(STDGATES + dense(14), Bounds())

    def estimated(**options) -> Accepted:
        return assess(loaded, 20_000, HERE, Options(**options))

    plain = estimated()
    assert plain.work_ms == plain.estimated_ms
    assert plain == assess(loaded, 20_000, HERE)
    observed = estimated(observables=[[PauliTerm("Z" * 14), PauliTerm("X" * 14)]])
    assert observed.estimated_ms == pytest.approx(3 * plain.estimated_ms, rel=0.01)
    for options in (
        {"noise": NOISE}, {"memory": True}, {"noise": READOUT}, {"parameters": [{}, {}]},
        {"method": Method.STATEVECTOR},
    ):  # fmt: skip
        found = estimated(**options)
        assert found.work_ms is None
        assert found.estimated_ms >= plain.estimated_ms
    assert estimated(noise=NOISE).large
    assert estimated(timeout_s=3.0) == plain
    assert assess(loaded, 100, HERE, Options(memory=True)).work_ms is not None


def ladder(qubits: int, layers: int, gates: str = "rx(a) q;") -> str:
    ladder = f"for int j in [0:{qubits - 2}] {{ cx q[j], q[j + 1]; }}"
    return (
        f"{STDGATES}input float a; qubit[{qubits}] q; bit[{qubits}] c; "
        f"for int i in [1:{layers}] {{ {gates} {ladder} }} c = measure q;"
    )


def least_s(qc: str, shots: int = 1000, **options) -> float:
    loaded = program.load(qc, Bounds(), {"a": 0.3} if "input" in qc else {})
    where = [Capability(1024, engines())]
    return assess(loaded, shots, where, Options(**options)).least_ms / 1e3


def test_a_run_is_said_to_take_at_least_what_fusing_all_gates_would_leave():
    """26 qubits, 300 layers: some 1,500 times through a state of 512 MiB."""
    one = least_s(ladder(26, 300))
    assert 1 < one < 30
    assert least_s(ladder(26, 300), parameters=[{"a": 0.1 * n} for n in range(100)]) == (
        pytest.approx(100 * one, rel=0.01)
    )


@pytest.mark.parametrize(
    "qc",
    [
        ladder(12, 300),
        ladder(26, 1),
        f"{STDGATES}qubit[26] q; bit[26] c; for int i in [1:2000] {{ rx(0.1) q; }} c = measure q;",
        f"{STDGATES}qubit[26] q; bit[26] c; h q[0]; for int i in [1:99] {{ c[0] = measure q[0]; "
        "if (c[0]) { ry(0.1) q[1]; } } c = measure q;",
    ],
    ids=["small", "few gates", "gates on single qubits", "gates that may be left out"],
)
def test_what_may_be_quick_is_not_said_to_take_long(qc: str):
    assert least_s(qc) < 2


def test_with_noise_each_shot_takes_its_time():
    noisy = ladder(20, 200)
    assert least_s(noisy, 100_000, noise=NOISE) == pytest.approx(
        100 * least_s(noisy, 1000, noise=NOISE), rel=0.05
    )
    assert least_s(noisy, 100_000, noise=NOISE) > 900


@pytest.mark.parametrize(
    ("pairs", "passes"),
    [
        ([], 0),
        ([(0,)] * 9, 1),
        ([(0, 1), (2, 3), (1, 2)], 1),
        ([(n, n + 1) for n in range(9)], 2),
        ([(0, 1), (5, 6), (1, 2), (2, 3), (3, 4), (4, 5)], 2),
        ([tuple(range(8)), (0,)], 1),
    ],
)
def test_gates_are_multiplied_into_few_matrices(pairs, passes):
    gates = [Gate("x", pair) for pair in pairs]
    assert fewest_passes(gates) == passes

"""Noise: counts are distributed by exactly Qiskit's state, however they are made."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from circuits.random_circuits import CLIFFORD, Circuit, circuit
from engines.simulation import assert_distributed, simulated
from qiskit.quantum_info import Kraus, Pauli, SuperOp
from qiskit_aer.noise import depolarizing_error
from service import STDGATES

from quantum_tasks.circuits.bounds import Bounds
from quantum_tasks.circuits.circuit import Depolarize
from quantum_tasks.circuits.noise import channel, mixed_by_coin, readout, with_errors
from quantum_tasks.engines.aer.controller import Controller
from quantum_tasks.engines.aer.methods import StateVector
from quantum_tasks.engines.amplitudes import paulis
from quantum_tasks.engines.branching import sample
from quantum_tasks.engines.engine import Question
from quantum_tasks.language import program
from quantum_tasks.tasks import Depolarizing, Method, Noise, Options, PauliTerm

ERRORS = Depolarizing(p1=0.04, p2=0.1)
READOUT = [0.05, 0.15]
SHOTS = 20_000


def counts_of(qc: str, options: Options, shots: int = SHOTS, seed: int = 5) -> dict[str, int]:
    counts, _ = simulated(qc, shots, seed, options)
    found: dict[str, int] = json.loads(counts)
    return found


def expected_of(made: Circuit, errors: Depolarizing | None, flips: list[float] | None):
    """The distribution of c = measure q, by Qiskit's density matrix."""
    probabilities = made.density(errors).probabilities().reshape((2,) * made.qubits)
    if flips is not None:
        up, down = flips
        confusion = np.array([[1 - up, down], [up, 1 - down]])
        for axis in range(made.qubits):
            moved = np.tensordot(confusion, probabilities, (1, axis))
            probabilities = np.moveaxis(moved, 0, axis)
    flat = probabilities.ravel()
    return {format(k, f"0{made.qubits}b"): float(p) for k, p in enumerate(flat)}


def ways(names: tuple[str, ...] | None = None):
    """Programs, and the noise to run them with."""
    for seed in range(6):
        qubits = 1 + seed % 4
        made = circuit(seed, qubits, 12, *([names] if names else []))
        errors = ERRORS if seed % 3 else None
        yield made, errors, READOUT if seed % 2 or not errors else None


@pytest.mark.parametrize(
    ("method", "names"),
    [
        (Method.AUTOMATIC, None),
        (Method.STATEVECTOR, None),
        (Method.DENSITY_MATRIX, None),
        (Method.MATRIX_PRODUCT_STATE, None),
        (Method.STABILIZER, CLIFFORD),
    ],
)
def test_counts_are_distributed_as_qiskits_density_matrix_says(method, names):
    shots = SHOTS if method in ("automatic", "statevector", "density_matrix") else 3000
    for made, errors, flips in ways(names):
        options = Options(method=method, noise=Noise(errors, flips))
        counts = counts_of(made.program(), options, shots)
        assert_distributed(counts, expected_of(made, errors, flips))


@pytest.mark.parametrize("method", ["statevector", "density_matrix"])
def test_aer_itself_does_the_same_as_what_is_sooner(method):
    aer = StateVector(Controller(512))
    for made, errors, flips in ways():
        loaded = program.load(made.program(), Bounds())
        noise = Noise(errors, flips)
        noisy = Question(loaded, 3000, Options(noise=noise)).with_errors()
        counts = aer._counted(noisy, method, 1, 1)
        keys = {format(value, f"0{made.qubits}b"): times for value, times in counts.items()}
        assert_distributed(keys, expected_of(made, errors, flips))


def test_branches_that_err_are_distributed_as_a_density_matrix_says():
    for made, errors, flips in ways():
        loaded = program.load(made.program(), Bounds())
        noise = Noise(errors, flips)
        operations = with_errors(loaded.operations, noise)
        noisy = type(loaded)(loaded.qubits, loaded.registers, operations)
        counts = sample(noisy, SHOTS, 3, 60e9, 2**28, readout(noise))
        keys = {format(value, f"0{made.qubits}b"): times for value, times in counts.items()}
        assert_distributed(keys, expected_of(made, errors, flips))


def test_few_shots_err_as_many_do():
    made = circuit(4, 2, 10)
    loaded = program.load(made.program(), Bounds())
    errors = Depolarizing(p1=0.5, p2=0.6)
    operations = with_errors(loaded.operations, Noise(errors))
    noisy = type(loaded)(loaded.qubits, loaded.registers, operations)
    total: Counter[int] = Counter()
    for seed in range(800):
        counts = sample(noisy, 5, seed, 60e9, 2**28)
        assert sum(counts.values()) == 5
        total += counts
    keys = {format(value, "02b"): times for value, times in total.items()}
    assert_distributed(keys, expected_of(made, errors, None))


def test_pauli_operators_are_qiskits_up_to_a_phase():
    random = np.random.default_rng(1)
    rows = random.normal(size=(64, 16)) + 1j * random.normal(size=(64, 16))
    found = paulis(rows.copy(), (2, 0, 3), np.arange(64))
    for number, (before, after) in enumerate(zip(rows, found, strict=True)):
        letters = ["IXZY"[number >> 2 * place & 3] for place in range(3)]
        word = Pauli("".join((letters[2], letters[0], "I", letters[1])))
        overlap = np.vdot(word.to_matrix() @ before, after) / np.vdot(before, before)
        assert abs(overlap) == pytest.approx(1.0)


DYNAMIC = f"""{STDGATES}qubit[2] q; bit[2] c; bit m;
ry(1.1) q[0]; m = measure q[0]; if (m) {{ x q[1]; }} else {{ h q[1]; }}
reset q[0]; cx q[1], q[0]; c = measure q;"""


def dynamic_by_hand() -> dict[str, float]:
    """DYNAMIC with ERRORS and READOUT, one density matrix for each value of m."""
    up, down = READOUT
    one = math.sin(0.55) ** 2 * (1 - ERRORS.p1) + ERRORS.p1 / 2  # q[0] before m
    reads_1 = one * (1 - down) + (1 - one) * up
    found: dict[str, float] = {}
    for m, weight in ((0, 1 - reads_1), (1, reads_1)):
        made = Circuit(2)
        made.add("x" if m else "h", [], [1])
        made.add("cx", [], [1, 0])  # q[0] was reset, whatever it was
        for key, probability in expected_of(made, ERRORS, READOUT).items():
            found[f"{m} {key}"] = weight * probability
    return found


@pytest.mark.parametrize("method", ["automatic", "statevector", "density_matrix"])
def test_what_a_measurement_decides_is_decided_by_what_it_says(method):
    options = Options(method=Method(method), noise=Noise(ERRORS, READOUT))
    shots = SHOTS if method != "density_matrix" else 4000
    assert_distributed(counts_of(DYNAMIC, options, shots), dynamic_by_hand())


def test_a_tableau_and_a_product_state_decide_the_same():
    qc = DYNAMIC.replace("ry(1.1) q[0]", "h q[0]")
    noise = Noise(ERRORS, READOUT)
    reference = counts_of(qc, Options(noise=noise), 400_000)
    expected = {key: times / 400_000 for key, times in reference.items()}
    for method in (Method.STABILIZER, Method.MATRIX_PRODUCT_STATE):
        assert_distributed(counts_of(qc, Options(method=method, noise=noise), 3000), expected)


def test_a_loop_ends_by_what_a_measurement_says():
    qc = (
        f"{STDGATES}qubit q; bit c = 1; uint[2] n = 0; bit[2] turns; while (c && n < 3) {{ x q; "
        "c = measure q; n += 1; reset q; } turns = bit[2](n);"
    )
    ends = 0.95 * 0.15 + 0.05 * 0.95  # it says 0 of the 1 that x made, or of the 0 that it did not
    expected = {"01": ends, "10": (1 - ends) * ends, "11": (1 - ends) ** 2}
    counts = counts_of(qc, Options(noise=Noise(Depolarizing(p1=0.1), READOUT)))
    turns: Counter[str] = Counter()
    for key, times in counts.items():
        turns[key.split()[0]] += times
    assert_distributed(turns, expected)


def test_a_gate_on_many_qubits_errs_once_on_all_of_them():
    lines = "ctrl(4) @ ry(0.9) q[0], q[1], q[2], q[3], q[4];"
    made = Circuit(5, [f"x q[0]; x q[1]; x q[2]; x q[3]; {lines}"])
    errors = Depolarizing(p1=0.0, p2=0.4)
    sin = math.sin(0.45) ** 2
    expected = {format(k, "05b"): 0.4 / 32 for k in range(32)}
    expected["01111"] += 0.6 * (1 - sin)
    expected["11111"] += 0.6 * sin
    for method in (Method.AUTOMATIC, Method.DENSITY_MATRIX, Method.MATRIX_PRODUCT_STATE):
        options = Options(method=method, noise=Noise(errors))
        shots = 3000 if method is Method.MATRIX_PRODUCT_STATE else SHOTS
        assert_distributed(counts_of(made.program(), options, shots), expected)
    observables = [[PauliTerm("ZIIII")], [PauliTerm("IIIIZ")]]
    options = Options(noise=Noise(errors), observables=observables)
    _, details = simulated(made.program(), 0, 1, options)
    values = [value.value for value in details.expectation_values]
    assert values == pytest.approx([0.6 * (1 - 2 * sin), -0.6], abs=1e-12)


def test_one_qubit_read_twice_errs_twice():
    qc = f"{STDGATES}qubit q; bit[2] c; x q; c[0] = measure q; c[1] = measure q;"
    expected = {"11": 0.81, "10": 0.09, "01": 0.09, "00": 0.01}
    for method in (Method.AUTOMATIC, Method.DENSITY_MATRIX, Method.EXTENDED_STABILIZER):
        counts = counts_of(qc, Options(method=method, noise=Noise(readout=0.1)))
        assert_distributed(counts, expected)


def test_no_noise_is_no_noise():
    made = circuit(3, 3, 10)
    for noise in (None, Noise(), Noise(Depolarizing()), Noise(readout=0.0), Noise(readout=[0, 0])):
        counts = counts_of(made.program(), Options(noise=noise))
        assert counts == counts_of(made.program(), Options())


def test_the_matrices_of_channels_are_qiskits():
    for qubits in (1, 2):
        expected = SuperOp(depolarizing_error(0.3, qubits)).data
        assert np.allclose(channel(qubits, 0.3), expected, atol=1e-12)
    mixed = Kraus(SuperOp(mixed_by_coin()))
    assert mixed.is_cptp()


def test_errors_follow_gates_wherever_they_are():
    loaded = program.load(DYNAMIC, Bounds())
    noisy = with_errors(loaded.operations, Noise(ERRORS))

    def errors(operations):
        for operation in operations:
            if isinstance(operation, Depolarize):
                yield len(operation.qubits), operation.probability
            yield from errors(getattr(operation, "then", []))
            yield from errors(getattr(operation, "otherwise", []))

    assert sorted(errors(noisy)) == [(1, 0.04)] * 3 + [(2, 0.1)]


@pytest.mark.parametrize("method", [Method.AUTOMATIC, Method.STATEVECTOR, Method.DENSITY_MATRIX])
def test_the_seed_decides(method):
    options = Options(method=method, noise=Noise(ERRORS, READOUT))
    for qc in (DYNAMIC, circuit(1, 4, 15).program()):
        first = counts_of(qc, options, 500, 1)
        assert first == counts_of(qc, options, 500, 1)
        assert first != counts_of(qc, options, 500, 2)


def test_noise_takes_moments():
    # A process of its own, as simulators are: with more threads, the other core's work counts.
    script = (
        "import sys, time; from test_noise import *; "
        "options = Options(noise=Noise(Depolarizing(0.001, 0.01), 0.02)); "
        "qc = circuit(0, int(sys.argv[1]), int(sys.argv[2]), ('h', 'cx', 'rx', 't')).program(); "
        "counts_of(qc, options, 10); start = time.process_time(); "
        "counts_of(qc, options, 1024); print(time.process_time() - start)"
    )
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    paths = [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, **threads, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    for qubits, gates, limit_s in (("5", "50", 0.05), ("12", "100", 1.5)):
        done = subprocess.run(
            [sys.executable, "-c", script, qubits, gates],
            cwd=Path(__file__).parent,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        assert float(done.stdout) < limit_s

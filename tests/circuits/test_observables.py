"""Expectation values of observables: exact, and from shots with an honest standard error."""

from __future__ import annotations

import json
import math
import random

import numpy as np
import pytest
from circuits.random_circuits import CLIFFORD, circuit, operator, terms
from engines.simulation import simulated
from qiskit.quantum_info import Statevector
from service import STDGATES

from quantum_tasks.engines.engine import SimulationError
from quantum_tasks.tasks import Depolarizing, Expectation, Method, Noise, Options, PauliTerm

EXACT = [
    (Method.AUTOMATIC, ()),
    (Method.STATEVECTOR, ()),
    (Method.DENSITY_MATRIX, ()),
    (Method.MATRIX_PRODUCT_STATE, ()),
    (Method.STABILIZER, CLIFFORD),
]


def values(qc: str, options: Options, shots: int = 0, seed: int | None = 3) -> list[Expectation]:
    counts, details = simulated(qc, shots, seed, options)
    assert details is not None
    assert details.memory is None
    assert details.expectation_values is not None
    assert bool(json.loads(counts)) == (shots > 0)
    return details.expectation_values


@pytest.mark.parametrize(("method", "names"), EXACT)
def test_exact_values_are_qiskits(method, names):
    for seed in range(12):
        qubits = 1 + seed % 5
        made = circuit(seed, qubits, 12, *([names] if names else []))
        wanted = [terms(seed, qubits, 1), terms(seed + 50, qubits, 6)]
        found = values(made.program(), Options(method=method, observables=wanted))
        for observable, value in zip(wanted, found, strict=True):
            expected = Statevector(made.qiskit).expectation_value(operator(observable)).real
            assert value.value == pytest.approx(expected, abs=1e-9)
            assert value.std == 0.0


@pytest.mark.parametrize(("method", "names"), EXACT)
def test_measured_values_are_as_far_off_as_they_say(method, names):
    off = []
    for seed in range(8):
        qubits = 1 + seed % 4
        made = circuit(seed, qubits, 10, *([names] if names else []))
        wanted = [terms(seed + 9, qubits, 5)]
        options = Options(method=method, observables=wanted)
        [value] = values(made.program(), options, 2000, seed)
        expected = Statevector(made.qiskit).expectation_value(operator(wanted[0])).real
        if value.std == 0.0:
            assert value.value == pytest.approx(expected, abs=1e-9)
        else:
            off.append((value.value - expected) / value.std)
    assert max(map(abs, off)) < 4.5


def test_standard_errors_are_neither_too_small_nor_too_large():
    made = circuit(4, 3, 14)
    wanted = [terms(21, 3, 8)]
    expected = Statevector(made.qiskit).expectation_value(operator(wanted[0])).real
    options = Options(observables=wanted)
    found = [values(made.program(), options, 100, seed)[0] for seed in range(300)]
    off = np.array([(value.value - expected) / value.std for value in found])
    # Of 300, the mean within 5 / sqrt(300), and the spread within 5 / sqrt(600).
    assert abs(off.mean()) < 0.29
    assert abs(off.std() - 1) < 0.2


def test_the_variance_is_that_of_a_sample():
    qc = f"{STDGATES}qubit q; bit c; ry(1.0) q; c = measure q;"
    options = Options(observables=[[PauliTerm("Z")]])
    for shots in (3, 40):
        [value] = values(qc, options, shots)
        assert value.std == pytest.approx(math.sqrt((1 - value.value**2) / (shots - 1)))
    [value] = values(qc, options, 1)
    assert abs(value.value) == 1.0
    assert value.std is None


@pytest.mark.parametrize("lines", ["", "c = measure q; reset q;"], ids=["drawn", "run"])
def test_each_basis_has_shots_of_its_own(lines):
    qc = f"{STDGATES}qubit q; bit c; {lines} c = measure q;"
    options = Options(observables=[[PauliTerm("X")], [PauliTerm("Y")]])
    x, y = values(qc, options, 10_000)
    assert x != y


def test_words_that_share_a_basis_are_measured_together():
    # ZI and IZ are perfectly correlated: together, their difference is 0 in every shot.
    qc = f"{STDGATES}qubit[2] q; h q[0]; cx q[0], q[1];"
    observable = [PauliTerm("ZI"), PauliTerm("IZ", -1.0)]
    options = Options(observables=[observable])
    _, details = simulated(qc, 100, 1, options)
    assert details is not None
    assert details.expectation_values == [Expectation(0.0, 0.0)]


def test_the_last_letter_is_qubit_0_and_untouched_qubits_are_0():
    qc = f"{STDGATES}qubit[4] q; bit c; x q[1]; h q[3]; c = measure q[1];"
    words = {"IIZI": -1, "IIIZ": 1, "IZII": 1, "XIII": 1, "XZZZ": -1, "IXII": 0, "IYIZ": 0}
    observables = [[PauliTerm(word)] for word in words]
    for shots in (0, 50):
        found = values(qc, Options(observables=observables), shots)
        assert [value.value for value in found] == pytest.approx([*words.values()], abs=1e-12)
        assert [value.std for value in found] == [0.0] * len(words)


def test_equal_words_are_added_and_the_identity_is_exact():
    qc = f"{STDGATES}qubit[2] q; bit c; h q; c = measure q[0];"
    observable = [PauliTerm("II", 0.5), PauliTerm("IZ"), PauliTerm("II"), PauliTerm("IZ", -1.0)]
    for shots in (0, 10):
        found = values(qc, Options(observables=[observable, [PauliTerm("II", 3)]]), shots)
        assert found == [Expectation(1.5, 0.0), Expectation(3.0, 0.0)]


def test_the_state_is_that_before_the_last_measurements():
    ends = "c[0] = measure q[0]; c[1] = c[0]; c[1] = measure q[1];"
    qc = f"{STDGATES}qubit[2] q; bit[2] c; h q; {ends}"
    for shots in (0, 100):
        [value] = values(qc, Options(observables=[[PauliTerm("XX")]]), shots)
        assert value.value == pytest.approx(1.0)


def test_a_measurement_in_the_middle_is_averaged_over():
    qc = (
        f"{STDGATES}qubit[2] q; bit[2] c; ry(0.8) q[0]; c[0] = measure q[0]; "
        "if (c[0]) x q[1]; h q[0]; c = measure q;"
    )
    wanted = {"ZI": np.cos(0.8), "IX": np.cos(0.8), "ZX": 1.0, "IZ": 0.0}
    options = Options(observables=[[PauliTerm(word)] for word in wanted])
    found = values(qc, options, 4000)
    for value, expected in zip(found, wanted.values(), strict=True):
        assert abs(value.value - expected) <= 5 * value.std + 1e-12


def test_exact_values_after_what_a_measurement_decides_are_refused():
    qc = f"{STDGATES}qubit[2] q; bit c; h q[0]; c = measure q[0]; if (c) x q[1]; h q[0];"
    with pytest.raises(SimulationError, match="take shots"):
        values(qc, Options(observables=[[PauliTerm("ZZ")]]))


def test_what_a_measurement_leaves_is_exact_where_nothing_reads_it():
    qc = f"{STDGATES}qubit[2] q; bit c; ry(0.8) q[0]; c = measure q[0]; rx(0.3) q[0]; h q[1];"
    words = {"IX": 0.0, "IZ": math.cos(0.8) * math.cos(0.3), "XI": 1.0}
    found = values(qc, Options(observables=[[PauliTerm(word)] for word in words]))
    assert [value.value for value in found] == pytest.approx([*words.values()], abs=1e-12)


def test_a_reset_at_the_beginning_does_nothing():
    qc = f"{STDGATES}qubit[2] q; bit c; reset q; h q[0]; cx q[0], q[1]; c = measure q[0];"
    for method in (Method.STABILIZER, Method.MATRIX_PRODUCT_STATE):
        options = Options(observables=[[PauliTerm("XX")]], method=method)
        assert values(qc, options) == [Expectation(pytest.approx(1.0), 0.0)]


def test_resets_are_exact_too():
    lines = "reset q; h q[0]; cx q[0], q[1]; reset q[0]; c = measure q[0];"
    qc = f"{STDGATES}qubit[2] q; bit c; {lines}"
    options = Options(
        observables=[[PauliTerm("IZ")], [PauliTerm("ZI")]], method=Method.DENSITY_MATRIX
    )
    found = values(qc, options)
    assert [value.value for value in found] == pytest.approx([1.0, 0.0], abs=1e-12)


def test_values_with_noise_are_exact_or_measured():
    errors = Depolarizing(p1=0.03, p2=0.08)
    for seed in range(8):
        made = circuit(seed, 3, 12)
        wanted = terms(seed, 3, 4)
        expected = made.density(errors).expectation_value(operator(wanted)).real
        options = Options(observables=[wanted], noise=Noise(errors))
        [exact] = values(made.program(), options)
        assert exact.value == pytest.approx(expected, abs=1e-9)
        [measured] = values(made.program(), options, 3000)
        assert abs(measured.value - expected) < 4.5 * measured.std


@pytest.mark.parametrize("method", ["automatic", "stabilizer", "matrix_product_state"])
def test_readout_errors_are_in_exact_values_and_in_measured_ones(method):
    qc = f"{STDGATES}qubit[3] q; bit c; x q[0]; h q[1]; c = measure q[0];"
    read, turned, fresh = 2 * 0.3 - 1, 1 - 2 * 0.1, 1 - 2 * 0.1
    words = {"IIZ": read, "IXI": turned, "IXZ": read * turned, "ZII": fresh, "XII": 0.3 - 0.1}
    noise = Noise(readout=[0.1, 0.3])
    options = Options(
        observables=[[PauliTerm(word)] for word in words], noise=noise, method=Method(method)
    )
    exact = [Expectation(pytest.approx(value), 0.0) for value in words.values()]
    assert values(qc, options) == exact
    for value, expected in zip(values(qc, options, 5000), words.values(), strict=True):
        assert abs(value.value - expected) <= 5 * value.std + 1e-12


def test_exact_values_are_those_of_probabilities_that_are_misread():
    rates = [(0.1, 0.1), (0.02, 0.3), (0.0, 1.0), (1.0, 1.0), (0.5, 0.5)]
    for seed, (up, down) in enumerate(rates):
        made = circuit(seed, 3, 12)
        state = Statevector(made.qiskit).probabilities().reshape(2, 2, 2)
        read = np.array([[1 - up, down], [up, 1 - down]])
        said = np.einsum("ijk,ai,bj,ck->abc", state, read, read, read)
        z, one = np.array([1.0, -1.0]), np.ones(2)
        words = {"ZZZ": (z, z, z), "IZZ": (one, z, z), "ZIZ": (z, one, z), "ZII": (z, one, one)}
        expected = [np.einsum("abc,a,b,c->", said, *each) for each in words.values()]
        noise = Noise(readout=[up, down])
        options = Options(observables=[[PauliTerm(word, 2.0)] for word in words], noise=noise)
        found = [value.value for value in values(made.program(), options)]
        assert found == pytest.approx([2 * value for value in expected], abs=1e-9)


def test_the_seed_decides_and_the_counts_are_the_same_as_without():
    made = circuit(2, 3, 12)
    options = Options(observables=[terms(1, 3, 5)], memory=False)
    first = simulated(made.program(), 500, 11, options)
    assert first == simulated(made.program(), 500, 11, options)
    assert first[0] == simulated(made.program(), 500, 11, Options())[0]
    assert first[1] != simulated(made.program(), 500, 12, options)[1]


def test_many_words_on_many_qubits_are_measured_in_few_bases():
    source = random.Random(0)
    made = circuit(0, 16, 60, ("h", "cx", "rx", "t"))
    words = ["".join("Z" if source.random() < 0.2 else "I" for _ in range(16)) for _ in range(200)]
    wanted = [PauliTerm(word, 0.1) for word in dict.fromkeys(words)]
    state = Statevector(made.qiskit)
    expected = state.expectation_value(operator(wanted)).real
    options = Options(observables=[wanted])
    [exact] = values(made.program(), options)
    assert exact.value == pytest.approx(expected, abs=1e-9)
    [measured] = values(made.program(), options, 2000)
    assert abs(measured.value - expected) < 4.5 * measured.std


def test_a_large_tableau_has_values_as_well():
    lines = "h q[0]; for int i in [0:98] { cx q[i], q[i + 1]; }"
    qc = f"{STDGATES}qubit[100] q; bit c; {lines} c = measure q[99];"
    words = ["X" * 100, "Z" + "I" * 98 + "Z", "Z" + "I" * 99]
    options = Options(observables=[[PauliTerm(word)] for word in words])
    assert [value.value for value in values(qc, options)] == [1.0, 1.0, 0.0]
    found = values(qc, options, 200)
    assert [value.value for value in found[:2]] == [1.0, 1.0]
    assert abs(found[2].value) < 5 * found[2].std

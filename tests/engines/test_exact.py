"""Without shots: how probable each outcome exactly is, and the state vector."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Sequence
from functools import reduce

import numpy as np
import pytest
from circuits.random_circuits import circuit
from engines.simulation import simulated
from numpy.typing import NDArray
from qiskit.quantum_info import DensityMatrix, Statevector
from service import STDGATES

from quantum_tasks.capability import Capability, engines
from quantum_tasks.circuits.bounds import Bounds
from quantum_tasks.engines.engine import SimulationError
from quantum_tasks.engines.estimate import assess
from quantum_tasks.engines.simulator import Simulator
from quantum_tasks.language import program
from quantum_tasks.orders import Rejected
from quantum_tasks.parsing.mistakes import ProgramError
from quantum_tasks.tasks import Depolarizing, Exact, Method, Noise, Options, Precision, Rest

PLAIN = Options()
SINGLE = Options(precision=Precision.SINGLE)
WAYS = [
    (Options(), 1e-12),
    (Options(method=Method.STATEVECTOR), 1e-12),
    (Options(method=Method.DENSITY_MATRIX), 1e-12),
    (SINGLE, 1e-6),
]


def exact(qc: str, options: Options = PLAIN, bytes: int | None = None) -> Exact:
    if bytes is None:
        counts, details = simulated(qc, 0, None, options)
    else:
        loaded = program.load(qc, Bounds(), observed=True)
        counts, details, _ = Simulator(1024, bytes).run(loaded, 0, None, options)
    assert counts == "{}"
    assert details is not None
    assert details.exact is not None
    assert details.expectation_values is None
    return details.exact


def probabilities(qc: str, options: Options = PLAIN) -> dict[str, float]:
    found = exact(qc, options)
    assert found.rest == Rest(0, 0.0)
    assert found.probabilities is not None
    values = [*found.probabilities.values()]
    assert values == pytest.approx(sorted(values, reverse=True), abs=2e-15)
    return found.probabilities


def vector(qc: str, options: Options = PLAIN) -> NDArray[np.complex128]:
    packed = exact(qc, options).statevector
    assert packed is not None
    return np.frombuffer(base64.b64decode(packed), "<c16")


def refusal(qc: str, options: Options = PLAIN, memory_mb: int = 1024) -> Rejected:
    """What a submission without shots is told."""
    loaded = program.load(STDGATES + qc, Bounds(), observed=True)
    with pytest.raises(ProgramError) as caught:
        assess(loaded, 0, [Capability(memory_mb, engines())], options)
    return caught.value.as_reply()


def likely(state: Statevector | DensityMatrix, qubits: Sequence[int]) -> dict[str, float]:
    """Qiskit's probabilities of measuring some qubits; the first is the last letter of a key."""
    found = state.probabilities(list(qubits))
    return {
        format(number, f"0{len(qubits)}b"): float(value)
        for number, value in enumerate(found)
        if value >= 1e-12
    }


@pytest.mark.parametrize(("options", "tolerance"), WAYS)
def test_probabilities_are_qiskits(options, tolerance):
    for seed in range(12):
        made = circuit(seed, 1 + seed % 6, 14)
        expected = likely(Statevector(made.qiskit), range(made.qubits))
        found = probabilities(made.program(), options)
        assert found == pytest.approx(expected, abs=tolerance)
        assert sum(found.values()) == pytest.approx(1, abs=1e-13)


@pytest.mark.parametrize(("options", "tolerance"), [WAYS[0], WAYS[1], WAYS[3]])
def test_the_state_is_qiskits_up_to_a_global_phase(options, tolerance):
    for seed in range(12):
        made = circuit(seed, 1 + seed % 6, 3 + seed)  # some qubits stay untouched
        expected = Statevector(made.qiskit).data
        for rest in ("c = measure q;", ""):
            found = vector(made.program(rest), options)
            assert abs(np.vdot(found, found) - 1) < 3 * tolerance
            assert abs(np.vdot(expected, found)) == pytest.approx(1, abs=3 * tolerance)


def test_qubits_that_are_never_touched_are_0_in_their_place():
    qc = f"{STDGATES}qubit q; qubit[3] r; bit c; x r[2]; h r[0]; c = measure r[0];"
    half = 0.5**0.5
    expected = np.zeros(16)
    expected[[0b1000, 0b1010]] = half
    assert vector(qc) == pytest.approx(expected)
    assert vector("OPENQASM 3.0; qubit[2] q; bit c;") == pytest.approx([1, 0, 0, 0])
    assert vector("OPENQASM 3.0; bit c;") == pytest.approx([1])


def test_no_amplitude_is_minus_zero():
    state = vector(f"{STDGATES}qubit[2] q; z q[0]; y q[1];").view(np.float64)
    assert not np.signbit(state[state == 0.0]).any()


def test_keys_are_those_of_counts():
    made = circuit(3, 6, 30)
    lines = " ".join(made.lines)
    text = (
        f"{STDGATES}qubit[6] q; bit[2] a; bit b; bit[0] none; bit[3] c; {lines} "
        "a[1] = measure q[5]; a[0] = measure q[2]; b = measure q[0]; c[1] = measure q[3];"
    )
    expected = {
        f"0{key[0]}0 {key[1]} {key[2:]}": value
        for key, value in likely(Statevector(made.qiskit), (2, 5, 0, 3)).items()
    }
    for options, tolerance in WAYS:
        found = probabilities(text, options)
        assert found == pytest.approx(expected, abs=tolerance)
    counts, _ = simulated(text, 100_000, 1, Options())
    assert set(json.loads(counts)) <= set(expected)


@pytest.mark.parametrize(
    ("qc", "expected"),
    [
        ('bit[2] c = "10"; x q[0]; c[0] = measure q[0];', {"11": 1.0}),
        ('bit[2] c = "11"; c = measure q[0:1];', {"00": 1.0}),
        ("bit[2] c; c[1] = measure q[0]; x q[1]; c[1] = measure q[1];", {"10": 1.0}),
        ("bit a; bit b; x q[2]; a = measure q[2]; b = measure q[2];", {"1 1": 1.0}),
        ("output bit a; bit b; x q[0]; a = measure q[0]; b = measure q[1];", {"1": 1.0}),
        ("bit c; reset q; x q[1]; c = measure q[1];", {"1": 1.0}),
        ("bit[70] c; x q[0]; c[69] = measure q[0];", {"1" + "0" * 69: 1.0}),
        ("bit[2] c; h q[0];", {"00": 1.0}),
    ],
)
def test_bits_are_what_was_written_into_them(qc, expected):
    for options, _ in WAYS:
        assert probabilities(f"{STDGATES}qubit[3] q; {qc}", options) == expected


@pytest.mark.parametrize("readout", [0.1, [0.03, 0.2], [1.0, 0.0]])
def test_measurements_that_err_are_worked_out(readout):
    up, down = readout if isinstance(readout, list) else (readout, readout)
    turn = np.array([[1 - up, down], [up, 1 - down]])
    for seed in range(6):
        made = circuit(seed, 1 + seed % 4, 10)
        whole = reduce(np.kron, [turn] * made.qubits)
        values = whole @ Statevector(made.qiskit).probabilities()
        expected = {
            format(number, f"0{made.qubits}b"): value
            for number, value in enumerate(values)
            if value >= 1e-12
        }
        found = probabilities(made.program(), Options(noise=Noise(readout=readout)))
        assert found == pytest.approx(expected, abs=1e-12)
        errs = Options(noise=Noise(readout=readout))
        assert vector(made.program(), errs) == pytest.approx(vector(made.program()))


def test_each_measurement_of_a_qubit_errs_by_itself():
    qc = f"{STDGATES}qubit[2] q; bit[2] c; bit d; x q[1]; c[1] = measure q[1]; d = measure q[1];"
    found = probabilities(qc, Options(noise=Noise(readout=[0.5, 0.1])))
    expected = {"1 10": 0.81, "0 10": 0.09, "1 00": 0.09, "0 00": 0.01}
    assert found == pytest.approx(expected, abs=1e-15)


def test_gates_that_err_are_worked_out():
    errors = Depolarizing(p1=0.05, p2=0.1)
    for seed in range(6):
        made = circuit(seed, 1 + seed % 4, 10)
        expected = likely(made.density(errors), range(made.qubits))
        found = exact(made.program(), Options(noise=Noise(depolarizing=errors)))
        assert found.probabilities == pytest.approx(expected, abs=1e-12)
        assert found.statevector is None
        assert "mixture" in found.no_statevector


def test_both_kinds_of_errors_come_together():
    qc = f"{STDGATES}qubit q; bit c; x q; c = measure q;"
    noise = Noise(depolarizing=Depolarizing(p1=0.2), readout=[0.0, 0.5])
    # 0.1 are 0 after the gate; of the 0.9, half are read as 0.
    found = probabilities(qc, Options(noise=noise))
    assert found == pytest.approx({"0": 0.55, "1": 0.45}, abs=1e-15)


def test_what_has_no_room_is_in_the_rest():
    turns = " ".join(f"ry(0.{number + 3}) q[{number}];" for number in range(8))
    qc = f"{STDGATES}qubit[8] q; bit[8] c; h q; {turns} c = measure q;"
    whole = probabilities(qc)
    assert len(whole) == 256
    found = exact(qc, bytes=4000)
    assert found.probabilities is not None
    shown = len(found.probabilities)
    assert 80 < shown < 120
    assert found.probabilities == dict([*whole.items()][:shown])
    left = [*whole.values()][shown:]
    assert found.rest.outcomes == 256 - shown
    assert found.rest.probability == pytest.approx(sum(left), abs=1e-14)
    assert found.statevector is None
    assert "MAX_RESULT_BYTES" in found.no_statevector
    wide = f"{STDGATES}qubit q; bit[5000] c; h q; c[0] = measure q;"
    with pytest.raises(SimulationError, match="MAX_RESULT_BYTES"):
        exact(wide, bytes=4000)


def test_of_outcomes_that_are_equally_probable_the_first_are_listed():
    qc = f"{STDGATES}qubit[17] q; bit[17] c; h q; c = measure q;"
    found = exact(qc)
    assert found.probabilities is not None
    assert [*found.probabilities] == [format(n, "017b") for n in range(65_536)]
    assert [*found.probabilities.values()] == pytest.approx([2.0**-17] * 65_536, rel=1e-12)
    assert found.rest.outcomes == 65_536
    assert found.rest.probability == pytest.approx(0.5, abs=1e-14)


def test_sixteen_qubits_have_a_state_vector_and_seventeen_only_probabilities():
    lines = "bit[2] c; h q; cx q[0], q[14]; rz(0.4) q[15]; c[0] = measure q[14];"
    state = vector(f"{STDGATES}qubit[16] q; {lines}")
    assert len(state) == 65_536
    assert np.abs(state) == pytest.approx(np.full(65_536, 2.0**-8))
    found = exact(f"{STDGATES}qubit[17] q; {lines}")
    assert found.probabilities == pytest.approx({"00": 0.5, "01": 0.5})
    assert found.statevector is None
    assert found.no_statevector.startswith("The program declares 17 qubits;")


def test_many_qubits_of_which_few_are_measured():
    qc = f"{STDGATES}qubit[20] q; bit[2] c; h q[3]; cx q[3], q[19]; x q[0:1];"
    found = probabilities(f"{qc} c[0] = measure q[19]; c[1] = measure q[0];")
    assert found == pytest.approx({"10": 0.5, "11": 0.5})


@pytest.mark.parametrize(
    "qc",
    [
        "qubit[2] q; bit[2] c; h q; c[0] = measure q[0]; if (c[0]) x q[1]; c[1] = measure q[1];",
        "qubit q; bit c; h q; c = measure q; h q;",
        "qubit q; bit c; h q; reset q; c = measure q;",
        "qubit q; bit c; h q; c = measure q; c = 0;",
        "qubit q; bit[2] c; h q; c[0] = measure q; c[1] = c[0];",
        "qubit q; bit c = 1; while (c) { h q; c = measure q; }",
    ],
)
def test_a_program_that_goes_on_after_a_measurement_is_refused(qc):
    reply = refusal(qc)
    assert (reply.code, reply.errors[0].pointer) == ("invalid_request", "/shots")
    assert "take shots" in (reply.errors[0].hint or "")
    with pytest.raises(ProgramError):
        simulated(STDGATES + qc, 0, None, Options())


def test_what_is_too_large_is_refused_with_the_numbers():
    ghz = "qubit[100] q; bit[100] c; h q[0]; for int i in [0:98] cx q[i], q[i + 1];"
    for lines, words in (
        (f"{ghz} c[0:4] = measure q[0:4];", "100 qubits need 2^104 bytes as a state vector"),
        ("qubit[27] q; bit c; h q; c = measure q[0];", "27 qubits need 2 GiB as a state vector"),
    ):
        reply = refusal(lines)
        assert (reply.code, reply.errors[0].pointer) == ("memory_exceeded", "/shots")
        assert words in reply.message
        assert reply.errors[0].hint == "take shots; 26 qubits fit"
    many = "qubit[23] q; bit[23] c; h q; c = measure q;"
    for lines, memory_mb, most in ((many, 1024, 22), (ghz + "c = measure q;", 1024, 22)):
        reply = refusal(lines, memory_mb=memory_mb)
        assert (reply.code, reply.errors[0].pointer) == ("invalid_request", "/shots")
        assert f"at most {most} measured bits" in reply.message
    assert "at most 19 measured bits" in refusal(many, memory_mb=64).message
    noisy = Options(noise=Noise(depolarizing=Depolarizing(p1=0.1)))
    reply = refusal("qubit[14] q; bit c; h q; c = measure q[0];", noisy)
    assert (reply.code, reply.errors[0].pointer) == ("memory_exceeded", "/noise")


def test_a_qubit_that_is_measured_often_and_errs_counts_as_often():
    lines = "qubit q; bit[23] c; for int i in [0:22] c[i] = measure q;"
    assert probabilities(STDGATES + lines) == {"0" * 23: 1.0}
    reply = refusal(lines, Options(noise=Noise(readout=0.1)))
    assert "not of 23" in reply.message


@pytest.mark.parametrize("method", ["stabilizer", "matrix_product_state", "extended_stabilizer"])
def test_a_method_without_a_state_is_refused(method):
    bell = "qubit[2] q; bit[2] c; h q[0]; cx q[0], q[1]; c = measure q;"
    reply = refusal(bell, Options(method=Method(method)))
    assert (reply.code, reply.errors[0].pointer) == ("method_unsuitable", "/method")
    assert "exact probabilities take a state vector or a density matrix" in reply.message
    assert "'statevector' would do" in (reply.errors[0].hint or "")


def test_a_program_of_which_nothing_could_be_shown_is_refused():
    noisy = Options(noise=Noise(depolarizing=Depolarizing(p1=0.1)))
    for lines, options in (("qubit[17] q; h q;", Options()), ("qubit q; h q;", noisy)):
        reply = refusal(lines, options)
        assert reply.code == "no_measurements"
    found = exact(f"{STDGATES}qubit q; h q;")
    assert found.probabilities is None


def test_outcomes_take_time_which_is_estimated():
    def estimated(measured: int) -> float:
        qc = f"qubit[18] q; bit[18] c; h q; for int i in [0:{measured - 1}] c[i] = measure q[i];"
        loaded = program.load(STDGATES + qc, Bounds())
        return assess(loaded, 0, [Capability(1024, engines())]).estimated_ms

    assert estimated(16) - estimated(2) == pytest.approx(131, abs=10)


def test_what_is_hardly_probable_is_not_listed_but_in_the_rest():
    qc = f"{STDGATES}qubit[16] q; bit[16] c; ry(0.02) q; ry(0.5) q[0]; c = measure q;"
    found = exact(qc)
    assert found.probabilities is not None
    assert 0 < len(found.probabilities) < 2000
    assert min(found.probabilities.values()) >= 1e-12
    assert found.rest.outcomes == 0
    left = 1 - math.fsum(found.probabilities.values())
    assert left > 1e-13
    assert found.rest.probability == pytest.approx(left, abs=1e-14)

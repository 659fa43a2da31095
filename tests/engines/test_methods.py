"""The method that is asked for: whether it suits the program, and what is said if it does not."""

from __future__ import annotations

import json
import math

import pytest
from service import STDGATES
from test_cost import dense, ghz, scrambled

from quantum_tasks.circuits.bounds import Bounds
from quantum_tasks.engines.aer import Simulator
from quantum_tasks.engines.cost import plan
from quantum_tasks.engines.estimate import assess
from quantum_tasks.engines.methods import Plan
from quantum_tasks.fence.inside import main as child
from quantum_tasks.fence.inside.submission import check
from quantum_tasks.language import program
from quantum_tasks.orders import Accepted, Check, Limits, Rejected, Reply
from quantum_tasks.parsing.mistakes import ProgramError
from quantum_tasks.tasks import Depolarizing, Method, Noise, Options, PauliTerm

NOISE = Noise(depolarizing=Depolarizing(p1=0.01, p2=0.02))
READOUT = Noise(readout=0.1)
ONE_T = "qubit[3] q; bit[3] c; h q; cx q[0], q[1]; t q[2]; c = measure q;"
ONE_TURN = "qubit[5] q; bit c; h q[4]; crz(0.3) q[1], q[4]; c = measure q[4];"
FEEDBACK = "qubit[2] q; bit[2] c; h q[0]; c[0] = measure q[0]; if (c[0]) x q[1]; c = measure q;"
WIDE = f"qubit[11] q; bit c; ctrl(10) @ ry(0.3) {', '.join(f'q[{n}]' for n in range(11))};"
WIDE += " h q[0]; c = measure q[0];"


def planned(
    text: str, method: str = "automatic", memory_mb: int = 1024, shots: int = 1, **more
) -> Plan:
    options = Options(method=Method(method), **more)
    loaded = program.load(STDGATES + text, Bounds(), observed=True)
    return plan(loaded, memory_mb, options, shots)


def refusal(text: str, method: str, **more) -> Rejected:
    with pytest.raises(ProgramError) as caught:
        planned(text, method, **more)
    return caught.value.as_reply()


@pytest.mark.parametrize(
    ("text", "method", "bytes"),
    [
        (ghz(10), "statevector", 16 << 10),
        (ghz(10), "density_matrix", 16 << 20),
        (ghz(10), "stabilizer", 10 * 21 // 2),
        (ghz(100), "stabilizer", 100 * 201 // 2),
        (FEEDBACK, "stabilizer", 5),
        (FEEDBACK, "density_matrix", 256),
        (ghz(63), "extended_stabilizer", 100 * 63),
        (ghz(10), "automatic", 16 << 10),
    ],
)
def test_a_method_that_suits_is_taken(text, method, bytes):
    assert planned(text, method) == Plan(method, bytes)


def test_a_matrix_product_state_is_taken():
    assert planned(ghz(200), "matrix_product_state").method == "matrix_product_state"


def test_an_extended_stabilizer_takes_more_for_each_phase():
    one = planned("qubit q; bit c; t q; c = measure q;", "extended_stabilizer").bytes
    two = planned("qubit q; bit c; t q; h q; t q; c = measure q;", "extended_stabilizer").bytes
    small = planned("qubit q; bit c; p(0.01) q; c = measure q;", "extended_stabilizer").bytes
    extent = math.cos(math.pi / 8) ** -2
    assert one == pytest.approx(100 * extent / 0.03**2, rel=1e-4)
    assert two / one == pytest.approx(extent, rel=1e-4)
    assert small < one


@pytest.mark.parametrize(
    ("text", "method", "says", "hint"),
    [
        (ONE_T, "stabilizer", "not the gate t on qubit 2", "'statevector' would do"),
        (ONE_TURN, "stabilizer", "not the gate crz(0.3) on qubits 1, 4", "'statevector'"),
        (ghz(64), "extended_stabilizer", "63 qubits at most, not 64", "'stabilizer' would do"),
        (FEEDBACK, "extended_stabilizer", "what a measurement decides", "'statevector'"),
        (scrambled(19), "extended_stabilizer", "beyond 18 qubits", "'statevector' would do"),
        (WIDE, "extended_stabilizer", "cannot do the gate c10ry(0.3)", "'statevector'"),
        (WIDE, "matrix_product_state", "8 controls at most, not the gate c10ry(0.3)", "'stat"),
    ],
)
def test_a_method_that_does_not_suit_is_refused(text, method, says, hint):
    reply = refusal(text, method)
    assert (reply.code, reply.errors[0].pointer) == ("method_unsuitable", "/method")
    assert f"'{method}' does not suit" in reply.message
    assert says in reply.message
    assert hint in reply.errors[0].hint


@pytest.mark.parametrize(
    ("text", "method", "says", "hint"),
    [
        (dense(27), "statevector", "needs 2 GiB; the limit is 1 GiB", "'matrix_product_state'"),
        (dense(14), "density_matrix", "needs 4 GiB", "'statevector' would do, with 256 KiB"),
        (ghz(40), "statevector", "needs 16 TiB", "'stabilizer' would do"),
        (scrambled(40), "matrix_product_state", "the limit is 1 GiB", "26 qubits fit"),
        (scrambled(17), "extended_stabilizer", "needs", "'statevector' would do"),
    ],
)
def test_a_method_that_does_not_fit_is_refused_with_numbers_and_another(text, method, says, hint):
    reply = refusal(text, method)
    assert (reply.code, reply.errors[0].pointer) == ("memory_exceeded", "/method")
    assert says in reply.message
    assert "SIMULATOR_MEMORY_MB" in reply.message
    assert hint in reply.errors[0].hint


def test_noise_is_simulated_by_what_is_sooner():
    assert planned(dense(7), noise=NOISE, shots=1000).method == "density_matrix"
    assert planned(dense(10), noise=NOISE, shots=10_000).method == "density_matrix"
    assert planned(dense(11), noise=NOISE, shots=1000).method == "statevector"
    # One matrix does for all bases that are measured.
    words = [[PauliTerm(letter * 10)] for letter in "XYZ"]
    assert planned(dense(10), noise=NOISE, shots=4000).method == "statevector"
    several = planned(dense(10), noise=NOISE, shots=4000, observables=words)
    assert several.method == "density_matrix"
    assert planned(dense(14), noise=NOISE, shots=10**6).method == "statevector"
    assert planned(FEEDBACK, noise=NOISE, shots=1000).method == "statevector"
    assert planned(ghz(40), noise=NOISE, shots=1000).method == "stabilizer"
    layers = "qubit[40] q; bit[40] c; ry(0.3) q; cx q[0], q[1]; c = measure q;"
    assert planned(layers, noise=NOISE, shots=1000).method == "matrix_product_state"
    with pytest.raises(ProgramError) as caught:
        planned(scrambled(40), noise=NOISE, shots=1000)
    assert caught.value.problem.code == "memory_exceeded"


def test_noise_in_the_readout_changes_no_plan():
    assert planned(dense(20), noise=READOUT, shots=100) == Plan("automatic", 16 << 20)
    nothing = Noise(depolarizing=Depolarizing(), readout=0.0)
    assert planned(dense(8), noise=nothing, shots=100) == Plan("automatic", 16 << 8)


def test_noise_goes_with_a_tableau_but_not_with_an_extended_one():
    assert planned(ghz(40), "stabilizer", noise=NOISE).method == "stabilizer"
    assert "gates that err" in refusal(ghz(40), "extended_stabilizer", noise=NOISE).message


def checked(text: str, shots: int, **options) -> Reply:
    limits = Limits(memory_mb=1024, max_result_bytes=10**6)
    simulator = Simulator(1024, 10**6)
    check = Check(STDGATES + text, shots, Options(**options))
    return child._answer(check, simulator, limits, Bounds())


def refused(text: str, shots: int, **options) -> tuple[str, str, str]:
    reply = checked(text, shots, **options)
    assert isinstance(reply, Rejected)
    return reply.code, reply.errors[0].pointer, reply.message


TWO = "qubit[3] q; h q[0]; cx q[0], q[1];"
MEASURED = TWO + "bit[3] c; c = measure q;"
ZZ = [[PauliTerm("IZZ"), PauliTerm("XII", -0.5)]]


def test_observables_need_no_measurement():
    for text in (TWO, MEASURED, TWO + "bit c; c = 1;", MEASURED + "bit d; d = c[0] ^ c[1];"):
        for shots in (0, 100):
            accepted = checked(text, shots, observables=ZZ)
            assert isinstance(accepted, Accepted), accepted
            assert accepted.work_ms is None
    code, pointer, _ = refused(TWO, 100)
    assert (code, pointer) == ("no_measurements", "/qc")


@pytest.mark.parametrize("letters", ["ZZ", "ZZZZ", "Z"])
def test_an_observable_has_a_letter_for_each_qubit(letters):
    observables = [[PauliTerm("IIZ")], [PauliTerm("IIZ"), PauliTerm(letters)]]
    code, pointer, message = refused(MEASURED, 100, observables=observables)
    assert (code, pointer) == ("invalid_request", "/observables/1/1/pauli")
    assert f"3 letter(s), not {len(letters)}" in message


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan])
def test_a_coefficient_is_finite(number):
    code, pointer, _ = refused(MEASURED, 100, observables=[[PauliTerm("IIZ", number)]])
    assert (code, pointer) == ("invalid_request", "/observables/0/0/coeff")


@pytest.mark.parametrize(
    "text",
    [
        "qubit[3] q; bit c; h q[0]; c = measure q[0]; if (c) x q[1];",
        "qubit[3] q; bit c; h q[0]; c = measure q[0]; h q[0];",
        "qubit[3] q; h q; reset q[0];",
        "qubit[3] q; bit c; h q[0]; c = measure q[0]; while (c) { x q; c = measure q[1]; }",
    ],
)
def test_exact_values_take_measurements_at_the_end_only(text):
    code, pointer, message = refused(text, 0, observables=ZZ)
    assert (code, pointer) == ("invalid_request", "/shots")
    assert "at its end only" in message
    assert isinstance(checked(text, 100, observables=ZZ), Accepted)


def test_exact_values_with_noise_take_a_density_matrix():
    accepted = checked(MEASURED, 0, observables=ZZ, noise=NOISE)
    assert isinstance(accepted, Accepted)
    assert json.loads(accepted.stats)["method"] == "density_matrix"
    large = "qubit[20] q; h q;"
    pauli = [[PauliTerm("Z" * 20)]]
    code, pointer, message = refused(large, 0, observables=pauli, noise=NOISE)
    assert (code, pointer) == ("memory_exceeded", "/noise")
    assert "density matrix of 16 TiB" in message
    code, _, message = refused(MEASURED, 0, observables=ZZ, noise=NOISE, method=Method.STATEVECTOR)
    assert code == "method_unsuitable"
    assert "take a density matrix" in message


def test_what_takes_longer_is_estimated_to_take_longer():
    loaded = program.load(STDGATES + dense(14), Bounds())

    def estimated(**options) -> Accepted:
        return assess(loaded, 20_000, 1024, Options(**options))

    plain = estimated()
    assert plain.work_ms == plain.estimated_ms
    assert plain == assess(loaded, 20_000, 1024)
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
    assert assess(loaded, 100, 1024, Options(memory=True)).work_ms is not None


def test_an_extended_stabilizer_has_no_exact_values():
    options = Options(method=Method.EXTENDED_STABILIZER, observables=[[PauliTerm("Z")]])
    qc = "OPENQASM 3.0; qubit q; U(1, 0, 0) q;"
    with pytest.raises(ProgramError) as caught:
        check(Check(qc, 0, options), 1024, Bounds())
    reply = caught.value.as_reply()
    assert (reply.code, reply.errors[0].pointer) == ("method_unsuitable", "/method")
    assert check(Check(qc, 10, options), 1024, Bounds()).stats

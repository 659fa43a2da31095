"""What is chosen, by whom it is run, and what is said if nothing will do."""

from __future__ import annotations

import math

import pytest
from engines.shapes import chain, dense, ghz, ring, scrambled
from engines.simulation import assert_distributed, simulate
from service import STDGATES

from quantum_tasks.circuits.bounds import Bounds
from quantum_tasks.engines.aer.controller import Controller
from quantum_tasks.engines.aer.methods import Stabilizer, StateVector
from quantum_tasks.engines.engine import Engine, GivesUp, Question, SimulationError, Work
from quantum_tasks.engines.planner import Plan, Planner, all_engines
from quantum_tasks.language import program
from quantum_tasks.orders import Rejected
from quantum_tasks.parsing.mistakes import ProgramError
from quantum_tasks.tasks import Depolarizing, Method, Noise, Options, PauliTerm, Precision

MIB = 2**20
NOISE = Noise(depolarizing=Depolarizing(p1=0.01, p2=0.02))
READOUT = Noise(readout=0.1)
ONE_T = "qubit[3] q; bit[3] c; h q; cx q[0], q[1]; t q[2]; c = measure q;"
ONE_TURN = "qubit[5] q; bit c; h q[4]; crz(0.3) q[1], q[4]; c = measure q[4];"
FEEDBACK = "qubit[2] q; bit[2] c; h q[0]; c[0] = measure q[0]; if (c[0]) x q[1]; c = measure q;"
WIDE = f"qubit[11] q; bit c; ctrl(10) @ ry(0.3) {', '.join(f'q[{n}]' for n in range(11))};"
WIDE += " h q[0]; c = measure q[0];"
_OWN_HADAMARD = "gate hh a { U(pi / 2, 0, pi) a; } qubit[60] q; bit c; hh q; c = measure q[0];"


def asked(text: str, shots: int = 1, method: str = "automatic", **more) -> Question:
    loaded = program.load(STDGATES + text, Bounds(), observed=True)
    return Question(loaded, shots, Options(method=Method(method), **more))


def planned(
    text: str, method: str = "automatic", memory_mb: int = 1024, shots: int = 1, **more
) -> Plan:
    return Planner(memory_mb).choose(asked(text, shots, method, **more))


def planned_without(text: str, method: str = "automatic", shots: int = 1, **more) -> Plan:
    """The plan where there are the engines only that every instance has."""
    return Planner(1024, all_engines(1024, ())).choose(asked(text, shots, method, **more))


def refusal(text: str, method: str = "automatic", memory_mb: int = 1024, **more) -> Rejected:
    with pytest.raises(ProgramError) as caught:
        planned(text, method, memory_mb, **more)
    return caught.value.as_reply()


@pytest.mark.parametrize(
    ("text", "method"),
    [
        (dense(20), "statevector"),
        (ghz(4), "statevector"),
        (ghz(26), "stabilizer"),
        (ghz(100), "stabilizer"),
        (ghz(1000), "stabilizer"),
        ("qubit[900] q; bit c; h q; cx q[0], q[899]; c = measure q[899];", "stabilizer"),
        (_OWN_HADAMARD, "stabilizer"),
        (chain(60, 3), "matrix_product_state"),
        (ring(60, 5), "matrix_product_state"),
        ("qubit[60] q; bit[60] c; ry(0.1) q; c = measure q;", "matrix_product_state"),
    ],
    ids=range(10),
)
def test_the_method_follows_from_the_circuit(text, method):
    assert planned(text, memory_mb=8192 if "0.3) q[(i" in text else 1024).method == method


def test_qubits_that_are_never_touched_cost_nothing():
    corner = (
        "qubit[127] q; bit[12] c; ry(0.3) q[90:101]; "
        "for int i in [90:101] { for int j in [90:101] { if (i != j) cry(0.7) q[i], q[j]; } } "
        "x q[126]; reset q[126]; ctrl(9) @ ry(0.2) q[90], q[91], q[92], q[93], q[94], q[95], "
        "q[96], q[97], q[98], q[101]; c = measure q[90:101];"
    )
    assert planned(corner).bytes == 16 << 13
    text = STDGATES + (
        "qubit[127] q; bit[2] c; bit d; x q[126]; ry(1.1) q[3]; cx q[3], q[60]; "
        "d = measure q[3]; if (d) { x q[126]; } c[0] = measure q[60]; c[1] = measure q[126];"
    )
    one = math.sin(0.55) ** 2
    assert_distributed(simulate(text), {"0 10": 1 - one, "1 01": one})


def test_a_refusal_has_the_numbers_and_a_way_out():
    error = refusal(scrambled(40), memory_mb=8192)
    assert error.code == "memory_exceeded"
    assert "has 40 entangled qubits: it needs 8 TiB as a state vector" in error.message
    assert "the limit is 8 GiB (SIMULATOR_MEMORY_MB)" in error.message
    assert "29 qubits fit" in error.errors[0].hint
    double = refusal(scrambled(40), memory_mb=8192, precision=Precision.DOUBLE)
    assert "it needs 16 TiB as a state vector" in double.message
    assert "29 qubits fit" in double.errors[0].hint
    assert "Clifford" in error.errors[0].hint


def test_what_fits_is_not_refused():
    assert planned(dense(26)).bytes == (512 + 64) * MIB
    assert planned(dense(26), precision=Precision.DOUBLE).bytes == 1024 * MIB
    assert refusal(scrambled(27)).code == "memory_exceeded"


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
    ],
)
def test_a_method_that_suits_is_taken(text, method, bytes):
    assert planned(text, method).method == method
    plan = planned_without(text, method)
    assert (plan.method, plan.bytes) == (method, bytes)


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
        (dense(27), "statevector", "needs 1.06 GiB; the limit is 1 GiB", "'matrix_product"),
        (dense(14), "density_matrix", "needs 4 GiB", "'statevector' would do, with 256 KiB"),
        (ghz(40), "statevector", "needs 8 TiB", "'stabilizer' would do"),
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
    assert planned_without(FEEDBACK, noise=NOISE, shots=1000).method == "statevector"
    assert planned(ghz(40), noise=NOISE, shots=1000).method == "stabilizer"
    layers = "qubit[40] q; bit[40] c; ry(0.3) q; cx q[0], q[1]; c = measure q;"
    assert planned(layers, noise=NOISE, shots=1000).method == "matrix_product_state"
    with pytest.raises(ProgramError) as caught:
        planned(scrambled(40), noise=NOISE, shots=1000)
    assert caught.value.problem.code == "memory_exceeded"


def test_noise_in_the_readout_changes_no_plan():
    assert planned(dense(20), noise=READOUT, shots=100).method == "statevector"
    nothing = Noise(depolarizing=Depolarizing(), readout=0.0)
    assert planned(dense(8), noise=nothing, shots=100).method == "statevector"


def test_noise_goes_with_a_tableau_but_not_with_an_extended_one():
    assert planned(ghz(40), "stabilizer", noise=NOISE).method == "stabilizer"
    assert "gates that err" in refusal(ghz(40), "extended_stabilizer", noise=NOISE).message


def names(plan: Plan) -> list[str]:
    return [type(engine).__name__ for engine in plan.engines]


@pytest.mark.parametrize(
    ("text", "method", "more", "engines"),
    [
        (ghz(4), "automatic", {}, ["Qsim", "StateVector"]),
        (ONE_T, "automatic", {"precision": Precision.DOUBLE}, ["StateVector"]),
        (dense(19), "automatic", {"noise": READOUT}, ["Qsim", "Branching", "StateVector"]),
        (FEEDBACK, "automatic", {}, ["Stim"]),
        (FEEDBACK, "statevector", {}, ["Branching", "StateVector"]),
        (ghz(19), "automatic", {"noise": NOISE}, ["Stim"]),
        (ONE_T, "automatic", {"noise": NOISE, "shots": 1000}, ["DensityMatrix"]),
        (ghz(40), "automatic", {}, ["Stim"]),
        (ghz(40), "stabilizer", {}, ["Stim"]),
        (ghz(40), "matrix_product_state", {}, ["MatrixProductState"]),
    ],
)
def test_the_engines_are_those_that_take_least(text, method, more, engines):
    assert names(planned(text, method, **more)) == engines


@pytest.mark.parametrize(
    ("text", "method", "more", "engines"),
    [
        (ghz(4), "automatic", {}, ["StateVector"]),
        (FEEDBACK, "automatic", {}, ["Branching", "StateVector"]),
        (FEEDBACK, "statevector", {}, ["Branching", "StateVector"]),
        (FEEDBACK, "density_matrix", {}, ["DensityMatrix"]),
        (dense(18), "automatic", {"noise": READOUT}, ["StateVector"]),
        (dense(19), "automatic", {"noise": READOUT}, ["Branching", "StateVector"]),
        (dense(19), "automatic", {"noise": NOISE}, ["Branching", "StateVector"]),
        (ghz(4), "automatic", {"noise": NOISE, "shots": 1000}, ["DensityMatrix"]),
        (ghz(40), "automatic", {}, ["Stabilizer"]),
        (ghz(40), "matrix_product_state", {}, ["MatrixProductState"]),
        (ghz(4), "extended_stabilizer", {}, ["ExtendedStabilizer"]),
    ],
)
def test_the_engines_are_those_of_the_method_that_can(text, method, more, engines):
    assert names(planned_without(text, method, **more)) == engines


def test_an_engine_that_cannot_says_why():
    branching, vector, _, tableau, *_ = all_engines(64, ())
    once = branching.refusal(asked(ghz(4)))
    assert once == "it splits shots by what they measure, and nothing comes after a measurement"
    assert branching.refusal(asked(FEEDBACK)) is None
    assert (
        tableau.refusal(asked(ONE_T)) == "it takes Clifford gates only, not the gate t on qubit 2"
    )
    words = [[PauliTerm("ZZZ")]]
    exact = asked(ONE_T, 0, noise=NOISE, observables=words)
    for engine in all_engines(64):
        if engine.method is not Method.DENSITY_MATRIX:
            reason = engine.refusal(exact)
            assert reason in (
                "with noise, exact values take a density matrix",
                "it calculates in single precision",
            )
    assert vector.refusal(asked(ONE_T, 0, observables=words)) is None


class Even(Engine):
    """Says that of two outcomes one is as probable as the other."""

    method = Method.STATEVECTOR
    name = "even 0.5"

    def __init__(self, size: int = 1, gives_up: bool = False) -> None:
        self.asked: list[Question] = []
        self._size = size
        self._gives_up = gives_up

    def refusal(self, question):
        self.asked.append(question)
        return "it takes one qubit only" if question.program.qubits > 1 else None

    def bytes(self, question):
        return self._size

    def work(self, question, size):
        return Work(0.001, parallel=True)

    def counts(self, question, seed, threads):
        if self._gives_up:
            raise GivesUp("it is tired")
        return {0: question.shots // 2, 1: question.shots - question.shots // 2}


ONE = "qubit q; bit c; h q; c = measure q;"


def test_a_new_engine_in_the_list_is_asked_and_taken_where_it_can():
    new = Even()
    planner = Planner(64, [new, *all_engines(64, ())])
    question = asked(ONE, 100)
    plan = planner.choose(question)
    assert new.asked == [question]
    assert names(plan) == ["Even", "StateVector"]
    assert (plan.method, plan.bytes) == (Method.STATEVECTOR, 1)
    assert plan.work(question) == Work(0.001, parallel=True)
    assert plan.counts(question, 1, 1) == {0: 50, 1: 50}
    assert names(planner.choose(asked(ghz(2)))) == ["StateVector"]
    assert len(new.asked) == 2
    # It has a state vector: nobody asks it for anything else.
    assert names(planner.choose(asked(ONE, method="density_matrix"))) == ["DensityMatrix"]
    assert len(new.asked) == 2


def test_if_an_engine_gives_up_the_next_one_runs_it():
    tired = Even(gives_up=True)
    question = asked(ONE, 100)
    others = all_engines(64, ())
    plan = Planner(64, [tired, *others]).choose(question)
    assert names(plan) == ["Even", "StateVector"]
    expected = Planner(64, others).choose(question).counts(question, 1, 1)
    assert plan.counts(question, 1, 1) == expected
    assert [name.split()[0] for name in plan.used] == ["aer"]
    alone = Planner(64, [tired]).choose(question)
    with pytest.raises(SimulationError):
        alone.counts(question, 1, 1)


def test_an_engine_that_does_not_fit_is_left_out_and_one_with_less_is_taken():
    question = asked(dense(23), method="statevector")
    large, small = StateVector(Controller(64)), Halved(Controller(64))
    assert names(Planner(64, [large, small]).choose(question)) == ["Halved"]
    with pytest.raises(ProgramError, match="needs 128 MiB"):
        Planner(64, [large]).choose(question)


class Halved(StateVector):
    """A state vector in single precision."""

    def bytes(self, question):
        return super().bytes(question) // 2


def test_the_reason_that_is_shown_is_that_of_the_engine_that_can_most():
    planner = Planner(64, [Never(Controller(64)), *all_engines(64, ())])
    with pytest.raises(ProgramError, match="it takes Clifford gates only"):
        planner.choose(asked(ONE_T, method="stabilizer"))
    assert names(planner.choose(asked(ghz(3), method="stabilizer"))) == ["Stabilizer"]


class Never(Stabilizer):
    def refusal(self, question):
        return "it never does anything"


def test_what_is_made_of_a_program_is_run_by_those_that_can_run_that():
    plan = planned_without(FEEDBACK)
    assert names(plan.again(asked(ghz(2)))) == ["StateVector"]
    assert names(plan.again(asked(FEEDBACK))) == ["Branching", "StateVector"]

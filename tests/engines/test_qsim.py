"""qsim: the same states as in double precision, and shots that are drawn from them right."""

from __future__ import annotations

import json
import math
import random
import subprocess
import sys

import numpy as np
import oracle
import pytest
from circuits.random_circuits import circuit
from engines.simulation import assert_distributed
from service import STDGATES

from quantum_tasks.circuits.bounds import Bounds
from quantum_tasks.circuits.circuit import Gate, Program, Unitary
from quantum_tasks.engines import amplitudes, qsim, states
from quantum_tasks.engines.branches import Group, Run
from quantum_tasks.engines.engine import GivesUp, Question, SimulationError
from quantum_tasks.engines.simulator import Simulator
from quantum_tasks.engines.steps import Block
from quantum_tasks.language import program
from quantum_tasks.tasks import Depolarizing, Method, Noise, Options, PauliTerm, Precision

NAMES = ("x", "y", "z", "h", "s", "sdg", "t", "tdg", "sx", "sxdg")
ANGLES = {"p": 1, "rx": 1, "ry": 1, "rz": 1, "u": 4}
SPREAD = "ry(0.3) q; ry(0.7) q[0]; for int i in [0:{last}] cx q[i], q[i + 1]; rx(0.4) q;"


def gates(seed: int, qubits: int, number: int) -> list[Gate | Unitary]:
    """Every kind of operation that is a gate, on qubits at random."""
    source = random.Random(seed)
    found: list[Gate | Unitary] = []
    for _ in range(number):
        controls = min(qubits - 1, source.choice([0, 0, 0, 1, 1, 2, 3, 5]))
        kind = source.random()
        if kind < 0.1:
            size = source.randint(1, min(qubits, 4))
            random_numbers = np.random.default_rng(source.randrange(2**32))
            real, imaginary = random_numbers.normal(size=(2, 2**size, 2**size))
            matrix, _ = np.linalg.qr(real + 1j * imaginary)
            rows = tuple(tuple(map(complex, row)) for row in matrix)
            found.append(Unitary(rows, tuple(source.sample(range(qubits), size))))
            continue
        targets = 2 if kind < 0.2 and qubits > controls + 1 else 1
        on = tuple(source.sample(range(qubits), controls + targets))
        if targets == 2:
            found.append(Gate("swap", on))
        elif kind < 0.5:
            found.append(Gate(source.choice(NAMES), on))
        else:
            name = source.choice([*ANGLES])
            turns = tuple(source.uniform(-7, 7) for _ in range(ANGLES[name]))
            found.append(Gate(name, on, turns))
    return found


def exactly(operations: list[Gate | Unitary], qubits: int) -> amplitudes.Amplitudes:
    """The state in double precision, by numpy."""
    state = np.zeros((1, 1 << qubits), dtype=complex)
    state[0, 0] = 1
    for one in operations:
        state = (amplitudes.gate if isinstance(one, Gate) else amplitudes.unitary)(one)(state)
    return state[0]


def infidelity(found: states.Amplitudes, state: states.Amplitudes) -> float:
    found = found.astype(complex)
    return 1 - abs(np.vdot(found, state)) ** 2 / np.vdot(found, found).real


@pytest.mark.parametrize("qubits", range(1, 13))
def test_states_are_those_of_double_precision(qubits: int):
    for seed in range(6):
        operations = gates(seed, qubits, (5, 60, 300)[seed % 3])
        state = exactly(operations, qubits)
        assert infidelity(qsim.Evolution(operations, qubits).of(), state) < 1e-6
        half = len(operations) // 2
        middle = qsim.Evolution(operations[:half], qubits).of()
        before = middle.copy()
        end = qsim.Evolution(operations[half:], qubits).of(middle)
        assert infidelity(end, state) < 1e-6
        assert (middle == before).all()


def test_two_thousand_gates_on_eleven_qubits_lose_less_than_a_millionth():
    source = random.Random(1)
    operations: list[Gate | Unitary] = []
    for _ in range(63):
        for q in range(11):
            angles = [source.uniform(-3, 3) for _ in range(3)]
            operations += [Gate("u", (q,), (*angles, 0.0)), Gate("rz", (q,), (angles[0],))]
        operations += [Gate("x", (q, q + 1)) for q in range(10)]
    assert len(operations) > 2000
    assert infidelity(qsim.Evolution(operations, 11).of(), exactly(operations, 11)) < 1e-6


def test_threads_make_no_difference():
    operations = gates(3, 14, 200)
    evolution = qsim.Evolution(operations, 14)
    assert (evolution.of(threads=1) == evolution.of(threads=2)).all()


@pytest.mark.parametrize("key", qsim._KNOWN, ids=str)
def test_a_gate_that_qsim_knows_by_name_is_the_gate_of_the_matrix(key, monkeypatch):
    name, size = key
    before = [Gate("u", (q,), (0.3 + q, 0.4, 0.1 * q, 0.2)) for q in range(4)]
    operations = [*before, Gate(name, (2, 0, 3)[:size])]
    by_name = qsim.Evolution(operations, 4).of()
    monkeypatch.setattr(qsim, "_known_gates", dict)
    assert (by_name == qsim.Evolution(operations, 4).of()).all()


def test_a_matrix_that_is_not_unitary_is_refused_and_a_large_one_left_to_others():
    wrong = Unitary(((1, 0), (0, 2)), (0,))
    with pytest.raises(SimulationError):
        qsim.Evolution([wrong], 2)
    rows = tuple(tuple(map(complex, row)) for row in np.eye(128))
    with pytest.raises(GivesUp):
        qsim.Evolution([Unitary(rows, tuple(range(7)))], 8)


def test_a_state_that_is_none_is_no_result(monkeypatch):
    monkeypatch.setitem(qsim._FIXED, "sx", (1, 0, 1, 0, 1, 0, -1, 0))
    with pytest.raises(SimulationError):
        run("qubit[3] q; bit[3] c; sx q; c = measure q;", method=Method.STATEVECTOR)


def test_tiny_angles_are_no_denormal_numbers():
    entries = qsim._TURNED["rx"](1e-320)
    assert entries == (1.0, 0, 0, -0.0, 0, -0.0, 1.0, 0)


def test_numbers_next_to_0_are_none_afterwards():
    qsim.Evolution(gates(1, 4, 20), 4).of(threads=2)
    assert float(np.float64(5e-324) * 1.0) > 0
    assert np.float32(1e-40) * np.float32(1) > 0


def test_a_state_for_which_there_is_no_memory_is_a_memory_error():
    script = (
        "import resource; from quantum_tasks.engines import qsim; qsim.module();"
        "one = qsim.Evolution([], 30); resource.setrlimit(resource.RLIMIT_AS, (2 << 30,) * 2)\n"
        "try: one.of()\nexcept MemoryError: print('too large')"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.stdout.endswith("too large\n"), done


# Shots


def drawn(state: states.Amplitudes, shots: int, memory: int):
    sums = states.block_sums(state)
    return states.drawn_outcomes(np.random.default_rng(5), state, sums, shots, memory)


@pytest.mark.parametrize("qubits", [3, 12, 13, 16])
@pytest.mark.parametrize("shots", [100, 3000, 200_000])
def test_shots_have_the_distribution_of_the_state(qubits: int, shots: int):
    """Over a few qubits of all: every block of a large state is drawn from."""
    state = qsim.Evolution(gates(qubits, qubits, 40), qubits).of()
    state /= math.sqrt(states.block_sums(state).sum())
    outcomes, times = drawn(state, shots, 1 << 20)
    assert len(np.unique(outcomes)) == len(outcomes)
    assert times.sum() == shots
    measured = sorted({0, qubits // 2, qubits - 1})
    expected = states.weights(state, measured)
    found = np.zeros(len(expected))
    values = sum((outcomes >> qubit & 1) << place for place, qubit in enumerate(measured))
    np.add.at(found, values, times)
    named = {str(n): int(count) for n, count in enumerate(found) if count}
    assert_distributed(named, {str(n): float(p) for n, p in enumerate(expected)})


def test_what_rounding_leaves_is_never_an_outcome():
    """Each qubit goes to 1 and back many times: the state is certain, but for rounding."""
    turn = [Gate("rx", (q,), (math.pi / 7,)) for q in range(14)] * 7
    state = qsim.Evolution([*turn, Gate("h", (0,))], 14).of()
    assert np.count_nonzero(state) > 2
    outcomes, _ = drawn(state, 1000, 1 << 20)
    assert outcomes.tolist() == [2**14 - 2, 2**14 - 1]


@pytest.mark.parametrize("memory", [1 << 14, 64 << 20])
def test_noise_in_many_outcomes_is_none_of_them(memory: int):
    """Four million outcomes of which each has less than a millionth of a millionth: together they
    would come 13 times, some of them alone in what is looked at together with little memory."""
    state = np.full(1 << 22, 9e-7, dtype=np.complex64)
    state[[5, 70_000]] = math.sqrt(0.5)
    outcomes, times = drawn(state, 4_000_000, memory)
    assert outcomes.tolist() == [5, 70_000]
    assert abs(times[0] - 2_000_000) < 5_000


def test_noise_is_no_outcome_of_more_shots_than_there_are_outcomes():
    """It would come 21 times."""
    state = np.full(1 << 18, 9e-7, dtype=np.complex64)
    state[[5, 70_000]] = math.sqrt(0.5)
    outcomes, times = drawn(state, 10**8, 1 << 20)
    assert outcomes.tolist() == [5, 70_000]
    assert times.sum() == 10**8


@pytest.mark.parametrize("memory", [1 << 16, 1 << 20, 64 << 20])
def test_less_memory_draws_the_same_kind_of_shots(memory: int):
    state = qsim.Evolution([Gate("h", (q,)) for q in range(16)], 16).of()
    _, times = drawn(state, 4000, memory)
    assert times.sum() == 4000
    assert len(times) > 3800  # of 65,536 that are equally probable


# Engine


def run(text: str, shots: int = 4096, seed: int | None = 7, **options):
    options = Options(**options)
    loaded = program.load(STDGATES + text, Bounds(), observed=bool(options.observables))
    found = Simulator(2048, 2**24).run(loaded, shots, seed, options)
    return json.loads(found.counts), found.details, found.engines[0].split(" ")[0]


def spread(qubits: int, measured: str = "c = measure q;") -> str:
    return f"qubit[{qubits}] q; bit[{qubits}] c; {SPREAD.format(last=qubits - 2)} {measured}"


@pytest.mark.parametrize(
    "text",
    [
        spread(2),
        spread(7),
        spread(3, "bit d; c[1] = measure q[0]; d = measure q[2];"),
        spread(3, "c[1] = measure q[1]; c[0] = measure q[1];"),
        spread(3, "c[0] = measure q[0];"),
        "qubit[9] q; bit[2] c; ctrl(7) @ ry(2.1) q[0], q[1], q[2], q[3], q[4], q[5], q[6], q[7]; "
        "x q[0:6]; ctrl(7) @ ry(2.1) q[0], q[1], q[2], q[3], q[4], q[5], q[6], q[7]; "
        "c[0] = measure q[7]; c[1] = measure q[0];",
        "qubit[3] q; bit[3] c; h q[0]; ctrl @ swap q[0], q[1], q[2]; x q[1]; "
        "cswap q[0], q[2], q[1]; c = measure q;",
    ],
    ids=range(7),
)
def test_counts_are_those_of_the_program(text: str):
    counts, _, engine = run(text)
    assert engine == "qsim"
    assert_distributed(counts, oracle.distribution(STDGATES + text))


def test_more_qubits_than_a_block_are_measured_in_part_and_in_another_order():
    text = f"qubit[15] q; bit[3] c; {SPREAD.format(last=13)} "
    text += "c[2] = measure q[0]; c[0] = measure q[14]; c[1] = measure q[7];"
    counts, _, engine = run(text, shots=2000)
    reference, _, other = run(text, shots=200_000, precision=Precision.DOUBLE)
    assert (engine, other) == ("qsim", "aer")
    assert_distributed(counts, {key: n / 200_000 for key, n in reference.items()})


@pytest.mark.parametrize("qubits", [4, 14])
def test_measurements_that_err_do(qubits: int):
    last = qubits - 1
    text = f"qubit[{qubits}] q; bit[2] c; x q[0]; rx(0.3) q[{last}]; rx(-0.3) q[{last}]; t q; "
    text += f"h q[1:{last - 1}]; c[0] = measure q[0]; c[1] = measure q[{last}];"
    counts, _, engine = run(text, noise=Noise(readout=[0.1, 0.2]))
    assert engine == "qsim"
    expected = {"00": 0.2 * 0.9, "01": 0.8 * 0.9, "10": 0.2 * 0.1, "11": 0.8 * 0.1}
    assert_distributed(counts, expected)


def test_the_seed_decides():
    for qubits in (4, 14):
        first = run(spread(qubits), seed=3)
        assert first == run(spread(qubits), seed=3)
        assert first != run(spread(qubits), seed=4)
        assert run(spread(qubits), seed=None) != run(spread(qubits), seed=None)


PAULIS = [[PauliTerm("ZZII"), PauliTerm("XIYI", 0.5)], [PauliTerm("IIIX", -2.0)]]


def test_exact_values_are_double_unless_single_precision_will_do():
    text = spread(4)
    exact, single = (
        run(text, shots=0, observables=PAULIS, precision=precision)
        for precision in (Precision.AUTOMATIC, Precision.SINGLE)
    )
    assert (exact[2], single[2]) == ("aer", "qsim")
    for one, other in zip(exact[1].expectation_values, single[1].expectation_values, strict=True):
        assert one.value == pytest.approx(other.value, abs=1e-5)
        assert one.value != other.value
    assert run(text, shots=0, observables=PAULIS, precision=Precision.DOUBLE)[2] == "aer"


@pytest.mark.parametrize("seed", range(4))
def test_values_from_shots_agree_with_the_exact_ones(seed: int):
    text = circuit(seed, 4, 20).program().removeprefix(STDGATES)
    _, details, engine = run(text, shots=100_000, observables=PAULIS)
    _, exact, _ = run(text, shots=0, observables=PAULIS)
    assert engine == "qsim"
    for one, value in zip(details.expectation_values, exact.expectation_values, strict=True):
        assert abs(one.value - value.value) <= 5 * one.std + 1e-6


@pytest.mark.parametrize(
    ("options", "shots", "why"),
    [
        (Options(precision=Precision.DOUBLE), 1, "single precision"),
        (Options(observables=PAULIS), 0, "single precision"),
        (Options(noise=Noise(depolarizing=Depolarizing(p1=0.1))), 1, "gates that err"),
    ],
)
def test_what_it_does_not_do_is_done_by_another(options: Options, shots: int, why: str):
    loaded = program.load(STDGATES + spread(4), Bounds(), observed=True)
    assert why in (qsim.Qsim(64).refusal(Question(loaded, shots, options)) or "")
    assert not Simulator(64, 2**20).run(loaded, shots, 1, options).engines[0].startswith("qsim")


def test_it_stops_at_a_measurement_in_the_middle_and_the_sampler_of_branches_has_it_go_on():
    text = f"qubit[13] q; bit[3] c; {SPREAD.format(last=11)} c[0] = measure q[3]; "
    text += f"if (c[0]) {{ {SPREAD.format(last=11)} }} c[1] = measure q[5]; reset q[3]; "
    text += f"{SPREAD.format(last=11)} c[2] = measure q[3];"
    loaded = program.load(STDGATES + text, Bounds())
    assert qsim.Qsim(64).refusal(Question(loaded)) == "it cannot go on after a measurement"
    steps = Block(Run(loaded, 9, 1, 1e12, 2**30, single=True), loaded.operations).steps
    assert "_ApplyAll" in {type(step).__name__ for step in steps}
    counts, _, engine = run(text)
    reference, _, _ = run(text, shots=100_000, precision=Precision.DOUBLE)
    assert engine == "branching"
    assert_distributed(counts, {key: n / 100_000 for key, n in reference.items()})


def test_branches_that_have_become_the_same_are_still_merged():
    """Ten rounds that measure and reset: without merging there would be a thousand branches."""
    rounds = "ry(0.9) q[0]; c = measure q[0]; reset q[0]; rx(0.2) q[1:12]; rz(0.3) q[1:12]; "
    text = f"qubit[13] q; bit c; {rounds * 10} c = measure q[1];"
    loaded = program.load(STDGATES + text, Bounds())
    run = Run(loaded, 4000, 1, 1e12, 2**30, single=True)
    block = Block(run, loaded.operations)
    block.annotate(0, False)
    group = Group(run)
    block.run(run, group)
    assert len(group.shots) <= 16


def test_methods_other_than_a_state_vector_are_not_its_own():
    assert run(spread(4), method=Method.MATRIX_PRODUCT_STATE)[2] == "aer"
    assert run(spread(4), method=Method.STATEVECTOR)[2] == "qsim"


def test_half_the_memory_is_enough():
    """A state of 26 qubits takes 512 MiB, and 64 MiB more while shots are drawn."""
    loaded = Program(26, [[2]], [])
    question = Question(loaded)
    assert qsim.Qsim(1024).bytes(question) == 576 << 20

"""Stim: the distributions of the oracle and of density matrices, and reasons where it cannot."""

from __future__ import annotations

import math
import random
import subprocess
import sys

import oracle
import pytest
from circuits.random_circuits import CLIFFORD, circuit
from circuits.test_noise import expected_of
from engines.shapes import ghz, surface
from engines.simulation import assert_distributed
from qiskit.quantum_info import SparsePauliOp, StabilizerState
from service import STDGATES

from quantum_tasks.capability import Capability, engines
from quantum_tasks.circuits.bounds import Bounds
from quantum_tasks.circuits.compiled import decode
from quantum_tasks.circuits.observables import observable
from quantum_tasks.engines.engine import Question, SimulationError
from quantum_tasks.engines.estimate import assess
from quantum_tasks.engines.planner import Planner, all_engines
from quantum_tasks.engines.sampling import keyed
from quantum_tasks.engines.simulator import Simulator
from quantum_tasks.engines.stim import Stim, module
from quantum_tasks.language import program
from quantum_tasks.tasks import Depolarizing, Method, Noise, Options, PauliTerm

pytestmark = pytest.mark.skipif(module() is None, reason="Stim is not installed")

SHOTS = 20_000
ERRORS = Noise(depolarizing=Depolarizing(p1=0.2, p2=0.3))
OPEN = "qubit[3] q; bit[3] c; bit d; "
# Clifford gates in disguise, of one qubit and of more.
_ONE = (
    *("h", "x", "y", "z", "s", "sdg", "sx", "rz(pi/2)", "rx(-pi/2)", "ry(3*pi/2)", "p(5*pi)"),
    *("U(pi/2, 0, pi)", "U(pi, 0.3, 0.3 + pi/2)", "U(4*pi, 1, -1 + pi/2)", "pow(2) @ s"),
    *("pow(0.5) @ x", "inv @ s", "pow(3) @ sx", "u3(pi/2, pi/2, pi)"),
)
_TWO = (
    *("cx", "cy", "cz", "swap", "ctrl @ x", "negctrl @ z", "cp(pi)", "cp(-3*pi)", "crz(pi)"),
    *("crx(3*pi)", "cry(2*pi)", "ctrl @ U(pi, 0, pi)", "cu(pi, pi/2, pi/2, pi/2)"),
    *("pow(0.5) @ zz", "pow(1.5) @ xx"),
)
_THREE = ("pow(0.5) @ zzz", "ctrl(2) @ rz(2*pi)", "ctrl(2) @ rx(4*pi)")
_GATES = (
    "gate zz a, b { z a; z b; } gate xx a, b { x a; x b; } gate zzz a, b, c { z a; z b; z c; } "
)


def question(text: str, shots: int = SHOTS, **more) -> Question:
    text = text if text.startswith(STDGATES) else STDGATES + text
    loaded = program.load(text, Bounds())
    return Question(loaded, shots, Options(**more))


def counts_of(asked: Question, seed: int | None = 3, memory_mb: int = 1024) -> dict[str, int]:
    stim = Stim(memory_mb)
    assert stim.refusal(asked) is None
    counts = stim.counts(asked.with_errors(), seed, 1)
    return keyed(counts, list(map(len, asked.program.registers)))


def random_program(seed: int) -> str:
    """Gates, measurements in the middle, resets, and what these decide."""
    source = random.Random(seed)

    def qubits(number: int) -> str:
        return ", ".join(f"q[{qubit}]" for qubit in source.sample(range(3), number))

    def pauli() -> str:
        return f"{source.choice(('x', 'y', 'z', 'rx(pi)', 'U(pi, 0, pi)'))} {qubits(1)};"

    lines = []
    for _ in range(18):
        one, other = source.sample(range(3), 2)
        kinds = (
            *[f"{source.choice(_ONE)} {qubits(1)};"] * 5,
            *[f"{source.choice(_TWO)} {qubits(2)};"] * 5,
            f"{source.choice(_THREE)} {qubits(3)};",
            *[f"c[{one}] = measure {qubits(1)};"] * 2,
            f"reset {qubits(1)};",
            f"d = c[{one}] ^ c[{other}];",
            f"if (c[{one}]) {{ {pauli()} {pauli()} }} else {{ {pauli()} }}",
            f"if (!d) {{ {pauli()} }}",
            f"if (c[{one}] ^ d) {{ {pauli()} }}",
            f"if (c[{one}]) {{ if (c[{one}]) {{ {pauli()} }} else {{ h q[0]; }} }}",
        )
        lines.append(source.choice(kinds))
    return f"{_GATES}{OPEN}{' '.join(lines)} c = measure q;"


@pytest.mark.parametrize("seed", range(25))
def test_random_programs_are_distributed_as_the_oracle_says(seed):
    text = random_program(seed)
    assert_distributed(counts_of(question(text)), oracle.distribution(STDGATES + text))


def test_disguises_are_what_they_are():
    for number, gate in enumerate((*_ONE, *_TWO, *_THREE)):
        width = 1 if gate in _ONE else 2 if gate in _TWO else 3
        on = ", ".join(f"q[{qubit}]" for qubit in range(width))
        text = f"{_GATES}{OPEN}h q; s q[1]; cx q[0], q[1]; {gate} {on}; sx q; c = measure q;"
        counts = counts_of(question(text, 4000), seed=number)
        assert_distributed(counts, oracle.distribution(STDGATES + text))


@pytest.mark.parametrize("readout", [None, 0.1, [0.05, 0.2]])
@pytest.mark.parametrize("errors", [None, Depolarizing(p1=0.2, p2=0.4), Depolarizing(p1=1, p2=1)])
def test_noise_is_that_of_the_density_matrix(errors, readout):
    ways = [(1, 2, ("x",)), (2, 3, ("cx", "x")), (3, 4, ("x", "cx", "swap")), (3, 12, CLIFFORD)]
    for seed, (qubits, gates, names) in enumerate(ways):
        made = circuit(seed, qubits, gates, names)
        flips = [readout, readout] if isinstance(readout, float) else readout
        counts = counts_of(question(made.program(), noise=Noise(errors, readout)))
        assert_distributed(counts, expected_of(made, errors, flips))


def test_a_misread_bit_decides_by_what_it_says():
    text = "qubit[2] q; bit[2] c; x q[0]; c[0] = measure q[0]; if (c[0]) x q[1]; else z q[1]; "
    text += "bit d; d = measure q[0]; c[1] = measure q[1];"
    counts = counts_of(question(text, noise=Noise(readout=0.1)))
    expected = {}
    for first in (0, 1):  # what is said of 1; then of q[0], which is 1 still; and of q[1]
        for second in (0, 1):
            for third in (0, 1):
                weight = 0.9 if first else 0.1
                weight *= 0.9 if second else 0.1
                weight *= 0.9 if third == first else 0.1
                expected[f"{second} {third}{first}"] = weight
    assert_distributed(counts, expected)


def test_measurements_that_err_one_way_more_are_misread_in_the_middle_too():
    text = "qubit q; bit[3] c; x q; c[0] = measure q; reset q; c[1] = measure q; c[2] = c[0];"
    counts = counts_of(question(text, noise=Noise(readout=[0.05, 0.2])))
    expected = {"101": 0.8 * 0.95, "111": 0.8 * 0.05, "000": 0.2 * 0.95, "010": 0.2 * 0.05}
    assert_distributed(counts, expected)


_DECIDED = "c[0] = measure q[0]; c[1] = measure q[1]; "
_NO_GATE = "under a condition it takes Pauli gates only, not the gate "
_NO_PARITY = "it takes conditions only that are the parity of what was measured"
REFUSED = {
    "t q[2];": "it takes Clifford gates only, not the gate t on qubit 2",
    "ctrl @ s q[0], q[1];": "it takes Clifford gates only, not the gate cs on qubits 0, 1",
    _DECIDED + "if (c[0]) h q[1];": _NO_GATE + "h on qubit 1",
    _DECIDED + "if (c[0]) cx q[0], q[1];": _NO_GATE + "cx on qubits 0, 1",
    _DECIDED + "if (c[0] & c[1]) x q[1];": _NO_PARITY,
    "h q[1];" + _DECIDED + "if (c[0]) d = c[1]; if (d) x q[1];": _NO_PARITY,
    _DECIDED + "if (c[0]) reset q[1];": "it cannot do a reset under a condition",
    _DECIDED + "if (c[0]) c[1] = measure q[1];": "it cannot do a measurement under a condition",
    _DECIDED + "while (c[0]) { h q[0]; c[0] = measure q[0]; }": "it cannot do a loop that a "
    "measurement ends",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_it_cannot_do_it_says_and_another_engine_does(text):
    whole = OPEN + "h q[0]; h q[2]; " + text + " h q[2]; c = measure q;"
    asked = question(whole)
    assert Stim(1024).refusal(asked) == REFUSED[text]
    plan = Planner(1024).choose(asked)
    counts = keyed(plan.counts(asked, 1, 1), [3, 1])
    assert "stim" not in " ".join(plan.used)
    assert_distributed(counts, oracle.distribution(STDGATES + whole))


def test_errors_that_it_cannot_do_it_refuses():
    decided = OPEN + "h q[0]; c[0] = measure q[0]; if (c[0]) x q[1]; c = measure q;"
    wide = f"{_GATES}{OPEN}pow(0.5) @ zzz q[0], q[1], q[2]; c = measure q;"
    stim = Stim(1024)
    assert stim.refusal(question(decided, noise=Noise(Depolarizing(p2=0.1)))) is None
    for text, noise, reason in (
        (decided, ERRORS, "it cannot simulate gates that err under a condition"),
        (wide, ERRORS, "it cannot simulate a gate on 3 qubits that errs"),
        (decided, Noise(readout=[0.1, 0.2]), "what it feeds forward it can misread only one way "),
    ):
        assert (stim.refusal(question(text, noise=noise)) or "").startswith(reason)


def test_a_bit_that_is_set_under_a_condition_may_still_be_a_parity():
    text = OPEN + "h q[0]; c[0] = measure q[0]; if (c[0]) { d = true; x q[2]; } if (d) x q[1]; "
    counts = counts_of(question(text + "c = measure q;"))
    assert_distributed(counts, {"0 000": 0.5, "1 111": 0.5})


def test_a_seed_gives_the_same_counts_in_blocks_as_well():
    noise = Noise(Depolarizing(p1=0.1, p2=0.1), [0.1, 0.2])
    asked = question("qubit[40] q; bit[40] c; h q; c = measure q;", 5000, noise=noise)
    for seed in (0, 1, 2**63 - 1):
        assert counts_of(asked, seed) == counts_of(asked, seed)
    small = Stim(1)
    assert small._shots_at_once(asked) < 5000
    assert sum(counts_of(asked, 1, 1).values()) == 5000
    assert counts_of(asked, 1, 1) == counts_of(asked, 1, 1)
    assert counts_of(asked, 1) != counts_of(asked, 2)
    assert counts_of(asked, None) != counts_of(asked, None)


def test_blocks_are_independent():
    asked = question("qubit[2] q; bit[2] c; h q; c = measure q; ", 100_000)
    stim = Stim(1)
    assert stim._shots_at_once(asked) >= 256
    stim._block_bytes = 4096
    counts = keyed(stim.counts(asked, 5, 1), [2])
    assert_distributed(counts, dict.fromkeys(("00", "01", "10", "11"), 0.25))


def test_shown_bits_are_found_among_all_records():
    text = "bit[5] e; qubit[9] q; x q[0]; x q[4]; x q[7]; output bit[4] c; bit d; output bit n; "
    text += "for int i in [0:3] c[i] = measure q[i + 4]; e = measure q[0:4]; d = c[3]; "
    assert counts_of(question(text, 10)) == {"0 1001": 10}
    assert counts_of(question(text + "n = !d;", 10)) == {"0 1001": 10}
    assert counts_of(question(text + "n = !(e[0] ^ e[4] ^ d);", 10)) == {"0 1001": 10}
    assert counts_of(question(text + "n = e[0] ^ e[4] ^ d;", 10)) == {"1 1001": 10}
    text = "qubit[5] q; output bit[3] c; bit[2] e; h q; x q[1]; c = measure q[0:2]; "
    counts = counts_of(question(text + "e = measure q[3:4];", 10_000))
    assert_distributed(counts, {format(key, "03b"): 1 / 8 for key in range(8)})


def test_no_measurement_gives_what_the_bits_are():
    asked = question('qubit[2] q; bit[3] c = "101"; bit d; d = measure q[0];', 10)
    assert counts_of(asked) == {"0 101": 10}
    asked = question('qubit[2] q; bit d; d = measure q[0]; output bit[3] c; c = "101";', 10)
    assert counts_of(asked) == {"101": 10}


def test_expectation_values_are_exact():
    made = circuit(8, 6, 60, CLIFFORD)
    state = StabilizerState(made.qiskit)
    source = random.Random(2)
    words = ["".join(source.choices("IXYZ", weights=(4, 1, 1, 1), k=6)) for _ in range(300)]
    words += [str(one)[1:].strip("+-") for one in state.clifford.to_labels(mode="S")]
    asked = question(made.program(), 0)
    found = Stim(1024).exact(
        _prepared(asked), [observable([PauliTerm(word, 0.5)]) for word in words], 1
    )
    expected = [0.5 * state.expectation_value(SparsePauliOp(word)).real for word in words]
    found = [
        one + (0.5 if set(word) == {"I"} else 0) for one, word in zip(found, words, strict=True)
    ]
    assert found == pytest.approx(expected)
    assert {-0.5, 0.0, 0.5} == {round(one, 9) for one in found}


def _prepared(asked: Question) -> Question:
    gates = [one for one in asked.program.operations if type(one).__name__ != "Measure"]
    return asked.about(type(asked.program)(asked.program.qubits, [], gates))


def test_what_a_measurement_decides_has_no_exact_value():
    text = OPEN + "h q[0]; d = measure q[0]; if (d) x q[1]; c = measure q;"
    terms = [[PauliTerm("IZI")]]
    loaded = program.load(STDGATES + text, Bounds(), observed=True)
    options = Options(observables=terms, method=Method.STABILIZER)
    with pytest.raises(SimulationError, match="take shots"):
        Simulator(1024, 2**24).run(loaded, 0, 1, options)


@pytest.mark.parametrize("qubits", [1000, 10_000])
def test_thousands_of_qubits(qubits):
    counts = counts_of(question(ghz(qubits), 500))
    assert_distributed(counts, {"0" * qubits: 0.5, "1" * qubits: 0.5})


def test_what_is_too_large_says_so():
    asked = question("qubit[10000] q; bit[10000] c; h q; c = measure q;", 1024)
    plan = Planner(1024).choose(asked)
    assert [engine.name for engine in plan.engines] == [Stim.name]
    with pytest.raises(SimulationError, match="MAX_RESULT_BYTES"):
        Simulator(1024, 2**20).run(asked.program, 1024, 1)
    with pytest.raises(program.ProgramError, match=r"10000 qubits and is Clifford: it needs \d+"):
        Planner(32).choose(question(_entangling(10_000), 10))


def _entangling(qubits: int) -> str:
    far = " ".join(f"cx q[{k}], q[{qubits - 1 - k}];" for k in range(0, qubits // 2, 50))
    return f"qubit[{qubits}] q; bit[{qubits}] c; h q; {far} c = measure q;"


CHECKS = ((0, 3), (5, 8), (1, 2, 4, 5), (3, 4, 6, 7), (0, 1, 2))  # the last is the logical Z


def test_a_surface_code_keeps_its_checks():
    asked = question(surface(3, 3), 2000)
    counts = counts_of(asked)
    assert len(counts) == 2**4  # of 9 bits, 4 checks of Z and the logical Z are as they were
    for key in counts:
        bits = [int(bit) for bit in reversed(key)]
        assert all(sum(bits[k] for k in check) % 2 == 0 for check in CHECKS)
    noisy = question(surface(3, 3), 2000, noise=Noise(Depolarizing(0.01, 0.01), 0.01))
    assert len(counts_of(noisy)) > 2**5


def test_it_takes_no_more_memory_than_it_says_and_does_not_die_of_too_little():
    ends = subprocess.run(
        [sys.executable, "-c", _TOO_LITTLE], capture_output=True, text=True, timeout=60, check=True
    )
    assert ends.stdout.split() == ["MemoryError"] * 3 + ["500"]


_TOO_LITTLE = """
import resource
from quantum_tasks.circuits.circuit import Gate, Measure, Program
from quantum_tasks.engines.engine import Question
from quantum_tasks.engines.stim import Stim
operations = [Gate("h", (k,)) for k in range(4000)] + [Measure(k, k + 2) for k in range(4000)]
asked = Question(Program(4000, [[2]], operations), 500)
stim = Stim(1024)
size = stim.bytes(asked)
with open("/proc/self/statm") as file:
    taken = int(file.read().split()[0]) * resource.getpagesize()
for limit in (1 << 20, size // 2, size - (1 << 20), 2 * size + (4 << 20)):
    resource.setrlimit(resource.RLIMIT_AS, (taken + limit, resource.RLIM_INFINITY))
    try:
        print(sum(stim.counts(asked, 1, 1).values()))
    except MemoryError:
        print("MemoryError")
"""


def test_work_grows_with_what_there_is_to_do():
    stim = Stim(1024)
    few = stim.work(question(ghz(30), 10), 0).ms
    more = stim.work(question(ghz(1000), 10), 0).ms
    shots = stim.work(question(ghz(1000), 10_000), 0).ms
    assert few < 1 < more < shots < math.inf


PREPARED = {
    "plain": "qubit[40] q; bit[40] c; h q; cx q[0:38], q[1:39]; c = measure q;",
    "in disguise": "qubit[40] q; bit[40] c; rx(pi/2) q; cp(pi) q[0], q[1:39]; h q; c = measure q;",
    "corrected": "qubit[40] q; bit[40] c; h q; c[0] = measure q[0]; reset q[1]; "
    "if (c[0]) x q[1]; c[1:39] = measure q[1:39];",
}


@pytest.mark.parametrize("text", PREPARED.values(), ids=PREPARED)
def test_what_was_prepared_at_the_check_runs_the_same(text: str):
    loaded = program.load(STDGATES + text, Bounds())
    here = Capability(1024, engines())
    later, prepared = decode(assess(loaded, 500, [here]).compiled)
    assert prepared
    simulator = Simulator(1024, 2**24)
    found = simulator.run(later, 500, 5, prepared=prepared)
    assert "_decoded" not in vars(later.operations)
    assert found == simulator.run(loaded, 500, 5)
    values = Options(observables=[[PauliTerm("X" * 40)]])
    other = simulator.run(later, 500, 5, values, prepared=prepared)
    assert other == simulator.run(loaded, 500, 5, values)
    without = Simulator(1024, 2**24, ["branching", "aer"])
    assert without.run(later, 50, 5, prepared=prepared) == without.run(loaded, 50, 5)


def test_what_stim_has_prepared_does_not_decide_where_there_is_no_stim():
    loaded = program.load(STDGATES + ghz(300), Bounds())
    prepared = decode(assess(loaded, 50, [Capability(1024, engines())]).compiled)[1]
    without = Planner(1024, all_engines(1024, ["branching", "aer"]))
    plan = without.choose(Question(loaded, 50, prepared=prepared))
    assert plan.method is Method.MATRIX_PRODUCT_STATE


def test_nothing_is_prepared_that_noise_changes_or_that_would_take_more_than_the_program():
    here = Capability(1024, engines())
    loaded = program.load(STDGATES + PREPARED["plain"], Bounds())
    noisy = assess(loaded, 500, [here], Options(noise=ERRORS)).compiled
    assert decode(noisy)[1] == b""
    sums = "".join(f"c[{bit}] = c[{bit}] ^ c[{bit - 1}]; " for bit in range(1, 40))
    loaded = program.load(STDGATES + PREPARED["plain"] + sums, Bounds())
    assert decode(assess(loaded, 500, [here]).compiled)[1] == b""

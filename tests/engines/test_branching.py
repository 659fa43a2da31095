"""Sampling by branches: the counts have the exact distribution, and it gives up in time."""

from __future__ import annotations

import math
import random
import time
from collections import Counter
from functools import cache

import numpy as np
import oracle
import pytest
from engines.simulation import assert_distributed
from hypothesis import HealthCheck, given, note, reject, settings
from language import table
from oracle.random_programs import programs
from service import STDGATES

from quantum_tasks.circuits.bounds import Bounds
from quantum_tasks.circuits.circuit import (
    Branch,
    Gate,
    Loop,
    Measure,
    Program,
    Reset,
    Store,
    Unitary,
)
from quantum_tasks.engines import branches
from quantum_tasks.engines.amplitudes import fingerprints
from quantum_tasks.engines.branching import TooMuchWork, sample
from quantum_tasks.engines.duration import shots_ns
from quantum_tasks.engines.sampling import sampled
from quantum_tasks.language import program
from quantum_tasks.parsing.mistakes import ProgramError

SHOTS = 200_000
WORK = 60e9
MIB = 2**20


def load(text: str) -> Program:
    return program.load(STDGATES + text, Bounds())


def counts_of(
    loaded: Program, shots: int = SHOTS, seed: int | None = 7, work: float = WORK
) -> dict[str, int]:
    """Counts with keys as the service shows them."""
    counts = {}
    for value, times in sample(loaded, shots, seed, work, 512 * MIB).items():
        parts = []
        for register in loaded.registers:
            parts.append(f"{value & ((1 << len(register)) - 1):0{len(register)}b}")
            value >>= len(register)
        assert value == 0
        counts[" ".join(reversed(parts))] = times
    assert sum(counts.values()) == shots
    return counts


DYNAMIC = {
    "teleportation": "qubit[3] q; bit[2] m; bit c; ry(0.7) q[0]; rz(0.4) q[0]; h q[1]; "
    "cx q[1], q[2]; cx q[0], q[1]; h q[0]; m = measure q[0:1]; if (m[1]) x q[2]; "
    "if (m[0]) z q[2]; rx(0.3) q[2]; c = measure q[2];",
    "superdense coding of random bits": "qubit[3] q; bit[2] m; bit[2] c; h q[2]; "
    "m[0] = measure q[2]; h q[2]; m[1] = measure q[2]; h q[0]; cx q[0], q[1]; "
    "if (m[0]) z q[0]; if (m[1]) x q[0]; cx q[0], q[1]; h q[0]; c = measure q[0:1];",
    "repeat until success": "qubit[2] q; bit f; bit c; ry(0.5) q[1]; f = 1; while (f) { "
    "reset q[0]; h q[0]; t q[0]; cx q[0], q[1]; h q[0]; ry(2.2) q[0]; f = measure q[0]; } "
    "h q[1]; c = measure q[1];",
    "a loop that never turns": "qubit q; bit c; bit d; c = measure q; while (c) { x q; "
    "c = measure q; } h q; d = measure q;",
    "a loop in a loop": "qubit[2] q; bit a; bit b; bit[2] c; uint[2] n; a = 1; "
    "while (a && n < 2) { n += 1; ry(0.5) q[0]; "
    "b = 1; while (b) { ry(0.6) q[1]; cx q[0], q[1]; b = measure q[1]; } a = measure q[0]; } "
    "rx(0.4) q[0]; c = measure q;",
    "a measured counter": "qubit q; bit c; uint[3] n = 0; uint[3] turns = 0; bit[3] out; "
    "while (n < 2 && turns < 5) { ry(1.2) q; c = measure q; turns += 1; if (c) n += 1; } "
    "out = bit[3](turns);",
    "reset in the middle, entangled": "qubit[2] q; bit[2] c; h q[0]; cx q[0], q[1]; ry(0.4) q[1]; "
    "reset q[0]; ry(0.8) q[0]; c = measure q;",
    "reset in the middle, on its own": "qubit[2] q; bit[2] c; h q; t q[0]; cz q[0], q[1]; "
    "cz q[0], q[1]; reset q[0]; h q[1]; c = measure q;",
    "conditional resets": "qubit[3] q; bit[3] c; bit[2] m; h q; cx q[0], q[2]; rx(0.3) q[1]; "
    "m = measure q[0:1]; if (m[0]) reset q[0]; if (m == 2) { reset q[2]; ry(0.5) q[1]; } "
    "c = measure q;",
    "nested ifs": "qubit[3] q; bit[3] c; h q[0]; ry(0.9) q[1]; c[0] = measure q[0]; "
    "c[1] = measure q[1]; if (c[0]) { if (c[1]) { h q[2]; } else { rx(0.6) q[2]; h q[0]; } } "
    "else { if (c[1]) { x q[2]; } ry(0.2) q[1]; } c = measure q;",
    "parities in the middle": "qubit[4] q; bit odd; bit[3] c; rx(0.8) q[0:2]; "
    "for int k in [1:3] { cx q[0], q[3]; cx q[1], q[3]; odd = measure q[3]; "
    "if (odd) { x q[3]; ry(0.3) q[0]; } "
    "rx(0.2) q[2]; cx q[2], q[0]; } c = measure q[0:2];",
    "an error-correcting code": "qubit[3] d; qubit[2] a; bit[2] m; bit[3] c; ry(0.6) d[0]; "
    "cx d[0], d[1]; cx d[0], d[2]; for int r in [0:3] { rx(0.5) d[r % 3]; cx d[0], a[0]; "
    "cx d[1], a[0]; cx d[1], a[1]; cx d[2], a[1]; m = measure a; if (m == 1) x d[0]; "
    "if (m == 3) x d[1]; if (m == 2) x d[2]; reset a; } c = measure d;",
    "iterative phase estimation": "qubit[2] q; bit[4] c; x q[1]; for int i in [0:3] { reset q[0]; "
    "h q[0]; for int k in [1:2 ** (3 - i)] { cp(2.1) q[0], q[1]; } for int j in [0:i] { "
    "if (j < i) { if (c[j]) p(-pi / 2 ** (i - j)) q[0]; } } h q[0]; c[i] = measure q[0]; }",
    "many controls": "qubit[5] q; bit m; bit[5] c; h q; m = measure q[4]; if (m) h q[4]; "
    "ctrl(3) @ ry(1.1) q[0], q[4], q[2], q[1]; ctrl(2) @ negctrl @ swap q[1], q[0], q[4], q[2], "
    "q[3]; ctrl(4) @ z q[4], q[3], q[2], q[1], q[0]; negctrl(2) @ y q[3], q[0], q[2]; "
    "ctrl(2) @ rz(0.7) q[2], q[1], q[3]; ctrl(2) @ U(0.3, 0.4, 0.5) q[0], q[3], q[1]; h q; "
    "c = measure q;",
    "matrices": "gate g(a) x, y { h x; cp(a) x, y; ry(a) y; } qubit[3] q; bit m; bit[3] c; h q; "
    "m = measure q[1]; pow(0.4) @ g(1.2) q[2], q[0]; ctrl @ pow(0.5) @ g(0.7) q[1], q[0], q[2]; "
    "if (!m) pow(-0.3) @ g(0.9) q[0], q[1]; h q; c = measure q;",
    "phases that a control makes real": "qubit[2] q; bit m; bit[2] c; h q; m = measure q[1]; "
    "h q[1]; ctrl @ gphase(0.9) q[0]; ctrl(2) @ gphase(1.3) q[0], q[1]; ctrl @ U(0, 0, 0.4) q[0], "
    "q[1]; if (m) ctrl @ gphase(0.5) q[1]; h q; c = measure q;",
    "a switch": "qubit[3] q; bit[3] c; int n; h q[0:1]; c[0:1] = measure q[0:1]; "
    "n = int[3](uint[2](c[0:1])); switch (n) { case 0 { x q[2]; } case 1, 2 { ry(0.7) q[2]; } "
    "default { h q[0]; } } c = measure q;",
    "a bit is overwritten": "qubit[3] q; bit a; bit b; h q[0]; ry(0.8) q[1]; a = measure q[0]; "
    "b = a; a = measure q[1]; if (b) { ry(0.3) q[2]; a = measure q[2]; }",
    "a qubit is measured again": "qubit q; bit[3] c; ry(0.8) q; c[0] = measure q; "
    "c[1] = measure q; h q; c[2] = measure q;",
    "the last measurements are conditional": "qubit[2] q; bit[2] c; h q[0]; rx(0.8) q[1]; "
    "c[0] = measure q[0]; if (c[0]) { c[1] = measure q[1]; }",
    "every gate": "qubit[2] q; bit m; bit[2] c; h q; m = measure q[0]; x q[0]; y q[1]; sx q[0]; "
    "s q[1]; sdg q[0]; t q[1]; tdg q[0]; z q[1]; p(0.3) q[0]; u2(0.2, 0.5) q[1]; "
    "u3(0.1, 0.7, 0.2) q[0]; swap q[0], q[1]; inv @ sx q[1]; ch q[1], q[0]; cy q[0], q[1]; "
    "cu(0.1, 0.2, 0.3, 0.4) q[0], q[1]; crx(0.6) q[1], q[0]; crz(0.4) q[0], q[1]; h q; "
    "c = measure q;",
    "many qubits": "qubit[8] q; bit m; bit[8] c; h q[0]; m = measure q[0]; ry(0.4) q[7]; "
    "if (m) rx(1.1) q[5]; cx q[7], q[4]; cx q[5], q[6]; ch q[4], q[6]; h q[5]; h q[7]; "
    "swap q[1], q[7]; reset q[4]; rz(0.3) q[6]; rx(0.8) q[6]; c = measure q;",
}


@cache
def exact(name: str) -> dict[str, float]:
    return oracle.distribution(STDGATES + DYNAMIC[name])


@pytest.fixture(params=["seldom", "always"])
def merging(request, monkeypatch):
    """How often branches are compared, which must not make a difference."""
    if request.param == "always":
        monkeypatch.setattr(branches, "_MERGED_FROM", 2)
        monkeypatch.setattr(branches, "_GROWTH", 0)


@pytest.mark.usefixtures("merging")
@pytest.mark.parametrize("name", DYNAMIC)
def test_counts_follow_the_exact_distribution(name):
    loaded = load(DYNAMIC[name])
    assert sampled(loaded) is None
    assert_distributed(counts_of(loaded), exact(name))


def random_program(choose: random.Random) -> str:
    """Four qubits and four bits, of which much is measured, asked and reset."""
    gates = ("h", "sx", "t", "y", "rx(0.9)", "ry(0.7)", "rz(1.3)", "U(0.4, 1.1, 0.2)")

    def statement(depth: int) -> str:
        a, b, c, d = choose.sample(range(4), 4)
        gate = choose.choice(gates)
        nested = (
            [
                lambda: f"if (c[{a}]) {{ {block(depth)} }} else {{ {block(depth)} }}",
                lambda: f"if (c[{a}] != c[{b}] || !c[{d}]) {{ {block(depth)} }}",
                # Two turns at the most, or there would be no end to the oracle's work.
                lambda: (
                    f"n{depth} = 0; while (c[{a}] && n{depth} < 2) "
                    f"{{ n{depth} += 1; {block(depth)} }}"
                ),
            ]
            if depth < 2
            else []
        )
        plain = [
            lambda: f"{gate} q[{a}];",
            lambda: f"cx q[{a}], q[{b}]; {gate} q[{a}];",
            lambda: f"ctrl @ {gate} q[{a}], q[{b}];",
            lambda: f"ctrl @ negctrl @ {gate} q[{a}], q[{b}], q[{c}];",
            lambda: f"swap q[{a}], q[{b}]; cz q[{b}], q[{c}];",
            lambda: f"c[{a}] = measure q[{b}];",
            lambda: f"c[{a}] = c[{b}] ^ c[{c}];",
            lambda: f"reset q[{a}];",
        ]
        return choose.choice(plain + nested)()

    def block(depth: int) -> str:
        return " ".join(statement(depth + 1) for _ in range(choose.randint(1, 3)))

    middle = " ".join(statement(0) for _ in range(choose.randint(4, 12)))
    last = choose.choice(("d = measure q;", "h q; d = measure q;", "d[1:2] = measure q[2:3];"))
    start = "qubit[4] q; bit[4] c; bit[4] d; uint[2] n0; uint[2] n1; h q[0]; ry(0.8) q[1:3];"
    return f"{start} {middle} {last}"


@pytest.mark.usefixtures("merging")
def test_random_dynamic_programs_follow_their_exact_distribution():
    choose = random.Random(3)
    compared = 0
    for _ in range(120):
        text = random_program(choose)
        loaded = load(text)
        try:
            expected = oracle.distribution(STDGATES + text)
        except oracle.OracleError:
            continue
        assert_distributed(counts_of(loaded), expected)
        compared += sampled(loaded) is None
    assert compared > 100


def test_random_programs_of_the_whole_language_follow_their_exact_distribution():
    outcomes: Counter[str] = Counter()

    @settings(
        derandomize=True,
        deadline=None,
        max_examples=60,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    @given(programs())
    def compare(qc: str) -> None:
        note(qc)
        try:
            loaded = program.load(qc, Bounds())
        except ProgramError:
            reject()
        assert_distributed(counts_of(loaded), oracle.distribution(qc))
        outcomes["dynamic" if sampled(loaded) is None else "static"] += 1

    compare()
    assert outcomes["dynamic"] > 20


def test_programs_of_the_language_follow_their_distribution():
    dynamic = 0
    for name, (text, expected) in (table("PROGRAMS") | table("OPTIONAL")).items():
        try:
            loaded = program.load(text, Bounds())
        except ProgramError:
            continue
        if sampled(loaded) is None:
            dynamic += 1
            counts = counts_of(loaded, 20_000)
            assert_distributed(counts, expected)
            assert counts == counts_of(loaded, 20_000), name
    assert dynamic > 100


@pytest.mark.parametrize("name", DYNAMIC)
def test_a_seed_decides_the_counts(name):
    loaded = load(DYNAMIC[name])
    assert counts_of(loaded, 500, 1) == counts_of(loaded, 500, 1)
    drawn = [counts_of(loaded, 500, seed) for seed in (1, 2, 3, None)]
    certain = len(exact(name)) == 1
    assert certain or any(counts != drawn[0] for counts in drawn)


@pytest.mark.parametrize("name", DYNAMIC)
def test_one_shot_and_a_million(name):
    loaded = load(DYNAMIC[name])
    expected = exact(name)
    (key,) = counts_of(loaded, 1)
    assert expected[key] > 0
    start = time.process_time()
    assert_distributed(counts_of(loaded, 1_000_000), expected)
    assert time.process_time() - start < 2


def test_it_gives_up_when_the_work_is_too_much():
    endless = load("qubit q; bit c; x q; c = measure q; while (c) { c = measure q; }")
    with pytest.raises(TooMuchWork):
        counts_of(endless, work=shots_ns(endless, 1024))
    wide = "qubit[10] q; bit[10] c; " + "h q; c = measure q; " * 6
    with pytest.raises(TooMuchWork):
        counts_of(load(wide), work=50e6)
    with pytest.raises(TooMuchWork):
        counts_of(load(DYNAMIC["teleportation"]), work=1000)
    idle = Program(1, [[2]], [Store(2, True), Loop(2, []), Measure(0, 2)])
    with pytest.raises(TooMuchWork):
        counts_of(idle, work=1e8)


def test_it_gives_up_when_the_memory_is_too_little():
    wide = load("qubit[20] q; bit[20] c; bit m; h q; m = measure q[0]; h q[0]; c = measure q;")
    with pytest.raises(TooMuchWork):
        sample(wide, 10, 1, WORK, 32 * MIB)
    many = load("qubit[12] q; bit[12] c; h q; c = measure q; h q; c = measure q;")
    with pytest.raises(TooMuchWork):
        sample(many, 5000, 1, WORK, 64 * MIB)
    with pytest.raises(TooMuchWork):
        sample(load("qubit[500] q; bit c; h q; c = measure q[0];"), 10, 1, WORK, 512 * MIB)


def test_final_measurements_take_no_branch_for_each_outcome():
    text = "qubit[16] q; bit[16] c; bit m; h q; m = measure q[0]; if (m) x q[0]; c = measure q;"
    counts = sample(load(text), 20_000, 1, 1e9, 32 * MIB)
    assert len(counts) > 10_000


def test_branches_that_are_the_same_again_are_merged():
    turn = "reset q; h q[0]; cx q[0], q[1]; ry(1.1) q[1]; f = measure q[1];"
    text = f"qubit[2] q; bit f; bit[2] c; f = 1; while (f) {{ {turn} }} h q[0]; c = measure q;"
    one = (1 + math.sin(1.1)) / 2
    assert_distributed(counts_of(load(text), work=30e6), {"01 0": one, "00 0": 1 - one})
    turn = "rx(0.7) q[0]; ry(0.4) q[1]; cx q[0], q[2]; cx q[1], q[2]; m = measure q; reset q; "
    last = "h q[0]; c = measure q[0];"
    text = f"qubit[3] q; bit[3] m; bit c; for int k in [1:200] {{ {turn} }} {last}"
    counts = counts_of(load(text), work=200e6)
    ones = sum(times for key, times in counts.items() if key.startswith("1"))
    assert_distributed({"1": ones, "0": SHOTS - ones}, {"1": 0.5, "0": 0.5})


@pytest.mark.usefixtures("merging")
def test_branches_keep_the_bits_that_matter():
    coin = [Gate("h", (0,)), Measure(0, 2), Reset(0)]
    another = [Gate("h", (0,)), Measure(0, 3), Reset(0)]
    perhaps = Branch(3, [Store(2, False)], [])
    counts = counts_of(Program(1, [[2, 3]], [*coin, *another, perhaps]))
    assert_distributed(counts, {"00": 0.25, "01": 0.25, "10": 0.5})
    # What the second turn reads, the first has to keep.
    second = [Branch(6, [Store(5, 2)], []), Store(6, True)]
    turns = Loop(3, [*second, *another])
    counts = counts_of(Program(1, [[5]], [*coin, Store(3, True), turns]))
    assert_distributed(counts, {"0": 0.75, "1": 0.25})


def test_states_are_the_same_that_differ_by_a_phase():
    rows = np.array([[0.6, 0, 0.8j], [0.6j, 0, -0.8], [0.6, 0, -0.8j], [0, 0.6, 0.8j]])
    first, second, *others = fingerprints(np.exp(0.3j) * rows)
    assert np.array_equal(first, second)
    assert not any(np.array_equal(first, other) for other in others)


def test_a_matrix_takes_its_first_qubit_as_the_least_significant():
    flip = ((0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1), (1, 0, 0, 0))  # one less
    for qubits, expected in (((0, 1), {0b010: 50}), ((1, 0), {0b001: 50}), ((2, 0), {0b110: 50})):
        operations = [Gate("x", (0,)), Gate("x", (1,)), Unitary(flip, qubits)]
        measured = [Measure(qubit, qubit + 2) for qubit in range(3)]
        counts = sample(Program(3, [[2, 3, 4]], [*operations, *measured]), 50, 1, WORK, MIB)
        assert counts == expected, qubits

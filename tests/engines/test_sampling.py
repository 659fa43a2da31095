"""Counts drawn from probabilities, and which programs have them drawn."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from engines.simulation import assert_distributed, simulate
from service import STDGATES

from quantum_tasks.circuits.bounds import Bounds
from quantum_tasks.engines.amplitudes import draw
from quantum_tasks.engines.sampling import as_values, keyed, sampled
from quantum_tasks.language import program

MEASURED_AT_THE_END = {
    "h q; c = measure q;": True,
    "h q[0]; c[0] = measure q[0]; h q[1]; c[1] = measure q[1];": True,
    "h q[0]; c[0] = measure q[0]; c[1] = measure q[0];": True,
    "h q[0]; c[0] = measure q[0]; c[0] = measure q[1];": True,
    "c[0] = measure q[0]; cx q[0], q[1]; c[1] = measure q[1];": False,
    "c[0] = measure q[0]; h q[0];": False,
    "h q; reset q[0]; c = measure q;": False,
    "c = measure q; if (c[0]) x q[1];": False,
    "c[0] = measure q[0]; c[1] = !c[0];": False,
    "c = measure q; while (c[0]) { c[0] = measure q[0]; }": False,
}


@pytest.mark.parametrize("text", MEASURED_AT_THE_END)
def test_a_program_that_measures_at_the_end_is_drawn(text):
    loaded = program.load(f"{STDGATES}qubit[2] q; bit[2] c; {text}", Bounds())
    assert (sampled(loaded) is not None) == MEASURED_AT_THE_END[text]


@pytest.mark.parametrize("shots", [3, 100_000])
def test_outcomes_come_as_often_as_is_probable(shots):
    probabilities = np.array([[0.5, 0.0, 0.125, 0.375, *[0.0] * 12]])
    random = np.random.Generator(np.random.PCG64(1))
    total = np.zeros(16)
    for _ in range(200_000 // shots):
        _, outcomes, times = draw(random, probabilities, np.array([shots]))
        assert times.sum() == shots
        total[outcomes] += times
    seen = {str(place): int(times) for place, times in enumerate(total) if times}
    assert_distributed(seen, {"0": 0.5, "2": 0.125, "3": 0.375})


def test_an_outcome_without_probability_never_comes_even_at_the_edges():
    class Edges:
        def random(self, shots):
            return np.linspace(0.0, 1.0, shots)  # further than numpy's goes

    probabilities = np.array([[0.0, 0.5, 0.0, 0.5, *[0.0] * 20]])
    _, outcomes, _ = draw(Edges(), probabilities, np.array([5]))
    assert set(outcomes.tolist()) <= {1, 3}


@pytest.mark.parametrize("place", [1, 80])
def test_outcomes_become_values_of_the_shown_bits(place):
    shown = [(place, 0), (0, 1), (2, 1)]
    values = as_values(np.array([0b01, 0b10, 0b11]), shown)
    assert values == [1 << place, 0b101, 1 << place | 0b101]


def test_keys_are_in_order_and_registers_apart():
    counts = {0b110: 1, 0b001: 2}
    assert keyed(counts, [3]) == {"001": 2, "110": 1}
    assert list(keyed(counts, [3])) == ["001", "110"]
    assert keyed(counts, [1, 2]) == {"00 1": 2, "11 0": 1}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("qubit[3] q; bit[3] c; x q[0]; c[2] = measure q[0];", {"100": 1.0}),
        ("qubit[2] q; bit[2] c; x q[1]; c[0] = measure q[0]; c[0] = measure q[1];", {"01": 1.0}),
        ("qubit q; bit[2] c; h q; c[0] = measure q; c[1] = measure q;", {"00": 0.5, "11": 0.5}),
        ("qubit[2] q; bit a; bit[2] b; x q[1]; b = measure q; h q[0];", {"10 0": 1.0}),
        ("qubit q; bit[70] c; x q; c[69] = measure q;", {"1" + "0" * 69: 1.0}),
        ("qubit[2] q; bit c; h q[0]; cx q[0], q[1]; measure q[0];", {"0": 1.0}),
        ("qubit[17] q; bit[17] c; x q[16]; c = measure q;", {"1" + "0" * 16: 1.0}),
    ],
)
def test_bits_are_where_they_were_measured_to(text, expected):
    assert_distributed(simulate(STDGATES + text), expected)


def test_a_seed_decides_and_other_seeds_decide_otherwise():
    text = STDGATES + "qubit[4] q; bit[4] c; h q; rx(0.3) q; c = measure q;"
    assert simulate(text, seed=3) == simulate(text, seed=3)
    assert simulate(text, seed=3) != simulate(text, seed=4)


@pytest.mark.parametrize("qubits", [18, 19], ids=["drawn", "by Aer"])
def test_a_run_uses_the_cores_that_it_is_given(qubits):
    code = (
        "import os, sys; from quantum_tasks.engines.simulator import Simulator; "
        "from quantum_tasks.language import program; "
        "from quantum_tasks.circuits.bounds import Bounds; "
        "simulator = Simulator(1024, 2**24); "
        "loaded = program.load(sys.stdin.read(), Bounds()); "
        "threads = lambda: len(os.listdir('/proc/self/task')); "
        "simulator.run(loaded, 9, 1, threads=1); one = threads(); "
        "simulator.run(loaded, 9, 1, threads=2); print(threads() - one)"
    )
    text = f"{STDGATES}qubit[{qubits}] q; bit[{qubits}] c; h q; rx(0.1) q; c = measure q;"
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=text,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "1\n"

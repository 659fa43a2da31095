"""Each shot's outcome, in order: the same shots as the counts, in an order that tells nothing."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections import Counter
from itertools import pairwise

import pytest
from engines.simulation import simulated
from service import STDGATES

from quantum_tasks.circuits.bounds import Bounds
from quantum_tasks.engines.engine import SimulationError
from quantum_tasks.engines.simulator import Simulator
from quantum_tasks.language import program
from quantum_tasks.tasks import Depolarizing, Method, Noise, Options, PauliTerm

QC = f"{STDGATES}qubit[3] q; bit[2] a; bit b; h q; a = measure q[0:1]; b = measure q[2];"
DYNAMIC = f"{STDGATES}qubit q; bit a; bit b; h q; a = measure q; if (a) h q; b = measure q;"
NOISE = Noise(Depolarizing(0.01, 0.02), 0.1)


@pytest.mark.parametrize("method", [*Method])
@pytest.mark.parametrize("noise", [None, NOISE])
def test_the_memory_has_the_counts_which_are_those_without_it(method, noise):
    for qc in (QC, DYNAMIC):
        if method is Method.EXTENDED_STABILIZER and (qc is DYNAMIC or noise):
            continue
        options = Options(method=method, noise=noise)
        counts, nothing = simulated(qc, 300, 8, options)
        assert nothing is None
        with_memory = Options(method=method, noise=noise, memory=True)
        same, details = simulated(qc, 300, 8, with_memory)
        assert same == counts
        assert details is not None
        assert details.memory is not None
        assert len(details.memory) == 300
        assert Counter(details.memory) == json.loads(counts)
        assert details.expectation_values is None
        assert simulated(qc, 300, 8, with_memory)[1] == details


def test_neighbours_in_the_memory_know_nothing_of_each_other():
    shots = 20_000
    _, details = simulated(DYNAMIC, shots, 4, Options(memory=True))
    bits = [key[-1] for key in details.memory]
    same = sum(a == b for a, b in pairwise(bits))
    assert abs(same - shots / 2) < 5 * math.sqrt(shots / 4)
    early = Counter(bits[: shots // 2])
    assert abs(early["1"] - shots / 4) < 5 * math.sqrt(shots / 8)


def test_another_seed_is_another_order():
    first = simulated(QC, 100, 1, Options(memory=True))[1].memory
    assert first != simulated(QC, 100, 2, Options(memory=True))[1].memory
    free = [simulated(QC, 100, None, Options(memory=True))[1].memory for _ in range(2)]
    assert free[0] != free[1]


def test_a_memory_that_is_too_large_is_refused_before_it_is_made():
    simulator = Simulator(memory_mb=256, max_result_bytes=5000)
    loaded = program.load(QC, Bounds())
    simulator.run(loaded, 1000, 1, Options())
    simulator.run(loaded, 300, 1, Options(memory=True))
    with pytest.raises(SimulationError, match="MAX_RESULT_BYTES") as error:
        simulator.run(loaded, 1000, 1, Options(memory=True))
    assert error.value.code == "result_too_large"
    many = Options(observables=[[PauliTerm("ZZZ")]] * 100)
    with pytest.raises(SimulationError, match="MAX_RESULT_BYTES"):
        simulator.run(loaded, 100, 1, many)


_REPLAY = """
import sys
from quantum_tasks.circuits.bounds import Bounds
from quantum_tasks.engines.simulator import Simulator
from quantum_tasks.language import program
from quantum_tasks.tasks import Depolarizing, Method, Noise, Options, PauliTerm
simulator = Simulator(1024, 2**20)
for qc in sys.stdin.read().split("====")[:-1]:
    loaded = program.load(qc, Bounds())
    values = [[PauliTerm("X" * loaded.declared)]]
    for noise in (None, Noise(Depolarizing(0.01, 0.02), 0.1))[: 1 + (loaded.qubits <= 3)]:
        for method in Method:
            if method == "extended_stabilizer" and (noise or loaded.qubits > 3):
                continue
            options = Options(method=method, noise=noise, observables=values, memory=True)
            try:
                print(method, simulator.run(loaded, 300, 8, options))
            except Exception as error:
                print(method, type(error).__name__, error)
"""


def test_a_seed_brings_the_same_in_every_process():
    large = f"{STDGATES}qubit[8] q; bit[8] c; h q; rx(0.3) q; cx q[0:6], q[7]; c = measure q;"
    clifford = f"{STDGATES}qubit[40] q; bit[40] c; h q[0]; cx q[0:38], q[1:39]; c = measure q;"
    corrected = f"{STDGATES}qubit[2] q; bit[2] c; h q; c[0] = measure q[0]; if (c[0]) x q[1]; "
    programs = [QC, DYNAMIC, large, clifford, corrected + "c[1] = measure q[1];"]
    said = []
    for number in ("1", "2"):  # the order of a set is another one
        done = subprocess.run(
            [sys.executable, "-c", _REPLAY],
            input="".join(f"{qc}====" for qc in programs),
            env={**os.environ, "PYTHONHASHSEED": number},
            capture_output=True,
            text=True,
            check=True,
        )
        said.append(done.stdout)
    assert said[0] == said[1]
    for engine in ("qsim", "stim", "branching", "aer"):
        assert f"'{engine}" in said[0]

"""Where there is no qsim, everything else does its work: these tests run once more without it.

(Elsewhere they run with the engines that are installed.)
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from circuits.test_noise import (
    test_a_gate_on_many_qubits_errs_once_on_all_of_them,  # noqa: F401
    test_few_shots_err_as_many_do,  # noqa: F401
    test_one_qubit_read_twice_errs_twice,  # noqa: F401
    test_the_seed_decides,  # noqa: F401
)
from circuits.test_observables import (
    test_exact_values_are_qiskits,  # noqa: F401
    test_many_words_on_many_qubits_are_measured_in_few_bases,  # noqa: F401
    test_measured_values_are_as_far_off_as_they_say,  # noqa: F401
    test_the_seed_decides_and_the_counts_are_the_same_as_without,  # noqa: F401
)
from engines import simulation
from engines.simulation import assert_distributed, simulate
from engines.test_simulator import *  # noqa: F403
from language import table
from service import STDGATES

from quantum_tasks.engines.aer.methods import StateVector

PROGRAMS = table("PROGRAMS")
ENDING = "qubit[14] q; bit[14] c; h q; t q; h q; c = measure q;"
GOING_ON = (
    "qubit[14] q; bit[14] c; bit d; h q; t q; h q; d = measure q[0]; if (d) h q; c = measure q;"
)


@pytest.fixture(autouse=True)
def without_qsim() -> Iterator[None]:
    simulation.DISABLED.add("qsim")
    yield
    simulation.DISABLED.remove("qsim")


@pytest.mark.parametrize("name", [*PROGRAMS][::8])
def test_counts_follow_the_distribution(name):
    text, expected = PROGRAMS[name]
    assert_distributed(simulate(text), expected)


def test_an_engine_that_is_disabled_is_not_even_loaded():
    code = (
        "import sys; from quantum_tasks.circuits.bounds import Bounds;"
        "from quantum_tasks.engines import qsim; from quantum_tasks.engines.simulator import *;"
        "from quantum_tasks.language import program; from quantum_tasks.orders import Limits;"
        "here = Limits(2048, 2**20, disabled_engines=('qsim',)).capability;"
        "simulator = Simulator(2048, 2**20, here.engines);"
        "loaded = [program.load(text, Bounds()) for text in sys.argv[1:]];"
        "print([simulator.run(one, 9, 1).engines[0] for one in loaded],"
        "qsim.module.cache_info().misses)"
    )
    programs = [STDGATES + ENDING, STDGATES + GOING_ON]
    run = subprocess.run([sys.executable, "-c", code, *programs], capture_output=True, text=True)
    assert run.stdout == f"['{StateVector.name}', 'branching'] 0\n", run.stderr

"""What an instance says that it can run is what its children can."""

from __future__ import annotations

import contextlib
import subprocess
import sys

import pytest
from engines.shapes import chain, dense, ghz, scrambled
from service import STDGATES

from quantum_tasks.capability import (
    OPTIONAL,
    Capability,
    engines,
    releases,
    single_bytes,
    single_mb,
    vector_qubits,
)
from quantum_tasks.circuits.bounds import Bounds
from quantum_tasks.circuits.circuit import Gate, Measure, Program
from quantum_tasks.engines.engine import Question
from quantum_tasks.engines.estimate import assess
from quantum_tasks.engines.planner import Planner, all_engines
from quantum_tasks.language import program
from quantum_tasks.orders import Accepted
from quantum_tasks.parsing.mistakes import ProgramError
from quantum_tasks.tasks import Depolarizing, Method, Noise, Options, PauliTerm, Precision

NOISE = Noise(depolarizing=Depolarizing(p1=0.01, p2=0.02))
FEEDBACK = "qubit[24] q; bit c; ry(0.1) q; c = measure q[0]; if (c) ry(0.2) q; c = measure q[1];"
INSTANCES = [
    Capability(memory_mb, names)
    for memory_mb in (64, 130, 2048)
    for names in (("qsim", "branching", "aer"), ("branching", "aer"))
]


@pytest.mark.parametrize("disabled", [(), ("qsim",), OPTIONAL])
def test_the_engines_are_those_that_the_children_have(disabled):
    had = all_engines(64, engines(disabled))
    assert releases(disabled) == list(dict.fromkeys(engine.name for engine in had))
    assert list(engines(disabled)) == list(dict.fromkeys(engine.family for engine in had))
    assert not set(disabled) & set(engines(disabled))


def test_to_find_them_imports_no_simulator():
    code = (
        "import sys; from quantum_tasks import app, capability; assert capability.releases();"
        "print({'qiskit', 'qiskit_aer', 'qsimcirq', 'stim', 'numpy'} & sys.modules.keys())"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert found.stdout == "set()\n", found.stderr


@pytest.mark.parametrize("memory_mb", [64, 65, 80, 127, 128, 511, 512, 2048, 8256, 65536])
def test_so_many_qubits_fit_into_a_state_vector_and_not_one_more(memory_mb):
    single, double = vector_qubits(memory_mb)
    planner = Planner(memory_mb, all_engines(memory_mb, OPTIONAL))
    for most, precision in ((single, Precision.SINGLE), (double, Precision.DOUBLE)):
        options = Options(method=Method.STATEVECTOR, precision=precision)
        assert planner.choose(Question(flipped(most), 1, options)).bytes <= memory_mb << 20
        with pytest.raises(ProgramError):
            planner.choose(Question(flipped(most + 1), 1, options))


def flipped(qubits: int) -> Program:
    return Program(qubits, [[0]], [Gate("x", (qubits - 1,)), Measure(qubits - 1, 0)])


@pytest.mark.parametrize("qubits", range(1, 40))
def test_a_single_vector_fits_from_its_least_memory_on(qubits):
    least = single_mb(qubits)
    for memory_mb in (least, least + 1, 2 * least):
        assert single_bytes(qubits, memory_mb) <= memory_mb << 20
    assert least == 1 or single_bytes(qubits, least - 1) > (least - 1) << 20


@pytest.mark.parametrize(
    ("text", "options"),
    [
        (ghz(30), {}),
        (ghz(30), {"method": Method.STABILIZER}),
        (ghz(30), {"method": Method.STATEVECTOR}),
        (dense(20), {}),
        (dense(23), {}),
        (dense(23), {"precision": Precision.DOUBLE}),
        (scrambled(24), {}),
        (scrambled(24), {"shots": 0, "observables": [[PauliTerm("Z" * 24)]]}),
        (scrambled(27), {"precision": Precision.DOUBLE}),
        (scrambled(40), {}),
        (chain(60, 3), {}),
        (dense(12), {"method": Method.DENSITY_MATRIX}),
        (dense(24), {"noise": NOISE}),
        (dense(12), {"noise": NOISE, "shots": 0, "observables": [[PauliTerm("Z" * 12)]]}),
        (FEEDBACK, {}),
    ],
    ids=range(15),
)
def test_a_task_can_be_run_by_who_meets_its_needs(text, options):
    shots = options.get("shots", 10)
    asked = Options(**{name: value for name, value in options.items() if name != "shots"})
    loaded = program.load(STDGATES + text, Bounds(), observed=True)
    accepted: dict[Capability, Accepted] = {}
    for instance in INSTANCES:
        with contextlib.suppress(ProgramError):
            accepted[instance] = assess(loaded, shots, [instance], asked)
    for instance, found in accepted.items():
        assert instance.meets(found.needs), (instance, found.needs)
        assert found.needs is None or found.large
        assert all(other in accepted for other in INSTANCES if other.meets(found.needs))


def test_what_everybody_can_run_has_no_needs():
    here = [Capability(2048, engines())]
    for text in (dense(22), ghz(1000), FEEDBACK.replace("24", "10")):
        loaded = program.load(STDGATES + text, Bounds())
        assert assess(loaded, 1, here).needs is None


def test_the_needs_name_all_engines_that_can_whoever_checks():
    loaded = program.load(STDGATES + dense(26), Bounds())
    for names in (("qsim", "branching", "aer"), ("branching", "aer")):
        needs = assess(loaded, 1, [Capability(2048, names)]).needs
        assert needs == {"qsim": 512 + 64, "aer": 1024}
    double = Options(precision=Precision.DOUBLE)
    assert assess(loaded, 1, [Capability(2048, OPTIONAL)], double).needs == {"aer": 1024}


def test_one_of_the_instances_is_enough_and_if_none_can_the_first_says_why():
    loaded = program.load(STDGATES + scrambled(25), Bounds())
    small, with_qsim = Capability(400, ("aer",)), Capability(320, ("qsim", "aer"))
    assert assess(loaded, 1, [small, with_qsim]).needs == {"qsim": 293, "aer": 512}
    with pytest.raises(ProgramError, match=r"512 MiB .* the limit is 400 MiB"):
        assess(loaded, 1, [small, Capability(300, ("aer",))])

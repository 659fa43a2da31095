"""What no shown bit depends on is left out, and nothing else."""

from __future__ import annotations

import json
import random

import oracle
import pytest
from engines.simulation import assert_distributed
from language import HEADER

from quantum_tasks.capability import Capability, engines
from quantum_tasks.circuits.bounds import Bounds
from quantum_tasks.circuits.circuit import Measure, Program, Reset
from quantum_tasks.circuits.compiled import decode
from quantum_tasks.circuits.lightcone import within_light_cone
from quantum_tasks.engines.estimate import assess
from quantum_tasks.engines.simulator import Simulator
from quantum_tasks.language.program import load
from quantum_tasks.orders import Accepted
from quantum_tasks.tasks import Options, PauliTerm


def sizes(qc: str) -> tuple[int, int]:
    """Qubits and operations that are left."""
    program = within_light_cone(load(HEADER + qc, Bounds()))
    return program.qubits, len(program.operations)


@pytest.mark.parametrize(
    ("qc", "left"),
    [
        # Everything is measured.
        ("qubit[2] q; bit[2] c; h q; cx q[0], q[1]; c = measure q;", (2, 5)),
        # Gates beside, and after, the qubit that is measured.
        ("qubit[3] q; bit c; h q; cx q[1], q[2]; c = measure q[0]; x q[0];", (1, 2)),
        # A gate through which another qubit matters, and one before that.
        ("qubit[3] q; bit c; x q[2]; cx q[2], q[1]; cx q[1], q[0]; c = measure q[0];", (3, 4)),
        # The other way round: what is done to q[1] later is not seen.
        ("qubit[2] q; bit c; cx q[0], q[1]; h q[1]; c = measure q[0];", (2, 2)),
        # What was done before a reset, except to others.
        ("qubit[2] q; bit c; cx q[1], q[0]; reset q[0]; x q[0]; c = measure q[0];", (1, 3)),
        (
            "qubit[2] q; bit c; h q[1]; cx q[0], q[1]; z q[1]; reset q[1]; c = measure q[0];",
            (2, 3),
        ),
        # A bit that is written again before it is read; what measuring does to the qubit stays.
        (
            "qubit[3] q; bit c; h q[0]; cx q[0], q[2]; c = measure q[0]; c = measure q[1];",
            (1, 1),
        ),
        ("qubit[2] q; bit c; h q[0]; c = measure q[0]; h q[0]; c = measure q[0];", (1, 4)),
        # A hidden bit that is read, and one that is not.
        (
            "qubit[3] q; output bit c; bit d; d = measure q[1]; if (d) x q[0]; c = measure q[0];",
            (2, 3),
        ),
        ("qubit[3] q; output bit c; bit d; d = measure q[1]; x q[0]; c = measure q[0];", (1, 2)),
        ("qubit[3] q; output bit c; bit d; d = measure q[1]; x q[0]; c = d;", (1, 2)),
    ],
)
def test_what_is_left_is_what_shown_bits_depend_on(qc, left):
    assert sizes(qc) == left


def test_qubits_keep_their_places_among_the_declared_ones():
    qc = HEADER + "qubit[5] q; bit c; h q[1]; x q[3]; cx q[3], q[4]; c = measure q[4];"
    left = within_light_cone(load(qc, Bounds()))
    assert (left.declared, left.places) == (5, [3, 4])
    assert left.operations[-1] == Measure(1, left.registers[0][0])


def partly_shown(rng: random.Random) -> str:
    """A program of five qubits that measures some of them, and shows two bits of five."""
    lines = ["qubit[5] q; output bit[2] c; bit[3] d;"]
    for _ in range(rng.randrange(8, 25)):
        a, b = rng.sample(range(5), 2)
        hidden = rng.randrange(3)
        lines.append(
            rng.choice(
                (
                    *(f"h q[{a}];", f"ry({rng.random() * 3}) q[{a}];", f"rx(0.7) q[{a}];"),
                    *(f"cx q[{a}], q[{b}];", f"crz(1.1) q[{a}], q[{b}];", f"cx q[{b}], q[{a}];"),
                    *(f"reset q[{a}];", f"d[{hidden}] = measure q[{a}];"),
                    *(f"if (d[{hidden}]) x q[{b}];", f"c[{hidden % 2}] = measure q[{b}];"),
                )
            )
        )
    return f"{HEADER}{' '.join(lines)} c = measure q[0:1];"


def test_programs_that_show_some_bits_keep_their_distribution():
    rng, smaller = random.Random(5), 0
    for _ in range(60):
        qc = partly_shown(rng)
        program = load(qc, Bounds())
        smaller += len(within_light_cone(program).operations) < len(program.operations)
        found = Simulator(1024, 1 << 20).run(program, 4096, 1)
        assert_distributed(json.loads(found.counts), oracle.distribution(qc))
    assert smaller > 30


def test_a_large_circuit_of_which_little_is_shown_is_a_small_one():
    body = "".join(f"ry(0.1) q[{n}]; cx q[{n}], q[{n + 1}]; " for n in range(0, 58, 2))
    shown = "c[0] = measure q[0]; c[1] = measure q[1];"
    qc = f"{HEADER}qubit[60] q; bit[2] c; {body * 30} {shown}"
    left = within_light_cone(load(qc, Bounds()))
    assert (left.qubits, len(left.operations)) == (2, 62)
    assert Simulator(64, 1 << 20).run(load(qc, Bounds()), 10, 1).engines


@pytest.mark.parametrize(
    "qc",
    [
        "qubit[3] q; bit[2] c; h q; cx q[1], q[2]; c[0] = measure q[0]; c[1] = measure q[1];",
        # Stim prepares all of this one.
        "qubit[40] q; bit[2] c; h q; c[0] = measure q[0]; c[1] = measure q[1];",
    ],
)
def test_a_seed_gives_the_same_counts_beside_observables(qc):
    program = load(HEADER + qc, Bounds())
    simulator = Simulator(64, 1 << 20, engines())
    here = [Capability(64, engines())]
    found = []
    for options in (Options(), Options(observables=[[PauliTerm("Z" * program.declared)]])):
        checked = assess(program, 100, here, options)
        found.append(simulator.run(*_order(checked, options)).counts)
    assert found[0] == found[1]


def _order(checked: Accepted, options: Options) -> tuple[Program, int, int, Options, int, bytes]:
    program, prepared = decode(checked.compiled)
    return program, 100, 7, options, 1, prepared


def test_a_reset_is_kept_where_its_qubit_is_used():
    qc = HEADER + "qubit[2] q; bit c; x q[0]; reset q[0]; c = measure q[0];"
    assert Reset(0) in within_light_cone(load(qc, Bounds())).operations

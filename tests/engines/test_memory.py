"""What a run is expected to take of memory, and what it takes."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from engines.shapes import chain, dense, ring
from service import STDGATES

MIB = 2**20
_MID_CIRCUIT = (
    "qubit[22] q; bit[2] c; h q; t q; h q; cx q[0], q[1:21]; c[0] = measure q[0]; h q; "
    "cx q[0], q[1]; cx q[2:21], q[1]; c[1] = measure q[1];"
)
_MEASURE = r"""
import json, re, sys
from pathlib import Path
from quantum_tasks.engines.engine import Question
from quantum_tasks.engines.planner import Planner
from quantum_tasks.engines.simulator import Simulator
from quantum_tasks.language import program
from quantum_tasks.circuits.bounds import Bounds
def peak():
    return int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1])
text = sys.stdin.read()
simulator = Simulator(8192, 2**26)
simulator.run(program.load("qubit q; bit c; c = measure q;", Bounds()), 1, 1)
loaded = program.load(text, Bounds())
expected = Planner(1024).choose(Question(loaded))
before = peak()
simulator.run(loaded, 20, 1)
taken = peak() - before
print(json.dumps([expected.method, expected.bytes, taken * 1024]))
"""


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        # The state vector, and as much again while shots are drawn, if there are many.
        (dense(22), 0.5, 1.1),
        (dense(23), 0.5, 1.1),
        # A state for each outcome, and copies: as much as half of the limit.
        (_MID_CIRCUIT, 0.9, 4.5),
        # The others are bounds, which a run may stay below.
        (chain(40, 6), 0.0, 1.0),
        (ring(40, 4), 0.0, 1.0),
    ],
    ids=["22 qubits", "23 qubits", "22 qubits, mid-circuit", "a chain", "a ring"],
)
def test_the_estimate_is_what_a_run_takes(text, least, most):
    """Within 16 MiB, which is what the allocator of a small run may do."""
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE],
        input=STDGATES + text,
        capture_output=True,
        text=True,
        check=True,
    )
    _, expected, taken = json.loads(done.stdout)
    assert least * expected - 16 * MIB <= taken <= most * expected + 16 * MIB

"""What a run is expected to take, and what it takes; every method of simulation is right."""

from __future__ import annotations

import json
import math
import subprocess
import sys

import oracle
import pytest
from engines.simulation import assert_distributed, simulate
from service import STDGATES

from quantum_tasks.circuits.bounds import Bounds
from quantum_tasks.engines.cost import plan
from quantum_tasks.engines.methods import Plan
from quantum_tasks.language import program
from quantum_tasks.parsing.mistakes import ProgramError

MIB = 2**20


def planned(text: str, memory_mb: int = 1024) -> Plan:
    return plan(program.load(STDGATES + text, Bounds()), memory_mb)


def refusal(text: str, memory_mb: int = 1024) -> ProgramError:
    with pytest.raises(ProgramError) as caught:
        planned(text, memory_mb)
    return caught.value


def ghz(qubits: int) -> str:
    return (
        f"qubit[{qubits}] q; bit[{qubits}] c; h q[0]; "
        f"for int i in [0:{qubits - 2}] cx q[i], q[i + 1]; c = measure q;"
    )


def dense(qubits: int) -> str:
    return f"qubit[{qubits}] q; bit[{qubits}] c; h q; t q; h q; cx q[0], q[1]; c = measure q;"


def chain(qubits: int, layers: int) -> str:
    """Entangles neighbours, a little more with each layer."""
    return (
        f"qubit[{qubits}] q; bit[{qubits}] c; ry(0.3) q; for int k in [1:{layers}] {{ "
        f"for int i in [0:{qubits - 2}] {{ cx q[i], q[i + 1]; }} rx(0.7) q; rz(0.4) q; }} "
        "c = measure q;"
    )


def ring(qubits: int, layers: int) -> str:
    """QAOA on a ring: an interaction of neighbours is cx, rz, cx."""
    return (
        f"qubit[{qubits}] q; bit[{qubits}] c; h q; for int k in [1:{layers}] {{ "
        f"for int i in [0:{qubits - 1}] {{ cx q[i], q[(i + 1) % {qubits}]; "
        f"rz(0.3) q[(i + 1) % {qubits}]; cx q[i], q[(i + 1) % {qubits}]; }} rx(0.7) q; }} "
        "c = measure q;"
    )


def scrambled(qubits: int) -> str:
    return (
        f"qubit[{qubits}] q; bit[{qubits}] c; for int k in [1:12] {{ ry(0.3 * k) q; "
        f"for int i in [0:{qubits - 2}] {{ cry(0.7) q[i], q[i + 1]; }} }} c = measure q;"
    )


_OWN_HADAMARD = "gate hh a { U(pi / 2, 0, pi) a; } qubit[60] q; bit c; hh q; c = measure q[0];"


@pytest.mark.parametrize(
    ("text", "method"),
    [
        (dense(20), "automatic"),
        (ghz(26), "automatic"),
        (ghz(100), "stabilizer"),
        (ghz(1000), "matrix_product_state"),
        ("qubit[900] q; bit c; h q; cx q[0], q[899]; c = measure q[899];", "stabilizer"),
        (_OWN_HADAMARD, "stabilizer"),
        (chain(60, 3), "matrix_product_state"),
        (ring(60, 5), "matrix_product_state"),
        ("qubit[60] q; bit[60] c; ry(0.1) q; c = measure q;", "matrix_product_state"),
    ],
    ids=range(9),
)
def test_the_method_follows_from_the_circuit(text, method):
    assert planned(text, 8192 if "0.3) q[(i" in text else 1024).method == method


def test_qubits_that_are_never_touched_cost_nothing():
    corner = (
        "qubit[127] q; bit[12] c; ry(0.3) q[90:101]; "
        "for int i in [90:101] { for int j in [90:101] { if (i != j) cry(0.7) q[i], q[j]; } } "
        "x q[126]; reset q[126]; ctrl(9) @ ry(0.2) q[90], q[91], q[92], q[93], q[94], q[95], "
        "q[96], q[97], q[98], q[101]; c = measure q[90:101];"
    )
    assert planned(corner) == Plan("automatic", 16 << 13)
    text = STDGATES + (
        "qubit[127] q; bit[2] c; bit d; x q[126]; ry(1.1) q[3]; cx q[3], q[60]; "
        "d = measure q[3]; if (d) { x q[126]; } c[0] = measure q[60]; c[1] = measure q[126];"
    )
    one = math.sin(0.55) ** 2
    assert_distributed(simulate(text), {"0 10": 1 - one, "1 01": one})


def test_a_refusal_has_the_numbers_and_a_way_out():
    error = refusal(scrambled(40), 8192)
    assert error.problem.code == "memory_exceeded"
    assert "has 40 entangled qubits: it needs 16 TiB as a state vector" in error.message
    assert "the limit is 8 GiB (SIMULATOR_MEMORY_MB)" in error.message
    assert "29 qubits fit" in error.hint
    assert "Clifford" in error.hint


def test_what_fits_is_not_refused():
    assert planned(dense(26), 1024).bytes == 1024 * MIB
    assert refusal(scrambled(27), 1024).problem.code == "memory_exceeded"


_MID_CIRCUIT = (
    "qubit[22] q; bit[2] c; h q; t q; h q; cx q[0], q[1:21]; c[0] = measure q[0]; h q; "
    "c[1] = measure q[1];"
)
_MEASURE = r"""
import json, re, sys
from pathlib import Path
from quantum_tasks.engines import aer
from quantum_tasks.language import program
from quantum_tasks.circuits.bounds import Bounds
from quantum_tasks.engines.cost import plan
def peak():
    return int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1])
text = sys.stdin.read()
simulator = aer.Simulator(8192, 2**26)
simulator.run(program.load("qubit q; bit c; c = measure q;", Bounds()), 1, 1)
loaded = program.load(text, Bounds())
expected = plan(loaded, 1024)
before = peak()
simulator.run(loaded, 20, 1)
taken = peak() - before
print(json.dumps([expected.method, expected.bytes, taken * 1024]))
"""


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        # The state vector is all that counts: the estimate is what it takes.
        (dense(22), 0.9, 1.1),
        (dense(23), 0.9, 1.1),
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


# Every gate of ours under no, one and more controls, on four entangled qubits.
_GATES = [
    *("x", "y", "z", "h", "s", "sdg", "t", "tdg", "sx", "inv @ sx", "id", "pow(0.3) @ h"),
    *("p(0.7)", "rx(0.7)", "ry(0.7)", "rz(0.7)"),
    *("U(0.7, 0.4, 1.1)", "u2(0.4, 1.1)", "u3(0.7, 0.4, 1.1)"),
]
_CONTROLS = {"": 0, "ctrl @ ": 1, "negctrl @ ": 1, "ctrl(2) @ ": 2, "ctrl(3) @ ": 3}


def entangled(call: str) -> str:
    return (
        "qubit[4] q; bit[4] c; ry(0.4) q[0]; ry(0.9) q[1]; ry(1.3) q[2]; ry(2) q[3]; "
        "cx q[0], q[3]; cz q[1], q[2]; rz(0.3) q; "
        f"{call} rx(0.8) q; c = measure q;"
    )


def calls() -> list[str]:
    found = []
    for controls, count in _CONTROLS.items():
        qubits = [f"q[{place}]" for place in range(3, -1, -1)]
        found += [f"{controls}{gate} {', '.join(qubits[: count + 1])};" for gate in _GATES]
        if count < 3:
            found.append(f"{controls}swap {', '.join(qubits[: count + 2])};")
    return found


@pytest.mark.parametrize("method", ["statevector", "matrix_product_state"])
@pytest.mark.parametrize("call", calls())
def test_every_gate_is_right_by_every_method(call, method):
    text = STDGATES + entangled(call)
    assert_distributed(simulate(text, shots=2048, method=method), oracle.distribution(text))


@pytest.mark.parametrize(
    "call",
    [
        *(f"{name} q[1];" for name in ("x", "y", "z", "h", "s", "sdg", "sx")),
        *(
            f"{name}({quarters} * pi / 2) q[1];"
            for name in ("p", "rx", "ry", "rz")
            for quarters in (-3, -1, 1, 2, 3)
        ),
        "U(pi / 2, 0, pi) q[2];",
        "U(pi / 2, -pi / 2, pi / 2) q[2];",
        "u3(3 * pi / 2, pi / 2, pi) q[0];",
        "inv @ sx q[0];",
        "cx q[0], q[2];",
        "cy q[0], q[2];",
        "cz q[0], q[2];",
        "cp(pi) q[0], q[2];",
        "cp(0) q[0], q[2];",
        "cp(2 * pi) q[0], q[2];",
        "ctrl @ p(-pi) q[0], q[1];",
        "negctrl @ x q[0], q[1];",
        "swap q[0], q[1];",
    ],
)
def test_every_clifford_gate_is_right_on_a_tableau(call):
    text = STDGATES + (
        "qubit[3] q; bit[3] c; h q[0]; cx q[0], q[1]; s q[1]; h q[2]; cz q[1], q[2]; sx q[0]; "
        f"{call} h q[1]; s q[0]; h q[0]; h q[2]; c = measure q;"
    )
    assert_distributed(simulate(text, shots=2048, method="stabilizer"), oracle.distribution(text))

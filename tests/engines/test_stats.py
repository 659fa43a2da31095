"""What a program's stats say, compared with Qiskit's circuit of the same program."""

from __future__ import annotations

import json
import random

import pytest
import qiskit_qasm3_import
from service import STDGATES

from quantum_tasks.capability import Capability
from quantum_tasks.circuits.bounds import Bounds
from quantum_tasks.engines.engine import Question
from quantum_tasks.engines.estimate import assess
from quantum_tasks.engines.planner import Planner
from quantum_tasks.engines.stats import stats
from quantum_tasks.language import program
from quantum_tasks.tasks import Method, Register, Stats

# Each is one operation here and one in Qiskit.
_GATES = {
    1: ["x", "y", "z", "h", "s", "sdg", "t", "tdg", "sx", "inv @ sx", "p(0.7)", "rx(1.1)"],
    2: ["cx", "cy", "cz", "cp(0.7)", "crx(0.7)", "cry(0.7)", "crz(0.7)", "ch", "swap"],
    3: ["ccx", "cswap"],
}


def counted(text: str) -> Stats:
    loaded = program.load(STDGATES + text, Bounds())
    return stats(loaded, Planner(1024).choose(Question(loaded)), 1.2345)


def circuits() -> list[str]:
    drawn = random.Random(5)
    found = []
    for qubits in (3, 4, 7, 12):
        for length in (1, 5, 40, 200):
            lines = [f"qubit[{qubits}] q; bit[{qubits}] c; bit d;"]
            for _ in range(length):
                size = drawn.choice([1, 1, 2, 2, 3])
                places = drawn.sample(range(qubits), size)
                gate = drawn.choice(_GATES[size])
                lines.append(f"{gate} {', '.join(f'q[{place}]' for place in places)};")
                if drawn.random() < 0.1:
                    place = drawn.randrange(qubits)
                    bit = drawn.choice(["d", f"c[{drawn.randrange(qubits)}]"])
                    lines.append(f"{bit} = measure q[{place}]; reset q[{place}];")
            found.append("\n".join([*lines, "c = measure q;"]))
    return found


@pytest.mark.parametrize("text", circuits(), ids=range(16))
def test_depth_and_gates_are_those_of_qiskit(text):
    found = counted(text)
    circuit = qiskit_qasm3_import.parse(STDGATES + text)
    assert (found.depth, found.gates) == (circuit.depth(), dict(circuit.count_ops()))
    assert (found.qubits, found.clbits) == (circuit.num_qubits, circuit.num_clbits)
    assert found.registers == [Register("c", circuit.num_qubits), Register("d", 1)]


@pytest.mark.parametrize(
    ("call", "name"),
    [
        ("ctrl(3) @ x q[0], q[1], q[2], q[3];", "mcx"),
        ("ctrl(2) @ z q[0], q[1], q[2];", "ccz"),
        ("ctrl(3) @ z q[0], q[1], q[2], q[3];", "c3z"),
        ("ctrl(2) @ p(1) q[0], q[1], q[2];", "mcphase"),
        ("ctrl(2) @ swap q[0], q[1], q[2], q[3];", "ccswap"),
        ("ctrl @ s q[0], q[1];", "cs"),
        ("ctrl(2) @ rx(0.2) q[0], q[1], q[2];", "ccrx"),
        ("U(1, 2, 3) q[0];", "u"),
        ("gate own a, b { cx a, b; } own q[0], q[1];", "cx"),
        ("pow(1.0 / 3) @ ctrl @ swap q[0], q[1], q[2];", "unitary"),
    ],
)
def test_gates_have_the_names_that_qiskit_gives_them(call, name):
    assert counted(f"qubit[5] q; bit c; {call} c = measure q[4];").gates == {name: 1, "measure": 1}


def test_a_branch_counts_its_longer_side_and_spans_what_it_touches():
    text = "qubit[4] q; bit c; bit d; h q[0]; c = measure q[0]; x q[3]; %s d = measure q[3];"
    branch = "if (c) { x q[1]; x q[1]; x q[1]; } else { h q[2]; }"
    found = counted(text % branch)
    assert found.gates == {"h": 2, "x": 4, "measure": 2, "if_else": 1}
    assert found.depth == 2 + 3
    assert counted(text % (branch + "h q[2];")).depth == 2 + 3 + 1
    assert counted(text % (branch + "h q[3]; h q[3];")).depth == 5


def test_a_loop_counts_its_body_once_and_stores_nothing():
    text = (
        "qubit[2] q; bit c; int[4] n = 0; h q[0]; c = measure q[0]; "
        "while (c) { n += 1; x q[1]; h q[0]; c = measure q[0]; } x q[1];"
    )
    found = counted(text)
    assert found.gates == {"h": 2, "x": 2, "measure": 2, "while_loop": 1}
    assert found.depth == 2 + 2 + 1
    assert counted("qubit q; bit c; bit d; bit e; c = measure q; d = c; e = !d;").depth == 1


def test_qubits_are_those_that_are_declared_and_registers_those_that_are_shown():
    found = counted("qubit[9] q; bit[2] c; bit d; output bit[3] out; out[0] = measure q[8];")
    assert (found.qubits, found.clbits, found.memory_bytes) == (9, 3, 32)
    assert found.registers == [Register("out", 3)]
    assert (found.method, found.compile_ms) == (Method.STATEVECTOR, 1.234)


def test_a_program_without_anything_has_stats():
    loaded = program.load(STDGATES + "qubit[3] q;", Bounds(), observed=True)
    found = stats(loaded, Planner(1024).choose(Question(loaded)), 0.0)
    assert (found.qubits, found.depth, found.gates, found.registers) == (3, 0, {}, [])


def test_the_method_is_the_one_that_is_planned():
    ghz = "qubit[40] q; bit[40] c; h q[0]; for int i in [0:38] cx q[i], q[i + 1]; c = measure q;"
    found = counted(ghz)
    assert found.method is Method.STABILIZER
    assert 40 * 81 // 2 < found.memory_bytes < 1 << 20


def test_what_is_accepted_has_stats_as_text():
    loaded = program.load(STDGATES + "qubit q; bit c; h q; c = measure q;", Bounds())
    accepted = assess(loaded, 1000, [Capability(1024, ("branching", "aer"))], None, 0.25)
    assert json.loads(accepted.stats) == {
        "qubits": 1, "clbits": 1, "depth": 2, "gates": {"h": 1, "measure": 1},
        "registers": [{"name": "c", "size": 1}], "method": "statevector",
        "memory_bytes": 32, "compile_ms": 0.25,
    }  # fmt: skip
    assert accepted.estimated_ms == accepted.work_ms


def test_branches_that_are_nested_deeply_are_counted():
    text = "qubit q; bit c; " + "c = measure q; if (c) { end; } x q; " * 60
    assert counted(text).gates["if_else"] >= 59

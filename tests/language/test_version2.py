"""OpenQASM 2: what programs measure is what they measure with Qiskit's loader and Aer."""

from __future__ import annotations

import math
import random
import time
from functools import cache

import numpy as np
import pytest
from engines.simulation import simulate
from pictures.drawn import text
from qiskit import QuantumCircuit, qasm2
from qiskit.quantum_info import Operator, Statevector
from qiskit.transpiler import generate_preset_pass_manager

from language.straight import by_lines, by_tree
from language.version2 import GATES, HEADER, PROGRAMS
from quantum_tasks.circuits.bounds import Bounds
from quantum_tasks.circuits.qelib1 import QELIB1
from quantum_tasks.language import program
from quantum_tasks.language.inputs import Given
from quantum_tasks.language.program import ProgramError

SHOTS = 4096


def loaded(qc: str) -> QuantumCircuit:
    return qasm2.loads(qc, custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS)


@cache
def aer():
    """The simulator, and what translates circuits for it: made once, as that takes most of the
    time of a small circuit."""
    from qiskit_aer import AerSimulator

    simulator = AerSimulator(seed_simulator=5)
    return simulator, generate_preset_pass_manager(0, simulator)


def assert_alike(found: dict[str, int], expected: dict[str, int]) -> None:
    """Two samples, whose counts differ by five standard deviations at most."""
    for key in found.keys() | expected.keys():
        a, b = found.get(key, 0), expected.get(key, 0)
        assert abs(a - b) <= 5 * math.sqrt(a + b) + 1, (key, found, expected)


@pytest.mark.parametrize("name", PROGRAMS)
def test_counts_are_those_of_qiskit(name: str):
    qc = PROGRAMS[name]
    simulator, translator = aer()
    circuit = translator.run(loaded(qc))
    expected = simulator.run(circuit, shots=SHOTS).result().get_counts()
    assert_alike(simulate(qc, shots=SHOTS), expected)


def test_a_definition_takes_the_place_of_an_included_gate():
    """Qiskit's loader takes its own gates of these names, whatever a program says."""
    qc = "gate swap a, b { x a; } gate p(t) a { x a; } qreg q[3]; creg c[3]; "
    counts = simulate(f"{HEADER}{qc}swap q[0], q[1]; p(0.3) q[2]; measure q -> c;", shots=16)
    assert counts == {"101": 16}


def test_a_register_is_never_a_number_that_it_cannot_hold():
    """Aer compares the lowest bits only."""
    qc = "qreg q[2]; creg c[2]; if (c == 4) x q[0]; if (c == 4294967296) x q[1]; measure q -> c;"
    assert simulate(HEADER + qc, shots=16) == {"00": 16}


def test_there_are_programs_for_every_rule():
    assert len(PROGRAMS) >= 150
    assert set(QELIB1) | {"U", "CX"} == set(GATES)


@pytest.mark.parametrize("name", QELIB1)
def test_each_gate_is_qiskit_s_with_its_phase(name: str):
    angles, build = QELIB1[name]
    given = (1,) if name == "u0" else (0.4, -1.3, 2.1, 0.9)[:angles]
    places = ", ".join(f"q[{place}]" for place in range(GATES[name][1]))
    text = f"({', '.join(map(str, given))})" if angles else ""
    circuit = loaded(f"{HEADER}qreg q[{GATES[name][1]}]; {name}{text} {places};")
    assert np.allclose(build(*given).matrix, Operator(circuit).data, atol=1e-12)


def exported(source: random.Random) -> tuple[str, dict[str, float]]:
    """A random circuit as Qiskit exports it, and what it measures."""
    qubits = source.randint(1, 5)
    circuit = QuantumCircuit(qubits)
    names = [n for n, (_, size) in GATES.items() if size <= qubits and n not in ("U", "CX", "u0")]
    called = {"cu1": "cp", "u1": "p", "c3x": "mcx", "c4x": "mcx", "rc3x": "rcccx"}
    for _ in range(source.randint(1, 25)):
        name = source.choice(names)
        angles, size = GATES[name]
        places = source.sample(range(qubits), size)
        params = [source.choice([source.uniform(-7, 7), math.pi / 2, 0.0]) for _ in range(angles)]
        name = called.get(name, name)
        if name == "mcx":
            circuit.mcx(places[:-1], places[-1])
        elif name == "u2":
            circuit.u(math.pi / 2, *params, *places)
        elif name in ("u3", "cu3"):
            circuit.u(*params, places[-1])
        elif name == "c3sqrtx":
            circuit.sx(places[-1])
        else:
            getattr(circuit, name)(*params, *places)
    weights = Statevector(circuit).probabilities_dict()
    circuit.measure_all()
    return qasm2.dumps(circuit), weights


def test_random_exports_measure_what_their_circuits_do():
    source = random.Random(1)
    for _ in range(100):
        qc, weights = exported(source)
        counts = simulate(qc, shots=SHOTS)
        for key in counts.keys() | weights.keys():
            weight = weights.get(key, 0.0)
            deviation = math.sqrt(SHOTS * weight * (1 - weight))
            assert abs(counts.get(key, 0) - SHOTS * weight) <= 5 * deviation + 1, (key, qc)


def refused(qc: str) -> ProgramError:
    with pytest.raises(ProgramError) as error:
        program.load(qc, Bounds())
    return error.value


WRONG = {
    # what, the code, the line and column, a part of the message or the hint
    "qreg q[2]\ncreg c[2];": ("qasm_syntax", (4, 1), "a ';' is missing before this"),
    "qreg Q[2];": ("qasm_syntax", (3, 6), "names begin with a small letter"),
    "qreg _q[2];": ("qasm_syntax", (3, 6), "names begin with a small letter"),
    "qreg pi[2];": ("qasm_syntax", (3, 6), "'pi' is a word of the language"),
    "qreg q;": ("qasm_syntax", (3, 7), "a register has a size"),
    "qreg q[1.5];": ("qasm_syntax", (3, 8), "expected a whole number"),
    "qreg q[99999999999999999999];": ("qasm_syntax", (3, 8), "too large"),
    "qreg q[2]; qreg q[1];": ("qasm_semantic", (3, 12), "declared twice"),
    "qreg q[2]; creg q[1];": ("qasm_semantic", (3, 12), "declared twice"),
    "qreg q[2]; x q[2];": ("qasm_semantic", (3, 16), "out of range"),
    "qreg q[2]; x r[0];": ("qasm_semantic", (3, 14), "'r' is not declared"),
    "qreg q[2]; cx q[0], q[0];": ("qasm_semantic", (3, 12), "used twice"),
    "qreg q[2]; cx q[0];": ("qasm_semantic", (3, 12), "takes 2 qubits"),
    "qreg q[2]; rx q[0];": ("qasm_semantic", (3, 12), "takes 1 angle"),
    "qreg q[2]; H q[0];": ("qasm_syntax", (3, 12), "names begin with a small letter"),
    "qreg q[2]; nop q[0];": ("qasm_semantic", (3, 12), "'nop' is not defined"),
    "qreg q[2]; hh q[0];": ("qasm_semantic", (3, 12), "'hh' is not defined"),
    "qreg q[2]; ecr q[0], q[1];": ("qasm_semantic", (3, 12), "define it: gate ecr"),
    "qreg q[2]; rx(2pi) q[0];": ("qasm_syntax", (3, 16), "expected ',' or ')'"),
    "qreg q[2]; rx(pi q[0];": ("qasm_syntax", (3, 18), "expected ',' or ')'"),
    "qreg q[2]; rx() q[0];": ("qasm_semantic", (3, 12), "takes 1 angle"),
    "qreg q[2]; rx(1/0) q[0];": ("qasm_semantic", (3, 15), "by zero"),
    "qreg q[2]; rx(ln(0)) q[0];": ("qasm_semantic", (3, 15), ""),
    "qreg q[2]; rx(sqrt(-1)) q[0];": ("qasm_semantic", (3, 15), ""),
    "qreg q[2]; rx(log(2)) q[0];": ("qasm_semantic", (3, 15), "a function is one of"),
    "qreg q[2]; rx(t) q[0];": ("qasm_semantic", (3, 15), ""),
    "qreg q[2]; rx(0x10) q[0];": ("qasm_syntax", (3, 15), "expected the name of an angle"),
    "qreg q[2]; rx(1_0) q[0];": ("qasm_syntax", (3, 15), "expected the name of an angle"),
    "qreg q[2]; rx(2**3) q[0];": ("qasm_syntax", (3, 16), "expected ',' or ')'"),
    "qreg q[2]; x;": ("qasm_syntax", (3, 13), "say which qubits"),
    "qreg q[2]; creg c[1]; measure q -> c;": ("qasm_semantic", (3, 23), "differ in size"),
    "qreg q[2]; creg c[1]; measure q;": ("qasm_syntax", (3, 32), "say where it is measured"),
    "qreg q[2]; creg c[1]; measure c -> c;": ("qasm_semantic", (3, 23), "Only qubits"),
    "qreg q[2]; creg c[1]; c[0] = measure q[0];": ("qasm_syntax", (3, 24), ""),
    "qreg q[2]; creg c[1]; x $0;": ("qasm_syntax", (3, 25), ""),
    "qreg q[2]; creg c[1]; if (c[0]==1) x q[0];": ("qasm_syntax", (3, 28), "a whole register"),
    "qreg q[2]; creg c[1]; if (c>1) x q[0];": ("qasm_syntax", (3, 28), "a whole register"),
    "qreg q[2]; creg c[1]; if (q==1) x q[0];": (
        "qasm_semantic",
        (3, 27),
        "not a classical register",
    ),
    "qreg q[2]; creg c[1]; if (c==1) barrier q;": ("qasm_syntax", (3, 33), "can have a condition"),
    "qreg q[2]; creg c[1]; if (c==1) if (c==1) x q;": ("qasm_syntax", (3, 33), "can have a cond"),
    "qreg q[2]; creg c[1]; if (c==1) foo q[0];": ("qasm_semantic", (3, 33), "'foo' is not def"),
    "gate g a { reset a; }": ("qasm_syntax", (3, 12), "a gate consists of"),
    "gate g a { measure a -> c; }": ("qasm_syntax", (3, 12), "a gate consists of"),
    "gate g a { x a[0]; }": ("qasm_syntax", (3, 15), "a ';' is missing"),
    "gate g a { x b; }": ("qasm_semantic", (3, 14), "'b' is not declared"),
    "gate g a { g a; }": ("qasm_semantic", (3, 12), "'g' is not defined"),
    "gate g(t) a { rx(s) a; }": ("qasm_semantic", (3, 18), ""),
    "gate g a, a { }": ("qasm_semantic", (3, 1), "declared twice"),
    "gate cx a, b { }": ("qasm_semantic", (3, 1), "gate of qelib1.inc; take another name"),
    "gate g a { x a;": ("qasm_syntax", (3, 16), "ends in the middle"),
    "gate g { }": ("qasm_syntax", (3, 8), "expected the name of a qubit"),
    "opaque f a; qreg q[1]; f q[0];": ("qasm_unsupported", (3, 24), "is opaque"),
    "qubit[2] q;": ("qasm_syntax", (3, 1), "this looks like OpenQASM 3"),
    "bit[2] c;": ("qasm_syntax", (3, 1), "this looks like OpenQASM 3"),
    "for int i in [0:1] { }": ("qasm_syntax", (3, 1), "this looks like OpenQASM 3"),
    "qreg q[1]; ctrl @ x q[0];": ("qasm_syntax", (3, 12), "this looks like OpenQASM 3"),
    'include "stdgates.inc";': ("qasm_unsupported", (3, 1), 'include "qelib1.inc";'),
    "include qelib1;": ("qasm_syntax", (3, 9), 'include "qelib1.inc";'),
    "OPENQASM 2.0;": ("qasm_syntax", (3, 1), ""),
    "qreg q[2]; creg c[2]; rx(c+1) q[0];": ("qasm_semantic", (3, 26), "numbers, pi"),
    "qreg q[2]; creg c[2]; rx(sin(c)) q[0];": ("qasm_semantic", (3, 30), "numbers, pi"),
    "qreg tau[2]; rx(tau) tau;": ("qasm_semantic", (3, 17), "numbers, pi"),
    "gate g a { barrier zzz; x a; }": ("qasm_semantic", (3, 20), "'zzz' is not declared"),
    "gate g(t) a { barrier t; x a; }": ("qasm_semantic", (3, 23), ""),
    "gate g(t) a { rx(1/(t-0.1)) a; foo a; }": ("qasm_semantic", (3, 32), "'foo' is not defined"),
    "gate g(t) a { rx(1/0) a; cx a, b; }": ("qasm_semantic", (3, 32), "'b' is not declared"),
    "/* x": ("qasm_syntax", (3, 1), "The comment that begins here has no end"),
    "opaque swap a,b; qreg q[2]; swap q[0],q[1];": ("qasm_unsupported", (3, 29), "is opaque"),
    "qreg q[1]; x é;": ("qasm_syntax", (3, 14), ""),
    "qreg q[1]; x q": ("qasm_syntax", (3, 15), "ends in the middle"),
    "qreg q[2]; creg c[2]; h q[0];": ("no_measurements", None, "creg c[2]; measure q -> c;"),
}


@pytest.mark.parametrize("text", WRONG)
def test_a_mistake_is_named_with_its_place(text: str):
    code, place, said = WRONG[text]
    error = refused(HEADER + text)
    assert error.problem.code == code, error.message
    assert (error.place and (error.place.line, error.place.column)) == place, error.message
    assert said in f"{error.message} {error.hint}"


def test_another_version_is_named():
    for version in ("2.1", "1.0", "4.0", "3.2"):
        error = refused(f"OPENQASM {version}; qreg q[1];")
        assert (error.problem.code, error.place and error.place.column) == ("qasm_version", 10)
        assert "3.0, 3.1 and 2.0" in error.message


@pytest.mark.parametrize(
    "line",
    [
        "OPENQASM 2.0.0;",
        "OPENQASM 2.0 foo;",
        "OPENQASM 2 .0;",
        "OPENQASM 2.0 qreg r[1];",
        "OPENQASM 2.0dt;",
        "OPENQASM 2.0e5;",
        "OPENQASM 2.;",
        "OPENQASM 2.0",
    ],
)
def test_a_wrong_version_line_is_never_passed_over(line: str):
    body = 'include "qelib1.inc";\nqreg q[2];\ncreg c[2];\n' + "x q[0];\n" * 20
    error = refused(f"{line}\n{body}measure q[0] -> c[0];")
    assert error.problem.code == "qasm_syntax"


def test_the_version_may_have_more_zeros():
    rest = 'include "qelib1.inc"; qreg q[1]; creg c[1]; x q; measure q -> c;'
    assert simulate(f"OPENQASM 2.00; {rest}", shots=4) == {"1": 4}


MEANT = {
    "a gate that is replaced among straight lines": (
        "swap q[0], q[1];\n" * 6 + "gate swap a, b { x a; }\nswap q[0], q[1];\n",
        "01",
    ),
    "one with an angle": (
        "p(0.3) q[0];\n" * 6 + "gate p(t) a { x a; }\np(0.3) q[0];\np(0.4) q[1];\n",
        "11",
    ),
    "a gate that a gate means, replaced later": (
        "gate f(t) a, b { swap a, b; rx(t) a; }\ngate swap a, b { x a; }\nx q[1];\n"
        "f(pi) q[0], q[1];\n",
        "00",
    ),
    "a gate of the same name as the one it means": (
        "gate rzz(t) a, b { rzz(t) a, b; x a; }\nrzz(0.5) q[0], q[1];\n",
        "01",
    ),
    "a gate and an angle have one name": ("gate g(x) a { x a; }\ng(0.1) q[0];\n", "01"),
    "a gate and a qubit have one name": ("gate g h, x { x x; }\ng q[0], q[1];\n", "10"),
}


@pytest.mark.parametrize("name", MEANT)
def test_a_name_means_what_it_meant_where_it_was_written(name: str):
    text, expected = MEANT[name]
    lines = "qreg q[2];\ncreg c[2];\n" + text + "measure q[0] -> c[0];\nmeasure q[1] -> c[1];\n"
    assert simulate(HEADER + lines, shots=16) == {expected: 16}


def test_a_condition_is_that_of_each_bit_that_is_measured():
    start = f"{HEADER}qreg q[2]; creg c[2]; x q[0]; measure q[0] -> c[0];"
    end = "if (c == 1) measure q -> c;"
    assert simulate(f"{start} x q; x q[0]; {end}", shots=16) == {"11": 16}
    assert simulate(f"{start} x q; {end}", shots=16) == {"00": 16}


def test_many_names_of_a_gate_take_no_time():
    began = time.process_time()
    names = ", ".join(f"a{n}" for n in range(20_000))
    program.load(f"{PROGRAMS['a GHZ state']} gate g {names} {{ }}", Bounds())
    assert time.process_time() - began < 10  # it was quadratic: 3 s, and is 0.2


# Under version 3


def measured(text: str) -> dict[str, int]:
    return simulate(f"OPENQASM 3.0;\n{text}", shots=SHOTS)


def test_version_3_may_include_the_gates_of_version_2():
    assert measured(
        'include "qelib1.inc"; qubit[2] q; bit[2] c; x q[0]; ctrl @ sxdg q[0], q[1]; '
        "csx q[0], q[1]; rzz(0.3) q[0], q[1]; c = measure q;"
    ) == {"01": SHOTS}


def test_u3_of_either_file_has_its_own_phase():
    """The control shows it."""
    turned = "ctrl @ u3(0, pi/2, pi/2) q[0], q[1]; h q[0]; c = measure q[0];"
    start = "qubit[2] q; bit c; h q[0]; "
    assert measured(f'include "qelib1.inc"; {start}{turned}') == {"0": SHOTS}
    mixed = measured(f'include "stdgates.inc"; {start}{turned}')
    assert abs(mixed["0"] - SHOTS / 2) < 200


def test_both_files_are_fine_where_they_agree():
    both = 'include "stdgates.inc";\ninclude "qelib1.inc";\n'
    text = "qubit[2] q; bit[2] c; x q[0]; cx q[0], q[1]; rzz(1) q[0], q[1]; CX q[0], q[1]; "
    assert measured(f"{both}{text}c = measure q;") == {"01": SHOTS}
    error = refused(f"OPENQASM 3.0;\n{both}qubit q;\nu3(1, 2, 3) q;")
    assert error.place is not None
    assert error.place.line == 5
    assert error.message == (
        "Which 'u3'? That of stdgates.inc (line 2) is another gate than that of qelib1.inc "
        "(line 3)."
    )
    late = f"{both[:24]}qubit[2] q; bit[2] c;\n" + "u3(1,2,3) q[0];\n" * 6
    assert refused(f'OPENQASM 3.0;\n{late}include "qelib1.inc";\nu3(1,2,3) q[0];').place.line == 11
    assert "declared twice" in refused(f"OPENQASM 3.0; {both} gate swap a, b {{ x a; }}").message
    own = (
        'gate rzz(t) a, b { U(pi, 0, pi) a; } include "qelib1.inc"; qubit[2] q; bit[2] c; '
        "rzz(1) q[0], q[1]; "
    )
    assert measured(f"{own}c = measure q;") == {"01": SHOTS}
    assert (
        "declared before qelib1.inc"
        in refused('OPENQASM 3.0; gate h a { } include "qelib1.inc";').message
    )


# By lines


def test_lines_and_trees_become_the_same_operations():
    """The quick way and the whole tree: see tests/language/straight.py."""
    quick = 0
    for name, qc in PROGRAMS.items():
        lines = by_lines(qc)
        if lines is not None:
            quick += 1
            assert lines == by_tree(qc), name
    assert quick > 100
    source = random.Random(2)
    for _ in range(100):
        qc, _ = exported(source)
        assert by_lines(qc) == by_tree(qc), qc


@pytest.mark.parametrize(
    "line", ["c[0] = measure q[0];", "x $0;", "H q[0];", "bit[1] d;", "x _q;", "x q[0:1];"]
)
def test_lines_of_version_3_are_refused_among_those_of_version_2(line: str):
    start = f"{HEADER}qreg q[2]; creg c[2];\n" + "x q[0];\n" * 20
    assert refused(f"{start}{line}\nmeasure q -> c;").problem.code == "qasm_syntax"


def test_a_program_has_no_inputs_and_its_statistics_warnings_and_drawing_are_as_ever():
    with pytest.raises(ProgramError) as error:
        program.load(PROGRAMS["a GHZ state"], Bounds(), {"a": 1})
    assert error.value.problem.code == "invalid_request"
    source = program.Source(f"{HEADER}qreg q[3]; creg c[2]; h q[0]; measure q[0] -> c[0];")
    source.program(Bounds(), Given({}))
    found = {(one.code.value, one.line) for one in source.warnings()}
    assert found == {("unused_qubits", 3), ("unwritten_bits", 3)}
    drawn = text(f"{HEADER}qreg alice[1]; creg kept[1]; sxdg alice; measure alice -> kept;")
    assert "alice" in drawn
    assert "√Xdg" in drawn

"""Programs over the language, with the exact distribution of what they measure.

Shots are seeded, so that a test that passes once passes always; counts may differ from the
expected by five standard deviations, and outcomes of probability zero must not occur.
"""

from __future__ import annotations

import json
import math

import pytest
from service import STDGATES

from quantum_tasks.simulator import aer, program

SHOTS = 4096


@pytest.fixture(scope="module")
def simulator() -> aer.Simulator:
    return aer.Simulator(memory_mb=2048, max_result_bytes=2**24)


def half(*keys: str) -> dict[str, float]:
    return {key: 1 / len(keys) for key in keys}


S, C = math.sin, math.cos

# name: (program after the standard header, outcome -> probability)
PROGRAMS: dict[str, tuple[str, dict[str, float]]] = {
    "bell": (
        "qubit[2] q; bit[2] c; h q[0]; cx q[0], q[1]; c = measure q;",
        half("00", "11"),
    ),
    "most significant bit first": (
        "qubit[3] q; bit[3] c; x q[0]; c = measure q;",
        {"001": 1},
    ),
    "registers: last declared first": (
        "qubit[3] q; bit[1] a; bit[2] b; x q[0]; a[0] = measure q[0]; b = measure q[1:2];",
        {"00 1": 1},
    ),
    "loose bits count as registers of one": (
        "qubit[2] q; bit a; bit[2] b; bit c; x q[0]; a = measure q[0]; b = measure q; "
        "c = measure q[1];",
        {"0 01 1": 1},
    ),
    "an alias of bits is no register": (
        "qubit[3] q; bit[3] c; let low = c[0:1]; x q[2]; x q[0]; low = measure q[0:1]; "
        "c[2] = measure q[2];",
        {"101": 1},
    ),
    "an unmeasured bit is 0": ("qubit q; bit[2] c; x q; c[1] = measure q;", {"10": 1}),
    "the last measurement into a bit counts": (
        "qubit[2] q; bit c; x q[0]; c = measure q[0]; c = measure q[1];",
        {"0": 1},
    ),
    "old style measurement": ("qreg q[2]; creg c[2]; x q[1]; measure q -> c;", {"10": 1}),
    "declaration with measurement": ("qubit q; x q; bit c = measure q;", {"1": 1}),
    "broadcast": ("qubit[2] a; qubit[2] b; bit[2] c; x a; cx a, b; c = measure b;", {"11": 1}),
    "builtin U and gphase": (
        "qubit[2] q; bit[2] c; U(pi, 0, pi) q[0]; gphase(0.7); c = measure q;",
        {"01": 1},
    ),
    "rotation": ("qubit q; bit c; rx(pi / 3) q; c = measure q;", {"0": 0.75, "1": 0.25}),
    "gate definition": (
        "gate majority a, b, c { cx c, b; cx c, a; ccx a, b, c; }"
        " qubit[3] q; bit[3] c; x q[0]; x q[1]; majority q[0], q[1], q[2]; c = measure q;",
        {"111": 1},
    ),
    "parameters are bound in the order of declaration": (
        "gate turn(theta, phi) a { rx(theta) a; rz(phi) a; } qubit q; bit c; turn(pi, 0) q;"
        " c = measure q;",
        {"1": 1},
    ),
    "eleven parameters": (
        f"gate g({', '.join(f'p{i}' for i in range(1, 12))}) a {{ rx(p2) a; rz(p10) a; "
        "rx(p11) a; } qubit q; bit c; g(0, pi / 2, 0, 0, 0, 0, 0, 0, 0, pi, pi / 2) q;"
        " c = measure q;",
        {"0": 1},
    ),
    "nested gates with parameters of the same names": (
        "gate g(b, a) x { rx(a) x; ry(b) x; } gate f(a, b) x { g(b, a * 2) x; }"
        " qubit q; bit c; f(pi / 2, 0) q; c = measure q;",
        {"1": 1},
    ),
    "an unused parameter": (
        "gate g(a, b) x { rx(b) x; } qubit q; bit c; g(1, pi) q; c = measure q;",
        {"1": 1},
    ),
    "modifiers": (
        "qubit[3] q; bit[3] c; x q[0]; ctrl @ x q[0], q[1]; negctrl @ x q[2], q[0]; inv @ s q[1];"
        " pow(2) @ s q[1]; ctrl(2) @ x q[0], q[1], q[2]; c = measure q;",
        {"010": 1},
    ),
    "stacked modifiers on a user's gate": (
        "gate g(t) a { rx(t) a; } qubit[2] q; bit[2] c; x q[0];"
        " inv @ ctrl @ pow(0.5) @ g(pi) q[0], q[1]; c = measure q;",
        half("01", "11"),
    ),
    "negative fractional power": (
        "gate g(t) a { rx(t) a; } qubit q; bit c; pow(-0.5) @ g(2 * pi / 3) q; c = measure q;",
        {"0": C(math.pi / 6) ** 2, "1": S(math.pi / 6) ** 2},
    ),
    "a controlled global phase is a phase": (
        "gate g(t) a { gphase(t); } qubit[2] q; bit[2] c; h q[0]; ctrl @ g(pi) q[0], q[1];"
        " h q[0]; c = measure q;",
        {"01": 1},
    ),
    "ctrl @ gphase": (
        "qubit q; bit c; h q; ctrl @ gphase(pi) q; h q; c = measure q;",
        {"1": 1},
    ),
    "let and concatenation": (
        "qubit[2] a; qubit[2] b; bit[2] c; let ab = a ++ b; x ab[3]; let odd = ab[1:2:3];"
        " x odd[0]; c = measure b;",
        {"10": 1},
    ),
    "slices with a step, sets and negative ends": (
        "qubit[5] q; bit[5] c; x q[0:2:4]; x q[{1, 4}]; x q[1:-2]; x q[-1]; c = measure q;",
        {"11001": 1},
    ),
    "for over a range, the variable as an index": (
        "qubit[4] q; bit[4] c; h q[0]; for uint i in [0:2] { cx q[i], q[i + 1]; } c = measure q;",
        half("0000", "1111"),
    ),
    "for over a set, nested": (
        "qubit[4] q; bit[4] c; for int i in {0, 3} { for int j in [1:i] { x q[j]; } x q[i]; }"
        " c = measure q;",
        {"0111": 1},
    ),
    "for with the variable as an angle": (
        "qubit q; bit c; for int i in [1:3] { rx(i * pi / 6) q; } c = measure q;",
        {"1": 1},
    ),
    "for downwards": (
        "qubit[3] q; bit[3] c; x q[2]; for int i in [2:-1:1] { swap q[i], q[i - 1]; }"
        " c = measure q;",
        {"001": 1},
    ),
    "a long loop": (
        "qubit q; bit c; for int i in [1:30001] { x q; } c = measure q;",
        {"1": 1},
    ),
    "break and continue": (
        "qubit[2] q; bit[2] c; for int i in [0:9] { x q[0]; c[0] = measure q[0];"
        " if (c[0]) { continue; } x q[1]; break; } c = measure q;",
        {"10": 1},
    ),
    "if and else": (
        "qubit[2] q; bit[2] c; h q[0]; c[0] = measure q[0];"
        " if (c[0] == true) { x q[1]; } else { id q[1]; } c[1] = measure q[1];",
        half("00", "11"),
    ),
    "if as the last statement": (
        "qubit q; bit c; bit d; h q; c = measure q; if (c) { x q; d = measure q; }",
        half("0 0", "0 1"),
    ),
    "conditions with not, and, or": (
        "qubit[3] q; bit[3] c; x q[0]; c = measure q; if (c[0] && !c[1]) { x q[1]; }"
        " if (!c[0] || c[2]) { x q[2]; } c = measure q;",
        {"011": 1},
    ),
    "a register compared with a number": (
        "qubit[2] q; bit[2] c; bit d; x q[1]; c = measure q; if (c == 2) { x q[0]; }"
        " if (c != 2) { x q[0]; } if (c == 4) { x q[0]; } d = measure q[0];",
        {"1 10": 1},
    ),
    "a slice compared with a number": (
        "qubit[4] q; bit[4] c; x q[1]; c = measure q; if (c[0:1] == 2) { x q[3]; } c = measure q;",
        {"1010": 1},
    ),
    "while": (
        "qubit q; bit c; h q; c = measure q; while (!c) { h q; c = measure q; }",
        {"1": 1},
    ),
    "while true with break, as the last statement": (
        "qubit q; bit c; while (true) { h q; c = measure q; if (c) { break; } }",
        {"1": 1},
    ),
    "switch": (
        "qubit[2] q; bit[2] c; bit[2] d; x q[1]; c = measure q;"
        " switch (c) { case 0 { x q; } case 1, 2 { x q[0]; } default { x q[1]; } }"
        " d = measure q;",
        {"11 10": 1},
    ),
    "teleportation": (
        "qubit[3] q; bit a; bit b; bit r; ry(2 * pi / 3) q[0]; h q[1]; cx q[1], q[2];"
        " cx q[0], q[1]; h q[0]; a = measure q[0]; b = measure q[1]; if (b) { x q[2]; }"
        " if (a) { z q[2]; } ry(-2 * pi / 3) q[2]; r = measure q[2];",
        half("0 0 0", "0 0 1", "0 1 0", "0 1 1"),
    ),
    "reset": ("qubit q; bit c; x q; reset q; c = measure q;", {"0": 1}),
    "mid-circuit measurement collapses": (
        "qubit q; bit[2] c; h q; c[0] = measure q; c[1] = measure q;",
        half("00", "11"),
    ),
    "constants": (
        "const int n = 2; const float half_turn = pi / 2; qubit[n] q; bit[n] c;"
        " rx(2 * half_turn) q[n - 1]; c = measure q;",
        {"10": 1},
    ),
    "physical qubits": ("bit[2] c; x $1; c[0] = measure $0; c[1] = measure $1;", {"10": 1}),
    "box, barrier and delay": (
        "qubit[2] q; bit[2] c; box { x q[0]; } barrier q; delay[100ns] q[1]; c = measure q;",
        {"01": 1},
    ),
    "end": ("qubit q; bit c; c = measure q; end; x q; c = measure q;", {"0": 1}),
    "forty qubits, Clifford": (
        "qubit[40] q; bit[40] c; h q[0]; cx q[0], q[1:39]; c = measure q;",
        half("0" * 40, "1" * 40),
    ),
    "unicode names": ("gate ρ(θ) α { rx(θ) α; } qubit q; bit c; ρ(π) q; c = measure q;", {"1": 1}),
}
# Gates whose names the simulator would take for its own, and standard gates defined otherwise.
for name in (  # noqa: SIM905
    "ecr rzz kraus initialize save_state diagonal multiplexer roerror unitary pauli mcx "
    "quantum_channel superop set_statevector jump mark store snapshot"
).split():
    PROGRAMS[f"a user's gate named {name}"] = (
        f"gate {name} a, b {{ x a; }} qubit[2] q; bit[2] c; {name} q[0], q[1]; c = measure q;",
        {"01": 1},
    )


@pytest.mark.parametrize("name", PROGRAMS)
def test_counts_follow_the_distribution(simulator, name):
    text, expected = PROGRAMS[name]
    check(simulator, STDGATES + text, expected)


@pytest.mark.parametrize(
    "header", ["OPENQASM 3;", "OPENQASM 3.0;", "OPENQASM 3.1;", "// hi\n", ""]
)
def test_programs_without_include_define_or_do_without_the_standard_gates(simulator, header):
    text = (
        f"{header} gate h a {{ U(pi, 0, pi) a; }} gate x a {{ U(0, 0, 0) a; }}"
        " qubit[2] q; bit[2] c; h q[0]; x q[1]; c = measure q;"
    )
    check(simulator, text, {"01": 1})


def check(simulator: aer.Simulator, text: str, expected: dict[str, float]) -> None:
    counts = json.loads(simulator.run(program.load(text), SHOTS, seed=11))
    assert sum(counts.values()) == SHOTS
    assert list(counts) == sorted(counts)
    possible = {key for key, probability in expected.items() if probability > 0}
    assert set(counts) <= possible
    for key, probability in expected.items():
        sigma = math.sqrt(SHOTS * probability * (1 - probability))
        assert abs(counts.get(key, 0) - SHOTS * probability) <= 5 * sigma, (key, counts)


# program after the standard header: (code, line, column, what the message or hint says)
MISTAKES = {
    "qubit q": ("qasm_syntax", 3, 8, "ends in the middle"),
    "qubit[2] q\nbit c;": ("qasm_syntax", 4, 1, "';' is missing"),
    "qubit[2] q; cx q[0] q[1];": ("qasm_syntax", 3, 21, "',' or a ';' is missing"),
    "qubit q; rx(2*) q;": ("qasm_syntax", 3, 15, "unexpected ')'"),
    "qubit q; x q; }": ("qasm_syntax", 3, 15, "unexpected '}'"),
    "qubit q; @;": ("qasm_syntax", 3, 10, "unexpected"),
    'include "a': ("qasm_syntax", 3, 9, "unexpected"),
    "qubit q; hh q;": ("qasm_semantic", 3, 10, "did you mean 'h'?"),
    "oops;": ("qasm_semantic", 3, 1, "not a statement"),
    "x q;": ("qasm_semantic", 3, 3, "Undefined symbol 'q'"),
    "qubit q; qubit q;": ("qasm_semantic", 3, 10, "'q' is declared twice"),
    "qubit q; cx q;": ("qasm_semantic", 3, 10, "wrong number of qubits"),
    "qubit q; rx() q;": ("qasm_semantic", 3, 10, "wrong number of parameters"),
    "qubit q; U(1, 2) q;": ("qasm_semantic", 3, 10, "wrong number of parameters"),
    "qubit[2] q; x q[5];": ("qasm_semantic", 3, 17, "index 5 is out of range"),
    "qubit[2] q; cx q[0], q[0];": ("qasm_semantic", 3, 13, "same qubit is used twice"),
    "qubit[2] q; bit[3] c; c = measure q;": ("qasm_semantic", 3, 23, "differ in size"),
    "qubit q; rx(1 / 0) q;": ("qasm_semantic", 3, 10, "Division by zero"),
    "qubit[-1] q;": ("qasm_semantic", 3, 1, "non-negative"),
    "gate g a { g a; }": ("qasm_semantic", 3, 12, "'g' is not defined"),
    'include "/etc/passwd";': ("qasm_unsupported", 3, 1, "not currently supported"),
    "def f(qubit q) { h q; }": ("qasm_unsupported", 3, 1, "Subroutine definition"),
    "int n = 3;": ("qasm_unsupported", 3, 1, "'int'"),
    "defcal x $0 {}": ("qasm_unsupported", 3, 1, "Calibration definition"),
    "extern f(int) -> int;": ("qasm_unsupported", 3, 1, "Extern declaration"),
    "input float angle_; qubit q; bit c; rx(angle_) q; c = measure q;": (
        "unbound_parameter",
        3,
        1,
        "'angle_' has no value",
    ),
    "qubit q; x q;": ("no_measurements", None, None, "measures nothing"),
    "qubit[2] q; bit[2] c; if (c == 0) { x q[0]; }": (
        "no_measurements",
        None,
        None,
        "measures nothing",
    ),
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_is_named_with_its_place(text):
    code, line, column, says = MISTAKES[text]
    with pytest.raises(program.ProgramError) as caught:
        program.load(STDGATES + text)
    reply = caught.value.as_reply()
    (error,) = reply.errors
    assert (reply.code, error.line, error.column) == (code, line, column)
    assert says.lower() in f"{reply.message} {error.hint}".lower()
    if line:
        source, caret = error.snippet.split("\n")
        assert source == (STDGATES + text).split("\n")[line - 1]
        assert caret == " " * (column - 1) + "^"
        assert f"(line {line}, column {column})" in reply.message


def test_comments_are_skipped_and_positions_stay():
    text = (
        '// "one\n/* two\n three */ qubit q; /* four */ bit c; // five */\n'
        'include "stdgates.inc"; // " h q;\n/**/ x q; /* six */ nosuch q;'
    )
    with pytest.raises(program.ProgramError) as caught:
        program.load(text)
    error = caught.value.as_reply().errors[0]
    assert (error.line, error.column) == (5, 21)
    assert error.snippet.startswith("/**/ x q; /* six */ nosuch")
    assert program.load(text.replace("nosuch q", "c = measure q")).register_sizes == [1]


def test_a_missing_include_is_suggested():
    with pytest.raises(program.ProgramError) as caught:
        program.load("OPENQASM 3.0; qubit q; h q;")
    assert 'include "stdgates.inc"' in caught.value.hint


def test_openqasm_2_is_told_what_to_change():
    text = '// an old one\nOPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[2];\n'
    with pytest.raises(program.ProgramError) as caught:
        program.load(text)
    reply = caught.value.as_reply()
    assert (reply.code, reply.errors[0].line, reply.errors[0].column) == ("qasm_version", 2, 10)
    assert "stdgates.inc" in reply.errors[0].hint


def test_a_long_line_is_cut_around_the_mistake():
    with pytest.raises(program.ProgramError) as caught:
        program.load(STDGATES + "qubit q; " + "x q; " * 1000 + "nosuch q;")
    source, caret = caught.value.as_reply().errors[0].snippet.split("\n")
    assert len(source) <= 120
    assert source[len(caret) - 1 :].startswith("nosuch")


@pytest.mark.parametrize(
    "text",
    [
        "(" * 3000,
        "qubit q; rx(" + "(" * 3000 + "1" + ")" * 3000 + ") q;",
        "qubit q; rx(" + "-" * 3000 + "1) q;",
        "if (true) {" * 1000 + "}" * 1000,
        "\ufffd\ufffe\x01",
        "qubit q; rx(1e999) q; bit c; c = measure q;",
        "qubit q; pow(1e400) @ x q;",
        "const int n = 99999999999999999999999999; qubit[n] q;",
        "bit[4] c; c[0:0:2] = measure $0;",
        "let a = $0;",
        "gate x a {}",
        'bit[2] c = "01";',
        "for int i in [0:0:3] { }",
        "qubit[2] q; bit[2] c; c[q[0]] = measure q[0];",
        "cal { }",
        "pragma something",
        "@annotation\nqubit q;",
        "array[int, 3] a;",
    ],
    ids=range(18),
)
def test_whatever_is_wrong_there_is_a_code_and_a_sentence(text):
    with pytest.raises(program.ProgramError) as caught:
        program.load(STDGATES + text)
    reply = caught.value.as_reply()
    assert reply.code.startswith(("qasm_", "too_", "no_"))
    assert len(reply.message) > 10

"""What is said of a program that cannot be run: a code, a sentence, a place, a hint."""

from __future__ import annotations

import pytest
from service import STDGATES

from quantum_tasks.circuits.bounds import Bounds
from quantum_tasks.language import program
from quantum_tasks.orders import Rejected
from quantum_tasks.parsing.mistakes import ProgramError


def refusal(qc: str) -> Rejected:
    with pytest.raises(ProgramError) as caught:
        program.load(qc, Bounds())
    return caught.value.as_reply()


# program after the standard header: (code, line, column, what the message or hint says)
MISTAKES = {
    "qubit q": ("qasm_syntax", 3, 8, "ends in the middle"),
    "qubit[2] q\nbit c;": ("qasm_syntax", 4, 1, "';' is missing"),
    "qubit[2] q; cx q[0] q[1];": ("qasm_syntax", 3, 21, "',' or a ';' is missing"),
    "qubit q; rx(2*) q;": ("qasm_syntax", 3, 15, "unexpected ')'"),
    "qubit q; x q; }": ("qasm_syntax", 3, 15, "unexpected '}'"),
    "qubit q; @;": ("qasm_syntax", 3, 10, "unexpected"),
    'include "a': ("qasm_syntax", 3, 9, "unexpected"),
    "qubit q; hh q;": ("qasm_semantic", 3, 10, "'hh' is not defined"),
    "oops;": ("qasm_semantic", 3, 1, "not a statement"),
    "// one\n/* two\n three */ x r[0];": ("qasm_semantic", 5, 13, "'r' is not declared"),
    "qubit[2] q; bit[2] c;\nh r[0];": ("qasm_semantic", 4, 3, "declare it before"),
    "qubit q; H q;": ("qasm_semantic", 3, 10, "did you mean 'h'?"),
    "qubit q;\nqubit q;": ("qasm_semantic", 4, 1, "first in line 3"),
    "qubit q; /* h q;": ("qasm_syntax", 3, 10, "has no end"),
    "creg d[1000000000];": ("too_many_clbits", 3, 1, "MAX_CLBITS"),
    "x q;": ("qasm_semantic", 3, 3, "'q' is not declared"),
    "qubit q; qubit q;": ("qasm_semantic", 3, 10, "'q' is declared twice"),
    "qubit q; cx q;": ("qasm_semantic", 3, 10, "takes 2 qubits, not 1"),
    "qubit q; rx() q;": ("qasm_semantic", 3, 10, "takes 1 angle, not 0"),
    "qubit q; U(1, 2) q;": ("qasm_semantic", 3, 10, "takes 3 angles, not 2"),
    "qubit[2] q; x q[5];": ("qasm_semantic", 3, 17, "index 5 is out of range"),
    "qubit[2] q; cx q[0], q[0];": ("qasm_semantic", 3, 13, "same qubit is used twice"),
    "qubit[2] q; bit[3] c; c = measure q;": ("qasm_semantic", 3, 23, "differ in size"),
    "qubit q; rx(1 / 0) q;": ("qasm_semantic", 3, 13, "Division by zero"),
    "qubit[-1] q;": ("qasm_semantic", 3, 6, "cannot be negative"),
    "gate g a { g a; }": ("qasm_semantic", 3, 12, "'g' is not defined"),
    'include "/etc/passwd";': ("qasm_unsupported", 3, 1, "another file than stdgates.inc"),
    "bit c; def f(qubit q) { nosuch q; } f($0); c = measure $0;": (
        "qasm_semantic",
        3,
        25,
        "'nosuch' is not defined",
    ),
    "int n = 3; qubit[n] q;": ("qasm_semantic", 3, 17, "declare it as const"),
    "defcal x $0 {}": ("qasm_unsupported", 3, 1, "'defcal'"),
    "extern f(int) -> int; int n = f(3);": ("qasm_unsupported", 3, 31, "extern function"),
    "angle[4] g = 1; g = rotl(g, 2im);": ("qasm_semantic", 3, 21, "complex cannot become"),
    "input float angle_; qubit q; bit c; rx(angle_) q; c = measure q;": (
        "unbound_parameter",
        3,
        1,
        "'angle_' of type float has no value",
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
    reply = refusal(STDGATES + text)
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
    error = refusal(text).errors[0]
    assert (error.line, error.column) == (5, 21)
    assert error.snippet.startswith("/**/ x q; /* six */ nosuch")
    loaded = program.load(text.replace("nosuch q", "c = measure q"), Bounds())
    assert len(loaded.registers) == 1


def test_a_missing_include_is_suggested():
    hint = refusal("OPENQASM 3.0; qubit q; h q;").errors[0].hint
    assert 'include "stdgates.inc"' in hint


def test_another_version_is_told_which_there_are():
    reply = refusal('// an old one\nOPENQASM 1.0;\ninclude "qelib1.inc";\nqreg q[2];\n')
    assert (reply.code, reply.errors[0].line, reply.errors[0].column) == ("qasm_version", 2, 10)
    assert "3.0, 3.1 and 2.0" in reply.message


def test_a_long_line_is_cut_around_the_mistake():
    reply = refusal(STDGATES + "qubit q; " + "x q; " * 1000 + "nosuch q;")
    source, caret = reply.errors[0].snippet.split("\n")
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
    reply = refusal(STDGATES + text)
    assert reply.code.startswith(("qasm_", "too_", "no_"))
    assert len(reply.message) > 10

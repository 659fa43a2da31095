"""The reference evaluator, against results that are known by hand."""

from __future__ import annotations

import math

import pytest

from oracle import OracleError, distribution

HEAD = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'
HALF = {"0": 0.5, "1": 0.5}
ONE = {"1": 1.0}
ZERO = {"0": 1.0}


def rotated(angle: float) -> dict[str, float]:
    """One qubit after a rotation about X."""
    return {"0": math.cos(angle / 2) ** 2, "1": math.sin(angle / 2) ** 2}


def when(condition: str, before: str = "") -> str:
    """A program that gives 1 if the condition holds."""
    return (
        f"{before} bit result; qubit target; if ({condition}) x target; result = measure target;"
    )


EQUAL_GATES = [
    ("U(0.3, 0.5, 0.7) a; gphase(-0.75);", "u3(0.3, 0.5, 0.7) a;"),
    ("u2(0.3, 0.5) a;", "u3(pi / 2, 0.3, 0.5) a;"),
    ("u1(0.3) a;", "ctrl @ gphase(0.3) a;"),
    ("phase(0.3) a;", "p(0.3) a;"),
    ("U(pi, 0, pi) a;", "x a; gphase(pi / 2);"),
    ("U(tau + 0.3, 0.5, 0.7) a;", "U(0.3, 0.5, 0.7) a;"),
    ("inv @ U(0.3, 0.5, 0.7) a;", "U(-0.3, -0.7, -0.5) a;"),
    ("rx(tau) a;", "gphase(pi);"),
    ("rz(0.3) a;", "p(0.3) a; gphase(-0.15);"),
    ("s a; t a; sdg a; tdg a;", "id a;"),
    ("t a; t a;", "p(pi / 2) a;"),
    ("sx a;", "rx(pi / 2) a; gphase(pi / 4);"),
    ("z a; x a;", "y a; gphase(-pi / 2);"),
    ("h a; z a; h a;", "x a;"),
    ("pow(0.5) @ x a;", "sx a;"),
    ("pow(1 / 2) @ x a;", "id a;"),
    ("pow(-1. / 3) @ y a; pow(-1. / 3) @ y a; pow(-1. / 3) @ y a;", "inv @ y a;"),
    ("pow(0.5) @ U(pi, 0, pi) a;", "rx(-pi / 2) a;"),
    ("pow(-2) @ s a;", "z a;"),
    ("inv @ pow(3) @ t a;", "p(-3 * pi / 4) a;"),
    ("for int i in [1:3] rz(i * 0.1) a;", "rz(0.6) a;"),
    ("CX a, b;", "cx a, b;"),
    ("ctrl @ p(0.3) a, b;", "cphase(0.3) a, b;"),
    ("cu(0.3, 0.5, 0.7, 0.9) a, b;", "p(0.75) a; ctrl @ U(0.3, 0.5, 0.7) a, b;"),
    ("swap a, b;", "cx a, b; cx b, a; cx a, b;"),
    ("crz(0.3) a, b;", "p(-0.15) a; cp(0.3) a, b;"),
    ("ctrl @ inv @ sx a, b;", "inv @ ctrl @ sx a, b;"),
    ("pow(0.5) @ cx a, b;", "ctrl @ sx a, b;"),
    ("negctrl @ gphase(0.3) a;", "x a; p(0.3) a; x a;"),
    ("negctrl(2) @ x a, b, c;", "x a; x b; ccx a, b, c; x a; x b;"),
    ("negctrl @ ctrl @ x a, b, c;", "x a; ccx a, b, c; x a;"),
    ("pow(0.5) @ ctrl(2) @ z a, b, c;", "ctrl(2) @ s a, b, c;"),
    ("cswap a, b, c;", "ctrl @ swap a, b, c;"),
]


@pytest.mark.parametrize(("first", "second"), EQUAL_GATES, ids=[one for one, _ in EQUAL_GATES])
def test_two_spellings_of_a_gate_are_one_unitary_and_one_phase(first: str, second: str) -> None:
    """Controlled by a qubit in |+>, one and then the inverse of the other leave it there; the
    qubits that they act on are halves of maximally entangled pairs, which shows any difference."""
    qc = f"""{HEAD} gate first a, b, c {{ {first} }} gate second a, b, c {{ {second} }}
    qubit[3] left; qubit[3] right; qubit control; bit result;
    h left; cx left, right; h control;
    ctrl @ first control, left[0], left[1], left[2];
    ctrl @ inv @ second control, left[0], left[1], left[2];
    h control; result = measure control;"""
    assert distribution(qc) == pytest.approx(ZERO)


PROGRAMS = {
    "the phase of U shows under a control": (
        "qubit[2] q; bit c; h q; ctrl @ U(pi, 0, pi) q[0], q[1]; sdg q[0]; h q[0];"
        "c = measure q[0];",
        ZERO,
    ),
    "a rotation has its textbook probability": (
        "qubit q; bit c; rx(0.3) q; ry(0) q; c = measure q;",
        rotated(0.3),
    ),
    "a parameter is not reduced modulo a turn": (
        "gate g(a) q { rx(a / 2) q; } qubit q; bit c; g(tau + 0.6) q; c = measure q;",
        rotated(math.pi + 0.3),
    ),
    "parameters are in their declared order": (
        "gate g(b, a) q { rx(a) q; rz(b) q; } qubit q; bit c; g(0.1, 0.7) q; c = measure q;",
        rotated(0.7),
    ),
    "a Bell pair": (
        "qubit[2] q; bit[2] c; h q[0]; cx q[0], q[1]; c = measure q;",
        {"00": 0.5, "11": 0.5},
    ),
    "the last register comes first and its last bit too": (
        "qubit[3] q; bit a; bit[2] b; x q[0]; x q[2]; a = measure q[0]; b[0] = measure q[1];"
        "b[1] = measure q[2];",
        {"10 1": 1.0},
    ),
    "a register of size zero has no place in the key": (
        "bit[0] n; bit c; qubit q; c = measure q; bit d;",
        {"0 0": 1.0},
    ),
    "outputs hide other bits": (
        "output bit[2] o; bit d; qubit q; x q; d = measure q; o[1] = d;",
        {"10": 1.0},
    ),
    "teleportation": (
        "qubit[3] q; bit[2] m; bit result; ry(0.8) q[0]; h q[1]; cx q[1], q[2]; cx q[0], q[1];"
        "h q[0]; m[0] = measure q[0]; m[1] = measure q[1]; if (m[1]) x q[2]; if (m[0]) z q[2];"
        "ry(-0.8) q[2]; result = measure q[2];"
        'm = "00";',
        {"0 00": 1.0},
    ),
    "a loop until success ends": (
        "qubit q; bit c; int[8] turns = 0; while (!c) { h q; c = measure q; turns += 1; }"
        "bit odd; odd = turns % 2 == 1;",
        {"0 1": 1 / 3, "1 1": 2 / 3},
    ),
    "a reset forgets one half of a pair": (
        "qubit[2] q; bit[2] c; h q[0]; cx q[0], q[1]; reset q[0]; c = measure q;",
        {"00": 0.5, "10": 0.5},
    ),
    "measuring twice gives the same": (
        "qubit q; bit[2] c; h q; c[0] = measure q; c[1] = measure q;",
        {"00": 0.5, "11": 0.5},
    ),
    "a measurement without a target collapses": (
        "qubit q; bit c; h q; measure q; h q; c = measure q;",
        HALF,
    ),
    "a bit that is measured again keeps the later outcome": (
        "qubit[2] q; bit c; h q[0]; x q[1]; c = measure q[0]; c = measure q[1];",
        ONE,
    ),
    "old style registers and comparisons": (
        "qreg q[2]; creg c[2]; x q[1]; measure q -> c; if (c == 2) x q[0]; measure q -> c;",
        {"11": 1.0},
    ),
    "aliases are references": (
        "qubit[4] q; bit[3] c; let a = q[3:-1:2] ++ q[{0}]; x a[0]; x a[2];"
        "let d = c[1:2] ++ c[0:0]; d = measure a;",
        {"011": 1.0},
    ),
    "broadcasting pairs the qubits of registers": (
        "qubit[2] a; qubit[2] b; bit[2] c; x a[1]; cx a, b; c = measure b;",
        {"10": 1.0},
    ),
    "a switch takes one case": (
        "qubit[2] q; bit[2] c; uint[2] k = 2; switch (k) { case 0, 2 { x q[0]; } case 1 { x q; }"
        "default { x q[1]; } } c = measure q;",
        {"01": 1.0},
    ),
    "break and continue concern the closest loop": (
        "qubit q; bit[4] c; for int i in [0:3] { for int j in [0:3] { if (j == 1) continue;"
        "if (j == 3) break; c[j] = 1; } if (i == 1) break; } measure q;",
        {"0101": 1.0},
    ),
    "the end is the end": (
        "qubit q; bit c; x q; if (true) { end; } c = measure q; bit[2] d;",
        {"00 0": 1.0},
    ),
    "a subroutine takes values by copy and qubits by reference": (
        "qubit[2] q; bit[2] c; int n = 1;"
        "def f(int n, qubit[2] r) -> bit { n -= 1; x r[n]; return measure r[n]; }"
        "c[0] = f(n, q); c[1] = measure q[n];",
        {"01": 1.0},
    ),
    "a subroutine writes to an array": (
        "def f(mutable array[int[8], #dim = 1] a) { a[-1] = sizeof(a); }"
        "array[int[8], 2, 3] m = {{1, 2, 3}, {4, 5, 6}}; f(m[1, 0:1]);"
        + when("m[1, 1] == 2 && m[1][2] == 6 && m[0][-1] == 3"),
        ONE,
    ),
    "slices of arrays are assigned": (
        "array[int[8], 3] a = {1, 2, 3}; array[int[8], 2, 3] b; b[0] = a; b[1, 0:1] = a[1:2];"
        + when("b[0, 2] == 3 && b[1, 0] == 2 && b[1, 1] == 3"),
        ONE,
    ),
    "integers wrap at their size": (
        "int[4] i = 7; i += 1; uint[4] u = 0; u -= 1;" + when("i == -8 && u == 15"),
        ONE,
    ),
    "integer division and its remainder are towards zero": (
        "int a = -7;" + when("a / 2 == -3 && a % 2 == -1 && mod(7, -2) == 1 && 1 / 2 == 0"),
        ONE,
    ),
    "powers bind more tightly than signs and to the right": (
        when("-2 ** 2 == -4 && 2 ** 3 ** 2 == 512 && 2.0 ** -1 == 0.5"),
        ONE,
    ),
    "bits of integers are read and written": (
        'int[32] i = 15; i[4:7] = "1010"; bit[2] top = i[-2:-1];'
        + when("i == 0xAF && i[0] && top == 0"),
        {"1 00": 1.0},
    ),
    "registers are little endian": (
        'bit[4] a = "0011"; bit[4] b = a << 1; bit[4] r = rotr(a, 1);'
        + when("a == 3 && int[4](r) == -7 && uint(r) == 9 && popcount(b) == 2 && !a[2]"),
        {"1 1001 0110 0011": 1.0},
    ),
    "angles are fixed point numbers of a turn": (
        "angle[4] a = 7 * (pi / 8); uint[4] two = 2; angle[4] c = 5 * (pi / 4); bit[4] sum;"
        "sum = bit[4](a + angle[4](pi / 8)); bit[4] double = bit[4](two * c);"
        "bit[4] nearest = bit[4](angle[4](2 * pi * (3. / 32)));"
        "bit[4] minus = bit[4](-a); qubit q; measure q;",
        {"1001 0010 0100 1000": 1.0},
    ),
    "floats become integers without their fraction": (
        "float f = -2.7; int i = f; uint[8] u = 3.9;" + when("i == -2 && u == 3 && bool(0.5)"),
        ONE,
    ),
    "built-in functions": (
        when(
            "arccos(-1.0) == pi && ceiling(1.2) == 2 && floor(-1.2) == -2 && log(euler) == 1"
            " && sqrt(16) == 4 && real(1.5 + 2 im) == 1.5 && imag(2 im * 2 im) == 0"
            " && exp(0) == 1 && sin(0.0) == 0 && cos(0.0) == 1 && tan(0.0) == arctan(0.0)"
        ),
        ONE,
    ),
    "the choices of a loop over a register are its bits": (
        'bit[3] b = "011"; int n = 0; for bit one in b { n = 2 * n + int(one); }' + when("n == 6"),
        {"1 011": 1.0},
    ),
    "a loop variable hides and does not outlive": (
        "int i = 5; int total = 0; for int i in [3:-1:1] { total += i; i = 9; }"
        "for uint i in {4, 8} total += i;" + when("i == 5 && total == 18"),
        ONE,
    ),
    "physical qubits and what takes only time": (
        "bit c; x $3; box { barrier $3; nop $3; delay[10ns] $3; } c = measure $3;",
        ONE,
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_has_the_distribution_known_by_hand(name: str) -> None:
    qc, expected = PROGRAMS[name]
    assert distribution(HEAD + qc) == pytest.approx(expected, abs=1e-6)


def test_many_qubits_that_are_only_measured_are_one_path() -> None:
    result = distribution(HEAD + "qubit[12] q; bit[12] c; h q; c = measure q;")
    assert len(result) == 2**12
    assert list(result.values()) == pytest.approx([2**-12] * 2**12)


INVALID = {
    "no measurement": "qubit q; bit c; x q;",
    "no such name": "qubit q; measure q; y r;",
    "a name declared twice": "qubit q; bit q; measure q;",
    "a gate's name for a variable": "int s = 0; qubit q; measure q;",
    "the same qubit twice": "qubit[2] q; cx q[0], q[0]; measure q;",
    "an index that is too large": "qubit[2] q; x q[2]; measure q;",
    "an empty selection": "qubit[2] q; x q[1:0]; measure q;",
    "registers of different lengths": "qubit[2] q; bit[3] c; c = measure q;",
    "an assignment to a constant": "const int n = 1; n = 2; qubit q; measure q;",
    "a size that is not constant": "int n = 1; qubit[n] q; measure q;",
    "a gate that calls itself": "gate g q { g q; } qubit q; g q; measure q;",
    "a gate that sees a variable": "int n = 1; gate g q { rx(n) q; } qubit q; g q; measure q;",
    "a cast to another length": "bit[4] c; int[8] i = int[8](c); qubit q; measure q;",
    "a loop without an end": "qubit q; measure q; while (true) {}",
    "an input": "input float f; qubit q; measure q;",
    "a syntax error": "qubit q measure q;",
}


@pytest.mark.parametrize("name", INVALID)
def test_a_program_that_is_not_valid_has_no_distribution(name: str) -> None:
    with pytest.raises(OracleError):
        distribution(HEAD + INVALID[name])

"""pow: whole, negative, fractional, huge and stacked exponents."""

from __future__ import annotations

import math

from language import Table, coin, even, phased, turned

PI = math.pi
C, S = math.cos, math.sin

ORDERED = "gate g a { rx(pi / 2) a; ry(pi / 2) a; } "


def on_plus(steps: str) -> str:
    """What these steps do to the phase of a qubit `q`."""
    return f"qubit q; bit c; h q; {steps} h q; c = measure q;"


PROGRAMS: Table = {
    "negative fractional power": (
        "gate g(t) a { rx(t) a; } qubit q; bit c; pow(-0.5) @ g(2 * pi / 3) q; c = measure q;",
        {"0": C(PI / 6) ** 2, "1": S(PI / 6) ** 2},
    ),
    # whole exponents
    "pow(2) @ s is z": (on_plus("pow(2) @ s q;"), {"1": 1}),
    "pow(3) @ t": (on_plus("pow(3) @ t q; t q;"), {"1": 1}),
    "pow(-1) @ s is sdg": (on_plus("pow(-1) @ s q; s q;"), {"0": 1}),
    "pow(-3) @ t": (on_plus("pow(-3) @ t q; pow(-1) @ t q;"), {"1": 1}),
    "pow(0) @ x is nothing": ("qubit q; bit c; pow(0) @ x q; c = measure q;", {"0": 1}),
    "pow(0) @ of a phase is nothing": (
        "qubit[2] q; bit c; h q[0]; ctrl @ pow(0) @ rx(2 * pi) q[0], q[1]; h q[0];"
        " c = measure q[0];",
        {"0": 1},
    ),
    "pow(2) repeats the whole sequence": (
        ORDERED + "qubit q; bit c; pow(2) @ g q; h q; c = measure q;",
        # +z, -y, -y, -z, -x
        {"1": 1},
    ),
    "pow(-2) repeats the inverse": (
        ORDERED + "qubit q; bit c; pow(-2) @ g q; s q; h q; c = measure q;",
        # +z, -x, -x, -z, -y, then s: +x
        {"0": 1},
    ),
    "pow(-1) @ U is inv @ U": (
        "qubit q; bit c; pow(-1) @ U(pi / 2, 0, pi / 3) q; h q; c = measure q;",
        coin(0.75),
    ),
    "a float with a whole value": (on_plus("pow(2.0) @ s q;"), {"1": 1}),
    "an exponent that is a constant": (
        "const int n = 3; const float k = 0.5; qubit q; bit c; pow(n) @ rx(pi / 9) q;"
        " pow(k) @ rx(pi / 3) q; pow(n - 4) @ rx(pi / 6) q; c = measure q;",
        turned(PI / 3),
    ),
    "an exponent that is an expression": (
        "qubit q; bit c; pow(2 ** 2 - 1) @ rx(pi / 9) q; c = measure q;",
        turned(PI / 3),
    ),
    "pow of a gate of two qubits": (
        "qubit[2] q; bit[2] c; x q[0]; pow(3) @ swap q[0], q[1]; pow(2) @ cx q[1], q[0];"
        " c = measure q;",
        {"10": 1},
    ),
    # fractional exponents
    "pow(0.5) @ x is sx": (
        "qubit q; bit c; pow(0.5) @ x q; s q; h q; c = measure q;",
        # -y, then +x
        {"0": 1},
    ),
    "pow(0.5) @ x twice": (
        "qubit q; bit c; pow(0.5) @ x q; pow(0.5) @ x q; c = measure q;",
        {"1": 1},
    ),
    "1 / 2 is an int division": ("qubit q; bit c; pow(1 / 2) @ x q; c = measure q;", {"0": 1}),
    "3 / 2 is an int division": (on_plus("pow(3 / 2) @ s q;"), coin(0.5)),
    "1 / 2.0 is no int division": (
        "qubit q; bit c; pow(1 / 2.0) @ x q; c = measure q;",
        coin(0.5),
    ),
    "pow(0.25) @ z is t": (on_plus("pow(0.25) @ z q; tdg q;"), {"0": 1}),
    "a quarter and three quarters": (on_plus("pow(0.25) @ z q; pow(0.75) @ z q;"), {"1": 1}),
    "a third, three times": (
        "qubit q; bit c; for int i in [1:3] { pow(1.0 / 3) @ x q; } c = measure q;",
        {"1": 1},
    ),
    "one and a half": (on_plus("pow(1.5) @ z q; s q;"), {"0": 1}),
    "pow(0.5) @ y turns forwards": (
        "qubit q; bit c; pow(0.5) @ y q; h q; c = measure q;",
        {"0": 1},
    ),
    "pow(0.5) @ h twice": (
        "qubit q; bit c; pow(0.5) @ h q; pow(0.5) @ h q; h q; c = measure q;",
        {"0": 1},
    ),
    # h = (P+) - (P-), so its root is (P+) + i (P-): <1|root|0> = (1 - i) / (2 sqrt 2)
    "pow(0.5) @ h once": ("qubit q; bit c; pow(0.5) @ h q; c = measure q;", coin(0.25)),
    "a fraction of a rotation": (
        "qubit q; bit c; pow(0.3) @ rx(pi / 3) q; pow(0.7) @ rx(pi / 3) q; c = measure q;",
        turned(PI / 3),
    ),
    "a negative fraction of a phase": (on_plus("pow(-0.5) @ s q; t q;"), {"0": 1}),
    "the principal root of a phase of 3 / 4 turns": (
        on_plus("pow(0.5) @ p(3 * pi / 2) q; t q;"),
        # -pi / 2, not 3 pi / 2
        {"0": 1},
    ),
    "the principal root of a rotation by 3 pi": (
        "qubit[2] q; bit c; h q[0]; ctrl @ pow(0.5) @ rx(3 * pi) q[0], q[1]; h q[0];"
        " c = measure q[0];",
        # rx(-pi / 2)
        coin((1 - math.sqrt(0.5)) / 2),
    ),
    "the root of swap": (
        "qubit[2] q; bit[2] c; x q[0]; pow(0.5) @ swap q[0], q[1]; c = measure q;",
        even("01", "10"),
    ),
    "the root of swap has i on the singlet": (
        "qubit[3] q; bit c; x q[1]; h q[1]; x q[2]; cx q[1], q[2]; h q[0];"
        " ctrl @ pow(0.5) @ swap q[0], q[1], q[2]; sdg q[0]; h q[0]; c = measure q[0];",
        {"0": 1},
    ),
    "the root of a user's gate of two qubits": (
        "gate g a, b { h b; cz a, b; h b; } qubit[2] q; bit[2] c; x q[0]; pow(0.5) @ g q[0], q[1];"
        " pow(0.5) @ g q[0], q[1]; c = measure q;",
        {"11": 1},
    ),
    # under and over controls
    "pow(0.5) @ ctrl @ x is ctrl @ sx": (
        "qubit[2] q; bit c; x q[1]; h q[1]; h q[0]; pow(0.5) @ ctrl @ x q[0], q[1]; sdg q[0];"
        " h q[0]; c = measure q[0];",
        {"0": 1},
    ),
    "ctrl @ pow(0.5) @ x is ctrl @ sx": (
        "qubit[2] q; bit c; x q[1]; h q[1]; h q[0]; ctrl @ pow(0.5) @ x q[0], q[1]; sdg q[0];"
        " h q[0]; c = measure q[0];",
        {"0": 1},
    ),
    "pow(2) @ ctrl @ s is cz": (
        "qubit[2] q; bit c; x q[1]; h q[0]; pow(2) @ ctrl @ s q[0], q[1]; h q[0];"
        " c = measure q[0];",
        {"1": 1},
    ),
    "negctrl @ pow(2)": (
        "qubit[2] q; bit c; x q[1]; h q[0]; negctrl @ pow(2) @ t q[0], q[1]; s q[0]; h q[0];"
        " c = measure q[0];",
        {"0": 1},
    ),
    "pow counts a user's global phase": (
        "gate g a { s a; gphase(pi / 4); } qubit[2] q; bit c; h q[0]; ctrl @ pow(2) @ g q[0],"
        " q[1]; sdg q[0]; h q[0]; c = measure q[0];",
        {"0": 1},
    ),
    "pow of gphase": (on_plus("ctrl @ pow(2) @ gphase(pi / 2) q;"), {"1": 1}),
    "pow of a controlled gphase": (on_plus("pow(3) @ ctrl @ gphase(pi / 9) q;"), phased(PI / 3)),
    "the principal root of gphase": (
        on_plus("ctrl @ pow(0.5) @ gphase(5 * pi / 2) q; tdg q;"),
        {"0": 1},
    ),
    # stacked
    "pow(2) @ pow(0.5)": (
        "qubit q; bit c; pow(2) @ pow(0.5) @ x q; c = measure q;",
        {"1": 1},
    ),
    "pow(0.5) @ pow(2) is not always nothing": (on_plus("pow(0.5) @ pow(2) @ z q;"), {"0": 1}),
    "pow(0.5) @ pow(0.5)": (on_plus("pow(0.5) @ pow(0.5) @ z q; tdg q;"), {"0": 1}),
    "inv @ pow": (on_plus("inv @ pow(3) @ t q; pow(3) @ inv @ t q; p(3 * pi / 2) q;"), {"0": 1}),
    "inv @ pow(-2)": (on_plus("inv @ pow(-2) @ s q;"), {"1": 1}),
    "pow in a gate that is raised": (
        "gate g(t) a { pow(2) @ p(t) a; } " + on_plus("pow(1.5) @ g(pi / 9) q;"),
        phased(PI / 3),
    ),
    # huge
    "a million and one times x": (
        "qubit q; bit c; pow(1000001) @ x q; c = measure q;",
        {"1": 1},
    ),
    "a million times x": ("qubit q; bit c; pow(1_000_000) @ x q; c = measure q;", {"0": 1}),
    "10 ** 9 + 1 times s": (on_plus("pow(10 ** 9 + 1) @ s q; s q;"), {"1": 1}),
    "-10 ** 9 - 1 times s": (on_plus("pow(-10 ** 9 - 1) @ s q; s q;"), {"0": 1}),
    "2 ** 40 + 3 times t": (on_plus("pow(2 ** 40 + 3) @ t q; t q;"), {"1": 1}),
    "999999 times h": ("qubit q; bit c; pow(999999) @ h q; h q; c = measure q;", {"0": 1}),
    "a million and one times cx": (
        "qubit[2] q; bit[2] c; x q[0]; pow(1000001) @ cx q[0], q[1]; c = measure q;",
        {"11": 1},
    ),
    "a million and one times a user's gate of two qubits": (
        "gate g a, b { x a; swap a, b; } qubit[2] q; bit[2] c; pow(1000001) @ g q[0], q[1];"
        " c = measure q;",
        # of order 4
        {"10": 1},
    ),
    "a thousand times a rotation": (
        "qubit q; bit c; pow(1000) @ rx(2 * pi / 3) q; c = measure q;",
        coin(0.75),
    ),
    "a big exponent in a controlled gate of order 8": (
        "qubit[2] q; bit c; x q[1]; h q[0]; ctrl @ pow(8000001) @ t q[0], q[1]; tdg q[0]; h q[0];"
        " c = measure q[0];",
        {"0": 1},
    ),
    # not constant
    "an exponent in a variable": (
        "qubit q; bit c; int n = 2; n += 1; pow(n) @ rx(pi / 9) q; c = measure q;",
        turned(PI / 3),
    ),
    "an exponent in a loop variable": (
        on_plus("for int n in [1:3] { pow(n) @ p(pi / 18) q; }"),
        phased(PI / 3),
    ),
}

OPTIONAL: Table = {
    "an exponent that was measured": (
        "qubit[3] q; bit[2] k; bit c; h q[0]; x q[1]; k = measure q[0:1]; int n = int(k);"
        " pow(n) @ x q[2]; c = measure q[2];",
        even("0 10", "1 11"),
    ),
}

"""ctrl, negctrl and inv, alone and stacked. (pow has a chapter of its own.)"""

from __future__ import annotations

import math

from language import Table, coin, even, phased

PI = math.pi

# -y stays -y; the other way round, |0> becomes +x and stays
ORDERED = "gate g a { rx(pi / 2) a; ry(pi / 2) a; } "

PROGRAMS: Table = {
    "modifiers": (
        "qubit[3] q; bit[3] c; x q[0]; ctrl @ x q[0], q[1]; negctrl @ x q[2], q[0]; inv @ s q[1];"
        " pow(2) @ s q[1]; ctrl(2) @ x q[0], q[1], q[2]; c = measure q;",
        {"010": 1},
    ),
    "stacked modifiers on a user's gate": (
        "gate g(t) a { rx(t) a; } qubit[2] q; bit[2] c; x q[0];"
        " inv @ ctrl @ pow(0.5) @ g(pi) q[0], q[1]; c = measure q;",
        even("01", "11"),
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
    # ctrl
    "the control comes first": (
        "qubit[2] q; bit[2] c; x q[1]; ctrl @ x q[1], q[0]; ctrl @ z q[0], q[1]; c = measure q;",
        {"11": 1},
    ),
    "two controls with one modifier": (
        "qubit[5] q; bit[5] c; x q[0:1]; ctrl(2) @ x q[0], q[1], q[2];"
        " ctrl(2) @ x q[0], q[3], q[4]; c = measure q;",
        {"00111": 1},
    ),
    "two controls with two modifiers": (
        "qubit[3] q; bit[3] c; h q[0]; h q[1]; ctrl @ ctrl @ x q[1], q[0], q[2]; c = measure q;",
        even("000", "001", "010", "111"),
    ),
    "the number of controls is a constant expression": (
        "const uint n = 2; qubit[4] q; bit[4] c; x q[0:2]; ctrl(n + 1) @ x q[0], q[1], q[2], q[3];"
        " ctrl(n - 1) @ x q[3], q[0]; c = measure q;",
        {"1110": 1},
    ),
    "six controls": (
        "qubit[7] q; bit[7] c; h q[0]; x q[1:5];"
        " ctrl(6) @ x q[0], q[1], q[2], q[3], q[4], q[5], q[6]; c = measure q;",
        even("0111110", "1111111"),
    ),
    "a controlled gate of two qubits": (
        "qubit[4] q; bit[4] c; x q[0]; x q[2]; ctrl @ swap q[0], q[1], q[2];"
        " ctrl @ swap q[3], q[0], q[1]; c = measure q;",
        {"0011": 1},
    ),
    "a control over a sequence": (
        "gate g a, b { h a; cx a, b; h a; } qubit[3] q; bit[3] c; h q[0];"
        " ctrl @ g q[0], q[1], q[2]; c = measure q;",
        {"000": 0.5, "001": 0.125, "011": 0.125, "101": 0.125, "111": 0.125},
    ),
    "ctrl @ of a controlled user's gate is one more control": (
        "gate g a, b { ctrl @ x a, b; } qubit[3] q; bit[3] c; x q[0]; h q[1];"
        " ctrl @ g q[0], q[1], q[2]; c = measure q;",
        even("001", "111"),
    ),
    "a phase is the same from each of its controls": (
        "qubit[3] q; bit[3] c; x q[0]; x q[1]; h q[2]; ctrl(2) @ z q[2], q[0], q[1]; h q[2];"
        " c = measure q;",
        {"111": 1},
    ),
    "a control on a gate and on its inverse cancel": (
        "gate g(t) a { u3(t, 1, 2) a; gphase(t); } qubit[2] q; bit[2] c; h q[0];"
        " ctrl @ g(3) q[0], q[1]; ctrl @ inv @ g(3) q[0], q[1]; h q[0]; c = measure q;",
        {"00": 1},
    ),
    "modifiers on physical qubits": (
        "bit[3] c; x $0; ctrl @ x $0, $1; negctrl @ x $1, $2; c[0] = measure $0;"
        " c[1] = measure $1; c[2] = measure $2;",
        {"011": 1},
    ),
    # negctrl
    "a negative control": (
        "qubit[2] q; bit[2] c; h q[0]; negctrl @ x q[0], q[1]; c = measure q;",
        even("10", "01"),
    ),
    "two negative controls act if both are 0": (
        "qubit[3] q; bit[3] c; h q[0:1]; negctrl(2) @ x q[0], q[1], q[2]; c = measure q;",
        even("100", "001", "010", "011"),
    ),
    "two negative modifiers act if both are 0": (
        "qubit[3] q; bit[3] c; h q[0:1]; negctrl @ negctrl @ x q[0], q[1], q[2]; c = measure q;",
        even("100", "001", "010", "011"),
    ),
    "ctrl outside of negctrl takes the first operand": (
        "qubit[3] q; bit[3] c; h q[0:1]; ctrl @ negctrl @ x q[0], q[1], q[2]; c = measure q;",
        even("000", "101", "010", "011"),
    ),
    "negctrl outside of ctrl takes the first operand": (
        "qubit[3] q; bit[3] c; h q[0:1]; negctrl @ ctrl @ x q[0], q[1], q[2]; c = measure q;",
        even("000", "001", "110", "011"),
    ),
    "four mixed controls": (
        "qubit[5] q; bit[5] c; x q[1:2]; negctrl @ ctrl(2) @ negctrl @ x q[0], q[1], q[2], q[3],"
        " q[4]; negctrl(2) @ ctrl @ x q[0], q[3], q[4], q[1]; c = measure q;",
        # q4 by 0110; then q1 by q0 = q3 = 0, q4 = 1
        {"10100": 1},
    ),
    "negctrl(3) and ctrl": (
        "qubit[5] q; bit[5] c; x q[3]; negctrl(3) @ ctrl @ x q[0], q[1], q[2], q[3], q[4];"
        " negctrl(3) @ ctrl @ x q[0], q[1], q[3], q[4], q[2]; c = measure q;",
        {"11000": 1},
    ),
    "a negative control kicks a phase onto its 0": (
        "qubit[2] q; bit c; x q[1]; h q[0]; negctrl @ p(pi / 3) q[0], q[1]; p(pi / 3) q[0];"
        " h q[0]; c = measure q[0];",
        {"0": 1},
    ),
    "negative and positive control together are none": (
        "qubit[2] q; bit[2] c; h q[0]; ctrl @ h q[0], q[1]; negctrl @ h q[0], q[1]; h q;"
        " c = measure q;",
        {"00": 1},
    ),
    # gphase
    "two controls on gphase are a cp": (
        "qubit[2] q; bit[2] c; x q[0]; h q[1]; ctrl(2) @ gphase(pi / 3) q[0], q[1];"
        " ctrl @ ctrl @ gphase(2 * pi / 3) q[1], q[0]; h q[1]; c = measure q;",
        {"11": 1},
    ),
    "negctrl @ gphase is a phase on the 0": (
        "qubit q; bit c; h q; negctrl @ gphase(pi / 3) q; p(2 * pi / 3) q; h q; c = measure q;",
        phased(PI / 3),
    ),
    "ctrl @ negctrl @ gphase marks one state": (
        "qubit[2] q; bit[2] c; h q; ctrl @ negctrl @ gphase(pi) q[0], q[1]; h q;"
        " negctrl(2) @ gphase(pi) q[0], q[1]; h q; c = measure q;",
        {"01": 1},
    ),
    "negctrl(2) @ gphase marks 00": (
        "qubit[2] q; bit[2] c; h q; negctrl(2) @ gphase(pi) q[0], q[1]; h q;"
        " negctrl(2) @ gphase(pi) q[0], q[1]; h q; c = measure q;",
        {"00": 1},
    ),
    "inv @ gphase": (
        "qubit q; bit c; h q; ctrl @ inv @ gphase(pi / 3) q; inv @ ctrl @ gphase(pi / 3) q;"
        " p(2 * pi / 3) q; h q; c = measure q;",
        {"0": 1},
    ),
    "a global phase at the top level, with modifiers": (
        "qubit q; bit c; h q; gphase(1); inv @ gphase(2); pow(3) @ gphase(0.5); h q;"
        " c = measure q;",
        {"0": 1},
    ),
    "gphase of more than a whole turn": (
        "qubit q; bit c; h q; ctrl @ gphase(7 * pi / 3) q; h q; c = measure q;",
        coin(0.25),
    ),
    # inv
    "the inverse of a sequence runs backwards": (
        ORDERED + "qubit q; bit c; inv @ g q; h q; c = measure q;",
        # ry(-pi / 2) makes -x, which stays
        {"1": 1},
    ),
    "the inverse of the inverse": (
        ORDERED + "qubit q; bit c; inv @ inv @ g q; s q; h q; c = measure q;",
        {"0": 1},
    ),
    "a gate and its inverse": (
        ORDERED + "qubit q; bit c; h q; t q; g q; inv @ g q; tdg q; h q; c = measure q;",
        {"0": 1},
    ),
    "inv @ U exchanges phi and lambda": (
        "qubit q; bit c; inv @ U(pi / 2, 0, pi / 3) q; h q; c = measure q;",
        # |0> - e^{-i pi / 3} |1>
        coin(0.75),
    ),
    "inv @ u3 exchanges phi and lambda": (
        "qubit q; bit c; inv @ u3(pi / 2, 0, pi / 3) q; h q; c = measure q;",
        coin(0.75),
    ),
    "inv @ u2 is no u2": (
        "qubit q; bit c; inv @ u2(0, pi / 3) q; h q; c = measure q;",
        coin(0.75),
    ),
    "inv @ s is sdg": (
        "qubit[2] q; bit[2] c; h q; inv @ s q[0]; s q[0]; inv @ sdg q[1]; s q[1]; h q;"
        " c = measure q;",
        {"10": 1},
    ),
    "inv @ t is tdg": (
        "qubit q; bit c; h q; inv @ t q; inv @ t q; s q; h q; c = measure q;",
        {"0": 1},
    ),
    "inv @ sx turns backwards": (
        "qubit q; bit c; inv @ sx q; sdg q; h q; c = measure q;",
        # |0> becomes +y
        {"0": 1},
    ),
    "inv @ ctrl is ctrl @ inv": (
        "qubit[2] q; bit c; x q[1]; h q[0]; inv @ ctrl @ s q[0], q[1]; ctrl @ inv @ t q[0], q[1];"
        " p(3 * pi / 4) q[0]; h q[0]; c = measure q[0];",
        {"0": 1},
    ),
    "inv @ negctrl": (
        "qubit[2] q; bit c; x q[1]; h q[0]; inv @ negctrl @ s q[0], q[1]; s q[0]; h q[0];"
        " c = measure q[0];",
        # -i on 0, i on 1
        {"1": 1},
    ),
    "inv @ of controlled standard gates": (
        "qubit[2] q; bit[2] c; h q; cu(1, 2, 3, 4) q[0], q[1]; crx(1) q[1], q[0]; ch q[0], q[1];"
        " inv @ ch q[0], q[1]; inv @ crx(1) q[1], q[0]; inv @ cu(1, 2, 3, 4) q[0], q[1]; h q;"
        " c = measure q;",
        {"00": 1},
    ),
    "inv @ of self-inverse gates": (
        "qubit[3] q; bit[3] c; x q[0]; inv @ x q[1]; inv @ swap q[0], q[2];"
        " inv @ ccx q[1], q[2], q[0]; inv @ cx q[0], q[1]; inv @ h q[1]; inv @ h q[1];"
        " c = measure q;",
        {"101": 1},
    ),
    "the inverse of nested gates with parameters": (
        "gate g(a, b) q { rx(a) q; rz(b) q; gphase(a); } gate f(a) q, r { g(a, 1) q; cx q, r;"
        " inv @ g(2, a) r; ctrl @ g(a, a) q, r; } qubit[2] q; bit[2] c; h q;"
        " f(0.3) q[0], q[1]; inv @ f(0.3) q[0], q[1]; h q; c = measure q;",
        {"00": 1},
    ),
    "the inverse of a gate that contains an inverse": (
        "gate g a { inv @ t a; } gate f a { inv @ g a; s a; } qubit q; bit c; h q; inv @ f q;"
        " p(pi / 2) q; h q; c = measure q;",
        # f is 3 pi / 4
        phased(PI / 4),
    ),
    # broadcasting
    "ctrl @ x over two registers": (
        "qubit[3] a; qubit[3] b; bit[3] c; x a[0]; x a[2]; ctrl @ x a, b; c = measure b;",
        {"101": 1},
    ),
    "one negative control over a register": (
        "qubit k; qubit[3] w; bit[3] c; negctrl @ x k, w; c = measure w;",
        {"111": 1},
    ),
    "ctrl(2) over one qubit and two slices": (
        "qubit k; qubit[4] q; bit[4] c; x k; x q[1]; ctrl(2) @ x k, q[0:1], q[2:3];"
        " c = measure q;",
        {"1010": 1},
    ),
    "ctrl @ gphase over a register": (
        "qubit[2] q; bit[2] c; h q; ctrl @ gphase(pi) q; h q; c = measure q;",
        {"11": 1},
    ),
    "inv @ and pow over a register": (
        "qubit[2] q; bit[2] c; h q; inv @ s q; pow(3) @ t q; p(3 * pi / 4) q; h q; c = measure q;",
        {"11": 1},
    ),
}

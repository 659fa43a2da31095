"""Gates that the program defines: names, parameters, bodies."""

from __future__ import annotations

import math

from language import Table, coin, even, phased, turned

PI = math.pi

PROGRAMS: Table = {
    "gate definition": (
        "gate majority a, b, c { cx c, b; cx c, a; ccx a, b, c; }"
        " qubit[3] q; bit[3] c; x q[0]; x q[1]; majority q[0], q[1], q[2]; c = measure q;",
        {"111": 1},
    ),
    "a gate's body runs in order": (
        "gate g a { h a; t a; t a; s a; h a; } qubit q; bit c; g q; c = measure q;",
        {"1": 1},
    ),
    "a gate's body runs in order, not reversed": (
        "gate g a { rx(pi / 2) a; ry(pi / 2) a; } qubit q; bit c; g q; s q; h q; c = measure q;",
        # -y stays -y, then +x (reversed, it would be +x, then +y)
        {"0": 1},
    ),
    "an empty gate is the identity": (
        "gate g(t) a, b { } qubit[2] q; bit[2] c; h q[0]; g(1) q[0], q[1]; h q[0]; x q[1];"
        " c = measure q;",
        {"10": 1},
    ),
    "the operands of a gate are bound in order": (
        "gate g b, a { cx b, a; } gate f a, b { g b, a; } qubit[2] q; bit[2] c; x q[0];"
        " f q[1], q[0]; c = measure q;",
        # f(a = q1, b = q0): g q0, q1 -> cx q0, q1
        {"11": 1},
    ),
    "a gate may leave operands alone": (
        "gate g a, b, c { x b; } qubit[3] q; bit[3] c; g q[2], q[0], q[1]; c = measure q;",
        {"001": 1},
    ),
    "a gate of five qubits": (
        "gate g a, b, c, d, e { x e; cx e, a; cx a, c; } qubit[5] q; bit[5] k;"
        " g q[4], q[3], q[2], q[1], q[0]; k = measure q;",
        {"10101": 1},
    ),
    "a gate may be called q": (
        "gate q a { x a; } qubit r; bit c; q r; c = measure r;",
        {"1": 1},
    ),
    "an empty pair of parentheses": (
        "gate g() a { x a; } qubit q; bit c; g() q; x() q; g q; c = measure q;",
        {"1": 1},
    ),
    # parameters
    "parameters are bound in the order of declaration": (
        "gate turn(theta, phi) a { rx(theta) a; rz(phi) a; } qubit q; bit c; turn(pi, 0) q;"
        " c = measure q;",
        {"1": 1},
    ),
    "parameters are not sorted by name": (
        "gate g(zeta, alpha, mid) a { rx(zeta) a; rz(alpha) a; ry(mid) a; } qubit q; bit c;"
        " g(pi / 3, 0, 0) q; c = measure q;",
        coin(0.25),
    ),
    "eleven parameters": (
        f"gate g({', '.join(f'p{i}' for i in range(1, 12))}) a {{ rx(p2) a; rz(p10) a; "
        "rx(p11) a; } qubit q; bit c; g(0, pi / 2, 0, 0, 0, 0, 0, 0, 0, pi, pi / 2) q;"
        " c = measure q;",
        {"0": 1},
    ),
    "twenty parameters, one of them used": (
        f"gate g({', '.join(f'p{i}' for i in range(20))}) a {{ rx(p13) a; }} qubit q; bit c;"
        f" g({', '.join('pi / 3' if i == 13 else '0' for i in range(20))}) q; c = measure q;",
        coin(0.25),
    ),
    "nested gates with parameters of the same names": (
        "gate g(b, a) x { rx(a) x; ry(b) x; } gate f(a, b) x { g(b, a * 2) x; }"
        " qubit q; bit c; f(pi / 2, 0) q; c = measure q;",
        {"1": 1},
    ),
    "parameters exchanged in a nested call": (
        "gate g(a, b) q { rx(a - 2 * b) q; } gate f(a, b) q { g(b, a) q; } qubit q; bit c;"
        " f(pi / 3, 0) q; c = measure q;",
        # g(0, pi/3): rx(-2 pi / 3)
        coin(0.75),
    ),
    "an unused parameter": (
        "gate g(a, b) x { rx(b) x; } qubit q; bit c; g(1, pi) q; c = measure q;",
        {"1": 1},
    ),
    "a parameter used more than once": (
        "gate g(t) a { rx(t) a; rx(t / 2) a; rx(-t) a; } qubit q; bit c; g(2 * pi / 3) q;"
        " c = measure q;",
        turned(PI / 3),
    ),
    "products and quotients of parameters": (
        "gate g(a, b, c) q { rx(a * b / c - a) q; } qubit q; bit c; g(pi / 3, 4, 2) q;"
        " c = measure q;",
        turned(PI / 3),
    ),
    "powers and functions of parameters": (
        "gate g(a) q { rx(pi * sin(a) ** 2) q; ry(pi * cos(a) ** 2) q; } qubit q; bit c;"
        " g(pi / 2) q; c = measure q;",
        {"1": 1},
    ),
    "the square root and the tangent of a parameter": (
        "gate g(a) q { rx(pi * sqrt(a) / 6) q; ry(arctan(tan(a / 4)) - 1) q; } qubit q; bit c;"
        " g(4) q; c = measure q;",
        turned(PI / 3),
    ),
    "exp and log of a parameter": (
        "gate g(a) q { rx(log(exp(a) ** 2)) q; } qubit q; bit c; g(pi / 6) q; c = measure q;",
        turned(PI / 3),
    ),
    "a unary minus of a parameter is applied after the power": (
        "gate g(a) q { rz(-a ** 2) q; } qubit[2] q; bit c; h q[0]; ctrl @ g(sqrt(pi)) q[0], q[1];"
        " sdg q[0]; h q[0]; c = measure q[0];",
        # rz(-pi) is i on 0
        {"0": 1},
    ),
    "a parameter is not reduced": (
        "gate g(t) a { rx(t / 2) a; } qubit q; bit c; g(2 * pi) q; c = measure q;",
        {"1": 1},
    ),
    "a negative parameter is not reduced": (
        "gate g(t) a { rz(t / 3) a; } qubit q; bit c; h q; g(-pi) q; s q; h q; c = measure q;",
        # -pi/3 + pi/2
        phased(PI / 6),
    ),
    "int literals as parameters are real numbers": (
        "gate g(n) a { rx(pi * n / 3) a; } qubit q; bit c; g(1) q; c = measure q;",
        coin(0.25),
    ),
    "an int parameter is not divided like an int": (
        "gate g(n) a { rx(pi * (n / 2)) a; } qubit q; bit c; g(1) q; c = measure q;",
        coin(0.5),
    ),
    "parameters that are called like constants": (
        "gate g(pi, tau) a { rx(pi) a; } qubit q; bit c; g(0, 1) q; c = measure q;",
        {"0": 1},
    ),
    "a parameter named like a register and an operand named like a gate": (
        "qubit c; qubit d; bit m; gate g(c) s { rx(c) s; } g(pi) d; m = measure d;",
        {"1": 1},
    ),
    "a global constant in a gate": (
        "const float third = pi / 3; const int n = 2; gate g a { rx(n * third) a; } qubit q;"
        " bit c; g q; c = measure q;",
        coin(0.75),
    ),
    "gphase in a gate is invisible": (
        "gate g(t) a { gphase(t); x a; gphase(-2 * t); } qubit q; bit c; h q; g(1.3) q; h q;"
        " c = measure q;",
        {"0": 1},
    ),
    "gphase in a controlled gate is visible": (
        "gate g(t) a { gphase(t); x a; gphase(-2 * t); } qubit[2] q; bit c; h q[0]; h q[1];"
        " ctrl @ g(pi / 3) q[0], q[1]; h q[0]; c = measure q[0];",
        phased(PI / 3),
    ),
    "gphase three gates deep": (
        "gate a(t) x { gphase(t); } gate b(t) x { a(t) x; a(2 * t) x; }"
        " gate f(t) x { b(t) x; b(-t / 2) x; } qubit[2] q; bit c; h q[0];"
        " ctrl @ f(pi / 3) q[0], q[1]; h q[0]; c = measure q[0];",
        # 3 t - 1.5 t = pi / 2
        coin(0.5),
    ),
    "modifiers in a gate's body": (
        "gate g a, b { ctrl @ x a, b; negctrl @ x a, b; inv @ s a; pow(2) @ s a; pow(0.5) @ z a;"
        " } qubit[2] q; bit[2] c; h q[0]; g q[0], q[1]; h q[0]; c = measure q;",
        {"11": 1},
    ),
    "a loop in a gate's body": (
        "gate g(t) a { for int i in [1:3] { rx(i * t) a; } } qubit q; bit c; g(pi / 18) q;"
        " c = measure q;",
        turned(PI / 3),
    ),
    "nested loops in a gate's body": (
        "gate g a, b { for int i in {1, 3} { for int j in [1:i] { x a; } x b; } } qubit[2] q;"
        " bit[2] c; x q[1]; g q[0], q[1]; c = measure q;",
        {"10": 1},
    ),
    "the inverse of a loop in a gate's body": (
        "gate g a { for int i in [0:1] { h a; t a; } } qubit q; bit c; g q; inv @ g q; h q; z q;"
        " h q; c = measure q;",
        {"1": 1},
    ),
    "a loop variable in a gate's parameter": (
        "qubit q; bit c; h q; for int i in [1:3] { p(pi * i / 6) q; } h q; c = measure q;",
        {"1": 1},
    ),
    "a variable as a gate's parameter": (
        "qubit q; bit c; float f = pi / 2; rx(f) q; f = f / 3; rx(f) q; rx(-pi / 3) q;"
        " c = measure q;",
        turned(PI / 3),
    ),
    "a gate's parameter that depends on a measurement": (
        "qubit[2] q; bit[2] c; h q[0]; c[0] = measure q[0]; float f = pi / 3;"
        " if (c[0]) { f = 2 * f; } rx(f) q[1]; c[1] = measure q[1];",
        {"00": 0.375, "10": 0.125, "01": 0.125, "11": 0.375},
    ),
    # names
    "unicode names": ("gate ρ(θ) α { rx(θ) α; } qubit q; bit c; ρ(π) q; c = measure q;", {"1": 1}),
    "unicode registers, with digits and underscores": (
        "qubit[2] ψ_1; bit[2] ñandú2; bit _; x ψ_1[0]; ñandú2 = measure ψ_1;",
        {"0 01": 1},
    ),
    "variables named like Python's": (
        "qubit[2] self; bit[2] list; int None = 1; int __import__ = 0; int class = 1;"
        " if (None == class) { x self[0]; } list = measure self;"
        " const int lambda = 1; x self[lambda]; list[lambda] = measure self[lambda];",
        {"11": 1},
    ),
    "parameters named like Python's": (
        "gate def_(lambda, yield, None, self, e) a { rx(lambda + yield * None - self) a; }"
        " qubit q; bit c; def_(pi, 1, pi, pi, 7) q; c = measure q;",
        {"1": 1},
    ),
    "parameters named like functions and units of mathematics": (
        "gate g(I, E, S, N, oo, zoo, beta, gamma) a { rx(I + E + S + N + oo + zoo + beta) a;"
        " ry(gamma) a; } qubit q; bit c; g(pi, -pi, pi, -pi, pi, -pi, pi / 3, 0) q;"
        " c = measure q;",
        coin(0.25),
    ),
}

# Gates whose names a simulator or an interpreter would take for its own.
for name in (  # noqa: SIM905
    "ecr rzz kraus initialize save_state diagonal multiplexer roerror unitary pauli mcx "
    "quantum_channel superop set_statevector jump mark store snapshot "
    "None print self lambda __init__ cnot u U3 ccz sxdg iswap mcphase mcp qerror_loc noise "
    "save_counts set_density_matrix measure_ delay_ break_loop if_else global_phase qft"
).split():
    PROGRAMS[f"a user's gate named {name}"] = (
        f"gate {name} a, b {{ x a; }} qubit[2] q; bit[2] c; {name} q[0], q[1]; c = measure q;",
        {"01": 1},
    )

BARE: Table = {
    "a cx of one's own, without the include": (
        "OPENQASM 3.0; gate x a { U(π, 0, π) a; gphase(-π / 2); } gate cx a, b { ctrl @ x a, b; }"
        " gate h a { U(π / 2, 0, π) a; gphase(-π / 4); } qubit[2] q; bit[2] c; h q[0]; h q[1];"
        " cx q[0], q[1]; h q[0]; c = measure q;",
        even("00", "10"),
    ),
    "a cx of one's own without its gphase is another gate": (
        "OPENQASM 3.0; gate x a { U(π, 0, π) a; } gate cx a, b { ctrl @ x a, b; }"
        " gate h a { U(π / 2, 0, π) a; gphase(-π / 4); } qubit[2] q; bit c; h q[0]; h q[1];"
        " cx q[0], q[1]; U(0, 0, pi / 2) q[0]; h q[0]; c = measure q[0];",
        # the control has e^{i pi / 2} twice
        {"1": 1},
    ),
    "a standard name with another number of qubits and parameters": (
        "OPENQASM 3.0; gate swap(t) a { U(t, 0, 0) a; } gate rx a, b { swap(pi) b; } qubit[2] q;"
        " bit[2] c; rx q[0], q[1]; c = measure q;",
        {"10": 1},
    ),
    "a variable named like a standard gate, without the include": (
        "OPENQASM 3.0; qubit[2] h; int x = 1; bit[2] p; U(pi, 0, 0) h[0]; if (x == 1)"
        " { U(pi / 3, 0, 0) h[1]; } p = measure h;",
        {"01": 0.75, "11": 0.25},
    ),
}
for header in ("OPENQASM 3;", "OPENQASM 3.0;", "OPENQASM 3.1;", "// hi\n", ""):
    BARE[f"gates of one's own after {header.strip() or 'nothing'}"] = (
        f"{header} gate h a {{ U(pi, 0, pi) a; }} gate x a {{ U(0, 0, 0) a; }}"
        " qubit[2] q; bit[2] c; h q[0]; x q[1]; c = measure q;",
        {"01": 1},
    )

OPTIONAL: Table = {
    "barrier in a gate's body": (
        "gate g a, b { x a; barrier a, b; cx a, b; } qubit[2] q; bit[2] c; g q[0], q[1];"
        " c = measure q;",
        {"11": 1},
    ),
}

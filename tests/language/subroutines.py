"""def: arguments, results, returns."""

from __future__ import annotations

import math

from language import Table, coin, even, phased, turned

PI = math.pi

PROGRAMS: Table = {
    "arguments in the old style": (
        "def f(creg w[3], qreg r[2], creg k) { if (w[1] && !k) { x r[1]; } } qubit[2] q; bit[3] b;"
        " b[1] = 1; f(b, q, b[0]); bit[2] c; c = measure q;",
        {"10 010": 1},
    ),
    # quantum arguments
    "a def of a qubit": (
        "def flip(qubit a) { x a; } qubit[2] q; bit[2] c; flip(q[1]); c = measure q;",
        {"10": 1},
    ),
    "a def of a register": (
        "def f(qubit[3] r) { x r[0]; cx r[0], r[2]; } qubit[3] q; bit[3] c; f(q); c = measure q;",
        {"101": 1},
    ),
    "qubit arguments are bound in order": (
        "def f(qubit b, qubit a) { x b; cx b, a; x b; } qubit[3] q; bit[3] c; f(q[2], q[0]);"
        " c = measure q;",
        {"001": 1},
    ),
    "several registers and loose qubits": (
        "def f(qubit[2] r, qubit a, qubit[1] w) { x r[1]; cx r[1], a; cx a, w[0]; x r; }"
        " qubit[2] q; qubit[2] k; bit[2] c; bit[2] d; f(q, k[1], k[0:0]); c = measure q;"
        " d = measure k;",
        {"11 01": 1},
    ),
    "slices, sets and aliases as arguments": (
        "def f(qubit[2] r) { x r[0]; } qubit[6] q; bit[6] c; let a = q[4:5]; f(q[1:2]);"
        " f(q[{3, 0}]); f(a); c = measure q;",
        {"011010": 1},
    ),
    "a register is broadcast over in a def": (
        "def f(qubit[2] r, qubit[2] w) { x r; cx r, w; h w; h w; } qubit[4] q; bit[4] c;"
        " f(q[0:1], q[2:3]); c = measure q;",
        {"1111": 1},
    ),
    "the same def on other qubits": (
        "def f(qubit a, qubit b) { x a; cx a, b; } qubit[3] q; bit[3] c; f(q[0], q[1]);"
        " f(q[1], q[2]); c = measure q;",
        # 11, then q1 back to 0 and no cx
        {"001": 1},
    ),
    "an alias in a def": (
        "def f(qubit[4] r) { let odd = r[1:2:3]; x odd[1]; h odd[0]; z odd[0]; h odd[0]; }"
        " qubit[4] q; bit[4] c; f(q); c = measure q;",
        {"1010": 1},
    ),
    "physical qubits in a def": (
        "def f() -> bit { x $1; return measure $1; } bit c; c = f();",
        {"1": 1},
    ),
    "a def with a reset": (
        "def f(qubit a) { reset a; x a; } qubit q; bit c; h q; f(q); c = measure q;",
        {"1": 1},
    ),
    # classical arguments
    "classical arguments are bound in order": (
        "def f(float zeta, int alpha, qubit a) { rx(zeta / alpha) a; } qubit q; bit c;"
        " f(2 * pi / 3, 2, q); c = measure q;",
        turned(PI / 3),
    ),
    "classical arguments between quantum ones": (
        "def f(qubit a, float first, qubit b, float second) { rx(first) a; rx(second) b; }"
        " qubit[2] q; bit[2] c; f(q[1], pi / 3, q[0], 0); c = measure q;",
        {"00": 0.75, "10": 0.25},
    ),
    "classical arguments are passed by value": (
        "def f(int n) -> int { n += 3; return n; } measure $0; int n = 2; int k = f(n);"
        " bit[4] c = bit[4](uint[4](10 * n - k));",
        {"1111": 1},
    ),
    "bit registers are passed by value": (
        "def f(bit[2] r) -> bit { r[0] = 1; return r[0] && r[1]; } qubit[2] q; bit[2] c; bit d;"
        " x q[1]; c = measure q; d = f(c);",
        {"1 10": 1},
    ),
    "a sized argument wraps": (
        "def f(uint[3] n) -> int { return n; } measure $0; bit[4] c = bit[4](uint[4](f(13)));",
        {"0101": 1},
    ),
    "a float argument of an int parameter is cut": (
        "def f(int n) -> int { return n * 2; } measure $0; bit[4] c = bit[4](uint[4](f(2.9)));",
        {"0100": 1},
    ),
    "an int argument of a float parameter divides like a float": (
        "def f(float n, qubit a) { rx(pi * (n / 2)) a; } qubit q; bit c; f(1, q); c = measure q;",
        coin(0.5),
    ),
    "an angle parameter is rounded": (
        "def f(angle[3] a, qubit b) { rx(a) b; } qubit q; bit c; f(pi / 3, q); c = measure q;",
        turned(PI / 4),
    ),
    "a bool parameter": (
        "def f(bool b, qubit a) { if (b) x a; } qubit[2] q; bit[2] c; f(2 > 1, q[0]);"
        " f(false, q[1]); c = measure q;",
        {"01": 1},
    ),
    "a bit parameter that was measured": (
        "def f(bit b, qubit a) { if (!b) { x a; } } qubit[2] q; bit[2] c; h q[0];"
        " c[0] = measure q[0]; f(c[0], q[1]); c[1] = measure q[1];",
        even("10", "01"),
    ),
    "a parameter changed in a def": (
        "def f(int n, qubit a) { while (n > 0) { rx(pi / 9) a; n -= 1; } } qubit q; bit c;"
        " int n = 1; f(3 * n, q); c = measure q;",
        turned(PI / 3),
    ),
    "a def without arguments": (
        "def f() -> float { return pi / 3; } qubit q; bit c; rx(f()) q; c = measure q;",
        turned(PI / 3),
    ),
    # results
    "a measurement is returned": (
        "def f(qubit a) -> bit { return measure a; } qubit[2] q; bit[2] c; x q[1];"
        " c[0] = f(q[1]); c[1] = f(q[0]);",
        {"01": 1},
    ),
    "the specification's measurement in the x basis": (
        "def xmeasure(qubit q) -> bit { h q; return measure q; } qubit[2] r; bit[2] c; h r;"
        " z r[1]; c[0] = xmeasure(r[0]); c[1] = xmeasure(r[1]);",
        {"10": 1},
    ),
    "the specification's measurement at an angle": (
        "def pmeasure(angle[32] theta, qubit q) -> bit { rz(theta) q; h q; return measure q; }"
        " qubit r; bit c; h r; c = pmeasure(pi / 3, r);",
        phased(PI / 3),
    ),
    "the specification's parity check": (
        "def xcheck(qubit[4] d, qubit a) -> bit { reset a; for int i in [0: 3] cx d[i], a;"
        " return measure a; } qubit[4] q; qubit w; bit k; bit[4] c; x q[1:3]; x w; h q[0];"
        " k = xcheck(q, w); c = measure q;",
        even("1110 1", "1111 0"),
    ),
    "the specification's parity of bits": (
        "const int n = 3; def parity(bit[n] cin) -> bit { bit c; for int i in [0: n - 1]"
        " { c ^= cin[i]; } return c; } qubit[3] q; bit[3] k; bit d; h q[0]; x q[2];"
        " k = measure q; d = parity(k);",
        even("1 100", "0 101"),
    ),
    "the specification's count of ones": (
        "def foo(qubit[4] q) -> int { int r = 0; bit k; for int i in [0 : 3] { k = measure q[i];"
        " r += k; } return r; } qubit[4] q; bit c; x q[0:2]; int i = foo(q);"
        " switch (i) { case 1, 2 { } case 3 { x q[3]; } } c = measure q[3];",
        {"1": 1},
    ),
    "a register is returned": (
        "def f(qubit[2] r) -> bit[2] { return measure r; } qubit[3] q; bit[2] c; x q[2];"
        " c = f(q[1:2]);",
        {"10": 1},
    ),
    "a local register is returned": (
        "def f(qubit[2] r) -> bit[3] { bit[3] k; k[2] = measure r[0]; k[0] = 1; return k; }"
        " qubit[2] q; x q[0]; bit[3] c = f(q);",
        {"101": 1},
    ),
    "local bits of a def are not in the key": (
        "def f(qubit a) { bit k; bit[2] m; k = measure a; if (k) { x a; } } qubit q; bit c; h q;"
        " f(q); c = measure q;",
        {"0": 1},
    ),
    "a result in an expression": (
        "def f(int n) -> int { return n * n; } measure $0;"
        " bit[5] c = bit[5](uint[5](f(2) + 2 * f(3) - f(f(1))));",
        {"10101": 1},
    ),
    "a result as a condition": (
        "def f(qubit a) -> bit { return measure a; } qubit[2] q; bit c; h q[0];"
        " if (f(q[0])) { x q[1]; } else { x q[1]; x q[1]; } c = measure q[1];",
        coin(0.5),
    ),
    "a result in a compound assignment": (
        "def f(qubit a) -> bit { return measure a; } qubit[2] q; bit c = 1; x q[0]; c ^= f(q[0]);"
        " c |= f(q[1]);",
        {"0": 1},
    ),
    "a result as a gate's parameter": (
        "def f(int n) -> float { return n * pi / 3; } qubit q; bit c; rx(f(1)) q; c = measure q;",
        turned(PI / 3),
    ),
    "a result is cast to its type": (
        "def f(float a) -> int { return a * 2; } def g(int n) -> uint[2] { return n; } measure $0;"
        " bit[4] c = bit[4](uint[4](f(1.7) + 4 * int(g(6))));",
        # 3 + 8
        {"1011": 1},
    ),
    "a result that nobody wants": (
        "def f(qubit a) -> bit { x a; return measure a; } qubit q; bit c; f(q); c = measure q;",
        {"1": 1},
    ),
    "an angle is returned": (
        "def f(bit[2] k) -> angle[2] { return angle[2](k); } qubit[2] q; bit[2] c; bit d; x q[1];"
        " h q[0]; c[1] = measure q[1]; p(f(c)) q[0]; h q[0]; d = measure q[0];",
        {"1 10": 1},
    ),
    # returns
    "a return in a branch": (
        "def f(int n) -> int { if (n > 2) { return 1; } return 2; } measure $0;"
        " bit[4] c = bit[4](uint[4](f(3) + 4 * f(2)));",
        {"1001": 1},
    ),
    "a return in a measured branch": (
        "def f(qubit a, qubit b) -> bit { bit k = measure a; if (k) { return 1; } x b; return 0; }"
        " qubit[2] q; bit c; bit d; h q[0]; c = f(q[0], q[1]); d = measure q[1];",
        even("1 0", "0 1"),
    ),
    "returns in both branches": (
        "def f(bit k) -> int { if (k) { return 3; } else { return 5; } } qubit q; bit c; h q;"
        " c = measure q; int n = f(c); bit[3] d = bit[3](uint[3](n));",
        even("101 0", "011 1"),
    ),
    "an empty return": (
        "def f(bit k, qubit a) { if (k) { return; } x a; } qubit[2] q; bit c; bit d; h q[0];"
        " c = measure q[0]; f(c, q[1]); d = measure q[1];",
        even("1 0", "0 1"),
    ),
    "a return in a loop": (
        "def f(qubit[3] r) -> int { for int i in [0:2] { bit k = measure r[i]; if (k)"
        " { return i; } } return 3; } qubit[3] q; h q; int n = f(q);"
        " bit[2] c = bit[2](uint[2](n));",
        {"00": 0.5, "01": 0.25, "10": 0.125, "11": 0.125},
    ),
    "a return in a while in a switch": (
        "def f(int n) -> int { while (true) { switch (n) { case 8 { return n; }"
        " default { n += 3; } } } return 0; } measure $0; bit[4] c = bit[4](uint[4](f(2)));",
        {"1000": 1},
    ),
    "nothing runs after a return": (
        "def f(qubit a) -> bit { x a; return measure a; x a; } qubit q; bit c; bit d; c = f(q);"
        " d = measure q;",
        {"1 1": 1},
    ),
    "end in a def ends the program": (
        "def f(bit k) { if (k) { end; } } qubit q; bit c; bit d; h q; c = measure q; f(c); x q;"
        " d = measure q;",
        even("1 0", "0 1"),
    ),
    # nesting
    "a def calls a def": (
        "def f(float t_, qubit a) { rx(t_) a; } def g(float t_, qubit a) { f(t_ / 2, a);"
        " f(-t_, a); } qubit q; bit c; g(2 * pi / 3, q); c = measure q;",
        turned(PI / 3),
    ),
    "a def calls gates and defs of the same parameters": (
        "gate g(a, b) w { rx(a - b) w; } def f(float b, float a, qubit w) -> bit { g(a, b) w;"
        " return measure w; } def e(float a, float b, qubit w) -> bit { return f(b, a, w); }"
        " qubit q; bit c; c = e(2 * pi, pi, q);",
        {"1": 1},
    ),
    "a def in a loop": (
        "def f(int i, qubit[3] r) { x r[i]; } qubit[3] q; bit[3] c; for int i in [0:2:2]"
        " { f(i, q); } c = measure q;",
        {"101": 1},
    ),
    "a def in a measured branch": (
        "def f(qubit a) { x a; } qubit[2] q; bit[2] c; h q[0]; c[0] = measure q[0];"
        " if (c[0]) { f(q[1]); } c[1] = measure q[1];",
        even("00", "11"),
    ),
    "a constant in a def": (
        "const float third = pi / 3; const int n = 2; def f(qubit[n] r) { rx(third) r[n - 1]; }"
        " qubit[n] q; bit[n] c; f(q); c = measure q;",
        {"00": 0.75, "10": 0.25},
    ),
    "a parameter hides a constant": (
        "const int n = 2; def f(int n) -> int { int k = n; { int n = 5; k += n; } return k + n; }"
        " measure $0; bit[4] c = bit[4](uint[4](f(1) + n));",
        # 1 + 5 + 1 + 2
        {"1001": 1},
    ),
    "local variables start anew in each call": (
        "def f() -> int { int n = 1; n += 1; return n; } measure $0; int a = f(); a += f();"
        " bit[3] c = bit[3](uint[3](a));",
        {"100": 1},
    ),
    "repeat until success in a def": (
        "def f(qubit a) { bit k; while (!k) { reset a; h a; k = measure a; } } qubit[2] q;"
        " bit[2] c; f(q[1]); c = measure q;",
        {"10": 1},
    ),
    "old style parameters": (
        "def f(qreg a, creg k) { if (k) x a; } qreg q; creg c; bit d = 1; f(q, d);"
        " measure q -> c;",
        {"1 1": 1},
    ),
}

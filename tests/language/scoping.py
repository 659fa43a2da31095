"""Which declaration a name means, and for how long."""

from __future__ import annotations

import math

from language import Table, even, turned
from language.loops import counted

PI = math.pi

PROGRAMS: Table = {
    "the specification's shadowing in a block": (
        "measure $0; int[12] ii = 100; { ii *= 2; int ii = 1; ii *= 2; } ii *= 2;"
        " if (true) { int ii = 1; } bit[12] c = bit[12](ii);",
        # 400
        {"000110010000": 1},
    ),
    "the specification's sums over a shadowing loop variable": (
        "measure $0; int ii = 100; uint[8] sum = 0; for uint ii in [1:4] { sum += ii;"
        " if (sum > 10) { float ii = 10.0; sum += uint(ii * 2.0); } else { sum += ii; } }"
        " bit[8] c = bit[8](sum); bit d = ii == 100;",
        # 2, 6, 12, 16 + 20
        {"1 00100100": 1},
    ),
    "a block sees and changes what is outside": (
        counted("uint[4] k = 1; { k += 2; { k *= 3; } n = k; }"),
        {"1001": 1},
    ),
    "a name in a block may have another type": (
        "qubit[2] q; bit[2] c; int a = 1; { float a = pi / 3; rx(a) q[0]; { bool a = true;"
        " if (a) x q[1]; } } if (a == 1) x q[1]; c = measure q;",
        {"00": 0.75, "01": 0.25},
    ),
    "a shadow ends with its block": (
        counted(
            "uint[4] k = 1; if (true) { uint[4] k = 5; n += k; } n += k; { uint[4] k = 2;"
            " n += k; } n += k;"
        ),
        {"1001": 1},
    ),
    "if and else have scopes of their own": (
        counted(
            "for int i in [0:1] { if (i == 0) { uint[4] k = 5; n += k; } else { uint[4] k = 2;"
            " n *= k; } }"
        ),
        {"1010": 1},
    ),
    "a case has a scope of its own": (
        counted(
            "uint[4] k = 1; for int i in [0:2] { switch (i) { case 0 { uint[4] k = 2; n += k; }"
            " case 1 { uint[4] k = 3; n += k; } default { n += k; k = 4; } } } n += k;"
        ),
        # 2 + 3 + 1 + 4
        {"1010": 1},
    ),
    "a local variable starts anew in each turn": (
        counted("for int i in [0:2] { uint[4] k = 1; k += 1; n += k; }"),
        {"0110": 1},
    ),
    "a local variable starts anew in each turn of a while": (
        counted("while (n < 6) { uint[4] k = 1; k *= 3; n += k; }"),
        {"0110": 1},
    ),
    "the loop variable's name is free again": (
        counted(
            "for int i in [0:2] { n += 1; } for uint[4] i in {4} { n += i; } int i = 2;"
            " n += uint[4](i);"
        ),
        {"1001": 1},
    ),
    "the loop variable hides, and then no longer": (
        counted("uint[4] i = 5; for uint[4] i in [1:2] { n += i; } n += i;"),
        {"1000": 1},
    ),
    "a loop variable hides a register": (
        "qubit[2] q; bit[2] c; x q[1]; for int c in [0:1] { if (c == 1) { x q[0]; } }"
        " c = measure q;",
        {"11": 1},
    ),
    "a local bit hides a register": (
        "qubit[2] q; bit[2] c; x q[0]; { bit c = measure q[0]; if (c) { x q[1]; } }"
        " c[1] = measure q[1];",
        {"10": 1},
    ),
    "a local bit of a measured branch hides": (
        "qubit[3] q; bit[2] c; h q[0]; x q[1]; c[0] = measure q[0]; if (c[0]) { bit[2] c;"
        " c[1] = measure q[1]; if (c[1]) { x q[2]; } } c[1] = measure q[2];",
        even("00", "11"),
    ),
    "an alias hides an alias": (
        "qubit[4] q; bit[4] c; let a = q[0:1]; { let a = q[2:3]; x a[0]; } x a[1];"
        " for int i in [0:0] { let a = q[3]; x a; } c = measure q;",
        {"1110": 1},
    ),
    "an alias in a loop": (
        "qubit[4] q; bit[4] c; for int i in [0:2] { let pair = q[i:i + 1]; x pair[0];"
        " cx pair[0], pair[1]; } c = measure q;",
        # 1100 -> q1 flipped to 0: no cx -> q2 becomes 1: cx
        {"1101": 1},
    ),
    "a local constant is a size": (
        "qubit[3] q; bit[3] c; const int n = 1; x q[2]; { const int n = 3; bit[n] k;"
        " k = measure q; c[n - 1] = k[2]; } c[n] = 1;",
        {"110": 1},
    ),
    "a local constant hides a constant": (
        counted("const uint[4] k = 3; { const uint[4] k = 5; n += k; } n += k;"),
        {"1000": 1},
    ),
    "a gate's parameter hides a constant": (
        "const float a = pi; const float b = pi / 3; gate g(a) q { rx(a + b) q; } qubit q; bit c;"
        " g(0) q; c = measure q;",
        turned(PI / 3),
    ),
    "a gate's operand hides a register": (
        "qubit[2] q; bit[2] c; gate g q { x q; } g q[1]; c = measure q;",
        {"10": 1},
    ),
    "a gate keeps the constant it was defined with": (
        "const int n = 1; gate g a { rx(n * pi / 3) a; } qubit q; bit c; { const int n = 3; g q; }"
        " c = measure q;",
        turned(PI / 3),
    ),
    "a variable and a gate's parameter of the same name": (
        "float a = pi; gate g(a) q { rx(a) q; } qubit q; bit c; g(a / 3) q; c = measure q;",
        turned(PI / 3),
    ),
    "a subroutine's variables are its own": (
        "def f(int a) -> int { int b = a + 1; a = 7; return b; } int a = 2; int b = 5; "
        + counted("n += uint[4](f(a)); n += uint[4](a + b);"),
        # 3 + 7
        {"1010": 1},
    ),
    "a subroutine's parameter hides a constant": (
        "const int a = 1; const int b = 2; def f(uint a) -> uint { return a * 4 + b; } "
        + counted("n += uint[4](f(2)); n += uint[4](a);"),
        {"1011": 1},
    ),
    "a subroutine's qubit hides a gate's name": (
        "def f(qubit h) -> bit { U(pi, 0, 0) h; return measure h; } qubit q; bit c; c = f(q);"
        " h q; h q;",
        {"1": 1},
    ),
    "a subroutine uses gates and subroutines from before": (
        "gate g a { x a; } def f(qubit a) { g a; } def e(qubit a) -> bit { f(a); return measure a;"
        " } qubit q; bit c = e(q);",
        {"1": 1},
    ),
    "a box has a scope, and sees what is outside": (
        "qubit[2] q; bit[2] c; int i = 1; let a = q[0]; box { let a = q[1]; x a; } x a; x a;"
        " if (i == 1) { x a; } c = measure q;",
        {"11": 1},
    ),
    "blocks in a measured branch": (
        "qubit q; bit k; h q; k = measure q; uint[4] n = 1; if (k) { { uint[4] n = 9; n += 1; }"
        " n += 1; { n *= 4; } } bit[4] c = bit[4](n);",
        even("0001 0", "1000 1"),
    ),
    "a variable declared in both branches of a measurement": (
        "qubit[2] q; bit k; bit c; h q[0]; k = measure q[0]; if (k) { float f = pi; rx(f) q[1]; }"
        " else { int f = 2; rx(f * pi) q[1]; } c = measure q[1];",
        even("0 0", "1 1"),
    ),
    "the built-in constants may be hidden in a block": (
        "qubit q; bit c; { const float pi = 0.0; rx(pi) q; } rx(pi / 3) q; c = measure q;",
        turned(PI / 3),
    ),
}

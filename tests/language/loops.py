"""for, while, break, continue."""

from __future__ import annotations

import math

from language import Table, coin, even, phased, turned

PI = math.pi


def counted(steps: str, size: int = 4) -> str:
    """What these steps make of an int `n`."""
    return f"measure $0; uint[{size}] n = 0; {steps} bit[{size}] c = bit[{size}](n);"


PROGRAMS: Table = {
    # for
    "for over a range, the variable as an index": (
        "qubit[4] q; bit[4] c; h q[0]; for uint i in [0:2] { cx q[i], q[i + 1]; } c = measure q;",
        even("0000", "1111"),
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
    "for with a step": (
        "qubit[6] q; bit[6] c; for uint i in [0:2:5] { x q[i]; } c = measure q;",
        {"010101": 1},
    ),
    "for downwards with a step": (
        "qubit[6] q; bit[6] c; for int i in [5:-2:0] { x q[i]; } c = measure q;",
        {"101010": 1},
    ),
    "for over a range of one": (
        "qubit[3] q; bit[3] c; for int i in [2:2] { x q[i]; } c = measure q;",
        {"100": 1},
    ),
    "for over empty ranges": (
        "qubit q; bit c; for int i in [3:1] { x q; } for int i in [1:-1:3] { h q; }"
        " c = measure q;",
        {"0": 1},
    ),
    "for over negative numbers": (
        "qubit[4] q; bit[4] c; for int i in [-2:0] { x q[i + 2]; } for int i in {-1, -3} x q[i];"
        " c = measure q;",
        {"1101": 1},
    ),
    "for with one statement": (
        "qubit[3] q; bit[3] c; for int i in [0:1] x q[i]; c = measure q;",
        {"011": 1},
    ),
    "a range runs upwards": (counted("for uint[8] i in [1:3] n = n * 4 + i;", 6), {"011011": 1}),
    "a range with a step of -1 runs downwards": (
        counted("for uint[8] i in [3:-1:1] n = n * 4 + i;", 6),
        {"111001": 1},
    ),
    "a set keeps its order": (
        counted("for uint[8] i in {3, 1, 2, 3} n = n * 4 + i;", 8),
        {"11011011": 1},
    ),
    "a set of expressions": (
        counted("const int k = 2; for int i in {k ** 2, k - 1, 3 % k} { n += i; }"),
        {"0110": 1},
    ),
    "for over floats": (
        "qubit q; bit c; for float f in {0.5, 0.25} { rx(f * pi) q; } rx(-5 * pi / 12) q;"
        " c = measure q;",
        turned(PI / 3),
    ),
    "for over angles": (
        "qubit q; bit c; h q; for angle[8] a in {pi / 2, pi / 4} { p(a) q; } t q; h q;"
        " c = measure q;",
        {"1": 1},
    ),
    "for over the bits of a register, the lowest first": (
        'bit[4] k = "0010"; ' + counted("for bit b in k { n *= 2; if (b) n += 1; }"),
        {"0100 0010": 1},
    ),
    "for over measured bits": (
        "qubit[3] q; bit[3] k; h q[0]; x q[2]; k = measure q; uint[2] n = 0;"
        " for bit b in k { if (b) { n += 1; } } bit[2] c = bit[2](n);",
        even("01 100", "10 101"),
    ),
    "for over an alias of bits": (
        'bit[4] k = "0111"; let a = k[{3, 1, 0}]; '
        + counted("for bit b in a { n *= 2; if (b) n += 1; }"),
        {"0011 0111": 1},
    ),
    "for over a slice of a register": (
        'bit[4] k = "0110"; ' + counted("for bit b in k[2:3] { n *= 2; if (b) n += 1; }"),
        {"0010 0110": 1},
    ),
    "a range between variables": (
        counted("int a = 1; int b = 4; for int i in [a:b - 1] { n += i; a = 9; b = 9; }"),
        {"0110": 1},
    ),
    "a range to what was measured": (
        "qubit[2] q; bit[2] c; qubit r; bit d; h q; c = measure q; for int i in [1:int(c)]"
        " { rx(pi / 3) r; } d = measure r;",
        {
            "0 00": 0.25,
            "0 01": 0.1875,
            "1 01": 0.0625,
            "0 10": 0.0625,
            "1 10": 0.1875,
            "1 11": 0.25,
        },
    ),
    "an assignment to the loop variable does not last": (
        counted("for uint[4] i in [0:3] { n += i; i = 7; }"),
        {"0110": 1},
    ),
    "bits of the loop variable": (
        "qubit[4] q; bit[4] c; for uint[2] i in [0:3] { if (i[1]) { x q[i]; } } c = measure q;",
        {"1100": 1},
    ),
    "a nested range that depends on the outer": (
        "qubit[3] q; bit[3] c; for int i in [0:2] { for int j in [i:2] { x q[j]; } }"
        " c = measure q;",
        {"101": 1},
    ),
    "a nested variable of the same name": (
        counted("for uint[4] i in [1:2] { for uint[4] i in [3:4] { n += 1; } n += i; }"),
        # 4 + 1 + 2
        {"0111": 1},
    ),
    "empty loops": (
        "qubit q; bit c; x q; for int i in [0:3] { } while (false) { } c = measure q;",
        {"1": 1},
    ),
    "a for loop as the last statement": (
        "qubit[2] q; bit[2] c; x q[1]; for int i in [0:1] { c[i] = measure q[i]; }",
        {"10": 1},
    ),
    "a for loop around a branch": (
        "qubit[4] q; bit[4] c; x q[0]; for int i in [0:2] { c[i] = measure q[i];"
        " if (c[i]) { x q[i + 1]; } } c[3] = measure q[3];",
        {"1111": 1},
    ),
    # break and continue
    "break and continue": (
        "qubit[2] q; bit[2] c; for int i in [0:9] { x q[0]; c[0] = measure q[0];"
        " if (c[0]) { continue; } x q[1]; break; } c = measure q;",
        {"10": 1},
    ),
    "break at a constant": (
        counted("for int i in [0:9] { if (i == 3) { break; } n += 1; }"),
        {"0011": 1},
    ),
    "continue at a constant": (
        counted("for uint[4] i in [0:5] { if (i % 2 == 0) continue; n += i; }"),
        {"1001": 1},
    ),
    "break leaves the inner loop only": (
        counted(
            "for int i in [0:2] { for int j in [0:2] { if (j == 1) break; n += 1; } n += 4; }"
        ),
        {"1111": 1},
    ),
    "continue continues the inner loop only": (
        counted("for int i in [0:2] { for int j in [0:2] { if (j == i) continue; n += 1; } }"),
        {"0110": 1},
    ),
    "break in a switch leaves the loop": (
        counted("for int i in [0:5] { switch (i) { case 2 { break; } default { n += 1; } } }"),
        {"0010": 1},
    ),
    "break in a block leaves the loop": (
        counted("for int i in [0:5] { n += 1; { { break; } } n += 8; }"),
        {"0001": 1},
    ),
    "break at a measurement": (
        "qubit q; bit[3] c; bit d; for int i in [0:2] { h q; c[i] = measure q;"
        " if (c[i]) { break; } } reset q; x q; d = measure q;",
        {"1 001": 0.5, "1 010": 0.25, "1 100": 0.125, "1 000": 0.125},
    ),
    "continue at a measurement": (
        "qubit[2] q; qubit[2] r; bit[2] c; bit[2] d; h q; for int i in [0:1] {"
        " c[i] = measure q[i]; if (c[i]) { continue; } x r[i]; } d = measure r;",
        even("11 00", "10 01", "01 10", "00 11"),
    ),
    "break at a measurement, in nested loops": (
        "qubit q; bit[4] c; for int i in [0:1] { for int j in [0:1] { reset q; h q;"
        " c[2 * i + j] = measure q; if (c[2 * i + j]) { break; } } }",
        {
            high + low: p * r
            for high, p in (("01", 0.5), ("10", 0.25), ("00", 0.25))
            for low, r in (("01", 0.5), ("10", 0.25), ("00", 0.25))
        },
    ),
    "break in one branch and continue in the other": (
        "qubit[3] q; bit[3] c; bit d; h q[0]; h q[1]; for int i in [0:2] { c[i] = measure q[i];"
        " if (c[i]) { break; } else { continue; } d = 1; }",
        {"0 000": 0.25, "0 001": 0.5, "0 010": 0.25},
    ),
    "statements after a break in a branch": (
        "qubit[2] q; bit[2] c; bit d; h q; for int i in [0:1] { c[i] = measure q[i];"
        " if (c[i]) { d = 1; break; d = 0; } }",
        {"0 00": 0.25, "1 01": 0.5, "1 10": 0.25},
    ),
    # while
    "while": (
        "qubit q; bit c; h q; c = measure q; while (!c) { h q; c = measure q; }",
        {"1": 1},
    ),
    "while true with break, as the last statement": (
        "qubit q; bit c; while (true) { h q; c = measure q; if (c) { break; } }",
        {"1": 1},
    ),
    "while a bit of a register is not set": (
        "qubit[2] q; bit[2] c; while (!c[0]) { reset q; h q[0]; x q[1]; c = measure q; }",
        {"11": 1},
    ),
    "while a register is zero": (
        "qubit[2] q; bit[2] c; while (c == 0) { reset q; h q; c = measure q; }",
        even("01", "10", "11"),
    ),
    "while with a counter": (
        counted("while (n < 5) { n += 3; }"),
        {"0110": 1},
    ),
    "while with one statement": (counted("n = 9; while (n > 3) n -= 4;"), {"0001": 1}),
    "while that never runs": (
        "qubit q; bit c; int i = 3; while (i < 3) { x q; } c = measure q;",
        {"0": 1},
    ),
    "while with gates and a counter": (
        "qubit q; bit c; int i = 0; while (i < 3) { rx(pi / 9) q; i += 1; } c = measure q;",
        turned(PI / 3),
    ),
    "Collatz' steps from 6": (
        "int k = 6; "
        + counted(
            "while (k != 1) { if (k % 2 == 0) { k /= 2; } else { k = 3 * k + 1; } n += 1; }"
        ),
        {"1000": 1},
    ),
    "Euclid's algorithm": (
        "int a = 48; int b = 18; while (b != 0) { int r = a % b; a = b; b = r; } "
        + counted("n = uint[4](a);"),
        {"0110": 1},
    ),
    "continue in a while goes to its condition": (
        counted("uint[4] i = 0; while (i < 5) { i += 1; if (i == 2) continue; n += i; }"),
        {"1101": 1},
    ),
    "the specification's while: a counter that follows measurements": (
        "qubit q; bit c; int i = 0; while (i < 2) { reset q; h q; c = measure q;"
        " if (c) { i += 1; } }",
        {"1": 1},
    ),
    "at most three attempts": (
        "qubit q; bit c; uint[2] n = 0; while (!c && n < 3) { reset q; h q; c = measure q; n += 1;"
        " } bit[2] d = bit[2](n);",
        {"01 1": 0.5, "10 1": 0.25, "11 1": 0.125, "11 0": 0.125},
    ),
    "a walk of three random steps": (
        "qubit q; bit[3] k; int n = 0; for int i in [0:2] { reset q; h q; k[i] = measure q;"
        ' if (k[i]) { n += 1; } else { n -= 1; } } bit c = n == -1; k = "000";',
        {"0 000": 0.625, "1 000": 0.375},
    ),
    "repeat until success": (
        "qubit a; qubit q; bit done; bit c; h q; while (!done) { reset a; h a; done = measure a;"
        " if (done) { p(pi / 3) q; } } h q; c = measure q;",
        {f"{key} 1": p for key, p in phased(PI / 3).items()},
    ),
    "while in a for, with a break": (
        "qubit q; bit[2] c; for int i in [0:1] { int n = 0; while (true) { reset q; h q;"
        " c[i] = measure q; n += 1; if (c[i] || n == 2) { break; } } }",
        {"11": 0.5625, "01": 0.1875, "10": 0.1875, "00": 0.0625},
    ),
    "a loop variable in a measured condition": (
        "qubit[2] q; bit[2] c; qubit r; bit d; h q; c = measure q; for int i in [0:3]"
        " { if (c == i) { rx(i * pi / 3) r; } } d = measure r;",
        {
            "0 00": 0.25,
            "0 01": 0.1875,
            "1 01": 0.0625,
            "0 10": 0.0625,
            "1 10": 0.1875,
            "1 11": 0.25,
        },
    ),
    "eight random bits": (
        "qubit q; bit c; bit d; for int i in [1:8] { h q; c = measure q; d ^= c; }",
        even("0 0", "0 1", "1 0", "1 1"),
    ),
    "a coin tossed in a while": (
        "qubit q; bit c; int i = 0; while (i < 3) { rx(pi / 3) q; c = measure q; i += 1; }",
        # 1 - 2 P(1) is cos(pi / 3) ** 3
        coin((1 - 0.125) / 2),
    ),
}

OPTIONAL: Table = {
    "a gate's angle from a loop that follows measurements": (
        "qubit[2] q; bit c; bit d; h q[0]; c = measure q[0]; float f = 0; int n = 1; if (c) n = 2;"
        " while (n > 0) { f += pi / 3; n -= 1; } rx(f) q[1]; d = measure q[1];",
        {"0 0": 0.375, "1 0": 0.125, "0 1": 0.125, "1 1": 0.375},
    ),
}

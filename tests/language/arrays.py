"""Arrays: elements, slices, dimensions, in loops and in subroutines."""

from __future__ import annotations

import math

from language import Table, even, phased, turned

PI = math.pi

SUM = (
    "def sum(readonly array[int[8], #dim = 1] a) -> int"
    " { int n = 0; for int i in a { n += i; } return n; } "
)


def valued(setup: str, expression: str, size: int = 8) -> str:
    return f"{setup} measure $0; bit[{size}] c = bit[{size}](uint[{size}]({expression}));"


def value(number: int, size: int = 8) -> dict[str, float]:
    return {format(number % 2**size, f"0{size}b"): 1}


ONE = "array[int[8], 5] a = {10, 1, 2, 3, 4}; "
TWO = "array[int[8], 3, 2] m = {{1, 2}, {3, 4}, {5, 6}}; "

PROGRAMS: Table = {
    "elements by a set": (
        "array[int[8], 3] a = {1, 2, 4}; int[8] k = a[{2, 0}][0] + a[{2, 0}][1]; measure $0;"
        " bit[8] c = bit[8](k);",
        {"00000101": 1},
    ),
    "elements of an array": (valued(ONE, "a[0] * 10 + a[4] - a[2]"), value(102)),
    "negative indices of an array": (valued(ONE, "a[-1] * 10 + a[-5]"), value(50)),
    "an element is assigned": (
        valued(ONE + "a[4] = 7; a[-2] = a[4] + 1;", "a[3] * 10 + a[4]"),
        value(87),
    ),
    "compound assignment of an element": (
        valued(ONE + "a[1] += 5; a[1] *= 3; a[0] -= a[1];", "a[0]"),
        value(-8),
    ),
    "an index in a variable": (
        valued(ONE + "int i = 1; a[i + 1] = 9; i = 2;", "a[i] + a[i - 1]"),
        value(10),
    ),
    "an element wraps at its size": (
        valued("array[uint[4], 2] a = {15, 3}; a[0] += a[1];", "a[0]"),
        value(2),
    ),
    "an element that is a float is cut": (
        valued("array[int[8], 2] a = {2.9, 1}; a[1] = -1.5;", "a[0] * 10 + a[1]"),
        value(19),
    ),
    "an array without values is zero": (
        valued("array[int[8], 3] a; a[1] = 4;", "a[0] + a[1] + a[2]"),
        value(4),
    ),
    "constants as the sizes of an array": (
        valued(
            "const int n = 2; array[int[8], n + 1] a = {1, n, n ** 3};", "a[n] * 10 + a[n - 1]"
        ),
        value(82),
    ),
    "an array of floats": (
        "array[float[64], 2] f = {pi / 3, pi}; qubit[2] q; bit[2] c; rx(f[0]) q[0]; rx(f[1]) q[1];"
        " c = measure q;",
        {"10": 0.75, "11": 0.25},
    ),
    "an array of angles is rounded": (
        "array[angle[3], 2] a = {pi / 3, pi}; qubit q; bit c; rx(a[0] + a[1]) q; rx(pi) q;"
        " c = measure q;",
        turned(PI / 4),
    ),
    "an array of bools": (
        "array[bool, 3] b = {true, false, 3 > 2}; qubit[3] q; bit[3] c; for int i in [0:2]"
        " { if (b[i]) x q[i]; } c = measure q;",
        {"101": 1},
    ),
    "an array of complex numbers": (
        "array[complex[float[64]], 2] a = {1.0 + 2.0im, 3im}; qubit q; bit c;"
        " rx(pi / 3 * (imag(a[1]) - imag(a[0]))) q; c = measure q;",
        turned(PI / 3),
    ),
    # copies and slices
    "an array is copied": (
        valued(ONE + "array[int[8], 5] b = a; a[0] = 1; b[1] = 7;", "b[0] * 10 + a[1]"),
        value(101),
    ),
    "an array is assigned": (
        valued(ONE + "array[int[8], 5] b; b = a; a[0] = 1;", "b[0] + b[3]"),
        value(13),
    ),
    "a slice of an array is copied": (
        valued(ONE + "array[int[8], 2] b = a[2:3]; a[2] = 0;", "b[0] * 10 + b[1]"),
        value(23),
    ),
    "a slice with a step": (
        valued(ONE + "array[int[8], 3] b = a[4:-2:0];", "b[0] * 100 + b[1] * 10 + b[2] - 200"),
        value(230),
    ),
    "a slice is assigned": (
        valued(
            "array[int[8], 2] a = {0, 1}; array[int[8], 3] b = {2, 3, 4}; b[1:2] = a[0:1];",
            "b[0] * 100 + b[1] * 10 + b[2]",
        ),
        value(201),
    ),
    # dimensions
    "elements of a matrix": (valued(TWO, "m[0, 1] * 100 + m[2][0] * 10 + m[-1, -1]"), value(256)),
    "an element of a matrix is assigned": (
        valued(TWO + "m[1, 0] = 9; m[-1][1] += 1;", "m[1, 0] * 10 + m[2, 1]"),
        value(97),
    ),
    "a row of a matrix": (
        valued(TWO + "array[int[8], 2] r = m[1]; m[1, 1] = 0;", "r[0] * 10 + r[1]"),
        value(34),
    ),
    "a row of a matrix is assigned": (
        valued(
            TWO + "array[int[8], 2] r = {7, 8}; m[1] = r; r[0] = 0;",
            "m[1, 0] * 10 + m[1, 1] + m[0, 0]",
        ),
        value(79),
    ),
    "rows are copied between matrices": (
        valued(
            TWO + "array[int[8], 3, 2] w; w[1:2] = m[0:1];",
            "w[0, 0] * 100 + w[1, 1] * 10 + w[2, 0]",
        ),
        value(23),
    ),
    "a column is copied": (
        valued(
            TWO + "array[int[8], 3, 2] w; w[1:2, 0] = m[0:1, 1];",
            "w[0, 0] * 100 + w[1, 0] * 10 + w[2, 0] + w[2, 1]",
        ),
        value(24),
    ),
    "three dimensions": (
        valued(
            "array[int[8], 2, 2, 2] a = {{{1, 2}, {3, 4}}, {{5, 6}, {7, 8}}}; a[1, 0, 1] = 9;",
            "a[0, 1, 1] * 10 + a[1][0][1]",
        ),
        value(49),
    ),
    "sizeof": (
        valued(TWO, "sizeof(m) * 100 + sizeof(m, 1) * 10 + sizeof(m[0]) - 200"),
        value(122),
    ),
    "the bits of an element": (
        valued(
            "array[uint[8], 2] a = {0, 5}; a[0][1] = 1; a[0][4:5] = a[1][1:2]; a[1][0] = 0;",
            "a[0] * 2 + a[1]",
        ),
        # 5 is 101, so bits 1:2 are "10": 2 + 32 = 34
        value(72),
    ),
    # loops
    "for over an array": (
        valued(ONE + "int n = 0; for int i in a { n = 2 * n + i; }", "n"),
        # 10 21 44 91 186
        value(186),
    ),
    "for over an array, the variable is assigned": (
        valued(ONE + "for int[8] i in a { i = 0; }", "a[0]"),
        value(10),
    ),
    "for over a slice of an array": (
        valued(ONE + "int n = 0; for int i in a[1:2:3] { n = 10 * n + i; }", "n"),
        value(13),
    ),
    "for over a row of a matrix": (
        valued(TWO + "int n = 0; for int i in m[1] { n = 10 * n + i; }", "n"),
        value(34),
    ),
    "for over an array of angles": (
        "array[float[64], 3] f = {pi / 4, pi / 2, -5 * pi / 12}; qubit q; bit c;"
        " for float t_ in f { rx(t_) q; } c = measure q;",
        turned(PI / 3),
    ),
    "for over the indices of an array": (
        "array[float, 3] f = {pi / 3, 0, pi}; qubit[3] q; bit[3] c;"
        " for uint i in [0:sizeof(f) - 1] { rx(f[i]) q[i]; } c = measure q;",
        {"100": 0.75, "101": 0.25},
    ),
    "an array filled in a loop": (
        valued(
            "array[int[8], 6] a; a[0] = 1; a[1] = 1; for int i in [2:5]"
            " { a[i] = a[i - 1] + a[i - 2]; }",
            "a[5]",
        ),
        value(8),
    ),
    # measurements
    "elements that were measured": (
        "qubit[2] q; bit[2] c; array[int[8], 2] a; h q[0]; x q[1]; c = measure q;"
        " for int i in [0:1] { a[i] = int(c[i]) + 1; } bit[4] d = bit[4](uint[4](a[0] * a[1]));",
        even("0010 10", "0100 11"),
    ),
    "an element at a measured index": (
        "qubit[2] q; bit[2] k; bit c; array[float, 4] f = {0, pi / 3, pi, 2 * pi / 3}; h q;"
        " k = measure q; reset q; rx(f[int(k)]) q[0]; c = measure q[0];",
        {
            "0 00": 0.25,
            "0 01": 0.1875,
            "1 01": 0.0625,
            "1 10": 0.25,
            "0 11": 0.0625,
            "1 11": 0.1875,
        },
    ),
    "an element at a measured index is assigned": (
        "qubit q; bit k; array[uint[2], 2] a = {1, 2}; h q; k = measure q; a[int(k)] += 1;"
        " bit[2] c = bit[2](a[0]); bit[2] d = bit[2](a[1]);",
        even("10 10 0", "11 01 1"),
    ),
    # subroutines
    "a readonly array in a def": (valued(SUM + ONE, "sum(a)"), value(20)),
    "a slice of an array in a def": (
        valued(SUM + ONE, "sum(a[1:3]) * 10 + sum(a[0:4:4])"),
        value(74),
    ),
    "a row of a matrix in a def": (valued(SUM + TWO, "sum(m[2]) * 10 + sum(m[0])"), value(113)),
    "a mutable array is changed": (
        valued(
            "def f(mutable array[int[8], #dim = 1] r) { r[2] = 9; r[0] += 1; } " + ONE + "f(a);",
            "a[2] * 10 + a[0]",
        ),
        value(101),
    ),
    "a slice of a mutable array is changed": (
        valued(
            "def f(mutable array[int[8], #dim = 1] r) { r[2] = 9; } " + ONE + "f(a[1:3]);",
            "a[3] * 10 + a[2]",
        ),
        value(92),
    ),
    "an array parameter with sizes": (
        valued(
            "def f(readonly array[int[8], 3, 2] r) -> int { return r[2, 1] * 10 + r[0][0]; } "
            + TWO,
            "f(m)",
        ),
        value(61),
    ),
    "sizeof of a parameter": (
        valued(
            "def f(readonly array[int[8], #dim = 2] r) -> int { int n = 0;"
            " for int i in [0:sizeof(r, 0) - 1] { for int j in [0:sizeof(r, 1) - 1]"
            " { n += r[i, j]; } } return 10 * n + int(sizeof(r)); } " + TWO,
            "f(m)",
        ),
        value(213),
    ),
    "an array of angles for a def of gates": (
        "def f(readonly array[float[64], #dim = 1] r, qubit a) { h a; for float g in r { p(g) a; }"
        " h a; } array[float[64], 3] r = {pi / 6, pi / 2, -pi / 3}; qubit q; bit c; f(r, q);"
        " c = measure q;",
        phased(PI / 3),
    ),
    "an array is changed in a measured branch": (
        "def f(mutable array[int[8], #dim = 1] r, bit k) { if (k) { r[0] = 3; } else { r[1] = 5; }"
        " } array[int[8], 2] a = {1, 1}; qubit q; bit k; h q; k = measure q; f(a, k);"
        " bit[4] c = bit[4](uint[4](a[0] * a[1]));",
        even("0101 0", "0011 1"),
    ),
}

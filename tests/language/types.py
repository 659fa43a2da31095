"""Sized ints that wrap, angles that are rounded, casts, bits as bools."""

from __future__ import annotations

import math

from language import Table, coin, even, phased, turned

PI = math.pi
LARGE = math.sin(math.fmod(1e17, 2 * PI) / 2) ** 2


def shown(setup: str, size: int, expression: str) -> str:
    """The bits of an expression of a type of this size, after a setup."""
    return f"{setup} measure $0; bit[{size}] c = bit[{size}]({expression});"


PROGRAMS: Table = {
    # ints
    "uint wraps at its size": (shown("uint[4] u = 13; u += 5;", 4, "u"), {"0010": 1}),
    "uint wraps below zero": (shown("uint[4] u = 2; u -= 5;", 4, "u"), {"1101": 1}),
    "int wraps at its size": (shown("int[4] n = 7; n += 1;", 4, "n"), {"1000": 1}),
    "a wrapped int is negative": (
        "int[4] n = 7; n = n + 2; qubit q; bit c; if (n == -7) { x q; } c = measure q;",
        {"1": 1},
    ),
    "a product wraps": (shown("int[8] a = 20; a *= 20;", 8, "a"), {"10010000": 1}),
    "negative ints are two's complement": (shown("int[5] a = -6;", 5, "a"), {"11010": 1}),
    "an int of one bit": (shown("uint[1] a = 1; a += 1;", 1, "a"), {"0": 1}),
    "an int without a size has 32 bits": (
        "int n = 2147483647; n += 1; qubit q; bit c; if (n < 0) { x q; } c = measure q;",
        {"1": 1},
    ),
    "an uint without a size has 32 bits": (
        "uint n = 4294967295; n += 3; qubit q; bit c; if (n == 2) { x q; } c = measure q;",
        {"1": 1},
    ),
    "64 bits do not wrap at 32": (
        "int[64] n = 4294967296; n *= 4; qubit q; bit c; if (n == 17179869184) { x q; }"
        " c = measure q;",
        {"1": 1},
    ),
    "a cast to a smaller uint keeps the low bits": (
        shown("uint[8] a = 179; uint[4] b = uint[4](a);", 4, "b"),
        {"0011": 1},
    ),
    "int to uint and back keeps the bits": (
        shown("int[6] a = -5; uint[6] b = uint[6](a); bit[6] d = bit[6](b);", 6, "int[6](b)"),
        {"111011 111011": 1},
    ),
    "a wider int keeps the sign": (
        shown("int[4] a = -3; int[8] b = a;", 8, "b"),
        {"11111101": 1},
    ),
    "a wider uint does not": (shown("uint[4] a = 13; uint[8] b = a;", 8, "b"), {"00001101": 1}),
    "a negative int becomes a big uint": (
        shown("int[8] a = -1; uint[8] b = uint[8](a); b /= 2;", 8, "b"),
        {"01111111": 1},
    ),
    "a shift of a negative product": (
        shown("uint[8] a = 200; a <<= 1; a >>= 2;", 8, "a"),
        # 400 - 256 = 144
        {"00100100": 1},
    ),
    "a float assigned to an int is cut": (
        shown("int[8] a = 2.9; int[8] b = -2.9; a += b * 10;", 8, "a"),
        # 2 - 20
        {"11101110": 1},
    ),
    "an int assigned to a float": (
        "float f = 1; f /= 2; qubit q; bit c; rx(f * pi) q; c = measure q;",
        coin(0.5),
    ),
    "an int of an int expression divides before it is stored": (
        shown("int[8] a = 7 / 2 * 2.5;", 8, "a"),
        # 3 * 2.5
        {"00000111": 1},
    ),
    "a constant with a size": (
        "const uint[3] n = 5; qubit[n] q; bit[n] c; x q[n - 1]; c = measure q;",
        {"10000": 1},
    ),
    # bits of numbers
    "the bits of an int": (
        "measure $0; uint[8] a = 0b1001_0110; bit[3] b = a[0:2]; bit[2] d = a[{7, 6}];"
        " bit e = a[4]; bit f = a[-1];",
        {"1 1 01 110": 1},
    ),
    "the specification's even bits": (
        "measure $0; int[32] n = 15; bit[16] c = n[0:2:31]; bit d = n[31];",
        {"0 0000000000000011": 1},
    ),
    "bits of an int are set": (
        shown('uint[8] a = 15; a[4:7] = "1010"; a[0] = 0;', 8, "a"),
        {"10101110": 1},
    ),
    "the top bit of an int is its sign": (
        "int[4] n = 0; n[3] = 1; qubit q; bit c; if (n == -8) { x q; } c = measure q;",
        {"1": 1},
    ),
    "the specification's constant bits": (
        "const uint[8] size = 5; const uint[16] k = 2 * size; const bit b1 = k[1];"
        " const bit[size - 1] b2 = k[0:3]; measure $0; bit c = b1; bit[4] d = b2;",
        {"1010 1": 1},
    ),
    "elements of a constant register": (
        'const bit[3] k = "110"; qubit[3] q; bit[3] c; for int i in [0:2] { if (k[i]) x q[i]; }'
        " c = measure q; const bit[2] m = k[0:1]; bit[2] d = m;",
        {"10 110": 1},
    ),
    "a number becomes bits of the same size": (
        "qubit q; int[4] n = -3; uint[4] u = 9; bit[4] c; bit[4] d = u; c = n; measure q;",
        {"1001 1101": 1},
    ),
    # bits and bools
    "bits and bools are interchangeable": (
        "qubit q; bit a = true; bool b = a; bit c = !b; bool d = c; bit e; if (b && !d) { x q; }"
        " e = measure q;",
        {"1 0 1": 1},
    ),
    "bits of 0 and 1": ("measure $0; bit a = 1; bit b = 0; bit c = 1 == 1;", {"1 0 1": 1}),
    "a bool of a number": (
        "measure $0; int n = 2; bool a = bool(n); bit c = a; float f = 0.5; bit d = bool(f);",
        {"1 1": 1},
    ),
    "a bool counts as 1": (
        shown("bool a = true; int[4] n = 2; n += a; n *= true;", 4, "n"),
        {"0011": 1},
    ),
    "a bool of a comparison of variables": (
        "measure $0; int a = 3; uint[4] b = 4; bit c = a < b; bit d = a + 1 != b;",
        {"0 1": 1},
    ),
    # angles
    "an angle of a large float is what remains of it": (
        "angle[52] a = 1e17; angle b = 1e17; qubit[2] q; bit[2] c; rx(a) q[0]; rx(-b) q[0];"
        " rx(a) q[1]; c = measure q;",
        {"00": 1 - LARGE, "10": LARGE},
    ),
    "angles of the specification": (
        "measure $0; angle[4] a = π; angle[6] b = π / 2; angle[8] d = 7 * (π / 8);"
        " bit[4] e = bit[4](a); bit[6] f = bit[6](b); bit[8] g = bit[8](d);",
        {"01110000 010000 1000": 1},
    ),
    "angle arithmetic of the specification": (
        "measure $0; angle[4] a = 7 * (pi / 8); angle[4] b = pi / 8; angle[4] d = 5 * (pi / 4);"
        " uint[4] two = 2; bit[4] c1 = bit[4](a + b); bit[4] c2 = bit[4](b - a);"
        " bit[4] c3 = bit[4](a / two); bit[4] c4 = bit[4](two * d); bit[4] c5 = bit[4](d / b);"
        " angle[4] e = pi / 4; bit[4] c6 = bit[4](-e); bit[4] c7 = bit[4](d * two);",
        {"0100 1110 1010 0100 0011 1010 1000": 1},
    ),
    "shifts of an angle": (
        "measure $0; angle[4] a = 9 * (pi / 8); bit[4] b = bit[4](a << 2);"
        " bit[4] c = bit[4](a >> 2);",
        {"0010 0100": 1},
    ),
    "bitwise operators of angles": (
        "measure $0; angle[4] a = pi; angle[4] b = 3 * pi / 2; bit[4] c = bit[4](a & b);"
        " bit[4] d = bit[4](a ^ b); bit[4] e = bit[4](~b); angle[4] f = a | (b >> 2);"
        " bit[4] g = bit[4](f);",
        {"1011 0011 0100 1000": 1},
    ),
    "an angle is rounded to its size": (
        "angle[3] a = pi / 3; qubit q; bit c; rx(a) q; c = measure q;",
        # 4 / 3 of a step, so one
        turned(PI / 4),
    ),
    "a tie is rounded to even": (
        "angle[3] a = pi / 8; angle[3] b = 3 * pi / 8; measure $0; bit[3] c = bit[3](a);"
        " bit[3] d = bit[3](b);",
        {"010 000": 1},
    ),
    "the specification's tie": (
        "const float[64] two_pi = 6.283185307179586; float[64] f = two_pi * (127. / 512.);"
        " measure $0; bit[8] c = bit[8](angle[8](f));",
        {"01000000": 1},
    ),
    "almost a whole turn is rounded to none": (
        shown("angle[3] a = 1.99 * pi;", 3, "a"),
        {"000": 1},
    ),
    "an angle wraps": (shown("angle[4] a = 3 * pi / 2; a += a;", 4, "a"), {"1000": 1}),
    "a negative angle is in the upper half": (shown("angle[4] a = -pi / 8;", 4, "a"), {"1111": 1}),
    "an angle under a control is between 0 and two pi": (
        "angle[4] a = -pi / 2; qubit[2] q; bit c; h q[0]; ctrl @ rx(a) q[0], q[1]; h q[0];"
        " c = measure q[0];",
        # 3 pi / 2: cos(3 pi / 4) < 0
        coin((1 + math.sqrt(0.5)) / 2),
    ),
    "an angle without a size wraps and is not rounded": (
        "angle a = 7 * pi / 3; a /= 2; qubit q; bit c; rx(a) q; c = measure q;",
        # pi / 3 / 2, not 7 pi / 6
        turned(PI / 6),
    ),
    "compound assignments of angles": (
        shown(
            "angle[5] a = pi; angle[5] b = pi / 4; uint[5] n = 3; a -= b; a *= n; a /= n; a += b;",
            5,
            "a",
        ),
        # 16, 12, 36 = 4, 1, 5
        {"00101": 1},
    ),
    "the bits of an angle": (
        "angle[4] a = 0.0; a[3] = 1; a[0] = 1; qubit q; bit c; bit d = a[3]; rx(a) q;"
        " rx(-pi / 8) q; c = measure q;",
        {"1 1": 1},
    ),
    "comparisons of angles": (
        "measure $0; angle[4] a = 3 * pi / 2; angle[4] b = pi; bit c = a > b; bit d = a + a > a;"
        " bit e = a + a == b;",
        {"1 0 1": 1},
    ),
    "bool of an angle": (
        "measure $0; angle[2] a = pi / 8; angle[2] b = pi; bit c = bool(a); bit d = bool(b);",
        {"1 0": 1},
    ),
    "an angle of a bit register": (
        'qubit[2] q; bit[3] k = "101"; bit c; h q[0]; p(angle[3](k)) q[0]; p(-pi / 4) q[0];'
        " h q[0]; c = measure q[0];",
        {"1 101": 1},
    ),
    "an angle of measured bits": (
        "qubit[3] q; bit[2] k; bit c; h q; k = measure q[0:1]; angle[2] a = angle[2](k);"
        " p(-a) q[2]; h q[2]; c = measure q[2];",
        {"0 00": 0.25, "0 01": 0.125, "1 01": 0.125, "1 10": 0.25, "0 11": 0.125, "1 11": 0.125},
    ),
    "a wider angle is padded": (
        "measure $0; angle[3] a = pi / 4; angle[6] b = a; bit[6] c = bit[6](b);",
        {"001000": 1},
    ),
    "angles as gate parameters": (
        "angle[8] a = pi / 2; angle b = pi / 3; qubit q; bit c; h q; p(a) q; p(b) q; p(-pi / 2) q;"
        " h q; c = measure q;",
        phased(PI / 3),
    ),
    "a constant angle": (
        "const angle[8] a = 3 * pi / 2; qubit q; bit c; h q; p(a + a) q; h q; c = measure q;",
        {"1": 1},
    ),
    # measured numbers
    "a measured number is wrapped": (
        "qubit[2] q; bit[2] k; x q[0]; h q[1]; k = measure q; uint[2] n = uint[2](k); n += 2;"
        " bit[2] c = bit[2](n);",
        even("11 01", "01 11"),
    ),
    "shifts and bits of a measured number": (
        "qubit[2] q; bit[3] k; h q; k[0:1] = measure q; uint[3] n = uint[3](k); uint[3] m = 5;"
        " n <<= 1; n ^= m; n = ~n; bit[3] c = bit[3](n);",
        even("010 000", "000 001", "110 010", "100 011"),
    ),
    "a measured float is compared": (
        "qubit[2] q; bit[2] k; bit c; h q; k = measure q; float f = 0.5; if (k[0]) f *= 3;"
        " if (k[1]) f -= 1; c = f > 0.5;",
        # 0.5, 1.5, -0.5, 0.5
        even("0 00", "1 01", "0 10", "0 11"),
    ),
    "a quotient and a remainder of a measured number": (
        "qubit[2] q; bit[2] k; h q; k = measure q; int n = int(k) - 3; n = 10 * (n / 2) + n % 2;"
        " bit[5] c = bit[5](int[5](n));",
        # -3, -2, -1, 0
        even("10101 00", "10110 01", "11111 10", "00000 11"),
    ),
    "a measured signed number": (
        "qubit[2] q; bit[2] k; bit c; x q[1]; k = measure q; int[2] n = int[2](k);"
        " reset q; if (n < 0) { x q[0]; } c = measure q[0];",
        {"1 10": 1},
    ),
    "an int of a register is not negative": (
        "qubit[2] q; bit[2] k; bit c; x q; k = measure q; int n = int(k); reset q;"
        " if (n == 3) { x q[0]; } c = measure q[0];",
        {"1 11": 1},
    ),
    "a measured number as an angle": (
        "qubit[3] q; bit[2] k; bit c; x q[0]; h q[1]; k = measure q[0:1];"
        " rx(pi / 3 * int(k)) q[2]; c = measure q[2];",
        # 1 and 3 thirds of a half turn
        {"0 01": 0.375, "1 01": 0.125, "1 11": 0.5},
    ),
}

"""Literals, constants, operators and built-in functions. `measure` alone only collapses: it makes
the program one that measures."""

from __future__ import annotations

import math

from language import Table, coin, turned

PI = math.pi


def number(expression: str, setup: str = "") -> str:
    """The int as the register `c` of eight bits, two's complement."""
    return f"{setup} measure $0; bit[8] c = bit[8](int[8]({expression}));"


def truths(*expressions: str, setup: str = "") -> str:
    """One bit for each, the first at the right."""
    n = len(expressions)
    bits = " ".join(f"c[{i}] = {expression};" for i, expression in enumerate(expressions))
    return f"{setup} measure $0; bit[{n}] c; {bits}"


def angle(expression: str, setup: str = "") -> str:
    """The expression as the angle of a turn."""
    return f"{setup} qubit q; bit c; rx({expression}) q; c = measure q;"


def bits(value: int, size: int = 8) -> dict[str, float]:
    return {format(value % 2**size, f"0{size}b"): 1}


PROGRAMS: Table = {
    "constants": (
        "const int n = 2; const float half_turn = pi / 2; qubit[n] q; bit[n] c;"
        " rx(2 * half_turn) q[n - 1]; c = measure q;",
        {"10": 1},
    ),
    # literals
    "hexadecimal, octal and binary": (number("0x1f + 0X0A + 0o17 + 0b101 + 0B10"), bits(63)),
    "letters of both cases": (number("0xaB - 0xAb + 0xfF - 0Xf0"), bits(15)),
    "underscores in literals": (
        number("1_0 + 0x1_0 + 0b1_0 + 0o1_0 + 100_000 - 99_9_99"),
        bits(37),
    ),
    "a big int is exact": (number("9007199254740993 - 9007199254740992"), bits(1)),
    "floats without digits on one side": (angle("pi * (.25 + 1. - 1)"), turned(PI / 4)),
    "scientific floats": (angle("pi * (1e-1 + 2.5E+1 / 1e2 - .1e0 + 0.0e5)"), turned(PI / 4)),
    "bit strings with underscores": (
        'measure $0; bit[8] c = "0001_0110";',
        {"00010110": 1},
    ),
    "true and false": (truths("true", "false", "!false"), {"101": 1}),
    "the built-in constants": (
        truths(
            "abs_ < 1e-15 && tau > 6.28 && euler > 2.718 && euler < 2.7183",
            setup="const float abs_ = (pi - tau / 2) ** 2;",
        ),
        {"1": 1},
    ),
    "the built-in constants in Unicode": (
        truths("π == pi", "τ == tau", "ℇ == euler", "τ == 2 * π"),
        {"1111": 1},
    ),
    "euler is the base of log": (angle("pi * log(euler ** 2) / 6"), turned(PI / 3)),
    # arithmetic
    "times before plus": (number("2 + 3 * 4 - 6 / 2"), bits(11)),
    "minus and division are left associative": (number("20 - 5 - 3 + 48 / 4 / 2"), bits(18)),
    "times, division and remainder have one precedence": (number("7 * 3 / 2 % 4 * 2"), bits(4)),
    "power is right associative": (number("2 ** 3 ** 0 + 0 * 2 ** 3 ** 2"), bits(2)),
    "power before minus": (number("-2 ** 2"), bits(-4)),
    "power of a negative in parentheses": (number("(-2) ** 3 + (-2) ** 2"), bits(-4)),
    "a power with a negative exponent that is a float": (
        angle("pi * 2.0 ** -2"),
        turned(PI / 4),
    ),
    "a power with a fraction": (angle("pi * 16 ** 0.5 / 8"), turned(PI / 2)),
    "minus before times": (number("-3 * -2 - -1"), bits(7)),
    "two minuses": (number("- -5 + --2"), bits(7)),
    "an int divided by an int discards the fraction": (number("7 / 2 * 2"), bits(6)),
    "a negative quotient is cut towards zero": (number("-7 / 2"), bits(-3)),
    "a negative divisor": (number("7 / -2 * 10 + 7 % -2"), bits(-29)),
    "the remainder has the sign of the dividend": (number("-7 % 3"), bits(-1)),
    "1 / 2 in an angle is 0": (angle("1 / 2 * pi"), {"0": 1}),
    "pi * 1 / 2 is not 0": (angle("pi * 1 / 2"), coin(0.5)),
    "one float makes the division a float": (angle("1 / 2.0 * pi"), coin(0.5)),
    "a constant int is a whole number": (
        angle("k / 2 * pi", "const int k = 3;"),
        {"1": 1},
    ),
    "a constant float keeps its fraction": (
        angle("k / 2 * pi", "const float k = 1;"),
        coin(0.5),
    ),
    "constants of constants": (
        number("c2 * c1", "const int c1 = 5; const int c2 = c1 * 2 - 1;"),
        bits(45),
    ),
    # shifts, bits: of sized ints
    "shift after plus": (
        number("one << two + one", "const uint[8] one = 1; const uint[8] two = 2;"),
        bits(8),
    ),
    "shifts are left associative": (
        number("a >> b << b", "const uint[8] a = 13; const uint[8] b = 2;"),
        bits(12),
    ),
    "and before xor before or": (
        number(
            "a | b ^ c_ & d",
            "const uint[8] a = 8; const uint[8] b = 5; const uint[8] c_ = 3; const uint[8] d = 6;",
        ),
        # 3 & 6 = 2, 5 ^ 2 = 7, 8 | 7
        bits(15),
    ),
    "the complement before and": (
        number("~a & b", "const uint[8] a = 170; const uint[8] b = 252;"),
        bits(84),
    ),
    "shifted off the end": (
        number("(a << b) >> b", "const uint[8] a = 255; const uint[8] b = 5;"),
        bits(7),
    ),
    "equality before and": (
        truths("a & b == b", setup="const bit a = 0; const bit b = 0;"),
        # a & (b == b)
        {"0": 1},
    ),
    # comparisons and logic
    "comparisons of ints": (
        truths("1 < 2", "2 < 2", "2 <= 2", "3 > 2", "2 >= 3", "-1 < 0", "1 == 1", "1 != 1"),
        {"01101101": 1},
    ),
    "comparisons of ints with floats": (
        truths("1 == 1.0", "1 < 1.5", "3 / 2 == 1", "3 / 2.0 == 1.5", "0.5 >= 1"),
        {"01111": 1},
    ),
    "comparison before equality": (
        truths("1 < 2 == true", "1 < 2 == 3 < 4", "true == 2 < 1"),
        {"011": 1},
    ),
    "a chain of comparisons is no interval": (truths("3 > 2 > 1", "1 < 3 < 2"), {"10": 1}),
    "and before or": (
        truths("true || true && false", "(true || true) && false", "false && true || true"),
        {"101": 1},
    ),
    "not before and": (truths("!false && false", "!(false && false)"), {"10": 1}),
    "not before equality": (truths("!0 == 2", "!2 == 0"), {"10": 1}),
    "not of numbers": (truths("!0", "!3", "!!7"), {"101": 1}),
    # functions
    "sin, cos and tan": (
        angle("pi / 3 * (sin(pi / 2) + cos(pi) + tan(pi / 4))"),
        turned(PI / 3),
    ),
    "arcsin, arccos and arctan": (
        angle("arcsin(0.5) + arccos(0.5) - arctan(1) * 2 + arccos(-1) / 3"),
        # pi / 6 + pi / 3 - pi / 2 + pi / 3
        turned(PI / 3),
    ),
    "exp, log and sqrt": (angle("sqrt(4) * log(exp(pi / 6))"), turned(PI / 3)),
    "ceiling and floor": (
        number(
            "int(ceiling(2.1)) * 100 + int(floor(2.9)) * 10 + int(floor(-0.5))"
            " - int(ceiling(-1.5)) - 200"
        ),
        # 300 + 20 - 1 + 1 - 200
        bits(120),
    ),
    "mod of ints and of floats": (
        angle("pi / 3 * (mod(7, 4) - 2) + mod(5.5, 2.0) - 1.5"),
        turned(PI / 3),
    ),
    "popcount": (
        number(
            "popcount(a) * 10 + popcount(b)", 'const bit[8] a = "1011_0001"; const uint[6] b = 37;'
        ),
        bits(43),
    ),
    "rotl and rotr of the specification's examples": (
        'measure $0; const bit[8] b1 = "0010_1010"; bit[8] a = rotl(b1, 3);'
        ' const bit[8] d = "10001111"; bit[8] b = rotl(d, 2); uint[6] u = 37;'
        " bit[6] c = bit[6](rotl(u, 3));",
        {"101100 00111110 01010001": 1},
    ),
    "rotr is rotl backwards": (
        'measure $0; const bit[5] k = "10010"; bit[5] a = rotr(k, 2); bit[5] b = rotl(k, -2);'
        " bit[5] c = rotr(k, 7);",
        {"10100 10100 10100": 1},
    ),
    # casts
    "casts discard the fraction towards zero": (
        number("int(2.9) * 10 + int(-2.9)"),
        bits(18),
    ),
    "a cast before the division": (angle("float(1) / 2 * pi"), coin(0.5)),
    "a cast of the quotient": (angle("float(1 / 2) * pi"), {"0": 1}),
    "casts to bool": (truths("bool(0)", "bool(2)", "bool(0.0)", "bool(0.5)"), {"1010": 1}),
    "casts of bools": (number("int(true) + int(false) + int(3 > 2) * 4"), bits(5)),
    "bools count as 0 and 1": (number("(2 > 1) + (3 > 1)"), bits(2)),
    # variables take the same values
    "arithmetic of variables": (
        number("a / b * 10 + a % b", "int a = -7; int b = 2;"),
        bits(-31),
    ),
    "a power of variables": (number("-a ** b", "int a = 2; int b = 3;"), bits(-8)),
    "compound assignments": (
        number("a", "int a = 7; a += 3; a *= 2; a -= 6; a /= 4; a **= 4; a %= 50; a /= -4;"),
        # 10 20 14 3 81 31 -7
        bits(-7),
    ),
    "compound assignments of bits": (
        number(
            "a",
            "uint[8] a = 12; uint[8] b = 10; uint[8] m = 255;"
            " a &= b; a <<= 2; a |= b; a ^= m; a >>= 1;",
        ),
        # 8 32 42 213 106
        bits(106),
    ),
    "an assignment evaluates its right side as a whole": (
        number("a", "int a = 7; a -= 2 - 1; a *= 1 + 1;"),
        bits(12),
    ),
    "compound assignments of floats": (
        angle("a", "float a = pi; a /= 2; a += pi; a *= 2; a -= 8 * pi / 3; a **= 1;"),
        turned(PI / 3),
    ),
    "complex exp and sqrt": (
        angle(
            "pi / 3 * (imag(sqrt(a)) / imag(b) + real(exp(pi * 1im)) + 1)",
            "const complex a = -4.0 + 0im; const complex b = 2im;",
        ),
        turned(PI / 3),
    ),
    "a constant bool": (
        "const bool b = 3 > 2; const bit k = !b; qubit[2] q; bit[2] c; if (b) x q[0];"
        " if (k) x q[1]; c = measure q;",
        {"01": 1},
    ),
    "complex numbers, their parts": (
        angle(
            "pi / 3 * (real(a) + imag(a) - 4)",
            "const complex[float[64]] a = (1.0 + 2.0im) * (2 - 1 im) - 2im;",
        ),
        # (4 + 3i) - 2i
        turned(PI / 3),
    ),
}

OPTIONAL: Table = {
    "shifts and bits of literals": (number("1 << 3 | 6 & 3 ^ 1"), bits(11)),
    "shifts of a constant without a size": (
        "const int n = 1; qubit[n << 1] q; bit[n << 1] c; x q[n]; c = measure q;",
        {"10": 1},
    ),
    "functions of variables": (
        angle("x_ + arccos(y_) + sqrt(z_)", "float x_ = sin(0); float y_ = 0.5; float z_ = 0;"),
        turned(PI / 3),
    ),
    "complex quotient and power": (
        angle(
            "pi / 3 * (imag(a / b) + real(b ** 2) + 1)",
            "complex[float] a = 2.0 + 2.0im; complex b = 1.0 + 1.0im; a *= 1im; b = b;",
        ),
        # 2i (1 + i) / (1 + i) = 2i; (1 + i) ** 2 = 2i
        turned(PI),
    ),
}

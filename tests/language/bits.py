"""Bit registers as values: literals, slices on both sides, operators, comparisons, casts."""

from __future__ import annotations

from language import Table, even

PROGRAMS: Table = {
    # literals and assignment
    "a bit string is written most significant first": (
        'qubit q; bit[3] k = "001"; bit c; if (k[0]) { x q; } c = measure q;',
        {"1 001": 1},
    ),
    "a bit string is assigned": (
        'measure $0; bit[4] c; c = "1010"; c[0] = 1;',
        {"1011": 1},
    ),
    "a register is copied, not aliased": (
        'measure $0; bit[2] a = "01"; bit[2] b = a; a[1] = 1; b[0] = 0;',
        {"00 11": 1},
    ),
    "a measured register is copied": (
        "qubit[2] q; bit[2] a; bit[2] b; h q[0]; x q[1]; a = measure q; b = a; reset q;"
        " a = measure q;",
        even("10 00", "11 00"),
    ),
    "a string of one bit": ('measure $0; bit[1] c = "1"; bit[1] d; d[0] = c[0];', {"1 1": 1}),
    # slices
    "a slice on the left": (
        'measure $0; bit[6] c = "000000"; c[1:3] = "101"; c[-1] = 1;',
        {"101010": 1},
    ),
    "a slice with a step on the left": (
        'measure $0; bit[6] c; c[0:2:5] = "110";',
        # c[0] = 0, c[2] = 1, c[4] = 1
        {"010100": 1},
    ),
    "an index set on the left": (
        'measure $0; bit[4] c; c[{3, 0}] = "01";',
        # c[3] is the low bit of the string
        {"1000": 1},
    ),
    "a slice on the right": (
        'measure $0; bit[6] a = "110010"; bit[3] b = a[2:4]; bit[2] c = a[{5, 0}];',
        # a[2..4] = 0, 0, 1; a[5], a[0] = 1, 0
        {"01 100 110010": 1},
    ),
    "a slice downwards reverses": (
        'measure $0; bit[4] a = "0010"; bit[4] b = a[3:-1:0];',
        {"0100 0010": 1},
    ),
    "a negative slice": ('measure $0; bit[4] a = "0111"; bit[2] b = a[-2:-1];', {"01 0111": 1}),
    "an alias on the left": (
        'measure $0; bit[4] c; let high = c[2:3]; high = "10"; high[0] = 1;',
        {"1100": 1},
    ),
    "an alias of two registers on the left": (
        'measure $0; bit[2] a; bit[2] b; let ab = a ++ b; ab[1:2] = "11";',
        {"01 10": 1},
    ),
    "an alias sees what changes": (
        'measure $0; bit[4] c = "0101"; let odd = c[{1, 3}]; c[3] = 1; bit[2] d = odd;',
        {"10 1101": 1},
    ),
    # operators
    "bitwise operators": (
        'measure $0; bit[4] a = "1100"; bit[4] b = "1010"; bit[4] c = a & b; bit[4] d = a | b;'
        " bit[4] e = a ^ b; bit[4] f = ~a;",
        {"0011 0110 1110 1000 1010 1100": 1},
    ),
    "the specification's shifts": (
        'measure $0; bit[8] a = "10001111"; bit[8] b = a << 1; bit[8] c = rotl(a, 2);'
        " bit[8] d = a >> 3;",
        {"00010001 00111110 00011110 10001111": 1},
    ),
    "compound assignments of registers": (
        'measure $0; bit[4] c = "0110"; bit[4] k = "0011"; c ^= k; c <<= 1; c |= k; c &= c;'
        " c >>= 2;",
        # 0101 1010 1011 0010
        {"0011 0010": 1},
    ),
    "compound assignments of a slice": (
        'measure $0; bit[4] c = "0110"; c[1:2] ^= "01"; c[3] |= true;',
        {"1100": 1},
    ),
    "operators of single bits": (
        "qubit q; bit a = 1; bit b = 0; bit c = a & ~b; bit d = a ^ a | b; bit e = !(a & b);"
        " measure q;",
        {"1 0 1 0 1": 1},
    ),
    "popcount and rotations of a register": (
        'qubit q; bit[5] a = "10110"; bit c; bit[5] d = rotr(a, 1);'
        " if (popcount(a) == 3) { x q; } c = measure q;",
        {"01011 1 10110": 1},
    ),
    # comparisons
    "a register compared with a number": (
        "qubit[2] q; bit[2] c; bit d; x q[1]; c = measure q; if (c == 2) { x q[0]; }"
        " if (c != 2) { x q[0]; } if (c == 4) { x q[0]; } d = measure q[0];",
        {"1 10": 1},
    ),
    "a slice compared with a number": (
        "qubit[4] q; bit[4] c; x q[1]; c = measure q; if (c[0:1] == 2) { x q[3]; } c = measure q;",
        {"1010": 1},
    ),
    "a register never equals a number that does not fit": (
        "qubit[2] q; bit[2] c; bit d; h q; c = measure q; reset q[0];"
        " if (c == 4 || c == -1 || c > 3 || c < 0) { x q[0]; } d = measure q[0];",
        even("0 00", "0 01", "0 10", "0 11"),
    ),
    "order comparisons of a register": (
        "qubit[2] q; bit[2] c; qubit[3] r; bit[3] d; h q; c = measure q; if (c < 2) { x r[0]; }"
        " if (c >= 1) { x r[1]; } if (3 > c) { x r[2]; } d = measure r;",
        even("101 00", "111 01", "110 10", "010 11"),
    ),
    "a register compared with a bit string": (
        'qubit[2] q; bit[2] c; bit d; h q; c = measure q; reset q; if (c == "10") { x q[0]; }'
        " d = measure q[0];",
        even("0 00", "0 01", "1 10", "0 11"),
    ),
    "a register compared with a register": (
        "qubit[4] q; bit[2] a; bit[2] b; bit d; h q[0]; x q[1]; h q[2]; a = measure q[0:1];"
        " b = measure q[{1, 2}]; reset q; if (a == b) { x q[0]; } d = measure q[0];",
        # a = 1x, b = y1
        even("0 01 10", "0 11 10", "0 01 11", "1 11 11"),
    ),
    "a slice compared with a slice": (
        "qubit[4] q; bit[4] c; bit d; h q[0]; h q[2]; c = measure q;"
        " if (c[0:1] == c[2:3]) { d = 1; }",
        even("1 0000", "0 0001", "0 0100", "1 0101"),
    ),
    "the complement of a register has its size": (
        "qubit[2] q; bit[2] c; bit d; h q[0]; c = measure q; if (~c == 3) { d = 1; }",
        even("1 00", "0 01"),
    ),
    # casts
    "int of a register": (
        "qubit[3] q; bit[3] c; bit d; h q[0]; x q[2]; c = measure q; int n = int(c);"
        " if (n * 2 == 10) { d = 1; }",
        even("0 100", "1 101"),
    ),
    "uint of the register's size": (
        "qubit[3] q; bit[3] c; bit[3] d; h q[0]; x q[2]; c = measure q; uint[3] n = uint[3](c);"
        " n += 4; d = bit[3](n);",
        even("000 100", "001 101"),
    ),
    "int of a slice": (
        "qubit[4] q; bit[4] c; bit d; x q[1]; x q[3]; c = measure q;"
        " if (int(c[1:3]) == 5) { d = 1; }",
        {"1 1010": 1},
    ),
    "bool of a register": (
        "qubit[2] q; bit[2] c; bit d; h q; c = measure q; d = bool(c);",
        even("0 00", "1 01", "1 10", "1 11"),
    ),
    "arithmetic of measured bits": (
        "qubit[3] q; bit[3] c; h q; c = measure q; bit d; bit e; int n = 0; n += int(c[0]);"
        " n += int(c[1]); n += int(c[2]); d = n == 2; e = n % 2 == 1;",
        even(
            "0 0 000", "1 0 001", "1 0 010", "0 1 011", "1 0 100", "0 1 101", "0 1 110", "1 0 111"
        ),
    ),
    "parity of measured bits": (
        "qubit[3] q; bit[3] c; bit d; h q[0]; h q[2]; c = measure q; d = c[0] ^ c[1] ^ c[2];",
        even("0 000", "1 001", "1 100", "0 101"),
    ),
    "a measured register in a bitwise operation": (
        'qubit[3] q; bit[3] c; bit[3] m = "011"; bit[3] d; h q; c = measure q; d = c & ~m;',
        even(
            "000 011 000",
            "000 011 001",
            "000 011 010",
            "000 011 011",
            "100 011 100",
            "100 011 101",
            "100 011 110",
            "100 011 111",
        ),
    ),
    "a measured register is shifted": (
        "qubit[3] q; bit[3] c; h q[0]; x q[2]; c = measure q; c = c >> 1; c[0] ^= 1;",
        even("011"),
    ),
    "popcount and rotation of measured bits": (
        "qubit[3] q; bit[3] c; bit d; h q[0]; x q[1]; c = measure q; if (popcount(c) == 2)"
        " { d = 1; } bit[3] e = rotl(c, 2);",
        even("001 0 010", "101 1 011"),
    ),
    "a bit is toggled by what was measured": (
        "qubit q; bit c; bit d = 1; h q; c = measure q; d ^= c;",
        even("1 0", "0 1"),
    ),
}

OPTIONAL: Table = {
    "a register assigned from a concatenation's alias": (
        'measure $0; bit[2] a = "01"; bit[1] b = "1"; let ab = a ++ b; bit[3] c = ab;',
        {"101 1 01": 1},
    ),
    "a set bit at a measured index": (
        'qubit q; bit k; bit[4] c = "1010"; h q; k = measure q; int i = int(k) + 1; c[i] ^= 1;',
        even("1000 0", "1110 1"),
    ),
}

"""In which order things are done, and which are not done at all."""

from __future__ import annotations

import math

from language import Table, even

FLIP = "def f(qubit a) -> bit { x a; bit m = measure a; return m; } "
ENDING = "def f(qubit a) -> bit { bit m = measure a; if (m) end; return 0; } "
TOSSED = "qubit[2] q; bit[2] c; h q; c = measure q; "


def first(angle: float) -> float:
    """The probability of 1 after a rotation about x."""
    return math.sin(angle / 2) ** 2


PROGRAMS: Table = {
    "&& makes no call that cannot matter": (
        f"{FLIP}qubit[2] q; bit[2] c; h q[0]; c[0] = measure q[0]; bit o; "
        "if (c[0] && f(q[1])) o = 1; c[1] = measure q[1];",
        even("0 00", "1 11"),
    ),
    "|| makes no call that cannot matter": (
        f"{FLIP}qubit[2] q; bit[2] c; h q[0]; c[0] = measure q[0]; bit o; o = c[0] || f(q[1]); "
        "c[1] = measure q[1];",
        even("1 01", "1 10"),
    ),
    "&& of an integer that is 0": (
        f"{FLIP}qubit[2] q; bit[2] c; bit o; int n = 0; if (n && f(q[1])) o = 1; "
        "c[1] = measure q[1];",
        {"0 00": 1},
    ),
    "an end in a subroutine stops the assignment": (
        f"{ENDING}qubit q; bit c; h q; c = 1; c = f(q);",
        even("0", "1"),
    ),
    "an end in a subroutine stops the else": (
        f"{ENDING}qubit q; bit c; h q; if (f(q)) {{ }} else {{ c = 1; }}",
        even("0", "1"),
    ),
    "an end in a subroutine stops the second call": (
        f"{ENDING}qubit[2] q; bit[2] c; h q[0]; x q[1]; bit o; o = f(q[0]) ^ f(q[1]); c[0] = 1;",
        {"0 00": 1},
    ),
    "a call in the arguments of a call of the same": (
        "def f(bit a, bit b) -> bit { return a & !b; } "
        f"{TOSSED}bit o; o = f(c[0], f(c[1], c[0]));",
        even("0 00", "0 10", "1 01", "1 11"),
    ),
    "a measured index in a loop's condition": (
        'qubit q; bit c; bit[2] d = "01"; bit[2] o; uint[2] n = 0; h q; c = measure q; '
        "uint[1] k = 0; if (c) k = 1; while (d[k] && n < 2) { k = 1; n += 1; } o = bit[2](n);",
        even("01 01 0", "00 01 1"),
    ),
    "a loop's condition that changes an array": (
        "def f(mutable array[int[4], #dim = 1] a, qubit b) -> bit "
        "{ a[0] += 1; reset b; h b; bit m = measure b; return m; } "
        "qubit q; bit[3] c; array[int[4], 1] a; while (f(a, q)) { if (a[0] == 3) break; } "
        "c[0] = a[0] == 1; c[1] = a[0] == 2; c[2] = a[0] == 3;",
        {"001": 0.5, "010": 0.25, "100": 0.25},
    ),
    "a call to the left of an index": (
        f"{FLIP}def g(qubit b) -> uint[1] {{ h b; bit m = measure b; return uint[1](m); }} "
        "qubit q; bit[2] o; bit[2] d; o[0] = f(q) ^ d[g(q)]; d[0] = measure q;",
        even("00 01", "01 01"),
    ),
    "an output that is declared behind the end": (
        "qubit q; output bit c; h q; c = measure q; end; output bit d;",
        even("0 0", "0 1"),
    ),
    "a register whose size is declared behind the end": (
        "qubit q; bit c; h q; c = measure q; end; const int n = 2; bit[n] d;",
        even("00 0", "00 1"),
    ),
    "a declaration with a measured index": (
        f"{TOSSED}bit b = c[int(c[0])];",
        even("0 00", "0 01", "0 10", "1 11"),
    ),
    "a guard by && excludes an index": (
        f'{TOSSED}bit[3] d = "101"; bit o; int i = c; if (i < 3 && d[i]) o = 1;',
        even("1 101 00", "0 101 01", "1 101 10", "0 101 11"),
    ),
    "a guard around it excludes an index": (
        f'{TOSSED}bit[3] d = "101"; bit o; int i = c; if (i < 3) {{ o = d[i]; }}',
        even("1 101 00", "0 101 01", "1 101 10", "0 101 11"),
    ),
    "a guard excludes a qubit": (
        "qubit[3] q; bit[2] c; bit[3] e; h q[0:1]; c = measure q[0:1]; int i = c; "
        "if (i < 3) { x q[i]; } e = measure q;",
        even("001 00", "011 01", "110 10", "011 11"),
    ),
    "a guard excludes a division by zero": (
        f"{TOSSED}bit o; uint[2] d = uint[2](c); if (d != 0) {{ o = (6 / d == 3); }}",
        even("0 00", "0 01", "1 10", "0 11"),
    ),
    "&& excludes a division by zero": (
        f"{TOSSED}bit o; uint[2] d = uint[2](c); o = d != 0 && 6 / d == 3;",
        even("0 00", "0 01", "1 10", "0 11"),
    ),
    "two measured qubits that differ by one": (
        "qubit[3] q; bit c; h q[0]; c = measure q[0]; int i = 0; if (c) i = 1; x q[i]; "
        "cx q[i], q[i + 1]; bit[3] o; o = measure q;",
        even("011 0", "111 1"),
    ),
    "a qubit chosen by how many bits are set": (
        "qubit[4] q; bit[3] c; bit[4] e; h q[0:2]; c = measure q[0:2]; uint[2] n = 0; "
        "for int i in [0:2] { if (c[i]) n += 1; } x q[n]; e = measure q;",
        even(
            *("0001 000", "0011 001", "0000 010", "0111 011"),
            *("0110 100", "0001 101", "0010 110", "1111 111"),
        ),
    ),
    "a float counted in a loop that measurements bound": (
        f"{TOSSED}bit o; int n = int(c); float s2 = 0; while (n > 0) {{ s2 += 0.1; n -= 1; }} "
        "o = s2 > 0.15;",
        even("0 00", "0 01", "1 10", "1 11"),
    ),
    "an angle that grows from turn to turn": (
        "qubit q; bit c = 1; int i = 0; bit o; while (c && i < 2) "
        "{ i += 1; rx(i * 0.7) q; c = measure q; reset q; } o = i == 2;",
        {
            "0 0": 1 - first(0.7),
            "1 0": first(0.7) * (1 - first(1.4)),
            "1 1": first(0.7) * first(1.4),
        },
    ),
    "a register compared with a negative number of its size": (
        'bit[4] c = "1111"; qubit q; int[4] k = -1; bit o = c == k; measure q;',
        {"1 1111": 1},
    ),
    "a register of a thousand bits as a condition": (
        "bit[1000] c; qubit q; bit o; c[5] = measure q; if (c == 0) o = 1;",
        {f"1 {'0' * 1000}": 1},
    ),
}

"""if, else, switch, end."""

from __future__ import annotations

from language import Table, even

DEAL = "qubit[2] q; bit[2] c; qubit[2] r; bit[2] d; h q; c = measure q; "
SHOW = " d = measure r;"
# a branch over a deal of 00, 01, 10, 11 that leaves these numbers in `d`


def dealt(*shown: str) -> dict[str, float]:
    return even(*(f"{d} {c}" for d, c in zip(shown, ("00", "01", "10", "11"), strict=True)))


PROGRAMS: Table = {
    "if and else": (
        "qubit[2] q; bit[2] c; h q[0]; c[0] = measure q[0];"
        " if (c[0] == true) { x q[1]; } else { id q[1]; } c[1] = measure q[1];",
        even("00", "11"),
    ),
    "if as the last statement": (
        "qubit q; bit c; bit d; h q; c = measure q; if (c) { x q; d = measure q; }",
        even("0 0", "0 1"),
    ),
    "conditions with not, and, or": (
        "qubit[3] q; bit[3] c; x q[0]; c = measure q; if (c[0] && !c[1]) { x q[1]; }"
        " if (!c[0] || c[2]) { x q[2]; } c = measure q;",
        {"011": 1},
    ),
    "single statements without braces": (
        DEAL + "if (c[0]) x r[0]; else x r[1];" + SHOW,
        dealt("10", "01", "10", "01"),
    ),
    "else if": (
        DEAL
        + "if (c == 0) x r[0]; else if (c == 1) x r[1]; else if (c == 2) x r; else id r[0];"
        + SHOW,
        dealt("01", "10", "11", "00"),
    ),
    "else if with blocks": (
        DEAL + "if (c[0]) { x r[0]; } else if (c[1]) { x r[1]; } else { x r[0]; x r[1]; }" + SHOW,
        dealt("11", "01", "10", "01"),
    ),
    "an else belongs to the nearest if": (
        DEAL + "if (c[0]) if (c[1]) x r[0]; else x r[1];" + SHOW,
        dealt("00", "10", "00", "01"),
    ),
    "empty branches": (
        DEAL
        + "if (c[0]) { } else { x r[0]; } if (c[1]) { x r[1]; } else { } if (c == 3) { }"
        + SHOW,
        dealt("01", "00", "11", "10"),
    ),
    "nested conditions": (
        DEAL
        + "if (c[0]) { if (c[1]) { x r[0]; } else { x r[1]; } } else { if (!c[1]) { x r; } }"
        + SHOW,
        dealt("11", "10", "00", "01"),
    ),
    "not of a bit, in three ways": (
        DEAL + "if (!c[0]) x r[0]; if (~c[1]) x r[1]; if (c[0] == false) x r[0];"
        " if (c[0] != 1) x r[0];" + SHOW,
        dealt("11", "10", "01", "00"),
    ),
    "not of a register is: all 0": (
        DEAL + "if (!c) x r[0]; if (c) x r[1];" + SHOW,
        dealt("01", "10", "10", "10"),
    ),
    "the complement of a register as a condition is: not all 1": (
        DEAL + "if (~c) x r[0]; if (bool(c)) x r[1];" + SHOW,
        dealt("01", "11", "11", "10"),
    ),
    "and, or, xor of bits": (
        DEAL
        + "if (c[0] && c[1]) x r[0]; if (c[0] || c[1]) x r[1]; if (c[0] ^ c[1]) x r[0];"
        + SHOW,
        dealt("00", "11", "11", "11"),
    ),
    "bitwise and logical operators mixed": (
        DEAL + "if (c[0] & ~c[1] || !c[0] & c[1]) x r[0]; if (!(c[0] | c[1])) x r[1];" + SHOW,
        dealt("10", "01", "01", "00"),
    ),
    "bits compared with bits": (
        DEAL + "if (c[0] == c[1]) x r[0]; if (c[0] != c[1]) x r[1]; if (c[0] < c[1]) x r;" + SHOW,
        dealt("01", "10", "01", "01"),
    ),
    "a condition is evaluated before its branch changes it": (
        DEAL + "if (c[0]) { c[0] = 0; x r[0]; } if (c[0]) { x r[1]; }" + SHOW,
        # c[0] is cleared in the key, too
        {"00 00": 0.25, "01 00": 0.25, "00 10": 0.25, "01 10": 0.25},
    ),
    "a condition on a bit that was never set": (
        "qubit q; bit k; bit c; if (k) { x q; } c = measure q;",
        {"0 0": 1},
    ),
    "a condition on an int that follows a measurement": (
        DEAL + "int n = 1; if (c[0]) n += 2; if (c[1]) n *= 3; if (n == 9) x r[0];"
        " if (n == 3) x r[1];" + SHOW,
        # 1, 3, 3, 9
        dealt("00", "10", "10", "01"),
    ),
    "a bool that follows a measurement": (
        DEAL
        + "bool b = c[0]; b = b == c[1]; if (b) x r[0]; bool d_ = !b && c[0]; if (d_) x r[1];"
        + SHOW,
        dealt("01", "10", "00", "01"),
    ),
    "constant conditions": (
        "const int n = 3; qubit[2] q; bit[2] c; if (n > 2) { x q[0]; } else { x q[1]; }"
        " if (n == 2 || false) { x q[1]; } c = measure q;",
        {"01": 1},
    ),
    "a condition on a variable that is known": (
        "int n = 3; n -= 2; qubit[2] q; bit[2] c; if (n == 1) x q[0]; if (n != 1) x q[1];"
        " c = measure q;",
        {"01": 1},
    ),
    "a measurement in a branch": (
        "qubit[2] q; bit[2] c; h q; c[0] = measure q[0]; if (c[0]) { c[1] = measure q[1]; }",
        {"00": 0.5, "01": 0.25, "11": 0.25},
    ),
    "a reset in a branch": (
        "qubit[2] q; bit c; bit d; h q[0]; x q[1]; c = measure q[0]; if (c) { reset q[1]; }"
        " d = measure q[1];",
        even("1 0", "0 1"),
    ),
    "phases in branches": (
        "qubit[2] q; bit[2] c; h q; c[0] = measure q[0]; if (c[0]) { z q[1]; } h q[1];"
        " c[1] = measure q[1];",
        even("00", "11"),
    ),
    "a controlled gate in a branch": (
        DEAL + "x r[0]; if (c == 3) { cx r[0], r[1]; ctrl @ x r[1], r[0]; }" + SHOW,
        dealt("01", "01", "01", "10"),
    ),
    # switch
    "switch": (
        "qubit[2] q; bit[2] c; bit[2] d; x q[1]; c = measure q;"
        " switch (c) { case 0 { x q; } case 1, 2 { x q[0]; } default { x q[1]; } }"
        " d = measure q;",
        {"11 10": 1},
    ),
    "switch on a register, four cases": (
        DEAL
        + "switch (c) { case 0 { x r; } case 1 { x r[0]; } case 2 { x r[1]; } case 3 { } }"
        + SHOW,
        dealt("11", "01", "10", "00"),
    ),
    "switch without a match and without a default": (
        DEAL + "switch (c) { case 1 { x r[0]; } case 7, 3 { x r[1]; } }" + SHOW,
        dealt("00", "01", "00", "10"),
    ),
    "switch on an int of a register": (
        DEAL
        + "switch (int(c)) { case 0b00 { x r[0]; } case 0b11 { x r[1]; } default { x r; } }"
        + SHOW,
        dealt("01", "11", "11", "10"),
    ),
    "switch with negative and constant cases": (
        "const int a = -1; const int b = 1; " + DEAL + "int n = int(c) - 2; "
        "switch (n) { case a - 1 { x r; } case -1 { x r[0]; } case b { x r[1]; } default { } }"
        + SHOW,
        dealt("11", "01", "00", "10"),
    ),
    "switch in a switch": (
        DEAL + "switch (int(c[0])) { case 1 { switch (int(c[1])) { case 0 { x r[0]; }"
        " case 1 { x r[1]; } } } default { x r; } }" + SHOW,
        dealt("11", "01", "11", "10"),
    ),
    "switch on a known int": (
        "int n = 15; qubit q; bit c; switch (n) { case 1, 3, 5 { x q; } case 14 + 1 { h q; x q;"
        " h q; x q; } default { x q; } } c = measure q;",
        {"1": 1},
    ),
    "switch with only a default": (
        "qubit q; bit c; bit d; h q; c = measure q; switch (int(c)) { case 5 { }"
        " default { x q; } } d = measure q;",
        even("1 0", "0 1"),
    ),
    "the value of a switch is taken once": (
        DEAL
        + "int n = int(c); switch (n) { case 0 { n = 1; x r[0]; } case 1 { x r[1]; } }"
        + SHOW,
        dealt("01", "10", "00", "00"),
    ),
    # end
    "end": ("qubit q; bit c; c = measure q; end; x q; c = measure q;", {"0": 1}),
    "end in a branch": (
        "qubit[2] q; bit c; bit d; h q[0]; x q[1]; c = measure q[0]; if (c) { end; }"
        " d = measure q[1];",
        even("1 0", "0 1"),
    ),
    "end in an else": (
        "qubit[2] q; bit c; bit d; h q[0]; x q[1]; c = measure q[0]; if (c) { } else { end; }"
        " d = measure q[1];",
        even("0 0", "1 1"),
    ),
    "end in a loop in a branch": (
        "qubit[4] q; bit[4] c; h q; for int i in [0:3] { c[i] = measure q[i];"
        " if (c[i]) { if (i > 0) { end; } } }",
        # the first 1 after c[0] is the last bit that is measured
        {
            "0010": 0.25,
            "0011": 0.25,
            "0100": 0.125,
            "0101": 0.125,
            "1000": 0.0625,
            "1001": 0.0625,
            "0000": 0.0625,
            "0001": 0.0625,
        },
    ),
    "end in a switch": (
        DEAL + "switch (c) { case 0, 3 { end; } default { x r; } }" + SHOW,
        dealt("00", "11", "11", "00"),
    ),
    "a measurement that is never reached counts zeros": (
        "qubit q; bit[2] c; x q; if (c[0]) { c[1] = measure q; }",
        {"00": 1},
    ),
    "end before anything": ("qubit q; bit c; x q; end; c = measure q;", {"0": 1}),
}

"""measure and reset, and what one does with the outcomes."""

from __future__ import annotations

import math

from language import Table, coin, even

PI = math.pi
NEAR, FAR = math.cos(PI / 8) ** 2 / 2, math.sin(PI / 8) ** 2 / 2

TURNED = math.cos(0.15 * PI) ** 2 / 4  # h to the power -0.3 on |+>, for one half of the shots

PROGRAMS: Table = {
    # into numbers
    "measured into a uint": (
        "qubit[3] q; uint[3] k; x q[0]; x q[2]; k = measure q; k += 1; bit[3] c = bit[3](k);",
        {"110": 1},
    ),
    "measured into a negative int": (
        "qubit[3] q; int[3] k; x q; k = measure q; bit c; if (k == -1) { c = true; }",
        {"1": 1},
    ),
    "measured into an int without a size": (
        "qubit[3] q; int k; x q[1]; measure q -> k; bit[4] c; if (k == 2) { c[3] = true; }",
        {"1000": 1},
    ),
    "measured into an angle": (
        "qubit[3] q; qubit aim; angle[3] k; x q[1]; measure q -> k; rx(2 * k) aim;"
        " bit c; c = measure aim;",
        {"1": 1},
    ),
    "a single qubit measured into an angle of one bit": (
        "qubit q; qubit aim; angle[1] k; x q; k = measure q; rx(k) aim; bit c; c = measure aim;",
        {"1": 1},
    ),
    "measured into bits of a uint": (
        "qubit[2] q; uint[4] k = 8; h q[0]; k[0] = measure q[0]; measure q -> k[1:2];"
        " bit[4] c = bit[4](k);",
        {"1000": 0.5, "1011": 0.5},
    ),
    "measured into an element of an array": (
        "qubit[3] q; array[uint[3], 2] a; x q[2]; a[1] = measure q; a[0][1] = measure q[2];"
        " bit[3] c = bit[3](a[0]); bit[3] d = bit[3](a[1]);",
        {"100 010": 1},
    ),
    "a random number decides": (
        "qubit[2] q; qubit aim; uint[2] k; h q; k = measure q; if (k > 2) { x aim; }"
        " bit c = measure aim;",
        coin(0.25),
    ),
    "iterative phase estimation": (
        "const int n = 3; qubit q; qubit r; angle[n] c = 0; x q; for int i in [0:n - 1] { c >>= 1;"
        " reset r; h r; ctrl @ pow(2 ** (n - 1 - i)) @ p(2 * pi * 5 / 8) r, q; inv @ p(c) r; h r;"
        " measure r -> c[n - 1]; } bit[n] out = bit[n](c);",
        {"101": 1},
    ),
    "a power of a gate between two measurements": (
        "qubit[2] q; bit[2] c; h q; c[0] = measure q[0]; pow(-0.3) @ ch q[0], q[1];"
        " c[1] = measure q[1];",
        {"00": 0.25, "10": 0.25, "01": 0.5 - TURNED, "11": TURNED},
    ),
    "a power of a gate between two measurements, among others": (
        "qubit[3] q; bit[2] c; h q; c[0] = measure q[0]; pow(-0.3) @ ch q[0], q[1]; x q[2];"
        " ccx q[0], q[1], q[2]; c[1] = measure q[1];",
        {"00": 0.25, "10": 0.25, "01": 0.5 - TURNED, "11": TURNED},
    ),
    "the last measurement into a bit counts": (
        "qubit[2] q; bit c; x q[0]; c = measure q[0]; c = measure q[1];",
        {"0": 1},
    ),
    "old style measurement": ("qreg q[2]; creg c[2]; x q[1]; measure q -> c;", {"10": 1}),
    "declaration with measurement": ("qubit q; x q; bit c = measure q;", {"1": 1}),
    "reset": ("qubit q; bit c; x q; reset q; c = measure q;", {"0": 1}),
    "mid-circuit measurement collapses": (
        "qubit q; bit[2] c; h q; c[0] = measure q; c[1] = measure q;",
        even("00", "11"),
    ),
    # targets
    "a register is declared with its measurement": (
        "qubit[3] q; x q[2]; bit[2] c = measure q[1:2];",
        {"10": 1},
    ),
    "bits in exchanged order": (
        "qubit[2] q; bit[2] c; x q[0]; c[{1, 0}] = measure q;",
        {"10": 1},
    ),
    "measured backwards": ("qubit[3] q; bit[3] c; x q[0]; c[2:-1:0] = measure q;", {"100": 1}),
    "a slice into a slice": (
        "qubit[4] q; bit[4] c; x q[0]; c[2:3] = measure q[0:1];",
        {"0100": 1},
    ),
    "the arrow into a slice": (
        "qubit[4] q; bit[4] c; x q[0]; measure q[0:1] -> c[1:2]; measure q[0] -> c[3];",
        {"1010": 1},
    ),
    "negative indices on both sides": (
        "qubit[3] q; bit[3] c; x q[1]; c[-1] = measure q[-2]; c[-3] = measure q[-3];",
        {"100": 1},
    ),
    "through aliases on both sides": (
        "qubit[4] q; bit[4] c; let odd = q[1:2:3]; let high = c[2:3]; x q[3]; high = measure odd;",
        {"1000": 1},
    ),
    "a register of one": ("qubit[1] q; bit[1] c; x q; c = measure q;", {"1": 1}),
    "one qubit into many bits": (
        "qubit q; bit a; bit[2] b; h q; a = measure q; b[1] = measure q; x q; b[0] = measure q;",
        even("01 0", "10 1"),
    ),
    "a bit is measured into, then assigned": (
        "qubit q; bit c; bit d; x q; c = measure q; d = c; c = 0;",
        {"1 0": 1},
    ),
    "a measurement without a target collapses": (
        "qubit q; bit c; h q; measure q; h q; c = measure q;",
        coin(0.5),
    ),
    "a measurement of a register without a target": (
        "qubit[2] q; bit[2] c; h q; measure q; h q; c = measure q;",
        even("00", "01", "10", "11"),
    ),
    "a measurement without a target that changes nothing": (
        "qubit[2] q; bit[2] c; bit d; x q[1]; measure q[1]; c = measure q;",
        {"0 10": 1},
    ),
    "every gate after a measurement sees the collapsed qubit": (
        "qubit q; bit[2] c; ry(pi / 3) q; c[0] = measure q; ry(pi / 3) q; c[1] = measure q;",
        {"00": 0.5625, "10": 0.1875, "11": 0.1875, "01": 0.0625},
    ),
    "measured, flipped, measured": (
        "qubit q; bit[2] c; h q; c[0] = measure q; x q; c[1] = measure q;",
        even("10", "01"),
    ),
    # reset
    "reset of a register": (
        "qubit[3] q; bit[3] c; x q; reset q[0:1]; c = measure q;",
        {"100": 1},
    ),
    "reset of an alias": (
        "qubit[3] q; bit[3] c; x q; let ends = q[{0, 2}]; reset ends; c = measure q;",
        {"010": 1},
    ),
    "reset of half a pair leaves the other half mixed": (
        "qubit[2] q; bit[2] c; h q[0]; cx q[0], q[1]; reset q[0]; h q[1]; c = measure q;",
        even("00", "10"),
    ),
    "reset is no flip": (
        "qubit[2] q; bit[2] c; reset q; h q[0]; reset q[0]; x q[1]; reset q[1]; x q[1];"
        " c = measure q;",
        {"10": 1},
    ),
    "reset between measurements": (
        "qubit q; bit[3] c; h q; c[0] = measure q; reset q; c[1] = measure q; x q; reset q; x q;"
        " c[2] = measure q;",
        even("100", "101"),
    ),
    # deferred
    "a branch on a measurement is a controlled gate": (
        "qubit[3] q; bit[3] c; ry(pi / 3) q[0]; cx q[0], q[1]; c[0] = measure q[0];"
        " if (c[0]) { x q[2]; } c[1] = measure q[1]; c[2] = measure q[2];",
        {"000": 0.75, "111": 0.25},
    ),
    "a branch cannot restore what a measurement took": (
        "qubit[2] q; bit[2] c; h q[0]; cx q[0], q[1]; c[1] = measure q[1]; if (c[1]) { z q[0]; }"
        " h q[0]; c[0] = measure q[0];",
        even("00", "01", "10", "11"),
    ),
    "a measurement in the other basis and a correction restore it": (
        "qubit[2] q; bit[2] c; h q[0]; cx q[0], q[1]; h q[1]; c[1] = measure q[1];"
        " if (c[1]) { z q[0]; } h q[0]; c[0] = measure q[0];",
        even("00", "10"),
    ),
    # protocols
    "teleportation": (
        "qubit[3] q; bit a; bit b; bit r; ry(2 * pi / 3) q[0]; h q[1]; cx q[1], q[2];"
        " cx q[0], q[1]; h q[0]; a = measure q[0]; b = measure q[1]; if (b) { x q[2]; }"
        " if (a) { z q[2]; } ry(-2 * pi / 3) q[2]; r = measure q[2];",
        even("0 0 0", "0 0 1", "0 1 0", "0 1 1"),
    ),
    "teleportation of a phase, with a register": (
        "qubit[3] q; bit[2] m; bit c; h q[0]; p(pi / 3) q[0]; h q[1]; cx q[1], q[2];"
        " cx q[0], q[1]; h q[0]; m = measure q[0:1]; switch (int(m)) { case 1 { z q[2]; }"
        " case 2 { x q[2]; } case 3 { x q[2]; z q[2]; } } h q[2]; c = measure q[2];",
        {f"{c} {m}": p / 4 for c, p in coin(0.25).items() for m in ("00", "01", "10", "11")},
    ),
    "entanglement swapping": (
        "qubit[4] q; bit[2] m; bit[2] c; h q[0]; cx q[0], q[1]; h q[2]; cx q[2], q[3];"
        " cx q[1], q[2]; h q[1]; m = measure q[1:2]; if (m[1]) { x q[3]; } if (m[0]) { z q[3]; }"
        " cx q[0], q[3]; h q[0]; c[0] = measure q[0]; c[1] = measure q[3];",
        even("00 00", "00 01", "00 10", "00 11"),
    ),
    "dense coding of two random bits": (
        "qubit[2] r; qubit[2] q; bit[2] sent; bit[2] got; h r; sent = measure r; h q[0];"
        " cx q[0], q[1]; if (sent[0]) { z q[0]; } if (sent[1]) { x q[0]; } cx q[0], q[1]; h q[0];"
        " got = measure q;",
        even("00 00", "01 01", "10 10", "11 11"),
    ),
    "iterative phase estimation with corrections in branches": (
        "qubit a; qubit w; bit[3] c; x w; h a; ctrl @ pow(4) @ p(3 * pi / 4) a, w; h a;"
        " c[0] = measure a; reset a; h a; ctrl @ pow(2) @ p(3 * pi / 4) a, w;"
        " if (c[0]) { p(-pi / 2) a; } h a; c[1] = measure a; reset a; h a;"
        " ctrl @ p(3 * pi / 4) a, w; if (c[0]) { p(-pi / 4) a; } if (c[1]) { p(-pi / 2) a; } h a;"
        " c[2] = measure a;",
        {"011": 1},
    ),
    "iterative phase estimation with an angle that follows the bits": (
        "qubit a; qubit w; bit[3] c; float f = 0; x w; for int k in [0:2] { reset a; h a;"
        " ctrl @ pow(2 ** (2 - k)) @ p(3 * pi / 2 / 2) a, w; p(-f) a; h a; c[k] = measure a;"
        " f /= 2; if (c[k]) { f += pi / 2; } }",
        {"011": 1},
    ),
    "iterative phase estimation between two values": (
        "qubit a; qubit w; bit[2] c; angle[4] f = 0.0; x w; for int k in [0:1] { reset a; h a;"
        " for int i in [1:2 ** (1 - k)] { cp(pi / 4) a, w; } p(-f) a; h a; c[k] = measure a;"
        " if (c[k]) { f = pi / 2; } }",
        # 1/8 of a turn: a fair first bit, then pi / 4 or pi / 4 - pi / 2
        {"00": NEAR, "10": FAR, "01": NEAR, "11": FAR},
    ),
    "the bit-flip code corrects any flip": (
        "qubit[3] q; qubit[2] s_; qubit[2] e; bit[2] k; bit[2] m; bit c; ry(2 * pi / 3) q[0];"
        " cx q[0], q[1:2]; h e; k = measure e; if (k != 0) { if (k == 1) { x q[0]; }"
        " else if (k == 2) { x q[1]; } else { x q[2]; } } cx q[0], s_[0]; cx q[1], s_[0];"
        " cx q[1], s_[1]; cx q[2], s_[1]; m = measure s_; if (m == 1) { x q[0]; }"
        " if (m == 3) { x q[1]; } if (m == 2) { x q[2]; } cx q[0], q[1:2]; ry(-2 * pi / 3) q[0];"
        " c = measure q[0];",
        even("0 00 00", "0 01 01", "0 11 10", "0 10 11"),
    ),
    "the phase-flip code corrects a flip": (
        "qubit[3] q; qubit[2] a; bit[2] m; bit c; ry(2 * pi / 3) q[0]; cx q[0], q[1:2]; h q;"
        " z q[1]; h q; for int i in [0:1] { cx q[i], a[i]; cx q[i + 1], a[i]; } m = measure a;"
        " switch (m) { case 1 { x q[0]; } case 3 { x q[1]; } case 2 { x q[2]; } }"
        " cx q[0], q[1:2]; c = measure q[0];",
        {"0 11": 0.25, "1 11": 0.75},
    ),
    "a chain of qubits made one by measurements": (
        "qubit[3] q; bit m; bit[2] c; h q[0]; h q[2]; cx q[0], q[1]; cx q[2], q[1];"
        " m = measure q[1]; if (m) { x q[2]; } c[0] = measure q[0]; c[1] = measure q[2];",
        even("00 0", "11 0", "00 1", "11 1"),
    ),
    # states and algorithms
    "three entangled qubits in the x basis": (
        "qubit[3] q; bit[3] c; h q[0]; cx q[0], q[1:2]; h q; c = measure q;",
        even("000", "011", "101", "110"),
    ),
    "correlations at an angle": (
        "qubit[2] q; bit[2] c; h q[0]; cx q[0], q[1]; ry(-pi / 4) q[1]; c = measure q;",
        {"00": NEAR, "11": NEAR, "01": FAR, "10": FAR},
    ),
    "a single excitation over three qubits": (
        "qubit[3] q; bit[3] c; ry(2 * arccos(1 / sqrt(3))) q[0]; ch q[0], q[1]; cx q[1], q[2];"
        " cx q[0], q[1]; x q[0]; c = measure q;",
        # cos = 1 / sqrt 3 on 0
        even("001", "010", "100"),
    ),
    "a hidden string is found": (
        'qubit[3] q; qubit a; bit[3] c; const bit[3] k = "110"; x a; h a; h q;'
        " for int i in [0:2] { if (k[i]) { cx q[i], a; } } h q; c = measure q;",
        {"110": 1},
    ),
    "a search among eight": (
        "qubit[3] q; bit[3] c; h q; negctrl @ ctrl(2) @ gphase(pi) q[0], q[1], q[2]; h q;"
        " negctrl(3) @ gphase(pi) q[0], q[1], q[2]; h q; c = measure q;",
        {format(k, "03b"): 25 / 32 if k == 6 else 1 / 32 for k in range(8)},
    ),
    "phase estimation with an inverse Fourier transform": (
        "gate qft3 a, b, d { h d; cp(pi / 2) b, d; cp(pi / 4) a, d; h b; cp(pi / 2) a, b; h a;"
        " swap a, d; } qubit[3] q; qubit w; bit[3] c; x w; h q; for int i in [0:2]"
        " { ctrl @ pow(2 ** i) @ p(3 * pi / 4) q[i], w; } inv @ qft3 q[0], q[1], q[2];"
        " c = measure q;",
        {"011": 1},
    ),
    "a random number is doubled": (
        "qubit[2] q; bit[2] k; qubit[3] r; bit[3] c; h q; k = measure q; uint[3] n = 0;"
        " n += int(k); n *= 2; for int i in [0:2] { if (n[i]) { x r[i]; } } c = measure r;",
        even("000 00", "010 01", "100 10", "110 11"),
    ),
}

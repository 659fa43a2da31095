"""Each gate of the standard library: what it does to populations, and its phase under a control.

The Hadamard test: with a control between two Hadamards, P(1) = (1 - Re <w|G|w>) / 2; with `sdg`
before the second, P(1) = (1 - Im <w|G|w>) / 2; with `s`, P(1) = (1 + Im <w|G|w>) / 2.
"""

from __future__ import annotations

import math

from language import Table, coin, even, phased, turned

PI, COS, SIN = math.pi, math.cos, math.sin


def probe(gate: str, prepare: str = "", after: str = "") -> str:
    """The Hadamard test of a gate on one qubit `w`, which is not measured."""
    return (
        f"qubit k; qubit w; bit c; {prepare} h k; ctrl @ {gate} k, w; {after} h k; c = measure k;"
    )


def kicked(gate: str, prepare: str = "", after: str = "") -> str:
    """The same for a gate that has a control `k` of its own."""
    return f"qubit k; qubit w; bit c; {prepare} h k; {gate} k, w; {after} h k; c = measure k;"


PROGRAMS: Table = {
    # populations
    "x flips": ("qubit q; bit c; x q; c = measure q;", {"1": 1}),
    "y flips": ("qubit q; bit c; y q; c = measure q;", {"1": 1}),
    "id leaves alone": ("qubit q; bit c; h q; id q; h q; c = measure q;", {"0": 1}),
    "h is even": ("qubit q; bit c; h q; c = measure q;", coin(0.5)),
    "h of 1 has a minus": ("qubit q; bit c; x q; h q; z q; h q; c = measure q;", {"0": 1}),
    "z is a phase of pi": ("qubit q; bit c; h q; z q; h q; c = measure q;", {"1": 1}),
    "s is a phase of pi / 2": ("qubit q; bit c; h q; s q; h q; c = measure q;", coin(0.5)),
    "s and sdg differ in sign": (
        "qubit[2] q; bit[2] c; h q; s q[0]; sdg q[1]; p(pi / 2) q; h q; c = measure q;",
        {"01": 1},
    ),
    "t is a phase of pi / 4": ("qubit q; bit c; h q; t q; h q; c = measure q;", phased(PI / 4)),
    "t and tdg differ in sign": (
        "qubit[2] q; bit[2] c; h q; t q[0]; tdg q[1]; p(3 * pi / 4) q[0]; p(pi / 4) q[1]; h q;"
        " c = measure q;",
        {"01": 1},
    ),
    "sx twice is x": ("qubit q; bit c; sx q; sx q; c = measure q;", {"1": 1}),
    "sx turns like rx, not like ry": (
        "qubit[2] q; bit[2] c; sx q; rx(pi / 2) q[0]; ry(pi / 2) q[1]; c = measure q;",
        even("01", "11"),
    ),
    "rotation": ("qubit q; bit c; rx(pi / 3) q; c = measure q;", {"0": 0.75, "1": 0.25}),
    "ry and then h tells the sign": (
        "qubit[2] q; bit[2] c; ry(pi / 2) q[0]; ry(-pi / 2) q[1]; h q; c = measure q;",
        {"10": 1},
    ),
    "rx and then s and h tells the sign": (
        "qubit[2] q; bit[2] c; rx(pi / 2) q[0]; rx(-pi / 2) q[1]; s q; h q; c = measure q;",
        {"10": 1},
    ),
    "rz turns the phase by its whole angle": (
        "qubit q; bit c; h q; rz(2 * pi / 3) q; h q; c = measure q;",
        coin(0.75),
    ),
    "p turns the phase by its whole angle": (
        "qubit q; bit c; h q; p(pi / 3) q; h q; c = measure q;",
        coin(0.25),
    ),
    "phase and u1 are p": (
        "qubit q; bit c; h q; phase(pi / 3) q; u1(pi / 5) q; p(-8 * pi / 15) q; z q; h q;"
        " c = measure q;",
        {"1": 1},
    ),
    "u2 is even and takes phi first": (
        "qubit[2] q; bit[2] c; u2(0, pi) q[0]; u2(pi, 0) q[1]; h q; c = measure q;",
        {"10": 1},
    ),
    "u2 with its lambda on the 1": (
        "qubit q; bit c; h q; u2(0, pi / 3) q; c = measure q;",
        # (|0> + |1>) -> amplitude of 0 is (1 - e^{i pi/3}) / 2
        {"0": 0.25, "1": 0.75},
    ),
    "u3 turns by theta": ("qubit q; bit c; u3(pi / 3, 1, 2) q; c = measure q;", turned(PI / 3)),
    "u3 has phi on the left and lambda on the right": (
        "qubit[2] q; bit[2] c; u3(pi / 2, pi, 0) q[0]; u3(pi / 2, 0, pi) q[1]; h q;"
        " c = measure q;",
        {"01": 1},
    ),
    "U has phi on the left and lambda on the right": (
        "qubit[2] q; bit[2] c; U(pi / 2, pi, 0) q[0]; U(pi / 2, 0, pi) q[1]; h q; c = measure q;",
        {"01": 1},
    ),
    "builtin U and gphase": (
        "qubit[2] q; bit[2] c; U(pi, 0, pi) q[0]; gphase(0.7); c = measure q;",
        {"01": 1},
    ),
    "cx flips if the first is 1": (
        "qubit[3] q; bit[3] c; x q[0]; cx q[0], q[1]; cx q[2], q[0]; c = measure q;",
        {"011": 1},
    ),
    "CX is cx": (
        "qubit[3] q; bit[3] c; x q[0]; CX q[0], q[1]; CX q[2], q[0]; c = measure q;",
        {"011": 1},
    ),
    "swap swaps": ("qubit[2] q; bit[2] c; x q[0]; swap q[0], q[1]; c = measure q;", {"10": 1}),
    "ccx needs both": (
        "qubit[5] q; bit[2] c; x q[0:1]; ccx q[0], q[1], q[3]; ccx q[1], q[2], q[4];"
        " c = measure q[3:4];",
        {"01": 1},
    ),
    "cswap is controlled by its first": (
        "qubit[6] q; bit[6] c; x q[0]; x q[1]; x q[4]; cswap q[0], q[1], q[2];"
        " cswap q[3], q[4], q[5]; c = measure q;",
        {"010101": 1},
    ),
    "crx turns the target": (
        "qubit[2] q; bit[2] c; x q[0]; crx(pi / 3) q[0], q[1]; c = measure q;",
        {"01": 0.75, "11": 0.25},
    ),
    "cry turns the target": (
        "qubit[2] q; bit[2] c; x q[0]; cry(pi / 2) q[0], q[1]; h q[1]; c = measure q;",
        {"01": 1},
    ),
    "ch acts if the first is 1": (
        "qubit[2] q; bit[2] c; h q[0]; ch q[0], q[1]; c = measure q;",
        {"00": 0.5, "01": 0.25, "11": 0.25},
    ),
    # phases under a control
    "controlled x is no rotation": (probe("x", "h w;"), {"0": 1}),
    "controlled y has no phase of its own": (probe("y", "h w; s w;"), {"0": 1}),
    "controlled z": (probe("z", "x w;"), {"1": 1}),
    "controlled id": (probe("id"), {"0": 1}),
    "controlled h has determinant -1": (probe("h"), coin((1 - math.sqrt(0.5)) / 2)),
    "controlled s": (probe("s", "x w;", "sdg k;"), {"0": 1}),
    "controlled sdg": (probe("sdg", "x w;", "s k;"), {"0": 1}),
    "controlled t": (probe("t", "x w;", "t k; s k;"), {"1": 1}),
    "controlled tdg": (probe("tdg", "x w;", "t k;"), {"0": 1}),
    # <0|sx|0> = (1 + i) / 2
    "controlled sx, real part": (probe("sx"), coin(0.25)),
    "controlled sx, imaginary part": (probe("sx", "", "sdg k;"), coin(0.25)),
    "controlled sx on its eigenstate": (probe("sx", "x w; h w;", "sdg k;"), {"0": 1}),
    "controlled rx of a whole turn is -1": (probe("rx(2 * pi)"), {"1": 1}),
    "controlled ry of a whole turn is -1": (probe("ry(tau)"), {"1": 1}),
    "controlled rz of a whole turn is -1": (probe("rz(2 * pi)"), {"1": 1}),
    "controlled rx of two whole turns is 1": (probe("rx(4 * pi)"), {"0": 1}),
    "controlled rx": (probe("rx(2 * pi / 3)"), coin(0.25)),
    "controlled rz has half its angle on 0": (probe("rz(2 * pi / 3)"), coin(0.25)),
    "controlled rz on 1 has the other sign": (
        probe("rz(pi / 3)", "x w;", "sdg k;"),
        coin((1 - SIN(PI / 6)) / 2),
    ),
    "controlled p does nothing to 0": (probe("p(2)"), {"0": 1}),
    "controlled p, phase and u1 on 1": (
        "qubit[2] q; bit c; x q[1]; h q[0]; ctrl @ p(pi / 2) q[0], q[1];"
        " ctrl @ phase(pi / 3) q[0], q[1]; ctrl @ u1(pi / 6) q[0], q[1]; h q[0];"
        " c = measure q[0];",
        {"1": 1},
    ),
    # <0|U|0> = (1 + e^{i theta}) / 2
    "controlled U has the phase of half its theta": (probe("U(pi / 2, 0, 0)"), coin(0.25)),
    "controlled U, imaginary part": (probe("U(pi / 2, 0, 0)", "", "sdg k;"), coin(0.25)),
    "controlled U is periodic in theta": (probe("U(2 * pi, 0, 0)"), {"0": 1}),
    "controlled U has phi and lambda on the 1": (
        probe("U(0, pi / 3, pi / 6)", "x w;", "sdg k;"),
        {"0": 1},
    ),
    "controlled u3 of a whole turn is -1": (probe("u3(2 * pi, 0, 0)"), {"1": 1}),
    # <0|u3|0> = e^{-i (phi + lambda) / 2} cos(theta / 2)
    "controlled u3 has minus half of phi and lambda on 0": (
        probe("u3(pi / 3, pi / 3, pi / 3)"),
        coin((1 - COS(PI / 3) * COS(PI / 6)) / 2),
    ),
    "controlled u3, imaginary part": (
        probe("u3(pi / 3, pi / 3, pi / 3)", "", "sdg k;"),
        coin((1 + SIN(PI / 3) * COS(PI / 6)) / 2),
    ),
    "controlled u2 has determinant 1": (
        probe("u2(pi / 4, pi / 4)", "", "sdg k;"),
        # <0|u2|0> = e^{-i pi / 4} / sqrt(2) = (1 - i) / 2
        coin(0.75),
    ),
    "controlled u2(0, pi) is not h": (probe("u2(0, pi)"), coin(0.5)),
    "cx has no phase": (kicked("cx", "h w;"), {"0": 1}),
    "CX has no phase": (kicked("CX", "h w;"), {"0": 1}),
    "cx kicks back": (kicked("cx", "x w; h w;"), {"1": 1}),
    "cy has no phase": (kicked("cy", "h w; s w;"), {"0": 1}),
    "cy kicks back": (kicked("cy", "h w; sdg w;"), {"1": 1}),
    "cz kicks back": (kicked("cz", "x w;"), {"1": 1}),
    "cp is symmetric": (
        "qubit[2] q; bit[2] c; x q[0]; h q[1]; cp(pi / 3) q[0], q[1]; cp(pi / 3) q[1], q[0];"
        " cphase(pi / 3) q[0], q[1]; h q[1]; c = measure q;",
        {"11": 1},
    ),
    "cp does nothing to 01": (kicked("cp(pi)"), {"0": 1}),
    "crx of a whole turn is a z on the control": (kicked("crx(2 * pi)"), {"1": 1}),
    "cry of a whole turn is a z on the control": (kicked("cry(2 * pi)"), {"1": 1}),
    "crz kicks back minus half its angle": (kicked("crz(pi)", "", "s k;"), {"0": 1}),
    "crz on 1 kicks back half its angle": (kicked("crz(pi)", "x w;", "sdg k;"), {"0": 1}),
    "ch kicks back": (kicked("ch"), coin((1 - math.sqrt(0.5)) / 2)),
    "ccx kicks back on its eigenstate": (
        "qubit[3] q; bit[2] c; h q[0:1]; x q[2]; h q[2]; ccx q[0], q[1], q[2]; h q[1];"
        " c = measure q[0:1];",
        even("00", "11"),
    ),
    "cswap of a singlet kicks back": (
        "qubit[3] q; bit c; x q[1]; h q[1]; x q[2]; cx q[1], q[2]; h q[0];"
        " cswap q[0], q[1], q[2]; h q[0]; c = measure q[0];",
        {"1": 1},
    ),
    "cu turns by theta": (
        "qubit[2] q; bit[2] c; x q[0]; cu(pi / 3, 1, 2, 3) q[0], q[1]; c = measure q;",
        {"01": 0.75, "11": 0.25},
    ),
    "cu has gamma on the control": (kicked("cu(0, 0, 0, pi / 3)"), phased(PI / 3)),
    "cu of a whole turn is a z on the control": (
        kicked("cu(2 * pi, 0, 0, 0)"),
        {"1": 1},
    ),
    "cu has phi and lambda on the 1": (
        kicked("cu(0, pi / 2, pi / 3, pi / 6)", "x w;"),
        {"1": 1},
    ),
    "controlled cx is ccx": (
        "qubit[3] q; bit[3] c; x q[0:1]; ctrl @ cx q[0], q[1], q[2]; c = measure q;",
        {"111": 1},
    ),
    # identities
    "cx between h on its target is cz": (
        "qubit[2] q; bit[2] c; x q[1]; h q[0]; h q[1]; cx q[0], q[1]; h q[1]; h q[0];"
        " c = measure q;",
        {"11": 1},
    ),
    "x y z is i": (
        "qubit[2] q; bit c; gate xyz a { z a; y a; x a; } h q[0]; ctrl @ xyz q[0], q[1];"
        " sdg q[0]; h q[0]; c = measure q[0];",
        {"0": 1},
    ),
    "three cx are a swap": (
        "qubit[2] q; bit[2] c; rx(pi / 3) q[0]; cx q[0], q[1]; cx q[1], q[0]; cx q[0], q[1];"
        " c = measure q;",
        {"00": 0.75, "10": 0.25},
    ),
    "sdg h sdg is sx up to a phase": (
        "qubit q; bit c; sx q; sdg q; h q; sdg q; c = measure q;",
        {"1": 1},
    ),
}

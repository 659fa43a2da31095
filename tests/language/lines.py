"""Random programs of straight lines, written in all the ways that people and machines write them,
with other statements between them."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

FIXED = ("x", "y", "z", "h", "s", "sdg", "t", "tdg", "sx", "id")
TURNS = ("rx", "ry", "rz", "p", "phase", "u1")
PAIRS = ("cx", "cy", "cz", "ch", "swap", "CX", "own2")
PAIR_TURNS = ("cp", "crx", "cry", "crz", "cphase")
OTHERS = (("u2", 2, 1), ("u3", 3, 1), ("U", 3, 1), ("cu", 4, 2), ("own", 1, 1), ("wide", 2, 3))
ANGLES = (
    *("b", "b * pi", "~b", "-d", "c * 0.1", "b || k", "i < 2 && i > 0", "b == b", "d | d"),
    *("pi", "-pi", "pi/2", "-pi / 4", "3*pi/4", "2 * pi", "tau/3", "π", "euler", "k*pi/8", "f"),
    *(
        "0",
        "1",
        "-2",
        "0.5",
        "-.5",
        "1.",
        "1e-3",
        "2.5E+1",
        "-0.0",
        "007",
        "1_0.5",
        "1e400",
        "0x10",
    ),
    *("1 + 2", "cos(1)", "(pi)", "i", "-f", "1 / 0", "1ns", "true", "c[0]", "measured", "nothing"),
)
REGISTERS = {"q": 5, "r": 2, "one": None, "part": 2}
BITS = {"c": 5, "d": 2, "b": None, "measured": None}
HEADER = """
gate own(t) a { rx(t) a; h a; } gate own2 a, b { cx b, a; rz(pi/4) a; }
gate wide(s, t) a, b, c { ccx a, b, c; own(s * t) b; x a; }
const int k = 3; float f = 0.25; int i = 2; int measured = 1;
qubit[5] q; qubit[2] r; qubit one; bit[5] c; bit[2] d; bit b; let part = q[1:2];
"""
# What stands between straight lines.
STATEMENTS = (
    *(
        "f = f + 0.5;",
        "i += 1;",
        "barrier q;",
        "barrier;",
        "reset r;",
        "reset q[0];",
        "reset one;",
    ),
    *("if (b) x q[0];", "if (c[1]) { h q[1]; rz(0.5) q[2]; } else { x one; }", "nop q;"),
    *(
        "for int n in [0:2] { rx(n * 0.1) q[n]; }",
        "for int n in {0, 2} { x q[n]; }",
        "c = measure q;",
    ),
    *(
        "for int n in {0, 2} x q[n];",
        "while (b) { h one; b = measure one; }",
        "ctrl @ x q[0], q[1];",
    ),
    *(
        "inv @ s q[0];",
        "gphase(0.5);",
        "if (b) end;",
        "end;",
        "{ x q[0]; y q[1]; }",
        "measure q[0];",
    ),
    *(
        'bit[2] e = "01";',
        "bit[2] e;",
        "qubit[2] more;",
        "x more;",
        "box { x q[0]; }",
        "d = measure r;",
    ),
    *(
        "def g(qubit a) { x a; }",
        "g(one);",
        "int j = i;",
        "measured = measure q[0];",
        "f = measured;",
    ),
    *("i = measure r;", "switch (i) { case 2 { x q[0]; } default { y q[0]; } }", "@a\nx q[0];"),
    *(
        "array[int, 2] a = {1, 2};",
        "delay[1ns] q[0];",
        'include "stdgates.inc";',
        "x $0;",
        "cx $1, $0;",
    ),
    *("// cx q[0], q[0];\n", "/* x q[9]; */", "pragma x\n", ";", "}", "{", "x q[0]", "qubit h;"),
)


def program(rng: random.Random) -> str:
    """One that is mostly right."""
    lines = ["OPENQASM 3.0;"] if rng.random() < 0.8 else []
    lines += ['include "stdgates.inc";'] if rng.random() < 0.97 else []
    lines.append(HEADER)
    strange = rng.choice((0, 0.02, 0.1))  # how often a line is rare, or wrong
    between = rng.choice((0, 0.05, 0.3))
    for _ in range(rng.randrange(1, 20)):
        if rng.random() < between:
            lines.append(rng.choice(STATEMENTS))
        else:
            lines.append(_line(rng, strange))
    lines.append(rng.choice(("c = measure q;", "measure q -> c;", "d[0] = measure q[0];", "")))
    return rng.choice(("\n", "\n", " ", "", "\n\n")).join(lines)


def _line(rng: random.Random, strange: float) -> str:
    def operands(count: int) -> str:
        if rng.random() < strange:
            found = [_reference(rng, REGISTERS, 0.5) for _ in range(count + rng.randrange(-1, 2))]
        else:
            places = rng.sample(range(5), count)
            found = [f"q[{place}]" for place in places]
        return rng.choice((", ", ",", " , ", ",\n")).join(found)

    def angles(count: int) -> str:
        if rng.random() < strange:
            found = [rng.choice(ANGLES) for _ in range(count + rng.randrange(-1, 2))]
        else:
            found = [rng.choice((f"{rng.uniform(-7, 7)}", *ANGLES[9:19])) for _ in range(count)]
        return rng.choice(("({})", "({})", " ( {} )")).format(", ".join(found))

    kinds: Sequence[Callable[[], str]] = (
        lambda: f"{rng.choice(FIXED)} {operands(1)};",
        lambda: f"{rng.choice(TURNS)}{angles(1)} {operands(1)};",
        lambda: f"{rng.choice(TURNS)}{angles(1)}{operands(1)};",
        lambda: f"{rng.choice(PAIRS)} {operands(2)};",
        lambda: f"{rng.choice(PAIR_TURNS)}{angles(1)} {operands(2)};",
        lambda: f"{rng.choice(('ccx', 'cswap'))} {operands(3)};",
        lambda: _call(rng, angles, operands),
        lambda: f"{rng.choice(('barrier', 'reset'))} {operands(1)};",
        lambda: f"{_bits(rng, strange)}{_equals(rng)}measure {operands(1)};",
        lambda: f"measure {operands(1)} -> {_bits(rng, strange)};",
    )
    line = rng.choice(kinds)()
    if rng.random() < strange / 4:
        at = rng.randrange(len(line))
        line = line[:at] + rng.choice(' ;,()[]{}@=0q.\n"$-') + line[at + rng.randrange(2) :]
    return line


def _call(rng: random.Random, angles: Callable[[int], str], operands: Callable[[int], str]) -> str:
    name, parameters, qubits = rng.choice(OTHERS)
    return f"{name}{angles(parameters)} {operands(qubits)};"


def _bits(rng: random.Random, strange: float) -> str:
    return _reference(rng, BITS, 0.5) if rng.random() < strange else f"c[{rng.randrange(5)}]"


def _equals(rng: random.Random) -> str:
    return rng.choice((" = ", "=", "\n="))


def _reference(rng: random.Random, names: dict[str, int | None], whole: float) -> str:
    name = rng.choice((*names, "nothing") if rng.random() < 0.05 else tuple(names))
    if rng.random() < whole:
        return name
    return f"{name}[{rng.choice((0, 0, 1, 1, -1, 4, 5, '0:1', '{0, 1}', 'i', '01', ' 0 '))}]"

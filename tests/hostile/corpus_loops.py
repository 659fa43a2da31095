"""Loops, powers, controls, and definitions that double: little text, much work."""

from __future__ import annotations

from hostile.corpus_kit import (
    COMPLETED,
    COMPLEX,
    MEMORY,
    OPERATIONS,
    QUBITS,
    SEMANTIC,
    SYNTAX,
    TIME,
    UNSUPPORTED,
    Hostile,
    bare,
    right,
    wrong,
)

_LONG = "for int i in [1:1000000000]"
_ANY_LIMIT = (TIME, OPERATIONS, COMPLEX)
# A loop with constant bounds can be counted before it is run ...
_COUNTED = {
    "10**6 turns": "for int i in [1:1000000] { x q[0]; }",
    "10**9 turns": "for int i in [1:1000000000] { x q[0]; }",
    "10**9 turns over both": "for int i in [1:1000000000] { h q; }",
    "10**9 turns that measure": "for int i in [1:1000000000] { c = measure q; }",
    "10**9 turns that reset": "for uint i in [1:1000000000] reset q;",
    "2**62 turns": "for int[64] i in [0:4611686018427387904] { x q; }",
    "steps": "for int i in [0:3:2000000000] { x q; }",
    "steps downwards": "for int i in [1000000000:-1:0] { x q; }",
    "100**5": "".join(f"for int i{d} in [1:100] {{ " for d in range(5)) + "x q; " + "} " * 5,
    "10**9 of 10**9": "for int i in [1:1000000000] { for int j in [1:1000000000] { x q; } }",
    "2**40": "".join(f"for int i{d} in [0:1] {{ " for d in range(40)) + "x q; " + "} " * 40,
    "triangle": "for int i in [0:5000] { for int j in [0:i] { x q; } }",
    "in a gate": "gate g a { for int i in [1:1000000000] { x a; } } g q[0];",
    "in a def": "def f(qubit a) { for int i in [1:1000000000] { x a; } } f(q[0]);",
    "of a gate that loops": (
        "gate g a { for int i in [1:1000] { x a; } } for int i in [1:1000] { g q; }"
    ),
    "of calls": "def f(qubit a) { x a; } for int i in [1:100000000] { f(q[0]); }",
    "in a branch": "h q; c = measure q; if (c[0]) { for int i in [1:1000000000] { x q; } }",
    "around branches": "h q; c = measure q; for int i in [1:1000000000] { if (c[0]) { x q; } }",
    "of barriers": "for int i in [1:1000000000] { barrier q; }",
    "of delays": "for int i in [1:1000000000] { delay[1ns] q; }",
    "of gphase": "for int i in [1:1000000000] { gphase(0.1); }",
    "with continue": "for int i in [1:1000000000] { x q; continue; }",
    "a variable that grows": "int n = 0; for int i in [1:1000000000] { n += 1; }",
    "the variable assigned": "for int i in [1:1000000000] { i = 0; x q; }",
    "over a constant": "const int n = 10 ** 9; for int i in [1:n] { x q; }",
}
# ... with nothing in it, it may be skipped ...
_EMPTY = {
    "10**6 turns of nothing": "for int i in [1:1000000] { }",
    "10**9 turns of nothing": "for int i in [1:1000000000] { }",
    "10**9 turns of a block": "for int i in [1:1000000000] { { } }",
    "10**9 turns of 'if (false)'": "for int i in [1:1000000000] { if (false) { x q; } }",
    "10**9 turns of a loop of none": "for int i in [1:1000000000] { for int j in [1:0] { x q; } }",
    "100**5 of nothing": "".join(f"for int i{d} in [1:100] {{ " for d in range(5)) + "} " * 5,
}
# ... and one that nobody can count is stopped by the clock, if not by a count.
_ENDLESS = {
    "empty": "while (true) { }",
    "with a gate": "while (true) { x q; }",
    "with a measurement": "while (true) { c = measure q; }",
    "with a reset": "while (true) { reset q; c = measure q; }",
    "on a bit that stays": "while (c[0] == 0) { c[1] = measure q[1]; }",
    "on a register that stays": "while (c == 0) { z q; c = measure q; }",
    "with continue": "while (true) { h q[0]; c[0] = measure q[0]; if (c[0]) { continue; } }",
    "inside a loop": "for int i in [0:1] { while (c[0] == 0) { c[0] = measure q[0]; } }",
    "nested": "while (c[0] == 0) { while (c[1] == 0) { c = measure q; } }",
    "behind a branch on a measurement": "h q[1]; c = measure q; if (c == 0) while (true) { z q; }",
    "on true or a bit": "while (true || c[0]) { c = measure q; }",
    "in a def": "def f(qubit a) { while (true) { x a; } } f(q[0]);",
}
# A variable that counts down can be followed, counted, or left to the clock.
_COUNTING = {
    "a count of 10**9": "int n = 1000000000; while (n > 0) { n -= 1; x q; }",
    "a count that never ends": "int n = 1; while (n > 0) { n = 1 + n % 7; x q; }",
    "a count by a float": "float w = 0; while (w < 1) { w = w / 2; z q; }",
    "a count of nothing": "int n = 0; while (n < 1000000000) { n += 1; }",
}


def _doubling(define: str, first: str, levels: int = 30) -> str:
    """`define` has {n} for a level's number and {m} for that of the level below."""
    return first + "\n" + "\n".join(define.format(n=n, m=n - 1) for n in range(1, levels + 1))


_BASE = "gate g0 a { x a; }"
_TWICE = _doubling("gate g{n} a {{ g{m} a; g{m} a; }}", _BASE)
_ANGLES = _doubling("gate g{n}(t) a {{ g{m}(t / 2) a; g{m}(-t) a; }}", "gate g0(t) a { rx(t) a; }")
_BRANCHED = _doubling(
    "gate g{n} a, b {{ g{m} a, b; g{m} b, a; }}",
    "gate g0 a, b { cx a, b; }",
)
_POWERS = _doubling("gate g{n} a {{ pow(2) @ g{m} a; }}", "gate g0 a { rx(0.1) a; }")
_SUBROUTINES = _doubling("def f{n}(qubit a) {{ f{m}(a); f{m}(a); }}", "def f0(qubit a) { x a; }")
_RETURNS = _doubling(
    "def f{n}() -> int {{ return f{m}() + f{m}(); }}", "def f0() -> int { return 1; }"
)
_LOOPED = _doubling(
    "def f{n}(qubit a) {{ for int i in [0:1] {{ f{m}(a); }} }}", "def f0(qubit a) { x a; }"
)
_CHAIN = _doubling("gate g{n} a {{ g{m} a; }}", _BASE, 2000)

_DOUBLING = {
    "called": f"{_TWICE} g30 q[0];",
    "called on a register": f"{_TWICE} g30 q;",
    "with parameters": f"{_ANGLES} g30(1) q[0];",
    "of two qubits": f"{_BRANCHED} g30 q[0], q[1];",
    "under inv": f"{_TWICE} inv @ g30 q[0];",
    "under ctrl": f"{_TWICE} ctrl @ g30 q[0], q[1];",
    "under pow": f"{_TWICE} pow(3) @ g30 q[0];",
    "under all": f"{_ANGLES} inv @ pow(2) @ ctrl @ g30(1) q[0], q[1];",
    "with inv inside": _doubling("gate g{n} a {{ inv @ g{m} a; g{m} a; }}", _BASE) + " g30 q[0];",
    "with ctrl inside": _doubling(
        "gate g{n} a, b {{ ctrl @ h a, b; g{m} a, b; g{m} b, a; }}", "gate g0 a, b { }"
    )
    + " g30 q[0], q[1];",
    "sixty levels": _doubling("gate g{n} a {{ g{m} a; g{m} a; }}", _BASE, 60) + " g60 q[0];",
    "a thousand levels": _doubling("gate g{n} a {{ g{m} a; g{m} a; }}", _BASE, 1000)
    + " g1000 q[0];",
    "by ten": _doubling("gate g{n} a {{ " + "g{m} a; " * 10 + "}}", _BASE, 9) + " g9 q[0];",
    "in a branch": f"{_TWICE} h q; c = measure q; if (c[0]) {{ g30 q[0]; }}",
    "subroutines": f"{_SUBROUTINES} f30(q[0]);",
    "subroutines that loop": f"{_LOOPED} f30(q[0]);",
    "subroutines of numbers": f"{_RETURNS} int n = f30();",
    "subroutines of gates": f"{_TWICE} def f(qubit a) {{ g30 a; }} f(q[0]);",
}

_THOUSAND = "qubit[998] r; "


INPUTS: list[Hostile] = [
    *(right("counted loop", name, text, OPERATIONS, COMPLEX) for name, text in _COUNTED.items()),
    *(
        right("empty loop", name, text, COMPLETED, OPERATIONS, COMPLEX)
        for name, text in _EMPTY.items()
    ),
    right(
        "counted loop",
        "in a gate unused",
        "gate g a { for int i in [1:1000000000] { x a; } }",
        COMPLETED,
        OPERATIONS,
    ),
    right(
        "counted loop", "in a def unused", "def f(qubit a) { for int i in [1:1000000000] x a; }"
    ),
    right(
        "counted loop",
        "that breaks at once",
        "for int i in [1:1000000000] { break; }",
        COMPLETED,
        OPERATIONS,
    ),
    right("counted loop", "never entered", "for int i in [1000000000:1] { x q; }"),
    right(
        "counted loop", "behind 'if (false)'", "if (false) { for int i in [1:1000000000] x q; }"
    ),
    right(
        "counted loop",
        "2000 listed values",
        lambda: f"for int i in {{{', '.join(str(i) for i in range(2_000))}}} {{ x q[0]; }}",
    ),
    right("counted loop", "10,000 turns", "for int i in [1:10000] { x q[0]; }"),
    wrong("counted loop", "for int i in [0:0:1] { x q; }"),
    wrong("counted loop", "for int i in [0:0.5:1] { x q; }"),
    wrong("counted loop", "for int i in [0:] { x q; }", SEMANTIC, SYNTAX),
    wrong("counted loop", "for int i in [:] { x q; }", SEMANTIC, SYNTAX),
    wrong("counted loop", f"for int i in [0:{10**30}] {{ x q; }}", OPERATIONS, SEMANTIC),
    *(
        right("endless loop", name, text, TIME, OPERATIONS, COMPLEX)
        for name, text in _ENDLESS.items()
    ),
    *(
        right("endless loop", name, text, TIME, OPERATIONS, COMPLEX)
        for name, text in _COUNTING.items()
    ),
    right("endless loop", "that breaks", "while (true) { break; }"),
    right("endless loop", "that ends", "while (true) { x q[0]; c = measure q; end; }"),
    right("endless loop", "in a def unused", "def f(qubit a) { while (true) { x a; } }"),
    # Powers: the power of a matrix is a matrix.
    right("power", "pow(1e18) @ x", "pow(1e18) @ x q[0];"),
    right("power", "pow(10**18) @ x", "pow(10 ** 18) @ x q[0];"),
    right("power", "pow(-1e18) @ x", "pow(-1e18) @ x q[0];"),
    right("power", "pow(10**18 + 1) @ x", "pow(10 ** 18 + 1) @ x q[0]; x q[0];"),
    right("power", "pow(1e18) @ rz", "pow(1e18) @ rz(0.3) q[0];", COMPLETED, SEMANTIC),
    right(
        "power", "pow(1e18) @ rx", "pow(1e18) @ rx(0.3) q[0];", COMPLETED, SEMANTIC, counts="0[01]"
    ),
    right("power", "of a gate", "gate g a { x a; z a; x a; } pow(10 ** 18) @ g q[0];"),
    right("power", "under ctrl", "pow(10 ** 18) @ ctrl @ x q[1], q[0];"),
    right("power", "ctrl under it", "ctrl @ pow(10 ** 18) @ x q[1], q[0];"),
    right("power", "sixty squares", "pow(2) @ " * 60 + "z q[0];", COMPLETED, OPERATIONS),
    right("power", "halves", "pow(0.5) @ " * 60 + "z q[0];"),
    right(
        "power",
        "thirty squares of gates",
        f"{_POWERS} g30 q[1];",
        COMPLETED,
        OPERATIONS,
        counts="[01]1",
    ),
    right("power", "of nothing", "gate g a { } pow(10 ** 18) @ g q[0];"),
    right("power", "of gphase", "pow(1e18) @ gphase(0.1);", COMPLETED, SEMANTIC),
    right("power", "pow(10**400) @ x", "pow(10 ** 400) @ x q[0];", COMPLETED, SEMANTIC),
    right("power", "0", "pow(0) @ x q[0];"),
    right("power", "tiny", "pow(1e-300) @ z q[0];"),
    right(
        "power",
        "of 10 qubits",
        "qubit[10] r; gate g "
        + ", ".join("abcdefgijk")
        + " { h a; "
        + " ".join(f"cx {a}, {b};" for a, b in zip("abcdefgij", "bcdefgijk", strict=True))
        + " } pow(10 ** 18) @ g "
        + ", ".join(f"r[{i}]" for i in range(10))
        + ";",
        COMPLETED,
        OPERATIONS,
    ),
    *(
        wrong("power", text)
        for text in [
            "pow(1e999) @ x q;",
            "pow(-1e999) @ x q;",
            "pow(0.0 / 0.0) @ x q;",
            "pow(log(-1)) @ x q;",
            "pow(log(0)) @ x q;",
            "pow(1e999 - 1e999) @ rx(1) q;",
            "pow(1im) @ x q;",
        ]
    ),
    wrong("power", "pow(2) @ measure q;", SYNTAX),
    wrong("power", "pow(2) @ reset q;", SYNTAX),
    # Controls.
    right("controls", "40 of x", "qubit[40] r; ctrl(40) @ x r, q[0];", SEMANTIC),
    right(
        "controls",
        "40 of x, one by one",
        f"qubit[40] r; h r; ctrl(40) @ x {', '.join(f'r[{i}]' for i in range(40))}, q[1];",
        MEMORY,
    ),
    right(
        "controls",
        "60 of a user's gate",
        "qubit[60] r; h r; gate g a { h a; t a; } "
        f"ctrl(60) @ g {', '.join(f'r[{i}]' for i in range(60))}, q[1];",
        MEMORY,
    ),
    right(
        "controls",
        "998, chained",
        f"{_THOUSAND}h r; {'ctrl @ ' * 998}x {', '.join(f'r[{i}]' for i in range(998))}, q[1];",
        MEMORY,
        COMPLEX,
    ),
    right(
        "controls",
        "12 of rx",
        f"qubit[12] r; ctrl(12) @ rx(1) {', '.join(f'r[{i}]' for i in range(12))}, q[0];",
    ),
    right("controls", "too many qubits", f"{_THOUSAND}qubit r2; x q[0];", QUBITS),
    *(
        wrong("controls", text)
        for text in [
            "ctrl(40) @ x q[0], q[1];",
            "ctrl(10 ** 10) @ x q[0], q[1];",
            "ctrl(9223372036854775808) @ x q[0], q[1];",
            "ctrl(0) @ x q;",
            "ctrl(-1) @ x q;",
            "negctrl(0) @ x q;",
            "negctrl(-(10 ** 18)) @ x q;",
            "ctrl(1.5) @ x q[0], q[1];",
            "ctrl(1e999) @ x q[0], q[1];",
            "ctrl(2 - 2) @ x q;",
        ]
    ),
    right("controls", "1000 'ctrl @'", "ctrl @ " * 1000 + "x q[0], q[1];", SEMANTIC, COMPLEX),
    right("controls", "35,000 'ctrl @'", "ctrl @ " * 35_000 + "x q[0], q[1];", SEMANTIC, COMPLEX),
    right(
        "controls", "1000 'negctrl @'", "negctrl @ " * 1000 + "x q[0], q[1];", SEMANTIC, COMPLEX
    ),
    right("inversions", "1000 of x", "inv @ " * 1000 + "x q[1];", counts={"11": 1}),
    right("inversions", "1000 of a gate", "gate g a { s a; } " + "inv @ " * 1000 + "g q[1];"),
    right("inversions", "1001 in steps", ("inv @ " * 13 + "s q[1]; ") * 77),
    right("inversions", "40,000", "inv @ " * 40_000 + "z q[1];", COMPLETED, COMPLEX),
    # Definitions that double.
    *(right("doubling", name, text, OPERATIONS, COMPLEX) for name, text in _DOUBLING.items()),
    right("doubling", "gates, uncalled", _TWICE),
    right("doubling", "gates with parameters, uncalled", _ANGLES),
    right("doubling", "subroutines, uncalled", _SUBROUTINES),
    right(
        "doubling",
        "ten levels",
        _doubling("gate g{n} a {{ g{m} a; g{m} a; }}", _BASE, 10) + " g10 q[1];",
    ),
    right(
        "doubling",
        "nothing",
        _doubling("gate g{n} a {{ g{m} a; g{m} a; }}", "gate g0 a { }") + " g30 q[0];",
        COMPLETED,
        OPERATIONS,
    ),
    right(
        "doubling",
        "a chain of 2000 gates",
        f"{_CHAIN} g2000 q[1];",
        COMPLETED,
        COMPLEX,
        counts={"11": 1},
    ),
    *(
        wrong("recursion", text)
        for text in [
            "gate g a { g a; }",
            "gate g a { g a; } g q[0];",
            "gate g a { h2 a; } gate h2 a { g a; }",
            "gate g(t) a { g(t / 2) a; } g(1) q;",
            "gate g a { inv @ g a; } g q;",
        ]
    ),
    *(
        wrong("recursion", text, SEMANTIC, UNSUPPORTED)
        for text in [
            "def f(qubit a) { f(a); } f(q[0]);",
            "def f(int n) -> int { return f(n - 1); } int n = f(3);",
            "def f(int n) -> int { if (n < 1) return 0; return f(n - 1); } int n = f(10 ** 6);",
            "def f(qubit a) { g(a); } def g(qubit a) { f(a); } f(q[0]);",
            "def f(int n) -> int { return f(f(f(n))); } int n = f(1);",
        ]
    ),
    bare(
        "recursion",
        "of a def, uncalled",
        "def f(qubit a) { f(a); } qubit q; bit c = measure q;",
        SEMANTIC,
        UNSUPPORTED,
        COMPLETED,
        counts={"0": 1},
    ),
]

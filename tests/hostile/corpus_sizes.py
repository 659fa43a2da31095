"""Registers, arrays, types and states too large to hold, and thousands of small things."""

from __future__ import annotations

from hostile.corpus_kit import (
    CLBITS,
    COMPLETED,
    COMPLEX,
    FLIPPED,
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

_SIZES = {
    "10**5": "100000",
    "10**6": "1000000",
    "10**9": "1000000000",
    "2**31": "2147483648",
    "2**63": "9223372036854775808",
    "10**30": str(10**30),
    "hexadecimal": "0xFFFFFFFF",
    "an expression": "10 ** 9 + 1",
}
_NO_SIZES = ["-1", "-1000000000", "1.5", "1e9", "pi", "1e999", "-(2 ** 63)", "10ns", "1im"]


def dense(qubits: int, layers: int = 12) -> str:
    """No stabilizer state, and entangled through and through."""
    mixing = "".join(
        f"h q; t q; rx(0.{i + 1}) q; for int i in [0:{qubits - 2}] {{ cx q[i], q[i + 1]; }}"
        f" cx q[{qubits - 1}], q[0];\n"
        for i in range(layers)
    )
    return f"qubit[{qubits}] q; bit[{qubits}] c;\n{mixing}"


def _measuring(qubits: int) -> str:
    """In the middle, so that every shot is a run."""
    return f"{dense(qubits)} c[0] = measure q[0]; if (c[0]) {{ x q[1]; }} {dense_again(qubits)}"


def dense_again(qubits: int) -> str:
    return f"h q; t q; cx q[0:{qubits - 2}], q[{qubits - 1}]; c = measure q;"


def _many(line: str, times: int = 5_000) -> str:
    return "\n".join(line.format(n=n, m=n - 1) for n in range(1, times + 1))


_DOUBLE = "let a0 = q; " + "".join(f"let a{i} = a{i - 1} ++ a{i - 1}; " for i in range(1, 31))
_DOUBLE_BITS = "let a0 = c; " + "".join(f"let a{i} = a{i - 1} ++ a{i - 1}; " for i in range(1, 31))
_PAIRS = "qubit[512] r; let a0 = r; " + "".join(
    f"let a{i} = a{i - 1}[0:255] ++ a{i - 1}[256:511]; " for i in range(1, 500)
)

_WIDTHS = [
    "int[1000000000] n;",
    "uint[1000000000] n = 1;",
    "angle[1000000] w = pi;",
    "int[9223372036854775808] n;",
    "const int n = int[1000000000](1);",
    "rx(angle[1000000](pi)) q;",
    "int[32] n = int[32](uint[1000000000](1));",
]
_NO_WIDTHS = [
    "int[0] n;",
    "int[-3] n;",
    "uint[0] n;",
    "uint[1.5] n;",
    "angle[0] w;",
    "angle[-1] w;",
    "float[-64] w;",
    "int[c] n;",
    "const int n = int[-3](1);",
    "const int n = int[0](1);",
]
_ARRAYS = {
    "10**9 elements": "array[int, 1000000000] a;",
    "10**9 elements, one read": "array[int[8], 1000000000] a; a[5] = 1;",
    "10**18 elements": "array[int, 1000000000000000000] a;",
    "seven dimensions of 100": "array[int, 100, 100, 100, 100, 100, 100, 100] a;",
    "10**5 by 10**5": "array[float[64], 100000, 100000] a;",
    "10**9 bits": "array[bit, 1000000000] a;",
    "of wide registers": "array[bit[1000000], 1000] a;",
    "10 of 10**8": " ".join(f"array[int, 100000000] a{i};" for i in range(10)),
}
_CASES = " ".join(f"case {n} {{ z q; }}" for n in range(10_000))
_LABELS = ", ".join(str(n) for n in range(10_000))


INPUTS: list[Hostile] = [
    *(
        bare("huge register", f"qubits: {n}", f"qubit[{s}] q; bit c; c = measure q[0];", QUBITS)
        for n, s in _SIZES.items()
    ),
    *(
        bare(
            "huge register", f"broadcast: {n}", f"qubit[{s}] q; h q; bit c = measure q[0];", QUBITS
        )
        for n, s in _SIZES.items()
    ),
    *(
        bare("huge register", f"bits: {n}", f"qubit q; bit[{s}] c; c[0] = measure q;", CLBITS)
        for n, s in _SIZES.items()
    ),
    *(
        bare(
            "huge register", f"both: {n}", f"qubit[{s}] q; bit[{s}] c = measure q;", QUBITS, CLBITS
        )
        for n, s in _SIZES.items()
    ),
    *(wrong("huge register", f"qubit[{size}] r;") for size in _NO_SIZES),
    *(wrong("huge register", f"bit[{size}] d;") for size in _NO_SIZES),
    wrong("huge register", "qreg r[1000000000];", QUBITS),
    wrong("huge register", "creg d[1000000000];", CLBITS),
    right("huge register", "a physical qubit", "x $1000000000;", COMPLETED, QUBITS),
    right(
        "huge register",
        "a physical qubit of 65 bits",
        "x $18446744073709551616;",
        COMPLETED,
        QUBITS,
    ),
    wrong("huge register", " ".join(f"qubit[10] r{i};" for i in range(100)), QUBITS),
    wrong("huge register", " ".join(f"bit[100] d{i};" for i in range(20)), CLBITS),
    wrong("huge register", "def f(qubit[1000000000] a) { x a; } f(q);", SEMANTIC),
    wrong("huge register", "for bit b in c { } bit[1000000000] d;", CLBITS),
    wrong(
        "huge register",
        "const int n = 500; qubit[n * n] r; bit[n] d; d = measure r[0:n - 1];",
        QUBITS,
    ),
    bare(
        "huge register",
        "1000 gates on 1000 qubits",
        lambda: "qubit[1000] q; bit c; " + "x q; " * 1000 + "c = measure q[0];",
        OPERATIONS,
    ),
    bare(
        "huge register",
        "a loop over 1000 qubits",
        "qubit[1000] q; bit c; for int i in [0:999] { x q; } c = measure q[0];",
        OPERATIONS,
    ),
    *(
        bare(
            "huge register",
            f"{n} qubits of a Clifford circuit",
            f"qubit[{n}] q; bit[2] c; h q[0]; for int i in [0:{n - 2}] {{ cx q[i], q[i + 1]; }} "
            f"c[0] = measure q[0]; c[1] = measure q[{n - 1}];",
            COMPLETED,
            *expect,
            counts={"00": 0.5, "11": 0.5},
        )
        for n, *expect in [(100,), (1000, TIME)]
    ),
    # Thousands of declarations.
    right("declarations", "1100 qubits", _many("qubit q{n};", 1_100), QUBITS),
    right("declarations", "2100 bits", _many("bit c{n};", 2_100), CLBITS),
    right("declarations", "5000 qubits", _many("qubit q{n};"), QUBITS, COMPLEX),
    right("declarations", "5000 bits", _many("bit c{n};"), CLBITS, COMPLEX),
    right("declarations", "5000 gates", _many("gate g{n} a {{ x a; }}"), COMPLETED, COMPLEX),
    right("declarations", "5000 constants", _many("const int n{n} = {n};"), COMPLETED, COMPLEX),
    right("declarations", "5000 integers", _many("int n{n} = {n};"), COMPLETED, COMPLEX),
    right("declarations", "5000 aliases", _many("let a{n} = q;"), COMPLETED, COMPLEX),
    right("declarations", "5000 defs", _many("def f{n}(qubit a) {{ x a; }}"), COMPLETED, COMPLEX),
    right("declarations", "500 includes", 'include "stdgates.inc";\n' * 500, SEMANTIC, COMPLETED),
    right(
        "declarations",
        "a gate of 5000 parameters",
        "gate g("
        + ", ".join(f"t{i}" for i in range(5000))
        + ") a { rz(t0) a; } g("
        + ", ".join("1" for i in range(5000))
        + ") q[0];",
        COMPLETED,
        COMPLEX,
    ),
    right(
        "declarations",
        "a gate of 5000 qubits",
        "gate g " + ", ".join(f"a{i}" for i in range(5000)) + " { x a0; }",
        COMPLETED,
        COMPLEX,
    ),
    right("declarations", "500 shadows", "{ int n = 1; " * 500 + "}" * 500, COMPLETED, COMPLEX),
    # Aliases of aliases.
    right(
        "aliases",
        "1000 deep",
        "let a0 = q; "
        + " ".join(f"let a{i} = a{i - 1};" for i in range(1, 1001))
        + " x a1000[1];",
        COMPLETED,
        COMPLEX,
        counts={"11": 1},
    ),
    right(
        "aliases",
        "1000 slices deep",
        "let a0 = q; "
        + " ".join(f"let a{i} = a{i - 1}[0:1];" for i in range(1, 1001))
        + " x a1000[1];",
        COMPLETED,
        COMPLEX,
        counts={"11": 1},
    ),
    right("aliases", "slices and '++', 500 deep", _PAIRS, COMPLETED, COMPLEX, counts=FLIPPED),
    wrong("aliases", _DOUBLE, SEMANTIC),
    wrong("aliases", _DOUBLE_BITS, SEMANTIC),
    wrong("aliases", "let a = q ++ q; x a;", SEMANTIC),
    wrong("aliases", "let a = " + " ++ ".join(["q"] * 5000) + ";", SEMANTIC, COMPLEX),
    wrong("aliases", "let a = b; let b = a;", SEMANTIC),
    # States too large.
    bare("dense", "24 qubits, measured midway", lambda: _measuring(24), TIME),
    bare("dense", "25 qubits, measured midway", lambda: _measuring(25), MEMORY, TIME),
    bare("dense", "26 qubits, measured midway", lambda: _measuring(26), MEMORY),
    *(
        bare("dense", f"{n} qubits", lambda n=n: dense(n, 6) + "c = measure q;", MEMORY)
        for n in (26, 30, 34, 60, 100)
    ),
    *(
        bare(
            "dense",
            f"{n} qubits, not quite",
            lambda n=n: dense(n, 3) + "c = measure q;",
            TIME,
            COMPLETED,
            counts=f"[01]{{{n}}}",
        )
        for n in (26, 34, 100)
    ),
    bare(
        "dense",
        "25 qubits of gates without an end",
        lambda: dense(25, 30) + "c = measure q;",
        MEMORY,
        TIME,
    ),
    bare(
        "dense",
        "34 qubits, most of them idle",
        "qubit[34] q; bit c; h q[0]; t q[0]; h q[0]; c = measure q[0];",
        COMPLETED,
        counts="[01]",
    ),
    bare(
        "dense",
        "20 qubits with resets",
        lambda: dense(20) + "reset q; " * 20 + "c = measure q;",
        TIME,
        COMPLETED,
        counts="0{20}",
    ),
    # Arrays.
    *(right("arrays", name, text, MEMORY, UNSUPPORTED) for name, text in _ARRAYS.items()),
    *(
        wrong("arrays", text)
        for text in [
            "array[int, 1.5] a;",
            "array[int, 2] a = {1, 2, 3};",
            "array[int, 2, 2] a = {{1, 2}, {3}};",
            "array[int, 1, 1, 1, 1, 1, 1, 1, 1] a;",
            "array[int, c] a;",
            "array[int, " + ", ".join(["1"] * 1000) + "] a;",
        ]
    ),
    right(
        "arrays",
        "one of 10**4 elements",
        lambda: (
            "array[int, 10000] a = {"
            + ", ".join("7" for _ in range(10_000))
            + "}; if (a[9999] == 7) { x q[1]; }"
        ),
        COMPLETED,
        COMPLEX,
        counts={"11": 1},
    ),
    right(
        "arrays",
        "doubled by '++'",
        "array[int, 2] a0 = {1, 2}; "
        + "".join(
            f"array[int, {2 ** (i + 1)}] a{i} = a{i - 1} ++ a{i - 1}; " for i in range(1, 31)
        ),
        MEMORY,
        SYNTAX,
    ),
    wrong("arrays", "array[int, -1] a;", SEMANTIC, SYNTAX),
    # Widths.
    *(wrong("widths", text, SEMANTIC, UNSUPPORTED) for text in _WIDTHS),
    *(wrong("widths", text, SEMANTIC, SYNTAX) for text in _NO_WIDTHS),
    right("widths", "of a complex", "complex[float[1000000000]] w;", COMPLETED, UNSUPPORTED),
    right("widths", "of a float", "float[1000000000] w = 1;", COMPLETED, UNSUPPORTED),
    wrong("widths", "bit[1000000000] d; d[0] = 1;", CLBITS),
    wrong("widths", "const int n = int(bit[1000000000](5));", SEMANTIC, CLBITS),
    # Switches.
    right("switch", "10**4 cases", f"switch (c) {{ {_CASES} }}", COMPLETED, COMPLEX),
    right(
        "switch",
        "10**4 labels of one case",
        f"switch (c) {{ case {_LABELS} {{ z q; }} }}",
        COMPLETED,
        COMPLEX,
    ),
    right(
        "switch",
        "10**4 labels, measured",
        f"c = measure q; switch (c) {{ case {_LABELS} {{ z q; }} }}",
        COMPLETED,
        COMPLEX,
    ),
    wrong("switch", "switch (c) { default { } default { } }", SEMANTIC, SYNTAX),
    wrong("switch", "switch (c) { case 0 { break; } }", SEMANTIC, SYNTAX),
    *(
        wrong("switch", text)
        for text in [
            "switch (c) { case 0 { } case 0 { } }",
            "switch (c) { case 0, 0 { } }",
            "switch (c) { case 1 { } case 2 - 1 { } }",
            "switch (c) { }",
            "switch (c) { case c { } }",
            "switch (c) { case 0.5 { } }",
            "switch (nosuch) { case 0 { } }",
            "switch (c) { case 0 { x nosuch; } }",
            "int n = 1; switch (c) { case n { } }",
            "switch (c) { default { } }",
            f"switch (c) {{ case {', '.join(['7'] * 2_000)} {{ }} }}",
        ]
    ),
]

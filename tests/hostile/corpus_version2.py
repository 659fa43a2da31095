"""OpenQASM 2 that is broken, makes no sense, or asks for too much."""

from __future__ import annotations

from collections.abc import Callable

from hostile.corpus_kit import (
    CLBITS,
    COMPLETED,
    COMPLEX,
    FLIPPED,
    NOTHING,
    OPERATIONS,
    QUBITS,
    SEMANTIC,
    SYNTAX,
    UNSUPPORTED,
    VERSION,
    Hostile,
    whole,
)

HEADER = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'
_TWO = f"{HEADER}qreg q[2];\ncreg c[2];\n"
_CLASS = "version 2"


def _wrong(text: str, *expect: str) -> Hostile:
    name = " ".join(text.split())[:60]
    return whole(_CLASS, name, f"{_TWO}{text}\nmeasure q -> c;\n", *(expect or (SYNTAX,)))


def _right(name: str, text: str | Callable[[], str], *expect: str) -> Hostile:
    """It counts '01', if it is run."""

    def program() -> str:
        return f"{_TWO}{text() if callable(text) else text}\nx q[0];\nmeasure q -> c;\n"

    wanted = expect or (COMPLETED,)
    return whole(_CLASS, name, program, *wanted, counts=FLIPPED if COMPLETED in wanted else None)


def _doubling(levels: int) -> str:
    gates = ["gate g0 a { id a; }"]
    gates += [f"gate g{n} a {{ g{n - 1} a; g{n - 1} a; }}" for n in range(1, levels + 1)]
    return f"{' '.join(gates)} g{levels} q[1];"


_SYNTAX = [
    "qreg r[2]",
    "qreg r;",
    "qreg r[];",
    "qreg r[-1];",
    "qreg r[2.5];",
    "qreg r[n];",
    "qreg [2] r;",
    "qreg r[2], s[2];",
    "creg C[1];",
    "creg if[1];",
    "x q[0]",
    "x q[0;",
    "x q 0;",
    "x q[0][1];",
    "x q[0:1];",
    "x q[-1];",
    "x;",
    "x,;",
    "x q[0] q[1];",
    "rx pi q[0];",
    "rx(pi q[0];",
    "rx(pi)) q[0];",
    "rx(,) q[0];",
    "rx(1,,2) q[0];",
    "rx(3 4) q[0];",
    "rx(pi pi) q[0];",
    "rx(2pi) q[0];",
    "rx(1e) q[0];",
    "rx(1 ** 2) q[0];",
    "rx(0x10) q[0];",
    "rx(5 % 2) q[0];",
    "rx(1 << 2) q[0];",
    "rx(sin) q[0];",
    "rx(sin 1) q[0];",
    'rx("pi") q[0];',
    "rx(π) q[0];",
    "measure q;",
    "measure q, c;",
    "measure q -> ;",
    "c = measure q;",
    "measure -> c;",
    "if (c) x q[0];",
    "if (c = 1) x q[0];",
    "if (c == -1) x q[0];",
    "if (c == 1.0) x q[0];",
    "if (1 == c) x q[0];",
    "if (c[0] == 1) x q[0];",
    "if (c == 1) { x q[0]; }",
    "if (c == 1) creg d[1];",
    "if c == 1 x q[0];",
    "else x q[0];",
    "gate g { x a; }",
    "gate g a { x a }",
    "gate g a { x a[0]; }",
    "gate g a { measure a -> c; }",
    "gate g a { if (c == 1) x a; }",
    "gate g a { gate h a { } }",
    "gate g(1) a { }",
    "gate g a { ",
    "gate G a { }",
    "opaque o(a;",
    "opaque o { }",
    "include qelib1.inc;",
    "include 'qelib1.inc';",
    "include;",
    "OPENQASM 2.0;",
    "bit[2] d;",
    "int n = 1;",
    "for int i in [0:1] { x q[i]; }",
    "while (true) { }",
    "def f() { }",
    "ctrl @ x q[0], q[1];",
    "let a = q[0];",
    "x $0;",
    "\u201cx\u201d q[0];",
    "x q[0]; }",
    "{ x q[0]; }",
    "@",
    "\\",
]
_SEMANTIC = [
    "x (q[0]);",
    "rx(arcsin(1)) q[0];",
    "rx(c[0]) q[0];",
    "qubit r;",
    "x r;",
    "x c;",
    "x c[0];",
    "nosuch q[0];",
    "x q[2];",
    "x q[999999999];",
    "cx q[0];",
    "cx q[0], q[0];",
    "cx q, q;",
    "qreg r[3]; cx q, r;",
    "x q[0], q[1];",
    "rx q[0];",
    "rx() q[0];",
    "rx(1, 2) q[0];",
    "u3(1, 2) q[0];",
    "rx(t) q[0];",
    "rx(q) q[0];",
    "rx(1/0) q[0];",
    "rx(ln(0)) q[0];",
    "rx(sqrt(-1)) q[0];",
    "rx(0^-1) q[0];",
    "rx(1e308*10) q[0];",
    "rx(exp(1000)) q[0];",
    "rx((0-8)^0.5) q[0];",
    "qreg q[1];",
    "creg q[1];",
    "qreg x[1];",
    "gate x a { }",
    "gate q a { }",
    "gate g a, a { }",
    "gate g a { g a; }",
    "gate g a { nosuch a; }",
    "gate g a { x b; }",
    "gate g a { x q; }",
    "gate g(t) a { rx(s) a; }",
    "if (q == 1) x q[0];",
    "if (d == 1) x q[0];",
    "if (c == 1) nosuch q[0];",
    "measure q -> d;",
    "measure c -> q;",
    "measure q -> c[0];",
    "measure q[2] -> c[0];",
    "reset c;",
    "barrier r;",
]
INPUTS: list[Hostile] = [
    *(_wrong(text) for text in _SYNTAX),
    *(_wrong(text, SEMANTIC) for text in _SEMANTIC),
    _wrong("opaque o a; o q[0];", UNSUPPORTED),
    _wrong('include "stdgates.inc";', UNSUPPORTED),
    _wrong('include "../../../../etc/passwd";', UNSUPPORTED),
    whole(_CLASS, "nothing but the version", "OPENQASM 2.0;", NOTHING),
    whole(_CLASS, "the version without an end", "OPENQASM 2.0", SYNTAX),
    whole(_CLASS, "the version twice as long", "OPENQASM 2.0.0;", SYNTAX),
    whole(_CLASS, "version 2.1", "OPENQASM 2.1;", VERSION),
    whole(_CLASS, "version 2 in the middle", "qreg q[1];\nOPENQASM 2.0;", SYNTAX),
    whole(_CLASS, "half a comment", f"{_TWO}/* x q;", SYNTAX),
    whole(_CLASS, "too many qubits", f"{HEADER}qreg q[1001]; creg c[1];", QUBITS, NOTHING),
    whole(_CLASS, "too many bits", f"{HEADER}qreg q[1]; creg c[2001];", CLBITS, NOTHING),
    whole(_CLASS, "qubits beyond all bounds", f"{HEADER}qreg q[999999999999999999];", QUBITS),
    whole(_CLASS, "a size of a thousand digits", f"{HEADER}qreg q[{'9' * 1000}];", SYNTAX),
    _right("doubling, 30 levels", lambda: _doubling(30), OPERATIONS),
    _right("doubling, 2,000 levels", lambda: _doubling(2000), OPERATIONS, COMPLEX),
    _right("5,000 brackets", lambda: f"rx({'(' * 5000}1{')' * 5000}) q[1];", COMPLEX),
    _right("5,000 signs", lambda: f"rx({'-' * 5000}0) q[1];", COMPLEX),
    _right("5,000 powers", lambda: f"rx({'1^' * 5000}0) q[1];", COMPLEX),
    _right("20,000 sums", lambda: f"rz({'1+' * 20000}0) q[1];", COMPLEX, COMPLETED),
    _right("5,000 functions", lambda: f"rx({'sin(' * 5000}0{')' * 5000}) q[1];", COMPLEX),
    _right("a gate of 5,000 qubits", lambda: _wide(5000)),
    _right("a gate of 5,000 angles", lambda: _angled(5000)),
    _right("5,000 gates", lambda: "\n".join(f"gate g{n} a {{ }}" for n in range(5000))),
    _right("5,000 opaque gates", lambda: "\n".join(f"opaque o{n} a;" for n in range(5000))),
    _right("5,000 empty statements", ";" * 5000),
    _right("5,000 conditions", lambda: "if(c==3) x q[1];\n" * 5000, COMPLETED, COMPLEX),
    _right(
        "a number of 5,000 digits", lambda: f"rz({'1' * 5000}e-5000) q[1];", COMPLETED, SEMANTIC
    ),
    _right("a name of 50,000 letters", lambda: f"qreg {'r' * 50_000}[1];"),
    _right("a register compared with a large number", "if (c == 123456789012345678) x q[1];"),
    _right("names of version 3", "qreg for[1]; creg while[0]; x for[0];", COMPLETED, SYNTAX),
    _right("a power that is huge", "rz(2^1000) q[1];"),
]


def _wide(qubits: int) -> str:
    names = ", ".join(f"a{n}" for n in range(qubits))
    return f"gate g {names} {{ barrier a0; }}"


def _angled(angles: int) -> str:
    names = ", ".join(f"t{n}" for n in range(angles))
    return f"gate g({names}) a {{ rz(t0) a; }} g({', '.join('0' for _ in range(angles))}) q[1];"

"""Parts of the language that reach beyond a circuit, and names that mean something to others."""

from __future__ import annotations

from hostile.corpus_kit import (
    COMPLETED,
    COMPLEX,
    OPERATIONS,
    SEMANTIC,
    SYNTAX,
    TIME,
    UNSUPPORTED,
    Hostile,
    bare,
    right,
    wrong,
)

_PATHS = [
    "/etc/passwd",
    "../../../../etc/passwd",
    "../../.env",
    "/proc/self/environ",
    "/proc/self/fd/0",
    "/dev/zero",
    "/dev/stdin",
    "http://127.0.0.1:1/x.inc",
    "file:///etc/passwd",
    "qelib2.inc",
    "./stdgates.inc",
    "STDGATES.INC",
    "stdgates.inc ",
    "stdgates.inc/../stdgates.inc",
    "stdgates.inc/",
    "stdgates",
    "/tmp",
    ".",
    " ",
    "~/.ssh/id_rsa",
    "%s%n{0.__class__}",
    "'; drop table tasks; --",
    "C:\\\\Windows\\\\win.ini",
    "$(id)",
    "|id",
    "*",
]
_NAMES = [
    "__class__",
    "__import__",
    "__builtins__",
    "__dict__",
    "__init__",
    "__del__",
    "None",
    "True",
    "False",
    "self",
    "cls",
    "lambda",
    "import",
    "exec",
    "eval",
    "print",
    "open",
    "os",
    "sys",
    "globals",
    "circuit",
    "qubits",
    "clbits",
    "params",
    "name",
    "definition",
    "data",
    "measure_2",
    "save_state",
    "save_statevector",
    "snapshot",
    "kraus",
    "initialize",
    "diagonal",
    "multiplexer",
    "roerror",
    "unitary",
    "jump",
    "mark",
    "store",
    "superop",
    "set_statevector",
    "set_density_matrix",
    "quantum_channel",
    "pauli",
    "mcx",
    "mcphase",
    "sim_op",
    "qerror_loc",
    "nop_",
    "delay_",
    "barrier_",
    "if_else",
    "while_loop",
    "for_loop",
    "switch_case",
    "break_loop",
    "register",
    "result",
    "counts",
    "shots",
    "seed",
    "U_",
    "gphase_",
    "h_",
    "stdgates",
    "_",
    "__",
    "_0",
    "c_0",
    "q0",
    "meas",
    "ancilla",
    "global_phase",
    "parameter",
    "expr",
    "python",
    "constructor",
    "toString",
    "NaN",
    "inf",
]

_UNSUPPORTED = {
    "calibration": [
        "cal { }",
        "cal { port p; frame f = newframe(p, 5e9, 0.0); play(f, [1, 2]); }",
        "cal { while (true) { } }",
        "cal { import os; os.system('id') }",
        'defcalgrammar "openpulse";',
        'defcalgrammar "/etc/passwd";',
        "defcal x $0 { }",
        "defcal x q { }",
        "defcal rx(angle[20] t) q { }",
        "defcal measure $0 -> bit { return 1; }",
        "defcal reset $0 { }",
        "defcal delay(duration d) q { }",
        'defcalgrammar "openpulse"; defcal x $0 { play(drive($0), gaussian(1, 2, 3)); } x $0;',
    ],
    "extern": [
        "extern f(int) -> int; int n = f(3);",
        'extern system(bit[8]) -> int; int n = system("00000000");',
        "extern f(readonly array[int, #dim = 1]) -> int; array[int, 2] a; int n = f(a);",
        "extern f(); f();",
        "extern f(int) -> int; def g() -> int { return f(1); } int n = g();",
        "extern f(int) -> int; if (f(1) == 1) { x q[0]; }",
        "extern f() -> bit; c[0] = f();",
        "extern f() -> int; rx(f()) q[0];",
        "extern __import__(int) -> int; int n = __import__(1);",
        "extern malloc(uint[64]) -> uint[64]; uint[64] m = malloc(1 << 62);",
    ],
}

_SUBROUTINES_WRONG = [
    "def f() -> bit { } bit d = f();",
    "def f(qubit a, qubit a) { }",
    "def f() { return 1; } f();",
    "def f(int n) { n = q; } f(1);",
    "def f(qubit a) { } f(q[5]);",
    "def f(qubit a) { } f();",
    "def f(qubit a) { } x f;",
    "def f(mutable array[int, 3] a) { } array[int, 4] b; f(b);",
    "def f(bit[2] d) { d[5] = 1; } f(c);",
    "def f(int n) -> int { return n / 0; } int n = f(1);",
]
_SUBROUTINES_FINE = {
    "a body of nothing": "def f() { } f();",
    "1000 calls": "def f(qubit a) { z a; } for int i in [1:1000] { f(q[0]); }",
    "a chain of 200": "def f0(qubit a) { x a; } "
    + " ".join(f"def f{i}(qubit a) {{ f{i - 1}(a); }}" for i in range(1, 201))
    + " f200(q[1]); f200(q[1]);",
    "arguments named like globals": "def f(qubit c, int q) { z c; } f(q[0], 3);",
    "named like Python": "def __init__(qubit self) { z self; } __init__(q[0]);",
    "a loop that returns": "def f() -> int { while (true) { return 1; } } int n = f();",
    "500 arguments": "def f("
    + ", ".join(f"int n{i}" for i in range(500))
    + ") { } f("
    + ", ".join("1" for i in range(500))
    + ");",
}

_DELAYS_WRONG = [
    "delay[-10ns] q;",
    "delay[10ns - 20ns] q;",
    "delay[10] q;",
    "delay[1.5] q;",
    "delay[pi] q;",
    "delay[q] q;",
    "delay[1e999ns] q;",
    "delay[nosuch] q;",
    "delay[10ns] nosuch;",
    "delay[10ns] q[7];",
    "duration d = 3; delay[d] q;",
    "box[-1ns] { x q; }",
    "box[10] { x q; }",
    "int n = 10ns;",
    "rx(10ns) q;",
    "duration d = 1ns * 1ns;",
]
_DELAYS_FINE = {
    "zero": "delay[0ns] q;",
    "an age": "delay[1e300s] q;",
    "10**18 seconds": "delay[1000000000000000000s] q;",
    "10**100 dt": f"delay[1{'0' * 100}dt] q;",
    "of nobody": "delay[1s];",
    "a thousand": "delay[1us] q; " * 1000,
    "a sum": "const duration d = 1ns + 2us; delay[d / 2] q;",
    "a box": "box[1us] { delay[10ns] q; z q; }",
}


INPUTS: list[Hostile] = [
    *(wrong("include", f'include "{path}";', UNSUPPORTED) for path in _PATHS),
    wrong("include", 'include "";', SYNTAX),
    wrong("include", 'include "a"b";', SYNTAX),
    wrong("include", "include '/etc/passwd';", UNSUPPORTED),
    wrong("include", 'include "a\nb";', SYNTAX),
    wrong("include", "include /etc/passwd;", SYNTAX),
    wrong("include", 'if (true) { include "/etc/passwd"; }', SYNTAX, UNSUPPORTED),
    bare(
        "include",
        "of a thousand files",
        lambda: "".join(f'include "{i}.inc";\n' for i in range(1000)),
        UNSUPPORTED,
    ),
    *(wrong(cls, text, UNSUPPORTED) for cls, texts in _UNSUPPORTED.items() for text in texts),
    wrong("calibration", "cal { { }", SYNTAX),
    wrong("calibration", 'defcalgrammar "";', SYNTAX),
    right(
        "calibration",
        "500 braces",
        f"cal {{{'{' * 500}{'}' * 500}}}",
        UNSUPPORTED,
        COMPLEX,
    ),
    right(
        "calibration",
        "10**5 braces",
        lambda: f"cal {{{'{' * 100_000}{'}' * 100_000}}}",
        UNSUPPORTED,
        COMPLEX,
    ),
    # Subroutines.
    *(wrong("subroutine", text) for text in _SUBROUTINES_WRONG),
    *(
        wrong("subroutine", text, SEMANTIC, SYNTAX)
        for text in [
            "def f() -> qubit { }",
            "def f(const int n) { }",
            "def f() { break; } for int i in [0:1] { f(); }",
            "def f(int n) { qubit[n] r; } f(3);",
            "def f() { def g() { } }",
        ]
    ),
    *(right("subroutine", name, text) for name, text in _SUBROUTINES_FINE.items()),
    right(
        "subroutine",
        "a loop without an end",
        "def f(qubit a) -> bit { bit b; while (true) { "
        "b = measure a; } return b; } c[0] = f(q[0]);",
        TIME,
        OPERATIONS,
        COMPLEX,
    ),
    # Delays and durations.
    *(wrong("duration", text) for text in _DELAYS_WRONG),
    *(right("duration", name, text) for name, text in _DELAYS_FINE.items()),
    *(
        right("duration", name, text, COMPLETED, UNSUPPORTED)
        for name, text in {
            "stretch": "stretch w; delay[w] q;",
            "1000 stretches": " ".join(f"stretch s{i}; delay[s{i}] q;" for i in range(1000)),
            "a stretch of minus one": "stretch w; delay[-1 * w] q;",
            "durationof": "delay[durationof({ x q[0]; })] q;",
            "durationof durationof": "delay[durationof({ delay[durationof({ x q; })] q; })] q;",
            "durationof an endless loop": "delay[durationof({ while (true) { x q; } })] q;",
        }.items()
    ),
    # Names.
    *(
        right(
            "name",
            f"gate {name}",
            f"gate {name} a, b {{ x b; }} {name} q[0], q[1];",
            counts={"11": 1},
        )
        for name in _NAMES
    ),
    bare(
        "name",
        "registers named like Python",
        "qubit[2] self; bit[2] __class__; x self[0]; __class__ = measure self;",
        COMPLETED,
        counts={"01": 1},
    ),
    bare(
        "name",
        "registers named like the simulator",
        "qubit[2] memory; bit[2] measure_2; "
        "bit save_state; x memory[1]; measure_2 = measure memory; save_state = measure memory[1];",
        COMPLETED,
        counts={"1 10": 1},
    ),
    bare(
        "name",
        "100 registers named alike but for underscores",
        "qubit q; x q; " + " ".join(f"bit {'_' * n};" for n in range(1, 101)) + " _ = measure q;",
        COMPLETED,
        counts={"0 " * 99 + "1": 1},
    ),
    bare(
        "name",
        "a loop over __import__",
        "qubit[3] q; bit[3] c; for int __import__ in [0:2] { x q[__import__]; } c = measure q;",
        COMPLETED,
        counts={"111": 1},
    ),
    bare(
        "name",
        "constants named like Python",
        "const int None = 1; const float self = 3.0; "
        "qubit[2] q; bit[2] c; x q[None]; rz(self) q; c = measure q;",
        COMPLETED,
        counts={"10": 1},
    ),
    bare(
        "name",
        "parameters named like Python",
        "gate g(self, None, __class__) lambda, def_ "
        "{ rx(self) lambda; rz(None * __class__) def_; } qubit[2] q; bit[2] c; "
        "g(pi, 1, 2) q[0], q[1]; c = measure q;",
        COMPLETED,
        counts={"01": 1},
    ),
    bare(
        "name",
        "variables named like Python",
        "int __dict__ = 3; bool True = false; qubit q; "
        "bit c; if (__dict__ == 3) { x q; } if (True) { x q; } c = measure q;",
        COMPLETED,
        counts={"1": 1},
    ),
    bare(
        "name",
        "a gate named like a gate of the header, without the header's",
        "gate h2 a "
        "{ U(pi, 0, pi) a; } gate measure_ a { h2 a; } qubit q; bit c; measure_ q; "
        "c = measure q;",
        COMPLETED,
        counts={"1": 1},
    ),
]

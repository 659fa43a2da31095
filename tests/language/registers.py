"""How registers are declared, indexed, aliased, broadcast over and printed as keys."""

from __future__ import annotations

from language import Table, even

PROGRAMS: Table = {
    "an old register of no bits": (
        "creg none[0]; qreg q[2]; creg c[2]; x q[1]; measure q -> c;",
        {"10": 1},
    ),
    # keys
    "bell": (
        "qubit[2] q; bit[2] c; h q[0]; cx q[0], q[1]; c = measure q;",
        even("00", "11"),
    ),
    "most significant bit first": (
        "qubit[3] q; bit[3] c; x q[0]; c = measure q;",
        {"001": 1},
    ),
    "registers: last declared first": (
        "qubit[3] q; bit[1] a; bit[2] b; x q[0]; a[0] = measure q[0]; b = measure q[1:2];",
        {"00 1": 1},
    ),
    "loose bits count as registers of one": (
        "qubit[2] q; bit a; bit[2] b; bit c; x q[0]; a = measure q[0]; b = measure q; "
        "c = measure q[1];",
        {"0 01 1": 1},
    ),
    "an alias of bits is no register": (
        "qubit[3] q; bit[3] c; let low = c[0:1]; x q[2]; x q[0]; low = measure q[0:1]; "
        "c[2] = measure q[2];",
        {"101": 1},
    ),
    "an unmeasured bit is 0": ("qubit q; bit[2] c; x q; c[1] = measure q;", {"10": 1}),
    "a whole unmeasured register is printed as zeros": (
        "qubit q; bit[2] a; bit b; bit[3] c; x q; b = measure q;",
        {"000 1 00": 1},
    ),
    "five registers of several sizes": (
        "qubit[2] q; bit[3] a; bit b; bit[2] c; bit d; bit[2] e; x q[1]; a[2] = measure q[1];"
        " c = measure q; e[0] = measure q[1];",
        {"01 0 10 0 100": 1},
    ),
    "the order of measurements does not matter to the key": (
        "qubit[2] q; bit a; bit b; x q[1]; b = measure q[1]; a = measure q[0];",
        {"1 0": 1},
    ),
    "a bit that was assigned and not measured is in the key": (
        "qubit q; bit a = 1; bit[3] b; b[1] = true; bit c; c = measure q;",
        {"0 010 1": 1},
    ),
    "an initialised register is in the key": (
        'qubit q; bit[4] b = "0011"; bit c = measure q;',
        {"0 0011": 1},
    ),
    "a const register is not in the key": (
        'qubit q; const bit[2] k = "10"; const bit b = 1; bit c; x q; c = measure q;',
        {"1": 1},
    ),
    "numbers and bools are not in the key": (
        "qubit q; int i = 3; uint[4] u = 2; bool b = true; float f = 1.5; angle[3] a = pi;"
        " array[int, 2] n = {1, 2}; bit c; x q; c = measure q;",
        {"1": 1},
    ),
    "bits of an inner scope are not in the key": (
        "qubit q; bit c; x q; if (true) { bit d; d = measure q; c = d; }"
        " for int i in [0:1] { bit[2] e; e[i] = measure q; }",
        {"1": 1},
    ),
    "with an output declared, other bits are not in the key": (
        "qubit[2] q; bit[2] a; output bit[2] b; bit c; x q; a = measure q; b[1] = measure q[0];"
        " c = measure q[0];",
        {"10": 1},
    ),
    "two outputs among other bits": (
        "qubit[2] q; output bit a; bit[3] b; output bit[2] c; x q[0]; a = measure q[0];"
        " b[0:1] = measure q; c = measure q;",
        {"01 1": 1},
    ),
    "an output number is no register": (
        "qubit q; output int n; output bit b; n = 3; x q; b = measure q;",
        {"1": 1},
    ),
    "old style declarations": (
        "qreg q[2]; qreg r; creg c[2]; creg d; x q[1]; x r; c = measure q; d = measure r;",
        {"1 10": 1},
    ),
    "old and new declarations in one key": (
        "qreg a[1]; qubit[2] b; creg c[2]; bit d; x b[0]; c = measure b; d = measure a[0];",
        {"0 01": 1},
    ),
    # sizes
    "sizes from constants": (
        "const int n = 2; const uint[8] m = n ** 2 - 1; qubit[n] a; qubit[m] b; bit[n + m] c;"
        " x a[n - 1]; x b[m - 1]; c[0:1] = measure a; c[n:4] = measure b;",
        {"10010": 1},
    ),
    "a register of one is indexed": (
        "qubit[1] q; bit[1] c; x q[0]; c[0] = measure q[-1];",
        {"1": 1},
    ),
    "empty registers take no room": (
        "qubit[2] q; qubit[0] none; bit[0] a; bit[2] b; bit[0] c; x q[1]; b = measure q;",
        {"10": 1},
    ),
    "a loose qubit before, between and after registers": (
        "qubit a; qubit[2] b; qubit c; qubit[2] d; qubit e; bit[7] k; x a; x b[1]; x d[0]; x e;"
        " k[0] = measure a; k[1:2] = measure b; k[3] = measure c; k[4:5] = measure d;"
        " k[6] = measure e;",
        {"1010101": 1},
    ),
    "qubits may be declared after gates and measurements": (
        "qubit a; x a; bit c = measure a; qubit[2] b; bit[2] d; cx a, b[1]; d = measure b;",
        {"10 1": 1},
    ),
    "physical qubits": ("bit[2] c; x $1; c[0] = measure $0; c[1] = measure $1;", {"10": 1}),
    "physical qubits with gaps between": (
        "bit[3] c; x $7; cx $7, $2; c[0] = measure $0; c[1] = measure $2; c[2] = measure $7;",
        {"110": 1},
    ),
    # indices
    "slices with a step, sets and negative ends": (
        "qubit[5] q; bit[5] c; x q[0:2:4]; x q[{1, 4}]; x q[1:-2]; x q[-1]; c = measure q;",
        {"11001": 1},
    ),
    "ranges include both ends": (
        "qubit[5] q; bit[5] c; x q[1:3]; c = measure q;",
        {"01110": 1},
    ),
    "a step that does not hit the end": (
        "qubit[6] q; bit[6] c; x q[0:3:5]; c = measure q;",
        {"001001": 1},
    ),
    "a range downwards reverses": (
        "qubit[3] q; qubit[3] r; bit[3] c; x q[0]; cx q, r[2:-1:0]; c = measure r;",
        {"100": 1},
    ),
    "a range downwards with negative ends": (
        "qubit[4] q; bit[4] c; x q[0]; x q[1]; c = measure q[-1:-1:-4];",
        {"1100": 1},
    ),
    "an index set keeps its order": (
        "qubit[3] q; bit[2] c; x q[2]; c = measure q[{2, 0}];",
        {"01": 1},
    ),
    "an index set with negative indices and expressions": (
        "const int k = 2; qubit[4] q; bit[4] c; x q[{-1, k - 1}]; c = measure q;",
        {"1010": 1},
    ),
    "a slice of one is a register of one": (
        "qubit[3] q; bit[1] c; x q[1]; c = measure q[1:1];",
        {"1": 1},
    ),
    "a slice of a slice": (
        "qubit[5] q; bit[5] c; x q[1:4][1:2]; x q[0:2:4][-1]; c = measure q;",
        {"11100": 1},
    ),
    # aliases
    "let and concatenation": (
        "qubit[2] a; qubit[2] b; bit[2] c; let ab = a ++ b; x ab[3]; let odd = ab[1:2:3];"
        " x odd[0]; c = measure b;",
        {"10": 1},
    ),
    "an alias of one qubit": (
        "qubit[3] q; bit[3] c; let last = q[-1]; x last; c = measure q;",
        {"100": 1},
    ),
    "an alias of a whole register": (
        "qubit[2] q; bit[2] c; let r = q; x r[1]; c = measure r;",
        {"10": 1},
    ),
    "an alias of an alias": (
        "qubit[6] q; bit[6] c; let a = q[1:2:5]; let b = a[1:2]; x b[1]; let d = b[0]; x d;"
        " c = measure q;",
        {"101000": 1},
    ),
    "an alias of an index set": (
        "qubit[4] q; bit[4] c; let a = q[{3, 1}]; x a[0]; h a[1]; h a[1]; c = measure q;",
        {"1000": 1},
    ),
    "concatenation of three parts in another order": (
        "qubit[2] a; qubit[3] b; bit[4] c; let r = b[1:2] ++ a ++ b[0:0]; x b[2]; x a[0];"
        " c = measure r[0:3];",
        {"0110": 1},
    ),
    "concatenation of aliases": (
        "qubit[4] q; bit[4] c; let high = q[2:3]; let low = q[0:1]; let r = high ++ low; x r[0];"
        " x r[3]; c = measure q;",
        {"0110": 1},
    ),
    "concatenation of bits": (
        "qubit[3] q; bit[1] a; bit[2] b; let ba = b ++ a; x q[0]; x q[2]; ba = measure q;",
        {"01 1": 1},
    ),
    "an alias of bits as a condition": (
        "qubit[3] q; bit[3] c; let two = c[{0, 2}]; x q[2]; c = measure q;"
        " if (two[1]) { x q[0]; } c[1] = measure q[0];",
        {"110": 1},
    ),
    "an alias declared before its bits change": (
        "qubit q; bit[2] c; let high = c[1]; c[1] = 1; if (high) { x q; } c[0] = measure q;",
        {"11": 1},
    ),
    # broadcasting
    "broadcast": ("qubit[2] a; qubit[2] b; bit[2] c; x a; cx a, b; c = measure b;", {"11": 1}),
    "broadcast from one control to many targets": (
        "qubit c; qubit[3] r; bit[3] m; x c; cx c, r; m = measure r;",
        {"111": 1},
    ),
    "broadcast from many controls to one target": (
        "qubit[3] c; qubit r; bit m; x c; cx c, r; m = measure r;",
        {"1": 1},
    ),
    "broadcast over a slice and an index set": (
        "qubit[4] q; bit[4] c; x q[0]; cx q[0:1], q[{2, 3}]; c = measure q;",
        {"0101": 1},
    ),
    "broadcast of three operands, one of them alone": (
        "qubit[2] a; qubit b; qubit[2] c; bit[2] m; x a; x b; x c[1]; ccx a, b, c; m = measure c;",
        {"01": 1},
    ),
    "a broadcast rotation": (
        "qubit[2] q; bit[2] c; ry(pi / 2) q; c = measure q;",
        even("00", "01", "10", "11"),
    ),
    "forty qubits, Clifford": (
        "qubit[40] q; bit[40] c; h q[0]; cx q[0], q[1:39]; c = measure q;",
        even("0" * 40, "1" * 40),
    ),
}

OPTIONAL: Table = {
    "physical and declared qubits together": (
        "qubit q; bit[2] c; x $0; cx $0, q; c[0] = measure q; c[1] = measure $1;",
        {"01": 1},
    ),
    "a qubit indexed by a variable": (
        "qubit[3] q; bit[3] c; int i = 1; x q[i]; i += 1; x q[i]; c = measure q;",
        {"110": 1},
    ),
    "a qubit indexed by what was measured": (
        "qubit[2] a; qubit[4] q; bit[2] k; bit[4] c; x a[0]; h a[1]; k = measure a; x q[int(k)];"
        " c = measure q;",
        even("0010 01", "1000 11"),
    ),
    "a classical bit indexed by what was measured": (
        "qubit q; bit k; bit[2] c; h q; k = measure q; c[int(k)] = 1;",
        even("01 0", "10 1"),
    ),
}

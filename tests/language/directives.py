"""Versions, comments, white space, pragmas, annotations, timing."""

from __future__ import annotations

import math

from language import HEADER, Table, even, turned

PI = math.pi

PROGRAMS: Table = {
    "box, barrier and delay": (
        "qubit[2] q; bit[2] c; box { x q[0]; } barrier q; delay[100ns] q[1]; c = measure q;",
        {"01": 1},
    ),
    "barriers of everything, of nothing named and of slices": (
        "qubit[3] q; qubit r; bit[3] c; x q[0]; barrier; barrier q[0:1], r;"
        " barrier q[{0, 2}], q[1]; barrier r; cx q[0], q[2]; c = measure q;",
        {"101": 1},
    ),
    "a barrier of physical qubits": (
        "bit c; x $0; barrier $0, $1; c = measure $0;",
        {"1": 1},
    ),
    "delays in all units": (
        "qubit[2] q; bit[2] c; h q; delay[10ns] q; delay[1.5us] q[0]; delay[2µs] q[1];"
        " delay[3ms] q; delay[1e-3s] q[0:1]; delay[4dt] q; delay[2 us] q; h q; x q[0];"
        " c = measure q;",
        {"01": 1},
    ),
    "a delay of a duration and of an expression": (
        "duration d = 3us; const duration k = 10ns; qubit q; bit c; h q; delay[d] q;"
        " delay[2 * d + k] q; delay[d - 1us] q; h q; c = measure q;",
        {"0": 1},
    ),
    "a duration divided by a duration is a float": (
        "duration d = 3us; float f = d / 1000ns; qubit q; bit c; rx(f * pi / 9) q; c = measure q;",
        turned(PI / 3),
    ),
    "a stretch": (
        "stretch g; qubit[2] q; bit[2] c; x q[0]; delay[g] q; cx q[0], q[1]; delay[2 * g] q[0];"
        " c = measure q;",
        {"11": 1},
    ),
    "a box with a duration": (
        "duration d = 1us; qubit[2] q; bit[2] c; box [500ns] { x q[0]; delay[20ns] q[1]; }"
        " box [2 * d] { cx q[0], q[1]; box { h q[0]; h q[0]; } } c = measure q;",
        {"11": 1},
    ),
    "a box with control flow": (
        "qubit[2] q; bit[2] c; h q[0]; box { c[0] = measure q[0]; if (c[0]) { x q[1]; }"
        " for int i in [0:1] { z q[1]; } } c[1] = measure q[1];",
        even("00", "11"),
    ),
    "an empty box": ("qubit q; bit c; x q; box { } c = measure q;", {"1": 1}),
    "a delay in a loop and in a branch": (
        "qubit q; bit c; bit d; h q; c = measure q; for int i in [1:2] { delay[10ns] q; }"
        " if (c) { delay[1us] q; x q; } d = measure q;",
        even("0 0", "0 1"),
    ),
    # pragmas and annotations
    "pragmas are ignored": (
        'pragma anything at all { " ;\nqubit q; bit c;\npragma x q;\nx q;\npragma\tlast\n'
        "c = measure q;",
        {"1": 1},
    ),
    "annotations are ignored": (
        "@bind IOPORT[3:2]\nqubit q;\n@a\n@b.c d { ; }\nbit c;\n@reversible\ngate g a { x a; }\n"
        "@noswap x q;\nbox { g q; }\n@k\nc = measure q;",
        {"1": 1},
    ),
    "annotations in blocks": (
        "qubit q; bit c; h q; c = measure q; if (c) {\n@here\nx q;\n}\n@there\n"
        "for int i in [0:0] {\n"
        "@inner thing\nx q; }\nc = measure q;",
        {"1": 1},
    ),
    # comments and white space
    "comments of both kinds": (
        "// x q;\nqubit q; /* x q; */ bit c; // qubit q; */\n/* // */ x /* between */ q;\n"
        "/* several\n * lines; x q;\n **/ c = /**/ measure q; // the end",
        {"1": 1},
    ),
    "quotes and markers in comments": (
        '// "one\nqubit q; /* "two // */ bit[2] c = "01"; // "three"\n/* \' */ c[1] = measure q;',
        {"01": 1},
    ),
    "no more white space than needed": (
        "qubit[2]q;bit[2]c;h q[0];if(c[0]==0){cx q[0],q[1];}else{x q[1];}c=measure q;",
        even("00", "11"),
    ),
    "much white space": (
        "\n\n\tqubit [ 2 ]\n q ;\t bit\n[\n2\n]\nc\n;\n\nrx (\n pi\n/\n3 )\tq [ 1 ] ;\n c\n=\n"
        "measure\nq\n;\n\n\n",
        {"00": 0.75, "10": 0.25},
    ),
    "lines that end in carriage return and newline": (
        "qubit[2] q;\r\nbit[2] c;\r\n// x q;\r\n/* two\r\nlines */\r\npragma some thing\r\n"
        "@note\r\nx q[1];\r\nc = measure q;\r\n",
        {"10": 1},
    ),
    "names that differ in case": (
        "qubit q; qubit Q; bit c; bit C; gate X a { } X q; x Q; c = measure q; C = measure Q;",
        {"1 0": 1},
    ),
    "names with keywords in them": (
        "qubit qubit1; bit bit_; int int_ = 1; int if_ = 2; int input_1 = 3; int measured = 1;"
        " gate gate_ a { x a; } def def_(qubit for_) { gate_ for_; } if (int_ == measured)"
        " { def_(qubit1); } bit_ = measure qubit1;",
        {"1": 1},
    ),
    "names in other alphabets": (
        "qubit[2] кубит; bit[2] 量子; float ϑ = π / 3; int ª = 1; int Ⅷ2 = 3; rx(ϑ * ª) кубит[1];"
        " if (Ⅷ2 == 3) { 量子 = measure кубит; }",
        {"00": 0.75, "10": 0.25},
    ),
    "a program of a thousand statements": (
        "qubit q; bit c; " + "x q; " * 1001 + "c = measure q;",
        {"1": 1},
    ),
    "deep parentheses and blocks": (
        "qubit q; bit c; "
        + "if (true) { " * 20
        + f"rx({'(' * 20}pi{')' * 20}) q; "
        + "} " * 20
        + "c = measure q;",
        {"1": 1},
    ),
}

PLAIN = "qubit q; bit c; x q; c = measure q;"
OWN = "gate flip a { U(pi, 0, pi) a; } qubit q; bit c; flip q; c = measure q;"

BARE: Table = {
    "version 3": ('OPENQASM 3; include "stdgates.inc"; ' + PLAIN, {"1": 1}),
    "version 3.0": ('OPENQASM 3.0; include "stdgates.inc"; ' + PLAIN, {"1": 1}),
    "version 3.1": ('OPENQASM 3.1; include "stdgates.inc"; ' + PLAIN, {"1": 1}),
    "no version": ('include "stdgates.inc"; ' + PLAIN, {"1": 1}),
    "no version and no include": (OWN, {"1": 1}),
    "a comment before the version": (
        "// hi\n/* OPENQASM 2.0;\n */ OPENQASM\n3.0 ;\n" + OWN,
        {"1": 1},
    ),
    "a pragma before the version's gates": (
        'OPENQASM 3.1;\npragma a.b c\ninclude "stdgates.inc";\n' + PLAIN,
        {"1": 1},
    ),
    "an include after the first statements": (
        'OPENQASM 3.0; qubit q; bit c; const int n = 1; include "stdgates.inc"; x q;'
        " c = measure q;",
        {"1": 1},
    ),
    "a byte order mark": ("\ufeff" + HEADER + PLAIN, {"1": 1}),
    "carriage returns from the first line": (
        'OPENQASM 3.0;\r\ninclude "stdgates.inc";\r\n' + PLAIN.replace("; ", ";\r\n"),
        {"1": 1},
    ),
    "without the include, the built-in gates take modifiers": (
        "OPENQASM 3.0; qubit[2] q; bit[2] c; U(π, 0, π) q[0]; ctrl @ U(π, 0, π) q[0], q[1];"
        " pow(2) @ U(π / 2, 0, 0) q[0]; ctrl @ gphase(π) q[1]; inv @ U(1, 2, 3) q[0];"
        " U(1, 2, 3) q[0]; c = measure q;",
        {"10": 1},
    ),
}

OPTIONAL: Table = {
    "nop": (
        "qubit[2] q; bit[2] c; x q[1]; nop q; nop q[0], q[1]; c = measure q;",
        {"10": 1},
    ),
    "nop alone": ("qubit q; bit c; x q; nop; c = measure q;", {"1": 1}),
    "an extern function that is not called": (
        "extern f(int[8], float) -> bit[2]; extern g(bit); qubit q; bit c; x q; c = measure q;",
        {"1": 1},
    ),
    "durationof": (
        "qubit q; bit c; x q; delay[durationof({ x $0; })] q; c = measure q;",
        {"1": 1},
    ),
    "the older pragma": ("#pragma anything\n" + PLAIN, {"1": 1}),
}

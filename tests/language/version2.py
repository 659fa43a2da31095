"""OpenQASM 2 programs over each rule of its grammar, to be run as Qiskit runs them."""

from __future__ import annotations

HEADER = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'
# Angles that make every gate visible, and qubits that are not symmetrical.
MIXED = "u3(0.3, 1.1, -0.7) q[0]; u3(1.2, 0.4, 0.9) q[1]; u3(0.8, -1.3, 0.2) q[2]; "
BACK = "u3(-0.9, 0.2, 0.6) q[0]; h q[1]; ry(0.7) q[2]; "
GATES = {
    **dict.fromkeys(["id", "x", "y", "z", "h", "s", "sdg", "t", "tdg", "sx", "sxdg"], (0, 1)),
    **dict.fromkeys(["u0", "u1", "p", "rx", "ry", "rz"], (1, 1)),
    **{"u2": (2, 1), "u3": (3, 1), "u": (3, 1), "U": (3, 1)},
    **dict.fromkeys(["cx", "CX", "cy", "cz", "ch", "csx", "swap"], (0, 2)),
    **dict.fromkeys(["cu1", "cp", "crx", "cry", "crz", "rxx", "rzz"], (1, 2)),
    **{"cu3": (3, 2), "cu": (4, 2)},
    **dict.fromkeys(["ccx", "cswap", "rccx"], (0, 3)),
    **dict.fromkeys(["c3x", "c3sqrtx", "rc3x"], (0, 4)),
    "c4x": (0, 5),
}
_FIVE = "qreg q[5]; creg c[5]; "
_ANGLES = (0.4, -1.3, 2.1, 0.9)


def _gate(name: str, angles: int, qubits: int) -> str:
    given = f"({', '.join(map(str, _ANGLES[:angles]))})" if angles else ""
    given = "(1)" if name == "u0" else given  # a whole number, for Qiskit
    places = ", ".join(f"q[{place}]" for place in range(qubits))
    call = f"{name}{given} {places};"
    return f"{_FIVE}{MIXED} h q[3]; ry(1) q[4]; {call} {BACK} h q[3]; measure q -> c;"


def _angle(expression: str) -> str:
    return f"qreg q[1]; creg c[1]; rx({expression}) q[0]; measure q -> c;"


_EXPRESSIONS = """
pi | -pi | +pi/3 | pi/2 | 3*pi/4 | pi*0.3 | 1/2 | 1/2/2 | 7/2*2 | 2-3-4 | 2+3*4 | (2+3)*4 | -2^2
2^3^2 | 2^-1 | -2*3 | 2*-3 | 5 - -2 | --2 | -(2)^2 | -sin(1)^2 | 3*2^2
.5 | 1. | 1e0 | 1e-3 | 2.5E+1 | 0.25e1
sin(pi/3) | cos(1) | tan(0.5) | exp(0.2) | ln(2) | sqrt(2) | sin(cos(tan(0.1)))
sqrt(2)^2/3 | (((1)))
-pi/2+pi^2*3-1/7 | 100000000000000000/3e16 | 2*(1-(2-3))
""".replace("\n", " | ")
_TWO = "qreg q[3]; creg c[3]; "
_OTHERS = {
    # registers
    "a register each": "qreg a[1]; qreg b[1]; creg c[1]; creg d[1]; x b[0]; measure b -> d;",
    "registers of other sizes": "qreg a[2]; qreg b[3]; creg c[5]; x b; measure b[2] -> c[4];",
    "a register is declared late": "qreg a[1]; x a[0]; qreg b[1]; creg c[2]; cx a[0], b[0];"
    " measure a[0] -> c[0]; creg d[1]; measure b[0] -> d[0];",
    "what nothing is measured into": "qreg q[2]; creg c[2]; creg d[3]; x q; measure q -> c;",
    "names of version 3": "qreg in[1]; creg out[1]; qreg qubit[1]; creg bit[1]; x in[0];"
    " cx in[0], qubit[0]; measure qubit -> bit;",
    "names with digits and underscores": "qreg q0_1[1]; creg cBig_[1]; x q0_1; measure q0_1 ->"
    " cBig_;",
    "the numbers of version 3 as names": "qreg tau[1]; creg euler[1]; x tau; measure tau ->"
    " euler;",
    "functions of version 3 as names": "qreg log[1]; creg popcount[1]; rx(ln(2)) log;"
    " measure log -> popcount;",
    # broadcasting
    "one gate on a register": _TWO + "h q; measure q -> c;",
    "two registers": "qreg a[3]; qreg b[3]; creg c[3]; h a; cx a, b; measure b -> c;",
    "a qubit and a register": "qreg a[1]; qreg b[3]; creg c[3]; h a; cx a[0], b; measure b -> c;",
    "a register and a qubit": "qreg a[3]; qreg b[1]; creg c[1]; x a[1]; cx a, b[0]; measure b ->"
    " c;",
    "three operands": "qreg a[2]; qreg b[1]; qreg d[2]; creg c[2]; x a; x b; ccx a, b[0], d;"
    " measure d -> c;",
    "an angle on a register": _TWO + "rx(pi/3) q; measure q -> c;",
    # measurement
    "one bit": _TWO + "x q[1]; measure q[1] -> c[2];",
    "in another order": _TWO + "x q[0]; measure q[0] -> c[2]; measure q[2] -> c[0];",
    "twice": _TWO + "h q[0]; measure q[0] -> c[0]; measure q[0] -> c[1];",
    "again after a gate": _TWO + "h q[0]; measure q[0] -> c[0]; x q[0]; measure q[0] -> c[1];",
    "in the middle": _TWO + "h q[0]; measure q[0] -> c[0]; cx q[0], q[1]; measure q[1] -> c[1];",
    # reset and barrier
    "reset": _TWO + "h q; reset q[0]; measure q -> c;",
    "reset of a register": _TWO + "x q; reset q; h q[1]; measure q -> c;",
    "reset after a measurement": _TWO + "h q[0]; measure q[0] -> c[0]; reset q[0];"
    " measure q[0] -> c[1];",
    "barriers": _TWO + "barrier q; h q[0]; barrier q[0], q[2]; barrier q, q[1]; measure q -> c;",
    "a barrier of nothing": _TWO + "x q; barrier; measure q -> c;",
    # if
    "a condition that holds": _TWO + "x q[1]; measure q -> c; if (c == 2) x q[0]; measure q -> c;",
    "one that does not": _TWO + "x q[1]; measure q -> c; if (c == 1) x q[0]; measure q -> c;",
    "zero": _TWO + "if (c == 0) x q[0]; measure q -> c;",
    "a register of one bit": "qreg q[1]; creg c[1]; creg d[1]; h q; measure q -> c; if (c==1) x q;"
    " measure q -> d;",
    "the highest bit": "qreg q[1]; creg c[4]; creg d[1]; x q; measure q[0] -> c[3]; if (c==8) h"
    " q[0];"
    " measure q -> d;",
    "a measurement with a condition": _TWO + "h q[0]; x q[1]; measure q[0] -> c[0];"
    " if (c==1) measure q[1] -> c[1];",
    "a reset with a condition": _TWO + "h q; measure q[0] -> c[0]; if (c==1) reset q[0];"
    " measure q[0] -> c[1];",
    "a gate on a register with a condition": _TWO + "h q[0]; measure q[0] -> c[0]; if (c==1) x q;"
    " measure q -> c;",
    "conditions one after the other": _TWO + "h q[0]; measure q[0] -> c[0]; if (c==1) x q[1];"
    " measure q[1] -> c[1]; if (c==3) x q[2]; measure q[2] -> c[2];",
    "a condition of another register": "qreg q[2]; creg c[1]; creg d[2]; h q[0]; measure q[0] ->"
    " c[0];"
    " if (c==0) rx(pi/3) q[1]; measure q -> d;",
    "teleportation": "qreg q[3]; creg a[1]; creg b[1]; creg r[1]; u3(0.9,0.2,0.4) q[0]; h q[1];"
    " cx q[1],q[2]; cx q[0],q[1]; h q[0]; measure q[0] -> a[0]; measure q[1] -> b[0];"
    " if(a==1) z q[2]; if(b==1) x q[2]; u3(-0.9,-0.4,-0.2) q[2]; measure q[2] -> r[0];",
    # gates of the program's own
    "a gate": "gate g a { x a; } " + _TWO + "g q[1]; measure q -> c;",
    "a gate with angles": "gate g(s, t) a, b { rx(s/2) a; cx a, b; rz(-t) b; ry(t^2) b; } "
    + _TWO
    + "g(pi, 1/2) q[2], q[0]; measure q -> c;",
    "an empty gate": "gate g a, b { } " + _TWO + "x q[0]; g q[0], q[1]; measure q -> c;",
    "empty brackets": "gate g() a { h a; } "
    + _TWO
    + "g() q[0]; g q[0]; x() q[1]; measure q -> c;",
    "gates of gates": "gate f(t) a { rx(t) a; } gate g(t) a, b { f(t) a; f(2*t) b; cx b, a; } "
    + _TWO
    + "g(0.4) q[0], q[1]; measure q -> c;",
    "U and CX in a gate": "gate g(t) a, b { U(t, 0, pi) a; CX a, b; } "
    + _TWO
    + "g(1.1) q[0], q[1]; measure q -> c;",
    "a barrier in a gate": "gate g a, b { h a; barrier a, b; cx a, b; } "
    + _TWO
    + "g q[0], q[1]; measure q -> c;",
    "a gate on registers": "gate g a, b { cx a, b; x a; } qreg q[2]; qreg r[2]; creg c[4]; h q;"
    " g q, r; measure q[0] -> c[0]; measure r[0] -> c[1]; measure q[1] -> c[2];",
    "names of qubits and angles inside": "gate g(q) c { rx(q) c; } "
    + _TWO
    + "g(pi/3) q[0]; measure q -> c;",
    "a gate and its qubit have one name": "gate a a { x a; } " + _TWO + "a q[0]; measure q -> c;",
    "an opaque gate that nobody calls": "opaque magic(t) a, b; " + _TWO + "h q; measure q -> c;",
    # how it is written
    "on one line": "qreg q[1];creg c[1];h q[0];measure q[0]->c[0];",
    "spread over lines": "qreg\n q [ 1 ]\n;\ncreg c\t[1] ;  rx ( pi\n / 3 ) q\n[ 0 ] ; measure q"
    " -> c ;",
    "comments": "// first\nqreg q[1]; // q\ncreg c[1]; x q; // measure q -> c;\nmeasure q -> c;"
    " //",
    "empty statements": "qreg q[1];; creg c[1]; ; x q;; measure q -> c;;",
    "commas before an end": "gate g(s,) a { rx(s,) a; } qreg q[2]; creg c[2]; g(1,) q[0],; x q[1];"
    " measure q -> c;",
    "windows' lines": "qreg q[1];\r\ncreg c[1];\r\nx q[0];\r\nmeasure q -> c;\r\n",
    "many lines": "qreg q[4]; creg c[4];\n"
    + "".join(
        f"h q[{n % 4}];\ncx q[{n % 4}], q[{(n + 1) % 4}];\nrz(pi/{n + 1}) q[{n % 4}];\n"
        for n in range(40)
    )
    + "".join(f"measure q[{n}] -> c[{n}];\n" for n in range(4)),
}
_ALGORITHMS = {
    "a GHZ state": "qreg q[5]; creg c[5]; h q[0]; cx q[0],q[1]; cx q[1],q[2]; cx q[2],q[3];"
    " cx q[3],q[4]; measure q -> c;",
    "a Fourier transform": "qreg q[3]; creg c[3]; x q[0]; x q[2]; barrier q; h q[2];"
    " cu1(pi/2) q[1],q[2]; cu1(pi/4) q[0],q[2]; h q[1]; cu1(pi/2) q[0],q[1]; h q[0];"
    " swap q[0],q[2]; measure q -> c;",
    "its inverse, with conditions": "qreg q[3]; creg a[1]; creg b[1]; creg c[1]; h q; h q[0];"
    " measure q[0] -> a[0]; if(a==1) u1(-pi/2) q[1]; h q[1]; measure q[1] -> b[0];"
    " if(a==1) u1(-pi/4) q[2]; if(b==1) u1(-pi/2) q[2]; h q[2]; measure q[2] -> c[0];",
    "Grover's search": "qreg q[2]; creg c[2]; h q; cz q[0],q[1]; h q; x q; cz q[0],q[1]; x q; h q;"
    " measure q -> c;",
    "an adder": "gate majority a,b,c { cx c,b; cx c,a; ccx a,b,c; }"
    " gate unmaj a,b,c { ccx a,b,c; cx c,a; cx a,b; }"
    " qreg cin[1]; qreg a[2]; qreg b[2]; qreg cout[1]; creg ans[3]; x a[0]; x a[1]; x b[0];"
    " majority cin[0],b[0],a[0]; majority a[0],b[1],a[1]; cx a[1],cout[0];"
    " unmaj a[0],b[1],a[1]; unmaj cin[0],b[0],a[0]; measure b[0] -> ans[0];"
    " measure b[1] -> ans[1]; measure cout[0] -> ans[2];",
    "a hidden string": "qreg q[4]; qreg r[1]; creg c[4]; x r; h r; h q; cx q[0],r[0]; cx"
    " q[2],r[0];"
    " h q; measure q -> c;",
    "a W state": "gate b(t) a,c { ry(-t) c; cz a,c; ry(t) c; } qreg q[3]; creg c[3]; x q[0];"
    " b(acos) q[0],q[1]; cx q[1],q[0]; b(pi/4) q[1],q[2]; cx q[2],q[1]; measure q -> c;".replace(
        "acos", "0.9553166181245093"
    ),
    "a swap test": "qreg a[1]; qreg v[1]; qreg w[1]; creg c[1]; ry(0.6) v; ry(1.9) w; h a;"
    " cswap a,v,w; h a; measure a -> c;",
    "error correction": "qreg q[3]; qreg a[2]; creg syn[2]; creg c[3]; ry(0.8) q[0]; cx q[0],q[1];"
    " cx q[0],q[2]; x q[1]; cx q[0],a[0]; cx q[1],a[0]; cx q[1],a[1]; cx q[2],a[1];"
    " measure a -> syn; if(syn==1) x q[0]; if(syn==3) x q[1]; if(syn==2) x q[2]; measure q -> c;",
    "entanglement of pairs": "qreg q[4]; creg c[4]; rxx(0.7) q[0],q[1]; rzz(1.1) q[1],q[2];"
    " ry(0.4) q; rxx(pi/2) q[2],q[3]; crx(0.3) q[3],q[0]; measure q -> c;",
}
PROGRAMS: dict[str, str] = {
    **{f"gate {name}": HEADER + _gate(name, *sizes) for name, sizes in GATES.items()},
    **{
        f"angle {text.strip()}": HEADER + _angle(text.strip())
        for text in _EXPRESSIONS.split("|")
        if text.strip()
    },
    **{name: HEADER + text for name, text in _OTHERS.items()},
    **{name: HEADER + text for name, text in _ALGORITHMS.items()},
    "without qelib1.inc": "OPENQASM 2.0; qreg q[2]; creg c[2]; U(pi/2, 0, pi) q[0]; CX q[0], q[1];"
    " measure q -> c;",
    "version 2 without a point": "OPENQASM 2;\nqreg q[1]; creg c[1]; U(1, 2, 3) q; measure q ->"
    " c;",
    "comments before the version": "// by hand\n\nOPENQASM 2.0;\nqreg q[1]; creg c[1]; U(1,2,3) q;"
    " measure q -> c;",
}

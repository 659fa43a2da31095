"""Programs whose counts are known."""

from __future__ import annotations

_HEAD = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'
BELL = f"{_HEAD}qubit[2] q;\nbit[2] c;\nh q[0];\ncx q[0], q[1];\nc = measure q;\n"
PAIR = f"{_HEAD}qubit[2] q;\nh q[0];\ncx q[0], q[1];\n"  # without a measurement
ONE = f"{_HEAD}qubit q;\nbit c;\nx q;\nc = measure q;\n"
TURN = f"{_HEAD}input float theta;\nqubit q;\nbit c;\nrx(theta) q;\nc = measure q;\n"
REGISTERS = (
    f"{_HEAD}qubit[3] q;\nbit[2] a;\nbit b;\nx q[0];\nx q[2];\n"
    "a = measure q[0:1];\nb = measure q[2];\n"
)
OLD = 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[1];\ncreg c[1];\nx q[0];\nmeasure q -> c;\n'
MISTAKE = f"{_HEAD}qubit[2] q;\ncx q[0] q[1];\n"

_LAYER = "h q;\nrx(0.3) q;\ncx q[0:18], q[19];\n" * 12
# It takes minutes: each of its shots goes on in a state of its own.
LONG = (
    f"{_HEAD}qubit[20] q;\nbit[20] c;\n{_LAYER}"
    f"c[0:11] = measure q[0:11];\n{_LAYER}c = measure q;\n"
)

"""The gates of qelib1.inc, which OpenQASM 2 programs include, with Qiskit's phases.

Those that stdgates.inc has as well are the same, but for the phases of u2 and u3.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from quantum_tasks.circuits.gates import STANDARD, Basic, Controlled, Node, Sequence


def _u(theta: float, phi: float, lambda_: float) -> Node:
    return Basic("u", (theta, phi, lambda_, 0.0))


def _controlled(inner: Node, controls: int = 1) -> Node:
    return Controlled(inner, (True,) * controls)


def _written(qubits: int, text: str) -> Node:
    """Gates without angles, each with the numbers of its qubits: `cx 0 1` and so on."""
    parts = []
    for call in text.split(";"):
        name, *places = call.split()
        parts.append((STANDARD[name][1](), tuple(map(int, places))))
    return Sequence(qubits, parts)


def _rotated(around: str) -> Callable[[float], Node]:
    """exp(-i theta/2 P) of two Pauli operators that the gates `around` turn into Z."""

    def build(theta: float) -> Node:
        turns = [(STANDARD[around][1](), (place,)) for place in (0, 1)] if around else []
        cx = (STANDARD["cx"][1](), (0, 1))
        return Sequence(2, [*turns, cx, (Basic("rz", (theta,)), (1,)), cx, *turns])

    return build


_CORE = "u3 u2 u1 cx id x y z h s sdg t tdg rx ry rz cz cy ch ccx crz cu1 cu3"
_SHARED = """
    x y z h s sdg t tdg sx p rx ry rz cx cy cz ch swap cswap ccx crx cry crz cp cu id u1
"""
# What the paper on OpenQASM 2 lists (arXiv:1707.03429). Many programs define some of the others
# by themselves.
CORE = frozenset(_CORE.split())
SHARED = frozenset(_SHARED.split())
# name: (number of angles, how to build it).
QELIB1: dict[str, tuple[int, Callable[..., Node]]] = {
    **{name: STANDARD[name] for name in sorted(SHARED)},
    "u": (3, _u),
    "u0": (1, lambda _: Sequence(1, [])),
    "u2": (2, lambda phi, lambda_: _u(math.pi / 2, phi, lambda_)),
    "u3": (3, _u),
    "cu1": STANDARD["cp"],
    "cu3": (3, lambda *angles: _controlled(_u(*angles))),
    "sxdg": (0, lambda: Basic("sxdg")),
    "csx": (0, lambda: _controlled(Basic("sx"))),
    "rxx": (1, _rotated("h")),
    "rzz": (1, _rotated("")),
    "rccx": (0, lambda: _written(3, "h 2;t 2;cx 1 2;tdg 2;cx 0 2;t 2;cx 1 2;tdg 2;h 2")),
    "rc3x": (
        0,
        lambda: _written(
            4,
            "h 3;t 3;cx 2 3;tdg 3;h 3;cx 0 3;t 3;cx 1 3;tdg 3;cx 0 3;t 3;cx 1 3;tdg 3;h 3;t 3;"
            "cx 2 3;tdg 3;h 3",
        ),
    ),
    "c3x": (0, lambda: _controlled(Basic("x"), 3)),
    "c3sqrtx": (0, lambda: _controlled(Basic("sx"), 3)),
    "c4x": (0, lambda: _controlled(Basic("x"), 4)),
}
# What is there in OpenQASM 2 without an include.
BUILT_IN_2: dict[str, tuple[int, Callable[..., Node]]] = {"U": (3, _u), "CX": STANDARD["cx"]}

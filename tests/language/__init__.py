"""Programs over every feature of the language, each with the exact distribution of its counts.

The numbers were derived by hand from the OpenQASM 3 specification. A chapter is a module with
the tables

    PROGRAMS  name -> (the program after HEADER, outcome -> probability)
    BARE      the same for complete programs, which bring their own header or do without
    OPTIONAL  programs (after HEADER) that the specification allows an implementation to refuse
"""

from __future__ import annotations

import math
from importlib import import_module

Table = dict[str, tuple[str, dict[str, float]]]

HEADER = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'
CHAPTERS = (
    "registers",
    "standard_gates",
    "gates",
    "modifiers",
    "powers",
    "expressions",
    "types",
    "bits",
    "branches",
    "loops",
    "measurement",
    "subroutines",
    "arrays",
    "scoping",
    "directives",
    "order",
    "counters",
)


def table(kind: str) -> Table:
    """The programs of one kind (`PROGRAMS` includes `BARE`) in all chapters, complete."""
    found: Table = {}
    for chapter in CHAPTERS:
        module = import_module(f"{__name__}.{chapter}")
        programs = {
            name: (HEADER + text, expected)
            for name, (text, expected) in getattr(module, kind, {}).items()
        }
        if kind == "PROGRAMS":
            programs |= getattr(module, "BARE", {})
        for name, program in programs.items():
            assert name not in found, name
            found[name] = program
    return found


def even(*keys: str) -> dict[str, float]:
    """All of these outcomes, equally likely."""
    return {key: 1 / len(keys) for key in keys}


def coin(one: float) -> dict[str, float]:
    """One bit that is 1 with this probability."""
    return {"0": 1 - one, "1": one}


def turned(angle: float) -> dict[str, float]:
    """One qubit, turned by this angle away from 0 around an axis in the equator."""
    return coin(math.sin(angle / 2) ** 2)


def phased(angle: float) -> dict[str, float]:
    """One qubit between two Hadamards, with this phase on its 1: the same distribution."""
    return turned(angle)

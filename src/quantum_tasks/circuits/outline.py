"""What a program's statements do, as the program says it: what a drawing in a browser shows.

If a program is to be drawn, the compiler writes these operations where it would write gates, with
the place of each statement. No program that runs contains them.
"""

from __future__ import annotations

from typing import Any

import msgspec

# Gates that are known by name and control another one: how many qubits control, and which gate
# that is.
CONTROLLED = {
    **{name: (1, name[1:]) for name in ("cx", "cy", "cz", "ch", "cp", "crx", "cry", "crz")},
    **{name: (1, name[1:]) for name in ("cu1", "cu3", "csx", "cswap")},
    "CX": (1, "x"),
    "cphase": (1, "p"),
    "ccx": (2, "x"),
    "c3x": (3, "x"),
    "c4x": (4, "x"),
    "c3sqrtx": (3, "sx"),
}


class At(msgspec.Struct, frozen=True):
    """What follows is done by the statement that begins there: see parsing.mistakes.Start."""

    start: Any


class Call(msgspec.Struct, frozen=True):
    """A gate as a program calls it, with its angles in radians. The first of its qubits control
    it; `controls` says of each of them whether it must be 1."""

    name: str
    angles: tuple[float, ...]
    controls: tuple[bool, ...]
    qubits: tuple[int, ...]


class Barrier(msgspec.Struct, frozen=True):
    """A barrier, which changes nothing."""

    qubits: tuple[int, ...]


class Opened(msgspec.Struct, frozen=True):
    """What follows, up to Closed, is done by a subroutine, or stands in a box."""

    name: str


class Closed(msgspec.Struct, frozen=True):
    """The end of it."""


Mark = At | Call | Barrier | Opened | Closed

"""Which program and which libraries a task is run by."""

from __future__ import annotations

from functools import cache
from importlib.metadata import version

import msgspec

from quantum_tasks import __version__


class Versions(msgspec.Struct, frozen=True):
    """What a task was last started on: `quantum_tasks` is this service, `qiskit` and `aer` are its
    libraries."""

    quantum_tasks: str
    qiskit: str
    aer: str


@cache
def this_release() -> Versions:
    """The versions of this program and its libraries, without importing those."""
    return Versions(__version__, version("qiskit"), version("qiskit-aer"))

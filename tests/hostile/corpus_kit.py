"""What an entry of the hostile corpus is, and short ways to write one."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from service import STDGATES

# Refused at submission ...
SYNTAX = "qasm_syntax"
SEMANTIC = "qasm_semantic"
UNSUPPORTED = "qasm_unsupported"
VERSION = "qasm_version"
NOTHING = "no_measurements"
UNBOUND = "unbound_parameter"
QUBITS = "too_many_qubits"
CLBITS = "too_many_clbits"
OPERATIONS = "too_many_operations"
COMPLEX = "too_complex"
MALFORMED = "malformed_json"
INVALID = "invalid_request"
BODY = "body_too_large"
LARGE = "program_too_large"
# ... at submission or later ...
MEMORY = "memory_exceeded"
# ... later.
TIME = "time_limit_exceeded"
FAILED = "simulation_failed"
COMPLETED = "completed"

LATER = frozenset({MEMORY, TIME, FAILED, COMPLETED})
AT_ONCE = frozenset(
    {SYNTAX, SEMANTIC, UNSUPPORTED, VERSION, NOTHING, UNBOUND, QUBITS, CLBITS, OPERATIONS}
    | {COMPLEX, MALFORMED, INVALID, BODY, LARGE, MEMORY}
)

# What the corpus is judged by: each is a setting of the service under test.
LIMITS = {
    "MAX_QUBITS": 1_000,
    "MAX_CLBITS": 2_000,
    "MAX_OPERATIONS": 100_000,
    "MAX_PROGRAM_BYTES": 262_144,
}
MEMORY_MB = 512

TWO = STDGATES + "qubit[2] q;\nbit[2] c;\n"
FLIPPED = {"01": 1.0}
ZEROS = {"00": 1.0}

# Outcome -> probability, or a pattern that every outcome matches.
Counts = Mapping[str, float] | str


@dataclass(frozen=True)
class Hostile:
    """One request body, and every outcome that would be right.

    An outcome is the `code` of the refusal or of the failed task, or `completed`. `counts` is
    what a completed task must have counted.
    """

    cls: str
    name: str
    body: bytes | Callable[[], bytes]
    expect: frozenset[str]
    counts: Counts | None = None

    def __post_init__(self) -> None:
        assert self.expect, (self.cls, self.name)
        assert self.expect <= AT_ONCE | LATER, (self.cls, self.name)
        assert (self.counts is not None) == (COMPLETED in self.expect), (self.cls, self.name)

    def bytes(self) -> bytes:
        return self.body() if callable(self.body) else self.body


def whole(
    cls: str,
    name: str,
    text: str | Callable[[], str],
    *expect: str,
    counts: Counts | None = None,
    **fields: Any,
) -> Hostile:
    """A program that is all there is; a large one is written when it is sent."""

    def body() -> bytes:
        qc = text() if callable(text) else text
        return json.dumps({"qc": qc, **fields}, ensure_ascii=False).encode()

    return Hostile(cls, name, body, frozenset(expect), counts)


def bare(
    cls: str, name: str, text: str | Callable[[], str], *expect: str, counts: Counts | None = None
) -> Hostile:
    """A program behind the version and the standard gates."""
    return whole(
        cls, name, lambda: STDGATES + (text() if callable(text) else text), *expect, counts=counts
    )


def wrong(cls: str, text: str, *expect: str) -> Hostile:
    """Statements behind `qubit[2] q; bit[2] c;` that are refused, named by themselves.

    What follows them is a measurement, so that they are all that is wrong.
    """
    return whole(
        cls,
        " ".join(text.split())[:60],
        f"{TWO}{text}\nc = measure q;\n",
        *(expect or (SEMANTIC,)),
    )


def right(
    cls: str,
    name: str,
    text: str | Callable[[], str],
    *expect: str,
    counts: Counts = FLIPPED,
) -> Hostile:
    """Statements behind `qubit[2] q; bit[2] c;` that may well be run: then, because an
    `x q[0]` and the measurement of both qubits follow, they count '01' unless told otherwise."""
    return whole(
        cls,
        name,
        lambda: f"{TWO}{text() if callable(text) else text}\nx q[0];\nc = measure q;\n",
        *(expect or (COMPLETED,)),
        counts=counts if COMPLETED in (expect or (COMPLETED,)) else None,
    )


def raw(
    cls: str,
    name: str,
    body: bytes | Callable[[], bytes],
    *expect: str,
    counts: Counts | None = None,
) -> Hostile:
    """A body that need not be JSON."""
    return Hostile(cls, name, body, frozenset(expect), counts)

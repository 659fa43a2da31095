"""The vocabulary: what a user submits, what a worker runs, what comes back."""

from __future__ import annotations

import enum
import uuid
from typing import Annotated

import msgspec
from msgspec import Meta

from quantum_tasks.errors import Diagnostic

# Of Accepted.compiled. It counts up whenever simulator/circuit.py writes programs otherwise.
COMPILED_FORMAT = 1

# Measured bit strings, most significant bit first, registers separated by a space -> shots.
Counts = dict[str, int]


class Status(enum.StrEnum):
    """The life of a task. The last three are final."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        return self not in (Status.QUEUED, Status.RUNNING)


class TaskRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A program to run and how often."""

    qc: Annotated[
        str,
        Meta(
            description="The program: OpenQASM 3 text with at least one measurement.",
            examples=[
                'OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; bit[2] c; '
                "h q[0]; cx q[0], q[1]; c = measure q;"
            ],
        ),
    ]
    shots: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = msgspec.field(default=None)
    seed: Annotated[int, Meta(ge=0, le=2**63 - 1)] | None = msgspec.field(default=None)


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """A task as its submitter sees it; `counts` is JSON text, as the simulator wrote it."""

    status: Status
    error_code: str | None
    error_message: str | None
    counts: str | None


class ClaimedTask(msgspec.Struct, frozen=True):
    """A task that this instance owns for one attempt: the program as the check compiled it or, if
    that was another version of the service, its text."""

    id: uuid.UUID
    position: int
    attempt: int
    shots: int
    seed: int | None
    large: bool
    parallel: bool
    work_ms: float | None
    compiled: bytes
    qc: str


# What crosses the fence between the service and a child process (pool.py, simulator/child.py).


class Limits(msgspec.Struct, frozen=True):
    """What a child may use and a program may ask for.

    `memory_mb` is what this child may take beyond what it starts with, `simulator_memory_mb`
    what one may that runs programs: whoever checks a program must know it.
    """

    memory_mb: int
    max_result_bytes: int
    simulator_memory_mb: int = 1024
    max_qubits: int = 1000
    max_clbits: int = 10_000
    max_operations: int = 100_000


class Check(msgspec.Struct, frozen=True, tag="check"):
    """Is this program one that can be run? Answered with Accepted or Rejected."""

    qc: str
    shots: int = 1


class Run(msgspec.Struct, frozen=True, tag="run"):
    """Run this program, compiled if it is and else as text, on so many cores. Answered with
    Completed or Rejected."""

    qc: str
    shots: int
    seed: int | None
    soft_time_limit_s: float
    compiled: bytes = b""
    threads: int = 1


class Accepted(msgspec.Struct, frozen=True, tag="accepted"):
    """The program can be run: what is to be stored for that.

    `large` programs take long or much memory, and wait for one another; `parallel` ones can use
    several cores. `work_ms` is how long one core will take, where that is certain.
    """

    compiled: bytes
    large: bool
    parallel: bool
    work_ms: float | None


class Completed(msgspec.Struct, frozen=True, tag="completed"):
    """The counts, as JSON text."""

    counts: str


class Rejected(msgspec.Struct, frozen=True, tag="rejected"):
    """The program cannot be run, or its run failed; trying again would not help.

    `log` is for whoever runs the service: the program met a defect.
    """

    code: str
    message: str
    errors: list[Diagnostic] = []
    log: str = ""


Order = Check | Run
Reply = Accepted | Completed | Rejected

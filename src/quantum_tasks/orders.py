"""What crosses the fence between the service and its child processes: orders, and the replies to
them (fence/pool.py, fence/inside/main.py)."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from quantum_tasks.errors import Diagnostic
from quantum_tasks.tasks import Options, Parameters

# Of Accepted.compiled. It counts up whenever circuits/circuit.py writes programs otherwise.
COMPILED_FORMAT = 2

# As many as the database has room for: a column of single precision.
Milliseconds = Annotated[float, Meta(ge=0, le=1e38)]


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
    """Is this program one that can be run? Answered with Accepted or Rejected; or, after so much
    processor time, with Unfinished."""

    qc: str
    shots: int = 1
    options: Options | None = None
    cpu_s: float = 1.8


class Run(msgspec.Struct, frozen=True, tag="run"):
    """Run this program, compiled if it is and else as text, on so many cores. Answered with
    Completed or Rejected."""

    qc: str
    shots: int
    seed: int | None
    soft_time_limit_s: float
    compiled: bytes = b""
    threads: int = 1
    options: Options | None = None


class Draw(msgspec.Struct, frozen=True, tag="draw"):
    """Draw this program. Answered with Drawn or Rejected; with Unfinished if only what is `small`
    is to be drawn, and this is not."""

    qc: str
    parameters: Parameters | None = None
    format: Literal["text", "svg"] = "text"
    small: bool = False


class Drawn(msgspec.Struct, frozen=True, tag="drawn"):
    """A drawing: text in a typewriter's letters, or an SVG document."""

    content: str


class Accepted(msgspec.Struct, frozen=True, tag="accepted"):
    """The program can be run: what is to be stored for that.

    `large` programs take long or much memory, and wait for one another; `parallel` ones can use
    several cores. `work_ms` is how long one core will take, where that is certain; `estimated_ms`
    the same within a factor of a few. `stats` is a Stats as JSON text: it goes through the service
    unread. `compiled` is empty where the program is compiled at its run, as those of a sweep are.
    """

    compiled: bytes
    large: bool
    parallel: bool
    work_ms: Milliseconds | None
    estimated_ms: Milliseconds = 0.0
    stats: str = ""


class Completed(msgspec.Struct, frozen=True, tag="completed"):
    """A result as JSON text: Counts, `{}` without shots; of a sweep, a list of them, null for a
    run that failed. `details` is a Details, or a list of them, where there are any. `simulate_ms`
    is what the run took."""

    counts: str
    details: str | None = None
    simulate_ms: Milliseconds = 0.0


class Rejected(msgspec.Struct, frozen=True, tag="rejected"):
    """The program cannot be run, or its run failed; trying again would not help.

    `log` is for whoever runs the service: the program met a defect.
    """

    code: str
    message: str
    errors: Annotated[list[Diagnostic], Meta(max_length=16)] = []
    log: str = ""


class Unfinished(msgspec.Struct, frozen=True, tag="unfinished"):
    """It did not come to its end in the time that it was given, or was not begun because it would
    not. `spent`: it was interrupted in a library, which may not be fit for another."""

    spent: bool = False


Order = Check | Run | Draw
Reply = Accepted | Completed | Drawn | Rejected | Unfinished

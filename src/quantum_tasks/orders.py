"""The messages between the service and its child processes: orders, and the replies to them
(fence/pool.py, fence/inside/main.py)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from quantum_tasks import capability
from quantum_tasks.capability import Capability
from quantum_tasks.errors import Diagnostic
from quantum_tasks.tasks import Options, Parameters

# The version of the format of Accepted.compiled. Add 1 whenever the classes of circuits/circuit.py
# change, or what engines prepare.
COMPILED_FORMAT = 3

# The largest value fits into the database's column of single precision.
Milliseconds = Annotated[float, Meta(ge=0, le=1e38)]
Megabytes = Annotated[int, Meta(ge=0, le=2**31 - 1)]
EngineName = Annotated[str, Meta(max_length=40, pattern="^[a-z]*$")]


class Limits(msgspec.Struct, frozen=True):
    """The limits of a child, and of the programs that it accepts.

    `memory_mb` is the memory that this child may take in addition to what it has at its start.
    `simulator_memory_mb` is the same for a child that runs programs: a child that checks programs
    must know it, too. `disabled_engines` are those that it shall not use though they are there.
    """

    memory_mb: int
    max_result_bytes: int
    simulator_memory_mb: int = 1024
    max_qubits: int = 10_000
    max_clbits: int = 10_000
    max_operations: int = 100_000
    max_possible_values: int = 1024
    disabled_engines: tuple[str, ...] = ()

    @property
    def capability(self) -> Capability:
        """What this instance can run."""
        return Capability(self.simulator_memory_mb, capability.engines(self.disabled_engines))


class Check(msgspec.Struct, frozen=True, tag="check"):
    """Can this program be run on one of these `instances`, or on this one if none are named? The
    reply is Accepted, with its `circuit` if that is wanted, or Rejected; or Unfinished, after
    `cpu_s` seconds of processor time."""

    qc: str
    shots: int = 1
    options: Options | None = None
    cpu_s: float = 1.8
    instances: Sequence[Capability] = ()
    circuit: bool = False


class Run(msgspec.Struct, frozen=True, tag="run"):
    """Run this program on `threads` cores: the compiled program, or the text if `compiled` is
    empty. The reply is Completed or Rejected.

    It may take `soft_time_limit_s`, as the setting or option `soft_limit` says, and is killed
    after `hard_time_limit_s`: see engines/deadline.py.
    """

    qc: str
    shots: int
    seed: int | None
    soft_time_limit_s: float
    compiled: bytes = b""
    threads: int = 1
    options: Options | None = None
    soft_limit: str = "TASK_SOFT_TIME_LIMIT_S"
    hard_time_limit_s: float | None = None
    hard_limit: str = "TASK_TIME_LIMIT_S"


class Draw(msgspec.Struct, frozen=True, tag="draw"):
    """Draw this program. The reply is Drawn or Rejected; or Unfinished, if only a `small` drawing
    is wanted and this one is not small."""

    qc: str
    parameters: Parameters | None = None
    format: Literal["text", "svg"] = "text"
    small: bool = False


class Drawn(msgspec.Struct, frozen=True, tag="drawn"):
    """A drawing: text for a fixed-width font, or an SVG document."""

    content: str


class Accepted(msgspec.Struct, frozen=True, tag="accepted"):
    """The program can be run. This is what is stored for the run.

    `large` programs take long or much memory, and only a few of them run at once; `parallel`
    programs can use several cores. `work_ms` is how long one core will take, if that is certain;
    `estimated_ms` is the same within a factor of a few. `stats` is a Stats as JSON text, which the
    service passes on without reading it, as it does a `circuit` (pictures/steps.py), which is not
    stored. `compiled` is empty if the program is compiled when it runs, as for a sweep. `needs` is
    what an instance has to have: see capability.Needs. No run takes less than `least_ms`, on any
    machine.
    """

    compiled: bytes
    large: bool
    parallel: bool
    work_ms: Milliseconds | None
    estimated_ms: Milliseconds = 0.0
    stats: str = ""
    needs: Annotated[dict[EngineName, Megabytes], Meta(max_length=16)] | None = None
    least_ms: Milliseconds = 0.0
    circuit: str = ""


class Completed(msgspec.Struct, frozen=True, tag="completed"):
    """A result as JSON text: Counts, or `{}` for 0 shots; for a sweep, a list of these, with null
    for a run that failed. `details` is a Details or a list of them, if there are any.
    `simulate_ms` is how long the run took, `engine` the simulator that ran it."""

    counts: str
    details: str | None = None
    simulate_ms: Milliseconds = 0.0
    engine: Annotated[str, Meta(max_length=200, pattern="^[ -~]*$")] = ""


class Rejected(msgspec.Struct, frozen=True, tag="rejected"):
    """The program cannot be run, or its run failed; trying again would not help.

    `log` is for the operator of the service: the program has found a bug.
    """

    code: str
    message: str
    errors: Annotated[list[Diagnostic], Meta(max_length=16)] = []
    log: str = ""


class Unfinished(msgspec.Struct, frozen=True, tag="unfinished"):
    """The order was not finished in its time, or not begun because it could not be finished.
    `spent`: it was interrupted inside a library, so that this child must not get another order."""

    spent: bool = False


Order = Check | Run | Draw
Reply = Accepted | Completed | Drawn | Rejected | Unfinished

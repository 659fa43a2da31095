"""A task as the API shows it: one struct for everybody who looks at one."""

from __future__ import annotations

import uuid
from datetime import datetime
from functools import cache
from importlib.metadata import version

import msgspec

from quantum_tasks import __version__
from quantum_tasks.tasks import RunRequest, Stats, Status

SMALL = 32768  # bytes of a result that are no trouble to anybody


class Event(msgspec.Struct, frozen=True):
    """A change of a task's status: when (`at`), and in which `attempt`. `id` counts the changes of
    a task from 1."""

    id: int
    status: Status
    at: datetime
    attempt: int


class Queue(msgspec.Struct, frozen=True):
    """A task's `position` in its queue: 1 is the next to start. Large tasks and others queue
    apart. `estimated_start_at` is a guess."""

    position: int
    estimated_start_at: datetime | None


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """What a task has taken: how many `attempts`, and in milliseconds `queue_ms` from its
    submission to its last start, `compile_ms` for its program to be compiled, `simulate_ms` for
    the simulation, and `total_ms` from submission to end."""

    attempts: int
    queue_ms: float | None
    compile_ms: float | None
    simulate_ms: float | None
    total_ms: float | None


class TaskError(msgspec.Struct, frozen=True):
    """Why a task failed: a stable `code`, a `message` for people; line and column within its
    program, if that is where."""

    code: str
    message: str
    line: int | None = None
    column: int | None = None


class Versions(msgspec.Struct, frozen=True):
    """What a task was last started on: `quantum_tasks` is this service, `qiskit` and `aer` are its
    libraries."""

    quantum_tasks: str
    qiskit: str
    aer: str


class Links(msgspec.Struct, frozen=True, rename={"self_": "self"}):
    """Where there is more about a task: it `self`, its `result`, `events` and `circuit`."""

    self_: str
    result: str
    events: str
    circuit: str


class TaskRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A task: what was asked for, and what has become of it.

    `id`, `name` and `tags` are what it is known by, `request` is what was asked for, with the
    service's defaults. `created_at`, `started_at` (the last time), `ended_at` and `expires_at`
    (when it will be deleted) are RFC 3339 in UTC. A task has a `queue` while it is queued, an
    `error` if it failed.
    """

    id: uuid.UUID
    status: Status
    name: str | None = None
    tags: dict[str, str] = {}
    request: RunRequest
    created_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    expires_at: datetime | None = None
    queue: Queue | None = None
    stats: Stats | None = None
    usage: Usage | None = None
    error: TaskError | None = None
    versions: Versions | None = None
    links: Links


class Content(msgspec.Struct, frozen=True):
    """What is stored of a result and of the run that brought it, as JSON text."""

    counts: str
    details: str | None
    options: str | None
    stats: str | None


@cache
def this_release() -> Versions:
    """The versions of this program and its libraries, without importing those."""
    return Versions(__version__, version("qiskit"), version("qiskit-aer"))


def links(id: uuid.UUID) -> Links:
    """Where there is more about a task."""
    task = f"/v1/tasks/{id}"
    return Links(task, f"{task}/result", f"{task}/events", f"{task}/circuit")

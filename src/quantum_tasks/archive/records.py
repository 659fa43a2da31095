"""A task as the API shows it: one struct for all routes, and how it is made from a row."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import asyncpg
import msgspec

from quantum_tasks.queue.versions import Versions
from quantum_tasks.tasks import (
    Method,
    Noise,
    Options,
    Precision,
    ProgramWarning,
    RunRequest,
    Stats,
    Status,
    warnings_in,
)

LATEST_POSITION = 2**63 - 1


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
    `error` if it failed. `engine` is the simulator that ran it, `seed` the one that its counts
    came from, also if none was asked for: with it, they come out again. `warnings` say what is
    legal in its program, and may surprise.
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
    warnings: list[ProgramWarning] = []
    usage: Usage | None = None
    engine: str | None = None
    seed: int | None = None
    error: TaskError | None = None
    versions: Versions | None = None
    links: Links


class Content(msgspec.Struct, frozen=True):
    """A result and the options of the run that gave it, as JSON text, as they are stored."""

    counts: str
    details: str | None
    options: str | None
    stats: str | None


def links(id: uuid.UUID) -> Links:
    """Where there is more about a task."""
    task = f"/v1/tasks/{id}"
    return Links(task, f"{task}/result", f"{task}/events", f"{task}/circuit")


def record_of(row: asyncpg.Record, whole: bool = False) -> TaskRecord:
    """A task, from its row. In a list, tasks are without their programs and options, which may be
    a megabyte."""
    stats = _stats.decode(row["stats"]) if row["stats"] else None
    created, started, ended = row["created_at"], row["started_at"], row["ended_at"]
    return TaskRecord(
        id=row["id"],
        status=Status(row["status"]),
        name=row["name"],
        tags=tags_of(row["tags"]),
        request=RunRequest(
            qc=row["qc"] if whole else msgspec.UNSET,
            shots=row["shots"],
            seed=row["seed"],
            priority=row["priority"],
            ttl_s=row["ttl_s"],
            callback_url=row["callback_url"],
            **(_as_stored(row["options"]) if whole else {}),
        ),
        created_at=created,
        started_at=started,
        ended_at=ended,
        expires_at=row["expires_at"],
        stats=stats,
        warnings=warnings_in(row["stats"]),
        usage=Usage(
            attempts=row["attempt"],
            queue_ms=_ms(created, started),
            compile_ms=stats.compile_ms if stats else None,
            simulate_ms=row["simulate_ms"] and round(row["simulate_ms"], 3),
            total_ms=_ms(created, ended),
        ),
        engine=row["engine"],
        seed=row["used_seed"],
        error=row["error_code"]
        and TaskError(
            row["error_code"], row["error_message"], row["error_line"], row["error_column"]
        ),
        versions=row["version"] and Versions(row["version"], row["qiskit"], row["aer"]),
        links=links(row["id"]),
    )


def _ms(begin: datetime, end: datetime | None) -> float | None:
    return None if end is None else round((end - begin).total_seconds() * 1000, 3)


def tags_of(tags: str | None) -> dict[str, str]:
    """The tags of a task, from JSON text or None."""
    return _tags.decode(tags) if tags else {}


class _StoredOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Options whose long fields are passed on as the stored text: to decode and encode a megabyte
    takes 10 ms."""

    method: Method = Method.AUTOMATIC
    precision: Precision = Precision.AUTOMATIC
    parameters: msgspec.Raw = msgspec.Raw(b"null")
    observables: msgspec.Raw = msgspec.Raw(b"[]")
    memory: bool = False
    noise: Noise | None = None
    timeout_s: float | None = None


def _as_stored(text: str | None) -> dict[str, Any]:
    stored = _stored.decode(text) if text else _StoredOptions()
    return msgspec.structs.asdict(stored)


def options_of(text: str | None) -> Options:
    """The options of a task, from JSON text or None."""
    return _decoder.decode(text) if text else Options()


_decoder = msgspec.json.Decoder(Options)
_stored = msgspec.json.Decoder(_StoredOptions)
_stats = msgspec.json.Decoder(Stats)
_tags = msgspec.json.Decoder(dict[str, str])

"""What the API reads from the database about single tasks, in the form that people see."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

import asyncpg
import msgspec

from quantum_tasks.archive.records import (
    LATEST_POSITION,
    Content,
    Event,
    Queue,
    TaskRecord,
    options_of,
    record_of,
    tags_of,
)
from quantum_tasks.database.grouped import Grouped
from quantum_tasks.database.pool import Pool, connection
from quantum_tasks.database.queries import QUERIES
from quantum_tasks.queue.store import LEASE_S, SMALL
from quantum_tasks.tasks import Parameters, Status
from quantum_tasks.turns.throttle import Throttle

_LARGE = 16_384  # bytes of a program and its options, as Postgres keeps them
_BATCH = 500  # tasks deleted by one statement
_GONE_S = 7 * 86400  # so long an expired task is reported as expired; then as not found
_KEYS_S = 86400  # so long an idempotency key is known


class Result(NamedTuple):
    """Whether a task has a result, and what is stored of it, unless that is large."""

    status: Status
    shots: int
    error_code: str | None
    error_message: str | None
    change: int
    content: Content | None


class Program(NamedTuple):
    """A task's program, and the options of its run in JSON."""

    qc: str
    options: str | None

    @property
    def parameters(self) -> Parameters | list[Parameters] | None:
        """The parameters of the run, or of each run of a sweep."""
        return options_of(self.options).parameters


class Place(NamedTuple):
    """The place of a change in the order of all changes: first by the transaction that made it,
    then by the task's position, then by the number of the change within its task, from 1."""

    change: int
    position: int = 0
    number: int = 0


class FeedEvent(NamedTuple):
    """A change of a task's status."""

    place: Place
    id: uuid.UUID
    status: str
    at: datetime
    attempt: int


class Backend(NamedTuple):
    """The state of the service, from one snapshot of the database."""

    queued: int
    running: int
    cancelling: int
    oldest_queued_s: float | None
    instances: int
    simulators: int
    ended_last_minute: int
    refused: int
    stored_bytes: int


class Called(NamedTuple):
    """The name and the tags of a task."""

    name: str | None
    tags: dict[str, str]


class Archive:
    """Every method raises DatabaseUnavailable while the database is away, and ServiceBusy if too
    many requests of the same kind are waiting.

    Slow requests run only a few at a time; each kind has a lane of its own.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._read = Grouped(self._read_all)
        self._reading = Throttle(rests=True)
        self._place = Grouped(self._places)
        self._result = Grouped(self._results)
        self._history = Grouped(self._history_all)
        self._program_key = Grouped(self._program_keys)
        self._program = Grouped(self._programs, most=10)  # they may be long
        self._gone = Grouped(self._gone_all, most=1000)
        self._now: Grouped[None, Place] = Grouped(self._now_all)
        self._backend: Grouped[None, Backend] = Grouped(self._backend_all, most=1000)
        self._placing = Throttle(rests=True)
        self._counting = Throttle(rests=True)
        self._changing = Throttle(2)

    async def read(self, id: uuid.UUID) -> tuple[TaskRecord, int] | None:
        """A task, and the number of its last change. The fields of its request that may be long
        stay JSON text, as they are stored."""
        while (found := await self._found(id)) and found[0].status is Status.QUEUED:
            record, change = found
            place = await self._place(id)
            if place is not None and place[1] == change:  # else the task has changed since
                return msgspec.structs.replace(record, queue=place[0]), change
        return found

    async def _found(self, id: uuid.UUID) -> tuple[TaskRecord, int] | None:
        row = await self._read(id)
        if row is None or not row["large"]:
            return row and (record_of(row, whole=True), row["changed"])
        # Decoding a megabyte of parameters takes longer than answering for a hundred other tasks.
        async with self._reading.turn(), connection(self._pool) as db:
            row = await db.fetchrow(QUERIES["read"], [id], None)
            return row and (record_of(row, whole=True), row["changed"])

    async def _read_all(self, ids: list[uuid.UUID]) -> list[asyncpg.Record | None]:
        async with connection(self._pool) as db:
            found = {row["id"]: row for row in await db.fetch(QUERIES["read"], ids, _LARGE)}
        return [found.get(id) for id in ids]

    async def _places(self, ids: list[uuid.UUID]) -> list[tuple[Queue, int] | None]:
        # The statement counts all tasks before them, which takes long.
        async with self._placing.turn(), connection(self._pool) as db:
            rows = await db.fetch(QUERIES["places"], ids)
        found = {
            row["id"]: (Queue(row["position"], row["starts_at"]), row["changed"]) for row in rows
        }
        return [found.get(id) for id in ids]

    async def result(self, id: uuid.UUID) -> Result | None:
        """A task's result, or why there is none. If the content is large, it is left out: see
        content()."""
        return await self._result(id)

    async def _results(self, ids: list[uuid.UUID]) -> list[Result | None]:
        async with connection(self._pool) as db:
            rows = await db.fetch(QUERIES["result"], ids, SMALL)
        found = {row["id"]: _result(*row) for row in rows}
        return [found.get(id) for id in ids]

    async def content(self, id: uuid.UUID) -> Content | None:
        """What is stored of a task's result, however large."""
        async with connection(self._pool) as db:
            row = await db.fetchrow(QUERIES["content"], id)
        return row and Content(*row)

    async def program_key(self, id: uuid.UUID) -> bytes | None:
        """A key that is the same for tasks with the same program and options, and different for
        all others."""
        return await self._program_key(id)

    async def _program_keys(self, ids: list[uuid.UUID]) -> list[bytes | None]:
        async with connection(self._pool) as db:
            found = dict(await db.fetch(QUERIES["program_key"], ids))
        return [found.get(id) for id in ids]

    async def program(self, id: uuid.UUID) -> Program | None:
        """A task's program, and how it was to be run."""
        return await self._program(id)

    async def _programs(self, ids: list[uuid.UUID]) -> list[Program | None]:
        async with connection(self._pool) as db:
            rows = await db.fetch(QUERIES["program"], ids)
        found = {id: Program(qc, options) for id, qc, options in rows}
        return [found.get(id) for id in ids]

    async def history(self, id: uuid.UUID) -> tuple[list[Event], int, bool] | None:
        """All changes of a task's status so far, the number of the last one, and whether the task
        has ended."""
        return await self._history(id)

    async def _history_all(
        self, ids: list[uuid.UUID]
    ) -> list[tuple[list[Event], int, bool] | None]:
        async with connection(self._pool) as db:
            rows = await db.fetch(QUERIES["history"], ids)
        found = {
            row["id"]: (_history.decode(row["history"]), row["changed"], row["ended"])
            for row in rows
        }
        return [found.get(id) for id in ids]

    async def is_gone(self, id: uuid.UUID) -> bool:
        """Whether there was a task with this id that has expired."""
        return await self._gone(id)

    async def _gone_all(self, ids: list[uuid.UUID]) -> list[bool]:
        async with connection(self._pool) as db:
            gone = {row["id"] for row in await db.fetch(QUERIES["gone"], ids)}
        return [id in gone for id in ids]

    async def now(self) -> Place:
        """The place from which a reader that begins now has to read the feed."""
        return await self._now(None)

    async def _now_all(self, askers: list[None]) -> list[Place]:
        async with connection(self._pool) as db:
            now = Place(await db.fetchval(QUERIES["now"]) - 1, LATEST_POSITION)
        return [now] * len(askers)

    async def feed(self, after: Place, limit: int) -> tuple[Place, list[FeedEvent]]:
        """The next changes of all tasks after one, in order, and where to go on from."""
        async with connection(self._pool) as db:
            rows = await db.fetch(QUERIES["feed"], *after, limit)
        events = [
            FeedEvent(Place(change, position, number), id, status, at, attempt)
            for _, change, position, number, id, status, at, attempt in rows
            if id is not None
        ]
        if len(events) == limit:
            return events[-1].place, events
        return max(after, Place(rows[0]["below"] - 1, LATEST_POSITION)), events

    async def rename(self, id: uuid.UUID, change: Callable[[Called], Called]) -> bool:
        """Changes the name and tags of a task; False if there is no such task."""
        async with self._changing.turn(), connection(self._pool) as db, db.transaction():
            row = await db.fetchrow(QUERIES["called"], id)
            if row is None:
                return False
            name, tags = change(Called(row["name"], tags_of(row["tags"])))
            await db.execute(QUERIES["rename"], id, name, tags or None)
        return True

    async def delete(self, id: uuid.UUID) -> Status | None:
        """Deletes a task if it has ended. Returns its status; None if there is no such task."""
        async with self._changing.turn(), connection(self._pool) as db:
            status = await db.fetchval(QUERIES["delete"], id)
        return status and Status(status)

    async def backend(self) -> Backend:
        """The state of the service."""
        return await self._backend(None)

    async def _backend_all(self, askers: list[None]) -> list[Backend]:
        async with self._counting.turn(), connection(self._pool) as db:
            now = Backend(*await db.fetchrow(QUERIES["backend"], LEASE_S))
        return [now] * len(askers)

    async def expire(self) -> int:
        """Deletes expired tasks, remembered ids of expired tasks that are a week old, and
        idempotency keys that are a day old: a batch of each. Returns how many rows were deleted; 0
        if nothing is left to do."""
        async with connection(self._pool) as db:
            return sum(
                [
                    await db.fetchval(QUERIES["expire"], _BATCH),
                    await db.fetchval(QUERIES["forget_expired"], _GONE_S, _BATCH),
                    await db.fetchval(QUERIES["forget_keys"], _KEYS_S, _BATCH),
                ]
            )


def _result(
    id: uuid.UUID,
    status: str,
    shots: int,
    code: str | None,
    message: str | None,
    change: int,
    counts: str | None,
    *rest: str | None,
) -> Result:
    content = None if counts is None else Content(counts, *rest)
    return Result(Status(status), shots, code, message, change, content)


_history = msgspec.json.Decoder(list[Event])

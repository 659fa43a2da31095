"""What the API asks of the database: tasks as people see them, one by one and in lists."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

import asyncpg
import msgspec

from quantum_tasks.database.grouped import Grouped
from quantum_tasks.database.pool import Connection, Pool, connection
from quantum_tasks.database.queries import QUERIES
from quantum_tasks.database.throttle import Throttle
from quantum_tasks.errors import ServiceBusy
from quantum_tasks.records import (
    SMALL,
    Content,
    Event,
    Queue,
    TaskError,
    TaskRecord,
    Usage,
    Versions,
    links,
)
from quantum_tasks.store import LEASE_S
from quantum_tasks.tasks import Method, Noise, Options, Parameters, RunRequest, Stats, Status

_EARLIEST = datetime(1, 1, 1, tzinfo=UTC)
_LATEST = datetime(9999, 12, 31, tzinfo=UTC)
LATEST_POSITION = 2**63 - 1
_CANDIDATES = 20_000  # that a page of a list looks through at most
_FIRST_CHUNK = 250
_CHUNK = 5000
_LOOK_S = 5.0  # that one look at a chunk may take
_SEARCH_PATIENCE_S = 2.0
_LARGE = 16_384  # bytes of a program and its options, as Postgres keeps them
_BUSY_RETRY_S = 2
_BATCH = 500  # tasks deleted by one statement
_GONE_S = 7 * 86400  # for which an expired task is said to be gone, rather than not found
_KEYS_S = 86400  # for which an idempotency key is known

Order = Literal["created_at", "-created_at"]


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
        """Those of the run, or of each run of a sweep."""
        return _options(self.options).parameters


class Place(NamedTuple):
    """Where a change is among all: the transaction that made it, then the task's position, then
    the number of the change among those of its task, from 1."""

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


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which tasks a list is of. `after` and `before` are exclusive: a time, and a position for
    those that were submitted together."""

    statuses: list[Status] | None = None
    name: str | None = None
    tags: Mapping[str, str] | None = None
    text: str | None = None
    after: tuple[datetime, int] = (_EARLIEST, 0)
    before: tuple[datetime, int] = (_LATEST, LATEST_POSITION)
    order: Order = "-created_at"


class Backend(NamedTuple):
    """How the service does, from one snapshot."""

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
    """What people call a task by."""

    name: str | None
    tags: dict[str, str]


class Page(NamedTuple):
    """Some tasks of a list, and where it goes on, if it does."""

    tasks: list[TaskRecord]
    next: tuple[datetime, int] | None


class Archive:
    """Every method raises DatabaseUnavailable while the database is away, and ServiceBusy where
    too many ask for the same kind of thing.

    What takes long is done by few at once, each kind in a lane of its own.
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
        self._now: Grouped[None, Place] = Grouped(self._now_all, most=1000)
        self._backend: Grouped[None, Backend] = Grouped(self._backend_all, most=1000)
        self._placing = Throttle(rests=True)
        self._counting = Throttle(rests=True)
        self._searching = Throttle(patience_s=_SEARCH_PATIENCE_S, rests=True)
        self._listing = Throttle(rests=True)
        self._tagging = Throttle(rests=True)
        self._changing = Throttle(2)

    async def read(self, id: uuid.UUID) -> tuple[TaskRecord, int] | None:
        """A task, and its last change. What may be long of its request is JSON as it is stored."""
        while (found := await self._found(id)) and found[0].status is Status.QUEUED:
            record, change = found
            place = await self._place(id)
            if place is not None and place[1] == change:  # else it has changed meanwhile
                return msgspec.structs.replace(record, queue=place[0]), change
        return found

    async def _found(self, id: uuid.UUID) -> tuple[TaskRecord, int] | None:
        row = await self._read(id)
        if row is None or not row["large"]:
            return row and (_record(row, whole=True), row["changed"])
        # To decode a megabyte of parameters takes longer than a hundred other tasks.
        async with self._reading.turn(), connection(self._pool) as db:
            row = await db.fetchrow(QUERIES["read"], [id], None)
            return row and (_record(row, whole=True), row["changed"])

    async def _read_all(self, ids: list[uuid.UUID]) -> list[asyncpg.Record | None]:
        async with connection(self._pool) as db:
            found = {row["id"]: row for row in await db.fetch(QUERIES["read"], ids, _LARGE)}
        return [found.get(id) for id in ids]

    async def _places(self, ids: list[uuid.UUID]) -> list[tuple[Queue, int] | None]:
        # All that are before them are counted.
        async with self._placing.turn(), connection(self._pool) as db:
            rows = await db.fetch(QUERIES["places"], ids)
        found = {
            row["id"]: (Queue(row["position"], row["starts_at"]), row["changed"]) for row in rows
        }
        return [found.get(id) for id in ids]

    async def result(self, id: uuid.UUID) -> Result | None:
        """A task's result, or why there is none; without its content, if that is large."""
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
        """What tells the program of a task, and the options of its run, from others."""
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
        """What has become of a task so far, its last change, and whether it has ended."""
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
        """Whether a task was there until its time was over."""
        return await self._gone(id)

    async def _gone_all(self, ids: list[uuid.UUID]) -> list[bool]:
        async with connection(self._pool) as db:
            gone = {row["id"] for row in await db.fetch(QUERIES["gone"], ids)}
        return [id in gone for id in ids]

    async def now(self) -> Place:
        """Where the feed goes on that somebody begins to read now."""
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

    async def page(self, wanted: Filter, limit: int) -> Page:
        """A page of tasks, without their programs.

        It may be short, or empty, although the list goes on: it looks through so many at most.
        """
        source, key, exact = _source(wanted)
        descending = wanted.order == "-created_at"
        direction, reverse = ("desc", "asc") if descending else ("asc", "desc")
        query = QUERIES["list"].replace("{source}", source)
        query = query.replace("{direction}", direction).replace("{reverse}", reverse)
        matching = (
            wanted.statuses,
            wanted.name,
            wanted.tags,
            wanted.text and _containing(wanted.text),
        )
        bounds = {"after": wanted.after, "before": wanted.before}
        found: list[TaskRecord] = []
        last: tuple[datetime, int] | None = None
        looked_through, chunk = 0, limit + 1 if exact else _FIRST_CHUNK
        filters = [wanted.statuses, wanted.name, *(wanted.tags or {})]
        combined = sum(filter is not None for filter in filters) > 1
        lane = self._searching if wanted.text or combined else self._listing
        async with lane.turn(), connection(self._pool) as db:
            while looked_through < _CANDIDATES:
                more = limit + 1 - len(found)
                between = (*bounds["after"], *bounds["before"])
                rows = await _look(db, query, *between, *matching, more, key, chunk)
                for row in rows:
                    if row["id"] is not None:
                        if len(found) == limit:
                            return Page(found, last)
                        found.append(_record(row))
                        last = row["created_at"], row["position"]
                if not rows or rows[0]["seen"] < chunk:
                    return Page(found, None)
                last = rows[0]["last_at"], rows[0]["last_position"]
                bounds["before" if descending else "after"] = last
                looked_through, chunk = looked_through + chunk, _CHUNK
        return Page(found, last)

    async def rename(self, id: uuid.UUID, change: Callable[[Called], Called]) -> bool:
        """Changes what a task is called by; False if it is not there."""
        async with self._changing.turn(), connection(self._pool) as db, db.transaction():
            row = await db.fetchrow(QUERIES["called"], id)
            if row is None:
                return False
            name, tags = change(Called(row["name"], _called(row["tags"])))
            await db.execute(QUERIES["rename"], id, name, tags or None)
        return True

    async def delete(self, id: uuid.UUID) -> Status | None:
        """Deletes a task if it has ended. Returns its status; None if it is not there."""
        async with self._changing.turn(), connection(self._pool) as db:
            status = await db.fetchval(QUERIES["delete"], id)
        return status and Status(status)

    async def tagged(self, tags: Mapping[str, str], limit: int) -> list[uuid.UUID]:
        """The ids of tasks that have not ended and have all of these tags."""
        first, wanted = next(iter(tags.items())), dict(tags)
        found: list[uuid.UUID] | None
        async with self._tagging.turn(), connection(self._pool) as db:
            ((found,),) = await _look(db, QUERIES["tagged"], *first, wanted, _CHUNK)
            if found is None:
                found, seen, before = [], _CHUNK, [_LATEST, LATEST_POSITION]
                while seen == _CHUNK and len(found) < limit:
                    rows = await _look(db, QUERIES["active_tagged"], wanted, *before, _CHUNK)
                    if not rows:
                        break
                    ((seen, *before, ids),) = rows
                    found += ids
        return found[:limit]

    async def backend(self) -> Backend:
        """How the service does."""
        return await self._backend(None)

    async def _backend_all(self, askers: list[None]) -> list[Backend]:
        async with self._counting.turn(), connection(self._pool) as db:
            now = Backend(*await db.fetchrow(QUERIES["backend"], LEASE_S))
        return [now] * len(askers)

    async def expire(self) -> int:
        """Deletes tasks whose time is over, and what is remembered of those and of idempotency
        keys for too long: a batch of each. Returns how many rows; 0 if all is done."""
        async with connection(self._pool) as db:
            return sum(
                [
                    await db.fetchval(QUERIES["expire"], _BATCH),
                    await db.fetchval(QUERIES["forget_expired"], _GONE_S, _BATCH),
                    await db.fetchval(QUERIES["forget_keys"], _KEYS_S, _BATCH),
                ]
            )


_BETWEEN = "(created_at, position) > ($1, $2) and (created_at, position) < ($3, $4)"
_ALL = f"select task_id as id, created_at, position from programs where {_BETWEEN}"  # noqa: S608
_NAMED = f"{_ALL} and name = $6"
_TAGGED = (
    f"select task_id as id, created_at, position from task_tags where {_BETWEEN} "  # noqa: S608
    "and key = ($10::text[])[1] and value = ($10::text[])[2]"
)
_IN_STATUS = (
    "select id, created_at, position from unnest($10::text[]) wanted, lateral ("  # noqa: S608
    "select id, created_at, position from tasks "
    f"where status = wanted::task_status and {_BETWEEN} "
    "order by created_at {direction}, position {direction} limit $11) listed"
)


def _source(wanted: Filter) -> tuple[str, list[str], bool]:
    """The index that gives the candidates in order: its select, what it is looked up by, and
    whether all that it gives match, but for what has expired."""
    if wanted.tags:
        exact = len(wanted.tags) == 1 and not (wanted.name or wanted.statuses or wanted.text)
        return _TAGGED, list(next(iter(wanted.tags.items()))), exact
    if wanted.name is not None:
        return _NAMED, [], not (wanted.statuses or wanted.text)
    if wanted.statuses:
        in_database = {"cancelling": "running"}
        statuses = {in_database.get(status, status) for status in wanted.statuses}
        return _IN_STATUS, sorted(statuses), not wanted.text and "running" not in statuses
    return _ALL, [], not wanted.text


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


async def _look(db: Connection, query: str, *arguments: object) -> list[asyncpg.Record]:
    """What one look through many tasks brings. Raises ServiceBusy if it takes too long."""
    try:
        rows: list[asyncpg.Record] = await db.fetch(query, *arguments, timeout=_LOOK_S)
    except TimeoutError:
        raise ServiceBusy(
            "To look through the tasks takes too long at the moment; please try again.",
            retry_after_s=_BUSY_RETRY_S,
        ) from None
    return rows


def _record(row: asyncpg.Record, whole: bool = False) -> TaskRecord:
    """A task. One of a list is without its program and its options, which may be a megabyte."""
    stats = _stats.decode(row["stats"]) if row["stats"] else None
    created, started, ended = row["created_at"], row["started_at"], row["ended_at"]
    return TaskRecord(
        id=row["id"],
        status=Status(row["status"]),
        name=row["name"],
        tags=_called(row["tags"]),
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
        usage=Usage(
            attempts=row["attempt"],
            queue_ms=_ms(created, started),
            compile_ms=stats.compile_ms if stats else None,
            simulate_ms=row["simulate_ms"] and round(row["simulate_ms"], 3),
            total_ms=_ms(created, ended),
        ),
        error=row["error_code"]
        and TaskError(
            row["error_code"], row["error_message"], row["error_line"], row["error_column"]
        ),
        versions=row["version"] and Versions(row["version"], row["qiskit"], row["aer"]),
        links=links(row["id"]),
    )


def _containing(text: str) -> str:
    """The pattern of what has a text in it."""
    escaped = re.sub(r"([%_\\])", r"\\\1", text)
    return f"%{escaped}%"


def _ms(begin: datetime, end: datetime | None) -> float | None:
    return None if end is None else round((end - begin).total_seconds() * 1000, 3)


def _called(tags: str | None) -> dict[str, str]:
    return _tags.decode(tags) if tags else {}


class _StoredOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Options of which what may be long is passed on as it is stored: a megabyte takes 10 ms to
    be decoded and encoded again."""

    method: Method = Method.AUTOMATIC
    parameters: msgspec.Raw = msgspec.Raw(b"null")
    observables: msgspec.Raw = msgspec.Raw(b"[]")
    memory: bool = False
    noise: Noise | None = None
    timeout_s: float | None = None


def _as_stored(text: str | None) -> dict[str, Any]:
    stored = _stored.decode(text) if text else _StoredOptions()
    return msgspec.structs.asdict(stored)


def _options(text: str | None) -> Options:
    return _decoder.decode(text) if text else Options()


_decoder = msgspec.json.Decoder(Options)
_stored = msgspec.json.Decoder(_StoredOptions)
_stats = msgspec.json.Decoder(Stats)
_tags = msgspec.json.Decoder(dict[str, str])
_history = msgspec.json.Decoder(list[Event])

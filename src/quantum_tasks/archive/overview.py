"""How the service gets on: what there is to do, what was done in the last hour, who does it."""

from __future__ import annotations

import math
import time
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import asyncpg
import msgspec

from quantum_tasks.archive.archive import Archive
from quantum_tasks.database.grouped import Grouped
from quantum_tasks.database.pool import Pool, connection
from quantum_tasks.database.queries import QUERIES
from quantum_tasks.queue.store import LEASE_S

MINUTES = 60
MOST_INSTANCES = 100
_CLASSES_PER_DOUBLING = 8  # as span_class() in the database has them
_LOOK_S = 1.0
# The same answer is given for so many times as long as it took to find.
_REST = 10


class Percentiles(msgspec.Struct, frozen=True):
    """Spans of time in milliseconds: half of all tasks took at most `p50`, and 95 of 100 at most
    `p95`. Spans are kept in classes, so these may be wrong by 5 %; less than a millisecond is
    0.5."""

    p50: float
    p95: float


class Minute(msgspec.Struct, frozen=True, kw_only=True):
    """What happened in one minute, which begins `at`: how many tasks were `submitted`, and how
    many ended as `completed`, `failed` or `cancelled`; `wait_ms`, how long those that ran had
    waited, and `run_ms`, how long they ran; the most tasks that were seen `queued` and `running`
    at once, and the longest that one had been queued, `oldest_queued_s`."""

    at: datetime
    submitted: int
    completed: int
    failed: int
    cancelled: int
    wait_ms: Percentiles | None
    run_ms: Percentiles | None
    queued: int | None
    running: int | None
    oldest_queued_s: float | None


class LastHour(msgspec.Struct, frozen=True, kw_only=True):
    """The sums over the last 60 minutes, this one among them, which began at `since`: how many
    tasks were `submitted`, and how many ended as `completed`, `failed` or `cancelled`;
    `failures` has how many failed with each error code. `wait_ms` is from the submission of a
    task to its last start, `run_ms` from there to its end. `instances_lost` were found dead;
    what they were running was queued again."""

    since: datetime
    submitted: int
    completed: int
    failed: int
    cancelled: int
    failures: dict[str, int]
    wait_ms: Percentiles | None
    run_ms: Percentiles | None
    instances_lost: int


class InstanceRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An instance that runs tasks: its `id`, its `version`, when it was `started_at`, for how many
    seconds it has been silent (`silent_s`). It is `alive` if that is less than a lease of 15
    s; otherwise its tasks will be queued again. `simulators` are its child processes, of which
    so many are `busy` (unknown of an older version), and so many tasks `ended_last_minute`."""

    id: uuid.UUID
    version: str
    started_at: datetime
    silent_s: float
    alive: bool
    simulators: int
    busy: int | None
    ended_last_minute: int


class QueueOverview(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to do, what was done, and who does it, as it was `at` this time.

    `queued`, `running` and `cancelling` tasks are those that have not ended; `oldest_queued_s` is
    for how long the oldest has been queued, `ended_last_minute` how many tasks did end. `minutes`
    has those of the `last_hour` in which some instance was there, the oldest first. `instances`
    are those that run tasks, at most 100.
    """

    at: datetime
    queued: int
    running: int
    cancelling: int
    oldest_queued_s: float | None
    ended_last_minute: int
    last_hour: LastHour
    minutes: list[Minute]
    instances: list[InstanceRecord]


class Overviews:
    """Raises DatabaseUnavailable while the database is away."""

    def __init__(self, pool: Pool, archive: Archive) -> None:
        self._pool = pool
        self._archive = archive
        self._known: QueueOverview | None = None
        self._known_until = float("-inf")
        self._look: Grouped[None, QueueOverview] = Grouped(self._look_all, most=1000)

    async def now(self) -> QueueOverview:
        """As of a moment ago: all who ask within a second get the same."""
        if self._known is None or time.monotonic() >= self._known_until:
            return await self._look(None)
        return self._known

    async def _look_all(self, askers: list[None]) -> list[QueueOverview]:
        if self._known is None or time.monotonic() >= self._known_until:
            began = time.monotonic()
            self._known = await self._found()
            took_s = time.monotonic() - began
            self._known_until = began + max(_LOOK_S, _REST * took_s)
        return [self._known] * len(askers)

    async def _found(self) -> QueueOverview:
        now = await self._archive.backend()
        async with connection(self._pool) as db:
            found = await db.fetch(QUERIES["minutes"], MINUTES)
            instances = await db.fetch(QUERIES["instances"], MOST_INSTANCES)
        at, rows = found[0]["at"], [row for row in found if row["minute"] is not None]
        return QueueOverview(
            at=at,
            queued=now.queued,
            running=now.running,
            cancelling=now.cancelling,
            oldest_queued_s=now.oldest_queued_s,
            ended_last_minute=now.ended_last_minute,
            last_hour=_hour(at, rows),
            minutes=[_minute(row) for row in rows],
            instances=[_instance(row) for row in instances],
        )


def percentiles(tables: Iterable[Mapping[str, int]]) -> Percentiles | None:
    """The percentiles of all tasks that some tables count, each by class of span_class(); None if
    they count none."""
    classes: Counter[int] = Counter()
    for table in tables:
        for name, tasks in table.items():
            classes[int(name)] += tasks
    total, below = sum(classes.values()), 0
    found: list[float] = []
    for number in sorted(classes):
        below += classes[number]
        while len(found) < 2 and below >= (0.5, 0.95)[len(found)] * total:
            found.append(_middle_ms(number))
    return Percentiles(*found) if total else None


def _middle_ms(number: int) -> float:
    """The middle of a class of spans."""
    if number == 0:
        return 0.5
    return float(f"{math.pow(2, (number - 0.5) / _CLASSES_PER_DOUBLING):.3g}")


def _minute(row: asyncpg.Record) -> Minute:
    return Minute(
        at=row["minute"],
        submitted=row["submitted"],
        completed=row["completed"],
        failed=row["failed"],
        cancelled=row["cancelled"],
        wait_ms=percentiles([row["waits"]]),
        run_ms=percentiles([row["runs"]]),
        queued=row["queued"],
        running=row["running"],
        oldest_queued_s=row["oldest_queued_s"] and round(row["oldest_queued_s"], 3),
    )


def _hour(at: datetime, rows: list[asyncpg.Record]) -> LastHour:
    failures: Counter[str] = Counter()
    for row in rows:
        failures.update(row["failures"])
    return LastHour(
        since=at.replace(second=0, microsecond=0) - timedelta(minutes=MINUTES - 1),
        submitted=sum(row["submitted"] for row in rows),
        completed=sum(row["completed"] for row in rows),
        failed=sum(row["failed"] for row in rows),
        cancelled=sum(row["cancelled"] for row in rows),
        failures=dict(failures.most_common()),
        wait_ms=percentiles(row["waits"] for row in rows),
        run_ms=percentiles(row["runs"] for row in rows),
        instances_lost=sum(row["lost"] for row in rows),
    )


def _instance(row: asyncpg.Record) -> InstanceRecord:
    return InstanceRecord(
        id=row["id"],
        version=row["version"],
        started_at=row["started_at"],
        silent_s=max(0.0, round(row["silent_s"], 1)),
        alive=row["silent_s"] < LEASE_S,
        simulators=row["simulators"],
        busy=row["busy"],
        ended_last_minute=row["ended_last_minute"],
    )

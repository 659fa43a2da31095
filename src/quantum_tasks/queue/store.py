"""What the service asks of its database to run tasks: one function per statement."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping

import asyncpg
import msgspec

from quantum_tasks.capability import Capability
from quantum_tasks.database.grouped import Grouped
from quantum_tasks.database.pool import Pool, connection
from quantum_tasks.database.queries import QUERIES
from quantum_tasks.errors import TASK_LOST
from quantum_tasks.orders import COMPILED_FORMAT
from quantum_tasks.queue.versions import Versions
from quantum_tasks.tasks import Options, Status, Task
from quantum_tasks.turns.throttle import Throttle

# An instance whose heartbeat is older than this is dead. Recovery takes a lease and a sweep.
LEASE_S = 15.0
SMALL = 32768  # bytes: a result up to this size is small
_MAX_LOSSES = 8
_ALONE_FROM = 2  # losses
_STALE_JOB_S = 10.0
_CLAIM_TAKES_S = 10.0
LOST = (
    f"The service went down {_MAX_LOSSES + 1} times while running this task. "
    "It will not be tried again."
)


class Swept(msgspec.Struct, frozen=True):
    """What a sweep found: dead instances, tasks queued again, tasks given up."""

    instances: list[str]
    requeued: list[uuid.UUID]
    failed: list[uuid.UUID]


class Outcome(msgspec.Struct, frozen=True):
    """A result on its way into the database."""

    id: uuid.UUID
    attempt: int
    instance: uuid.UUID
    counts: str
    details: str | None
    simulate_ms: float | None
    engine: str | None
    seed: int | None


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
    options: Options | None = None


class Store:
    """Every method raises DatabaseUnavailable while the database is away.

    Results and look-ups go to it in groups: see Grouped.
    """

    def __init__(self, pool: Pool, queue: str) -> None:
        self._pool = pool
        self.queue = queue
        self._complete = Grouped(self._complete_all)
        self._get = Grouped(self._get_all)
        self._migration: Grouped[None, tuple[int, int]] = Grouped(self._migration_all, most=1000)
        self._cancelling = Throttle(2)
        self._cancelling_many = Throttle(rests=True)

    async def get(self, id: uuid.UUID) -> Task | None:
        """A task as its submitter sees it, or None. One that is completed lacks its counts if
        they are large."""
        return await self._get(id)

    async def counts(self, id: uuid.UUID) -> str | None:
        """A task's counts, however large."""
        async with connection(self._pool) as db:
            counts: str | None = await db.fetchval(QUERIES["counts"], id)
        return counts

    async def _get_all(self, ids: list[uuid.UUID]) -> list[Task | None]:
        async with connection(self._pool) as db:
            rows = await db.fetch(QUERIES["get"], ids, SMALL)
        found = {
            id: Task(status=Status(status), error_code=code, error_message=message, counts=counts)
            for id, status, code, message, counts in rows
        }
        return [found.get(id) for id in ids]

    async def changed(self, seen: Mapping[uuid.UUID, int]) -> list[tuple[uuid.UUID, int, bool]]:
        """The tasks that have changed since the given changes: each with its last change, and
        whether it has ended."""
        async with connection(self._pool) as db:
            rows = await db.fetch(QUERIES["changed"], list(seen), list(seen.values()))
        return [tuple(row) for row in rows]

    async def claim(
        self,
        instance: uuid.UUID,
        limit: int,
        large: int | None = None,
        ahead: int = 0,
        ahead_ms: float = 0.0,
    ) -> tuple[list[ClaimedTask], bool]:
        """Takes queued tasks that this instance can run, first come first served; none unless its
        last heartbeat is within the lease.

        Takes up to `limit`, of which up to `large` (default: all) are large; and further ones that
        are not, up to `ahead` in all, as long as they take no more than `ahead_ms` in all. Also
        returns whether some were held back because one of them has to run alone: then the
        instance should ask again soon.
        """
        async with connection(self._pool) as db:
            rows = await db.fetch(
                QUERIES["claim"],
                instance,
                self.queue,
                limit,
                _ALONE_FROM,
                LEASE_S,
                limit if large is None else large,
                max(limit, ahead),
                ahead_ms,
                COMPILED_FORMAT,
            )
        *_, held_back = rows[0]
        tasks = [_claimed(row) for row in rows if row["id"] is not None]
        # Postgres does not promise any order of the rows of an UPDATE.
        return sorted(tasks, key=lambda task: task.position), held_back

    async def complete(
        self,
        task: ClaimedTask,
        instance: uuid.UUID,
        counts: str,
        details: str | None = None,
        simulate_ms: float | None = None,
        engine: str | None = None,
        seed: int | None = None,
    ) -> bool:
        """Stores the result, and the seed that it came from; False if this attempt no longer owns
        the task, or it is being cancelled."""
        return await self._complete(
            Outcome(task.id, task.attempt, instance, counts, details, simulate_ms, engine, seed)
        )

    async def _complete_all(self, outcomes: list[Outcome]) -> list[bool]:
        """For each outcome, in order, whether it was stored."""
        columns = ([getattr(one, name) for one in outcomes] for name in Outcome.__struct_fields__)
        async with connection(self._pool) as db:
            rows = await db.fetch(QUERIES["complete"], *columns)
        stored = {(row["id"], row["attempt"], row["instance"]) for row in rows}
        return [(o.id, o.attempt, o.instance) in stored for o in outcomes]

    async def fail(
        self,
        task: ClaimedTask,
        instance: uuid.UUID,
        code: str,
        message: str,
        place: tuple[int | None, int | None] = (None, None),
        simulate_ms: float | None = None,
    ) -> bool:
        """Ends the task with an error, at a line and column of its program if there is one. False
        if this attempt no longer owns it, or it is being cancelled."""
        error = (code, _storable(message), *place)
        async with connection(self._pool) as db:
            ended = await db.fetchval(
                QUERIES["fail"], task.id, task.attempt, instance, *error, simulate_ms
            )
        return ended is not None

    async def retry(
        self,
        task: ClaimedTask,
        instance: uuid.UUID,
        retries: int,
        delay_s: float,
        code: str,
        message: str,
    ) -> Status | None:
        """Queues a crashed task again or, after too many crashes, fails it.

        Returns its new status; None if this attempt no longer owns it.
        """
        return await self._charge(task, instance, True, retries, delay_s, code, message)

    async def lose(self, task: ClaimedTask, instance: uuid.UUID) -> Status | None:
        """Queues a task again whose process died for a reason outside the task; it counts like the
        death of its instance. Returns what `retry` returns."""
        return await self._charge(task, instance, False, _MAX_LOSSES, 0, TASK_LOST, LOST)

    async def _charge(
        self,
        task: ClaimedTask,
        instance: uuid.UUID,
        crash: bool,
        allowed: int,
        delay_s: float,
        code: str,
        message: str,
    ) -> Status | None:
        charge = (crash, allowed, delay_s, code, _storable(message))
        async with connection(self._pool) as db:
            status = await db.fetchval(QUERIES["retry"], task.id, task.attempt, instance, *charge)
        return None if status is None else Status(status)

    async def cancel(self, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Status]:
        """Ends queued tasks, and marks running ones to be stopped. Returns the new status of each
        task; tasks that do not exist are left out."""
        lane = self._cancelling if len(ids) <= 1 else self._cancelling_many
        async with lane.turn(), connection(self._pool) as db:
            rows = await db.fetch(QUERIES["cancel"], list(ids))
        return {row["id"]: Status(row["status"]) for row in rows}

    async def cancellations(self, instance: uuid.UUID) -> list[uuid.UUID]:
        """The running tasks of this instance that must be stopped."""
        async with connection(self._pool) as db:
            return [row["id"] for row in await db.fetch(QUERIES["cancellations"], instance)]

    async def cancelled(self, task: ClaimedTask, instance: uuid.UUID) -> bool:
        """Ends a task that was to be stopped, and was; False if this attempt no longer owns it."""
        async with connection(self._pool) as db:
            ended = await db.fetchval(QUERIES["cancelled"], task.id, task.attempt, instance)
        return ended is not None

    async def release(self, instance: uuid.UUID) -> list[uuid.UUID]:
        """Queues the running tasks of this instance again; returns their ids."""
        async with connection(self._pool) as db:
            return [row["id"] for row in await db.fetch(QUERIES["release"], instance)]

    async def disown(self, instance: uuid.UUID, held: Collection[uuid.UUID]) -> list[uuid.UUID]:
        """Queues tasks again that the database gives to this instance, but that it is not running;
        returns their ids."""
        async with connection(self._pool) as db:
            rows = await db.fetch(QUERIES["disown"], instance, list(held), _CLAIM_TAKES_S)
        return [row["id"] for row in rows]

    async def heartbeat(
        self,
        instance: uuid.UUID,
        host: str,
        pid: int,
        version: str,
        refused: int,
        release: Versions | None = None,
        simulators: int = 0,
        ended_last_minute: int = 0,
        capability: Capability | None = None,
        busy: int = 0,
    ) -> bool:
        """Writes that this instance is alive, with its versions, its figures and, the first time,
        what it can run. Returns whether the last heartbeat was long ago."""
        identity = (instance, host, pid, version)
        libraries = (release.qiskit, release.aer) if release else ("", "")
        figures = (simulators, ended_last_minute)
        can = (capability.memory_mb, capability.engines) if capability else (None, None)
        async with connection(self._pool) as db:
            returned: bool = await db.fetchval(
                QUERIES["heartbeat"],
                *(*identity, refused, LEASE_S / 2, *libraries, *figures, self.queue, *can, busy),
            )
        return returned

    async def unregister(self, instance: uuid.UUID) -> None:
        """Removes this instance from the table of instances."""
        async with connection(self._pool) as db:
            await db.execute(QUERIES["unregister"], instance)

    async def sweep(self, instance: uuid.UUID) -> Swept | None:
        """Queues the tasks of dead instances again, and removes their jobs.

        None if another instance is sweeping, or if this one has not been steady for the length of
        a lease.
        """
        async with connection(self._pool) as db, db.transaction():
            if not await db.fetchval(QUERIES["sweep_begin"], instance, LEASE_S):
                return None
            dead = await db.fetch(QUERIES["sweep_instances"], LEASE_S)
            tasks = await db.fetch(QUERIES["sweep_tasks"], _MAX_LOSSES, TASK_LOST, LOST)
            await db.execute(QUERIES["sweep_hints"])
            await db.execute(QUERIES["sweep_jobs"], _STALE_JOB_S)
        return Swept(
            [f"{row['host']}:{row['pid']}" for row in dead],
            [row["id"] for row in tasks if row["status"] == Status.QUEUED],
            [row["id"] for row in tasks if row["status"] == Status.FAILED],
        )

    async def migration(self) -> tuple[int, int]:
        """Two numbers: the newest migration of the database; and the oldest program that may run
        on it, named by the newest migration that this program knows."""
        return await self._migration(None)

    async def _migration_all(self, askers: list[None]) -> list[tuple[int, int]]:
        async with connection(self._pool) as db:
            row = await db.fetchrow(QUERIES["health"])
        return [(row["newest"] or 0, row["oldest"] or 0)] * len(askers)


def _claimed(row: asyncpg.Record) -> ClaimedTask:
    *values, options = tuple(row)[:-1]
    values.append(_options.decode(options) if options else None)
    return ClaimedTask(*values)


_options = msgspec.json.Decoder(Options)


def _storable(text: str) -> str:
    """Postgres' text takes no NUL, and UTF-8 no surrogates: an error message may quote either."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()

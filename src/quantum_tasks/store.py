"""What the service asks of its database: one function per statement, row to struct."""

from __future__ import annotations

import time
import uuid
from collections.abc import Collection, Sequence

import asyncpg
import msgspec

from quantum_tasks.database.grouped import Grouped
from quantum_tasks.database.pool import Pool, connection
from quantum_tasks.database.queries import QUERIES
from quantum_tasks.errors import TASK_LOST, DatabaseUnavailable, OutcomeUnknown, QueueFull
from quantum_tasks.tasks import COMPILED_FORMAT, Accepted, ClaimedTask, Status, Task

# An instance whose heartbeat is older than this is dead. Recovery takes a lease and a sweep.
LEASE_S = 15.0
_MAX_LOSSES = 8
_ALONE_FROM = 2  # losses
_STALE_JOB_S = 10.0
_CLAIM_TAKES_S = 10.0
_RECOUNT_S = 1.0
_CHEAP_COUNT = 1000
_FULL_RETRY_S = 5
_PATIENCE_S = 2.0
_LOST = (
    f"The service went down {_MAX_LOSSES + 1} times while running this task. "
    "It will not be tried again."
)


class Swept(msgspec.Struct, frozen=True):
    """What a sweep found: dead instances, tasks queued again, tasks given up."""

    instances: list[str]
    requeued: list[uuid.UUID]
    failed: list[uuid.UUID]


class NewTask(msgspec.Struct, frozen=True):
    """A task on its way into the database."""

    id: uuid.UUID
    shots: int
    seed: int | None
    qc: str
    checked: Accepted | None


class Outcome(msgspec.Struct, frozen=True):
    """A result on its way into the database."""

    id: uuid.UUID
    attempt: int
    instance: uuid.UUID
    counts: str


class Store:
    """Every method raises DatabaseUnavailable while the database is away.

    Submissions, results and look-ups go to it in groups: see Grouped.
    """

    def __init__(self, pool: Pool, queue: str, max_queued: int = 100_000) -> None:
        self._pool = pool
        self.queue = queue
        self._max_queued = max_queued
        # Counting a long queue takes as long as storing many tasks: see submit().
        self._count_from = min(max_queued - _CHEAP_COUNT, max_queued * 0.9)
        self._counted = max_queued - 1  # until it is counted, it may be nearly full
        self._counted_at = float("-inf")
        self._submitted_since = 0
        self._submit = Grouped(self._submit_all)
        self._complete = Grouped(self._complete_all)
        self._get = Grouped(self._get_all, at_once=2)

    async def check_room(self) -> None:
        """Raises QueueFull if the queue was full when it was last counted, at most a second ago.

        So a flood of tasks that cannot be taken costs the database one count per second.
        """
        if time.monotonic() - self._counted_at >= _RECOUNT_S:
            self._counted_at = time.monotonic()  # before the wait: one of many counts
            self._submitted_since = 0
            async with connection(self._pool) as db:
                self._counted = await db.fetchval(QUERIES["queued"], self.queue, self._max_queued)
        if self._counted >= self._max_queued:
            raise self._full()

    async def submit(
        self, qc: str, shots: int, seed: int | None, checked: Accepted | None = None
    ) -> uuid.UUID:
        """Stores a task and hints the workers; when this returns, the task is durable.

        Raises QueueFull if the queue is full. The statement that stores the task counts, but
        only where the queue may be nearly full: by the count of `check_room` and what was
        submitted here since. It does not see what others have not committed yet, so that
        concurrent submissions may exceed the limit, by as many as there are.
        """
        task = NewTask(uuid.uuid4(), shots, seed, qc, checked)
        if not await self._submit(task):
            self._counted = self._max_queued
            raise self._full()
        return task.id

    async def _submit_all(self, tasks: list[NewTask]) -> list[bool]:
        """Which tasks were stored, in order."""
        estimate = self._counted + self._submitted_since + len(tasks) - 1
        limit = self._max_queued if estimate >= self._count_from else None
        self._submitted_since += len(tasks)
        began = time.monotonic()
        try:
            stored = await self._insert(tasks, limit)
        except OutcomeUnknown as unknown:
            if time.monotonic() - began > _PATIENCE_S:
                raise
            # The connection broke. If another can be made, nobody need know.
            try:
                stored = await self._insert_rest(tasks, limit)
            except DatabaseUnavailable:  # which would say that nothing was accepted
                raise unknown from None
        return [task.id in stored for task in tasks]

    async def _insert(self, tasks: Sequence[NewTask], limit: int | None) -> set[uuid.UUID]:
        checks = [task.checked for task in tasks]
        async with connection(self._pool) as db:
            rows = await db.fetch(
                QUERIES["submit"],
                [task.id for task in tasks],
                self.queue,
                [task.shots for task in tasks],
                [task.seed for task in tasks],
                [task.qc for task in tasks],
                [checked and checked.compiled for checked in checks],
                COMPILED_FORMAT,
                [checked is not None and checked.large for checked in checks],
                [checked is not None and checked.parallel for checked in checks],
                [checked and checked.work_ms for checked in checks],
                limit,
            )
        return {row["id"] for row in rows}

    async def _insert_rest(self, tasks: Sequence[NewTask], limit: int | None) -> set[uuid.UUID]:
        """Stores those of which the database does not know; the first try may come late."""
        while True:
            async with connection(self._pool) as db:
                rows = await db.fetch(QUERIES["exists"], [task.id for task in tasks])
            stored = {row["id"] for row in rows}
            rest = [task for task in tasks if task.id not in stored]
            try:
                return stored | (await self._insert(rest, limit) if rest else set())
            except asyncpg.UniqueViolationError:
                continue

    def _full(self) -> QueueFull:
        return QueueFull(
            f"{self._max_queued} tasks are queued, and no more than that are taken "
            "(MAX_QUEUED_TASKS). Please try again later.",
            retry_after_s=_FULL_RETRY_S,
        )

    async def get(self, id: uuid.UUID) -> Task | None:
        """A task as its submitter sees it, or None."""
        return await self._get(id)

    async def _get_all(self, ids: list[uuid.UUID]) -> list[Task | None]:
        async with connection(self._pool) as db:
            rows = await db.fetch(QUERIES["get"], ids)
        found = {
            id: Task(status=Status(status), error_code=code, error_message=message, counts=counts)
            for id, status, code, message, counts in rows
        }
        return [found.get(id) for id in ids]

    async def ended(self, ids: Sequence[uuid.UUID]) -> list[uuid.UUID]:
        """Which of these tasks have ended."""
        async with connection(self._pool) as db:
            return [row["id"] for row in await db.fetch(QUERIES["ended"], ids)]

    async def claim(
        self,
        instance: uuid.UUID,
        limit: int,
        large: int | None = None,
        ahead: int = 0,
        ahead_ms: float = 0.0,
    ) -> tuple[list[ClaimedTask], bool]:
        """Takes queued tasks for this instance, first come first served; none unless its last
        heartbeat is within the lease.

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
        tasks = [ClaimedTask(*row[:-1]) for row in rows if row["id"] is not None]
        # The order of an UPDATE's rows is nobody's promise.
        return sorted(tasks, key=lambda task: task.position), held_back

    async def complete(self, task: ClaimedTask, instance: uuid.UUID, counts: str) -> bool:
        """Stores the result; False if this attempt no longer owns the task."""
        return await self._complete(Outcome(task.id, task.attempt, instance, counts))

    async def _complete_all(self, outcomes: list[Outcome]) -> list[bool]:
        """Which outcomes were stored, in order."""
        async with connection(self._pool) as db:
            rows = await db.fetch(
                QUERIES["complete"],
                [outcome.id for outcome in outcomes],
                [outcome.attempt for outcome in outcomes],
                [outcome.instance for outcome in outcomes],
                [outcome.counts for outcome in outcomes],
            )
        stored = {(row["id"], row["attempt"], row["instance"]) for row in rows}
        return [(o.id, o.attempt, o.instance) in stored for o in outcomes]

    async def fail(self, task: ClaimedTask, instance: uuid.UUID, code: str, message: str) -> bool:
        """Ends the task with an error; False if this attempt no longer owns it."""
        async with connection(self._pool) as db:
            ended = await db.fetchval(
                QUERIES["fail"], task.id, task.attempt, instance, code, _storable(message)
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
        """Queues again a task whose process died through no fault of its own, as if its instance
        had; returns what `retry` does."""
        return await self._charge(task, instance, False, _MAX_LOSSES, 0, TASK_LOST, _LOST)

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

    async def cancel(self, id: uuid.UUID) -> bool:
        """Ends a task that has not ended by itself; False if it has, or does not exist."""
        async with connection(self._pool) as db:
            return await db.fetchval(QUERIES["cancel"], id) is not None

    async def release(self, instance: uuid.UUID) -> list[uuid.UUID]:
        """Queues again what this instance runs; returns which tasks that were."""
        async with connection(self._pool) as db:
            return [row["id"] for row in await db.fetch(QUERIES["release"], instance)]

    async def disown(self, instance: uuid.UUID, held: Collection[uuid.UUID]) -> list[uuid.UUID]:
        """Queues again what this instance owns without knowing it; returns which."""
        async with connection(self._pool) as db:
            rows = await db.fetch(QUERIES["disown"], instance, list(held), _CLAIM_TAKES_S)
        return [row["id"] for row in rows]

    async def heartbeat(
        self, instance: uuid.UUID, host: str, pid: int, version: str, refused: int
    ) -> bool:
        """Says that this instance lives, and how many outcomes of its were refused. Returns
        whether it had been silent for long."""
        identity = (instance, host, pid, version)
        async with connection(self._pool) as db:
            returned: bool = await db.fetchval(
                QUERIES["heartbeat"], *identity, refused, LEASE_S / 2
            )
        return returned

    async def unregister(self, instance: uuid.UUID) -> None:
        """Says goodbye."""
        async with connection(self._pool) as db:
            await db.execute(QUERIES["unregister"], instance)

    async def sweep(self, instance: uuid.UUID) -> Swept | None:
        """Puts right what dead instances left behind.

        None if another instance is at it, or this one has not been steady for a lease.
        """
        async with connection(self._pool) as db, db.transaction():
            if not await db.fetchval(QUERIES["sweep_begin"], instance, LEASE_S):
                return None
            dead = await db.fetch(QUERIES["sweep_instances"], LEASE_S)
            tasks = await db.fetch(QUERIES["sweep_tasks"], _MAX_LOSSES, TASK_LOST, _LOST)
            await db.execute(QUERIES["sweep_hints"])
            await db.execute(QUERIES["sweep_jobs"], _STALE_JOB_S)
        return Swept(
            [f"{row['host']}:{row['pid']}" for row in dead],
            [row["id"] for row in tasks if row["status"] == Status.QUEUED],
            [row["id"] for row in tasks if row["status"] == Status.FAILED],
        )

    async def migration(self) -> int | None:
        """The number of the newest migration of the database."""
        async with connection(self._pool) as db:
            number: int | None = await db.fetchval(QUERIES["health"])
        return number


def _storable(text: str) -> str:
    """Postgres' text takes no NUL, and UTF-8 no surrogates: an error message may quote either."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()

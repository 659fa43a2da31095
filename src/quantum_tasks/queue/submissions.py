"""Submissions on their way into the database."""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime

import asyncpg
import msgspec

from quantum_tasks.database.grouped import Grouped
from quantum_tasks.database.pool import Connection, Pool, connection
from quantum_tasks.database.queries import QUERIES
from quantum_tasks.errors import (
    DatabaseUnavailable,
    IdempotencyMismatch,
    OutcomeUnknown,
    QueueFull,
    StorageFull,
)
from quantum_tasks.orders import COMPILED_FORMAT, Accepted
from quantum_tasks.queue.fleet import Fleet
from quantum_tasks.queue.storage import LARGE, Storage, most_result_bytes
from quantum_tasks.tasks import Options, Stats
from quantum_tasks.turns.throttle import Throttle

_RECOUNT_S = 1.0
_CHEAP_COUNT = 1000
_FULL_RETRY_S = 5
_STORAGE_RETRY_S = 60
_PATIENCE_S = 2.0
_KEPT_AT_ONCE = 20  # the answer to a batch may be long


class NewTask(msgspec.Struct, frozen=True, kw_only=True):
    """A task on its way into the database; `options` and `extras` are JSON text."""

    qc: str
    shots: int
    seed: int | None = None
    checked: Accepted | None = None
    options: str | None = None
    extras: str | None = None
    key: str | None = None
    fingerprint: bytes = b""
    id: uuid.UUID = msgspec.field(default_factory=uuid.uuid4)


class Submitted(msgspec.Struct, frozen=True):
    """A stored task. `created_at` is None if it was stored by an earlier submission with the same
    idempotency key."""

    id: uuid.UUID
    created_at: datetime | None


class Kept(msgspec.Struct, frozen=True):
    """What was submitted with an idempotency key; for a batch, `answer` is the answer that was
    given."""

    fingerprint: bytes
    task_ids: list[uuid.UUID]
    answer: str | None


class _KeyTaken(Exception):
    """The transaction is rolled back: another submission has this idempotency key."""


class Submissions:
    """Every method raises DatabaseUnavailable while the database is away.

    Single tasks go to it in groups: see Grouped.
    """

    def __init__(
        self,
        pool: Pool,
        queue: str,
        max_queued: int = 100_000,
        ttl_s: int = 30 * 86400,
        storage: Storage | None = None,
    ) -> None:
        self._pool = pool
        self.queue = queue
        self._ttl_s = ttl_s
        self._max_queued = max_queued
        # To count a long queue takes as long as storing many tasks, so it is only counted when it
        # may be nearly full: see submit().
        self._count_from = min(max_queued - _CHEAP_COUNT, max_queued * 0.9)
        self._counted = max_queued - 1  # until it is counted, it may be nearly full
        self._counted_at = float("-inf")
        self._submitted_since = 0
        self._submit = Grouped(self._submit_all)
        self._kept = Grouped(self._kept_all, most=_KEPT_AT_ONCE)
        self._storage = storage or Storage(pool)
        self.fleet = Fleet(pool, queue)
        self._batches = Throttle()

    async def check_room(self) -> None:
        """Raises QueueFull if the queue was full when it was last counted, at most a second ago.

        So, if many tasks are refused, the database counts only once per second.
        """
        if time.monotonic() - self._counted_at >= _RECOUNT_S:
            self._counted_at = time.monotonic()  # before the wait: one of many counts
            self._submitted_since = 0
            async with connection(self._pool) as db:
                self._counted = await db.fetchval(QUERIES["queued"], self.queue, self._max_queued)
        if self._counted >= self._max_queued:
            raise self._full()

    async def check_storage(self, tasks: Sequence[NewTask]) -> None:
        """Raises StorageFull if the storage is full and one of these tasks is large."""
        if not await self._storage.is_full():
            return
        for number, task in enumerate(tasks):
            what, size = _largest(task)
            if size > LARGE:
                which = f" of number {number}" if len(tasks) > 1 else ""
                raise StorageFull(
                    f"The {what}{which} may have {size} bytes. While all tasks together take "
                    f"{self._storage.most} bytes or more (MAX_STORED_BYTES), at most {LARGE} are "
                    "accepted. Please try again later, or ask for less: a shorter program, or "
                    "fewer shots.",
                    retry_after_s=_STORAGE_RETRY_S,
                )

    async def submit(self, task: NewTask) -> Submitted:
        """Stores a task and hints the workers; when this returns, the task is durable.

        Raises StorageFull, or QueueFull if the queue is full. The statement that stores the task
        counts, but only where the queue may be nearly full: by the count of `check_room` and what
        was submitted here since. It does not see what others have not committed yet, so that
        concurrent submissions may exceed the limit, by as many as there are.

        Raises IdempotencyMismatch if its key was used for something else.
        """
        await self.check_storage([task])
        if created_at := await self._submit(task):
            return Submitted(task.id, created_at)
        if task.key and (kept := await self.kept(task.key, task.fingerprint)):
            return Submitted(kept.task_ids[0], None)
        self._counted = self._max_queued
        raise self._full()

    async def submit_all(
        self, tasks: list[NewTask], key: str | None, fingerprint: bytes, answer: str | None
    ) -> Mapping[uuid.UUID, datetime] | None:
        """Stores tasks together: all or none. Returns when each was; None if the key was taken.

        Raises StorageFull or QueueFull.
        """
        await self.check_storage(tasks)
        with contextlib.suppress(_KeyTaken):
            return await self._submit_together(tasks, key, fingerprint, answer)
        return None

    async def _submit_together(
        self, tasks: list[NewTask], key: str | None, fingerprint: bytes, answer: str | None
    ) -> Mapping[uuid.UUID, datetime]:
        async with self._batches.turn(), connection(self._pool) as db, db.transaction():
            stored = await self._insert_with(db, tasks, self._max_queued)
            if len(stored) < len(tasks):
                if key is not None and await db.fetchrow(QUERIES["key"], [key]):
                    raise _KeyTaken
                raise self._full()
            # Last in the transaction: from here on, other submissions with the same key have to
            # wait, together with their group.
            ids = [task.id for task in tasks]
            if key is not None and not await db.fetchval(
                QUERIES["keep_key"], key, fingerprint, ids, answer
            ):
                raise _KeyTaken
        self._submitted_since += len(tasks)
        return stored

    async def kept(self, key: str, fingerprint: bytes) -> Kept | None:
        """What was submitted with a key. Raises IdempotencyMismatch if that was something else."""
        kept = await self._kept(key)
        if kept is not None and kept.fingerprint != fingerprint:
            raise IdempotencyMismatch
        return kept

    async def _kept_all(self, keys: list[str]) -> list[Kept | None]:
        async with connection(self._pool) as db:
            rows = await db.fetch(QUERIES["key"], keys)
        found = {key: Kept(*kept) for key, *kept in rows}
        return [found.get(key) for key in keys]

    async def _submit_all(self, tasks: list[NewTask]) -> list[datetime | None]:
        """When each task was stored, in order, if it was."""
        estimate = self._counted + self._submitted_since + len(tasks) - 1
        limit = self._max_queued if estimate >= self._count_from else None
        self._submitted_since += len(tasks)
        began = time.monotonic()
        try:
            stored = await self._insert(tasks, limit)
        except OutcomeUnknown as unknown:
            if time.monotonic() - began > _PATIENCE_S:
                raise
            # The connection broke. If a new one can be made, the client need not know.
            try:
                stored = await self._insert_rest(tasks, limit)
            except DatabaseUnavailable:  # which would say that nothing was accepted
                raise unknown from None
        return [stored.get(task.id) for task in tasks]

    async def _insert(
        self, tasks: Sequence[NewTask], limit: int | None
    ) -> dict[uuid.UUID, datetime]:
        async with connection(self._pool) as db:
            return await self._insert_with(db, tasks, limit)

    async def _insert_with(
        self, db: Connection, tasks: Sequence[NewTask], limit: int | None
    ) -> dict[uuid.UUID, datetime]:
        checks = [task.checked for task in tasks]
        rows = await db.fetch(
            QUERIES["submit"],
            [task.id for task in tasks],
            self.queue,
            [task.shots for task in tasks],
            [task.seed for task in tasks],
            [task.qc for task in tasks],
            [(checked and checked.compiled) or None for checked in checks],
            COMPILED_FORMAT,
            [checked is not None and checked.large for checked in checks],
            [checked is not None and checked.parallel for checked in checks],
            [checked and checked.work_ms for checked in checks],
            [checked and checked.estimated_ms for checked in checks],
            [task.options for task in tasks],
            [(checked and checked.stats) or None for checked in checks],
            [task.extras for task in tasks],
            [task.key for task in tasks],
            [task.fingerprint for task in tasks],
            self._ttl_s,
            limit,
            [_needs(checked) for checked in checks],
        )
        return {row["id"]: row["created_at"] for row in rows}

    async def _insert_rest(
        self, tasks: Sequence[NewTask], limit: int | None
    ) -> dict[uuid.UUID, datetime]:
        """Stores the tasks that the database does not have. The first try may still be committed
        during this."""
        while True:
            async with connection(self._pool) as db:
                rows = await db.fetch(QUERIES["exists"], [task.id for task in tasks])
            stored = {row["id"]: row["created_at"] for row in rows}
            rest = [task for task in tasks if task.id not in stored]
            try:
                return stored | (await self._insert(rest, limit) if rest else {})
            except asyncpg.UniqueViolationError:
                continue

    def _full(self) -> QueueFull:
        return QueueFull(
            f"{self._max_queued} tasks are queued, and no more are accepted "
            "(MAX_QUEUED_TASKS). Please try again later.",
            retry_after_s=_FULL_RETRY_S,
        )


def _needs(checked: Accepted | None) -> str | None:
    return msgspec.json.encode(checked.needs).decode() if checked and checked.needs else None


def _largest(task: NewTask) -> tuple[str, int]:
    """Which part of a task may be the largest, its program or its result, and how many bytes it
    may have."""
    checked = task.checked
    stats = msgspec.json.decode(checked.stats, type=Stats) if checked and checked.stats else None
    options = msgspec.json.decode(task.options, type=Options) if task.options else Options()
    asked = len(task.qc.encode()) + len(task.options or "") + len(task.extras or "")
    program = asked + (len(checked.compiled) if checked else 0)
    result = most_result_bytes(task.shots, options, stats)
    return ("program", program) if program > result else ("result", result)

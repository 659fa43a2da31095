"""The clients that wait for tasks: one registry for all of them, and no database connection for
any of them."""

from __future__ import annotations

import asyncio
import uuid
from collections import defaultdict
from collections.abc import Collection

from quantum_tasks.errors import DatabaseUnavailable
from quantum_tasks.queue.store import Store
from quantum_tasks.tasks import Task
from quantum_tasks.turns.fairness import TOLD_AT_ONCE, tell

_LOOK_S = 0.2
_YOUNG_S = 1.0


class _Waiter:
    """A client that waits for a task to end or, if `seen` is given, for a change after that
    one."""

    __slots__ = ("future", "seen")

    def __init__(self, seen: int | None) -> None:
        self.future: asyncio.Future[Task | None] = asyncio.get_running_loop().create_future()
        self.seen = seen

    def wake(self, task: Task | None) -> None:
        if not self.future.done():
            self.future.set_result(task)


class Waiters:
    """The waiting clients of this instance.

    Submissions and ends of tasks in this instance are announced here. For changes in other
    instances, one statement at a time asks about all tasks that somebody waits for.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: dict[uuid.UUID, set[_Waiter]] = defaultdict(set)
        self._seen: dict[uuid.UUID, int] = {}  # the last known change of a task
        self._young: dict[uuid.UUID, float] = {}  # when they were submitted, the oldest first
        self._telling: set[asyncio.Task[None]] = set()
        self._somebody = asyncio.Event()
        self.closed = False

    async def ended(self, id: uuid.UUID, within_s: float) -> Task | None:
        """Waits until the task has ended, the time is over or the service stops, and returns the
        task; None if there is no such task."""
        waiter = self._enter(id, None)
        try:
            if id not in self._young or self.closed:
                task = await self._store.get(id)  # after registering: the task may end meanwhile
                if task is None or task.status.is_final or self.closed:
                    return task
            await asyncio.wait({waiter.future}, timeout=within_s)
            if waiter.future.done() and (announced := waiter.future.result()) is not None:
                return announced
            return await self._store.get(id)
        finally:
            self._leave(id, waiter)

    async def changed(self, id: uuid.UUID, seen: int, within_s: float) -> bool:
        """Waits until the status of a task may have changed since the given change; False at the
        end of the time, or when the service stops."""
        waiter = self._enter(id, seen)
        try:
            if not self.closed:
                await asyncio.wait({waiter.future}, timeout=within_s)
            return waiter.future.done() and not self.closed
        finally:
            self._leave(id, waiter)

    def submitted(self, id: uuid.UUID) -> None:
        """Notes a new task: a client that waits for it at once need not ask the database first."""
        now = asyncio.get_running_loop().time()
        self._young[id] = now
        while self._young[oldest := next(iter(self._young))] < now - _YOUNG_S:
            del self._young[oldest]

    def announce(self, id: uuid.UUID, task: Task | None = None) -> None:
        """Tells waiting clients that a task has ended; `task` is its final state, if this instance
        knows it."""
        self._young.pop(id, None)
        self._wake(self._waiting.get(id, ()), task)

    def close(self) -> None:
        """Ends all waits: the service stops."""
        self.closed = True
        for id in list(self._waiting):
            self.announce(id)

    async def run(self) -> None:
        """Looks for changes that other instances made, and never returns."""
        while True:
            await self._somebody.wait()
            if not self._waiting:
                self._somebody.clear()
                continue
            await asyncio.sleep(_LOOK_S)
            seen = {
                id: max(
                    self._seen.get(id, 0),
                    min((one.seen for one in waiters if one.seen is not None), default=0),
                )
                for id, waiters in self._waiting.items()
            }
            try:
                for id, change, ended in await self._store.changed(seen):
                    self._changed(id, change, ended)
            except DatabaseUnavailable:
                continue

    def _changed(self, id: uuid.UUID, change: int, ended: bool) -> None:
        if ended:
            self.announce(id)
            return
        if waiters := self._waiting.get(id):
            self._seen[id] = change
            self._wake([w for w in waiters if w.seen is not None and w.seen < change], None)

    def _wake(self, waiters: Collection[_Waiter], task: Task | None) -> None:
        if len(waiters) <= TOLD_AT_ONCE:
            for waiter in waiters:
                waiter.wake(task)
            return
        telling = asyncio.create_task(tell([waiter.future for waiter in waiters], task))
        self._telling.add(telling)
        telling.add_done_callback(self._telling.discard)

    def _enter(self, id: uuid.UUID, seen: int | None) -> _Waiter:
        waiter = _Waiter(seen)
        self._waiting[id].add(waiter)
        if seen is not None and seen < self._seen.get(id, 0):
            waiter.wake(None)
        self._somebody.set()
        return waiter

    def _leave(self, id: uuid.UUID, waiter: _Waiter) -> None:
        waiters = self._waiting[id]
        waiters.discard(waiter)
        if not waiters:
            self._waiting.pop(id, None)
            self._seen.pop(id, None)

"""Those who wait for tasks to end: one registry for all of them, and no connection for any."""

from __future__ import annotations

import asyncio
import uuid
from collections import defaultdict

from quantum_tasks.errors import DatabaseUnavailable
from quantum_tasks.store import Store
from quantum_tasks.tasks import Task

_LOOK_S = 0.25
_YOUNG_S = 1.0


class Waiters:
    """The waiting clients of this instance.

    What is submitted and what ends in this instance is announced. For what other instances do, one
    statement at a time asks for all tasks that somebody waits for.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: dict[uuid.UUID, set[asyncio.Future[Task | None]]] = defaultdict(set)
        self._young: dict[uuid.UUID, float] = {}  # when they were submitted, the oldest first
        self._somebody = asyncio.Event()
        self._closed = False

    async def ended(self, id: uuid.UUID, within_s: float) -> Task | None:
        """The task as it is when it has ended, or at the end of the time, or when the service
        stops; None if there is no such task."""
        future: asyncio.Future[Task | None] = asyncio.get_running_loop().create_future()
        futures = self._waiting[id]
        futures.add(future)
        self._somebody.set()
        try:
            if id not in self._young or self._closed:
                task = await self._store.get(id)  # after we began to listen: it may end meanwhile
                if task is None or task.status.is_final or self._closed:
                    return task
            await asyncio.wait({future}, timeout=within_s)
            if future.done() and (announced := future.result()) is not None:
                return announced
            return await self._store.get(id)
        finally:
            futures.discard(future)
            if not futures:
                self._waiting.pop(id, None)

    def submitted(self, id: uuid.UUID) -> None:
        """A task has begun: whoever waits for it at once need not ask the database first."""
        now = asyncio.get_running_loop().time()
        self._young[id] = now
        while self._young[oldest := next(iter(self._young))] < now - _YOUNG_S:
            del self._young[oldest]

    def announce(self, id: uuid.UUID, task: Task | None = None) -> None:
        """A task has ended, as `task` if that is known here."""
        self._young.pop(id, None)
        for future in self._waiting.get(id, ()):
            if not future.done():
                future.set_result(task)

    def close(self) -> None:
        """Lets everybody go: the service stops."""
        self._closed = True
        for id in list(self._waiting):
            self.announce(id)

    async def run(self) -> None:
        """Looks for ever for tasks that have ended elsewhere."""
        while True:
            await self._somebody.wait()
            if not self._waiting:
                self._somebody.clear()
                continue
            await asyncio.sleep(_LOOK_S)
            try:
                for id in await self._store.ended(list(self._waiting)):
                    self.announce(id)
            except DatabaseUnavailable:
                continue

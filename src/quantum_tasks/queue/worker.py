"""The worker of an instance: it claims what the scheduler says, and begins and stops attempts."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable, Sequence

from quantum_tasks.errors import DatabaseUnavailable
from quantum_tasks.fence.pool import ProcessPool
from quantum_tasks.queue.attempt import Attempt
from quantum_tasks.queue.outcomes import Outcomes
from quantum_tasks.queue.scheduler import Scheduler
from quantum_tasks.queue.storage import Storage
from quantum_tasks.queue.store import ClaimedTask, Store
from quantum_tasks.settings import Settings, available_cores
from quantum_tasks.tasks import Task

logger = logging.getLogger(__name__)

_DATABASE_RETRY_S = 0.5
_HELD_BACK_S = 0.5
_LOOK_S = 0.4  # between two looks for cancelled tasks


class Worker:
    """Keeps this instance's children busy with queued tasks.

    It looks for tasks when it is woken, by a hint or because a child has become free, and claims
    what its scheduler says. `ended` are told of every task that ends.
    """

    def __init__(
        self,
        store: Store,
        pool: ProcessPool,
        settings: Settings,
        instance: uuid.UUID,
        ended: Sequence[Callable[[uuid.UUID, Task], object]],
        storage: Storage,
    ) -> None:
        self._store = store
        self._pool = pool
        self._settings = settings
        self._instance = instance
        self.outcomes = Outcomes(store, storage, settings, instance, ended, self.wake)
        cores = available_cores()
        self._scheduler = Scheduler(pool.size, cores, settings.simulator_threads or cores)
        self._running: dict[asyncio.Task[None], Attempt] = {}
        self._wanted = asyncio.Event()

    def wake(self) -> None:
        """There may be work."""
        self._scheduler.hinted()
        self._wanted.set()

    @property
    def held(self) -> list[uuid.UUID]:
        """The tasks that this instance is working on."""
        return [attempt.task.id for attempt in self._running.values()]

    async def run(self) -> None:
        """Works until cancelled; what is running then goes on, see finish()."""
        await self._pool.ready()
        self.wake()
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            try:
                await self._fill()
            except DatabaseUnavailable:  # as the heartbeat says
                await asyncio.sleep(_DATABASE_RETRY_S)
                self.wake()

    async def _fill(self) -> None:
        """Claims until every child is busy or nothing is queued."""
        while claim := self._scheduler.next_claim():
            tasks, held_back = await self._store.claim(self._instance, *claim)
            self._scheduler.claimed(claim, tasks)
            for task in tasks:
                self._begin(task)
            if held_back:
                asyncio.get_running_loop().call_later(_HELD_BACK_S, self.wake)

    def _begin(self, task: ClaimedTask) -> None:
        freed = self._wanted.set
        attempt = Attempt(task, self._scheduler, self._pool, self._settings, self.outcomes, freed)
        self._running[attempt.run] = attempt
        attempt.run.add_done_callback(self._ended)

    def _ended(self, run: asyncio.Task[None]) -> None:
        del self._running[run]
        if not run.cancelled() and (error := run.exception()):
            logger.error("working on a task failed", exc_info=error)

    async def stop_cancelled(self) -> None:
        """Looks for cancelled tasks of this instance and stops them; never returns.

        A task of only moments is stopped only if it is still there at the next look: killing a
        child costs more than its run.
        """
        before: set[uuid.UUID] = set()
        while True:
            await asyncio.sleep(_LOOK_S)
            if not self._running:
                continue
            try:
                cancelled = set(await self._store.cancellations(self._instance))
            except DatabaseUnavailable:
                continue
            for attempt in list(self._running.values()):
                task = attempt.task
                due = task.id in cancelled and (task.work_ms is None or task.id in before)
                if due and not attempt.stopped:
                    attempt.stop()
            before = cancelled

    async def finish(self, grace_s: float, hurry: asyncio.Event) -> None:
        """Lets what is running end within the grace, or until there is a hurry, and gives the
        rest back to the queue. Raises DatabaseUnavailable if it cannot."""
        if self._running:
            logger.info(
                "finishing running tasks",
                extra={"tasks": len(self._running), "grace_s": grace_s},
            )
            ended = asyncio.ensure_future(asyncio.wait(self._running))
            hurried = asyncio.ensure_future(hurry.wait())
            await asyncio.wait(
                {ended, hurried}, timeout=grace_s, return_when=asyncio.FIRST_COMPLETED
            )
            hurried.cancel()
            ended.cancel()
        for attempt in list(self._running.values()):
            attempt.give_back()
        await asyncio.gather(*self._running, return_exceptions=True)
        for id in await self._store.release(self._instance):
            logger.info("task given back", extra={"task": id})

"""Claim, run, finish."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Callable, Sequence

from quantum_tasks.errors import (
    MEMORY_EXCEEDED,
    TIME_LIMIT_EXCEEDED,
    DatabaseUnavailable,
    more_than_memory,
)
from quantum_tasks.fence.pool import ChildDiedError, OutOfTimeError, ProcessPool
from quantum_tasks.orders import Rejected, Reply, Run
from quantum_tasks.queue.outcomes import Outcomes
from quantum_tasks.queue.storage import Storage
from quantum_tasks.queue.store import ClaimedTask, Store
from quantum_tasks.settings import Settings, available_cores
from quantum_tasks.tasks import Task

logger = logging.getLogger(__name__)

_DATABASE_RETRY_S = 0.5
_HELD_BACK_S = 0.5
_AHEAD_MS = 50.0  # of work for each child that may be taken before it is free
_MOST_AHEAD = 256  # tasks
_GATHER_S = 0.05
_LOOK_S = 0.4  # for tasks that shall be stopped


class Worker:
    """Keeps this instance's children busy with queued tasks.

    It looks for tasks when it is woken (by a hint, or because a child has become free) and takes
    as many as there are free children. One child is kept for tasks that are not large, and the
    cores are shared out among those that are. Of tasks that take but a moment it takes more, so
    that the children need not wait for the database. `ended` are told of every task that ends.
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
        self._running: dict[asyncio.Task[None], ClaimedTask] = {}
        # Of those that are not storing their outcomes yet:
        self._simulating = 0
        self._large = 0
        self._undecided = 0  # large ones that have no cores yet
        self._moments_ms = 0.0
        self._moments = 0
        self._cores = max(available_cores(), pool.size - 1)
        self._most_cores = settings.simulator_threads or available_cores()
        self._moments_are_queued = False
        self._more = False  # may be queued, as far as we know
        self._wanted = asyncio.Event()
        self._stopping = False
        self._stopped: set[uuid.UUID] = set()  # tasks that were cancelled while they ran

    def wake(self) -> None:
        """There may be work."""
        self._more = True
        self._wanted.set()

    @property
    def held(self) -> list[uuid.UUID]:
        """The tasks that this instance is working on."""
        return [task.id for task in self._running.values()]

    async def stop_cancelled(self) -> None:
        """For ever looks for tasks of this instance that were cancelled, and stops them.

        What takes only moments is stopped when it is seen again: to kill a child costs more.
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
            for run, task in list(self._running.items()):
                due = task.id in cancelled and (task.work_ms is None or task.id in before)
                if due and task.id not in self._stopped:
                    self._stopped.add(task.id)
                    run.cancel()
            before = cancelled

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
        while self._more:
            free = max(0, self._pool.size - self._simulating)
            cores = self._cores - self._undecided
            large = max(0, min(free, self._pool.size - 1 - self._large, cores))
            # What a child that is at longer work would have ahead of it comes too late.
            feedable = self._pool.size - (self._simulating - self._moments)
            room_ms = _AHEAD_MS * feedable
            # One claim for many: not before half of what was taken ahead is done.
            ahead = _MOST_AHEAD if self._moments_are_queued else 0
            if not free and not (ahead and self._moments_ms < room_ms / 2):
                return
            self._more = False
            room_ms -= self._moments_ms
            claimed, held_back = await self._store.claim(
                self._instance, free, large, ahead, room_ms
            )
            ordinary = [task for task in claimed if not task.large]
            taken_ms = sum(task.work_ms or 0.0 for task in ordinary)
            full = len(claimed) >= max(free, ahead) or (ahead > 0 and taken_ms > room_ms / 2)
            self._moments_are_queued = full and all(task.work_ms is not None for task in ordinary)
            # With no child free it may be that the first of those queued takes more than moments.
            self._more |= not free or len(claimed) >= free
            self._start(claimed)
            if held_back:
                asyncio.get_running_loop().call_later(_HELD_BACK_S, self.wake)

    def _start(self, claimed: list[ClaimedTask]) -> None:
        """Begins to work on tasks."""
        for task in claimed:
            self._simulating += 1
            self._large += task.large
            if task.work_ms is not None:
                self._moments += 1
                self._moments_ms += task.work_ms
            run = asyncio.create_task(self._work(task))
            self._running[run] = task
            run.add_done_callback(self._worked)

    async def _take_cores(self, task: ClaimedTask) -> int:
        """How many cores a task shall use, which it then has to give back.

        Large tasks share those that are free. The first waits a moment for others to share with:
        side by side they use the cores better than one after the other.
        """
        if not task.large:
            return 1
        self._undecided += 1
        try:
            await asyncio.sleep(_GATHER_S if self._large == self._undecided else 0)
            cores = self._cores // self._undecided if task.parallel else 1
        finally:
            self._undecided -= 1
        cores = min(max(1, cores), self._most_cores)
        self._cores -= cores
        return cores

    def _simulated(self, task: ClaimedTask, cores: int) -> None:
        self._simulating -= 1
        if task.large:
            self._large -= 1
            self._cores += cores
        if task.work_ms is not None:
            self._moments -= 1
            self._moments_ms -= task.work_ms
        self._more |= task.large  # others that are large may have had to wait for it
        self._wanted.set()

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
        self._stopping = True  # what is cancelled from here on is given back, by release()
        for run in list(self._running):
            run.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        for id in await self._store.release(self._instance):
            logger.info("task given back", extra={"task": id})

    def _worked(self, run: asyncio.Task[None]) -> None:
        del self._running[run]
        if not run.cancelled() and (error := run.exception()):
            logger.error("working on a task failed", exc_info=error)

    async def _work(self, task: ClaimedTask) -> None:
        try:
            await self._attempt(task)
        except asyncio.CancelledError:
            if task.id not in self._stopped or self._stopping:
                raise
            asyncio.current_task().uncancel()  # type: ignore[union-attr]
            await self.outcomes.cancelled(task)
        finally:
            self._stopped.discard(task.id)

    async def _attempt(self, task: ClaimedTask) -> None:
        cores = 0
        try:
            cores = await self._take_cores(task)
            began = time.monotonic()
            self.outcomes.log("task started", task)
            reply = await self._simulate(task, cores)
        except ChildDiedError as death:
            await self.outcomes.crashed(task, death)
            return
        finally:
            self._simulated(task, cores)
        await self.outcomes.of(task, reply, (time.monotonic() - began) * 1000)

    async def _simulate(self, task: ClaimedTask, cores: int) -> Reply:
        """Runs the task in a child. Raises ChildDiedError if that may go better next time."""
        settings = self._settings
        soft_s, limit_s = settings.task_soft_time_limit_s, settings.task_time_limit_s
        whose = "TASK_TIME_LIMIT_S"
        if task.options is not None and (own_s := task.options.timeout_s or limit_s) < limit_s:
            soft_s, limit_s, whose = limit_s, own_s, "timeout_s"  # killed, and said so once
        try:
            return await self._pool.run(
                Run(
                    task.qc,
                    task.shots,
                    task.seed,
                    soft_s,
                    task.compiled,
                    cores,
                    task.options,
                ),
                limit_s,
                work_ms=task.work_ms,
            )
        except OutOfTimeError:
            return Rejected(
                TIME_LIMIT_EXCEEDED,
                f"The task was killed after {limit_s:g} s ({whose}).",
            )
        except ChildDiedError as death:
            if not death.out_of_memory:
                raise
            return Rejected(
                MEMORY_EXCEEDED,
                more_than_memory(settings.memory_per_simulator_mb(), "SIMULATOR_MEMORY_MB"),
            )

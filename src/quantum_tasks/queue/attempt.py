"""The life of one attempt: a child runs a task, and what came of it is stored."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable

from quantum_tasks.errors import MEMORY_EXCEEDED, TIME_LIMIT_EXCEEDED, more_than_memory
from quantum_tasks.fence.pool import ChildDiedError, OutOfTimeError, ProcessPool
from quantum_tasks.orders import Rejected, Reply, Run
from quantum_tasks.queue.outcomes import Outcomes
from quantum_tasks.queue.scheduler import Scheduler
from quantum_tasks.queue.store import ClaimedTask
from quantum_tasks.settings import Settings
from quantum_tasks.tasks import Options

_SEED_BITS = 53  # as many as a JavaScript client reads exactly


class Attempt:
    """One execution of a task that was claimed; it begins at once.

    `run` ends when the outcome is stored, and is cancelled if the task was given back. `freed` is
    called once the child is done with it, which is before the outcome is stored.
    """

    def __init__(
        self,
        task: ClaimedTask,
        scheduler: Scheduler,
        pool: ProcessPool,
        settings: Settings,
        outcomes: Outcomes,
        freed: Callable[[], None],
    ) -> None:
        self.task = task
        self._scheduler = scheduler
        self._pool = pool
        self._settings = settings
        self._outcomes = outcomes
        self._freed = freed
        self.stopped = False  # because its task was cancelled
        self._begun = False
        self._given_back = False
        self.run = asyncio.create_task(self._run())

    def stop(self) -> None:
        """Stops it, because its task was cancelled, which is then stored. One that has not begun
        goes on, to be stopped later: its scheduler would never hear that it has ended."""
        if self._begun:
            self.stopped = True
            self.run.cancel()

    def give_back(self) -> None:
        """Stops it and stores nothing: its task goes back to the queue, even one that was
        cancelled, because to store that may take as long as the database is away."""
        self._given_back = True
        self.run.cancel()

    async def _run(self) -> None:
        self._begun = True
        try:
            await self._execute()
        except asyncio.CancelledError:
            if not self.stopped or self._given_back:
                raise
            self.run.uncancel()
            await self._outcomes.cancelled(self.task)

    async def _execute(self) -> None:
        task, cores = self.task, 0
        try:
            cores = await self._take_cores()
            began = time.monotonic()
            self._outcomes.log("task started", task)
            seed = self._seed()
            reply = await self._simulate(cores, seed)
        except ChildDiedError as death:
            await self._outcomes.crashed(task, death)
            return
        finally:
            self._scheduler.ended(task, cores)
            self._freed()
        await self._outcomes.of(task, reply, (time.monotonic() - began) * 1000, seed)

    async def _take_cores(self) -> int:
        if not self.task.large:
            return 1
        await asyncio.sleep(self._scheduler.gather())
        return self._scheduler.take_cores(self.task.parallel)

    def _seed(self) -> int | None:
        """The seed of this attempt: the given one, or one that is drawn, so that the record can
        say how to get the same counts again. None if nothing is drawn at random."""
        if self.task.seed is not None or not self.task.shots:
            return self.task.seed
        return secrets.randbits(_SEED_BITS)

    async def _simulate(self, cores: int, seed: int | None) -> Reply:
        """Runs the task in a child. Raises ChildDiedError if that may go better next time."""
        task, settings = self.task, self._settings
        options = task.options or Options()
        soft, (limit_s, whose) = settings.time_limits(options.timeout_s, options.items is not None)
        try:
            return await self._pool.run(
                Run(
                    *(task.qc, task.shots, seed, soft[0], task.compiled, cores, task.options),
                    soft_limit=soft[1],
                    hard_time_limit_s=limit_s,
                    hard_limit=whose,
                ),
                limit_s,
                work_ms=task.work_ms,
            )
        except OutOfTimeError:
            return Rejected(
                TIME_LIMIT_EXCEEDED, f"The task was killed after {limit_s:g} s ({whose})."
            )
        except ChildDiedError as death:
            if not death.out_of_memory:
                raise
            return Rejected(
                MEMORY_EXCEEDED,
                more_than_memory(settings.memory_per_simulator_mb(), "SIMULATOR_MEMORY_MB"),
            )

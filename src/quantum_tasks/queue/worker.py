"""Claim, run, finish."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from quantum_tasks.errors import (
    MEMORY_EXCEEDED,
    RESULT_REFUSED,
    STORAGE_FULL,
    TASK_LOST,
    TIME_LIMIT_EXCEEDED,
    WORKER_CRASHED,
    DatabaseUnavailable,
    more_than_memory,
)
from quantum_tasks.fence.pool import ChildDiedError, OutOfTimeError, ProcessPool
from quantum_tasks.settings import Settings, available_cores
from quantum_tasks.queue.storage import LARGE, Storage
from quantum_tasks.queue.store import LOST, Store
from quantum_tasks.tasks import ClaimedTask, Completed, Rejected, Reply, Run, Status, Task

logger = logging.getLogger(__name__)

T = TypeVar("T")

_DATABASE_RETRY_S = 0.5
_HELD_BACK_S = 0.5
_AHEAD_MS = 50.0  # of work for each child that may be taken before it is free
_MOST_AHEAD = 256  # tasks
_GATHER_S = 0.05
_LOOK_S = 0.4  # for tasks that shall be stopped
_MINUTE_S = 60.0


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
        self._storage = storage
        self._pool = pool
        self._settings = settings
        self._instance = instance
        self._ended = ended
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
        self._ends: deque[float] = deque()  # when tasks ended, within the last minute
        self.refused = 0  # outcomes that came from attempts which no longer owned their tasks

    def wake(self) -> None:
        """There may be work."""
        self._more = True
        self._wanted.set()

    @property
    def held(self) -> list[uuid.UUID]:
        """The tasks that this instance is working on."""
        return [task.id for task in self._running.values()]

    @property
    def ended_last_minute(self) -> int:
        """How many tasks this instance brought to an end within the last minute."""
        since = time.monotonic() - _MINUTE_S
        while self._ends and self._ends[0] < since:
            self._ends.popleft()
        return len(self._ends)

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
            await self._cancelled(task)
        finally:
            self._stopped.discard(task.id)

    async def _attempt(self, task: ClaimedTask) -> None:
        cores = 0
        try:
            cores = await self._take_cores(task)
            began = time.monotonic()
            self._log("task started", task)
            reply = await self._simulate(task, cores)
        except ChildDiedError as death:
            await self._crashed(task, death)
            return
        finally:
            self._simulated(task, cores)
        ms = (time.monotonic() - began) * 1000
        match reply:
            case Completed():
                await self._complete(task, reply)
            case Rejected(log=log):
                if log:
                    logger.error("a program met a defect", extra={"task": task.id, "log": log})
                await self._fail(task, reply, ms)
            case _:
                raise TypeError(f"a simulator answered {reply!r}")

    async def _complete(self, task: ClaimedTask, done: Completed) -> None:
        size = len(done.counts) + len(done.details or "")
        if size > LARGE and await self._until_stored(self._storage.is_full):
            refusal = Rejected(
                STORAGE_FULL,
                f"The result has {size} bytes; at most {LARGE} are stored while "
                f"{self._storage.most} bytes are (MAX_STORED_BYTES).",
            )
            await self._fail(task, refusal, done.simulate_ms)
            return
        try:
            stored = await self._until_stored(
                lambda: self._store.complete(
                    task, self._instance, done.counts, done.details, done.simulate_ms
                )
            )
        except Exception as error:
            # Nothing that passes: a further try, or a further run, would meet the same.
            logger.error("a result cannot be stored", exc_info=error, extra={"task": task.id})
            refusal = Rejected(RESULT_REFUSED, "The database refuses the result.")
            await self._fail(task, refusal, done.simulate_ms)
            return
        if stored:
            self._finished(task, Status.COMPLETED, counts=done.counts)
            self._log("task completed", task, ms=round(done.simulate_ms))
        else:
            await self._cancelled(task)

    async def _fail(self, task: ClaimedTask, why: Rejected, ms: float) -> None:
        code, message = why.code, why.message
        place = (why.errors[0].line, why.errors[0].column) if why.errors else (None, None)
        if await self._until_stored(
            lambda: self._store.fail(task, self._instance, code, message, place, ms)
        ):
            self._finished(task, Status.FAILED, code, message)
            self._log("task failed", task, ms=round(ms), code=code)
        else:
            await self._cancelled(task)

    async def _cancelled(self, task: ClaimedTask) -> None:
        """Ends a task that was cancelled while it ran, and was stopped or has just ended; or finds
        that it is not ours to end."""
        if await self._until_stored(lambda: self._store.cancelled(task, self._instance)):
            self._finished(task, Status.CANCELLED)
            self._log("task cancelled", task)
        else:
            self._refused(task)

    def _finished(
        self,
        task: ClaimedTask,
        status: Status,
        code: str | None = None,
        message: str | None = None,
        counts: str | None = None,
    ) -> None:
        self._ends.append(time.monotonic())
        shown = Task(status=status, error_code=code, error_message=message, counts=counts)
        for tell in self._ended:
            tell(task.id, shown)

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

    async def _crashed(self, task: ClaimedTask, death: ChildDiedError) -> None:
        retries = self._settings.worker_max_retries
        delay_s = 0.0 if death.with_all else self._settings.worker_retry_delay_s
        times = retries + 1
        message = (
            f"The simulator process died {times} time{'s' if times > 1 else ''} while running "
            f"this task (last: {death.how}). It will not be tried again."
        )

        def charge() -> Awaitable[Status | None]:
            if death.with_all:
                return self._store.lose(task, self._instance)
            return self._store.retry(
                task, self._instance, retries, delay_s, WORKER_CRASHED, message
            )

        status = await self._until_stored(charge)
        if status is None:
            self._refused(task)
            return
        if status.is_final:
            code, message = (TASK_LOST, LOST) if death.with_all else (WORKER_CRASHED, message)
            self._finished(task, status, code, message)
        logger.warning(
            "task lost its process",
            extra={
                "task": task.id,
                "attempt": task.attempt,
                "how": death.how,
                "status": status,
                "last_words": death.last_words[-500:],
            },
        )
        if status == Status.QUEUED:
            # procrastinate looks for jobs whose time has come only now and then.
            asyncio.get_running_loop().call_later(delay_s + 0.05, self.wake)

    async def _until_stored(self, write: Callable[[], Awaitable[T]]) -> T:
        """Keeps an outcome in memory while the database is away."""
        kept = False
        while True:
            try:
                return await write()
            except DatabaseUnavailable as error:
                if not kept:
                    reason = repr(error.__cause__)
                    logger.warning("outcome kept in memory for now", extra={"reason": reason})
                kept = True
                await asyncio.sleep(_DATABASE_RETRY_S)

    def _refused(self, task: ClaimedTask) -> None:
        """Another attempt owns the task: this instance was taken for dead, or is too late."""
        self.refused += 1
        logger.warning(
            "outcome refused",
            extra={"task": task.id, "attempt": task.attempt, "refused": self.refused},
        )

    def _log(self, event: str, task: ClaimedTask, **extra: object) -> None:
        logger.info(event, extra={"task": task.id, "attempt": task.attempt, **extra})

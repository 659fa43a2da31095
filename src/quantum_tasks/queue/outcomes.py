"""How attempts end: the outcome of a task is stored if its attempt still owns the task."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from quantum_tasks.errors import (
    RESULT_REFUSED,
    STORAGE_FULL,
    TASK_LOST,
    WORKER_CRASHED,
    DatabaseUnavailable,
)
from quantum_tasks.fence.pool import ChildDiedError
from quantum_tasks.orders import Completed, Rejected, Reply
from quantum_tasks.queue.storage import LARGE, Storage
from quantum_tasks.queue.store import LOST, ClaimedTask, Store
from quantum_tasks.settings import Settings
from quantum_tasks.tasks import Status, Task

logger = logging.getLogger(__name__)

T = TypeVar("T")

_RETRY_S = 0.5
_MINUTE_S = 60.0


class Outcomes:
    """Stores the outcomes of this instance's attempts; while the database is away, they are kept
    in memory. The functions in `ended` are called for every task that ends, `wake` is called when
    a task is queued again."""

    def __init__(
        self,
        store: Store,
        storage: Storage,
        settings: Settings,
        instance: uuid.UUID,
        ended: Sequence[Callable[[uuid.UUID, Task], object]],
        wake: Callable[[], None],
    ) -> None:
        self._store = store
        self._storage = storage
        self._settings = settings
        self._instance = instance
        self._ended = ended
        self._wake = wake
        self._ends: deque[float] = deque()  # when tasks ended, within the last minute
        self.refused = 0  # outcomes that came from attempts which no longer owned their tasks

    @property
    def ended_last_minute(self) -> int:
        """How many tasks this instance brought to an end within the last minute."""
        since = time.monotonic() - _MINUTE_S
        while self._ends and self._ends[0] < since:
            self._ends.popleft()
        return len(self._ends)

    async def of(self, task: ClaimedTask, reply: Reply, ms: float, seed: int | None) -> None:
        """Stores the reply of a child, which took this number of milliseconds and drew its counts
        from this seed, if it drew any."""
        match reply:
            case Completed():
                await self._complete(task, reply, seed)
            case Rejected(log=log):
                if log:
                    logger.error("a program met a defect", extra={"task": task.id, "log": log})
                await self._fail(task, reply, ms)
            case _:
                raise TypeError(f"a simulator answered {reply!r}")

    async def _complete(self, task: ClaimedTask, done: Completed, seed: int | None) -> None:
        size = len(done.counts) + len(done.details or "")
        if size > LARGE and await self._until_stored(self._storage.is_full):
            refusal = Rejected(
                STORAGE_FULL,
                f"The result has {size} bytes. Now that all tasks together have reached "
                f"{self._storage.most} bytes (MAX_STORED_BYTES), only results of up to {LARGE} "
                "bytes are stored.",
            )
            await self._fail(task, refusal, done.simulate_ms)
            return
        try:
            stored = await self._until_stored(
                lambda: self._store.complete(
                    task,
                    self._instance,
                    done.counts,
                    done.details,
                    done.simulate_ms,
                    done.engine or None,
                    seed,
                )
            )
        except Exception as error:
            # This error does not pass: another try, or another run, would get it again.
            logger.error("a result cannot be stored", exc_info=error, extra={"task": task.id})
            refusal = Rejected(RESULT_REFUSED, "The database refuses the result.")
            await self._fail(task, refusal, done.simulate_ms)
            return
        if stored:
            self._finished(task, Status.COMPLETED, counts=done.counts)
            self.log("task completed", task, ms=round(done.simulate_ms))
        else:
            await self.cancelled(task)

    async def _fail(self, task: ClaimedTask, why: Rejected, ms: float) -> None:
        code, message = why.code, why.message
        place = (why.errors[0].line, why.errors[0].column) if why.errors else (None, None)
        if await self._until_stored(
            lambda: self._store.fail(task, self._instance, code, message, place, ms)
        ):
            self._finished(task, Status.FAILED, code, message)
            self.log("task failed", task, ms=round(ms), code=code)
        else:
            await self.cancelled(task)

    async def cancelled(self, task: ClaimedTask) -> None:
        """Ends a task that was cancelled while it ran, and that was stopped or has just ended.
        Does nothing if this attempt no longer owns the task."""
        if await self._until_stored(lambda: self._store.cancelled(task, self._instance)):
            self._finished(task, Status.CANCELLED)
            self.log("task cancelled", task)
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

    async def crashed(self, task: ClaimedTask, death: ChildDiedError) -> None:
        """Counts the death of its process against a task: the task is queued again, or fails."""
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
            # procrastinate looks for delayed jobs only every few seconds, so this wakes the worker
            # itself.
            asyncio.get_running_loop().call_later(delay_s + 0.05, self._wake)

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
                await asyncio.sleep(_RETRY_S)

    def _refused(self, task: ClaimedTask) -> None:
        """Counts a refused outcome: another attempt owns the task, because this instance was taken
        for dead or is too late."""
        self.refused += 1
        logger.warning(
            "outcome refused",
            extra={"task": task.id, "attempt": task.attempt, "refused": self.refused},
        )

    def log(self, event: str, task: ClaimedTask, **extra: object) -> None:
        """Says what happened to a task, in its attempt."""
        logger.info(event, extra={"task": task.id, "attempt": task.attempt, **extra})

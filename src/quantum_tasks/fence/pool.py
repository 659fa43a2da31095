"""The fence around the simulator: child processes that can be killed, and what then happens to
their orders.

This side of the fence imports no simulator. A child holds one end of a socket, takes one order at
a time and answers it. Whatever happens to a child affects only that order. Orders that take only a
moment are sent ahead, so that the child does not wait for the service between them. If the child
dies, orders that it had not begun go to another child.

Why not a ready-made pool: in concurrent.futures, every order in progress fails when one child
dies. Pools whose children share one pipe can no longer use it when a child is killed while it
holds the pipe's lock.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import multiprocessing
import os
import signal
from collections import deque
from multiprocessing import forkserver
from typing import Any

import msgspec

from quantum_tasks.environment import scrub_children
from quantum_tasks.errors import MEMORY_EXCEEDED, TIME_LIMIT_EXCEEDED
from quantum_tasks.fence.child import Child, ChildDiedError, Job, OutOfTimeError
from quantum_tasks.orders import Limits, Order, Rejected, Reply, Unfinished

__all__ = ["BusyError", "ChildDiedError", "OutOfTimeError", "ProcessPool", "stop_fork_server"]

logger = logging.getLogger(__name__)

PRELOAD = "quantum_tasks.fence.inside.preload"
# After these replies a child must not get another order: the interrupted run may go on in a thread
# of Aer, or may have left a lock taken.
_SPENT = (TIME_LIMIT_EXCEEDED, MEMORY_EXCEEDED)
_AHEAD_MS = 50.0  # of work that may be sent to a child in advance
_MAX_AHEAD = 256
_RESPAWN_DELAY_S = (0.0, 0.2, 1.0, 5.0)

# A forked child does not have the threads of its parent. Idle OpenMP threads that spin take the
# cores from working threads. So each child has one thread, unless a run asks for more, and no
# thread spins.
_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "passive",
    "OPENBLAS_NUM_THREADS": "1",
    "RAYON_NUM_THREADS": "1",
    "QISKIT_PARALLEL": "FALSE",
}


class BusyError(Exception):
    """No child was free in time."""


class ProcessPool:
    """A fixed number of children, each replaced when it dies."""

    def __init__(self, name: str, size: int, limits: Limits) -> None:
        self.name = name
        self.size = size
        self._limits = limits
        self._waiting: deque[Job] = deque()
        self._children: set[Child] = set()
        self._keepers: list[asyncio.Task[None]] = []
        self._endings: set[asyncio.Task[None]] = set()
        self._warm = asyncio.Event()
        self._stopping = False
        self._encoder = msgspec.msgpack.Encoder()

    @property
    def alive(self) -> int:
        """How many children are running and ready."""
        return len(self._children)

    @property
    def busy(self) -> int:
        """How many children have an order."""
        return sum(bool(child.jobs) for child in self._children)

    async def start(self) -> None:
        """Begins to start the children and returns at once; see ready(). The first order also
        starts them."""
        scrub_children(_ENVIRONMENT)
        multiprocessing.set_forkserver_preload([PRELOAD])
        self._keepers = [asyncio.create_task(self._keep_one()) for _ in range(self.size)]

    async def ready(self) -> None:
        """Returns once the first child is ready."""
        await self._warm.wait()

    async def run(
        self,
        order: Order,
        time_limit_s: float,
        patience_s: float | None = None,
        work_ms: float | None = None,
    ) -> Reply:
        """Gives an order to a child, first come first served, and returns its reply.

        The time limit begins when the child takes the order. It does not run while this process is
        stopped or blocked. `work_ms` says how long the order will take, if that is certain. Raises
        BusyError if no child has taken it within `patience_s` (default: waits without limit),
        OutOfTimeError, or ChildDiedError. Cancelling this call kills the child that works on the
        order.
        """
        if not self._keepers:
            await self.start()
        loop = asyncio.get_running_loop()
        job = Job(
            type(order), self._encoder.encode(order), time_limit_s, work_ms, loop.create_future()
        )
        self._waiting.append(job)
        self._hand_out()
        timer = None
        if patience_s is not None:
            timer = loop.call_later(patience_s, self._give_up, job)
        try:
            return await job.future
        except asyncio.CancelledError:
            self._withdraw(job)
            raise
        finally:
            if timer is not None:
                timer.cancel()

    async def stop(self) -> None:
        """Kills every child, whatever it is doing."""
        self._stopping = True
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        await asyncio.gather(*self._endings, return_exceptions=True)
        while self._waiting:
            _refuse(self._waiting.popleft(), BusyError())

    def _hand_out(self) -> None:
        while self._waiting:
            job = self._waiting[0]
            if job.future.done():
                self._waiting.popleft()
                continue
            child = self._free_child(job)
            if child is None:
                return
            self._waiting.popleft()
            child.give(job)

    def _free_child(self, job: Job) -> Child | None:
        """The child with the least work waiting, if that is little enough."""
        best: Child | None = None
        for child in self._children:
            if child.dead.is_set() or child.unknown:
                continue
            if best is None or child.work_ms < best.work_ms:
                best = child
        if best is None or not best.jobs:
            return best
        if job.work_ms is None or len(best.jobs) >= _MAX_AHEAD:
            return None
        return best if best.work_ms + job.work_ms <= _AHEAD_MS else None

    def _give_up(self, job: Job) -> None:
        """Raises BusyError for an order that no child has begun, even if it was already sent ahead
        to one."""
        if not any(child.jobs and child.jobs[0] is job for child in self._children):
            _refuse(job, BusyError())

    def _withdraw(self, job: Job) -> None:
        for child in self._children:
            if child.jobs and child.jobs[0] is job:
                child.kill()

    def _replied(self, child: Child, job: Job, reply: Reply) -> None:
        if _spent(reply):
            child.kill()
        if not job.future.done():
            job.future.set_result(reply)
        self._hand_out()

    async def _keep_one(self) -> None:
        """Keeps one place filled with a living child."""
        failures = 0
        while not self._stopping:
            await asyncio.sleep(_RESPAWN_DELAY_S[min(failures, len(_RESPAWN_DELAY_S) - 1)])
            child = Child(self.name, self._limits, self._replied)
            try:
                await child.start()
                failures = 0
                self._children.add(child)
                self._warm.set()
                self._hand_out()
                await child.dead.wait()
                await self._bury(child)
            except (OSError, EOFError) as error:
                failures += 1
                death = await child.obituary()
                logger.error(
                    "child did not start",
                    extra={
                        "pool": self.name,
                        "how": death.how,
                        "reason": str(error),
                        "stderr": death.last_words[-2000:],
                    },
                )
            finally:
                self._children.discard(child)
                self._put_back(child)
                ending = asyncio.create_task(child.end())
                self._endings.add(ending)
                ending.add_done_callback(self._endings.discard)
                await asyncio.shield(ending)  # stop() cancels this, not the end of a child

    async def _bury(self, child: Child) -> None:
        """Ends the order that a dead child was working on with an error, and gives its other
        orders to other children."""
        killed = child.killed
        if not killed:
            await child.heard_out()
        death = await child.obituary()
        self._children.discard(child)
        at_fault = not killed or bool(child.offence)
        if at_fault:
            logger.warning(
                "child died", extra={"pool": self.name, "pid": child.pid, "how": death.how}
            )
        if child.asked and (child.out_of_time or at_fault):
            _refuse(child.jobs.popleft(), OutOfTimeError() if child.out_of_time else death)
        self._put_back(child)
        self._hand_out()

    def _put_back(self, child: Child) -> None:
        """Gives the waiting orders of a child to other children. They are not sent ahead again:
        they waited behind an order that took longer than expected, and this could happen again and
        again."""
        for job in child.jobs:
            job.work_ms = None
        self._waiting.extendleft(reversed(child.jobs))
        child.jobs.clear()


def _spent(reply: Reply) -> bool:
    """Whether the child that gave this reply must not get another order."""
    if isinstance(reply, Unfinished):
        return reply.spent
    return isinstance(reply, Rejected) and reply.code in _SPENT


def _refuse(job: Job, reason: Exception) -> None:
    if not job.future.done():
        job.future.set_exception(reason)


def stop_fork_server() -> None:
    """Ends the fork server, from which children are forked. Call it when every pool has stopped.

    It would also end by itself, after the service. But then for a moment the service would be gone
    and one of its processes would still be there.
    """
    server: Any = forkserver._forkserver
    if (pid := server._forkserver_pid) is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        server._stop()

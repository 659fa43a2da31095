"""Drawings of programs, by a child process that is not started before somebody wants one."""

from __future__ import annotations

import logging

from quantum_tasks.errors import (
    MEMORY_EXCEEDED,
    PROBLEMS,
    ServiceBusy,
    TooLargeToDraw,
)
from quantum_tasks.pool import BusyError, ChildDiedError, OutOfTimeError, ProcessPool
from quantum_tasks.tasks import Draw, Drawn, Limits, Rejected

logger = logging.getLogger(__name__)

MEMORY_MB = 400
_TIME_LIMIT_S = 10.0
_BUSY_AFTER_S = 10.0
_RETRY_AFTER_S = 5


class Drawer:
    """One child that draws, one drawing after the other."""

    def __init__(self, limits: Limits) -> None:
        self._pool = ProcessPool("drawer", 1, limits)
        self._started = False

    @property
    def started(self) -> bool:
        """Whether anybody has wanted a drawing yet."""
        return self._started

    async def draw(self, order: Draw) -> Drawn:
        """The drawing. Raises the Problem that says why there is none."""
        if not self._started:
            self._started = True
            await self._pool.start()
        try:
            reply = await self._pool.run(order, _TIME_LIMIT_S, _BUSY_AFTER_S)
        except BusyError:
            raise ServiceBusy(
                "The service is busy with other drawings; please try again.",
                retry_after_s=_RETRY_AFTER_S,
            ) from None
        except OutOfTimeError:
            raise TooLargeToDraw(
                f"The circuit was not drawn within {_TIME_LIMIT_S:g} s."
            ) from None
        except ChildDiedError as death:
            if death.out_of_memory:
                raise _too_much_memory() from None
            raise ServiceBusy(
                f"The process that was drawing died ({death.how}); please try again.",
                retry_after_s=_RETRY_AFTER_S,
            ) from None
        if isinstance(reply, Rejected):
            raise _problem(reply)
        assert isinstance(reply, Drawn)
        return reply

    async def stop(self) -> None:
        """Ends the child, whatever it is doing."""
        await self._pool.stop()


def _problem(reply: Rejected) -> Exception:
    if reply.log:
        logger.error("a drawing met a defect", extra={"log": reply.log})
    if reply.code == MEMORY_EXCEEDED:
        return _too_much_memory()
    if reply.code == TooLargeToDraw.code:
        return TooLargeToDraw(reply.message)
    return PROBLEMS[reply.code](reply.message, errors=reply.errors)


def _too_much_memory() -> TooLargeToDraw:
    return TooLargeToDraw(f"The drawing would take more than {MEMORY_MB} MiB of memory.")

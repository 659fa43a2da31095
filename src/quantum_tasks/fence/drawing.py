"""Drawings of programs, by child processes that are not started before somebody wants one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Literal

from quantum_tasks.errors import (
    MEMORY_EXCEEDED,
    PROBLEMS,
    Problem,
    ServiceBusy,
    TooLargeToDraw,
)
from quantum_tasks.fence.kept import Kept
from quantum_tasks.fence.pool import BusyError, ChildDiedError, OutOfTimeError, ProcessPool
from quantum_tasks.orders import Draw, Drawn, Limits, Rejected, Unfinished
from quantum_tasks.tasks import Parameters
from quantum_tasks.turns.lane import Lane, NoRoom

logger = logging.getLogger(__name__)

MEMORY_MB = 400
_TIME_LIMIT_S = 10.0
_PATIENCE_S = 10.0  # with those whose turn is first
_BUSY_AFTER_S = 30.0  # without a child: on a busy machine it takes long to start
_RETRY_AFTER_S = 5
_MOST_WAITING = 100  # by one address
_MOST_KEPT_BYTES = 32 * 2**20
_MOST_REMEMBERED_BYTES = 2**20  # of what is not small
_REFUSAL_KEPT_S = 600.0  # what took too long on a busy machine may be drawn on a quiet one
_RUNS = 10  # of a sweep that are tried for one that can be drawn

# A program's text and the parameters of its run, or of each of its runs.
Drawable = tuple[str, Parameters | list[Parameters] | None]


class Drawer:
    """A child that draws what is small, and one for what is not: each makes one drawing after the
    other, in turn for each address that waits. What was drawn last is kept, and so is why
    something cannot be drawn."""

    def __init__(self, limits: Limits) -> None:
        self._small = ProcessPool("drawer", 1, limits)
        self._large = ProcessPool("slow-drawer", 1, limits)
        self._lanes: dict[bool, Lane[bytes | Problem | None]] = {
            small: Lane(1, _MOST_WAITING, _PATIENCE_S) for small in (True, False)
        }
        self._kept: Kept[bytes | Problem] = Kept(_MOST_KEPT_BYTES)
        self._large_ones: Kept[bool] = Kept(_MOST_REMEMBERED_BYTES)

    async def drawing(
        self,
        key: Hashable,
        format: Literal["text", "svg"],
        peer: str,
        program: Callable[[], Awaitable[Drawable]],
    ) -> bytes:
        """A drawing of the program that the key stands for, which is asked for only if it has to
        be drawn. Raises the Problem that says why there is none."""
        whole = (key, format)
        drawn = self._kept.get(whole)
        try:
            if drawn is None and not self._large_ones.get(whole):
                drawn = await self._lanes[True](
                    peer, whole, lambda: self._make(whole, format, program, small=True)
                )
            if drawn is None:
                drawn = await self._lanes[False](
                    peer, whole, lambda: self._make(whole, format, program, small=False)
                )
        except NoRoom:
            raise _busy() from None
        assert drawn is not None
        if isinstance(drawn, Problem):
            raise type(drawn)(drawn.detail, errors=drawn.errors)
        return drawn

    async def _make(
        self,
        whole: Hashable,
        format: Literal["text", "svg"],
        program: Callable[[], Awaitable[Drawable]],
        small: bool,
    ) -> bytes | Problem | None:
        """A drawing, or why there is none; None if it is not small, but was to be."""
        qc, parameters = await program()
        try:
            found = await self._first(qc, parameters, format, small)
        except Problem as problem:
            if problem.status == ServiceBusy.status:
                raise
            self._kept.put(whole, problem, len(problem.detail), _REFUSAL_KEPT_S)
            return problem
        if found is None:
            self._large_ones.put(whole, True, 0)
            return None
        drawn = found.content.encode()
        self._kept.put(whole, drawn, len(drawn))
        return drawn

    async def _first(
        self, qc: str, parameters: Any, format: Literal["text", "svg"], small: bool
    ) -> Drawn | None:
        """The drawing; of a sweep, that of the first run that can be drawn."""
        runs = parameters[:_RUNS] if isinstance(parameters, list) else [parameters]
        for number, run in enumerate(runs, 1):
            try:
                return await self.draw(Draw(qc, run, format, small))
            except Problem as problem:
                useless = isinstance(problem, TooLargeToDraw) or problem.status != 422
                if useless or number == len(runs):
                    raise
        raise AssertionError("a sweep has runs")

    async def draw(self, order: Draw) -> Drawn | None:
        """One drawing, whatever is kept and whoever else waits; None if it is not small, but was
        to be. Raises the Problem that says why there is none."""
        pool = self._small if order.small else self._large
        try:
            reply = await pool.run(order, _TIME_LIMIT_S, _BUSY_AFTER_S)
        except BusyError:
            raise _busy() from None
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
        if isinstance(reply, Unfinished):
            return None
        assert isinstance(reply, Drawn)
        return reply

    async def stop(self) -> None:
        """Ends the children, whatever they are doing."""
        await asyncio.gather(self._small.stop(), self._large.stop())


def _busy() -> ServiceBusy:
    return ServiceBusy(
        "The service is busy with other drawings; please try again.",
        retry_after_s=_RETRY_AFTER_S,
    )


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

"""Drawings of programs, made by child processes that start with the first drawing."""

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
_PATIENCE_S = 10.0  # wait until it is this one's turn
_BUSY_AFTER_S = 30.0  # wait for a child: on a busy machine it starts slowly
_RETRY_AFTER_S = 5
_MOST_WAITING = 100  # requests of one address
_MOST_KEPT_BYTES = 32 * 2**20
_MOST_REMEMBERED_BYTES = 2**20  # of drawings that are not small
_REFUSAL_KEPT_S = 600.0  # later the machine may be less busy
_RUNS = 10  # runs of a sweep that are tried until one can be drawn

# A program's text and the parameters of its run, or of each of its runs.
Drawable = tuple[str, Parameters | list[Parameters] | None]


class Drawer:
    """One child makes small drawings, another one all others. Each makes one drawing after the
    other, and client addresses take turns. The latest drawings are kept, and also the reasons why
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
        """The drawing of the program with this key. The program itself is loaded only if it has to
        be drawn. Raises the Problem that says why it cannot be drawn."""
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
        """A drawing, or the reason why there is none; None if only a small one was wanted and it
        is not small."""
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
        """Makes one drawing, without looking at kept drawings and without waiting for others; None
        if only a small one was wanted and it is not small. Raises the Problem that says why it
        cannot be drawn."""
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

"""Slow work: only a few pieces at once, and no piece twice at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Generic, TypeVar

from quantum_tasks.turns.fairness import Fair, NoRoom

__all__ = ["Lane", "NoRoom"]

T = TypeVar("T")


class _Wanted(Generic[T]):
    """A piece of work, and how many callers want its result."""

    def __init__(self) -> None:
        self.askers = 0
        self.at_work = asyncio.Lock()
        self.made: asyncio.Future[T] = asyncio.get_running_loop().create_future()


class Lane(Generic[T]):
    """Does the work that it is asked for, `slots` pieces at once; the peers that wait take turns.
    If several ask for the same piece at the same time, it is made once, when the first of them has
    its turn. So nobody waits in a line that another peer has made long."""

    def __init__(self, slots: int, most_waiting: int, patience_s: float) -> None:
        self._places = Fair(slots, most_waiting)
        self._patience_s = patience_s
        self._wanted: dict[Hashable, _Wanted[T]] = {}

    async def __call__(self, peer: str, key: Hashable, work: Callable[[], Awaitable[T]]) -> T:
        """Returns or raises what the work does. Raises NoRoom if too many wait for the same peer,
        or if the turn does not come in time."""
        wanted = self._wanted.get(key)
        if wanted is None:
            wanted = self._wanted[key] = _Wanted()
        wanted.askers += 1
        turn = asyncio.create_task(self._take_turn(peer, wanted, work))
        try:
            either: set[asyncio.Future[Any]] = {turn, wanted.made}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if not wanted.made.done():
                turn.result()  # raises
            return wanted.made.result()
        finally:
            if not turn.done():
                turn.cancel()
            elif not turn.cancelled():
                turn.exception()  # another caller's result came at the same moment
            wanted.askers -= 1
            done = not wanted.askers or wanted.made.done()
            if done and self._wanted.get(key) is wanted:
                del self._wanted[key]

    async def _take_turn(
        self, peer: str, wanted: _Wanted[T], work: Callable[[], Awaitable[T]]
    ) -> None:
        # The work does not count as waiting: a caller whose turn has come may wait for the work
        # without limit.
        async with self._places.place(peer, self._patience_s), wanted.at_work:
            if wanted.made.done():
                return
            try:
                made = await work()
            except Exception as error:
                wanted.made.set_exception(error)
                wanted.made.exception()  # all callers may have gone
            else:
                wanted.made.set_result(made)

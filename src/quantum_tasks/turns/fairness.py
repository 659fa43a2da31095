"""Turns for those who wait. A client that asks a thousand times delays only itself. If a thousand
wait for one event, they are not all woken at once."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from itertools import islice
from typing import TypeVar

_Line = OrderedDict[asyncio.Future[None], None]  # waiters, in order; removal is O(1) at any place


TOLD_AT_ONCE = 50
_TURNS_BETWEEN = 4  # turns of the loop, in which those who were woken do their work

T = TypeVar("T")


class NoRoom(Exception):
    """Too many wait already under this key, or the wait took too long."""


class Fair:
    """Gives out `slots` places. The keys that wait, for example client addresses, take turns.

    Keys that hold no place come before keys that hold one; within each of these two groups, keys
    take turns. Under one key, the order is first come, first served. Every step takes the same
    short time, however many wait. The memory grows only with the number of waiters and holders.
    """

    def __init__(self, slots: int, most_waiting: int | None = None) -> None:
        """`most_waiting`: how many may wait under one key."""
        self._free = slots
        self._most_waiting = most_waiting
        self._held: Counter[str] = Counter()
        self._without: OrderedDict[str, _Line] = OrderedDict()  # keys that hold no place
        self._holding: OrderedDict[str, _Line] = OrderedDict()

    @property
    def waiting(self) -> int:
        """How many wait, under all keys together."""
        return sum(len(line) for keys in (self._without, self._holding) for line in keys.values())

    @asynccontextmanager
    async def place(self, key: str, patience_s: float | None = None) -> AsyncIterator[None]:
        """Waits for a place, and holds it within the context. Raises NoRoom at once if too many
        wait under this key, and after `patience_s` of waiting."""
        await self._enter(key, patience_s)
        try:
            yield
        finally:
            self._leave(key)

    async def _enter(self, key: str, patience_s: float | None) -> None:
        if self._free:  # a place is free only if nobody waits
            self._free -= 1
            self._held[key] += 1
            return
        keys = self._keys(key)
        line = keys.get(key)
        if self._most_waiting is not None and len(line or ()) >= self._most_waiting:
            raise NoRoom
        if line is None:
            line = keys[key] = OrderedDict()
        turn = asyncio.get_running_loop().create_future()
        line[turn] = None
        try:
            async with asyncio.timeout(patience_s):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                self._leave(key)  # it had its turn, and somebody ended it in the same moment
            else:
                self._forget(key, turn)
            if isinstance(error, TimeoutError):
                raise NoRoom from None
            raise

    def _leave(self, key: str) -> None:
        self._held[key] -= 1
        if not self._held[key]:
            del self._held[key]
            if line := self._holding.pop(key, None):
                self._without[key] = line
        self._free += 1
        self._hand_out()

    def _hand_out(self) -> None:
        while self._free and (keys := self._without or self._holding):
            key, line = keys.popitem(last=False)
            turn, _ = line.popitem(last=False)
            if turn.done():  # it has given up but is still in the line
                if line:
                    keys[key] = line
                    keys.move_to_end(key, last=False)
                continue
            self._free -= 1
            self._held[key] += 1
            if line:
                self._holding[key] = line
            turn.set_result(None)

    def _forget(self, key: str, turn: asyncio.Future[None]) -> None:
        keys = self._keys(key)
        if (line := keys.get(key)) is not None and turn in line:
            del line[turn]
            if not line:
                del keys[key]

    def _keys(self, key: str) -> OrderedDict[str, _Line]:
        return self._holding if key in self._held else self._without


async def tell(waiting: Iterable[asyncio.Future[T]], news: T) -> None:
    """Wakes all who wait, a few at a time; between these groups other tasks get turns of the event
    loop. The first group is woken before this function waits for anything."""
    rest = iter(waiting)
    while some := list(islice(rest, TOLD_AT_ONCE)):
        for one in some:
            if not one.done():
                one.set_result(news)
        if len(some) < TOLD_AT_ONCE:
            return
        for _ in range(_TURNS_BETWEEN):
            await asyncio.sleep(0)


class Pace:
    """Lets through, one at a time, work that keeps the event loop busy for long. After each, the
    loop is left to others for as long as that work took."""

    def __init__(self) -> None:
        self._turns = Fair(1)
        self._holds: set[asyncio.Task[None]] = set()

    async def turn(self, key: str) -> None:
        """Returns when it is the caller's turn. The turn lasts until the caller next waits for
        something."""
        begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        hold = asyncio.create_task(self._hold(key, begun))
        self._holds.add(hold)
        hold.add_done_callback(self._holds.discard)
        try:
            await begun
        except asyncio.CancelledError:
            hold.cancel()
            raise

    async def _hold(self, key: str, begun: asyncio.Future[None]) -> None:
        async with self._turns.place(key):
            if begun.done():  # it has gone
                return
            begun.set_result(None)
            began = time.monotonic()
            await asyncio.sleep(0)  # the caller runs first: it was woken before this sleep began
            await asyncio.sleep(time.monotonic() - began)

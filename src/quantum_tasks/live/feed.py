"""The feed: the changes of all tasks. They are read once for all followers, and kept for a
while."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import takewhile

from quantum_tasks.archive.archive import Archive, FeedEvent, Place
from quantum_tasks.errors import DatabaseUnavailable
from quantum_tasks.turns.fairness import tell
from quantum_tasks.turns.throttle import Throttle

_LOOK_S = 0.2
_KEPT = 20_000  # events
_PAGE = 1000
_PATIENCE_S = 60.0  # time limit for a follower that waits behind others to catch up


class Feed:
    """The changes of all tasks, in one order, here and in other instances.

    While somebody follows, one statement at a time reads new changes, and `written` turns each
    event into what followers get. A follower that is behind the kept events, after a pause or
    because it is slow, reads the database until it has caught up.
    """

    def __init__(self, archive: Archive, written: Callable[[FeedEvent], bytes]) -> None:
        self._archive = archive
        self._written = written
        self._events: deque[tuple[Place, bytes]] = deque()
        self._begin: Place | None = None  # all events after this place are kept
        self._end: Place | None = None
        self._followers = 0
        self._somebody = asyncio.Event()
        self._waiting: dict[asyncio.Future[None], None] = {}  # followers, in order
        self._reading: dict[Place, asyncio.Task[tuple[Place, bytes]]] = {}
        self._joined: tuple[Place, Place | None, bytes] = (Place(0), None, b"")
        self._far = Throttle(patience_s=_PATIENCE_S, rests=True)
        self.closed = False

    @contextmanager
    def followed(self) -> Iterator[None]:
        """Within this context, new events are read."""
        self._followers += 1
        self._somebody.set()
        try:
            yield
        finally:
            self._followers -= 1

    async def start(self, after: Place | None) -> Place:
        """The place to begin at: one that the client saw before, or the end of the feed."""
        now = await self._archive.now()
        # A place in the future comes from another database.
        return now if after is None else min(after, now)

    async def next(self, after: Place, within_s: float) -> tuple[Place, bytes]:
        """The next events after a place, and the place to continue from. No events if there are
        none in that time, or when the service stops."""
        if self._begin is None or after < self._begin:
            after, events = await self._read(after)
            if not events and self._begin is None:
                await asyncio.sleep(_LOOK_S)  # until the new events are kept
            return after, events
        if not self._kept(after) and not self.closed:
            await self._wait_for_news(within_s)
            if self._begin is None or after < self._begin:
                return after, b""
        new = self._kept(after)
        assert self._end is not None
        return max(after, self._end), new

    async def _wait_for_news(self, within_s: float) -> None:
        news = asyncio.get_running_loop().create_future()
        self._waiting[news] = None
        try:
            await asyncio.wait({news}, timeout=within_s)
        finally:
            self._waiting.pop(news, None)

    async def _read(self, after: Place) -> tuple[Place, bytes]:
        """The events in the database after a place; one query for all followers at the same place,
        as after a restart."""
        reading = self._reading.get(after)
        if reading is None:
            reading = self._reading[after] = asyncio.create_task(self._read_far(after))
            reading.add_done_callback(lambda done: self._have_read(after, done))
        return await asyncio.shield(reading)

    def _have_read(self, after: Place, done: asyncio.Task[tuple[Place, bytes]]) -> None:
        del self._reading[after]
        if not done.cancelled():
            done.exception()  # somebody has got the error, unless all have gone

    async def _read_far(self, after: Place) -> tuple[Place, bytes]:
        async with self._far.turn():
            upto, events = await self._archive.feed(after, _PAGE)
            return upto, b"".join([self._written(event) for event in events])

    def _kept(self, after: Place) -> bytes:
        """The kept events after a place. Nearly all followers are at the same place."""
        begin, end, text = self._joined
        if (begin, end) != (after, self._end):
            new = list(takewhile(lambda kept: kept[0] > after, reversed(self._events)))
            text = b"".join([event for _, event in reversed(new)])
            self._joined = after, self._end, text
        return text

    def close(self) -> None:
        """Ends all waits: the service stops."""
        self.closed = True
        for news in self._waiting:
            if not news.done():
                news.set_result(None)

    async def run(self) -> None:
        """Reads new events, and never returns."""
        while True:
            if not self._followers:
                self._events.clear()
                self._begin = self._end = None
                self._somebody.clear()
                await self._somebody.wait()
            began = time.monotonic()
            with suppress(DatabaseUnavailable):
                await self._look()
            # To wake ten thousand followers takes half a second; then other work gets as much
            # time.
            took_s = time.monotonic() - began
            await asyncio.sleep(max(_LOOK_S - took_s, took_s))

    async def _look(self) -> None:
        if self._end is None:
            self._begin = self._end = await self._archive.now()
        while True:
            self._end, events = await self._archive.feed(self._end, _PAGE)
            self._events += [(event.place, self._written(event)) for event in events]
            while len(self._events) > _KEPT:
                self._begin = self._events.popleft()[0]
            if events:
                await tell(list(self._waiting), None)
            if len(events) < _PAGE:
                return

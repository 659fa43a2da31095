"""What becomes of all tasks, for everybody who follows it: read once, and kept for a while."""

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
_PATIENCE_S = 60.0  # of those who have much to catch up on with one another


class Feed:
    """The changes of all tasks, in one order, here and in other instances.

    One statement at a time reads what is new while somebody follows, and `written` makes of each
    event what followers get. Whoever is behind what is kept, after a pause or because it is slow,
    reads the database until it is not.
    """

    def __init__(self, archive: Archive, written: Callable[[FeedEvent], bytes]) -> None:
        self._archive = archive
        self._written = written
        self._events: deque[tuple[Place, bytes]] = deque()
        self._begin: Place | None = None  # all events after it are kept, up to the end
        self._end: Place | None = None
        self._followers = 0
        self._somebody = asyncio.Event()
        self._waiting: dict[asyncio.Future[None], None] = {}  # for news, in order
        self._reading: dict[Place, asyncio.Task[tuple[Place, bytes]]] = {}
        self._joined: tuple[Place, Place | None, bytes] = (Place(0), None, b"")
        self._far = Throttle(patience_s=_PATIENCE_S, rests=True)
        self.closed = False

    @contextmanager
    def followed(self) -> Iterator[None]:
        """While somebody follows, what is new is read."""
        self._followers += 1
        self._somebody.set()
        try:
            yield
        finally:
            self._followers -= 1

    async def start(self, after: Place | None) -> Place:
        """Where to follow from: a place that was seen before, or now."""
        now = await self._archive.now()
        # A place that is yet to come is one of another database's.
        return now if after is None else min(after, now)

    async def next(self, after: Place, within_s: float) -> tuple[Place, bytes]:
        """The next events after a place, and where to go on; none if there are none in that time,
        or when the service stops."""
        if self._begin is None or after < self._begin:
            after, events = await self._read(after)
            if not events and self._begin is None:
                await asyncio.sleep(_LOOK_S)  # until what is new is kept
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
        """What the database knows; one look for all who are at the same place, as they are after
        a restart."""
        reading = self._reading.get(after)
        if reading is None:
            reading = self._reading[after] = asyncio.create_task(self._read_far(after))
            reading.add_done_callback(lambda done: self._have_read(after, done))
        return await asyncio.shield(reading)

    def _have_read(self, after: Place, done: asyncio.Task[tuple[Place, bytes]]) -> None:
        del self._reading[after]
        if not done.cancelled():
            done.exception()  # of which somebody has heard, unless all of them have gone

    async def _read_far(self, after: Place) -> tuple[Place, bytes]:
        async with self._far.turn():
            upto, events = await self._archive.feed(after, _PAGE)
            return upto, b"".join([self._written(event) for event in events])

    def _kept(self, after: Place) -> bytes:
        """What is kept of after a place. Nearly all followers are at the same one."""
        begin, end, text = self._joined
        if (begin, end) != (after, self._end):
            new = list(takewhile(lambda kept: kept[0] > after, reversed(self._events)))
            text = b"".join([event for _, event in reversed(new)])
            self._joined = after, self._end, text
        return text

    def close(self) -> None:
        """Lets everybody go: the service stops."""
        self.closed = True
        for news in self._waiting:
            if not news.done():
                news.set_result(None)

    async def run(self) -> None:
        """Reads for ever what is new."""
        while True:
            if not self._followers:
                self._events.clear()
                self._begin = self._end = None
                self._somebody.clear()
                await self._somebody.wait()
            began = time.monotonic()
            with suppress(DatabaseUnavailable):
                await self._look()
            # To tell ten thousand takes half a second, after which others have as much.
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

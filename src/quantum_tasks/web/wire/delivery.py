"""Clients that take too long: to send their headers, or to read what was written to them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

_STALLED_AFTER_S = 20.0
_LEAST_PROGRESS = 65536  # bytes that a client must take in that time, if there are so many


class Deadline:
    """A moment at which something is done, unless it is cancelled before."""

    __slots__ = ("_loop", "_timer", "_work")

    def __init__(self, loop: asyncio.AbstractEventLoop, work: Callable[[], None]) -> None:
        self._loop = loop
        self._work = work
        self._timer: asyncio.TimerHandle | None = None

    def set(self, after_s: float) -> None:
        """So many seconds from now, if none is set."""
        if self._timer is None:
            self._timer = self._loop.call_later(after_s, self._work)

    def cancel(self) -> None:
        """Another may be set."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class Delivery:
    """Makes sure that a client takes the bytes written to it, before or after a close; calls
    `abort` if it does not."""

    __slots__ = ("_abort", "_before", "_loop", "_over", "_timer", "_transport")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        transport: asyncio.Transport,
        abort: Callable[[], None],
    ) -> None:
        self._loop = loop
        self._transport = transport
        self._abort = abort
        self._timer: asyncio.TimerHandle | None = None
        self._before = 0  # bytes that waited when it was looked last
        self._over = False

    def watch(self) -> None:
        """From now on, if something waits for the client."""
        if self._over or self._timer is not None:
            return
        if left := self._transport.get_write_buffer_size():
            self._before = left
            self._timer = self._loop.call_later(_STALLED_AFTER_S, self._look)

    def flows(self) -> None:
        """The client has taken nearly all."""
        self._before = 0

    def end(self) -> None:
        """The connection is lost."""
        self._over = True
        if self._timer is not None:
            self._timer.cancel()

    def _look(self) -> None:
        self._timer = None
        before, left = self._before, self._transport.get_write_buffer_size()
        if before and left > max(0, before - _LEAST_PROGRESS):
            self._abort()
        else:
            self.watch()

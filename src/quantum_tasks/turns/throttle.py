"""Limits one kind of work to a few at once, so that a flood of it does not delay other work."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from quantum_tasks.errors import ServiceBusy

_MOMENT_S = 0.005
_LONGEST_REST_S = 1.0
_RETRY_S = 2


class Throttle:
    """Access to the database for one kind of work: a limited number at once; the others wait.

    One that `rests` stays closed after each turn for as long as the turn took. So, however many
    wait, half of a core is left for everything else. Very short turns need no rest.
    """

    def __init__(self, width: int = 1, patience_s: float = 5.0, rests: bool = False) -> None:
        self._free = asyncio.Semaphore(width)
        self._patience_s = patience_s
        self._rests = rests

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Waits for a turn, and holds it within the context. Raises ServiceBusy if the turn does
        not come in time."""
        try:
            async with asyncio.timeout(self._patience_s):
                await self._free.acquire()
        except TimeoutError:
            raise ServiceBusy(
                "Too many requests of this kind are being served at the moment; please try again.",
                retry_after_s=_RETRY_S,
            ) from None
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            yield
        finally:
            took_s = loop.time() - began
            if self._rests and took_s > _MOMENT_S:
                loop.call_later(min(took_s, _LONGEST_REST_S), self._free.release)
            else:
                self._free.release()

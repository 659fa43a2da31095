"""Few at once, so that what many ask for is not felt by those who ask for something else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from quantum_tasks.errors import ServiceBusy

_MOMENT_S = 0.005
_LONGEST_REST_S = 1.0
_RETRY_S = 2


class Throttle:
    """A way into the database for one kind of work: so many at once, and the others wait.

    One that `rests` stays closed after each turn for as long as it took: however many want one,
    half of a core is left to everybody else. Turns of a moment need no rest.
    """

    def __init__(self, width: int = 1, patience_s: float = 5.0, rests: bool = False) -> None:
        self._free = asyncio.Semaphore(width)
        self._patience_s = patience_s
        self._rests = rests

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """While it lasts, somebody else may have to wait. Raises ServiceBusy if it is not our turn
        in time."""
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

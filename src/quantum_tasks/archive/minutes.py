"""What happened in each minute of the last hours: kept by all instances together."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress

from quantum_tasks.database.pool import Pool, connection
from quantum_tasks.database.queries import QUERIES
from quantum_tasks.errors import DatabaseUnavailable

_EVERY_S = 5.0
_JUST_DONE_S = 4.0  # whoever finds that it was done since then leaves it
_AT_ONCE = 5000  # events: what 1,700 tasks bring
_KEPT = 120  # minutes
# To count a long queue takes a while: the pause is so many times as long, within limits.
_REST = 50
_LONGEST_S = 30.0


class Minutes:
    """Adds what has happened to the table of minutes. Any number of instances may do so."""

    def __init__(self, pool: Pool, at_once: int = _AT_ONCE) -> None:
        self._pool = pool
        self._at_once = at_once

    async def fold(self, just_done_s: float = _JUST_DONE_S) -> int | None:
        """Adds all events that are not in the table of minutes yet. Returns how many there were;
        None if another instance does it, or did it less than `just_done_s` seconds ago. Raises
        DatabaseUnavailable."""
        events = 0
        while True:
            async with connection(self._pool) as db:
                more: int | None = await db.fetchval(
                    QUERIES["fold_minutes"], self._at_once, just_done_s, _KEPT
                )
            if more is None:
                return events or None
            events += more
            if more < self._at_once:
                return events
            just_done_s = 0  # after a while without any instance there is much to add
            await asyncio.sleep(0)

    async def keep(self) -> None:
        """Does so every few seconds, and never returns."""
        while True:
            began = time.monotonic()
            with suppress(DatabaseUnavailable):
                await self.fold()
            rest_s = _REST * (time.monotonic() - began)
            await asyncio.sleep(min(max(_EVERY_S, rest_s), _LONGEST_S))

"""What the living instances can run, which need not be the same."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence

from quantum_tasks.capability import Capability
from quantum_tasks.database.grouped import Grouped
from quantum_tasks.database.pool import Pool, connection
from quantum_tasks.database.queries import QUERIES
from quantum_tasks.errors import DatabaseUnavailable
from quantum_tasks.queue.store import LEASE_S

_LOOK_S = 1.0


class Fleet:
    """The instances that run the tasks of one queue."""

    def __init__(self, pool: Pool, queue: str) -> None:
        self._pool = pool
        self._queue = queue
        self._known: Sequence[Capability] = ()
        self._known_at = float("-inf")
        self._look: Grouped[None, None] = Grouped(self._look_all, most=1000)

    async def known(self) -> Sequence[Capability]:
        """What they can run, each kind of instance once; none if none is alive. As of at most a
        second ago; while the database is away, as it was before."""
        if time.monotonic() - self._known_at >= _LOOK_S:
            with contextlib.suppress(DatabaseUnavailable):
                await self._look(None)
        return self._known

    async def _look_all(self, askers: list[None]) -> list[None]:
        began = time.monotonic()
        async with connection(self._pool) as db:
            rows = await db.fetch(QUERIES["fleet"], self._queue, LEASE_S)
        self._known = [Capability(row["memory_mb"], tuple(row["engines"])) for row in rows]
        self._known_at = began
        return askers

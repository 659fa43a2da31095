"""Callbacks as the database has them: claimed when they are due, until they are delivered."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

import msgspec

from quantum_tasks.database.pool import Pool, connection
from quantum_tasks.database.queries import QUERIES
from quantum_tasks.tasks import Status

# A try takes much less. Whoever has not said by then how it went is dead.
LEASE_S = 60.0


class Callback(msgspec.Struct, frozen=True):
    """Somebody to be told that a task has ended; `tries` counts this one, whose
    time is the database's."""

    task_id: uuid.UUID
    url: str
    host: str
    tries: int
    claimed_at: datetime
    status: Status
    ended_at: datetime


class Callbacks:
    """Every method raises DatabaseUnavailable while the database is away."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def claim(self, limit: int, per_host: int, hosts: Sequence[str]) -> list[Callback]:
        """Takes callbacks that are due, for one try each.

        At most `per_host` for one host, among them those under way: `hosts` has the host of each.
        """
        async with connection(self._pool) as db:
            rows = await db.fetch(QUERIES["claim_callbacks"], limit, LEASE_S, per_host, hosts)
        return [
            Callback(id, url, host, tries, claimed_at, Status(status), ended_at)
            for id, url, host, tries, claimed_at, status, ended_at in rows
        ]

    async def delivered(self, callback: Callback) -> None:
        """It has arrived."""
        async with connection(self._pool) as db:
            await db.execute(QUERIES["callback_delivered"], callback.task_id)

    async def failed(self, callback: Callback, error: str, delay_s: float | None) -> None:
        """This try failed; the next comes after the delay, or never."""
        async with connection(self._pool) as db:
            await db.execute(
                QUERIES["callback_failed"], callback.task_id, callback.tries, error, delay_s
            )

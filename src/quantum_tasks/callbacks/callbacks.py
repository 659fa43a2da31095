"""Callbacks as the database has them: claimed when they are due, until they are delivered."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from quantum_tasks.database.pool import Pool, connection
from quantum_tasks.database.queries import QUERIES
from quantum_tasks.tasks import Status

# A try takes much less. Whoever has not said by then how it went is dead.
LEASE_S = 60.0
_HOSTS = 200  # that one look at what was put aside goes through


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

    async def claim(self, known: Mapping[str, int], most: int, others: int) -> list[Callback]:
        """Takes callbacks that are due, for one try each: of hosts that are known, so many of each
        and `most` of all; and so many others."""
        hosts, free = list(known), list(known.values())
        async with connection(self._pool) as db:
            rows = await db.fetch(QUERIES["claim_callbacks"], LEASE_S, hosts, free, most, others)
        return [_callback(row) for row in rows]

    async def claim_aside(
        self, after: str, limit: int, but: Collection[str]
    ) -> tuple[list[Callback], str]:
        """Takes callbacks that were put aside and are due, one for each host that comes after the
        given one, but for some. Returns them and the host after which the next shall begin."""
        statement = QUERIES["claim_callbacks_aside"]
        async with connection(self._pool) as db:
            rows = await db.fetch(statement, LEASE_S, after, limit, list(but), _HOSTS)
        return [_callback(row) for row in rows if row[0] is not None], rows[0]["upto"]

    async def put_aside(self, callbacks: Sequence[Callback]) -> None:
        """Gives back what was claimed: it waits for its host, and this was no try."""
        ids = [callback.task_id for callback in callbacks]
        tries = [callback.tries for callback in callbacks]
        async with connection(self._pool) as db:
            await db.execute(QUERIES["put_aside"], ids, tries)

    async def delivered(self, callback: Callback) -> None:
        """It has arrived."""
        async with connection(self._pool) as db:
            await db.execute(QUERIES["callback_delivered"], callback.task_id)

    async def failed(
        self, callback: Callback, error: str, delay_s: float | None, aside: bool = False
    ) -> None:
        """This try failed; the next comes after the delay, or never; in the queue of its host, if
        it shall wait aside."""
        async with connection(self._pool) as db:
            await db.execute(
                QUERIES["callback_failed"],
                callback.task_id,
                callback.tries,
                error,
                delay_s,
                aside,
            )


def _callback(row: Sequence[Any]) -> Callback:
    id, url, host, tries, claimed_at, status, ended_at = row[:7]
    return Callback(id, url, host, tries, claimed_at, Status(status), ended_at)

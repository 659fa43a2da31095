"""The callbacks in the database: each is claimed when it is due, again and again until it is
delivered."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from quantum_tasks.database.pool import Pool, connection
from quantum_tasks.database.queries import QUERIES
from quantum_tasks.tasks import Status

# A try takes much less. An instance that has not stored the outcome by then is dead.
LEASE_S = 60.0
_HOSTS = 200  # hosts that one look at the callbacks put aside goes through


class Callback(msgspec.Struct, frozen=True):
    """A callback to deliver: a task has ended. `tries` includes this try; the time is the
    database's."""

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
        """Takes callbacks that are due, for one try each. For each known host: up to the given
        number, and up to `most` for all of them. For other hosts: up to `others`."""
        hosts, free = list(known), list(known.values())
        async with connection(self._pool) as db:
            rows = await db.fetch(QUERIES["claim_callbacks"], LEASE_S, hosts, free, most, others)
        return [_callback(row) for row in rows]

    async def claim_aside(
        self, after: str, limit: int, but: Collection[str]
    ) -> tuple[list[Callback], str]:
        """Takes callbacks that were put aside and are due: one for each host after the given one,
        except for the hosts to be left out. Returns them, and the host after which the next call
        shall begin."""
        statement = QUERIES["claim_callbacks_aside"]
        async with connection(self._pool) as db:
            rows = await db.fetch(statement, LEASE_S, after, limit, list(but), _HOSTS)
        return [_callback(row) for row in rows if row[0] is not None], rows[0]["upto"]

    async def put_aside(self, callbacks: Sequence[Callback]) -> None:
        """Gives a claimed callback back: it has to wait for its host, and this does not count as a
        try."""
        ids = [callback.task_id for callback in callbacks]
        tries = [callback.tries for callback in callbacks]
        async with connection(self._pool) as db:
            await db.execute(QUERIES["put_aside"], ids, tries)

    async def delivered(self, callback: Callback) -> None:
        """Notes that the callback was delivered."""
        async with connection(self._pool) as db:
            await db.execute(QUERIES["callback_delivered"], callback.task_id)

    async def failed(
        self, callback: Callback, error: str, delay_s: float | None, aside: bool = False
    ) -> None:
        """Notes that this try failed. The next one comes after the delay, or never. If the
        callback shall wait aside, it waits in the queue of its host."""
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

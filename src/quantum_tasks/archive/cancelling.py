"""Cancelling all tasks that match a filter, however many there are."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from quantum_tasks.archive.lists import CALLED, Filter, look, source_of, values_of
from quantum_tasks.database.pool import Pool, connection
from quantum_tasks.database.queries import QUERIES
from quantum_tasks.errors import ServiceBusy
from quantum_tasks.tasks import Status
from quantum_tasks.turns.fairness import Fair, NoRoom
from quantum_tasks.turns.throttle import Throttle

_BATCH = 500  # tasks cancelled by one statement, which locks them for about 30 ms
_CHUNK = 5000  # tasks that one statement looks through
_CANCELLING_S = 20.0  # then the answer says how far it has come; many clients give up after 30 s
_COUNTING_S = 2.0
_PATIENCE_S = 5.0
_MOST_WAITING = 20  # requests of one client
_NOT_ENDED = (Status.QUEUED, Status.RUNNING)
# What both statements ask of a candidate c and its task t. The program is looked at only if there
# is something to compare it with. The last line is always true: it tells Postgres the types of
# parameters that one of the statements, or its source, does not use.
_MATCHES = f"""t.status in ('queued', 'running') and t.cancel_requested_at is null
    and t.status::text = any($5)
    and ($6::text is null and $7::jsonb is null and $8::text is null or exists (
        select from programs p where p.task_id = c.id and {CALLED}))
    and $9::integer is not null and $10::text[] is not distinct from $10"""  # noqa: S608


class Done(NamedTuple):
    """How many tasks matched, how many of them are `cancelled`, and how many that run are
    `cancelling`. What is `left` to do, if the time was not enough: a filter whose tasks begin
    where these end."""

    matched: int
    cancelled: int
    cancelling: int
    left: Filter | None


class Cancellations:
    """Cancels all tasks that match, in small batches, so that nobody waits for a lock for long.

    Clients take turns batch by batch: whoever cancels a million tasks delays one who cancels ten
    by one batch. Every method raises DatabaseUnavailable while the database is away.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._turns = Fair(1, _MOST_WAITING)
        self._working = Throttle(rests=True)

    async def cancel(
        self, peer: str, wanted: Filter, cancelled: Callable[[uuid.UUID], None]
    ) -> Done:
        """Cancels the tasks that match, the first submitted first; `cancelled` is told of those
        that have ended by that. Tasks that are submitted meanwhile are not among them.

        Raises ServiceBusy if its first turn does not come in time. To cancel again what was
        cancelled changes nothing, so the request can be repeated whatever became of it.
        """
        return await self._all(peer, wanted, QUERIES["cancel_matching"], _CANCELLING_S, cancelled)

    async def count(self, peer: str, wanted: Filter) -> Done:
        """How many tasks `cancel` would cancel; it changes nothing."""
        return await self._all(
            peer, wanted, QUERIES["count_matching"], _COUNTING_S, lambda id: None
        )

    async def _all(
        self,
        peer: str,
        wanted: Filter,
        query: str,
        within_s: float,
        cancelled: Callable[[uuid.UUID], None],
    ) -> Done:
        statuses = [s for s in _NOT_ENDED if s in (wanted.statuses or _NOT_ENDED)]
        left = msgspec.structs.replace(wanted, statuses=statuses, order="created_at")
        done = Done(0, 0, 0, left if statuses else None)
        looked_through = 0
        deadline = asyncio.get_running_loop().time() + within_s
        while done.left:
            # An index by name or tag also has tasks that have ended. If it has many, the rest is
            # looked for among those that have not ended.
            narrow = looked_through < _CHUNK and bool(done.left.name or done.left.tags)
            try:
                done, seen, ended = await self._batch(peer, done, query, narrow)
            except (ServiceBusy, NoRoom) as error:
                if done.left is left:
                    raise _busy() from error
                break  # the answer says how far it has come
            looked_through += seen
            for id in ended:
                cancelled(id)
            if asyncio.get_running_loop().time() > deadline:
                break
        return done

    async def _batch(
        self, peer: str, done: Done, query: str, narrow: bool
    ) -> tuple[Done, int, list[uuid.UUID]]:
        """The next batch: what is done with it, how many tasks were looked through, and which of
        them were cancelled at once."""
        wanted = done.left
        assert wanted is not None
        by = wanted if narrow else Filter(statuses=wanted.statuses)
        source, key, _ = source_of(by)
        query = query.replace("{source}", source).replace("{direction}", "asc")
        query = query.replace("{matches}", _MATCHES)
        bounds = (*wanted.after, *wanted.before)
        async with (
            self._turns.place(peer, _PATIENCE_S),
            self._working.turn(),
            connection(self._pool) as db,
        ):
            (row,) = await look(db, query, *bounds, *values_of(wanted), _BATCH, key, _CHUNK)
        complete = row["seen"] < _CHUNK and row["matched"] < _BATCH
        left = None if complete else _after(wanted, row)
        return (
            Done(
                done.matched + row["matched"],
                done.cancelled + len(row["cancelled"]),
                done.cancelling + row["cancelling"],
                left,
            ),
            row["seen"],
            row["cancelled"],
        )


def _after(wanted: Filter, row: Any) -> Filter:
    """The same, from the end of a batch on, without what is submitted after it."""
    begun: tuple[datetime, int] = (row["at"], 0)
    return msgspec.structs.replace(
        wanted, after=(row["last_at"], row["last_position"]), before=min(wanted.before, begun)
    )


def _busy() -> ServiceBusy:
    return ServiceBusy(
        "Too many requests of this kind are being served at the moment; please try again.",
        retry_after_s=2,
    )

"""Lists of tasks and searches among them: the requests that have to look at many tasks."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal, NamedTuple

import asyncpg
import msgspec

from quantum_tasks.archive.records import LATEST_POSITION, TaskRecord, record_of
from quantum_tasks.database.pool import Connection, Pool, connection
from quantum_tasks.database.queries import QUERIES
from quantum_tasks.errors import ServiceBusy
from quantum_tasks.tasks import Status
from quantum_tasks.turns.throttle import Throttle

_EARLIEST = datetime(1, 1, 1, tzinfo=UTC)
_LATEST = datetime(9999, 12, 31, tzinfo=UTC)
_CANDIDATES = 20_000  # tasks that one page of a list looks at, at most
_FIRST_CHUNK = 250
_CHUNK = 5000
_LOOK_S = 5.0  # time that one statement may take
_SEARCH_PATIENCE_S = 2.0
_BUSY_RETRY_S = 2

Order = Literal["created_at", "-created_at"]


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which tasks a list has. `after` and `before` are exclusive: each is a time, and a position
    to order the tasks that were submitted at the same time. `ended_after` is inclusive."""

    statuses: list[Status] | None = None
    name: str | None = None
    tags: Mapping[str, str] | None = None
    text: str | None = None
    errors: list[str] | None = None
    ended_after: datetime | None = None
    ended_before: datetime | None = None
    after: tuple[datetime, int] = (_EARLIEST, 0)
    before: tuple[datetime, int] = (_LATEST, LATEST_POSITION)
    order: Order = "-created_at"

    @property
    def of_ended(self) -> bool:
        """Whether it asks how or when tasks have ended, which no index knows."""
        return bool(self.errors or self.ended_after or self.ended_before)


class Page(NamedTuple):
    """Some tasks of a list, and where the next page begins, if there is one."""

    tasks: list[TaskRecord]
    next: tuple[datetime, int] | None


class Lists:
    """Every method raises DatabaseUnavailable while the database is away, and ServiceBusy if too
    many requests for the same kind of list are waiting."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._searching = Throttle(patience_s=_SEARCH_PATIENCE_S, rests=True)
        self._listing = Throttle(rests=True)
        self._tagging = Throttle(rests=True)

    async def page(self, wanted: Filter, limit: int) -> Page:
        """A page of tasks, without their programs.

        It may be short, or even empty, although the list goes on: a page looks at a limited number
        of tasks.
        """
        source, key, exact = source_of(wanted)
        descending = wanted.order == "-created_at"
        direction, reverse = ("desc", "asc") if descending else ("asc", "desc")
        query = QUERIES["list"].replace("{source}", source)
        query = query.replace("{direction}", direction).replace("{reverse}", reverse)
        query = query.replace("{called}", CALLED)
        matching = values_of(wanted)
        bounds = {"after": wanted.after, "before": wanted.before}
        found: list[TaskRecord] = []
        last: tuple[datetime, int] | None = None
        looked_through, chunk = 0, limit + 1 if exact else _FIRST_CHUNK
        filters = [wanted.statuses, wanted.name, *(wanted.tags or {})]
        combined = wanted.of_ended or sum(filter is not None for filter in filters) > 1
        lane = self._searching if wanted.text or combined else self._listing
        async with lane.turn(), connection(self._pool) as db:
            while looked_through < _CANDIDATES:
                more = limit + 1 - len(found)
                between = (*bounds["after"], *bounds["before"])
                at_end = wanted.errors, wanted.ended_after, wanted.ended_before
                rows = await look(db, query, *between, *matching, more, key, chunk, *at_end)
                for row in rows:
                    if row["id"] is not None:
                        if len(found) == limit:
                            return Page(found, last)
                        found.append(record_of(row))
                        last = row["created_at"], row["position"]
                if not rows or rows[0]["seen"] < chunk:
                    return Page(found, None)
                last = rows[0]["last_at"], rows[0]["last_position"]
                bounds["before" if descending else "after"] = last
                looked_through, chunk = looked_through + chunk, _CHUNK
        return Page(found, last)

    async def tagged(self, tags: Mapping[str, str], limit: int) -> list[uuid.UUID]:
        """The ids of tasks that have not ended and have all of these tags."""
        first, wanted = next(iter(tags.items())), dict(tags)
        found: list[uuid.UUID] | None
        async with self._tagging.turn(), connection(self._pool) as db:
            ((found,),) = await look(db, QUERIES["tagged"], *first, wanted, _CHUNK)
            if found is None:
                found, seen, before = [], _CHUNK, [_LATEST, LATEST_POSITION]
                while seen == _CHUNK and len(found) < limit:
                    rows = await look(db, QUERIES["active_tagged"], wanted, *before, _CHUNK)
                    if not rows:
                        break
                    ((seen, *before, ids),) = rows
                    found += ids
        return found[:limit]


# A condition on the name and the tags of a program p, by $6, $7 and $8 of values_of.
CALLED = """($6::text is null or p.name = $6)
    and ($7::jsonb is null or p.tags @> $7)
    and ($8::text is null or p.name ilike $8 or exists (
        select from jsonb_each_text(p.tags) tag where tag.key ilike $8 or tag.value ilike $8))"""
_BETWEEN = "(created_at, position) > ($1, $2) and (created_at, position) < ($3, $4)"
_ALL = f"select task_id as id, created_at, position from programs where {_BETWEEN}"  # noqa: S608
_NAMED = f"{_ALL} and name = $6"
_TAGGED = (
    f"select task_id as id, created_at, position from task_tags where {_BETWEEN} "  # noqa: S608
    "and key = ($10::text[])[1] and value = ($10::text[])[2]"
)
_IN_STATUS = (
    "select id, created_at, position from unnest($10::text[]) wanted, lateral ("  # noqa: S608
    "select id, created_at, position from tasks "
    f"where status = wanted::task_status and {_BETWEEN} "
    "order by created_at {direction}, position {direction} limit $11) listed"
)


def source_of(wanted: Filter) -> tuple[str, list[str], bool]:
    """The index that gives the candidates in order: its select, the values that it is looked up
    by, and whether every candidate matches (except tasks that have expired)."""
    if wanted.tags:
        others = wanted.name or wanted.statuses or wanted.text or wanted.of_ended
        exact = len(wanted.tags) == 1 and not others
        return _TAGGED, list(next(iter(wanted.tags.items()))), exact
    if wanted.name is not None:
        return _NAMED, [], not (wanted.statuses or wanted.text or wanted.of_ended)
    if wanted.errors:  # few tasks fail
        return _IN_STATUS, [Status.FAILED], False
    if wanted.statuses:
        in_database = {"cancelling": "running"}
        statuses = {in_database.get(status, status) for status in wanted.statuses}
        exact = not (wanted.text or wanted.of_ended or "running" in statuses)
        return _IN_STATUS, sorted(statuses), exact
    if wanted.of_ended:
        return _IN_STATUS, [Status.CANCELLED, Status.COMPLETED, Status.FAILED], False
    return _ALL, [], not wanted.text


async def look(db: Connection, query: str, *arguments: object) -> list[asyncpg.Record]:
    """The rows of one search through many tasks. Raises ServiceBusy if it takes too long."""
    try:
        rows: list[asyncpg.Record] = await db.fetch(query, *arguments, timeout=_LOOK_S)
    except TimeoutError:
        raise ServiceBusy(
            "To look through the tasks takes too long at the moment; please try again.",
            retry_after_s=_BUSY_RETRY_S,
        ) from None
    return rows


def values_of(wanted: Filter) -> tuple[object, ...]:
    """What statements compare a task with: its status, its name, its tags, and a pattern."""
    text = wanted.text and _containing(wanted.text)
    return wanted.statuses, wanted.name, wanted.tags, text


def _containing(text: str) -> str:
    """The pattern that matches everything that contains a text."""
    escaped = re.sub(r"([%_\\])", r"\\\1", text)
    return f"%{escaped}%"

"""Tasks by the hundred thousand, put straight into the database: copies of real ones.

Nothing here knows what columns the service's tables have beyond those that it sets, so that a
migration may add some: a few tasks are submitted as anybody would, and their rows are copied as
they were while they were queued, and as they were when they had ended.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from bench.running import database_url

TABLES = {"tasks": "id", "programs": "task_id", "results": "task_id"}
_COLUMNS = """select column_name from information_schema.columns
    where table_schema = current_schema() and table_name = $1
      and is_identity = 'NO' and is_generated = 'NEVER'"""
_FRESH = {"created_at": "now()", "run_after": "now()"}
_CHUNK = 20_000
_CHURNED = 2000  # at once
_PER_MINUTE = 12_000  # 200 tasks a second
# The service's own changes of status, of many tasks at once.
_CLAIM = """update tasks
    set status = 'running', attempt = attempt + 1, instance = $1, started_at = now()
    where id = any($2)"""
_COMPLETE = """with task as (
        update tasks set status = 'completed', instance = null, ended_at = now()
        where id = any($1) returning id, attempt
    )
    insert into results (task_id, attempt, counts) select id, attempt, $2 from task"""
_COUNTS = '{"00":509,"11":515}'


@asynccontextmanager
async def database_rows(folder: Path) -> AsyncIterator[Rows]:
    """The rows of a service that runs on a folder."""
    db = await asyncpg.connect(database_url(folder))
    try:
        yield Rows(db)
    finally:
        await db.close()


class Rows:
    """The rows of one database."""

    def __init__(self, db: asyncpg.Connection) -> None:
        self._db = db

    async def remember(self, state: str, ids: list[str]) -> None:
        """Keeps copies of tasks, under the name of a state, to be copied again."""
        await self._db.execute("create schema if not exists bench")
        keys = [uuid.UUID(id) for id in ids]
        for table, key in TABLES.items():
            await self._db.execute(
                f"create table bench.{state}_{table} as "  # noqa: S608
                f"select * from {table} where false"
            )
            await self._db.execute(
                f"insert into bench.{state}_{table} "  # noqa: S608
                f"select * from {table} where {key} = any($1)",
                keys,
            )
        await self._db.execute(f"analyze bench.{state}_tasks")

    async def add(self, state: str, count: int, priority: int = 0) -> list[uuid.UUID]:
        """Adds copies of the tasks that were remembered, in turn; their ids, first come first."""
        statement = await self._copy(state, priority)
        ids: list[uuid.UUID] = []
        for begun in range(0, count, _CHUNK):
            added = await self._db.fetch(statement, min(_CHUNK, count - begun), timeout=600)
            ids += [row["id"] for row in added]
        return ids

    async def _copy(self, state: str, priority: int) -> str:
        """new (id, old) -> a row of each table for each of them."""
        fresh = {**(_FRESH if state == "queued" else {}), "priority": str(priority)}
        parts = []
        for table, key in TABLES.items():
            columns = [row["column_name"] for row in await self._db.fetch(_COLUMNS, table)]
            fixed = {key: "new.id", **(fresh if table == "tasks" else {})}
            values = [fixed.get(column, f"old.{column}") for column in columns]
            parts.append(
                f"{table}_copied as (insert into {table} ({', '.join(columns)}) "  # noqa: S608
                f"select {', '.join(values)} from new "
                f"join bench.{state}_{table} old on old.{key} = new.old order by new.number)"
            )
        return (
            "with olds as (select array_agg(id) as ids from "  # noqa: S608
            f"bench.{state}_tasks), new as materialized (select number, gen_random_uuid() as id, "
            "ids[1 + number % cardinality(ids)] as old from olds, "
            f"generate_series(1, $1::integer) number), {', '.join(parts)} "
            "select id from new order by number"
        )

    async def churn(self, queued: deque[uuid.UUID], count: int) -> None:
        """Turns tasks over: new ones are queued behind, the first are claimed, completed and
        deleted, so that as many are left as there were. Nobody else may be claiming.

        An hour's tasks take about a minute here, so Postgres looks whether to vacuum as much more
        often; what it then does is up to its settings.
        """
        await self._set("autovacuum_naptime", "'1s'")
        copy = await self._copy("queued", -1)
        instance = uuid.uuid4()
        began = time.monotonic()
        for done in range(0, count, _CHURNED):
            queued.extend(row["id"] for row in await self._db.fetch(copy, _CHURNED))
            ids = [queued.popleft() for _ in range(_CHURNED)]
            await self._db.execute(_CLAIM, instance, ids)
            await self._db.execute(_COMPLETE, ids, _COUNTS)
            await self._db.execute("delete from tasks where id = any($1)", ids)
            # a minute's tasks in no less than a second
            ahead_s = (done + _CHURNED) / _PER_MINUTE - (time.monotonic() - began)
            await asyncio.sleep(max(0.0, ahead_s))
        await self._set("autovacuum_naptime", None)

    async def _set(self, name: str, value: str | None) -> None:
        await self._db.execute(
            f"alter system set {name} = {value}" if value else f"alter system reset {name}"
        )
        await self._db.execute("select pg_reload_conf()")

    async def remove(self, ids: list[str]) -> None:
        keys = [uuid.UUID(id) for id in ids]
        await self._db.execute("delete from tasks where id = any($1)", keys)

    async def remove_queued(self) -> None:
        await self._db.execute("delete from tasks where status = 'queued'", timeout=600)

    async def ended(self) -> int:
        """How many tasks have ended; all of them must have been completed."""
        assert not await self._db.fetchval("select count(*) from tasks where status = 'failed'")
        return await self._db.fetchval("select count(*) from tasks where status = 'completed'")

    async def is_queued(self, id: uuid.UUID) -> bool:
        return await self._db.fetchval("select status = 'queued' from tasks where id = $1", id)

    async def until_begun(self, id: uuid.UUID, within_s: float = 300) -> None:
        deadline = time.monotonic() + within_s
        while await self.is_queued(id):
            assert time.monotonic() < deadline, "nobody works off the queue"
            await asyncio.sleep(0.02)

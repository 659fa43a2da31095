"""Tasks for a database that is to be saved."""

from __future__ import annotations

from typing import Any

import asyncpg

FILL = """
with task as (
    insert into tasks (id, queue, shots, ttl_s) select gen_random_uuid(), 'tasks', 1, 99999
    from generate_series(1, $1) returning id, position, created_at
) insert into programs (task_id, qc, position, created_at)
select id, repeat(md5(position::text) || E'\\\\.\n', 60), position, created_at from task"""


async def query(url: str, statement: str, *arguments: Any) -> Any:
    db = await asyncpg.connect(url)
    try:
        return await db.fetchval(statement, *arguments)
    finally:
        await db.close()

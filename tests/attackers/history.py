"""Tasks by the hundred thousand that have ended, before anybody attacks."""

from __future__ import annotations

import asyncpg

_BATCH = 100  # tasks of one transaction, as the feed sees it

# By the service's own changes of status, so that whatever hangs on these has happened. The queue
# is one that nobody works for.
_FILL = """
do $$
declare
    done integer := 0;
begin
    while done < {count} loop
        with task as (
            insert into tasks (id, queue, shots) select gen_random_uuid(), 'history', 1024
            from generate_series(1, {batch}) returning id, position, created_at
        ), program as (
            insert into programs (task_id, qc, created_at, position, name, tags)
            select id, 'OPENQASM 3.0; qubit q; bit c; c = measure q;', created_at, position,
                case when position % 4 = 0 then 'usual one' end,
                jsonb_build_object('kind', 'usual', 'number', (position % 1000)::text)
            from task returning task_id, tags, created_at, position
        )
        insert into task_tags (task_id, key, value, created_at, position)
        select task_id, tag.key, tag.value, created_at, position
        from program, jsonb_each_text(tags) tag;
        commit;
        update tasks set status = 'running', attempt = attempt + 1, instance = gen_random_uuid(),
            started_at = now() where queue = 'history' and status = 'queued';
        commit;
        with task as (
            update tasks set status = 'completed', instance = null, ended_at = now()
            where queue = 'history' and status = 'running' returning id, attempt
        )
        insert into results (task_id, attempt, counts)
        select id, attempt, '{{"0":1024}}' from task;
        commit;
        done := done + {batch};
    end loop;
end $$
"""


async def fill(url: str, count: int) -> None:
    """Adds so many tasks that have ended. No service may be running yet: it would take those that
    are on their way for another's."""
    db = await asyncpg.connect(url)
    try:
        await db.execute("set synchronous_commit = off")
        await db.execute(_FILL.format(count=count, batch=_BATCH), timeout=1800)
        await db.execute("vacuum analyze", timeout=600)
        await db.execute("checkpoint", timeout=600)
    finally:
        await db.close()


async def clear(url: str, running: bool) -> None:
    """Deletes what an attack has left; also what is running, if no instance is."""
    db = await asyncpg.connect(url)
    try:
        await db.execute(
            "delete from tasks where queue <> 'history' and ($1 or status <> 'running')", running
        )
    finally:
        await db.close()

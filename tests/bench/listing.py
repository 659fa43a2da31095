"""What a page of the list costs with a million tasks, against what it costs with 1,000."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
from service import BELL, Service

from bench.client import Connection, in_process
from bench.processes import usage
from bench.running import data_folder, database_url, running
from bench.tables import judged, progress, table

FEW = 1000
_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
MOST = 1.2
MOST_LOOKED_MS = 250  # for a page that has to look through tasks one by one, until it gives up
_TIMES = 1000
_SLOW_TIMES = 20
_ODD = 60  # tasks that are rare in every way, however many there are
_CHUNK = 50_000
# All that a list goes by. $1 the first number, $2 the last, $3 how many there will be in all.
_ADD = f"""
with real as (select qc, stats from programs limit 1),
new as materialized (
    select gen_random_uuid() as id, n, n % ($3::integer / {_ODD}) = 0 as odd,
        '2026-01-01'::timestamptz + n * interval '1 second' as at
    from generate_series($1::integer, $2::integer) n
), task as (
    insert into tasks (id, queue, shots, status, attempt, created_at, started_at, ended_at,
        expires_at, error_code, error_message, simulate_ms)
    select id, 'tasks', 1024, case when odd then 'failed' else 'completed' end::task_status, 1,
        at, at, at, now() + interval '30 days', case when odd then 'task_lost' end,
        case when odd then 'message' end, 1
    from new order by n
    returning id, position
), program as (
    insert into programs (task_id, qc, created_at, position, stats, name, tags)
    select id, qc, at, position, stats,
        case when odd then 'odd one' when n % 4 = 0 then 'usual one' end,
        jsonb_build_object('kind', case when odd then 'odd' else 'usual' end, 'number', n::text)
    from real, new join task using (id)
    returning task_id, tags, created_at, position
)
insert into task_tags (task_id, key, value, created_at, position)
select task_id, tag.key, tag.value, created_at, position
from program, jsonb_each_text(tags) tag
"""  # noqa: S608
# Each page by the rest of its URL; the second list may look through many tasks to find few.
_FLAT = {
    "the latest": "",
    "the first": "&order=created_at",
    "in the middle": "&cursor={cursor}",
    "in the middle, the first": "&cursor={cursor}&order=created_at",
    "submitted within 100 s": "{between}",
    "with a frequent status": "&status=completed",
    "with a rare status": "&status=failed",
    "with a status that none has": "&status=queued,running",
    "with a frequent tag": "&tag=kind:usual",
    "with a rare tag": "&tag=kind:odd",
    "with a frequent name": "&name=usual+one",
    "with a rare name": "&name=odd+one",
    "with a frequent text": "&q=usual",
}
_LOOKED = {
    "with a rare text": "&q=odd",
    "with a text that none has": "&q=nothing",
    "with a frequent tag and a rare status": "&tag=kind:usual&status=failed",
    "with a rare error": "&error=task_lost",
    "with a frequent status and a text that none has": "&status=completed&q=nothing",
}


def measure(most: int) -> None:
    counts = (FEW, most)
    costs: list[dict[str, float]] = []
    for count in counts:
        with data_folder() as folder, running(folder, "--only", "api") as service:
            service.submit(BELL)
            progress(f"adding {count} tasks that have ended")
            asyncio.run(_fill(folder, count))
            progress("measuring")
            costs.append(_measure(service, count))
    print("Processor time per page of 50 tasks in ms, all processes together.\n")
    rows = []
    for name in (*_FLAT, *_LOOKED):
        few, many = costs[0][name], costs[1][name]
        ratio = judged(many / few, MOST) if name in _FLAT else f"{many / few:.2f}"
        shown = f"{many:.1f}" if name in _FLAT else judged(many, MOST_LOOKED_MS, form=".0f")
        rows.append((name, f"{few:.1f}", shown, ratio))
    table(("tasks", *(f"of {count:,}" for count in counts), "ratio"), rows)


async def _fill(folder: Path, count: int) -> None:
    db = await asyncpg.connect(database_url(folder))
    for begin in range(0, count, _CHUNK):
        await db.execute(_ADD, begin, min(begin + _CHUNK, count) - 1, count, timeout=600)
    await db.execute("delete from tasks where status = 'queued'")
    await db.execute("vacuum analyze", timeout=600)
    await db.execute("checkpoint", timeout=600)
    await db.close()


def _measure(service: Service, count: int) -> dict[str, float]:
    """Milliseconds for each kind of page."""
    begin, end = (_BEGIN + timedelta(seconds=count // 2 + s) for s in (0, 100))
    between = f"&created_after={begin:%FT%TZ}&created_before={end:%FT%TZ}"
    cursor = service.client.get(f"/v1/tasks?limit=1{between}").json()["next"].partition("cursor=")
    costs = {}
    for name, rest in (_FLAT | _LOOKED).items():
        path = "/v1/tasks?limit=50" + rest.format(between=between, cursor=cursor[2])
        times = _TIMES if name in _FLAT else _SLOW_TIMES
        in_process(pages, service.url, path, 5)
        before = usage(service)
        in_process(pages, service.url, path, times)
        costs[name] = usage(service).since(before).total / times * 1000
    return costs


def pages(url: str, path: str, times: int) -> None:
    """Asks for a page so often."""

    async def ask() -> None:
        http = await Connection.open(url)
        for _ in range(times):
            status, answer = await http.ask("GET", path)
            assert status == 200, answer
        http.close()

    asyncio.run(ask())

"""Far more clients and tasks than it has cores for: what it refuses, holds, and lets wait."""

from __future__ import annotations

import asyncio
from bisect import bisect_left, insort
from pathlib import Path

import asyncpg

from bench.client import flood, in_process
from bench.processes import Sampler
from bench.programs import bell, several
from bench.running import data_folder, database_url, running
from bench.tables import Figures, progress, quantile, table

CLIENTS = 512
_ENDED = """select not exists (select from tasks where status = 'queued')
    and not exists (select from tasks where status = 'running')"""
_ORDER = "select started_at, ended_at, status from tasks order by position"


def measure(tasks: int) -> None:
    programs = several(bell, tasks)
    with data_folder() as folder, running(folder, MAX_QUEUED_TASKS="1000000") as service:
        progress(f"{CLIENTS} clients submit {tasks} bell tasks")
        with Sampler(service) as sampler:
            load = in_process(flood, service.url, programs, CLIENTS)
            progress(f"submitted after {load.seconds:.0f} s; waiting for the last result")
            rows = asyncio.run(_rows_when_ended(folder))
    completed = sum(row["status"] == "completed" for row in rows)
    assert completed == len(load.ids), f"{completed} of {len(load.ids)} tasks were completed"
    started = [row["started_at"].timestamp() for row in rows]
    seconds = max(row["ended_at"].timestamp() for row in rows) - load.began
    busy = sampler.busy(load.began, max(started))
    overtaken = overtakings(started)
    figures = Figures()
    figures.add("requests that failed", load.failures.total(), target=0, form=",.0f")
    figures.add("POST, median", quantile(load.posts, 0.5) * 1000, "ms", form=",.0f")
    figures.add("POST, p99", quantile(load.posts, 0.99) * 1000, "ms", 250, form=",.0f")
    figures.add("POST, longest", max(load.posts) * 1000, "ms", form=",.0f")
    figures.add("most memory of the main process", sampler.peak_mb, "MiB", 300, form=",.0f")
    figures.add("accepted", len(load.ids) / load.seconds, "/s", form=",.0f")
    figures.add("completed", completed / seconds, "/s", form=",.0f")
    rest = seconds - load.seconds
    figures.add("from the last submission to the last result", rest, "s")
    figures.add("in all", seconds, "s")
    figures.add("later tasks that started before one, p99", quantile(overtaken, 0.99), form=",.0f")
    figures.add("later tasks that started before one, most", max(overtaken), form=",.0f")
    least = min(share for share, _ in busy)
    figures.add("idlest simulator, busy", least * 100, "%", 90, at_least=True)
    figures.show()
    for reason, times in load.failures.items():
        print(f"{times} requests failed: {reason}")
    table(
        ("simulator", "ran or waited for a core", "seen so"),
        [
            (str(number), f"{share:.1%}", f"{seen:.1%}")
            for number, (share, seen) in enumerate(busy, 1)
        ],
    )


def overtakings(started: list[float]) -> list[int]:
    """For each task in order of position, how many later ones started before it."""
    seen: list[float] = []
    counts = []
    for moment in reversed(started):
        counts.append(bisect_left(seen, moment))
        insort(seen, moment)
    return counts[::-1]


async def _rows_when_ended(folder: Path) -> list[asyncpg.Record]:
    """Of every task, in order of position."""
    db = await asyncpg.connect(database_url(folder))
    try:
        while not await db.fetchval(_ENDED):
            await asyncio.sleep(0.2)
        return await db.fetch(_ORDER)
    finally:
        await db.close()

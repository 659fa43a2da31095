"""How long one client waits for an idle service, and what it costs to ask for what has ended."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bench.client import closed_loop, gets, in_process
from bench.floors import floor
from bench.processes import usage
from bench.programs import bell, several
from bench.rows import database_rows
from bench.running import CLIENTS, data_folder, running
from bench.tables import Figures, progress, quantile

TASKS = 500
GETS = 20_000


def measure() -> None:
    programs = several(bell, TASKS)
    progress("floors")
    floors = [floor(loop, programs[:200], 1) for loop in ("qiskit", "own")]
    least_ms = min(found.median_ms for found in floors)
    progress(f"{TASKS} bell tasks, one after the other")
    with data_folder() as folder, running(folder) as service:
        in_process(closed_loop, service.url, several(bell, CLIENTS, seed=0), CLIENTS)  # warm
        one = in_process(closed_loop, service.url, programs, 1)
        progress(f"{GETS} GETs")
        in_process(gets, service.url, one.ids, CLIENTS)  # warm
        ids = asyncio.run(_ended(folder, one.ids))
        before = usage(service)
        many = in_process(gets, service.url, ids, CLIENTS)
        spent = usage(service).since(before)
    figures = Figures()
    figures.add("a bell task in the loop, median", least_ms, "ms")
    middle, late = (quantile(one.tasks, share) * 1000 for share in (0.5, 0.99))
    figures.add("submission to result, median", middle, "ms", least_ms + 10)
    figures.add("submission to result, p99", late, "ms", least_ms + 30)
    figures.add("POST /tasks, median", quantile(one.posts, 0.5) * 1000, "ms", 5)
    figures.add("POST /tasks, p99", quantile(one.posts, 0.99) * 1000, "ms", 20)
    rate = GETS / spent.by_part["main"]
    figures.add("GET of ended tasks, per core of the server", rate, "/s", 2500, True, ",.0f")
    figures.add(f"GET, p99 with {CLIENTS} clients", quantile(many.tasks, 0.99) * 1000, "ms", 10)
    figures.add("GET, with all clients", GETS / many.seconds, "/s", form=",.0f")
    figures.add("GET, Postgres' part", spent.by_part["postgres"] / GETS * 1000, "ms", form=".3f")
    figures.show()


async def _ended(folder: Path, ids: list[str]) -> list[str]:
    """Tasks that nobody has asked for yet: copies of these."""
    async with database_rows(folder) as rows:
        await rows.remember("ended", ids)
        return [str(id) for id in await rows.add("ended", GETS)]

"""Whether a task costs more when many are queued, or have ended, after an hour at 200 tasks/s."""

from __future__ import annotations

import asyncio
import uuid
from collections import deque
from contextlib import AbstractContextManager
from pathlib import Path

from service import Service

from bench.client import closed_loop, flood, in_process
from bench.processes import usage
from bench.programs import bell, several
from bench.rows import Rows, database_rows
from bench.running import CLIENTS, data_folder, running
from bench.tables import judged, plot, progress, table

BATCH = 3000
QUEUED = (100, 1000, 10_000, 100_000)
ENDED = (0, 10_000, 100_000, 1_000_000)
MOST = 1.2
# to a queue that nobody works on; before others with a lower priority; those others themselves
WAYS = ("submitted", "ahead", "drained")
_STARTED = 6000  # tasks that may be done before the service is seen to have started
_TEMPLATES = 200
_BETWEEN = 6  # the points between the first and the last get a sixth of the churn


def measure(churn: int, most_ended: int) -> None:
    with data_folder() as folder:
        asyncio.run(_prepare(folder))
        queued = asyncio.run(_queued(folder, churn))
    with data_folder() as folder:
        asyncio.run(_prepare(folder))
        ended = asyncio.run(_ended(folder, churn, most_ended))
    print("Processor time per task in ms, all processes together; bell tasks,")
    print(f"{BATCH} for each figure; `ahead` and `drained` come after their submission.\n")
    for column, way in enumerate(WAYS):
        _show("queued", [(count, costs[column]) for count, costs in queued], way)
    _show("ended", [(count, costs[0]) for count, costs in ended], "all the way")


def _show(what: str, points: list[tuple[int, float]], way: str) -> None:
    first = points[0][1]
    rows = [(f"{count:,}", f"{ms:.2f}", f"{ms / first:.2f}") for count, ms in points]
    rows[-1] = (*rows[-1][:2], judged(points[-1][1] / first, MOST))
    table((f"tasks {what}", f"{way}, ms", "against the first"), rows)
    plot(f"{way}, ms by tasks {what}", [(f"{count:,}", ms) for count, ms in points])


async def _prepare(folder: Path) -> None:
    """Makes the database and the tasks that are copied, queued and completed."""
    with _api(folder) as service:
        load = in_process(flood, service.url, several(bell, _TEMPLATES, seed=9), CLIENTS)
        assert len(load.ids) == _TEMPLATES, load.failures
        async with database_rows(folder) as rows:
            await rows.remember("queued", load.ids)
    with _whole(folder):
        async with database_rows(folder) as rows:
            while await rows.ended() < _TEMPLATES:
                await asyncio.sleep(0.2)
            await rows.remember("ended", load.ids)


async def _queued(folder: Path, churn: int) -> list[tuple[int, list[float]]]:
    """For each length of the queue, milliseconds per task for each of WAYS."""
    points = []
    for count in QUEUED:
        share = churn if count in (QUEUED[0], QUEUED[-1]) else churn // _BETWEEN
        progress(f"{count} queued: {share} tasks of churn")
        with _api(folder) as service:
            async with database_rows(folder) as rows:
                await rows.remove_queued()
                queue = deque(await rows.add("queued", count + BATCH, priority=-1))
                await rows.churn(queue, share)
                progress(f"{count} queued: measuring")
                submitted = await _submitted(service, rows)
                front = deque(await rows.add("queued", _STARTED + BATCH))
        with _whole(folder) as service:
            async with database_rows(folder) as rows:
                while not await rows.is_queued(front[0]):
                    front.popleft()
                assert len(front) >= BATCH, "too much was done while the service was starting"
                ahead = await _worked_off(service, rows, front[BATCH - 1])
                await rows.until_begun(front[-1])
                drained = await _worked_off(service, rows, queue[BATCH - 1])
        points.append((count, [submitted, ahead, drained]))
    return points


async def _ended(folder: Path, churn: int, most: int) -> list[tuple[int, list[float]]]:
    points = []
    there = 0
    counts = [count for count in ENDED if count <= most]
    for count in counts:
        share = churn if count in (counts[0], counts[-1]) else churn // _BETWEEN
        progress(f"{count} ended: {share} tasks of churn")
        with _api(folder):
            async with database_rows(folder) as rows:
                await rows.add("ended", count - there)
                await rows.churn(deque(), share)
        there = count
        progress(f"{count} ended: measuring")
        with _whole(folder) as service:
            points.append((count, [await _all_the_way(service)]))
    return points


async def _submitted(service: Service, rows: Rows) -> float:
    """Milliseconds per task to take a batch on, while nobody works."""
    ids: list[str] = []
    for count in (BATCH // 5, BATCH):
        before = usage(service)
        load = await asyncio.to_thread(
            in_process, flood, service.url, several(bell, count), CLIENTS
        )
        spent = usage(service).since(before)
        assert len(load.ids) == count, load.failures
        ids += load.ids
    await rows.remove(ids)
    return spent.total / BATCH * 1000


async def _worked_off(service: Service, rows: Rows, last: uuid.UUID) -> float:
    """Milliseconds per task to work off the queue up to a task."""
    ended, before = await rows.ended(), usage(service)
    await rows.until_begun(last)
    spent = usage(service).since(before)
    return spent.total / (await rows.ended() - ended) * 1000


async def _all_the_way(service: Service) -> float:
    """Milliseconds per task from its submission to its result."""
    for count in (BATCH // 5, BATCH):
        before = usage(service)
        load = await asyncio.to_thread(
            in_process, closed_loop, service.url, several(bell, count), CLIENTS
        )
        spent = usage(service).since(before)
        assert len(load.tasks) == count
    return spent.total / BATCH * 1000


def _whole(folder: Path) -> AbstractContextManager[Service]:
    return running(folder, MAX_QUEUED_TASKS="10000000")


def _api(folder: Path) -> AbstractContextManager[Service]:
    """A service that works on nothing."""
    return running(folder, "--only", "api", MAX_QUEUED_TASKS="10000000")

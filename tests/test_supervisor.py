"""Work that must not end, ended in every way."""

from __future__ import annotations

import asyncio
import contextlib
import logging

import pytest

from quantum_tasks.errors import DatabaseUnavailable
from quantum_tasks.supervisor import Supervisor

ENDS = {
    "return": None,
    "outage": DatabaseUnavailable(),
    "defect": KeyError("x"),
    "cancellation of its own": asyncio.CancelledError(),
}


@pytest.mark.parametrize("end", ENDS)
async def test_work_that_ends_is_started_again_and_said_to_fail(end, caplog):
    runs = 0

    async def work():
        nonlocal runs
        runs += 1
        if ENDS[end] is not None:
            raise ENDS[end]

    supervisor = Supervisor()
    assert supervisor.failing == []
    task = asyncio.create_task(supervisor.keep("work", work))
    async with asyncio.timeout(5):
        while runs < 2:
            await asyncio.sleep(0.01)
    assert supervisor.failing == ["work"]
    task.cancel()
    await asyncio.wait({task}, timeout=1)
    assert task.cancelled()
    record = caplog.records[0]
    assert record.work == "work"
    assert bool(record.exc_info) == (end in ("defect", "cancellation of its own"))
    assert record.levelno == (logging.ERROR if record.exc_info else logging.WARNING)


@pytest.mark.parametrize("end", ["return", "raise"])
async def test_a_cancellation_that_the_work_swallows_still_ends_it(end):
    async def work():
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        if end == "raise":
            raise DatabaseUnavailable

    task = asyncio.create_task(Supervisor().keep("work", work))
    await asyncio.sleep(0.1)
    task.cancel()
    await asyncio.wait({task}, timeout=1)
    assert task.cancelled()

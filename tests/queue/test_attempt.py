"""One attempt, with a child of its own."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator

import pytest
from service import BELL
from submitting import submit

from quantum_tasks.fence.pool import ProcessPool
from quantum_tasks.orders import Limits
from quantum_tasks.queue.attempt import Attempt
from quantum_tasks.queue.outcomes import Outcomes
from quantum_tasks.queue.scheduler import Scheduler
from quantum_tasks.queue.storage import Storage
from quantum_tasks.settings import Settings

A = uuid.UUID(int=1)


@pytest.fixture
async def simulators() -> AsyncIterator[ProcessPool]:
    pool = ProcessPool("simulator", 2, Limits(memory_mb=512, max_result_bytes=2**20))
    await pool.start()
    yield pool
    await pool.stop()


async def test_what_is_stopped_before_it_has_begun_gives_its_child_back(pool, store, simulators):
    id = await submit(store, BELL)
    await store.heartbeat(A, "host", 1, "0", 0)
    scheduler = Scheduler(2, 2, 2)
    scheduler.hinted()
    claim = scheduler.next_claim()
    assert claim is not None
    tasks, _ = await store.claim(A, *claim)
    scheduler.claimed(claim, tasks)
    settings = Settings()
    outcomes = Outcomes(store, Storage(pool), settings, A, [], scheduler.hinted)
    freed = asyncio.Event()
    attempt = Attempt(tasks[0], scheduler, simulators, settings, outcomes, freed.set)
    attempt.stop()
    await attempt.run
    assert freed.is_set()
    scheduler.hinted()
    assert scheduler.next_claim() == claim
    assert (await store.get(id)).status == "completed"

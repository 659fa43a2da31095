"""Cancelling: what the statements do to a task that somebody wants no more."""

from __future__ import annotations

import asyncio
import uuid

import asyncpg
import pytest
from submitting import submit
from test_store import A, B, age, claim, claimed, status, steady

from quantum_tasks.queue.store import LEASE_S
from quantum_tasks.tasks import Status


async def test_a_queued_task_is_cancelled_at_once_and_a_running_one_is_being_cancelled(store):
    running = await claimed(store)
    queued = await submit(store)
    unknown = uuid.uuid4()
    expected = {running.id: Status.CANCELLING, queued: Status.CANCELLED}
    for _ in range(2):
        assert await store.cancel([running.id, queued, unknown]) == expected
    assert (await store.get(queued)).status is Status.CANCELLED
    assert await store.cancellations(A) == [running.id]
    assert await store.cancellations(B) == []
    assert await claim(store, A, 9) == []


async def test_a_task_that_is_being_cancelled_ends_in_no_other_way(pool, store):
    task = await claimed(store)
    await store.cancel([task.id])
    assert not await store.complete(task, A, "{}")
    assert not await store.fail(task, A, "code", "message")
    with pytest.raises(asyncpg.CheckViolationError, match="being cancelled"):
        await pool.execute("update tasks set status = 'completed', ended_at = now()")
    assert not await store.cancelled(task, B)
    assert await store.cancelled(task, A)
    assert await store.cancelled(task, A)  # the answer may have been lost
    assert await status(pool, task.id) == "cancelled"


async def test_what_has_ended_is_not_cancelled(store):
    task = await claimed(store)
    assert not await store.cancelled(task, A)  # nobody has asked for it
    await store.complete(task, A, "{}")
    assert await store.cancel([task.id]) == {task.id: Status.COMPLETED}
    assert (await store.get(task.id)).status is Status.COMPLETED


@pytest.mark.parametrize("how", ["crash", "loss", "release", "disown", "sweep"])
async def test_a_task_that_is_being_cancelled_is_not_queued_again(pool, store, how):
    await steady(pool, store, B)
    task = await claimed(store)
    await store.cancel([task.id])
    match how:
        case "crash":
            assert await store.retry(task, A, 9, 0, "code", "message") is Status.CANCELLED
        case "loss":
            assert await store.lose(task, A) is Status.CANCELLED
        case "release":
            await store.release(A)
        case "disown":
            await pool.execute("update tasks set started_at = started_at - interval '1 hour'")
            await store.disown(A, [])
        case "sweep":
            await age(pool, A, "heartbeat_at", LEASE_S + 1)
            await store.sweep(B)
    assert await status(pool, task.id) == "cancelled"


async def test_results_are_stored_in_the_order_in_which_tasks_are_cancelled(store, monkeypatch):
    for _ in range(20):
        await submit(store)
    tasks = await claim(store, A, 20)
    tasks.sort(key=lambda task: task.id, reverse=True)
    orders = []
    fetch = asyncpg.Connection.fetch

    async def recording(connection, query, *arguments, **options):
        orders.append(arguments[0])
        return await fetch(connection, query, *arguments, **options)

    monkeypatch.setattr(asyncpg.Connection, "fetch", recording)
    stored = await asyncio.gather(*(store.complete(task, A, "{}") for task in tasks))
    assert all(stored)
    assert max(map(len, orders)) > 10
    assert all(ids == sorted(ids) for ids in orders)

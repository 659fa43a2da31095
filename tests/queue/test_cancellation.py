"""Cancelling: what the statements do to a task that somebody wants no more."""

from __future__ import annotations

import asyncio
import uuid

import asyncpg
import pytest
from submitting import submit
from test_store import A, B, age, claim, claimed, status, steady

from quantum_tasks.archive.cancelling import Cancellations
from quantum_tasks.archive.lists import Filter
from quantum_tasks.database.pool import Pool
from quantum_tasks.queue.store import LEASE_S, ClaimedTask, Store
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


async def complete_all(pool: Pool, store: Store, tasks: list[ClaimedTask]) -> None:
    await asyncio.gather(*(store.complete(task, A, "{}") for task in tasks))


async def cancel_all(pool: Pool, store: Store, tasks: list[ClaimedTask]) -> None:
    await store.cancel([task.id for task in tasks])


async def cancel_all_that_match(pool: Pool, store: Store, tasks: list[ClaimedTask]) -> None:
    await Cancellations(pool).cancel("peer", Filter(), lambda id: None)


async def release_all(pool: Pool, store: Store, tasks: list[ClaimedTask]) -> None:
    await store.release(A)


async def disown_all(pool: Pool, store: Store, tasks: list[ClaimedTask]) -> None:
    await store.disown(A, [])


async def sweep_all(pool: Pool, store: Store, tasks: list[ClaimedTask]) -> None:
    await age(pool, A, "heartbeat_at", LEASE_S + 1)
    await store.sweep(B)


@pytest.mark.parametrize(
    "change",
    [complete_all, cancel_all, cancel_all_that_match, release_all, disown_all, sweep_all],
)
async def test_tasks_are_locked_in_the_order_of_their_ids(pool, store, change):
    """Two that lock the same tasks in different orders would each wait for the other."""
    await steady(pool, store, B)
    for number in range(20, 0, -1):  # the first of that order is found last
        await submit(store, id=uuid.UUID(int=number))
    tasks = await claim(store, A, 20)
    await pool.execute("update tasks set started_at = started_at - interval '1 hour'")
    blocked = "select from pg_locks where not granted and pid <> pg_backend_pid()"
    free = "select count(*) from (select from tasks for update skip locked) free"
    async with pool.acquire() as db, asyncio.TaskGroup() as group, db.transaction():
        await db.execute("select from tasks where id = $1 for update", uuid.UUID(int=1))
        changing = group.create_task(change(pool, store, tasks))
        while not await pool.fetch(blocked):
            assert not changing.done()
            await asyncio.sleep(0.01)
        assert await pool.fetchval(free) == 19
    unchanged = (
        "select count(*) from tasks where status = 'running' and cancel_requested_at is null"
    )
    assert await pool.fetchval(unchanged) == 0

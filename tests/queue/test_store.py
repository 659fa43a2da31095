"""Every guard of the statements in sql/queries, asked of a real Postgres."""

from __future__ import annotations

import asyncio
import json
import random
import uuid

import asyncpg
import pytest
from submitting import submit

from quantum_tasks.database.pool import Pool, create_pool
from quantum_tasks.database.queries import QUERIES
from quantum_tasks.queue.store import LEASE_S, ClaimedTask, Store
from quantum_tasks.tasks import Status

A, B = uuid.UUID(int=1), uuid.UUID(int=2)


async def claimed(store: Store, instance: uuid.UUID = A) -> ClaimedTask:
    await submit(store)
    (task,) = await claim(store, instance)
    return task


async def claim(store: Store, instance: uuid.UUID, limit: int = 1) -> list[ClaimedTask]:
    """What an instance takes that lives."""
    await register(store, instance)
    tasks, _ = await store.claim(instance, limit)
    return tasks


async def status(pool: Pool, id: uuid.UUID) -> str:
    found: str = await pool.fetchval("select status from tasks where id = $1", id)
    return found


async def register(store: Store, *instances: uuid.UUID) -> None:
    for instance in instances:
        await store.heartbeat(instance, "host", 1, "0", 0)


async def age(pool: Pool, instance: uuid.UUID, column: str, seconds: float) -> None:
    await pool.execute(
        f"update instances set {column} = now() - $2 * interval '1 second' where id = $1",  # noqa: S608
        instance,
        seconds,
    )


async def steady(pool: Pool, store: Store, instance: uuid.UUID) -> None:
    await register(store, instance)
    await age(pool, instance, "steady_since", LEASE_S + 1)


async def hints(pool: Pool) -> int:
    found: int = await pool.fetchval(
        "select count(*) from procrastinate_jobs where status = 'todo'"
    )
    return found


@pytest.mark.parametrize("isolation", ["repeatable read", "serializable"])
async def test_statements_do_as_they_say_whatever_the_default_isolation(database, isolation):
    db = await asyncpg.connect(database)
    name = await db.fetchval("select current_database()")
    await db.execute(f"alter database {name} set default_transaction_isolation = '{isolation}'")
    pool = await create_pool(database, 2)
    store = Store(pool, "tasks")
    id = await submit(store)
    async with db.transaction():
        await db.execute("update tasks set priority = 1")
        cancelling = asyncio.create_task(store.cancel([id]))
        waiting = "select from pg_stat_activity where wait_event_type = 'Lock' and datname = $1"
        while not await db.fetch(waiting, name):
            await asyncio.sleep(0.01)
    assert await cancelling
    await db.close()
    pool.terminate()


async def test_a_task_goes_from_submission_to_result(pool, store):
    await steady(pool, store, A)
    assert await store.sweep(A) is not None
    id = await submit(store)
    (task,) = await claim(store, A)
    assert (task.id, task.attempt) == (id, 1)
    assert await store.complete(task, A, "{}")
    assert (await store.get(id)).status is Status.COMPLETED


async def test_tasks_are_claimed_first_come_first_served(store):
    ids = [await submit(store, str(i), 10, None) for i in range(5)]
    assert [task.id for task in await claim(store, A, 3)] == ids[:3]
    assert [task.id for task in await claim(store, B, 3)] == ids[3:]
    assert await claim(store, A, 3) == []


async def test_a_claim_takes_only_its_own_queue_and_no_task_before_its_time(pool, store):
    await submit(Store(pool, "other"))
    later = await submit(store)
    await pool.execute(
        "update tasks set run_after = now() + interval '1 hour' where id = $1", later
    )
    assert await claim(store, A, 9) == []


async def test_concurrent_claims_never_get_the_same_task(store):
    ids = {await submit(store) for _ in range(40)}
    claims = await asyncio.gather(*(claim(store, uuid.uuid4(), 7) for _ in range(10)))
    got = [task.id for claim in claims for task in claim]
    while more := await claim(store, A, 7):
        got += [task.id for task in more]
    assert len(got) == 40
    assert set(got) == ids


async def test_a_claim_passes_over_what_another_is_taking(pool, store):
    first, second = [await submit(store) for _ in range(2)]
    async with pool.acquire() as other, other.transaction():
        await other.execute("select from tasks where id = $1 for update", first)
        async with asyncio.timeout(5):
            (task,) = await claim(store, A, 2)
        assert task.id == second


async def test_large_results_are_left_out_until_somebody_asks_for_one(pool, store):
    """Together they would fill the memory."""
    results = ['{"0":10}', f'{{"{random.Random(1).randbytes(100_000).hex()}":1}}']
    ids = []
    for counts in results * 3:
        task = await claimed(store)
        assert await store.complete(task, A, counts)
        ids.append(task.id)
    found = await asyncio.gather(*(store.get(id) for id in (*ids, await submit(store))))
    assert [task.counts for task in found] == [*[results[0], None] * 3, None]
    assert [await store.counts(id) for id in ids] == results * 3


async def test_a_result_is_stored_once_by_the_attempt_that_owns_the_task(pool, store):
    task = await claimed(store)
    assert await store.complete(task, A, '{"0":10}')
    found = await store.get(task.id)
    assert (found.status, found.counts) == (Status.COMPLETED, '{"0":10}')
    assert await store.complete(task, A, '{"1":10}')  # it is stored: the answer may have been lost
    assert (await store.get(task.id)).counts == '{"0":10}'
    assert not await store.fail(task, A, "code", "message")
    row = await pool.fetchrow("select * from results")
    assert (row["task_id"], row["attempt"]) == (task.id, 1)


async def test_a_result_is_stored_without_a_look_at_others_that_are_there(pool, store):
    async with pool.acquire() as db:  # which has no statistics yet
        await db.execute(f"prepare complete as {QUERIES['complete']}")
        nulls = ", ".join(["null"] * 8)
        plan = str(await db.fetch(f"explain execute complete ({nulls})"))
        await db.execute("deallocate complete")
    assert "tasks_pkey" in plan
    assert "tasks_listed" not in plan
    assert "Seq Scan" not in plan


async def test_a_result_is_not_compressed_in_the_slow_way(pool, store):
    counts = json.dumps({f"{outcome:012b}": 1 for outcome in range(1000)})
    task = await claimed(store)
    assert await store.complete(task, A, counts)
    assert await pool.fetchval("select pg_column_compression(counts) from results") != "pglz"
    assert (await store.get(task.id)).counts == counts


async def test_the_status_that_people_see_is_no_call_of_a_function(pool):
    async with pool.acquire() as db:
        shown = "select shown_status(status, cancel_requested_at) from tasks"
        plan = await db.fetch(f"explain (verbose) {shown}")
    assert "CASE WHEN" in str(plan)


async def test_another_instance_cannot_end_a_task(pool, store):
    task = await claimed(store)
    assert not await store.complete(task, B, "{}")
    assert not await store.fail(task, B, "code", "message")
    assert await store.retry(task, B, 3, 0, "code", "message") is None
    assert await status(pool, task.id) == "running"
    assert await pool.fetchval("select count(*) from results") == 0


async def test_an_earlier_attempt_cannot_end_a_task_even_on_the_same_instance(pool, store):
    first = await claimed(store)
    await store.release(A)
    (second,) = await claim(store, A)
    assert second.attempt == 2
    assert not await store.complete(first, A, "{}")
    assert not await store.fail(first, A, "code", "message")
    assert await store.retry(first, A, 3, 0, "code", "message") is None
    assert await status(pool, first.id) == "running"
    assert await store.complete(second, A, "{}")


@pytest.mark.parametrize("end", ["completed", "failed", "cancelled"])
async def test_a_final_task_never_changes_whatever_statement_tries(pool, store, end):
    id = await submit(store)
    error = ("'c'", "'m'") if end == "failed" else ("null", "null")
    await pool.execute(
        f"update tasks set status = '{end}', ended_at = now(), "  # noqa: S608
        f"error_code = {error[0]}, error_message = {error[1]}"
    )
    for change in ("status = 'queued', ended_at = null", "attempt = 9", "shots = 1"):
        with pytest.raises(asyncpg.CheckViolationError, match="final"):
            await pool.execute(f"update tasks set {change}")  # noqa: S608
    assert await status(pool, id) == end


async def test_a_result_never_changes(pool, store):
    task = await claimed(store)
    await store.complete(task, A, '{"0":10}')
    with pytest.raises(asyncpg.CheckViolationError, match="final"):
        await pool.execute("""update results set counts = '{"1":10}'""")
    with pytest.raises(asyncpg.UniqueViolationError):
        await pool.execute("insert into results values ($1, 2, '{}')", task.id)


async def test_an_attempt_never_goes_backwards(pool, store):
    await claimed(store)
    with pytest.raises(asyncpg.CheckViolationError, match="attempt"):
        await pool.execute("update tasks set attempt = 0")


async def test_a_failure_that_is_told_twice_is_the_same_failure(store):
    task = await claimed(store)
    assert await store.fail(task, A, "code", "message")
    assert await store.fail(task, A, "code", "another")
    assert not await store.fail(task, A, "other", "message")
    assert not await store.complete(task, A, "{}")
    assert (await store.get(task.id)).error_message == "message"


async def test_attempts_are_consecutive(pool, store):
    await submit(store)
    for change in (
        "attempt = 1",
        "status = 'running', instance = gen_random_uuid()",
        "status = 'running', instance = gen_random_uuid(), attempt = 2",
    ):
        with pytest.raises(asyncpg.CheckViolationError, match="attempt"):
            await pool.execute(f"update tasks set {change}")  # noqa: S608


async def lost(pool: Pool, store: Store, losses: int) -> uuid.UUID:
    """A queued task that was lost with so many instances."""
    id = await submit(store)
    await pool.execute("update tasks set losses = $2 where id = $1", id, losses)
    return id


async def test_a_task_lost_twice_runs_alone_in_its_instance(pool, store):
    await register(store, A, B)
    await lost(pool, store, 1)
    suspect = await lost(pool, store, 2)
    behind = await submit(store)
    (first,), held_back = await store.claim(A, 9)  # up to the suspect
    assert (first.id == suspect, held_back) == (False, True)
    assert await store.claim(A, 9) == ([], True)  # until that has ended
    assert await store.complete(first, A, "{}")
    (alone,), held_back = await store.claim(A, 9)
    assert (alone.id, held_back) == (suspect, True)
    assert await store.claim(A, 9) == ([], True)
    (other,), held_back = await store.claim(B, 9)  # instances do not wait for one another
    assert (other.id, held_back) == (behind, False)
    assert await store.complete(alone, A, "{}")
    assert await store.claim(A, 9) == ([], False)


async def test_of_two_tasks_lost_twice_each_runs_alone(pool, store):
    await register(store, A)
    ids = [await lost(pool, store, 2) for _ in range(2)]
    for id in ids:
        (task,), _ = await store.claim(A, 9)
        assert task.id == id
        assert await store.complete(task, A, "{}")


async def test_a_lost_process_is_charged_as_a_loss_and_not_as_a_crash(pool, store):
    task = await claimed(store)
    assert await store.lose(task, B) is None
    assert await store.lose(task, A) is Status.QUEUED
    assert tuple(await pool.fetchrow("select losses, crashes from tasks")) == (1, 0)
    await pool.execute("update tasks set losses = 8")
    (task,) = await claim(store, A)
    assert await store.lose(task, A) is Status.FAILED
    assert (await store.get(task.id)).error_code == "task_lost"


async def test_an_instance_says_how_many_outcomes_of_its_were_refused(pool, store):
    for refused in (0, 3):
        await store.heartbeat(A, "host", 1, "0", refused)
        assert await pool.fetchval("select refused from instances") == refused


async def test_a_crash_is_charged_and_retried_until_the_retries_are_used_up(pool, store):
    task = await claimed(store)
    statuses = []
    while task.attempt < 9:
        statuses.append(await store.retry(task, A, 3, 0, "worker_crashed", "It died."))
        if statuses[-1] is Status.FAILED:
            break
        (task,) = await claim(store, A)
    assert statuses == [Status.QUEUED] * 3 + [Status.FAILED]
    found = await store.get(task.id)
    assert (found.error_code, found.error_message) == ("worker_crashed", "It died.")
    assert await pool.fetchval("select crashes from tasks") == 4


async def test_a_retry_waits_and_leaves_a_hint_for_when_its_time_has_come(pool, store):
    task = await claimed(store)
    await pool.execute("delete from procrastinate_jobs")
    await store.retry(task, A, 3, 60, "code", "message")
    assert await claim(store, A) == []
    seconds = await pool.fetchval(
        "select extract(epoch from scheduled_at - now())::float8 from procrastinate_jobs"
    )
    assert 55 < seconds <= 60


async def test_release_gives_back_what_an_instance_runs_without_charging_it(pool, store):
    mine, theirs = await claimed(store), await claimed(store, B)
    await pool.execute("delete from procrastinate_jobs")
    assert await store.release(A) == [mine.id]
    assert [await status(pool, task.id) for task in (mine, theirs)] == ["queued", "running"]
    row = await pool.fetchrow("select * from tasks where id = $1", mine.id)
    assert (row["crashes"], row["losses"], row["attempt"]) == (0, 0, 1)
    assert await hints(pool) == 1


async def test_an_instance_gives_back_what_it_owns_without_knowing(pool, store):
    known, unknown, fresh = [await claimed(store) for _ in range(3)]
    await pool.execute(
        "update tasks set started_at = now() - interval '1 minute' where id = any($1)",
        [known.id, unknown.id],
    )
    assert await store.disown(A, [known.id]) == [unknown.id]
    assert await status(pool, fresh.id) == "running"


async def test_an_error_message_may_quote_anything(store):
    task = await claimed(store)
    assert await store.fail(task, A, "code", "NUL \0 and half a pair \ud800")
    assert "NUL" in (await store.get(task.id)).error_message

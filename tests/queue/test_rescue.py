"""What instances that live do with what others have left behind: sweeps, and the leases that say
who lives."""

from __future__ import annotations

from submitting import submit
from test_store import A, B, age, claim, claimed, hints, register, steady

from quantum_tasks.queue.store import LEASE_S


async def test_a_sweep_queues_again_what_a_dead_instance_ran(pool, store):
    await steady(pool, store, A)
    await register(store, B)
    task = await claimed(store, B)
    await age(pool, B, "heartbeat_at", LEASE_S + 1)
    await pool.execute("delete from procrastinate_jobs")
    swept = await store.sweep(A)
    assert swept.requeued == [task.id]
    assert swept.instances == ["host:1"]
    assert await hints(pool) == 1
    assert not await store.complete(task, B, "{}")
    (again,) = await claim(store, A)
    assert again.attempt == 2
    assert await pool.fetchval("select losses from tasks") == 1


async def test_a_sweep_leaves_living_instances_alone(pool, store):
    await steady(pool, store, A)
    await register(store, B)
    task = await claimed(store, B)
    await age(pool, B, "heartbeat_at", LEASE_S - 3)
    swept = await store.sweep(A)
    assert (swept.requeued, swept.instances) == ([], [])
    assert await store.complete(task, B, "{}")


async def test_a_task_lost_too_often_fails(pool, store):
    await steady(pool, store, A)
    task = await claimed(store, B)
    await pool.execute("update tasks set losses = 8")
    await age(pool, B, "heartbeat_at", LEASE_S + 1)
    assert (await store.sweep(A)).failed == [task.id]
    assert (await store.get(task.id)).error_code == "task_lost"


async def test_nobody_sweeps_within_a_lease_of_an_outage(pool, store):
    await steady(pool, store, A)
    await register(store, B)
    task = await claimed(store, B)
    for instance in (A, B):  # the outage: nobody could say that it lives
        await age(pool, instance, "heartbeat_at", 60)
    assert await store.sweep(A) is None
    await register(store, A)  # A is back first
    assert await store.sweep(A) is None
    assert await store.complete(task, B, "{}")


async def test_an_unregistered_instance_does_not_sweep(store):
    assert await store.sweep(A) is None


async def test_an_instance_takes_tasks_during_its_lease_only(pool, store):
    await submit(store)
    assert await store.claim(A, 1) == ([], False)
    await register(store, A)
    await age(pool, A, "heartbeat_at", LEASE_S + 1)
    assert await store.claim(A, 1) == ([], False)
    await register(store, A)
    assert len((await store.claim(A, 1))[0]) == 1


async def test_a_heartbeat_says_whether_it_is_the_first_after_a_gap(pool, store):
    async def beat() -> bool:
        return await store.heartbeat(A, "host", 1, "0", 0)

    assert await beat()
    assert not await beat()
    await age(pool, A, "heartbeat_at", LEASE_S)
    assert await beat()
    assert not await beat()


async def test_two_instances_do_not_sweep_at_once(pool, store):
    await steady(pool, store, A)
    async with pool.acquire() as other, other.transaction():
        assert await other.fetchval(
            "select pg_try_advisory_xact_lock(hashtext('quantum_tasks.sweep'))"
        )
        assert await store.sweep(A) is None
    assert await store.sweep(A) is not None


async def test_a_sweep_hints_at_queued_tasks_that_no_job_points_to(pool, store):
    await steady(pool, store, A)
    await submit(store)
    await store.sweep(A)
    assert await hints(pool) == 1
    await pool.execute("delete from procrastinate_jobs")
    await store.sweep(A)
    assert await hints(pool) == 1


async def test_a_sweep_deletes_jobs_left_doing(pool, store):
    await steady(pool, store, A)
    for _ in range(2):
        await pool.execute(
            "insert into procrastinate_jobs (queue_name, task_name) values ('tasks', 'x')"
        )
    await pool.execute("update procrastinate_jobs set status = 'doing'")
    await pool.execute(
        "update procrastinate_events set at = now() - interval '1 minute' "
        "where job_id = (select min(id) from procrastinate_jobs)"
    )
    await store.sweep(A)
    assert (
        await pool.fetchval("select count(*) from procrastinate_jobs where status = 'doing'") == 1
    )

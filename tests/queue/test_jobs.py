"""procrastinate on our connections: woken at once, started again whatever ends it."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest
from procrastinate.exceptions import ConnectorException

from quantum_tasks.queue.jobs import JOB_NAME, AsyncpgConnector, create_app, run
from quantum_tasks.supervisor import Supervisor


@pytest.fixture
async def woken(pool, database):
    """An event that the queue's job sets, with the supervised worker running."""
    event = asyncio.Event()
    app = create_app(pool, database, event.set)
    task = asyncio.create_task(Supervisor().keep("queue", lambda: run(app, "tasks")))
    await asyncio.wait_for(event.wait(), 10)  # the listening connection was made
    event.clear()
    yield event
    task.cancel()
    await asyncio.wait({task}, timeout=5)
    assert task.cancelled()


async def wait(event: asyncio.Event, within_s: float) -> None:
    await asyncio.wait_for(event.wait(), within_s)
    event.clear()


async def test_a_hint_wakes_the_worker_at_once(woken, pool):
    for _ in range(10):
        await pool.execute("select hint_workers('tasks')")
        await wait(woken, 1)  # the next poll would be up to two seconds away


async def test_a_job_wakes_whoever_missed_its_notification_and_is_deleted(woken, pool):
    await pool.execute("alter table procrastinate_jobs disable trigger user")
    await pool.execute(
        "insert into procrastinate_jobs (queue_name, task_name) values ('tasks', $1)", JOB_NAME
    )
    await wait(woken, 4)
    await asyncio.sleep(0.3)
    assert await pool.fetchval("select count(*) from procrastinate_jobs") == 0
    assert await pool.fetchval("select count(*) from procrastinate_events") == 0


async def test_a_hint_for_another_queue_does_not_wake_it(woken, pool):
    await pool.execute("select hint_workers('other')")
    with pytest.raises(TimeoutError):
        await wait(woken, 0.5)


async def test_a_hint_for_later_wakes_it_later(woken, pool):
    await pool.execute("select hint_workers('tasks', now() + interval '1 second')")
    await wait(woken, 1)  # by its notification, which says nothing of when
    with pytest.raises(TimeoutError):
        await wait(woken, 0.6)
    await wait(woken, 5)


async def test_it_survives_the_loss_of_all_its_connections(woken, pool, database):
    for _ in range(3):
        db = await asyncpg.connect(database)
        await db.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where datname = current_database() and pid <> pg_backend_pid()"
        )
        await db.execute("select hint_workers('tasks')")
        await db.close()
        await wait(woken, 10)


async def test_it_survives_the_loss_of_its_row(woken, pool):
    await pool.execute("delete from procrastinate_workers")
    await pool.execute("select hint_workers('tasks')")
    await asyncio.sleep(0.5)
    woken.clear()
    await pool.execute("select hint_workers('tasks')")
    await wait(woken, 10)


async def test_an_error_of_the_database_is_procrastinates_error(pool, database):
    connector = AsyncpgConnector(pool, database, lambda: None)
    with pytest.raises(ConnectorException):
        await connector.execute_query_async("select 1 / 0")
    assert await connector.execute_query_one_async("select %(a)s::int + %(a)s as b", a=1) == {
        "b": 2
    }
    assert await connector.execute_query_all_async("select '100%%' as c") == [{"c": "100%"}]

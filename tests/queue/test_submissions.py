"""How tasks get into the database."""

from __future__ import annotations

import asyncio
import uuid

import asyncpg
import pytest
from submitting import submit

import quantum_tasks.queue.submissions
from quantum_tasks.errors import IdempotencyMismatch, OutcomeUnknown, QueueFull
from quantum_tasks.queue.jobs import JOB_NAME
from quantum_tasks.queue.submissions import NewTask, Submissions

CLAIM_ONE = """
update tasks set status = 'running', attempt = 1, instance = gen_random_uuid()
where id = (select id from tasks where status = 'queued' and queue = 'tasks' limit 1)
"""


async def hints(pool) -> int:
    found: int = await pool.fetchval(
        "select count(*) from procrastinate_jobs where status = 'todo'"
    )
    return found


async def test_submit_stores_task_program_and_hint_together(pool, submissions):
    id = await submit(submissions, "the program", 10, 3)
    row = await pool.fetchrow(
        "select t.*, p.qc from tasks t join programs p on p.task_id = t.id where t.id = $1", id
    )
    assert (row["status"], row["shots"], row["seed"], row["qc"]) == (
        "queued",
        10,
        3,
        "the program",
    )
    job = await pool.fetchrow("select * from procrastinate_jobs")
    assert (job["queue_name"], job["task_name"], job["status"]) == ("tasks", JOB_NAME, "todo")


async def test_many_submissions_need_one_hint(pool, submissions):
    await asyncio.gather(*(submit(submissions) for _ in range(5)))
    await submit(submissions)
    assert await hints(pool) <= 5
    await pool.execute("update procrastinate_jobs set status = 'doing'")
    await submit(submissions)
    await submit(submissions)
    assert await hints(pool) == 1


async def test_a_full_queue_takes_no_task(pool):
    submissions = Submissions(pool, "tasks", max_queued=5)
    ids = [await submit(submissions) for _ in range(5)]
    with pytest.raises(QueueFull, match="5 tasks are queued"):
        await submit(submissions)
    for table in ("tasks", "programs"):
        assert await pool.fetchval(f"select count(*) from {table}") == len(ids)  # noqa: S608
    await submit(Submissions(pool, "other", max_queued=5))  # each queue for itself
    await pool.execute(CLAIM_ONE)
    await submit(submissions)


async def test_a_queue_that_was_full_is_not_asked_again_for_a_moment(pool, monkeypatch):
    submissions = Submissions(pool, "tasks", max_queued=2)
    for _ in range(2):
        await submissions.check_room()
        await submit(submissions)
    await submissions.check_room()  # it was empty when it was counted, which is good enough here
    with pytest.raises(QueueFull):
        await submit(submissions)
    with pytest.raises(QueueFull):
        await submissions.check_room()
    await pool.execute(CLAIM_ONE)
    with pytest.raises(QueueFull):
        await submissions.check_room()
    monkeypatch.setattr(quantum_tasks.queue.submissions, "_RECOUNT_S", 0.0)
    await submissions.check_room()
    await submit(submissions)
    with pytest.raises(QueueFull):
        await submissions.check_room()


async def test_concurrent_submissions_exceed_the_limit_by_no_more_than_there_are(pool):
    submissions = Submissions(pool, "tasks", max_queued=5)
    tries = (submit(submissions) for _ in range(30))
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    taken = sum(isinstance(outcome, uuid.UUID) for outcome in outcomes)
    assert 5 <= taken <= 5 + 10  # ten connections
    assert all(isinstance(outcome, (uuid.UUID, QueueFull)) for outcome in outcomes)


async def test_a_long_queue_is_counted_once_a_second_until_it_is_nearly_full(pool):
    submissions = Submissions(pool, "tasks", max_queued=3000)
    await pool.execute(
        "insert into tasks (id, queue, shots) "
        "select gen_random_uuid(), 'tasks', 1 from generate_series(1, 1998)"
    )
    limits = []
    execute = asyncpg.Connection.fetch

    async def recording(connection, query, *arguments, **options):
        limits.append(arguments[-2])
        return await execute(connection, query, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncpg.Connection, "fetch", recording)
        await submit(submissions)  # not counted yet: the statement counts
        await submissions.check_room()
        for _ in range(3):
            await submissions.check_room()
            await submit(submissions)
    assert limits == [3000, None, 3000, 3000]  # 1999 at the count


async def test_submit_leaves_nothing_behind_when_its_hint_cannot_be_stored(pool, submissions):
    await pool.execute("alter table procrastinate_jobs add check (queue_name <> 'tasks')")
    with pytest.raises(asyncpg.CheckViolationError):
        await submit(submissions)
    assert await pool.fetchval("select count(*) from tasks") == 0
    assert await pool.fetchval("select count(*) from programs") == 0


@pytest.mark.parametrize("stored", [True, False])
async def test_a_submission_whose_answer_was_lost_is_stored_once(
    pool, submissions, monkeypatch, stored
):
    fetch = asyncpg.Connection.fetch

    async def deaf(connection, *arguments, **options):
        monkeypatch.setattr(asyncpg.Connection, "fetch", fetch)
        if stored:
            await fetch(connection, *arguments, **options)
        raise asyncpg.ConnectionDoesNotExistError

    monkeypatch.setattr(asyncpg.Connection, "fetch", deaf)
    id = await submit(submissions)
    rows = await pool.fetch("select id, status from tasks")
    assert [tuple(row) for row in rows] == [(id, "queued")]


async def test_who_cannot_learn_whether_a_task_was_stored_does_not_say_that_it_was_not(
    submissions, monkeypatch
):
    async def deaf(*_, **__):
        raise asyncpg.ConnectionDoesNotExistError

    monkeypatch.setattr(asyncpg.Connection, "fetch", deaf)
    with pytest.raises(OutcomeUnknown, match="nobody knows"):
        await submit(submissions)


def keyed(key: str, qc: str = "x") -> NewTask:
    return NewTask(qc=qc, shots=1, key=key, fingerprint=qc.encode())


async def test_a_key_brings_the_task_that_it_brought_first(pool, submissions):
    first = await submissions.submit(keyed("a"))
    again = await submissions.submit(keyed("a"))
    assert first.created_at is not None
    assert (again.id, again.created_at) == (first.id, None)
    assert (await submissions.submit(keyed("b"))).id != first.id
    assert await pool.fetchval("select count(*) from tasks") == 2
    assert await pool.fetchval("select count(*) from programs") == 2


async def test_a_key_is_for_one_request_only(pool, submissions):
    await submissions.submit(keyed("a"))
    with pytest.raises(IdempotencyMismatch):
        await submissions.submit(keyed("a", "y"))
    assert await pool.fetchval("select count(*) from tasks") == 1


async def test_of_many_with_one_key_at_the_same_time_one_is_stored(pool):
    everywhere = [Submissions(pool, "tasks") for _ in range(4)]
    keys = [f"key {number % 5}" for number in range(60)]
    tries = [
        everywhere[number % 4].submit(keyed(key))
        for number, key in enumerate([*keys, *keys[::-1]])
    ]
    found = await asyncio.gather(*tries)
    assert len({task.id for task in found}) == 5
    assert sum(task.created_at is not None for task in found) == 5
    assert await pool.fetchval("select count(*) from tasks") == 5


async def test_a_task_that_does_not_fit_leaves_its_key_free(pool, submissions):
    full = Submissions(pool, "tasks", max_queued=1)
    await full.submit(keyed("a"))
    with pytest.raises(QueueFull):
        await full.submit(keyed("b"))
    await pool.execute(CLAIM_ONE)
    assert (await full.submit(keyed("b"))).created_at is not None


async def test_a_batch_is_stored_whole_or_not_at_all(pool):
    submissions = Submissions(pool, "tasks", max_queued=5)
    assert len(await submissions.submit_all([NewTask(qc="x", shots=1)] * 1, None, b"", None)) == 1
    five = [NewTask(qc=str(number), shots=1) for number in range(5)]
    with pytest.raises(QueueFull):
        await submissions.submit_all(five, "key", b"", "{}")
    assert await pool.fetchval("select count(*) from tasks") == 1
    assert await submissions.kept("key", b"") is None
    assert len(await submissions.submit_all(five[:4], "key", b"", "{}")) == 4
    assert await submissions.submit_all(five[4:], "key", b"", "{}") is None
    kept = await submissions.kept("key", b"")
    assert (kept.task_ids, kept.answer) == ([task.id for task in five[:4]], "{}")


async def test_a_batch_under_way_keeps_nobody_with_its_key_waiting(database, pool, submissions):
    """Who brings the same key is stored in one statement with others, and they would wait too."""
    db = await asyncpg.connect(database)
    async with db.transaction():
        await db.execute("lock table tasks in share row exclusive mode")
        batch = [NewTask(qc="x", shots=1) for _ in range(3)]
        storing = asyncio.create_task(submissions.submit_all(batch, "key", b"", "{}"))
        await asyncio.sleep(0.5)
        async with asyncio.timeout(5):
            await pool.execute("insert into idempotency_keys values ('key', '', '{}')")
    assert await storing is None
    assert await pool.fetchval("select count(*) from tasks") == 0
    await db.close()


async def test_what_few_tasks_bring_is_stored_with_them(pool, submissions):
    extras = (
        '{"priority":7,"ttl_s":60,"name":"n","tags":{"a":"1","b":"2"},'
        '"callback_url":"http://x.example/"}'
    )
    id = await submit(submissions, options='{"memory":true}', extras=extras)
    row = await pool.fetchrow(
        "select t.priority, t.ttl_s, t.callback, p.name, p.options, c.url, c.due_at = 'infinity' "
        "from tasks t join programs p on p.task_id = t.id join callbacks c on c.task_id = t.id "
        "where t.id = $1",
        id,
    )
    assert tuple(row) == (7, 60, True, "n", '{"memory":true}', "http://x.example/", True)
    tags = await pool.fetch("select key, value from task_tags where task_id = $1 order by 1", id)
    assert [tuple(tag) for tag in tags] == [("a", "1"), ("b", "2")]

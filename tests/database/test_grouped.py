"""Calls that share a statement."""

from __future__ import annotations

import asyncio
import uuid

import asyncpg
import pytest
from submitting import submit

from quantum_tasks.database.grouped import Grouped
from quantum_tasks.errors import DatabaseUnavailable, QueueFull
from quantum_tasks.queue.submissions import Submissions
from quantum_tasks.tasks import Status

A = uuid.UUID(int=1)


class Doubling:
    """Work that notes its groups, and takes a moment for each."""

    def __init__(self, error: Exception | None = None) -> None:
        self.groups: list[list[int]] = []
        self.error = error

    async def __call__(self, items: list[int]) -> list[int]:
        self.groups.append(items)
        await asyncio.sleep(0.01)
        if self.error and 13 in items:
            raise self.error
        return [item * 2 for item in items]


async def test_a_single_call_goes_at_once():
    work = Doubling()
    assert await Grouped(work)(4) == 8
    assert work.groups == [[4]]


async def test_calls_that_arrive_while_one_is_under_way_go_together_in_order():
    work = Doubling()
    grouped = Grouped(work)
    assert await asyncio.gather(*map(grouped, range(6))) == [0, 2, 4, 6, 8, 10]
    assert work.groups in ([[0], [1, 2, 3, 4, 5]], [[0, 1, 2, 3, 4, 5]])


async def test_a_group_has_a_most():
    work = Doubling()
    grouped = Grouped(work, most=4)
    await asyncio.gather(*map(grouped, range(10)))
    assert max(map(len, work.groups)) == 4
    assert [item for group in work.groups for item in group] == list(range(10))


async def test_none_suffers_for_another():
    grouped = Grouped(Doubling(ValueError("13")))
    results = await asyncio.gather(*map(grouped, [12, 13, 14]), return_exceptions=True)
    assert results[::2] == [24, 28]
    assert isinstance(results[1], ValueError)


async def test_when_the_database_is_away_all_are_told_and_nobody_asks_again():
    work = Doubling(DatabaseUnavailable())
    grouped = Grouped(work)
    results = await asyncio.gather(*map(grouped, [12, 13, 14]), return_exceptions=True)
    assert sum(isinstance(result, DatabaseUnavailable) for result in results) >= 2
    assert len(work.groups) <= 2
    assert await grouped(1) == 2


async def test_a_caller_that_has_gone_holds_up_nobody():
    grouped = Grouped(Doubling())
    leaving = asyncio.create_task(grouped(1))
    staying = asyncio.create_task(grouped(2))
    await asyncio.sleep(0)
    leaving.cancel()
    assert await staying == 4
    with pytest.raises(asyncio.CancelledError):
        await leaving


async def test_who_waits_is_told_if_whoever_would_serve_it_is_cancelled():
    grouped = Grouped(Doubling())
    callers = [asyncio.create_task(grouped(1))]
    await asyncio.sleep(0)
    await asyncio.sleep(0)  # it is under way: the others wait
    callers += [asyncio.create_task(grouped(number)) for number in (2, 3)]
    await asyncio.sleep(0)
    for run in grouped._runs:
        run.cancel()
    await asyncio.wait(callers, timeout=5)
    assert [caller.cancelled() for caller in callers] == [True] * 3
    assert await grouped(4) == 8


async def test_a_submission_that_the_database_refuses_harms_no_other(pool, submissions):
    await pool.execute("alter table programs add check (qc <> 'bad')")
    tries = (submit(submissions, qc) for qc in ("a", "bad", "b", "c"))
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert isinstance(results[1], asyncpg.CheckViolationError)
    stored = await pool.fetch("select id from tasks order by position")
    assert {row["id"] for row in stored} == {id for id in results if isinstance(id, uuid.UUID)}
    assert len(stored) == 3


async def test_a_result_that_the_database_refuses_harms_no_other(pool, store):
    for _ in range(3):
        await submit(store)
    await store.heartbeat(A, "host", 1, "0", 0)
    tasks, _ = await store.claim(A, 3)
    ends = (
        store.complete(task, A, counts)
        for task, counts in zip(tasks, ['{"0":1}', "no json", '{"1":1}'], strict=True)
    )
    first, second, third = await asyncio.gather(*ends, return_exceptions=True)
    assert (first, third) == (True, True)
    assert isinstance(second, asyncpg.PostgresError)
    assert (await store.get(tasks[1].id)).status is Status.RUNNING


async def test_submissions_together_are_queued_in_their_order_and_no_more_than_fit(pool):
    submissions = Submissions(pool, "tasks", max_queued=5)
    tries = (submit(submissions, str(i)) for i in range(9))
    results = await asyncio.gather(*tries, return_exceptions=True)
    rows = await pool.fetch(
        "select qc from programs p join tasks t on t.id = p.task_id order by t.position"
    )
    assert [row["qc"] for row in rows] == ["0", "1", "2", "3", "4"]
    assert all(isinstance(result, QueueFull) for result in results[5:])


async def test_of_a_group_whose_answer_was_lost_each_is_stored_once(
    pool, submissions, monkeypatch
):
    fetch = asyncpg.Connection.fetch

    async def deaf(connection, *arguments, **options):
        monkeypatch.setattr(asyncpg.Connection, "fetch", fetch)
        await fetch(connection, *arguments, **options)
        raise asyncpg.ConnectionDoesNotExistError

    monkeypatch.setattr(asyncpg.Connection, "fetch", deaf)
    ids = await asyncio.gather(*(submit(submissions) for _ in range(7)))
    assert len(set(ids)) == 7
    assert {row["id"] for row in await pool.fetch("select id from tasks")} == set(ids)

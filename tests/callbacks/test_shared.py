"""Many callbacks at once, and several instances: each has its turn, and none is told twice."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from callbacks.receiver import (
    HANG,
    delivering,
    ended,
    has_failed,
    hosts,
    is_delivered,
    outcome,
    receiving,
)

from quantum_tasks.callbacks import webhooks
from quantum_tasks.callbacks.callbacks import Callbacks
from quantum_tasks.callbacks.webhooks import DELAYS_S
from quantum_tasks.database.pool import create_pool
from quantum_tasks.database.queries import QUERIES


async def test_a_slow_receiver_does_not_hold_up_the_others(pool, receiver):
    receiver.answers = [HANG]
    for _ in range(60):
        await ended(pool, receiver.url)
    async with receiving() as quick:
        for _ in range(30):
            await ended(pool, quick.at("127.0.0.2"))
        async with delivering(pool):
            await quick.wait(30, within_s=5)
            assert receiver.open == len(receiver.arrived) == 2
            assert quick.most_open <= 2


async def test_a_host_with_many_ports_is_one_host(pool):
    async with receiving() as one, receiving() as other:
        one.answers = other.answers = [HANG]
        for _ in range(4):
            await ended(pool, one.url)
            await ended(pool, other.url)
        async with delivering(pool):
            async with asyncio.timeout(10):
                while one.open + other.open < 2:
                    await asyncio.sleep(0.01)
            await asyncio.sleep(0.3)
            assert one.open + other.open == 2


async def test_any_number_of_hosts_that_do_not_answer_hold_up_nobody(pool, receiver):
    """Neither one that has answered before nor one that was never called, of whatever age."""
    async with receiving() as slow:
        slow.answers = [HANG]
        before = await ended(pool, receiver.url)
        for host in hosts(1000):
            await ended(pool, slow.at(host))
        async with delivering(pool) as webhooks:
            await outcome(pool, before, is_delivered)
            for number in range(5):
                known = await ended(pool, receiver.url)
                new = await ended(pool, receiver.at(f"127.9.9.{number + 1}"))
                webhooks.wake()
                await outcome(pool, known, is_delivered, within_s=9)
                await outcome(pool, new, is_delivered, within_s=9)


async def test_many_receivers_are_delivered_to_at_once_but_not_too_many(pool):
    async with receiving() as slow:
        slow.answers = [HANG]
        for host in hosts(400):
            await ended(pool, slow.at(host))
        async with delivering(pool):
            async with asyncio.timeout(20):
                while slow.open <= 150:  # those that are not answered at once go on aside
                    await asyncio.sleep(0.05)
            await asyncio.sleep(2)
            assert slow.most_open <= 350


async def test_who_takes_his_time_is_delivered_to_in_the_end(pool, monkeypatch):
    """Though his first try had to make room for others, who are as slow."""
    monkeypatch.setattr(webhooks, "_MOMENT_S", 0.2)
    monkeypatch.setattr(webhooks, "_MOVED", 5)
    monkeypatch.setattr(webhooks, "DELAYS_S", (0.1,) * len(DELAYS_S))
    async with receiving() as slow, receiving() as slower:
        slow.takes_s = 1.0
        slower.answers = [HANG]
        for host in hosts(30):
            await ended(pool, slower.at(host))
        ids = [await ended(pool, slow.at(host)) for host in hosts(20, "127.2")]
        async with delivering(pool):
            rows = [await outcome(pool, id, is_delivered, within_s=30) for id in ids]
    assert max(row["tries"] for row in rows) == 2
    assert all(row["error"] is None for row in rows)


async def test_what_is_put_aside_is_no_try_and_comes_in_turn_from_each_host(pool):
    callbacks = Callbacks(pool)
    for number in range(9):
        await ended(pool, f"http://host{number % 3}.example:{8000 + number}/")
    claimed = await callbacks.claim({}, 0, 20)
    await callbacks.put_aside(claimed)
    assert await callbacks.claim({}, 0, 20) == []
    turns = []
    after = ""
    for _ in range(5):
        taken, after = await callbacks.claim_aside(after, 2, ["host1.example"])
        turns.append([(callback.host[:5], callback.tries) for callback in taken])
    assert turns == [[("host0", 1), ("host2", 1)], [], [("host0", 1), ("host2", 1)], [],
                     [("host0", 1), ("host2", 1)]]  # fmt: skip
    assert after == "host2.example"
    (known,) = await callbacks.claim({"host1.example": 2, "host9.example": 2}, 1, 0)
    assert (known.host, known.tries) == ("host1.example", 1)


async def test_the_newest_and_the_oldest_of_those_who_wait_come_first(pool):
    for number in range(12):
        await ended(pool, f"http://host{number:02}.example/")
    taken = [callback.host[4:6] for callback in await Callbacks(pool).claim({}, 0, 5)]
    assert sorted(taken) == ["00", "01", "09", "10", "11"]


async def test_two_instances_never_deliver_the_same_at_the_same_time(pool, database):
    async with contextlib.AsyncExitStack() as stack:
        receivers = [await stack.enter_async_context(receiving()) for _ in range(4)]
        ids = [await ended(pool, receivers[n % 4].at(f"127.0.0.{n % 4 + 1}")) for n in range(60)]
        other = await create_pool(database, 2)
        await stack.enter_async_context(delivering(pool))
        await stack.enter_async_context(delivering(other))
        for id in ids:
            await outcome(pool, id, is_delivered, within_s=10)
        arrived = [arrival for receiver in receivers for arrival in receiver.arrived]
    other.terminate()
    assert sorted(arrival.headers["webhook-id"] for arrival in arrived) == sorted(
        f"evt_{id.hex}" for id in ids
    )


@pytest.mark.parametrize("aside", [False, True])
async def test_claims_at_the_same_time_share_out_what_is_due_without_waiting(pool, aside):
    ids = {await ended(pool, f"http://host{n}.example/") for n in range(8)}
    await pool.execute("update callbacks set aside = $1", aside)
    statement = QUERIES["claim_callbacks_aside" if aside else "claim_callbacks"]
    arguments = (60.0, "", 5, [], 9) if aside else (60.0, ["host4.example"], [2], 1, 4)
    claim = Callbacks(pool).claim_aside("", 8, []) if aside else Callbacks(pool).claim({}, 0, 8)
    async with pool.acquire() as db, db.transaction():
        rows = await db.fetch(statement, *arguments)
        async with asyncio.timeout(2):
            others = await claim
    others = others[0] if aside else others
    claimed = [row["task_id"] for row in rows] + [callback.task_id for callback in others]
    assert (len(rows), len(others)) == (5, 3)
    assert set(claimed) == ids
    assert await Callbacks(pool).claim({"host4.example": 2}, 8, 8) == []


async def test_what_an_instance_had_begun_when_it_was_killed_is_delivered_by_another(
    pool, receiver, quick
):
    id = await ended(pool, receiver.url)
    (lost,) = await Callbacks(pool).claim({}, 0, 1)  # by one that then is no more
    async with delivering(pool):
        await asyncio.sleep(0.2)
        assert not receiver.arrived  # its lease
        row = await outcome(pool, id, lambda row: True)
        assert 55 < row["due_in_s"] <= 60
        await pool.execute("update callbacks set due_at = now()")
        row = await outcome(pool, id, is_delivered)
    assert (lost.tries, row["tries"], len(receiver.arrived)) == (1, 2, 1)


async def test_an_earlier_try_that_comes_late_changes_nothing_unless_it_arrived(pool):
    await ended(pool, "http://a.example/")
    callbacks = Callbacks(pool)
    (early,) = await callbacks.claim({}, 0, 1)
    await pool.execute("update callbacks set due_at = now()")
    (late,) = await callbacks.claim({}, 0, 1)
    await callbacks.failed(early, "early", None)
    row = await outcome(pool, early.task_id, lambda row: True)
    assert (row["error"], row["failed_at"]) == (None, None)
    await callbacks.failed(late, "late", None)
    await callbacks.delivered(early)
    row = await outcome(pool, early.task_id, is_delivered)
    assert (row["error"], row["failed_at"]) == (None, None)
    await callbacks.failed(late, "late", 0.0)
    assert await callbacks.claim({}, 0, 1) == []
    assert not has_failed(await outcome(pool, early.task_id, is_delivered))


async def test_a_stop_lets_a_delivery_end_and_hands_the_others_over(pool, receiver, quick):
    receiver.answers = [200, HANG]
    slow_id = done_id = None
    async with delivering(pool):
        done_id = await ended(pool, receiver.url)
        await receiver.wait(1)
    assert is_delivered(await outcome(pool, done_id, lambda row: True))
    async with delivering(pool):
        slow_id = await ended(pool, receiver.url)
        await receiver.wait(2)
    row = await outcome(pool, slow_id, lambda row: True)
    assert (row["error"], row["tries"]) == ("the service stopped", 1)
    assert row["due_in_s"] <= 0


async def test_a_stop_gives_back_what_was_claimed_and_not_begun(pool, receiver, monkeypatch):
    monkeypatch.setattr(webhooks, "_SPACE_S", 60)
    for host in hosts(10):
        await ended(pool, receiver.at(host))
    async with delivering(pool):
        await receiver.wait()
    rows = await pool.fetch("select tries, due_at <= now() as due from callbacks order by tries")
    assert [row["tries"] for row in rows] == [0] * 9 + [1]
    assert [row["due"] for row in rows[:9]] == [True] * 9


@pytest.mark.parametrize(
    ("statement", "arguments", "indexes"),
    [
        ("claim_callbacks", "60, '{}', '{}', 50, 100", ["callbacks_new", "callbacks_of_host"]),
        ("claim_callbacks_aside", "60, '', 100, '{}', 200", ["callbacks_aside"]),
    ],
)
async def test_what_is_due_is_found_by_index(pool, statement, arguments, indexes):
    async with pool.acquire() as db:
        await db.execute(f"prepare claim as {QUERIES[statement]}")
        rows = await db.fetch(f"explain execute claim ({arguments})")
    plan = "\n".join(row[0] for row in rows)
    assert all(index in plan for index in indexes)
    assert "Seq Scan" not in plan
    assert "Sort" not in plan

"""Every event is counted once, in its minute; and what is then said of the last hour."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections import Counter
from contextlib import asynccontextmanager

import asyncpg
import pytest
from submitting import submit

from quantum_tasks.archive.archive import Archive
from quantum_tasks.archive.minutes import Minutes
from quantum_tasks.archive.overview import Overviews, percentiles
from quantum_tasks.queue.store import LEASE_S

A, B = uuid.UUID(int=1), uuid.UUID(int=2)
COUNTS = ("submitted", "completed", "failed", "cancelled")


async def counted(pool) -> dict[str, int]:
    """The sums over all minutes."""
    sums = ", ".join(f"coalesce(sum({name}), 0) as {name}" for name in COUNTS)
    return dict(await pool.fetchrow(f"select {sums} from minutes"))  # noqa: S608


async def some(pool, store) -> dict[str, int]:
    """Tasks that end in every way; how many there are of each."""
    await store.heartbeat(A, "host", 1, "0", 0)
    ids = [await submit(store) for _ in range(9)]
    tasks, _ = await store.claim(A, 6)
    for task in tasks[:3]:
        assert await store.complete(task, A, "{}")
    for task, code in zip(tasks[3:], ("too_slow", "too_slow", "too_large"), strict=True):
        assert await store.fail(task, A, code, "message")
    await store.cancel(ids[6:8])
    return {"submitted": 9, "completed": 3, "failed": 3, "cancelled": 2}


@asynccontextmanager
async def open_transaction(database: str, *statements: str):
    """A transaction of somebody else that is open, and has a number."""
    db = await asyncpg.connect(database)
    try:
        async with db.transaction():
            for statement in ("select pg_current_xact_id()", *statements):
                await db.execute(statement)
            yield
    finally:
        await db.close()


@pytest.mark.parametrize("at_once", [1, 2, 7, 5000])
async def test_what_happened_is_added_to_its_minute_once(pool, store, at_once):
    happened = await some(pool, store)
    minutes = Minutes(pool, at_once)
    assert await minutes.fold(0) == 9 + 6 + 6 + 2
    assert await counted(pool) == happened
    assert await minutes.fold(0) == 0
    assert await counted(pool) == happened
    row = await pool.fetchrow("select * from minutes order by submitted desc limit 1")
    assert row["failures"] == {"too_slow": 2, "too_large": 1}
    assert sum(row["waits"].values()) == sum(row["runs"].values()) == 6
    assert (row["queued"], row["running"]) == (1, 0)
    assert 0 < row["oldest_queued_s"] < 60
    more = await some(pool, store)
    await minutes.fold(0)
    assert await counted(pool) == {name: happened[name] + more[name] for name in COUNTS}
    failures = await pool.fetch("select failures from minutes")
    assert sum((Counter(row[0]) for row in failures), Counter())["too_slow"] == 4


async def test_however_many_instances_add_at_once_nothing_is_counted_twice(pool, store):
    instances = [Minutes(pool, 3) for _ in range(8)]
    happened = Counter()
    for _ in range(4):
        doing = [asyncio.create_task(minutes.fold(0)) for minutes in instances]
        happened.update(await some(pool, store))
        await asyncio.gather(*doing)
    await instances[0].fold(0)
    assert await counted(pool) == happened


async def test_while_one_adds_or_just_has_the_others_leave_it(pool, store, database):
    minutes = Minutes(pool)
    assert await minutes.fold(0) == 0
    await submit(store)
    assert await minutes.fold() is None
    async with open_transaction(database, "select from minutes_mark for update"):
        assert await minutes.fold(0) is None
    assert await minutes.fold(0) == 1


async def test_what_is_committed_late_is_counted_all_the_same(pool, store, database):
    minutes = Minutes(pool)
    insert = "insert into tasks (id, queue, shots) values (gen_random_uuid(), 'tasks', 1)"
    async with open_transaction(database, insert):
        await submit(store)
        # It came after what is not committed yet, so it has to wait, too.
        assert await minutes.fold(0) == 0
    assert await minutes.fold(0) == 2
    assert (await counted(pool))["submitted"] == 2


async def test_what_happened_while_no_instance_looked_is_added_later(pool, store):
    happened = await some(pool, store)
    await pool.execute("update events set at = at - interval '40 minutes'")
    await Minutes(pool, 5).fold(0)
    assert await counted(pool) == happened
    then, now = await pool.fetch("select * from minutes order by minute")
    assert (then["submitted"], then["queued"]) == (9, None)
    assert (now["submitted"], now["queued"]) == (0, 1)
    assert 38 <= (now["minute"] - then["minute"]).total_seconds() / 60 <= 42


async def test_minutes_are_kept_for_two_hours(pool, store):
    minutes = Minutes(pool)
    await submit(store)
    await minutes.fold(0)
    await pool.execute("update minutes set minute = minute - interval '119 minutes'")
    await minutes.fold(0)
    assert (await counted(pool))["submitted"] == 1
    await pool.execute("update minutes set minute = minute - interval '2 minutes'")
    await submit(store)
    await pool.execute("update events set at = at - interval '121 minutes'")
    assert await minutes.fold(0) == 1
    assert await counted(pool) == dict.fromkeys(COUNTS, 0)


async def test_it_goes_on_where_transactions_have_smaller_numbers_again(pool, store):
    """As they have in a database that was restored on another server."""
    await pool.execute("update minutes_mark set change = change + 1000000000")
    minutes = Minutes(pool)
    await minutes.fold(0)
    await submit(store)
    assert await minutes.fold(0) == 1
    assert (await counted(pool))["submitted"] == 1


async def test_a_minute_has_the_longest_queue_that_was_seen_in_it(pool, store):
    minutes = Minutes(pool)
    ids = [await submit(store) for _ in range(3)]
    await minutes.fold(0)
    await store.cancel(ids)
    await minutes.fold(0)
    assert max(row["queued"] for row in await pool.fetch("select queued from minutes")) == 3


async def test_instances_that_died_are_counted(pool, store):
    for instance in (A, B):
        await store.heartbeat(instance, "host", 1, "0", 0)
    await pool.execute("update instances set steady_since = now() - interval '1 hour'")
    assert (await store.sweep(A)).instances == []
    assert await pool.fetchval("select count(*) from minutes") == 0
    await pool.execute(
        "update instances set heartbeat_at = now() - interval '1 minute' where id = $1", B
    )
    assert len((await store.sweep(A)).instances) == 1
    assert await pool.fetchval("select sum(lost) from minutes") == 1
    await Minutes(pool).fold(0)
    assert await pool.fetchval("select sum(lost) from minutes") == 1


@pytest.mark.parametrize("spread", [0.1, 1, 4])
async def test_percentiles_are_right_to_a_twentieth(pool, spread):
    generator = random.Random(spread)
    spans = sorted(max(1.0, generator.lognormvariate(5, spread)) for _ in range(1001))
    classes = await pool.fetch(
        "select span_class(now(), now() + ms * interval '1 ms') from unnest($1::float8[]) ms",
        spans,
    )
    found = percentiles([Counter(str(row[0]) for row in classes)])
    assert found.p50 == pytest.approx(spans[500], rel=0.05)
    assert found.p95 == pytest.approx(spans[950], rel=0.05)


async def test_percentiles_of_nothing_of_one_and_of_next_to_nothing(pool):
    assert percentiles([{}, {}]) is None
    one = percentiles([{"0": 1}])
    assert (one.p50, one.p95) == (0.5, 0.5)
    for ms, number in ((0, 0), (0.99, 0), (1, 1), (2, 9), (1024, 81)):
        span = "select span_class(now(), now() + $1::float8 * interval '1 ms')"
        assert await pool.fetchval(span, ms) == number
    assert percentiles([{"81": 99}, {"0": 5}]).p50 == pytest.approx(1024, rel=0.05)


async def test_all_who_ask_at_once_and_a_moment_later_get_the_same_answer(pool):
    overviews = Overviews(pool, Archive(pool))
    answers = await asyncio.gather(*(overviews.now() for _ in range(1000)))
    assert all(answer is answers[0] for answer in answers)
    assert await overviews.now() is answers[0]
    overviews._known_until = float("-inf")
    assert await overviews.now() is not answers[0]


async def test_what_the_overview_says_of_instances(pool, store):
    await store.heartbeat(A, "a host", 4711, "1.2", 0, None, 3, 17, None, 2)
    await store.heartbeat(B, "b host", 4711, "1.2", 0)
    silent = "update instances set heartbeat_at = now() - $1 * interval '1 second', busy = null"
    await pool.execute(silent + " where id = $2", LEASE_S + 2, B)
    one, other = (await Overviews(pool, Archive(pool)).now()).instances
    assert (one.id, one.version, one.alive) == (A, "1.2", True)
    assert (one.simulators, one.busy, one.ended_last_minute) == (3, 2, 17)
    assert (other.id, other.alive, other.busy) == (B, False, None)
    assert LEASE_S + 2 <= other.silent_s < LEASE_S + 10

"""POST /v1/tasks/cancel with a filter: all tasks that match are cancelled, and no others."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from asking import post, refused, sql
from inprocess import Application
from service import BELL, Service, until
from submitting import submit
from test_listing import BEGIN, NAMES, SEED, TAGS, TEXTS, Row, insert, matching, moment

from quantum_tasks.archive import cancelling
from quantum_tasks.archive.cancelling import Cancellations
from quantum_tasks.archive.lists import Filter
from quantum_tasks.errors import ServiceBusy

PATH = "/v1/tasks/cancel"
TASKS = 600
_QUEUED = """
with task as (
    insert into tasks (id, queue, shots)
    select gen_random_uuid(), 'tasks', 1 from generate_series(1, $1::integer)
    returning id, position, created_at
)
insert into programs (task_id, qc, created_at, position, name)
select id, 'x', created_at, position, $2 from task
"""


@pytest.fixture
async def api(pool) -> AsyncIterator[httpx.AsyncClient]:
    """The application on a database of the test's own, without a worker."""
    transport = httpx.ASGITransport(Application(pool).app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


async def ask(api: httpx.AsyncClient, body: Any) -> dict[str, Any]:
    response = await api.post(PATH, json=body)
    assert response.status_code == 200, response.text
    counts: dict[str, Any] = response.json()
    return counts


async def whole(api: httpx.AsyncClient, body: Any) -> Counter[str]:
    """The counts of all answers, from the first to the one after which nothing is left."""
    counts: Counter[str] = Counter()
    while body is not None:
        answer = await ask(api, body)
        body = answer.pop("next")
        counts.update(answer)
    return counts


async def statuses(pool: Any) -> dict[str, str]:
    rows = await pool.fetch(
        "select id::text, shown_status(status, cancel_requested_at) as status from tasks"
    )
    return dict(rows)


async def test_exactly_the_tasks_that_match_are_cancelled_whatever_the_filter(
    api, pool, monkeypatch
):
    """What matches is found by hand, as in the tests of lists."""
    # So little at a time that most requests take several batches, and many several requests.
    monkeypatch.setattr(cancelling, "_BATCH", 5)
    monkeypatch.setattr(cancelling, "_CHUNK", 20)
    monkeypatch.setattr(cancelling, "_CANCELLING_S", 0.02)
    source = random.Random(SEED)
    choices: dict[str, Callable[[], str]] = {
        "status": lambda: source.choice(("queued", "running", "queued,running,failed")),
        "name": lambda: source.choice([name for name in NAMES if name] + ["no such"]),
        "tag": lambda: f"{(key := source.choice(list(TAGS)))}:{source.choice(TAGS[key])}",
        "q": lambda: source.choice(TEXTS[:-1]),
        "created_after": lambda: moment(source, rows),
        "created_before": lambda: moment(source, rows),
    }
    at, rows = BEGIN, list[Row]()
    async with pool.acquire() as db:
        for _ in range(TASKS):
            at += timedelta(microseconds=source.choice((0, 0, 1, 10**6, 3600 * 10**6)))
            rows.append(await insert(db, source, at))
    cancelled = 0
    for number in range(60):
        keys = source.sample(list(choices), 1 if number > 50 else source.choice((2, 2, 3, 4)))
        wanted = [(key, choices[key]()) for key in keys]
        before = await statuses(pool)
        now = [row for row in rows if before[row.id] in ("queued", "running")]
        expected = {id: before[id] for id in matching(now, wanted)}
        became = {"queued": "cancelled", "running": "cancelling"}
        counts = Counter(became[status] for status in expected.values())
        body = {"filter": dict(wanted)}
        dry = await whole(api, {**body, "dry_run": True})
        assert +dry == +Counter(matched=len(expected)), wanted
        assert await statuses(pool) == before
        done = await whole(api, body)
        assert +done == +Counter(counts, matched=len(expected)), wanted
        after = await statuses(pool)
        changed = {id: after[id] for id in after if after[id] != before[id]}
        assert changed == {id: became[status] for id, status in expected.items()}, wanted
        cancelled += len(expected)
        rows = [replace(row, status=after[row.id]) for row in rows]
    assert cancelled > 100  # or they were too narrow to say anything


async def test_twelve_thousand_tasks_are_one_request_which_may_be_repeated(api, pool):
    await pool.execute(_QUEUED, 12_000, "wanted")
    await pool.execute(_QUEUED, 700, "another")
    body = {"filter": {"name": "wanted", "status": ["queued", "running"]}}
    counts = {"matched": 12_000, "cancelled": 0, "cancelling": 0, "next": None}
    assert await ask(api, {**body, "dry_run": True}) == counts
    assert await ask(api, body) == {**counts, "cancelled": 12_000}
    assert await ask(api, body) == {**counts, "matched": 0}
    left = await pool.fetch(
        "select name, status, count(*) from tasks join programs on id = task_id group by 1, 2"
    )
    assert {tuple(row) for row in left} == {
        ("wanted", "cancelled", 12_000),
        ("another", "queued", 700),
    }
    told = "select count(*) from events where status = 'cancelled'"
    assert await pool.fetchval(told) == 12_000


async def test_what_takes_too_long_goes_on_where_it_ended_and_leaves_newer_tasks_alone(
    api, pool, monkeypatch
):
    monkeypatch.setattr(cancelling, "_BATCH", 10)
    monkeypatch.setattr(cancelling, "_CANCELLING_S", 0.0)
    await pool.execute(_QUEUED, 25, "wanted")
    first = await ask(api, {"filter": {"name": "wanted"}})
    assert (first["matched"], first["cancelled"]) == (10, 10)
    assert list(first["next"]) == ["filter"]
    assert first["next"]["filter"]["name"] == "wanted"
    await pool.execute(_QUEUED, 1, "wanted")
    second = await ask(api, first["next"])
    again = await ask(api, first["next"])  # its answer was lost
    assert [answer["cancelled"] for answer in (second, again)] == [10, 5]
    assert (await ask(api, second["next"]))["next"] is None
    assert Counter((await statuses(pool)).values()) == {"cancelled": 25, "queued": 1}
    assert (await ask(api, {"filter": {"name": "wanted"}}))["cancelled"] == 1


async def test_a_task_that_starts_meanwhile_is_not_one_of_the_queued_that_are_cancelled(
    api, pool, store
):
    id = await submit(store)
    async with pool.acquire() as db:
        async with db.transaction():
            await db.execute(
                "update tasks set status = 'running', attempt = 1, instance = $1, "
                "started_at = now()",
                uuid.uuid4(),
            )
            asking = asyncio.create_task(ask(api, {"filter": {"status": "queued"}}))
            while not await db.fetchval("select count(*) from pg_locks where not granted"):
                await asyncio.sleep(0.01)
        counts = await asking
    assert (counts["cancelled"], counts["cancelling"]) == (0, 0)
    assert await statuses(pool) == {str(id): "running"}


async def test_who_cancels_a_million_does_not_keep_others_waiting(pool, monkeypatch):
    """Clients take turns after each batch; of one client only so many may wait."""
    monkeypatch.setattr(cancelling, "_BATCH", 1)
    monkeypatch.setattr(cancelling, "_MOST_WAITING", 2)
    await pool.execute(_QUEUED, 200, "many")
    await pool.execute(_QUEUED, 1, "one")
    cancellations = Cancellations(pool)
    ended: list[uuid.UUID] = []

    def all_named(peer: str, name: str) -> asyncio.Task[Any]:
        work = cancellations.cancel(peer, Filter(name=name), ended.append)
        return asyncio.create_task(work)

    crowd = [all_named("a", "many") for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(ServiceBusy):
        await all_named("a", "many")
    done = await all_named("b", "one")
    assert (done.cancelled, done.left) == (1, None)
    assert len(ended) < 100  # the others are not done
    found = await asyncio.gather(*crowd)
    assert sum(done.cancelled for done in found) == 200


def test_beside_a_worker_nothing_is_lost_and_nothing_else_is_cancelled(
    start: Callable[..., Service], database: str
):
    service = start()
    tasks = [{"qc": BELL, "tags": {"wanted": "no" if n % 4 else "yes"}} for n in range(800)]
    response = post(service, {"tasks": tasks})
    assert response.status_code == 202, response.text
    counts: Counter[str] = Counter()
    for _ in range(3):
        answer = post(service, {"filter": {"tag": "wanted:yes"}}, PATH).json()
        assert answer.pop("next") is None
        counts.update(answer)
    until(lambda: not sql(database, "select count(*) from tasks where ended_at is null"), 120)
    asked = (
        "select count(*) from tasks join programs on id = task_id "
        "where tags->>'wanted' = $1 and status = $2::text::task_status"
    )
    cancelled = counts["cancelled"] + counts["cancelling"]
    assert 0 < cancelled <= 200
    assert sql(database, asked, "yes", "cancelled") == cancelled
    assert sql(database, asked, "yes", "completed") == 200 - cancelled
    assert sql(database, asked, "no", "completed") == 600
    wrong = "select count(*) from results join tasks on id = task_id where status <> 'completed'"
    assert sql(database, wrong) == 0


@pytest.mark.parametrize(
    ("wanted", "says", "pointer"),
    [
        ({}, "is empty", "/filter"),
        ({"status": ","}, "is empty", "/filter/status"),
        ({"status": []}, "at least 1 item", "/filter/status"),
        ({"status": "waiting"}, "'status' is 'waiting'; expected one or", "/filter/status"),
        ({"status": ["queued", 1]}, "expected a text", "/filter/status/1"),
        ({"q": ""}, "at least 1 character", "/filter/q"),
        ({"q": "\0"}, "'q' is '\\0'; expected text", "/filter/q"),
        ({"q": None}, "expected a text", "/filter/q"),
        ({"q": "x" * 1001}, "at most 1000 characters", "/filter/q"),
        ({"name": ["a", "b"]}, "expected a text", "/filter/name"),
        ({"tag": "project"}, "a key and a value", "/filter/tag"),
        ({"tag": ["a:1", "a:2"]}, "no task has two", "/filter/tag"),
        ({"tag": ["a:b"] * 51}, "at most 50 items", "/filter/tag"),
        ({"tags": {"a": "b"}}, "There is no field 'tags'", "/filter/tags"),
        ({"created_before": "yesterday"}, "expected a time like", "/filter/created_before"),
        ({"created_after": 7}, "expected a text", "/filter/created_after"),
        ({"cursor": "AAAA"}, "the one in a page's 'next'", "/filter/cursor"),
        ({"order": "created_at"}, "There is no field 'order'", "/filter/order"),
        ("status", "expected an object", "/filter"),
    ],
)
def test_a_filter_that_is_not_clear_cancels_nothing(service, wanted, says, pointer):
    problem = refused(post(service, {"filter": wanted}, PATH), 422, "invalid_request")
    assert says in problem["detail"]
    assert problem["errors"][0]["pointer"] == pointer


def test_a_filter_stands_alone(service: Service):
    for more in ({"ids": [str(uuid.uuid4())]}, {"tags": {"a": "b"}}):
        wanted = {"filter": {"name": "no such"}, **more}
        problem = refused(post(service, wanted, PATH), 422, "invalid_request")
        assert "exactly one" in problem["detail"]
        problem = refused(post(service, {**more, "dry_run": True}, PATH), 422, "invalid_request")
        assert "'dry_run' goes with the field 'filter'" in problem["detail"]


@pytest.mark.parametrize(
    "wanted",
    [
        {"q": "%_" * 500},
        {"q": "'; drop table tasks; --"},
        {"name": "\\" * 1000},
        {"tag": ["a:" + "%" * 900, "b:<img src=x onerror=alert(1)>"]},
        {"status": "completed,failed,cancelled,cancelling"},
        {"created_after": "9999-12-31T23:59:59Z"},
        {"created_before": "0001-01-01"},
    ],
)
def test_a_hostile_filter_matches_nothing(service: Service, wanted: dict[str, Any]):
    response = post(service, {"filter": wanted}, PATH)
    nothing = {"matched": 0, "cancelled": 0, "cancelling": 0, "next": None}
    assert (response.status_code, response.json()) == (200, nothing), response.text


async def test_times_mean_what_they_mean_in_a_list(api, store):
    await submit(store)
    now = datetime.now(UTC)
    for wanted, expected in (
        ({"created_after": now + timedelta(minutes=1)}, 0),
        ({"created_before": now - timedelta(minutes=1)}, 0),
        ({"created_before": now + timedelta(minutes=1)}, 1),
    ):
        body = {"filter": {name: at.isoformat() for name, at in wanted.items()}}
        assert (await ask(api, body))["cancelled"] == expected

"""However many read, and however long that takes, tasks are taken on and run."""

from __future__ import annotations

import asyncio
import contextlib
import random
import uuid
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor

import asyncpg
import httpx
import pytest
from inprocess import Application
from service import BELL, Service
from submitting import submit

from quantum_tasks.archive import lists as listing
from quantum_tasks.archive.lists import Lists


@contextlib.asynccontextmanager
async def locked(database: str, table: str) -> AsyncIterator[None]:
    """While it lasts, nobody can look into a table."""
    db = await asyncpg.connect(database)
    try:
        async with db.transaction():
            await db.execute(f"lock table {table} in access exclusive mode")
            yield
    finally:
        await db.close()


@contextlib.asynccontextmanager
async def serving(pool: asyncpg.Pool) -> AsyncIterator[tuple[Application, httpx.AsyncClient]]:
    application = Application(pool)
    transport = httpx.ASGITransport(application.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield application, client


def busy(response: httpx.Response) -> None:
    assert (response.status_code, response.json()["code"]) == (503, "service_busy"), response.text
    assert int(response.headers["retry-after"]) >= 1


async def test_readers_that_all_wait_keep_out_no_submission(database, start):
    """They have taken every connection that they can get; one more for each would be too many."""
    api: Service = start("--only", "api", DATABASE_CONNECTIONS="4")
    ids = [await asyncio.to_thread(api.submit, BELL) for _ in range(4)]
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(60) as threads:
        async with locked(database, "results"):
            readers = [
                loop.run_in_executor(
                    threads, httpx.get, f"{api.url}{path.format(ids[number % 4])}"
                )
                for number in range(30)
                for path in ("/v1/tasks/{}/result", "/tasks/{}")
            ]
            await asyncio.sleep(1)
            assert not any(reader.done() for reader in readers)
            for _ in range(3):
                assert await asyncio.to_thread(api.submit, BELL)
            assert (await asyncio.to_thread(httpx.get, f"{api.url}/readyz")).status_code == 200
        await asyncio.wait(readers)


async def test_one_search_more_than_there_may_be_is_told_to_come_again(pool, store, monkeypatch):
    monkeypatch.setattr(listing, "_SEARCH_PATIENCE_S", 0.2)
    id = await submit(store)
    async with serving(pool) as (api, client):
        async with api.lists._searching.turn():
            slow = ("q=x", "tag=a:b&name=c", "tag=a:b&tag=c:d", "status=failed&name=x")
            for filter in (*slow, "error=task_lost", "ended_after=2026-01-01"):
                busy(await client.get(f"/v1/tasks?{filter}"))
            lists = ("", "?limit=200", "?name=x", "?status=queued", "?status=queued,running")
            for path in (*lists, "?tag=a:b", f"/{id}", f"/{id}/events"):
                assert (await client.get(f"/v1/tasks{path}")).status_code == 200, path
        async with asyncio.timeout(10):  # it rests first
            while (await client.get("/v1/tasks?q=x")).status_code != 200:
                pass


async def test_a_search_that_takes_too_long_is_given_up(database, pool, store, monkeypatch):
    monkeypatch.setattr(listing, "_LOOK_S", 0.3)
    await submit(store)
    async with serving(pool) as (_, client):
        async with locked(database, "releases"):
            async with asyncio.timeout(7):  # other statements may take longer
                busy(await client.get("/v1/tasks?q=x"))
            # By the server as well, which would go on with it.
            going_on = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
            async with asyncio.timeout(5):
                while await pool.fetchval(going_on):
                    await asyncio.sleep(0.05)
        assert (await client.get("/v1/tasks?q=x")).status_code == 200


async def test_whoever_asks_for_the_same_at_once_is_answered_from_one_look(pool, store):
    ids = [await submit(store) for _ in range(3)]
    async with serving(pool) as (_, client):
        before = await pool.fetchval("select sum(xact_commit) from pg_stat_database")
        nobody = [str(uuid.uuid4()) for _ in range(50)]
        paths = ["/v1/backend"] * 50 + [f"/v1/tasks/{id}" for id in (*nobody, *ids)]
        answers = await asyncio.gather(*(client.get(path) for path in paths))
        assert [answer.status_code for answer in answers] == [200] * 50 + [404] * 50 + [200] * 3
        assert [answer.json()["queue"]["position"] for answer in answers[-3:]] == [1, 2, 3]
        assert before is not None


async def test_a_large_task_is_shown_like_a_small_one(pool, store):
    """But by itself."""
    qc = random.Random(1).randbytes(50_000).hex()
    ids = [await submit(store, text) for text in ("small", qc) for _ in range(3)]
    parameters = f'{{"parameters":{{"a":"{qc}"}}}}'
    ids.append(await submit(store, "small", options=parameters))
    async with serving(pool) as (_, client):
        answers = await asyncio.gather(*(client.get(f"/v1/tasks/{id}") for id in ids))
    shown = [answer.json()["request"] for answer in answers]
    assert [one["qc"] for one in shown] == ["small"] * 3 + [qc] * 3 + ["small"]
    assert [one["parameters"] for one in shown] == [None] * 6 + [{"a": qc}]


@pytest.mark.parametrize("chunk", [2, 3, 5, 100])
async def test_tasks_with_tags_are_found_however_many_have_them(pool, store, monkeypatch, chunk):
    monkeypatch.setattr(listing, "_CHUNK", chunk)
    await store.heartbeat(uuid.UUID(int=1), "host", 1, "0", 0)
    both = '{"tags":{"a":"1","b":"2"}}'
    ended = [await submit(store, extras=both) for _ in range(3)]
    for task in (await store.claim(uuid.UUID(int=1), 3))[0]:
        await store.complete(task, uuid.UUID(int=1), "{}")
    running = await submit(store, extras=both)
    await store.claim(uuid.UUID(int=1), 1)
    wanted = [running]
    for number in range(12):
        id = await submit(store, extras=both if number % 3 else '{"tags":{"a":"1"}}')
        wanted += [id] if number % 3 else []
    cancelled = wanted.pop()
    await store.cancel([cancelled])
    tasks = Lists(pool)
    assert await tasks.tagged({"a": "1", "b": "2"}, 1000) == wanted[::-1]
    assert await tasks.tagged({"b": "2", "a": "1"}, 4) == wanted[::-1][:4]
    assert len(await tasks.tagged({"a": "1"}, 1000)) == 12
    assert await tasks.tagged({"a": "1", "b": "3"}, 1000) == []
    assert await tasks.tagged({"c": "1"}, 1000) == []
    assert not {*ended, cancelled} & set(await tasks.tagged({"a": "1"}, 1000))

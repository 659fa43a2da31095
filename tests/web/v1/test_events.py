"""What becomes of one task, told as JSON and live."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import asyncpg
import httpx
import pytest
from inprocess import Application
from service import BELL, ENDLESS, Cluster, Service, until
from streaming import Stream, events, statuses
from submitting import submit

from quantum_tasks.database.migrations import migrate
from quantum_tasks.web.answers import streams

sys.path.append(str(Path(__file__).parents[2] / "faults"))

from server import Postgres

SSE = {"Accept": "text/event-stream"}


def path(id: object) -> str:
    return f"/v1/tasks/{id}/events"


def test_a_task_tells_its_history_as_json(service: Service):
    id = service.submit(BELL)
    service.final(id)
    response = service.client.get(path(id))
    assert response.headers["content-type"] == "application/json"
    assert response.headers["vary"] == "Accept"
    found = response.json()["events"]
    assert [(event["id"], event["status"], event["attempt"]) for event in found] == [
        (1, "queued", 0),
        (2, "running", 1),
        (3, "completed", 1),
    ]
    times = [datetime.fromisoformat(event["at"]) for event in found]
    assert times == sorted(times)
    task = service.client.get(f"/v1/tasks/{id}").json()
    assert [task[key] for key in ("created_at", "started_at", "ended_at")] == [
        event["at"] for event in found
    ]


def test_a_stream_tells_each_change_as_it_happens_and_ends_with_the_last(start):
    api = start("--only", "api")
    id = api.submit(BELL)
    with Stream(api, path(id), patience_s=30) as stream:
        assert statuses(stream.read(1)) == ["queued"]
        assert api.client.get(path(id)).json()["events"] == [{"id": 1, **first(api, id)}]
        start("--only", "worker")
        assert statuses(list(stream)) == ["running", "completed"]
        assert stream.response.headers["cache-control"] == "no-store"


def first(service: Service, id: str) -> dict[str, object]:
    at = service.client.get(f"/v1/tasks/{id}").json()["created_at"]
    return {"status": "queued", "at": at, "attempt": 0}


def test_a_stream_tells_of_crashes_tries_and_the_failure(start):
    service = start(SIMULATOR_PROCESSES="1", WORKER_MAX_RETRIES="1", WORKER_RETRY_DELAY_S="0.1")
    id = service.submit(ENDLESS)
    with Stream(service, path(id), patience_s=30) as stream:
        assert statuses(stream.read(2)) == ["queued", "running"]
        for following in (["queued", "running"], ["failed"]):
            time.sleep(0.1)
            os.kill(until(service.busy)[0], signal.SIGKILL)
            assert statuses(stream.read(len(following))) == following
        assert list(stream) == []
    told = service.client.get(path(id)).json()["events"]
    assert [event["attempt"] for event in told] == [0, 1, 1, 2, 2]


def test_a_stream_tells_that_a_task_is_being_cancelled(service: Service):
    id = service.submit(ENDLESS)
    until(service.busy)
    with Stream(service, path(id)) as stream:
        stream.read(2)
        service.client.post(f"/v1/tasks/{id}/cancel")
        assert statuses(list(stream)) == ["cancelling", "cancelled"]


def test_a_stream_goes_on_after_any_event_with_none_lost_and_none_twice(service: Service):
    id = service.submit(BELL)
    with Stream(service, path(id)) as stream:
        whole = list(stream)
    for seen in range(len(whole)):
        with Stream(service, path(id), last=str(seen)) as stream:
            assert list(stream) == whole[seen:]


def test_whoever_has_seen_all_of_an_ended_task_is_told_not_to_come_again(service: Service):
    id = service.submit(BELL)
    service.final(id)
    for last in ("3", "4", "999999999"):
        response = service.client.get(path(id), headers={**SSE, "Last-Event-ID": last})
        assert (response.status_code, response.content) == (204, b"")


def test_an_event_that_is_yet_to_come_hides_none(api: Service):
    id = api.submit(BELL)
    with Stream(api, path(id), last="2") as stream:
        api.client.post(f"/v1/tasks/{id}/cancel")
        assert statuses(list(stream)) == ["cancelled"]


def test_what_is_no_event_of_a_task_is_refused(service: Service):
    id = service.submit(BELL)
    for last in ("x", "-1", "1.0", "1" * 10, "1.2.3", "٣".encode()):
        response = service.client.get(path(id), headers={**SSE, "Last-Event-ID": last})
        assert response.status_code == 422, last
        assert response.json()["code"] == "invalid_request"


def test_what_is_not_there_has_no_events(service: Service):
    for id in (uuid.uuid4(), "x", "0" * 32):
        for accept in ("application/json", "text/event-stream"):
            response = service.client.get(path(id), headers={"Accept": accept})
            assert (response.status_code, response.json()["code"]) == (404, "task_not_found")


async def test_what_was_there_until_its_time_was_over_is_gone(pool, store):
    id = await submit(store)
    await store.cancel([id])
    await pool.execute("update programs set qc = qc")
    await pool.execute("alter table tasks disable trigger all")
    await pool.execute("update tasks set expires_at = now()")
    async with Application(pool) as api, api.client(path(id), **SSE) as client:
        await client.serving
        assert client.status == 410
        assert b"task_expired" in client.received


def test_a_client_that_takes_neither_kind_is_told_so(service: Service):
    id = service.submit(BELL)
    response = service.client.get(path(id), headers={"Accept": "text/csv"})
    assert (response.status_code, response.json()["code"]) == (406, "not_acceptable")


def test_a_head_of_a_stream_is_answered_at_once(api: Service):
    id = api.submit(BELL)
    for where in (path(id), "/v1/tasks/feed"):
        response = api.client.head(where, headers=SSE)
        assert response.headers["content-type"].startswith("text/event-stream")
        assert api.client.get("/healthz", timeout=2).status_code == 200  # the same connection


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_ends_streams_in_order_and_at_once(start, how):
    api = start("--only", "api")
    id = api.submit(BELL)
    with ExitStack() as stack:
        one = stack.enter_context(Stream(api, path(id)))
        feed = stack.enter_context(Stream(api, "/v1/tasks/feed"))
        one.read(1)
        for _ in range(20):
            stack.enter_context(Stream(api, path(id)))
            stack.enter_context(Stream(api, "/v1/tasks/feed"))
        began = time.monotonic()
        assert api.stop(how) == 0
        assert time.monotonic() - began < 2
        assert list(one) == []  # ended, not broken off, which would raise
        assert list(feed) == []
    assert "Traceback" not in api.log


def test_what_another_instance_does_is_told_within_300_ms(cluster: Cluster):
    api = cluster.api
    delays = []
    for _ in range(10):
        id = api.submit(BELL)
        with Stream(api, path(id)) as stream:
            told = [(time.time(), event.data["at"]) for event in stream]
        now, at = told[-1]
        delays.append(now - datetime.fromisoformat(at).timestamp())
    assert sorted(delays)[5] < 0.3, delays


# In this process


async def test_a_client_that_goes_leaves_nothing_behind(pool, store):
    ids = [await submit(store) for _ in range(20)]
    async with Application(pool) as api:
        before = len(asyncio.all_tasks())
        clients = [api.client(path(id), **SSE) for id in ids]
        clients += [api.client("/v1/tasks/feed", **SSE) for _ in ids]
        clients += [api.client(f"/v1/tasks/{id}?wait=60") for id in ids]
        others = [await submit(store) for _ in ids]
        clients += [api.client(f"/tasks/{id}?wait=60") for id in others]
        for client in clients:
            await client.__aenter__()
        for client in clients[: len(ids)]:
            await client.until(b'"queued"')
        await asyncio.sleep(0.5)
        assert set(api.waiters._waiting) == {*ids, *others}
        assert set(api.waiters._seen) >= set(others)
        assert api.feed._followers == len(ids)
        for client in clients:
            await client.__aexit__()
        await asyncio.sleep(0.3)
        assert not api.waiters._waiting
        assert not api.waiters._seen
        assert api.feed._followers == 0
        assert not api.feed._events
        del clients, client
        gc.collect()
        assert len(asyncio.all_tasks()) == before


async def test_a_client_that_takes_nothing_and_goes_leaves_nothing_behind(pool, store):
    id = await submit(store)
    async with Application(pool) as api:
        before = len(asyncio.all_tasks())
        for where in (path(id), "/v1/tasks/feed"):
            client = api.client(where, **SSE)
            client.slow = asyncio.Event()
            async with client:
                await asyncio.sleep(0.3)
        assert not api.waiters._waiting
        assert api.feed._followers == 0
        assert len(asyncio.all_tasks()) == before


async def test_a_silent_stream_says_that_it_is_alive(pool, store, monkeypatch):
    monkeypatch.setattr(streams, "_ALIVE_S", 0.05)
    id = await submit(store)
    async with Application(pool) as api, api.client(path(id), **SSE) as one:
        async with api.client("/v1/tasks/feed", **SSE) as all:
            for client in (one, all):
                async with asyncio.timeout(5):
                    while client.received.count(b": nothing new\n\n") < 3:
                        await asyncio.sleep(0.01)
            await store.cancel([id])
            await one.serving
            await all.until(b'"cancelled"')
        assert one.received.count(b"id: ") == 2


async def test_a_silent_stream_asks_the_database_nothing_of_its_own(pool, store, monkeypatch):
    monkeypatch.setattr(streams, "_ALIVE_S", 0.02)
    id = await submit(store)
    async with Application(pool) as api, api.client(path(id), **SSE) as client:
        await client.until(b": nothing new")
        asked = []
        monkeypatch.setattr(api.archive, "history", lambda id: asked.append(id))
        await asyncio.sleep(0.3)
        assert client.received.count(b": nothing new") > 5
        assert asked == []


async def test_changes_while_nobody_looked_are_told_in_order(pool, store):
    """Between the reading of a history and the waiting for what comes next nothing is lost."""
    id = await submit(store)
    instance = uuid.uuid4()
    await store.heartbeat(instance, "host", 1, "0", 0)
    async with Application(pool) as api, api.client(path(id), **SSE) as client:
        for _ in range(30):
            ((task,), _) = await store.claim(instance, 1)
            await store.retry(task, instance, 1000, 0, "code", "message")
        ((task,), _) = await store.claim(instance, 1)
        await store.complete(task, instance, "{}")
        api.waiters.announce(id)
        await client.serving
        told = [line for line in client.received.decode().splitlines() if line.startswith("id: ")]
        assert told == [f"id: {number}" for number in range(1, 64)]


async def test_whoever_begins_to_wait_after_a_change_that_another_has_heard_of_hears_of_it(
    pool, store
):
    id = await submit(store)
    async with Application(pool) as api:
        _, first, _ = await api.archive.history(id)
        instance = uuid.uuid4()
        await store.heartbeat(instance, "host", 1, "0", 0)
        other = asyncio.create_task(api.waiters.changed(id, first, 60))
        await store.claim(instance, 1)
        assert await other
        _, second, _ = await api.archive.history(id)
        keeps_it_known = asyncio.create_task(api.waiters.changed(id, second, 60))
        await asyncio.sleep(0.3)
        api.waiters._changed(id, second, False)
        assert await asyncio.wait_for(api.waiters.changed(id, first, 60), 5)
        assert not keeps_it_known.done()
        keeps_it_known.cancel()


# With a database that can be stopped


@pytest.fixture
def stoppable() -> Iterator[Postgres]:
    postgres = Postgres()
    try:
        asyncio.run(migrate(postgres.url))
        yield postgres
    finally:
        postgres.close()


def test_a_stream_outlives_the_database_or_is_taken_up_again(stoppable, start):
    api = start("--only", "api", DATABASE_URL=stoppable.url)
    ids = [api.submit(BELL) for _ in range(2)]
    told: dict[str, list] = {}
    feed: list = []

    def follow(where: str, found: list) -> None:
        """As EventSource does: whenever it is cut off it comes again, until 204."""
        while True:
            headers = {**SSE, **({"Last-Event-ID": found[-1].id} if found else {})}
            try:
                with httpx.stream("GET", f"{api.url}{where}", headers=headers, timeout=20) as got:
                    if got.status_code == 204:
                        return
                    if got.status_code == 200:
                        for event in events(got):
                            found.append(event)
                            if where.endswith("feed") and len(found) == 4:
                                return
            except httpx.HTTPError:
                if feed is found and not found:
                    raise
            time.sleep(0.2)

    with ThreadPoolExecutor(3) as threads:
        following = [threads.submit(follow, path(id), told.setdefault(id, [])) for id in ids]
        following.append(threads.submit(follow, "/v1/tasks/feed", feed))
        until(lambda: all(len(found) == 1 for found in told.values()))
        time.sleep(0.5)
        stoppable.signal(signal.SIGINT)
        time.sleep(1.5)
        assert api.client.get(path(ids[0])).status_code == 503
        assert api.client.get(path(ids[0]), headers=SSE).status_code == 503
        assert api.client.get("/v1/tasks/feed", headers=SSE).status_code == 503
        stoppable.start()
        start("--only", "worker", DATABASE_URL=stoppable.url)
        for one in following:
            one.result(30)
    for found in told.values():
        assert statuses(found) == ["queued", "running", "completed"]
        assert [event.id for event in found] == ["1", "2", "3"]
    assert sorted(statuses(feed)) == ["completed"] * 2 + ["running"] * 2


async def test_ids_of_events_count_from_one_whatever_the_database_does(database, pool, store):
    db = await asyncpg.connect(database)
    id = await submit(store)
    assert await db.fetchval("select cardinality(history) from tasks where id = $1", id) == 1
    await db.execute("update tasks set priority = 5")  # which is no change of status
    assert await db.fetchval("select cardinality(history) from tasks where id = $1", id) == 1
    await db.close()

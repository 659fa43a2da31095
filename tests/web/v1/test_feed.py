"""The changes of all tasks in one order, with none lost and none twice."""

from __future__ import annotations

import asyncio
import json
import random
import re
import signal
import threading
import time
import uuid
from collections import defaultdict
from contextlib import suppress

import asyncpg
import httpx
import pytest
from inprocess import Application
from service import BELL, Service
from streaming import Received, Stream, events, statuses
from submitting import submit

from quantum_tasks.archive.archive import Archive, Place
from quantum_tasks.database.queries import QUERIES
from quantum_tasks.live import feed as feeds

SEED = 6
FEED = "/v1/tasks/feed"
SSE = {"Accept": "text/event-stream"}
FAST = BELL.replace("h q[0];", "rx(0.{}) q[0];")


def place(event: Received) -> tuple[int, ...]:
    return tuple(map(int, event.id.split(".")))


class Follower(threading.Thread):
    """Follows the feed of any instance, goes away at random and comes again where it was."""

    def __init__(self, urls: list[str], seed: int) -> None:
        super().__init__()
        self._urls = urls
        self._random = random.Random(seed)
        self.found: list[Received] = []
        self.visits = 0
        self.begun = threading.Event()
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.is_set():
            last = {"Last-Event-ID": self.found[-1].id} if self.found else {}
            url = self._random.choice(self._urls) + FEED
            with (
                suppress(httpx.HTTPError),
                httpx.stream("GET", url, headers={**SSE, **last}, timeout=1) as response,
            ):
                self._follow(response)

    def _follow(self, response: httpx.Response) -> None:
        if response.status_code != 200:
            time.sleep(0.05)
            return
        self.visits += 1
        if not self.begun.is_set():  # where it begins, it is not yet known by an event
            self.begun.set()
            leaving = 1
        else:
            leaving = self._random.choice((1, 2, 10, 50, 200))
        for event in events(response):
            self.found.append(event)
            leaving -= 1
            if leaving <= 0 or self.ended.is_set():
                return


def histories(rows: list[asyncpg.Record]) -> list[tuple[tuple[int, ...], str, str, int]]:
    """What the database says has happened: place, task, status, attempt; in order."""
    return sorted(
        ((event["change"], row["position"], number), str(row["id"]), event["status"],
         event["attempt"])
        for row in rows
        for number, event in enumerate(row["history"], 1)
    )  # fmt: skip


def told(found: list[Received]) -> list[tuple[tuple[int, ...], str, str, int]]:
    return [
        (place(event), event.data["task_id"], event.data["status"], event.data["attempt"])
        for event in found
    ]


def test_followers_see_every_change_once_whatever_happens_meanwhile(start, database):
    """Under load, with cancellations, and an instance that is killed in the middle of it."""
    settings = {"SIMULATOR_PROCESSES": "1"}
    survivor, victim = start(**settings), start(**settings)
    followers = [Follower([survivor.url, victim.url], SEED + i) for i in range(3)]
    for follower in followers:
        follower.start()
    assert all(follower.begun.wait(5) for follower in followers)
    ids: list[str] = []

    def load(urls: list[str], seed: int) -> None:
        mine = random.Random(seed)
        with httpx.Client(timeout=10) as client:
            for number in range(100):
                url = mine.choice(urls)
                with suppress(httpx.HTTPError):
                    body = {"qc": FAST.format(number + 1)}
                    ids.append(client.post(f"{url}/tasks", json=body).json()["task_id"])
                    if mine.random() < 0.3:
                        client.post(f"{url}/v1/tasks/{ids[-1]}/cancel")
                if number == 50 and seed == 0:
                    victim.stop(signal.SIGKILL)

    loads = [threading.Thread(target=load, args=([survivor.url, victim.url], i)) for i in range(4)]
    for thread in loads:
        thread.start()
    for thread in loads:
        thread.join()
    held = query(database, "select id from tasks where status = 'running'")
    for id in ids:
        if uuid.UUID(id) not in {row["id"] for row in held}:
            survivor.final(id)
    # What the dead instance ran is swept up: not after a lease, as that would take long.
    silent = "update instances set heartbeat_at = now() - interval '1 minute' where pid = $1"
    query(database, silent, victim.pid)
    query(database, "update instances set steady_since = now() - interval '1 minute'")
    for id in ids:
        survivor.final(id, 30)
    last = survivor.submit(BELL)
    survivor.final(last)
    expected = histories(query(database, "select id, position, history from tasks"))
    deadline = time.monotonic() + 10
    for follower in followers:
        while len(follower.found) < len(expected) and time.monotonic() < deadline:
            time.sleep(0.05)
        follower.ended.set()
        assert told(follower.found) == expected
        assert follower.visits > 5
    for follower in followers:
        follower.join()
    assert {status for _, _, status, _ in expected} > {"queued", "running", "completed"}
    by_task = defaultdict(list)
    for (_, _, number), id, _, _ in told(followers[0].found):
        by_task[id].append(number)
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in by_task.values())


def query(database: str, statement: str, *arguments: object) -> list[asyncpg.Record]:
    async def ask() -> list[asyncpg.Record]:
        db = await asyncpg.connect(database)
        try:
            return await db.fetch(statement, *arguments)
        finally:
            await db.close()

    return asyncio.run(ask())


async def everything(archive: Archive, after: Place, limit: int = 1000) -> list[tuple]:
    """What the feed has after a place, up to now."""
    found = []
    while True:
        after, page = await archive.feed(after, limit)
        found += [(str(event.id), event.status) for event in page]
        if len(page) < limit:
            return found


async def test_a_change_that_is_committed_late_is_not_lost(database, pool, store):
    """A transaction is numbered when it begins to write, and others may overtake it."""
    archive = Archive(pool)
    late, early = await submit(store), await submit(store)
    cancel = (
        "update tasks set status = 'cancelled', cancel_requested_at = now(), ended_at = now() "
        "where id = $1"
    )
    after = await archive.now()
    db = await asyncpg.connect(database)
    async with db.transaction():
        await db.execute(cancel, late)
        await pool.execute(cancel, early)
        third = await submit(store)
        after, none = await archive.feed(after, 1000)
        assert none == []  # not yet: whoever had seen it would look only after it
        begun_meanwhile = await archive.now()
        assert await everything(archive, begun_meanwhile) == []
    found = await everything(archive, after)
    assert await everything(archive, begun_meanwhile) == found
    await db.close()
    assert found == [
        (str(late), "cancelled"),
        (str(early), "cancelled"),
        (str(third), "queued"),
    ]


async def test_a_change_that_is_rolled_back_is_never_told(database, pool, store):
    archive = Archive(pool)
    after = await archive.now()
    db = await asyncpg.connect(database)
    transaction = db.transaction()
    await transaction.start()
    await db.execute("insert into tasks (id, queue, shots) values ($1, 'tasks', 1)", uuid.uuid4())
    id = await submit(store)
    assert await everything(archive, after) == []
    await transaction.rollback()
    await db.close()
    assert await everything(archive, after) == [(str(id), "queued")]


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
async def test_pages_of_any_size_say_the_same(pool, store, limit):
    """Also where a transaction changed many tasks, and a page ends amid them."""
    archive = Archive(pool)
    after = await archive.now()
    ids = await asyncio.gather(*(submit(store) for _ in range(10)))
    await store.cancel(ids)
    assert sorted(await everything(archive, after, limit)) == sorted(
        (str(id), status) for id in ids for status in ("queued", "cancelled")
    )
    assert await everything(archive, after, limit) == await everything(archive, after)


async def test_what_a_page_costs_does_not_grow_with_what_has_happened(pool, store):
    """By the pages of tables and indexes that Postgres has to look at."""
    add = (
        "insert into tasks (id, queue, shots) "
        "select gen_random_uuid(), 'elsewhere', 1 from generate_series(1, 1000)"
    )
    explain = f"explain (analyze, buffers, format json) {QUERIES['feed']}"

    async def looked_at(after: Place) -> int:
        (plan,) = json.loads(await pool.fetchval(explain, *after, 100))
        return plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"]

    first = await archive_now(pool)
    await pool.execute(add)
    middle = await archive_now(pool)
    few = [await looked_at(place) for place in (Place(0), first, middle)]
    for _ in range(20):
        await pool.execute(add)
    await pool.execute("analyze")
    late = await archive_now(pool)
    many = [await looked_at(place) for place in (Place(0), first, middle, late)]
    assert max(many) <= max(few) + 10
    assert max(many) < 60


async def archive_now(pool) -> Place:
    return await Archive(pool).now()


async def test_a_task_that_is_deleted_takes_its_events_with_it(pool, store):
    archive = Archive(pool)
    ids = [await submit(store) for _ in range(3)]
    await store.cancel(ids[:2])
    assert await archive.delete(ids[0])
    found = await everything(archive, Place(0))
    assert sorted(found) == sorted(
        [(str(ids[1]), "queued"), (str(ids[1]), "cancelled"), (str(ids[2]), "queued")]
    )
    assert await pool.fetchval("select count(*) from events where task_id = $1", ids[0]) == 0


async def test_whoever_is_behind_what_is_kept_catches_up_from_the_database(
    pool, store, monkeypatch
):
    monkeypatch.setattr(feeds, "_KEPT", 5)
    monkeypatch.setattr(feeds, "_PAGE", 3)
    async with Application(pool) as api, api.client(FEED, **SSE) as always:
        await always.until(b"retry")
        while api.feed._end is None:  # else it reads from the database what comes first
            await asyncio.sleep(0.01)
        ids = [await submit(store) for _ in range(10)]
        await store.cancel(ids)
        await always.until(str(ids[-1]).encode() + b'","status":"cancelled"')
        whole = lines(always.received)
        assert len(whole) == 20
        assert len(api.feed._events) == 5
        for seen in (0, 3, 10, 17, 19):
            last = whole[seen].partition(" ")[0]
            async with api.client(FEED, **SSE, Last_Event_ID=last) as behind:
                if seen < 19:
                    await behind.until(whole[-1].partition(" ")[0].encode())
                await store.cancel([extra := await submit(store)])
                await behind.until(str(extra).encode() + b'","status":"cancelled"')
                found = lines(behind.received)
                await always.until(str(extra).encode() + b'","status":"cancelled"')
                assert found == lines(always.received)[seen + 1 :]


async def test_a_slow_follower_is_overtaken_and_misses_nothing(pool, store, monkeypatch):
    monkeypatch.setattr(feeds, "_KEPT", 5)
    async with (
        Application(pool) as api,
        api.client(FEED, **SSE) as quick,
        api.client(FEED, **SSE) as slow,
    ):
        await quick.until(b"retry")
        await slow.until(b"retry")
        slow.slow = asyncio.Event()
        for _ in range(4):
            ids = [await submit(store) for _ in range(5)]
            await quick.until(str(ids[-1]).encode())
        slow.slow.set()
        await slow.until(str(ids[-1]).encode())
        assert lines(slow.received) == lines(quick.received)
        assert len(lines(slow.received)) == 20


async def test_those_who_come_again_at_once_are_read_for_once(pool, store, monkeypatch):
    async with Application(pool) as api:
        async with api.client(FEED, **SSE) as first:
            await first.until(b"retry")
            ids = [await submit(store) for _ in range(3)]
            await first.until(str(ids[-1]).encode())
            last = lines(first.received)[0].partition(" ")[0]
        await asyncio.sleep(0.5)  # until nothing is kept
        assert api.feed._begin is None
        asked = []
        read = api.archive.feed

        async def counted(after: Place, limit: int):
            asked.append(limit)
            await asyncio.sleep(0.05)
            return await read(after, limit)

        monkeypatch.setattr(api.archive, "feed", counted)
        clients = [api.client(FEED, **SSE, Last_Event_ID=last) for _ in range(50)]
        for client in clients:
            await client.__aenter__()
        for client in clients:
            await client.until(str(ids[-1]).encode())
            assert len(lines(client.received)) == 2
            await client.__aexit__()
        assert len(asked) < 10


def lines(received: bytes | bytearray) -> list[str]:
    """'id task status' of each event."""
    found = re.findall(r"id: (\S+)\ndata: (.*)\n", received.decode())
    return [f"{id} {(d := json.loads(data))['task_id']} {d['status']}" for id, data in found]


def test_a_follower_that_does_not_say_where_begins_now(api: Service):
    before = api.submit(BELL)
    with Stream(api, FEED) as stream:
        after = api.submit(BELL)
        (event,) = stream.read(1)
        assert event.data["task_id"] == after != before
        assert event.data["status"] == "queued"
        assert event.data["attempt"] == 0


def test_a_place_that_is_yet_to_come_is_now(api: Service):
    """It is one of another database's, or made up; it must not hide what comes."""
    for last in ("999999999999.1.1", f"{'9' * 18}.{'9' * 18}.{'9' * 9}"):
        with Stream(api, FEED, last=last) as stream:
            id = api.submit(BELL)
            assert stream.read(1)[0].data["task_id"] == id


def test_the_beginning_of_all_is_a_place(start):
    api = start("--only", "api")
    ids = [api.submit(BELL) for _ in range(3)]
    with Stream(api, FEED, last="0.0.0") as stream:
        assert [event.data["task_id"] for event in stream.read(3)] == ids
        api.client.post(f"/v1/tasks/{ids[0]}/cancel")
        assert statuses(stream.read(1)) == ["cancelled"]


def test_what_is_no_place_is_refused(service: Service):
    for last in ("x", "1", "1.2", "1.2.3.4", "-1.0.0", "1.2.x", "9" * 19 + ".0.0", "1,2,3"):
        response = service.client.get(FEED, headers={**SSE, "Last-Event-ID": last})
        assert response.status_code == 422, last
        assert response.json()["code"] == "invalid_request"


def test_a_feed_is_no_json(service: Service):
    response = service.client.get(FEED, headers={"Accept": "application/json"})
    assert (response.status_code, response.json()["code"]) == (406, "not_acceptable")

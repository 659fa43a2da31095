"""Lists of tasks: what they hold, how their pages follow each other, and what is refused."""

from __future__ import annotations

import asyncio
import base64
import os
import random
import socket
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx
import msgspec
import pytest
from inprocess import Application
from service import Service
from submitting import submit

from quantum_tasks.archive import lists
from quantum_tasks.archive.lists import Filter, Lists
from quantum_tasks.database.pool import create_pool
from quantum_tasks.queue.store import Store

SEED = 6
TASKS = 400
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
ERRORS = ("time_limit_exceeded", "memory_exceeded", "task_lost")
STATUSES = ("queued", "running", "cancelling", "completed", "failed", "cancelled")
NAMES = (None, None, "bell", "Bell pair", "100%", "a_b", "a\\b", 'say "so"', "grün", "{}")
TAGS = {"project": ("bell", "ghz", 'quo"ted', ""), "user": ("ann", "b%b"), "a.b-c": ("x:y",)}
TEXTS = ("bell", "BELL", "%", "_", "\\", '"', "ü", "ann", "project", ",", ": ", "{", "none", "")


@dataclass(frozen=True)
class Row:
    """A task, as it was put into the database."""

    id: str
    created_at: datetime
    position: int
    status: str
    error: str | None
    name: str | None
    tags: dict[str, str]
    expired: bool
    ended_at: datetime | None

    @property
    def place(self) -> tuple[datetime, int]:
        return self.created_at, self.position


@pytest.fixture(scope="module")
def rows(listed: str) -> list[Row]:
    async def fill() -> list[Row]:
        db = await asyncpg.connect(listed)
        source = random.Random(SEED)
        at, found = BEGIN, []
        for _ in range(TASKS):
            at += timedelta(microseconds=source.choice((0, 0, 1, 10**6, 3600 * 10**6)))
            found.append(await insert(db, source, at))
        await db.close()
        return found

    return asyncio.run(fill())


async def insert(db: asyncpg.Connection, source: random.Random, at: datetime) -> Row:
    """Puts a task into the database as if it had come so far."""
    id, status, name = uuid.uuid4(), source.choice(STATUSES), source.choice(NAMES)
    tags = {key: source.choice(of) for key, of in TAGS.items() if source.random() < 0.4}
    final = status in ("completed", "failed", "cancelled")
    expired = final and source.random() < 0.1
    error = source.choice(ERRORS) if status == "failed" else None
    ended_at = at + timedelta(seconds=source.choice((0, 1, 3600, 86_400))) if final else None
    position = await db.fetchval(
        "insert into tasks (id, queue, shots, status, instance, cancel_requested_at, created_at, "
        "ended_at, expires_at, error_code, error_message) "
        "values ($1, 'tasks', 1, $2, $3, $4, $5, $6, $7, $8, $8) returning position",
        id,
        "running" if status == "cancelling" else status,
        uuid.uuid4() if status in ("running", "cancelling") else None,
        at if status == "cancelling" else None,
        at,
        ended_at,
        (at if expired else datetime.now(UTC) + timedelta(days=1)) if final else None,
        error,
    )
    await db.execute(
        "insert into programs (task_id, qc, created_at, position, name, tags) "
        "values ($1, 'x', $2, $3, $4, jsonb_object($5::text[], $6::text[]))",
        *(id, at, position, name, list(tags), list(tags.values())),
    )
    await db.executemany(
        "insert into task_tags values ($1, $2, $3, $4, $5)",
        [(id, key, value, at, position) for key, value in tags.items()],
    )
    return Row(str(id), at, position, status, error, name, tags, expired, ended_at)


@pytest.fixture(scope="module")
def listed(postgres: str, template: str) -> Iterator[str]:
    """The URL of a database for all of this module."""

    async def execute(statement: str) -> None:
        db = await asyncpg.connect(postgres)
        await db.execute(statement)
        await db.close()

    name = f"listed_{os.getpid()}"
    asyncio.run(execute(f"create database {name} template {template} strategy file_copy"))
    yield postgres.replace("/postgres?", f"/{name}?")
    asyncio.run(execute(f"drop database {name} with (force)"))


@pytest.fixture
async def api(listed: str) -> AsyncIterator[httpx.AsyncClient]:
    pool = await create_pool(listed, 2)
    transport = httpx.ASGITransport(Application(pool).app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client
    pool.terminate()


def matching(rows: list[Row], wanted: list[tuple[str, str]]) -> list[str]:
    """The ids that a list should have, in its order, found without a database."""
    given: dict[str, Any] = dict(wanted)
    statuses = [one for key, text in wanted if key == "status" for one in text.split(",")]
    errors = [one for key, text in wanted if key == "error" for one in text.split(",")]
    tags = [text.split(":", 1) for key, text in wanted if key == "tag"]
    text = given.get("q", "").lower()

    def fits(row: Row) -> bool:
        texts = [row.name or "", *row.tags, *row.tags.values()]
        after, before = given.get("created_after"), given.get("created_before")
        return (
            not row.expired
            and (not statuses or row.status in statuses)
            and (not errors or row.error in errors)
            and all(row.tags.get(key) == value for key, value in tags)
            and ("name" not in given or row.name == given["name"])
            and any(text in one.lower() for one in texts)
            and (after is None or row.created_at >= datetime.fromisoformat(after))
            and (before is None or row.created_at < datetime.fromisoformat(before))
            and _ended(row, given.get("ended_after"), given.get("ended_before"))
        )

    latest_first = given.get("order", "-created_at") == "-created_at"
    ordered = sorted(rows, key=lambda row: row.place, reverse=latest_first)
    return [row.id for row in ordered if fits(row)]


def _ended(row: Row, after: str | None, before: str | None) -> bool:
    """Whether a task ended at a time or later, and before another one; without any, true."""
    if row.ended_at is None:
        return after is None and before is None
    return (after is None or row.ended_at >= datetime.fromisoformat(after)) and (
        before is None or row.ended_at < datetime.fromisoformat(before)
    )


async def pages(
    api: httpx.AsyncClient, wanted: list[tuple[str, str]]
) -> list[list[dict[str, Any]]]:
    """All pages of a list, by its `next`; `Link` must say the same."""
    url, found = f"/v1/tasks?{httpx.QueryParams(wanted)}", []
    while url:
        response = await api.get(url)
        assert response.status_code == 200, response.text
        body = response.json()
        found.append(body["tasks"])
        assert response.links.get("next", {}).get("url") == body["next"]
        assert response.links["first"]["url"].startswith("/v1/tasks")
        url = body["next"]
    return found


async def test_every_combination_of_filters_lists_what_a_search_by_hand_finds(
    api, rows, monkeypatch
):
    source = random.Random(SEED)
    # So little is looked through that most lists are put together from several looks.
    monkeypatch.setattr(lists, "_FIRST_CHUNK", 20)
    monkeypatch.setattr(lists, "_CHUNK", 30)
    monkeypatch.setattr(lists, "_CANDIDATES", 100)
    choices = {
        "status": lambda: ",".join(source.sample(STATUSES, source.randint(1, 3))),
        "error": lambda: ",".join(source.sample(ERRORS, source.randint(1, 2))),
        "name": lambda: source.choice([name for name in NAMES if name] + ["no such"]),
        "tag": lambda: f"{(key := source.choice(list(TAGS)))}:{source.choice(TAGS[key])}",
        "q": lambda: source.choice(TEXTS),
        "created_after": lambda: moment(source, rows),
        "created_before": lambda: moment(source, rows),
        "ended_after": lambda: moment(source, rows),
        "ended_before": lambda: moment(source, rows),
    }
    seen = 0
    for _ in range(250):
        keys = source.sample(list(choices), source.choice((0, 1, 1, 1, 2, 2, 3, 4)))
        wanted = [(key, choices[key]()) for key in keys]
        if "tag" in keys and source.random() < 0.3 and not dict(wanted)["tag"].startswith("user"):
            wanted.append(("tag", f"user:{source.choice(TAGS['user'])}"))
        if source.random() < 0.6:
            wanted.append(("order", source.choice(("created_at", "-created_at"))))
        expected = matching(rows, wanted)
        limit = max(source.choice((3, 7, 50, 200)), len(expected) // 6)
        found = await pages(api, [*wanted, ("limit", str(limit))])
        assert [task["id"] for page in found for task in page] == expected, wanted
        assert all(len(page) <= limit for page in found)
        seen += bool(expected)
    assert seen > 120  # or they were too narrow to say anything


def moment(source: random.Random, rows: list[Row]) -> str:
    """A time about which something may be wrong: that of a task, or just beside it."""
    row = source.choice(rows)
    at = (row.ended_at or row.created_at) + timedelta(microseconds=source.choice((-1, 0, 1)))
    zone = source.choice((UTC, datetime.strptime("+05:30", "%z").tzinfo))
    return at.astimezone(zone).isoformat()


async def test_a_list_shows_tasks_as_they_are_without_their_programs(api, rows):
    ((task, *_),) = await pages(api, [("limit", "200"), ("name", "a_b"), ("status", "completed")])
    row = next(row for row in rows if row.id == task["id"])
    assert (task["status"], task["name"], task["tags"]) == (row.status, row.name, row.tags)
    assert datetime.fromisoformat(task["created_at"]) == row.created_at
    assert task["queue"] is None
    # A megabyte of each might be listed two hundred times.
    assert {"qc", "parameters", "observables"}.isdisjoint(task["request"])
    assert task["links"]["self"] == f"/v1/tasks/{row.id}"


async def test_fields_are_those_that_were_asked_for(api, rows):
    found = await pages(api, [("fields", "id,status"), ("limit", "200")])
    shown = [(task["id"], task["status"]) for page in found for task in page]
    statuses = {row.id: row.status for row in rows}
    assert shown == [(id, statuses[id]) for id in matching(rows, [])]
    assert {tuple(task) for page in found for task in page} == {("id", "status")}


async def test_fifty_tasks_make_a_page_unless_told_otherwise(api, rows):
    assert [len(page) for page in await pages(api, [])][:3] == [50, 50, 50]


async def test_a_list_of_nothing_has_no_next_page(api):
    response = await api.get("/v1/tasks?name=no+such")
    assert response.json() == {"tasks": [], "next": None}
    assert response.links == {
        "first": {"url": "/v1/tasks?name=no+such", "rel": "first"},
    }


async def test_what_is_submitted_and_changes_between_pages_costs_a_list_nothing(pool):
    """Whatever was there when the first page was read is listed once; in the order of submission
    also what came meanwhile, with the latest first none of it."""
    store, listed = Store(pool, "tasks"), Lists(pool)
    instance = uuid.uuid4()
    await store.heartbeat(instance, "host", 1, "0", 0)
    for order in ("created_at", "-created_at"):
        there = [task.id for task in (await listed.page(Filter(), 200)).tasks][::-1]
        there += [await submit(store) for _ in range(30)]
        found, came = [], []
        wanted = Filter(order=order)
        while True:
            page = await listed.page(wanted, 7)
            found += [task.id for task in page.tasks]
            if page.next is None:
                break
            bound = "after" if order == "created_at" else "before"
            wanted = Filter(order=order, **{bound: page.next})
            if len(came) < 9:
                came += [await submit(store) for _ in range(3)]
            for task in (await store.claim(instance, 4))[0]:
                await store.complete(task, instance, "{}")
        assert found == (there + came if order == "created_at" else there[::-1])


def cursor(content: object) -> str:
    """A cursor that nobody was given."""
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(content)).decode().rstrip("=")


HOSTILE = {
    "limit": ("0", "201", "-1", "1.5", "", "x", "٣", "1" * 5000, "0000000005000", "0" * 5000),
    "cursor": (
        *("", "x", "====", "é", "A" * 5000, "kw"),
        *map(
            cursor,
            (
                *(None, {}, [], [0], ["0", 0], [0, "0"], [0.5, 0], [0, 0.5], [0, None], [[], 0]),
                *([0, -1], [0, 2**63], [2**63, 0], [-(2**63), 0], [2**64 - 1, 2**64 - 1]),
                *([253402300800 * 10**6, 0], [-62135596800 * 10**6 - 1, 0], [True, 0]),
            ),
        ),
    ),
    "order": ("", "id", "created_at desc", "-created_at,id", "created_at;--"),
    "status": ("done", "queued,done", "QUEUED", "queued;completed", "%00"),
    "error": ("code", "TASK_LOST", "task_lost,x", "qasm_syntax", "%00"),
    "tag": ("", "project", "x:1&tag=x:2", "%00:x", "x:%00", "x:%ff"),
    "name": ("%00", "%ff", "a%00b", "%ed%a0%80", "%c0%80"),
    "q": ("%00", "%ff", "%fe%80", "%ed%a0%80"),
    "created_after": (
        *("", "x", "0000-01-01", "99999-01-01", "2026-13-01", "2026-01-01T25:00", "1767225600"),
        *("9999-12-31T23:59:59-10:00", "0001-01-01T00:00:00%2B10:00", "now", "infinity", "%00"),
    ),
    "created_before": ("", "x", "0000-01-01", "99999-12-31T00:00:00Z", "-1", "%ff", "today"),
    "ended_after": ("", "x", "2026-13-01", "1767225600", "infinity", "%00"),
    "ended_before": ("", "x", "-1", "%ff", "null"),
    "fields": ("", "qc", "id,", "id,nothing", "__class__", "%00", "id;status"),
    "sort": ("id",),
    "limit%00": ("1",),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_what_makes_no_sense_is_refused_and_named(api, name):
    for value in HOSTILE[name]:
        response = await api.get(f"/v1/tasks?{name}={value}")
        assert response.status_code == 422, (value, response.text)
        assert response.json()["code"] == "invalid_request"
        assert len(response.json()["detail"]) < 300


@pytest.mark.parametrize(
    "query",
    [
        "created_after=0001-01-01",
        "created_before=9999-12-31T23:59:59Z",
        "created_after=2026-01-01T00:00:00+00:00",
        "created_after=2026-01-01",
        "ended_after=0001-01-01&ended_before=9999-12-31T23:59:59Z",
        "ended_after=2026-01-02&ended_before=2026-01-01",
        "q=%25%27%3B--&name=%27",
        "q=" + "a" * 5000,
        "tag=x:" + "a" * 5000,
        "name=" + "%F0%9F%98%80" * 300,
        "status=",
        "&&limit=1&",
        f"cursor={cursor([-62135596800 * 10**6, 0])}",
        f"cursor={cursor([253402300800 * 10**6 - 1, 2**63 - 1])}&order=created_at",
    ],
)
async def test_what_is_only_unusual_is_answered(api, query):
    assert (await api.get(f"/v1/tasks?{query}")).status_code == 200


def answer(service: Service, target: bytes) -> tuple[int, bytes]:
    """Status and body of what is said to a request line of any bytes."""
    host, _, port = service.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(b"GET %b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % target)
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = received.partition(b"\r\n\r\n")
    return int(head.split()[1]), body


def test_a_server_answers_any_bytes_in_a_query(service: Service):
    source = random.Random(SEED)
    for _ in range(150):
        name = source.choice(("name", "q", "tag", "cursor", "limit", "created_after", "fields"))
        value = bytes(source.choices(range(0x21, 0x100), k=source.randint(1, 20)))
        target = b"/v1/tasks?%b=%b" % (name.encode(), value)
        status, body = answer(service, target)
        assert status in (200, 400, 422), (target, body)

"""Clients that wait, thousands at once on one instance, for what another instance does."""

from __future__ import annotations

import asyncio
import multiprocessing
import re
import resource
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any

import asyncpg
import uvloop
from service import Service

from bench.client import flood, in_process
from bench.processes import rss_mb, usage
from bench.programs import bell, several
from bench.running import CLIENTS, CORES, data_folder, database_url, running
from bench.tables import judged, progress, quantile, table
from quantum_tasks.database.pool import create_pool
from quantum_tasks.queue.store import Store

MOST_MS = 300
_IDLE_S = 10.0
_SETTLE_S = 2.0
_ONE_BY_ONE = 100  # tasks that another instance ends, one after the other
_EVERY_S = 0.05
_AT = re.compile(rb'"(?:at|ended_at)":"([^"]+)"')
_FILES = 65_536
_MOST_CONNECTIONS = 10  # DATABASE_CONNECTIONS, without anybody who waits
_KINDS = ("long polls", "streams of a task", "followers of the feed")


@dataclass
class Waited:
    """What waiting clients of a kind cost, and how late they heard of changes, in seconds."""

    kib_each: float
    busy: float  # share of a core that the service took while nothing happened
    postgres_busy: float
    connections: int  # to the database
    one_by_one: list[float]
    at_once: list[float]


def measure(count: int) -> None:
    found: dict[str, Waited] = {}
    for kind in _KINDS:
        with data_folder() as folder, running(folder, "--only", "api") as service:
            progress(f"{count} {kind}")
            found[kind] = _wait(kind, count, folder, service)
    rows = [
        ("memory of each, KiB", *(f"{w.kib_each:.1f}" for w in found.values())),
        ("the server, idle, % of a core", *(f"{w.busy * 100:.1f}" for w in found.values())),
        ("Postgres, % of a core", *(f"{w.postgres_busy * 100:.1f}" for w in found.values())),
        (
            "connections to the database",
            *(judged(w.connections, _MOST_CONNECTIONS, form=".0f") for w in found.values()),
        ),
    ]
    for name, share in (("median", 0.5), ("p99", 0.99), ("longest", 1.0)):
        for how in ("one_by_one", "at_once"):
            cells = []
            for waited in found.values():
                ms = quantile(getattr(waited, how), share) * 1000
                judge = how == "one_by_one" and share < 1
                cells.append(judged(ms, MOST_MS, form=".0f") if judge else f"{ms:.0f}")
            rows.append((f"delay, {how.replace('_', ' ')}, {name}, ms", *cells))
    table((f"{count:,} at once", *_KINDS), rows)


def _wait(kind: str, count: int, folder: Path, service: Service) -> Waited:
    ids = in_process(flood, service.url, several(bell, count), CLIENTS).ids
    assert len(ids) == count
    time.sleep(_SETTLE_S)
    before_mb = rss_mb(service.pid)
    with _clients(kind, service.url, ids) as clients:
        assert clients.recv() == "waiting"
        time.sleep(_SETTLE_S)
        memory_mb, connections = rss_mb(service.pid), _connections(service)
        spent = usage(service)
        time.sleep(_IDLE_S)
        idle = usage(service).since(spent)
        asyncio.run(_end_one_by_one(folder))
        time.sleep(1)
        clients.send("and now")
        one_by_one = clients.recv()
        other = Service(database_url(folder), "--only", "worker", SIMULATOR_PROCESSES=str(CORES))
        try:
            other.start()
            asyncio.run(_until_ended(folder))
            time.sleep(2)
            clients.send("and now")
            at_once = clients.recv()
        finally:
            other.close()
    return Waited(
        kib_each=(memory_mb - before_mb) / count * 1024,
        busy=idle.by_part["main"] / _IDLE_S,
        postgres_busy=idle.by_part["postgres"] / _IDLE_S,
        connections=connections,
        one_by_one=one_by_one,
        at_once=at_once,
    )


def _connections(service: Service) -> int:
    """Sockets of the service's own process that lead to its database."""
    inodes = {
        target[8:-1]
        for link in Path(f"/proc/{service.pid}/fd").iterdir()
        if (target := _target(link)).startswith("socket:[")
    }
    peers = Path("/proc/net/unix").read_text().splitlines()[1:]
    return sum(line.split()[6] in inodes and line.split()[5] == "03" for line in peers)


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:
        return ""


async def _end_one_by_one(folder: Path) -> None:
    """Ends some tasks as another instance does."""
    pool = await create_pool(database_url(folder), 2)
    store, instance = Store(pool, "tasks"), uuid.uuid4()
    await store.heartbeat(instance, "bench", 1, "0", 0)
    tasks, _ = await store.claim(instance, _ONE_BY_ONE)
    assert len(tasks) == _ONE_BY_ONE
    await asyncio.sleep(2)  # until everybody has heard of that
    for number, task in enumerate(tasks):
        assert await store.complete(task, instance, '{"00":1}')
        if number % 20 == 0:
            await store.heartbeat(instance, "bench", 1, "0", 0)
        await asyncio.sleep(_EVERY_S)
    await store.unregister(instance)
    await pool.close()


async def _until_ended(folder: Path) -> None:
    db = await asyncpg.connect(database_url(folder))
    while await db.fetchval("select exists (select from tasks where ended_at is null)"):
        await asyncio.sleep(0.2)
    await db.close()


@contextmanager
def _clients(kind: str, url: str, ids: list[str]) -> Iterator[Pipe]:
    """Clients in a process of their own. Asked over the pipe, they say how late they have heard of
    each end of a task since they were asked last."""
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    process = spawn.Process(target=_run_clients, args=(kind, url, ids, there), daemon=True)
    process.start()
    try:
        yield here
    finally:
        process.kill()
        process.join()


def _run_clients(kind: str, url: str, ids: list[str], pipe: Pipe) -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(_FILES, hard), hard))
    uvloop.run(_wait_for(kind, url, ids, pipe))


async def _wait_for(kind: str, url: str, ids: list[str], pipe: Pipe) -> None:
    late: list[float] = []
    host, _, port = url.removeprefix("http://").partition(":")
    loop = asyncio.get_running_loop()
    waiters = []
    for id in ids:
        _, waiter = await loop.create_connection(lambda: _Waiter(kind, late), host, int(port))
        waiter.ask(id)
        waiters.append(waiter)
        if len(waiters) % 100 == 0:
            await asyncio.sleep(0.05)
    if kind != "long polls":  # which say nothing until there is something to say
        while not all(waiter.heard for waiter in waiters):
            await asyncio.sleep(0.1)
    await asyncio.sleep(1)
    late.clear()
    pipe.send("waiting")
    while await loop.run_in_executor(None, pipe.recv):
        pipe.send(late)
        late.clear()


class _Waiter(asyncio.Protocol):
    """A client with one question; a long poll is asked again until its task has ended."""

    def __init__(self, kind: str, late: list[float]) -> None:
        self._kind = kind
        self._late = late
        self._id = ""
        self.heard = False
        self._rest = b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def ask(self, id: str, etag: bytes = b"") -> None:
        self._id = id
        path = {
            "long polls": f"/v1/tasks/{id}?wait=60",
            "streams of a task": f"/v1/tasks/{id}/events",
            "followers of the feed": "/v1/tasks/feed",
        }[self._kind]
        accept = "*/*" if self._kind == "long polls" else "text/event-stream"
        seen = b"If-None-Match: %b\r\n" % etag if etag else b""
        head = f"GET {path} HTTP/1.1\r\nHost: x\r\nAccept: {accept}\r\n".encode()
        self._transport.write(head + seen + b"\r\n")

    def data_received(self, data: bytes) -> None:
        now = time.time()
        self.heard = True
        self._rest += data
        if self._kind == "long polls":
            self._polled(now)
            return
        *events, self._rest = self._rest.split(b"\n\n")
        for event in events:
            if b'"completed"' in event:
                self._take(now, event)

    def _polled(self, now: float) -> None:
        head, _, body = self._rest.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head.lower())
        if length is None and b" 304 " not in head[:20]:
            return
        if length is not None and len(body) < int(length[1]):
            return
        self._rest = b""
        if b'"status":"completed"' in body:
            self._take(now, body)
        else:
            etag = re.search(rb"etag: (\S+)", head, re.IGNORECASE)
            assert etag is not None, head
            self.ask(self._id, etag[1])

    def _take(self, now: float, text: bytes) -> None:
        at = _AT.findall(text)[-1].decode()
        self._late.append(now - datetime.fromisoformat(at).timestamp())

"""Clients that cost little, because they share the cores; in a process of their own.

Every function here that takes a URL is one to be run in that process: see `in_process`.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

import uvloop

T = TypeVar("T")
_WAIT_S = 30
_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 1.0
_SMALL_ONES, _EVERY_S = 1000, 0.01


@dataclass
class Load:
    """What clients saw: all times in seconds."""

    began: float = 0.0  # as time.time() says it
    seconds: float = 0.0
    cpu_s: float = 0.0
    ids: list[str] = field(default_factory=list)
    posts: list[float] = field(default_factory=list)  # submission to its answer
    tasks: list[float] = field(default_factory=list)  # submission to the result
    ended: list[float] = field(default_factory=list)  # begin of the run to the result
    failures: Counter[str] = field(default_factory=Counter)
    received: int = 0  # bytes of bodies


def in_process(work: Callable[..., T], *arguments: object) -> T:
    """Runs a function in a process of its own."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as executor:
        return executor.submit(work, *arguments).result()


class Connection(asyncio.Protocol):
    """One HTTP connection that is kept; one request at a time."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None

    @classmethod
    async def open(cls, url: str) -> Connection:
        host, _, port = url.removeprefix("http://").partition(":")
        _, connection = await asyncio.get_running_loop().create_connection(cls, host, int(port))
        return connection

    async def ask(
        self, method: str, path: str, body: bytes = b"", headers: str = ""
    ) -> tuple[int, bytes]:
        """Status and body of the answer."""
        self._answer = asyncio.get_running_loop().create_future()
        head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        head += headers
        self._transport.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        return await self._answer

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self._received[:end]).lower()
        length = int(head.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0])
        if len(self._received) < end + 4 + length:
            return
        body = bytes(self._received[end + 4 : end + 4 + length])
        self._received.clear()
        if self._answer is not None and not self._answer.done():
            self._answer.set_result((int(head.split(None, 2)[1]), body))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionError("the service closed the connection"))

    def close(self) -> None:
        self._transport.close()


async def submit(http: Connection, body: bytes, load: Load) -> str:
    began = time.perf_counter()
    status, answer = await http.ask("POST", "/tasks", body)
    load.posts.append(time.perf_counter() - began)
    assert status == 202, answer
    id: str = json.loads(answer)["task_id"]
    load.ids.append(id)
    return id


async def result(http: Connection, id: str) -> None:
    """Waits until a task has ended, by long-polling where the service knows that."""
    pause_s = _PAUSE_S
    while True:
        asked = time.perf_counter()
        status, answer = await http.ask("GET", f"/tasks/{id}?wait={_WAIT_S}")
        assert status == 200, answer
        found = json.loads(answer)
        if found["status"] != "pending":
            assert found["status"] == "completed", found
            return
        if time.perf_counter() - asked < 1:
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)


def closed_loop(url: str, programs: list[str], clients: int) -> Load:
    """Each client submits a program, waits for its result, and takes the next one."""
    load = Load()

    async def client(http: Connection, bodies: Iterator[bytes]) -> None:
        for body in bodies:
            submitted = time.perf_counter()
            await result(http, await submit(http, body, load))
            load.tasks.append(time.perf_counter() - submitted)

    _drive(url, _bodies(programs), clients, client, load)
    return load


def flood(url: str, programs: list[str], clients: int) -> Load:
    """Each client submits as fast as it gets answers, and waits for no result."""
    load = Load()

    async def client(http: Connection, bodies: Iterator[bytes]) -> None:
        for body in bodies:
            try:
                await submit(http, body, load)
            except (AssertionError, OSError) as error:
                load.failures[str(error)[:100] or repr(error)] += 1
                http.close()
                http = await Connection.open(url)

    _drive(url, _bodies(programs), clients, client, load)
    return load


def gets(url: str, ids: list[str], clients: int) -> Load:
    """Each client asks for tasks that have ended; their times are in `tasks`."""
    load = Load()

    async def client(http: Connection, paths: Iterator[str]) -> None:
        for path in paths:
            asked = time.perf_counter()
            status, answer = await http.ask("GET", path)
            load.tasks.append(time.perf_counter() - asked)
            assert status == 200, answer
            assert b'"completed"' in answer, answer

    _drive(url, iter([f"/tasks/{id}" for id in ids]), clients, client, load)
    return load


def fetches(url: str, paths: list[str], clients: int, headers: str) -> Load:
    """Each client asks for addresses with more headers, and takes what there is."""
    load = Load()

    async def client(http: Connection, paths: Iterator[str]) -> None:
        for path in paths:
            status, answer = await http.ask("GET", path, headers=headers)
            assert status == 200, answer
            load.received += len(answer)

    _drive(url, iter(paths), clients, client, load)
    return load


def meanwhile(url: str, path: str, large: str, others: int, headers: str) -> Load:
    """A client asks for something small a thousand times, while others ask for something large
    again and again."""
    load = Load()

    async def other(http: Connection) -> None:
        while True:
            status, answer = await http.ask("GET", large, headers=headers)
            assert status == 200, answer

    async def main() -> None:
        http = await Connection.open(url)
        loading = [asyncio.create_task(other(await Connection.open(url))) for _ in range(others)]
        await asyncio.sleep(1)
        for _ in range(_SMALL_ONES):
            asked = time.perf_counter()
            status, answer = await http.ask("GET", path)
            load.tasks.append(time.perf_counter() - asked)
            assert status == 200, answer
            await asyncio.sleep(_EVERY_S)
        for task in loading:
            assert not task.done(), task
            task.cancel()
        http.close()

    _run(main(), load)
    return load


def together(url: str, programs: list[str], small: list[str], every_s: float) -> tuple[Load, Load]:
    """Submits all programs at once and, until the last has ended, a small one every so often."""
    large, little = Load(), Load()

    async def one(load: Load, body: bytes, began: float) -> None:
        http = await Connection.open(url)
        submitted = time.perf_counter()
        await result(http, await submit(http, body, load))
        load.tasks.append(time.perf_counter() - submitted)
        load.ended.append(time.perf_counter() - began)
        http.close()

    async def main() -> None:
        began = time.perf_counter()
        running = [asyncio.create_task(one(large, b, began)) for b in _bodies(programs)]
        others = []
        for body in _bodies(small):
            await asyncio.sleep(every_s)
            if all(task.done() for task in running):
                break
            others.append(asyncio.create_task(one(little, body, began)))
        await asyncio.gather(*running, *others)
        large.seconds = max(large.ended)

    _run(main(), large)
    return large, little


def _drive(
    url: str,
    work: Iterator[Any],
    clients: int,
    client: Callable[[Connection, Iterator[Any]], Coroutine[Any, Any, None]],
    load: Load,
) -> None:
    """Lets clients share the work, each on a connection that is open before the clock runs."""

    async def main() -> None:
        connections = [await Connection.open(url) for _ in range(clients)]
        load.began = time.time()
        began = time.perf_counter()
        await asyncio.gather(*(client(http, work) for http in connections))
        load.seconds = time.perf_counter() - began
        for http in connections:
            http.close()

    _run(main(), load)


def _run(work: Coroutine[Any, Any, None], load: Load) -> None:
    began = time.process_time()
    uvloop.run(work)
    load.cpu_s = time.process_time() - began


def _bodies(programs: list[str]) -> Iterator[bytes]:
    return iter([json.dumps({"qc": program}).encode() for program in programs])

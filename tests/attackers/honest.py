"""Honest users, in a process of their own: what they ask for, and how long it takes.

They ask at their times whether or not they have been answered (a client that waits for its answer
before it asks again would feel a silence of ten seconds once), and they do not try again.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import multiprocessing
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from multiprocessing.connection import Connection as Pipe
from typing import Any

import uvloop

from attackers.ground import raise_limit
from attackers.wire import JSON, Wire

BELL = (
    'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[2] q;\nbit[2] c;\n'
    "h q[0];\ncx q[0], q[1];\nc = measure q;\n"
)
SHOTS = 1024
_TAG = "honest"
EVERY_S = {"bell": 0.2, "health": 0.05, "drawing": 1.5, "callback": 0.5, "list": 0.5}


@dataclass
class Felt:
    """What one kind of user felt: seconds for each request, and what went wrong."""

    seconds: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


@dataclass
class Told:
    """What all of them were told: by kind, and every task that was acknowledged with what its
    result was said to be, if it was."""

    felt: dict[str, Felt] = field(default_factory=lambda: {kind: Felt() for kind in EVERY_S})
    tasks: dict[str, dict[str, int] | None] = field(default_factory=dict)


Ask = Callable[[float, float], Told]  # for so long, with so much patience


@contextmanager
def honest_users(url: str) -> Iterator[Ask]:
    """Yields what lets them ask for so many seconds, and returns what they were told. Each
    waits for its last answers for as long as it has patience."""
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    process = spawn.Process(target=_run, args=(url, there), daemon=True)
    process.start()
    there.close()

    def ask(seconds: float, patience_s: float) -> Told:
        here.send((seconds, patience_s))
        told: Told = here.recv()
        return told

    try:
        yield ask
    finally:
        process.kill()
        process.join()
        here.close()


def _run(url: str, pipe: Pipe) -> None:
    raise_limit()
    uvloop.run(_obey(url, pipe))


async def _obey(url: str, pipe: Pipe) -> None:
    users = _Users(url)
    await users.listen()
    loop = asyncio.get_running_loop()
    while True:
        try:
            seconds, patience_s = await loop.run_in_executor(None, pipe.recv)
        except EOFError:
            return
        pipe.send(await users.ask_for(seconds, patience_s))


class _Users:
    def __init__(self, url: str) -> None:
        self._url = url
        self._told = Told()
        self._number = time.time_ns() // 1000  # so that no two programs are the same
        self._called: dict[str, asyncio.Future[float]] = {}
        self._receiver = ""

    async def listen(self) -> None:
        """Opens the server that is called back."""
        server = await asyncio.start_server(self._receive, "127.0.0.1", 0)
        self._receiver = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        self._server = server

    async def ask_for(self, seconds: float, patience_s: float) -> Told:
        self._told = told = Told()
        self._patience_s = patience_s
        begin = time.monotonic()
        await asyncio.gather(
            *(self._regularly(kind, every_s, begin, seconds) for kind, every_s in EVERY_S.items())
        )
        return told

    async def _regularly(self, kind: str, every_s: float, begin: float, seconds: float) -> None:
        asked = []
        for number in range(max(1, int(seconds / every_s))):
            await asyncio.sleep(begin + number * every_s - time.monotonic())
            asked.append(asyncio.create_task(self._timed(kind)))
        await asyncio.gather(*asked)

    async def _timed(self, kind: str) -> None:
        felt = self._told.felt[kind]
        user: Callable[[], Awaitable[float | None]] = getattr(self, f"_{kind}")
        began = time.perf_counter()
        try:
            async with asyncio.timeout(self._patience_s):
                took = await user()
        except (OSError, AssertionError) as error:  # TimeoutError is an OSError
            felt.wrong.append(f"{type(error).__name__} {error}".strip()[:300])
            took = None
        felt.seconds.append(time.perf_counter() - began if took is None else took)

    @contextlib.asynccontextmanager
    async def _wire(self) -> Any:
        """A connection for one use: one that is kept may be closed when there are too many."""
        wire = await Wire.open(self._url)
        try:
            yield wire
        finally:
            wire.close()

    async def _ask(self, wire: Wire, method: str, path: str, body: Any = None) -> Any:
        sent = b"" if body is None else json.dumps(body).encode()
        status, answer = await wire.ask(method, path, sent, JSON if sent else {})
        assert 200 <= status < 300, f"{method} {path.partition('?')[0]}: {status} {answer[:200]!r}"
        return answer if answer[:1] == b"<" else json.loads(answer)

    async def _submit(self, wire: Wire, qc: str, **fields: Any) -> str:
        tags = {"user": _TAG}
        sent = {"qc": qc, "shots": SHOTS, "tags": tags, **fields}
        id: str = (await self._ask(wire, "POST", "/tasks", sent))["task_id"]
        self._told.tasks[id] = None
        return id

    async def _bell(self) -> None:
        """Submits a program and waits for its result."""
        async with self._wire() as wire:
            id = await self._submit(wire, BELL)
            answer = await self._wait(wire, id)
        while answer is None or answer["status"] == "pending":
            async with self._wire() as wire:
                answer = await self._wait(wire, id)
        assert answer["status"] == "completed", answer
        counts: dict[str, int] = answer["result"]
        assert set(counts) <= {"00", "11"}, counts
        assert sum(counts.values()) == SHOTS, counts
        self._told.tasks[id] = counts

    async def _wait(self, wire: Wire, id: str) -> Any:
        """What has become of a task; None if the wait was cut off. That may be: it is asked again
        elsewhere."""
        try:
            return await self._ask(wire, "GET", f"/tasks/{id}?wait=30")
        except ConnectionError:
            return None

    async def _health(self) -> None:
        """Asks whether the process is up."""
        async with self._wire() as wire:
            await self._ask(wire, "GET", "/healthz")

    async def _drawing(self) -> float:
        """Has a program drawn that nobody has drawn before."""
        self._number += 1
        qc = BELL.replace("h q[0];", f"h q[0];\nrx({self._number}) q[1];")
        async with self._wire() as wire:
            id = await self._submit(wire, qc)
            began = time.perf_counter()
            picture = await self._ask(wire, "GET", f"/v1/tasks/{id}/circuit.svg")
            assert picture.startswith(b"<?xml") or b"<svg" in picture[:1000], picture[:100]
            return time.perf_counter() - began

    async def _callback(self) -> float:
        """Is called back: how long after the task's end."""
        self._number += 1
        path = str(self._number)
        self._called[path] = asyncio.get_running_loop().create_future()
        async with self._wire() as wire:
            await self._submit(wire, BELL, callback_url=self._receiver + path)
        return await self._called[path]

    async def _list(self) -> None:
        """Looks through its own tasks."""
        async with self._wire() as wire:
            answer = await self._ask(wire, "GET", f"/v1/tasks?tag=user:{_TAG}&limit=10")
            assert "tasks" in answer, answer

    async def _receive(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = head.lower().partition("\r\ncontent-length:")[2].partition("\r\n")[0]
                body = json.loads(await reader.readexactly(int(length)))
                late = time.time() - datetime.fromisoformat(body["timestamp"]).timestamp()
                called = self._called.get(head.split()[1].lstrip("/"))
                if called is not None and not called.done():
                    called.set_result(late)
                writer.write(b"HTTP/1.1 204 OK\r\n\r\n")
        writer.close()

"""Somebody's server that is called back, tasks that ask for it, and an instance that does it."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ssl
import time
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from quantum_tasks.callbacks.webhooks import Webhooks
from quantum_tasks.database.pool import Pool

KEY = b"0123456789abcdef01234567"
SECRET = "whsec_" + base64.b64encode(KEY).decode()
HANG = 0  # as a status: takes the request and does not answer
CUT = -1  # closes the connection instead


@dataclass
class Arrival:
    """A request as it came in."""

    line: str
    headers: dict[str, str]
    body: bytes
    at: float = field(default_factory=time.monotonic)

    @property
    def path(self) -> str:
        return self.line.split(" ")[1]


class Receiver:
    """Somebody's server: `answers` has the statuses of its next answers, the last one for ever."""

    def __init__(self) -> None:
        self.answers = [204]
        self.extra = ""
        self.arrived: list[Arrival] = []
        self.open = self.most_open = 0
        self.port = 0
        self.takes_s = 0.02

    @property
    def url(self) -> str:
        return self.at("127.0.0.1")

    def at(self, host: str) -> str:
        """Its URL under another of its addresses: it has all of loopback."""
        return f"http://{host}:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        self.most_open = max(self.open, self.most_open)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = dict(
                line.lower().split(": ", 1)[:1] + line.split(": ", 1)[1:] for line in head[1:-2]
            )
            body = await reader.readexactly(int(headers["content-length"]))
            self.arrived.append(Arrival(head[0], headers, body))
            status = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            if status == HANG:
                await reader.read()
            elif status != CUT:
                await asyncio.sleep(self.takes_s)
                writer.write(f"HTTP/1.1 {status} X\r\n{self.extra}\r\n".encode())
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self.open -= 1
            writer.close()

    async def wait(self, count: int = 1, within_s: float = 5.0) -> list[Arrival]:
        """What arrived, once it is so many."""
        async with asyncio.timeout(within_s):
            while len(self.arrived) < count:
                await asyncio.sleep(0.005)
        return self.arrived


@contextlib.asynccontextmanager
async def receiving(context: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    receiver = Receiver()
    server = await asyncio.start_server(receiver.serve, "0.0.0.0", 0, ssl=context, backlog=1000)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()


def hosts(count: int, block: str = "127.1") -> list[str]:
    """Addresses of loopback, each of which is a host of its own."""
    return [f"{block}.{number // 250}.{number % 250 + 1}" for number in range(count)]


async def submit(pool: Pool, url: str) -> uuid.UUID:
    id = uuid.uuid4()
    await pool.execute(
        "insert into tasks (id, queue, shots, callback) values ($1, 'tasks', 1, true)", id
    )
    await pool.execute("insert into callbacks (task_id, url) values ($1, $2)", id, url)
    return id


async def end(pool: Pool, id: uuid.UUID, status: str = "completed") -> None:
    error = "x" if status == "failed" else None
    await pool.execute(
        "update tasks set status = $2::text::task_status, ended_at = '2026-01-02T03:04:05.678Z', "
        "error_code = $3, error_message = $3 where id = $1",
        id,
        status,
        error,
    )


async def ended(pool: Pool, url: str, status: str = "completed") -> uuid.UUID:
    """A task that has ended, and whose callback is due."""
    id = await submit(pool, url)
    await end(pool, id, status)
    return id


async def outcome(
    pool: Pool, id: uuid.UUID, is_so: Callable[..., bool], within_s: float = 5.0
) -> dict[str, object]:
    """The callback, once it is as it should become."""
    async with asyncio.timeout(within_s):
        while True:
            row = dict(
                await pool.fetchrow(
                    "select *, extract(epoch from due_at - now())::float8 as due_in_s "
                    "from callbacks where task_id = $1",
                    id,
                )
            )
            if is_so(row):
                return row
            await asyncio.sleep(0.01)


def is_delivered(row: dict[str, object]) -> bool:
    return row["delivered_at"] is not None


def is_given_up(row: dict[str, object]) -> bool:
    return row["failed_at"] is not None


def has_failed(row: dict[str, object]) -> bool:
    return row["error"] is not None


async def failure(pool: Pool, id: uuid.UUID) -> object:
    row = await outcome(pool, id, has_failed)
    assert not is_delivered(row)
    return row["error"]


@contextlib.asynccontextmanager
async def delivering(pool: Pool, allow_private: bool = True) -> AsyncIterator[Webhooks]:
    made = Webhooks(pool, SECRET, allow_private)
    run = asyncio.create_task(made.run())
    try:
        yield made
    finally:
        run.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await run

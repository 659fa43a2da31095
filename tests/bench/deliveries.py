"""How late callbacks are while others are called back who do not answer.

Each slow host is an address of loopback; it takes the connection and is silent. Honest receivers
answer after 20 ms: one that is called again and again, and one that nobody has called before.
"""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import asyncpg
from callbacks.receiver import Receiver, delivering, ended, receiving
from throwaway import ThrowawayPostgres

from bench.tables import judged, quantile, table
from quantum_tasks.database.migrations import migrate
from quantum_tasks.database.pool import Pool, create_pool

_SILENT = """
import asyncio, sys

async def hold(reader, writer):
    try:
        await reader.read()
        await asyncio.sleep(60)
    finally:
        writer.close()

async def main():
    server = await asyncio.start_server(hold, "0.0.0.0", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
"""
_SLOW_HOSTS = """with new as materialized (
        select gen_random_uuid() as id,
            '127.' || 1 + n % $2 / 62500 || '.' || n % $2 / 250 % 250 || '.' || 2 + n % $2 % 250
                as host
        from generate_series($4::bigint, $4 + $1::bigint - 1) n
    ), task as (
        insert into tasks (id, queue, shots, callback, status, ended_at)
        select id, 'tasks', 1, true, 'completed', now() from new
    )
    insert into callbacks (task_id, url, due_at)
    select id, 'http://' || host || ':' || $3::integer || '/', now() from new"""
_HONEST = 20
_PATIENCE_S = 120.0
_TARGET_S = 5.0
# New hosts a second, silent ones and honest ones alike, that are tried as they come: as many as
# there are places for them, half of which go to the newest. Beyond it, only those that are known
# are sure to pass by.
_SUSTAINED = 50


def measure() -> None:
    rows = [asyncio.run(_with_postgres(*case)) for case in (
        ("nobody", 0, 1, 0),
        ("200 to 100 hosts", 200, 100, 0),
        ("1,000 to 100 hosts", 1000, 100, 0),
        ("10,000 to 10,000 hosts", 10_000, 10_000, 0),
        ("100,000 to 100 hosts", 100_000, 100, 0),
        ("100,000 to one host", 100_000, 1, 0),
        ("50 a second, each to another host", 200, 200, 50),
        ("300 a second, each to another host", 200, 200, 300),
    )]  # fmt: skip
    table(("callbacks that nobody answers", "known: p50 s", "p99 s", "new: p50 s", "p99 s"), rows)


async def _with_postgres(title: str, callbacks: int, hosts: int, per_s: int) -> tuple[str, ...]:
    server = ThrowawayPostgres(max_connections="50")
    url = await asyncio.to_thread(server.start)
    try:
        await migrate(url)
        pool = await create_pool(url, 10)
        with silent() as port:
            await slow(pool, callbacks, hosts, port)
            async with contextlib.AsyncExitStack() as stack:
                if per_s:
                    await stack.enter_async_context(_stream(pool, per_s, port))
                known, new = await _lateness(pool)
        pool.terminate()
    finally:
        await asyncio.to_thread(server.stop)
    figures = []
    for late, bound in ((known, True), (new, per_s <= _SUSTAINED)):
        p99 = quantile(late, 0.99)
        figures += [
            f"{quantile(late, 0.5):.2f}",
            judged(p99, _TARGET_S) if bound else f"{p99:.2f}",
        ]
    return title, *figures


async def _lateness(pool: Pool) -> tuple[list[float], list[float]]:
    """How late those for a receiver that is called again and again are, and for new ones."""
    async with receiving() as receiver, delivering(pool) as webhooks:
        late: tuple[list[float], list[float]] = ([], [])
        await asyncio.sleep(2)
        for number in range(_HONEST):
            urls = (receiver.url, f"http://127.200.{number}.1:{receiver.port}")
            began = time.monotonic()
            for url in urls:
                await ended(pool, url + f"/{number}")
            webhooks.wake()
            waits = [_arrival(receiver, f"{url[7:]}/{number}", began) for url in urls]
            for one, took in zip(late, await asyncio.gather(*waits), strict=True):
                one.append(took)
            if late[0][-1] + late[1][-1] > _PATIENCE_S:
                break
            await asyncio.sleep(0.1)
        return late


async def _arrival(receiver: Receiver, place: str, began: float) -> float:
    while time.monotonic() < began + _PATIENCE_S:
        for arrival in reversed(receiver.arrived):
            if arrival.headers["host"] + arrival.path == place:
                return arrival.at - began
        await asyncio.sleep(0.01)
    return _PATIENCE_S


@contextmanager
def silent() -> Iterator[int]:
    """The port of a server at every address of loopback that takes connections and is silent."""
    command = [sys.executable, "-c", _SILENT]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            process.kill()


async def slow(pool: Pool, callbacks: int, hosts: int, port: int, first: int = 0) -> None:
    """Callbacks that are due at once, at so many hosts in turn."""
    async with pool.acquire() as db:
        await db.execute(_SLOW_HOSTS, callbacks, hosts, port, first, timeout=300)
        await db.execute("analyze callbacks")


@asynccontextmanager
async def _stream(pool: Pool, per_s: int, port: int) -> AsyncIterator[None]:
    async def send() -> None:
        sent = 1000
        while True:
            await asyncio.sleep(0.1)
            with contextlib.suppress(asyncpg.PostgresError):
                await pool.execute(_SLOW_HOSTS, per_s // 10, 1_000_000, port, sent)
            sent += per_s // 10

    sending = asyncio.create_task(send())
    try:
        yield
    finally:
        sending.cancel()
        await asyncio.wait({sending})

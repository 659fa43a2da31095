"""Requests that are cheap one by one, and what is no request at all, as fast as it goes."""

from __future__ import annotations

import asyncio
import random
import uuid

from attackers.ground import Ground
from attackers.wire import JSON, Wire, request

_PAUSE_S = 0.1
_HELLO = bytes.fromhex("16030100c8010000c40303") + bytes(range(200))
_RUBBISH = (
    b"\x00" * 100,
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET  /  HTTP/1.1\r\n\r\n",
    b"POST /tasks HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
    b"POST /tasks HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\n: no name\r\n\r\n",
    _HELLO,
)


async def unknown_tasks(ground: Ground) -> None:
    """50 clients ask for tasks that do not exist."""

    async def client(wire: Wire) -> None:
        rests = ("", "/result", "/events", "/circuit.svg", "/counts.svg")
        rest = rests[ground.number() % len(rests)]
        await ground.ask(wire, "GET", f"/v1/tasks/{uuid.uuid4()}{rest}")

    await ground.clients(50, client, _PAUSE_S)


async def rubbish(ground: Ground) -> None:
    """50 clients send what is no HTTP, TLS among it."""

    async def client(wire: Wire) -> None:
        wire.writer.write(_RUBBISH[ground.number() % len(_RUBBISH)])
        wire.writer.write_eof()
        while await wire.reader.read(65536):
            pass
        ground.answers["refused"] += 1
        raise ConnectionError

    await ground.clients(50, client, _PAUSE_S)


async def watchers(ground: Ground) -> None:
    """50 clients ask ten times a second how the service gets on."""

    async def client(wire: Wire) -> None:
        await ground.ask(wire, "GET", "/v1/queue", headers={"Accept-Encoding": "gzip"})

    await ground.clients(50, client, _PAUSE_S)


async def connections(ground: Ground) -> None:
    """50 clients connect and hang up."""

    async def client(wire: Wire) -> None:
        for _ in range(10):
            (await ground.open()).close()
            ground.answers["connected"] += 1

    await ground.clients(50, client, _PAUSE_S)


async def slow_bodies(ground: Ground) -> None:
    """200 clients announce a megabyte and send a kilobyte now and then."""

    async def client(wire: Wire) -> None:
        headers = {**JSON, "Content-Length": "1000000"}
        wire.writer.write(
            request("POST", "/v1/validate", headers=headers).replace(b"Content-Length: 0\r\n", b"")
        )
        for _ in range(100):
            wire.writer.write(b" " * 1000)
            await wire.writer.drain()
            await asyncio.sleep(0.5)

    await ground.clients(200, client)


async def files(ground: Ground) -> None:
    """30 clients load the largest files and the API's document, or only ask how large they are."""
    paths = ("/openapi.json", "/docs", "/static/vendor/editor/codemirror.js", "/")

    async def client(wire: Wire) -> None:
        number = ground.number()
        method = ("GET", "GET", "HEAD", "OPTIONS")[number // 4 % 4]
        headers = {"Origin": "http://localhost", "Access-Control-Request-Method": "POST"}
        path = paths[number % len(paths)]
        await ground.ask(wire, method, path, headers=headers if method == "OPTIONS" else {})

    await ground.clients(30, client, _PAUSE_S)


async def compressed(ground: Ground) -> None:
    """30 clients let the service compress a program of 250 kB again and again: 5 ms each."""
    noise = "".join(random.choices("0123456789abcdef", k=250_000))
    id = await ground.ended({"qc": f"OPENQASM 3; qubit q; bit c; c = measure q; // {noise}"})

    async def client(wire: Wire) -> None:
        path = f"/v1/tasks/{id}/circuit"
        await ground.ask(wire, "GET", path, headers={"Accept-Encoding": "gzip"})

    await ground.clients(30, client, _PAUSE_S)


async def long_queries(ground: Ground) -> None:
    """30 clients send a query of eight kilobytes: parameters, tags, statuses, escapes."""
    pieces = ("a&", "tag=a:b&", "status=queued,", "%41", "fields=id,", "q=%25&", "wait=1&", "&")

    async def client(wire: Wire) -> None:
        number = ground.number()
        piece = pieces[number % len(pieces)]
        query = piece * (7900 // len(piece))
        paths = ("/v1/tasks?", f"/tasks/{uuid.uuid4()}?", "/v1/tasks?status=")
        await ground.ask(wire, "GET", paths[number % len(paths)] + query)

    await ground.clients(30, client, _PAUSE_S)


async def long_polls(ground: Ground) -> None:
    """200 clients wait for tasks that have ended, and for those that do not exist."""
    id = await ground.ended({"qc": "OPENQASM 3.0; qubit q; bit c; c = measure q;"})

    async def client(wire: Wire) -> None:
        chosen = id if random.random() < 0.5 else uuid.uuid4()
        await ground.ask(wire, "GET", f"/tasks/{chosen}?wait=60")

    await ground.clients(200, client, _PAUSE_S)


async def foreign_pages(ground: Ground) -> None:
    """30 pages of somebody else's submit tasks, look at the list, and follow the feed."""

    async def client(wire: Wire) -> None:
        number = ground.number()
        foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
        if number % 3 == 0:
            await ground.ask(wire, "GET", "/v1/tasks", headers=foreign)
        else:
            body = b'{"qc": "OPENQASM 3.0; qubit q; bit c; c = measure q;"}'
            await ground.ask(wire, "POST", "/tasks", body, foreign)

    await ground.clients(30, client, _PAUSE_S)

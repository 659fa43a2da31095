"""Connections that are held: feeds, long polls, and those that say little or nothing."""

from __future__ import annotations

import asyncio

from attackers.ground import Ground
from attackers.wire import Wire, request

FEW = {"MAX_CONNECTIONS": "50"}
_FEED = request("GET", "/v1/tasks/feed", headers={"Accept": "text/event-stream"})


async def _hold(ground: Ground, wire: Wire, *first: bytes) -> None:
    """Sends something and reads until the connection is closed."""
    for piece in first:
        wire.writer.write(piece)
    while await wire.reader.read(65536):
        ground.answers["pieces"] += 1
    raise ConnectionError("closed")


async def feeds(ground: Ground) -> None:
    """60 feeds where 50 connections may be, opened again as soon as they are closed: each was an
    answer that had begun, so that whoever else came was cut off."""
    await ground.clients(60, lambda wire: _hold(ground, wire, _FEED))


async def silence(ground: Ground) -> None:
    """200 connections, where 50 may be, that say nothing, or begin a request and do not end it."""

    async def client(wire: Wire) -> None:
        number = ground.number()
        beginnings = (
            b"",
            b"GET / HT",
            _FEED[:-2],
            b"POST /tasks HTTP/1.1\r\nHost: a\r\n"
            b"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
        )
        await _hold(ground, wire, beginnings[number % len(beginnings)])

    await ground.clients(200, client)


async def drops_of_headers(ground: Ground) -> None:
    """100 connections that send a byte of a header every so often."""

    async def client(wire: Wire) -> None:
        wire.writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ")
        for _ in range(60):
            wire.writer.write(b"x")
            await wire.writer.drain()
            await asyncio.sleep(0.2)

    await ground.clients(100, client)


async def the_feed_from_its_beginning(ground: Ground) -> None:
    """20 clients follow the feed from `Last-Event-ID: 0.0.0` and leave once they have heard of the
    first events: Postgres sorted the whole history for each of them."""

    async def client(wire: Wire) -> None:
        one = await ground.open()
        try:
            # Not all of them at the same place: that would be one look for all.
            place = f"{ground.number() % 400}.0.0"
            headers = {"Accept": "text/event-stream", "Last-Event-ID": place}
            one.writer.write(request("GET", "/v1/tasks/feed", headers=headers))
            read = 0
            while read < 10_000:
                piece = await one.reader.read(65536)
                if not piece:
                    break
                read += len(piece)
            ground.answers["followed"] += 1
        finally:
            one.close()

    await ground.clients(20, client)


async def slow_followers(ground: Ground) -> None:
    """50 clients follow the feed from its beginning and read none of it."""

    async def client(wire: Wire) -> None:
        headers = {"Accept": "text/event-stream", "Last-Event-ID": "0.0.0"}
        wire.writer.write(request("GET", "/v1/tasks/feed", headers=headers))
        wire.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await asyncio.sleep(3600)

    await ground.clients(50, client)

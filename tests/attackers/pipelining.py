"""Requests that are sent before the answers to those before them are read."""

from __future__ import annotations

import asyncio

from attackers.ground import Ground
from attackers.wire import Wire, request

_TINY = 1800  # headers: as many as there could be
_AHEAD = 16


def _with_headers(count: int, path: str = "/healthz") -> bytes:
    head = request("GET", path)[:-2]
    return head + b"a:b\r\n" * count + b"\r\n"


async def tiny_headers(ground: Ground) -> None:
    """60 clients send sixteen requests at once with 1,800 headers each, again and again."""

    async def client(wire: Wire) -> None:
        count = (_TINY, 95)[ground.number() % 2]
        wire.writer.write(_with_headers(count) * _AHEAD)
        for _ in range(_AHEAD):
            status, _ = await wire.answer()
            ground.answers[str(status)] += 1

    await ground.clients(60, client)


async def requests_ahead(ground: Ground) -> None:
    """500 connections that follow the feed and have sent as much behind that as is taken: what is
    135 KB on the wire was 3.1 MB in memory."""
    await _ahead(ground, 500)


async def many_requests_ahead(ground: Ground) -> None:
    """The same with 9,900 connections."""
    await _ahead(ground, 9_900)


async def _ahead(ground: Ground, count: int) -> None:
    feed = request("GET", "/v1/tasks/feed", headers={"Accept": "text/event-stream"})

    async def client(wire: Wire) -> None:
        number = ground.number()
        count = (_TINY, 95)[number % 2]
        wire.writer.write(feed + _with_headers(count) * (_AHEAD - 1))
        while await wire.reader.read(65536):
            pass
        ground.answers["closed"] += 1
        await asyncio.sleep(1)
        raise ConnectionError

    await ground.clients(count, client)


async def requests_not_read(ground: Ground) -> None:
    """60 clients ask for the largest pages as fast as they can write, and read no answer."""

    async def client(wire: Wire) -> None:
        wire.writer.transport.pause_reading()  # type: ignore[attr-defined]
        for _ in range(200):
            wire.writer.write(request("GET", "/openapi.json"))
            await wire.writer.drain()
        await asyncio.sleep(2)

    await ground.clients(60, client)

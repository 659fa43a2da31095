"""Tasks whose receivers answer slowly, or not."""

from __future__ import annotations

import asyncio
import contextlib
import json

from attackers.ground import Ground
from attackers.wire import JSON

_HOSTS = 100
_CALLBACKS = 200
_QC = "OPENQASM 3.0; qubit q; bit c; c = measure q;"


async def _swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Takes a request and answers it after a long time, if at all."""
    with contextlib.suppress(OSError):
        while await reader.read(65536):
            pass
    writer.close()


async def _call(ground: Ground, hosts: list[str], port: int, every_s: float) -> None:
    """Asks for callbacks, first all at once and then one every so often."""
    wire = await ground.open()

    async def submit() -> None:
        number = ground.number()
        url = f"http://{hosts[number % len(hosts)]}:{port}/{number}"
        body = json.dumps({"qc": _QC, "shots": 1, "callback_url": url}).encode()
        await ground.ask(wire, "POST", "/tasks", body, JSON)

    try:
        for _ in range(_CALLBACKS):
            await submit()
        ground.begin()
        while True:
            await submit()
            await asyncio.sleep(every_s)
    finally:
        wire.close()


async def slow_receivers(ground: Ground) -> None:
    """200 callbacks to 100 hosts that take a request and do not answer: they had all the slots."""
    hosts = [f"127.0.0.{number}" for number in range(2, 2 + _HOSTS)]
    servers = [await asyncio.start_server(_swallow, hosts[0], 0)]
    port = servers[0].sockets[0].getsockname()[1]
    servers += [await asyncio.start_server(_swallow, host, port) for host in hosts[1:]]
    await _call(ground, hosts, port, 0.1)


async def one_slow_receiver(ground: Ground) -> None:
    """200 callbacks to one host that does not answer, under as many ports as it likes."""
    servers = [await asyncio.start_server(_swallow, "127.0.0.2", 0)]
    await _call(ground, ["127.0.0.2"], servers[0].sockets[0].getsockname()[1], 0.1)


async def refusing_receivers(ground: Ground) -> None:
    """200 callbacks to hosts where nobody listens, and more all the time."""
    await _call(ground, [f"127.0.0.{number}" for number in range(2, 2 + _HOSTS)], 9, 0.02)

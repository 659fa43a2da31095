"""Clients that connect and do nothing, or ask and do not read."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from service import BELL, Service

from hostile.wire import (
    GET,
    connected,
    memory_mb,
    respond,
    serving,
)
from quantum_tasks.settings import Settings
from quantum_tasks.web.wire import delivery


@pytest.fixture
def many_files() -> Iterator[int]:
    """How many files this process may open, now that it may open all it can."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_three_thousand_idle_connections_hold_up_nobody(
    start: Callable[..., Service], many_files: int
):
    few = (512, many_files)
    resource.setrlimit(resource.RLIMIT_NOFILE, few)  # the service inherits it, and raises it
    service = start()
    resource.setrlimit(resource.RLIMIT_NOFILE, (many_files, many_files))
    before = memory_mb(service)
    with contextlib.ExitStack() as stack:
        clients = [
            stack.enter_context(connected(service)) for _ in range(min(3000, many_files - 400))
        ]
        for client in clients[::2]:
            client.sendall(b"GET /healthz HTTP/1.1\r\nX: ")
        began = time.monotonic()
        response = httpx.post(f"{service.url}/tasks", json={"qc": BELL})
        assert service.final(response.json()["task_id"])["status"] == "completed"
        assert time.monotonic() - began < 3
        assert memory_mb(service) - before < 100
        assert service.client.get("/readyz").status_code == 200


async def test_whoever_does_not_read_an_answer_is_cut(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(delivery, "_STALLED_AFTER_S", 0.3)
    sent = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await respond(send, b"x" * 50_000_000)
        sent.set()

    async with serving(app, Settings()) as (address, state):
        with socket.create_connection(address) as client:
            client.sendall(GET + b"\r\n")
            await asyncio.wait_for(sent.wait(), 5)
            for _ in range(40):
                await asyncio.sleep(0.05)
                if not state.connections:
                    break
            assert not state.connections
        reader, writer = await asyncio.open_connection(*address)
        writer.write(GET + b"\r\n")
        received = 0
        while received < 50_000_000:  # slowly, but it reads
            received += len(await reader.read(2**22))
            await asyncio.sleep(0.01)
        writer.close()
        await writer.wait_closed()

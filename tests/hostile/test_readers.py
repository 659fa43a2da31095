"""Those who read what is large, many at once or not at all, and what others feel of it."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from service import BELL, STDGATES, Service, until

WIDE = f"{STDGATES}qubit[17] q; bit[17] c; h q; c = measure q;"
READERS = 150


@pytest.fixture
def reading(start: Any) -> Service:
    service: Service = start()
    return service


@contextlib.contextmanager
def asking(service: Service, path: str, readers: int) -> Iterator[list[socket.socket]]:
    """Clients that ask, and read nothing."""
    port = int(service.url.rpartition(":")[2])
    with contextlib.ExitStack() as stack:
        sockets = []
        for _ in range(readers):
            client = stack.enter_context(socket.socket())
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect(("127.0.0.1", port))
            client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            sockets.append(client)
        yield sockets


def resident_mb(service: Service) -> int:
    pages = int(Path(f"/proc/{service.pid}/statm").read_text().split()[1])
    return pages * 4096 // 2**20


def test_many_who_ask_for_a_large_result_and_read_nothing_take_little_memory(reading: Service):
    id = reading.submit(WIDE, shots=300_000)
    size = len(reading.client.get(f"/tasks/{id}?wait=60").content)
    assert size > 2**21
    before = resident_mb(reading)
    with asking(reading, f"/tasks/{id}", READERS):
        until(lambda: reading.client.get("/healthz").status_code == 200)
        most = 0
        for _ in range(30):
            time.sleep(0.1)
            most = max(most, resident_mb(reading))
        assert reading.counts(BELL)
    assert most - before < READERS * size // 2**20 // 4


def test_whoever_is_small_is_not_refused_beside_those_who_read_what_is_large(reading: Service):
    id = reading.submit(WIDE, shots=300_000)
    reading.final(id)
    address = f"/v1/tasks/{id}/result?view=probabilities"
    small = reading.submit(BELL)
    reading.final(small)
    with asking(reading, address, 60):
        for _ in range(10):
            assert (
                reading.client.get(f"/v1/tasks/{small}/result?view=registers").status_code == 200
            )
            assert reading.client.get(f"/v1/tasks/{small}/circuit").status_code == 200
            assert set(reading.counts(BELL)) <= {"00", "11"}

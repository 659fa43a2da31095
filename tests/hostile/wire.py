"""HTTP byte by byte, for clients that no library would be."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import io
import json
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from service import Service
from uvicorn.config import Config
from uvicorn.server import ServerState

from quantum_tasks.settings import Settings
from quantum_tasks.web.wire import connections

HOST = b"Host: x\r\n"
GET = b"GET /healthz HTTP/1.1\r\n" + HOST
JSON = b"Content-Type: application/json\r\n"
TASKS = b"POST /tasks HTTP/1.1\r\n" + HOST + JSON


@contextlib.contextmanager
def connected(service: Service) -> Iterator[socket.socket]:
    with socket.create_connection(address(service), timeout=15) as connection:
        yield connection


def address(service: Service) -> tuple[str, int]:
    host, _, port = service.url.removeprefix("http://").partition(":")
    return host, int(port)


def memory_mb(service: Service) -> float:
    status = Path(f"/proc/{service.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def post(body: bytes, *headers: bytes, length: object = None) -> bytes:
    head = b"Content-Length: %s\r\n" % str(len(body) if length is None else length).encode()
    return TASKS + head + b"".join(header + b"\r\n" for header in headers) + b"\r\n" + body


def answer(connection: socket.socket) -> tuple[int, bytes]:
    """The next response's status and body, and not a byte of the one behind it."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = connection.recv(1)
        assert byte, head
        head += byte
    first, _, lines = head.partition(b"\r\n")
    status = int(first.split()[1])
    headers = http.client.parse_headers(io.BytesIO(lines))
    body = b""
    length = int(headers.get("Content-Length", "0"))
    while len(body) < length:
        chunk = connection.recv(length - len(body))
        assert chunk, body
        body += chunk
    if status >= 400 and b'"Task not found."' not in body:
        assert headers.get_content_type() == "application/problem+json"
        assert json.loads(body)["status"] == status
    return status, body


def rest(connection: socket.socket) -> bytes:
    """What arrives until the service closes the connection."""
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while chunk := connection.recv(65536):
            received += chunk
    return received


@contextlib.asynccontextmanager
async def serving(app: Any, settings: Settings) -> AsyncIterator[tuple[Any, ServerState]]:
    """A server of this process; its address and what it knows of its connections."""
    connect = connections.protocol(settings)
    state = ServerState()
    config = Config(app, log_config=None, ws="none", lifespan="off")
    server = await asyncio.get_running_loop().create_server(
        lambda: connect(config=config, server_state=state, app_state={}), "127.0.0.1", 0
    )
    yield server.sockets[0].getsockname(), state
    server.close()
    await server.wait_closed()


async def respond(send: Any, body: bytes) -> None:
    head = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": body})

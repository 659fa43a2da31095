"""The HTTP server: uvicorn, on a port that was opened before anything else started."""

from __future__ import annotations

import contextlib
import socket
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from quantum_tasks.errors import StartError
from quantum_tasks.settings import Settings
from quantum_tasks.web.wire import connections

_OPEN_REQUESTS_GRACE_S = 3


class Server(uvicorn.Server):
    """uvicorn without its signal handlers. They would raise the signal again when uvicorn is done,
    and so end the process before the other parts have stopped."""

    def __init__(self, config: uvicorn.Config, welcome: str) -> None:
        super().__init__(config)
        self._welcome = welcome

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        print(self._welcome, flush=True)

    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield


def bind(settings: Settings) -> socket.socket:
    """Opens the port before anything else is started. Raises StartError if it is in use."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        raise StartError(
            f"cannot listen on {settings.host}:{settings.port} ({error.strerror or error}): "
            "choose other values for HOST and PORT, or stop what is using them"
        ) from None
    return listener


def server(app: ASGIApp, settings: Settings, welcome: str) -> Server:
    """The server for the app. It prints the welcome text once it serves."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        http=connections.protocol(settings),
        # Clients take turns by their addresses, so no header may change the address.
        proxy_headers=False,
        ws="none",
        timeout_graceful_shutdown=_OPEN_REQUESTS_GRACE_S,
    )
    return Server(config, welcome)

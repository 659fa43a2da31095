"""Requests to other people's servers: to checked addresses, and with an end.

Imported when the first one is made, because httpcore takes long to import.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import os
import socket
import threading
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Any

import httpcore

from quantum_tasks.receivers import Receiver, is_public

CONNECT_TIMEOUT_S = 5.0
TIMEOUT_S = 10.0


class Outgoing:
    """Posts, without proxies, redirects or connections that are used again."""

    def __init__(self, allow_private: bool) -> None:
        self._http = httpcore.AsyncConnectionPool(
            ssl_context=httpcore.default_ssl_context(),
            max_connections=None,
            max_keepalive_connections=0,
            network_backend=_CheckedNetwork(allow_private),
        )

    async def post(self, receiver: Receiver, headers: dict[str, str], body: bytes) -> int:
        """Returns the status of the answer; what else is in it is not read.

        Raises ConnectionError saying why there is no answer. It repeats nothing that came from
        the other side: that may be a place which its caller cannot reach.
        """
        url = httpcore.URL(
            scheme=receiver.scheme,
            host=receiver.host,
            port=receiver.port,
            target=receiver.target,
        )
        sent = {"Host": receiver.authority, "Connection": "close"} | headers
        timeout = {"timeout": {"connect": CONNECT_TIMEOUT_S}}
        post = self._http.stream(
            "POST", url, headers=list(sent.items()), content=body, extensions=timeout
        )
        try:
            async with asyncio.timeout(TIMEOUT_S), post as answer:
                return answer.status
        except httpcore.ConnectTimeout:
            raise ConnectionError(f"no connection within {CONNECT_TIMEOUT_S:g} s") from None
        except TimeoutError:
            raise ConnectionError(f"no answer within {TIMEOUT_S:g} s") from None
        except httpcore.ConnectError as error:
            raise ConnectionError(f"no connection: {error}") from None
        except httpcore.NetworkError:
            raise ConnectionError("the connection broke before the answer") from None
        except httpcore.ProtocolError:
            raise ConnectionError("there was no answer, or none in HTTP") from None


class _CheckedNetwork(httpcore.AsyncNetworkBackend):
    """Looks a name up, checks every address and connects to one of those, so that it does not
    matter what the name stands for a moment later."""

    def __init__(self, allow_private: bool) -> None:
        self._allow_private = allow_private
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            async with asyncio.timeout(timeout):
                addresses = await _look_up(host, port)
                if not self._allow_private and not all(map(_is_public, addresses)):
                    raise httpcore.ConnectError(f"{host} is not at a public address")
                # One that swallows what it is sent shall leave time for the others.
                share = timeout and timeout / len(addresses)
                for address in addresses[:-1]:
                    with contextlib.suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                        return await self._network.connect_tcp(address, port, share)
                return await self._network.connect_tcp(addresses[-1], port)
        except TimeoutError:
            raise httpcore.ConnectTimeout from None
        except (OSError, httpcore.ConnectError) as error:
            raise httpcore.ConnectError(_reason(error)) from None


async def _look_up(host: str, port: int) -> list[str]:
    """The addresses of a host.

    In a thread of its own: the loop has only a few for all look-ups, those of the database among
    them, and a stranger's name server could keep them; and a process does not wait for daemons.
    """
    found: concurrent.futures.Future[list[Any]] = concurrent.futures.Future()
    found.set_running_or_notify_cancel()  # whoever asks may go away, which is not our error

    def look_up() -> None:
        try:
            found.set_result(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except Exception as error:
            found.set_exception(error)

    threading.Thread(target=look_up, name=f"look up {host}", daemon=True).start()
    entries = await asyncio.wrap_future(found)
    return list(dict.fromkeys(entry[4][0] for entry in entries))


def _is_public(address: str) -> bool:
    return is_public(ip_address(address))


def _reason(error: BaseException) -> str:
    """What the operating system said, if it did: the errors around that do not repeat it."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and not isinstance(cause, socket.gaierror) and cause.errno:
            return os.strerror(cause.errno)
        cause = cause.__cause__
    return getattr(error, "strerror", None) or str(error)

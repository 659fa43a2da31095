"""Requests to other people's servers: only to checked addresses, and with a time limit.

This module is imported at the first request, because httpcore takes long to import.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Any

import httpcore

from quantum_tasks.callbacks.names import Names
from quantum_tasks.callbacks.receivers import Receiver, is_public

CONNECT_TIMEOUT_S = 5.0
TIMEOUT_S = 10.0


class Outgoing:
    """Sends POST requests. It uses no proxy, follows no redirect and opens a new connection each
    time."""

    def __init__(self, allow_private: bool) -> None:
        self._allow_private = allow_private
        self._ssl = httpcore.default_ssl_context()
        self._names = Names()

    async def post(
        self, receiver: Receiver, headers: dict[str, str], body: bytes, known: bool = False
    ) -> int:
        """Returns the status of the answer; the rest of the answer is not read.

        The look-up of a `known` name does not wait for other names. Raises ConnectionError saying
        why there is no answer. The message repeats nothing that the other side sent: that side may
        be a server which the submitter of the task cannot reach.
        """
        url = httpcore.URL(
            scheme=receiver.scheme,
            host=receiver.host,
            port=receiver.port,
            target=receiver.target,
        )
        network = _CheckedNetwork(self._allow_private, self._names, known)
        connection = httpcore.AsyncHTTPConnection(
            url.origin, ssl_context=self._ssl, network_backend=network
        )
        sent = {"Host": receiver.authority, "Connection": "close"} | headers
        timeout = {"timeout": {"connect": CONNECT_TIMEOUT_S}}
        post = connection.stream(
            "POST", url, headers=list(sent.items()), content=body, extensions=timeout
        )
        try:
            async with asyncio.timeout(TIMEOUT_S), connection, post as answer:
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
    """Looks a name up, checks every address, and connects to one of the checked addresses. If the
    name had another address a moment later, that would change nothing."""

    def __init__(self, allow_private: bool, names: Names, known: bool) -> None:
        self._allow_private = allow_private
        self._names = names
        self._known = known
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
                addresses = await self._names.look_up(host, port, self._known)
                if not self._allow_private and not all(map(_is_public, addresses)):
                    raise httpcore.ConnectError(f"{host} is not at a public address")
                # An address that accepts packets but never answers must leave time for the others.
                share = timeout and timeout / len(addresses)
                for address in addresses[:-1]:
                    with contextlib.suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                        return await self._network.connect_tcp(address, port, share)
                return await self._network.connect_tcp(addresses[-1], port)
        except TimeoutError:
            raise httpcore.ConnectTimeout from None
        except (OSError, httpcore.ConnectError) as error:
            raise httpcore.ConnectError(_reason(error)) from None


def _is_public(address: str) -> bool:
    return is_public(ip_address(address))


def _reason(error: BaseException) -> str:
    """The message of the operating system, if there is one: the errors that wrap it do not repeat
    it."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and not isinstance(cause, socket.gaierror) and cause.errno:
            return os.strerror(cause.errno)
        cause = cause.__cause__
    return getattr(error, "strerror", None) or str(error)

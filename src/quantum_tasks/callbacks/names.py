"""Looks up the addresses of host names, in a limited number of threads.

A look-up cannot be cancelled: if a name server does not answer, the thread is busy until the
operating system gives up. So look-ups have threads of their own, not the event loop's few threads,
which all code shares. They are daemon threads, because a process does not wait for those when it
ends.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import socket
import threading
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

_KNOWN = 16  # threads for names that are known to be found quickly
_OTHERS = 48
_PER_DOMAIN = 4


class Names:
    """Looks names up. The names of one domain wait for one another: so one name server, however
    many names it has, keeps only a few threads busy."""

    def __init__(self) -> None:
        self._known = asyncio.Semaphore(_KNOWN)
        self._others = asyncio.Semaphore(_OTHERS)
        self._domains: dict[str, _Domain] = {}

    async def look_up(self, host: str, port: int, known: bool) -> list[str]:
        """The addresses of a host. Raises OSError if there are none."""
        if _is_address(host):
            return [host]
        name = _domain(host)
        domain = self._domains.setdefault(name, _Domain())
        domain.users += 1
        lane = self._known if known else self._others
        held: list[asyncio.Semaphore] = []

        def ended() -> None:
            for semaphore in held:
                semaphore.release()
            domain.users -= 1
            if not domain.users:
                del self._domains[name]

        try:
            for semaphore in (domain.free, lane):
                await semaphore.acquire()
                held.append(semaphore)
        except BaseException:
            ended()
            raise
        entries = await asyncio.wrap_future(_in_thread(host, port, ended))
        return list(dict.fromkeys(entry[4][0] for entry in entries))


class _Domain:
    """The look-ups of names that belong to one owner, as far as the text of a name shows this."""

    def __init__(self) -> None:
        self.free = asyncio.Semaphore(_PER_DOMAIN)
        self.users = 0


def _in_thread(
    host: str, port: int, ended: Callable[[], None]
) -> concurrent.futures.Future[list[Any]]:
    found: concurrent.futures.Future[list[Any]] = concurrent.futures.Future()
    found.set_running_or_notify_cancel()  # a caller that has gone is no error
    loop = asyncio.get_running_loop()

    def look_up() -> None:
        try:
            found.set_result(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except Exception as error:
            found.set_exception(error)
        with contextlib.suppress(RuntimeError):  # the loop is closed: the service has stopped
            loop.call_soon_threadsafe(ended)

    threading.Thread(target=look_up, name=f"look up {host}", daemon=True).start()
    return found


def _domain(host: str) -> str:
    """The part of a name that its owner had to register: evil.example, or evil.co.uk."""
    labels = host.split(".")
    country = len(labels) > 2 and len(labels[-1]) == 2 and len(labels[-2]) <= 3
    return ".".join(labels[-3 if country else -2 :])


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True

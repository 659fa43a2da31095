"""A TCP proxy before Postgres that reads along, to cut connections at chosen moments."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from quantum_tasks.database.queries import QUERIES

Moment = Literal["asked", "answered", "lost on its way"]


@dataclass
class Cut:
    """Cuts the connection of the next use of a statement: when it is asked, before the server has
    seen it; when the server has committed and answered, before anybody has heard; or without
    closing it, so that it is half open: it was lost on its way, and no answer ever comes."""

    statement: str
    moment: Moment
    done: threading.Event = field(default_factory=threading.Event)


class Proxy:
    """Listens on a port of its own, in a thread of its own, for a server on a Unix socket."""

    def __init__(self, socket_path: str) -> None:
        self._socket_path = socket_path
        self._loop = asyncio.new_event_loop()
        self._links: set[_Link] = set()
        self._cuts: list[Cut] = []
        self.open = asyncio.Event()
        self.open.set()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._serve, "127.0.0.1", 0), self._loop
        ).result()
        self.port: int = self._server.sockets[0].getsockname()[1]

    def cut_at(self, statement: str, moment: Moment) -> Cut:
        """Cuts the connection at the next use of a statement of `sql/queries`."""
        cut = Cut(QUERIES[statement], moment)
        self._do(lambda: self._cuts.append(cut))
        return cut

    def cut_all(self) -> None:
        """Cuts every connection, whatever it is doing."""
        self._do(lambda: [link.abort() for link in list(self._links)])

    def go_silent(self) -> None:
        """From now on no byte passes and nothing is closed, as when a host or a cable vanishes."""
        self._do(self.open.clear)

    def come_back(self) -> None:
        """Lets new connections pass; those from before the silence are dead."""
        self._do(lambda: [link.abort() for link in list(self._links)])
        self._do(self.open.set)

    def close(self) -> None:
        self.cut_all()
        self._do(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, action: Callable[[], object]) -> None:
        async def act() -> None:
            action()

        asyncio.run_coroutine_threadsafe(act(), self._loop).result(10)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = _Link(self, reader, writer)
        self._links.add(link)
        try:
            await link.run(self._socket_path)
        finally:
            link.abort()
            self._links.discard(link)

    def cut_for(self, statement: str) -> Cut | None:
        """The cut that this use of a statement is due, if any."""
        for cut in self._cuts:
            if cut.statement == statement:
                self._cuts.remove(cut)
                return cut
        return None


class _Link:
    """One client's connection and its connection to the server."""

    def __init__(
        self, proxy: Proxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._proxy = proxy
        self._client = reader, writer
        self._writers = [writer]
        self._statements: dict[bytes, str] = {}
        self._swallowing: Cut | None = None

    async def run(self, socket_path: str) -> None:
        try:
            await self._proxy.open.wait()
            server = await asyncio.open_unix_connection(socket_path)
            self._writers.append(server[1])
            ways = [self._up(self._client[0], server[1]), self._down(server[0], self._client[1])]
            tasks = [asyncio.ensure_future(way) for way in ways]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        except OSError:
            pass

    def abort(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _up(self, client: asyncio.StreamReader, server: asyncio.StreamWriter) -> None:
        start = await client.readexactly(4)  # the first message has no type
        server.write(start + await client.readexactly(int.from_bytes(start, "big") - 4))
        while True:
            kind, message = await _message(client)
            if kind == b"P":
                name, text, _ = message[5:].split(b"\0", 2)
                self._statements[name] = text.decode()
            elif kind == b"B":
                _, name, _ = message[5:].split(b"\0", 2)
                if cut := self._proxy.cut_for(self._statements.get(name, "")):
                    if cut.moment == "answered":
                        self._swallowing = cut
                    else:
                        cut.done.set()
                        if cut.moment == "asked":
                            return
                        await asyncio.Event().wait()
            await self._proxy.open.wait()
            server.write(message)

    async def _down(self, server: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        while True:
            kind, message = await _message(server)
            if self._swallowing is not None:
                if kind == b"Z":  # ready for the next query: what was asked is committed
                    self._swallowing.done.set()
                    return
                continue
            await self._proxy.open.wait()
            client.write(message)


async def _message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """A message's type, and the whole of it."""
    head = await reader.readexactly(5)
    return head[:1], head + await reader.readexactly(int.from_bytes(head[1:], "big") - 4)

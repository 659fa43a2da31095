"""The application without a server, so that what it holds can be looked at."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp, Message

from quantum_tasks.archive.archive import Archive
from quantum_tasks.archive.cancelling import Cancellations
from quantum_tasks.archive.lists import Lists
from quantum_tasks.archive.overview import Overviews
from quantum_tasks.database.pool import Pool
from quantum_tasks.live.feed import Feed
from quantum_tasks.live.waiting import Waiters
from quantum_tasks.queue.store import Store
from quantum_tasks.queue.submissions import Submissions
from quantum_tasks.settings import Settings
from quantum_tasks.web.answers.streams import written
from quantum_tasks.web.app import Parts, create_app


class Application:
    """All of the API that only reads."""

    def __init__(self, pool: Pool) -> None:
        self.store = Store(pool, "tasks")
        self.archive = Archive(pool)
        self.lists = Lists(pool)
        self.waiters = Waiters(self.store)
        self.feed = Feed(self.archive, written)
        nobody: Any = object()
        self.app: ASGIApp = create_app(
            Parts(
                settings=Settings(),
                store=self.store,
                submissions=Submissions(pool, "tasks"),
                archive=self.archive,
                lists=self.lists,
                overviews=Overviews(pool, self.archive),
                cancellations=Cancellations(pool),
                checker=nobody,
                drawer=nobody,
                waiters=self.waiters,
                feed=self.feed,
                readiness=nobody,
            )
        )

    async def __aenter__(self) -> Application:
        self._running = [asyncio.create_task(self.waiters.run())]
        self._running.append(asyncio.create_task(self.feed.run()))
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.wait(self._running)

    def client(self, path: str, **headers: str) -> Client:
        """Somebody who asks for a path, and is there until left."""
        return Client(self.app, path, headers)


@dataclass
class Client:
    """A client whose connection can be slow, and can break."""

    app: ASGIApp
    path: str
    headers: dict[str, str]
    method: str = "GET"
    status: int = 0
    received: bytearray = field(default_factory=bytearray)
    ended: bool = False
    slow: asyncio.Event | None = None  # nothing is taken until it is set

    async def __aenter__(self) -> Client:
        self._gone = asyncio.Event()
        self._request: Message | None = {"type": "http.request", "body": b"", "more_body": False}
        path, _, query = self.path.partition("?")
        given = {name.replace("_", "-"): value for name, value in self.headers.items()}
        sent = {"Host": "test", **given}
        scope = {
            "type": "http",
            "method": self.method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(k.lower().encode(), v.encode()) for k, v in sent.items()],
            "scheme": "http",
            "server": ("test", 80),
            "client": ("test", 1),
            "root_path": "",
            "http_version": "1.1",
        }
        self.serving = asyncio.create_task(self.app(scope, self._receive, self._send))
        return self

    async def __aexit__(self, *_: object) -> None:
        self.leave()
        await asyncio.wait({self.serving}, timeout=5)
        assert self.serving.done()
        self.serving.result()

    def leave(self) -> None:
        """Breaks the connection."""
        self._gone.set()

    async def until(self, text: bytes, within_s: float = 5) -> None:
        """Waits until a text has been received."""
        async with asyncio.timeout(within_s):
            while text not in self.received:
                await asyncio.sleep(0.01)

    async def _receive(self) -> Message:
        message, self._request = self._request, None
        if message is None:
            await self._gone.wait()
            return {"type": "http.disconnect"}
        return message

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            return
        if self.slow is not None:
            await self.slow.wait()
        self.received += message.get("body", b"")
        self.ended |= not message.get("more_body", False)

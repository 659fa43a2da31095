"""One HTTP connection, from an address of one's own: it says what others do not let one say."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

HERE = "127.0.0.1"
JSON = {"Content-Type": "application/json"}
_BODILESS = (204, 304)


class Wire:
    """A connection that is kept; one request at a time, unless its streams are used."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def open(cls, url: str, source: str = HERE) -> Wire:
        host, _, port = url.removeprefix("http://").partition(":")
        # A megabyte of headers may come back.
        return cls(
            *await asyncio.open_connection(host, int(port), local_addr=(source, 0), limit=2**20)
        )

    async def ask(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] = {},
    ) -> tuple[int, bytes]:
        """Status and body of the answer. Raises OSError if there is none."""
        self.writer.write(request(method, path, body, headers))
        return await self.answer(method)

    async def answer(self, method: str = "GET") -> tuple[int, bytes]:
        """The next answer on this connection."""
        try:
            head = (await self.reader.readuntil(b"\r\n\r\n")).lower()
            status = int(head[9:12])
            if method == "HEAD" or status in _BODILESS:
                return status, b""
            length = head.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0]
            return status, await self.reader.readexactly(int(length))
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError) as error:
            raise ConnectionError("no answer") from error

    def close(self) -> None:
        self.writer.transport.abort()


def request(method: str, path: str, body: bytes = b"", headers: Mapping[str, str] = {}) -> bytes:
    """A request as it is written."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body or method in ("POST", "PATCH"):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body

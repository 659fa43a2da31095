"""Answers that are compressed with gzip, for clients that ask for it (Accept-Encoding).

Only with gzip, because the standard library has it and every client takes it. zstd would need
40 ms for 16 MB, where gzip needs 140 ms; for small answers it is no better. Brotli would make the
files of the pages 15 to 20 % smaller, but takes three seconds for the largest. Browsers ask for
these two only over TLS, or on their own machine.

An attack like BREACH needs three things in one compressed answer: a secret, text of the attacker's
choice, and many tries. No answer of this service has a secret in its body, except the nonce of a
page, which is another one each time and stands beside nothing that a request says. Pages of other
origins cannot try: `origins.py` refuses them.
"""

from __future__ import annotations

import asyncio
import math
import zlib
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from typing import TypeVar

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from quantum_tasks.web.responses import weights
from quantum_tasks.web.wire.headers import Headers

LEAST = 1024  # bytes: less takes one packet anyway
# Levels. 6 in the place of 1 makes a list of tasks 7 % smaller, and takes three times as long.
_FAST, _BEST = 1, 9
_GZIP = 16 + zlib.MAX_WBITS
_AT_ONCE = 16_384  # bytes that the event loop itself compresses: 0.15 ms
_PIECE = 262_144  # bytes that the thread compresses at a time: 2.5 ms
_MOST_WAITING = 2**22  # bytes that wait for the thread: 40 ms
_REMEMBERED = 256  # headers: nearly all clients send the same few
_KNOWN = frozenset({"gzip", "x-gzip", "identity", "*"})
_TYPES = ("text/", "application/json", "application/problem+json", "image/svg+xml")

T = TypeVar("T")


@lru_cache(_REMEMBERED)
def _packed_from(header: str) -> float:
    """The size from which answers are compressed for a client with this header Accept-Encoding:
    infinity if it does not take gzip or prefers plain bytes, 0 if it refuses plain bytes.

    A client that refuses both gets plain bytes: that is better than nothing.
    """
    found = weights(header, _KNOWN)
    others = found.get("*", 0.0)
    gzip = found.get("gzip", found.get("x-gzip", others))
    plain = found.get("identity", others)
    if not gzip > 0 or plain > gzip:
        return math.inf
    refused = plain == 0 and ("identity" in found or "*" in found)
    return 0 if refused else LEAST


def packed_from(scope: Scope) -> float:
    """The size from which the answer to a request is compressed; infinity if it never is."""
    given = [value for name, value in scope["headers"] if name == b"accept-encoding"]
    return _packed_from(b",".join(given).decode("latin-1")) if given else math.inf


class Packer:
    """Compresses, in a single thread, whatever would keep the event loop for longer than a moment.

    Many may want that at the same time. They take turns piece by piece. If too many bytes wait,
    further answers are sent as they are: so no client has to wait for what others ask for.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "packer")
        self._waiting = 0

    async def pack(self, body: bytes) -> bytes | None:
        """An answer, compressed; None if it has to be sent as it is."""
        if len(body) <= _AT_ONCE:
            return _fast(body)
        if self._waiting and self._waiting + len(body) > _MOST_WAITING:
            return None
        self._waiting += len(body)
        try:
            if len(body) <= _PIECE:
                return await self.run(partial(_fast, body))
            return b"".join(await self.pack_all([body]))
        finally:
            self._waiting -= len(body)

    async def pack_all(self, pieces: Sequence[bytes]) -> list[bytes]:
        """An answer in pieces, compressed, in pieces. The caller sees to it that there are few at
        a time."""
        packing = zlib.compressobj(_FAST, wbits=_GZIP)
        packed = []
        for piece in pieces:
            for begin in range(0, len(piece), _PIECE):
                part = memoryview(piece)[begin : begin + _PIECE]
                packed.append(await self.run(partial(packing.compress, part)))
        packed.append(await self.run(packing.flush))
        return [piece for piece in packed if piece]

    async def run(self, work: Callable[[], T]) -> T:
        """Does other work in the thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def _fast(body: bytes) -> bytes:
    return zlib.compress(body, _FAST, _GZIP)


def best(content: bytes) -> bytes:
    """Compresses what is kept and sent often. It takes long."""
    return zlib.compress(content, _BEST, _GZIP)


class Compression:
    """Compresses answers that are sent as a whole. Those that are sent in pieces are compressed
    before (`web/pages.py`, `web/answers/large.py`), and streams of events never."""

    def __init__(self, app: ASGIApp, packer: Packer) -> None:
        self._app = app
        self._packer = packer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        least = packed_from(scope)
        size = 0
        held: Message | None = None  # the head of an answer, until its body is there

        async def send_packed(message: Message) -> None:
            nonlocal held, size
            if message["type"] == "http.response.start":
                given = dict(message["headers"])
                size, packed = _size(given), b"content-encoding" in given
                if packed or message["status"] == 304 or size >= min(least, LEAST):
                    message["headers"] = _varying(message["headers"])
                if not packed and size >= max(least, 1):
                    held = message
                    return
            elif held is not None:
                start, held = held, None
                message = await self._packed(start, message, size)
                await send(start)
            await send(message)

        await self._app(scope, receive, send_packed)

    async def _packed(self, start: Message, message: Message, size: int) -> Message:
        body = message.get("body", b"")
        if len(body) != size:  # in pieces, or the answer to a HEAD
            return message
        packed = await self._packer.pack(body)
        if packed is None:
            return message
        start["headers"] = [
            *(header for header in start["headers"] if header[0] != b"content-length"),
            (b"content-length", str(len(packed)).encode()),
            (b"content-encoding", b"gzip"),
        ]
        return {**message, "body": packed}


def _size(given: dict[bytes, bytes]) -> int:
    """The size of a body, if it may be compressed; else 0. A stream of events has none: it would
    be held back until there is enough to compress."""
    kind = given.get(b"content-type", b"").decode("latin-1")
    return int(given.get(b"content-length", 0)) if kind.startswith(_TYPES) else 0


def _varying(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Says that another client may get other bytes."""
    kept = [header for header in headers if header[0] != b"vary"]
    before = [value for name, value in headers if name == b"vary"]
    return [*kept, (b"vary", b", ".join([*before, b"Accept-Encoding"]))]

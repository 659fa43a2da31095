"""Large answers: only a few are made at once, the bytes being sent are limited, and each answer is
sent in pieces as fast as its client reads."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Mapping, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from quantum_tasks.errors import ServiceBusy
from quantum_tasks.turns.lane import Lane, NoRoom
from quantum_tasks.web.requests import peer, unless_gone
from quantum_tasks.web.wire.compression import Packer, packed_from
from quantum_tasks.web.wire.crowd import ABORT

_AT_ONCE = 2
_MOST_WAITING = 100  # requests of one address
_PATIENCE_S = 10.0
_RETRY_AFTER_S = 5
_PIECE = 131_072
_BYTES_PER_S = 250e6  # to all clients together: more would block other work
_GRACE_S = 5.0  # younger answers are never cut off to make room
_LOOK_S = 0.1


class _Body:
    """The bytes of an answer, whether they are compressed, and the clients that they are being
    sent to: since when, and how to stop."""

    def __init__(self, key: Hashable, pieces: Sequence[bytes], packed: bool = False) -> None:
        self.key = key
        self.pieces = pieces
        self.packed = packed
        self.size = sum(map(len, pieces))
        self.sendings: dict[object, tuple[float, Callable[[], object]]] = {}


class LargeAnswers:
    """The large answers that this instance is making and sending.

    Clients that ask for the same answer share its bytes; so it is compressed once for all of them,
    before the first is sent anything, and not for each of them as it reads. If there is no room
    for another answer, those that have been on their way for longest are cut off. So a client may
    read slowly as long as nobody waits for the memory of its answer.
    """

    def __init__(self, most_bytes: int, packer: Packer) -> None:
        self._most_bytes = most_bytes
        self._packer = packer
        self._lane: Lane[_Body] = Lane(_AT_ONCE, _MOST_WAITING, _PATIENCE_S)
        self._out: dict[Hashable, _Body] = {}
        self._bytes = 0
        self._sending = 0

    @property
    def on_their_way(self) -> int:
        """How many bytes are being sent."""
        return self._bytes

    async def respond(
        self,
        request: Request,
        key: Hashable,
        make: Callable[[], Awaitable[Sequence[bytes]]],
        headers: Mapping[str, str],
        media_type: str,
    ) -> Response:
        """Answers with the bytes of this key; `make` makes them if they are not there yet. Raises
        ServiceBusy, and whatever `make` raises."""
        least = packed_from(request.scope)
        key = key, least
        body = self._out.get(key)
        if body is None:
            making = self._lane(peer(request), key, lambda: self._make(key, make, least))
            try:
                body = await unless_gone(request, making)
            except NoRoom:
                raise _busy() from None
        return _Streamed(self, body or _Body(key, []), headers, media_type)

    async def _make(
        self, key: Hashable, make: Callable[[], Awaitable[Sequence[bytes]]], least: float
    ) -> _Body:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                while self._bytes >= self._most_bytes:
                    self._cut_off()
                    await asyncio.sleep(_LOOK_S)
        except TimeoutError:
            raise _busy() from None
        pieces = await make()
        if sum(map(len, pieces)) < least:
            return _Body(key, pieces)
        return _Body(key, await self._packer.pack_all(pieces), packed=True)

    def _cut_off(self) -> None:
        """Ends the answer that has been on its way for longest, if that is long enough."""
        late = asyncio.get_running_loop().time() - _GRACE_S
        since = {key: next(iter(body.sendings.values()))[0] for key, body in self._out.items()}
        slowest = min(since, key=since.__getitem__, default=None)
        if slowest is not None:
            for began, abort in list(self._out[slowest].sendings.values()):
                if began < late:
                    abort()

    @contextlib.asynccontextmanager
    async def sending(self, body: _Body, abort: Callable[[], object]) -> AsyncIterator[None]:
        """Within this context, a body is being sent to a client."""
        this = object()
        if not body.sendings:
            self._bytes += body.size
            self._out[body.key] = body
        body.sendings[this] = (asyncio.get_running_loop().time(), abort)
        self._sending += 1
        try:
            yield
        finally:
            self._sending -= 1
            del body.sendings[this]
            if not body.sendings:
                self._bytes -= body.size
                if self._out.get(body.key) is body:
                    del self._out[body.key]

    async def pause(self) -> None:
        """Waits between two pieces, so that other work gets its share of the time."""
        await asyncio.sleep(self._sending * _PIECE / _BYTES_PER_S)


class _Streamed(Response):
    """A body that is sent in pieces, each after the client has taken the one before."""

    def __init__(
        self, answers: LargeAnswers, body: _Body, headers: Mapping[str, str], media_type: str
    ) -> None:
        super().__init__(None, 200, headers, media_type)
        self.headers["Content-Length"] = str(body.size)
        if body.packed:
            self.headers["Content-Encoding"] = "gzip"
        self._answers = answers
        self._whole = body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gone = False

        def abort() -> None:
            nonlocal gone
            gone = True
            scope.get(ABORT, lambda: None)()

        async with self._answers.sending(self._whole, abort):
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            if scope["method"] != "HEAD":
                for piece in self._whole.pieces:
                    for start in range(0, len(piece), _PIECE):
                        part = piece[start : start + _PIECE]
                        await send({"type": "http.response.body", "body": part, "more_body": True})
                        if gone:
                            return
                        await self._answers.pause()
            await send({"type": "http.response.body", "body": b"", "more_body": False})


def _busy() -> ServiceBusy:
    return ServiceBusy(
        "The service is busy with other large results; please try again.",
        retry_after_s=_RETRY_AFTER_S,
    )

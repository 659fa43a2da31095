"""Connections with limits: no client can keep one for ever, or send without end.

uvicorn limits only how long a connection may be idle after a response. A client may take a week to
send its headers, send a gigabyte of them, queue requests without reading the answers, or read a
byte a day. This module uses the inside of uvicorn's protocol. When uvicorn's pin moves, the tests
in tests/hostile show what has to be adapted.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, NoReturn

import httptools
import msgspec
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from quantum_tasks.errors import HeadersTooLarge, MalformedHttp, Problem, UrlTooLong
from quantum_tasks.settings import Settings
from quantum_tasks.web.requests import network
from quantum_tasks.web.responses import new_id, problem_response
from quantum_tasks.web.wire.crowd import ABORT, Crowd, Doing, raise_open_files_limit
from quantum_tasks.web.wire.delivery import Deadline, Delivery
from quantum_tasks.web.wire.door import Door
from quantum_tasks.web.wire.flow import Flow, Wire
from quantum_tasks.web.wire.headers import finished
from quantum_tasks.web.wire.heads import (
    MAX_HEADER_BYTES,
    Head,
    Pieces,
    believe_url,
    without_upgrade,
)

logger = logging.getLogger(__name__)

_MAX_URL_BYTES = 8192
_MAX_UNPARSED_BYTES = _MAX_URL_BYTES + MAX_HEADER_BYTES + 1024
_HEAD_PIECE = 4096  # bytes read at once: bytes that come early wait in memory
_BODY_PIECE = 8192
_UNREAD_BODY = 4096  # bytes of a body that are read before the handler asks for it
_WRITTEN_AHEAD = 8192  # bytes of an answer that wait in memory before more is made
_LINGER_S = 2.0
_MAX_UNWANTED_BYTES = 2**25
_TURN_S = 0.05  # delay after an answer before a waiting request is parsed


class Rules(msgspec.Struct, frozen=True):
    """The limits for every connection of a server."""

    header_timeout_s: float


def protocol(settings: Settings) -> Any:
    """The factory with which uvicorn makes a connection."""
    possible = raise_open_files_limit()
    if possible < settings.max_connections:
        logger.warning(
            "few files may be open: fewer connections than MAX_CONNECTIONS",
            extra={"connections": possible},
        )
    rules = Rules(settings.header_timeout_s)
    crowd = Crowd(min(settings.max_connections, possible))
    door = Door()
    buffer = memoryview(bytearray(_BODY_PIECE))

    def connect(**arguments: Any) -> Connection:
        return Connection(rules, crowd, door, buffer, **arguments)

    return connect


class Connection(HttpToolsProtocol):
    """One client's connection.

    A request is parsed when the one before it has been answered; until then its bytes wait
    unparsed.
    """

    flow: Flow

    def __init__(
        self,
        rules: Rules,
        crowd: Crowd,
        door: Door,
        buffer: memoryview,
        config: Config,
        **arguments: Any,
    ) -> None:
        super().__init__(config, **arguments)
        self._rules = rules
        self._crowd = crowd
        self._door = door
        self._buffer = buffer
        self._deadline = Deadline(self.loop, self._close)  # of a request's headers
        self._early = b""  # bytes that came before they could be parsed
        self._pieces = Pieces()
        self._in_body = False
        self._unparsed = 0  # bytes since the parser last produced something
        self._head = Head()
        self._unwanted = 0  # bytes that came after their request was answered
        self._refusal: Problem | None = None
        self._deaf = False  # whether further bytes are ignored
        self._lost = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        transport.set_protocol(Wire(self, self._buffer))
        transport.set_write_buffer_limits(_WRITTEN_AHEAD)
        self.flow = Flow(transport)
        self._delivery = Delivery(self.loop, transport, self.abort)
        self._peer = network(self.client[0] if self.client else "")
        self._place = self._crowd.enter(self)
        self._deadline.set(self._rules.header_timeout_s)
        self._crowd.make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        self._deaf = self._lost = True
        self._early = b""
        self._place.leave()
        self._deadline.cancel()
        self._unset_keepalive_if_required()
        self._delivery.end()
        super().connection_lost(exc)

    def abort(self) -> None:
        """Closes the connection now, even if there is still something to write."""
        self._place.leave()
        self.connections.discard(self)
        self._deaf = True
        self.transport.abort()

    def end(self) -> None:
        """Closes the connection after the current answer."""
        self.cycle.keep_alive = False

    def unread(self) -> int:
        """The bytes that wait for the client."""
        return self.transport.get_write_buffer_size()

    def eof_received(self) -> bool:  # type: ignore[override]
        """A client that has closed its sending side still gets its answers."""
        self._deaf = True
        last = self.cycle
        if last is None or last.response_complete or last.more_body:
            return False
        last.keep_alive = False
        return True

    @property
    def wanted(self) -> int:
        """The largest number of bytes to read at once."""
        return _BODY_PIECE if self._deaf else max(self._pieces.body_left, _HEAD_PIECE)

    def data_received(self, data: bytes) -> None:
        if self._deaf or (self.cycle is not None and self.cycle.response_complete):
            self._unwanted += len(data)
            if self._unwanted > _MAX_UNWANTED_BYTES:
                self.abort()
            elif len(data) >= _HEAD_PIECE:
                # uvloop would continue to read while there is data; this gives other connections a
                # turn.
                self.flow.pause_reading()
                self.loop.call_soon(self._read_on)
        if self._deaf:
            return
        self._unset_keepalive_if_required()
        if self._door.lets_in(self._peer, self._go_on):
            self._parse(self._early + data)
        else:
            self._early += data
            self.flow.hold()

    def _parse(self, data: bytes) -> None:
        self._early = b""
        while data and not self._deaf:
            if self._is_answering():
                self._early = data
                self.flow.hold()
                return
            piece, data = self._pieces.split(data)
            self._unparsed += len(piece)
            try:
                self.parser.feed_data(piece)
            except httptools.HttpParserUpgrade as upgrade:
                data = piece[upgrade.args[0] :] + data
                if self._offered_upgrade():
                    data = without_upgrade(self.parser, self.url, self.headers) + data
            except httptools.HttpParserError:
                self._refuse(self._refusal or MalformedHttp())
        if self._unparsed > _MAX_UNPARSED_BYTES:
            self._refuse(HeadersTooLarge())
        if not self._deaf and (self.cycle is None or self.cycle.response_complete):
            self._deadline.set(self._rules.header_timeout_s)

    def _is_answering(self) -> bool:
        """Whether there is a whole request that has not been answered yet."""
        cycle = self.cycle
        return cycle is not None and not cycle.response_complete and not cycle.more_body

    def on_message_begin(self) -> None:
        self._unparsed = 0
        self._head.begin()
        self._in_body = False
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > _MAX_URL_BYTES:
            self._stop_parsing(UrlTooLong())

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        try:
            kept = self._head.takes(name, value)
        except HeadersTooLarge as problem:
            self._stop_parsing(problem)
        if kept and not self._in_body:  # these bytes do not belong to the body
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if self._deaf:
            return
        self._unparsed = 0
        if self._offered_upgrade():
            return
        self._unwanted = 0
        self._deadline.cancel()
        if not self.url.startswith(b"/"):
            believe_url(self.url, self.headers)
        self._in_body = True
        for name, value in self.headers:
            if name == b"content-length":
                self._pieces.body_left = int(value)
        super().on_headers_complete()
        self.scope["state"]["place"] = self._place
        self.url = b""

    def on_body(self, body: bytes) -> None:
        self._unparsed = 0
        self._pieces.body_left = max(0, self._pieces.body_left - len(body))
        if self._deaf:
            return
        super().on_body(body)
        if len(self.cycle.body) > _UNREAD_BODY:
            self.flow.pause_reading()

    def on_message_complete(self) -> None:
        if self._deaf or self._offered_upgrade():
            return
        self._unparsed = self._pieces.body_left = 0
        super().on_message_complete()
        if not self.cycle.response_complete:
            self._place.does(Doing.SERVED)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._place.does(Doing.WAITING)
        self._delivery.watch()
        if self.cycle.scope is self.scope:  # nothing is kept between requests
            self.scope = self.cycle.scope = {}  # type: ignore[typeddict-item]
            self.headers = []
        self.cycle.body = bytearray()
        if self._early and not self.transport.is_closing():
            self.loop.call_later(_TURN_S, self._go_on)

    def _read_on(self) -> None:
        if not self._lost and not self.transport.is_closing():
            self.flow.resume_reading()

    def _go_on(self) -> None:
        """Parses the bytes that came early."""
        if not self._lost and not self.transport.is_closing():
            self._unset_keepalive_if_required()
            self.flow.release()
            self._parse(self._early)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._place.stick(self.unread())
        self._delivery.watch()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._place.flow()
        self._delivery.flows()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        cycle.scope[ABORT] = self.abort  # type: ignore[literal-required]
        super()._start_asgi_task(cycle, app)

    def _offered_upgrade(self) -> bool:
        return self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT"

    def _stop_parsing(self, problem: Problem) -> NoReturn:
        self._refusal = problem
        raise problem

    def _refuse(self, problem: Problem) -> None:
        """After the answers that are still due, answers with an error for the rest, and closes."""
        if self._deaf:
            return
        self._deaf = True
        last: RequestResponseCycle | None = self.cycle
        if last is not None and not last.response_complete:
            if last.response_started or not last.more_body:
                last.keep_alive = False
                return
            last.disconnected = True
            last.message_event.set()
        self.transport.write(_answer(problem))
        # To close with unread bytes would reset the connection: the answer could be lost.
        self.transport.write_eof()
        self._deadline.cancel()
        self._deadline.set(_LINGER_S)
        self._delivery.watch()

    def _close(self) -> None:
        self._deaf = True
        self.transport.close()
        self._delivery.watch()


def _answer(problem: Problem) -> bytes:
    response = problem_response(problem, {"Connection": "close"})
    headers = finished(response.raw_headers, new_id().encode())
    head = b"".join(b"%b: %b\r\n" % header for header in headers)
    return b"%b%b\r\n%b" % (STATUS_LINE[problem.status], head, bytes(response.body))

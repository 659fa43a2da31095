"""Connections that no client can hold for ever, nor fill without end.

uvicorn bounds how long a connection may be idle after a response, and nothing else: a client may
take a week for its headers, send a gigabyte of them, queue requests without reading the answers,
or read a byte a day. Its protocol's insides are used here; when its pin moves, tests/hostile says
what has to be looked at.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import resource
from typing import Any

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
from quantum_tasks.web.headers import finished
from quantum_tasks.web.large import ABORT
from quantum_tasks.web.responses import new_id, problem_response

logger = logging.getLogger(__name__)

_AUTHORITY = re.compile(rb"[A-Za-z]+://([^/?#]*)")
_MAX_URL_BYTES = 8192
_MAX_HEADER_BYTES = 65536
_HEADER_COSTS = 32  # bytes that a header counts for besides its text, as HTTP/2 counts them
_MAX_PIPELINED = 16
_LINGER_S = 2.0
_MAX_UNWANTED_BYTES = 2**25
_STALLED_AFTER_S = 20.0
_LEAST_PROGRESS = 65536  # bytes that a client must take in that time, if there are so many
_OTHER_FILES = 640  # besides connections: children, the database, pages, 350 callbacks


class Rules(msgspec.Struct, frozen=True):
    """What every connection of a server keeps to."""

    header_timeout_s: float
    max_connections: int


def protocol(settings: Settings) -> Any:
    """What uvicorn makes a connection with."""
    possible = _raise_open_files_limit()
    if possible < settings.max_connections:
        logger.warning(
            "few files may be open: fewer connections than MAX_CONNECTIONS",
            extra={"connections": possible},
        )
    rules = Rules(settings.header_timeout_s, min(settings.max_connections, possible))
    waiting: dict[Connection, None] = {}

    def connect(**arguments: Any) -> Connection:
        return Connection(rules, waiting, **arguments)

    return connect


def _raise_open_files_limit() -> int:
    """Allows this process all the files that it may allow itself; returns for how many
    connections that is enough."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):  # macOS says infinite, and means less
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        soft = hard
    return 2**31 if soft == resource.RLIM_INFINITY else max(soft - _OTHER_FILES, 1)


class Connection(HttpToolsProtocol):
    """One client's connection.

    `waiting` holds the connections that wait for their clients, the longest first: those without
    a whole request that is not answered yet. When there are too many connections, the first of
    them goes.
    """

    def __init__(
        self, rules: Rules, waiting: dict[Connection, None], config: Config, **arguments: Any
    ) -> None:
        super().__init__(config, **arguments)
        self._rules = rules
        self._waiting = waiting
        self._running: RequestResponseCycle | None = None
        self._header_timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None
        self._unwritten = 0
        self._unparsed = 0  # bytes that came since something last came of them
        self._header_bytes = 0
        self._unwanted = 0  # bytes that came although their answer was there already
        self._refusal: Problem | None = None
        self._deaf = False  # whether what else arrives is of no interest
        self._lost = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._waiting[self] = None
        self._arm_header_timer()
        if len(self.connections) > self._rules.max_connections:
            next(iter(self._waiting)).abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._deaf = self._lost = True
        self._waiting.pop(self, None)
        self._disarm_header_timer()
        self._unset_keepalive_if_required()
        if self._write_timer is not None:
            self._write_timer.cancel()
        if self._running is not None:
            self._running.disconnected = True  # uvicorn tells only the one that came last
        super().connection_lost(exc)

    def abort(self) -> None:
        """Closes the connection now, whatever is still to be written."""
        self._waiting.pop(self, None)
        self.connections.discard(self)
        self._deaf = True
        self.transport.abort()

    def eof_received(self) -> bool:  # type: ignore[override]
        """A client that has sent everything it has to say still gets its answers."""
        self._deaf = True
        last = self.cycle
        if last is None or last.response_complete or last.more_body:
            return False
        last.keep_alive = False
        return True

    def data_received(self, data: bytes) -> None:
        if self._deaf or (self.cycle is not None and self.cycle.response_complete):
            self._unwanted += len(data)
            if self._unwanted > _MAX_UNWANTED_BYTES:
                self.abort()
        if self._deaf:
            return
        self._unset_keepalive_if_required()
        self._unparsed += len(data)
        rest = memoryview(data)
        while rest and not self._deaf:
            try:
                self.parser.feed_data(rest)
                break
            except httptools.HttpParserUpgrade as upgrade:
                rest = rest[upgrade.args[0] :]
                if self._offered_upgrade():
                    rest = memoryview(self._without_upgrade() + rest)
            except httptools.HttpParserError:
                self._refuse(self._refusal or MalformedHttp())
        if self._unparsed > _MAX_HEADER_BYTES:
            self._refuse(HeadersTooLarge())
        if not self._deaf and (self.cycle is None or self.cycle.response_complete):
            self._arm_header_timer()

    def on_message_begin(self) -> None:
        self._unparsed = 0
        self._header_bytes = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > _MAX_URL_BYTES:
            self._stop_parsing(UrlTooLong())

    def on_header(self, name: bytes, value: bytes) -> None:
        self._header_bytes += len(name) + len(value) + _HEADER_COSTS
        if self._header_bytes > _MAX_HEADER_BYTES:
            self._stop_parsing(HeadersTooLarge())
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if self._deaf:
            return
        self._unparsed = 0
        if self._offered_upgrade():
            return
        self._unwanted = 0
        self._disarm_header_timer()
        if len(self.pipeline) >= _MAX_PIPELINED:
            self._deaf = True
            self.cycle.keep_alive = False  # the client sends the rest again, elsewhere
            return
        if not self.url.startswith(b"/"):
            self._believe_url()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._unparsed = 0
        if not self._deaf:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if self._deaf or self._offered_upgrade():
            return
        self._unparsed = 0
        super().on_message_complete()
        if not self.cycle.response_complete:
            self._waiting.pop(self, None)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self.pipeline and not self._lost:
            self._waiting.pop(self, None)
            self._waiting[self] = None
        self._watch_writing()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch_writing()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._unwritten = 0

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        cycle.scope[ABORT] = self.abort  # type: ignore[literal-required]
        super()._start_asgi_task(cycle, app)

    def _offered_upgrade(self) -> bool:
        return self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT"

    def _without_upgrade(self) -> bytes:
        """The head of this request without its offer to speak something else, which we do not.

        The parser believes that we do and takes the body for that other language; Java's client
        makes the offer of HTTP/2 with every request.
        """
        version = self.parser.get_http_version().encode()
        head = [b"%b %b HTTP/%b\r\n" % (self.parser.get_method(), self.url, version)]
        head += [b"%b: %b\r\n" % header for header in self.headers if header[0] != b"upgrade"]
        return b"".join(head) + b"\r\n"

    def _believe_url(self) -> None:
        """Of a whole URL the host counts, whatever the header says (RFC 9112, 3.2.2)."""
        if authority := _AUTHORITY.match(self.url):
            for index, (name, _) in enumerate(self.headers):
                if name == b"host":
                    self.headers[index] = (name, authority[1])

    def _stop_parsing(self, problem: Problem) -> None:
        self._refusal = problem
        raise problem

    def _refuse(self, problem: Problem) -> None:
        """Answers, after what is still to be answered, that the rest is of no use; and closes."""
        if self._deaf:
            return
        self._deaf = True
        if self.pipeline and self.cycle.more_body:
            assert self._running is not None
            self.pipeline.popleft()
            self.cycle = self.pipeline[0][0] if self.pipeline else self._running
        last: RequestResponseCycle | None = self.cycle
        if last is not None and not last.response_complete:
            if last.response_started or not last.more_body:
                last.keep_alive = False
                return
            last.disconnected = True
            last.message_event.set()
        self.transport.write(_answer(problem))
        # To close with bytes unread would reset the connection, and take the answer back.
        self.transport.write_eof()
        self._disarm_header_timer()
        self._arm_header_timer(_LINGER_S)
        self._watch_writing()

    def _arm_header_timer(self, after_s: float | None = None) -> None:
        if self._header_timer is None:
            self._header_timer = self.loop.call_later(
                after_s or self._rules.header_timeout_s, self._close
            )

    def _disarm_header_timer(self) -> None:
        if self._header_timer is not None:
            self._header_timer.cancel()
            self._header_timer = None

    def _close(self) -> None:
        self._deaf = True
        self.transport.close()
        self._watch_writing()

    def _watch_writing(self) -> None:
        """Sees to it that what was written leaves, before or after a close."""
        if self._lost or self._write_timer is not None:
            return
        if left := self.transport.get_write_buffer_size():
            self._unwritten = left
            self._write_timer = self.loop.call_later(_STALLED_AFTER_S, self._check_writing)

    def _check_writing(self) -> None:
        self._write_timer = None
        before, left = self._unwritten, self.transport.get_write_buffer_size()
        if before and left > max(0, before - _LEAST_PROGRESS):
            self.abort()
        else:
            self._watch_writing()


def _answer(problem: Problem) -> bytes:
    response = problem_response(problem, {"Connection": "close"})
    headers = finished(response.raw_headers, new_id().encode())
    head = b"".join(b"%b: %b\r\n" % header for header in headers)
    return b"%b%b\r\n%b" % (STATUS_LINE[problem.status], head, bytes(response.body))

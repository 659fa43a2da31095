"""Server-Sent Events: the changes of one task, and those of all tasks."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from quantum_tasks.archive.archive import Archive, FeedEvent, Place
from quantum_tasks.archive.records import Event
from quantum_tasks.errors import DatabaseUnavailable, InvalidRequest, ServiceBusy
from quantum_tasks.live.feed import Feed
from quantum_tasks.live.waiting import Waiters
from quantum_tasks.tasks import Status
from quantum_tasks.web.answers.reading import missing
from quantum_tasks.web.requests import gone, task_id
from quantum_tasks.web.responses import json_response, media_type
from quantum_tasks.web.wire.crowd import Doing, stay

STREAM = "text/event-stream"
_ALIVE_S = 15.0  # after such a silence a comment keeps the stream alive
_ALIVE = b": nothing new\n\n"
_PIECE = 65_536  # bytes
_AGAIN_MS = 1000  # delay until a client connects again
_LATER_MS = 5000  # the same, if there was no room for it
_PLACE = re.compile(r"(\d{1,18})\.(\d{1,18})\.(\d{1,9})", re.ASCII)
_NUMBER = re.compile(r"\d{1,9}", re.ASCII)


class History(msgspec.Struct, frozen=True):
    """What has become of a task so far: its `events`, in order."""

    events: list[Event]


class TaskChange(msgspec.Struct, frozen=True):
    """A change of a task's status, among those of all: of which task (`task_id`), when (`at`), and
    in which `attempt`."""

    task_id: uuid.UUID
    status: Status
    at: datetime
    attempt: int


class EventStream(Response):
    """Sends events as they come, until there are no more, the client has gone, or its place is
    needed for somebody else: then the client is told to connect again later."""

    def __init__(self, events: AsyncGenerator[bytes, None]) -> None:
        super().__init__(headers={"X-Accel-Buffering": "no"}, media_type=STREAM)
        del self.headers["content-length"]
        self._events = events
        self._amid = False  # whether an event was sent only in part

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sending = asyncio.ensure_future(self._send(send, scope["method"] == "HEAD"))
        crowded = asyncio.ensure_future(stay(scope, Doing.FOLLOWING).wait())
        leaving = asyncio.ensure_future(gone(receive))
        seen_off = False
        try:
            await asyncio.wait({sending, crowded, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
            else:
                seen_off = crowded.done() and not leaving.done()
        finally:
            for one in (sending, crowded, leaving):
                one.cancel()
            await asyncio.wait({sending})
        if seen_off:
            last = b"" if self._amid else b"retry: %d\n\n" % _LATER_MS
            await send({"type": "http.response.body", "body": last, "more_body": False})

    async def _send(self, send: Send, only_head: bool) -> None:
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await send(start)
        first = b"retry: %d\n\n" % _AGAIN_MS
        async with aclosing(self._events):
            await send({"type": "http.response.body", "body": first, "more_body": not only_head})
            if only_head:
                return
            async for text in self._events:
                # Piece by piece, so that little memory is used for a slow client.
                for begin in range(0, len(text), _PIECE):
                    piece = text[begin : begin + _PIECE]
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
                    self._amid = begin + _PIECE < len(text)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def task_events(request: Request) -> Response:
    """What has become of a task: as JSON so far; or, where `Accept: text/event-stream` asks for
    it, live until it has ended.

    `Last-Event-ID` goes on after the event with that id, with none lost and none twice.
    """
    archive: Archive = request.app.state.archive
    id = task_id(request)
    kind = media_type(request, ("application/json", STREAM))
    history = id and await archive.history(id)
    if not history:
        raise await missing(archive, id)
    assert id is not None
    events, _, ended = history
    if kind == "application/json":
        return json_response(History(events), headers={"Vary": "Accept"})
    last = request.headers.get("last-event-id", "0")
    if not _NUMBER.fullmatch(last):
        raise InvalidRequest("The header 'Last-Event-ID' is the id of an event: a number.")
    if ended and int(last) >= len(events):
        return Response(status_code=204)  # this tells a browser not to connect again
    return EventStream(_live(request, id, int(last), history))


async def _live(
    request: Request, id: uuid.UUID, last: int, history: tuple[list[Event], int, bool] | None
) -> AsyncGenerator[bytes, None]:
    archive: Archive = request.app.state.archive
    waiters: Waiters = request.app.state.waiters
    while history is not None:
        events, change, ended = history
        if new := events[last:]:
            yield b"".join(_written(str(event.id), event) for event in new)
        last = len(events)  # also if the given id is in the future
        if ended:
            return
        while not await waiters.changed(id, change, _ALIVE_S):
            if waiters.closed:
                return
            yield _ALIVE
        try:
            history = await archive.history(id)
        except DatabaseUnavailable:
            return  # the client comes again


async def feed(request: Request) -> Response:
    """Every change of a task's status, as Server-Sent Events, from now on.

    `Last-Event-ID` goes on after the event with that id, with none lost and none twice.
    """
    feed: Feed = request.app.state.feed
    media_type(request, (STREAM,))
    after = None
    if (last := request.headers.get("last-event-id")) is not None:
        match = _PLACE.fullmatch(last)
        if match is None:
            raise InvalidRequest("The header 'Last-Event-ID' is the id of an event of this feed.")
        after = Place(*map(int, match.groups()))
    return EventStream(_followed(feed, await feed.start(after)))


async def _followed(feed: Feed, after: Place) -> AsyncGenerator[bytes, None]:
    with feed.followed():
        while not feed.closed:
            try:
                after, events = await feed.next(after, _ALIVE_S)
            except (DatabaseUnavailable, ServiceBusy):
                return  # the client comes again
            yield events or _ALIVE


def written(event: FeedEvent) -> bytes:
    """A change, written as an event of the feed."""
    change = TaskChange(event.id, Status(event.status), event.at, event.attempt)
    return _written(".".join(map(str, event.place)), change)


def _written(id: str, data: msgspec.Struct) -> bytes:
    return b"id: %b\ndata: %b\n\n" % (id.encode(), msgspec.json.encode(data))

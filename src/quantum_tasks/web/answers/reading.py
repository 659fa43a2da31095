"""`/v1/tasks/{id}` and `/v1/tasks`: tasks as they are now, and lists of them."""

from __future__ import annotations

import base64
import binascii
import re
import uuid
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, get_args
from urllib.parse import urlencode

import msgspec
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from quantum_tasks.archive.archive import Archive
from quantum_tasks.archive.lists import Filter, Lists, Order
from quantum_tasks.archive.records import LATEST_POSITION, TaskRecord
from quantum_tasks.errors import TASK_ERRORS, InvalidRequest, TaskExpired, TaskNotFound
from quantum_tasks.live.waiting import Waiters
from quantum_tasks.tasks import Status
from quantum_tasks.web.requests import (
    has_seen,
    parameters,
    poll,
    seconds_to_wait,
    task_id,
    waits_for,
)
from quantum_tasks.web.responses import json_response

_USUAL_LIMIT = 50
MOST_IN_A_PAGE = 200
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = datetime(9999, 12, 31, tzinfo=UTC)
_TICK = timedelta(microseconds=1)
_FEW = re.compile(r"\d{1,9}", re.ASCII)


class TaskList(msgspec.Struct, frozen=True):
    """A page of tasks, without their programs and places in the queue. Follow `next` until it is
    null: a page of a filtered list may be short, and is not the last for that."""

    tasks: list[TaskRecord]
    next: str | None


TaskFields = msgspec.defstruct(
    "TaskFields",
    [
        (field.name, field.type | msgspec.UnsetType, msgspec.UNSET)
        for field in msgspec.structs.fields(TaskRecord)
    ],
    namespace={"__doc__": "Those fields of a TaskRecord that `fields` asks for."},
    frozen=True,
    kw_only=True,
)


class PartialTaskList(msgspec.Struct, frozen=True):
    """A page of tasks with only those of their fields that `fields` asks for, and its `next`."""

    tasks: list[TaskFields]  # type: ignore[valid-type]
    next: str | None


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """The place where a page ends: a task's time of submission, in microseconds, and its
    position."""

    microseconds: int
    position: int


async def read_task(request: Request) -> Response:
    """A task: what was asked for, and what has become of it.

    With `?wait=30`, the answer comes when its status changes, or after so many seconds; whoever
    sends the ETag that was seen last misses no change. With `?wait=30&for=end`, it comes when the
    task has ended. An ETag that is still right gets a 304.
    """
    archive: Archive = request.app.state.archive
    waiters: Waiters = request.app.state.waiters
    wait_s, event = seconds_to_wait(request), waits_for(request, "change")
    record, change = await found(archive, request)
    conditional = "if-none-match" in request.headers
    unchanged = not conditional or has_seen(request, etag(record, change))
    if wait_s and unchanged and not record.status.is_final:
        if event == "end":
            await poll(request, waiters.ended(record.id, wait_s))
        else:
            await poll(request, waiters.changed(record.id, change, wait_s))
        record, change = await found(archive, record.id)
    if has_seen(request, etag(record, change)):
        return Response(status_code=304, headers={"ETag": etag(record, change)})
    return record_response(record, change)


async def found(archive: Archive, which: Request | uuid.UUID) -> tuple[TaskRecord, int]:
    """A task, and its last change. Raises TaskNotFound or TaskExpired."""
    id = task_id(which) if isinstance(which, Request) else which
    task = id and await archive.read(id)
    if not task:
        raise await missing(archive, id)
    return task


async def missing(archive: Archive, id: uuid.UUID | None) -> TaskNotFound | TaskExpired:
    """The error for a task that is not there: not found, or expired."""
    return TaskExpired() if id and await archive.is_gone(id) else TaskNotFound()


def record_response(
    record: TaskRecord,
    change: int,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A task with its ETag."""
    return json_response(record, status, {**(headers or {}), "ETag": etag(record, change)})


def etag(record: TaskRecord, change: int) -> str:
    """An ETag that changes whenever the answer changes, except for the estimated start."""
    place = record.queue.position if record.queue else 0
    called = msgspec.json.encode([record.name, record.tags], order="sorted")
    return f'W/"{change:x}-{place:x}-{zlib.crc32(called):x}"'


async def list_tasks(request: Request) -> Response:
    """Tasks in the order of their submission, page by page; the latest first unless told
    otherwise."""
    lists: Lists = request.app.state.lists
    query = parameters(request)
    fields = _fields(query.get("fields"))
    limit = _limit(query.get("limit"))
    page = await lists.page(filter_of(query), limit)
    links, next_url = [], None
    if page.next is not None:
        rest = [(name, value) for name, value in query.multi_items() if name != "cursor"]
        rest.append(("cursor", cursor_of(page.next)))
        next_url = f"{request.url.path}?{urlencode(rest)}"
        links.append(f'<{next_url}>; rel="next"')
    first = [(name, value) for name, value in query.multi_items() if name != "cursor"]
    links.append(f'<{request.url.path}{"?" if first else ""}{urlencode(first)}>; rel="first"')
    headers = {"Link": ", ".join(links)}
    if fields is None:
        return json_response(TaskList(page.tasks, next_url), 200, headers)
    tasks = [{field: getattr(task, field) for field in fields} for task in page.tasks]
    return json_response({"tasks": tasks, "next": next_url}, 200, headers)


def filter_of(query: QueryParams) -> Filter:
    """The filter that the parameters of a list say. Raises InvalidRequest."""
    order: Any = query.get("order", "-created_at")
    if order not in get_args(Order):
        raise _wrong("order", order, "created_at or -created_at, which has the latest first")
    known = [str(status) for status in Status]
    statuses = [s for value in query.getlist("status") for s in value.split(",") if s]
    for status in statuses:
        if status not in known:
            raise _wrong("status", status, f"one or more of {', '.join(known)}")
    errors = [code for value in query.getlist("error") for code in value.split(",") if code]
    for code in errors:
        if code not in TASK_ERRORS:
            raise _wrong("error", code, f"one or more of {', '.join(TASK_ERRORS)}")
    tags: dict[str, str] = {}
    for tag in query.getlist("tag"):
        key, colon, value = tag.partition(":")
        if not colon:
            raise _wrong("tag", tag, "a key and a value, like project:bell")
        if tags.setdefault(key, value) != value:
            raise _wrong("tag", tag, f"one value of '{key}', because no task has two")
    wanted: dict[str, Any] = {}
    if (text := query.get("created_after")) is not None:
        wanted["after"] = (_time("created_after", text) - _TICK, LATEST_POSITION)
    if (text := query.get("created_before")) is not None:
        wanted["before"] = (_time("created_before", text), 0)
    for name in ("ended_after", "ended_before"):
        if (text := query.get(name)) is not None:
            wanted[name] = _time(name, text)
    if (text := query.get("cursor")) is not None:
        cursor = _cursor(text)
        bound = "before" if order == "-created_at" else "after"
        kept = wanted.get(bound)
        narrower = min if bound == "before" else max
        wanted[bound] = cursor if kept is None else narrower(kept, cursor)
    return Filter(
        statuses=[Status(status) for status in dict.fromkeys(statuses)] or None,
        name=_plain("name", query.get("name")),
        tags={_plain("tag", key): _plain("tag", value) for key, value in tags.items()} or None,
        text=_plain("q", query.get("q")) or None,
        errors=list(dict.fromkeys(errors)) or None,
        order=order,
        **wanted,
    )


def _plain(name: str, text: str | None) -> Any:
    """The text of a parameter, if Postgres can search for it."""
    if text is not None and ("\0" in text or (not text.isascii() and "\ufffd" in text)):
        raise _wrong(name, text.replace("\0", "\\0"), "text in UTF-8 without NUL")
    return text


def cursor_of(place: tuple[datetime, int]) -> str:
    """The cursor that says where a page ends."""
    at, position = place
    cursor = Cursor((at - _EPOCH) // _TICK, position)
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(cursor)).decode().rstrip("=")


def _cursor(text: str) -> tuple[datetime, int]:
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        cursor = msgspec.msgpack.decode(data, type=Cursor)
        if not 0 <= cursor.position <= LATEST_POSITION:
            raise ValueError
        return _EPOCH + cursor.microseconds * _TICK, cursor.position
    except (ValueError, OverflowError, binascii.Error, msgspec.DecodeError):
        raise _wrong("cursor", text, "the one in a page's 'next'") from None


def _time(name: str, text: str) -> datetime:
    # In a query a plus sign means a space, but a client that writes one in a time means the plus.
    try:
        time = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
        time = time.replace(tzinfo=time.tzinfo or UTC).astimezone(UTC)
        return min(max(time, _EPOCH), _LATEST)
    except (ValueError, OverflowError):
        raise _wrong(name, text, "a time like 2026-01-31T12:00:00Z") from None


def _limit(text: str | None) -> int:
    if text is None:
        return _USUAL_LIMIT
    if not _FEW.fullmatch(text) or not 1 <= int(text) <= MOST_IN_A_PAGE:
        raise _wrong("limit", text, f"a number from 1 to {MOST_IN_A_PAGE}")
    return int(text)


def _fields(text: str | None) -> list[str] | None:
    if text is None:
        return None
    fields = list(dict.fromkeys(field.strip() for field in text.split(",")))
    for field in fields:
        if field not in TaskRecord.__struct_fields__:
            raise _wrong("fields", field, f"some of {','.join(TaskRecord.__struct_fields__)}")
    return fields


def _wrong(name: str, value: str, right: str) -> InvalidRequest:
    shown = value if len(value) <= 50 else f"{value[:50]}..."
    return InvalidRequest(f"The parameter '{name}' is '{shown}'; expected {right}.")

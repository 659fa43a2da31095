"""`/tasks`, the simple API: submit a program, fetch its counts. The keys of its answers never
change."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from quantum_tasks.archive.archive import Archive
from quantum_tasks.live.waiting import Waiters
from quantum_tasks.queue.store import SMALL, Store
from quantum_tasks.tasks import Counts, Status, Task, TaskRequest
from quantum_tasks.web.answers import accepting
from quantum_tasks.web.answers.large import LargeAnswers
from quantum_tasks.web.requests import poll, read_json, seconds_to_wait, task_id, waits_for
from quantum_tasks.web.responses import json_response, replayed


class Submitted(msgspec.Struct, frozen=True):
    """The task was stored; fetch it at its `task_id`."""

    task_id: uuid.UUID
    message: Literal["Task submitted successfully."] = "Task submitted successfully."


class Pending(msgspec.Struct, frozen=True):
    """The task is queued or running."""

    status: Literal["pending"] = "pending"
    message: Literal["Task is still in progress."] = "Task is still in progress."


class Done(msgspec.Struct, frozen=True):
    """The counts, as `result`: measured bit strings, most significant bit first, registers
    separated by a space and the one declared last first; the values add up to the shots. Of a
    sweep, a list of them, null for a run that failed."""

    status: Literal["completed"]
    result: Counts | list[Counts | None]


class Failed(msgspec.Struct, frozen=True):
    """The task failed; the message is a stable code, a colon and a sentence."""

    status: Literal["failed"]
    message: str


class Cancelled(msgspec.Struct, frozen=True):
    """The task was cancelled."""

    status: Literal["cancelled"] = "cancelled"
    message: Literal["Task was cancelled."] = "Task was cancelled."


class Missing(msgspec.Struct, frozen=True):
    """There is no task with this id."""

    status: Literal["error"] = "error"
    message: Literal["Task not found."] = "Task not found."


async def submit(request: Request) -> Response:
    """Checks a program and queues it; answers when the task is durable."""
    body = await read_json(request, TaskRequest, request.app.state.settings)
    task, new = await accepting.submit(request, body)
    headers = {"Location": f"/tasks/{task.id}", **replayed(new is None)}
    return json_response(Submitted(task.id), 202, headers)


async def fetch(request: Request) -> Response:
    """What has become of a task; with `?wait=`, when it has ended or after so many seconds, and
    with `&for=change` at the next change of its status."""
    id = task_id(request)
    wait_s, event = seconds_to_wait(request), waits_for(request, "end")
    task = None
    if id is not None:
        waiters: Waiters = request.app.state.waiters
        if wait_s and event == "end":
            task = await poll(request, waiters.ended(id, wait_s))
        elif wait_s:
            archive: Archive = request.app.state.archive
            found = await archive.read(id)
            if found and not found[0].status.is_final:
                await poll(request, waiters.changed(id, found[1], wait_s))
        if task is None:  # also if the wait was cut short
            store: Store = request.app.state.store
            task = await store.get(id)
    if task is None:
        return json_response(Missing(), 404)
    if task.status is Status.COMPLETED:
        return await _completed(request, task_id(request), task.counts)
    return Response(_body(task), media_type="application/json")


async def _completed(request: Request, id: uuid.UUID | None, counts: str | None) -> Response:
    """The counts are stored as JSON: the text is passed on, not decoded and encoded again."""
    if counts is not None and len(counts) <= SMALL:
        return Response(b"".join(_done(counts)), media_type="application/json")
    store: Store = request.app.state.store
    answers: LargeAnswers = request.app.state.large_answers

    async def make() -> Sequence[bytes]:
        assert id is not None
        found = counts or await store.counts(id)
        if found is None:
            raise _GoneMeanwhileError
        return _done(found)

    try:
        return await answers.respond(request, id, make, {}, "application/json")
    except _GoneMeanwhileError:
        return json_response(Missing(), 404)


def _done(counts: str) -> list[bytes]:
    return [b'{"status":"completed","result":', counts.encode(), b"}"]


class _GoneMeanwhileError(Exception):
    """The task was deleted while its counts were being fetched."""


def _body(task: Task) -> bytes:
    match task.status:
        case Status.FAILED:
            message = f"{task.error_code}: {task.error_message}"
            return msgspec.json.encode(Failed("failed", message))
        case Status.CANCELLED:
            return msgspec.json.encode(Cancelled())
        case _:
            return msgspec.json.encode(Pending())

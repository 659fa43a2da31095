"""What people do to tasks: cancel, rename, delete."""

from __future__ import annotations

import logging
import uuid
from functools import partial
from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from quantum_tasks.archive.archive import Archive, Called
from quantum_tasks.archive.lists import Lists
from quantum_tasks.errors import Diagnostic, InvalidRequest, TaskEnded, TaskNotEnded
from quantum_tasks.live.waiting import Waiters
from quantum_tasks.queue.store import Store
from quantum_tasks.tasks import Name, Status, TagKey, Tags, TagValue
from quantum_tasks.web.answers.reading import found, missing, record_response
from quantum_tasks.web.requests import read_json, task_id
from quantum_tasks.web.responses import json_response

logger = logging.getLogger(__name__)

_MOST = 1000
_MOST_TAGS = 50


class Cancellation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which tasks to cancel: some by their ids, or the last 1,000 that have all of these tags."""

    ids: Annotated[list[uuid.UUID], Meta(min_length=1, max_length=_MOST)] | None = None
    tags: Annotated[Tags, Meta(min_length=1)] | None = None


class CancelledTask(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A task that was to be cancelled, by its `id`, and its status now: cancelled, cancelling or,
    if it had ended before, completed or failed. Without one, the `error` says that there is no
    such task."""

    id: uuid.UUID
    status: Status | None = None
    error: str | None = None


class CancelledTasks(msgspec.Struct, frozen=True):
    """What became of the tasks that were to be cancelled."""

    tasks: list[CancelledTask]


class TaskPatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to call a task by (RFC 7396): what is not given stays, null removes the `name`, all
    `tags` or one of them."""

    name: Name | msgspec.UnsetType | None = msgspec.UNSET
    tags: dict[TagKey, TagValue | None] | msgspec.UnsetType | None = msgspec.UNSET


async def cancel_task(request: Request) -> Response:
    """Cancels a task. One that is running is stopped within two seconds, and is cancelling until
    then. To cancel it again changes nothing."""
    archive: Archive = request.app.state.archive
    id = task_id(request)
    statuses = await _cancel(request, [id] if id else [])
    if id is None or id not in statuses:
        raise await missing(archive, id)
    if statuses[id] in (Status.COMPLETED, Status.FAILED):
        raise TaskEnded(f"The task is {statuses[id]}, so that it cannot be cancelled any more.")
    record, change = await found(archive, id)
    return record_response(record, change, 202 if record.status is Status.CANCELLING else 200)


async def cancel_tasks(request: Request) -> Response:
    """Cancels many tasks at once."""
    lists: Lists = request.app.state.lists
    body = await read_json(request, Cancellation, request.app.state.settings)
    if (body.ids is None) == (body.tags is None):
        raise InvalidRequest(
            "Give either the field 'ids' or the field 'tags'.",
            errors=[Diagnostic(pointer="/ids"), Diagnostic(pointer="/tags")],
        )
    ids = list(dict.fromkeys(body.ids or await lists.tagged(body.tags or {}, _MOST)))
    statuses = await _cancel(request, ids)
    tasks = [
        CancelledTask(id=id, status=statuses[id])
        if id in statuses
        else CancelledTask(id=id, error="task_not_found")
        for id in ids
    ]
    return json_response(CancelledTasks(tasks))


async def _cancel(request: Request, ids: list[uuid.UUID]) -> dict[uuid.UUID, Status]:
    store: Store = request.app.state.store
    waiters: Waiters = request.app.state.waiters
    statuses = await store.cancel(ids)
    for id, status in statuses.items():
        if status is Status.CANCELLED:
            waiters.announce(id)
    return statuses


async def change_task(request: Request) -> Response:
    """Gives a task another name or other tags."""
    archive: Archive = request.app.state.archive
    body = await read_json(request, TaskPatch, request.app.state.settings)
    id = task_id(request)
    if id is None or not await archive.rename(id, partial(_merged, body)):
        raise await missing(archive, id)
    return record_response(*await found(archive, id))


def _merged(change: TaskPatch, called: Called) -> Called:
    name, tags = called
    if change.name is not msgspec.UNSET:
        name = change.name
    if change.tags is None:
        tags = {}
    elif change.tags is not msgspec.UNSET:
        merged = {**tags, **change.tags}
        tags = {key: value for key, value in merged.items() if value is not None}
    if len(tags) > _MOST_TAGS:
        raise InvalidRequest(
            f"The field 'tags': a task has at most {_MOST_TAGS} tags.",
            errors=[Diagnostic(pointer="/tags")],
        )
    return Called(name, tags)


async def delete_task(request: Request) -> Response:
    """Deletes a task that has ended, with its program and its result."""
    archive: Archive = request.app.state.archive
    id = task_id(request)
    status = id and await archive.delete(id)
    if not status:
        raise await missing(archive, id)
    if not status.is_final:
        raise TaskNotEnded(f"The task is {status}: cancel it first.")
    logger.info("task deleted", extra={"task": id})
    return Response(status_code=204)

"""What people do to tasks: cancel, rename, delete."""

from __future__ import annotations

import logging
import uuid
from functools import partial
from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from quantum_tasks.archive.archive import Archive, Called
from quantum_tasks.archive.cancelling import Cancellations
from quantum_tasks.archive.lists import Filter, Lists
from quantum_tasks.errors import Diagnostic, InvalidRequest, TaskEnded, TaskNotEnded
from quantum_tasks.live.waiting import Waiters
from quantum_tasks.queue.store import Store
from quantum_tasks.tasks import Name, Status, TagKey, Tags, TagValue
from quantum_tasks.web.answers.reading import (
    cursor_of,
    filter_of,
    found,
    missing,
    record_response,
)
from quantum_tasks.web.requests import peer, read_json, task_id
from quantum_tasks.web.responses import json_response

logger = logging.getLogger(__name__)

_MOST = 1000
_MOST_TAGS = 50
_LONGEST = 1000  # characters


_Text = Annotated[str, Meta(min_length=1, max_length=_LONGEST)]
_Texts = _Text | Annotated[list[_Text], Meta(min_length=1, max_length=_MOST_TAGS)]
_Set = msgspec.UnsetType


class CancelFilter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The filters of `GET /v1/tasks`, by the same names and with the same meaning, but none of how
    or when a task ended, because then it cannot be cancelled: the `status`, a `tag`, the `name`, a
    text `q` that occurs in the name or the tags, submitted at the time `created_after` or later,
    before the time `created_before`, and a `cursor`, which comes from `next`. What may be given
    more than once in an address may also be a list: `"tag": ["project:bell", "run:7"]`."""

    status: _Texts | _Set = msgspec.UNSET
    tag: _Texts | _Set = msgspec.UNSET
    name: _Text | _Set = msgspec.UNSET
    q: _Text | _Set = msgspec.UNSET
    created_after: _Text | _Set = msgspec.UNSET
    created_before: _Text | _Set = msgspec.UNSET
    cursor: _Text | _Set = msgspec.UNSET

    def pairs(self) -> list[tuple[str, str]]:
        """The fields as names and values, as in an address."""
        given = msgspec.structs.asdict(self).items()
        return [
            (name, value)
            for name, values in given
            if values is not msgspec.UNSET
            for value in ([values] if isinstance(values, str) else values)
        ]


class Cancellation(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """Which tasks to cancel: some by their `ids`; or the last 1,000 that have all of these `tags`;
    or all that match a `filter`, however many. With a filter, `dry_run` only counts them."""

    ids: Annotated[list[uuid.UUID], Meta(min_length=1, max_length=_MOST)] | None = None
    tags: Annotated[Tags, Meta(min_length=1)] | None = None
    filter: CancelFilter | None = None
    dry_run: bool = False


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


class CancelCounts(msgspec.Struct, frozen=True):
    """What became of the tasks that match a filter: how many `matched` that had not ended; how
    many of them are `cancelled`, and how many were running and are now `cancelling`. If the time
    of one request was not enough, `next` is the body of the request that goes on; otherwise
    null."""

    matched: int
    cancelled: int
    cancelling: int
    next: Cancellation | None


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
    """Cancels many tasks at once. By `ids` or `tags`, the answer lists them. By a `filter`, it has
    their numbers: `{"filter": {"status": "queued", "tag": "project:bell"}}`.

    Of a million tasks, one request cancels as many as it can in 20 seconds, the first submitted
    first. Send the `next` of its answer until that is null. Tasks that are submitted after the
    first request are left alone. Any of these requests may be repeated.
    """
    lists: Lists = request.app.state.lists
    body = await read_json(request, Cancellation, request.app.state.settings)
    if sum(which is not None for which in (body.ids, body.tags, body.filter)) != 1:
        raise InvalidRequest(
            "Give exactly one of the fields 'ids', 'tags' and 'filter'.",
            errors=[Diagnostic(pointer=f"/{name}") for name in ("ids", "tags", "filter")],
        )
    if body.filter is not None:
        return await _cancel_matching(request, body.filter, body.dry_run)
    if body.dry_run:
        raise InvalidRequest(
            "The field 'dry_run' goes with the field 'filter'.",
            errors=[Diagnostic(pointer="/dry_run")],
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


async def _cancel_matching(request: Request, filter: CancelFilter, dry_run: bool) -> Response:
    cancellations: Cancellations = request.app.state.cancellations
    waiters: Waiters = request.app.state.waiters
    wanted = _wanted(filter)
    if dry_run:
        done = await cancellations.count(peer(request), wanted)
    else:
        done = await cancellations.cancel(peer(request), wanted, waiters.announce)
    rest = None
    if done.left is not None:
        rest = Cancellation(filter=_rest(filter, done.left), dry_run=dry_run)
    counts = CancelCounts(done.matched, done.cancelled, done.cancelling, rest)
    return json_response(counts)


def _wanted(filter: CancelFilter) -> Filter:
    """The same filter as a list's. Raises InvalidRequest."""
    pairs = filter.pairs()
    for field in dict.fromkeys(name for name, _ in pairs):
        try:
            filter_of(QueryParams([pair for pair in pairs if pair[0] == field]))
        except InvalidRequest as error:
            detail = error.detail.replace("The parameter", "In the field 'filter',", 1)
            raise InvalidRequest(detail, errors=[Diagnostic(pointer=f"/filter/{field}")]) from None
    # In this order, because a cursor says how far a request has come from the first submitted on.
    wanted = filter_of(QueryParams([*pairs, ("order", "created_at")]))
    if not pairs or (filter.status is not msgspec.UNSET and wanted.statuses is None):
        raise InvalidRequest(
            "The field 'filter' is empty. To cancel all tasks, write "
            '{"filter": {"status": "queued,running"}}.',
            errors=[Diagnostic(pointer="/filter/status" if pairs else "/filter")],
        )
    return wanted


def _rest(filter: CancelFilter, left: Filter) -> CancelFilter:
    """The filter of the request that goes on where this one ended."""
    before, _ = left.before
    return msgspec.structs.replace(
        filter, cursor=cursor_of(left.after), created_before=before.isoformat()
    )


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

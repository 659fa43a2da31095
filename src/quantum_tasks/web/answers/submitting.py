"""`POST /v1/tasks`: submits one task or many; with an idempotency key only once, however often it
is sent. `POST /v1/validate`: checks a task without submitting it."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from quantum_tasks.archive.archive import Archive
from quantum_tasks.archive.records import TaskRecord, links
from quantum_tasks.errors import (
    BatchInvalid,
    DatabaseUnavailable,
    Diagnostic,
    InvalidRequest,
    Problem,
    QueueFull,
    RequestTimeout,
    ServiceBusy,
    StorageFull,
    TaskExpired,
    TooComplex,
)
from quantum_tasks.live.waiting import Waiters
from quantum_tasks.orders import Accepted
from quantum_tasks.pictures.steps import Circuit
from quantum_tasks.queue.submissions import NewTask, Submissions
from quantum_tasks.settings import Settings
from quantum_tasks.tasks import (
    Options,
    ProgramWarning,
    RunRequest,
    Stats,
    Status,
    TaskRequest,
    warnings_in,
)
from quantum_tasks.web.answers.accepting import (
    check,
    check_fields,
    fingerprint,
    new_task,
    submit,
    within,
)
from quantum_tasks.web.answers.large import LargeAnswers
from quantum_tasks.web.answers.reading import found, record_response
from quantum_tasks.web.requests import (
    decode,
    idempotency_key,
    parameters,
    poll,
    preferred_wait_s,
    read_body,
    read_json,
    unless_gone,
)
from quantum_tasks.web.responses import ProblemBody, as_body, json_response, replayed

logger = logging.getLogger(__name__)

_RETRY_S = 1
_LARGE_CIRCUIT = 65_536  # characters: a larger one is sent as large results are
MOST_TASKS = 1000
_BATCH_CHECK_S = 30.0
_CHECKED_AT_ONCE = 2  # programs of one batch, so that others need not wait for all of it


class Submission(TaskRequest, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A program to run, how, and what to call it by."""


class Batch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Many tasks, submitted in one transaction. If some cannot be accepted, none is; or, where
    `atomic` is false, only those are left out."""

    tasks: Annotated[list[Submission], Meta(min_length=1, max_length=MOST_TASKS)]
    atomic: bool = True


class _RawBatch(msgspec.Struct, forbid_unknown_fields=True):
    tasks: list[msgspec.Raw]
    atomic: bool = True


class _Kind(msgspec.Struct):
    """Only tells whether a body has a list of tasks."""

    tasks: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class BatchItem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one task of a batch: it has an `id` and a `status`, or an `error`. `index` is
    its place in the list, from 0."""

    index: int
    id: uuid.UUID | None = None
    status: Status | None = None
    error: ProblemBody | None = None


class BatchAnswer(msgspec.Struct, frozen=True):
    """What became of the `tasks` of a batch, in order; how many were `accepted` and `rejected`."""

    accepted: int
    rejected: int
    tasks: list[BatchItem]


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """What a task would take: `stats` of its program, `estimated_ms` of one core, and whether it
    is `large` (few of those run at once). `time_class`: moments are less than 0.1 s of one core,
    seconds less than 10 s, minutes less than 10 min; within a factor of a few. After
    `time_limit_s` it is killed, and after `soft_time_limit_s` stopped where it can be: between the
    runs of a sweep, which keeps its results, and between measurements."""

    stats: Stats
    estimated_ms: float
    time_class: Literal["moments", "seconds", "minutes", "hours"]
    large: bool
    time_limit_s: float
    soft_time_limit_s: float


class Validation(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a submission would be `accepted` now; if not, the `diagnostics` say why; if its
    program can be run, the `estimate` says what that would take, `warnings` what in it may
    surprise, and its `circuit` how it is drawn, if that was asked for."""

    accepted: bool
    diagnostics: list[Diagnostic] = []
    warnings: list[ProgramWarning] = []
    estimate: Estimate | None = None
    circuit: Circuit | msgspec.UnsetType = msgspec.UNSET


async def submit_task(request: Request) -> Response:
    """Submits one task, or up to 1,000 under `tasks`.

    With a header `Idempotency-Key`, the same request sent again is answered with the same task.
    With `Prefer: wait=20`, the answer is the finished task, if it finishes in that time.
    """
    body = await read_body(request, request.app.state.settings)
    if decode(body, _Kind).tasks is not msgspec.UNSET:
        return await _submit_batch(request, decode(body, _RawBatch))
    return await accept(request, decode(body, Submission))


async def accept(request: Request, body: TaskRequest) -> Response:
    """Stores one task, and answers with it. If its idempotency key was used before, answers with
    the earlier task."""
    archive: Archive = request.app.state.archive
    waiters: Waiters = request.app.state.waiters
    stored, new = await submit(request, body)
    headers = {"Location": f"/v1/tasks/{stored.id}", **replayed(new is None)}
    again = {"Retry-After": str(_RETRY_S)}
    try:
        if wait_s := preferred_wait_s(request):
            headers["Preference-Applied"] = f"wait={wait_s:.0f}"
            await poll(request, waiters.ended(stored.id, wait_s))
        record, change = await found(archive, stored.id)
    except (DatabaseUnavailable, ServiceBusy):
        if new is None or stored.created_at is None:
            raise
        # The task is stored: an error here would make the client send it again.
        record = _queued(new, body, stored.created_at, request.app.state.settings)
        return json_response(record, 202, {**headers, **again})
    if record.status.is_final and (wait_s or new is None):
        return record_response(record, change, 200, headers)
    return record_response(record, change, 202, {**headers, **again})


def _queued(
    new: NewTask, body: TaskRequest, created_at: datetime, settings: Settings
) -> TaskRecord:
    """The record of a task that was stored just now, made without asking the database."""
    assert new.checked is not None
    fields = {name: getattr(body, name) for name in RunRequest.__struct_fields__}
    fields |= {"shots": new.shots, "ttl_s": body.ttl_s or settings.result_ttl_s}
    return TaskRecord(
        id=new.id,
        status=Status.QUEUED,
        name=body.name,
        tags=body.tags,
        request=RunRequest(**fields),
        created_at=created_at,
        stats=_stats(new.checked),
        warnings=warnings_in(new.checked.stats),
        links=links(new.id),
    )


def _stats(checked: Accepted) -> Stats | None:
    return msgspec.json.decode(checked.stats, type=Stats) if checked.stats else None


async def _submit_batch(request: Request, batch: _RawBatch) -> Response:
    state = request.app.state
    submissions: Submissions = state.submissions
    if not 1 <= len(batch.tasks) <= MOST_TASKS:
        raise InvalidRequest(
            f"The field 'tasks': expected 1 to {MOST_TASKS} tasks but got {len(batch.tasks)}.",
            errors=[Diagnostic(pointer="/tasks")],
        )
    key = idempotency_key(request)
    print_ = fingerprint([batch.atomic, *map(_asked, batch.tasks)])
    if key and (kept := await submissions.kept(key, print_)):
        return _batch_response(kept.answer, True)
    await submissions.check_room()
    checked = await unless_gone(request, _check_all(request, batch.tasks))
    if checked is None:
        raise RequestTimeout("The connection was closed before the tasks were checked.")
    tasks = [item for item in checked if isinstance(item, NewTask)]
    problems = {i: item for i, item in enumerate(checked) if isinstance(item, Problem)}
    if problems and (batch.atomic or not tasks):
        raise _refusal(problems, len(checked))
    answer = BatchAnswer(len(tasks), len(problems), [_item(i, it) for i, it in enumerate(checked)])
    text = msgspec.json.encode(answer).decode()
    stored = await submissions.submit_all(tasks, key, print_, text)
    if stored is None:
        kept = await submissions.kept(key or "", print_)
        return _batch_response(kept.answer if kept else None, True)
    for task in tasks:
        state.waiters.submitted(task.id)
    logger.info("tasks submitted", extra={"tasks": len(tasks), "rejected": len(problems)})
    return _batch_response(text, False)


def _asked(raw: msgspec.Raw) -> Any:
    """The JSON text of one task of a batch, without spaces; it need not be valid. Raises
    MalformedJson."""
    try:
        return decode(bytes(raw), Any)
    except InvalidRequest:  # a number that is out of range
        return bytes(raw)


async def _check_all(request: Request, tasks: list[msgspec.Raw]) -> list[NewTask | Problem]:
    """For each task of a batch, the checked task or its error. Raises errors that are not caused
    by a task."""
    gate = asyncio.Semaphore(_CHECKED_AT_ONCE)
    checks = [asyncio.ensure_future(_checked(request, raw, gate)) for raw in tasks]
    try:
        async with asyncio.timeout(_BATCH_CHECK_S):
            return await asyncio.gather(*checks)
    except TimeoutError:
        raise ServiceBusy(
            f"Checking these programs takes more than {_BATCH_CHECK_S:g} s: submit fewer at once.",
            retry_after_s=5,
        ) from None
    finally:
        for one in checks:  # after an error nobody waits for the others
            one.cancel()


async def _checked(
    request: Request, raw: msgspec.Raw, gate: asyncio.Semaphore
) -> NewTask | Problem:
    """A checked task of a batch, or its error."""
    settings: Settings = request.app.state.settings
    try:
        body = check_fields(decode(bytes(raw), Submission), settings)
        async with gate:
            checked = await check(request, body)
    except Problem as problem:
        if problem.status >= 500:
            raise
        return problem
    return new_task(body, checked, settings)


def _item(index: int, item: NewTask | Problem) -> BatchItem:
    if isinstance(item, Problem):
        return BatchItem(index=index, error=as_body(item))
    return BatchItem(index=index, id=item.id, status=Status.QUEUED)


def _refusal(problems: Mapping[int, Problem], number: int) -> BatchInvalid:
    first = min(problems)
    return BatchInvalid(
        f"{len(problems)} of {number} tasks cannot be accepted, and so none was. Number {first}: "
        f"{problems[first].detail}",
        errors=[
            error
            for index, problem in problems.items()
            for error in within(problem, f"/tasks/{index}")
        ],
    )


def _batch_response(answer: str | None, again: bool) -> Response:
    if answer is None:  # the key is that of a single task, not a batch
        raise TaskExpired
    headers = {"Retry-After": str(_RETRY_S), **replayed(again)}
    return Response(answer.encode(), 202, headers, "application/json")


async def validate(request: Request) -> Response:
    """Says whether a task would be accepted, and what it would take, without submitting it.

    With `?circuit=1` the answer has the circuit of the program: its wires and the steps on them,
    with the line of each, for somebody who draws it.
    """
    state = request.app.state
    wanted = parameters(request).get("circuit", "0")
    if wanted not in ("0", "1"):
        raise InvalidRequest("The parameter 'circuit' is 0 or 1: ?circuit=1.")
    settings: Settings = state.settings
    submissions: Submissions = state.submissions
    body: TaskRequest = await read_json(request, Submission, settings)
    try:
        body = check_fields(body, settings)
        checked = (
            await _with_circuit(request, body) if wanted == "1" else await check(request, body)
        )
    except Problem as problem:
        if problem.status >= 500:
            raise
        return json_response(Validation(accepted=False, diagnostics=within(problem, "")))
    found: dict[str, Any] = {
        "warnings": warnings_in(checked.stats),
        "estimate": _estimate(checked, body, settings),
        "circuit": msgspec.Raw(checked.circuit.encode()) if checked.circuit else msgspec.UNSET,
    }
    try:
        await submissions.check_room()
        await submissions.check_storage([new_task(body, checked, settings)])
    except (QueueFull, StorageFull) as full:
        answer = Validation(accepted=False, diagnostics=within(full, ""), **found)
    else:
        answer = Validation(accepted=True, **found)
    if len(checked.circuit) <= _LARGE_CIRCUIT:
        return json_response(answer)
    encoded = msgspec.json.encode(answer)
    answers: LargeAnswers = state.large_answers

    async def made() -> list[bytes]:
        return [encoded]

    return await answers.respond(request, object(), made, {}, "application/json")


async def _with_circuit(request: Request, body: TaskRequest) -> Accepted:
    """The result of a check, with the circuit, unless only that takes too long."""
    try:
        return await check(request, body, circuit=True)
    except TooComplex:
        checked = await check(request, body)
        nothing = Circuit(left_out="The circuit takes too long to be drawn.")
        drawn = msgspec.json.encode(nothing).decode()
        return msgspec.structs.replace(checked, circuit=drawn)


def _estimate(checked: Accepted, body: TaskRequest, settings: Settings) -> Estimate | None:
    stats, ms = _stats(checked), checked.estimated_ms
    if stats is None:
        return None
    longest = {"moments": 100, "seconds": 10_000, "minutes": 600_000}
    time_class: Any = next((name for name, most in longest.items() if ms < most), "hours")
    soft, hard = settings.time_limits(body.timeout_s, isinstance(body.parameters, list))
    return Estimate(
        stats=stats,
        estimated_ms=ms,
        time_class=time_class,
        large=checked.large,
        time_limit_s=hard[0],
        soft_time_limit_s=min(soft[0], hard[0]),
    )


async def rerun(request: Request) -> Response:
    """Submits a task again: the same program, options, name and tags, as a task of its own."""
    record, _ = await found(request.app.state.archive, request)
    fields = {name: getattr(record.request, name) for name in RunRequest.__struct_fields__}
    stored = {name: fields[name] for name in Options.__struct_fields__}
    options = msgspec.json.decode(msgspec.json.encode(stored), type=Options)
    fields |= msgspec.structs.asdict(options)
    limit = request.app.state.settings.result_ttl_s
    fields["ttl_s"] = min(record.request.ttl_s or limit, limit)
    return await accept(request, TaskRequest(name=record.name, tags=record.tags, **fields))

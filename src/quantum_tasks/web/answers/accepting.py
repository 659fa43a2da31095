"""From a request to a task that can be stored: checks the fields, and lets a child process check
the program."""

from __future__ import annotations

import hashlib
import logging
from typing import Any

import msgspec
from starlette.requests import Request

from quantum_tasks.callbacks.receivers import check_url
from quantum_tasks.errors import (
    CallbacksOff,
    Diagnostic,
    InvalidRequest,
    MalformedJson,
    Problem,
    ProgramTooLarge,
    RequestTimeout,
)
from quantum_tasks.fence.checking import Checker
from quantum_tasks.orders import Accepted
from quantum_tasks.queue.submissions import NewTask, Submissions, Submitted
from quantum_tasks.settings import Settings
from quantum_tasks.tasks import Options, TaskRequest
from quantum_tasks.web.answers.sweeping import as_sweep
from quantum_tasks.web.requests import idempotency_key, peer, unless_gone

logger = logging.getLogger(__name__)

_PLAIN = Options()
_LONG_OPTIONS = 16_384  # characters
_CONTAINERS = (dict, list)
_DEEPEST = 16  # an array has seven dimensions at most


class _Extras(msgspec.Struct, omit_defaults=True):
    """Fields that few submissions have: see submit.sql."""

    priority: int = 0
    ttl_s: int | None = None
    name: str | None = None
    tags: dict[str, str] = {}
    callback_url: str | None = None


async def submit(request: Request, body: TaskRequest) -> tuple[Submitted, NewTask | None]:
    """Checks a task and stores it. If its idempotency key was used for the same request before,
    nothing new is stored."""
    state = request.app.state
    settings: Settings = state.settings
    submissions: Submissions = state.submissions
    key = idempotency_key(request)
    print_ = fingerprint(body) if key else b""
    if key and (kept := await submissions.kept(key, print_)):
        return Submitted(kept.task_ids[0], None), None
    body = check_fields(body, settings)
    await submissions.check_room()
    checked = await check(request, body)
    new = new_task(body, checked, settings, key, print_)
    stored = await submissions.submit(new)
    if stored.created_at is None:
        return stored, None
    state.waiters.submitted(stored.id)
    logger.info("task submitted", extra={"task": stored.id, "bytes": len(body.qc)})
    return stored, new


def new_task(
    body: TaskRequest,
    checked: Accepted,
    settings: Settings,
    key: str | None = None,
    print_: bytes = b"",
) -> NewTask:
    """The task of a request whose program was checked, in the form for the database."""
    asked = body.options
    options = None if asked == _PLAIN else msgspec.json.encode(asked).decode()
    if options is not None and len(options) > _LONG_OPTIONS:
        # Then it is not one of the tasks that a claim may take in advance.
        checked = msgspec.structs.replace(checked, work_ms=None)
    extras = _Extras(body.priority, body.ttl_s, body.name, body.tags, body.callback_url)
    return NewTask(
        qc=body.qc,
        shots=shots_of(body, settings),
        seed=body.seed,
        checked=checked,
        options=options,
        extras=None if extras == _Extras() else msgspec.json.encode(extras).decode(),
        key=key,
        fingerprint=print_,
    )


def shots_of(body: TaskRequest, settings: Settings) -> int:
    """The number of shots that was asked for, or the default."""
    return settings.num_shots if body.shots is None else body.shots


def fingerprint(body: Any) -> bytes:
    """A hash that is the same for requests that ask for the same."""
    try:
        return hashlib.sha256(msgspec.json.encode(body, order="sorted")).digest()
    except RecursionError:  # deep enough to fail here, not deep enough for the decoder
        raise MalformedJson("The body is nested too deeply.") from None


def check_fields(body: TaskRequest, settings: Settings) -> TaskRequest:
    """The request as it is run: a sweep as a list. Raises the Problem of the first field that asks
    for more than this service gives."""
    shots = shots_of(body, settings)
    if shots > settings.max_shots:
        raise _field("shots", f"at most {settings.max_shots} are allowed (MAX_SHOTS)")
    if shots == 0 and body.memory:
        raise _field("memory", 'with "shots": 0 there are no outcomes to keep')
    size = len(body.qc.encode())
    if size > settings.max_program_bytes:
        raise ProgramTooLarge(
            f"The program has {size} bytes; at most {settings.max_program_bytes} are allowed "
            "(MAX_PROGRAM_BYTES).",
            errors=[Diagnostic(pointer="/qc")],
        )
    if body.timeout_s is not None and body.timeout_s > settings.task_time_limit_s:
        limit = f"{settings.task_time_limit_s:g}"
        raise _field("timeout_s", f"at most {limit} seconds are allowed (TASK_TIME_LIMIT_S)")
    if body.ttl_s is not None and body.ttl_s > settings.result_ttl_s:
        raise _field("ttl_s", f"at most {settings.result_ttl_s} are allowed (RESULT_TTL_S)")
    if body.callback_url is not None:
        if settings.webhook_secret is None:
            raise CallbacksOff(errors=[Diagnostic(pointer="/callback_url")])
        check_url(body.callback_url, settings.webhook_allow_private)
    _check_values(body.parameters)
    return as_sweep(body, settings.max_body_bytes)


def _field(name: str, reason: str) -> InvalidRequest:
    return InvalidRequest(
        f"The field '{name}': {reason}.", errors=[Diagnostic(pointer=f"/{name}")]
    )


def _check_values(parameters: Any) -> None:
    """Checks that parameters can be sent to a child process. It works without recursion, because
    the values may be deeply nested, and does not look at single numbers, because there may be half
    a million."""
    if parameters is None:
        return
    level = [parameters]
    for _ in range(_DEEPEST):
        level = [
            inner
            for value in level
            for inner in (value.values() if isinstance(value, dict) else value or ())
            if type(inner) in _CONTAINERS
        ]
    if level:
        raise _field("parameters", f"nested more than {_DEEPEST} deep")
    try:
        msgspec.msgpack.encode(parameters)
    except OverflowError:
        wide = 'an integer needs more than 64 bits; give the bits as text: "0101"'
        raise _field("parameters", wide) from None


async def check(request: Request, body: TaskRequest, circuit: bool = False) -> Accepted:
    """The result of checking a program that can be run, with its circuit if that is wanted; raises
    the Problem that says why it cannot be run."""
    checker: Checker = request.app.state.checker
    options = None if body.options == _PLAIN else body.options
    what = body.qc, shots_of(body, request.app.state.settings), options
    instances = await request.app.state.submissions.fleet.known()
    checked = await checker.quickly(*what, instances, circuit)
    if checked is None:
        slowly = checker.slowly(*what, peer(request), instances, circuit)
        checked = await unless_gone(request, slowly)
    if checked is None:
        raise RequestTimeout("The connection was closed before the program was checked.")
    return checked


def within(problem: Problem, pointer: str) -> list[Diagnostic]:
    """The diagnostics of a part of a request, with pointers from the whole request, and with code
    and message."""
    errors = problem.errors or [Diagnostic(pointer="")]
    named = {"code": problem.code, "message": problem.detail}
    return [
        msgspec.structs.replace(error, pointer=f"{pointer}{error.pointer}", **named)
        for error in errors
    ]

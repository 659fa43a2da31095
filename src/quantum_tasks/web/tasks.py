"""`/tasks`: submit a program, fetch its counts. Its answers keep these keys for ever."""

from __future__ import annotations

import asyncio
import logging
import re
import uuid
from typing import Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from quantum_tasks.errors import (
    PROBLEMS,
    Diagnostic,
    InvalidRequest,
    MemoryExceeded,
    ProgramTooLarge,
    ServiceBusy,
    TooComplex,
    more_than_memory,
)
from quantum_tasks.pool import BusyError, ChildDiedError, OutOfTimeError, ProcessPool
from quantum_tasks.settings import Settings
from quantum_tasks.store import Store
from quantum_tasks.tasks import Accepted, Check, Counts, Rejected, Status, Task, TaskRequest
from quantum_tasks.waiting import Waiters
from quantum_tasks.web.requests import read_json
from quantum_tasks.web.responses import json_response

logger = logging.getLogger(__name__)

_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_SECONDS = re.compile(r"\d{1,3}(\.\d{1,9})?", re.ASCII)
MAX_WAIT_S = 60
_BUSY_AFTER_S = 10.0
_SHORT = 4096  # characters: a longer program is checked by itself
_CHECK_MS = 0.002  # per character


class Submitted(msgspec.Struct, frozen=True):
    """The task was stored; fetch it at its id."""

    task_id: uuid.UUID
    message: Literal["Task submitted successfully."] = "Task submitted successfully."


class Pending(msgspec.Struct, frozen=True):
    """The task is queued or running."""

    status: Literal["pending"] = "pending"
    message: Literal["Task is still in progress."] = "Task is still in progress."


class Done(msgspec.Struct, frozen=True):
    """The counts: measured bit strings, most significant bit first, registers separated by a
    space and the one declared last first; the values add up to the shots."""

    status: Literal["completed"]
    result: Counts


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
    settings: Settings = request.app.state.settings
    store: Store = request.app.state.store
    body = await read_json(request, TaskRequest, settings)
    shots = settings.num_shots if body.shots is None else body.shots
    if shots > settings.max_shots:
        raise InvalidRequest(
            f"The field 'shots': at most {settings.max_shots} are allowed (MAX_SHOTS).",
            errors=[Diagnostic(pointer="/shots")],
        )
    size = len(body.qc.encode())
    if size > settings.max_program_bytes:
        raise ProgramTooLarge(
            f"The program has {size} bytes; at most {settings.max_program_bytes} are allowed "
            "(MAX_PROGRAM_BYTES).",
            errors=[Diagnostic(pointer="/qc")],
        )
    await store.check_room()
    checked = await check(request.app.state.parsers, body.qc, shots, settings)
    id = await store.submit(body.qc, shots, body.seed, checked)
    request.app.state.waiters.submitted(id)
    logger.info("task submitted", extra={"task": id, "shots": shots, "bytes": len(body.qc)})
    return json_response(Submitted(id), 202, {"Location": f"/tasks/{id}"})


async def fetch(request: Request) -> Response:
    """What has become of a task; with `?wait=`, when it has ended or after so many seconds."""
    id = request.path_params["id"]
    wait_s = _wait_s(request)
    task = None
    if _UUID.fullmatch(id):
        if wait_s:
            task = await _ended(request, uuid.UUID(id), wait_s)
        else:
            store: Store = request.app.state.store
            task = await store.get(uuid.UUID(id))
    if task is None:
        return json_response(Missing(), 404)
    return Response(_body(task), media_type="application/json")


def _wait_s(request: Request) -> float:
    """The seconds of `?wait=`. Raises InvalidRequest."""
    if not request.scope["query_string"]:
        return 0.0
    text = request.query_params.get("wait", "0")
    if not _SECONDS.fullmatch(text) or float(text) > MAX_WAIT_S:
        raise InvalidRequest(
            f"The parameter 'wait' is a number of seconds from 0 to {MAX_WAIT_S}: ?wait=30."
        )
    return float(text)


async def _ended(request: Request, id: uuid.UUID, wait_s: float) -> Task | None:
    """The task when it has ended; or as it is after the time, or when the client has gone."""
    waiters: Waiters = request.app.state.waiters
    ended = asyncio.ensure_future(waiters.ended(id, wait_s))
    gone = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait({ended, gone}, return_when=asyncio.FIRST_COMPLETED)
        return await ended if ended.done() else None
    finally:
        ended.cancel()
        gone.cancel()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _body(task: Task) -> bytes:
    match task.status:
        case Status.COMPLETED:
            # The counts are JSON already: they are passed on, not decoded and encoded again.
            assert task.counts is not None
            return b'{"status":"completed","result":' + task.counts.encode() + b"}"
        case Status.FAILED:
            message = f"{task.error_code}: {task.error_message}"
            return msgspec.json.encode(Failed("failed", message))
        case Status.CANCELLED:
            return msgspec.json.encode(Cancelled())
        case _:
            return msgspec.json.encode(Pending())


async def check(parsers: ProcessPool, qc: str, shots: int, settings: Settings) -> Accepted:
    """What there is to know of a program that can be run; raises the Problem that says why it
    cannot."""
    limit_s = settings.parse_time_limit_s
    likely_ms = len(qc) * _CHECK_MS if len(qc) <= _SHORT else None
    for last_try in (False, False, True):
        try:
            reply = await parsers.run(Check(qc, shots), limit_s, _BUSY_AFTER_S, likely_ms)
            break
        except BusyError:
            raise ServiceBusy(retry_after_s=5) from None
        except OutOfTimeError:
            raise TooComplex(
                f"Checking the program took longer than {limit_s:g} s (PARSE_TIME_LIMIT_S). "
                "Make it shorter, or nest its gates and loops less.",
                errors=[Diagnostic(pointer="/qc")],
            ) from None
        except ChildDiedError as death:
            if death.out_of_memory:
                raise MemoryExceeded(
                    more_than_memory(settings.parser_memory_mb, "PARSER_MEMORY_MB"),
                    errors=[Diagnostic(pointer="/qc")],
                ) from None
            logger.warning("a parser died", extra={"how": death.how})
            if last_try and death.with_all:
                raise ServiceBusy(retry_after_s=5) from None
            if last_try:  # it was the program, then
                raise TooComplex(
                    "The program cannot be checked: the parser gives up on it.",
                    errors=[Diagnostic(pointer="/qc")],
                ) from None
    if isinstance(reply, Rejected):
        if reply.log:
            logger.error("a program met a defect", extra={"log": reply.log})
        raise PROBLEMS[reply.code](reply.message, errors=reply.errors)
    assert isinstance(reply, Accepted)
    return reply

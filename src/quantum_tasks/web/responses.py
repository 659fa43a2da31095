"""From structs and problems to responses."""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from quantum_tasks.errors import (
    Diagnostic,
    InternalError,
    MethodNotAllowed,
    NotAcceptable,
    NotFound,
    Problem,
    RequestTimeout,
)

_REQUEST_ID = re.compile(rb"[\x21-\x7e]{1,128}")

logger = logging.getLogger(__name__)


class ProblemBody(msgspec.Struct, frozen=True, kw_only=True):
    """An error, as RFC 9457 writes it. `code` is stable, and so are `type`, `title` and `status`;
    `detail` is for people, `errors` say where in the request."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: list[Diagnostic] = []


def json_response(
    content: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """A struct as JSON, its fields in order."""
    return Response(msgspec.json.encode(content), status, headers, "application/json")


def media_type(request: Request, kinds: Sequence[str]) -> str:
    """The kind of answer that the client likes best, by its header Accept; the first of them if it
    likes several alike. Raises NotAcceptable."""
    accepted = request.headers.get("accept") or "*/*"
    liked = max(kinds, key=lambda kind: _weight(kind, accepted))
    if _weight(liked, accepted) == 0:
        raise NotAcceptable(f"The header 'Accept' must allow {' or '.join(kinds)}.")
    return liked


def _weight(kind: str, accepted: str) -> float:
    """How much a client likes a kind of answer: the weight of what names it most exactly."""
    best = (-1, 0.0)
    for part in accepted.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        patterns = ("*/*", f"{kind.partition('/')[0]}/*", kind)
        if name in patterns:
            quality = next((p[2:] for p in parameters if p.startswith("q=")), "1")
            try:
                best = max(best, (patterns.index(name), float(quality)))
            except ValueError:
                continue
    return best[1]


def replayed(again: bool) -> dict[str, str]:
    """The header of an answer that was given before, to a request with the same key."""
    return {"Idempotent-Replayed": "true"} if again else {}


def given_id(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """The X-Request-ID that a client sent, if it can be sent back and written into a log."""
    for name, value in headers:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return value.decode()
    return None


def new_id() -> str:
    """An id for a request that brings none."""
    return uuid.uuid4().hex


def as_body(problem: Problem) -> ProblemBody:
    """A problem, as it is written."""
    return ProblemBody(
        type=f"urn:quantum-tasks:problem:{problem.code}",
        title=problem.title,
        status=problem.status,
        code=problem.code,
        detail=problem.detail,
        errors=problem.errors,
    )


def problem_response(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """A problem as problem+json, with Retry-After where it may pass."""
    body = as_body(problem)
    headers = dict(headers or {})
    if problem.retry_after_s is not None:
        headers["Retry-After"] = str(problem.retry_after_s)
    return Response(msgspec.json.encode(body), problem.status, headers, "application/problem+json")


async def on_problem(request: Request, problem: Exception) -> Response:
    """The error table's one row for what we raise."""
    assert isinstance(problem, Problem)
    if problem.status >= 500:
        logger.warning(
            "request not served",
            extra={
                "code": problem.code,
                "path": request.url.path,
                "reason": repr(problem.__cause__),
            },
        )
    # Whoever was late with a body shall not go on with it.
    late = isinstance(problem, RequestTimeout)
    return problem_response(problem, {"Connection": "close"} if late else None)


async def on_http_exception(request: Request, error: Exception) -> Response:
    """What Starlette raises itself: no such route, no such method."""
    assert isinstance(error, HTTPException)
    if error.status_code == MethodNotAllowed.status:
        return problem_response(MethodNotAllowed(), {"Allow": _allowed(request)})
    if error.status_code == NotFound.status:
        return problem_response(NotFound())
    return await on_unexpected(request, error)


def _allowed(request: Request) -> str:
    """The methods that an address takes. Starlette names only those of its first route."""
    here: list[Any] = [
        route for route in request.app.routes if route.matches(request.scope)[0] is not Match.NONE
    ]
    methods: set[str] = set()
    for route in here:
        if route.path == here[0].path:  # rather than one that takes this for an id
            methods |= route.methods
    return ", ".join(sorted(methods or {"GET", "HEAD"}))  # those of a file


async def on_unexpected(request: Request, error: Exception) -> Response:
    """A bug of ours. The client learns an id, by which the log tells us the rest."""
    incident = uuid.uuid4().hex[:12]
    logger.error(
        "internal error",
        extra={"incident": incident, "method": request.method, "path": request.url.path},
        exc_info=error,
    )
    return problem_response(InternalError(f"{InternalError.__doc__} Its id is {incident}."))

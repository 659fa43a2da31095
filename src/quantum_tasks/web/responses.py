"""From structs and problems to responses."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from quantum_tasks.errors import (
    Diagnostic,
    InternalError,
    MethodNotAllowed,
    NotFound,
    Problem,
    RequestTimeout,
)

logger = logging.getLogger(__name__)


class ProblemBody(msgspec.Struct, frozen=True, kw_only=True):
    """An error, as RFC 9457 writes it. `code` is stable; `detail` is for people."""

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


def problem_response(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """A problem as problem+json, with Retry-After where it may pass."""
    body = ProblemBody(
        type=f"urn:quantum-tasks:problem:{problem.code}",
        title=problem.title,
        status=problem.status,
        code=problem.code,
        detail=problem.detail,
        errors=problem.errors,
    )
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
        return problem_response(MethodNotAllowed(), error.headers)
    if error.status_code == NotFound.status:
        return problem_response(NotFound())
    problem = Problem(error.detail)
    problem.code, problem.status, problem.title = (  # type: ignore[misc]
        "http_error",
        error.status_code,
        error.detail,
    )
    return problem_response(problem, error.headers)


async def on_unexpected(request: Request, error: Exception) -> Response:
    """A bug of ours. The client learns an id, by which the log tells us the rest."""
    incident = uuid.uuid4().hex[:12]
    logger.error(
        "internal error",
        extra={"incident": incident, "method": request.method, "path": request.url.path},
        exc_info=error,
    )
    return problem_response(InternalError(f"{InternalError.__doc__} Its id is {incident}."))

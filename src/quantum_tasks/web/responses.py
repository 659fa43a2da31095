"""From structs and problems to responses."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterable, Mapping, Sequence, Set
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
    """The media type that the client prefers, by its header Accept; the first one if it prefers
    several equally. Raises NotAcceptable."""
    # The weight of a media type is that of the range that names it most exactly.
    patterns = {kind: (kind, f"{kind.partition('/')[0]}/*", "*/*") for kind in kinds}
    weighed = weights(request.headers.get("accept") or "*/*", set().union(*patterns.values()))
    liking = {
        kind: next((weighed[name] for name in names if name in weighed), 0.0)
        for kind, names in patterns.items()
    }
    liked = max(kinds, key=liking.__getitem__)
    if liking[liked] == 0:
        raise NotAcceptable(f"The header 'Accept' must allow {' or '.join(kinds)}.")
    return liked


def weights(accepted: str, known: Set[str]) -> dict[str, float]:
    """What a header Accept, or one like it, has of the names that this service knows, and the
    weights that it gives them."""
    found: dict[str, float] = {}
    for part in accepted.lower().split(","):
        name, _, parameters = part.partition(";")
        if (name := name.strip()) not in known:
            continue
        qualities = (piece.strip() for piece in parameters.split(";"))
        quality = next((piece[2:] for piece in qualities if piece.startswith("q=")), "1")
        try:
            found[name] = max(found.get(name, 0.0), float(quality))
        except ValueError:
            continue
    return found


def replayed(again: bool) -> dict[str, str]:
    """The header that marks an answer to a repeated request with the same idempotency key."""
    return {"Idempotent-Replayed": "true"} if again else {}


def given_id(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """The X-Request-ID that a client sent, if it can be sent back and written into a log."""
    for name, value in headers:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return value.decode()
    return None


def new_id() -> str:
    """An id for a request that has none."""
    return os.urandom(16).hex()


def as_body(problem: Problem) -> ProblemBody:
    """A problem, as the body of an answer."""
    return ProblemBody(
        type=f"urn:quantum-tasks:problem:{problem.code}",
        title=problem.title,
        status=problem.status,
        code=problem.code,
        detail=problem.detail,
        errors=problem.errors,
    )


def problem_response(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """A problem as problem+json, with Retry-After if trying again may help."""
    body = as_body(problem)
    headers = dict(headers or {})
    if problem.retry_after_s is not None:
        headers["Retry-After"] = str(problem.retry_after_s)
    return Response(msgspec.json.encode(body), problem.status, headers, "application/problem+json")


async def on_problem(request: Request, problem: Exception) -> Response:
    """The handler for all errors that this service raises."""
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
    # After a timeout, the client must not continue to send the body.
    late = isinstance(problem, RequestTimeout)
    return problem_response(problem, {"Connection": "close"} if late else None)


async def on_http_exception(request: Request, error: Exception) -> Response:
    """The handler for errors that Starlette raises itself: no such route, no such method."""
    assert isinstance(error, HTTPException)
    if error.status_code == MethodNotAllowed.status:
        allowed = _allowed(request)
        refusal = MethodNotAllowed(f"This address takes {allowed}, but not {request.method[:20]}.")
        return problem_response(refusal, {"Allow": allowed})
    if error.status_code == NotFound.status:
        return problem_response(NotFound())
    return await on_unexpected(request, error)


def _allowed(request: Request) -> str:
    """The methods of an address. Starlette names only those of the first route that matches."""
    here: list[Any] = [
        route for route in request.app.routes if route.matches(request.scope)[0] is not Match.NONE
    ]
    methods: set[str] = set()
    for route in here:
        if route.path == here[0].path:  # not a route that takes this part for an id
            methods |= route.methods
    return ", ".join(sorted(methods or {"GET", "HEAD"}))  # the methods of a file


async def on_unexpected(request: Request, error: Exception) -> Response:
    """A bug in the service. The client gets an id; the log has the details under this id."""
    incident = new_id()[:12]
    logger.error(
        "internal error",
        extra={"incident": incident, "method": request.method, "path": request.url.path},
        exc_info=error,
    )
    return problem_response(InternalError(f"{InternalError.__doc__} Its id is {incident}."))

"""For the operator of the service: is it up, is it ready?"""

from __future__ import annotations

from typing import Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from quantum_tasks.web.responses import json_response


class Health(msgspec.Struct, frozen=True):
    """The process is up."""

    status: Literal["ok"] = "ok"


class Readiness(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whether the service can do its work; `reasons` says what it lacks."""

    status: Literal["ready", "not ready"]
    reasons: list[str] = []


async def health(request: Request) -> Response:
    """Is the process up?"""
    return json_response(Health())


async def ready(request: Request) -> Response:
    """Are the database, its schema, the worker and the child processes in working order?"""
    reasons = await request.app.state.readiness()
    if reasons:
        return json_response(Readiness("not ready", reasons), 503, {"Retry-After": "5"})
    return json_response(Readiness("ready"))

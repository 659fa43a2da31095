"""The Starlette application."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from quantum_tasks.archive.archive import Archive
from quantum_tasks.archive.cancelling import Cancellations
from quantum_tasks.archive.lists import Lists
from quantum_tasks.archive.overview import Overviews
from quantum_tasks.errors import Problem, ServiceStopping
from quantum_tasks.fence.checking import Checker
from quantum_tasks.fence.drawing import Drawer
from quantum_tasks.live.feed import Feed
from quantum_tasks.live.waiting import Waiters
from quantum_tasks.logs import request_id
from quantum_tasks.queue.store import Store
from quantum_tasks.queue.submissions import Submissions
from quantum_tasks.settings import Settings
from quantum_tasks.turns.fairness import Pace
from quantum_tasks.web import pages
from quantum_tasks.web.answers.large import LargeAnswers
from quantum_tasks.web.endpoint import Endpoint
from quantum_tasks.web.queries import Handler, known_only
from quantum_tasks.web.requests import BodyBudget
from quantum_tasks.web.responses import (
    given_id,
    new_id,
    on_http_exception,
    on_problem,
    on_unexpected,
    problem_response,
)
from quantum_tasks.web.routes import API
from quantum_tasks.web.wire.compression import Compression, Packer
from quantum_tasks.web.wire.headers import finished
from quantum_tasks.web.wire.origins import Origins, allow

Readiness = Callable[[], Awaitable[list[str]]]

_LARGE_RESULTS = 8  # large results that may be sent at once


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """The parts that handlers use. They find them in `app.state`."""

    settings: Settings
    store: Store
    submissions: Submissions
    archive: Archive
    lists: Lists
    overviews: Overviews
    cancellations: Cancellations
    checker: Checker | None
    drawer: Drawer
    waiters: Waiters
    feed: Feed
    readiness: Any  # a Readiness; msgspec does not take callables


def create_app(parts: Parts) -> ASGIApp:
    """The HTTP application. Without a checker, as in a worker, it has only the routes for
    operation."""
    settings, checker = parts.settings, parts.checker
    endpoints = API if checker else [route for route in API if route.tag == "health"]
    routes: list[BaseRoute] = [
        Route(endpoint.path, _handler(endpoint), methods=[endpoint.method])
        for endpoint in endpoints
    ]
    if checker:
        routes += [
            Route("/openapi.json", pages.read_document),
            Route("/", pages.read_index),
            Route("/ui/tasks", pages.read_tasks),
            Route("/ui/tasks/{id}", pages.read_task),
            Route("/ui/queue", pages.read_queue),
            Route("/docs", pages.read_docs),
            Route("/static/{path:path}", pages.read_file),
        ]
    # One after the other is compared with the path of a request: those that are asked for most
    # come first.
    routes.sort(key=lambda route: not str(getattr(route, "path", "")).startswith("/tasks"))
    app = Starlette(
        routes=routes,
        exception_handlers={
            Problem: on_problem,
            HTTPException: on_http_exception,
            Exception: on_unexpected,
        },
    )
    app.router.redirect_slashes = False
    for name in Parts.__struct_fields__:
        setattr(app.state, name, getattr(parts, name))
    app.state.pace = Pace()
    packer = app.state.packer = Packer()
    app.state.large_answers = LargeAnswers(_LARGE_RESULTS * settings.max_result_bytes, packer)
    served = _LastWord(BodyBudget(app, settings.max_body_bytes))
    return _Edge(Compression(Origins(allow(served, settings), settings), packer))


def _handler(endpoint: Endpoint) -> Handler:
    """The simple API and the health checks ignore parameters that they do not have, for ever."""
    handler: Handler = endpoint.handler
    return known_only(endpoint) if endpoint.path.startswith("/v1/") else handler


class _Edge:
    """The outermost layer. It gives every answer the common headers and the request id, which is
    also in the log. It ignores requests for only a part of an answer (ranges)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        id = given_id(scope["headers"]) or new_id()
        request_id.set(id)
        scope["headers"] = [header for header in scope["headers"] if header[0] != b"range"]

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = finished(message["headers"], id.encode())
            await send(message)

        await self._app(scope, receive, send_with_headers)


class _LastWord:
    """Stops errors that were already answered and logged. Answers clients that still wait when the
    service stops."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answered = False

        async def send_and_note(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        except asyncio.CancelledError:
            # uvicorn has waited long enough for this request, and would answer with a bare 500.
            if answered:
                raise
            asyncio.current_task().uncancel()  # type: ignore[union-attr]
            response = problem_response(ServiceStopping(retry_after_s=5), {"Connection": "close"})
            await response(scope, receive, send)
        except Exception:
            # Starlette raises it again after on_unexpected(), and uvicorn would log it again
            # and cut the connection.
            if not answered:
                raise

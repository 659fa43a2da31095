"""`GET /v1/queue`: what there is to do, and how the service gets on with it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from quantum_tasks.archive.overview import Overviews
from quantum_tasks.web.responses import json_response


async def read_queue(request: Request) -> Response:
    """What there is to do, what was done in the last hour, and which instances do it.

    Whoever asks within the same second gets the same answer; while the queue is very long, it may
    be some seconds old.
    """
    overviews: Overviews = request.app.state.overviews
    return json_response(await overviews.now())

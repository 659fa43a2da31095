"""Pictures of a task: its circuit and its counts. Each has an address, for a page or a
notebook."""

from __future__ import annotations

import asyncio
import zlib
from typing import Literal, get_args

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from quantum_tasks.archive import Archive
from quantum_tasks.drawing import Drawer
from quantum_tasks.errors import InvalidRequest, ViewUnavailable
from quantum_tasks.tasks import Counts, Draw
from quantum_tasks.web.histogram import histogram
from quantum_tasks.web.reading import found
from quantum_tasks.web.requests import task_id
from quantum_tasks.web.responses import media_type
from quantum_tasks.web.results import completed

Format = Literal["source", "text", "svg"]

_TYPES = {"source": "text/plain", "text": "text/plain", "svg": "image/svg+xml"}
# A picture is a document of its own if it is opened by itself: it may style itself, and no more.
_SVG = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}


async def read_circuit(request: Request) -> Response:
    """A task's program: its source; or drawn, as text or as a picture. Without a format it is the
    source, or the picture where `Accept: image/svg+xml` asks for one."""
    format = request.query_params.get("format")
    if format is not None and format not in get_args(Format):
        raise InvalidRequest(
            f"The parameter 'format' is one of {', '.join(get_args(Format))}: ?format=text."
        )
    if format is None:
        kind = media_type(request, ("text/plain", "image/svg+xml"))
        format = "svg" if kind == "image/svg+xml" else "source"
    return await _circuit(request, format)


async def read_circuit_svg(request: Request) -> Response:
    """A task's program, drawn as a picture."""
    return await _circuit(request, "svg")


async def _circuit(request: Request, format: str) -> Response:
    archive: Archive = request.app.state.archive
    drawer: Drawer = request.app.state.drawer
    record, _ = await found(archive, request)
    qc, parameters = record.request.qc, record.request.parameters
    assert isinstance(qc, str)
    # A program never changes, and neither do its drawings.
    tag = f'"{zlib.crc32(qc.encode()):x}-{format}"'
    headers = {"ETag": tag, "Vary": "Accept"} | (_SVG if format == "svg" else {})
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if format != "source":
        first = parameters[0] if isinstance(parameters, list) else parameters
        qc = (await drawer.draw(Draw(qc, first, "svg" if format == "svg" else "text"))).content
    return Response(qc, 200, headers, _TYPES[format])


async def read_counts_svg(request: Request) -> Response:
    """A task's counts as a picture; of a sweep, those of one run: `?item=0`."""
    archive: Archive = request.app.state.archive
    result = await completed(archive, task_id(request))
    counts = msgspec.json.decode(result.counts or "{}", type=Counts | list[Counts | None])
    item = request.query_params.get("item", "0")
    if not (item.isascii() and item.isdigit()):
        raise InvalidRequest("The parameter 'item' is the number of a run, from 0: ?item=0.")
    if isinstance(counts, list):
        runs = counts
        if int(item[:9]) >= len(runs):
            raise InvalidRequest(f"The parameter 'item' is at most {len(runs) - 1}.")
        found = runs[int(item)]
        if found is None:
            raise ViewUnavailable("This run of the sweep failed, and has no counts.")
        counts = found
    tag = f'"{result.change:x}-{item}"'
    headers = {"ETag": tag, **_SVG}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(await asyncio.to_thread(histogram, counts), 200, headers, "image/svg+xml")

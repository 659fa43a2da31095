"""Pictures of a task: its circuit and its counts. Each has an address, for a page or a
notebook."""

from __future__ import annotations

import re
import uuid
from functools import cache, partial
from hashlib import sha256
from importlib.metadata import version
from typing import Any, Literal, get_args

from starlette.requests import Request
from starlette.responses import Response

from quantum_tasks import __version__
from quantum_tasks.archive.archive import Archive, Program
from quantum_tasks.errors import InvalidRequest
from quantum_tasks.fence.drawing import Drawable, Drawer
from quantum_tasks.web.answers.reading import missing
from quantum_tasks.web.answers.results import answer, completed
from quantum_tasks.web.answers.views import Wanted
from quantum_tasks.web.requests import has_seen, parameters, peer, task_id, unless_gone
from quantum_tasks.web.responses import media_type

_NUMBER = re.compile(r"\d{1,9}", re.ASCII)

Format = Literal["source", "text", "svg"]

_TYPES = {"source": "text/plain", "text": "text/plain", "svg": "image/svg+xml"}
# Opened by itself, a picture is a document: it may contain styles, and nothing else is allowed.
_SVG = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "frame-ancestors 'none'"
}


async def read_circuit(request: Request) -> Response:
    """A task's program: its source; or drawn, as text or as a picture. Without a format it is the
    source, or the picture where `Accept: image/svg+xml` asks for one."""
    format = parameters(request).get("format")
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
    id = task_id(request)
    if format == "source":
        qc = (await _program(archive, id)).qc
        tag = sha256(qc.encode()).hexdigest()
    else:
        # To find a kept drawing, the key of the program is enough; the program itself is not
        # loaded.
        key = await archive.program_key(id) if id else None
        if key is None:
            raise await missing(archive, id)
        tag = f"{key.hex()}-{_drawn_by()}"
    # A program never changes, and its drawing changes only with the versions of the service and
    # its libraries.
    tag = f'W/"{tag}-{format}"'
    headers = {"ETag": tag, "Vary": "Accept"} | (_SVG if format == "svg" else {})
    if has_seen(request, tag):
        return Response(status_code=304, headers=headers)
    if format == "source":
        return Response(qc, 200, headers, _TYPES[format])

    async def drawable() -> Drawable:
        program = await _program(archive, id)
        return program.qc, program.parameters

    drawer: Drawer = request.app.state.drawer
    kind: Any = format
    drawing = drawer.drawing(key, kind, peer(request), drawable)
    return Response(await unless_gone(request, drawing), 200, headers, _TYPES[format])


async def _program(archive: Archive, id: uuid.UUID | None) -> Program:
    program = await archive.program(id) if id else None
    if program is None:
        raise await missing(archive, id)
    return program


@cache
def _drawn_by() -> str:
    """A short text that differs between versions of what makes the drawings."""
    return f"{__version__}-{version('qiskit')}-{version('matplotlib')}"


async def read_counts_svg(request: Request) -> Response:
    """A task's counts as a picture; of a sweep, those of one run: `?item=0`."""
    archive: Archive = request.app.state.archive
    item = parameters(request).get("item", "0")
    if not _NUMBER.fullmatch(item):
        raise InvalidRequest("The parameter 'item' is the number of a run, from 0: ?item=0.")
    id = task_id(request)
    result = await completed(archive, id)
    tag = f'W/"{result.change:x}-{int(item)}"'
    headers = {"ETag": tag, **_SVG}
    if has_seen(request, tag):
        return Response(status_code=304, headers=headers)
    assert id is not None
    show = partial(Wanted, kind="svg", item=int(item))
    return await answer(request, id, result, show, headers, "image/svg+xml")

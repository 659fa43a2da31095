"""Content that is the same for everybody: the pages, the files that they load, the API's document.

All of it is read once and kept in memory. Otherwise each request for the largest file would need
thirty trips to a thread.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import mimetypes
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from quantum_tasks.errors import NotFound
from quantum_tasks.web.openapi import document
from quantum_tasks.web.requests import has_seen

_STATIC = Path(str(files("quantum_tasks.web") / "static"))
_PIECE = 8192  # bytes


class Shared(Response):
    """Content that all requests share. It is sent in pieces, so that only a little of it is copied
    for each client."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = self.raw_headers
        await send({"type": "http.response.start", "status": self.status_code, "headers": headers})
        body = bytes(self.body)
        for begin in range(0, max(len(body), 1), _PIECE):
            more = begin + _PIECE < len(body)
            piece = body[begin : begin + _PIECE]
            await send({"type": "http.response.body", "body": piece, "more_body": more})


class _File(NamedTuple):
    """Bytes, their media type, and their ETag."""

    content: bytes
    media_type: str
    tag: str


async def read_index(request: Request) -> Response:
    """The page to try programs on."""
    return await _served(request, "index.html")


async def read_docs(request: Request) -> Response:
    """The page that shows the API."""
    return await _served(request, "docs.html")


async def read_file(request: Request) -> Response:
    """What the pages load."""
    return await _served(request, request.path_params["path"])


async def read_document(request: Request) -> Response:
    """The API's document."""
    if not _document.cache_info().currsize:
        await asyncio.to_thread(_document)
    return _answer(request, _document())


async def _served(request: Request, name: str) -> Response:
    if not _read.cache_info().currsize:
        await asyncio.to_thread(_read)
    file = _read().get(name)
    if file is None:
        raise NotFound
    return _answer(request, file)


def _answer(request: Request, file: _File) -> Response:
    if has_seen(request, file.tag):
        return Response(status_code=304, headers={"ETag": file.tag})
    return Shared(file.content, 200, {"ETag": file.tag}, file.media_type)


@cache
def _read() -> dict[str, _File]:
    return {
        path.relative_to(_STATIC).as_posix(): _file(
            path.read_bytes(), mimetypes.guess_type(path.name)[0] or "text/plain"
        )
        for path in _STATIC.rglob("*")
        if path.is_file()
    }


@cache
def _document() -> _File:
    """Made at the first request: it takes 20 ms, and the start should not wait for that."""
    return _file(json.dumps(document(), indent=2).encode(), "application/json")


def _file(content: bytes, media_type: str) -> _File:
    return _File(content, media_type, f'"{hashlib.sha256(content).hexdigest()[:16]}"')

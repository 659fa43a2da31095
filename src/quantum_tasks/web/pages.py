"""Content that is the same for everybody: the pages, the files that they load, the API's document.

All of it is read once and kept in memory. Otherwise each request for the largest file would need
thirty trips to a thread.

Pages load their files from `/static/VERSION/...`, where the version is made from the content of
all files. So a browser may keep a file for ever. After an upgrade a page gets all its new files
together, also those that one of them imports by a relative path. The HTML is written with
`/static/...`. These addresses work, too; a browser has to ask for them again each time.
"""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from quantum_tasks.errors import NotFound
from quantum_tasks.web.openapi import document
from quantum_tasks.web.requests import has_seen, task_id
from quantum_tasks.web.wire.compression import Packer, best, packed_from

_STATIC = Path(str(files("quantum_tasks.web") / "static"))
# What pages load, and the licences of it. Everything else there is for people who work on it:
# lists of packages, the scripts that build. HTML is served only as a page, with its policy.
_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".qasm": "text/plain",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
}
_VERSIONED = re.compile(r"([0-9a-f]{16})/(.*)", re.DOTALL)
_FOR_EVER = "public, max-age=31536000, immutable"
_PIECE = 8192  # bytes

# A page loads and runs only what this service serves, and nothing that is written in its HTML. The
# editor makes its styles by script; they have the nonce. Text becomes HTML only through lit-html.
_STRICT = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "style-src 'self' 'nonce-{nonce}'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types lit-html"
)
_NONCE = "{{style-nonce}}"  # stands in the HTML


class _File:
    """Bytes that all requests share, their media type, and their ETag."""

    def __init__(self, content: bytes, media_type: str) -> None:
        self.content = content
        self.media_type = media_type
        self.tag = _tag(content)
        self.packed: bytes | None = None

    def pack(self) -> bytes:
        """The same, compressed. To be called in the packer's thread: there it is done only once,
        even if many ask for it at the same time."""
        if self.packed is None:
            self.packed = best(self.content)
        return self.packed


class _Site(NamedTuple):
    """The pages and the files, by name, and their version."""

    pages: Mapping[str, str]
    files: Mapping[str, _File]
    version: str


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


async def read_index(request: Request) -> Response:
    """The page to try programs on."""
    return await _page(request, "index.html", _STRICT)


async def read_task(request: Request) -> Response:
    """The page of a task. It asks for the task by itself: so it is the same for all tasks, and for
    ids that no task has."""
    if task_id(request) is None:
        raise NotFound
    return await _page(request, "task.html", _STRICT)


async def read_tasks(request: Request) -> Response:
    """The page that lists tasks."""
    return await _page(request, "tasks.html", _STRICT)


async def read_queue(request: Request) -> Response:
    """The page that shows what the service has to do, and how it gets on."""
    return await _page(request, "queue.html", _STRICT)


async def read_docs(request: Request) -> Response:
    """The page that shows the API, from its document."""
    return await _page(request, "docs.html", _STRICT)


async def read_file(request: Request) -> Response:
    """What the pages load."""
    site = await _loaded()
    version, name = "", request.path_params["path"]
    if versioned := _VERSIONED.fullmatch(name):
        version, name = versioned.groups()
    file = site.files.get(name)
    if file is None:
        raise NotFound
    # While instances are replaced by newer ones, a page of one may ask another for its files. It
    # gets those that there are, and must not keep them under the address of others.
    return await _answer(request, file, for_ever=version == site.version)


async def read_document(request: Request) -> Response:
    """The API's document."""
    if not _document.cache_info().currsize:
        await asyncio.to_thread(_document)
    return await _answer(request, _document())


async def _page(request: Request, name: str, policy: str) -> Response:
    """A page, with a nonce that no other answer has.

    A browser that has seen the page keeps it, together with the policy that came with it, as the
    nonces of the two are equal: so a 304 has neither. The ETag is that of both, without the nonce.
    """
    html = (await _loaded()).pages[name]
    tag = _tag((policy + html).encode())
    if has_seen(request, tag):
        return Response(status_code=304, headers={"ETag": tag})
    nonce = secrets.token_urlsafe(16)
    headers = {"ETag": tag, "Content-Security-Policy": policy.format(nonce=nonce)}
    return Response(html.replace(_NONCE, nonce), 200, headers, "text/html")


async def _answer(request: Request, file: _File, for_ever: bool = False) -> Response:
    headers = {"ETag": file.tag}
    if for_ever:
        headers["Cache-Control"] = _FOR_EVER
    if has_seen(request, file.tag):
        return Response(status_code=304, headers=headers)
    content = file.content
    if len(content) >= packed_from(request.scope):
        packer: Packer = request.app.state.packer
        content = file.pack() if file.packed else await packer.run(file.pack)
        headers["Content-Encoding"] = "gzip"
    return Shared(content, 200, headers, file.media_type)


async def _loaded() -> _Site:
    if not _site.cache_info().currsize:
        await asyncio.to_thread(_site)
    return _site()


@cache
def _site() -> _Site:
    files, html = {}, {}
    for path in sorted(_STATIC.rglob("*")):
        name = path.relative_to(_STATIC).as_posix()
        if media_type := _TYPES.get(path.suffix):
            files[name] = _File(path.read_bytes(), media_type)
        elif path.suffix == ".html":
            html[name] = path.read_text()
    every = "".join(f"{name} {file.tag}\n" for name, file in files.items())
    version = sha256(every.encode()).hexdigest()[:16]
    pages = {name: _with_version(text, version) for name, text in html.items()}
    return _Site(pages, files, version)


def _with_version(html: str, version: str) -> str:
    return html.replace('="/static/', f'="/static/{version}/')


@cache
def _document() -> _File:
    """Made at the first request: it takes 20 ms, and the start should not wait for that."""
    return _File(json.dumps(document()).encode(), "application/json")


def _tag(content: bytes) -> str:
    return f'W/"{sha256(content).hexdigest()[:16]}"'

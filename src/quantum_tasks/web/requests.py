"""From the bytes of a request to a struct, or to a problem that says what is wrong with them."""

from __future__ import annotations

import asyncio
import re
from typing import TypeVar

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from quantum_tasks.errors import (
    BodyTooLarge,
    Diagnostic,
    InvalidRequest,
    MalformedJson,
    RequestTimeout,
    ServiceBusy,
    UnsupportedMediaType,
)
from quantum_tasks.settings import Settings

_BOM = b"\xef\xbb\xbf"
_FIELD = re.compile(
    r"(?:missing required field `(?P<missing>\w+)`)?(?: - at `\$(?P<path>[^`]*)`)?$"
)
# A lone half of a surrogate pair is no character: no text that can be stored or sent holds one.
_SURROGATE = re.compile(rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F][0-9a-fA-F]{2})")

T = TypeVar("T")


_BODIES_AT_ONCE = 256
_SMALL_BODY = 16384


class BodyBudget:
    """Bounds the memory that the bodies of requests take together while they are served.

    A small body is always taken, so that whoever sends large ones keeps out only their like.
    """

    def __init__(self, app: ASGIApp, max_body_bytes: int) -> None:
        self._app = app
        self._budget = _BODIES_AT_ONCE * max_body_bytes
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        held = 0

        async def receive_within_budget() -> Message:
            nonlocal held
            message = await receive()
            size = len(message.get("body", b""))
            held += size
            self._held += size
            if self._held > self._budget and held > _SMALL_BODY:
                raise ServiceBusy(
                    "The service is reading too many large requests at the moment; please try "
                    "again.",
                    retry_after_s=5,
                )
            return message

        try:
            await self._app(scope, receive_within_budget, send)
        finally:
            self._held -= held


async def read_json(request: Request, type: type[T], settings: Settings) -> T:
    """Reads and decodes a request's body.

    Raises UnsupportedMediaType, BodyTooLarge, RequestTimeout, ServiceBusy, MalformedJson or
    InvalidRequest.
    """
    media_type = request.headers.get("content-type", "application/json").partition(";")[0]
    if media_type.strip().lower() != "application/json":
        raise UnsupportedMediaType(
            f"The body has the type '{media_type.strip()}'; this service takes JSON: send the "
            "header 'Content-Type: application/json'."
        )
    return decode(await _read_body(request, settings), type)


def decode(body: bytes, type: type[T]) -> T:
    """Decodes JSON into a struct. Raises MalformedJson or InvalidRequest."""
    body = body.removeprefix(_BOM)
    try:
        return msgspec.json.decode(body, type=type)
    except msgspec.ValidationError as error:
        raise _invalid(str(error)) from None
    except UnicodeDecodeError as error:
        raise MalformedJson(f"The body is not UTF-8: {error.reason}.") from None
    except msgspec.DecodeError as error:
        if _SURROGATE.search(body):
            raise MalformedJson(
                "The body contains half of a surrogate pair (\\ud800 to \\udfff), which is no "
                "character."
            ) from None
        reason = "it ends too early" if "truncated" in str(error) else _lower(str(error))
        raise MalformedJson(f"The body is not JSON: {reason}.") from None
    except RecursionError:
        raise MalformedJson("The body is nested too deeply.") from None


def _invalid(message: str) -> InvalidRequest:
    """Names the field and what was expected of it."""
    match = _FIELD.search(message)
    path = (match["path"] or "") if match else ""
    pointer = re.sub(r"\[(\d+)\]", r"/\1", path.replace(".", "/"))
    if match and match["missing"]:
        pointer += f"/{match['missing']}"
        detail = f"The field '{match['missing']}' is missing."
    else:
        reason = _lower(message.partition(" - at ")[0].replace("`", "")).replace(
            ", got", " but got"
        )
        field = pointer.lstrip("/")
        detail = f"The field '{field}': {reason}." if field else f"The body: {reason}."
    return InvalidRequest(detail, errors=[Diagnostic(pointer=pointer)])


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


async def _read_body(request: Request, settings: Settings) -> bytes:
    max_bytes, timeout_s = settings.max_body_bytes, settings.body_timeout_s
    too_large = BodyTooLarge(f"The body is larger than {max_bytes} bytes (MAX_BODY_BYTES).")
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > max_bytes:
        raise too_large
    chunks = bytearray()
    try:
        async with asyncio.timeout(timeout_s):
            async for chunk in request.stream():
                chunks += chunk
                if len(chunks) > max_bytes:
                    raise too_large
    except TimeoutError:
        raise RequestTimeout(
            f"The body did not arrive within {timeout_s:g} seconds (BODY_TIMEOUT_S)."
        ) from None
    except ClientDisconnect:
        raise RequestTimeout("The connection was closed before the body had arrived.") from None
    return bytes(chunks)

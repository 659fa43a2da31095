"""From the bytes of a request to a struct, or to a problem that says what is wrong with them."""

from __future__ import annotations

import asyncio
import re
from typing import TypeVar

import msgspec
from starlette.requests import ClientDisconnect, Request

from quantum_tasks.errors import (
    BodyTooLarge,
    Diagnostic,
    InvalidRequest,
    MalformedJson,
    RequestTimeout,
    UnsupportedMediaType,
)

_BODY_TIMEOUT_S = 20.0
_BOM = b"\xef\xbb\xbf"
_FIELD = re.compile(
    r"(?:missing required field `(?P<missing>\w+)`)?(?: - at `\$(?P<path>[^`]*)`)?$"
)
# A lone half of a surrogate pair is no character: no text that can be stored or sent holds one.
_SURROGATE = re.compile(rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F][0-9a-fA-F]{2})")

T = TypeVar("T")


async def read_json(request: Request, type: type[T], max_bytes: int) -> T:
    """Reads and decodes a request's body.

    Raises UnsupportedMediaType, BodyTooLarge, RequestTimeout, MalformedJson or InvalidRequest.
    """
    media_type = request.headers.get("content-type", "application/json").partition(";")[0]
    if media_type.strip().lower() != "application/json":
        raise UnsupportedMediaType(
            f"The body has the type '{media_type.strip()}'; this service takes JSON: send the "
            "header 'Content-Type: application/json'."
        )
    return decode(await _read_body(request, max_bytes), type)


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


async def _read_body(request: Request, max_bytes: int) -> bytes:
    too_large = BodyTooLarge(f"The body is larger than {max_bytes} bytes (MAX_BODY_BYTES).")
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > max_bytes:
        raise too_large
    chunks = bytearray()
    try:
        async with asyncio.timeout(_BODY_TIMEOUT_S):
            async for chunk in request.stream():
                chunks += chunk
                if len(chunks) > max_bytes:
                    raise too_large
    except TimeoutError:
        raise RequestTimeout(
            f"The body did not arrive within {_BODY_TIMEOUT_S:g} seconds."
        ) from None
    except ClientDisconnect:
        raise RequestTimeout("The connection was closed before the body had arrived.") from None
    return bytes(chunks)

"""From the bytes of a request to a struct, or to a Problem that says what is wrong."""

from __future__ import annotations

import asyncio
import ipaddress
import re
import uuid
from collections.abc import Coroutine
from itertools import islice
from typing import Any, Literal, TypeVar

import msgspec
from starlette.datastructures import QueryParams
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
from quantum_tasks.expected import in_words
from quantum_tasks.settings import Settings
from quantum_tasks.tasks import PATTERNS
from quantum_tasks.turns.fairness import Pace
from quantum_tasks.web import fields
from quantum_tasks.web.wire.coding import coding, unpacked
from quantum_tasks.web.wire.crowd import Doing, stay

MAX_WAIT_S = 60
_MOST_PARAMETERS = 100
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_ONLY_WAIT = re.compile(rb"wait=([0-9]{1,9})")  # as most requests have it
_SECONDS = re.compile(r"\d{1,9}(\.\d{1,9})?", re.ASCII)
_KEY = re.compile(r"[\x21-\x7e][\x20-\x7e]{0,254}")
_JSON = ("application/json", "application/merge-patch+json")
_BOM = b"\xef\xbb\xbf"
_PATH = re.compile(r" - at (?P<key>`key` in )?`\$(?P<path>[^`]*)`$")
_MISSING = re.compile(r"Object missing required field `(\w+)`$")
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`$", re.DOTALL)
_BREAK = re.compile(r"invalid character \(byte (\d+)\)$")
_MOST_SHOWN = 100  # characters of a request that a message quotes
# Half of a surrogate pair is not a character: text that contains one can neither be stored nor
# sent.
_SURROGATE = re.compile(rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F][0-9a-fA-F]{2})")

T = TypeVar("T")


_BODIES_AT_ONCE = 128
_ALL_BODIES = 256 * 2**20  # bytes
_HOLD = "quantum_tasks.hold"
_SMALL_BODY = 16384
_LARGE_BODY = 65536  # to decode and check ten times as much takes up to 50 ms of the event loop
_EXTREME = re.compile(rb"\d[eE][-+]?\d{3,}\s*[,\]}]")
_MOST_EXTREME = 1000
_LONGEST_TAGS = 131_072  # 50 tags, all characters escaped, with spaces between


class BodyBudget:
    """Limits the memory that the bodies of all current requests take together, as they arrive and
    once they are unpacked.

    A small body is always accepted, so that large bodies can only keep out other large ones.
    """

    def __init__(self, app: ASGIApp, max_body_bytes: int) -> None:
        self._app = app
        self._budget = min(_BODIES_AT_ONCE * max_body_bytes, max(_ALL_BODIES, 2 * max_body_bytes))
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        held = 0

        def hold(size: int) -> None:
            nonlocal held
            held += size
            self._held += size
            if self._held > self._budget and held > _SMALL_BODY:
                raise ServiceBusy(
                    "The service is reading too many large requests at the moment; please try "
                    "again.",
                    retry_after_s=5,
                )

        async def receive_within_budget() -> Message:
            message = await receive()
            hold(len(message.get("body", b"")))
            return message

        scope[_HOLD] = hold
        try:
            await self._app(scope, receive_within_budget, send)
        finally:
            self._held -= held


async def read_json(request: Request, type: type[T], settings: Settings) -> T:
    """Reads and decodes a request's body.

    Raises UnsupportedMediaType, BodyTooLarge, RequestTimeout, ServiceBusy, MalformedJson or
    InvalidRequest.
    """
    return decode(await read_body(request, settings), type)


def peer(request: Request) -> str:
    """The address of the client, by which clients take turns."""
    return network(request.client.host if request.client else "")


def network(host: str) -> str:
    """The part of an address that takes turns as one client: a client with one IPv6 address has
    2**64 of them."""
    if ":" not in host:
        return host
    try:
        address = ipaddress.IPv6Address(host.partition("%")[0])
    except ValueError:
        return host
    return str(address.ipv4_mapped or ipaddress.IPv6Network((address, 64), strict=False))


def task_id(request: Request) -> uuid.UUID | None:
    """The id in the path; None if it is not a UUID, so that no task can have it."""
    text = request.path_params["id"]
    return uuid.UUID(text) if _UUID.fullmatch(text) else None


def parameters(request: Request) -> QueryParams:
    """The parameters in the address. Raises InvalidRequest if they are too many."""
    if request.scope["query_string"].count(b"&") >= _MOST_PARAMETERS:
        raise InvalidRequest(f"An address has at most {_MOST_PARAMETERS} parameters.")
    return request.query_params


def seconds_to_wait(request: Request) -> float:
    """The seconds of `?wait=`, at most MAX_WAIT_S. Raises InvalidRequest."""
    if not (query := request.scope["query_string"]):
        return 0.0
    if only := _ONLY_WAIT.fullmatch(query):
        return min(float(only[1]), MAX_WAIT_S)
    text = parameters(request).get("wait", "0")
    if not _SECONDS.fullmatch(text):
        raise InvalidRequest("The parameter 'wait' is a number of seconds, 0 or more: ?wait=30.")
    return min(float(text), MAX_WAIT_S)


def waits_for(request: Request, usual: Literal["end", "change"]) -> Literal["end", "change"]:
    """What `?for=` says `?wait=` waits for: the task's end, or a change of its status. Raises
    InvalidRequest."""
    if not (query := request.scope["query_string"]) or _ONLY_WAIT.fullmatch(query):
        return usual
    text = parameters(request).get("for", usual)
    if text not in ("end", "change"):
        raise InvalidRequest("The parameter 'for' is end or change: ?wait=30&for=end.")
    return "end" if text == "end" else "change"


def preferred_wait_s(request: Request) -> float:
    """The seconds of `Prefer: wait=20` (RFC 7240), at most MAX_WAIT_S. 0 without the header, and
    also if it cannot be understood, because it is only a preference."""
    for preference in ",".join(request.headers.getlist("prefer")).split(","):
        name, _, value = preference.partition(";")[0].partition("=")
        seconds = value.strip().strip('"')
        if name.strip().lower() == "wait" and seconds.isascii() and seconds.isdigit():
            return min(float(seconds[:9]), MAX_WAIT_S)
    return 0.0


def idempotency_key(request: Request) -> str | None:
    """The header Idempotency-Key. Raises InvalidRequest."""
    key = request.headers.get("idempotency-key")
    if key is not None and not _KEY.fullmatch(key):
        raise InvalidRequest(
            "The header 'Idempotency-Key' is 1 to 255 printable ASCII characters, a UUID for "
            "instance."
        )
    return key


def has_seen(request: Request, tag: str) -> bool:
    """Whether the header If-None-Match names this ETag; weak and strong ETags count as equal.

    All ETags of this service are weak, because the same answer may be sent compressed or not.
    """
    seen = request.headers.get("if-none-match", "")
    tags = [one.strip().removeprefix("W/") for one in seen.split(",")]
    return seen.strip() == "*" or tag.removeprefix("W/") in tags


async def unless_gone(request: Request, waiting: Coroutine[Any, Any, T]) -> T | None:
    """Waits for a result; None if the client has gone in the meantime."""
    return await _first(waiting, gone(request.receive))


async def poll(request: Request, waiting: Coroutine[Any, Any, T]) -> T | None:
    """Waits for a result; None if the client has gone in the meantime, or must be answered now
    because its place is needed for somebody else."""
    crowded = stay(request.scope, Doing.POLLING)
    return await _first(waiting, gone(request.receive), crowded.wait())


async def _first(
    waiting: Coroutine[Any, Any, T], *others: Coroutine[Any, Any, object]
) -> T | None:
    """Waits for a result; None if the other event comes first."""
    awaited = asyncio.ensure_future(waiting)
    ends = [asyncio.ensure_future(other) for other in others]
    try:
        await asyncio.wait({awaited, *ends}, return_when=asyncio.FIRST_COMPLETED)
        return await awaited if awaited.done() else None
    finally:
        for one in (awaited, *ends):
            one.cancel()


async def gone(receive: Receive) -> None:
    """Returns when the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


def decode(body: bytes, type: type[T]) -> T:
    """Decodes JSON into a struct. Raises MalformedJson or InvalidRequest."""
    body = body.removeprefix(_BOM)
    try:
        if len(body) > _MOST_EXTREME * len("1e300,"):
            _check_numbers(body)
        if len(body) > _LARGE_BODY:
            _check_tags(body)
        return msgspec.json.decode(body, type=type)
    except msgspec.ValidationError as error:
        raise _invalid(str(error), type) from None
    except UnicodeDecodeError as error:
        raise MalformedJson(f"The body is not UTF-8: {error.reason}.") from None
    except msgspec.DecodeError as error:
        if _SURROGATE.search(body):
            raise MalformedJson(
                "The body contains half of a surrogate pair (\\ud800 to \\udfff), which is no "
                "character."
            ) from None
        reason = str(error).removeprefix("JSON is malformed: ")
        reason = "it ends too early" if "truncated" in reason else reason
        if broken := _BREAK.match(reason):
            reason += _why(body, int(broken[1]))
        raise MalformedJson(f"The body is not JSON: {reason}.") from None
    except RecursionError:
        raise MalformedJson("The body is nested too deeply.") from None


def _why(body: bytes, place: int) -> str:
    """What to add to "invalid character", of what people often send."""
    if body[place : place + 1] in (b"\n", b"\r"):
        return ": a line break inside a string is written \\n"
    if body[place : place + 1] == b"\t":
        return ": a tab inside a string is written \\t"
    if body[place : place + 1] == b"'":
        return ": strings have double quotes in JSON"
    if body[place : place + 1] in (b"T", b"F", b"N"):
        return ": it is true, false or null in JSON"
    return ""


def _check_numbers(body: bytes) -> None:
    """Refuses many numbers like 1e300: one takes ten microseconds to read, a hundred times as long
    as other numbers, so a megabyte of them would take a second. Raises InvalidRequest."""
    found = sum(1 for _ in islice(_EXTREME.finditer(body), _MOST_EXTREME + 1))
    if found > _MOST_EXTREME:
        raise InvalidRequest(
            f"The request has more than {_MOST_EXTREME} numbers with an exponent of three digits, "
            "like 1e300 or 1e-300. Write what is nearly zero as 0."
        )


class _Tagged(msgspec.Struct):
    tags: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


def _check_tags(body: bytes) -> None:
    """Refuses tags that are certainly too many before the decoder looks at each of them, which
    takes a microsecond per tag. Raises ValidationError as the decoder would."""
    try:
        tags = msgspec.json.decode(body, type=_Tagged).tags
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return  # the decoder may find another error first
    if tags is not msgspec.UNSET and len(bytes(tags)) > _LONGEST_TAGS:
        raise msgspec.ValidationError("Expected `object` of length <= 50 - at `$.tags`")


def _invalid(message: str, type: Any) -> InvalidRequest:
    """The error that names the field and what was expected there."""
    where = _PATH.search(message)
    what = message[: where.start()] if where else message
    # The decoder does not say which key of an object it was.
    path, unnamed, _ = (where["path"] if where else "").partition("[...]")
    pointer = re.sub(r"\[(\d+)\]", r"/\1", path.replace(".", "/"))
    hint = None
    if unknown := _UNKNOWN.match(what):
        name = unknown[1]
        if len(name) <= _MOST_SHOWN:
            hint = fields.hint(type, where["path"] if where else "", name)
            pointer += f"/{name.replace('~', '~0').replace('/', '~1')}"
        detail = f"There is no field '{_short(name)}'."
    elif missing := _MISSING.match(what):
        pointer += f"/{missing[1]}"
        detail = f"The field '{missing[1]}' is missing."
    else:
        given = where["path"] if where else ""
        reason = in_words(what, PATTERNS, fields.choices(type, given))
        if reason.startswith("expected an object"):
            hint = fields.hint(type, given)
        field = f"field '{pointer.lstrip('/')}'" if pointer else "body"
        part = "A key in the" if where and where["key"] else "A value in the" if unnamed else "The"
        detail = f"{part} {field}: {reason}."
    return InvalidRequest(detail, errors=[Diagnostic(pointer=pointer, hint=hint)])


def _short(text: str) -> str:
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}..."


async def read_body(request: Request, settings: Settings) -> bytes:
    """The body of a request that takes JSON. If it is large, this waits until there is time to
    work on it.

    Raises UnsupportedMediaType, BodyTooLarge, RequestTimeout or ServiceBusy.
    """
    media_type = request.headers.get("content-type", "application/json").partition(";")[0]
    if media_type.strip().lower() not in _JSON:
        raise UnsupportedMediaType(
            f"The body has the type '{media_type.strip()}'; this service takes JSON: send the "
            "header 'Content-Type: application/json'."
        )
    packed = coding(", ".join(request.headers.getlist("content-encoding")))
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
    if len(chunks) > _LARGE_BODY:
        await _turn(request)
    body = bytes(chunks)
    return body if packed is None else await _unpacked(request, body, packed, max_bytes)


async def _unpacked(request: Request, body: bytes, packed: str, max_bytes: int) -> bytes:
    """A body as it was before the client compressed it."""
    whole, waited = bytearray(), False
    for piece in unpacked(body, packed, max_bytes):
        request.scope[_HOLD](len(piece))
        whole += piece
        if len(whole) > _LARGE_BODY and not waited:  # a kilobyte may become a megabyte
            await _turn(request)
            waited = True
    return bytes(whole)


async def _turn(request: Request) -> None:
    """Waits until there is time to work on a large body."""
    pace: Pace = request.app.state.pace
    await pace.turn(peer(request))

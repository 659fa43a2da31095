"""Which replies a child may send to which order. Anything else is malformed."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta, Raw

from quantum_tasks.errors import PROBLEMS, TASK_ERRORS, Diagnostic
from quantum_tasks.fence.frames import MalformedError
from quantum_tasks.orders import (
    Accepted,
    Check,
    Completed,
    Draw,
    Drawn,
    Limits,
    Order,
    Rejected,
    Reply,
    Run,
    Unfinished,
)
from quantum_tasks.pictures.steps import Circuit
from quantum_tasks.tasks import Details, Stats, warnings_in

_LARGEST_MESSAGE = 64 * 1024  # characters
_LARGEST_INTEGER = 2**31 - 1  # the largest integer that fits into a database column
# Shorter text is checked completely, to its last number. Longer text is only checked to be JSON:
# for 16 MiB of counts this takes 9 ms, and checking each count 110 ms.
_LOOKED_THROUGH = 64 * 1024  # characters
_MOST_WARNINGS = 64
_LEAST_CEILING = 16 * 2**20

_READERS: dict[type[Order], msgspec.msgpack.Decoder[Reply]] = {
    Check: msgspec.msgpack.Decoder(Accepted | Rejected | Unfinished),
    Run: msgspec.msgpack.Decoder(Completed | Rejected),
    Draw: msgspec.msgpack.Decoder(Drawn | Rejected | Unfinished),
}
# The codes for errors of a program; codes for states of the service are not among them.
_REFUSALS = frozenset(code for code, problem in PROBLEMS.items() if problem.status in (422, 500))
_CODES = {Check: _REFUSALS, Draw: _REFUSALS, Run: _REFUSALS | TASK_ERRORS.keys()}

_JSON = msgspec.json.Decoder(Raw)
_Counts = dict[str, Annotated[int, Meta(ge=0, le=2**31 - 1)]]
_COUNTS = msgspec.json.Decoder(_Counts | list[_Counts | None])
_DETAILS = msgspec.json.Decoder(Details | list[Details])
_STATS = msgspec.json.Decoder(Stats)
_CIRCUIT: msgspec.json.Decoder[object] = msgspec.json.Decoder(Circuit)


def ceiling(limits: Limits) -> int:
    """The largest reply, in bytes, without its mark. The size of a result is estimated before it
    is encoded, and the encoded result may be a little larger."""
    return max(_LEAST_CEILING, limits.max_result_bytes * 5 // 4)


def read(order: type[Order], encoded: bytes | memoryview) -> Reply:
    """The decoded reply to an order of this kind. Raises MalformedError if it is not a valid
    one."""
    try:
        reply = _READERS[order].decode(encoded)
        match reply:
            case Accepted():
                if reply.stats:
                    _STATS.decode(reply.stats)
                    if len(warnings_in(reply.stats)) > _MOST_WARNINGS:
                        raise ValueError("too many warnings")
                if reply.circuit:
                    _look_through(reply.circuit, _CIRCUIT)
            case Completed():
                _look_through(reply.counts, _COUNTS)
                if reply.details is not None:
                    _look_through(reply.details, _DETAILS)
            case Rejected():
                _check(reply, order)
    except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
        # Some messages quote their input, which comes from the child and may be any text.
        why = ascii(str(error)[:100])[1:-1]
        raise MalformedError(f"it answered what is no reply: {why}") from None
    return reply


def cut(reply: Rejected) -> Rejected:
    """The same reply, its texts cut to the length that may be sent."""
    return msgspec.structs.replace(
        reply, message=reply.message[:_LARGEST_MESSAGE], log=reply.log[-_LARGEST_MESSAGE:]
    )


def _look_through(text: str, typed: msgspec.json.Decoder[object]) -> None:
    if len(text) <= _LOOKED_THROUGH:
        typed.decode(text)
    else:
        _JSON.decode(text)


def _check(reply: Rejected, order: type[Order]) -> None:
    if reply.code not in _CODES[order]:
        raise ValueError(f"no such code: {reply.code[:40]!a}")
    if len(reply.message) > _LARGEST_MESSAGE or len(reply.log) > _LARGEST_MESSAGE:
        raise ValueError("a message that is too long")
    if order is Run and "\0" in reply.message:
        raise ValueError("a message that the database does not take")
    for error in reply.errors:
        _check_place(error)


def _check_place(error: Diagnostic) -> None:
    for number in (error.line, error.column):
        if number is not None and not 0 <= number <= _LARGEST_INTEGER:
            raise ValueError("a place that is nowhere")

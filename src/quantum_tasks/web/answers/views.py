"""The views of a result, as JSON, as CSV or as a picture. To add a view, add it to the type
`View`, to `_run` below, and as a field to RunResult in results.py.

A view of a large result is worked out in a separate process, which then ends. In this process it
would hold Python's lock, and so delay all other requests.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import math
import os
import struct
import sys
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from quantum_tasks.archive.records import Content
from quantum_tasks.environment import passed_on
from quantum_tasks.errors import PROBLEMS, InvalidRequest, Problem, ServiceBusy, ViewUnavailable
from quantum_tasks.pictures.histogram import histogram
from quantum_tasks.queue.store import SMALL
from quantum_tasks.tasks import Counts, Details, Exact, Options, Register, Rest, Stats

View = Literal[
    "counts", "registers", "probabilities", "memory", "expectation_values", "statevector"
]
StateFormat = Literal["pairs", "packed"]
USUAL_TOP = 1000  # exact probabilities, unless another number is asked for

_NOTHING = b"{}"  # the counts of a run without shots, or without bits
_TIME_LIMIT_S = 60.0
_NICENESS = 5  # the priority of a simulator


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What to make of a result: a view as JSON or CSV, or a picture of one `item`. Of
    probabilities, the `top` largest; a state vector in a `format`."""

    id: uuid.UUID
    shots: int
    content: Content
    kind: Literal["json", "csv", "svg"]
    view: View | None = None
    top: int | None = None
    format: StateFormat = "pairs"
    item: int = 0


class _Failed(msgspec.Struct, frozen=True):
    """The reason why it cannot be made."""

    code: str
    message: str


def work_out(wanted: Wanted) -> bytes:
    """Makes it in this process. Raises ViewUnavailable or InvalidRequest."""
    match wanted.kind:
        case "csv":
            return _csv(wanted).encode()
        case "svg":
            return _picture(wanted).encode()
    return msgspec.json.encode(_shown(wanted))


def as_stored(wanted: Wanted) -> list[bytes] | None:
    """The same, in pieces, if only the counts are wanted, in the form in which they are stored;
    else None."""
    content = wanted.content
    if wanted.kind != "json" or wanted.view not in (None, "counts"):
        return None
    if len(content.options or "") > SMALL:
        return None
    if _items(content) or (content.details and wanted.view is None):
        return None
    head = msgspec.json.encode({"id": wanted.id, "shots": wanted.shots})
    return [head[:-1] + b',"counts":', content.counts.encode(), b"}"]


async def work_out_elsewhere(wanted: Wanted) -> bytes:
    """Makes it in another process. Raises ViewUnavailable, InvalidRequest or ServiceBusy."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        __name__,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=2**20,
        env=passed_on(),
    )
    try:
        async with asyncio.timeout(_TIME_LIMIT_S):
            made, _ = await process.communicate(msgspec.msgpack.encode(wanted))
    except TimeoutError:
        made = b""
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode != 0:
        raise ServiceBusy("The result could not be worked out; please try again.", retry_after_s=5)
    if made[:1] == b"+":
        return made[1:]
    failed = msgspec.msgpack.decode(made[1:], type=_Failed)
    raise PROBLEMS[failed.code](failed.message)


def _main() -> None:
    os.nice(_NICENESS)
    wanted = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Wanted)
    try:
        made = b"+" + work_out(wanted)
    except Problem as problem:
        made = b"-" + msgspec.msgpack.encode(_Failed(problem.code, problem.detail))
    sys.stdout.buffer.write(made)


def _shown(wanted: Wanted) -> Any:
    """The content of the JSON answer. The counts stay JSON text, as they are stored, wherever
    possible."""
    content = wanted.content
    head: dict[str, Any] = {"id": wanted.id, "shots": wanted.shots}
    stats = msgspec.json.decode(content.stats, type=Stats) if content.stats else None
    registers = stats.registers if stats else []
    items = _items(content)
    runs = [_run(counts, details, registers, wanted) for counts, details in _runs(content, items)]
    if items is None:
        return head | runs[0]
    named = zip(items, runs, strict=True)
    return head | {"items": [{"parameters": parameters} | run for parameters, run in named]}


def _runs(content: Content, items: Sequence[Any] | None) -> list[tuple[msgspec.Raw, Details]]:
    """The counts, as JSON text, and the details of each run."""
    if items is None:
        details = Details()
        if content.details:
            details = msgspec.json.decode(content.details, type=Details)
        return [(msgspec.Raw(content.counts.encode()), details)]
    all_counts = msgspec.json.decode(content.counts, type=list[msgspec.Raw])
    all_details: Sequence[Details | None] = [None] * len(items)
    if content.details:
        all_details = msgspec.json.decode(content.details, type=list[Details | None])
    pairs = zip(all_counts, all_details, strict=True)
    return [(counts, details or Details()) for counts, details in pairs]


def _options(content: Content) -> Options:
    return msgspec.json.decode(content.options, type=Options) if content.options else Options()


def _items(content: Content) -> list[Any] | None:
    """The parameters of each run of a sweep; None if this is not a sweep."""
    return _options(content).items


def _run(
    counts: msgspec.Raw, details: Details, registers: Sequence[Register], wanted: Wanted
) -> dict[str, Any]:
    if details.error is not None:
        return {"error": details.error}
    asked = {"memory": details.memory, "expectation_values": details.expectation_values}
    match view := wanted.view:
        case None:
            found: dict[str, Any] = {k: v for k, v in asked.items() if v is not None}
            if details.exact is not None and details.exact.probabilities is not None:
                shown, rest = _probabilities(counts, details, wanted)
                found |= {"probabilities": shown, "rest": rest}
            return found if found and bytes(counts) == _NOTHING else {"counts": counts} | found
        case "counts":
            return {"counts": counts}
        case "registers":
            return {"registers": per_register(msgspec.json.decode(counts), registers)}
        case "probabilities":
            shown, rest = _probabilities(counts, details, wanted)
            return {"probabilities": shown} | ({} if rest is None else {"rest": rest})
        case "statevector":
            return {"statevector": _statevector(details, wanted)}
    if asked[view] is None:
        lacks = '"memory": true' if view == "memory" else '"observables"'
        raise ViewUnavailable(f"The task was submitted without {lacks}.")
    return {view: asked[view]}


def per_register(counts: Mapping[str, int], registers: Sequence[Register]) -> dict[str, Counts]:
    """The counts of each single register, in order of declaration."""
    names = [register.name for register in registers]
    if not names and counts:  # from before names were stored
        names = [f"c{number}" for number, _ in enumerate(next(iter(counts)).split(" "))]
    found: dict[str, Counts] = {name: {} for name in names}
    for key, times in counts.items():
        # The register declared last is printed first.
        for name, part in zip(names, reversed(key.split(" ")), strict=True):
            found[name][part] = found[name].get(part, 0) + times
    return {name: dict(sorted(part.items())) for name, part in found.items()}


def _probabilities(
    counts: msgspec.Raw, details: Details, wanted: Wanted
) -> tuple[dict[str, float], Rest | None]:
    """The largest probabilities, keys in order, and the rest, unless all are wanted."""
    if wanted.shots:
        found = msgspec.json.decode(counts, type=Counts)
        whole = {key: times / wanted.shots for key, times in found.items()}
        if wanted.top is None:
            return whole, None
        ordered = sorted(whole.items(), key=lambda item: -item[1])
        beyond = Rest(0, 0.0)
    else:
        exact = _exact(details)
        if exact.probabilities is None:
            raise ViewUnavailable(
                "The program has no bits: declare some and measure into them, or take "
                "?view=statevector."
            )
        ordered, beyond = [*exact.probabilities.items()], exact.rest
    top = wanted.top or USUAL_TOP
    left = [probability for _, probability in ordered[top:]]
    share = round(math.fsum([beyond.probability, *left]), 15)
    return dict(sorted(ordered[:top])), Rest(beyond.outcomes + len(left), share)


def _statevector(details: Details, wanted: Wanted) -> str | list[tuple[float, float]]:
    if wanted.shots:
        raise ViewUnavailable('The task was submitted with shots: a state takes "shots": 0.')
    exact = _exact(details)
    if exact.statevector is None:
        raise ViewUnavailable(exact.no_statevector)
    if wanted.format == "packed":
        return exact.statevector
    packed = base64.b64decode(exact.statevector)
    return [*struct.iter_unpack("<dd", packed)]


def _exact(details: Details) -> Exact:
    if details.exact is None:
        raise ViewUnavailable(
            'Of a task with "shots": 0 and observables, only their values are kept: submit it '
            'without "observables".'
        )
    return details.exact


def _csv(wanted: Wanted) -> str:
    """One outcome per line, or one observable if these are wanted or all that there is; in a
    sweep, each line begins with the number of the run. A run that failed has a line with the code
    of its error in place of an outcome: readers have the same columns in all lines."""
    items = _items(wanted.content)
    runs = _runs(wanted.content, items)
    view = wanted.view
    if view is None and all(bytes(counts) in (_NOTHING, b"null") for counts, _ in runs):
        observed = any(details.expectation_values for _, details in runs)
        exact = any(details.exact for _, details in runs)
        view = "expectation_values" if observed else "probabilities" if exact else None
    lines = [_COLUMNS[view] if items is None else f"item,{_COLUMNS[view]}"]
    for index, (counts, details) in enumerate(runs):
        begin = "" if items is None else f"{index},"
        if details.error is None:
            lines += [f"{begin}{line}" for line in _lines(counts, details, wanted, view)]
        else:
            nothing = "NaN,NaN" if view == "expectation_values" else "0"
            lines.append(f"{begin}error: {details.error.code},{nothing}")
    return "\r\n".join([*lines, ""])


_COLUMNS: Mapping[View | None, str] = {
    None: "outcome,count",
    "counts": "outcome,count",
    "probabilities": "outcome,probability",
    "expectation_values": "observable,value,std",
}


def _lines(counts: msgspec.Raw, details: Details, wanted: Wanted, view: View | None) -> list[str]:
    """Those of one run. Of a single shot no standard error is known: it stays empty."""
    if view == "expectation_values":
        if details.expectation_values is None:
            raise ViewUnavailable('The task was submitted without "observables".')
        return [
            f"{number},{found.value},{'' if found.std is None else found.std}"
            for number, found in enumerate(details.expectation_values)
        ]
    shown: Mapping[str, float]
    if view == "probabilities":
        shown, _ = _probabilities(counts, details, wanted)
    else:
        shown = msgspec.json.decode(counts, type=Counts)
    return [f"{key},{value}" for key, value in shown.items()]


def _picture(wanted: Wanted) -> str:
    """The histogram of the counts; for a sweep, of one run."""
    counts = msgspec.json.decode(wanted.content.counts, type=Counts | list[Counts | None])
    if isinstance(counts, list):
        if wanted.item >= len(counts):
            raise InvalidRequest(f"The parameter 'item' is at most {len(counts) - 1}.")
        found = counts[wanted.item]
        if found is None:
            raise ViewUnavailable("This run of the sweep failed, and has no counts.")
        counts = found
    elif wanted.item:
        raise InvalidRequest(
            f"The task is a single run and no sweep, so that it has no run {wanted.item}: leave "
            "out the parameter 'item'."
        )
    return histogram(counts)


if __name__ == "__main__":
    _main()

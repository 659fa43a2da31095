"""The views of a result, as JSON, as CSV or as a picture. To add a view, add it to the type
`View`, to `_run` below, and as a field to RunResult in results.py.

A view of a large result is worked out in a separate process, which then ends. In this process it
would hold Python's lock, and so delay all other requests.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec

from quantum_tasks.archive.records import Content
from quantum_tasks.environment import passed_on
from quantum_tasks.errors import PROBLEMS, InvalidRequest, Problem, ServiceBusy, ViewUnavailable
from quantum_tasks.pictures.histogram import histogram
from quantum_tasks.queue.store import SMALL
from quantum_tasks.tasks import Counts, Details, Options, Register, Stats

View = Literal["counts", "registers", "probabilities", "memory", "expectation_values"]

_TIME_LIMIT_S = 60.0
_NICENESS = 5  # the priority of a simulator


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What to make of a result: a view as JSON or CSV, or a picture of one `item`."""

    id: uuid.UUID
    shots: int
    content: Content
    kind: Literal["json", "csv", "svg"]
    view: View | None = None
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
    if content.details is not None or len(content.options or "") > SMALL or _items(content):
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
    content, shots, view = wanted.content, wanted.shots, wanted.view
    head: dict[str, Any] = {"id": wanted.id, "shots": shots}
    stats = msgspec.json.decode(content.stats, type=Stats) if content.stats else None
    registers = stats.registers if stats else []
    items = _items(content)
    if items is None:
        details = None
        if content.details:
            details = msgspec.json.decode(content.details, type=Details)
        return head | _run(msgspec.Raw(content.counts.encode()), details, registers, shots, view)
    all_counts = msgspec.json.decode(content.counts, type=list[msgspec.Raw])
    all_details: Sequence[Details | None] = [None] * len(items)
    if content.details:
        all_details = msgspec.json.decode(content.details, type=list[Details | None])
    runs = zip(items, all_counts, all_details, strict=True)
    return head | {
        "items": [
            {"parameters": parameters} | _run(counts, details, registers, shots, view)
            for parameters, counts, details in runs
        ]
    }


def _items(content: Content) -> list[Any] | None:
    """The parameters of each run of a sweep; None if this is not a sweep."""
    options = msgspec.json.decode(content.options, type=Options) if content.options else Options()
    return options.items


def _run(
    counts: msgspec.Raw,
    details: Details | None,
    registers: Sequence[Register],
    shots: int,
    view: View | None,
) -> dict[str, Any]:
    details = details or Details()
    if details.error is not None:
        return {"error": details.error}
    asked = {"memory": details.memory, "expectation_values": details.expectation_values}
    match view:
        case None:
            return {"counts": counts} | {k: v for k, v in asked.items() if v is not None}
        case "counts":
            return {"counts": counts}
        case "registers":
            return {"registers": per_register(msgspec.json.decode(counts), registers)}
        case "probabilities":
            return {"probabilities": _probabilities(msgspec.json.decode(counts), shots)}
    if asked[view] is None:
        wanted = '"memory": true' if view == "memory" else '"observables"'
        raise ViewUnavailable(f"The task was submitted without {wanted}.")
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


def _probabilities(counts: Mapping[str, int], shots: int) -> dict[str, float]:
    return {key: times / shots for key, times in counts.items()}


def _csv(wanted: Wanted) -> str:
    """One outcome per line; in a sweep, each line begins with the number of the run."""
    counts: Any = msgspec.json.decode(wanted.content.counts)
    view = wanted.view or "counts"
    share = 1 if view == "counts" else wanted.shots
    number = "count" if view == "counts" else "probability"
    if _items(wanted.content) is None:
        lines = [f"outcome,{number}", *_lines(counts, share, view)]
    else:
        lines = [f"item,outcome,{number}"]
        for index, run in enumerate(counts):
            lines += [f"{index},{line}" for line in _lines(run or {}, share, view)]
    return "\r\n".join([*lines, ""])


def _lines(counts: Mapping[str, int], share: int, view: View) -> Iterable[str]:
    for key, times in counts.items():
        yield f"{key},{times if view == 'counts' else times / share}"


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
    return histogram(counts)


if __name__ == "__main__":
    _main()

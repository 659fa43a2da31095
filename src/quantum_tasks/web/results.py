"""`GET /v1/tasks/{id}/result`: what a task brought, in the way that is asked for."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, get_args

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from quantum_tasks.archive import Archive, Result
from quantum_tasks.errors import (
    InvalidRequest,
    NoResult,
    ResultNotReady,
    ViewUnavailable,
)
from quantum_tasks.tasks import (
    Counts,
    Details,
    Expectation,
    ItemError,
    Parameters,
    Register,
    Status,
)
from quantum_tasks.web.reading import missing
from quantum_tasks.web.requests import has_seen, task_id
from quantum_tasks.web.responses import media_type

View = Literal["counts", "registers", "probabilities", "memory", "expectation_values"]

_LARGE = 65536  # characters: what takes longer to be worked out is no business of the event loop
_RETRY_S = 1


class RunResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one run brought: what was asked for with `?view=`, or all that there is.

    `counts`: shots by outcome. `registers`: the same for each classical register by itself.
    `probabilities`: counts divided by shots. `memory`: the outcome of each shot, in order.
    `expectation_values`: the mean of each observable and its standard error. Of a run in a sweep,
    its parameters and, if it failed, why.
    """

    parameters: Parameters | None = None
    counts: Counts | None = None
    registers: dict[str, Counts] | None = None
    probabilities: dict[str, float] | None = None
    memory: list[str] | None = None
    expectation_values: list[Expectation] | None = None
    error: ItemError | None = None


class TaskResult(RunResult, frozen=True, kw_only=True, omit_defaults=True):
    """What a task brought, by its `id`, with so many `shots`: the `counts`, `registers`,
    `probabilities`, `memory` or `expectation_values` of its run. A sweep has `items` instead: one
    for each of its parameters, in their order."""

    id: uuid.UUID
    shots: int
    items: list[RunResult] | None = None


async def read_result(request: Request) -> Response:
    """What a task brought; as CSV, where `Accept: text/csv` asks for it."""
    archive: Archive = request.app.state.archive
    id = task_id(request)
    view = request.query_params.get("view")
    if view is not None and view not in get_args(View):
        raise InvalidRequest(
            f"The parameter 'view' is one of {', '.join(get_args(View))}: ?view=probabilities."
        )
    tabular = view in (None, "counts", "probabilities")
    kind = media_type(request, ("application/json", *(["text/csv"] if tabular else [])))
    result = await completed(archive, id)
    assert id is not None
    tag = f'"{result.change:x}-{view or "all"}-{kind}"'
    headers = {"ETag": tag, "Vary": "Accept"}
    if has_seen(request, tag):
        return Response(status_code=304, headers=headers)
    if kind == "text/csv":
        text = await _worked_out(result, lambda: _csv(result, view or "counts"))
        return Response(text, 200, headers, "text/csv; header=present")
    body = await _worked_out(result, lambda: msgspec.json.encode(_shown(id, result, view)))
    return Response(body, 200, headers, "application/json")


async def completed(archive: Archive, id: uuid.UUID | None) -> Result:
    """The result of a task. Raises TaskNotFound, TaskExpired, ResultNotReady or NoResult."""
    result = id and await archive.result(id)
    if not result:
        raise await missing(archive, id)
    match result.status:
        case Status.COMPLETED:
            return result
        case Status.FAILED:
            raise NoResult(f"The task failed. {result.error_code}: {result.error_message}")
        case Status.CANCELLED:
            raise NoResult("The task was cancelled.")
    raise ResultNotReady(f"The task is {result.status}.", retry_after_s=_RETRY_S)


async def _worked_out(result: Result, work: Callable[[], Any]) -> Any:
    size = len(result.counts or "") + len(result.details or "")
    return work() if size < _LARGE else await asyncio.to_thread(work)


def _shown(id: uuid.UUID, result: Result, view: str | None) -> Any:
    """What is to be said, with the counts as they are stored wherever that is possible."""
    head: dict[str, Any] = {"id": id, "shots": result.shots}
    registers = result.stats.registers if result.stats else []
    items = result.options.items
    if items is None:
        details = msgspec.json.decode(result.details, type=Details) if result.details else None
        counts = msgspec.Raw((result.counts or "{}").encode())
        return head | _run(counts, details, registers, result.shots, view)
    all_counts = msgspec.json.decode(result.counts or "[]", type=list[msgspec.Raw])
    all_details: Sequence[Details | None] = [None] * len(items)
    if result.details:
        all_details = msgspec.json.decode(result.details, type=list[Details | None])
    runs = zip(items, all_counts, all_details, strict=True)
    return head | {
        "items": [
            {"parameters": parameters} | _run(counts, details, registers, result.shots, view)
            for parameters, counts, details in runs
        ]
    }


def _run(
    counts: msgspec.Raw,
    details: Details | None,
    registers: Sequence[Register],
    shots: int,
    view: str | None,
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
    """The counts of each register by itself, in order of declaration."""
    names = [register.name for register in registers]
    if not names and counts:  # of a task that was submitted before names were kept
        names = [f"c{number}" for number, _ in enumerate(next(iter(counts)).split(" "))]
    found: dict[str, Counts] = {name: {} for name in names}
    for key, times in counts.items():
        # The register declared last is printed first.
        for name, part in zip(names, reversed(key.split(" ")), strict=True):
            found[name][part] = found[name].get(part, 0) + times
    return {name: dict(sorted(part.items())) for name, part in found.items()}


def _probabilities(counts: Mapping[str, int], shots: int) -> dict[str, float]:
    return {key: times / shots for key, times in counts.items()}


def _csv(result: Result, view: str) -> str:
    """One outcome per line; of a sweep, with the number of its run before it."""
    items = result.options.items
    counts: Any = msgspec.json.decode(result.counts or "{}")
    share = 1 if view == "counts" else result.shots
    number = "count" if view == "counts" else "probability"
    if items is None:
        lines = [f"outcome,{number}", *_lines(counts, share, view)]
    else:
        lines = [f"item,outcome,{number}"]
        for index, run in enumerate(counts):
            lines += [f"{index},{line}" for line in _lines(run or {}, share, view)]
    return "\r\n".join([*lines, ""])


def _lines(counts: Mapping[str, int], share: int, view: str) -> Iterable[str]:
    for key, times in counts.items():
        yield f"{key},{times if view == 'counts' else times / share}"

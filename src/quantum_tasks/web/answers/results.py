"""`GET /v1/tasks/{id}/result`: the result of a task, in the view that is asked for. The views are
worked out in views.py."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, get_args

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from quantum_tasks.archive.archive import Archive, Result
from quantum_tasks.errors import InvalidRequest, NoResult, ResultNotReady
from quantum_tasks.tasks import (
    MOST_OUTCOMES,
    Counts,
    Expectation,
    ItemError,
    Parameters,
    Rest,
    Status,
)
from quantum_tasks.web.answers.large import LargeAnswers
from quantum_tasks.web.answers.reading import missing
from quantum_tasks.web.answers.views import (
    StateFormat,
    View,
    Wanted,
    as_stored,
    work_out,
    work_out_elsewhere,
)
from quantum_tasks.web.requests import has_seen, parameters, task_id
from quantum_tasks.web.responses import media_type

_RETRY_S = 1
_NUMBER = re.compile(r"\d{1,9}", re.ASCII)


class RunResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one run brought: what was asked for with `?view=`, or all that there is.

    `counts`: shots by outcome. `registers`: the same for each classical register by itself.
    `probabilities`: counts divided by shots or, without shots, exact, the largest of them; then
    `rest` says what is not listed. `memory`: the outcome of each shot, in order.
    `expectation_values`: the mean of each observable and its standard error. `statevector`: of a
    run without shots, the state before its measurements, up to a global phase; bit k of an
    amplitude's number is qubit k as declared. It is a list of [real, imaginary] or, packed, base64
    of complex numbers of twice 8 bytes, little-endian. Of a run in a sweep, its parameters and, if
    it failed, why.
    """

    parameters: Parameters | None = None
    counts: Counts | None = None
    registers: dict[str, Counts] | None = None
    probabilities: dict[str, float] | None = None
    rest: Rest | None = None
    memory: list[str] | None = None
    expectation_values: list[Expectation] | None = None
    statevector: list[list[float]] | str | None = None
    error: ItemError | None = None


class TaskResult(RunResult, frozen=True, kw_only=True, omit_defaults=True):
    """What a task brought, by its `id`, with so many `shots`: the `counts`, `registers`,
    `probabilities`, `memory`, `expectation_values` or `statevector` of its run. A sweep has
    `items` instead: one for each of its parameters, in their order."""

    id: uuid.UUID
    shots: int
    items: list[RunResult] | None = None


async def read_result(request: Request) -> Response:
    """What a task brought; as CSV, where `Accept: text/csv` asks for it."""
    archive: Archive = request.app.state.archive
    id = task_id(request)
    view = _one_of(request, "view", get_args(View), "probabilities")
    top = _top(request, view)
    format = _one_of(request, "format", get_args(StateFormat), "packed")
    if format is not None and view != "statevector":
        raise InvalidRequest("The parameter 'format' goes with ?view=statevector only.")
    tabular = view in (None, "counts", "probabilities", "expectation_values")
    type = media_type(request, ("application/json", *(["text/csv"] if tabular else [])))
    result = await completed(archive, id)
    assert id is not None
    which = "-".join(str(one) for one in (view or "all", top, format) if one is not None)
    tag = f'W/"{result.change:x}-{which}-{type}"'
    headers = {"ETag": tag, "Vary": "Accept"}
    if has_seen(request, tag):
        return Response(status_code=304, headers=headers)
    if type == "text/csv":
        show = partial(Wanted, kind="csv", view=view, top=top)
        return await answer(request, id, result, show, headers, "text/csv; header=present")
    show = partial(Wanted, kind="json", view=view, top=top, format=format or "pairs")
    return await answer(request, id, result, show, headers, type)


def _one_of(request: Request, name: str, values: Sequence[str], example: str) -> Any:
    """A parameter that is one of some words, or None. Raises InvalidRequest."""
    value = parameters(request).get(name)
    if value is not None and value not in values:
        csv = " CSV is asked for with the header 'Accept: text/csv'." if name == "format" else ""
        raise InvalidRequest(
            f"The parameter '{name}' is one of {', '.join(values)}: ?{name}={example}.{csv}"
        )
    return value


def _top(request: Request, view: str | None) -> int | None:
    """How many probabilities are wanted. Raises InvalidRequest."""
    text = parameters(request).get("top")
    if text is None:
        return None
    if view != "probabilities":
        raise InvalidRequest("The parameter 'top' goes with ?view=probabilities only.")
    if not _NUMBER.fullmatch(text) or not 1 <= int(text) <= MOST_OUTCOMES:
        raise InvalidRequest(
            f"The parameter 'top' is a whole number from 1 to {MOST_OUTCOMES}: ?top=10."
        )
    return int(text)


async def answer(
    request: Request,
    id: uuid.UUID,
    result: Result,
    show: Callable[..., Wanted],
    headers: Mapping[str, str],
    media_type: str,
) -> Response:
    """Answers with a view of a result: at once if the result is small, in turn if it is large."""
    archive: Archive = request.app.state.archive
    answers: LargeAnswers = request.app.state.large_answers
    if result.content is not None:
        body = work_out(show(id=id, shots=result.shots, content=result.content))
        return Response(body, 200, headers, media_type)

    async def make() -> Sequence[bytes]:
        content = await archive.content(id)
        if content is None:  # deleted in the meantime
            raise await missing(archive, id)
        wanted = show(id=id, shots=result.shots, content=content)
        return as_stored(wanted) or [await work_out_elsewhere(wanted)]

    return await answers.respond(request, (id, headers["ETag"]), make, headers, media_type)


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
            raise NoResult("The task was cancelled, so it has no result.")
    raise ResultNotReady(
        f"The task is {result.status}, so it has no result yet. To wait for its end: "
        f"GET /v1/tasks/{id}?wait=30&for=end.",
        retry_after_s=_RETRY_S,
    )

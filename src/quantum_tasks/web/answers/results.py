"""`GET /v1/tasks/{id}/result`: the result of a task, in the view that is asked for. The views are
worked out in views.py."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, get_args

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from quantum_tasks.archive.archive import Archive, Result
from quantum_tasks.errors import InvalidRequest, NoResult, ResultNotReady
from quantum_tasks.tasks import Counts, Expectation, ItemError, Parameters, Status
from quantum_tasks.web.answers.large import LargeAnswers
from quantum_tasks.web.answers.reading import missing
from quantum_tasks.web.answers.views import View, Wanted, as_stored, work_out, work_out_elsewhere
from quantum_tasks.web.requests import has_seen, parameters, task_id
from quantum_tasks.web.responses import media_type

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
    view: Any = parameters(request).get("view")
    if view is not None and view not in get_args(View):
        raise InvalidRequest(
            f"The parameter 'view' is one of {', '.join(get_args(View))}: ?view=probabilities."
        )
    tabular = view in (None, "counts", "probabilities")
    type = media_type(request, ("application/json", *(["text/csv"] if tabular else [])))
    result = await completed(archive, id)
    assert id is not None
    tag = f'"{result.change:x}-{view or "all"}-{type}"'
    headers = {"ETag": tag, "Vary": "Accept"}
    if has_seen(request, tag):
        return Response(status_code=304, headers=headers)
    if type == "text/csv":
        show = partial(Wanted, kind="csv", view=view)
        return await answer(request, id, result, show, headers, "text/csv; header=present")
    show = partial(Wanted, kind="json", view=view)
    return await answer(request, id, result, show, headers, type)


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
            raise NoResult("The task was cancelled.")
    raise ResultNotReady(f"The task is {result.status}.", retry_after_s=_RETRY_S)

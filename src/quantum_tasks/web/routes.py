"""The route table: every address of the API, what it takes and what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

from quantum_tasks.archive.lists import Order
from quantum_tasks.archive.overview import QueueOverview
from quantum_tasks.archive.records import TaskRecord
from quantum_tasks.errors import TASK_ERRORS
from quantum_tasks.tasks import MOST_OUTCOMES, Status, TaskRequest
from quantum_tasks.web import examples, operations
from quantum_tasks.web.answers import (
    backend,
    changing,
    pictures,
    queue,
    reading,
    results,
    streams,
    submitting,
    tasks,
    views,
)
from quantum_tasks.web.endpoint import Endpoint as Endpoint
from quantum_tasks.web.requests import MAX_WAIT_S

_PROGRAM_PROBLEMS = (
    "qasm_syntax",
    "qasm_version",
    "qasm_semantic",
    "qasm_unsupported",
    "program_too_large",
    "too_many_qubits",
    "too_many_clbits",
    "too_many_operations",
    "no_measurements",
    "unbound_parameter",
    "too_complex",
    "too_long",
    "memory_exceeded",
    "method_unsuitable",
    "callbacks_off",
)
_BODY_PROBLEMS = (
    "malformed_json",
    "request_timeout",
    "body_too_large",
    "unsupported_media_type",
    "invalid_request",
)
# Errors of every route, because they are found before the route is looked up.
EVERYWHERE = (
    "malformed_http",
    "foreign_origin",
    "url_too_long",
    "unknown_host",
    "headers_too_large",
)
_DATABASE_PROBLEMS = ("database_unavailable", "service_busy", "service_stopping", "internal_error")
_TASK_PROBLEMS = ("task_not_found", "task_expired", *_DATABASE_PROBLEMS)
_ACCEPTING_PROBLEMS = (
    *_PROGRAM_PROBLEMS,
    "queue_full",
    "storage_full",
    "idempotency_mismatch",
    *_DATABASE_PROBLEMS,
)


def _enum(values: Sequence[str], description: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string", "enum": list(values)}}


def _some(values: Sequence[str], description: str) -> dict[str, Any]:
    """One of these or more, with commas."""
    items = {"type": "string", "enum": list(values)}
    schema = {"type": "array", "items": items}
    return {"description": description, "schema": schema, "explode": False}


def _text(description: str, **schema: Any) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string", **schema}}


def _waiting(usual: str, until: str) -> dict[str, Any]:
    return {
        "wait": {
            "description": f"Answer only {until}, or after so many seconds, {MAX_WAIT_S} at most.",
            "schema": {"type": "number", "minimum": 0},
            "example": 30,
        },
        "for": _enum(("end", "change"), f"What to wait for: {usual} unless set."),
    }


_TOP: dict[str, Any] = {
    "description": f"How many of the largest; unless set, {views.USUAL_TOP} exact ones, or all.",
    "schema": {"type": "integer", "minimum": 1, "maximum": MOST_OUTCOMES},
}
_KEY = _text(
    "Any text of yours, a UUID for instance: the same request sent again with the same key is "
    "answered with the same task, for a day.",
    minLength=1,
    maxLength=255,
    pattern="^[\\x21-\\x7e][\\x20-\\x7e]*$",
)
_PREFER = _text("`wait=20`: answer when the task has ended, or after so many seconds.") | {
    "example": "wait=20"
}
_SEEN = _text("The ETag that was seen last; it is answered with 304 if it is still right.")
_LAST = _text("The id of the event that was seen last.")
_NOT_MODIFIED = {304: {"": "Nothing has changed since the ETag that was sent."}}

API: list[Endpoint] = [
    Endpoint(
        method="POST",
        path="/v1/tasks",
        handler=submitting.submit_task,
        tag="tasks",
        body=[submitting.Submission, submitting.Batch],
        body_examples=examples.SUBMISSIONS,
        headers={"Idempotency-Key": _KEY, "Prefer": _PREFER},
        answers={200: [TaskRecord], 202: [TaskRecord, submitting.BatchAnswer]},
        answer_examples=examples.TASK,
        problems=(
            *_BODY_PROBLEMS,
            *_ACCEPTING_PROBLEMS,
            "batch_invalid",
            "task_not_found",
            "task_expired",
        ),
    ),
    Endpoint(
        method="GET",
        path="/v1/tasks",
        handler=reading.list_tasks,
        tag="tasks",
        query={
            "status": _some([*map(str, Status)], "One status or more: `?status=queued,running`."),
            "error": _some(
                [*TASK_ERRORS],
                "What the task failed with, one code or more: "
                "`?error=memory_exceeded,time_limit_exceeded`.",
            ),
            "tag": {
                "description": "A tag that the task has: `?tag=project:bell`; several must all be "
                "there.",
                "schema": {"type": "array", "items": {"type": "string", "pattern": "^[^:]+:"}},
            },
            "name": _text("Tasks with this name."),
            "q": _text("Tasks with this text in their name or tags."),
            "created_after": _text("Submitted at this time or later.", format="date-time"),
            "created_before": _text("Submitted before this time.", format="date-time"),
            "ended_after": _text("Ended at this time or later.", format="date-time"),
            "ended_before": _text("Ended before this time.", format="date-time"),
            "order": _enum(get_args(Order), "By time of submission; -created_at: latest first."),
            "limit": {
                "description": "The most tasks in a page.",
                "schema": {"type": "integer", "minimum": 1, "maximum": reading.MOST_IN_A_PAGE},
                "example": 20,
            },
            "cursor": _text("Where the page before this one ended: see `next`."),
            "fields": _some(
                TaskRecord.__struct_fields__,
                "Only these fields of each task: `?fields=id,status`.",
            ),
        },
        answers={200: [reading.TaskList, reading.PartialTaskList]},
        problems=("invalid_request", *_DATABASE_PROBLEMS),
    ),
    Endpoint(
        method="POST",
        path="/v1/tasks/cancel",
        handler=changing.cancel_tasks,
        tag="tasks",
        body=[changing.Cancellation],
        body_examples=examples.CANCELLATION,
        answers={200: [changing.CancelledTasks, changing.CancelCounts]},
        problems=(*_BODY_PROBLEMS, *_DATABASE_PROBLEMS),
    ),
    Endpoint(
        method="GET",
        path="/v1/tasks/feed",
        handler=streams.feed,
        tag="events",
        headers={"Last-Event-ID": _LAST},
        others={200: {"text/event-stream": "Events: `id`, and `data`, a TaskChange as JSON."}},
        problems=("invalid_request", "not_acceptable", *_DATABASE_PROBLEMS),
    ),
    Endpoint(
        method="GET",
        path="/v1/tasks/{id}",
        handler=reading.read_task,
        tag="tasks",
        query=_waiting("change", "when the status has changed"),
        headers={"If-None-Match": _SEEN},
        answers={200: [TaskRecord]},
        answer_examples=examples.TASK,
        others=_NOT_MODIFIED,
        problems=("invalid_request", *_TASK_PROBLEMS),
    ),
    Endpoint(
        method="PATCH",
        path="/v1/tasks/{id}",
        handler=changing.change_task,
        tag="tasks",
        body=[changing.TaskPatch],
        body_examples=examples.PATCH,
        answers={200: [TaskRecord]},
        problems=(*_BODY_PROBLEMS, *_TASK_PROBLEMS),
    ),
    Endpoint(
        method="DELETE",
        path="/v1/tasks/{id}",
        handler=changing.delete_task,
        tag="tasks",
        others={204: {"": "The task is deleted."}},
        problems=("task_not_ended", *_TASK_PROBLEMS),
    ),
    Endpoint(
        method="GET",
        path="/v1/tasks/{id}/result",
        handler=results.read_result,
        tag="tasks",
        query={
            "view": _enum(get_args(views.View), "What to show; all but states unless set."),
            "top": _TOP,
            "format": _enum(get_args(views.StateFormat), "Of a state vector; pairs unless set."),
        },
        headers={"If-None-Match": _SEEN},
        answers={200: [results.TaskResult]},
        answer_examples=examples.RESULT,
        others={
            200: {
                "text/csv": "A line for each outcome, or for each observable if these are "
                "wanted or all that there is; under a line of headings. A run of a sweep that "
                "failed has a line with `error: ` and the code instead of an outcome."
            }
        }
        | _NOT_MODIFIED,
        problems=(
            "invalid_request",
            "not_acceptable",
            "result_not_ready",
            "no_result",
            "view_unavailable",
            *_TASK_PROBLEMS,
        ),
    ),
    Endpoint(
        method="GET",
        path="/v1/tasks/{id}/events",
        handler=streams.task_events,
        tag="events",
        headers={"Last-Event-ID": _LAST},
        answers={200: [streams.History]},
        others={
            200: {"text/event-stream": "Events: `id`, and `data`, an Event as JSON."},
            204: {"": "The task has ended, and all events were seen."},
        },
        problems=("invalid_request", "not_acceptable", *_TASK_PROBLEMS),
    ),
    Endpoint(
        method="GET",
        path="/v1/tasks/{id}/circuit",
        handler=pictures.read_circuit,
        tag="pictures",
        query={"format": _enum(get_args(pictures.Format), "The program, or a drawing of it.")},
        headers={"If-None-Match": _SEEN},
        others={200: {"text/plain": "The program, or a drawing.", "image/svg+xml": "A drawing."}}
        | _NOT_MODIFIED,
        problems=(
            "invalid_request",
            "not_acceptable",
            "too_large_to_draw",
            *_PROGRAM_PROBLEMS,
            *_TASK_PROBLEMS,
        ),
    ),
    Endpoint(
        method="GET",
        path="/v1/tasks/{id}/circuit.svg",
        handler=pictures.read_circuit_svg,
        tag="pictures",
        headers={"If-None-Match": _SEEN},
        others={200: {"image/svg+xml": "A drawing of the program."}} | _NOT_MODIFIED,
        problems=("too_large_to_draw", *_PROGRAM_PROBLEMS, *_TASK_PROBLEMS),
    ),
    Endpoint(
        method="GET",
        path="/v1/tasks/{id}/counts.svg",
        handler=pictures.read_counts_svg,
        tag="pictures",
        query={
            "item": {
                "description": "Which run of a sweep, from 0.",
                "schema": {"type": "integer", "minimum": 0},
                "example": 0,
            }
        },
        headers={"If-None-Match": _SEEN},
        others={200: {"image/svg+xml": "A histogram of the counts."}} | _NOT_MODIFIED,
        problems=(
            "invalid_request",
            "result_not_ready",
            "no_result",
            "view_unavailable",
            *_TASK_PROBLEMS,
        ),
    ),
    Endpoint(
        method="POST",
        path="/v1/tasks/{id}/cancel",
        handler=changing.cancel_task,
        tag="tasks",
        answers={200: [TaskRecord], 202: [TaskRecord]},
        problems=("task_ended", *_TASK_PROBLEMS),
    ),
    Endpoint(
        method="POST",
        path="/v1/tasks/{id}/rerun",
        handler=submitting.rerun,
        tag="tasks",
        headers={"Idempotency-Key": _KEY, "Prefer": _PREFER},
        answers={200: [TaskRecord], 202: [TaskRecord]},
        problems=("invalid_request", "task_not_found", "task_expired", *_ACCEPTING_PROBLEMS),
    ),
    Endpoint(
        method="POST",
        path="/v1/validate",
        handler=submitting.validate,
        tag="tasks",
        body=[submitting.Submission],
        query={
            "circuit": _enum(("0", "1"), "Whether to answer with the circuit, too.")
            | {"example": "1"}
        },
        body_examples=examples.SUBMISSION,
        answers={200: [submitting.Validation]},
        problems=(*_BODY_PROBLEMS, *_DATABASE_PROBLEMS),
    ),
    Endpoint(
        method="GET",
        path="/v1/backend",
        handler=backend.read_backend,
        tag="operations",
        answers={200: [backend.BackendRecord]},
        answer_examples=examples.BACKEND,
        problems=_DATABASE_PROBLEMS,
    ),
    Endpoint(
        method="GET",
        path="/v1/queue",
        handler=queue.read_queue,
        tag="operations",
        answers={200: [QueueOverview]},
        answer_examples=examples.QUEUE,
        problems=_DATABASE_PROBLEMS,
    ),
    Endpoint(
        method="POST",
        path="/tasks",
        handler=tasks.submit,
        tag="simple API",
        body=[TaskRequest],
        body_examples=examples.SEED,
        headers={"Idempotency-Key": _KEY},
        answers={202: [tasks.Submitted]},
        problems=(*_BODY_PROBLEMS, *_ACCEPTING_PROBLEMS),
    ),
    Endpoint(
        method="GET",
        path="/tasks/{id}",
        handler=tasks.fetch,
        tag="simple API",
        query=_waiting("end", "when the task has ended"),
        answers={
            200: [tasks.Pending, tasks.Done, tasks.Failed, tasks.Cancelled],
            404: [tasks.Missing],
        },
        problems=("invalid_request", *_DATABASE_PROBLEMS),
    ),
    Endpoint(
        method="GET",
        path="/healthz",
        handler=operations.health,
        tag="health",
        answers={200: [operations.Health]},
    ),
    Endpoint(
        method="GET",
        path="/readyz",
        handler=operations.ready,
        tag="health",
        answers={200: [operations.Readiness], 503: [operations.Readiness]},
    ),
]

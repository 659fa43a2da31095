"""The route table: every address of the API, what it takes and what it answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from quantum_tasks.tasks import TaskRequest
from quantum_tasks.web import operations, tasks

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
    "memory_exceeded",
)
_BODY_PROBLEMS = (
    "malformed_json",
    "request_timeout",
    "body_too_large",
    "unsupported_media_type",
    "invalid_request",
)
# What a connection answers by itself, wherever a request was to go.
EVERYWHERE = ("malformed_http", "url_too_long", "headers_too_large")


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """One row: the structs it answers with by status, and the codes of its problems. `query` are
    its parameters, as OpenAPI describes them."""

    method: str
    path: str
    handler: Any  # async (Request) -> Response; msgspec does not take callables
    tag: str
    body: Any = None
    query: Mapping[str, Mapping[str, Any]] = {}
    answers: Mapping[int, Sequence[Any]]
    problems: Sequence[str] = ()


API: list[Endpoint] = [
    Endpoint(
        method="POST",
        path="/tasks",
        handler=tasks.submit,
        tag="tasks",
        body=TaskRequest,
        answers={202: [tasks.Submitted]},
        problems=(
            *_BODY_PROBLEMS,
            *_PROGRAM_PROBLEMS,
            "queue_full",
            "database_unavailable",
            "service_busy",
            "service_stopping",
        ),
    ),
    Endpoint(
        method="GET",
        path="/tasks/{id}",
        handler=tasks.fetch,
        tag="tasks",
        query={
            "wait": {
                "description": "Answer only when the task has ended, or after so many seconds.",
                "schema": {"type": "number", "minimum": 0, "maximum": tasks.MAX_WAIT_S},
                "example": 30,
            }
        },
        answers={
            200: [tasks.Pending, tasks.Done, tasks.Failed, tasks.Cancelled],
            404: [tasks.Missing],
        },
        problems=("invalid_request", "database_unavailable", "service_stopping"),
    ),
    Endpoint(
        method="GET",
        path="/healthz",
        handler=operations.health,
        tag="operations",
        answers={200: [operations.Health]},
    ),
    Endpoint(
        method="GET",
        path="/readyz",
        handler=operations.ready,
        tag="operations",
        answers={200: [operations.Readiness], 503: [operations.Readiness]},
    ),
]

"""Every error that a client can meet: its code, its HTTP status, and what it means.

`code` is for programs and never changes its meaning; the message is for people. If an error is
raised without a message, the docstring of its class is the message. To find out where an error is
raised, search for the name of its class; CONTRIBUTING.md says in which room to look for which
code.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import msgspec


class Diagnostic(msgspec.Struct, frozen=True, kw_only=True):
    """Where in a request something is wrong.

    `pointer` is a JSON pointer (RFC 6901) into the request body. `line` and `column` count from
    1 within the program; `snippet` is that line with a caret below the column, `hint` what may
    mend it. Where it is not the answer's only subject, in a batch or a validation, it has a `code`
    and a `message` of its own.
    """

    pointer: str
    code: str | msgspec.UnsetType = msgspec.UNSET
    message: str | msgspec.UnsetType = msgspec.UNSET
    line: int | None = None
    column: int | None = None
    snippet: str | None = None
    hint: str | None = None


class SettingsError(Exception):
    """A setting has a value that cannot be used."""


class StartError(Exception):
    """The service cannot start."""


class Problem(Exception):
    """What is wrong with one request; the web layer answers it as problem+json (RFC 9457)."""

    code: ClassVar[str]
    status: ClassVar[int]
    title: ClassVar[str]

    def __init__(
        self,
        detail: str = "",
        *,
        errors: Sequence[Diagnostic] = (),
        retry_after_s: int | None = None,
    ) -> None:
        self.detail = detail or (type(self).__doc__ or "").strip()
        self.errors = list(errors)
        self.retry_after_s = retry_after_s
        super().__init__(self.detail)


class MalformedHttp(Problem):
    """What arrived is not an HTTP/1.1 request, or not one that is clear."""

    code, status, title = "malformed_http", 400, "Malformed HTTP"


class MalformedJson(Problem):
    """The body is not JSON in UTF-8."""

    code, status, title = "malformed_json", 400, "Malformed JSON"


class ForeignOrigin(Problem):
    """The request comes from a page of another origin, which may not call this service."""

    code, status, title = "foreign_origin", 403, "Page of another origin"


class NotFound(Problem):
    """There is nothing at this address; GET /openapi.json lists all addresses."""

    code, status, title = "not_found", 404, "Not found"


class MethodNotAllowed(Problem):
    """This address does not take that method; the Allow header lists those it takes."""

    code, status, title = "method_not_allowed", 405, "Method not allowed"


class RequestTimeout(Problem):
    """The body did not arrive in time."""

    code, status, title = "request_timeout", 408, "Request timeout"


class BodyTooLarge(Problem):
    """The body is larger than this service takes."""

    code, status, title = "body_too_large", 413, "Body too large"


class UrlTooLong(Problem):
    """The address and query of the request are longer than this service takes."""

    code, status, title = "url_too_long", 414, "URL too long"


class UnsupportedMediaType(Problem):
    """The body must be JSON: send the header 'Content-Type: application/json'."""

    code, status, title = "unsupported_media_type", 415, "Unsupported media type"


class UnknownHost(Problem):
    """The header 'Host' names no host that this service answers to."""

    code, status, title = "unknown_host", 421, "Unknown host"


class InvalidRequest(Problem):
    """A field, parameter or header of the request is unknown, missing or cannot be used."""

    code, status, title = "invalid_request", 422, "Invalid request"


class QasmSyntax(Problem):
    """The program is neither OpenQASM 3 nor OpenQASM 2."""

    code, status, title = "qasm_syntax", 422, "Syntax error in the program"


class QasmVersion(Problem):
    """The program is written in another version of OpenQASM."""

    code, status, title = "qasm_version", 422, "Another version of OpenQASM"


class QasmSemantic(Problem):
    """The program is OpenQASM, but it does not make sense."""

    code, status, title = "qasm_semantic", 422, "Error in the program"


class QasmUnsupported(Problem):
    """The program uses a part of OpenQASM that this service does not support yet."""

    code, status, title = "qasm_unsupported", 422, "Unsupported language feature"


class ProgramTooLarge(Problem):
    """The program is longer than this service takes."""

    code, status, title = "program_too_large", 422, "Program too large"


class TooManyQubits(Problem):
    """The program declares more qubits than this service takes."""

    code, status, title = "too_many_qubits", 422, "Too many qubits"


class TooManyClbits(Problem):
    """The program declares more classical bits than this service takes."""

    code, status, title = "too_many_clbits", 422, "Too many classical bits"


class TooManyOperations(Problem):
    """The program has more operations, its loops unrolled and its gates expanded, than this
    service takes."""

    code, status, title = "too_many_operations", 422, "Too many operations"


class NoMeasurements(Problem):
    """The program measures nothing, so there would be nothing to count."""

    code, status, title = "no_measurements", 422, "No measurements"


class UnboundParameter(Problem):
    """The program declares an input, but no value for it was given."""

    code, status, title = "unbound_parameter", 422, "Input without a value"


class TooComplex(Problem):
    """The program takes too long to check."""

    code, status, title = "too_complex", 422, "Program too complex"


class TooLong(Problem):
    """The run would take far longer than any run may."""

    code, status, title = "too_long", 422, "Run too long"


class MemoryExceeded(Problem):
    """The program needs more memory than it may have."""

    code, status, title = "memory_exceeded", 422, "Not enough memory"


class TaskNotFound(Problem):
    """There is no task with this id."""

    code, status, title = "task_not_found", 404, "Task not found"


class NotAcceptable(Problem):
    """There is no answer of a type that the header 'Accept' allows."""

    code, status, title = "not_acceptable", 406, "Not acceptable"


class ResultNotReady(Problem):
    """The task has not ended yet."""

    code, status, title = "result_not_ready", 409, "Result not ready"


class NoResult(Problem):
    """The task ended without a result: it failed or was cancelled."""

    code, status, title = "no_result", 409, "No result"


class TaskEnded(Problem):
    """The task has ended, so that it cannot be cancelled any more."""

    code, status, title = "task_ended", 409, "Task has ended"


class TaskNotEnded(Problem):
    """The task has not ended, so that it cannot be deleted yet."""

    code, status, title = "task_not_ended", 409, "Task has not ended"


class TaskExpired(Problem):
    """The task and its result were deleted: by a request, or because their time was over."""

    code, status, title = "task_expired", 410, "Task expired"


class IdempotencyMismatch(Problem):
    """The idempotency key was used before, with another request."""

    code, status, title = "idempotency_mismatch", 422, "Idempotency key reused"


class BatchInvalid(Problem):
    """Some of the tasks cannot be accepted, and so none was."""

    code, status, title = "batch_invalid", 422, "Batch not accepted"


class ViewUnavailable(Problem):
    """The result has nothing to be shown in this way."""

    code, status, title = "view_unavailable", 422, "View unavailable"


class CallbacksOff(Problem):
    """This service makes no callbacks: whoever runs it has not set WEBHOOK_SECRET."""

    code, status, title = "callbacks_off", 422, "No callbacks"


class MethodUnsuitable(Problem):
    """The program cannot be simulated by the method that was asked for."""

    code, status, title = "method_unsuitable", 422, "Unsuitable method"


class TooLargeToDraw(Problem):
    """The circuit is too large to be drawn."""

    code, status, title = "too_large_to_draw", 422, "Too large to draw"


class HeadersTooLarge(Problem):
    """The headers of the request are larger or more than this service takes."""

    code, status, title = "headers_too_large", 431, "Headers too large"


class QueueFull(Problem):
    """So many tasks are queued that this one was not taken; please try again later."""

    code, status, title = "queue_full", 429, "Queue full"


class StorageFull(Problem):
    """So much is stored that large programs and results are not taken for now; please try again
    later, or ask for less."""

    code, status, title = "storage_full", 429, "Storage full"


class InternalError(Problem):
    """Something went wrong in the service. It is not your request's fault, and it was logged."""

    code, status, title = "internal_error", 500, "Internal error"


class DatabaseUnavailable(Problem):
    """The database is away. Nothing was accepted or lost; please try again in a moment."""

    code, status, title = "database_unavailable", 503, "Database unavailable"


class OutcomeUnknown(DatabaseUnavailable):
    """The database went away before it answered, so that nobody knows whether the request was
    carried out; please try again in a moment."""


class ServiceBusy(Problem):
    """The service has no capacity for this at the moment; please try again."""

    code, status, title = "service_busy", 503, "Service busy"


class ServiceStopping(Problem):
    """The service is stopping and did not get to the end of this request; please try again in a
    moment."""

    code, status, title = "service_stopping", 503, "Service stopping"


PROBLEMS: dict[str, type[Problem]] = {
    problem.code: problem for problem in Problem.__subclasses__()
}


def more_than_memory(memory_mb: int, setting: str) -> str:
    """The sentence for a program that was stopped by a memory ceiling."""
    return f"The program needs more than the {memory_mb} MiB that it may have ({setting})."


# What ends a task that was accepted; its message follows the code in `GET /tasks/{id}`.
SIMULATION_FAILED = "simulation_failed"
TIME_LIMIT_EXCEEDED = "time_limit_exceeded"
MEMORY_EXCEEDED = MemoryExceeded.code
RESULT_TOO_LARGE = "result_too_large"
WORKER_CRASHED = "worker_crashed"
TASK_LOST = "task_lost"
RESULT_REFUSED = "result_refused"
STORAGE_FULL = StorageFull.code

TASK_ERRORS = {
    SIMULATION_FAILED: "The simulator could not run the program.",
    TIME_LIMIT_EXCEEDED: "The task took longer than it may, and was stopped.",
    MEMORY_EXCEEDED: "The program needed more memory than it may have.",
    RESULT_TOO_LARGE: "The result is larger than the service takes.",
    WORKER_CRASHED: "The process that ran the program died each time that it was tried.",
    TASK_LOST: "The service went down each time that it ran the task.",
    RESULT_REFUSED: "The database refused the result.",
    STORAGE_FULL: "The result was large, and by the time that it was there the storage was full.",
}

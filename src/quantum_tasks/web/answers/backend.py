"""`GET /v1/backend`: what this service can do, and how it does."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from quantum_tasks import capability
from quantum_tasks.archive.archive import Archive
from quantum_tasks.queue.versions import Versions, this_release
from quantum_tasks.settings import Settings
from quantum_tasks.tasks import GATES, Method
from quantum_tasks.web.answers.reading import MOST_IN_A_PAGE
from quantum_tasks.web.answers.submitting import MOST_TASKS
from quantum_tasks.web.requests import MAX_WAIT_S
from quantum_tasks.web.responses import json_response


class StatevectorQubits(msgspec.Struct, frozen=True, kw_only=True):
    """How many qubits fit into a state vector: in `single` precision, which is null where no
    simulator has it, and in `double` precision."""

    single: int | None
    double: int


class BackendLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What one task, or one request, may ask for at most.

    Of a program: `qubits`, `clbits`, `operations` (loops unrolled, gates expanded) and
    `program_bytes`; and `statevector_qubits`, those of them that fit into a state vector on this
    instance. Of a task: `shots`, `memory_mb` (in MiB), `result_bytes`, `ttl_s`, `timeout_s`,
    after which it is killed, and `soft_timeout_s`, after which it is stopped where it can be. Of a
    request: `body_bytes`, `tasks_per_batch`, `tasks_per_page` and `wait_s`. Of all:
    `queued_tasks`, and `stored_bytes`, above which only what is small is taken.
    """

    qubits: int
    statevector_qubits: StatevectorQubits
    clbits: int
    operations: int
    shots: int
    program_bytes: int
    body_bytes: int
    memory_mb: int
    result_bytes: int
    timeout_s: float
    soft_timeout_s: float
    ttl_s: int
    queued_tasks: int
    stored_bytes: int
    tasks_per_batch: int
    tasks_per_page: int
    wait_s: int


class BackendQueue(msgspec.Struct, frozen=True, kw_only=True):
    """Tasks that have not ended: `queued`, `running` or `cancelling`; and `oldest_queued_s`, for
    how long the oldest queued one has waited."""

    queued: int
    running: int
    cancelling: int
    oldest_queued_s: float | None


class BackendRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What this service can do, and how it does.

    Its `name`, and the `versions` of this instance and its libraries; `engines`, the simulators
    that this instance runs programs with, those that it prefers first; `methods` and `gates` that
    it knows; `limits`; `default_shots` of who does not say; whether it makes `callbacks`.
    `queue`: what has not ended; `ended_last_minute`: how many tasks did. `instances` and their
    `simulators`, the processes that run programs, are those that are alive, everywhere; `refused`:
    outcomes of attempts that no longer owned their tasks; `stored_bytes`: what all tasks take.
    """

    name: str
    versions: Versions
    engines: list[str]
    methods: list[Method]
    gates: list[str]
    default_shots: int
    callbacks: bool
    limits: BackendLimits
    queue: BackendQueue
    ended_last_minute: int
    instances: int
    simulators: int
    refused: int
    stored_bytes: int


async def read_backend(request: Request) -> Response:
    """What this service can do, and how it does."""
    archive: Archive = request.app.state.archive
    settings: Settings = request.app.state.settings
    now = await archive.backend()
    record = BackendRecord(
        name="quantum-tasks",
        versions=this_release(),
        engines=capability.releases(settings.disabled_engines),
        methods=list(Method),
        gates=list(GATES),
        default_shots=settings.num_shots,
        callbacks=settings.webhook_secret is not None,
        limits=BackendLimits(
            qubits=settings.max_qubits,
            statevector_qubits=_statevector_qubits(settings),
            clbits=settings.max_clbits,
            operations=settings.max_operations,
            shots=settings.max_shots,
            program_bytes=settings.max_program_bytes,
            body_bytes=settings.max_body_bytes,
            memory_mb=settings.memory_per_simulator_mb(),
            result_bytes=settings.max_result_bytes,
            timeout_s=settings.task_time_limit_s,
            soft_timeout_s=settings.soft_time_limit_s,
            ttl_s=settings.result_ttl_s,
            queued_tasks=settings.max_queued_tasks,
            stored_bytes=settings.max_stored_bytes,
            tasks_per_batch=MOST_TASKS,
            tasks_per_page=MOST_IN_A_PAGE,
            wait_s=MAX_WAIT_S,
        ),
        queue=BackendQueue(
            queued=now.queued,
            running=now.running,
            cancelling=now.cancelling,
            oldest_queued_s=now.oldest_queued_s,
        ),
        ended_last_minute=now.ended_last_minute,
        instances=now.instances,
        simulators=now.simulators,
        refused=now.refused,
        stored_bytes=now.stored_bytes,
    )
    return json_response(record)


def _statevector_qubits(settings: Settings) -> StatevectorQubits:
    single, double = capability.vector_qubits(settings.memory_per_simulator_mb())
    has_single = "qsim" in capability.engines(settings.disabled_engines)
    return StatevectorQubits(
        single=min(single, settings.max_qubits) if has_single else None,
        double=min(double, settings.max_qubits),
    )

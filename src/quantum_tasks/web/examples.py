"""Examples for the OpenAPI document; tests/web/test_openapi.py runs all of them."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from quantum_tasks.archive.records import TaskRecord, Usage, links
from quantum_tasks.queue.versions import Versions
from quantum_tasks.tasks import GATES, Method, Register, RunRequest, Stats, Status

_HEAD = 'OPENQASM 3.0; include "stdgates.inc"; '
_PAIR = f"{_HEAD}qubit[2] q; h q[0]; cx q[0], q[1];"
BELL = f"{_HEAD}qubit[2] q; bit[2] c; h q[0]; cx q[0], q[1]; c = measure q;"
_TURN = f"{_HEAD}input float theta; qubit q; bit c; rx(theta) q; c = measure q;"
_ID = "0f4fa7a2-1a10-4a4c-9ef0-4d6e8b2cf8a3"


class Example(msgspec.Struct, frozen=True):
    """A request or an answer, and a text that says what it shows."""

    summary: str
    value: Any


SUBMISSION = {
    "bell": Example("A Bell state", {"qc": BELL, "shots": 1000, "seed": 7}),
    "named": Example(
        "With a name and tags, for an hour",
        {"qc": BELL, "name": "bell", "tags": {"project": "demo"}, "priority": 1, "ttl_s": 3600},
    ),
    "parameters": Example(
        "A value for an input", {"qc": _TURN, "parameters": {"theta": 1.5708}, "shots": 1000}
    ),
    "sweep": Example(
        "One run for each value",
        {"qc": _TURN, "parameters": [{"theta": 0}, {"theta": 1.5708}, {"theta": 3.1416}]},
    ),
    "observables": Example(
        "Exact expectation values",
        {
            "qc": _PAIR,
            "shots": 0,
            "observables": [
                {"pauli": "ZZ"},
                [{"pauli": "XX", "coeff": 0.5}, {"pauli": "YY", "coeff": 0.5}],
            ],
        },
    ),
    "exact": Example("Exact probabilities, and the state", {"qc": BELL, "shots": 0}),
    "noise": Example(
        "Noise, and the outcome of each shot",
        {
            "qc": BELL,
            "shots": 100,
            "memory": True,
            "noise": {"depolarizing": {"p1": 0.001, "p2": 0.01}, "readout": 0.02},
        },
    ),
    "method": Example(
        "A method of your choice, and a limit on its time",
        {"qc": BELL, "method": "matrix_product_state", "timeout_s": 10},
    ),
}
SUBMISSIONS = {
    **SUBMISSION,
    "batch": Example(
        "Many at once",
        {"tasks": [{"qc": BELL, "name": "first"}, {"qc": BELL, "name": "second"}]},
    ),
}
CANCELLATION = {
    "tags": Example("All that have a tag", {"tags": {"project": "demo"}}),
    "ids": Example("Some by their ids", {"ids": [_ID]}),
    "filter": Example(
        "All that match a filter, however many",
        {"filter": {"status": "queued", "tag": "project:demo"}},
    ),
    "dry run": Example("How many that would be", {"filter": {"q": "demo"}, "dry_run": True}),
}
PATCH = {
    "name": Example("Another name", {"name": "bell"}),
    "tags": Example("A tag more, and one less", {"tags": {"project": "demo", "run": None}}),
}
SEED = {"bell": Example("A Bell state", {"qc": BELL})}
RESULT = {
    "counts": Example(
        "A Bell state", {"id": _ID, "shots": 1000, "counts": {"00": 509, "11": 491}}
    ),
    "sweep": Example(
        "A sweep",
        {
            "id": _ID,
            "shots": 1000,
            "items": [
                {"parameters": {"theta": 0}, "counts": {"0": 1000}},
                {"parameters": {"theta": 3.1416}, "counts": {"1": 1000}},
            ],
        },
    ),
    "observables": Example(
        "Exact expectation values",
        {
            "id": _ID,
            "shots": 0,
            "expectation_values": [{"value": 1.0, "std": 0.0}, {"value": 0.0, "std": 0.0}],
        },
    ),
    "exact": Example(
        "Exact probabilities",
        {
            "id": _ID,
            "shots": 0,
            "probabilities": {"00": 0.5, "11": 0.5},
            "rest": {"outcomes": 0, "probability": 0.0},
        },
    ),
    "statevector": Example(
        "A state vector",
        {
            "id": _ID,
            "shots": 0,
            "statevector": [
                [0.7071067811865476, 0.0],
                [0.0, 0.0],
                [0.0, 0.0],
                [0.7071067811865475, 0.0],
            ],
        },
    ),
}
_TIME = datetime(2026, 1, 31, 12, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
TASK = {
    "completed": Example(
        "A task that has ended",
        msgspec.to_builtins(
            TaskRecord(
                id=uuid.UUID(_ID),
                status=Status.COMPLETED,
                name="bell",
                tags={"project": "demo"},
                request=RunRequest(qc=BELL, shots=1000, seed=7, ttl_s=3600),
                created_at=_TIME,
                started_at=_TIME + 2 * _MS,
                ended_at=_TIME + 4 * _MS,
                expires_at=_TIME + 4 * _MS + timedelta(hours=1),
                stats=Stats(
                    qubits=2,
                    clbits=2,
                    depth=3,
                    gates={"h": 1, "cx": 1, "measure": 2},
                    registers=[Register("c", 2)],
                    method=Method.STATEVECTOR,
                    memory_bytes=64,
                    compile_ms=0.4,
                ),
                usage=Usage(
                    attempts=1, queue_ms=2.0, compile_ms=0.4, simulate_ms=0.8, total_ms=4.0
                ),
                engine="qsim 0.22.1",
                seed=7,
                versions=Versions("0.1.0", "2.6.2", "0.18.2"),
                links=links(uuid.UUID(_ID)),
            )
        ),
    )
}
BACKEND = {
    "qsim": Example(
        "An instance that has qsim",
        {
            "name": "quantum-tasks",
            "versions": {"quantum_tasks": "0.1.0", "qiskit": "2.6.2", "aer": "0.18.2"},
            "engines": ["qsim 0.22.1", "branching", "stim 1.16.0", "aer 0.18.2"],
            "methods": [*Method],
            "gates": [*GATES],
            "default_shots": 1024,
            "callbacks": False,
            "limits": {
                "qubits": 10_000,
                "statevector_qubits": {"single": 29, "double": 29},
                "clbits": 10_000,
                "operations": 100_000,
                "shots": 1_000_000,
                "program_bytes": 262_144,
                "body_bytes": 1_048_576,
                "memory_mb": 8192,
                "result_bytes": 16_777_216,
                "timeout_s": 90.0,
                "soft_timeout_s": 60.0,
                "ttl_s": 2_592_000,
                "queued_tasks": 100_000,
                "stored_bytes": 10_737_418_240,
                "tasks_per_batch": 1000,
                "tasks_per_page": 200,
                "wait_s": 60,
            },
            "queue": {"queued": 3, "running": 2, "cancelling": 0, "oldest_queued_s": 0.4},
            "ended_last_minute": 120,
            "instances": 1,
            "simulators": 3,
            "refused": 0,
            "stored_bytes": 1_234_567,
        },
    )
}
QUEUE = {
    "busy": Example(
        "An hour with one failure",
        {
            "at": "2026-01-31T12:00:41Z",
            "queued": 3,
            "running": 2,
            "cancelling": 0,
            "oldest_queued_s": 0.4,
            "ended_last_minute": 120,
            "last_hour": {
                "since": "2026-01-31T11:01:00Z",
                "submitted": 150,
                "completed": 144,
                "failed": 1,
                "cancelled": 0,
                "failures": {"time_limit_exceeded": 1},
                "wait_ms": {"p50": 2.61, "p95": 88.0},
                "run_ms": {"p50": 4.0, "p95": 1250.0},
                "instances_lost": 0,
            },
            "minutes": [
                {
                    "at": "2026-01-31T12:00:00Z",
                    "submitted": 150,
                    "completed": 144,
                    "failed": 1,
                    "cancelled": 0,
                    "wait_ms": {"p50": 2.61, "p95": 88.0},
                    "run_ms": {"p50": 4.0, "p95": 1250.0},
                    "queued": 9,
                    "running": 3,
                    "oldest_queued_s": 0.7,
                }
            ],
            "instances": [
                {
                    "id": "7c9e6679-7425-40de-944b-e07fc1f90ae7",
                    "version": "0.1.0",
                    "started_at": "2026-01-31T10:00:00Z",
                    "silent_s": 1.2,
                    "alive": True,
                    "simulators": 3,
                    "busy": 2,
                    "ended_last_minute": 120,
                }
            ],
        },
    )
}

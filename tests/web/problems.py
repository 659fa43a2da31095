"""For every code of the closed list of errors, how a client comes by it."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import wait
from typing import Any

import asyncpg
import httpx
from service import BELL, ENDLESS, STDGATES, Service, dense, until

from quantum_tasks.database.embedded import EmbeddedPostgres

HOST = b"Host: x\r\n"
POST = b"POST /v1/tasks HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
WIDE = f"{STDGATES}qubit[900] q; bit c; h q; c = measure q[0];"
NOBODY = "00000000-0000-4000-8000-000000000000"
# A body that is cut off for being late must be so soon; one that keeps others out must not be.
LIMITED = {"BODY_TIMEOUT_S": "0.5", "PARSE_TIME_LIMIT_S": "0.8", "SIMULATOR_MEMORY_MB": "512"}
NARROW = {"MAX_BODY_BYTES": "20000", "MAX_QUEUED_TASKS": "1", "MAX_STORED_BYTES": "1"}


def submit(service: Service, qc: Any = BELL, **fields: Any) -> httpx.Response:
    return service.client.post("/v1/tasks", json={"qc": qc, **fields})


def submitted(service: Service, qc: str = BELL, **fields: Any) -> str:
    """The address of a new task."""
    response = submit(service, qc, **fields)
    assert response.status_code == 202, response.text
    return str(response.headers["location"])


def ended(service: Service, qc: str = BELL, **fields: Any) -> str:
    """The address of a new task, when it has ended."""
    address = submitted(service, qc, **fields)
    until(lambda: service.client.get(address).json()["ended_at"])
    return address


def program(text: str) -> Callable[[Service], httpx.Response]:
    """A program that is refused."""
    return lambda service: submit(service, STDGATES + text)


def raw(service: Service, request: bytes) -> httpx.Response:
    """The answer to some bytes."""
    with connected(service) as connection:
        connection.sendall(request)
        return answer(connection)


@contextlib.contextmanager
def connected(service: Service) -> Iterator[socket.socket]:
    host, _, port = service.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        yield connection


def answer(connection: socket.socket) -> httpx.Response:
    with contextlib.closing(http.client.HTTPResponse(connection)) as response:
        response.begin()
        return httpx.Response(
            response.status, headers=response.getheaders(), content=response.read()
        )


def execute(url: str, statement: str) -> None:
    async def run() -> None:
        db = await asyncpg.connect(url)
        try:
            await db.execute(statement)
        finally:
            await db.close()

    asyncio.run(run())


def reused(service: Service) -> httpx.Response:
    headers = {"Idempotency-Key": "problems"}
    first, second = (
        service.client.post("/v1/tasks", json={"qc": BELL, "shots": shots}, headers=headers)
        for shots in (1, 2)
    )
    assert first.status_code == 202
    return second


def expired(service: Service) -> httpx.Response:
    address = submitted(service, ttl_s=1)
    until(lambda: service.client.get(address).status_code == 410)
    return service.client.get(address)


def cancelled(service: Service) -> httpx.Response:
    address = submitted(service, ENDLESS)
    service.client.post(f"{address}/cancel")
    until(lambda: service.client.get(address).json()["ended_at"])
    return service.client.get(f"{address}/result")


def too_complex(service: Service) -> httpx.Response:
    # A pragma is left to the slow parser.
    statements = "rx(0.1234567) q[0]; ry(0.7654321) q[1]; cx q[0], q[1];\n" * 4_600
    return submit(service, f"{STDGATES}pragma slow\nqubit[2] q;{statements}")


# A million noisy shots, each with a state of its own.
HOPELESS = {
    "qc": f"{STDGATES}qubit[20] q; bit[20] c; for int i in [1:20] {{ rx(0.1) q; "
    "for int j in [0:18] { cx q[j], q[j + 1]; } } c = measure q;",
    "shots": 1_000_000,
    "noise": {"depolarizing": {"p1": 0.01, "p2": 0.02}},
}
Recipe = Callable[[Service], httpx.Response]

LIMITED_RECIPES: dict[str, Recipe] = {
    "malformed_http": lambda service: raw(service, b"no HTTP at all\r\n\r\n"),
    "malformed_json": lambda service: service.client.post("/v1/tasks", content=b"{"),
    "foreign_origin": lambda service: service.client.post(
        "/v1/tasks", json={"qc": BELL}, headers={"Origin": "http://evil.example"}
    ),
    "unknown_host": lambda service: service.client.get(
        "/v1/tasks", headers={"Host": "evil.example"}
    ),
    "not_found": lambda service: service.client.get("/v2"),
    "method_not_allowed": lambda service: service.client.put("/v1/tasks"),
    "request_timeout": lambda service: raw(service, POST % 1000),
    "body_too_large": lambda service: raw(service, POST % 2**21),
    "url_too_long": lambda service: raw(service, b"GET /%b HTTP/1.1\r\n\r\n" % (b"a" * 9000)),
    "headers_too_large": lambda service: raw(
        service, b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 10**5 + b"\r\n\r\n"
    ),
    "unsupported_media_type": lambda service: service.client.post(
        "/v1/tasks", content=b"<qc/>", headers={"Content-Type": "text/xml"}
    ),
    "invalid_request": lambda service: submit(service, 7),
    "qasm_syntax": program("qubit q"),
    "qasm_version": lambda service: submit(service, "OPENQASM 1.0; qreg q[1];"),
    "qasm_semantic": program("x q;"),
    "qasm_unsupported": program(
        "extern f(int) -> int; int n = f(1); qubit q; bit c; c = measure q;"
    ),
    "program_too_large": lambda service: submit(service, BELL + " " * 262_144),
    "too_many_qubits": program("qubit[10001] q; bit c; c = measure q[0];"),
    "too_many_clbits": program("qubit q; bit[10001] c; c[0] = measure q;"),
    "too_many_operations": program(
        "qubit q; bit c; for int i in [1:100001] { x q; } c = measure q;"
    ),
    "no_measurements": program("qubit q; x q;"),
    "unbound_parameter": program("input float theta; qubit q; bit c; c = measure q;"),
    "too_complex": too_complex,
    "too_long": lambda service: submit(service, **HOPELESS),
    "memory_exceeded": lambda service: submit(service, dense(28)),
    "method_unsuitable": lambda service: submit(
        service, f"{STDGATES}qubit q; bit c; t q; c = measure q;", method="stabilizer"
    ),
    "task_not_found": lambda service: service.client.get(f"/v1/tasks/{NOBODY}"),
    "not_acceptable": lambda service: service.client.get(
        f"{ended(service)}/result", headers={"Accept": "image/png"}
    ),
    "no_result": cancelled,
    "task_ended": lambda service: service.client.post(f"{ended(service)}/cancel"),
    "task_expired": expired,
    "idempotency_mismatch": reused,
    "batch_invalid": lambda service: service.client.post(
        "/v1/tasks", json={"tasks": [{"qc": BELL}, {"qc": "x"}]}
    ),
    "view_unavailable": lambda service: service.client.get(f"{ended(service)}/result?view=memory"),
    "callbacks_off": lambda service: submit(service, callback_url="https://example.org"),
    "too_large_to_draw": lambda service: service.client.get(
        f"{submitted(service, WIDE)}/circuit.svg"
    ),
}


def crowded(service: Service) -> httpx.Response:
    """Many send large bodies, and none ends; whoever is one too many is answered first."""
    with contextlib.ExitStack() as stack:
        crowd = [stack.enter_context(connected(service)) for _ in range(300)]
        for client in crowd:
            client.sendall(POST % 20_000 + b" " * 19_000)
        (answered, *_) = wait(crowd, 10)
        return answer(answered)  # type: ignore[arg-type]


def damaged(service: Service, url: str) -> httpx.Response:
    execute(url, "alter table programs rename to lost")
    try:
        return service.client.get("/v1/tasks")
    finally:
        execute(url, "alter table lost rename to programs")


def stopping(service: Service) -> httpx.Response:
    """Somebody's body is still under way when the service stops."""
    with ThreadPoolExecutor(1) as clients:
        waiting = clients.submit(raw, service, POST % 1000)
        time.sleep(0.3)
        service.stop()
        return waiting.result()


def away(service: Service, postgres: EmbeddedPostgres) -> httpx.Response:
    postgres.stop()
    return service.client.get("/v1/tasks")


def queue_full(service: Service) -> httpx.Response:
    submit(service)
    return submit(service)


def storage_full(service: Service) -> httpx.Response:
    def refused() -> httpx.Response | None:
        """It knows how long the queue is, and how full the storage, as they were a second ago."""
        for task in service.client.get("/v1/tasks?status=queued").json()["tasks"]:
            service.client.post(f"{task['links']['self']}/cancel")
        answer = submit(service, shots=100_000, memory=True)
        return answer if answer.json().get("code") == "storage_full" else None

    found: httpx.Response = until(refused, every_s=0.3)
    return found


def queued(service: Service) -> str:
    """The address of a task that stays queued, because nobody runs it."""
    submit(service)
    (task,) = service.client.get("/v1/tasks?limit=1").json()["tasks"]
    return str(task["links"]["self"])


# Of a service that runs nothing, takes one task and small bodies.
NARROW_RECIPES: dict[str, Recipe] = {
    "result_not_ready": lambda service: service.client.get(f"{queued(service)}/result"),
    "task_not_ended": lambda service: service.client.delete(queued(service)),
    "queue_full": queue_full,
    "storage_full": storage_full,
    "service_busy": crowded,
}
# Of a service whose end is near.
LAST_CODES = ("internal_error", "database_unavailable", "service_stopping")

# Why a task fails: its program, and what it asks for.
FAILING: dict[str, tuple[str, dict[str, Any]]] = {
    "time_limit_exceeded": (ENDLESS, {"timeout_s": 0.2}),
    "result_too_large": (
        f"{STDGATES}qubit[16] q; bit[2000] c; h q; c[0:15] = measure q;",
        {"shots": 10_000},
    ),
}
# Where something has to be done to the service.
BROKEN_CODES = (
    "simulation_failed",
    "memory_exceeded",
    "worker_crashed",
    "task_lost",
    "result_refused",
    "storage_full",
)

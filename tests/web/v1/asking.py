"""What tests ask of the API under /v1."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from service import BELL, STDGATES, Service, until

JSON = {"Content-Type": "application/json"}
# Of the large ones, which wait for one another, the quickest.
LARGE = f"{STDGATES}qubit[22] q;\nbit[22] c;\nh q;\nt q;\nh q;\nc = measure q;\n"
RESULT_TABLES = ("tasks", "programs", "results", "task_tags", "callbacks")


def post(service: Service, body: Any, path: str = "/v1/tasks", **headers: str) -> httpx.Response:
    """The answer to a body: a struct, or the very bytes."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return service.client.post(path, content=content, headers={**JSON, **named})


def submit(service: Service, qc: str = BELL, **fields: Any) -> dict[str, Any]:
    """A new task."""
    response = post(service, {"qc": qc, **fields})
    assert response.status_code == 202, response.text
    return body(response)


def finished(service: Service, qc: str = BELL, **fields: Any) -> dict[str, Any]:
    """A new task, when it has ended."""
    response = post(service, {"qc": qc, **fields}, Prefer="wait=60")
    assert response.status_code == 200, response.text
    return body(response)


def read(service: Service, id: str) -> dict[str, Any]:
    """A task."""
    response = service.client.get(f"/v1/tasks/{id}")
    assert response.status_code == 200, response.text
    return body(response)


def reaches(service: Service, id: str, status: str, within_s: float = 20) -> dict[str, Any]:
    """A task, once it has a status."""
    until(lambda: read(service, id)["status"] == status, within_s, 0.02)
    return read(service, id)


def body(response: httpx.Response) -> dict[str, Any]:
    found: dict[str, Any] = response.json()
    return found


def refused(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem that a request was answered with."""
    assert (response.status_code, response.json().get("code")) == (status, code), response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert list(response.json()) == ["type", "title", "status", "code", "detail", "errors"]
    return body(response)


def sql(database: str, statement: str, *values: Any) -> Any:
    """What a statement brings first."""

    async def ask() -> Any:
        db = await asyncpg.connect(database)
        try:
            return await db.fetchval(statement, *values)
        finally:
            await db.close()

    return asyncio.run(ask())


def rows_of(database: str, id: str) -> dict[str, int]:
    """How many rows there are of a task, by table."""
    names = {"tasks": "id"}
    return {
        table: sql(
            database,
            f"select count(*) from {table} where {names.get(table, 'task_id')}::text = $1",  # noqa: S608
            id,
        )
        for table in RESULT_TABLES
    }


def at_work(service: Service, within_s: float = 10) -> int:
    """The child that takes a core for itself."""

    def one() -> int | None:
        before = {pid: _ticks(pid) for pid in service.children()}
        time.sleep(0.25)
        grown = [pid for pid, ticks in before.items() if _ticks(pid) - ticks >= 3]
        return grown[0] if len(grown) == 1 else None

    found: int = until(one, within_s)
    return found


def _ticks(pid: int) -> int:
    """Hundredths of a second that a process has taken."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return int(stat[11]) + int(stat[12])

"""Every code of the closed list of errors is produced by a real request, or by a real task."""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from service import ENDLESS, Service, cpu_s, dense, until
from throwaway import ThrowawayPostgres
from web.problems import (
    BROKEN_CODES,
    FAILING,
    LAST_CODES,
    LIMITED,
    LIMITED_RECIPES,
    NARROW,
    NARROW_RECIPES,
    away,
    damaged,
    ended,
    execute,
    stopping,
    submitted,
)

from quantum_tasks.errors import PROBLEMS, TASK_ERRORS


@pytest.fixture(scope="module")
def limited(shared_database: str) -> Iterator[Service]:
    service = Service(shared_database, **LIMITED)
    yield service.start()
    service.close()


@pytest.fixture(scope="module")
def narrow(module_database: str) -> Iterator[Service]:
    """A service that runs nothing, takes one task and small bodies."""
    service = Service(module_database, "--only", "api", **NARROW)
    yield service.start()
    service.close()


def check(response: httpx.Response, code: str) -> None:
    """An answer is this problem, with all that a problem has."""
    assert response.headers["content-type"] == "application/problem+json", response.text
    body = response.json()
    assert body["code"] == code, body
    assert list(body) == ["type", "title", "status", "code", "detail", "errors"]
    assert (body["type"], body["title"]) == (
        f"urn:quantum-tasks:problem:{code}",
        PROBLEMS[code].title,
    )
    assert response.status_code == body["status"] == PROBLEMS[code].status
    assert body["detail"].rstrip(")").endswith((".", "'")) or "(line " in body["detail"]
    assert len(response.headers["x-request-id"]) == 32
    if response.status_code in (429, 503):
        assert int(response.headers["retry-after"]) >= 1


@pytest.mark.parametrize("code", LIMITED_RECIPES)
def test_a_request_gets_the_problem_that_it_deserves(limited: Service, code: str):
    check(LIMITED_RECIPES[code](limited), code)


@pytest.mark.parametrize("code", NARROW_RECIPES)
def test_a_service_without_room_says_so(narrow: Service, code: str):
    check(NARROW_RECIPES[code](narrow), code)


def test_a_service_that_is_damaged_loses_its_database_or_stops_says_so():
    postgres = ThrowawayPostgres(max_connections="50")
    url = postgres.start()
    services = [Service(url, "--only", "api") for _ in range(2)]
    try:
        first, second = (service.start() for service in services)
        check(damaged(first, url), "internal_error")
        check(stopping(first), "service_stopping")
        check(away(second, postgres), "database_unavailable")
    finally:
        for service in services:
            service.close()
        postgres.stop()


def test_no_code_is_without_a_request_that_brings_it_about():
    assert {*LIMITED_RECIPES, *NARROW_RECIPES, *LAST_CODES} == set(PROBLEMS)


def check_failed(service: Service, address: str, code: str) -> None:
    until(lambda: service.client.get(address).json()["ended_at"], 90)
    task = service.client.get(address).json()
    assert task["status"] == "failed"
    assert task["error"]["code"] == code, task["error"]
    assert task["error"]["message"].endswith(".")
    refused = service.client.get(f"{address}/result")
    check(refused, "no_result")
    assert code in refused.json()["detail"]


@pytest.mark.parametrize("code", FAILING)
def test_a_task_fails_for_a_reason_that_its_program_has(limited: Service, code: str):
    qc, fields = FAILING[code]
    check_failed(limited, submitted(limited, qc, **fields), code)


class Failing(Service):
    program = (str(Path(__file__).with_name("failing.py")),)


def test_a_task_fails_whose_simulator_fails(database: str):
    service = Failing(database)
    try:
        service.start()
        check_failed(
            service, submitted(service, dense(3), precision="double"), "simulation_failed"
        )
        assert "out of order" in service.log
    finally:
        service.close()


def test_a_task_fails_whose_simulator_has_no_memory(start: Callable[..., Service]):
    service = start(SIMULATOR_PROCESSES="1")
    until(lambda: len(service.children()) == 2)
    for pid in service.children():  # 16 MiB more than it has, where 128 are needed
        size = int(Path(f"/proc/{pid}/statm").read_text().split()[0]) * resource.getpagesize()
        resource.prlimit(pid, resource.RLIMIT_AS, (size + 2**24, size + 2**24))
    check_failed(service, submitted(service, dense(23, layers=1)), "memory_exceeded")


def test_a_task_fails_whose_simulator_dies_each_time(start: Callable[..., Service]):
    service = start(WORKER_MAX_RETRIES="0")
    address = submitted(service, ENDLESS)
    # One that is still being started is as busy, and has no task yet.
    at_work = until(lambda: [pid for pid in service.children() if cpu_s(pid) > 0.5], 60)
    for pid in at_work:
        os.kill(pid, signal.SIGKILL)
    check_failed(service, address, "worker_crashed")


def test_a_task_fails_whose_instance_was_lost_each_time(start, database):
    service = start()
    # As if nine instances had died of it, the last one just now, and this one were here for long.
    execute(
        database,
        "update instances set steady_since = now() - interval '1 minute';"
        "alter table tasks disable trigger user;"
        "insert into tasks (id, queue, shots, status, attempt, losses, instance, started_at) "
        "values ('00000000-0000-4000-8000-000000000001', 'tasks', 1, 'running', 9, 9, "
        "'00000000-0000-4000-8000-000000000002', now());"
        "insert into programs (task_id, qc, created_at, position) "
        "select id, 'qubit q;', created_at, position from tasks;"
        "alter table tasks enable trigger user",
    )
    check_failed(service, "/v1/tasks/00000000-0000-4000-8000-000000000001", "task_lost")


def test_a_task_fails_whose_result_the_database_refuses(start, database):
    service = start()
    execute(database, "alter table results add constraint none check (counts is null)")
    check_failed(service, ended(service), "result_refused")


def test_a_task_fails_whose_result_is_large_and_comes_when_the_storage_is_full(start, database):
    """It was not when the task was submitted."""
    api = start("--only", "api")
    large = submitted(api, dense(13, layers=1), shots=50_000)
    small = submitted(api, dense(3, layers=1), shots=50_000)
    execute(database, "insert into stored_bytes values (1000000000000)")
    start("--only", "worker")
    check_failed(api, large, "storage_full")
    until(lambda: api.client.get(small).json()["status"] == "completed", 30)


def test_no_code_of_a_task_is_without_one_that_fails_with_it():
    assert {*FAILING, *BROKEN_CODES} == set(TASK_ERRORS)

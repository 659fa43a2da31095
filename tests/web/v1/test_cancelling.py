"""POST /v1/tasks/{id}/cancel and POST /v1/tasks/cancel."""

from __future__ import annotations

import os
import signal
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import asyncpg
import pytest
from asking import (
    LARGE,
    at_work,
    body,
    finished,
    post,
    reaches,
    read,
    refused,
    rows_of,
    sql,
    submit,
)
from service import BELL, ENDLESS, Cluster, Service, alive, until

PENDING = {"status": "pending", "message": "Task is still in progress."}
CANCELLED = {"status": "cancelled", "message": "Task was cancelled."}


def cancel(service: Service, id: str) -> Any:
    return service.client.post(f"/v1/tasks/{id}/cancel")


@contextmanager
def frozen(service: Service) -> Iterator[None]:
    """A service that can do nothing for a while."""
    os.kill(service.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(service.pid, signal.SIGCONT)


@contextmanager
def stopped(children: list[int]) -> Iterator[None]:
    """Child processes that do not get on for a while."""
    for child in children:
        os.kill(child, signal.SIGSTOP)
    try:
        yield
    finally:
        for child in children:
            if alive(child):
                os.kill(child, signal.SIGCONT)


def events(service: Service, id: str) -> list[str]:
    answer = service.client.get(f"/v1/tasks/{id}/events").json()
    return [event["status"] for event in answer["events"]]


def test_a_queued_task_is_cancelled_at_once_and_never_run(cluster: Cluster):
    blocker = submit(cluster.api, ENDLESS)["id"]
    reaches(cluster.api, blocker, "running")
    id = submit(cluster.api, LARGE)["id"]
    response = cancel(cluster.api, id)
    task = body(response)
    assert (response.status_code, task["status"]) == (200, "cancelled")
    assert task["started_at"] is task["queue"] is task["error"] is None
    assert task["ended_at"]
    assert response.headers["etag"]
    again = cancel(cluster.other, id.upper())
    assert (again.status_code, again.json()) == (200, task)
    assert cluster.api.task(id) == CANCELLED
    cancel(cluster.api, blocker)
    reaches(cluster.api, blocker, "cancelled")
    assert read(cluster.api, id)["usage"]["attempts"] == 0
    assert events(cluster.api, id) == ["queued", "cancelled"]


def test_a_running_task_is_stopped_within_two_seconds_and_its_place_is_free(cluster: Cluster):
    """By another instance than the one that is asked."""
    id = submit(cluster.api, ENDLESS)["id"]
    following = submit(cluster.api, LARGE)["id"]
    child = at_work(cluster.worker)
    assert read(cluster.api, following)["status"] == "queued"
    began = time.monotonic()
    response = cancel(cluster.other, id)
    assert (response.status_code, response.json()["status"]) == (202, "cancelling")
    until(lambda: not alive(child), 2, 0.02)
    reaches(cluster.api, id, "cancelled", 2)
    assert time.monotonic() - began < 2
    assert cancel(cluster.api, id).status_code == 200
    reaches(cluster.api, following, "completed", 5)
    assert rows_of(cluster.database, id)["results"] == 0
    assert events(cluster.api, id) == ["queued", "running", "cancelling", "cancelled"]


def test_a_task_of_a_moment_costs_no_process_when_it_is_cancelled(cluster: Cluster):
    """Which takes longer to start than the task to end; unless it does not end."""
    submit(cluster.api, BELL)
    children = cluster.worker.children()
    for _ in range(8):
        with stopped(children):
            id = submit(cluster.api, BELL)["id"]
            reaches(cluster.api, id, "running")
            assert cancel(cluster.api, id).status_code == 202
            time.sleep(0.2)
        reaches(cluster.api, id, "cancelled", 2)
        assert cluster.worker.children() == children
    with stopped(children):
        id = submit(cluster.api, BELL)["id"]
        reaches(cluster.api, id, "running")
        cancel(cluster.api, id)
        reaches(cluster.api, id, "cancelled", 2)


def test_a_task_that_is_being_cancelled_says_so_until_it_is(cluster: Cluster):
    id = submit(cluster.api, ENDLESS)["id"]
    at_work(cluster.worker)
    with frozen(cluster.worker):
        first, again = cancel(cluster.api, id), cancel(cluster.other, id)
        assert [answer.status_code for answer in (first, again)] == [202, 202]
        assert first.json() == again.json() == read(cluster.api, id)
        task = first.json()
        assert (task["status"], task["ended_at"], task["queue"]) == ("cancelling", None, None)
        assert cluster.api.task(id) == PENDING
        refused(cluster.api.client.get(f"/v1/tasks/{id}/result"), 409, "result_not_ready")
        refused(cluster.api.client.delete(f"/v1/tasks/{id}"), 409, "task_not_ended")
        assert cluster.api.client.get("/v1/backend").json()["queue"]["cancelling"] == 1
        answer = post(cluster.api, {"ids": [id]}, "/v1/tasks/cancel")
        assert answer.json() == {"tasks": [{"id": id, "status": "cancelling"}]}
    reaches(cluster.api, id, "cancelled", 2)
    assert cluster.api.task(id) == CANCELLED


def test_a_task_that_has_ended_otherwise_cannot_be_cancelled(service: Service):
    completed = finished(service)["id"]
    assert "completed" in refused(cancel(service, completed), 409, "task_ended")["detail"]
    failed = finished(service, ENDLESS, timeout_s=0.05)["id"]
    assert "failed" in refused(cancel(service, failed), 409, "task_ended")["detail"]
    assert read(service, completed)["status"] == "completed"


def test_at_the_moment_of_its_end_a_task_is_cancelled_or_completed(cluster: Cluster):
    """Both are right; a cancelled task with a result, or a third thing, is not."""
    outcomes = set()

    def race(number: int) -> tuple[str, int]:
        id = submit(cluster.api, BELL)["id"]
        time.sleep(0.0005 * (number % 16))
        return id, cancel((cluster.api, cluster.other)[number % 2], id).status_code

    with ThreadPoolExecutor(4) as clients:
        races = list(clients.map(race, range(120)))
    for id, status in races:
        until(lambda id=id: read(cluster.api, id)["ended_at"])
        task = read(cluster.api, id)["status"]
        assert (status, task) in ((200, "cancelled"), (202, "cancelled"), (409, "completed"))
        outcomes.add(task)
    wrong = "select count(*) from results join tasks on id = task_id where status <> 'completed'"
    assert sql(cluster.database, wrong) == 0
    assert outcomes == {"cancelled", "completed"}


@pytest.mark.parametrize("route", ["cancel", "delete", "cancel many"])
async def test_who_comes_while_a_task_is_ending_sees_how_it_ended(
    start: Callable[..., Service], database: str, route: str
):
    """The end is written, but not committed, when the request comes."""
    import asyncio

    api = await asyncio.to_thread(start, "--only", "api")
    id = (await asyncio.to_thread(submit, api, BELL))["id"]
    db = await asyncpg.connect(database)
    await db.execute(
        "update tasks set status = 'running', attempt = 1, instance = id, started_at = now()"
    )
    async with db.transaction():
        await db.execute(
            "update tasks set status = 'completed', instance = null, ended_at = now()"
        )
        await db.execute(
            "insert into results (task_id, attempt, counts) select id, 1, '{}' from tasks"
        )
        match route:
            case "cancel":
                asking = asyncio.create_task(asyncio.to_thread(cancel, api, id))
            case "delete":
                path = f"/v1/tasks/{id}"
                asking = asyncio.create_task(asyncio.to_thread(api.client.delete, path))
            case _:
                many = (api, {"ids": [id]}, "/v1/tasks/cancel")
                asking = asyncio.create_task(asyncio.to_thread(post, *many))
        while not await db.fetchval("select count(*) from pg_locks where not granted"):
            await asyncio.sleep(0.01)
        assert not asking.done()
    answer = await asking
    left = await db.fetchval("select count(*) from tasks")
    await db.close()
    match route:
        case "cancel":
            refused(answer, 409, "task_ended")
        case "delete":
            assert (answer.status_code, left) == (204, 0)
        case _:
            assert answer.json() == {"tasks": [{"id": id, "status": "completed"}]}


def test_many_are_cancelled_by_their_ids(cluster: Cluster):
    blocker = submit(cluster.api, ENDLESS)["id"]
    reaches(cluster.api, blocker, "running")
    done = finished(cluster.api)["id"]
    queued = [submit(cluster.api, LARGE)["id"] for _ in range(3)]
    unknown = str(uuid.uuid4())
    ids = [done, *queued, unknown, blocker, queued[0].upper()]
    response = post(cluster.other, {"ids": ids}, "/v1/tasks/cancel")
    assert response.status_code == 200
    assert response.json()["tasks"] == [
        {"id": done, "status": "completed"},
        *({"id": id, "status": "cancelled"} for id in queued),
        {"id": unknown, "error": "task_not_found"},
        {"id": blocker, "status": "cancelling"},
    ]
    reaches(cluster.api, blocker, "cancelled", 2)


def test_many_are_cancelled_by_their_tags(cluster: Cluster):
    blocker = submit(cluster.api, ENDLESS)["id"]
    reaches(cluster.api, blocker, "running")
    mine = {"owner": "me", "run": "7"}
    queued = [submit(cluster.api, LARGE, tags={**mine, "n": str(n)})["id"] for n in range(3)]
    others = [submit(cluster.api, LARGE, tags=tags)["id"] for tags in ({"owner": "me"}, {})]
    finished(cluster.api, tags=mine)
    response = post(cluster.api, {"tags": mine}, "/v1/tasks/cancel")
    found = {task["id"]: task["status"] for task in response.json()["tasks"]}
    assert found == dict.fromkeys(queued, "cancelled")
    assert [read(cluster.api, id)["status"] for id in others] == ["queued", "queued"]
    again = post(cluster.api, {"tags": mine}, "/v1/tasks/cancel")
    assert again.json() == {"tasks": []}
    post(cluster.api, {"ids": [*others, blocker]}, "/v1/tasks/cancel")
    reaches(cluster.api, blocker, "cancelled")


@pytest.mark.parametrize(
    ("wanted", "says", "pointer"),
    [
        ({}, "Give exactly one of the fields 'ids', 'tags'", "/ids"),
        ({"ids": [str(uuid.uuid4())], "tags": {"a": "b"}}, "exactly one", "/ids"),
        ({"ids": []}, "at least 1 item", "/ids"),
        ({"ids": [str(uuid.uuid4())] * 1001}, "at most 1000 items", "/ids"),
        ({"ids": ["x"]}, "invalid UUID", "/ids/0"),
        ({"ids": "x"}, "expected a list", "/ids"),
        ({"tags": {}}, "at least 1 field", "/tags"),
        ({"tags": {"a b": "c"}}, "A key in the field 'tags'", "/tags"),
        ({"all": True}, "There is no field 'all'", "/all"),
        ([], "expected an object", ""),
    ],
)
def test_what_is_to_be_cancelled_has_to_be_said_clearly(service, wanted, says, pointer):
    problem = refused(post(service, wanted, "/v1/tasks/cancel"), 422, "invalid_request")
    assert says in problem["detail"]
    assert problem["errors"][0]["pointer"] == pointer


def test_a_task_whose_instance_dies_while_it_is_being_cancelled_ends_cancelled(
    start: Callable[..., Service], database: str
):
    service = start(SIMULATOR_PROCESSES="1")
    doomed = start("--only", "worker", SIMULATOR_PROCESSES="1")
    ids = [submit(service, ENDLESS)["id"] for _ in range(2)]
    for id in ids:
        reaches(service, id, "running")
    os.kill(doomed.pid, signal.SIGSTOP)
    for id in ids:
        assert cancel(service, id).status_code == 202
    doomed.stop(signal.SIGKILL)
    # Time goes by, so that the dead one is known for dead and the other may say so.
    sql(database, "update instances set steady_since = now() - interval '1 minute'")
    dead = "update instances set heartbeat_at = now() - interval '1 minute' where pid = $1"
    sql(database, dead, doomed.pid)
    for id in ids:
        reaches(service, id, "cancelled", 12)
        assert events(service, id)[1:] == ["running", "cancelling", "cancelled"]
        assert rows_of(database, id)["results"] == 0
        refused(service.client.get(f"/v1/tasks/{id}/result"), 409, "no_result")
    assert finished(service)["status"] == "completed"


def test_a_task_is_stopped_although_its_instance_is_stopping(start: Callable[..., Service]):
    stopping = start(SHUTDOWN_GRACE_S="30", SIMULATOR_PROCESSES="1")
    id = submit(stopping, ENDLESS)["id"]
    reaches(stopping, id, "running")
    other = start("--only", "api")
    os.kill(stopping.pid, signal.SIGTERM)
    until(lambda: "finishing running tasks" in stopping.log)
    assert cancel(other, id).status_code == 202, stopping.log
    reaches(other, id, "cancelled", within_s=2)
    until(lambda: not alive(stopping.pid), 10)

"""GET /v1/tasks/{id}."""

from __future__ import annotations

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest
from asking import LARGE, body, finished, post, reaches, read, refused, sql, submit
from service import BELL, ENDLESS, SLOW, STDGATES, Cluster, Service

FIELDS = [
    "id",
    "status",
    "name",
    "tags",
    "request",
    "created_at",
    "started_at",
    "ended_at",
    "expires_at",
    "queue",
    "stats",
    "warnings",
    "usage",
    "engine",
    "seed",
    "error",
    "versions",
    "links",
]
FAILS = f"{STDGATES}qubit[16] q; bit[2000] c; h q; c[0:15] = measure q;"

QUEUED_ELSEWHERE = (
    "with task as (insert into tasks (id, queue, shots) values ($1, 'elsewhere', 1) "
    "returning id, position) insert into programs (task_id, qc, position) "
    "select id, 'x', position from task returning task_id"
)
CHANGES = {
    "running": "status = 'running', attempt = 1, instance = (select id from instances limit 1)",
    "cancelling": "cancel_requested_at = now()",
    "cancelled": "status = 'cancelled', instance = null, ended_at = now()",
}


def moment(text: str) -> datetime:
    assert text.endswith("Z")
    return datetime.fromisoformat(text)


def cancel(service: Service, *ids: str) -> None:
    assert post(service, {"ids": ids}, "/v1/tasks/cancel").status_code == 200


def test_a_completed_task_says_what_it_took_and_what_it_ran_on(service: Service):
    task = finished(service, ttl_s=3600)
    assert list(task) == FIELDS
    assert (task["status"], task["error"], task["queue"]) == ("completed", None, None)
    created, started, ended, expires = (
        moment(task[name]) for name in ("created_at", "started_at", "ended_at", "expires_at")
    )
    assert created < started < ended
    assert (expires - ended).total_seconds() == 3600
    usage = task["usage"]
    assert usage["attempts"] == 1
    assert usage["queue_ms"] == pytest.approx((started - created).total_seconds() * 1000, 0.01)
    assert usage["total_ms"] == pytest.approx((ended - created).total_seconds() * 1000, 0.01)
    assert usage["compile_ms"] > 0
    assert 0 < usage["simulate_ms"] < usage["total_ms"]
    assert task["engine"].split(" ")[0] in ("qsim", "aer")
    assert 0 <= task["seed"] < 2**53
    assert task["request"]["seed"] is None
    assert set(task["versions"]) == {"quantum_tasks", "qiskit", "aer"}
    assert all(task["versions"].values())
    for link in task["links"].values():
        assert service.client.get(link).status_code == 200, link


def test_a_failed_task_says_why(service: Service):
    task = finished(service, FAILS, shots=10_000)
    assert (task["status"], list(task)) == ("failed", FIELDS)
    assert task["error"]["code"] == "result_too_large"
    assert task["error"]["message"]
    assert task["ended_at"]
    assert task["expires_at"]


def test_a_task_is_queued_then_running_then_cancelled_and_says_so(start, database: str):
    api = start("--only", "api")
    id = submit(api, ENDLESS, name="endless")["id"]
    task = read(api, id)
    assert (task["status"], list(task)) == ("queued", FIELDS)
    # Nobody is there to start it.
    assert task["queue"] == {"position": 1, "estimated_start_at": None}
    assert task["started_at"] is task["ended_at"] is task["expires_at"] is task["versions"] is None
    assert task["usage"]["queue_ms"] is task["usage"]["total_ms"] is None
    start("--only", "worker", SIMULATOR_PROCESSES="1")
    task = reaches(api, id, "running")
    assert task["queue"] is None
    assert task["ended_at"] is task["expires_at"] is task["usage"]["total_ms"] is None
    assert task["usage"]["attempts"] == 1
    assert task["versions"]

    # Twenty wait behind it, in the order of their priorities, then of their submission.
    priorities = [0, 5, -5, 0, 100, 5, 0, -100, 1, 1, 0, 0, 7, -5, 3, 3, 3, 0, 2, 2]
    ids = [submit(api, LARGE, priority=priority)["id"] for priority in priorities]
    order = sorted(range(20), key=lambda n: (-priorities[n], n))
    with ThreadPoolExecutor(20) as clients:
        tasks = list(clients.map(lambda n: read(api, ids[n]), order))
    assert [task["queue"]["position"] for task in tasks] == list(range(1, 21))
    starts = [moment(task["queue"]["estimated_start_at"]) for task in tasks]
    assert starts == sorted(starts)
    latest = (starts[-1] - moment(task["created_at"])).total_seconds()
    assert 0.1 < latest < 24 * 3600
    # Small ones do not wait for them, and so stand elsewhere.
    assert finished(api)["status"] == "completed"

    # They move up as those before them leave.
    cancel(api, *[ids[n] for n in order[4:]][:-1])
    last = read(api, ids[order[-1]])
    assert last["queue"]["position"] == 5
    seen = {5}
    cancel(api, id)
    while (task := read(api, ids[order[-1]]))["status"] == "queued":
        seen.add(task["queue"]["position"])
    assert seen >= {5, 1}
    assert sorted(seen) == list(range(min(seen), max(seen) + 1))
    assert reaches(api, id, "cancelled")["ended_at"]
    for n in (*order[:4], order[-1]):
        reaches(api, ids[n], "completed")
    starts = [moment(read(api, ids[n])["started_at"]) for n in (*order[:4], order[-1])]
    assert starts == sorted(starts)


def test_an_etag_is_right_until_something_changes(service: Service):
    id = finished(service, name="a")["id"]
    url = f"/v1/tasks/{id}"
    tag = service.client.get(url).headers["etag"]
    for seen in (tag, tag.removeprefix("W/"), f'"x", {tag}', "*"):
        response = service.client.get(url, headers={"If-None-Match": seen})
        assert (response.status_code, response.content) == (304, b""), seen
        assert response.headers["etag"] == tag
    for seen in ('"x"', 'W/"x"', tag[:-2] + '"'):
        assert service.client.get(url, headers={"If-None-Match": seen}).status_code == 200, seen
    service.client.patch(url, json={"tags": {"a": "b"}})
    response = service.client.get(url, headers={"If-None-Match": tag})
    assert response.status_code == 200
    assert response.headers["etag"] != tag


def test_whoever_waits_is_told_of_each_change_wherever_it_is_made(cluster: Cluster):
    """Each change is made by the worker, and asked for at both others."""
    blocker = submit(cluster.api, ENDLESS)["id"]
    reaches(cluster.api, blocker, "running")
    id = submit(cluster.api, SLOW)["id"]

    def wait(service: Service, tag: str) -> tuple[dict[str, Any], str, float]:
        response = service.client.get(
            f"/v1/tasks/{id}?wait=30", headers={"If-None-Match": tag}, timeout=60
        )
        return body(response), response.headers["etag"], time.time()

    tag = cluster.api.client.get(f"/v1/tasks/{id}").headers["etag"]
    with ThreadPoolExecutor(2) as clients:
        waits = [clients.submit(wait, service, tag) for service in cluster[:2]]
        time.sleep(0.3)
        assert not any(one.done() for one in waits)
        cancel(cluster.api, blocker)
        for one in waits:
            task, tag, at = one.result()
            assert task["status"] == "running"
            assert at - moment(task["started_at"]).timestamp() < 1
        waits = [clients.submit(wait, service, tag) for service in cluster[:2]]
        for one in waits:
            task, tag, at = one.result()
            assert task["status"] == "completed"
            assert at - moment(task["ended_at"]).timestamp() < 1


def test_a_change_that_another_instance_made_is_seen_within_300_ms(cluster: Cluster):
    """Changes made in the database itself, so that nothing but the waiting takes time."""
    took = []

    def wait(service: Service, id: str, status: str) -> float:
        url = f"/v1/tasks/{id}?wait=10"
        assert service.client.get(url).json()["status"] == status
        return time.monotonic()

    with ThreadPoolExecutor(2) as clients:
        for _ in range(4):
            id = str(sql(cluster.database, QUEUED_ELSEWHERE, uuid.uuid4()))
            for status, change in CHANGES.items():
                waits = [clients.submit(wait, one, id, status) for one in cluster[:2]]
                time.sleep(0.25)
                sql(cluster.database, f"update tasks set {change} where id::text = $1", id)  # noqa: S608
                changed = time.monotonic()
                took += [one.result() - changed for one in waits]
    assert sorted(took)[-3] < 0.3, took  # the machine may have been busy for a moment


def test_nobody_waits_who_has_not_seen_the_last_change_or_for_what_has_ended(service: Service):
    id = finished(service)["id"]
    began = time.monotonic()
    assert service.client.get(f"/v1/tasks/{id}?wait=30").json()["status"] == "completed"
    tag = service.client.get(f"/v1/tasks/{id}").headers["etag"]
    same = service.client.get(f"/v1/tasks/{id}?wait=30", headers={"If-None-Match": tag})
    assert same.status_code == 304
    running = submit(service, ENDLESS)["id"]
    reaches(service, running, "running")
    old = {"If-None-Match": 'W/"0-0-0"'}
    answer = service.client.get(f"/v1/tasks/{running}?wait=30", headers=old)
    assert answer.json()["status"] == "running"
    assert time.monotonic() - began < 10
    began = time.monotonic()
    answer = service.client.get(f"/v1/tasks/{running}?wait=0.3")
    assert answer.json()["status"] == "running"
    assert 0.3 <= time.monotonic() - began < 2
    tag = answer.headers["etag"]
    answer = service.client.get(f"/v1/tasks/{running}?wait=0.3", headers={"If-None-Match": tag})
    assert answer.status_code == 304
    cancel(service, running)
    reaches(service, running, "cancelled")


@pytest.mark.parametrize("wait", ["", "-1", "abc", "1e1", "nan", "９", "1_0"])
def test_a_wait_that_is_no_number_of_seconds_is_refused(service: Service, wait: str):
    response = service.client.get(f"/v1/tasks/{uuid.uuid4()}", params={"wait": wait})
    assert "?wait=30" in refused(response, 422, "invalid_request")["detail"]


def test_a_wait_over_the_longest_is_one_of_the_longest_as_in_prefer(service: Service):
    done = service.submit(BELL)
    service.final(done)
    for path in (f"/tasks/{done}", f"/v1/tasks/{done}"):
        assert service.client.get(f"{path}?wait=100000").status_code == 200
    answer = service.client.post("/v1/tasks", json={"qc": BELL}, headers={"Prefer": "wait=100000"})
    assert answer.headers["preference-applied"] == "wait=60"


@pytest.mark.parametrize("path", ["/tasks", "/v1/tasks"])
def test_whoever_waits_says_whether_for_the_end_or_for_a_change(cluster: Cluster, path: str):
    blocker, task = submit(cluster.api, ENDLESS)["id"], submit(cluster.api, ENDLESS)["id"]
    reaches(cluster.api, blocker, "running")
    client = cluster.other.client
    cancel(cluster.api, blocker)
    begun = time.monotonic()
    changed = client.get(f"{path}/{task}?wait=30&for=change")
    assert changed.json()["status"] in ("running", "pending")
    assert time.monotonic() - begun < 25
    reaches(cluster.api, task, "running")
    begun = time.monotonic()
    waited = client.get(f"{path}/{task}?wait=0.5&for=end")
    assert waited.json()["status"] in ("running", "pending")
    assert time.monotonic() - begun >= 0.5
    cancel(cluster.api, task)
    ended = client.get(f"{path}/{task}?wait=30&for=end")
    assert ended.json()["status"] == "cancelled"


def test_nobody_waits_for_anything_else(service: Service):
    done = service.submit(BELL)
    for path in (f"/tasks/{done}", f"/v1/tasks/{done}"):
        answer = service.client.get(f"{path}?wait=1&for=ever")
        assert answer.status_code == 422
        assert "for=end" in answer.text


NO_IDS = [
    "x",
    "0",
    "%00",
    "%ff",
    "a" * 4000,
    "é",
    "{id}",
    "-1;drop table tasks",
    "a%0d%0ab: c",
    "1f0e9ad87f3c4b5e9d2a0c1b2a394857",
    "urn:uuid:1f0e9ad8-7f3c-4b5e-9d2a-0c1b2a394857",
    "00000000-0000-0000-0000-000000000000",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "1f0e9ad8-7f3c-4b5e-9d2a-0c1b2a394857",
]


@pytest.mark.parametrize("id", NO_IDS, ids=range(len(NO_IDS)))
def test_an_id_that_is_no_tasks_is_404_on_every_route(service: Service, id: str):
    for path in ("", "/result", "/events", "/circuit"):
        refused(service.client.get(f"/v1/tasks/{id}{path}"), 404, "task_not_found")
    for path in ("/cancel", "/rerun"):
        refused(service.client.post(f"/v1/tasks/{id}{path}"), 404, "task_not_found")
    refused(service.client.delete(f"/v1/tasks/{id}"), 404, "task_not_found")
    refused(service.client.patch(f"/v1/tasks/{id}", json={}), 404, "task_not_found")


def test_an_id_may_be_written_in_capitals(service: Service):
    id = finished(service)["id"]
    assert read(service, id.upper())["id"] == id


def test_an_address_says_all_the_methods_that_it_takes(service: Service):
    for path, allowed in {
        "/v1/tasks": "GET, HEAD, POST",
        f"/v1/tasks/{uuid.uuid4()}": "DELETE, GET, HEAD, PATCH",
        f"/v1/tasks/{uuid.uuid4()}/cancel": "POST",
        "/v1/backend": "GET, HEAD",
        "/static/nosuch.css": "GET, HEAD",
        "/v1/tasks/cancel": "POST",
    }.items():
        response = service.client.put(path)
        problem = refused(response, 405, "method_not_allowed")
        assert problem["detail"] == f"This address takes {allowed}, but not PUT."
        assert response.headers["allow"] == allowed

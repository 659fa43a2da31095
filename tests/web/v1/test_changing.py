"""PATCH and DELETE of a task, and running it again."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from asking import body, finished, post, reaches, read, refused, rows_of, submit
from service import BELL, ENDLESS, STDGATES, Cluster, Service


@pytest.fixture(scope="module")
def task(service: Service) -> dict[str, Any]:
    return finished(service)


def patch(service: Service, id: str, change: Any) -> Any:
    kind = {"Content-Type": "application/merge-patch+json"}
    content = change if isinstance(change, bytes) else None
    if content is not None:
        return service.client.patch(f"/v1/tasks/{id}", content=content, headers=kind)
    return service.client.patch(f"/v1/tasks/{id}", json=change, headers=kind)


def called(service: Service, id: str) -> tuple[str | None, dict[str, str]]:
    found = read(service, id)
    return found["name"], found["tags"]


AS_IT_WAS: dict[str, Any] = {"name": "n", "tags": {"a": "1", "b": "2"}}


@pytest.mark.parametrize(
    ("change", "name", "tags"),
    [
        ({}, "n", {"a": "1", "b": "2"}),
        ({"name": "m"}, "m", {"a": "1", "b": "2"}),
        ({"name": None}, None, {"a": "1", "b": "2"}),
        ({"tags": {"c": "3"}}, "n", {"a": "1", "b": "2", "c": "3"}),
        ({"tags": {"a": None, "b": ""}}, "n", {"b": ""}),
        ({"tags": {"nosuch": None}}, "n", {"a": "1", "b": "2"}),
        ({"tags": {}}, "n", {"a": "1", "b": "2"}),
        ({"tags": None}, "n", {}),
        ({"tags": {"a": None, "b": None}, "name": "é🙂"}, "é🙂", {}),
    ],
)
def test_a_change_is_merged_into_what_is_there(service: Service, task, change, name, tags):
    patch(service, task["id"], {"tags": None})
    before = patch(service, task["id"], AS_IT_WAS)
    response = patch(service, task["id"], change)
    assert response.status_code == 200
    assert (response.json()["name"], response.json()["tags"]) == (name, tags)
    assert called(service, task["id"]) == (name, tags)
    changed = {"name": name, "tags": tags} != AS_IT_WAS
    assert (response.headers["etag"] != before.headers["etag"]) == changed
    for key, value in (("a", "1"), ("b", "2"), ("b", ""), ("c", "3")):
        listed = service.client.get("/v1/tasks", params={"tag": f"{key}:{value}", "limit": 200})
        ids = [one["id"] for one in listed.json()["tasks"]]
        assert (task["id"] in ids) == (tags.get(key) == value)


@pytest.mark.parametrize(
    ("change", "status", "says"),
    [
        ({"name": ""}, 422, "at least 1 character"),
        ({"name": "x" * 201}, 422, "at most 200 characters"),
        ({"name": "a\n"}, 422, "control characters"),
        ({"name": 1}, 422, "but got a whole number"),
        ({"shots": 1}, 422, "no field 'shots'"),
        ({"status": "cancelled"}, 422, "no field 'status'"),
        ({"tags": {"a b": None}}, 422, "letters, digits"),
        ({"tags": {"a": 1}}, 422, "but got a whole number"),
        ({"tags": []}, 422, "but got a list"),
        ({"tags": {f"k{i}": "" for i in range(51)}}, 422, "at most 50 tags"),
        (None, 422, "but got null"),
        ([], 422, "but got a list"),
        (b"{", 400, "ends too early"),
        (b'{"name": "\\ud800"}', 400, "surrogate"),
    ],
    ids=range(14),
)
def test_a_change_that_cannot_be_made_changes_nothing(
    service: Service, task, change, status, says
):
    patch(service, task["id"], {"tags": None})
    patch(service, task["id"], AS_IT_WAS)
    body = change if isinstance(change, bytes) else json.dumps(change).encode()
    response = patch(service, task["id"], body)
    problem = refused(response, status, "malformed_json" if status == 400 else "invalid_request")
    assert says in problem["detail"]
    assert called(service, task["id"]) == ("n", {"a": "1", "b": "2"})


def test_fifty_tags_are_the_most_after_merging_too(service: Service, task):
    patch(service, task["id"], {"tags": None})
    assert (
        patch(service, task["id"], {"tags": {f"k{i}": "" for i in range(50)}}).status_code == 200
    )
    response = patch(service, task["id"], {"tags": {"one-more": ""}})
    assert refused(response, 422, "invalid_request")["errors"][0]["pointer"] == "/tags"
    assert patch(service, task["id"], {"tags": {"k0": None, "one-more": ""}}).status_code == 200
    assert patch(service, task["id"], {"tags": {"k1": "other"}}).status_code == 200
    assert len(called(service, task["id"])[1]) == 50


def test_of_changes_at_the_same_time_none_is_lost(cluster: Cluster):
    id = finished(cluster.api)["id"]
    with ThreadPoolExecutor(20) as clients:
        answers = list(
            clients.map(
                lambda n: patch(
                    (cluster.api, cluster.other)[n % 2], id, {"tags": {f"k{n}": str(n)}}
                ),
                range(40),
            )
        )
    assert {answer.status_code for answer in answers} == {200}
    assert called(cluster.api, id) == (None, {f"k{n}": str(n) for n in range(40)})
    with ThreadPoolExecutor(20) as clients:
        list(
            clients.map(
                lambda n: patch(
                    (cluster.api, cluster.other)[n % 2], id, {"tags": {f"more{n}": ""}}
                ),
                range(40),
            )
        )
    assert len(called(cluster.api, id)[1]) == 50


def test_a_task_may_be_called_something_else_in_any_state(cluster: Cluster):
    id = submit(cluster.api, ENDLESS)["id"]
    reaches(cluster.api, id, "running")
    assert patch(cluster.other, id, {"name": "running"}).json()["status"] == "running"
    cluster.api.client.post(f"/v1/tasks/{id}/cancel")
    reaches(cluster.api, id, "cancelled")
    assert patch(cluster.other, id, {"name": "ended"}).json()["name"] == "ended"


def test_a_deleted_task_is_gone_with_all_that_was_its_own(cluster: Cluster):
    callback = "https://callbacks.invalid/x"
    id = finished(cluster.api, tags={"a": "b"}, callback_url=callback)["id"]
    assert set(rows_of(cluster.database, id).values()) == {1}
    response = cluster.other.client.delete(f"/v1/tasks/{id}")
    assert (response.status_code, response.content) == (204, b"")
    assert set(rows_of(cluster.database, id).values()) == {0}
    for path in ("", "/result", "/events", "/circuit"):
        refused(cluster.api.client.get(f"/v1/tasks/{id}{path}"), 410, "task_expired")
    refused(cluster.api.client.delete(f"/v1/tasks/{id}"), 410, "task_expired")
    assert cluster.api.client.get(f"/tasks/{id}").status_code == 404
    listed = cluster.api.client.get("/v1/tasks?tag=a:b").json()["tasks"]
    assert id not in [task["id"] for task in listed]


def test_a_task_that_has_not_ended_is_not_deleted(cluster: Cluster):
    id = submit(cluster.api, ENDLESS)["id"]
    waiting = submit(cluster.api, ENDLESS)["id"]
    reaches(cluster.api, id, "running")
    for one, status in ((id, "running"), (waiting, "queued")):
        problem = refused(cluster.api.client.delete(f"/v1/tasks/{one}"), 409, "task_not_ended")
        assert problem["detail"] == f"The task is {status}: cancel it first."
    post(cluster.api, {"ids": [id, waiting]}, "/v1/tasks/cancel")
    reaches(cluster.api, id, "cancelled")
    for one in (id, waiting):
        assert cluster.api.client.delete(f"/v1/tasks/{one}").status_code == 204


RERUN: list[dict[str, Any]] = [
    {"shots": 77, "seed": 5, "priority": -3, "timeout_s": 30.0, "ttl_s": 500, "memory": True},
    {"method": "statevector", "observables": [{"pauli": "ZZ"}, [{"pauli": "XX", "coeff": 0.5}]]},
    {"noise": {"depolarizing": {"p1": 0.1, "p2": 0.2}, "readout": [0.1, 0.2]}, "seed": 1},
]


@pytest.mark.parametrize("fields", RERUN, ids=range(len(RERUN)))
def test_a_task_is_run_again_as_it_was(service: Service, fields: dict[str, Any]):
    first = finished(service, name="again", tags={"a": "b"}, **fields)
    assert first["status"] == "completed", first["error"]
    response = service.client.post(f"/v1/tasks/{first['id']}/rerun", headers={"Prefer": "wait=30"})
    second = body(response)
    assert (response.status_code, second["status"]) == (200, "completed")
    assert response.headers["location"] == f"/v1/tasks/{second['id']}"
    assert second["id"] != first["id"]
    for name in ("name", "tags", "request"):
        assert second[name] == first[name]
    if "seed" in fields:
        results = [service.client.get(task["links"]["result"]).json() for task in (first, second)]
        assert {**results[0], "id": 0} == {**results[1], "id": 0}


def test_a_sweep_is_run_again_as_a_sweep(service: Service):
    qc = f"{STDGATES}input float theta;\nqubit q;\nbit c;\nrx(theta) q;\nc = measure q;\n"
    first = finished(service, qc, parameters=[{"theta": 0.0}, {"theta": 1.0}], seed=1)
    response = service.client.post(f"/v1/tasks/{first['id']}/rerun")
    assert (response.status_code, response.json()["request"]) == (202, first["request"])


def test_a_task_in_any_state_may_be_run_again_under_its_new_name(service: Service):
    failed = finished(service, ENDLESS, timeout_s=0.05)
    patch(service, failed["id"], {"name": "renamed", "tags": {"x": "y"}})
    response = service.client.post(
        f"/v1/tasks/{failed['id']}/rerun", headers={"Prefer": "wait=30"}
    )
    again = body(response)
    assert (again["status"], again["error"]) == ("failed", failed["error"])
    assert (again["name"], again["tags"]) == ("renamed", {"x": "y"})
    assert submit(service, BELL)["name"] is None

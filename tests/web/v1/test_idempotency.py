"""The header Idempotency-Key."""

from __future__ import annotations

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from asking import body, post, reaches, refused, sql
from service import BELL, Cluster, Service, until


def keyed(service: Service, wanted: Any, key: str, path: str = "/v1/tasks", **headers: str) -> Any:
    return post(service, wanted, path, Idempotency_Key=key, **headers)


@pytest.fixture
def key() -> str:
    return str(uuid.uuid4())


def test_the_same_request_with_the_same_key_is_answered_with_the_same_task(service, key):
    first = keyed(service, {"qc": BELL, "shots": 5, "tags": {"a": "1", "b": "2"}}, key)
    assert first.status_code == 202
    assert "idempotent-replayed" not in first.headers
    # Spaces, the order of keys, and what goes without saying make no difference.
    again = [
        {"tags": {"b": "2", "a": "1"}, "shots": 5, "qc": BELL},
        {"qc": BELL, "shots": 5, "tags": {"a": "1", "b": "2"}, "priority": 0, "seed": None},
    ]
    for wanted in again:
        response = keyed(service, json.dumps(wanted, indent=3).encode(), key)
        assert response.status_code in (200, 202)
        assert response.json()["id"] == first.json()["id"]
        assert response.headers["idempotent-replayed"] == "true"
        assert response.headers["location"] == first.headers["location"]


@pytest.mark.parametrize(
    "other",
    [
        {"qc": BELL, "shots": 6},
        {"qc": BELL + "\n", "shots": 5},
        {"qc": BELL, "shots": 5, "name": "x"},
        {"tasks": [{"qc": BELL, "shots": 5}]},
    ],
)
def test_another_request_with_the_same_key_is_refused(service: Service, key: str, other: Any):
    assert keyed(service, {"qc": BELL, "shots": 5}, key).status_code == 202
    refused(keyed(service, other, key), 422, "idempotency_mismatch")
    assert keyed(service, other, key + "-2").status_code == 202


def test_fifty_at_once_to_two_instances_make_one_task(cluster: Cluster, key: str):
    instances = (cluster.api, cluster.other)
    wanted = {"qc": BELL, "name": key}

    def ask(number: int) -> Any:
        return keyed(instances[number % 2], wanted, key)

    with ThreadPoolExecutor(50) as clients:
        answers = list(clients.map(ask, range(50)))
    assert {answer.status_code for answer in answers} <= {200, 202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1
    assert sql(cluster.database, "select count(*) from programs where name = $1", key) == 1


def test_of_different_requests_at_once_with_one_key_one_is_accepted(cluster: Cluster, key: str):
    instances = (cluster.api, cluster.other)
    with ThreadPoolExecutor(20) as clients:
        answers = list(
            clients.map(
                lambda n: keyed(instances[n % 2], {"qc": BELL, "shots": n + 1, "name": key}, key),
                range(20),
            )
        )
    accepted = [answer for answer in answers if answer.status_code == 202]
    assert len(accepted) == 1
    assert {a.json()["code"] for a in answers if a not in accepted} == {"idempotency_mismatch"}
    assert sql(cluster.database, "select count(*) from programs where name = $1", key) == 1


def test_a_request_that_was_refused_leaves_its_key_free(service: Service, key: str):
    refused(keyed(service, {"qc": "OPENQASM 3.0;\nnosuch;"}, key), 422, "qasm_semantic")
    refused(keyed(service, {"qc": BELL, "shots": 10**7}, key), 422, "invalid_request")
    refused(keyed(service, {"tasks": [{"qc": ""}]}, key), 422, "batch_invalid")
    response = keyed(service, {"qc": BELL}, key)
    assert response.status_code == 202
    assert "idempotent-replayed" not in response.headers


def test_whoever_sends_it_again_may_prefer_to_wait(service: Service, key: str):
    first = keyed(service, {"qc": BELL}, key, Prefer="wait=30")
    assert (first.status_code, first.json()["status"]) == (200, "completed")
    again = keyed(service, {"qc": BELL}, key, Prefer="wait=30")
    assert (again.status_code, again.headers["idempotent-replayed"]) == (200, "true")
    assert again.json() == first.json()


def test_the_seeds_route_knows_the_same_keys(service: Service, key: str):
    first = keyed(service, {"qc": BELL}, key, "/tasks")
    again = keyed(service, {"qc": BELL}, key, "/tasks")
    assert first.json() == again.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["location"] == first.headers["location"]
    assert keyed(service, {"qc": BELL}, key).json()["id"] == first.json()["task_id"]
    refused(keyed(service, {"qc": BELL, "seed": 1}, key, "/tasks"), 422, "idempotency_mismatch")


def test_a_batch_is_stored_once_and_answered_the_same(service: Service, key: str):
    batch = {"tasks": [{"qc": BELL, "shots": 3}, {"qc": "nosuch"}], "atomic": False}
    first = keyed(service, batch, key)
    assert (first.status_code, first.json()["accepted"]) == (202, 1)
    other_way = {"atomic": False, "tasks": [{"shots": 3, "qc": BELL}, {"qc": "nosuch"}]}
    again = keyed(service, json.dumps(other_way, indent=1).encode(), key)
    assert again.content == first.content
    assert again.headers["idempotent-replayed"] == "true"
    refused(keyed(service, {**batch, "atomic": True}, key), 422, "idempotency_mismatch")


def test_batches_at_once_with_one_key_are_stored_once(cluster: Cluster, key: str):
    batch = {"tasks": [{"qc": BELL, "name": key} for _ in range(5)]}
    with ThreadPoolExecutor(10) as clients:
        answers = list(
            clients.map(
                lambda n: keyed((cluster.api, cluster.other)[n % 2], batch, key), range(10)
            )
        )
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.content for answer in answers}) == 1
    assert sql(cluster.database, "select count(*) from programs where name = $1", key) == 5


def test_a_task_is_run_again_once(service: Service, key: str):
    task = body(post(service, {"qc": BELL}))
    path = f"/v1/tasks/{task['id']}/rerun"
    first, again = (keyed(service, b"", key, path) for _ in range(2))
    assert first.json()["id"] == again.json()["id"] != task["id"]
    assert again.headers["idempotent-replayed"] == "true"


@pytest.mark.parametrize("bad", [b"", b"x" * 256, "ключ".encode(), b"a\tb", b"\xe9"])
def test_a_key_that_is_none_is_refused(service: Service, bad: bytes):
    for path in ("/v1/tasks", "/tasks"):
        headers = {"Idempotency-Key": bad}
        problem = refused(
            service.client.post(path, json={"qc": BELL}, headers=headers), 422, "invalid_request"
        )
        assert "Idempotency-Key" in problem["detail"]


def test_the_longest_key_is_one(service: Service):
    long = f"{uuid.uuid4()} ~{'x' * 217}"
    assert len(long) == 255
    first = keyed(service, {"qc": BELL}, long)
    assert keyed(service, {"qc": BELL}, long).json()["id"] == first.json()["id"]


def test_a_key_whose_task_is_gone_makes_no_new_one(service: Service, key: str, shared_database):
    deleted = keyed(service, {"qc": BELL}, key).json()["id"]
    reaches(service, deleted, "completed")
    assert service.client.delete(f"/v1/tasks/{deleted}").status_code == 204
    refused(keyed(service, {"qc": BELL}, key), 410, "task_expired")
    expired = keyed(service, {"qc": BELL, "ttl_s": 1}, key + "-2").json()["id"]
    reaches(service, expired, "completed")
    until(lambda: service.client.get(f"/v1/tasks/{expired}").status_code == 410, 5)
    refused(keyed(service, {"qc": BELL, "ttl_s": 1}, key + "-2"), 410, "task_expired")
    # A key that is a day old is forgotten.
    forget = "update idempotency_keys set created_at = now() - interval '25 hours' where key = $1"
    sql(shared_database, forget, key)
    known = "select count(*) from idempotency_keys where key = $1"
    until(lambda: sql(shared_database, known, key) == 0, 10, 0.2)
    assert keyed(service, {"qc": BELL}, key).status_code == 202


def test_it_is_replayed_although_the_queue_is_full(start, database: str, key: str):
    api = start("--only", "api", MAX_QUEUED_TASKS="2")
    ids = [keyed(api, {"qc": BELL}, f"{key}-{n}").json()["id"] for n in range(2)]
    refused(keyed(api, {"qc": BELL}, f"{key}-2"), 429, "queue_full")
    for path, name in (("/v1/tasks", "id"), ("/tasks", "task_id")):
        again = keyed(api, {"qc": BELL}, f"{key}-0", path)
        assert (again.status_code, again.json()[name]) == (202, ids[0])
    # What was refused used no key.
    api.client.post(f"/v1/tasks/{ids[1]}/cancel")
    # The count is up to a second old.
    until(lambda: keyed(api, {"qc": BELL}, f"{key}-2").status_code == 202, 3)

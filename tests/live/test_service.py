"""What a running service promises to those who ask it over HTTP."""

from __future__ import annotations

import itertools
import math
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from instances import WAIT_S, Live, good
from known_programs import BELL, LONG, MISTAKE, OLD, ONE, PAIR, REGISTERS, TURN

SEEDED = {"seed": 7, "shots": 200}


def test_every_instance_is_up_and_ready(live: Live) -> None:
    for url in live.urls:
        assert good(httpx.get(f"{url}/healthz")) == {"status": "ok"}
        assert good(httpx.get(f"{url}/readyz")) == {"status": "ready"}


def test_the_simple_api_takes_a_program_and_brings_counts(live: Live) -> None:
    submitted = live.post("/tasks", {"qc": BELL, "shots": 100, "ttl_s": 600})
    assert set(submitted) == {"task_id", "message"}
    assert submitted["message"] == "Task submitted successfully."
    found = live.get(f"/tasks/{submitted['task_id']}", wait=WAIT_S)
    assert found["status"] == "completed"
    assert set(found["result"]) <= {"00", "11"}
    assert sum(found["result"].values()) == 100
    missing = live.ask("GET", f"/tasks/{uuid.uuid4()}")
    assert missing.status_code == 404


def test_a_task_is_durable_when_its_id_is_answered_and_says_what_became_of_it(live: Live) -> None:
    answer = live.ask("POST", "/v1/tasks", json={"qc": BELL, "tags": live.tags, "ttl_s": 600})
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/v1/tasks/{answer.json()['id']}"
    assert answer.headers["x-request-id"]
    task = live.ended(answer.json()["id"])
    assert task["status"] == "completed"
    assert task["created_at"] <= task["started_at"] <= task["ended_at"] < task["expires_at"]
    assert task["stats"]["qubits"] == 2
    assert {"engine", "seed", "versions", "usage", "links"} <= set(task)
    assert live.get(task["links"]["result"])["id"] == task["id"]
    again = live.ask("GET", f"/v1/tasks/{task['id']}")
    seen = {"If-None-Match": again.headers["etag"]}
    assert live.ask("GET", f"/v1/tasks/{task['id']}", headers=seen).status_code == 304


def test_the_answer_waits_for_the_end_if_asked_to(live: Live) -> None:
    body = {"qc": BELL, "tags": live.tags, "ttl_s": 600}
    task = live.post("/v1/tasks", body, Prefer=f"wait={WAIT_S}")
    assert task["status"] == "completed"


VIEWS: dict[str, tuple[str, dict[str, Any], Any]] = {
    "counts": (ONE, {"shots": 9}, {"1": 9}),
    "registers": (REGISTERS, {"shots": 9}, {"a": {"01": 9}, "b": {"1": 9}}),
    "probabilities": (REGISTERS, {"shots": 9}, {"1 01": 1.0}),
    "memory": (ONE, {"shots": 3, "memory": True}, ["1", "1", "1"]),
    "expectation_values": (
        PAIR,
        {"shots": 0, "observables": [{"pauli": "ZZ"}, {"pauli": "XX", "coeff": 0.5}]},
        [{"value": pytest.approx(1), "std": 0}, {"value": pytest.approx(0.5), "std": 0}],
    ),
    "statevector": (
        PAIR,
        {"shots": 0},
        [[pytest.approx(a, abs=1e-9), pytest.approx(0)] for a in (0.5**0.5, 0, 0, 0.5**0.5)],
    ),
}


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_shows_what_the_program_brings(live: Live, view: str) -> None:
    qc, options, expected = VIEWS[view]
    assert live.result(qc, view, **options)[view] == expected


def test_without_shots_probabilities_are_exact(live: Live) -> None:
    found = live.result(BELL, "probabilities", shots=0)
    assert found["probabilities"] == {"00": pytest.approx(0.5), "11": pytest.approx(0.5)}


def test_counts_come_as_csv_and_as_pictures(live: Live) -> None:
    path = f"/v1/tasks/{live.run(ONE, shots=9)['id']}"
    csv = live.ask("GET", f"{path}/result", headers={"Accept": "text/csv"})
    assert csv.text.splitlines()[1:] == ["1,9"]
    for name in ("counts.svg", "circuit.svg"):
        picture = live.ask("GET", f"{path}/{name}")
        assert picture.headers["content-type"].startswith("image/svg+xml")
        assert "<svg" in picture.text
    assert live.ask("GET", f"{path}/circuit").text == ONE


def test_a_sweep_runs_once_for_each_value(live: Live) -> None:
    values = [{"theta": 0}, {"theta": math.pi}]
    items = live.result(TURN, parameters=values, shots=50)["items"]
    assert [item["counts"] for item in items] == [{"0": 50}, {"1": 50}]


def test_noise_is_noticed(live: Live) -> None:
    assert live.result(ONE, shots=20, noise={"readout": [0, 1]})["counts"] == {"0": 20}


def test_openqasm_2_is_read_as_well(live: Live) -> None:
    assert live.result(OLD, shots=5)["counts"] == {"1": 5}


def test_the_same_seed_gives_the_same_counts_also_to_a_rerun(live: Live) -> None:
    task = live.run(BELL, **SEEDED)
    first = live.get(f"/v1/tasks/{task['id']}/result")["counts"]
    assert live.result(BELL, **SEEDED)["counts"] == first
    again = live.ended(live.post(f"/v1/tasks/{task['id']}/rerun")["id"])
    assert again["id"] != task["id"]
    assert live.get(f"/v1/tasks/{again['id']}/result")["counts"] == first


def test_a_request_that_is_sent_again_is_one_task(live: Live) -> None:
    body = {"qc": BELL, "tags": live.tags, "ttl_s": 600}
    key = uuid.uuid4().hex
    ids = {live.post("/v1/tasks", body, **{"Idempotency-Key": key})["id"] for _ in range(4)}
    assert len(ids) == 1
    other = {**body, "shots": 3}
    answer = live.ask("POST", "/v1/tasks", json=other, headers={"Idempotency-Key": key})
    assert answer.json()["code"] == "idempotency_mismatch"


def test_a_batch_is_accepted_as_a_whole(live: Live) -> None:
    tasks = [{"qc": ONE, "shots": 4, "tags": live.tags, "ttl_s": 600} for _ in range(3)]
    found = live.post("/v1/tasks", {"tasks": tasks})
    assert (found["accepted"], found["rejected"]) == (3, 0)
    answer = live.ask("POST", "/v1/tasks", json={"tasks": [*tasks, {"qc": MISTAKE}]})
    assert (answer.status_code, answer.json()["code"]) == (422, "batch_invalid")


@pytest.fixture
def long(live: Live) -> Iterator[dict[str, Any]]:
    """A task that takes minutes, unless it is cancelled."""
    task = live.submit(LONG, shots=10_000)
    yield task
    live.ask("POST", f"/v1/tasks/{task['id']}/cancel")


def test_a_task_is_cancelled(live: Live, long: dict[str, Any]) -> None:
    path = f"/v1/tasks/{long['id']}"
    assert live.ask("POST", f"{path}/cancel").status_code in (200, 202)
    assert live.ended(long["id"])["status"] == "cancelled"
    assert live.get(f"/tasks/{long['id']}")["status"] != "completed"
    result = live.ask("GET", f"{path}/result")
    assert (result.status_code, result.json()["code"]) == (409, "no_result")


def test_tasks_are_cancelled_by_their_tag(live: Live) -> None:
    tags = {"live-cancel": uuid.uuid4().hex}
    ids = {live.submit(LONG, shots=10_000, tags=tags)["id"] for _ in range(2)}
    live.post("/v1/tasks/cancel", {"tags": tags})
    assert {live.ended(id)["status"] for id in ids} == {"cancelled"}


def test_tasks_are_listed_in_pages_found_renamed_and_deleted(live: Live) -> None:
    tags = {"live-list": uuid.uuid4().hex}
    [(key, value)] = tags.items()
    ids = [live.run(ONE, shots=1, tags=tags, name=f"number {n}")["id"] for n in range(5)]
    found: list[str] = []
    path: str | None = f"/v1/tasks?tag={key}:{value}&limit=2"
    while path:
        page = live.get(path)
        found += [task["id"] for task in page["tasks"]]
        path = page["next"]
    assert found == ids[::-1]
    changed = good(live.ask("PATCH", f"/v1/tasks/{ids[0]}", json={"name": "another"}))
    assert (changed["name"], changed["tags"]) == ("another", tags)
    one = live.get("/v1/tasks", tag=f"{key}:{value}", name="another", fields="id")
    assert one["tasks"] == [{"id": ids[0]}]
    assert live.ask("DELETE", f"/v1/tasks/{ids[0]}").status_code == 204
    assert live.ask("GET", f"/v1/tasks/{ids[0]}").status_code in (404, 410)


def test_a_task_has_a_history_and_streams_it(live: Live) -> None:
    task = live.run(ONE, shots=1)
    path = f"/v1/tasks/{task['id']}/events"
    events = live.get(path)["events"]
    assert [event["status"] for event in events] == ["queued", "running", "completed"]
    with live.stream(path) as stream:
        ids = [line for line in stream.iter_lines() if line.startswith("id:")]
    assert ids == ["id: 1", "id: 2", "id: 3"]


def test_the_feed_has_every_change(live: Live) -> None:
    with live.stream("/v1/tasks/feed") as stream:
        assert stream.status_code == 200
        task = live.submit(ONE, shots=1)
        about = (line for line in stream.iter_lines() if task["id"] in line)
        statuses = list(itertools.islice(about, 3))
    assert ["queued" in statuses[0], "running" in statuses[1], "completed" in statuses[2]] == (
        [True] * 3
    )


REFUSED: dict[str, tuple[int, str, dict[str, Any]]] = {
    "a mistake in the program": (422, "qasm_syntax", {"json": {"qc": MISTAKE}}),
    "a gate that is not there": (
        422,
        "qasm_semantic",
        {"json": {"qc": ONE.replace("x q;", "nosuch q;")}},
    ),
    "a field with a wrong value": (422, "invalid_request", {"json": {"qc": ONE, "shots": -1}}),
    "what is no JSON": (
        400,
        "malformed_json",
        {"content": b'{"qc":', "headers": {"Content-Type": "application/json"}},
    ),
    "another type": (
        415,
        "unsupported_media_type",
        {"content": b"qc", "headers": {"Content-Type": "text/plain"}},
    ),
    "an input without a value": (422, "unbound_parameter", {"json": {"qc": TURN}}),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_run_is_refused_with_the_reason(live: Live, what: str) -> None:
    status, code, request = REFUSED[what]
    answer = live.ask("POST", "/v1/tasks", **request)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]
    if code == "qasm_syntax":
        [error] = answer.json()["errors"]
        assert (error["pointer"], error["line"], error["column"]) == ("/qc", 4, 9)


def test_what_is_not_there_is_not_found(live: Live) -> None:
    for path in (f"/v1/tasks/{uuid.uuid4()}", "/v1/tasks/x", f"/v1/tasks/{uuid.uuid4()}/result"):
        answer = live.ask("GET", path)
        assert (answer.status_code, answer.json()["code"]) == (404, "task_not_found")
    assert live.ask("GET", "/nosuch").json()["code"] == "not_found"
    assert live.ask("PUT", "/v1/tasks").status_code == 405


def test_a_program_is_checked_without_being_run(live: Live) -> None:
    assert live.post("/v1/validate", {"qc": BELL})["accepted"]
    found = live.post("/v1/validate", {"qc": MISTAKE})
    assert not found["accepted"]
    assert found["diagnostics"][0]["line"] == 4


def test_the_service_says_what_it_can_do(live: Live) -> None:
    found = live.get("/v1/backend")
    assert found["instances"] >= len(live.urls)
    assert {"h", "cx"} <= set(found["gates"])
    paths = live.get("/openapi.json")["paths"]
    assert {"/tasks", "/tasks/{id}", "/v1/tasks", "/v1/tasks/{id}/result"} <= set(paths)

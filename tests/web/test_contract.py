"""The seed contract, byte for byte, asked of the real service over HTTP."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import asyncpg
import pytest
from service import BELL, SLOW, STDGATES, Service, dense, until

UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
NOT_FOUND = b'{"status":"error","message":"Task not found."}'
PENDING = b'{"status":"pending","message":"Task is still in progress."}'
JSON = {"Content-Type": "application/json"}


def post(service: Service, body: bytes, **headers: str) -> tuple[int, dict]:
    headers = {"Content-Type": "application/json", **headers}
    response = service.client.post("/tasks", content=body, headers=headers)
    return response.status_code, response.json()


def test_a_submission_answers_202_with_the_two_keys_and_a_location(service: Service):
    response = service.client.post("/tasks", json={"qc": BELL})
    assert response.status_code == 202
    assert response.headers["content-type"] == "application/json"
    pattern = f'{{"task_id":"({UUID})","message":"Task submitted successfully."}}'
    match = re.fullmatch(pattern, response.text)
    assert match
    assert response.headers["location"] == f"/tasks/{match[1]}"


def test_a_bell_state_comes_back_as_00_and_11(service: Service):
    id = service.submit(BELL)
    body = service.final(id)
    assert list(body) == ["status", "result"]
    assert body["status"] == "completed"
    assert list(body["result"]) == ["00", "11"]
    assert sum(body["result"].values()) == 1024
    assert 380 < body["result"]["00"] < 644  # eight standard deviations
    raw = service.client.get(f"/tasks/{id}")
    assert raw.text == json.dumps(body, separators=(",", ":"))
    assert raw.headers["content-type"] == "application/json"


def test_a_task_reads_pending_while_it_is_queued_or_running(service: Service):
    id = service.submit(SLOW)
    response = service.client.get(f"/tasks/{id}")
    assert (response.status_code, response.content) == (200, PENDING)
    assert service.final(id)["status"] == "completed"


@pytest.mark.parametrize(
    "id",
    [
        "1f0e9ad8-7f3c-4b5e-9d2a-0c1b2a394857",
        "1",
        "not-a-uuid",
        "00000000-0000-0000-0000-00000000000g",
        "{1f0e9ad8-7f3c-4b5e-9d2a-0c1b2a394857}",
        "1f0e9ad87f3c4b5e9d2a0c1b2a394857",
        "%00",
        "%ff%fe",
        "a" * 4000,
        "é",
        "-1;drop table tasks",
    ],
)
def test_a_malformed_or_unknown_id_is_the_404_body(service: Service, id: str):
    response = service.client.get(f"/tasks/{id}")
    assert (response.status_code, response.content) == (404, NOT_FOUND)


async def test_failed_and_cancelled_tasks_read_as_such_with_200(service: Service, shared_database):
    failed, cancelled = uuid.uuid4(), uuid.uuid4()
    db = await asyncpg.connect(shared_database)
    await db.execute(
        "insert into tasks (id, queue, shots, status, ended_at, error_code, error_message) "
        "values ($1, 'other', 1, 'failed', now(), 'worker_crashed', 'It died.')",
        failed,
    )
    await db.execute(
        "insert into tasks (id, queue, shots, status, ended_at) "
        "values ($1, 'other', 1, 'cancelled', now())",
        cancelled,
    )
    await db.close()
    answers = [
        await asyncio.to_thread(service.client.get, f"/tasks/{id}") for id in (failed, cancelled)
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == b'{"status":"failed","message":"worker_crashed: It died."}'
    assert answers[1].content == b'{"status":"cancelled","message":"Task was cancelled."}'


def test_shots_and_seed_may_be_asked_for(service: Service):
    first = service.counts(BELL, shots=777, seed=5)
    assert sum(first.values()) == 777
    assert service.counts(BELL, shots=777, seed=5) == first
    assert service.counts(BELL, shots=777, seed=2**63 - 1)


def test_unknown_fields_are_ignored_as_they_always_were(service: Service):
    assert service.counts(BELL, backend="qasm_simulator")


def test_an_invalid_program_is_a_problem_with_line_column_snippet_and_hint(service: Service):
    response = service.client.post("/tasks", json={"qc": "OPENQASM 3.0;\nqubit[2] q\nbit c;\n"})
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert list(body) == ["type", "title", "status", "code", "detail", "errors"]
    assert (body["status"], body["code"]) == (422, "qasm_syntax")
    (error,) = body["errors"]
    assert list(error) == ["pointer", "line", "column", "snippet", "hint"]
    assert (error["pointer"], error["line"], error["column"]) == ("/qc", 3, 1)
    assert error["snippet"] == "bit c;\n^"
    assert "';'" in error["hint"]


@pytest.mark.parametrize(
    ("body", "status", "code", "says"),
    [
        (b"", 400, "malformed_json", "ends too early"),
        (b"{", 400, "malformed_json", "ends too early"),
        (b"qc", 400, "malformed_json", "not JSON"),
        (b'{"qc": "x"} x', 400, "malformed_json", "trailing"),
        (b'{"qc": "\xff"}', 400, "malformed_json", "UTF-8"),
        (rb'{"qc": "\ud800"}', 400, "malformed_json", "surrogate"),
        (rb'{"qc": "\udc00 \ud83d\ude00"}', 400, "malformed_json", "surrogate"),
        (b"[" * 100_000, 422, "invalid_request", "expected an object"),
        (b'{"x":' + b"[" * 100_000, 400, "malformed_json", ""),
        (b"[]", 422, "invalid_request", "expected an object"),
        (b"null", 422, "invalid_request", "expected an object"),
        (b"{}", 422, "invalid_request", "'qc' is missing"),
        (b'{"qc": 3}', 422, "invalid_request", "'qc': expected a text but got a whole number"),
        (b'{"qc": null}', 422, "invalid_request", "'qc'"),
        (b'{"qc": "x", "shots": -1}', 422, "invalid_request", "'shots'"),
        (b'{"qc": "x", "shots": 1.5}', 422, "invalid_request", "'shots'"),
        (b'{"qc": "x", "shots": "7"}', 422, "invalid_request", "'shots'"),
        (b'{"qc": "x", "shots": 1000001}', 422, "invalid_request", "MAX_SHOTS"),
        (b'{"qc": "x", "seed": -1}', 422, "invalid_request", "'seed'"),
        (b'{"qc": ""}', 422, "qasm_syntax", "is empty"),
        (rb'{"qc": "qubit q;\u0000"}', 422, "qasm_syntax", "NUL"),
    ],
    ids=range(21),
)
def test_a_body_that_cannot_be_used_says_why(service, body, status, code, says):
    found, problem = post(service, body)
    assert (found, problem["code"]) == (status, code)
    assert says in problem["detail"]


def test_an_ill_typed_field_is_pointed_at(service: Service):
    _, problem = post(service, b'{"qc": 3}')
    assert problem["errors"][0]["pointer"] == "/qc"
    _, problem = post(service, b"{}")
    assert problem["errors"][0]["pointer"] == "/qc"


def test_a_byte_order_mark_before_json_or_program_is_dropped(service: Service):
    status, _ = post(service, b"\xef\xbb\xbf" + json.dumps({"qc": "\ufeff" + BELL}).encode())
    assert status == 202


def test_line_ends_of_windows_and_old_macs_keep_positions_right(service: Service):
    for end in ("\r\n", "\r"):
        program = f"OPENQASM 3.0;{end}qubit q;{end}  nosuch q;{end}"
        _, problem = post(service, json.dumps({"qc": program}).encode())
        (error,) = problem["errors"]
        assert (error["line"], error["column"], error["snippet"]) == (3, 3, "  nosuch q;\n  ^")
        assert service.counts(BELL.replace("\n", end))


def test_another_content_type_is_415_and_says_which_header_to_send(service: Service):
    for media_type in ("text/plain", "application/x-www-form-urlencoded", "application/xml"):
        status, problem = post(service, b"{}", **{"Content-Type": media_type})
        assert (status, problem["code"]) == (415, "unsupported_media_type")
        assert "Content-Type: application/json" in problem["detail"]
    assert post(service, b"{}", **{"Content-Type": "Application/JSON; charset=utf-8"})[0] == 422


def test_a_body_over_the_limit_is_413_whether_its_length_is_declared_or_not(service: Service):
    large = b'{"qc": "' + b"x" * 1_048_576 + b'"}'
    status, problem = post(service, large)
    assert (status, problem["code"]) == (413, "body_too_large")
    assert "MAX_BODY_BYTES" in problem["detail"]
    chunks = (large[i : i + 65536] for i in range(0, len(large), 65536))
    response = service.client.post("/tasks", content=chunks, headers=JSON)
    assert response.status_code == 413


def test_a_program_of_almost_the_limit_is_read(service: Service):
    padding = "// " + "é" * ((262_144 - len(BELL) - 4) // 2) + "\n"
    assert service.client.post("/tasks", json={"qc": padding + BELL}).status_code == 202
    longer = {"qc": f"// {'x' * 10}\n{padding}{BELL}"}
    response = service.client.post("/tasks", json=longer)
    assert (response.status_code, response.json()["code"]) == (422, "program_too_large")
    size = len(longer["qc"].encode())
    assert response.json()["detail"] == (
        f"The program has {size} bytes; at most 262144 are allowed (MAX_PROGRAM_BYTES)."
    )


def test_other_addresses_and_methods_are_problems_too(service: Service):
    for path in ("/nosuch", "/tasks/", "/tasks/a/b", "/static/../../../etc/passwd"):
        response = service.client.get(path)
        assert (response.status_code, response.json()["code"]) == (404, "not_found"), path
    response = service.client.delete("/tasks")
    assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")
    assert response.headers["allow"] == "POST"


def test_bytes_that_are_not_http_are_answered_and_forgotten(service: Service):
    host, port = service.url.removeprefix("http://").split(":")
    for junk in (
        b"\x00" * 100,
        b"GET\r\n\r\n",
        b"POST /tasks HTTP/1.1\r\nContent-Length: x\r\n\r\n",
    ):
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            connection.sendall(junk)
            assert b"500" not in connection.recv(1000)[:20]
    assert service.client.get("/healthz").status_code == 200


def test_a_long_program_that_takes_too_long_to_check_is_refused(start: Callable[..., Service]):
    service = start(PARSE_TIME_LIMIT_S="0.1")
    statements = "rx(0.1234567) q[0]; ry(0.7654321) q[1]; cx q[0], q[1];\n" * 4_600
    # A pragma is left to the slow parser.
    text = f"{STDGATES}pragma slow\nqubit[2] q;{statements}"
    response = service.client.post("/tasks", json={"qc": text})
    assert (response.status_code, response.json()["code"]) == (422, "too_complex")
    assert "PARSE_TIME_LIMIT_S" in response.json()["detail"]


def test_a_full_queue_refuses_with_429_until_there_is_room(start: Callable[..., Service]):
    api = start("--only", "api", MAX_QUEUED_TASKS="5")
    ids = [api.submit(BELL) for _ in range(5)]
    for _ in range(3):
        response = api.client.post("/tasks", json={"qc": BELL})
        assert (response.status_code, response.json()["code"]) == (429, "queue_full")
        assert response.headers["content-type"] == "application/problem+json"
        assert int(response.headers["retry-after"]) >= 1
        assert response.json()["detail"].startswith("5 tasks are queued")
        assert "MAX_QUEUED_TASKS" in response.json()["detail"]
    worker = start("--only", "worker")
    for id in ids:
        assert api.final(id)["status"] == "completed"
    worker.stop()
    until(lambda: api.client.post("/tasks", json={"qc": BELL}).status_code == 202, 3)
    assert [api.submit(BELL) for _ in range(4)]
    assert api.client.post("/tasks", json={"qc": BELL}).status_code == 429


SEEDED = {
    "sampled": BELL,
    "feed-forward": STDGATES
    + "qubit[2] q; bit[2] c; bit d; h q; c[0] = measure q[0]; if (c[0]) { ry(0.7) q[1]; } "
    "while (!d) { reset q[0]; h q[0]; d = measure q[0]; } c[1] = measure q[1];",
    "matrix product state": STDGATES
    + "qubit[40] q; bit[40] c; ry(0.3) q; for int i in [0:38] cx q[i], q[i + 1]; c = measure q;",
}


@pytest.mark.parametrize("kind", SEEDED)
def test_a_seed_gives_the_same_counts_on_any_child_under_any_load(service, kind):
    load = [service.submit(dense(14)) for _ in range(4)]
    ids = [service.submit(SEEDED[kind], seed=42, shots=200) for _ in range(6)]
    results = [service.final(id)["result"] for id in ids]
    assert all(result == results[0] for result in results)
    assert service.counts(SEEDED[kind], seed=43, shots=200) != results[0]
    for id in load:
        assert service.final(id)["status"] == "completed"


def test_whoever_waits_is_answered_when_the_task_ends(service: Service):
    id = service.submit(SLOW)
    response = service.client.get(f"/tasks/{id}?wait=60")
    assert response.json()["status"] == "completed"
    assert list(response.json()) == ["status", "result"]
    again = service.client.get(f"/tasks/{id}?wait=60")
    assert again.content == response.content


def test_whoever_waits_not_long_enough_is_told_that_the_task_is_pending(service: Service):
    id = service.submit(SLOW)
    began = time.monotonic()
    response = service.client.get(f"/tasks/{id}?wait=0.2")
    assert (response.status_code, response.content) == (200, PENDING)
    assert 0.2 <= time.monotonic() - began < 5
    service.final(id)


def test_whoever_waits_for_a_failing_task_is_told_why(service: Service):
    wide = STDGATES + "qubit[16] q; bit[2000] c; h q; c[0:15] = measure q;"
    id = service.submit(wide, shots=10_000)
    body = service.client.get(f"/tasks/{id}?wait=60").json()
    assert body["status"] == "failed"
    assert body["message"].startswith("result_too_large: ")


def test_nobody_waits_for_a_task_that_does_not_exist(service: Service):
    began = time.monotonic()
    response = service.client.get(f"/tasks/{uuid.uuid4()}?wait=30")
    assert (response.status_code, response.content) == (404, NOT_FOUND)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("wait", ["", "-1", "abc", "1e9", "0x1", "nan", "1_0", "９"])
def test_a_wait_that_is_no_number_of_seconds_is_refused(service: Service, wait: str):
    response = service.client.get(f"/tasks/{uuid.uuid4()}", params={"wait": wait})
    assert response.status_code == 422
    assert response.json()["code"] == "invalid_request"
    assert "?wait=30" in response.json()["detail"]


def test_many_wait_for_one_task_and_a_client_that_leaves_holds_up_none(service: Service):
    id = service.submit(SLOW)
    host, port = service.url.removeprefix("http://").split(":")
    for _ in range(20):
        with socket.create_connection((host, int(port))) as leaving:
            leaving.sendall(f"GET /tasks/{id}?wait=60 HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    with ThreadPoolExecutor(8) as clients:
        waits = [clients.submit(service.client.get, f"/tasks/{id}?wait=60") for _ in range(8)]
        assert {wait.result(60).json()["status"] for wait in waits} == {"completed"}

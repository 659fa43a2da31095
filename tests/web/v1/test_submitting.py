"""POST /v1/tasks: one task."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from asking import body, finished, post, read, refused, sql, submit
from service import BELL, ENDLESS, STDGATES, Cluster, Service

QC = json.dumps(BELL).encode()
INPUT = f"{STDGATES}input angle[32] theta;\nqubit q;\nbit c;\nrx(theta) q;\nc = measure q;\n"


def test_a_submission_answers_202_with_the_whole_task_and_where_to_find_it(service: Service):
    tags = {"project": "bell", "empty": ""}
    response = post(service, {"qc": BELL, "shots": 7, "seed": 3, "name": "né", "tags": tags})
    task = body(response)
    assert response.status_code == 202
    assert response.headers["location"] == f"/v1/tasks/{task['id']}"
    assert int(response.headers["retry-after"]) >= 1
    assert "idempotent-replayed" not in response.headers
    assert (task["name"], task["tags"]) == ("né", tags)
    request = task["request"]
    assert (request["qc"], request["shots"], request["seed"]) == (BELL, 7, 3)
    assert task["stats"]["qubits"] == 2
    assert task["links"]["result"] == f"/v1/tasks/{task['id']}/result"
    until_then = body(service.client.get(response.headers["location"]))
    assert {**until_then, "status": 0}.keys() == task.keys()


def test_what_is_not_said_is_said_in_the_answer(service: Service):
    assert submit(service)["request"] == {
        "qc": BELL,
        "shots": 1024,
        "seed": None,
        "method": "automatic",
        "precision": "automatic",
        "parameters": None,
        "observables": [],
        "memory": False,
        "noise": None,
        "priority": 0,
        "timeout_s": None,
        "ttl_s": 30 * 86400,
        "callback_url": None,
    }
    assert submit(service, shots=None, name=None, ttl_s=None)["name"] is None


@pytest.mark.parametrize(
    "fields",
    [
        {"shots": 1, "seed": 2**63 - 1, "priority": -100, "timeout_s": 90, "ttl_s": 30 * 86400},
        {"priority": 100, "timeout_s": 0.5, "ttl_s": 1, "name": "é" * 200},
        {"tags": {f"{i:064}": "x" * 256 for i in range(50)}},
        {"tags": {"A-Z_a.9": "any text; \u2028 🙂"}, "name": "\\"},
    ],
)
def test_every_limit_may_be_reached(service: Service, fields: dict[str, Any]):
    task = submit(service, **fields)
    said = {**task["request"], "name": task["name"], "tags": task["tags"]}
    assert {name: said[name] for name in fields} == fields
    assert read(service, task["id"])["tags"] == task["tags"]


# What is put into a body after the program; what is wrong with it, and where.
WRONG = [
    (b'"shots": 1' + b"0" * 400, "expected a whole number, at most 2147483647", "/shots"),
    (b'"shots": 2147483648', "expected a whole number, at most 2147483647", "/shots"),
    (b'"shots": 1e400', "number out of range", "/shots"),
    (b'"shots": 1000001', "MAX_SHOTS", "/shots"),
    (b'"shots": 0, "memory": true', "no outcomes to keep", "/memory"),
    (b'"shots": -1', "expected a whole number, at least 0", "/shots"),
    (b'"shots": 1.0', "but got a number with a decimal point or an exponent", "/shots"),
    (b'"shots": true', "expected a whole number or null but got true or false", "/shots"),
    (b'"seed": 9223372036854775808', "number, at most 9223372036854775807", "/seed"),
    (b'"seed": -1', "expected a whole number, at least 0", "/seed"),
    (b'"timeout_s": 0', "expected a number, above 0", "/timeout_s"),
    (b'"timeout_s": 90.5', "at most 90 seconds are allowed (TASK_TIME_LIMIT_S)", "/timeout_s"),
    (b'"timeout_s": "NaN"', "but got a text", "/timeout_s"),
    (b'"ttl_s": 0', "expected a whole number, at least 1", "/ttl_s"),
    (b'"ttl_s": 2592001', "at most 2592000 are allowed (RESULT_TTL_S)", "/ttl_s"),
    (b'"ttl_s": 1' + b"0" * 50, "RESULT_TTL_S", "/ttl_s"),
    (b'"priority": 101', "expected a whole number, at most 100", "/priority"),
    (b'"priority": null', "but got null", "/priority"),
    (b'"name": ""', "at least 1 character", "/name"),
    (b'"name": "' + b"x" * 201 + b'"', "at most 200 characters", "/name"),
    (b'"name": "a\\n"', "text without control characters", "/name"),
    (b'"name": "\\u0000"', "text without control characters", "/name"),
    (b'"name": "\\u007f"', "text without control characters", "/name"),
    (b'"tags": ["a"]', "expected an object but got a list", "/tags"),
    (b'"tags": null', "expected an object but got null", "/tags"),
    (b'"tags": {"a": 1}', "A value in the field 'tags': expected a text but got a", "/tags"),
    (b'"tags": {"": "x"}', "A key in the field 'tags': expected a text of at least 1", "/tags"),
    (b'"tags": {"a b": "x"}', "A key in the field 'tags': expected letters, digits", "/tags"),
    (b'"tags": {"a\\n": "x"}', "A key in the field 'tags': expected letters, digits", "/tags"),
    (b'"tags": {"a": "\\u0000"}', "text without control characters", "/tags"),
    (b'"tags": {"' + b"k" * 65 + b'": ""}', "at most 64 characters", "/tags"),
    (b'"tags": {"k": "' + b"v" * 257 + b'"}', "at most 256 characters", "/tags"),
    (b'"tags": ' + json.dumps({f"k{i}": "" for i in range(51)}).encode(), "50 fields", "/tags"),
    (b'"nosuch": 1', "There is no field 'nosuch'", "/nosuch"),
    (b'"a/b~c": 1', "There is no field 'a/b~c'", "/a~1b~0c"),
    (b'"a`b": 1', "There is no field 'a`b'", "/a`b"),
    (b'"' + b"x" * 9000 + b'": 1', "xxx...'", ""),
    (b'"precision": "quad"', "expected automatic, single or double but got 'quad'", "/precision"),
    (b'"method": "magic"', "expected automatic, statevector, stabilizer", "/method"),
    (b'"method": 1', "expected a text but got a whole number", "/method"),
    (b'"memory": 1', "expected true or false but got a whole number", "/memory"),
    (b'"observables": [{"pauli": "ZQ"}]', "letters I, X, Y and Z", "/observables/0/pauli"),
    (b'"observables": [[{"coeff": 1}]]', "'pauli' is missing", "/observables/0/0/pauli"),
    (b'"observables": [[]]', "at least 1 item", "/observables/0"),
    (b'"observables": [{"pauli": "ZZ", "coeff": 1e101}]', "most 1e+100", "/observables/0/coeff"),
    (b'"observables": [{"pauli": "ZZ", "x": 1}]', "no field 'x'", "/observables/0/x"),
    (b'"noise": {"depolarizing": {"p1": 2}}', "at most 1", "/noise/depolarizing/p1"),
    (b'"noise": {"readout": [0.1]}', "at least 2 items", "/noise/readout"),
    (b'"parameters": []', "at least 1 item", "/parameters"),
    (b'"parameters": ' + json.dumps([{}] * 1001).encode(), "at most 1000 items", "/parameters"),
    (b'"parameters": {"a": null}', "A value in the field 'parameters'", "/parameters"),
    (b'"tags": {' + b",".join(b'"%d": ""' % n for n in range(51)) + b"}", "50 fields", "/tags"),
    (
        b'"tags": {' + b",".join(b'"%d": ""' % n for n in range(50_000)) + b"}",
        "50 fields",
        "/tags",
    ),
    (b'"parameters": {"a": 1' + b"0" * 30 + b"}", "more than 64 bits", "/parameters"),
    (b'"parameters": {"a": ' + b"[" * 20 + b"]" * 20 + b"}", "more than 16 deep", "/parameters"),
    (b'"callback_url": 3', "but got a whole number", "/callback_url"),
    (b'"callback_url": "' + b"h" * 2001 + b'"', "at most 2000 characters", "/callback_url"),
]


@pytest.mark.parametrize(("field", "says", "pointer"), WRONG, ids=range(len(WRONG)))
def test_a_field_that_cannot_be_used_is_named(service, field, says, pointer):
    problem = refused(post(service, b'{"qc":%b,%b}' % (QC, field)), 422, "invalid_request")
    assert says in problem["detail"]
    assert [error["pointer"] for error in problem["errors"]] == [pointer]
    assert len(json.dumps(problem)) < 1000


@pytest.mark.parametrize(
    ("field", "says"),
    [
        (b'"seed": NaN', "not JSON: invalid character"),
        (b'"timeout_s": Infinity', "not JSON: invalid character"),
        (b'"name": "\\ud800"', "surrogate"),
        (b'"name": "\xff"', "UTF-8"),
        (b'"name": "\x00"', "not JSON"),
        (b'"name": "a', "ends too early"),
        (b'"name": "a\nb"', "a line break inside a string is written \\n"),
        (b'"name": "a\tb"', "a tab inside a string is written \\t"),
        (b"\"name\": 'a'", "strings have double quotes in JSON"),
        (b'"memory": True', "it is true, false or null in JSON"),
        (b'"x": ' + b"[" * 1000 + b"]" * 1000, "too deeply"),
        (b'"parameters": {"a": ' + b"[" * 5000 + b"]" * 5000 + b"}", "too deeply"),
    ],
    ids=range(12),
)
def test_a_body_that_is_not_json_is_400(service: Service, field: bytes, says: str):
    problem = refused(post(service, b'{"qc":%b,%b}' % (QC, field)), 400, "malformed_json")
    assert says in problem["detail"]


@pytest.mark.parametrize("observables", ["ZZ", ["ZZ"], [{"pauli": "ZZ"}], [[{"pauli": "ZZ"}]]])
def test_an_observable_may_be_a_text(service: Service, observables):
    headers = {"Prefer": "wait=20"}
    task = post(service, {"qc": BELL, "shots": 0, "observables": observables}, **headers).json()
    result = service.client.get(f"{task['links']['result']}?view=expectation_values").json()
    assert result["expectation_values"] == [{"value": 1.0, "std": 0.0}]


@pytest.mark.parametrize(
    ("text", "counts"),
    [("pi", {"1": 9}), ("-2 * PI/2".lower(), {"1": 9}), ("(tau - pi)*2", {"0": 9})],
)
def test_a_number_may_be_an_expression(service: Service, text: str, counts):
    qc = "OPENQASM 3.0; input float t; qubit q; bit c; U(t, 0, 0) q; c = measure q;"
    task = {"qc": qc, "shots": 9, "parameters": {"t": text}}
    done = post(service, task, Prefer="wait=20").json()
    assert service.client.get(done["links"]["result"]).json()["counts"] == counts


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("pie", "expected a number"),
        ("9**9**9**9", "expected a number"),
        ("(" * 99, "expected a number"),
        ("(-1)**0.5", "expected a finite number"),
        ("1/0", "expected a number"),
    ],
)
def test_what_is_no_number_is_named(service: Service, value, says: str):
    qc = "OPENQASM 3.0; input float t; qubit q; bit c; U(t, 0, 0) q; c = measure q;"
    wrong = refused(post(service, {"qc": qc, "parameters": {"t": value}}), 422, "invalid_request")
    assert says in wrong["detail"]


def test_numbers_that_take_long_to_read_are_not_taken_by_the_thousand(service: Service):
    for number in (b"1e300", b"-1.5E-300 ", b"0.1e+0100"):
        body = b'{"qc":%b,"parameters":{"a":[%b]}}'
        response = post(service, body % (QC, b",".join([number] * 1001)))
        wrong = refused(response, 422, "invalid_request")
        assert "1000 numbers with an exponent of three digits" in wrong["detail"]
        response = post(service, body % (QC, b",".join([number] * 1000)))
        assert "does not declare an input 'a'" in response.text
    text = b"// 0x3e100; 1e300 and rx(2e-300) q " * 2000
    assert post(service, b'{"qc":%b}' % QC.replace(b"qubit", text + b"\\nqubit", 1)).is_success


def test_no_depth_is_too_deep_for_an_answer(service: Service):
    for depth in range(940, 1000, 3):
        value = b'"parameters":{"a":%b%b}' % (b"[" * depth, b"]" * depth)
        for form in (b'{"qc":%b,%b}', b'{"tasks":[{"qc":%b,%b}]}'):
            for headers in ({}, {"Idempotency_Key": f"deep-{depth}"}):
                response = post(service, form % (QC, value), **headers)
                assert response.status_code in (400, 422), (depth, response.text)


def test_a_program_that_cannot_be_run_is_refused_with_line_and_column(service: Service):
    problem = refused(
        post(service, {"qc": "OPENQASM 3.0;\nqubit q;\n x q;"}), 422, "qasm_semantic"
    )
    (error,) = problem["errors"]
    assert (error["pointer"], error["line"], error["column"]) == ("/qc", 3, 2)


def test_other_types_of_bodies_are_415_and_larger_ones_413(service: Service):
    response = post(service, {"qc": BELL}, Content_Type="text/plain")
    refused(response, 415, "unsupported_media_type")
    refused(post(service, {"qc": "x" * 1_100_000}), 413, "body_too_large")


def test_whoever_prefers_to_wait_gets_the_finished_task(service: Service):
    response = post(service, {"qc": BELL}, Prefer="respond-async, wait=20")
    task = body(response)
    assert (response.status_code, task["status"]) == (200, "completed")
    assert response.headers["preference-applied"] == "wait=20"
    assert response.headers["location"] == f"/v1/tasks/{task['id']}"
    assert "retry-after" not in response.headers
    assert task["ended_at"] > task["started_at"] >= task["created_at"]


def test_whoever_does_not_want_to_wait_so_long_gets_202(service: Service):
    began = time.monotonic()
    response = post(service, {"qc": ENDLESS}, Prefer="wait=1")
    task = body(response)
    service.client.post(f"/v1/tasks/{task['id']}/cancel")
    assert response.status_code == 202
    assert task["status"] in ("queued", "running")
    assert 1 <= time.monotonic() - began < 3
    assert int(response.headers["retry-after"]) >= 1


@pytest.mark.parametrize(
    "prefer", ["", "wait", "wait=", "wait=-1", "wait=abc", "wait=1.5", "wait=９", "wait=0", ",;=,"]
)
def test_a_preference_that_nobody_understands_is_ignored(service: Service, prefer: str):
    # httpx sends headers as ASCII unless they are bytes.
    headers = {"Content-Type": "application/json", "Prefer": prefer.encode()}
    response = service.client.post("/v1/tasks", json={"qc": BELL}, headers=headers)
    assert response.status_code == 202
    assert "preference-applied" not in response.headers


def test_a_task_is_killed_when_its_own_time_is_over(service: Service):
    task = finished(service, ENDLESS, timeout_s=0.4)
    assert task["status"] == "failed"
    assert task["error"]["code"] == "time_limit_exceeded"
    assert task["error"]["message"] == "The task was killed after 0.4 s (timeout_s)."
    assert 400 <= task["usage"]["simulate_ms"] < 2000


def test_without_shots_there_are_exact_expectation_values_and_no_counts(service: Service):
    task = finished(service, BELL, shots=0, observables=[[{"pauli": "ZZ"}, {"pauli": "ZI"}]])
    assert task["status"] == "completed", task["error"]
    result = body(service.client.get(task["links"]["result"]))
    assert result["shots"] == 0
    (value,) = result["expectation_values"]
    assert (pytest.approx(value["value"]), value["std"]) == (1.0, 0.0)
    assert service.task(task["id"]) == {"status": "completed", "result": {}}


def test_a_callback_is_refused_by_a_service_that_cannot_sign_it(service: Service):
    problem = refused(
        post(service, {"qc": BELL, "callback_url": "https://x.org"}), 422, "callbacks_off"
    )
    assert problem["errors"][0]["pointer"] == "/callback_url"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/x",
        "http://localhost:9000/",
        "http://[::1]/",
        "http://10.1.2.3/",
        "http://192.168.1.1/",
        "http://169.254.169.254/latest/meta-data",
        "http://0x7f.1/",
        "ftp://example.com/",
        "example.com",
        "",
    ],
)
def test_a_callback_to_an_address_that_is_nobodys_business_is_refused(cluster: Cluster, url: str):
    problem = refused(post(cluster.api, {"qc": BELL, "callback_url": url}), 422, "invalid_request")
    assert problem["errors"][0]["pointer"] == "/callback_url"
    assert sql(cluster.database, "select count(*) from callbacks") == 0


def test_the_seeds_route_takes_the_same_fields_and_answers_as_ever(service: Service):
    fields = {"shots": 9, "name": "old", "tags": {"a": "b"}, "priority": 3, "memory": True}
    response = post(service, {"qc": BELL, **fields}, "/tasks", Prefer="wait=20")
    assert response.status_code == 202
    assert list(response.json()) == ["task_id", "message"]
    id = response.json()["task_id"]
    assert list(service.final(id)) == ["status", "result"]
    task = read(service, id)
    said = {**task["request"], "name": task["name"], "tags": task["tags"]}
    assert {name: said[name] for name in fields} == fields
    for field in ('"priority": 101', '"tags": {"a b": ""}', '"ttl_s": 0'):
        wrong = b'{"qc":%b,%b}' % (QC, field.encode())
        refused(post(service, wrong, "/tasks"), 422, "invalid_request")
    response = post(service, {"qc": BELL, "callback_url": "https://x.org"}, "/tasks")
    refused(response, 422, "callbacks_off")


def test_the_seeds_route_shows_a_sweep_as_a_list_of_counts(service: Service):
    sweep = [{"theta": 0.0}, {"theta": 3.141592653589793}]
    id = service.submit(INPUT, parameters=sweep, shots=10)
    assert service.final(id) == {"status": "completed", "result": [{"0": 10}, {"1": 10}]}

"""X-Request-ID."""

from __future__ import annotations

import json
import re
import socket
import uuid
from typing import Any

import pytest
from asking import post
from service import BELL, Service, until

MADE = re.compile(r"[0-9a-f]{32}")
ANSWERS = {
    "a task": ("POST", "/v1/tasks", 202),
    "the seed's": ("POST", "/tasks", 202),
    "no such task": ("GET", "/v1/tasks/x", 404),
    "no such address": ("GET", "/nosuch", 404),
    "another method": ("PUT", "/v1/tasks", 405),
    "health": ("GET", "/healthz", 200),
    "readiness": ("GET", "/readyz", 200),
    "a page": ("GET", "/", 200),
    "the reference": ("GET", "/docs", 200),
    "the document": ("GET", "/openapi.json", 200),
    "no such file": ("GET", "/static/nosuch.js", 404),
    "a parameter": ("GET", "/v1/tasks?limit=x", 422),
    "another type": ("POST", "/v1/validate", 415),
    "no body": ("HEAD", "/v1/backend", 200),
}


def ask(service: Service, method: str, path: str, **headers: str) -> Any:
    headers = {
        "Content-Type": "text/plain" if "validate" in path else "application/json",
        **headers,
    }
    content = json.dumps({"qc": BELL}) if method == "POST" else None
    return service.client.request(method, path, content=content, headers=headers)


@pytest.mark.parametrize("what", ANSWERS)
def test_every_answer_has_one(service: Service, what: str):
    method, path, status = ANSWERS[what]
    made = [ask(service, method, path) for _ in range(2)]
    assert [answer.status_code for answer in made] == [status] * 2
    ids = {answer.headers["x-request-id"] for answer in made}
    assert len(ids) == 2
    assert all(MADE.fullmatch(id) for id in ids)
    given = ask(service, method, path, **{"X-Request-ID": "from-the/client:1"})
    assert given.headers.get_list("x-request-id") == ["from-the/client:1"]


def test_a_body_that_is_too_large_has_one(service: Service):
    response = post(service, b"x" * 1_100_000, X_Request_ID="large")
    assert (response.status_code, response.headers["x-request-id"]) == (413, "large")


@pytest.mark.parametrize(
    "junk", [b"\0" * 100, b"GET\r\n\r\n", b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"]
)
def test_what_is_no_request_has_one(service: Service, junk: bytes):
    host, port = service.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(junk)
        answer = connection.makefile("rb").read()
    assert re.match(rb"HTTP/1.1 4\d\d ", answer)
    assert len(re.findall(rb"(?i)\r\nx-request-id: [0-9a-f]{32}\r\n", answer)) == 1


@pytest.mark.parametrize(
    "bad", [b"", b"x" * 129, b"x" * 200, b"a b", b"a\tb", "é".encode(), b"\xff", b'a"\x7f']
)
def test_what_cannot_be_one_is_replaced(service: Service, bad: bytes):
    response = service.client.get("/healthz", headers={"X-Request-ID": bad})
    assert MADE.fullmatch(response.headers["x-request-id"])


def test_nobody_gets_a_header_or_a_line_of_the_log_into_it(service: Service):
    host, port = service.url.removeprefix("http://").split(":")
    mark = uuid.uuid4().hex
    for end in (b"\n", b"\r", b"\r\n "):
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            request = b"GET /v1/tasks/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
            evil = b"X-Request-ID: a%bX-Evil: %b\r\n\r\n" % (end, mark.encode())
            connection.sendall(request + evil)
            answer = connection.makefile("rb").read()
        assert mark.encode() not in answer
    assert mark not in service.log


def test_the_log_speaks_of_a_request_by_it(service: Service):
    id = uuid.uuid4().hex
    response = post(service, {"qc": BELL}, X_Request_ID=id)
    until(lambda: id in service.log)
    lines = [json.loads(line) for line in service.log.splitlines() if id in line]
    assert [line["event"] for line in lines] == ["task submitted"]
    assert lines[0]["request"] == id
    assert lines[0]["task"] == response.json()["id"]


def test_what_is_done_for_everybody_is_not_logged_as_one_requests(service: Service):
    task = post(service, {"qc": BELL}, X_Request_ID=uuid.uuid4().hex, Prefer="wait=20").json()
    until(lambda: service.log.count(task["id"]) >= 3)
    lines = [json.loads(line) for line in service.log.splitlines() if task["id"] in line]
    assert {line["event"] for line in lines if "request" in line} == {"task submitted"}

"""What clients do that mean harm, or mean well and do it wrong: over real sockets, to the real
service. Nothing they do may hold it up, fill its memory, flood its log or be answered with 500."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import time
from collections.abc import Iterator

import pytest
from service import BELL, Service, until

from hostile.wire import (
    GET,
    HOST,
    TASKS,
    answer,
    connected,
    memory_mb,
    post,
    rest,
)

HEADER_TIMEOUT_S = 1.0
BODY_TIMEOUT_S = 2.0
MAX_BODY_BYTES = 65536
CHUNKED = TASKS + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.fixture(scope="module")
def target(shared_database: str) -> Iterator[Service]:
    service = Service(
        shared_database,
        HEADER_TIMEOUT_S=str(HEADER_TIMEOUT_S),
        BODY_TIMEOUT_S=str(BODY_TIMEOUT_S),
        MAX_BODY_BYTES=str(MAX_BODY_BYTES),
    )
    try:
        yield service.start()
    finally:
        service.close()


@pytest.fixture(autouse=True)
def _unharmed(target: Service) -> Iterator[None]:
    """After every test: it lives, its memory is bounded, and no log line is a stack trace."""
    yield
    if target.process is not None:
        assert target.client.get("/healthz").status_code == 200
        assert "Traceback" not in target.log
        assert "internal error" not in target.log
        assert memory_mb(target) < 300


def closed_after_s(connection: socket.socket, drip: bytes, every_s: float = 0.05) -> float:
    """How long the service lets a client send little by little."""
    began = time.monotonic()
    connection.settimeout(every_s)
    while time.monotonic() - began < 10:
        try:
            connection.send(drip)
            if not connection.recv(65536):
                break
        except TimeoutError:
            continue
        except OSError:
            break
    return time.monotonic() - began


NOT_HTTP = {
    "zeros": b"\0" * 1000,
    "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 500,
    "http2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0",
    "a method of nobody's": b"FOO / HTTP/1.1\r\n" + HOST + b"\r\n",
    "a method in lower case": b"get /healthz HTTP/1.1\r\n" + HOST + b"\r\n",
    "connect": b"CONNECT example.com:443 HTTP/1.1\r\n" + HOST + b"\r\n",
    "no path": b"GET http://x HTTP/1.1\r\n" + HOST + b"\r\n",
    "nul in the path": b"GET /tasks/\0 HTTP/1.1\r\n" + HOST + b"\r\n",
    "bytes in the path": b"GET /tasks/\xc3\xa9 HTTP/1.1\r\n" + HOST + b"\r\n",
    "nul in a header": GET + b"X: a\0b\r\n\r\n",
    "a space in a name": GET + b"X Y: a\r\n\r\n",
    "a folded header": GET + b"X: a\r\n b\r\n\r\n",
    "bare line feeds": b"GET /healthz HTTP/1.1\nHost: x\n\n",
    "a negative length": post(b"{}", length=-2),
    "a length of letters": post(b"{}", length="two"),
    "a length beyond all": post(b"{}", length=10**30),
    "two lengths": post(b"{}", b"Content-Length: 3"),
    "the same length twice": post(b"{}", b"Content-Length: 2"),
    "length and chunks": post(b"0\r\n\r\n", b"Transfer-Encoding: chunked"),
    "chunks of garbage": CHUNKED + b"zz\r\nhello",
    "a negative chunk": CHUNKED + b"-5\r\nhello\r\n",
    "an unknown encoding": TASKS + b"Transfer-Encoding: gzip\r\n\r\nzz",
}


@pytest.mark.parametrize("request_", NOT_HTTP.values(), ids=NOT_HTTP)
def test_what_is_not_clearly_http_is_answered_with_400_and_closed(target, request_):
    with connected(target) as connection:
        connection.sendall(request_)
        status, body = answer(connection)
        assert status == 400
        assert b'"malformed_http"' in body
        assert rest(connection) == b""


ODD = {
    "trace": (b"TRACE /healthz HTTP/1.1\r\n" + HOST + b"\r\n", 405),
    "connect to a path": (b"CONNECT /healthz HTTP/1.1\r\n" + HOST + b"\r\n", 405),
    "options": (b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n", 404),
    "http 1.0": (b"GET /healthz HTTP/1.0\r\n\r\n", 200),
    "an absolute url": (b"GET http://x/healthz HTTP/1.1\r\n" + HOST + b"\r\n", 200),
    "a task nul": (b"GET /tasks/%00 HTTP/1.1\r\n" + HOST + b"\r\n", 404),
    "a file nul": (b"GET /static/%00 HTTP/1.1\r\n" + HOST + b"\r\n", 404),
    "a long name": (b"GET /static/" + b"a" * 5000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 404),
    "a deep path": (b"GET /static/" + b"a/" * 3000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 404),
    "outwards": (b"GET /static/..%2f..%2fapp.py HTTP/1.1\r\n" + HOST + b"\r\n", 404),
    "half a pair": (b"GET /static/%ed%a0%80 HTTP/1.1\r\n" + HOST + b"\r\n", 404),
    "rubbish": (b"GET /static/%ff%zz%25%%% HTTP/1.1\r\n" + HOST + b"\r\n", 404),
    "a query": (b"GET /healthz?" + b"a=%zz&" * 1000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 200),
    "ranges": (
        b"GET /static/task.js HTTP/1.1\r\n"
        + HOST
        + b"Range: bytes="
        + b"0-0," * 4000
        + b"\r\n\r\n",
        200,
    ),
    "a huge range": (
        b"GET /static/task.js HTTP/1.1\r\n" + HOST + b"Range: bytes=" + b"9" * 5000 + b"-\r\n\r\n",
        200,
    ),
    "a date of nowhen": (
        b"GET /static/task.js HTTP/1.1\r\n"
        + HOST
        + b"If-Modified-Since: Mon, 9999999999999 Jan 999999999999 99:99:99 GMT\r\n\r\n",
        200,
    ),
    "a form": (post(b"qc=x").replace(b"json", b"x-www-form-urlencoded"), 415),
    "multipart": (post(b"--x").replace(b"json", b"multipart; boundary=x"), 415),
    "xml": (post(b"<qc/>").replace(b"application/json", b"text/xml"), 415),
    "a type of bytes": (post(b"{}").replace(b"json", b"\xff\xfe"), 415),
    "a body of gzip": (post(b"\x1f\x8b\x08", b"Content-Encoding: gzip"), 400),
    "more than its length": (post(b'{"qc": ""}', length=3), 400),
    "expecting tea": (post(b"{}", b"Expect: tea"), 422),
}


@pytest.mark.parametrize(("request_", "status"), ODD.values(), ids=ODD)
def test_an_odd_request_gets_the_answer_that_it_deserves(target, request_, status):
    with connected(target) as connection:
        connection.sendall(request_)
        assert answer(connection)[0] == status


LARGE = {
    "a line of 9 KB": (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
    "a line of 1 MB": (b"GET /" + b"a" * 10**6 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
    "a query of 1 MB": (b"GET /?" + b"a" * 10**6 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
    "a header of 1 MB": (GET + b"X: " + b"a" * 10**6 + b"\r\n\r\n", 431),
    "a header of 10 MB": (GET + b"X: " + b"a" * 10**7 + b"\r\n\r\n", 431),
    "a name of 1 MB": (GET + b"X" * 10**6 + b": a\r\n\r\n", 431),
    "10,000 headers": (GET + b"".join(b"x-%d: y\r\n" % i for i in range(10_000)) + b"\r\n", 431),
    "10,000 trailers": (CHUNKED + b"0\r\n" + b"x: yyyyyyyyyyyyyy\r\n" * 10_000 + b"\r\n", 431),
    "a trailer of 1 MB": (CHUNKED + b"0\r\nX: " + b"a" * 10**6, 431),
    "an extension of 1 MB": (CHUNKED + b"5;" + b"a" * 10**6, 431),
}


@pytest.mark.parametrize(("request_", "status"), LARGE.values(), ids=LARGE)
def test_a_request_line_or_headers_too_large_are_refused_at_once(target, request_, status):
    with connected(target) as connection:
        began = time.monotonic()
        connection.sendall(request_)
        assert answer(connection)[0] == status
        assert time.monotonic() - began < 0.9
        assert rest(connection) == b""


@pytest.mark.parametrize("begin", [GET + b"X: ", CHUNKED + b"0\r\nX: "], ids=["head", "trailer"])
def test_an_endless_header_is_cut_and_takes_no_memory(target, begin):
    before = memory_mb(target)
    with connected(target) as connection:
        connection.sendall(begin)
        sent = 0
        with contextlib.suppress(ConnectionError):
            while sent < 2000:
                connection.sendall(b"a" * 2**20)
                sent += 1
    assert sent < 100
    assert memory_mb(target) - before < 20


SLOW = {
    "nothing": (b"", b""),
    "empty lines": (b"", b"\r\n"),
    "a request line": (b"GET /", b"a"),
    "headers": (GET, b"x: y\r\n"),
    "a second request": (GET + b"\r\n", b"\r\n"),
    "the body of an answered one": (
        b"POST /nosuch HTTP/1.1\r\n" + HOST + b"Content-Length: 1000000\r\n\r\n",
        b"x",
    ),
}


@pytest.mark.parametrize(("begin", "drip"), SLOW.values(), ids=SLOW)
def test_whoever_takes_too_long_for_a_request_is_cut(target, begin, drip):
    with connected(target) as connection:
        connection.sendall(begin)
        assert 0.9 * HEADER_TIMEOUT_S < closed_after_s(connection, drip) < 2 * HEADER_TIMEOUT_S


@pytest.mark.parametrize(
    ("begin", "drip"),
    [(post(b"", length=1000), b" "), (CHUNKED, b"1\r\n \r\n"), (CHUNKED, b"")],
    ids=["length", "chunks", "nothing"],
)
def test_a_slow_body_is_answered_with_408_and_closed(target, begin, drip):
    with connected(target) as connection:
        connection.sendall(begin)
        connection.settimeout(0.05)
        began, received = time.monotonic(), b""
        while time.monotonic() - began < 8:
            try:
                connection.send(drip)
                received += (chunk := connection.recv(65536))
                if not chunk:
                    break
            except TimeoutError:
                continue
            except ConnectionError:
                break
        assert 0.9 * BODY_TIMEOUT_S < time.monotonic() - began < 2 * BODY_TIMEOUT_S
        assert received.startswith(b"HTTP/1.1 408")
        assert b"BODY_TIMEOUT_S" in received


def test_pipelined_requests_are_answered_in_order(target: Service):
    with connected(target) as connection:
        wrong = json.dumps({"qc": "nonsense"}).encode()
        connection.sendall(
            GET + b"\r\n" + post(wrong) + b"GET /nosuch HTTP/1.1\r\n" + HOST + b"\r\n" + post(b"{")
        )
        connection.sendall(GET + b"\r\n")
        expected = b"200 422 404 400 200".split()
        connection.settimeout(3)
        received = b""
        while received.count(b"HTTP/1.1 ") < len(expected) or not received.endswith(b"}"):
            received += connection.recv(65536)
    assert [part.split()[0] for part in received.split(b"HTTP/1.1 ")[1:] if part[3:4] == b" "] == (
        expected
    )


def test_who_pipelines_waits_for_the_answers_and_takes_no_memory(target: Service):
    before = memory_mb(target)
    with connected(target) as connection:
        connection.settimeout(2)
        sent = 0
        with contextlib.suppress(TimeoutError):
            while sent < 2 * 10**7:
                sent += connection.send((GET + b"\r\n") * 1000)
        assert sent < 2 * 10**7  # because nobody reads the answers
        assert memory_mb(target) - before < 20
        received = connection.recv(10**6)
        assert received.startswith(b"HTTP/1.1 200")
    with connected(target) as connection:
        connection.sendall((GET + b"\r\n") * 50 + post(b"{") + b"\0")
        received = rest(connection)
        assert re.findall(rb"HTTP/1.1 (\d+)", received) == [b"200"] * 50 + [b"400"] * 2


def test_what_was_answered_before_garbage_stays_answered(target: Service):
    with connected(target) as connection:
        connection.sendall(post(b'{"qc": "nonsense"}') + b"\0garbage")
        received = rest(connection)
    assert re.findall(rb"HTTP/1.1 (\d+)", received) == [b"422", b"400"]
    with connected(target) as connection:
        connection.sendall(GET + b"\r\n" + CHUNKED + b"garbage")
        assert rest(connection).startswith(b"HTTP/1.1 200")


def test_a_client_that_has_closed_its_half_still_gets_its_answers(target: Service):
    bell = json.dumps({"qc": BELL}).encode()
    for request, answers in ((post(bell), 1), ((GET + b"\r\n") * 5 + post(bell), 6)):
        with connected(target) as connection:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            received = rest(connection)
            assert received.count(b"HTTP/1.1 20") == answers
            assert b"Task submitted successfully." in received
    with connected(target) as connection:  # nothing can come of half a request
        connection.sendall(post(b"{", length=100))
        connection.shutdown(socket.SHUT_WR)
        assert rest(connection) == b""


def test_an_expected_continue_is_sent(target: Service):
    with connected(target) as connection:
        connection.sendall(post(b"", b"Expect: 100-continue", length=2))
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"{}")
        assert answer(connection)[0] == 422


@pytest.mark.parametrize("offer", ["websocket", "h2c", "TLS/1.0", ""])
def test_an_offer_to_speak_something_else_is_passed_over(target: Service, offer: str):
    headers = (b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: " + offer.encode())
    with connected(target) as connection:
        connection.sendall(post(json.dumps({"qc": BELL}).encode(), *headers) + GET + b"\r\n")
        assert answer(connection)[0] == 202
        connection.sendall(GET + b"\r\n")
        assert answer(connection)[0] == 200


def test_bodies_together_take_bounded_memory_and_small_ones_still_get_in(target: Service):
    before = memory_mb(target)
    almost = post(b" " * (MAX_BODY_BYTES - 1), length=MAX_BODY_BYTES)
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(connected(target)) for _ in range(400)]
        for client in clients:
            client.sendall(almost)
        target.submit(BELL + "//" + " " * 1000)
        assert memory_mb(target) - before < 100
        assert {answer(client)[0] for client in clients} == {408, 503}
    large = {"qc": BELL + "//" + " " * (MAX_BODY_BYTES // 2)}
    until(lambda: target.client.post("/tasks", json=large).status_code == 202)


def test_garbage_does_not_flood_the_log(target: Service):
    lines = target.log.count("\n")
    for _ in range(200):
        with connected(target) as connection:
            connection.sendall(b"\0garbage")
            answer(connection)
    assert target.log.count("\n") - lines < 5


def test_an_endless_body_is_cut_after_its_answer(target: Service):
    with connected(target) as connection:
        connection.sendall(post(b"", length=10**12))
        assert answer(connection)[0] == 413
        sent = 0
        with contextlib.suppress(ConnectionError):
            while sent < 2000:
                connection.sendall(b" " * 2**20)
                sent += 1
    assert sent < 100

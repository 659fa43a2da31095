"""Hosts, origins and what browsers say of a request: who gets in, over real sockets."""

from __future__ import annotations

import http.client
import itertools
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from service import BELL, Service

from quantum_tasks.settings import Settings
from quantum_tasks.web.wire.origins import Origins

OWN, FRIEND = "quantum.example.org", "https://lab.example.org"
FOREIGN = [
    "http://evil.example",
    "null",
    "http://localhost",
    "http://127.0.0.1:1",
    "",
    "http://a b",
]
UNSAFE = ["POST", "PATCH", "DELETE", "PUT", "OPTIONS", "TRACE"]
NAVIGATION = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
# The requests of a page that are not somebody's going there.
PARTS = [
    {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"},
    {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
    {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script"},
    {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "document"},
    {"Sec-Fetch-Mode": "websocket", "Sec-Fetch-Dest": "websocket"},
    {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
    {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "frame"},
    {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "embed"},
    {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "object"},
    {"Sec-Fetch-Mode": "navigate"},
    {"Sec-Fetch-Dest": "document"},
    {},
]
PATHS = ["/v1/tasks", "/v1/tasks/feed", "/tasks/x", "/v1/tasks/x/circuit.svg", "/", "/docs"]
PATHS += ["/static/task.js", "/openapi.json", "/healthz", "/nosuch"]


@pytest.fixture(scope="module")
def target(module_database: str) -> Iterator[Service]:
    service = Service(module_database, "--only", "api", ALLOWED_HOSTS=OWN, CORS_ORIGINS=FRIEND)
    try:
        yield service.start()
    finally:
        service.close()


def ask(service: Service, method: str = "GET", path: str = "/v1/tasks", **headers: str) -> Any:
    """The answer to a request whose headers have underscores for hyphens."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return service.client.request(method, path, headers=given)


def is_let_in(response: httpx.Response) -> bool:
    """Whether somebody looked at what was asked for."""
    refusals = (b'"malformed_http"', b'"foreign_origin"', b'"unknown_host"')
    refused = response.status_code in (403, 421) or any(
        code in response.content for code in refusals
    )
    return not refused and response.status_code < 500


def raw(service: Service, *lines: bytes) -> tuple[int, dict[str, Any]]:
    """Status and body of the answer to a request written by hand."""
    host, _, port = service.url.removeprefix("http://").partition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=10)
    connection.connect()
    try:
        connection.sock.sendall(b"".join(line + b"\r\n" for line in (*lines, b"")))
        with http.client.HTTPResponse(connection.sock) as response:
            response.begin()
            return response.status, json.loads(response.read())
    finally:
        connection.close()


def check(response: httpx.Response, status: int, code: str) -> None:
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["cross-origin-resource-policy"] == "same-origin"
    assert "x-request-id" in response.headers
    assert not [name for name in response.headers if name.startswith("access-control")]
    if response.request.method != "HEAD":
        assert response.json()["code"] == code


HOSTS = [
    "127.0.0.1",
    "10.0.0.7:80",
    "[::1]:8000",
    "localhost",
    "LOCALHOST.:9",
    "app",
    "app:8000",
    OWN,
]
OTHERS = ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8000", "127.1"]
OTHERS += ["2130706433", "0x7f.1", f"x.{OWN}", f"{OWN}.evil.example", "a.svc.cluster.local"]
NO_HOSTS = [
    "",
    "localhost:x",
    "user@localhost",
    "localhost, evil.example",
    "http://localhost",
    "::1",
]


@pytest.mark.parametrize("method", ["GET", "HEAD", *UNSAFE])
def test_only_our_own_hosts_are_answered(target: Service, method: str):
    for host in HOSTS:
        assert is_let_in(ask(target, method, Host=host)), host
    for host in OTHERS:
        check(ask(target, method, Host=host), 421, "unknown_host")
    for host in NO_HOSTS:
        check(ask(target, method, Host=host), 400, "malformed_http")


@pytest.mark.parametrize("path", PATHS)
def test_no_address_is_left_out(target: Service, path: str):
    check(ask(target, path=path, Host="evil.example"), 421, "unknown_host")
    check(ask(target, path=path, Sec_Fetch_Site="cross-site"), 403, "foreign_origin")
    check(ask(target, path=path, Origin="null"), 403, "foreign_origin")


async def test_the_name_that_the_service_listens_on_is_its_own():
    let_in: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        let_in.append(scope)

    async def send(message: Any) -> None:
        pass

    for host in (b"box.example.org:8000", b"evil.example"):
        scope: dict[str, Any] = {"type": "http", "http_version": "1.1", "method": "GET"}
        scope["headers"] = [(b"host", host)]
        await Origins(app, Settings(host="Box.example.org"))(scope, None, send)
    assert [scope["headers"][0][1] for scope in let_in] == [b"box.example.org:8000"]


def test_a_refusal_says_what_would_be_right(target: Service):
    assert "ALLOWED_HOSTS" in ask(target, Host="evil.example").json()["detail"]
    assert "CORS_ORIGINS" in ask(target, Origin="http://evil.example").json()["detail"]
    assert "http://evil.example" in ask(target, Origin="http://evil.example").json()["detail"]
    assert "CORS_ORIGINS" in ask(target, Sec_Fetch_Site="same-site").json()["detail"]
    long = ask(target, Origin="http://" + "a" * 5000)
    assert len(long.content) < 800


GET, SAME, OTHER = b"GET /healthz HTTP/1.1", b"Host: localhost", b"Host: evil.example"
OLD = b"GET /healthz HTTP/1.0"
WHOLE = b"GET http://%b/healthz HTTP/1.1"
UPGRADE = (b"Connection: Upgrade", b"Upgrade: h2c")
LINES: dict[str, tuple[tuple[bytes, ...], int]] = {
    "none": ((GET,), 400),
    "an empty one": ((GET, b"Host:"), 400),
    "ours twice": ((GET, SAME, SAME), 400),
    "ours and another": ((GET, SAME, b"hOST: evil.example"), 400),
    "one of ours and another": ((GET, OTHER, b"X: y", SAME), 400),
    "an old client's twice": ((OLD, SAME, SAME), 400),
    "an old client's none": ((OLD,), 200),
    "an old client's": ((OLD, SAME), 200),
    "an old client's of another": ((OLD, OTHER), 421),
    "an old client's none for a page": ((OLD, b"Origin: http://evil.example"), 403),
    "a URL of ours": ((WHOLE % b"localhost", SAME), 200),
    "a URL of ours, and another": ((WHOLE % b"localhost", OTHER), 200),
    "a URL of another": ((WHOLE % b"evil.example", SAME), 421),
    "a URL and none": ((WHOLE % b"localhost",), 400),
    "a URL and two": ((WHOLE % b"localhost", SAME, SAME), 400),
    "a URL with a user": ((WHOLE % b"a@localhost", SAME), 400),
    "another and an offer": ((b"POST /v1/tasks HTTP/1.1", OTHER, *UPGRADE), 421),
    "two and an offer": ((GET, SAME, SAME, *UPGRADE), 400),
    "a URL of another and an offer": ((WHOLE % b"evil.example", SAME, *UPGRADE), 421),
}


@pytest.mark.parametrize(("lines", "status"), LINES.values(), ids=LINES)
def test_a_request_has_one_host(target: Service, lines: tuple[bytes, ...], status: int):
    code = {400: "malformed_http", 403: "foreign_origin", 421: "unknown_host"}.get(status)
    answered, body = raw(target, *lines)
    assert (answered, body.get("code")) == (status, code)


def test_a_page_of_our_own_and_a_client_that_is_no_browser_get_in(target: Service):
    own = [("http", target.url.removeprefix("http://")), ("https", OWN), ("http", "app:8000")]
    for method in ("GET", *UNSAFE):
        assert is_let_in(ask(target, method))
        for site in ("same-origin", "none"):
            assert is_let_in(ask(target, method, Sec_Fetch_Site=site))
            for scheme, host in own:
                answer = ask(
                    target, method, Host=host, Origin=f"{scheme}://{host}", Sec_Fetch_Site=site
                )
                assert is_let_in(answer), (method, site, host)


@pytest.mark.parametrize("method", UNSAFE)
def test_a_stranger_changes_nothing_however_it_asks(target: Service, method: str):
    for fetch in (NAVIGATION, *PARTS):
        for origin in FOREIGN:
            answer = ask(target, method, Origin=origin, **fetch)
            check(answer, 403, "foreign_origin")
        for site in ("cross-site", "same-site", "nonsense", ""):
            check(ask(target, method, Sec_Fetch_Site=site, **fetch), 403, "foreign_origin")
            answer = ask(target, method, Origin=target.url, Sec_Fetch_Site=site, **fetch)
            check(answer, 403, "foreign_origin")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_stranger_reads_nothing_but_may_have_a_link(target: Service, method: str):
    for fetch, site in itertools.product(PARTS, ("cross-site", "same-site")):
        check(ask(target, method, Sec_Fetch_Site=site, **fetch), 403, "foreign_origin")
    for fetch, origin in itertools.product(PARTS, FOREIGN):
        check(ask(target, method, Origin=origin, **fetch), 403, "foreign_origin")
    for site in ("cross-site", "same-site", "none", "same-origin"):
        assert ask(target, method, Sec_Fetch_Site=site, **NAVIGATION).status_code == 200


def test_a_page_of_cors_origins_gets_in(target: Service):
    for site in ("cross-site", "same-site"):
        headers = {"Origin": FRIEND, "Sec-Fetch-Site": site, "Sec-Fetch-Mode": "cors"}
        for method, path, status in (
            ("GET", "/v1/tasks", 200),
            ("POST", "/v1/tasks", 202),
            ("GET", "/nosuch", 404),
            ("PUT", "/v1/tasks", 405),
            ("GET", "/v1/tasks/x", 404),
        ):
            content = json.dumps({"qc": BELL}) if method == "POST" else None
            answer = target.client.request(method, path, headers=headers, content=content)
            assert answer.status_code == status
            assert answer.headers["access-control-allow-origin"] == FRIEND
            assert "Origin" in answer.headers["vary"]
            assert "Location" in answer.headers["access-control-expose-headers"]
        with target.client.stream("GET", "/v1/tasks/feed", headers=headers) as answer:
            assert answer.headers["access-control-allow-origin"] == FRIEND
    check(ask(target, Origin=f"{FRIEND}:444"), 403, "foreign_origin")
    check(ask(target, Origin=f"{FRIEND}.evil.example"), 403, "foreign_origin")
    check(ask(target, Origin=FRIEND.replace("https", "http")), 403, "foreign_origin")
    check(ask(target, Origin=FRIEND, Host="evil.example"), 421, "unknown_host")


def test_a_page_of_cors_origins_hears_that_the_service_stops(start: Callable[..., Service]):
    service = start("--only", "api", CORS_ORIGINS=FRIEND)
    host, _, port = service.url.removeprefix("http://").partition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=30)
    connection.putrequest("POST", "/v1/tasks")
    connection.putheader("Origin", FRIEND)
    connection.putheader("Content-Length", "1000")
    connection.endheaders(b" ")
    time.sleep(0.5)
    service.stop()
    with connection.getresponse() as answer:
        assert answer.status == 503
        assert answer.headers["Access-Control-Allow-Origin"] == FRIEND
        assert answer.headers["X-Request-ID"]
    connection.close()


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_a_page_of_cors_origins_may_ask_before_it_calls(target: Service, method: str):
    asked = {
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "content-type,idempotency-key,prefer",
        "Access-Control-Request-Private-Network": "true",
    }
    answer = ask(target, "OPTIONS", Origin=FRIEND, **asked)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == FRIEND
    assert method in answer.headers["access-control-allow-methods"]
    assert "prefer" in answer.headers["access-control-allow-headers"]
    assert "x-request-id" in answer.headers
    check(ask(target, "OPTIONS", Origin="http://evil.example", **asked), 403, "foreign_origin")


def test_without_cors_origins_nobody_is_let_in_and_nothing_is_said_of_it(service: Service):
    check(ask(service, Origin=FRIEND), 403, "foreign_origin")
    answer = ask(service, Origin=service.url)
    assert answer.status_code == 200
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_a_stranger_who_sends_a_large_body_is_refused_before_it_is_read(target: Service):
    began = time.monotonic()
    status, body = raw(
        target,
        b"POST /v1/tasks HTTP/1.1",
        b"Host: localhost",
        b"Origin: http://evil.example",
        b"Content-Length: 1000000",
    )
    assert (status, body["code"]) == (403, "foreign_origin")
    assert time.monotonic() - began < 5  # the body would be waited for longer


def test_a_thousand_strangers_do_not_flood_the_log(target: Service):
    lines = target.log.count("\n")
    for number in range(500):
        ask(target, Host=f"h{number}.evil.example")
        ask(target, Origin=f"http://h{number}.evil.example")
    assert target.log.count("\n") - lines < 5


PRIVATE = ["/v1/tasks", "/v1/backend", "/v1/tasks/x", "/tasks/x", "/healthz", "/nosuch"]


def test_nothing_private_is_kept_by_a_cache(service: Service):
    id = service.submit(BELL)
    service.final(id)
    for path in PRIVATE:
        assert ask(service, path=path).headers["cache-control"] == "no-store", path
    for path in (f"/tasks/{id}", f"/v1/tasks/{id}/events"):
        assert ask(service, path=path).headers["cache-control"] == "no-store", path
    tagged = [f"/v1/tasks/{id}{part}" for part in ("", "/result", "/circuit", "/counts.svg")]
    for path in (*tagged, "/", "/static/task.js"):
        answer = ask(service, path=path)
        assert answer.headers["cache-control"] == "private, no-cache", path
        if path == "/":
            continue
        again = ask(service, path=path, If_None_Match=answer.headers["etag"])
        assert (again.status_code, again.headers["cache-control"]) == (304, "private, no-cache")


def test_every_answer_keeps_to_itself(service: Service):
    for path in ("/", "/docs", "/static/task.js", "/v1/backend", "/tasks/x", "/nosuch"):
        headers = ask(service, path=path).headers
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers.get_list("content-security-policy") == [headers["content-security-policy"]]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]

"""What a client's connection may cost the others: headers, places, memory."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from service import BELL, ENDLESS, Service, until

from hostile.wire import GET, HOST, answer, connected, memory_mb, post, respond, rest, serving
from quantum_tasks.settings import Settings
from quantum_tasks.web.wire import connections, crowd, heads

FEED = b"GET /v1/tasks/feed HTTP/1.1\r\n" + HOST + b"Accept: text/event-stream\r\n\r\n"
FOLLOWERS = 50


@pytest.fixture(scope="module")
def target(shared_database: str) -> Iterator[Service]:
    service = Service(shared_database)
    try:
        yield service.start()
    finally:
        service.close()


def asked(service: Service, request: bytes) -> tuple[int, bytes]:
    with connected(service) as connection:
        connection.sendall(request)
        return answer(connection)


def test_a_hundred_headers_are_taken_and_one_more_is_not(target: Service):
    headers = b"".join(b"a%d: b\r\n" % i for i in range(99))
    assert asked(target, GET + headers + b"\r\n")[0] == 200
    assert asked(target, GET + headers + b"c: d\r\n\r\n")[0] == 431


def test_sixteen_kilobytes_of_headers_are_taken_and_one_byte_more_is_not(target: Service):
    left = heads.MAX_HEADER_BYTES - len(b"Hostxa")
    assert asked(target, GET + b"a: " + b"b" * left + b"\r\n\r\n")[0] == 200
    assert asked(target, GET + b"a: " + b"b" * (left + 1) + b"\r\n\r\n")[0] == 431
    line = b"GET /healthz?" + b"a" * 8000 + b" HTTP/1.1\r\n" + HOST
    assert asked(target, line + b"a: " + b"b" * left + b"\r\n\r\n")[0] == 200


@pytest.mark.parametrize("name", sorted(heads.READ))
def test_each_header_that_is_read_has_a_bound_of_its_own(target: Service, name: bytes):
    most = heads.READ[name]
    head = b"GET /healthz HTTP/1.1\r\n"
    for lines in ([most + 1], [most // 2, most // 2]):
        values = b"".join(b"%b: %b\r\n" % (name, b"1" * size) for size in lines)
        if name in (b"content-length", b"transfer-encoding"):
            continue  # the parser says sooner that it cannot be
        status, body = asked(target, head + values + b"\r\n")
        assert status == 431
        assert name.decode().title() in json.loads(body)["detail"]


WORST = {
    b"accept": (b",", b"*/*;q=0,", b"a/b;q=1;", b"text/csv;"),
    b"accept-encoding": (b",", b"gzip;q=0,", b"*;", b"gzip"),
    b"if-none-match": (b",", b'W/"a",'),
    b"prefer": (b",", b"wait=a,", b";", b"="),
    b"x-forwarded-for": (b",", b"127.0.0.1,"),
    b"connection": (b",", b"a,"),
    b"content-type": (b";", b"a/b;"),
}


def test_no_header_costs_more_than_a_few_plain_requests(target: Service):
    id = target.submit(BELL)
    target.final(id)
    lines = {b"": b""}
    for name, most in heads.READ.items():
        if name in (b"content-length", b"transfer-encoding", b"host", b"expect"):
            continue
        for piece in WORST.get(name, (b"a", b",", b"1")):
            lines[name + b" " + piece] = b"%b: %b\r\n" % (name, piece * (most // len(piece)))
    cost = {}
    for name, head in lines.items():
        for method in (b"GET", b"POST"):
            path = b"/v1/tasks/%b%b" % (id.encode(), b"/result" if method == b"GET" else b"/rerun")
            if method == b"POST" and name[:6] != b"prefer":
                continue
            request = b"%b %b HTTP/1.1\r\n%b%b\r\n" % (method, path, HOST, head)
            with connected(target) as connection:
                spent = []
                for _ in range(15):
                    before = _loop_s(target)
                    connection.sendall(request)
                    if answer(connection)[0] == 304:
                        break
                    spent.append(_loop_s(target) - before)
            if spent:
                cost[method + b" " + name] = sorted(spent)[len(spent) // 2]
    plain = cost.pop(b"GET ")
    assert {name: s for name, s in cost.items() if s > 8 * plain + 0.002} == {}


def _loop_s(service: Service) -> float:
    """The seconds that the thread of the event loop has run."""
    text = Path(f"/proc/{service.pid}/task/{service.pid}/schedstat").read_text()
    return int(text.split()[0]) / 1e9


@pytest.mark.parametrize(
    "path", ["/v1/tasks", "/v1/tasks/{id}", "/tasks/{id}", "/v1/tasks/{id}/result"]
)
def test_an_address_has_a_hundred_parameters_at_most(target: Service, path: str):
    id = target.submit(BELL)
    target.final(id)
    path = path.format(id=id)
    assert target.client.get(f"{path}?{'_=a:b&' * 99}").status_code == 200
    response = target.client.get(f"{path}?{'_=a:b&' * 100}")
    assert (response.status_code, response.json()["code"]) == (422, "invalid_request")


def test_what_comes_before_its_turn_is_neither_read_nor_lost(target: Service):
    """Requests that follow each other at every possible distance."""
    requests = GET + b"\r\n" + post(b"{") + b"GET /nosuch HTTP/1.1\r\nHost: x\r\n\r\n"
    requests += post(b"5\r\n{    \r\n0\r\n\r\n").replace(
        b"Content-Length: 15", b"Transfer-Encoding: chunked"
    )
    for cut in range(1, len(requests), 7):
        with connected(target) as connection:
            connection.sendall(requests[:cut])
            time.sleep(0.002)
            connection.sendall(requests[cut:])
            assert [answer(connection)[0] for _ in range(4)] == [200, 400, 404, 400]


async def test_only_the_request_that_is_served_is_parsed():
    served = asyncio.Event()
    paths = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        paths.append(scope["path"])
        await served.wait()
        await respond(send, scope["path"].encode())

    async with serving(app, Settings()) as (address, state):
        reader, writer = await asyncio.open_connection(*address)
        # The end of a head in two pieces, and more of them behind it.
        writer.write(b"GET /0 HTTP/1.1\r\nHost: x\r\n\r")
        await asyncio.sleep(0.1)
        writer.write(b"\n" + b"".join(b"GET /%d HTTP/1.1\r\n\r\n" % i for i in range(1, 60)))
        await asyncio.sleep(0.2)
        (connection,) = state.connections
        assert paths == ["/0"]
        assert not connection.pipeline
        assert connection.url == b""
        assert len(connection._early) <= 2 * connections._HEAD_PIECE
        served.set()
        async with asyncio.timeout(10):
            await reader.readuntil(b"/59")
        assert paths == [f"/{i}" for i in range(60)]
        writer.close()
        await writer.wait_closed()


HEADERS = b"".join(b"a:%d\r\n" % i for i in range(98))
LONG = b"a" * 8000
EXPENSIVE = {
    "headers without end": GET + HEADERS + b"b: " + b"a" * 250_000,
    "tiny headers": GET + b"a:\r\n" * 60_000,
    "pipelined": FEED + (GET + HEADERS + b"\r\n") * 200,
    "long addresses": FEED.replace(b"feed", b"feed?" + LONG).replace(
        b"\r\n\r\n", b"\r\n" + HEADERS
    )
    + b"\r\n"
    + (b"GET /" + LONG + b" HTTP/1.1\r\n" + HOST + HEADERS + b"\r\n") * 20,
    "bodies that nobody reads": FEED.replace(b"\r\n\r\n", b"\r\nContent-Length: 999999\r\n\r\n")
    + b" " * 300_000,
    "a page that is not read": b"GET /static/vendor/editor/codemirror.js HTTP/1.1\r\n"
    + HOST
    + b"\r\n",
    "a document that is not read": (b"GET /openapi.json HTTP/1.1\r\n" + HOST + b"\r\n") * 8,
}


@pytest.mark.parametrize("sent", EXPENSIVE.values(), ids=EXPENSIVE)
def test_a_connection_takes_fifty_kilobytes_whatever_it_sends(
    start: Callable[..., Service], sent: bytes
):
    service = start()
    many = 400
    assert asked(service, b"GET /openapi.json HTTP/1.1\r\n" + HOST + b"\r\n")[0] == 200
    before = memory_mb(service)
    with contextlib.ExitStack() as stack:
        clients = []
        for _ in range(many):
            client = stack.enter_context(connected(service))
            client.setblocking(False)
            clients.append((client, memoryview(sent)))
        end = time.monotonic() + 2
        while clients and time.monotonic() < end:
            clients = [(client, rest) for client, rest in map(_send, clients) if rest]
            time.sleep(0.02)
        kib = (memory_mb(service) - before) / many * 1024
        assert asked(service, GET + b"\r\n")[0] == 200
    assert kib < 50


def _send(client: tuple[socket.socket, memoryview]) -> tuple[socket.socket, memoryview]:
    connection, left = client
    try:
        return connection, left[connection.send(left) :]
    except BlockingIOError:
        return client
    except OSError:
        return connection, left[:0]


async def test_answers_that_nobody_takes_give_way_to_others(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(crowd, "_MOST_UNREAD", 60_000_000)
    size = 15_000_000  # more than the kernel takes

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await respond(send, b"x" * size)

    async with serving(app, Settings()) as (address, state):
        silent = [await asyncio.open_connection(*address, limit=1000) for _ in range(12)]
        for _, writer in silent:
            writer.write(GET + b"\r\n")
        async with asyncio.timeout(10):
            while len(state.connections) > 6:
                await asyncio.sleep(0.05)
        reader, writer = await asyncio.open_connection(*address)
        writer.write(GET + b"\r\n")
        received = 0
        while received < size:
            chunk = await reader.read(2**20)
            assert chunk
            received += len(chunk)
        for _, one in ((reader, writer), *silent):
            one.transport.abort()


def is_open(connection: socket.socket) -> bool:
    connection.settimeout(0.2)
    try:
        return bool(connection.recv(1))
    except TimeoutError:
        return True


def followers(service: Service, stack: contextlib.ExitStack, many: int) -> list[socket.socket]:
    clients = []
    for _ in range(many):
        clients.append(client := stack.enter_context(connected(service)))
        client.sendall(FEED)
        while b"retry" not in client.recv(65536):
            pass
    return clients


def test_over_the_most_connections_the_oldest_follower_is_told_to_come_again(
    start: Callable[..., Service],
):
    service = start(MAX_CONNECTIONS=str(FOLLOWERS))
    service.client.close()
    with contextlib.ExitStack() as stack:
        clients = followers(service, stack, FOLLOWERS)
        with connected(service) as connection:
            connection.settimeout(10)
            for _ in range(20):
                connection.sendall(GET + b"\r\n")
                assert answer(connection)[0] == 200
            clients[0].settimeout(5)  # less than what passes between signs of life
            assert rest(clients[0]).endswith(b"retry: 5000\n\n\r\n0\r\n\r\n")
        for _ in range(20):
            assert asked(service, GET + b"\r\n")[0] == 200
        assert is_open(clients[-1])


def test_followers_that_come_back_at_once_keep_nobody_out(start: Callable[..., Service]):
    service = start(MAX_CONNECTIONS=str(FOLLOWERS))
    stop = threading.Event()

    def follow() -> None:
        while not stop.is_set():
            with contextlib.suppress(OSError), connected(service) as connection:
                connection.sendall(FEED)
                connection.settimeout(0.5)
                while connection.recv(65536) and not stop.is_set():
                    pass

    threads = [threading.Thread(target=follow) for _ in range(FOLLOWERS + 20)]
    for thread in threads:
        thread.start()
    try:
        time.sleep(0.5)
        bell = post(json.dumps({"qc": BELL}).encode())
        for _ in range(20):
            assert asked(service, GET + b"\r\n")[0] == 200
            assert asked(service, b"GET /readyz HTTP/1.1\r\n" + HOST + b"\r\n")[0] == 200
            assert asked(service, bell)[0] == 202
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_over_the_most_connections_a_poll_is_answered_at_once(start: Callable[..., Service]):
    service = start(MAX_CONNECTIONS="4")
    id = service.submit(ENDLESS)
    until(lambda: service.client.get(f"/v1/tasks/{id}").json()["status"] == "running", 30)
    service.client.close()
    time.sleep(1)  # until it is known that it has gone
    with contextlib.ExitStack() as stack:
        polls = [stack.enter_context(connected(service)) for _ in range(4)]
        paths = (f"/v1/tasks/{id}?wait=60", f"/tasks/{id}?wait=60")
        for number, poll in enumerate(polls):
            poll.sendall(f"GET {paths[number % 2]} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        time.sleep(1)
        for _ in range(2):
            other = stack.enter_context(connected(service))
            other.sendall(GET + b"\r\n")
            assert answer(other)[0] == 200
            (answered, *_), _, _ = select.select(polls, [], [], 15)
            received = rest(answered)
            assert received.startswith(b"HTTP/1.1 200")
            assert re.search(rb'"status":"(running|pending)"', received)
            polls.remove(answered)
        assert is_open(polls[-1])


def test_over_the_most_connections_the_longest_idle_ones_go(start: Callable[..., Service]):
    service = start(MAX_CONNECTIONS="20", HEADER_TIMEOUT_S="60")
    service.client.close()
    with contextlib.ExitStack() as stack:
        (follower,) = followers(service, stack, 1)
        clients = [stack.enter_context(connected(service)) for _ in range(60)]
        time.sleep(1.2)
        clients[-1].sendall(post(json.dumps({"qc": BELL}).encode()))
        assert answer(clients[-1])[0] == 202
        last = stack.enter_context(connected(service))
        last.sendall(GET + b"\r\n")
        assert answer(last)[0] == 200
        assert [rest(client) for client in clients[:40]] == [b""] * 40
        for client in clients[45:-1]:
            client.sendall(GET + b"\r\n")
            assert answer(client)[0] == 200
        assert is_open(follower)


async def test_over_the_most_connections_who_is_being_served_stays(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(crowd, "SPARE", 1)
    served = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] != "/healthz":
            await served.wait()
        await respond(send, b"served")

    slow = GET.replace(b"healthz", b"slow")
    async with serving(app, Settings(max_connections=2)) as (address, state):
        clients = [await asyncio.open_connection(*address) for _ in range(3)]
        for _, writer in clients:
            writer.write(slow + b"\r\n")
        async with asyncio.timeout(5):
            while len(state.tasks) < 3:
                await asyncio.sleep(0.01)
            reader, refused = await asyncio.open_connection(*address)
            assert await reader.read() == b""
            refused.close()
            monkeypatch.setattr(crowd, "_ORDER", ((crowd.Doing.SERVED, 0.0),))
            reader, writer = await asyncio.open_connection(*address)  # now they took too long
            writer.write(GET + b"\r\n")
            assert b"served" in await reader.readuntil(b"served")
            assert await clients[0][0].read() == b""
        served.set()
        for _, one in (*clients, (reader, writer)):
            one.transport.abort()


def test_a_reader_of_a_page_opens_no_file(target: Service):
    """Otherwise as many slow readers as there are files would stop the service."""
    page = b"GET /static/vendor/editor/codemirror.js HTTP/1.1\r\n" + HOST + b"\r\n"
    files = Path(f"/proc/{target.pid}/fd")
    before = len(list(files.iterdir()))
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(connected(target)) for _ in range(30)]
        for client in clients:
            client.sendall(page)
        until(lambda: all(client.recv(1) for client in clients))
        assert len(list(files.iterdir())) < before + 45

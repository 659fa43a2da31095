"""Answers that are compressed, for clients that ask for it."""

from __future__ import annotations

import asyncio
import gzip
import json
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import httpx
import pytest
from service import BELL, STDGATES, Service

from quantum_tasks.queue.store import SMALL
from quantum_tasks.web import pages
from quantum_tasks.web.wire import compression
from quantum_tasks.web.wire.compression import LEAST, Packer, _packed_from

WIDE = f"{STDGATES}qubit[13] q; bit[13] c; h q; c = measure q;"
MEMORY = f"{STDGATES}qubit[6] q; bit[6] c; h q; c = measure q;"
LONG = BELL + "// a comment\n" * 200
WRONG = [{"qc": BELL, "shots": -1, "name": f"task {number}"} for number in range(30)]
MIB = 2**20


class Answer(NamedTuple):
    """An answer as it came over the wire."""

    status: int
    headers: httpx.Headers
    sent: bytes

    @property
    def packed(self) -> bool:
        return self.headers.get("content-encoding") == "gzip"

    @property
    def body(self) -> bytes:
        """What it says."""
        assert ("content-encoding" in self.headers) == self.packed
        return gzip.decompress(self.sent) if self.packed else self.sent


def ask(
    service: Service, path: str, accepted: str | None = "gzip", method: str = "GET", **given: Any
) -> Answer:
    headers = {"Accept-Encoding": accepted, **given.pop("headers", {})}
    request = service.client.build_request(method, path, **given)
    for name, value in headers.items():
        if value is None:
            del request.headers[name]
        else:
            request.headers[name] = value
    response = service.client.send(request, stream=True)
    try:
        sent = b"".join(response.iter_raw())
    finally:
        response.close()
    if method != "HEAD" and response.status_code != 304:
        assert response.headers["content-length"] == str(len(sent))
    return Answer(response.status_code, response.headers, sent)


@pytest.fixture(scope="module")
def ended(service: Service) -> dict[str, str]:
    """The ids of tasks that have ended."""
    wanted: dict[str, dict[str, Any]] = {
        "wide": {"qc": WIDE, "shots": 20_000, "seed": 1},
        "memory": {"qc": MEMORY, "shots": 1000, "memory": True},
        "long": {"qc": LONG},
    }
    ids = {name: service.submit(**fields) for name, fields in wanted.items()}
    for id in ids.values():
        assert service.final(id)["status"] == "completed"
    return ids


# Every kind of answer: small ones and large ones, made at once, in turn, once for all
LARGE = {
    "the document": ("/openapi.json", {}),
    "a file": ("/static/vendor/editor/codemirror.js", {}),
    "a page": ("/", {}),
    "a list": ("/v1/tasks", {}),
    "a task": ("/v1/tasks/{long}", {}),
    "a program": ("/v1/tasks/{long}/circuit", {}),
    "a result": ("/v1/tasks/{memory}/result", {}),
    "a histogram": ("/v1/tasks/{memory}/counts.svg", {}),
    "a large result": ("/v1/tasks/{wide}/result", {}),
    "a large result, worked out": ("/v1/tasks/{wide}/result?view=probabilities", {}),
    "a large result as CSV": ("/v1/tasks/{wide}/result", {"Accept": "text/csv"}),
    "a large result of the seed": ("/tasks/{wide}", {}),
}


@pytest.mark.parametrize("what", LARGE)
def test_an_answer_is_the_same_compressed_or_not(service: Service, ended, what: str):
    path, headers = LARGE[what]
    path = path.format(**ended)
    plain, packed = (ask(service, path, coding, headers=headers) for coding in (None, "gzip"))
    assert (plain.status, plain.packed) == (200, False)
    assert (packed.status, packed.packed) == (200, True)
    assert len(plain.body) >= LEAST
    assert len(packed.sent) < len(plain.sent) * 0.7
    if what != "a page":  # which has another nonce each time
        assert packed.body == plain.body
    for answer in (plain, packed):
        assert "Accept-Encoding" in answer.headers.get_list("vary", split_commas=True)
        assert len(answer.headers.get_list("vary")) == 1
    for name in ("content-type", "etag", "cache-control"):
        assert packed.headers.get(name) == plain.headers.get(name), name
    head = ask(service, path, "gzip", "HEAD", headers=headers)
    assert head.sent == b""
    if what != "a page":
        assert head.headers["content-length"] == packed.headers["content-length"]
    assert head.headers["content-encoding"] == "gzip"
    if tag := packed.headers.get("etag"):
        assert tag.startswith('W/"')  # for the bytes are not the same
        for coding in ("gzip", None):
            seen = headers | {"If-None-Match": tag}
            again = ask(service, path, coding, headers=seen)
            assert (again.status, again.sent, again.packed) == (304, b"", False)
            assert "Accept-Encoding" in again.headers["vary"]
            assert again.headers["etag"] == tag


def test_an_error_is_compressed_too(service: Service):
    body = {"json": {"tasks": WRONG}}
    plain, packed = (ask(service, "/v1/tasks", a, "POST", **body) for a in (None, "gzip"))
    assert (plain.status, packed.status) == (422, 422)
    assert (plain.packed, packed.packed) == (False, True)
    assert packed.body == plain.body
    assert len(json.loads(plain.body)["errors"]) == 30


def test_what_is_small_is_the_same_whatever_one_asks_for(service: Service, ended):
    for path in ("/healthz", f"/tasks/{ended['long']}", "/tasks/x", "/nosuch", "/ui/tasks/x"):
        answers = [ask(service, path, accepted) for accepted in (None, "gzip", "identity")]
        assert {answer.sent for answer in answers} == {answers[0].body}
        assert not any("vary" in answer.headers for answer in answers)
    insisting = ask(service, "/healthz", "gzip, identity;q=0")
    assert (insisting.packed, insisting.body) == (True, ask(service, "/healthz").sent)


def test_who_does_not_ask_gets_the_very_bytes_of_the_seed(service: Service, ended):
    for accepted in (None, "", "identity", "br", "gzip;q=0"):
        answer = ask(service, f"/tasks/{ended['wide']}", accepted)
        assert answer.sent.startswith(b'{"status":"completed","result":{"')
        assert not answer.packed
        submitted = ask(service, "/tasks", accepted, "POST", json={"qc": BELL})
        assert (submitted.status, list(json.loads(submitted.sent))) == (
            202,
            ["task_id", "message"],
        )


@pytest.mark.parametrize("accepted", ["gzip", "gzip, identity;q=0", "*"])
@pytest.mark.parametrize("path", ["/v1/tasks/{long}/events", "/v1/tasks/feed"])
def test_a_stream_of_events_is_never_compressed(service: Service, ended, path: str, accepted: str):
    headers = {"Accept": "text/event-stream", "Accept-Encoding": accepted, "Last-Event-ID": "0"}
    if "feed" in path:
        del headers["Last-Event-ID"]
    with service.client.stream("GET", path.format(**ended), headers=headers) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        assert "content-encoding" not in response.headers
        assert "content-length" not in response.headers
        assert next(response.iter_raw()).startswith(b"retry: ")


def test_other_reasons_to_vary_stay(start: Callable[..., Service]):
    friend = "https://lab.example.org"
    service = start(CORS_ORIGINS=friend)
    answer = ask(service, "/openapi.json", "gzip", headers={"Origin": friend})
    assert answer.packed
    assert answer.headers["access-control-allow-origin"] == friend
    assert answer.headers["vary"] == "Origin, Accept-Encoding"


# What a client asks for


@pytest.mark.parametrize(
    ("accepted", "size"),
    [
        ("gzip", LEAST),
        ("GZip", LEAST),
        ("x-gzip", LEAST),
        ("gzip, deflate, br, zstd", LEAST),
        ("br;q=1.0, gzip;q=0.8, *;q=0.1", LEAST),
        ("*", LEAST),
        ("gzip;q=0.001", LEAST),
        ("gzip;q=0.5, identity;q=0.5", LEAST),
        ("gzip;q=0, x-gzip", math.inf),
        ("*;q=0.5, gzip;q=0", math.inf),
        ("gzip;q=0", math.inf),
        ("gzip;q=0.0", math.inf),
        ("gzip;q=0.5, identity", math.inf),
        ("gzip;q=0.5, *", math.inf),
        ("identity", math.inf),
        ("deflate, br", math.inf),
        ("", math.inf),
        ("gzip;q=x", math.inf),
        ("gzip;q=nan", math.inf),
        ("gzipped", math.inf),
        (",;,=;q", math.inf),
        ("gzip, identity;q=0", 0),
        ("gzip, *;q=0", 0),
        ("identity;q=0, *;q=0.1", 0),
        ("gzip, *;q=0, identity;q=0.1", LEAST),
        ("*;q=0", math.inf),
        ("identity;q=0", math.inf),
        ("identity;q=0, br", math.inf),
    ],
)
def test_weights_decide(service: Service, accepted: str, size: float):
    assert _packed_from(accepted) == size
    assert ask(service, "/openapi.json", accepted).packed == (size <= LEAST)


def test_several_lines_are_one_list(service: Service):
    for lines, packed in ((["br", "gzip"], True), (["gzip;q=0.5", "identity"], False)):
        headers = [("Accept-Encoding", line) for line in lines]
        request = httpx.Request("GET", f"{service.url}/openapi.json", headers=headers)
        response = service.client.send(request)
        assert (response.headers.get("content-encoding") == "gzip") == packed


# Work for the thread


async def test_the_event_loop_goes_on_while_something_large_is_compressed():
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    packer, body = Packer(), json.dumps([*range(600_000)]).encode()
    assert len(body) > 4 * MIB
    beside = asyncio.create_task(others())
    pieces = await packer.pack_all([body[:1000], body[1000:]])
    packed = await packer.pack(body)
    beside.cancel()
    assert gzip.decompress(b"".join(pieces)) == body
    assert packed is not None
    assert gzip.decompress(packed) == body
    assert turns > 200  # one for each piece, if the loop did it itself, would be 40


async def test_when_many_ask_some_are_sent_what_is_there(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(compression, "_MOST_WAITING", 4 * MIB)
    packer, body = Packer(), b"0123456789abcdef" * 65536
    answers = await asyncio.gather(*(packer.pack(body) for _ in range(100)))
    assert [answer is not None for answer in answers] == [True] * 4 + [False] * 96
    assert await packer.pack(body) is not None  # nobody waits any more
    assert await packer.pack(body * 8) is not None  # and then it may be as large as it likes
    first = asyncio.create_task(packer.pack(body * 4))
    await asyncio.sleep(0)
    assert await packer.pack(body[:16_384]) is not None  # what is small waits for nobody
    first.cancel()
    await asyncio.wait([first])
    assert await packer.pack(body) is not None


async def test_what_nobody_waits_for_is_not_compressed_to_its_end(
    monkeypatch: pytest.MonkeyPatch,
):
    packer, done = Packer(), []
    run = packer.run

    async def counted(work: Callable[[], Any]) -> Any:
        done.append(work)
        return await run(work)

    monkeypatch.setattr(packer, "run", counted)
    leaving = asyncio.create_task(packer.pack_all([b"x" * 64 * MIB]))
    while len(done) < 3:
        await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.wait([leaving])
    before = len(done)
    await packer.run(lambda: None)
    assert len(done) - before == 1
    assert before < 10


def test_a_file_is_compressed_once():
    """The best that there is takes time, and many may ask at the same time."""
    file = pages._File(b"x" * 10_000, "text/plain")
    assert file.packed is None
    assert file.pack() is file.pack()
    assert gzip.decompress(file.packed or b"") == file.content


def test_the_limit_lies_where_results_are_fetched_in_turn():
    """What the event loop compresses itself is less than what counts as small."""
    assert compression._AT_ONCE < SMALL

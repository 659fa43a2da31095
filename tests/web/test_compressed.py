"""Bodies that a client has compressed."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from service import BELL, STDGATES, Service

from quantum_tasks.errors import BodyTooLarge, MalformedJson, ServiceBusy
from quantum_tasks.web import requests
from quantum_tasks.web.requests import BodyBudget
from quantum_tasks.web.wire.coding import unpacked

MIB = 2**20
QC = json.dumps({"qc": BELL, "shots": 9}).encode()
LONG = json.dumps(
    {"qc": STDGATES + "qubit q;bit c;" + "x q;\n" * 20_000 + "c=measure q;"}
).encode()


def raw(body: bytes) -> bytes:
    """Deflated without the header that the standard asks for."""
    packing = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packing.compress(body) + packing.flush()


CODINGS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "x-gzip": ("x-gzip", gzip.compress),
    "GZIP": ("GZIP", gzip.compress),
    "deflate": ("deflate", zlib.compress),
    "raw deflate": ("deflate", raw),
    "identity": ("identity", bytes),
}


def sent(service: Service, content: bytes, coding: str, path: str = "/tasks") -> httpx.Response:
    headers = {"Content-Type": "application/json", "Content-Encoding": coding}
    return service.client.post(path, content=content, headers=headers)


@pytest.mark.parametrize("body", [QC, LONG], ids=["a bell", "a long program"])
@pytest.mark.parametrize(("coding", "pack"), CODINGS.values(), ids=CODINGS)
def test_a_compressed_body_is_what_it_was_before(
    service: Service, coding: str, pack: Callable[[bytes], bytes], body: bytes
):
    response = sent(service, pack(body), coding)
    assert response.status_code == 202, response.text
    ended = service.final(response.json()["task_id"])
    assert ended["status"] == "completed"
    assert sum(ended["result"].values()) == json.loads(body).get("shots", 1024)


@pytest.mark.parametrize("path", ["/v1/tasks", "/v1/validate", "/v1/tasks/cancel"])
def test_every_body_may_be_compressed(service: Service, path: str):
    plain = {"/v1/tasks/cancel": b'{"tags":{"no":"such"}}'}.get(path, QC)
    assert sent(service, gzip.compress(plain), "gzip", path).status_code in (200, 202)


@pytest.mark.parametrize("coding", ["br", "zstd", "compress", "gzip, gzip", "gzip;q=1"])
def test_another_coding_is_refused_by_its_name(service: Service, coding: str):
    response = sent(service, QC, coding)
    problem = response.json()
    assert (response.status_code, problem["code"]) == (415, "unsupported_media_type")
    assert f"'{coding}'" in problem["detail"]
    assert "gzip, deflate" in problem["detail"]


def test_two_headers_are_two_codings(service: Service):
    headers = [("Content-Type", "application/json"), ("Content-Encoding", "gzip")]
    twice = [*headers, ("Content-Encoding", "br")]
    answer = service.client.post("/tasks", content=gzip.compress(QC), headers=twice)
    assert answer.status_code == 415
    assert "'gzip, br'" in answer.json()["detail"]


DAMAGED = {
    "not compressed": (QC, "gzip"),
    "deflate that is none": (QC, "deflate"),
    "nothing": (b"", "gzip"),
    "cut off": (gzip.compress(QC)[:-9], "gzip"),
    "another sum": (gzip.compress(QC)[:-8] + b"\0" * 8, "gzip"),
    "more after its end": (gzip.compress(QC) + b"{}", "gzip"),
    "gzip called deflate": (gzip.compress(QC), "deflate"),
    "JSON that is none, inside": (gzip.compress(b"{"), "gzip"),
}


@pytest.mark.parametrize(("content", "coding"), DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_body_is_refused(service: Service, content: bytes, coding: str):
    response = sent(service, content, coding)
    problem = response.json()
    assert (response.status_code, problem["code"]) == (400, "malformed_json")
    assert "The body is not" in problem["detail"]
    assert "Error" not in problem["detail"]


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress, raw])
def test_a_bomb_is_refused_before_it_is_unpacked(service: Service, pack: Callable[[bytes], bytes]):
    bomb = pack(b" " * 64 * MIB)
    assert len(bomb) < 70_000
    response = sent(service, bomb, "gzip" if pack is gzip.compress else "deflate")
    assert (response.status_code, response.json()["code"]) == (413, "body_too_large")
    with ThreadPoolExecutor(16) as clients:
        answers = clients.map(lambda _: sent(service, bomb, "deflate").status_code, range(64))
        assert set(answers) <= {400, 413}
    assert service.run(BELL)["status"] == "completed"


def test_a_body_may_be_as_large_as_it_may_be_without(service: Service):
    padding = MIB - len(QC)
    assert sent(service, gzip.compress(QC + b" " * padding), "gzip").status_code == 202
    response = sent(service, gzip.compress(QC + b" " * (padding + 1)), "gzip")
    assert response.status_code == 413
    assert "MAX_BODY_BYTES" in response.json()["detail"]


def test_what_becomes_many_times_as_large_is_refused_early():
    content = zlib.compress(b" " * 100 * MIB)
    pieces: list[bytes] = []
    with pytest.raises(BodyTooLarge, match="100 times"):
        pieces.extend(unpacked(content, "deflate", 100 * MIB))
    assert MIB < sum(map(len, pieces)) <= 100 * len(content)
    assert max(map(len, pieces)) <= 65536
    small = zlib.compress(b" " * MIB)  # a thousand times as large, but small
    assert b"".join(unpacked(small, "deflate", 100 * MIB)) == b" " * MIB


@pytest.mark.parametrize("size", [0, 1, 65535, 65536, 65537, 300_000])
def test_pieces_are_the_whole(size: int):
    content = bytes(n * n % 251 for n in range(size))
    for coding, pack in (("gzip", gzip.compress), ("deflate", zlib.compress), ("deflate", raw)):
        assert b"".join(unpacked(pack(content), coding, MIB)) == content
        for cut in (1, 2, 3, 7):
            with pytest.raises(MalformedJson):
                list(unpacked(pack(content)[:-cut], coding, MIB))


async def test_what_is_unpacked_counts_with_all_bodies(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(requests, "_BODIES_AT_ONCE", 2)

    async def app(scope, receive, send):
        message = await receive()
        scope[requests._HOLD](len(message["body"]) * 10)

    async def receive():
        return {"type": "http.request", "body": b"x" * 40_000, "more_body": False}

    small = BodyBudget(app, 300_000)
    await small({"type": "http"}, receive, receive)
    await small({"type": "http"}, receive, receive)  # the first gave back what it had
    with pytest.raises(ServiceBusy, match="too many large requests"):
        await BodyBudget(app, 200_000)({"type": "http"}, receive, receive)


def test_all_bodies_take_a_quarter_of_a_gibibyte_together():
    assert BodyBudget(None, MIB)._budget == 128 * MIB  # type: ignore[arg-type]
    assert BodyBudget(None, 8 * MIB)._budget == 256 * MIB  # type: ignore[arg-type]

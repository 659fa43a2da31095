"""Results that are large: the same answers, made few at once and sent as they are read."""

from __future__ import annotations

import asyncio
import csv
import io
from collections import Counter
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest
from asking import finished, refused
from service import STDGATES, Service
from starlette.requests import Request
from starlette.types import Message

from quantum_tasks.errors import ServiceBusy
from quantum_tasks.queue.store import SMALL
from quantum_tasks.web.answers import large
from quantum_tasks.web.answers.large import LargeAnswers
from quantum_tasks.web.wire.compression import Packer
from quantum_tasks.web.wire.crowd import ABORT

SHOTS = 20_000
WIDE = f"{STDGATES}qubit[13] q; bit[12] a; bit b; h q; a = measure q[0:11]; b = measure q[12];"
# Long keys, nearly alike: some hundred bytes as they are stored, and far more unpacked.
LONG = f"{STDGATES}qubit[3] q; bit[8000] c; h q; c[0:2] = measure q;"


@pytest.fixture(scope="module")
def wide(service: Service) -> dict[str, Any]:
    return finished(service, WIDE, shots=SHOTS, seed=1)


@pytest.fixture(scope="module")
def counts(service: Service, wide: dict[str, Any]) -> dict[str, int]:
    response = service.client.get(f"/tasks/{wide['id']}")
    assert len(response.content) > 2 * SMALL
    assert list(response.json()) == ["status", "result"]
    found: dict[str, int] = response.json()["result"]
    assert sum(found.values()) == SHOTS
    return found


def test_a_large_result_is_shown_in_every_way(service: Service, wide, counts):
    address = wide["links"]["result"]
    head = {"id": wide["id"], "shots": SHOTS}
    get = service.client.get
    assert get(address).json() == head | {"counts": counts}
    assert get(f"{address}?view=counts").json() == head | {"counts": counts}
    assert get(f"{address}?view=probabilities").json() == head | {
        "probabilities": {key: times / SHOTS for key, times in counts.items()}
    }
    register: Counter[str] = Counter()
    for key, times in counts.items():
        register[key.partition(" ")[0]] += times
    assert get(f"{address}?view=registers").json()["registers"]["b"] == register
    text = get(address, headers={"Accept": "text/csv"})
    assert text.headers["content-type"] == "text/csv; header=present; charset=utf-8"
    assert list(csv.reader(io.StringIO(text.text))) == [
        ["outcome", "count"],
        *([key, str(times)] for key, times in counts.items()),
    ]
    picture = get(f"/v1/tasks/{wide['id']}/counts.svg")
    ElementTree.fromstring(picture.text)
    assert "20,000 shots" in picture.text
    refused(get(f"{address}?view=memory"), 422, "view_unavailable")


def test_a_large_result_of_a_sweep_is_shown_too(service: Service):
    qc = WIDE.replace("h q;", "input float theta; h q; rz(theta) q;")
    values = [{"theta": 0.1}, {"theta": 0.2}]
    task = finished(service, qc, shots=SHOTS, parameters=values, memory=True)
    whole = service.client.get(task["links"]["result"]).json()
    assert [item["parameters"] for item in whole["items"]] == values
    for item in whole["items"]:
        assert Counter(item["memory"]) == item["counts"]
    seed = service.client.get(f"/tasks/{task['id']}").json()
    assert seed["result"] == [item["counts"] for item in whole["items"]]
    picture = f"/v1/tasks/{task['id']}/counts.svg?item="
    assert "20,000 shots" in service.client.get(f"{picture}1").text
    refused(service.client.get(f"{picture}2"), 422, "invalid_request")


def test_what_is_large_only_when_it_is_unpacked_is_large(service: Service):
    task = finished(service, LONG)
    found = service.client.get(f"/tasks/{task['id']}").json()["result"]
    assert sum(found.values()) == 1024
    assert service.client.get(task["links"]["result"]).json()["counts"] == found


def test_a_large_result_that_was_seen_is_not_sent_again(service: Service, wide):
    first = service.client.get(wide["links"]["result"])
    headers = {"If-None-Match": first.headers["etag"]}
    again = service.client.get(wide["links"]["result"], headers=headers)
    assert (again.status_code, again.content) == (304, b"")


def test_the_head_of_a_large_answer_says_how_long_it_is(service: Service, wide):
    for coding in ("identity", "gzip"):
        accepted = {"Accept-Encoding": coding}
        whole = service.client.get(wide["links"]["result"], headers=accepted)
        head = service.client.head(wide["links"]["result"], headers=accepted)
        assert head.headers["content-length"] == whole.headers["content-length"]
        assert head.content == b""
    assert int(whole.headers["content-length"]) < len(whole.content) / 3


def test_whoever_waits_for_a_task_gets_its_large_result(service: Service, counts):
    id = service.submit(WIDE, shots=SHOTS, seed=1)
    assert service.client.get(f"/tasks/{id}?wait=30").json()["result"] == counts


# What is on its way out


class Reader:
    """A client that takes an answer in its own time."""

    def __init__(
        self, answers: LargeAnswers, key: str, host: str = "client", accepted: bytes = b""
    ) -> None:
        self.made = 0
        self.aborted = False
        self.received = 0
        self.takes = asyncio.Event()
        self._answers = answers
        self._key = key
        self._scope = {
            "type": "http",
            "method": "GET",
            "client": (host, 1),
            "headers": [(b"accept-encoding", accepted)],
            ABORT: self._abort,
        }

    async def read(self) -> int:
        request = Request(self._scope, self._receive)
        response = await self._answers.respond(request, self._key, self._make, {}, "text/plain")
        await response(self._scope, self._receive, self._send)
        return self.received

    def _abort(self) -> None:
        self.aborted = True
        self.takes.set()

    async def _make(self) -> list[bytes]:
        self.made += 1
        return [b"x" * 10, b"y" * 999_990]

    async def _receive(self) -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.body":
            await self.takes.wait()
            if not self.aborted:
                self.received += len(message["body"])


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


async def test_those_who_ask_for_the_same_are_sent_the_same_bytes() -> None:
    answers = LargeAnswers(10_000_000, Packer())
    readers = [Reader(answers, "a") for _ in range(50)]
    reading = [asyncio.create_task(reader.read()) for reader in readers]
    await until(lambda: answers.on_their_way == 1_000_000)
    late = Reader(answers, "a")
    reading.append(asyncio.create_task(late.read()))
    for reader in (*readers, late):
        reader.takes.set()
    assert await asyncio.gather(*reading) == [1_000_000] * 51
    assert sum(reader.made for reader in (*readers, late)) == 1
    assert answers.on_their_way == 0


async def test_slow_readers_are_cut_off_only_to_make_room_for_others(monkeypatch) -> None:
    monkeypatch.setattr(large, "_GRACE_S", 0.3)
    answers = LargeAnswers(3_000_000, Packer())
    slow = [Reader(answers, key) for key in "abc"]
    reading = [asyncio.create_task(reader.read()) for reader in slow]
    await until(lambda: answers.on_their_way == 3_000_000)
    await asyncio.sleep(0.6)
    assert not any(reader.aborted for reader in slow)
    other = Reader(answers, "d", "another")
    other.takes.set()
    assert await other.read() == 1_000_000
    assert sum(reader.aborted for reader in slow) == 1
    for reader in slow:
        reader.takes.set()
    await asyncio.gather(*reading)
    assert answers.on_their_way == 0


async def test_there_is_no_room_as_long_as_nobody_is_slow(monkeypatch) -> None:
    monkeypatch.setattr(large, "_PATIENCE_S", 0.2)
    answers = LargeAnswers(1_000_000, Packer())
    first = Reader(answers, "a")
    reading = asyncio.create_task(first.read())
    await until(lambda: answers.on_their_way == 1_000_000)
    second = Reader(answers, "b")
    second.takes.set()
    with pytest.raises(ServiceBusy) as caught:
        await second.read()
    assert caught.value.retry_after_s == 5
    first.takes.set()
    assert await reading == 1_000_000


async def test_what_many_ask_for_is_compressed_once_for_all_who_take_that(monkeypatch) -> None:
    packer, packed = Packer(), []
    pack_all = packer.pack_all

    async def counted(pieces: Any) -> Any:
        packed.append(pieces)
        return await pack_all(pieces)

    monkeypatch.setattr(packer, "pack_all", counted)
    answers = LargeAnswers(10_000_000, packer)
    plain = [Reader(answers, "a") for _ in range(5)]
    asking = [Reader(answers, "a", accepted=b"gzip") for _ in range(50)]
    reading = [asyncio.create_task(reader.read()) for reader in (*plain, *asking)]
    await until(lambda: answers.on_their_way > 1_000_000 and len(packed) == 1)
    assert answers.on_their_way < 1_050_000
    for reader in (*plain, *asking):
        reader.takes.set()
    sizes = await asyncio.gather(*reading)
    assert set(sizes[:5]) == {1_000_000}
    assert len(set(sizes[5:])) == 1
    assert sizes[5] < 50_000
    assert len(packed) == 1
    assert answers.on_their_way == 0

"""Callbacks arrive, signed, once their task has ended: whatever dies, answers badly or is slow."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import socket
import time

import pytest
from callbacks.receiver import (
    CUT,
    HANG,
    KEY,
    delivering,
    end,
    ended,
    failure,
    has_failed,
    is_delivered,
    is_given_up,
    outcome,
    receiving,
    submit,
)

from quantum_tasks import __version__
from quantum_tasks.callbacks import outgoing, webhooks
from quantum_tasks.callbacks.webhooks import DELAYS_S, delay_s, signing_key
from quantum_tasks.errors import SettingsError


@pytest.mark.parametrize("status", ["completed", "failed", "cancelled"])
async def test_a_task_that_has_ended_is_told_of_in_exactly_these_bytes(pool, receiver, status):
    id = await submit(pool, receiver.url + "/hook?a=b")
    async with delivering(pool) as webhooks:
        await asyncio.sleep(0.1)
        assert not receiver.arrived  # it has not ended
        await end(pool, id, status)
        webhooks.wake()
        (arrival,) = await receiver.wait()
        row = await outcome(pool, id, is_delivered)
    assert arrival.line == "POST /hook?a=b HTTP/1.1"
    assert arrival.body.decode() == (
        f'{{"type":"task.{status}","timestamp":"2026-01-02T03:04:05.678000Z",'
        f'"data":{{"id":"{id}","status":"{status}"}}}}'
    )
    timestamp = arrival.headers.pop("webhook-timestamp")
    assert abs(int(timestamp) - time.time()) < 5
    signed = f"evt_{id.hex}.{timestamp}.".encode() + arrival.body
    mac = hmac.new(KEY, signed, hashlib.sha256).digest()
    assert arrival.headers == {
        "host": f"127.0.0.1:{receiver.port}",
        "connection": "close",
        "user-agent": f"quantum-tasks/{__version__}",
        "content-type": "application/json",
        "content-length": str(len(arrival.body)),
        "webhook-id": f"evt_{id.hex}",
        "webhook-signature": "v1," + base64.b64encode(mac).decode(),
    }
    assert (row["tries"], row["error"], row["failed_at"]) == (1, None, None)


async def test_a_task_that_ended_elsewhere_is_told_of_within_seconds(pool, receiver):
    async with delivering(pool):
        await asyncio.sleep(0.1)
        await ended(pool, receiver.url)
        await receiver.wait(within_s=4)


async def test_a_try_that_failed_is_made_again_with_the_same_id_and_body(pool, receiver, quick):
    receiver.answers = [500, CUT, 404, 200]
    id = await ended(pool, receiver.url)
    async with delivering(pool):
        arrived = await receiver.wait(4)
        row = await outcome(pool, id, is_delivered)
    assert row["tries"] == 4
    assert row["error"] is None
    assert {arrival.headers["webhook-id"] for arrival in arrived} == {f"evt_{id.hex}"}
    assert len({arrival.body for arrival in arrived}) == 1


async def test_each_try_is_signed_with_its_own_time(pool, receiver, monkeypatch):
    receiver.answers = [500, 200]
    monkeypatch.setattr(webhooks, "DELAYS_S", (1.2,))
    monkeypatch.setattr(webhooks, "_JITTER", 0)
    await ended(pool, receiver.url)
    async with delivering(pool):
        arrived = await receiver.wait(2)
    first, second = (int(arrival.headers["webhook-timestamp"]) for arrival in arrived)
    assert first < second <= first + 4
    assert len({arrival.headers["webhook-signature"] for arrival in arrived}) == 2


async def test_it_is_given_up_after_the_last_try(pool, receiver, quick):
    receiver.answers = [503]
    id = await ended(pool, receiver.url)
    async with delivering(pool):
        row = await outcome(pool, id, is_given_up)
        assert (row["tries"], row["error"]) == (7, "answered 503")
        await asyncio.sleep(0.2)
    assert len(receiver.arrived) == 7


def test_the_delays_grow_and_vary():
    assert DELAYS_S == (5, 30, 120, 600, 3600, 21600)
    for tries, delay in enumerate(DELAYS_S, 1):
        drawn = [delay_s(tries) for _ in range(200)]
        assert 0.8 * delay <= min(drawn) < 0.9 * delay
        assert 1.1 * delay < max(drawn) <= 1.2 * delay
    assert delay_s(7) is None


@pytest.mark.parametrize(("tried", "delay"), list(enumerate(DELAYS_S)))
async def test_the_next_try_is_due_after_the_delay(pool, receiver, tried, delay):
    receiver.answers = [500]
    id = await ended(pool, receiver.url)
    await pool.execute("update callbacks set tries = $1", tried)
    async with delivering(pool):
        row = await outcome(pool, id, has_failed)
    assert row["tries"] == tried + 1
    assert not is_given_up(row)
    assert 0.8 * delay - 1 < row["due_in_s"] <= 1.2 * delay


async def test_who_is_gone_is_not_asked_again(pool, receiver):
    receiver.answers = [410]
    id = await ended(pool, receiver.url)
    async with delivering(pool):
        row = await outcome(pool, id, is_given_up)
    assert (row["tries"], row["error"]) == (1, "answered 410")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(pool, receiver, status):
    receiver.answers = [status]
    async with receiving() as other:
        receiver.extra = f"Location: {other.url}/\r\n"
        id = await ended(pool, receiver.url)
        async with delivering(pool):
            reason = await failure(pool, id)
        assert reason == f"answered {status}: redirects are not followed"
        assert not other.arrived


async def test_what_answers_no_http_is_not_repeated(pool):
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"}}")
        writer.write(b"220 inner secret\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    id = await ended(pool, f"http://127.0.0.1:{port}/")
    async with server, delivering(pool):
        assert await failure(pool, id) == "there was no answer, or none in HTTP"


async def test_who_does_not_listen_is_tried_again_later(pool):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        id = await ended(pool, f"http://127.0.0.1:{taken.getsockname()[1]}/")
        async with delivering(pool):
            assert await failure(pool, id) == "no connection: Connection refused"


async def test_who_does_not_answer_is_tried_again_later(pool, receiver, monkeypatch):
    monkeypatch.setattr(outgoing, "TIMEOUT_S", 0.3)
    receiver.answers = [HANG]
    id = await ended(pool, receiver.url)
    async with delivering(pool):
        assert await failure(pool, id) == "no answer within 0.3 s"
        await asyncio.sleep(0.05)
        assert receiver.open == 0


async def test_who_takes_no_connection_is_tried_again_later(pool, monkeypatch):
    monkeypatch.setattr(outgoing, "CONNECT_TIMEOUT_S", 0.3)
    with socket.socket() as full, contextlib.ExitStack() as waiting:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(4):  # until its queue is full
            client = waiting.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(full.getsockname())
        id = await ended(pool, f"http://127.0.0.1:{full.getsockname()[1]}/")
        async with delivering(pool):
            assert await failure(pool, id) == "no connection within 0.3 s"


async def test_a_long_answer_is_not_read(pool):
    sent = 0

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        with contextlib.suppress(OSError):
            while True:
                writer.write(b"x" * 65536)
                await writer.drain()
                sent += 65536

    server = await asyncio.start_server(flood, "127.0.0.1", 0)
    id = await ended(pool, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    async with server, delivering(pool):
        await outcome(pool, id, is_delivered)
        await asyncio.sleep(0.1)
        so_far = sent
        await asyncio.sleep(0.1)
    assert sent == so_far  # it was hung up on; what fits into sockets may have gone out


def test_a_secret_is_base64_after_its_prefix_and_else_any_text():
    assert signing_key("whsec_AAEC/w==") == b"\x00\x01\x02\xff"
    assert signing_key("sécret") == "sécret".encode()
    assert signing_key("my-whsec_AAEC") == b"my-whsec_AAEC"


@pytest.mark.parametrize("secret", ["whsec_?", "whsec_A", "whsec_AAEC_-8="])
def test_a_secret_that_is_not_base64_after_its_prefix_stops_the_start(secret):
    with pytest.raises(SettingsError, match="WEBHOOK_SECRET") as caught:
        signing_key(secret)
    assert secret not in str(caught.value)

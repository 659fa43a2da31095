"""Callbacks arrive, signed, once their task has ended: whatever dies, answers badly or is slow."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import socket
import time
from collections.abc import AsyncIterator

import pytest
from callbacks.receiver import (
    CUT,
    HANG,
    KEY,
    Receiver,
    delivering,
    end,
    ended,
    failure,
    has_failed,
    hosts,
    is_delivered,
    is_given_up,
    outcome,
    receiving,
    submit,
)

from quantum_tasks import __version__
from quantum_tasks.callbacks import outgoing, webhooks
from quantum_tasks.callbacks.callbacks import Callbacks
from quantum_tasks.callbacks.webhooks import DELAYS_S, delay_s, signing_key
from quantum_tasks.database.pool import create_pool
from quantum_tasks.database.queries import QUERIES
from quantum_tasks.errors import SettingsError


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits in earnest for seconds and hours waits for a moment."""
    monkeypatch.setattr(webhooks, "DELAYS_S", (0.05,) * len(DELAYS_S))
    monkeypatch.setattr(webhooks, "_LOOK_S", 0.05)
    monkeypatch.setattr(webhooks, "_FINISH_S", 0.05)


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


async def test_a_slow_receiver_does_not_hold_up_the_others(pool, receiver):
    receiver.answers = [HANG]
    for _ in range(60):
        await ended(pool, receiver.url)
    async with receiving() as quick:
        for _ in range(30):
            await ended(pool, quick.at("127.0.0.2"))
        async with delivering(pool):
            await quick.wait(30, within_s=5)
            assert receiver.open == len(receiver.arrived) == 2
            assert quick.most_open <= 2


async def test_a_host_with_many_ports_is_one_host(pool):
    async with receiving() as one, receiving() as other:
        one.answers = other.answers = [HANG]
        for _ in range(4):
            await ended(pool, one.url)
            await ended(pool, other.url)
        async with delivering(pool):
            async with asyncio.timeout(10):
                while one.open + other.open < 2:
                    await asyncio.sleep(0.01)
            await asyncio.sleep(0.3)
            assert one.open + other.open == 2


async def test_any_number_of_hosts_that_do_not_answer_hold_up_nobody(pool, receiver):
    """Neither one that has answered before nor one that was never called, of whatever age."""
    async with receiving() as slow:
        slow.answers = [HANG]
        before = await ended(pool, receiver.url)
        for host in hosts(1000):
            await ended(pool, slow.at(host))
        async with delivering(pool) as webhooks:
            await outcome(pool, before, is_delivered)
            for number in range(5):
                known = await ended(pool, receiver.url)
                new = await ended(pool, receiver.at(f"127.9.9.{number + 1}"))
                webhooks.wake()
                await outcome(pool, known, is_delivered, within_s=9)
                await outcome(pool, new, is_delivered, within_s=9)


async def test_many_receivers_are_delivered_to_at_once_but_not_too_many(pool):
    async with receiving() as slow:
        slow.answers = [HANG]
        for host in hosts(400):
            await ended(pool, slow.at(host))
        async with delivering(pool):
            async with asyncio.timeout(20):
                while slow.open <= 150:  # those that are not answered at once go on aside
                    await asyncio.sleep(0.05)
            await asyncio.sleep(2)
            assert slow.most_open <= 350


async def test_who_takes_his_time_is_delivered_to_in_the_end(pool, monkeypatch):
    """Though his first try had to make room for others, who are as slow."""
    monkeypatch.setattr(webhooks, "_MOMENT_S", 0.2)
    monkeypatch.setattr(webhooks, "_MOVED", 5)
    monkeypatch.setattr(webhooks, "DELAYS_S", (0.1,) * len(DELAYS_S))
    async with receiving() as slow, receiving() as slower:
        slow.takes_s = 1.0
        slower.answers = [HANG]
        for host in hosts(30):
            await ended(pool, slower.at(host))
        ids = [await ended(pool, slow.at(host)) for host in hosts(20, "127.2")]
        async with delivering(pool):
            rows = [await outcome(pool, id, is_delivered, within_s=30) for id in ids]
    assert max(row["tries"] for row in rows) == 2
    assert all(row["error"] is None for row in rows)


async def test_what_is_put_aside_is_no_try_and_comes_in_turn_from_each_host(pool):
    callbacks = Callbacks(pool)
    for number in range(9):
        await ended(pool, f"http://host{number % 3}.example:{8000 + number}/")
    claimed = await callbacks.claim({}, 0, 20)
    await callbacks.put_aside(claimed)
    assert await callbacks.claim({}, 0, 20) == []
    turns = []
    after = ""
    for _ in range(5):
        taken, after = await callbacks.claim_aside(after, 2, ["host1.example"])
        turns.append([(callback.host[:5], callback.tries) for callback in taken])
    assert turns == [[("host0", 1), ("host2", 1)], [], [("host0", 1), ("host2", 1)], [],
                     [("host0", 1), ("host2", 1)]]  # fmt: skip
    assert after == "host2.example"
    (known,) = await callbacks.claim({"host1.example": 2, "host9.example": 2}, 1, 0)
    assert (known.host, known.tries) == ("host1.example", 1)


async def test_the_newest_and_the_oldest_of_those_who_wait_come_first(pool):
    for number in range(12):
        await ended(pool, f"http://host{number:02}.example/")
    taken = [callback.host[4:6] for callback in await Callbacks(pool).claim({}, 0, 5)]
    assert sorted(taken) == ["00", "01", "09", "10", "11"]


async def test_two_instances_never_deliver_the_same_at_the_same_time(pool, database):
    async with contextlib.AsyncExitStack() as stack:
        receivers = [await stack.enter_async_context(receiving()) for _ in range(4)]
        ids = [await ended(pool, receivers[n % 4].at(f"127.0.0.{n % 4 + 1}")) for n in range(60)]
        other = await create_pool(database, 2)
        await stack.enter_async_context(delivering(pool))
        await stack.enter_async_context(delivering(other))
        for id in ids:
            await outcome(pool, id, is_delivered, within_s=10)
        arrived = [arrival for receiver in receivers for arrival in receiver.arrived]
    other.terminate()
    assert sorted(arrival.headers["webhook-id"] for arrival in arrived) == sorted(
        f"evt_{id.hex}" for id in ids
    )


@pytest.mark.parametrize("aside", [False, True])
async def test_claims_at_the_same_time_share_out_what_is_due_without_waiting(pool, aside):
    ids = {await ended(pool, f"http://host{n}.example/") for n in range(8)}
    await pool.execute("update callbacks set aside = $1", aside)
    statement = QUERIES["claim_callbacks_aside" if aside else "claim_callbacks"]
    arguments = (60.0, "", 5, [], 9) if aside else (60.0, ["host4.example"], [2], 1, 4)
    claim = Callbacks(pool).claim_aside("", 8, []) if aside else Callbacks(pool).claim({}, 0, 8)
    async with pool.acquire() as db, db.transaction():
        rows = await db.fetch(statement, *arguments)
        async with asyncio.timeout(2):
            others = await claim
    others = others[0] if aside else others
    claimed = [row["task_id"] for row in rows] + [callback.task_id for callback in others]
    assert (len(rows), len(others)) == (5, 3)
    assert set(claimed) == ids
    assert await Callbacks(pool).claim({"host4.example": 2}, 8, 8) == []


async def test_what_an_instance_had_begun_when_it_was_killed_is_delivered_by_another(
    pool, receiver, quick
):
    id = await ended(pool, receiver.url)
    (lost,) = await Callbacks(pool).claim({}, 0, 1)  # by one that then is no more
    async with delivering(pool):
        await asyncio.sleep(0.2)
        assert not receiver.arrived  # its lease
        row = await outcome(pool, id, lambda row: True)
        assert 55 < row["due_in_s"] <= 60
        await pool.execute("update callbacks set due_at = now()")
        row = await outcome(pool, id, is_delivered)
    assert (lost.tries, row["tries"], len(receiver.arrived)) == (1, 2, 1)


async def test_an_earlier_try_that_comes_late_changes_nothing_unless_it_arrived(pool):
    await ended(pool, "http://a.example/")
    callbacks = Callbacks(pool)
    (early,) = await callbacks.claim({}, 0, 1)
    await pool.execute("update callbacks set due_at = now()")
    (late,) = await callbacks.claim({}, 0, 1)
    await callbacks.failed(early, "early", None)
    row = await outcome(pool, early.task_id, lambda row: True)
    assert (row["error"], row["failed_at"]) == (None, None)
    await callbacks.failed(late, "late", None)
    await callbacks.delivered(early)
    row = await outcome(pool, early.task_id, is_delivered)
    assert (row["error"], row["failed_at"]) == (None, None)
    await callbacks.failed(late, "late", 0.0)
    assert await callbacks.claim({}, 0, 1) == []
    assert not has_failed(await outcome(pool, early.task_id, is_delivered))


async def test_a_stop_lets_a_delivery_end_and_hands_the_others_over(pool, receiver, quick):
    receiver.answers = [200, HANG]
    slow_id = done_id = None
    async with delivering(pool):
        done_id = await ended(pool, receiver.url)
        await receiver.wait(1)
    assert is_delivered(await outcome(pool, done_id, lambda row: True))
    async with delivering(pool):
        slow_id = await ended(pool, receiver.url)
        await receiver.wait(2)
    row = await outcome(pool, slow_id, lambda row: True)
    assert (row["error"], row["tries"]) == ("the service stopped", 1)
    assert row["due_in_s"] <= 0


async def test_a_stop_gives_back_what_was_claimed_and_not_begun(pool, receiver, monkeypatch):
    monkeypatch.setattr(webhooks, "_SPACE_S", 60)
    for host in hosts(10):
        await ended(pool, receiver.at(host))
    async with delivering(pool):
        await receiver.wait()
    rows = await pool.fetch("select tries, due_at <= now() as due from callbacks order by tries")
    assert [row["tries"] for row in rows] == [0] * 9 + [1]
    assert [row["due"] for row in rows[:9]] == [True] * 9


def test_a_secret_is_base64_after_its_prefix_and_else_any_text():
    assert signing_key("whsec_AAEC/w==") == b"\x00\x01\x02\xff"
    assert signing_key("sécret") == "sécret".encode()
    assert signing_key("my-whsec_AAEC") == b"my-whsec_AAEC"


@pytest.mark.parametrize("secret", ["whsec_?", "whsec_A", "whsec_AAEC_-8="])
def test_a_secret_that_is_not_base64_after_its_prefix_stops_the_start(secret):
    with pytest.raises(SettingsError, match="WEBHOOK_SECRET") as caught:
        signing_key(secret)
    assert secret not in str(caught.value)


@pytest.mark.parametrize(
    ("statement", "arguments", "indexes"),
    [
        ("claim_callbacks", "60, '{}', '{}', 50, 100", ["callbacks_new", "callbacks_of_host"]),
        ("claim_callbacks_aside", "60, '', 100, '{}', 200", ["callbacks_aside"]),
    ],
)
async def test_what_is_due_is_found_by_index(pool, statement, arguments, indexes):
    async with pool.acquire() as db:
        await db.execute(f"prepare claim as {QUERIES[statement]}")
        rows = await db.fetch(f"explain execute claim ({arguments})")
    plan = "\n".join(row[0] for row in rows)
    assert all(index in plan for index in indexes)
    assert "Seq Scan" not in plan
    assert "Sort" not in plan

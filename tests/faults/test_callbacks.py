"""Callbacks whose instance dies at the worst moment, or whose database goes away."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import pytest
from callbacks.receiver import HANG, Receiver, delivering, ended, is_delivered, outcome, receiving
from proxy import Proxy

from quantum_tasks.callbacks import webhooks
from quantum_tasks.database.pool import Pool, create_pool

INSTANCE = """
import asyncio, sys
from quantum_tasks.database.pool import create_pool
from quantum_tasks.callbacks.webhooks import Webhooks

async def run():
    await Webhooks(await create_pool(sys.argv[1], 2), "secret", allow_private=True).run()

asyncio.run(run())
"""


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@contextlib.asynccontextmanager
async def proxied(database: str) -> AsyncIterator[tuple[Proxy, Pool]]:
    """A pool whose connections can be cut."""
    url = urlsplit(database)
    proxy = Proxy(f"{parse_qs(url.query)['host'][0]}/.s.PGSQL.5432")
    pool = await create_pool(
        f"postgresql://postgres@127.0.0.1:{proxy.port}{url.path}?sslmode=disable", 2
    )
    try:
        yield proxy, pool
    finally:
        pool.terminate()
        proxy.close()


async def test_an_instance_killed_while_it_delivers_costs_a_try_and_no_callback(
    pool, database, receiver
):
    receiver.answers = [HANG, 204]
    id = await ended(pool, receiver.url)
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", INSTANCE, database)
    try:
        await receiver.wait(within_s=20)
    finally:
        process.kill()
        await process.wait()
    row = await outcome(pool, id, lambda row: True)
    assert (row["tries"], row["error"]) == (1, None)
    assert 0 < row["due_in_s"] <= 60
    await pool.execute("update callbacks set due_at = now()")  # a minute later
    async with delivering(pool):
        row = await outcome(pool, id, is_delivered)
    assert row["tries"] == 2
    assert len({arrival.headers["webhook-id"] for arrival in receiver.arrived}) == 1


@pytest.mark.parametrize("moment", ["asked", "answered"])
async def test_an_outage_after_a_delivery_does_not_deliver_it_again(
    pool, database, receiver, monkeypatch, moment
):
    monkeypatch.setattr(webhooks, "_STORE_AGAIN_S", 0.05)
    id = await ended(pool, receiver.url)
    async with proxied(database) as (proxy, cut_pool), delivering(cut_pool):
        cut = proxy.cut_at("callback_delivered", moment)
        row = await outcome(pool, id, is_delivered)
        assert await asyncio.to_thread(cut.done.wait, 10)  # after the commit, which the row shows
    assert (row["tries"], len(receiver.arrived)) == (1, 1)


async def test_an_outage_after_a_failure_counts_one_try(pool, database, receiver, monkeypatch):
    monkeypatch.setattr(webhooks, "_STORE_AGAIN_S", 0.05)
    receiver.answers = [500]
    id = await ended(pool, receiver.url)
    async with proxied(database) as (proxy, cut_pool), delivering(cut_pool):
        cut = proxy.cut_at("callback_failed", "answered")
        row = await outcome(pool, id, lambda row: row["error"] and row["due_in_s"] < 10)
        assert await asyncio.to_thread(cut.done.wait, 10)  # after the commit, which the row shows
    assert (row["tries"], len(receiver.arrived)) == (1, 1)


@pytest.mark.parametrize("moment", ["asked", "answered"])
async def test_an_outage_while_looking_for_what_is_due_loses_nothing(
    pool, database, receiver, monkeypatch, moment
):
    monkeypatch.setattr(webhooks, "_LOOK_S", 0.05)
    async with proxied(database) as (proxy, cut_pool):
        cut = proxy.cut_at("claim_callbacks", moment)
        id = await ended(pool, receiver.url)
        async with delivering(cut_pool):
            if moment == "answered":  # its lease
                await outcome(pool, id, lambda row: row["due_in_s"] > 10)
                await pool.execute("update callbacks set due_at = now()")
            await outcome(pool, id, is_delivered)
        assert await asyncio.to_thread(cut.done.wait, 10)  # after the commit, which the row shows
    assert len(receiver.arrived) == 1

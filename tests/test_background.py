"""A cancel ends all background work, whatever it is at, and whatever comes at the same moment."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest
from callbacks.receiver import HANG, SECRET, Receiver, ended, receiving
from submitting import submit

from quantum_tasks.archive import retention
from quantum_tasks.archive.archive import Archive
from quantum_tasks.archive.minutes import Minutes
from quantum_tasks.callbacks.webhooks import Webhooks
from quantum_tasks.capability import Capability
from quantum_tasks.database.pool import Pool, create_pool
from quantum_tasks.fence.pool import ProcessPool
from quantum_tasks.live.feed import Feed
from quantum_tasks.live.waiting import Waiters
from quantum_tasks.orders import Limits
from quantum_tasks.queue import jobs as queue
from quantum_tasks.queue import rescue
from quantum_tasks.queue.storage import Storage
from quantum_tasks.queue.store import Store
from quantum_tasks.queue.worker import Worker
from quantum_tasks.settings import Settings
from quantum_tasks.supervisor import Supervisor
from quantum_tasks.web.answers.streams import written

_AT_ONCE = 25
_LONGEST_S = 0.12  # after which it is cancelled
_BOUND_S = 10.0  # on a busy machine; a task that has swallowed its cancellation never ends


@dataclass
class Parts:
    """What background work is made of."""

    pool: Pool
    url: str
    store: Store
    simulators: ProcessPool
    instance: uuid.UUID


@dataclass
class Work:
    """Something that runs in the background, and what it may be waiting for."""

    run: Callable[[], Awaitable[None]]
    wake: Callable[[], object] = lambda: None
    end: Callable[[], Awaitable[object]] | None = None
    event: asyncio.Event | None = None


def waiting(parts: Parts) -> Work:
    waiters = Waiters(parts.store)
    waits: list[asyncio.Task[bool]] = []

    def wait() -> None:
        waiters._somebody.set()
        waits.append(asyncio.create_task(waiters.changed(uuid.uuid4(), 1, 0.05)))

    return Work(waiters.run, wait, lambda: asyncio.gather(*waits), waiters._somebody)


def feed(parts: Parts) -> Work:
    feed = Feed(Archive(parts.pool), written)
    following = contextlib.ExitStack()

    async def leave() -> None:
        following.close()

    def follow() -> None:
        following.enter_context(feed.followed())

    return Work(feed.run, follow, leave, feed._somebody)


def webhooks(parts: Parts) -> Work:
    made = Webhooks(parts.pool, SECRET, allow_private=True)
    return Work(made.run, made.wake, event=made._wanted)


def _worker(parts: Parts) -> Worker:
    storage = Storage(parts.pool)
    return Worker(parts.store, parts.simulators, Settings(), parts.instance, [], storage)


def worker(parts: Parts) -> Work:
    made = Worker(
        parts.store, parts.simulators, Settings(), parts.instance, [], Storage(parts.pool)
    )

    async def finish() -> None:
        await made.finish(0, asyncio.Event())

    return Work(made.run, made.wake, finish, made._wanted)


def cancellations(parts: Parts) -> Work:
    made = Worker(
        parts.store, parts.simulators, Settings(), parts.instance, [], Storage(parts.pool)
    )
    return Work(made.stop_cancelled)


def heartbeat(parts: Parts) -> Work:
    def nothing() -> None:
        pass

    here = Capability(1024, ("aer",))
    return Work(
        lambda: rescue.beat(parts.store, uuid.uuid4(), here, lambda: (0, 1, 0, 0), nothing)
    )


def sweep(parts: Parts) -> Work:
    return Work(lambda: rescue.sweep(parts.store, parts.instance, lambda: [], lambda: None))


def procrastinate(parts: Parts) -> Work:
    app = queue.create_app(parts.pool, parts.url, lambda: None)
    return Work(lambda: queue.run(app, "tasks"))


def minutes(parts: Parts) -> Work:
    return Work(Minutes(parts.pool).keep)


def keep_retention(parts: Parts) -> Work:
    return Work(lambda: retention.keep(Archive(parts.pool)))


def what_ends_by_itself(parts: Parts) -> Work:
    """So that the supervisor is at every place when it is cancelled."""

    async def run() -> None:
        await asyncio.sleep(random.choice([0, 0.001]))
        if random.random() < 0.5:
            raise random.choice([KeyError("x"), OSError(), asyncio.CancelledError()])

    return Work(run)


# Of each, how often; procrastinate takes a connection and most of a second each time.
WORKS = {
    waiting: 250,
    feed: 250,
    webhooks: 400,
    worker: 250,
    cancellations: 200,
    heartbeat: 200,
    sweep: 200,
    keep_retention: 200,
    minutes: 200,
    what_ends_by_itself: 400,
    procrastinate: 50,
}


@pytest.fixture
async def parts(database: str) -> AsyncIterator[Parts]:
    simulators = ProcessPool("simulator", 1, Limits(memory_mb=1024, max_result_bytes=2**20))
    await simulators.start()
    await simulators.ready()
    pool = await create_pool(database, 20)
    store = Store(pool, "tasks")
    instance = uuid.uuid4()
    await store.heartbeat(instance, *rescue.identity(), 0)
    yield Parts(pool, database, store, simulators, instance)
    pool.terminate()
    await simulators.stop()


@contextlib.asynccontextmanager
async def happening(parts: Parts) -> AsyncIterator[Receiver]:
    """Tasks are submitted and end, hints are sent, and some callbacks are never answered."""

    async def happen() -> None:
        while True:
            await submit(parts.store)
            await ended(parts.pool, receiver.at(f"127.0.0.{random.randint(2, 9)}"))
            await parts.pool.execute("select hint_workers('tasks')")
            await asyncio.sleep(0.02)

    async with receiving() as receiver:
        receiver.answers = [204, HANG] * 1000
        events = asyncio.create_task(happen())
        try:
            yield receiver
        finally:
            events.cancel()
            await asyncio.wait({events})


@pytest.mark.parametrize("kind", WORKS, ids=lambda kind: kind.__name__)
async def test_a_cancel_ends_it_at_whatever_moment(parts, kind, caplog, monkeypatch):
    monkeypatch.setattr("quantum_tasks.callbacks.webhooks._FINISH_S", 0.01)
    caplog.set_level(logging.CRITICAL)
    draw = random.Random(kind.__name__)
    free = asyncio.Semaphore(_AT_ONCE)
    survivors: list[asyncio.Task[None]] = []

    async def trial() -> None:
        async with free:
            work = kind(parts)
            work.wake()
            task = asyncio.create_task(Supervisor().keep(kind.__name__, work.run))
            await asyncio.sleep(draw.choice([0, 0.001, draw.uniform(0, _LONGEST_S)]))
            for act in draw.choice([[work.wake, task.cancel], [task.cancel, work.wake]]):
                act()
            await asyncio.wait({task}, timeout=_BOUND_S)
            if not task.done():
                survivors.append(task)
            if work.end is not None:
                await work.end()

    async with happening(parts):
        await asyncio.gather(*[trial() for _ in range(WORKS[kind])])
    said = f"{len(survivors)} of {WORKS[kind]} did not end, such as {survivors[:1]}"
    for task in survivors:
        task.cancel()
    assert not survivors, said


@pytest.mark.parametrize("kind", [waiting, feed, webhooks, worker], ids=lambda kind: kind.__name__)
async def test_a_cancel_ends_it_though_what_it_waits_for_comes_at_the_same_moment(parts, kind):
    """Which asyncio.wait_for, on Python 3.11, takes for the end of the wait alone."""

    async def trial(number: int) -> bool:
        work = kind(parts)
        task = asyncio.create_task(Supervisor().keep(kind.__name__, work.run))
        async with asyncio.timeout(_BOUND_S):
            while not work.event._waiters:
                await asyncio.sleep(0.001)
        for act in [work.event.set, task.cancel][:: -1 if number % 2 else 1]:
            act()
        await asyncio.wait({task}, timeout=_BOUND_S)
        ended = task.done()
        task.cancel()
        return ended

    assert all(await asyncio.gather(*[trial(number) for number in range(20)]))

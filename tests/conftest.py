"""One throwaway Postgres per run; one database per test, cloned from a migrated template."""

from __future__ import annotations

import asyncio
import gc
import itertools
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import asyncpg
import pytest
from service import Cluster, Service
from throwaway import ThrowawayPostgres

from quantum_tasks.database.migrations import migrate
from quantum_tasks.database.pool import Pool, create_pool
from quantum_tasks.queue.store import Store
from quantum_tasks.queue.submissions import Submissions

pytest_plugins = ["hanging"]

_numbers = itertools.count()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The fault matrix begins first: it waits for seven minutes, beside which all others run."""
    items.sort(key=lambda item: item.path.name != "test_faults.py")


def pytest_collection_finish() -> None:
    """What collecting has made lives until the end. The garbage collector would go through all of
    it again and again: an eighth of the time of the tests' own processes."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A server without durability, from the same binaries as everybody's; or one that others
    use as well, at QTASKS_TEST_POSTGRES."""
    if url := os.environ.get("QTASKS_TEST_POSTGRES"):
        yield url
        return
    server = ThrowawayPostgres(max_connections="300")
    yield server.start()
    server.stop()


@pytest.fixture(scope="session")
def template(postgres: str) -> Iterator[str]:
    """A database with the newest schema, to be cloned."""
    name = f"template_{os.getpid()}"
    _run(_execute(postgres, f"create database {name}"))
    _run(migrate(_url(postgres, name)))
    yield name
    _run(_execute(postgres, f"drop database {name} with (force)"))


@pytest.fixture
def database(postgres: str, template: str) -> Iterator[str]:
    """The URL of a migrated database of the test's own."""
    yield from _clone(postgres, template)


@pytest.fixture(scope="module")
def module_database(postgres: str, template: str) -> Iterator[str]:
    """The URL of a migrated database that the tests of a module share."""
    yield from _clone(postgres, template)


@pytest.fixture(scope="session")
def shared_database(postgres: str, template: str) -> Iterator[str]:
    yield from _clone(postgres, template)


@pytest.fixture(scope="session")
def cluster_database(postgres: str, template: str) -> Iterator[str]:
    yield from _clone(postgres, template)


@pytest.fixture
def empty_database(postgres: str) -> Iterator[str]:
    """The URL of a database with nothing in it."""
    yield from _clone(postgres, "template0")


@pytest.fixture(scope="session")
def service(shared_database: str) -> Iterator[Service]:
    """A service that every test of a run shares; for tests that leave it as it was."""
    service = Service(shared_database)
    try:
        yield service.start()
    finally:
        service.close()


@pytest.fixture(scope="session")
def api(postgres: str, template: str) -> Iterator[Service]:
    """A service that every test of a run shares and that runs no task, on a database of its own:
    what is submitted there is queued until it is cancelled."""
    databases = _clone(postgres, template)
    service = Service(next(databases), "--only", "api")
    try:
        yield service.start()
    finally:
        service.close()
        next(databases, None)


@pytest.fixture(scope="session")
def cluster(cluster_database: str) -> Iterator[Cluster]:
    """Two instances that take requests and one that runs tasks: whatever happens to a task is done
    by another than the one that is asked. For tests that leave it as it was."""
    secret = {"WEBHOOK_SECRET": "a secret"}
    api = [Service(cluster_database, "--only", "api", **secret) for _ in range(2)]
    worker = Service(cluster_database, "--only", "worker", **secret, SIMULATOR_PROCESSES="1")
    try:
        yield Cluster(api[0].start(), api[1].start(), worker.start(), cluster_database)
    finally:
        for instance in (*api, worker):
            instance.close()


@pytest.fixture
def start(database: str) -> Iterator[Callable[..., Service]]:
    """Starts services of the test's own, on its database unless told otherwise."""
    started: list[Service] = []

    def start(*arguments: str, ready: bool = True, **settings: str) -> Service:
        url = settings.pop("DATABASE_URL", database)
        started.append(Service(url, *arguments, **settings))
        return started[-1].start(ready)

    yield start
    for service in started:
        service.close()


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    pool = await create_pool(database, 10)
    yield pool
    pool.terminate()


@pytest.fixture
def store(pool: Pool) -> Store:
    return Store(pool, "tasks")


@pytest.fixture
def submissions(pool: Pool) -> Submissions:
    return Submissions(pool, "tasks")


def _clone(postgres: str, template: str) -> Iterator[str]:
    name = f"test_{os.getpid()}_{next(_numbers)}"
    _run(_copy(postgres, name, template))
    yield _url(postgres, name)
    _run(_execute(postgres, f"drop database {name} with (force)"))


def _url(postgres: str, database: str) -> str:
    return postgres.replace("/postgres?", f"/{database}?")


def _run(work: Coroutine[Any, Any, None]) -> None:
    """In a thread of its own: in that of the tests, a browser's event loop may be running."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


async def _copy(postgres: str, name: str, template: str) -> None:
    connection = await asyncpg.connect(postgres)
    try:
        # Postgres 14 knows no other way, and no word for it.
        how = "strategy file_copy" if connection.get_server_version() >= (15,) else ""
        await connection.execute(f"create database {name} template {template} {how}")
    finally:
        await connection.close()


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()

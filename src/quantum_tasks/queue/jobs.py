"""procrastinate, on the service's own connections: its jobs only wake the workers. If a job is
lost, no task is lost."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, LiteralString

import asyncpg
import procrastinate
from procrastinate.connector import BaseAsyncConnector, Notify
from procrastinate.exceptions import ConnectorException, NoResult, UniqueViolation

from quantum_tasks.database.pool import CONNECT_ARGS, OUTAGES, Pool
from quantum_tasks.errors import DatabaseUnavailable

JOB_NAME = "quantum_tasks.work"  # sql/migrations: hint_workers()
_POLL_S = 2.0
_RECONNECT_S = 0.5
_LISTEN_CHECK_S = 10.0


def create_app(pool: Pool, url: str, wake: Callable[[], None]) -> procrastinate.App:
    """procrastinate's application: one job, which wakes this instance's worker."""
    app = procrastinate.App(connector=AsyncpgConnector(pool, url, wake))

    @app.task(name=JOB_NAME)
    async def work() -> None:
        wake()

    return app


async def run(app: procrastinate.App, queue: str) -> None:
    """Runs procrastinate's worker. It raises DatabaseUnavailable, or returns: after an outage of
    the database its side tasks give up, and it takes this for a request to stop."""
    try:
        await app.run_worker_async(
            queues=[queue],
            concurrency=1,
            delete_jobs="always",
            fetch_job_polling_interval=_POLL_S,
            install_signal_handlers=False,
            shutdown_graceful_timeout=1,
        )
    except ConnectorException as error:
        raise DatabaseUnavailable from error.__cause__


class AsyncpgConnector(BaseAsyncConnector):
    """procrastinate's statements on the service's asyncpg pool.

    `notified` is called at every notification, and whenever the listening connection is made
    again, because notifications may have been missed. procrastinate itself is not told: it would
    fetch and delete a job for each task, and would lose notifications that come while it fetches
    one. It finds the jobs when it polls, every two seconds.
    """

    def __init__(self, pool: Pool, url: str, notified: Callable[[], None]) -> None:
        self._pool = pool
        self._url = url
        self._notified = notified

    def get_sync_connector(self) -> AsyncpgConnector:
        return self

    async def open_async(self, pool: Any = None) -> None:
        """The pool is the service's, and open."""

    async def close_async(self) -> None:
        """The pool is the service's, which closes it."""

    async def execute_query_async(self, query: LiteralString, **arguments: Any) -> None:
        await self._run("execute", query, arguments)

    async def execute_query_one_async(
        self, query: LiteralString, **arguments: Any
    ) -> dict[str, Any]:
        row = await self._run("fetchrow", query, arguments)
        if row is None:
            raise NoResult
        return dict(row)

    async def execute_query_all_async(
        self, query: LiteralString, **arguments: Any
    ) -> list[dict[str, Any]]:
        return [dict(row) for row in await self._run("fetch", query, arguments)]

    async def _run(self, method: str, query: str, arguments: dict[str, Any]) -> Any:
        numbered, names = _numbered(query)
        try:
            return await getattr(self._pool, method)(
                numbered, *(arguments[name] for name in names)
            )
        except asyncpg.UniqueViolationError as error:
            raise UniqueViolation(
                constraint_name=error.constraint_name or "", queueing_lock=None
            ) from error
        except (*OUTAGES, asyncpg.PostgresError) as error:
            raise ConnectorException from error

    async def listen_notify(self, on_notification: Notify, channels: Iterable[str]) -> None:
        """Listens, and never returns; it uses its own connection, and makes a new one when that
        breaks."""
        names = list(channels)

        def receive(*_: object) -> None:
            self._notified()

        while True:
            try:
                connection = await asyncpg.connect(self._url, **CONNECT_ARGS)
                lost = asyncio.Event()
                connection.add_termination_listener(lambda _, lost=lost: lost.set())
                try:
                    for name in names:
                        await connection.add_listener(name, receive)
                    self._notified()
                    while not await _set_within(lost, _LISTEN_CHECK_S):
                        await connection.execute("select 1")  # a half-open one never says so
                finally:
                    connection.terminate()
            except (*OUTAGES, asyncpg.PostgresError):
                pass
            await asyncio.sleep(_RECONNECT_S)


async def _set_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False


@cache
def _numbered(query: str) -> tuple[str, list[str]]:
    """`%(name)s` -> `$n`, and the names in order."""
    names: list[str] = []

    def number(match: re.Match[str]) -> str:
        if match[1] not in names:
            names.append(match[1])
        return f"${names.index(match[1]) + 1}"

    return re.sub(r"%\((\w+)\)s", number, query).replace("%%", "%"), names

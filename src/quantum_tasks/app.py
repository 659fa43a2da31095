"""The service: started in one place, and stopped in the reverse order."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Literal

from quantum_tasks.archive import retention
from quantum_tasks.archive.archive import Archive
from quantum_tasks.archive.cancelling import Cancellations
from quantum_tasks.archive.lists import Lists
from quantum_tasks.archive.minutes import Minutes
from quantum_tasks.archive.overview import Overviews
from quantum_tasks.callbacks.webhooks import Webhooks
from quantum_tasks.database import migrations
from quantum_tasks.database.embedded import EmbeddedPostgres
from quantum_tasks.database.pool import (
    STATEMENT_TIMEOUT_S,
    Pool,
    create_pool,
    wait_until_reachable,
)
from quantum_tasks.errors import DatabaseUnavailable, StartError
from quantum_tasks.fence.checking import Checker
from quantum_tasks.fence.drawing import MEMORY_MB as DRAWING_MB
from quantum_tasks.fence.drawing import Drawer
from quantum_tasks.fence.pool import ProcessPool, stop_fork_server
from quantum_tasks.live.feed import Feed
from quantum_tasks.live.waiting import Waiters
from quantum_tasks.orders import Limits
from quantum_tasks.queue import jobs, rescue
from quantum_tasks.queue.storage import Storage
from quantum_tasks.queue.store import Store
from quantum_tasks.queue.submissions import Submissions
from quantum_tasks.queue.versions import this_release
from quantum_tasks.queue.worker import Worker
from quantum_tasks.settings import Settings
from quantum_tasks.supervisor import Supervisor
from quantum_tasks.tasks import Task
from quantum_tasks.web.answers.streams import written
from quantum_tasks.web.app import Parts, create_app
from quantum_tasks.web.server import bind, server

logger = logging.getLogger(__name__)

Role = Literal["api", "worker"]

_CTRL_C_GRACE_S = 2.0
_CLOSE_TIMEOUT_S = 2.0


async def serve(
    settings: Settings, only: Role | None = None, postgres: EmbeddedPostgres | None = None
) -> None:
    """Runs the service until SIGTERM or SIGINT. Raises StartError if it cannot start.

    Without a DATABASE_URL it starts an embedded Postgres, or uses the given one, whose start may
    have begun already.
    """
    stop = _Stop(settings.shutdown_grace_s)
    async with AsyncExitStack() as stack:
        if postgres is not None:
            stack.push_async_callback(asyncio.to_thread, postgres.stop)
        listener = bind(settings)
        stack.callback(listener.close)
        with stop.cancels_this_task():
            # Before the children: while they warm up, a new database would start more slowly.
            url = await database_url(settings, stack, postgres)
            await migrations.migrate(url)
            # Requests that read tasks have their own connections: however many there are, and
            # however long they take, the code that accepts and runs tasks always finds a
            # connection.
            asking = settings.database_connections // 2
            asking_db = await stack.enter_async_context(_database(url, asking))
            working_db = settings.database_connections - asking
            db = await stack.enter_async_context(_database(url, working_db))
            store = Store(db, settings.task_queue_name)
            asked, archive = Store(asking_db, settings.task_queue_name), Archive(asking_db)
            storage = Storage(db, settings.max_stored_bytes)
            supervisor = Supervisor()
            waiters = Waiters(asked)
            feed = Feed(archive, written)
            background = {
                "waiting": waiters.run,
                "retention": lambda: retention.keep(Archive(db), storage),
                "minutes": Minutes(db).keep,
            }
            ended: list[Callable[[uuid.UUID, Task], object]] = [waiters.announce]
            if settings.webhook_secret is not None:
                webhooks = Webhooks(db, settings.webhook_secret, settings.webhook_allow_private)
                background["webhooks"] = webhooks.run
                ended.append(lambda id, task: webhooks.wake())
            if only != "worker":
                background["feed"] = feed.run
            for name, work in background.items():
                await stack.enter_async_context(_running(supervisor.keep(name, work)))
            stack.callback(stop_fork_server)
            checker = simulators = None
            drawer = Drawer(_limits(settings, DRAWING_MB))
            stack.push_async_callback(drawer.stop)
            if only != "worker":
                checker = await stack.enter_async_context(_checker(settings))
            if only != "api":
                simulators = await stack.enter_async_context(_simulators(settings))
                working = _working(
                    url, db, store, simulators, settings, supervisor, stop, ended, storage
                )
                await stack.enter_async_context(working)
            pools = [pool for pool in (checker and checker.quick, simulators) if pool]
            readiness = _Readiness(store, supervisor, pools)
        submissions = Submissions(
            db,
            settings.task_queue_name,
            settings.max_queued_tasks,
            settings.result_ttl_s,
            storage,
        )
        app = create_app(
            Parts(
                settings=settings,
                store=asked,
                submissions=submissions,
                archive=archive,
                lists=Lists(asking_db),
                overviews=Overviews(asking_db, archive),
                cancellations=Cancellations(asking_db),
                checker=checker,
                drawer=drawer,
                waiters=waiters,
                feed=feed,
                readiness=readiness,
            )
        )
        host, port = listener.getsockname()[:2]
        serving = server(app, settings, _welcome(host, port, only))
        # Objects made so far stay until the end. To search them for garbage, several times a
        # second under load, would block the event loop for 15 ms each time. The objects of a
        # thousand requests in progress are not garbage either, so the collector runs less often.
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 10, 10)
        stop.on_request(waiters.close)
        stop.on_request(feed.close)
        stop.on_request(lambda: setattr(serving, "should_exit", True))
        await serving.serve(sockets=[listener])
        logger.info("stopping")


async def database_url(
    settings: Settings, stack: AsyncExitStack, postgres: EmbeddedPostgres | None = None
) -> str:
    """The URL of the given database, once it answers; else that of an embedded one, which is
    stopped when the stack unwinds."""
    if settings.database_url is not None:
        await wait_until_reachable(settings.database_url, settings.database_wait_s)
        return settings.database_url
    server = postgres or EmbeddedPostgres(settings.data_dir)
    if server is not postgres:
        stack.push_async_callback(asyncio.to_thread, server.stop)
    await asyncio.to_thread(server.start)
    await stack.enter_async_context(_running(_keep_alive(server)))
    return server.url


class _Stop:
    """Turns signals into one orderly stop; a second signal ends the waiting for running tasks."""

    def __init__(self, grace_s: float) -> None:
        self.grace_s = grace_s
        self.hurry = asyncio.Event()
        self._requested = False
        self._actions: list[Callable[[], object]] = []
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._request, grace_s)
        loop.add_signal_handler(signal.SIGINT, self._request, min(grace_s, _CTRL_C_GRACE_S))

    def _request(self, grace_s: float) -> None:
        if self._requested:
            self.hurry.set()
        self._requested = True
        self.grace_s = grace_s
        for action in self._actions:
            action()

    def on_request(self, action: Callable[[], object]) -> None:
        """Registers something to do when a stop is requested."""
        self._actions.append(action)
        if self._requested:
            action()

    @contextlib.contextmanager
    def cancels_this_task(self) -> Any:
        """While the service is starting, a signal abandons the start."""
        task = asyncio.current_task()
        assert task is not None
        self._actions.append(task.cancel)
        yield
        self._actions.clear()


class _Readiness:
    """Answers the question of `/readyz`: can this instance do its work?"""

    def __init__(self, store: Store, supervisor: Supervisor, pools: list[ProcessPool]) -> None:
        self._store = store
        self._supervisor = supervisor
        self._newest = migrations.newest()
        self._pools = pools

    async def __call__(self) -> list[str]:
        reasons = []
        try:
            newest, oldest = await self._store.migration()
            if newest < self._newest:
                reasons.append(f"the database has migration {newest}, not {self._newest}")
            elif reason := migrations.too_new(newest, oldest, self._newest):
                reasons.append(reason)
        except DatabaseUnavailable:
            reasons.append("the database does not answer")
        for pool in self._pools:
            if not pool.alive:
                reasons.append(f"no {pool.name} process is up")
        return reasons + [f"the {name} keeps failing" for name in self._supervisor.failing]


@asynccontextmanager
async def _database(
    url: str, connections: int, statement_timeout_s: float = STATEMENT_TIMEOUT_S
) -> AsyncIterator[Pool]:
    pool = await create_pool(url, connections, statement_timeout_s)
    try:
        yield pool
    finally:
        try:
            async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                await pool.close()
        except TimeoutError:
            pool.terminate()


@asynccontextmanager
async def _checker(settings: Settings) -> AsyncIterator[Checker]:
    limits = _limits(settings, settings.parser_memory_mb)
    checker = Checker(
        settings.parser_processes,
        limits,
        settings.parse_time_limit_s,
        settings.task_time_limit_s,
    )
    await checker.start()
    try:
        yield checker
    finally:
        await checker.stop()


@asynccontextmanager
async def _simulators(settings: Settings) -> AsyncIterator[ProcessPool]:
    limits = _limits(settings, settings.memory_per_simulator_mb())
    # One process more than may run large programs: so small programs never wait until all large
    # ones have ended.
    async with _pool(ProcessPool("simulator", settings.simulators + 1, limits)) as pool:
        yield pool


def _limits(settings: Settings, memory_mb: int) -> Limits:
    return Limits(
        memory_mb=memory_mb,
        max_result_bytes=settings.max_result_bytes,
        simulator_memory_mb=settings.memory_per_simulator_mb(),
        max_qubits=settings.max_qubits,
        max_clbits=settings.max_clbits,
        max_operations=settings.max_operations,
        max_possible_values=settings.max_possible_values,
        disabled_engines=settings.disabled_engines,
    )


@asynccontextmanager
async def _pool(pool: ProcessPool) -> AsyncIterator[ProcessPool]:
    await pool.start()
    try:
        yield pool
    finally:
        await pool.stop()


@asynccontextmanager
async def _working(
    url: str,
    db: Pool,
    store: Store,
    simulators: ProcessPool,
    settings: Settings,
    supervisor: Supervisor,
    stop: _Stop,
    ended: list[Callable[[uuid.UUID, Task], object]],
    storage: Storage,
) -> AsyncIterator[None]:
    """Runs the worker, with the jobs that wake it and the heartbeat that keeps its lease. At the
    end, the heartbeat and the stopping of cancelled tasks go on until its tasks are done."""
    instance = uuid.uuid4()
    worker = Worker(store, simulators, settings, instance, ended, storage)
    app = jobs.create_app(db, url, worker.wake)
    async with AsyncExitStack() as stack:
        # Separate connections, so that no flood of requests can stop the heartbeat.
        vital_db = await stack.enter_async_context(
            _database(url, rescue.CONNECTIONS, rescue.STATEMENT_TIMEOUT_S)
        )
        vital = Store(vital_db, settings.task_queue_name)
        stack.push_async_callback(_say_goodbye, vital, instance)
        capability = _limits(settings, settings.memory_per_simulator_mb()).capability
        await vital.heartbeat(
            instance, *rescue.identity(), 0, this_release(), capability=capability
        )
        for name, work in {
            "heartbeat": lambda: rescue.beat(
                vital,
                instance,
                capability,
                lambda: (
                    worker.outcomes.refused,
                    simulators.alive,
                    worker.outcomes.ended_last_minute,
                    simulators.busy,
                ),
                worker.wake,
            ),
            "sweep": lambda: rescue.sweep(vital, instance, lambda: worker.held, worker.wake),
            "cancellations": worker.stop_cancelled,
        }.items():
            await stack.enter_async_context(_running(supervisor.keep(name, work)))
        stack.push_async_callback(_finish, worker, stop)
        for name, work in {
            "queue": lambda: jobs.run(app, settings.task_queue_name),
            "worker": worker.run,
        }.items():
            await stack.enter_async_context(_running(supervisor.keep(name, work)))
        yield


async def _finish(worker: Worker, stop: _Stop) -> None:
    with contextlib.suppress(DatabaseUnavailable):  # if this fails, another instance will sweep
        await worker.finish(stop.grace_s, stop.hurry)


async def _say_goodbye(store: Store, instance: uuid.UUID) -> None:
    with contextlib.suppress(DatabaseUnavailable):
        await store.unregister(instance)


@asynccontextmanager
async def _running(work: Coroutine[Any, Any, None]) -> AsyncIterator[asyncio.Task[None]]:
    """Runs something in the background, and cancels it on the way out."""
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait({task}, timeout=_CLOSE_TIMEOUT_S)


async def _keep_alive(server: EmbeddedPostgres) -> None:
    while True:
        await asyncio.sleep(0.5)
        try:
            if await asyncio.to_thread(server.restart_if_dead):
                logger.warning("postgres had died; it runs again")
        except (StartError, OSError) as error:
            logger.error("postgres does not start", extra={"reason": error})


def _welcome(host: str, port: int, only: Role | None) -> str:
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)
    url = f"http://{f'[{shown}]' if ':' in shown and '[' not in shown else shown}:{port}"
    if only == "worker":
        return f"quantum-tasks worker runs; its health: {url}/readyz  (Ctrl-C stops it)"
    return f"quantum-tasks listens on {url}  (API reference: {url}/docs, Ctrl-C stops it)"

"""What HTTP and Postgres alone cost a task: a server that checks nothing and runs nothing."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from service import Service

from bench.client import closed_loop, flood, gets, in_process
from bench.processes import usage
from bench.programs import Maker, bell, gates, several
from bench.running import CLIENTS, database_url, fresh
from bench.tables import progress, table

# title: (maker, number of different outcomes in the counts)
KINDS: dict[str, tuple[Maker, int]] = {"bell": (bell, 4), "12 qubits, 300 gates": (gates, 900)}
TASKS = 1000
TRIES = 3
_TABLE = """
create table if not exists bare (
    id uuid primary key, qc text not null, status text not null default 'queued', counts text);
alter table bare alter qc set storage external, alter counts set storage external;
"""
_STORE = "insert into bare (id, qc) select * from unnest($1::uuid[], $2::text[])"
_CLAIM = "update bare set status = 'running' where id = any($1::uuid[]) and status = 'queued'"
_FINISH = """
update bare set status = 'completed', counts = found.counts
from unnest($1::uuid[], $2::text[]) as found (id, counts) where bare.id = found.id
"""
_PARTS = ("POST", "GET", "both", "both, stored", "its Postgres", "sum", "service", "its Postgres")


def measure() -> None:
    rows = []
    for title, (make, outcomes) in KINDS.items():
        progress(f"nothing but HTTP and Postgres: {title}")
        programs = several(make, TASKS)
        with fresh(make) as service:
            # Others may disturb a try: the one that took least is shown.
            tries = [_tried(service, programs, outcomes) for _ in range(TRIES)]
        least = map(min, zip(*tries, strict=True))
        rows.append((title, *(f"{seconds * 1000:.2f}" for seconds in least)))
    print(
        f"Processor time per task in ms, the least of {TRIES} tries. `sum` is what a task cannot\n"
        "cost less than, and `service` what it costs.\n"
    )
    table(("program", *_PARTS), rows)


def _tried(service: Service, programs: list[str], outcomes: int) -> tuple[float, ...]:
    """Seconds of processor time per task, for each of _PARTS."""
    with _server(None, outcomes) as (url, spent):
        posts = _cost(spent, flood, url, programs, CLIENTS)
        ids = in_process(closed_loop, url, programs, CLIENTS).ids
        reads = _cost(spent, gets, url, ids, CLIENTS)
        both = _cost(spent, closed_loop, url, programs, CLIENTS)
    folder = Path(service.setting("DATA_DIR"))
    with _server(database_url(folder), outcomes) as (url, spent):
        before = usage(service)
        stored = _cost(spent, closed_loop, url, programs, CLIENTS)
        postgres = usage(service).since(before).by_part["postgres"] / TASKS
    before = usage(service)
    in_process(closed_loop, service.url, programs, CLIENTS)
    whole = usage(service).since(before)
    everything = whole.total / TASKS, whole.by_part["postgres"] / TASKS
    return (posts, reads, both, stored, postgres, stored + postgres, *everything)


def _cost(spent: Callable[[], float], load: Callable[..., object], *arguments: object) -> float:
    before = spent()
    in_process(load, *arguments)
    return (spent() - before) / TASKS


@contextmanager
def _server(database: str | None, outcomes: int) -> Iterator[tuple[str, Callable[[], float]]]:
    """The server, with its URL, and what asks for the processor time that it took so far."""
    spawn = multiprocessing.get_context("spawn")
    parent, child = spawn.Pipe()
    server = spawn.Process(target=_serve, args=(database, outcomes, child), daemon=True)
    server.start()

    def spent() -> float:
        parent.send("processor time")
        seconds: float = parent.recv()
        return seconds

    try:
        yield f"http://127.0.0.1:{parent.recv()}", spent
    finally:
        parent.send(None)
        server.join(10)


def _serve(database: str | None, outcomes: int, pipe: Any) -> None:
    """The same libraries as the service's (uvicorn with httptools and uvloop, Starlette, msgspec,
    asyncpg), the same two requests and, with a database, the fewest statements that lose no task:
    one stores tasks, one claims them, one stores results. Tasks that come together share them.
    A waiting GET is answered from memory, as it is by the service."""
    import asyncpg
    import msgspec
    import uvicorn
    import uvloop
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    from quantum_tasks.database.grouped import Grouped

    counts = json.dumps({f"{outcome:012b}": 1 for outcome in range(outcomes)})
    ended: dict[uuid.UUID, asyncio.Future[str]] = {}
    arrived: list[uuid.UUID] = []
    some = asyncio.Event()

    class Body(msgspec.Struct):
        qc: str

    class Submitted(msgspec.Struct):
        task_id: uuid.UUID
        message: str = "Task submitted successfully."

    async def store(tasks: list[tuple[uuid.UUID, str]]) -> list[None]:
        if pool is not None:
            await pool.execute(_STORE, [id for id, _ in tasks], [qc for _, qc in tasks])
        return [None] * len(tasks)

    stored = Grouped(store)

    async def create(request: Request) -> Response:
        body = msgspec.json.decode(await request.body(), type=Body)
        id = uuid.uuid4()
        await stored((id, body.qc))
        ended[id] = asyncio.get_running_loop().create_future()
        arrived.append(id)
        some.set()
        answer = msgspec.json.encode(Submitted(id))
        return Response(answer, 202, media_type="application/json")

    async def read(request: Request) -> Response:
        found = await ended[uuid.UUID(request.path_params["id"])]
        answer = b'{"status":"completed","result":%b}' % found.encode()
        return Response(answer, media_type="application/json")

    async def work() -> None:
        while True:
            await some.wait()
            some.clear()
            ids = arrived[:]
            arrived.clear()
            if pool is not None:
                await pool.execute(_CLAIM, ids)
                await pool.execute(_FINISH, ids, [counts] * len(ids))
            for id in ids:
                ended[id].set_result(counts)

    async def main() -> None:
        nonlocal pool
        if database is not None:
            pool = await asyncpg.create_pool(database, min_size=2, max_size=4)
            await pool.execute(_TABLE)
        worker = asyncio.create_task(work())
        routes = [Route("/tasks", create, methods=["POST"]), Route("/tasks/{id}", read)]
        app = Starlette(routes=routes)
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", access_log=False))
        serving = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        pipe.send(server.servers[0].sockets[0].getsockname()[1])

        def answer() -> None:
            while pipe.recv():
                pipe.send(time.process_time())
            server.should_exit = True

        threading.Thread(target=answer, daemon=True).start()
        await serving
        worker.cancel()
        if pool is not None:
            await pool.close()

    pool: Any = None
    uvloop.run(main())

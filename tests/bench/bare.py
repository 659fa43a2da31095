"""What HTTP and Postgres alone cost a task: a server that checks nothing and runs nothing.

The same libraries as the service (uvicorn with httptools and uvloop, Starlette, asyncpg), the same
clients, the same two requests, and the fewest statements that lose no task: one stores it, one
claims it, one stores its result. Claims and results of tasks that come together share a commit.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import uuid
from typing import Any

from bench.client import closed_loop, in_process
from bench.processes import usage
from bench.programs import Maker, bell, layers, several
from bench.running import CLIENTS, data_folder, database_url, running
from bench.tables import progress, table

KINDS: dict[str, tuple[Maker, int]] = {"bell": (bell, 1), "12 qubits": (layers(12, 10), 900)}
TASKS = 1500
_TABLE = """
create table bare (id uuid primary key, qc text not null, status text not null default 'queued',
                   counts text)
"""
_CLAIM = "update bare set status = 'running' where id = any($1::uuid[]) and status = 'queued'"
_FINISH = """
update bare set status = 'completed', counts = found.counts
from unnest($1::uuid[], $2::text[]) as found (id, counts) where bare.id = found.id
"""


def measure() -> None:
    rows = []
    for title, (make, outcomes) in KINDS.items():
        progress(f"nothing but HTTP and Postgres: {title}")
        with data_folder() as folder, running(folder, SIMULATOR_PROCESSES="1") as service:
            spawn = multiprocessing.get_context("spawn")
            parent, child = spawn.Pipe()
            address = database_url(folder)
            server = spawn.Process(target=_serve, args=(address, outcomes, child), daemon=True)
            server.start()
            url = f"http://127.0.0.1:{parent.recv()}"
            programs = several(make, TASKS)
            in_process(closed_loop, url, programs[:100], CLIENTS)
            before, postgres = _processor_s(parent), usage(service)
            in_process(closed_loop, url, programs, CLIENTS)
            main = _processor_s(parent) - before
            database = usage(service).since(postgres).by_part["postgres"]
            parent.send(None)
            server.join(10)
        figures = (main, database, main + database)
        rows.append((title, *(f"{seconds / TASKS * 1000:.2f}" for seconds in figures)))
    print("Processor time per task in ms of a server that only stores tasks and results.\n")
    table(("program", "main", "postgres", "all"), rows)


def _processor_s(parent: Any) -> float:
    parent.send("processor time")
    seconds: float = parent.recv()
    return seconds


def _serve(address: str, outcomes: int, pipe: Any) -> None:
    import threading
    import time

    import asyncpg
    import msgspec
    import uvicorn
    import uvloop
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    counts = json.dumps({f"{outcome:012b}": 1 for outcome in range(outcomes)})
    waiting: dict[uuid.UUID, asyncio.Future[None]] = {}
    arrived: list[uuid.UUID] = []
    there = asyncio.Event()

    class Body(msgspec.Struct):
        qc: str

    async def create(request: Request) -> Response:
        body = msgspec.json.decode(await request.body(), type=Body)
        id = uuid.uuid4()
        await pool.execute("insert into bare (id, qc) values ($1, $2)", id, body.qc)
        waiting[id] = asyncio.get_running_loop().create_future()
        arrived.append(id)
        there.set()
        answer = {"task_id": str(id), "message": "Task submitted successfully."}
        return Response(msgspec.json.encode(answer), 202, media_type="application/json")

    async def read(request: Request) -> Response:
        id = uuid.UUID(request.path_params["id"])
        if id in waiting:
            await waiting[id]
            del waiting[id]
        counts = await pool.fetchval("select counts from bare where id = $1", id)
        found = f'{{"status":"completed","result":{counts}}}'
        return Response(found, media_type="application/json")

    async def work() -> None:
        while True:
            await there.wait()
            there.clear()
            ids = arrived[:]
            arrived.clear()
            await pool.execute(_CLAIM, ids)
            await pool.execute(_FINISH, ids, [counts] * len(ids))
            for id in ids:
                waiting[id].set_result(None)

    async def main() -> None:
        nonlocal pool
        pool = await asyncpg.create_pool(address, min_size=4, max_size=8)
        await pool.execute(_TABLE)
        worker = asyncio.create_task(work())
        routes = [
            Route("/tasks", create, methods=["POST"]),
            Route("/tasks/{id}", read),
        ]
        config = uvicorn.Config(Starlette(routes=routes), port=0, log_level="warning")
        server = uvicorn.Server(config)
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
        await pool.close()

    pool: Any = None
    uvloop.run(main())

"""Small programs whose results are large."""

from __future__ import annotations

import asyncio
import json

from attackers.ground import Ground
from attackers.wire import JSON, Wire, request

# 1,024 outcomes of 9,999 bits each: ten megabytes.
WIDE = (
    'OPENQASM 3;include "stdgates.inc";qubit[10]q;bit[9999]c;h q;'
    "for int i in[0:9]c[i]=measure q[i];"
)
_LARGE = {"qc": WIDE, "shots": 10_000}


async def large_results(ground: Ground) -> None:
    """4 clients submit a program of 140 bytes whose result has ten megabytes, and wait for it.
    (More would be about the queue, where first come is first served.)"""

    async def client(wire: Wire) -> None:
        body = json.dumps(_LARGE).encode()
        answer = json.loads(await ground.ask(wire, "POST", "/tasks", body, JSON))
        if "task_id" in answer:
            await ground.ask(wire, "GET", f"/v1/tasks/{answer['task_id']}?wait=20")

    await ground.clients(4, client)


async def large_results_in_every_view(ground: Ground) -> None:
    """20 clients read a result of twelve megabytes, in every way that it can be shown."""
    id = await ground.ended({"qc": WIDE, "shots": 700, "memory": True})
    views = ("view=probabilities", "view=registers", "view=memory", "view=counts", "")

    async def client(wire: Wire) -> None:
        number = ground.number()
        headers = {"Accept-Encoding": "gzip"} if number // 30 % 2 else {}
        path = f"/v1/tasks/{id}/result"
        if number % 6 == 5:
            path = f"/v1/tasks/{id}/counts.svg"
        elif number % 6 == 4:
            headers["Accept"] = "text/csv"
        else:
            path += f"?{views[number % len(views)]}"
        await ground.ask(wire, "GET", path, headers=headers)

    await ground.clients(20, client)


async def exact_states(ground: Ground) -> None:
    """20 clients submit programs of 16 qubits without shots, of which four megabytes are kept, and
    read their states."""
    program = 'OPENQASM 3;include "stdgates.inc";qubit[16]q;bit[16]c;h q;c=measure q;'

    async def client(wire: Wire) -> None:
        body = json.dumps({"qc": program, "shots": 0}).encode()
        answer = json.loads(await ground.ask(wire, "POST", "/tasks", body, JSON))
        if "task_id" in answer:
            task = f"/v1/tasks/{answer['task_id']}"
            await ground.ask(wire, "GET", f"{task}?wait=20")
            await ground.ask(wire, "GET", f"{task}/result?view=statevector")
            await ground.ask(wire, "GET", f"{task}/result?view=probabilities&top=65536")

    await ground.clients(20, client)


async def large_results_not_read(ground: Ground) -> None:
    """50 clients ask for a result of ten megabytes and do not read it."""
    id = await ground.ended(_LARGE)

    async def client(wire: Wire) -> None:
        wire.writer.transport.pause_reading()  # type: ignore[attr-defined]
        wire.writer.write(request("GET", f"/tasks/{id}"))
        await asyncio.sleep(3600)

    await ground.clients(50, client)

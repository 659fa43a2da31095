"""Many who change the same tasks: rename, cancel, delete, run them again."""

from __future__ import annotations

import json

from attackers.ground import Ground
from attackers.wire import Wire

_BIT = "OPENQASM 3.0; qubit q; bit c; c = measure q;"


_PAUSE_S = 0.2


async def one_task_changed_by_all(ground: Ground) -> None:
    """50 clients rename one task, cancel it and try to delete it, all at the same time."""
    id = await ground.ended({"qc": _BIT})

    async def client(wire: Wire) -> None:
        number = ground.number()
        if number % 4 == 0:
            await ground.ask(wire, "POST", f"/v1/tasks/{id}/cancel")
        elif number % 4 == 1:
            await ground.ask(wire, "GET", f"/v1/tasks/{id}")
        else:
            body = json.dumps({"name": f"name {number}", "tags": {"n": str(number)}}).encode()
            await ground.ask(wire, "PATCH", f"/v1/tasks/{id}", body)

    await ground.clients(50, client, _PAUSE_S)


async def cancelled_by_tag(ground: Ground) -> None:
    """20 clients submit tasks with the same tag and cancel all that have it."""

    async def client(wire: Wire) -> None:
        if ground.number() % 3:
            tasks = [{"qc": _BIT, "shots": 1, "tags": {"storm": "here"}}] * 10
            await ground.ask(wire, "POST", "/v1/tasks", json.dumps({"tasks": tasks}).encode())
        else:
            body = b'{"tags": {"storm": "here"}}'
            await ground.ask(wire, "POST", "/v1/tasks/cancel", body)

    await ground.clients(20, client, _PAUSE_S)


async def cancelled_by_a_tag_of_all(ground: Ground) -> None:
    """20 clients cancel all tasks that have a tag that every task has, of which all have ended."""

    async def client(wire: Wire) -> None:
        await ground.ask(wire, "POST", "/v1/tasks/cancel", b'{"tags": {"kind": "usual"}}')

    await ground.clients(20, client, _PAUSE_S)


async def cancelled_by_filter(ground: Ground) -> None:
    """20 clients cancel or count all tasks that match what almost none does, in every way to
    look for it."""
    filters = (
        {"q": "nothing"},
        {"status": "queued", "tag": "kind:usual"},
        {"name": "nothing", "q": "%_" * 20},
        {"created_before": "2000-01-01", "status": "running"},
    )

    async def client(wire: Wire) -> None:
        number = ground.number()
        body = {"filter": filters[number % len(filters)], "dry_run": number % 8 < 4}
        await ground.ask(wire, "POST", "/v1/tasks/cancel", json.dumps(body).encode())

    await ground.clients(20, client, _PAUSE_S)


async def reruns(ground: Ground) -> None:
    """30 clients run one task again, whose program has 250 KB."""
    qc = "OPENQASM 3.0; qubit q; bit c; c = measure q;" + " " * 250_000
    id = await ground.ended({"qc": qc, "shots": 1})

    async def client(wire: Wire) -> None:
        await ground.ask(wire, "POST", f"/v1/tasks/{id}/rerun")

    await ground.clients(30, client, _PAUSE_S)


async def deletions(ground: Ground) -> None:
    """20 clients submit tasks, wait for them and delete each of them three times."""

    async def client(wire: Wire) -> None:
        body = json.dumps({"qc": _BIT, "shots": 1}).encode()
        answer = json.loads(await ground.ask(wire, "POST", "/tasks", body))
        if id := answer.get("task_id"):
            await ground.ask(wire, "GET", f"/tasks/{id}?wait=20")
            for _ in range(3):
                await ground.ask(wire, "DELETE", f"/v1/tasks/{id}")

    await ground.clients(20, client, _PAUSE_S)

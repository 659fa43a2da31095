"""What was promised to honest users, held against what the database has."""

from __future__ import annotations

import json

import asyncpg

from attackers.honest import Told

_TASKS = """select t.id::text, t.status::text, t.attempt, t.losses, r.counts::text as counts
    from tasks t left join results r on r.task_id = t.id where t.queue <> 'history'"""


async def broken(url: str, told: Told) -> list[str]:
    """Each promise that was broken: a task that is lost, a result that is another than was said,
    a task that ran more than once, and leases that were lost, whoever's tasks they were of."""
    db = await asyncpg.connect(url)
    try:
        known = {row["id"]: row for row in await db.fetch(_TASKS)}
    finally:
        await db.close()
    found = []
    for id, counts in told.tasks.items():
        row = known.get(id)
        if row is None:
            found.append(f"lost: {id}")
        elif row["attempt"] > 1:
            found.append(f"ran more than once: {id}")
        elif counts is not None and (row["counts"] is None or json.loads(row["counts"]) != counts):
            found.append(f"changed: {id} to {row['counts']} from {counts}")
    if losses := sum(row["losses"] for row in known.values()):
        found.append(f"{losses} leases lost")
    return found

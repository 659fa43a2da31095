"""Which tables are in a backup, and in which order they can be filled."""

from __future__ import annotations

import re
from graphlib import TopologicalSorter
from typing import NamedTuple

from quantum_tasks.database.migrations import Migration
from quantum_tasks.database.pool import Connection
from quantum_tasks.database.queries import QUERIES

# Who ran when the backup was made is of no use later. (procrastinate's tables are left out because
# no migration of ours makes them: its jobs are only hints.)
LEFT_OUT = {"instances"}
_MADE = re.compile(r"^create (?:unlogged )?table (\w+)", re.MULTILINE)


class Kept(NamedTuple):
    """A table that is in a backup, with those of its columns that are not generated."""

    name: str
    columns: list[str]


async def kept_tables(db: Connection, migrations: list[Migration]) -> list[Kept]:
    """The tables that these migrations make and this database has, each after those that it refers
    to. So what a migration adds is in the next backup."""
    # Other tables that are in the same database are none of ours.
    ours = "\n".join(migration.sql for migration in migrations if migration.number)
    made = set(_MADE.findall(ours))
    names = sorted(made - LEFT_OUT)
    columns = {row["name"]: row["columns"] for row in await db.fetch(QUERIES["columns"], names)}
    order = TopologicalSorter(dict.fromkeys(columns, ()))
    for row in await db.fetch(QUERIES["references"], list(columns)):
        order.add(row["name"], row["other"])
    return [Kept(name, columns[name]) for name in order.static_order()]

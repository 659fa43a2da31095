"""Makes a backup: reads all tables in one snapshot."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import NamedTuple

from quantum_tasks import __version__
from quantum_tasks.backup.connection import connected
from quantum_tasks.backup.file import FORMAT, VERSION, Header, Table, Writer, new_file
from quantum_tasks.backup.tables import Kept, kept_tables
from quantum_tasks.database.migrations import LOCK, all_migrations, newest_applied
from quantum_tasks.database.pool import Connection
from quantum_tasks.database.queries import QUERIES
from quantum_tasks.errors import StartError

_CHUNK = 1 << 20


class Saved(NamedTuple):
    """How much a backup has."""

    tasks: int
    bytes: int


async def backup(url: str, path: Path) -> Saved:
    """Writes all tasks of a database to a new file, as they were at one moment. Tasks go on being
    submitted and run; only migrations wait for the end.

    Raises StartError, and there is no file.
    """
    with new_file(path) as file:
        async with connected(url) as db:
            # A migration would wait for our reading, and everybody else for the migration.
            await db.execute("select pg_advisory_lock_shared($1)", LOCK)
            async with db.transaction(isolation="repeatable_read", readonly=True):
                tasks = await _write(db, Writer(path, file))
        return Saved(tasks, file.tell())


async def _write(db: Connection, writer: Writer) -> int:
    """Writes the lines of a backup, and returns how many tasks there are."""
    migrations = all_migrations()
    migration = await newest_applied(db)
    if migration is None:
        raise StartError("this database has no tasks: 'qtasks serve' has never run on it")
    if migration > migrations[-1].number:
        raise StartError(
            f"the database has migration {migration:04d}, and the newest here is "
            f"{migrations[-1].number:04d}: make the backup with the newer version of the program"
        )
    tables = await kept_tables(db, [each for each in migrations if each.number <= migration])
    names = [table.name for table in tables]
    sequences = {row["column"]: row["last"] for row in await db.fetch(QUERIES["sequences"], names)}
    changes, adds = await db.fetchrow(QUERIES["changes"])
    if adds:
        changes += await db.fetchval("select changes_before()")
    now = (await db.fetchval("select now()")).isoformat(timespec="seconds")
    writer.line(Header(FORMAT, VERSION, __version__, migration, now, changes, sequences))
    rows = {table.name: await _write_table(db, writer, table) for table in tables}
    await asyncio.to_thread(writer.finish)
    return rows["tasks"]


async def _write_table(db: Connection, writer: Writer, table: Kept) -> int:
    writer.line(Table(table.name, table.columns))
    waiting: list[bytes] = []

    async def write(text: bytes) -> None:
        """Compresses what has come in a thread, while Postgres sends more."""
        waiting.append(text)
        if sum(map(len, waiting)) >= _CHUNK:
            await asyncio.to_thread(writer.write, _taken(waiting))

    done = await db.copy_from_table(table.name, columns=table.columns, output=write)
    writer.write(_taken(waiting))
    rows = int(done.split()[-1])
    writer.end_of_rows(rows)
    return rows


def _taken(waiting: list[bytes]) -> bytes:
    text = b"".join(waiting)
    waiting.clear()
    return text

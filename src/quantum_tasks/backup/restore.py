"""Fills an empty database from a backup, in one transaction.

What Postgres numbers by transactions needs care. A change of a task has the number of its
transaction, and who follows the feed continues after the last number that they saw. In another
cluster transactions are numbered from the beginning. So a restored database adds a constant to
these numbers (`changes_before()`), which makes them higher than those of all changes in the
backup, and than those of changes after the backup, which were lost with the old database.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import asyncpg

from quantum_tasks.backup.connection import connected
from quantum_tasks.backup.file import Header, Reader, Table, existing_file
from quantum_tasks.backup.tables import Kept, kept_tables
from quantum_tasks.database.migrations import (
    LOCK,
    Migration,
    all_migrations,
    apply_missing,
    newest_applied,
)
from quantum_tasks.database.pool import Connection
from quantum_tasks.database.queries import QUERIES
from quantum_tasks.errors import StartError
from quantum_tasks.queue.store import LEASE_S

# More transactions than a database makes in a year, and few enough that the numbers of changes can
# be read as 64-bit floats (as JavaScript does) after thousands of restores.
_GAP = 1 << 40


class Restored(NamedTuple):
    """What came of a restore: how many tasks there are, how many of them were running, and when
    the backup was made."""

    tasks: int
    were_running: int
    created_at: str


async def restore(url: str, path: Path) -> Restored:
    """Fills a database in which no task ever was. Tasks that were running are queued again.

    Raises StartError if the database is not empty, or if the backup is damaged or from a newer
    version; then the database is as it was.
    """
    with existing_file(path) as file:
        reader = Reader(path, file)
        migrations = all_migrations()
        if reader.header.migration > migrations[-1].number:
            raise StartError(
                f"{path} is from a newer version of the program ({reader.header.program}, with "
                f"migration {reader.header.migration:04d}; the newest here is "
                f"{migrations[-1].number:04d}): restore it with that version or a newer one"
            )
        async with connected(url) as db:
            # Instances that start meanwhile wait, and then find all that they need.
            await db.execute("select pg_advisory_lock($1)", LOCK)
            async with db.transaction():
                return await _fill(db, reader, migrations)


async def _fill(db: Connection, reader: Reader, migrations: list[Migration]) -> Restored:
    header = reader.header
    known = [migration for migration in migrations if migration.number <= header.migration]
    await _prepare(db, header, known)
    tables = {table.name: table for table in await kept_tables(db, known)}
    await _check_empty(db, list(tables))
    rows = {}
    while (table := reader.next_table()) is not None:
        rows[table.table] = await _fill_table(db, reader, table, tables)
    for column, last in header.sequences.items():
        if last is not None:
            await db.execute(
                "select setval(pg_get_serial_sequence($1, $2), $3)", *column.split("."), last
            )
    await apply_missing(db, migrations)
    await _count_on(db, header.changes)
    requeued = await db.execute(QUERIES["requeue"])
    await db.execute(QUERIES["hint"])
    await db.execute(f"analyze {', '.join(tables)}")
    return Restored(rows.get("tasks", 0), int(requeued.split()[-1]), header.created_at)


async def _prepare(db: Connection, header: Header, known: list[Migration]) -> None:
    """Brings a new database to the schema of the backup."""
    newest = await newest_applied(db)
    if newest is not None and newest > header.migration:
        raise StartError(
            f"the database has the schema of a newer program (migration {newest:04d}; the backup "
            f"has {header.migration:04d}): restore into a new database, on which 'qtasks serve' "
            "has never run"
        )
    try:
        await apply_missing(db, known)
    except (asyncpg.DuplicateObjectError, asyncpg.DuplicateTableError) as error:
        raise _not_empty(str(error)) from None


async def _check_empty(db: Connection, tables: list[str]) -> None:
    """Raises StartError if there is, or was, any task, or if an instance runs. Then empties the
    tables in which a new schema has rows."""
    await db.execute(f"lock table {', '.join([*tables, 'instances'])} in access exclusive mode")
    runs, has_tasks = await db.fetchrow(QUERIES["used"], LEASE_S)
    if has_tasks:
        raise _not_empty("tasks are in it, or were")
    if runs:
        raise StartError(
            "an instance runs on this database: stop it first (wait 15 s if it was killed)"
        )
    await db.execute(f"truncate {', '.join([*tables, 'instances'])}")


async def _fill_table(
    db: Connection, reader: Reader, table: Table, tables: dict[str, Kept]
) -> int:
    kept = tables.get(table.table)
    if kept is None or not set(table.columns) <= set(kept.columns):
        raise StartError(f"the backup has a table or columns that nobody knows: {table.table}")
    # Triggers write the history of what happens. What had happened is in the backup.
    await db.execute(f"alter table {kept.name} disable trigger user")
    done = await db.copy_to_table(kept.name, columns=table.columns, source=reader.rows())
    await db.execute(f"alter table {kept.name} enable trigger user")
    rows = int(done.split()[-1])
    if rows != reader.rows_were():
        raise StartError(f"the backup is damaged: table {kept.name} has another number of rows")
    return rows


async def _count_on(db: Connection, changes: int) -> None:
    """From here on, changes have higher numbers than any that somebody can have seen."""
    this = await db.fetchval("select pg_current_xact_id()::text::bigint")
    await db.execute(
        "create or replace function changes_before() returns bigint language sql immutable as $$ "
        f"select {changes + _GAP - this}::bigint $$"
    )
    # Older programs read the feed by the numbers of transactions alone.
    await db.execute("update schema_migrations set oldest = number where name = 'changes'")


def _not_empty(why: str) -> StartError:
    return StartError(
        f"the database is not empty ({why}), and a backup is restored into an empty one only: "
        "make a new database, or use a new DATA_DIR; 'qtasks reset' deletes the data in DATA_DIR"
    )

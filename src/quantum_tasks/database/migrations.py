"""Brings a database to the newest schema: ours, on top of procrastinate's.

Migrations only go forward. Each file runs once, in a transaction. Instances that start at the same
time wait for one another on an advisory lock. A file that was edited after it was applied is
refused. Each file names the oldest program that may run on its schema, so that two versions can
share a database while one replaces the other. A program starts, and is ready, on a newer database
only if that database allows it.
"""

from __future__ import annotations

import hashlib
import re

import asyncpg
import msgspec
from procrastinate.schema import SchemaManager

from quantum_tasks.database.pool import CONNECT_ARGS, OUTAGES, Connection
from quantum_tasks.database.queries import sql_folder
from quantum_tasks.errors import StartError

LOCK = 0x7175_7461_736B_73  # "qutasks"; any number that is ours alone
_TABLE = """
create table if not exists schema_migrations (
    number integer primary key,
    name text not null,
    sha256 text not null,
    applied_at timestamptz not null default now()
);
alter table schema_migrations add column if not exists oldest integer;
"""
# Works whether or not the table has that column yet: a program may not have the rights to add it.
_APPLIED = """
select number, sha256, coalesce((to_jsonb(m) ->> 'oldest')::integer, number) as oldest
from schema_migrations m"""
_OLDEST = re.compile(r"^-- Oldest program: (\d{4})$", re.MULTILINE)


class Migration(msgspec.Struct, frozen=True):
    """A change of the schema. `oldest` names the oldest program that may run on a database with
    this migration, by the newest migration that this program knows."""

    number: int
    name: str
    sql: str
    sha256: str
    oldest: int | None = None


def all_migrations() -> list[Migration]:
    """procrastinate's schema as number 0, then `sql/migrations/NNNN_name.sql` in order.

    procrastinate is pinned. When the pin moves, its own migrations are copied into new files.
    """
    found = [_migration(0, "procrastinate", SchemaManager.get_schema())]
    for file in sorted(sql_folder("migrations").iterdir(), key=lambda file: file.name):
        if match := re.fullmatch(r"(\d{4})_(\w+)\.sql", file.name):
            found.append(_migration(int(match[1]), match[2], file.read_text(encoding="utf-8")))
    return found


def newest() -> int:
    """The number of the newest migration that this program knows."""
    return all_migrations()[-1].number


async def migrate(url: str, migrations: list[Migration] | None = None) -> list[str]:
    """Applies what is missing and returns the names of what it applied.

    Raises StartError if the database cannot be brought to this program's schema.
    """
    migrations = migrations or all_migrations()
    # No time limit per statement: another instance may hold the lock for as long as it migrates.
    try:
        connection = await asyncpg.connect(url, **{**CONNECT_ARGS, "command_timeout": None})
    except OUTAGES as error:
        reason = str(error) or type(error).__name__
        raise StartError(f"the database went away during the start ({reason})") from None
    try:
        if not await _missing(connection, migrations):
            return []
        await connection.execute("select pg_advisory_lock($1)", LOCK)
        return await apply_missing(connection, migrations)
    except asyncpg.InsufficientPrivilegeError as error:
        raise StartError(
            f"the database user of DATABASE_URL may not change the schema ({error}): "
            "run 'qtasks migrate' once as a user who may"
        ) from None
    finally:
        await connection.close()  # this releases the lock


async def apply_missing(connection: Connection, migrations: list[Migration]) -> list[str]:
    """Applies those that are missing, each in a transaction, and returns their names. The caller
    holds LOCK. Raises StartError as `migrate` does."""
    await connection.execute(_TABLE)
    applied = []
    for migration in await _missing(connection, migrations):
        async with connection.transaction():
            await connection.execute(migration.sql)
            await connection.execute(
                "insert into schema_migrations (number, name, sha256, oldest)"
                " values ($1, $2, $3, $4)",
                migration.number,
                migration.name,
                migration.sha256,
                migration.oldest,
            )
        applied.append(f"{migration.number:04d}_{migration.name}")
    return applied


async def newest_applied(connection: Connection) -> int | None:
    """The number of the newest migration of a database; None if it has none of ours."""
    if await connection.fetchval("select to_regclass('schema_migrations')") is None:
        return None
    number: int | None = await connection.fetchval("select max(number) from schema_migrations")
    return number


def too_new(newest: int, oldest: int, known: int) -> str | None:
    """Why a program whose newest migration is `known` cannot run on a database whose newest one is
    `newest`, and whose migrations need a program that has `oldest`; None if it can."""
    if oldest <= known:
        return None
    return (
        f"the database is newer than this program: it has migration {newest:04d} and needs a "
        f"program that has {oldest:04d}, but the newest here is {known:04d}"
    )


async def _missing(connection: Connection, migrations: list[Migration]) -> list[Migration]:
    if await connection.fetchval("select to_regclass('schema_migrations')") is None:
        return migrations
    rows = await connection.fetch(_APPLIED)
    applied = {row["number"]: row["sha256"] for row in rows}
    newest, oldest = (max((row[name] for row in rows), default=0) for name in ("number", "oldest"))
    if reason := too_new(newest, oldest, migrations[-1].number):
        raise StartError(f"{reason}. Start a newer version of the program.")
    for migration in migrations:
        if applied.get(migration.number, migration.sha256) != migration.sha256:
            raise StartError(
                f"migration {migration.number:04d}_{migration.name} was changed after it was "
                "applied to this database. Restore the file; changes go into a new one."
            )
    return [migration for migration in migrations if migration.number not in applied]


def _migration(number: int, name: str, sql: str) -> Migration:
    sha256 = hashlib.sha256(sql.encode()).hexdigest()
    named = _OLDEST.search(sql) if number else None
    oldest = int(named[1]) if named else None
    return Migration(number, name, sql, sha256, oldest)

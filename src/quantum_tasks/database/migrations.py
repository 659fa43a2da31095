"""Brings a database to the newest schema: ours, on top of procrastinate's.

Forward only. Each file runs once, in a transaction; starters wait for one another on an advisory
lock; a file that was edited after it was applied, and a database that is newer than this program,
are refused.
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

_LOCK = 0x7175_7461_736B_73  # "qutasks"; any number that is ours alone
_TABLE = """
create table if not exists schema_migrations (
    number integer primary key,
    name text not null,
    sha256 text not null,
    applied_at timestamptz not null default now()
)"""


class Migration(msgspec.Struct, frozen=True):
    number: int
    name: str
    sql: str
    sha256: str


def all_migrations() -> list[Migration]:
    """procrastinate's schema as number 0, then `sql/migrations/NNNN_name.sql` in order.

    procrastinate is pinned; when the pin moves, its own migrations come as files of ours.
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

    Raises StartError where the database cannot be brought to this program's schema.
    """
    migrations = migrations or all_migrations()
    # No limit per statement: another starter may hold the lock for as long as it migrates.
    try:
        connection = await asyncpg.connect(url, **{**CONNECT_ARGS, "command_timeout": None})
    except OUTAGES as error:
        reason = str(error) or type(error).__name__
        raise StartError(f"the database went away during the start ({reason})") from None
    try:
        if not await _missing(connection, migrations):
            return []
        await connection.execute("select pg_advisory_lock($1)", _LOCK)
        await connection.execute(_TABLE)
        applied = []
        for migration in await _missing(connection, migrations):
            async with connection.transaction():
                await connection.execute(migration.sql)
                await connection.execute(
                    "insert into schema_migrations (number, name, sha256) values ($1, $2, $3)",
                    migration.number,
                    migration.name,
                    migration.sha256,
                )
            applied.append(f"{migration.number:04d}_{migration.name}")
        return applied
    except asyncpg.InsufficientPrivilegeError as error:
        raise StartError(
            f"the database user of DATABASE_URL may not change the schema ({error}): "
            "run 'qtasks migrate' once as a user who may"
        ) from None
    finally:
        await connection.close()  # and with it the lock


async def _missing(connection: Connection, migrations: list[Migration]) -> list[Migration]:
    if await connection.fetchval("select to_regclass('schema_migrations')") is None:
        return migrations
    applied = {
        row["number"]: row["sha256"]
        for row in await connection.fetch("select number, sha256 from schema_migrations")
    }
    if unknown := sorted(set(applied) - {migration.number for migration in migrations}):
        raise StartError(
            f"the database is newer than this program: it has migration {unknown[-1]:04d}, the "
            f"newest here is {migrations[-1].number:04d}. Start a newer version of the program."
        )
    for migration in migrations:
        if applied.get(migration.number, migration.sha256) != migration.sha256:
            raise StartError(
                f"migration {migration.number:04d}_{migration.name} was changed after it was "
                "applied to this database. Restore the file; changes go into a new one."
            )
    return [migration for migration in migrations if migration.number not in applied]


def _migration(number: int, name: str, sql: str) -> Migration:
    return Migration(number, name, sql, hashlib.sha256(sql.encode()).hexdigest())

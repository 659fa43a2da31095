"""Starters that race, files that were edited, databases from the future."""

from __future__ import annotations

import asyncio
import os
import uuid

import asyncpg
import msgspec
import pytest

from quantum_tasks.archive.archive import Archive, Place
from quantum_tasks.database.migrations import (
    Migration,
    _migration,
    all_migrations,
    migrate,
)
from quantum_tasks.database.pool import create_pool
from quantum_tasks.errors import StartError
from quantum_tasks.queue.jobs import JOB_NAME
from quantum_tasks.queue.storage import Storage
from quantum_tasks.queue.store import ClaimedTask, Store
from quantum_tasks.tasks import Status


async def test_of_four_starters_at_once_one_migrates_and_all_go_on(empty_database):
    done = await asyncio.gather(*(migrate(empty_database) for _ in range(4)))
    names = [f"{m.number:04d}_{m.name}" for m in all_migrations()]
    assert sorted(done, key=len) == [[], [], [], names]


async def test_a_database_that_is_up_to_date_needs_no_rights_to_change_it(database):
    db = await asyncpg.connect(database)
    await db.execute("drop role if exists reader")
    await db.execute("create role reader login")
    await db.execute("grant select on schema_migrations to reader")
    await db.close()
    assert await migrate(database.replace("postgres@", "reader@")) == []


async def test_a_user_without_rights_is_told_to_migrate_as_another(empty_database):
    db = await asyncpg.connect(empty_database)
    await db.execute("drop role if exists guest")
    await db.execute("create role guest login")
    await db.close()
    with pytest.raises(StartError, match="qtasks migrate"):
        await migrate(empty_database.replace("postgres@", "guest@"))


async def test_an_edited_migration_is_refused(database):
    *others, last = all_migrations()
    edited = msgspec.structs.replace(last, sha256="0" * 64)
    with pytest.raises(StartError, match=f"{last.number:04d}_{last.name} was changed"):
        await migrate(database, [*others, edited])


async def test_a_newer_database_is_refused(database):
    db = await asyncpg.connect(database)
    await db.execute("insert into schema_migrations values (9999, 'future', '')")
    await db.close()
    with pytest.raises(StartError, match="newer than this program: it has migration 9999"):
        await migrate(database)


async def test_a_newer_database_that_names_this_program_or_an_older_one_will_do(database):
    known = all_migrations()[-1].number
    future = Migration(9000, "future", "alter table tasks add column later integer", "", known)
    assert await migrate(database, [*all_migrations(), future]) == ["9000_future"]
    assert await migrate(database) == []
    later = Migration(9001, "later", "alter table tasks drop column later", "", 9000)
    await migrate(database, [*all_migrations(), future, later])
    with pytest.raises(StartError, match="migration 9001 and needs a program that has 9000"):
        await migrate(database)


def test_what_a_migration_says_of_itself_is_read_from_its_file():
    assert _migration(8, "x", "-- Why.\n-- Oldest program: 0007\nselect 1").oldest == 7
    assert _migration(8, "x", "-- Why.\nselect 1 -- Oldest program: 0007").oldest is None


async def test_a_migration_that_fails_leaves_nothing_behind(database):
    bad = Migration(9998, "bad", "create table half (); select 1 / 0", "")
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(database, [*all_migrations(), bad])
    db = await asyncpg.connect(database)
    assert await db.fetchval("select to_regclass('half')") is None
    assert await db.fetchval("select max(number) from schema_migrations") < 9998
    await db.close()


async def test_the_statuses_of_database_and_program_are_the_same(pool):
    found = await pool.fetchval("select enum_range(null::task_status)::text[]")
    # A running task that shall be cancelled is cancelling: for people, not for the statements.
    assert found == [status.value for status in Status if status is not Status.CANCELLING]


async def test_the_job_that_sql_names_is_the_one_that_is_registered(pool):
    await pool.execute("select hint_workers('some queue')")
    row = await pool.fetchrow("select queue_name, task_name from procrastinate_jobs")
    assert tuple(row) == ("some queue", JOB_NAME)


# What an instance of the version before does, on migration 4 and after it.
SUBMIT_BEFORE = """with t as (
    insert into tasks (id, queue, shots) values ($1, 'tasks', 1) returning id, position
) insert into programs (task_id, qc, position) select id, $2, position from t"""
BEGIN = Place(0)
CLAIM_BEFORE = """update tasks
set status = 'running', attempt = 1, instance = $2, started_at = now() where id = $1"""
COMPLETE_BEFORE = """with t as (
    update tasks set status = 'completed', instance = null, ended_at = now() where id = $1
    returning id
) insert into results (task_id, attempt, counts) select id, 1, $2 from t"""


async def test_an_upgrade_knows_what_has_happened_and_is_stored_and_what_older_instances_do(
    empty_database,
):
    await migrate(empty_database, [m for m in all_migrations() if m.number <= 4])
    pool = await create_pool(empty_database, 2)
    instance = uuid.uuid4()
    store, archive, storage = Store(pool, "tasks"), Archive(pool), Storage(pool)

    async def events() -> list[tuple]:
        rows = await pool.fetch(
            "select e.change, t.position, e.number, t.id, e.status from tasks t, "
            "unnest(t.history) with ordinality e (status, at, attempt, change, number)"
        )
        return sorted(map(tuple, rows))

    async def told(after: Place) -> list[tuple]:
        _, found = await archive.feed(after, 1000)
        return [(*event.place, event.id, event.status) for event in found]

    ids = [uuid.uuid4() for _ in range(8)]
    for number, id in enumerate(ids):
        await pool.execute(SUBMIT_BEFORE, id, os.urandom(5 * 10 ** (number % 5)).hex())
        if number < 5:
            await pool.execute(CLAIM_BEFORE, id, instance)
    tasks = [ClaimedTask(id, 0, 1, 1, None, False, False, None, b"", "") for id in ids[:5]]
    for task in tasks[:3]:
        await pool.execute(COMPLETE_BEFORE, task.id, '{"0":1}' + " " * 100_000)
    before = await events()
    await migrate(empty_database)
    await pool.expire_connections()
    assert await told(BEGIN) == before
    # An id that somebody has seen is still one.
    assert await told(Place(*before[9][:3])) == before[10:]

    upgraded = await storage.stored()
    assert upgraded > 8 * 1500 + 50_000
    new = uuid.uuid4()
    await pool.execute(SUBMIT_BEFORE, new, "x" * 1000)
    await pool.execute(COMPLETE_BEFORE, tasks[3].id, '{"0":1}')
    await store.complete(tasks[4], instance, '{"0":1}')
    after = await events()
    assert await told(Place(*before[-1][:3])) == after[len(before) :]
    assert await told(BEGIN) == after
    await pool.execute("delete from tasks where id = any($1)", [task.id for task in tasks])
    storage._known_at = float("-inf")
    assert await storage.stored() < upgraded
    await pool.execute("delete from tasks")
    assert await told(BEGIN) == []
    storage._known_at = float("-inf")
    assert await storage.stored() < 100
    pool.terminate()


# What a migration must not do to tables that are large, while others use them.

LARGE, ROWS = ("tasks", "programs", "results", "events", "task_tags"), 2000
_FILL = """
with task as (
    insert into tasks (id, queue, shots) select gen_random_uuid(), 'q', 1
    from generate_series(1, 2000) returning id, position, created_at
), program as (
    insert into programs (task_id, qc, position, tags)
    select id, 'x', position, '{"k": "v"}' from task returning task_id, position, created_at
)
insert into task_tags (task_id, key, value, created_at, position)
select task_id, 'k', 'v', created_at, position from program;
update tasks set status = 'running', attempt = 1, instance = gen_random_uuid(), started_at = now();
with task as (
    update tasks set status = 'completed', instance = null, ended_at = now() returning id
) insert into results (task_id, attempt, counts) select id, 1, '{"0":1}' from task;
"""
_DONE = """select relname, seq_tup_read as read, n_tup_upd + n_tup_del as changed,
    exists (select from pg_locks where pid = pg_backend_pid() and relation = relid and mode in
        ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')) as locked
    from pg_stat_xact_user_tables where relname = any($1)"""


async def holds_up(db: asyncpg.Connection, statements: str) -> list[str]:
    """The large tables that they lock for as long as it takes to read them, or of which they
    change every row."""
    async with db.transaction():
        await db.execute(statements)
        return [
            row["relname"]
            for row in await db.fetch(_DONE, LARGE)
            if row["changed"] >= ROWS or (row["locked"] and row["read"] >= ROWS)
        ]


@pytest.fixture
async def filled(empty_database):
    """A database of before there were rules, with many tasks; a session that has done nothing."""
    await migrate(empty_database, [m for m in all_migrations() if m.number < 8])
    db = await asyncpg.connect(empty_database)
    await db.execute(_FILL)
    await db.close()
    db = await asyncpg.connect(empty_database)
    yield db
    await db.close()


@pytest.mark.parametrize(
    ("statements", "found"),
    [
        ("create index later on tasks (shots)", ["tasks"]),
        ("alter table programs add column later text default random()::text", ["programs"]),
        ("alter table results add constraint later check (attempt > 0)", ["results"]),
        ("update programs set name = 'x'", ["programs"]),
        ("delete from task_tags", ["task_tags"]),
        ("alter table results alter column attempt type bigint", ["results"]),
        ("alter table tasks add column later integer not null default 3", []),
        ("alter table results add constraint later check (attempt > 0) not valid", []),
        ("create table later (id integer); create index on later (id)", []),
        ("select count(*) from tasks", []),
        ("create index later on callbacks (task_id)", []),
    ],
)
async def test_statements_that_lock_a_large_table_are_found(filled, statements, found):
    assert await holds_up(filled, statements) == found


async def test_no_migration_from_now_on_locks_a_large_table(filled):
    for migration in all_migrations():
        if migration.number < 8:
            continue
        assert await holds_up(filled, migration.sql) == [], migration.name

"""A backup while tasks run, restored under another name: everything is there, and goes on."""

from __future__ import annotations

import asyncio
import gzip
import json
import signal
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest
from filling import FILL, query
from service import BELL, ENDLESS, Service, run, until

from quantum_tasks.backup.backup import backup
from quantum_tasks.backup.restore import restore
from quantum_tasks.backup.tables import LEFT_OUT, kept_tables
from quantum_tasks.database.migrations import all_migrations, migrate
from quantum_tasks.errors import StartError

INPUT = "OPENQASM 3.0; input float t; qubit q; bit c; U(t, 0, 0) q; c = measure q;"
HOSTILE = "\\. \\N <img onerror>"


async def contents(url: str) -> dict[str, list[Any]]:
    """All rows of all tables that are kept, in an order of their own."""
    db = await asyncpg.connect(url)
    try:
        return {
            table.name: sorted(str(tuple(row)) for row in await db.fetch(f"table {table.name}"))
            for table in await kept_tables(db, all_migrations())
        }
    finally:
        await db.close()


def feed(service: Service, after: str | None, enough: Callable[[list[dict]], Any]) -> list[dict]:
    """Events of the feed after a place, until there are enough; each with its place."""
    headers = {"accept": "text/event-stream"} | ({"last-event-id": after} if after else {})
    events: list[dict] = []
    place = ""
    with service.client.stream("GET", "/v1/tasks/feed", headers=headers, timeout=30) as stream:
        for line in stream.iter_lines():
            if line.startswith("id: "):
                place = line[4:]
            elif line.startswith("data: "):
                events.append(json.loads(line[6:]) | {"place": place})
                if enough(events):
                    return events
    raise AssertionError("the feed ended")


async def until_counted(database: str, tasks: int) -> None:
    """Waits until so many submissions are counted among the minutes."""
    async with asyncio.timeout(30):
        while await query(database, "select sum(submitted) from minutes") != tasks:
            await asyncio.sleep(0.1)


async def test_a_restored_database_has_everything_and_who_followed_the_feed_misses_nothing(
    start, database, empty_database, file
):
    service = start(WEBHOOK_SECRET="a secret", WEBHOOK_ALLOW_PRIVATE="true")
    # So the old cluster's transactions have much higher numbers than the new one's ever will.
    before = await query(database, "select pg_current_xact_id()::text::bigint")
    await query(
        database,
        "create or replace function changes_before() returns bigint language sql immutable as "
        "$$ select 5000000000::bigint $$",
    )
    done = [
        service.client.post(
            "/v1/tasks",
            json={"qc": BELL, "name": HOSTILE, "tags": {"a": HOSTILE}, "memory": True, "seed": 7},
            headers={"idempotency-key": "bell-1", "prefer": "wait=20"},
        ).json(),
        service.client.post(
            "/v1/tasks",
            json={
                "qc": INPUT,
                "parameters": [{"t": 0.1}, {"t": 0.2}],
                "callback_url": "http://127.0.0.1:1/hook",
            },
            headers={"prefer": "wait=20"},
        ).json(),
    ]
    assert [task["status"] for task in done] == ["completed"] * 2
    running = service.submit(ENDLESS, name="running")
    until(lambda: service.client.get(f"/v1/tasks/{running}").json()["status"] == "running")
    seen = feed(
        service,
        "0.0.0",
        lambda events: events[-1]["status"] == "running" and events[-1]["task_id"] == running,
    )
    assert int(seen[-1]["place"].partition(".")[0]) > before + 5_000_000_000 - 1

    await until_counted(database, 3)
    code, out, error = run("backup", str(file), DATABASE_URL=database)
    assert (code, error) == (0, ""), error
    assert ": 3 tasks, " in out
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    # What happens after the backup is lost with the database; somebody has seen it.
    lost = service.submit(BELL)
    seen += feed(
        service,
        seen[-1]["place"],
        lambda e: e[-1]["status"] == "completed" and e[-1]["task_id"] == lost,
    )
    service.stop(signal.SIGKILL)
    was = await contents(database)

    code, out, error = run("restore", str(file), DATABASE_URL=empty_database)
    assert (code, error) == (0, ""), error
    assert "restored 3 tasks" in out
    assert "1 of them were running" in out
    now = await contents(empty_database)
    for table, rows in was.items():
        ours = [row for row in rows if lost not in row and running not in row]
        theirs = [row for row in now[table] if running not in row]
        if table in ("stored_bytes", "minutes", "minutes_mark"):  # they are added up meanwhile
            continue
        if table == "callbacks":  # which was tried again since
            ours, theirs = (
                [row.partition("datetime")[0] for row in rows] for rows in (ours, theirs)
            )
        assert theirs == ours, table
    assert (
        await query(
            empty_database,
            "select status::text || attempt || crashes || losses from tasks where id = $1",
            running,
        )
        == "queued100"
    )
    total = "select sum(bytes) from stored_bytes"
    assert 0 < await query(empty_database, total) < await query(database, total)

    new = start(DATABASE_URL=empty_database)
    news = feed(
        new,
        seen[-1]["place"],
        lambda e: e[-1]["task_id"] == running and e[-1]["status"] == "running",
    )
    assert [(e["task_id"], e["status"]) for e in news if e["task_id"] == running] == [
        (running, "queued"),
        (running, "running"),
    ]
    later = new.submit(BELL)
    more = feed(new, news[-1]["place"], lambda e: e[-1]["status"] == "completed")
    assert [(e["task_id"], e["status"]) for e in more] == [
        (later, status) for status in ("queued", "running", "completed")
    ]
    await until_counted(empty_database, 4)  # each once, whether here or before the backup
    # Who had seen less than the backup has gets that too, in the same order as before.
    first = [e for e in seen if e["task_id"] != lost]
    again = feed(new, "0.0.0", lambda e: len(e) >= len(first))
    assert again == first
    for task in done:
        path = f"/v1/tasks/{task['id']}"
        assert new.client.get(path).json()["name"] == task["name"]
        assert new.client.get(f"{path}/result").status_code == 200
    same = new.client.post(
        "/v1/tasks",
        json={"qc": BELL, "name": HOSTILE, "tags": {"a": HOSTILE}, "memory": True, "seed": 7},
        headers={"idempotency-key": "bell-1"},
    )
    assert same.headers["location"].endswith(done[0]["id"])


async def test_a_second_backup_of_a_restored_database_counts_on_from_there(
    database, empty_database, file, tmp_path, postgres
):
    await query(database, FILL, 3)
    await query(
        database,
        "insert into callbacks (task_id, url, due_at, tries) select id, 'http://x.example', "
        "now() + position * interval '1 hour', 3 from tasks",
    )
    await backup(database, file)
    await restore(empty_database, file)
    assert await contents(empty_database) == await contents(database)
    number = "select max(change) from events"
    first = await query(database, number)
    await query(empty_database, FILL, 1)
    second = await query(empty_database, number)
    assert second > first + 2**39
    other = tmp_path / "second.backup"
    await backup(empty_database, other)
    header = header_of(other)
    assert header["changes"] > second
    # Instances that do not know of this would read the feed wrongly.
    oldest = "select oldest = number from schema_migrations where name = 'changes'"
    assert await query(empty_database, oldest)


async def test_the_order_of_the_queue_goes_on(database, empty_database, file):
    await query(database, FILL, 3)
    await query(
        database, "update tasks set run_after = now() + interval '1 hour' where position = 1"
    )
    await backup(database, file)
    await restore(empty_database, file)
    await query(empty_database, FILL, 1)
    assert await query(
        empty_database, "select array_agg(position order by position) from tasks"
    ) == [1, 2, 3, 4]
    # One hint says as much as many; what is due later has one of its own.
    jobs = "select array_agg(scheduled_at > now() order by 1) from procrastinate_jobs"
    assert await query(empty_database, jobs) == [True, None]


async def test_every_table_of_the_migrations_is_kept_or_named(database):
    db = await asyncpg.connect(database)
    kept = [table.name for table in await kept_tables(db, all_migrations())]
    there = await db.fetch(
        "select relname from pg_class where relkind in ('r', 'p')"
        " and relnamespace = 'public'::regnamespace and relname !~ '^procrastinate_'"
    )
    await db.close()
    assert {row["relname"] for row in there} == {*kept, *LEFT_OUT, "schema_migrations"}
    assert kept.index("tasks") < kept.index("programs") < kept.index("task_tags")


async def test_a_backup_of_an_older_schema_is_brought_up_to_date(empty_database, database, file):
    older = [migration for migration in all_migrations() if migration.number <= 9]
    await migrate(empty_database, older)
    await query(empty_database, FILL, 2)
    await backup(empty_database, file)
    assert header_of(file)["migration"] == 9
    with pytest.raises(StartError, match="the schema of a newer program"):
        await restore(database, file)
    name = "restored_" + empty_database.partition("?")[0].rpartition("/")[2]
    await query(empty_database, f"create database {name}")
    other = empty_database.replace(empty_database.partition("?")[0].rpartition("/")[2], name)
    try:
        await restore(other, file)
        assert await migrate(other) == []
        assert await query(other, "select count(*) from tasks") == 2
    finally:
        await query(empty_database, f"drop database {name} with (force)")


async def test_only_an_empty_database_is_filled(database, empty_database, file):
    await backup(database, file)
    assert (await restore(empty_database, file)).tasks == 0
    await restore(empty_database, file)  # it has our schema, and no task yet
    await query(
        empty_database,
        "insert into instances (id, host, pid, version) values (gen_random_uuid(), 'h', 1, '1')",
    )
    with pytest.raises(StartError, match="an instance runs on this database"):
        await restore(empty_database, file)
    await query(empty_database, FILL, 1)
    before = await contents(empty_database)
    with pytest.raises(StartError, match="the database is not empty"):
        await restore(empty_database, file)
    assert await contents(empty_database) == before


async def test_another_programs_tables_are_left_alone(database, empty_database, file):
    await query(empty_database, "create table tasks (theirs text)")
    await backup(database, file)
    with pytest.raises(StartError, match="the database is not empty"):
        await restore(empty_database, file)
    assert await query(empty_database, "select to_regclass('schema_migrations')") is None


def header_of(file: Path) -> dict[str, Any]:
    header: dict[str, Any] = json.loads(gzip.decompress(file.read_bytes()).partition(b"\n")[0])
    return header


def rewritten(file: Path, old: bytes, new: bytes) -> None:
    text = gzip.decompress(file.read_bytes())
    assert old in text
    file.write_bytes(gzip.compress(text.replace(old, new, 1)))


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda f: f.write_bytes(f.read_bytes()[:-1000]), "is damaged"),
        (lambda f: f.write_bytes(f.read_bytes() + b"more"), "is damaged"),
        (lambda f: f.write_bytes(b"hello"), "is not a backup"),
        (lambda f: f.write_bytes(gzip.compress(b"hello")), "is not a backup"),
        (lambda f: f.write_bytes(b""), "is not a backup"),
        (lambda f: f.unlink(), "No such file"),
        pytest.param(
            lambda f: rewritten(f, b"\ttasks\t", b"\ttasky\t"),
            "its checksum is wrong",
            id="a letter",
        ),
        (lambda f: rewritten(f, b'"version":1', b'"version":2'), "has format 2"),
        (lambda f: rewritten(f, b'"migration":', b'"migration":9'), "from a newer version"),
        (lambda f: rewritten(f, b'{"rows":4}', b'{"rows":5}'), "another number of rows"),
        (lambda f: rewritten(f, b'"columns":["id",', b'"columns":["it",'), "nobody knows"),
        (lambda f: rewritten(f, b"\ttasks\t", b"\tta\\.\nsks\t"), "the database refuses it"),
    ],
)
async def test_a_file_that_is_not_as_it_was_written_restores_nothing(
    damage, says, database, empty_database, file
):
    await query(database, FILL, 4)
    await backup(database, file)
    damage(file)
    with pytest.raises(StartError, match=says):
        await restore(empty_database, file)
    assert await query(empty_database, "select to_regclass('tasks')") is None


async def test_a_file_that_is_there_is_not_overwritten(database, file):
    file.write_text("precious")
    with pytest.raises(StartError, match="exists already"):
        await backup(database, file)
    assert file.read_text() == "precious"
    with pytest.raises(StartError, match="No such file or directory"):
        await backup(database, file.parent / "nowhere" / "x")


def test_the_embedded_database_is_saved_while_its_service_runs_and_when_it_does_not(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    data, other = tmp_path / "data", tmp_path / "other"
    assert "there are no tasks" in run("backup", str(first), DATA_DIR=str(data))[2]
    assert not data.exists()
    service = Service(None, DATA_DIR=str(data)).start()
    try:
        id = service.submit(BELL)
        result = service.final(id)
        code, _, error = run("backup", str(first), DATA_DIR=str(data))
        assert (code, error) == (0, "")
        code, _, error = run("restore", str(first), DATA_DIR=str(data))
        assert code == 1
        assert "another quantum-tasks is using the data" in error
        service.stop()
        assert run("backup", str(second), DATA_DIR=str(data))[0] == 0
    finally:
        service.close()
    code, out, error = run("restore", str(second), DATA_DIR=str(other))
    assert (code, out.split(" from ")[0]) == (0, "restored 1 tasks"), error
    assert "not empty" in run("restore", str(first), DATA_DIR=str(other))[2]
    service = Service(None, DATA_DIR=str(other)).start()
    try:
        assert service.task(id) == result
    finally:
        service.close()


async def test_a_newer_database_is_saved_by_the_newer_program(database, file):
    newest = msgspec.structs.replace(
        all_migrations()[-1], number=9000, name="x", sql="select 1", oldest=1
    )
    await migrate(database, [*all_migrations(), newest])
    with pytest.raises(StartError, match="make the backup with the newer version"):
        await backup(database, file)
    assert not file.exists()

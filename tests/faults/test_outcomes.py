"""Faults whose outcome for one task, one client or one start has to be a certain one."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pwd
import re
import signal
import subprocess
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import httpx
import pytest
from proxy import Proxy
from server import Postgres
from service import BELL, ENDLESS, SLOW, Service, dense, launch, run, state, until
from test_instances import check_invariants, query
from world import MEDIUM, Instance

import quantum_tasks
from quantum_tasks.database.migrations import LOCK, all_migrations
from quantum_tasks.queue.rescue import HEARTBEAT_S


def resident_mb(pid: int) -> float:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def test_a_poison_task_fails_with_a_sentence_and_its_neighbours_do_not_notice(start, database):
    service = start(WORKER_MAX_RETRIES="2")
    stop = threading.Event()

    def kill_the_largest() -> None:  # as a system does that is out of memory
        while not stop.is_set():
            for pid in service.children():
                if resident_mb(pid) > 400:
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)

    killer = threading.Thread(target=kill_the_largest)
    killer.start()
    try:
        poison = service.submit(ENDLESS)  # half a GiB; the others take a few MiB
        neighbours = [service.submit(MEDIUM if i % 3 else BELL) for i in range(30)]
        assert service.final(poison) == {
            "status": "failed",
            "message": "worker_crashed: The simulator process died 3 times while running this "
            "task (last: SIGKILL). It will not be tried again.",
        }
        for id in neighbours:
            assert service.final(id)["status"] == "completed"
    finally:
        stop.set()
        killer.join()
    rows = query(database, "select * from tasks where id::text <> $1", poison)
    assert {(row["attempt"], row["crashes"], row["losses"]) for row in rows} == {(1, 0, 0)}
    (row,) = query(database, "select * from tasks where id::text = $1", poison)
    assert (row["attempt"], row["crashes"], row["losses"]) == (3, 3, 0)


def test_a_task_that_was_lost_twice_runs_alone_and_the_queue_goes_on(start, database):
    api = start("--only", "api")
    before = [api.submit(MEDIUM) for _ in range(3)]
    suspect = api.submit(SLOW)
    after = [api.submit(MEDIUM) for _ in range(3)]
    query(database, "update tasks set losses = 2 where id::text = $1", suspect)
    start("--only", "worker", ready=False)
    seen = set()

    def look() -> bool:
        rows = query(database, "select id::text from tasks where status = 'running'")
        ids = {row["id"] for row in rows}
        if suspect in ids:
            seen.add(len(ids))
        return not query(database, "select from tasks where ended_at is null")

    until(look, 60, every_s=0.01)
    assert seen == {1}
    check_invariants(database, [*before, suspect, *after])


async def test_whoever_still_waits_when_the_service_stops_is_told_to_try_again(start, database):
    service = start("--only", "api")
    db = await asyncpg.connect(database)
    async with db.transaction(), httpx.AsyncClient(base_url=service.url, timeout=30) as client:
        await db.execute("lock table programs in exclusive mode")
        waiting = [
            asyncio.create_task(client.post("/tasks", json={"qc": BELL})) for _ in range(12)
        ]
        await asyncio.sleep(1)
        os.kill(service.pid, signal.SIGTERM)
        for response in await asyncio.gather(*waiting):
            assert response.status_code == 503
            assert response.headers["content-type"] == "application/problem+json"
            assert response.json()["code"] == "service_stopping"
            assert int(response.headers["retry-after"]) > 0
    assert await asyncio.to_thread(service.stop) == 0
    await db.close()


def test_a_result_that_the_database_refuses_fails_its_task_alone(start, database):
    service = start()
    query(database, "alter table results add constraint small check (length(counts::text) < 300)")
    large, small = service.submit(dense(12)), service.submit(BELL)
    assert service.final(large, 15) == {
        "status": "failed",
        "message": "result_refused: The database refuses the result.",
    }
    assert service.final(small)["status"] == "completed"
    assert query(database, "select max(attempt) from tasks")[0][0] == 1
    assert "CheckViolationError" in service.log


@pytest.mark.parametrize("how", ["frozen", "frozen with its group", "blocked"])
def test_time_does_not_run_while_the_service_is_stopped(database, how):
    limits = {"TASK_SOFT_TIME_LIMIT_S": "6", "TASK_TIME_LIMIT_S": "6", "BLOCK_S": "8"}
    service = Instance(database, **limits).start()
    try:
        children = until(lambda: len(pids := service.children()) == 3 and pids)
        until(lambda: {state(pid) for pid in children} == {"S"})
        id = service.submit(dense(22, 16))  # less than a quarter of its limit, by all threads
        until(lambda: "R" in [state(pid) for pid in children], every_s=0.01)
        time.sleep(0.2)  # until its alarm is set
        send = os.killpg if how == "frozen with its group" else os.kill
        send(service.pid, signal.SIGUSR1 if how == "blocked" else signal.SIGSTOP)
        time.sleep(8)
        send(service.pid, signal.SIGCONT)
        assert service.final(id)["status"] == "completed"
    finally:
        service.close()


async def test_a_flood_of_requests_stops_no_heart(start, database):
    service = start(DATABASE_CONNECTIONS="2")
    locking, watching = [await asyncpg.connect(database) for _ in range(2)]
    ages = []

    async def ask_for_ever(client: httpx.AsyncClient) -> None:
        while True:
            response = await client.get(f"/tasks/{uuid.uuid4()}")
            assert response.status_code in (404, 503)

    async def submit_for_ever(client: httpx.AsyncClient) -> None:
        while True:
            response = await client.post("/tasks", json={"qc": BELL})
            assert response.status_code in (202, 503)

    async with (
        httpx.AsyncClient(base_url=service.url, timeout=60) as client,
        locking.transaction(),
    ):
        # They hold both connections, and whoever else needs one waits.
        await locking.execute("lock table results, programs in access exclusive mode")
        clients = [asyncio.create_task(ask_for_ever(client)) for _ in range(50)]
        clients += [asyncio.create_task(submit_for_ever(client)) for _ in range(50)]
        for _ in range(12):
            await asyncio.sleep(1)
            age = "select extract(epoch from now() - heartbeat_at)::float8 from instances"
            ages.append(await watching.fetchval(age))
        for task in clients:
            task.cancel()
        ends = await asyncio.gather(*clients, return_exceptions=True)
    assert {type(end) for end in ends} == {asyncio.CancelledError}
    assert max(ages) < 2 * HEARTBEAT_S
    for db in (locking, watching):
        await db.close()
    assert service.run(BELL)["status"] == "completed"


# The clock


def test_clocks_that_are_an_hour_wrong_make_no_difference(database):
    services = [Instance(database, CLOCK_OFFSET_S=offset) for offset in ("3600", "-3600")]
    try:
        for service in services:
            service.start()
        end = time.monotonic() + 18  # longer than a lease
        ids = []
        while time.monotonic() < end:
            ids += [service.submit(BELL) for service in services]
            time.sleep(0.3)
        for id in ids:
            assert services[0].final(id)["status"] == "completed"
        assert not [service for service in services if "instance is dead" in service.log]
    finally:
        for service in services:
            service.close()
    rows = query(database, "select attempt, losses from tasks")
    assert {tuple(row) for row in rows} == {(1, 0)}


def test_no_code_asks_the_machine_for_the_time():
    package = Path(quantum_tasks.__file__).parent
    clocks = re.compile(r"\btime\.time\(|\btime_ns\(|datetime\.now|utcnow|\.today\(")
    sources = [path for path in package.rglob("*.py") if "sql" not in path.parts]
    assert len(sources) > 20
    assert [path for path in sources if clocks.search(path.read_text())] == []


# The disk


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of 16 MiB for Postgres."""
    folder = Path("/tmp/qtasks-small-disk-" + str(os.getpid()))
    folder.mkdir(mode=0o711)
    mount = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", folder]
    if subprocess.run(mount).returncode != 0:  # root of a container may not
        folder.rmdir()
        (pytest.fail if "CI" in os.environ else pytest.skip)("cannot make a small file system")
    nobody = pwd.getpwnam("nobody")
    (folder / "data").mkdir(mode=0o700)
    os.chown(folder / "data", nobody.pw_uid, nobody.pw_gid)
    yield folder
    subprocess.run(["umount", folder], check=True)
    folder.rmdir()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a small file system")
def test_a_full_disk_refuses_with_503_writes_no_half_and_is_forgotten_once_there_is_room(
    small_disk,
):
    postgres = Postgres()
    service = Service(postgres.url)
    try:
        service.start()
        postgres.execute(f"create tablespace small location '{small_disk}/data'")
        postgres.execute("alter table results set tablespace small")
        postgres.execute("alter table programs set tablespace small")
        running = service.submit(SLOW, shots=20_000)  # a large result
        until(lambda: '"task started"' in service.log)
        with contextlib.suppress(OSError), (small_disk / "filler").open("wb") as filler:
            while True:
                filler.write(os.urandom(4096))
                filler.flush()
        large = "// " + os.urandom(100_000).hex() + "\n" + BELL
        for _ in range(5):
            response = service.client.post("/tasks", json={"qc": large})
            assert response.status_code == 503
            assert response.json()["code"] == "database_unavailable"
            assert int(response.headers["retry-after"]) > 0
        until(lambda: '"outcome kept in memory for now"' in service.log, 30)
        assert service.task(running)["status"] == "pending"
        count = "select (select count(*) from tasks), (select count(*) from programs)"
        assert tuple(postgres.query(count)[0]) == (1, 1)
        (small_disk / "filler").unlink()
        assert service.final(running)["status"] == "completed"
        assert service.run(large)["status"] == "completed"
        assert postgres.query("select max(attempt) from tasks")[0][0] == 1
    finally:
        service.close()
        postgres.close()


# Starts


def test_starters_of_every_kind_at_once_migrate_once_and_all_run(empty_database):
    services = [Service(empty_database) for _ in range(2)]
    migrating = launch("migrate", DATABASE_URL=empty_database)
    threads = [threading.Thread(target=service.start) for service in services]
    try:
        for thread in threads:
            thread.start()
        out, err = migrating.communicate(timeout=60)
        for thread in threads:
            thread.join()
        assert migrating.returncode == 0, err
        applied = query(empty_database, "select count(*) from schema_migrations")[0][0]
        assert applied == len(all_migrations())
        assert out.count("applied") in (0, applied)
        id = services[0].submit(BELL)
        assert services[1].final(id)["status"] == "completed"
    finally:
        for service in services:
            service.close()


def test_a_starter_killed_while_it_migrates_leaves_the_rest_to_the_next(empty_database):
    async def hold() -> None:
        db = await asyncpg.connect(empty_database)
        await db.execute("select pg_advisory_lock($1)", LOCK)
        first = launch("migrate", DATABASE_URL=empty_database)
        waiting = "select from pg_locks where locktype = 'advisory' and not granted"
        while not await db.fetch(waiting):
            await asyncio.sleep(0.05)
        first.kill()
        first.communicate()
        await db.close()

    asyncio.run(hold())
    assert run("migrate", DATABASE_URL=empty_database)[0] == 0
    assert run("migrate", DATABASE_URL=empty_database)[1] == "nothing to do\n"


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        ("insert into schema_migrations values (9999, 'x', '')", "newer than this program"),
        ("update schema_migrations set sha256 = 'x' where number = 1", "0001_tasks was changed"),
    ],
    ids=["newer", "edited"],
)
def test_a_start_on_a_database_that_is_not_ours_says_why_and_ends(database, damage, sentence):
    query(database, damage)
    code, out, error = run("serve", "--port", "0", DATABASE_URL=database)
    assert (code, out) == (1, "")
    assert sentence in error
    assert "Traceback" not in error


def test_an_instance_whose_database_is_migrated_by_a_newer_one_is_not_ready(start, database):
    service = start()
    query(database, "insert into schema_migrations values (9999, 'x', '')")
    response = httpx.get(f"{service.url}/readyz")
    assert response.status_code == 503
    assert "it has migration 9999" in response.json()["reasons"][0]


def test_a_task_that_is_stored_is_never_said_not_to_be(database: str):
    url = urlsplit(database)
    proxy = Proxy(f"{parse_qs(url.query)['host'][0]}/.s.PGSQL.5432")
    away = f"postgresql://postgres@127.0.0.1:{proxy.port}{url.path}?sslmode=disable"
    service = Service(away)
    try:
        service.start()
        cut = proxy.cut_at("read", "asked")
        response = service.client.post("/v1/tasks", json={"qc": BELL, "name": "n", "shots": 10})
        assert cut.done.is_set()
        task = response.json()
        assert (response.status_code, task["status"], task["name"]) == (202, "queued", "n")
        assert (task["request"]["shots"], task["stats"]["qubits"]) == (10, 2)
        assert service.final(task["id"])["status"] == "completed"
    finally:
        service.close()
        proxy.close()


def test_whoever_waits_for_a_task_that_is_lost_once_too_often_is_told_so(start, database):
    service = start()
    id = service.submit(ENDLESS)
    (child,) = until(lambda: len(pids := service.busy()) == 1 and pids)
    query(database, "update tasks set losses = 8")
    with ThreadPoolExecutor() as others:
        waiting = others.submit(service.client.get, f"/tasks/{id}?wait=30", timeout=40)
        time.sleep(0.2)
        stat = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2]
        os.kill(int(stat.split()[1]), signal.SIGKILL)
        told = waiting.result().json()
    assert told == service.client.get(f"/tasks/{id}").json()
    assert told["message"].startswith("task_lost: ")

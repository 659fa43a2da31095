"""Two versions of the program share a database while one replaces the other."""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest
from service import BELL, Service, run, until
from test_instances import query

from quantum_tasks.database.migrations import all_migrations

ROOT = Path(__file__).parents[2]
FIRST = 8  # migration that names the oldest program which may run on it
NAMED = [m for m in all_migrations() if m.number >= FIRST]
MADE_UP = "-- Oldest program: %04d\nalter table tasks add column later integer;\n"
_CLIENTS = 4


def newer(folder: Path, oldest: int) -> Path:
    """The program as it is, with a migration that is yet to come."""
    for part in ("src", "sql"):
        shutil.copytree(ROOT / part, folder / part, symlinks=True)
    (folder / "sql/migrations/9000_later.sql").write_text(MADE_UP % oldest)
    return folder / "src"


def knowing(number: int, folder: Path) -> Path:
    """The last program in the history of this one that knew no migration beyond one."""
    (following,) = (m for m in all_migrations() if m.number == number + 1)
    file = f"sql/migrations/{following.number:04d}_{following.name}.sql"
    added = ["git", "log", "--diff-filter=A", "--format=%H", "--", file]
    commit = subprocess.run(added, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    archive = ["git", "archive", f"{commit.split()[-1]}^", "src", "sql"]
    packed = subprocess.run(archive, cwd=ROOT, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as files:
        files.extractall(folder, filter="data")
    return folder / "src"


class Load:
    """Clients that submit tasks and wait for each, here and there, as long as it lasts."""

    def __init__(self) -> None:
        self.services: list[Service] = []
        self.ids: list[str] = []

    @contextmanager
    def on(self, *services: Service) -> Iterator[None]:
        """Nothing that they are told may be wrong."""
        self.services += services
        over = Event()
        with ThreadPoolExecutor(_CLIENTS) as clients:
            done: list[Future[None]] = [
                clients.submit(self._client, number, over) for number in range(_CLIENTS)
            ]
            try:
                yield
            finally:
                over.set()
        for client in done:
            client.result()

    def _client(self, number: int, over: Event) -> None:
        while not over.is_set():
            number += 1
            service = self.services[number % len(self.services)]
            id = service.submit(BELL, shots=100, seed=number)
            other = self.services[number // 2 % len(self.services)]
            answer = other.client.get(f"/tasks/{id}?wait=30").json()
            assert answer["status"] == "completed", answer
            assert sum(answer["result"].values()) == 100
            listed = other.client.get("/v1/tasks?limit=3")
            assert listed.status_code == 200, listed.text
            self.ids.append(id)

    def goes_on(self) -> None:
        before = len(self.ids)
        until(lambda: len(self.ids) >= before + 10 * _CLIENTS, 60)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("oldest", [None, *sorted({m.oldest or 0 for m in NAMED})])
def test_an_older_program_serves_starts_and_is_ready_beside_a_newer_one(
    oldest: int | None, tmp_path: Path, empty_database: str
):
    """Each program that a migration names; and this one, beside one that is yet to be written."""
    number = all_migrations()[-1].number
    if oldest is None:
        before, after = ROOT / "src", newer(tmp_path / "newer", number)
        number = 9000
    else:
        before, after = knowing(oldest, tmp_path / "older"), ROOT / "src"
    older = [Service(empty_database, PYTHONPATH=str(before)) for _ in range(2)]
    new = Service(empty_database, PYTHONPATH=str(after))
    load = Load()
    try:
        older[0].start()
        with load.on(older[0]):
            load.goes_on()
            load.services.append(new.start())
            applied = "select number from schema_migrations where number = $1"
            assert query(empty_database, applied, number)
            load.goes_on()
            assert older[0].client.get("/readyz").status_code == 200
            load.services.append(older[1].start())
            load.goes_on()
            for service in older:
                assert service.client.get("/readyz").status_code == 200
                assert "Traceback" not in service.log
    finally:
        for service in (*older, new):
            service.close()
    assert len(query(empty_database, "select task_id from results")) >= len(load.ids)


def test_a_program_that_is_too_old_for_a_migration_neither_starts_nor_is_ready(
    tmp_path: Path, empty_database: str
):
    here = str(ROOT / "src")
    old = Service(empty_database, PYTHONPATH=here)
    new = Service(empty_database, PYTHONPATH=str(newer(tmp_path, 9000)))
    try:
        old.start()
        new.start()
        response = old.client.get("/readyz")
        assert response.status_code == 503
        assert "migration 9000 and needs a program that has 9000" in response.json()["reasons"][0]
        code, _, error = run("serve", "--port", "0", DATABASE_URL=empty_database, PYTHONPATH=here)
        assert code == 1
        assert "Start a newer version of the program" in error
    finally:
        old.close()
        new.close()


def test_each_migration_from_now_on_names_the_oldest_program_that_may_run_on_it():
    for migration in NAMED:
        assert migration.oldest is not None, migration.name
        assert FIRST - 1 <= migration.oldest <= migration.number

"""Postgres killed, stopped and restarted under load; connections cut one by one."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from service import BELL, Service, alive, descendants, name, until
from test_instances import all_final, query

from quantum_tasks.database.embedded import delete
from quantum_tasks.errors import StartError


class Load:
    """Submits without a pause, and remembers every answer."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.accepted: list[str] = []
        self.refused: list[httpx.Response] = []
        self.other: list[object] = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(3)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        with httpx.Client(base_url=self.service.url, timeout=30) as client:
            while not self._stop.is_set():
                try:
                    response = client.post("/tasks", json={"qc": BELL})
                except httpx.HTTPError as error:
                    self.other.append(error)
                    continue
                if response.status_code == 202:
                    self.accepted.append(response.json()["task_id"])
                elif response.status_code == 503:
                    self.refused.append(response)
                    time.sleep(0.1)
                else:
                    self.other.append(response.text)


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Service]:
    """A service with a Postgres of its own, durable as for everybody."""
    service = Service(None, DATA_DIR=str(tmp_path / "data"))
    try:
        yield service.start()
    finally:
        service.close()
        until(lambda: deleted(tmp_path / "data"), 10)


def deleted(folder: Path) -> bool:
    """As root the data may lie elsewhere, where pytest does not delete it."""
    try:
        delete(folder)
    except StartError:  # the server of a killed service is still on its way out
        return False
    return True


def postmaster(tmp_path: Path) -> int:
    """Its process id, or 0 while there is none."""
    try:
        words = (tmp_path / "data" / "postgres" / "postmaster.pid").read_text().split()
    except FileNotFoundError:
        return 0
    return int(words[0]) if words else 0


def url(tmp_path: Path, service: Service) -> str:
    """Where the embedded server listens, read from its command line."""
    pid = postmaster(tmp_path)
    words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    return f"postgresql://postgres@/postgres?host={words[words.index('-k') + 1]}"


def test_a_killed_embedded_postgres_comes_back_and_nothing_is_lost(embedded, tmp_path):
    with Load(embedded) as load:
        for _ in range(3):
            until(lambda: len(load.accepted) > 10)
            pid = postmaster(tmp_path)
            os.kill(pid, signal.SIGKILL)
            # Its children serve on for a moment.
            until(lambda pid=pid: postmaster(tmp_path) not in (pid, 0), 20)
            seen = len(load.accepted)
            until(lambda seen=seen: len(load.accepted) > seen + 10, 20)
    assert load.other == [], embedded.log[-3000:]
    all_final(embedded, load.accepted, 60)
    rows = query(url(tmp_path, embedded), "select id::text, status from tasks")
    assert {row["status"] for row in rows} == {"completed"}
    assert set(load.accepted) <= {row["id"] for row in rows}


def test_while_postgres_is_away_clients_are_told_to_try_again(embedded, tmp_path):
    id = embedded.submit(BELL)
    embedded.final(id)
    pid = postmaster(tmp_path)
    os.kill(pid, signal.SIGSTOP)
    backends = [p for p in descendants(pid) if name(p) == "postgres"]
    for backend in backends:
        os.kill(backend, signal.SIGSTOP)
    try:
        for response in (
            embedded.client.post("/tasks", json={"qc": BELL}),
            embedded.client.get(f"/tasks/{id}"),
        ):
            assert response.status_code == 503
            assert response.json()["code"] == "database_unavailable"
            assert int(response.headers["retry-after"]) > 0
        ready = embedded.client.get("/readyz")
        assert ready.status_code == 503
        assert "the database does not answer" in ready.json()["reasons"]
        assert embedded.client.get("/healthz").status_code == 200
    finally:
        for process in [*backends, pid]:
            os.kill(process, signal.SIGCONT)
    until(lambda: embedded.client.get("/readyz").status_code == 200, 30)
    assert embedded.run(BELL)["status"] == "completed"


def test_a_lost_listening_connection_is_made_again(start, database):
    service = start()
    listener = (
        "select pid from pg_stat_activity where datname = current_database() "
        "and query ilike any ('{listen%,select 1}')"
    )
    row = until(lambda: query(database, listener))[0]
    query(database, "select pg_terminate_backend($1)", row["pid"])
    until(lambda: [r for r in query(database, listener) if r != row], 5)
    began = time.monotonic()
    service.run(BELL)
    assert time.monotonic() - began < 1.5  # a poll would be up to 2 s; a notification is at once


def test_an_embedded_postgres_ends_with_a_service_that_is_killed(embedded, tmp_path):
    pid = postmaster(tmp_path)
    embedded.stop(signal.SIGKILL)
    until(lambda: not alive(pid), 5)


def test_an_embedded_postgres_keeps_its_data_over_kills_and_restarts(embedded, tmp_path):
    id = embedded.submit(BELL)
    result = embedded.final(id)
    for how in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT):
        embedded.stop(how)
        embedded.start()
        assert embedded.task(id) == result


def test_a_second_service_on_the_same_data_is_told_so(embedded, tmp_path):
    from service import run

    code, _, error = run("serve", "--port", "0", DATA_DIR=str(tmp_path / "data"))
    assert code == 1
    assert "another quantum-tasks is using the data" in error
    assert "DATA_DIR" in error

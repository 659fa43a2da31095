"""Instances that die, freeze, stop and share; every accepted task must end, once."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import asyncpg
import httpx
import pytest
from service import (
    BELL,
    ENDLESS,
    SLOW,
    STDGATES,
    Service,
    alive,
    cpu_s,
    dense,
    descendants,
    launch,
    until,
)

MEDIUM = (
    STDGATES + "qubit[18] q; bit[18] c; h q; rx(0.3) q; cx q[0:16], q[17]; h q; c = measure q;"
)


def query(database: str, statement: str, *arguments):
    async def ask():
        db = await asyncpg.connect(database)
        try:
            return await db.fetch(statement, *arguments)
        finally:
            await db.close()

    return asyncio.run(ask())


def check_invariants(database: str, ids: list[str], *, completed: bool = True) -> None:
    """Nothing lost, nothing doubled, nothing left behind."""
    rows = query(
        database,
        "select t.id::text, t.status, t.attempt, r.attempt as stored "
        "from tasks t left join results r on r.task_id = t.id",
    )
    assert sorted(row["id"] for row in rows) == sorted(ids)
    if completed:
        assert Counter(row["status"] for row in rows) == {"completed": len(ids)}
    for row in rows:
        assert row["status"] in ("completed", "failed", "cancelled")
        assert (row["status"] == "completed") == (row["stored"] is not None)
        assert row["stored"] in (None, row["attempt"])


def cores() -> int:
    return len(os.sched_getaffinity(0))


def all_final(service: Service, ids: list[str], within_s: float) -> dict[str, dict]:
    return {id: service.final(id, within_s) for id in ids}


def test_two_instances_share_the_work_and_each_task_runs_once(start, database):
    services = [start(SIMULATOR_PROCESSES="1"), start(SIMULATOR_PROCESSES="1")]
    ids = [services[i % 2].submit(MEDIUM) for i in range(16)]
    all_final(services[0], ids, 60)
    check_invariants(database, ids)
    assert query(database, "select max(attempt) from tasks")[0][0] == 1
    started = [service.log.count('"task started"') for service in services]
    assert sum(started) == 16
    assert min(started) >= 3, started


def test_an_api_and_a_worker_instance_divide_the_roles(start, database):
    api = start("--only", "api")
    id = api.submit(BELL)
    time.sleep(1)
    assert api.task(id)["status"] == "pending"
    worker = start("--only", "worker")
    assert worker.client.get("/readyz").json() == {"status": "ready"}
    assert worker.client.post("/tasks", json={"qc": BELL}).status_code == 404
    assert api.final(id, 20)["status"] == "completed"


def test_whoever_waits_hears_of_what_another_instance_has_done(start):
    api = start("--only", "api")
    id = api.submit(BELL)
    with ThreadPoolExecutor(1) as client:
        waiting = client.submit(api.client.get, f"/tasks/{id}?wait=60")
        time.sleep(0.5)
        assert not waiting.done()
        worker = start("--only", "worker")
        assert waiting.result(60).json()["status"] == "completed"
    ended = api.log + worker.log
    assert '"task completed"' in ended


def test_whoever_waits_when_the_service_stops_is_answered_at_once(start):
    api = start("--only", "api")
    id = api.submit(BELL)
    with ThreadPoolExecutor(1) as client:
        waiting = client.submit(httpx.get, f"{api.url}/tasks/{id}?wait=60", timeout=70)
        time.sleep(0.5)
        began = time.monotonic()
        assert api.stop(signal.SIGTERM) == 0
        assert waiting.result(5).json()["status"] == "pending"
        assert time.monotonic() - began < 2.5


def test_small_tasks_flow_past_large_ones(start):
    service = start(SIMULATOR_PROCESSES="1", SIMULATOR_THREADS="1")
    large = [service.submit(ENDLESS) for _ in range(3)]
    until(service.busy)
    for _ in range(5):
        assert service.final(service.submit(BELL), 10)["status"] == "completed"
    assert {service.task(id)["status"] for id in large} == {"pending"}
    assert service.log.count('"task started"') == 6


def threads(pid: int) -> int:
    try:
        return len(list(Path(f"/proc/{pid}/task").iterdir()))
    except OSError:  # it has ended meanwhile
        return 0


def test_a_large_task_takes_the_cores_that_are_free_and_the_next_one_waits(start, database):
    service = start(SIMULATOR_THREADS="2")
    ids = [service.submit(dense(24))]
    # Others may be at work as well: they warm up.
    until(lambda: max(map(threads, service.busy()), default=0) >= min(2, cores()))
    ids.append(service.submit(dense(24)))
    all_final(service, ids, 120)
    rows = query(database, "select started_at, ended_at from tasks order by position")
    # The first may still be storing its result.
    assert rows[1]["started_at"] >= rows[0]["ended_at"] - timedelta(seconds=0.5)


def test_large_tasks_that_come_together_share_the_cores(start):
    service = start(SIMULATOR_THREADS="2")
    for _ in range(2):
        service.submit(ENDLESS)
    until(lambda: service.log.count('"task started"') == 2)
    busy = until(lambda: len(pids := service.busy()) == 2 and pids)
    time.sleep(0.5)
    if cores() == 2:
        assert [threads(pid) for pid in busy] == [1, 1]


def test_a_killed_child_costs_its_task_one_retry_and_its_neighbour_nothing(start, database):
    service = start()
    ids = [service.submit(SLOW) for _ in range(2)]
    until(lambda: service.log.count('"task started"') == 2)
    os.kill(until(lambda: len(pids := service.busy()) == 2 and pids)[0], signal.SIGKILL)
    all_final(service, ids, 60)
    check_invariants(database, ids)
    crashes = query(database, "select crashes from tasks order by crashes")
    assert [row["crashes"] for row in crashes] == [0, 1]


def test_a_task_that_kills_its_child_every_time_fails_with_a_sentence(start, database):
    service = start(SIMULATOR_PROCESSES="1", WORKER_MAX_RETRIES="2", WORKER_RETRY_DELAY_S="0.1")
    id = service.submit(ENDLESS)
    for attempt in (1, 2, 3):
        until(lambda attempt=attempt: service.log.count('"task started"') == attempt, 60)
        # One that is still being started has no task yet, and is as busy.
        at_work = until(lambda: [pid for pid in service.children() if cpu_s(pid) > 0.5], 60)
        for child in at_work:
            os.kill(child, signal.SIGKILL)
    assert service.final(id) == {
        "status": "failed",
        "message": "worker_crashed: The simulator process died 3 times while running this task "
        "(last: SIGKILL). It will not be tried again.",
    }
    assert query(database, "select attempt, crashes from tasks")[0] == (3, 3)
    assert service.run(BELL)["status"] == "completed"


def test_both_time_limits_give_a_failed_task_that_names_the_limit(start):
    service = start(TASK_SOFT_TIME_LIMIT_S="1", TASK_TIME_LIMIT_S="6", PARSE_TIME_LIMIT_S="30")
    soft, hard = service.submit(ENDLESS), service.submit(dense(25, layers=40))
    assert service.final(soft) == {
        "status": "failed",
        "message": "time_limit_exceeded: The task was stopped after 1 s (TASK_SOFT_TIME_LIMIT_S).",
    }
    assert service.final(hard) == {
        "status": "failed",
        "message": "time_limit_exceeded: The task was killed after 6 s (TASK_TIME_LIMIT_S).",
    }


def test_sigterm_lets_running_tasks_end_and_leaves_nothing_behind(start, database):
    service = start()
    ids = [service.submit(MEDIUM) for _ in range(2)]
    until(lambda: service.log.count('"task started"') == 2)
    below = service.descendants()
    assert service.stop(signal.SIGTERM) == 0
    until(lambda: not [pid for pid in below if alive(pid)], 2)
    check_invariants(database, ids)
    assert query(database, "select * from instances") == []


def test_sigterm_gives_back_what_does_not_end_in_time(start, database):
    service = start(SHUTDOWN_GRACE_S="0.1")
    ids = [service.submit(SLOW) for _ in range(3)]
    until(lambda: service.log.count('"task started"') == 2)
    began = time.monotonic()
    assert service.stop(signal.SIGTERM) == 0
    assert time.monotonic() - began < 5
    rows = query(database, "select status, crashes, losses from tasks")
    assert [tuple(row) for row in rows] == [("queued", 0, 0)] * 3
    successor = start()
    all_final(successor, ids, 60)
    check_invariants(database, ids)


def test_ctrl_c_stops_everything_within_five_seconds_even_during_long_tasks(start, database):
    service = start(TASK_TIME_LIMIT_S="90")
    for _ in range(3):
        service.submit(ENDLESS)
    until(lambda: service.log.count('"task started"') == 2)
    below = service.descendants()
    began = time.monotonic()
    assert service.stop(signal.SIGINT) == 0
    until(lambda: not [pid for pid in below if alive(pid)], 2)
    assert time.monotonic() - began < 5


def test_a_second_signal_ends_the_grace(start):
    service = start(SHUTDOWN_GRACE_S="60")
    for _ in range(2):
        service.submit(ENDLESS)
    until(lambda: service.log.count('"task started"') == 2)
    os.kill(service.pid, signal.SIGTERM)
    until(lambda: '"finishing running tasks"' in service.log)
    began = time.monotonic()
    assert service.stop(signal.SIGTERM) == 0
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("after_s", [0.0, 0.3, 0.6, 1.0, 1.5, 2.5])
def test_a_stop_of_the_whole_process_group_at_any_moment_of_the_start_ends_it(database, after_s):
    process = launch(
        "serve",
        "--port",
        "0",
        DATABASE_URL=database,
        start_new_session=True,
        SIMULATOR_PROCESSES="2",
    )
    time.sleep(after_s)
    below = descendants(process.pid)
    os.killpg(process.pid, signal.SIGTERM)
    _, error = process.communicate(timeout=8)
    assert process.returncode in (0, -signal.SIGTERM, 128 + signal.SIGTERM)
    assert "Traceback" not in error
    until(lambda: not [pid for pid in below if alive(pid)], 2)


def test_a_killed_parent_leaves_no_process_behind(start):
    service = start()
    for _ in range(2):
        service.submit(SLOW)
    until(lambda: service.log.count('"task started"') == 2)
    below = service.descendants()
    assert len(below) >= 5
    service.stop(signal.SIGKILL)
    until(lambda: not [pid for pid in below if alive(pid)], 5)


@pytest.mark.parametrize("victim", ["parser", "simulator"])
def test_children_killed_while_idle_are_not_noticed_by_clients(start, victim):
    service = start()
    until(lambda: len(service.children(victim)) >= 2, 20)
    for _ in range(3):
        for pid in service.children(victim):
            os.kill(pid, signal.SIGKILL)
        assert service.run(BELL)["status"] == "completed"

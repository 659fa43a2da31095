"""What the fence is for: simulators that are busy, children that die, memory that runs out."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncpg
import pytest
from service import BELL, ENDLESS, STDGATES, Service, alive, dense, until

ANSWER_S = 2.0
INVALID = STDGATES + "qubit[2] q;\ncx q[0] q[1];\n"
SECONDS = dense(23)  # about one
SIGNALS = [signal.SIGSEGV, signal.SIGABRT, signal.SIGKILL]


def attempts(database: str, ids: list[str]) -> list[tuple[int, int]]:
    """Attempts and crashes of these tasks, in their order."""

    async def ask():
        db = await asyncpg.connect(database)
        try:
            rows = await db.fetch("select id::text, attempt, crashes from tasks")
        finally:
            await db.close()
        found = {row["id"]: (row["attempt"], row["crashes"]) for row in rows}
        return [found[id] for id in ids]

    return asyncio.run(ask())


def check_bell(counts: dict[str, int]) -> None:
    assert set(counts) == {"00", "11"}
    assert sum(counts.values()) == 1024


def started(service: Service, tasks: int) -> None:
    until(lambda: service.log.count('"task started"') >= tasks)


def ticks(pid: int) -> int:
    """The processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def test_with_every_simulator_busy_programs_are_still_refused_and_accepted_in_time(start):
    service = start(SIMULATOR_PROCESSES="2", TASK_TIME_LIMIT_S="90")
    for _ in range(2):
        service.submit(ENDLESS)
    started(service, 2)
    for _ in range(5):
        began = time.monotonic()
        refused = service.client.post("/tasks", json={"qc": INVALID})
        between = time.monotonic()
        accepted = service.client.post("/tasks", json={"qc": BELL})
        ended = time.monotonic()
        assert (refused.status_code, refused.json()["code"]) == (422, "qasm_syntax")
        assert accepted.status_code == 202
        assert between - began < ANSWER_S
        assert ended - between < ANSWER_S
        # One process more is kept for small programs.
        check_bell(service.final(accepted.json()["task_id"], ANSWER_S)["result"])
    assert len(service.busy()) >= 2, "the simulators were not busy all the time"


@pytest.mark.parametrize("how", SIGNALS, ids=lambda how: how.name)
def test_a_parser_that_dies_costs_no_request(start, how: signal.Signals):
    service = start(PARSER_PROCESSES="2", PARSE_TIME_LIMIT_S="10")
    until(lambda: len(service.children("parser")) == 2)
    parsers = service.children("parser")
    for pid in parsers:  # stopped, they have their orders for as long as a look may take
        os.kill(pid, signal.SIGSTOP)
    with ThreadPoolExecutor(2) as clients:
        requests = [clients.submit(service.submit, BELL) for _ in range(2)]
        time.sleep(0.2)
        assert not any(request.done() for request in requests)
        os.kill(parsers[0], how)
        for pid in parsers:
            with contextlib.suppress(ProcessLookupError):  # on a busy machine its time is over
                os.kill(pid, signal.SIGCONT)
        ids = [request.result(ANSWER_S * 2) for request in requests]
    until(lambda: not alive(parsers[0]))
    for id in ids:
        check_bell(service.final(id)["result"])
    assert f'"how": "{how.name}"' in service.log
    check_bell(service.counts(BELL))
    until(lambda: len(service.children("parser")) == 2)


@pytest.mark.parametrize("how", SIGNALS, ids=lambda how: how.name)
def test_a_simulator_that_dies_costs_one_attempt_of_one_task(start, database, how: signal.Signals):
    service = start(SIMULATOR_PROCESSES="2")
    ids = [service.submit(SECONDS) for _ in range(2)]
    started(service, 2)
    os.kill(until(lambda: len(pids := service.busy()) == 2 and pids)[0], how)
    bell = service.submit(BELL)
    check_bell(service.final(bell)["result"])
    assert all(service.final(id)["status"] == "completed" for id in ids)
    assert sorted(attempts(database, ids)) == [(1, 0), (2, 1)]
    assert attempts(database, [bell]) == [(1, 0)]
    assert f'"how": "{how.name}"' in service.log
    check_bell(service.counts(BELL))


def test_a_simulator_without_memory_fails_its_task_and_no_other(start, database):
    service = start(SIMULATOR_PROCESSES="2", SIMULATOR_MEMORY_MB="512")
    until(lambda: len(service.children()) == 3)
    before = {pid: ticks(pid) for pid in service.children()}
    neighbour = service.submit(dense(24))
    busy = until(lambda: next((pid for pid in before if ticks(pid) > before[pid] + 5), None))
    for idle in before.keys() - {busy}:
        # It may have 24 MiB more, where the state of 22 qubits takes 32.
        pages = int(Path(f"/proc/{idle}/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() + 24 * 2**20
        resource.prlimit(idle, resource.RLIMIT_AS, (limit, limit))
    starved = service.submit(dense(22, layers=1))
    ended = service.final(starved)
    assert service.task(neighbour)["status"] == "pending", "the neighbour was not in flight"
    assert ended["status"] == "failed"
    assert ended["message"].startswith("memory_exceeded: ")
    assert service.final(neighbour)["status"] == "completed"
    assert attempts(database, [neighbour, starved]) == [(1, 0), (1, 0)]
    check_bell(service.counts(BELL))

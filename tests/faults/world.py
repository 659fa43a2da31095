"""A small world to break: a durable Postgres behind a proxy, instances on it, and clients.

The clients never rest: they submit, they ask again for whatever they were told, and they write
down every answer. A trigger writes down every change of every task. `check()` holds all of it
against what was promised.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import asyncpg
from audit import AUDIT, FINAL, unlawful_changes
from proxy import Proxy
from server import Postgres
from service import BELL, STDGATES, Service, alive, dense, name, until

from quantum_tasks.database.migrations import migrate

# Some tens of milliseconds of simulation.
MEDIUM = (
    STDGATES + "qubit[19] q; bit[19] c; h q; rx(0.3) q; cx q[0:17], q[18]; h q; c = measure q;"
)
LONG = dense(22)  # a second beside all that the tests run at the same time
_SUBMITTERS = 6


class Instance(Service):
    """A service that can also be frozen and blocked."""

    program = (str(Path(__file__).parent / "rigged.py"),)
    group = True

    def stopped(self) -> bool:
        return self.process is None or self.process.poll() is not None


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    text: str


def ask(
    instance: Instance, method: str, path: str, body: dict[str, object] | None = None
) -> Answer | None:
    """What an instance answers, if it does. One that was killed does not, nor one that is frozen
    for longer than we wait; as any client, we try again."""
    connection = http.client.HTTPConnection(instance.url.removeprefix("http://"), timeout=30)
    try:
        sent = None if body is None else json.dumps(body)
        connection.request(method, path, sent, {"Content-Type": "application/json"})
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read().decode())
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


@dataclass
class Report:
    """What a fault did. Times in seconds."""

    fault: str
    long: str  # the id of a long task that was running at the moment of the fault
    running: int  # how many were
    took_s: float
    lifted: datetime  # by the database's clock
    # From its end until everything that was running at its beginning had ended or been taken up
    # again, and how much of that was after the last fault that came on top of it.
    recovery_s: float = 0.0
    undisturbed_s: float = 0.0


@dataclass
class Clients:
    """What everybody was ever told."""

    accepted: dict[str, float] = field(default_factory=dict)  # task id -> when
    finals: dict[str, str] = field(default_factory=dict)  # task id -> the final answer
    refused: int = 0
    slowest_s: float = 0.0
    violations: list[str] = field(default_factory=list)


class World:
    """`instances` services on one Postgres, under load from the moment it is entered."""

    def __init__(self, instances: int, seed: int = 1, rate: float = 6, **settings: str) -> None:
        self.random = random.Random(seed)
        self.postgres = Postgres()
        asyncio.run(migrate(self.postgres.url))
        self.postgres.execute(AUDIT)
        self.proxy = Proxy(self.postgres.socket)
        self.url = f"postgresql://postgres@127.0.0.1:{self.proxy.port}/postgres?sslmode=disable"
        self.instances = [Instance(self.url, **settings) for _ in range(instances)]
        self.clients = Clients()
        self.victim = self.instances[0]  # it runs something long when a fault comes
        self._rate = rate
        self._doomed: set[int] = set()
        self._checked = 0  # how many of the accepted were read once all was at rest
        self._pending: list[tuple[Report, set[str], int]] = []
        self._resting = threading.Event()
        self._closed = threading.Event()
        self._idle: set[int] = set()
        self._threads = [threading.Thread(target=self._submit) for _ in range(_SUBMITTERS)]
        self._threads.append(threading.Thread(target=self._read))

    def __enter__(self) -> World:
        try:
            for instance in self.instances:
                instance.start(ready=False)
            for instance in self.instances:
                until(lambda i=instance: i.client.get("/readyz").status_code == 200, 30)
        except BaseException:
            self.__exit__()
            raise
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        for thread in self._threads:
            if thread.ident:
                thread.join()
        below = set(self._doomed)
        for instance in self.instances:
            if not instance.stopped():
                below |= {instance.pid, *instance.descendants()}
            instance.close()
        with contextlib.suppress(Exception):
            self.proxy.close()
        self.postgres.close()
        until(lambda: not [pid for pid in below if alive(pid)], 10)

    # What faults are made of

    def kill(self, instance: Instance, *, group: bool = False) -> None:
        """SIGKILL, to the service's own process or to all of its group."""
        self._doomed |= {instance.pid, *instance.descendants()}
        (os.killpg if group else os.kill)(instance.pid, signal.SIGKILL)
        instance.stop(signal.SIGKILL)

    def restart(self, instance: Instance) -> None:
        instance.start(ready=False)

    def running(self) -> set[str]:
        """The ids of the tasks that are running."""
        rows = self.postgres.query("select id::text from tasks where status = 'running'")
        return {row["id"] for row in rows}

    # The clients

    def _submit(self) -> None:
        source = random.Random(self.random.random())
        while not self._closed.is_set():
            if self._resting.is_set():
                self._idle.add(threading.get_ident())
                time.sleep(0.05)
                continue
            self._idle.discard(threading.get_ident())
            qc = MEDIUM if source.random() < 0.1 else BELL
            while not self._closed.is_set() and not self._accepted(source, qc):
                time.sleep(0.3)
            time.sleep(source.expovariate(self._rate / _SUBMITTERS))

    def _accepted(self, source: random.Random, qc: str) -> str | None:
        """The id of a new task, if an instance takes it."""
        instance = source.choice(self.instances)
        began = time.monotonic()
        answer = ask(instance, "POST", "/tasks", {"qc": qc})
        if answer is None:
            return None
        told = self.clients
        told.slowest_s = max(told.slowest_s, time.monotonic() - began)
        if answer.status == 202:
            id: str = json.loads(answer.text)["task_id"]
            told.accepted[id] = time.monotonic()
            return id
        if answer.status == 503 and int(answer.headers.get("retry-after", 0)) > 0:
            told.refused += 1
        else:
            told.violations.append(f"POST: {answer}")
        return None

    def _read(self) -> None:
        source = random.Random(self.random.random())
        while not self._closed.is_set():
            known = [] if self._resting.is_set() else list(self.clients.accepted)
            # The latest, which change, and some of the others, which must not.
            ids = known[-10:] + source.sample(known, min(5, len(known)))
            for id in ids:
                self.read(source, id)
                time.sleep(0.1)
            time.sleep(0.1)

    def read(self, source: random.Random, id: str) -> str | None:
        """What an instance says of a task: its final answer, or None. Writes down what is wrong
        with it."""
        instance = source.choice(self.instances)
        known_to_be_final = id in self.clients.finals
        answer = ask(instance, "GET", f"/tasks/{id}")
        if answer is None or answer.status == 503:
            return None
        told = self.clients
        if answer.status != 200:
            told.violations.append(f"lost: {id}: {answer}")
            return None
        text = answer.text
        if json.loads(text)["status"] == "pending":
            if known_to_be_final:
                told.violations.append(f"changed: {id} to pending from {told.finals[id]}")
            return None
        if told.finals.setdefault(id, text) != text:
            told.violations.append(f"changed: {id} to {text} from {told.finals[id]}")
        return text

    # Enduring a fault

    def endure(self, name: str, fault: Callable[[World], object]) -> Report:
        """Injects a fault under load; returns once it is lifted."""
        self._resting.clear()
        seen = len(self.clients.accepted)
        until(lambda: len(self.clients.accepted) >= seen + 5, 60)
        # Whatever the clients submit, something long is running when the fault comes.
        long = until(lambda: self._accepted(self.random, LONG), 90)
        running = until(lambda: long in (found := self.running()) and found, 90)
        self.victim = self._running_it(long)
        time.sleep(0.15)  # a large task waits a moment for others to share the cores with
        began = time.monotonic()
        number = self._last_change()
        fault(self)
        took_s = time.monotonic() - began
        lifted = self.postgres.query("select clock_timestamp() as at")[0]["at"]
        report = Report(name, long, len(running), took_s, lifted)
        self._pending.append((report, running, number))
        return report

    def _running_it(self, id: str) -> Instance:
        """The instance that runs a task, or any if it has ended."""
        rows = self.postgres.query(
            "select pid from instances i join tasks t on t.instance = i.id where t.id::text = $1",
            id,
        )
        pids = [row["pid"] for row in rows]
        found = [instance for instance in self.instances if instance.pid in pids]
        return (found or self.instances)[0]

    def _last_change(self) -> int:
        return self.postgres.query("select coalesce(max(number), 0) as n from audit")[0]["n"]

    def settle(self, within_s: float = 90) -> None:
        """Lets the clients rest, and waits until everything that was accepted is final."""
        seen = len(self.clients.accepted)
        until(lambda: len(self.clients.accepted) >= seen + 5, 60)  # it goes on after the fault
        self._resting.set()
        until(lambda: len(self._idle) == _SUBMITTERS, 60)
        until(lambda: not self._unfinished(), within_s, every_s=0.5)
        ends = [report.lifted for report, *_ in self._pending]
        for report, running, number in self._pending:
            # Nothing was left to be taken up again if all had ended just before the fault.
            recovered = self._recovered_at(running, number) or report.lifted
            since = max((end for end in ends if end <= recovered), default=recovered)
            report.recovery_s = max(0.0, (recovered - report.lifted).total_seconds())
            report.undisturbed_s = (recovered - since).total_seconds()
        self._pending = []

    def _unfinished(self) -> list[asyncpg.Record]:
        return self.postgres.query("select id from tasks where ended_at is null limit 1")

    def _recovered_at(self, running: set[str], number: int) -> datetime | None:
        """When the last of the tasks that were running at the beginning of a fault had made its
        next step: it had ended, or ran again."""
        rows = self.postgres.query(
            "select max(at) as at from (select min(at) as at from audit "
            "where id::text = any($1) and number > $2 and status <> 'queued' group by id) q",
            list(running),
            number,
        )
        recovered: datetime | None = rows[0]["at"]
        return recovered

    # What was promised

    def check(self, earlier: int | None = None) -> None:
        """Raises AssertionError naming the promises that were broken. Of the tasks that it has
        read before, it reads only so many again, if a number is given."""
        broken = self.broken(earlier)
        assert not broken, "\n".join([*broken[:20], *self._logs()])

    def broken(self, earlier: int | None = None) -> list[str]:
        """Each promise that was broken: what begins with 'lost' is lost, what begins with
        'changed' was another thing before. `earlier` as for check()."""
        told = self.clients
        broken = []
        rows = self.postgres.query(
            "select t.id::text, t.status::text, t.attempt, r.attempt as stored from tasks t "
            "left join results r on r.task_id = t.id"
        )
        stored = {row["id"] for row in rows}
        broken += [f"lost: {id}" for id in told.accepted if id not in stored]
        for row in rows:
            if row["status"] not in FINAL:
                broken.append(f"not final: {row}")
            if (row["stored"] == row["attempt"]) != (row["status"] == "completed"):
                broken.append(f"status and result differ: {row}")
            if row["stored"] not in (None, row["attempt"]):
                broken.append(f"a result of another attempt: {row}")
        broken += unlawful_changes(self.postgres.query("select * from audit order by number"))
        # What was accepted since the last time is read again, from any instance, and as much of
        # what was accepted before as is wanted.
        known = list(told.accepted)
        before, since = known[: self._checked], known[self._checked :]
        if earlier is not None:
            before = self.random.sample(before, min(earlier, len(before)))
        self._checked = len(known)
        for id in before + since:
            if self.read(self.random, id) is None:
                broken.append(f"no final answer for {id}")
        broken += told.violations
        told.violations = []
        left = [pid for pid in self._doomed if alive(pid)]
        broken += [f"left behind: process {pid} {name(pid)}" for pid in left]
        with contextlib.suppress(AssertionError):
            until(lambda: not self._doing(), 30)
        broken += [f"left behind: {row}" for row in self._doing()]
        return broken

    def _doing(self) -> list[asyncpg.Record]:
        """Jobs that were begun and will not end; one takes milliseconds."""
        return self.postgres.query(
            "select j.* from procrastinate_jobs j join procrastinate_events e on e.job_id = j.id "
            "where j.status = 'doing' and e.type = 'started' and e.at < now() - interval '2 s'"
        )

    def _logs(self) -> list[str]:
        return [f"--- {instance.url}\n{instance.log[-3000:]}" for instance in self.instances]

    def statuses(self) -> Counter[str]:
        rows = self.postgres.query("select status::text, count(*) from tasks group by status")
        return Counter({row["status"]: row["count"] for row in rows})

    def charges(self) -> tuple[int, int]:
        """How often tasks were charged with a loss, and with a crash."""
        (row,) = self.postgres.query(
            "select coalesce(sum(losses), 0), coalesce(sum(crashes), 0) from tasks"
        )
        return int(row[0]), int(row[1])

    def attempts(self, id: str) -> int:
        """How often a task was run."""
        rows = self.postgres.query("select attempt from tasks where id::text = $1", id)
        return int(rows[0]["attempt"])

    def refused(self, pid: int) -> int:
        """How many outcomes of an instance were refused, as it says."""
        rows = self.postgres.query("select refused from instances where pid = $1", pid)
        return sum(row["refused"] for row in rows)

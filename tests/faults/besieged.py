"""The attackers' chapter of `make chaos`: each attack beside honest users, on two instances."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import httpx
from attackers import history
from attackers.attacks import chosen
from attackers.ground import Attack
from attackers.honest import Told, honest_users
from attackers.promises import broken
from attackers.trial import HEAD, Trial, row, try_out
from audit import AUDIT, unlawful_changes
from bench.tables import progress, table
from server import Postgres
from service import Service, until

from quantum_tasks.database.migrations import migrate

CORES = len(os.sched_getaffinity(0))
_PATIENCE_S = 60.0
_WARM_UP_S = 3.0
_START_S = 120.0
_RECOVERY_S = 30.0
_STORED = """select coalesce(sum(octet_length(counts::text)), 0)::bigint as bytes
    from results join tasks on id = task_id where queue <> 'history'"""
_SETTINGS = {
    "SIMULATOR_PROCESSES": str(CORES),
    "MAX_RESULT_BYTES": "16777216",
    "WEBHOOK_SECRET": "a secret",
    "WEBHOOK_ALLOW_PRIVATE": "true",
    "LOG_LEVEL": "WARNING",
}


def run(words: Sequence[str], seconds: float, tasks: int) -> int:
    """Prints what honest users felt; 1 if that was too much."""
    trials = []
    for trial in try_all(words, seconds, tasks):
        trials.append(trial)
        print(" | ".join(row(trial)), flush=True)
        for line in (f"answers: {dict(trial.answers.most_common(8))}", *trial.wrong()[:5]):
            progress(line)
        for kind, felt in trial.felt.felt.items():
            progress(
                f"{kind}: {len(felt.seconds)} requests, {len(felt.wrong)} wrong, "
                f"longest {max(felt.seconds):.1f} s"
            )
    print()
    table(HEAD, [row(trial) for trial in trials])
    return int(any(trial.wrong() or trial.too_slow() for trial in trials))


def try_all(words: Sequence[str], seconds: float, tasks: int) -> Iterator[Trial]:
    """Those attacks one after the other, each on instances that were started for it."""
    postgres = Postgres(shared_buffers="256MB")
    try:
        asyncio.run(migrate(postgres.url))
        progress(f"adding {tasks} tasks that have ended")
        asyncio.run(history.fill(postgres.url, tasks))
        postgres.execute(AUDIT)
        for attack in chosen(words):
            progress(attack.name)
            yield one(postgres, attack, seconds)
    finally:
        postgres.close()


def one(postgres: Postgres, attack: Attack, seconds: float) -> Trial:
    """One attack on one of two instances."""
    with _instances(postgres, attack) as (service, other), honest_users(service.url) as ask:
        ask(_WARM_UP_S, _PATIENCE_S)
        seen = postgres.query("select coalesce(max(number), 0) as n from audit")[0]["n"]

        def audit(told: Told) -> list[str]:
            wrong = asyncio.run(broken(postgres.url, told)) + _unlawful(postgres, seen)
            return wrong + _left(service, other)

        trial = try_out(
            service.url, service.pid, attack, ask, seconds, seconds, _PATIENCE_S, audit
        )
    (stored,) = postgres.query(_STORED)
    trial.stored_mb = stored["bytes"] / 2**20
    asyncio.run(history.clear(postgres.url, running=True))
    return trial


@contextmanager
def _instances(postgres: Postgres, attack: Attack) -> Iterator[tuple[Service, Service]]:
    """The one that is attacked, and one that would take its tasks if it seemed to be dead."""
    settings = {**_SETTINGS, **attack.settings}
    services = [Service(postgres.url, **settings), Service(postgres.url, **_SETTINGS)]
    try:
        for service in services:
            service.start(ready=False)
        for service in services:
            until(lambda s=service: _ready(s), _START_S)
            until(lambda s=service: len(s.children()) == CORES + 1, _START_S)
        yield services[0], services[1]
    finally:
        for service in services:
            service.close()


def _unlawful(postgres: Postgres, seen: int) -> list[str]:
    """Changes since then, of tasks that were submitted since, that should not have been."""
    changes = postgres.query("select * from audit where number > $1 order by number", seen)
    begun = {change["id"] for change in changes if change["attempt"] == 0}
    return list(unlawful_changes([change for change in changes if change["id"] in begun]))


def _left(*services: Service) -> list[str]:
    """Instances that are not as they were before."""
    wrong = []
    for service in services:
        try:
            until(lambda s=service: _ready(s), _RECOVERY_S)
        except AssertionError as error:
            wrong.append(f"not ready afterwards: {error}")
    return wrong


def _ready(service: Service) -> bool:
    try:
        return service.client.get("/readyz").status_code == 200
    except httpx.TransportError:  # as long as there are too many connections
        return False

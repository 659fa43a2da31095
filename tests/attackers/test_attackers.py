"""A few seconds of each attack; `make chaos ARGS="attackers"` takes longer, and looks closer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping

import asyncpg
import pytest
from service import BELL, Service, until

from attackers import history
from attackers.attacks import chosen
from attackers.ground import Attack
from attackers.honest import Ask, Told, honest_users
from attackers.trial import try_out

_BRIEF = {attack.name: attack for attack in chosen([]) if attack.brief}
_SECONDS = 1.5
# For as long nobody waits, even on a machine that has other tests to run, unless the service is
# stopped by what somebody sends. `make chaos` is more exact.
_MOST_S = 8.0
_TASKS = 20_000  # as many as one search looks at
_SETTINGS = {"WEBHOOK_SECRET": "a secret", "WEBHOOK_ALLOW_PRIVATE": "true", "LOG_LEVEL": "WARNING"}

Attacked = Callable[[Mapping[str, str]], tuple[Service, Ask]]


@pytest.fixture(scope="module")
def attacked(module_database: str) -> Iterator[Attacked]:
    """A service with these settings, and honest users of it; one for all tests that need it."""
    asyncio.run(history.fill(module_database, _TASKS))
    services: list[Service] = []
    known: dict[frozenset[tuple[str, str]], tuple[Service, Ask]] = {}
    users = []

    def find(settings: Mapping[str, str]) -> tuple[Service, Ask]:
        key = frozenset(settings.items())
        if key not in known:
            service = Service(module_database, **_SETTINGS, **settings)
            services.append(service)
            service.start()
            users.append(honest_users(service.url))
            ask = users[-1].__enter__()
            ask(1, 30)  # processes that are started when they are needed
            known[key] = service, ask
        return known[key]

    try:
        yield find
    finally:
        for those in users:
            those.__exit__(None, None, None)
        for service in services:
            service.close()


@pytest.mark.parametrize("attack", _BRIEF.values(), ids=list(_BRIEF))
def test_honest_users_are_served_beside(attacked: Attacked, module_database: str, attack: Attack):
    service, ask = attacked(attack.settings)

    def audit(told: Told) -> list[str]:
        return asyncio.run(_audit(module_database, told))

    try:
        trial = try_out(service.url, service.pid, attack, ask, _SECONDS, 0, _MOST_S, audit)
        assert not trial.wrong(), "\n".join(trial.wrong()[:20])
        assert service.client.get("/readyz").status_code == 200
    finally:
        asyncio.run(history.clear(module_database, running=False))
        until(lambda: _quick(service), 60)


async def _audit(url: str, told: Told) -> list[str]:
    """What was promised to honest users and is not so."""
    db = await asyncpg.connect(url)
    try:
        rows = await db.fetch(
            "select id::text, attempt, losses from tasks where queue <> 'history'"
        )
    finally:
        await db.close()
    known = {row["id"]: row for row in rows}
    lost = [f"lost: {id}" for id in told.tasks if id not in known]
    return lost + [f"a lease was lost: {row}" for row in rows if row["losses"]]


def _quick(service: Service) -> bool:
    """Whether a service has got over it."""
    began = time.monotonic()
    response = service.client.post("/v1/tasks", json={"qc": BELL}, headers={"Prefer": "wait=5"})
    return response.status_code == 200 and time.monotonic() - began < 1

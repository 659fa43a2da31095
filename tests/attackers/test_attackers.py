"""A few seconds of each attack; `make chaos ARGS="attackers"` takes longer, and looks closer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack

import httpx
import pytest
from service import BELL, Service, until

from attackers import history
from attackers.attacks import chosen
from attackers.ground import Attack
from attackers.honest import Ask, Told, honest_users
from attackers.promises import broken
from attackers.trial import longest_s, try_out

_BRIEF = {attack.name: attack for attack in chosen([]) if attack.brief}
_SECONDS = 1.0
# For so long nobody waits, unless the service is stopped by what somebody sends; nor for so many
# times as long as it took in peace, on a machine that is busy. `make chaos` is more exact.
_MOST_S = 12.0
_MOST_TIMES = 10.0
_TASKS = 20_000  # as many as one search looks at
_SETTINGS = {
    "WEBHOOK_SECRET": "a secret",
    "WEBHOOK_ALLOW_PRIVATE": "true",
    "MAX_RESULT_BYTES": "16777216",
    "LOG_LEVEL": "WARNING",
}

Attacked = Callable[[Mapping[str, str]], tuple[Service, Ask, float]]


@pytest.fixture(scope="module")
def attacked(module_database: str) -> Iterator[Attacked]:
    """A service with these settings, honest users of it, and for how long they should wait; one
    for all tests that need it."""
    asyncio.run(history.fill(module_database, _TASKS))
    known: dict[frozenset[tuple[str, str]], tuple[Service, Ask, float]] = {}
    with ExitStack() as opened:

        def find(settings: Mapping[str, str]) -> tuple[Service, Ask, float]:
            key = frozenset(settings.items())
            if key not in known:
                service = Service(module_database, **_SETTINGS, **settings)
                opened.callback(service.close)
                service.start()
                ask = opened.enter_context(honest_users(service.url))
                ask(1, 60)  # processes that are started when they are needed
                longest = longest_s(ask(1, 60))
                known[key] = service, ask, max(_MOST_S, _MOST_TIMES * longest)
            return known[key]

        yield find


@pytest.mark.parametrize("attack", _BRIEF.values(), ids=list(_BRIEF))
def test_honest_users_are_served_beside(attacked: Attacked, module_database: str, attack: Attack):
    service, ask, most_s = attacked(attack.settings)

    def audit(told: Told) -> list[str]:
        return asyncio.run(broken(module_database, told))

    try:
        trial = try_out(service.url, service.pid, attack, ask, _SECONDS, 0, most_s, audit)
        assert not trial.wrong(), "\n".join(trial.wrong()[:20])
    finally:
        asyncio.run(history.clear(module_database, running=False))
        until(lambda: _is_itself(service), 60)


def _is_itself(service: Service) -> bool:
    """Whether a service has got over it: it is ready, and as quick as ever."""
    began = time.monotonic()
    try:
        ready = service.client.get("/readyz")
        bell = service.client.post("/v1/tasks", json={"qc": BELL}, headers={"Prefer": "wait=5"})
    except httpx.TransportError:  # as long as there are too many connections
        return False
    return ready.status_code == bell.status_code == 200 and time.monotonic() - began < 2

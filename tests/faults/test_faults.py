"""Every fault under load, with one instance and with two: nothing is lost, nothing changes."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from faults import FAULTS, FROZEN_S
from service import until
from world import World

RECOVERY_S = 30


@pytest.fixture(scope="module")
def worlds() -> Iterator[tuple[World, World]]:
    """They live through one fault after the other, as services do."""
    with World(1) as one, World(2) as two:
        yield one, two
        for world in (one, two):  # all that was ever accepted, after all faults
            world.check()


@pytest.mark.parametrize("fault", FAULTS)
def test_nothing_is_lost_or_changed_by(worlds: tuple[World, World], fault: str):
    with ThreadPoolExecutor(2) as threads:  # most of them wait most of the time
        for ended in [threads.submit(survives, world, fault) for world in worlds]:
            ended.result()


def survives(world: World, name: str) -> None:
    fault = FAULTS[name]
    losses, crashes = world.charges()
    report = world.endure(name, fault.do)
    world.settle()
    world.check(earlier=50)
    assert report.recovery_s < RECOVERY_S
    assert set(world.statuses()) == {"completed"}
    charged = world.charges()
    assert fault.losses or charged[0] == losses
    assert fault.crashes or charged[1] == crashes
    if not (fault.losses or fault.crashes or fault.gives_back):
        assert world.attempts(report.long) == 1  # it went on, and its result was kept
    if fault.seconds == FROZEN_S and len(world.instances) > 1:
        until(lambda: world.refused(world.victim.pid), 10)  # the zombie's outcomes, counted

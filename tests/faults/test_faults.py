"""Every fault under load, with one instance and with two: nothing is lost, nothing changes."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import get_args

import pytest
from faults import CUTS, FAULTS, FROZEN_S
from proxy import Moment
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


# Connections that are cut at the same moment come one after the other, each under load, before the
# clients rest and everything is checked.
ROUNDS = {name: [name] for name in FAULTS if name not in CUTS}
for _moment in get_args(Moment):
    ROUNDS[f"a connection cut at each statement that is {_moment}"] = [
        name for name in CUTS if name.endswith(_moment)
    ]


@pytest.mark.parametrize("faults", ROUNDS)
def test_nothing_is_lost_or_changed_by(worlds: tuple[World, World], faults: str):
    with ThreadPoolExecutor(2) as threads:  # most of them wait most of the time
        for ended in [threads.submit(survives, world, ROUNDS[faults]) for world in worlds]:
            ended.result()


def survives(world: World, names: list[str]) -> None:
    losses, crashes = world.charges()
    reports = [world.endure(name, FAULTS[name].do) for name in names]
    world.settle()
    world.check(earlier=50)
    assert set(world.statuses()) == {"completed"}
    charged = world.charges()
    for fault, report in zip([FAULTS[name] for name in names], reports, strict=True):
        assert report.undisturbed_s < RECOVERY_S  # since the last fault, if others came after it
        assert fault.losses or charged[0] == losses
        assert fault.crashes or charged[1] == crashes
        if not (fault.losses or fault.crashes or fault.gives_back):
            assert world.attempts(report.long) == 1  # it went on, and its result was kept
        if fault.seconds == FROZEN_S and len(world.instances) > 1:
            until(lambda: world.refused(world.victim.pid), 10)  # the zombie's outcomes, counted

"""What the scheduler promises, over days of load that take a second."""

from __future__ import annotations

from functools import cache
from random import Random

import pytest
from simulated import REACTION_S, Kind, Machine, Simulation

from quantum_tasks.queue.scheduler import GATHER_S, Scheduler

DAY_S = 86400.0

MACHINES = [
    Machine(2, 1, 1),
    Machine(3, 2, 2),
    Machine(5, 2, 2),  # more children than cores
    Machine(5, 4, 4),
    Machine(9, 8, 3),
]


@cache
def after_days(machine: Machine, seed: int) -> Simulation:
    """Two days of all kinds of tasks in bursts, some of which are more than the machine can do for
    a while."""
    simulation = Simulation(machine, seed)
    draw = Random(seed)
    time = 0.0
    while time < 2 * DAY_S:
        match draw.choice(["moments", "ordinary", "parallel", "sequential", "all"]):
            case "moments":
                kinds = some(draw, draw.choice([1, 5, 30]), 0.02, moment=True)
            case "ordinary":
                kinds = some(draw, draw.choice([1, 3, 10]), draw.choice([0.02, 1, 40]))
            case "parallel":
                kinds = some(draw, draw.choice([1, 2, 5]), 300, large=True, parallel=True)
            case "sequential":
                kinds = some(draw, draw.choice([1, 2, 5]), 200, large=True)
            case _:
                kinds = some(draw, 30, 0.02, moment=True) + some(draw, 8, 5)
                kinds += some(draw, 2, 300, large=True, parallel=True)
                kinds += some(draw, 2, 0.2, large=True)
                draw.shuffle(kinds)
        simulation.submit(time, kinds)
        time += draw.expovariate(machine.children / 600)
    simulation.run()
    return simulation


def some(
    draw: Random, count: int, longest_s: float, large: bool = False, **what: bool
) -> list[Kind]:
    """Tasks of all lengths; of the large ones some are cancelled, before or after they began."""
    return [
        Kind(
            draw.uniform(0.001, longest_s),
            large=large,
            stopped_after=draw.uniform(0, 2 * GATHER_S) if draw.random() < 0.05 else None,
            **what,
        )
        for _ in range(count)
    ]


for_days = pytest.mark.parametrize(
    ("machine", "seed"),
    [(machine, seed) for machine in MACHINES for seed in (1, 2)],
    ids=lambda value: str(value) if isinstance(value, int) else value.name,
)


@for_days
def test_no_child_is_idle_while_a_task_waits_that_it_could_take(machine, seed):
    """For longer than a hint and a claim take."""
    assert after_days(machine, seed).wrong["idle"] == []


@for_days
def test_one_child_is_left_to_tasks_that_are_not_large(machine, seed):
    assert after_days(machine, seed).wrong["reserve"] == []


@for_days
def test_a_task_that_is_not_large_waits_only_for_others_that_are_not(machine, seed):
    assert after_days(machine, seed).wrong["small late"] == []


@for_days
def test_every_task_has_its_turn(machine, seed):
    wrong = after_days(machine, seed).wrong
    assert wrong["starved"] == wrong["large late"] == []


@for_days
def test_what_is_ahead_of_children_is_moments_and_few(machine, seed):
    assert after_days(machine, seed).wrong["ahead"] == []


@for_days
def test_no_large_task_gets_a_second_core_that_another_has(machine, seed):
    """A first it may get: others may take all cores between the claim that is asked for because
    some are free, and its answer. That is rare."""
    simulation = after_days(machine, seed)
    assert simulation.wrong["cores"] == []
    assert simulation.crowded <= len(simulation.shares) / 100


@for_days
def test_whatever_tasks_took_they_have_given_back(machine, seed):
    after, new = after_days(machine, seed).scheduler, scheduler(machine)
    for each in (after, new):
        each.hinted()
    after_claim, new_claim = after.next_claim(), new.next_claim()
    assert after_claim[:2] == new_claim[:2] == (machine.children, machine.children - 1)
    assert after_claim.room_ms == pytest.approx(new_claim.room_ms)
    assert (after.gather(), after.take_cores(True)) == (new.gather(), new.take_cores(True))


def scheduler(machine: Machine) -> Scheduler:
    return Scheduler(machine.children, machine.cores, machine.most_cores)


SMALL, LONG = Kind(0.5), Kind(10.0)
MOMENT = Kind(0.001, moment=True)
SEQUENTIAL, PARALLEL = Kind(600.0, large=True), Kind(600.0, large=True, parallel=True)
QUAD = Machine(5, 4, 4)


def waited(simulation: Simulation, position: int, since: float) -> float:
    return simulation.started[position] - since


def test_small_tasks_flow_past_hours_of_large_ones():
    simulation = Simulation(QUAD)
    simulation.submit(0, [PARALLEL] * 100)
    for minute in range(300):
        simulation.submit(60 * minute, [SMALL])
    simulation.run()
    assert simulation.now > DAY_S / 8
    waits = [waited(simulation, 100 + minute, 60 * minute) for minute in range(300)]
    assert max(waits) <= REACTION_S


def test_a_large_task_comes_before_hours_of_others():
    simulation = Simulation(QUAD)
    simulation.submit(0, [LONG] * 5000)
    simulation.submit(1, [PARALLEL])
    simulation.run()
    assert waited(simulation, 5000, 0) <= 10 + REACTION_S + GATHER_S


def test_a_flood_of_moments_keeps_all_children_busy_with_few_claims():
    simulation = Simulation(QUAD)
    simulation.submit(0, [MOMENT] * 20_000)
    simulation.run()
    assert simulation.now < 1.1 * 20_000 * 0.001 / QUAD.children
    assert simulation.claims < 20_000 / 80


@pytest.mark.parametrize(
    ("kinds", "shares"),
    [
        ([PARALLEL], [4]),
        ([PARALLEL] * 2, [2, 2]),
        ([PARALLEL] * 3, [1, 1, 2]),
        ([PARALLEL] * 4, [1, 1, 1, 1]),
        ([SEQUENTIAL, PARALLEL], [1, 3]),
        ([PARALLEL, SEQUENTIAL], [2, 1]),
    ],
)
def test_large_tasks_that_come_together_share_the_cores(kinds, shares):
    simulation = Simulation(QUAD)
    simulation.submit(0, kinds)
    simulation.run()
    assert list(simulation.shares.values()) == shares


def test_a_large_task_waits_a_moment_for_others_to_share_with():
    simulation = Simulation(QUAD)
    simulation.submit(0, [PARALLEL])
    simulation.submit(GATHER_S / 2, [PARALLEL])
    simulation.submit(1, [PARALLEL])
    simulation.run()
    assert list(simulation.shares.values()) == [2, 2, 2]
    assert waited(simulation, 0, 0) <= GATHER_S + REACTION_S
    assert waited(simulation, 2, 0) >= 300  # until one of the others has ended

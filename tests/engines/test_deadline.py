"""When a run has taken too long."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from quantum_tasks.engines import deadline
from quantum_tasks.engines.engine import SimulationError


@pytest.fixture(autouse=True)
def over() -> Iterator[None]:
    yield
    deadline.end()


def work(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def test_a_run_is_over_once_it_has_worked_for_its_time():
    deadline.begin((0.1, "timeout_s"))
    deadline.check()
    work(0.11)
    with pytest.raises(SimulationError, match=r"stopped after 0\.1 s \(timeout_s\)") as caught:
        deadline.check()
    assert caught.value.code == "time_limit_exceeded"
    deadline.end()
    deadline.check()


def test_a_process_that_was_stopped_goes_on():
    deadline.begin((0.1, "timeout_s"))
    time.sleep(0.15)
    deadline.check()
    work(0.03)
    with pytest.raises(SimulationError):
        deadline.check()


def test_what_would_be_killed_is_not_begun():
    deadline.begin((60, "TASK_SOFT_TIME_LIMIT_S"), (90, "TASK_TIME_LIMIT_S"))
    deadline.check(85)
    with pytest.raises(SimulationError, match=r"after 90 s the task is killed \(TASK_TIME_L"):
        deadline.check(86)

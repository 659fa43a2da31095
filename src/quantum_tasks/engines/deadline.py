"""The soft time limit of a run.

A run is asked whether it is over its limit wherever it can be stopped: before it begins, between
the items of a sweep, between the segments of a program that goes on after measurements. What takes
a single call of a simulator is not stopped in it; so a result that is there is never thrown away.
The hard limit kills whatever goes on, and all results of a sweep with it: so a sweep begins no run
that would probably not end before.
"""

from __future__ import annotations

import math
import time

from quantum_tasks.engines.engine import SimulationError
from quantum_tasks.errors import TIME_LIMIT_EXCEEDED
from quantum_tasks.settings import Limit

_BEFORE_KILL = 0.95  # of the hard limit: what is done by then is handed over in time
_AT_WORK = 0.25  # a process that gets less of the time was stopped or starved


class _Deadline:
    """That of the run of this process; there is one at a time."""

    def __init__(self, soft: Limit, hard: Limit) -> None:
        self.seconds, self.setting = soft
        self.hard = hard
        begun_s = time.perf_counter()
        self.end_s = begun_s + self.seconds
        self.last_s = begun_s + hard[0] * _BEFORE_KILL
        # One that has hardly worked by then goes on.
        self.worked_s = time.process_time() + self.seconds * _AT_WORK


_now: _Deadline | None = None


def begin(soft: Limit, hard: Limit = (math.inf, "")) -> None:
    """A run begins, which may take so long."""
    global _now
    _now = _Deadline(soft, hard)


def end() -> None:
    global _now
    _now = None


def check(next_s: float = 0.0) -> None:
    """Raises SimulationError if the run has taken longer than it may, or if what comes next, and
    takes so many seconds, would probably be killed."""
    if _now is None:
        return
    now_s = time.perf_counter()
    if now_s >= _now.end_s and time.process_time() >= _now.worked_s:
        raise SimulationError(
            TIME_LIMIT_EXCEEDED,
            f"The task was stopped after {_now.seconds:g} s ({_now.setting}).",
        )
    if next_s and now_s + next_s > _now.last_s:
        raise SimulationError(
            TIME_LIMIT_EXCEEDED,
            "There was no time left for this run: after {:g} s the task is killed ({}).".format(
                *_now.hard
            ),
        )

"""The soft time limit of a run.

A run is asked whether it is over its limit wherever it can be stopped: before it begins, between
the items of a sweep, between the segments of a program that goes on after measurements. What takes
a single call of a simulator is not stopped in it; so a result that is there is never thrown away.
The hard limit kills whatever goes on.
"""

from __future__ import annotations

import time

from quantum_tasks.engines.engine import SimulationError
from quantum_tasks.errors import TIME_LIMIT_EXCEEDED

_AT_WORK = 0.25  # a process that gets less of the time was stopped or starved


class _Deadline:
    """That of the run of this process; there is one at a time."""

    def __init__(self, seconds: float, setting: str) -> None:
        self.seconds = seconds
        self.setting = setting
        self.end_s = time.perf_counter() + seconds
        # One that has hardly worked by then goes on.
        self.worked_s = time.process_time() + seconds * _AT_WORK


_now: _Deadline | None = None


def begin(seconds: float, setting: str) -> None:
    """A run may take so many seconds, as this setting or option says."""
    global _now
    _now = _Deadline(seconds, setting)


def end() -> None:
    global _now
    _now = None


def check() -> None:
    """Raises SimulationError if the run has taken longer than it may."""
    if (
        _now is not None
        and time.perf_counter() >= _now.end_s
        and time.process_time() >= _now.worked_s
    ):
        raise SimulationError(
            TIME_LIMIT_EXCEEDED,
            f"The task was stopped after {_now.seconds:g} s ({_now.setting}).",
        )

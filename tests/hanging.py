"""What happens to a test that takes too long: it fails, says where everything stood, and the rest
of the run goes on. Its fixtures get a shorter time each to be taken down, or fail as well.

pytest-timeout keeps the settings. Its own alarm rings once, knows nothing of asyncio's tasks, and
is off as soon as a test has failed, although it is after that that much hangs.
"""

from __future__ import annotations

import asyncio
import faulthandler
import gc
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from typing import Any, TextIO

import pytest
import pytest_timeout

_AGAIN_S = float(os.environ.get("QTASKS_TEST_HANGING_AGAIN_S", "20"))
_END_S = max(_AGAIN_S, 5.0)
_TIMES = 10  # after that, it is a test that catches everything
_STDERR = os.dup(2)  # before pytest captures it


class Alarm:
    """Rings when the time of a test is over, and again and again until the test is taken down."""

    def __init__(self, name: str, after_s: float) -> None:
        self._name = name
        self._after_s = after_s
        self._left = _TIMES
        self.running = False  # the test or its fixtures, not what reports of them
        signal.signal(signal.SIGALRM, lambda *_: self._ring())
        self._set(after_s)

    def begin(self) -> None:
        """A fixture or the test itself begins."""
        self.running = True
        if self._left < _TIMES:
            self._set(_AGAIN_S)

    def stop(self) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        faulthandler.cancel_dump_traceback_later()

    def _ring(self) -> None:
        if pytest_timeout.is_debugging():
            return
        if not self.running:
            self._set(_AGAIN_S)
            return
        dump(sys.stderr)
        self._left -= 1
        if self._left:
            self._set(_AGAIN_S)
        pytest.fail(f"{self._name} takes longer than {self._after_s:g} s")

    def _set(self, after_s: float) -> None:
        signal.setitimer(signal.ITIMER_REAL, after_s)
        # A call into C that does not return lets no signal's handler run: then all that is left is
        # to end this process, of which xdist says which test it was at.
        faulthandler.dump_traceback_later(after_s + _END_S, exit=True, file=_STDERR)


_alarm: Alarm | None = None


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol() -> Iterator[None]:
    global _alarm
    try:
        return (yield)
    finally:
        if _alarm is not None:
            _alarm.stop()
            _alarm = None


@pytest.hookimpl(tryfirst=True)
def pytest_timeout_set_timer(item: pytest.Item, settings: Any) -> bool:
    global _alarm
    _alarm = Alarm(item.nodeid, settings.timeout)
    return True


@pytest.hookimpl(tryfirst=True)
def pytest_timeout_cancel_timer() -> bool:
    """Not when a test has failed: taking it down may hang."""
    return True


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup() -> Iterator[None]:
    yield from _running()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call() -> Iterator[None]:
    yield from _running()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown() -> Iterator[None]:
    yield from _running()


def _running() -> Iterator[None]:
    if _alarm is None:  # a limit of 0 is none
        yield
        return
    _alarm.begin()
    try:
        yield
    finally:
        _alarm.running = False


def dump(file: TextIO) -> None:
    """Says where every thread and every task of asyncio is."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    for number, frame in sys._current_frames().items():
        print(f"\nThread {names.get(number, number)}:", file=file)
        traceback.print_stack(frame, file=file)
    for task in gc.get_objects():
        if issubclass(type(task), asyncio.Task) and not task.done():
            print(f"\nTask {task.get_name()}:", file=file)
            task.print_stack(file=file)

"""Keeps work running for as long as the service runs: starts it again whenever it ends."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from quantum_tasks.errors import DatabaseUnavailable

logger = logging.getLogger(__name__)

_DELAY_S = (0.1, 0.5, 2.0)
_STEADY_S = 10.0  # a failure after so long counts as the first one
_FAILING_S = 3.0  # longer than the longest delay: repeated failures always show


class Supervisor:
    """Keeps the background work of a service going."""

    def __init__(self) -> None:
        self._failed_at: dict[str, float] = {}

    @property
    def failing(self) -> list[str]:
        """The names of the work that has ended within the last seconds, with or without an
        error."""
        since = time.monotonic() - _FAILING_S
        return [name for name, at in self._failed_at.items() if at > since]

    async def keep(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Runs the work until cancelled; starts it again whenever it returns or raises."""
        failures = 0
        while True:
            began = time.monotonic()
            failure: BaseException | None = None
            try:
                await work()
            except (Exception, asyncio.CancelledError) as error:
                failure = error
            # Two cases look alike. This task was cancelled, and the work ended with another
            # exception, because its last statement to the database failed. Or the work cancelled
            # itself, and this task was not cancelled.
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise asyncio.CancelledError
            self._failed_at[name] = time.monotonic()
            failures = 0 if time.monotonic() - began > _STEADY_S else failures + 1
            event, extra = "background work ended; starting it again", {"work": name}
            if failure is None or isinstance(failure, DatabaseUnavailable):
                reason = repr(failure and failure.__cause__)
                logger.warning(event, extra={**extra, "reason": reason})
            else:
                logger.error(event, extra=extra, exc_info=failure)
            await asyncio.sleep(_DELAY_S[min(failures, len(_DELAY_S) - 1)])

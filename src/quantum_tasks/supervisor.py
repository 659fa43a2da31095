"""What has to run for as long as the service does, run again whenever it ends."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from quantum_tasks.errors import DatabaseUnavailable

logger = logging.getLogger(__name__)

_DELAY_S = (0.1, 0.5, 2.0)
_STEADY_S = 10.0  # after that, what fails has not failed before
_FAILING_S = 3.0  # more than the longest delay: what fails again and again is always seen


class Supervisor:
    """Keeps the background work of a service going."""

    def __init__(self) -> None:
        self._failed_at: dict[str, float] = {}

    @property
    def failing(self) -> list[str]:
        """The names of what has ended, by itself or by an error, within the last seconds."""
        since = time.monotonic() - _FAILING_S
        return [name for name, at in self._failed_at.items() if at > since]

    async def keep(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Runs the work until cancelled, again whenever it returns or raises."""
        failures = 0
        while True:
            began = time.monotonic()
            failure: BaseException | None = None
            try:
                await work()
            except (Exception, asyncio.CancelledError) as error:
                failure = error
            # We may have been cancelled, and the work have ended with another exception because
            # its goodbye to the database failed; or it cancelled itself, and we were not.
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

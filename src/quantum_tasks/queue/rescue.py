"""The heartbeat of this instance, and the sweep, which queues the tasks of dead instances
again."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import uuid
from collections.abc import Callable, Collection

from quantum_tasks import __version__
from quantum_tasks.capability import Capability
from quantum_tasks.errors import DatabaseUnavailable
from quantum_tasks.queue.store import Store
from quantum_tasks.queue.versions import this_release

logger = logging.getLogger(__name__)

HEARTBEAT_S = 3.0
_RETRY_S = 0.5
# For a heartbeat and a sweep at the same time.
CONNECTIONS = 2
# Shorter than usual, so that within one lease two dead connections can be noticed and replaced.
STATEMENT_TIMEOUT_S = 4.0
SWEEP_S = 5.0


def identity() -> tuple[str, int, str]:
    """Host, process id and version: what people know an instance by."""
    return socket.gethostname(), os.getpid(), __version__


async def beat(
    store: Store,
    instance: uuid.UUID,
    capability: Capability,
    figures: Callable[[], tuple[int, int, int, int]],
    wake: Callable[[], None],
) -> None:
    """Writes the heartbeat, and never returns: that this instance is alive, what it can run, how
    many of its outcomes were refused, how many simulators are running, how many tasks ended within
    the last minute, how many simulators are at work."""
    release = this_release()
    away = False
    while True:
        try:
            refused, simulators, ended, busy = figures()
            identified = (instance, *identity(), refused, release)
            if await store.heartbeat(*identified, simulators, ended, capability, busy):
                wake()  # without a lease it could not claim queued tasks
        except DatabaseUnavailable as error:
            if not away:
                logger.warning("the database is away", extra={"reason": repr(error.__cause__)})
            away = True
            await asyncio.sleep(_RETRY_S)
        else:
            if away:
                logger.warning("the database is back")
            away = False
            await asyncio.sleep(HEARTBEAT_S)


async def sweep(
    store: Store,
    instance: uuid.UUID,
    held: Callable[[], Collection[uuid.UUID]],
    wake: Callable[[], None],
) -> None:
    """Looks for tasks that no instance is running any more and queues them again; never
    returns."""
    while True:
        await asyncio.sleep(SWEEP_S)
        try:
            for id in await store.disown(instance, held()):
                logger.warning("task queued again: its claim was lost", extra={"task": id})
            swept = await store.sweep(instance)
        except DatabaseUnavailable:
            continue
        if swept is None:
            continue
        for name in swept.instances:
            logger.warning("instance is dead", extra={"instance": name})
        for id in swept.requeued:
            logger.warning("task queued again: its instance died", extra={"task": id})
        for id in swept.failed:
            logger.error("task given up: its instances kept dying", extra={"task": id})
        if swept.requeued:
            wake()

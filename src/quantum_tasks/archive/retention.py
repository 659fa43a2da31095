"""Deletes expired tasks, a few at a time."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress

from quantum_tasks.archive.archive import Archive
from quantum_tasks.errors import DatabaseUnavailable
from quantum_tasks.queue.storage import Storage

_LOOK_S = 5.0
_PAUSE_S = 0.05  # pause between batches, or as long as a batch took


async def keep(archive: Archive, storage: Storage) -> None:
    """Deletes expired tasks, and never returns. Any number of instances may do so at the same
    time."""
    while True:
        with suppress(DatabaseUnavailable):
            began = time.monotonic()
            while await archive.expire():
                await asyncio.sleep(max(_PAUSE_S, time.monotonic() - began))
                began = time.monotonic()
            await storage.fold()
        await asyncio.sleep(_LOOK_S)

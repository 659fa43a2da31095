"""A Postgres for tests: what it holds is lost when it stops.

Where the machine has a file system in memory, its data is there. Tests make and drop thousands of
databases, each of 300 files: on ext4, half of the processor time of such tests went into looking
for free inodes.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from pathlib import Path

from quantum_tasks.database.embedded import EmbeddedPostgres, delete
from quantum_tasks.errors import StartError

_MEMORY = Path("/dev/shm")
_NEEDED_BYTES = 4 * 2**30  # two servers have had 0.55 GiB at most, and there are four
_BEGINNING_S = 60.0  # one that is younger may be about to be used
_PREFIX = "qtasks-test-"
_OPTIONS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_wal_size": "128MB",
}


class ThrowawayPostgres(EmbeddedPostgres):
    """A server without durability, in a folder of its own, which stop() deletes."""

    def __init__(self, **options: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_place()))
        self.folder.chmod(0o711)  # if root starts it, another user runs it
        super().__init__(self.folder, **_OPTIONS, **options)

    def stop(self) -> None:
        super().stop()
        delete(self.folder)


def _place() -> Path | None:
    """In memory if there is room; what tests that were killed have left there is deleted first."""
    if not os.access(_MEMORY, os.W_OK):
        return None
    for left in _MEMORY.glob(f"{_PREFIX}*"):
        with contextlib.suppress(StartError, OSError):  # in use, or another user's
            if left.stat().st_mtime < time.time() - _BEGINNING_S:
                delete(left)
    usage = os.statvfs(_MEMORY)
    return _MEMORY if usage.f_bavail * usage.f_frsize >= _NEEDED_BYTES else None

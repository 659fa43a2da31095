"""A backup or a restore that is killed on its way."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

from filling import FILL, query
from service import launch, until

from quantum_tasks.backup.backup import backup
from quantum_tasks.backup.restore import restore


async def test_a_killed_backup_leaves_no_file(database, file):
    await query(database, FILL, 100_000)
    process = launch("backup", str(file), DATABASE_URL=database)
    until(lambda: written(process.pid) > 1_000_000, every_s=0.01)
    process.kill()
    process.communicate()
    assert not list(file.parent.iterdir())


async def test_a_killed_restore_leaves_the_database_empty(database, empty_database, file):
    await query(database, FILL, 50_000)
    await backup(database, file)
    process = launch("restore", str(file), DATABASE_URL=empty_database)
    busy = (
        "select count(*) from pg_stat_activity where query ilike 'copy%'"
        " and datname = current_database() and state = 'active'"
    )
    for _ in range(1000):
        if await query(empty_database, busy):
            break
        await asyncio.sleep(0.01)
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert await query(empty_database, "select to_regclass('tasks')") is None
    assert (await restore(empty_database, file)).tasks == 50_000


def written(pid: int) -> int:
    """How many bytes a process has written."""
    try:
        text = Path(f"/proc/{pid}/io").read_text()
    except OSError:
        return 0
    return int(text.partition("wchar: ")[2].split()[0])

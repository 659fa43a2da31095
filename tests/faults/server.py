"""A Postgres that can be stopped in every way, and is as durable as everybody's."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
import time
from pathlib import Path
from typing import Literal

import asyncpg
from service import alive, until

from quantum_tasks.database.embedded import EmbeddedPostgres
from quantum_tasks.database.pool import OUTAGES

Mode = Literal["fast", "immediate", "killed"]
SHUTDOWNS: dict[Mode, signal.Signals] = {
    "fast": signal.SIGINT,
    "immediate": signal.SIGQUIT,
    "killed": signal.SIGKILL,
}


class Postgres:
    """A server with the durability that everybody has by default, which can be stopped."""

    def __init__(self, **options: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="qtasks-world-"))
        self.folder.chmod(0o711)
        self.server = EmbeddedPostgres(self.folder / "data", max_connections="100", **options)
        self.server.start()
        self.url = self.server.url
        self.socket = self.url.partition("host=")[2] + "/.s.PGSQL.5432"

    @property
    def pid(self) -> int:
        return int((self.server._data / "postmaster.pid").read_text().split()[0])

    def signal(self, how: signal.Signals) -> None:
        """Stops the server: SIGINT is a fast shutdown, SIGQUIT an immediate one."""
        pid = self.pid
        os.kill(pid, how)
        until(lambda: not alive(pid), 20)

    def start(self) -> None:
        until(self.server.restart_if_dead, 20)

    def backends(self) -> list[int]:
        """The processes that serve clients."""
        rows = self.query("select pid from pg_stat_activity where backend_type = 'client backend'")
        return [row["pid"] for row in rows if row["pid"]]

    def query(self, statement: str, *arguments: object) -> list[asyncpg.Record]:
        """Asks the server directly, past the proxy, as often as it takes."""

        async def ask() -> list[asyncpg.Record]:
            db = await asyncpg.connect(self.url, timeout=5)
            try:
                return await db.fetch(statement, *arguments)
            finally:
                db.terminate()

        for patience in reversed(range(100)):
            try:
                return asyncio.run(ask())
            except OUTAGES:
                if not patience:
                    raise
                time.sleep(0.1)
        raise AssertionError

    def execute(self, script: str) -> None:
        async def run() -> None:
            db = await asyncpg.connect(self.url)
            await db.execute(script)
            await db.close()

        asyncio.run(run())

    def close(self) -> None:
        self.server.stop()
        data = self.server._data
        shutil.rmtree(data.parent if data.is_relative_to("/var/lib") else data)
        shutil.rmtree(self.folder)

"""The real service, on a Postgres of its own with the durability that it has by default."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from service import Service, until

from bench.client import closed_loop, in_process
from bench.programs import Maker, bell, several

CORES = len(os.sched_getaffinity(0))
CLIENTS = 32
_WARM_UP = 32


@contextmanager
def data_folder() -> Iterator[Path]:
    """A folder for a service's data; open to `nobody`, as whom root runs Postgres."""
    with tempfile.TemporaryDirectory(prefix="qtasks-bench-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@contextmanager
def running(folder: Path, *arguments: str, **settings: str) -> Iterator[Service]:
    """A service on a folder, ready and with all its simulators, until the end of the block."""
    service = Service(
        None,
        *arguments,
        **{
            "DATA_DIR": str(folder),
            "LOG_LEVEL": "WARNING",
            "SIMULATOR_PROCESSES": str(CORES),
            "SIMULATOR_THREADS": "",  # as many as there are, as by default
            **settings,
        },
    )
    try:
        service.start()
        if not arguments:  # one with workers
            simulators = int(service.setting("SIMULATOR_PROCESSES"))
            until(lambda: len(service.children()) == simulators + 1, 30)
        yield service
    except Exception:
        print(service.log[-4000:], file=sys.stderr)
        raise
    finally:
        if service.process is not None:
            with suppress(subprocess.TimeoutExpired):
                service.stop()  # in order, so that nothing stays behind
        service.close()


@contextmanager
def fresh(make: Maker = bell, warm_up: int = _WARM_UP, **settings: str) -> Iterator[Service]:
    """A service with an empty database, warmed up with programs of a kind."""
    with data_folder() as folder, running(folder, **settings) as service:
        in_process(closed_loop, service.url, several(make, warm_up, seed=0), CLIENTS)
        yield service


def database_url(folder: Path) -> str:
    """Where the Postgres of a service that runs on a folder listens."""
    # A server writes into this file where it listens, in the fifth line.
    sockets = (folder / "postgres" / "postmaster.pid").read_text().splitlines()[4]
    return f"postgresql://postgres@/postgres?host={sockets}"

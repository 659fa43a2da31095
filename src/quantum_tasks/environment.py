"""Which environment variables other processes get: those that libraries need, and no secrets.

The service's own process keeps all variables: the clients of Postgres read PGPASSWORD and others
when they connect.
"""

from __future__ import annotations

import multiprocessing.util
import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

# The variables that are passed on, by name: a list of secret ones would never be complete. Where a
# prefix is named, no variable with this prefix may hold a token of somebody.
_PASSED_ON = re.compile(
    "PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_[A-Z]+|TZ|TZDIR|TMPDIR|TEMP|TMP|VIRTUAL_ENV"
    "|LD_LIBRARY_PATH|LD_PRELOAD|DYLD_[A-Z_]+|MALLOC_[A-Z_]+|GLIBC_TUNABLES|PYTHON[A-Z]+"
    "|(OMP|GOMP|KMP|MKL|OPENBLAS|BLIS|RAYON|NUMEXPR|VECLIB)_(?!.*(KEY|TOKEN|SECRET|PASS))[A-Z_]+"
    "|QISKIT_(PARALLEL|NUM_PROCS|FORCE_THREADS|IN_PARALLEL|SUPPRESS_[A-Z_]+)"
    "|COVERAGE_(PROCESS_START|PROCESS_CONFIG|FILE|RCFILE|CORE)"
)


def passed_on(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The variables that another process gets."""
    return {name: value for name, value in environ.items() if _PASSED_ON.fullmatch(name)}


def scrub_children(defaults: Mapping[str, str]) -> None:
    """From now on, processes that multiprocessing starts, and those that these fork, have only the
    variables that are passed on, and `defaults` for variables that are not set."""

    def spawn(path: bytes, arguments: Sequence[Any], passed_files: Sequence[int]) -> int:
        process = subprocess.Popen(
            list(arguments),
            executable=path,
            pass_fds=tuple(passed_files),
            env={**defaults, **passed_on()},
        )
        process.returncode = 0  # multiprocessing waits for it by its pid
        return process.pid

    # multiprocessing starts the fork server and the resource tracker with this function, which has
    # no parameter for the environment. To change the environment of this process for a moment
    # would change it for every other thread.
    multiprocessing.util.spawnv_passfds = spawn  # type: ignore[assignment]

"""What of our environment other processes get: what libraries need, and no secret of anybody's.

Our own process keeps all of it: the clients of Postgres read PGPASSWORD and the like as they
connect.
"""

from __future__ import annotations

import multiprocessing.util
import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

# By name, as a list of those that are secret would never be complete; and where a family is named,
# no name in it may be one that somebody else has given a token.
_PASSED_ON = re.compile(
    "PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_[A-Z]+|TZ|TZDIR|TMPDIR|TEMP|TMP|VIRTUAL_ENV"
    "|LD_LIBRARY_PATH|LD_PRELOAD|DYLD_[A-Z_]+|MALLOC_[A-Z_]+|GLIBC_TUNABLES|PYTHON[A-Z]+"
    "|(OMP|GOMP|KMP|MKL|OPENBLAS|BLIS|RAYON|NUMEXPR|VECLIB)_(?!.*(KEY|TOKEN|SECRET|PASS))[A-Z_]+"
    "|QISKIT_(PARALLEL|NUM_PROCS|FORCE_THREADS|IN_PARALLEL|SUPPRESS_[A-Z_]+)"
    "|COVERAGE_(PROCESS_START|PROCESS_CONFIG|FILE|RCFILE|CORE)"
)


def passed_on(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The variables that another process may have."""
    return {name: value for name, value in environ.items() if _PASSED_ON.fullmatch(name)}


def scrub_children(defaults: Mapping[str, str]) -> None:
    """From now on the processes that multiprocessing starts, and so whatever they fork, have no
    more than is passed on, and `defaults` where that says nothing."""

    def spawn(path: bytes, arguments: Sequence[Any], passed_files: Sequence[int]) -> int:
        process = subprocess.Popen(
            list(arguments),
            executable=path,
            pass_fds=tuple(passed_files),
            env={**defaults, **passed_on()},
        )
        process.returncode = 0  # multiprocessing waits for it by its number
        return process.pid

    # It is how the fork server and the tracker of resources are started, and has no parameter for
    # this. To change our own environment meanwhile would take it from every other thread.
    multiprocessing.util.spawnv_passfds = spawn  # type: ignore[assignment]

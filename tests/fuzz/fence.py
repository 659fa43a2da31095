"""The service's own child processes, and one for the oracle, for callers without an event loop."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import resource
import select
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from quantum_tasks.fence.pool import ChildDiedError, OutOfTimeError, ProcessPool
from quantum_tasks.orders import Check, Limits, Order, Rejected, Reply, Run

CHECK_S = 2.0  # for the check of a program
RUN_S = 4.0
ORACLE_S = 3.0
MEMORY_MB = 512
MAX_QUBITS = 8  # of what is run
MAX_OPERATIONS = 20_000  # which are checked in a fraction of that time
_TESTS = Path(__file__).parents[1]


class Fence:
    """One child that checks programs, and one that runs them if they have few qubits."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        limits = Limits(
            MEMORY_MB, 2**20, simulator_memory_mb=MEMORY_MB, max_operations=MAX_OPERATIONS
        )
        small = msgspec.structs.replace(limits, max_qubits=MAX_QUBITS)
        self._checker = ProcessPool("fuzz-check", 1, limits)
        self._simulator = ProcessPool("fuzz-run", 1, small)

    def __enter__(self) -> Self:
        for pool in (self._checker, self._simulator):
            self._runner.run(pool.start())
        for pool in (self._checker, self._simulator):
            self._runner.run(pool.ready())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for pool in (self._checker, self._simulator):
            self._runner.run(pool.stop())
        self._runner.close()

    def check(self, qc: str) -> Reply:
        """Raises OutOfTimeError if it takes too long twice, or ChildDiedError."""
        with contextlib.suppress(OutOfTimeError):
            return self._ask(self._checker, Check(qc), CHECK_S)
        return self._ask(self._checker, Check(qc), CHECK_S)

    def run(self, qc: str, shots: int, seed: int) -> Reply:
        """Running into a limit of time or memory is an answer; raises ChildDiedError."""
        try:
            return self._ask(self._simulator, Run(qc, shots, seed, RUN_S / 2), RUN_S)
        except OutOfTimeError:
            return Rejected("time_limit_exceeded", "The task was killed.")
        except ChildDiedError as death:
            if not death.out_of_memory:
                raise
            return Rejected("memory_exceeded", "The task took too much memory.")

    def _ask(self, pool: ProcessPool, order: Order, time_limit_s: float) -> Reply:
        return self._runner.run(pool.run(order, time_limit_s))


class Exact:
    """The oracle, in a process that may hang."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def distribution(self, qc: str, timeout_s: float = ORACLE_S) -> dict[str, float] | None:
        """What the oracle says, if it has something to say in time."""
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, __file__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                env={**os.environ, "PYTHONPATH": str(_TESTS)},
            )
            self._read(60)
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(qc) + "\n")
            self._process.stdin.flush()
            line = self._read(timeout_s)
        except OSError:
            line = ""
        if not line:
            self.close()
            return None
        found: dict[str, float] | None = json.loads(line)
        return found

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            with contextlib.suppress(OSError):
                self._process.stdin.close()
            self._process.stdout.close()
            self._process.wait()
            self._process = None

    def _read(self, timeout_s: float) -> str:
        assert self._process is not None
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], timeout_s)
        return self._process.stdout.readline() if ready else ""


def _answer_for_ever() -> None:
    import oracle

    resource.setrlimit(resource.RLIMIT_AS, (2**32, 2**32))
    print("ready", flush=True)
    for line in sys.stdin:
        try:
            found = oracle.distribution(json.loads(line).removeprefix("\ufeff"))
        except Exception:  # whatever: it is written for programs that are right
            found = None
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    _answer_for_ever()

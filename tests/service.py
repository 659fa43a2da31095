"""The real service as a child process, and what tests ask of it."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import httpx

STDGATES = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'
BELL = STDGATES + "qubit[2] q;\nbit[2] c;\nh q[0];\ncx q[0], q[1];\nc = measure q;\n"


def dense(qubits: int, layers: int = 12) -> str:
    """Work for a simulator: a dense register under many mixing layers."""
    mixing = "".join(
        f"h q;\nrx(0.{i + 1}) q;\ncx q[0:{qubits - 2}], q[{qubits - 1}];\n" for i in range(layers)
    )
    return f"{STDGATES}qubit[{qubits}] q;\nbit[{qubits}] c;\n{mixing}c = measure q;\n"


SLOW = dense(23)  # about a second beside all that the tests run at the same time
# Longer than any test waits for it: a thousand shots, each of which goes on in a state of its own.
_GOES_ON = dense(20).removeprefix(dense(20, layers=0).removesuffix("c = measure q;\n"))
ENDLESS = dense(20).removesuffix("c = measure q;\n") + (f"c[0:11] = measure q[0:11];\n{_GOES_ON}")
SETTINGS = {
    "SIMULATOR_PROCESSES": "2",
    "SIMULATOR_THREADS": "1",
    "SIMULATOR_MEMORY_MB": "2048",
    "WORKER_RETRY_DELAY_S": "0.2",
    "MAX_RESULT_BYTES": "4194304",
    "LOG_FORMAT": "json",
}


class Service:
    """`qtasks serve` on a free port; `log` is what it wrote to standard error."""

    program: tuple[str, ...] = ("-m", "quantum_tasks")
    group = False  # whether it leads a process group of its own

    def __init__(self, database_url: str | None, *arguments: str, **settings: str) -> None:
        self._settings = {**SETTINGS, **settings}
        if database_url:
            self._settings["DATABASE_URL"] = database_url
        self._arguments = arguments
        self._log = tempfile.NamedTemporaryFile(suffix=".log")  # noqa: SIM115
        self.process: subprocess.Popen[str] | None = None
        self.url = ""
        self.client = httpx.Client(timeout=30)

    def start(self, ready: bool = True) -> Service:
        """Starts it, and waits until its port is open and, unless told otherwise, it is ready."""
        self.process = launch(
            "serve",
            "--port",
            "0",
            *self._arguments,
            program=self.program,
            stderr=self._log,
            start_new_session=self.group,
            **self._settings,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        found = re.search(r"http://[\d.]+:\d+", line)
        assert found, f"the service did not start: {line!r}\n{self.log}"
        self.url = found[0]
        self.client.base_url = httpx.URL(self.url)
        if ready:
            until(lambda: self.client.get("/readyz").status_code == 200, 30)
        return self

    def setting(self, name: str) -> str:
        """What it was given as a setting."""
        return self._settings[name]

    @property
    def log(self) -> str:
        return Path(self._log.name).read_text()

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def submit(self, qc: str, **fields: Any) -> str:
        """The id of a new task."""
        response = self.client.post("/tasks", json={"qc": qc, **fields})
        assert response.status_code == 202, response.text
        id: str = response.json()["task_id"]
        return id

    def task(self, id: str, wait_s: int = 0) -> dict[str, Any]:
        """What it says of a task, at once or when the task has ended within that time."""
        path = f"/tasks/{id}?wait={wait_s}" if wait_s else f"/tasks/{id}"
        body: dict[str, Any] = self.client.get(path).json()
        return body

    def final(self, id: str, within_s: float = 120) -> dict[str, Any]:
        """The task once it is no longer pending."""
        until(lambda: self.task(id, wait_s=1)["status"] != "pending", within_s)
        return self.task(id)

    def run(self, qc: str, **fields: Any) -> dict[str, Any]:
        return self.final(self.submit(qc, **fields))

    def counts(self, qc: str, **fields: Any) -> dict[str, int]:
        body = self.run(qc, **fields)
        assert body["status"] == "completed", body
        counts: dict[str, int] = body["result"]
        return counts

    def stop(self, how: signal.Signals = signal.SIGTERM, within_s: float = 30) -> int:
        """Sends a signal and returns the exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(how)
        code = self.process.wait(within_s)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.client.close()
        self.client = httpx.Client(timeout=30)
        return code

    def descendants(self) -> set[int]:
        """Every process below the service: children, servers, helpers."""
        return descendants(self.pid)

    def children(self, pool: str = "simulator") -> list[int]:
        """The pool's child processes; they carry its name."""
        return [pid for pid in self.descendants() if name(pid) == f"qtasks-{pool}"[:15]]

    def busy(self, pool: str = "simulator") -> list[int]:
        """Those of the pool's processes that are at work."""
        return [pid for pid in self.children(pool) if state(pid) == "R"]

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.stop(signal.SIGKILL)
        if self.process is not None and self.process.stdout is not None:
            self.process.stdout.close()
        self.client.close()
        self._log.close()


class Cluster(NamedTuple):
    """Instances that share a database."""

    api: Service
    other: Service
    worker: Service
    database: str


def launch(
    *arguments: str,
    program: tuple[str, ...] = Service.program,
    stderr: Any = subprocess.PIPE,
    cwd: Path | None = None,
    start_new_session: bool = False,
    **settings: str,
) -> subprocess.Popen[str]:
    """`qtasks` with these settings and no others."""
    inherited = {k: v for k, v in os.environ.items() if k.upper() not in KNOWN_SETTINGS}
    return subprocess.Popen(
        [sys.executable, *program, *arguments],
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        cwd=cwd or tempfile.gettempdir(),
        env={**inherited, **settings},
        start_new_session=start_new_session,
    )


def run(*arguments: str, cwd: Path | None = None, **settings: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of `qtasks`."""
    process = launch(*arguments, cwd=cwd, **settings)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def until(condition: Callable[[], Any], within_s: float = 30, every_s: float = 0.1) -> Any:
    """Waits for a condition, and fails if it does not come true in time."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(every_s)
    raise AssertionError(f"it did not come true within {within_s} s")


def descendants(pid: int) -> set[int]:
    """Every process below one, but zombies. Asked of the kernel from the top down: to look at all
    processes of a machine that runs tests would take a fifth of a core of whoever asks often."""
    found: set[int] = set()
    above = [pid]
    while above:
        children = _children(above.pop()) - found
        found |= children
        above += children
    return {pid for pid in found if alive(pid)}


def _children(pid: int) -> set[int]:
    """Those that any of its threads began."""
    found: set[int] = set()
    with contextlib.suppress(OSError):  # it has ended, or a thread has
        for thread in Path(f"/proc/{pid}/task").iterdir():
            found |= {int(child) for child in (thread / "children").read_text().split()}
    return found


def name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    return state(pid) not in ("", "Z")


def state(pid: int) -> str:
    """R for one that is at work, S for one that waits, Z for a zombie; empty if there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def cpu_s(pid: int) -> float:
    """The processor time that a process has used, in seconds; 0 if there is none."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _known_settings() -> Mapping[str, None]:
    from quantum_tasks.settings import Settings

    return dict.fromkeys(field.upper() for field in Settings.__struct_fields__)


KNOWN_SETTINGS = _known_settings()

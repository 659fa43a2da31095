"""A program through the plain libraries, as a user would run it:

    circuit = qiskit.qasm3.loads(text)
    AerSimulator().run(transpile(circuit, AerSimulator()), shots=...).result().get_counts()

Each run has a process of its own, with a time and a memory limit, so that crashes and hangs are
outcomes like any other. `python -m upstream.raw` is the process that they are forked from. It has
imported everything and made nothing: even a pass manager starts threads, and a fork loses them.
"""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from types import TracebackType

SHOTS = 4096
SEED = 7
TIME_LIMIT_S = 10.0
MEMORY_LIMIT = 2 * 2**30
_MESSAGE_SIZE = 600


@dataclass(frozen=True)
class Outcome:
    """What came back. `kind` is counts, refused, crashed or timed out."""

    kind: str
    counts: dict[str, int]
    message: str
    seconds: float


class Plain:
    """The plain libraries, ready to run programs. A context manager."""

    def __enter__(self) -> Plain:
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "upstream.raw"],
            cwd=Path(__file__).parents[1],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.communicate()

    def run(self, text: str, time_limit_s: float = TIME_LIMIT_S) -> Outcome:
        assert self._process.stdin
        assert self._process.stdout
        print(json.dumps([text, time_limit_s]), file=self._process.stdin, flush=True)
        return Outcome(**json.loads(self._process.stdout.readline()))


def _serve() -> None:
    for module in ("qiskit.qasm3", "qiskit_aer", "qiskit_qasm3_import"):
        import_module(module)
    for line in sys.stdin:
        print(json.dumps(asdict(_isolated(*json.loads(line)))), flush=True)


def _isolated(text: str, time_limit_s: float) -> Outcome:
    started = time.monotonic()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        os.dup2(writer, 2)  # what a dying library says is part of the outcome
        _run(text, writer)
    os.close(writer)
    chunks, deadline = [], started + time_limit_s
    while select.select([reader], [], [], max(0.0, deadline - time.monotonic()))[0]:
        if not (chunk := os.read(reader, 2**16)):
            break
        chunks.append(chunk)
    else:
        os.kill(child, signal.SIGKILL)
    os.close(reader)
    status = os.waitpid(child, 0)[1]
    seconds = round(time.monotonic() - started, 3)
    said, _, reply = b"".join(chunks).decode(errors="replace").rpartition("\0")
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0:
        kind, result = json.loads(reply)
        if kind == "counts":
            return Outcome(kind, result, "", seconds)
        return Outcome(kind, {}, result[:_MESSAGE_SIZE], seconds)
    if seconds >= time_limit_s:
        return Outcome("timed out", {}, f"no answer in {time_limit_s:g} s", seconds)
    how = signal.Signals(os.WTERMSIG(status)).name if os.WIFSIGNALED(status) else "exit"
    last = (said + reply).strip().splitlines()[-1:]
    return Outcome("crashed", {}, ": ".join([how, *last])[:_MESSAGE_SIZE], seconds)


def _run(text: str, writer: int) -> None:
    """In the child: writes NUL and the outcome in JSON, and ends the process."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    try:
        outcome = ["counts", _counts(text)]
    except BaseException as error:  # a panic in Rust is a BaseException
        outcome = ["refused", f"{type(error).__name__}: {error}"]
    with os.fdopen(writer, "wb") as pipe:
        pipe.write(b"\0" + json.dumps(outcome).encode())
    os._exit(0)


def _counts(text: str) -> dict[str, int]:
    import qiskit.qasm3
    from qiskit import transpile
    from qiskit_aer import AerSimulator

    simulator = AerSimulator()
    circuit = transpile(qiskit.qasm3.loads(text), simulator)
    result = simulator.run(circuit, shots=SHOTS, seed_simulator=SEED).result()
    if not result.success:  # get_counts() raises too, but says nothing
        raise RuntimeError("; ".join(str(one.status) for one in result.results) or result.status)
    return dict(result.get_counts())


if __name__ == "__main__":
    _serve()

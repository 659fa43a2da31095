"""How long a start takes, and what a service costs that has nothing to do."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import httpx
from service import BELL, Service

from bench.processes import PARTS, memory_mb, usage
from bench.running import CORES, data_folder, running
from bench.tables import Figures, progress, quantile, table, verdict

STARTS = 5
IDLE_S = 20
_PATIENCE_S = 60
_HEAVY = ("qiskit", "qiskit_aer", "openqasm3", "numpy", "scipy")
_LOADED = "import json, sys, quantum_tasks.web.app; print(json.dumps(sorted(sys.modules)))"


@dataclass
class Start:
    """Seconds from the start of the process to its first answers."""

    healthy: float
    accepted: float
    result: float


def measure() -> None:
    first, later = [], []
    for number in range(STARTS):
        progress(f"starts {number + 1} of {STARTS}")
        with data_folder() as folder:
            first.append(_start(folder))
            later.append(_start(folder))
    progress(f"idle for {IDLE_S} s")
    with data_folder() as folder, running(folder) as service:
        service.run(BELL)
        time.sleep(3)
        before = usage(service)
        time.sleep(IDLE_S)
        idle = usage(service).since(before)
        memory = memory_mb(service)
    figures = Figures()
    for title, starts in (("first", first), ("later", later)):
        middle = {
            field: quantile([getattr(start, field) for start in starts], 0.5)
            for field in ("healthy", "accepted", "result")
        }
        figures.add(f"{title} start, until /healthz", middle["healthy"], "s", 1.0, form=".2f")
        figures.add(
            f"{title} start, until a task is accepted", middle["accepted"], "s", form=".2f"
        )
        figures.add(f"{title} start, until its result", middle["result"], "s", form=".2f")
    figures.add("idle, of one core", idle.total / IDLE_S * 100, "%", 1, form=".2f")
    figures.show()
    table(
        ("idle", "processes", "RSS MiB", "PSS MiB", "% of a core"),
        [
            (
                part,
                str(processes),
                f"{rss:.0f}",
                f"{pss:.0f}",
                f"{idle.by_part[part] / IDLE_S * 100:.2f}",
            )
            for part, processes, rss, pss in memory
        ]
        + [("all", *_sums(memory), f"{idle.total / IDLE_S * 100:.2f}")],
    )
    assert [row[0] for row in memory] == list(PARTS)
    loaded = sorted(set(_HEAVY) & set(_modules()))
    print(f"`import quantum_tasks.web.app` loads {', '.join(loaded) or 'no simulator'}:")
    print(f"{verdict(not loaded)}\n")


def _start(folder: Path) -> Start:
    service = Service(None, DATA_DIR=str(folder), SIMULATOR_PROCESSES=str(CORES))
    began = time.perf_counter()
    deadline = time.monotonic() + _PATIENCE_S
    try:
        service.start(ready=False)
        while _status(lambda: service.client.get("/healthz")) != 200:
            assert time.monotonic() < deadline, service.log
            time.sleep(0.01)
        healthy = time.perf_counter() - began
        while True:  # it may say that it is not ready yet
            answer = service.client.post("/tasks", json={"qc": BELL})
            if answer.status_code == 202:
                break
            assert time.monotonic() < deadline, answer.text
            time.sleep(0.01)
        accepted = time.perf_counter() - began
        path = f"/tasks/{answer.json()['task_id']}"
        while (found := service.client.get(path).json())["status"] == "pending":
            assert time.monotonic() < deadline, service.log
            time.sleep(0.01)
        assert found["status"] == "completed", found
        result = time.perf_counter() - began
        service.stop()
    finally:
        service.close()
    return Start(healthy, accepted, result)


def _status(ask: object) -> int:
    try:
        return ask().status_code  # type: ignore[operator]
    except httpx.TransportError:
        return 0


def _sums(memory: list[tuple[str, int, float, float]]) -> tuple[str, ...]:
    return tuple(f"{sum(row[i] for row in memory):.0f}" for i in (1, 2, 3))


def _modules() -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", _LOADED], capture_output=True, text=True, check=True
    )
    modules: list[str] = json.loads(done.stdout)
    return modules

"""Programs that measure and then decide: what a simulator takes for each."""

from __future__ import annotations

from bench.client import closed_loop, in_process
from bench.floors import floor
from bench.processes import usage
from bench.programs import FEEDFORWARD, several
from bench.running import CLIENTS, CORES, fresh
from bench.tables import judged, progress, table

TASKS = 1000
TARGET_MS = 5


def measure() -> None:
    rows = []
    for title, make in FEEDFORWARD.items():
        progress(title)
        programs = several(make, TASKS)
        aer = floor("plain", programs[:30], CORES)
        with fresh(make) as service:
            before = usage(service)
            load = in_process(closed_loop, service.url, programs, CLIENTS)
            spent = usage(service).since(before)
        ms = spent.by_part["simulators"] / TASKS * 1000
        rows.append(
            (
                title,
                f"{aer.cpu_ms:.2f}",
                judged(ms, TARGET_MS),
                f"{spent.total / TASKS * 1000:.2f}",
                f"{TASKS / load.seconds:.0f}",
            )
        )
    print("Processor time per task in ms; Aer is a loop with Qiskit's importer.\n")
    table(("program", "Aer", "simulators", "all of the service", "tasks/s"), rows)

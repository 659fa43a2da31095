"""Processor time per task of a loaded service, all its processes together, against the floor."""

from __future__ import annotations

from service import Service

from bench.client import Load, closed_loop, in_process
from bench.floors import floor
from bench.processes import PARTS, Usage, usage
from bench.programs import Maker, bell, gates, ghz, heavy, several
from bench.running import CLIENTS, CORES, fresh
from bench.tables import judged, progress, quantile, table

# title: (maker, share of the tasks, tasks of the floor, most that service / floor may be)
KINDS: dict[str, tuple[Maker, float, int, float]] = {
    "bell": (bell, 1, 200, 2.0),
    "GHZ-10": (ghz, 0.5, 100, 1.5),
    "12 qubits, 300 gates": (gates, 0.1, 100, 1.15),
    "18 qubits, >= 100 ms": (heavy, 0.05, 40, 1.02),
}


def measure(tasks: int) -> None:
    costs, parts = [], []
    for title, (make, share, sample, most) in KINDS.items():
        progress(f"{title}: floors")
        count = max(int(tasks * share), 2 * CLIENTS)
        programs = several(make, count)
        qiskit, quick, own = (
            floor(loop, programs[:sample], CORES) for loop in ("qiskit", "quick", "own")
        )
        progress(f"{title}: service, {count} tasks")
        with fresh(make) as service:
            load, spent = _loaded(service, programs)
            if make is bell:
                again, repeated = _loaded(service, programs[:1] * count)
        ms = spent.total / count * 1000
        costs.append(
            (
                title,
                str(count),
                f"{qiskit.cpu_ms:.2f}",
                f"{quick.cpu_ms:.2f}",
                f"{own.cpu_ms:.2f}",
                f"{ms:.2f}",
                judged(ms / qiskit.cpu_ms, most),
                judged(ms / quick.cpu_ms, most),
            )
        )
        parts.append(_by_part(title, count, load, spent))
        if make is bell:
            parts.append(_by_part("bell, always the same", count, again, repeated))
    print(
        "Processor time per task in ms: of a loop around Aer with Qiskit's importer, of the same\n"
        "with this project's compiler, of what the children do without the service around them,\n"
        f"and of the service with {CLIENTS} clients.\n"
    )
    head = ("program", "tasks", "loop, qiskit", "loop, quick", "children", "service")
    table((*head, "service / qiskit", "service / quick"), costs)
    table(("service, ms", *PARTS, "all", "tasks/s", "median ms", "clients' ms"), parts)


def _loaded(service: Service, programs: list[str]) -> tuple[Load, Usage]:
    before = usage(service)
    load = in_process(closed_loop, service.url, programs, CLIENTS)
    return load, usage(service).since(before)


def _by_part(title: str, count: int, load: Load, spent: Usage) -> tuple[str, ...]:
    return (
        title,
        *(f"{spent.by_part[part] / count * 1000:.2f}" for part in PARTS),
        f"{spent.total / count * 1000:.2f}",
        f"{count / load.seconds:.0f}",
        f"{quantile(load.tasks, 0.5) * 1000:.0f}",
        f"{load.cpu_s / count * 1000:.2f}",
    )

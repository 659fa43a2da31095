"""Circuits of 24 qubits, alone, eight at once, and with small tasks between them."""

from __future__ import annotations

from bench.client import closed_loop, in_process, together
from bench.floors import wall_s
from bench.programs import bell, large, several
from bench.running import CORES, fresh
from bench.tables import Figures, progress, quantile

AT_ONCE = 8
EVERY_S = 0.2
_ALONE = 3


def measure() -> None:
    programs = several(large, AT_ONCE)
    progress("Aer alone: one after the other with all threads, then one process per core")
    alone = wall_s(programs[:_ALONE], 1, CORES) / _ALONE
    threads = wall_s(programs, 1, CORES)
    processes = wall_s(programs, CORES, 1)
    best = min(threads, processes)
    # A state of 24 qubits takes 256 MiB.
    with fresh(SIMULATOR_MEMORY_MB="2048") as service:
        progress("service: one at a time")
        one = in_process(closed_loop, service.url, several(large, _ALONE, seed=2), 1)
        progress(f"service: {AT_ONCE} at once")
        eight, _ = in_process(together, service.url, several(large, AT_ONCE, seed=3), [], 1)
        progress(f"service: {AT_ONCE} at once, and a small one every {EVERY_S:g} s")
        small = several(bell, 5000)
        mixed, little = in_process(
            together, service.url, several(large, AT_ONCE, seed=4), small, EVERY_S
        )
    figures = Figures()
    took = sum(one.tasks) / _ALONE
    figures.add("one, Aer with all threads", alone, "s")
    figures.add("one, service", took, "s")
    figures.add("one, service / Aer", took / alone, target=1.1, form=".2f")
    figures.add(f"{AT_ONCE}, Aer one after the other with all threads", threads, "s")
    figures.add(f"{AT_ONCE}, Aer in {CORES} processes with one thread each", processes, "s")
    figures.add(f"{AT_ONCE}, service", eight.seconds, "s")
    ratio = eight.seconds / best
    figures.add(f"{AT_ONCE}, service / better of the two", ratio, target=1.05, form=".2f")
    ratio = mixed.seconds / best
    figures.add(f"{AT_ONCE} with small tasks, service / better", ratio, form=".2f")
    figures.add("small tasks meanwhile", len(little.tasks), form=".0f")
    figures.add("small task, median", quantile(little.tasks, 0.5), "s", form=".2f")
    figures.add("small task, p95", quantile(little.tasks, 0.95), "s", 1, form=".2f")
    figures.show()

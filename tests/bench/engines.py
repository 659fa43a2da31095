"""Each engine in a loop by itself, and what simulators of the service take for the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from bench.client import closed_loop, in_process
from bench.engine_loops import ENGINE_LOOPS
from bench.floors import floor
from bench.processes import usage
from bench.programs import (
    Maker,
    bell,
    clifford,
    ghz_of_thousand,
    heavy,
    layers,
    several,
    surface_code,
)
from bench.running import CLIENTS, fresh
from bench.tables import judged, progress, table


class Kind(NamedTuple):
    """Programs, how many are run, engines that can; and at most how many times what the first of
    these takes the simulators, and how many milliseconds all of the service."""

    title: str
    make: Maker
    tasks: int
    engines: Sequence[str]
    ratio: float | None = None
    whole_ms: float | None = None


KINDS = (
    Kind("bell", bell, 1000, ("qsim", "aer")),
    Kind("12 qubits, 295 gates", layers(12, 10), 300, ("qsim", "aer"), 1.6),
    Kind("16 qubits, 395 gates", layers(16, 10), 100, ("qsim", "aer"), 1.25),
    Kind("18 qubits, 445 gates", layers(18, 10), 40, ("qsim", "aer"), 1.25),
    Kind("18 qubits, 265 gates", heavy, 40, ("qsim", "aer"), 1.25, 20),
    Kind("20 qubits, 990 gates", layers(20, 20), 10, ("qsim", "aer"), 1.25, 150),
    Kind("22 qubits, 1,090 gates", layers(22, 20), 4, ("qsim", "aer"), 1.25, 650),
    Kind("Clifford, 500 qubits, 20 layers", clifford, 40, ("stim", "aer"), 2),
    Kind("GHZ of 1,000 qubits", ghz_of_thousand, 40, ("stim", "aer"), 2),
)


def measure() -> None:
    rows = []
    for kind in KINDS:
        progress(kind.title)
        programs = several(kind.make, kind.tasks)
        alone = {
            engine: floor(engine, programs[: kind.tasks if engine != "aer" else 2], 1).cpu_ms
            for engine in kind.engines
        }
        with fresh(
            kind.make,
            warm_up=2,
            SIMULATOR_PROCESSES="1",
            SIMULATOR_THREADS="1",
            SIMULATOR_MEMORY_MB="2048",
        ) as service:
            before = usage(service)
            in_process(closed_loop, service.url, programs, CLIENTS)
            spent = usage(service).since(before)
        ms = spent.by_part["simulators"] / kind.tasks * 1000
        whole = spent.total / kind.tasks * 1000
        ratio = ms / alone[kind.engines[0]]
        in_all = f"{whole:,.1f}"
        if kind.whole_ms is not None:
            in_all = judged(whole, kind.whole_ms, form=".1f")
        rows.append(
            (
                kind.title,
                *(f"{alone[name]:,.2f}" if name in alone else "" for name in ENGINE_LOOPS),
                f"{ms:,.2f}",
                f"{ratio:.2f}" if kind.ratio is None else judged(ratio, kind.ratio),
                in_all,
            )
        )
    print("Processor time per task in ms, 1,024 shots, one core.\n")
    heads = ("program", *ENGINE_LOOPS, "simulators", "x the best", "all of the service")
    table(heads, rows)
    _two_threads()
    _surface()


def _two_threads() -> None:
    """24 qubits by two threads: the time that passes."""
    progress("24 qubits, two threads")
    programs = several(layers(24, 10), 3)
    alone = floor("qsim, two threads", programs, 1).median_ms
    with fresh(bell, SIMULATOR_PROCESSES="2", SIMULATOR_MEMORY_MB="2048") as service:
        load = in_process(closed_loop, service.url, programs, 1)
    took = sorted(load.tasks)[1] * 1000
    ratio = judged(took / alone, 1.15)
    print(f"24 qubits, two threads: qsim {alone:,.0f} ms, the service {took:,.0f} ms, {ratio}\n")


def _surface() -> None:
    """A surface code with noise: processor time of the simulators."""
    progress("surface code")
    qc, options = surface_code(7, 7)
    with fresh(bell, SIMULATOR_PROCESSES="1", SIMULATOR_MEMORY_MB="2048") as service:
        before = usage(service)
        body = {"qc": qc, "shots": 100_000, **options}
        created = service.client.post("/v1/tasks", json=body)
        assert created.status_code == 202, created.text
        address = created.json()["links"]["self"]
        record = service.client.get(f"{address}?wait=60&for=end", timeout=90).json()
        service.final(record["id"])
        spent = usage(service).since(before)
    seconds = spent.by_part["simulators"]
    print(
        "Surface code, d = 7, 7 rounds, noise, 100,000 shots: "
        f"{judged(seconds, 1)} s of the simulators\n"
    )

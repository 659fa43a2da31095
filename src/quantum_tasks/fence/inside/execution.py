"""Runs a task, with all the options of its request."""

from __future__ import annotations

import time

import msgspec

from quantum_tasks.circuits import compiled
from quantum_tasks.circuits.bounds import Bounds
from quantum_tasks.circuits.circuit import Program
from quantum_tasks.engines.simulator import Simulator
from quantum_tasks.fence.inside.sweep import run_sweep
from quantum_tasks.language import program
from quantum_tasks.orders import Completed, Limits, Run
from quantum_tasks.tasks import Options


def run(order: Run, simulator: Simulator, limits: Limits, bounds: Bounds) -> Completed:
    """The result of a task. Raises ProgramError, SimulationError or MemoryError."""
    begun = time.perf_counter()
    options = order.options or Options()
    if options.items is not None:
        counts, details, engines = run_sweep(simulator, order, options, bounds, limits)
    else:
        loaded, prepared = _loaded(order, options, bounds)
        counts, found, engines = simulator.run(
            loaded, order.shots, order.seed, options, order.threads, prepared
        )
        details = None if found is None else msgspec.json.encode(found).decode()
    ms = (time.perf_counter() - begun) * 1e3
    return Completed(counts, details, ms, ", ".join(engines))


def _loaded(order: Run, options: Options, bounds: Bounds) -> tuple[Program, bytes]:
    if order.compiled:
        return compiled.decode(order.compiled)
    parameters = options.parameters
    assert not isinstance(parameters, list)
    observed = order.shots == 0 or bool(options.observables)
    return program.load(order.qc, bounds, parameters, observed), b""

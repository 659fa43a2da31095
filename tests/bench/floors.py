"""The floor: the same programs in a plain loop around the simulator, one process per core."""

from __future__ import annotations

import gc
import multiprocessing
import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

from bench.engine_loops import ENGINE_LOOPS, OTHER_LOOPS

SHOTS = 1024
# What the service's children have as well; set before numpy is imported.
_ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "RAYON_NUM_THREADS": "1",
    "QISKIT_PARALLEL": "FALSE",
}
Run = Callable[[Any], object]  # a program, or what was prepared of it, to its counts
Loop = tuple[Callable[[str], Any], Run]  # what is prepared, at no cost, and what is measured


@dataclass(frozen=True)
class Floor:
    """Per task: processor milliseconds, and the median of the wall time."""

    cpu_ms: float
    median_ms: float


def floor(loop: str, programs: list[str], processes: int) -> Floor:
    """What one of the LOOPS takes for all programs, in so many processes at once."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, spawn, _prepare, (1, spawn.Barrier(processes))) as pool:
        runs = [pool.submit(_loop, loop, programs) for _ in range(processes)]
        found = [run.result() for run in runs]
    walls = sorted(wall for _, walls in found for wall in walls)
    cpu_ms = sum(cpu_s for cpu_s, _ in found) / processes / len(programs) * 1000
    return Floor(cpu_ms, walls[len(walls) // 2] * 1000)


def wall_s(programs: list[str], processes: int, threads: int) -> float:
    """Seconds for all programs, by Aer in so many processes with so many threads each."""
    spawn = multiprocessing.get_context("spawn")
    shares = [programs[i::processes] for i in range(processes)]
    initial = (threads, spawn.Barrier(processes))
    with ProcessPoolExecutor(processes, spawn, _prepare, initial) as pool:
        runs = [pool.submit(_timed, share, threads) for share in shares]
        spans = [run.result() for run in runs]
    return max(end for _, end in spans) - min(began for began, _ in spans)


def _prepare(threads: int, barrier: Any) -> None:
    global _barrier
    _barrier = barrier  # all begin at once, when all have imported what they need
    os.environ.update({**_ONE_THREAD, "OMP_NUM_THREADS": str(threads)})


def _loop(loop: str, programs: list[str]) -> tuple[float, list[float]]:
    """Processor seconds for all, and the seconds of each."""
    prepare, run = LOOPS[loop]()
    prepared = [prepare(program) for program in programs]
    run(prepared[0])
    _barrier.wait(60)
    walls = []
    began_cpu = time.process_time()
    for program in prepared:
        began = time.perf_counter()
        run(program)
        walls.append(time.perf_counter() - began)
    return time.process_time() - began_cpu, walls


def _timed(programs: list[str], threads: int) -> tuple[float, float]:
    """When it began and ended."""
    run = _qiskit(threads)[1]
    _barrier.wait(60)
    began = time.monotonic()
    for program in programs:
        run(program)
    return began, time.monotonic()


def _as_it_is(program: str) -> str:
    return program


def _translator(threads: int = 1) -> tuple[Any, Any]:
    """A pass manager that is built once (it costs more than a run), and Aer. What the pass manager
    returns is in another order, which Aer takes less time for."""
    from qiskit.circuit.library import get_standard_gate_name_mapping
    from qiskit.transpiler import Target, generate_preset_pass_manager
    from qiskit_aer import AerSimulator

    simulator = AerSimulator(max_parallel_threads=threads)
    native = set(simulator.operation_names) & set(get_standard_gate_name_mapping())
    target = Target.from_configuration(basis_gates=sorted(native))
    return generate_preset_pass_manager(0, target=target), simulator


def _qiskit(threads: int = 1) -> Loop:
    """Qiskit's importer, a pass manager, Aer."""
    import qiskit.qasm3

    manager, simulator = _translator(threads)

    def run(program: str) -> object:
        gc.disable()  # a syntax tree is all live objects
        try:
            circuit = qiskit.qasm3.loads(program)
        finally:
            gc.enable()
        return simulator.run(manager.run(circuit), shots=SHOTS).result().get_counts()

    return _as_it_is, run


def _quick() -> Loop:
    """The same, were Qiskit's importer as quick as this project's compiler: that is run on the
    program, and then the circuit which the importer made before."""
    import qiskit.qasm3

    from quantum_tasks.circuits.bounds import Bounds
    from quantum_tasks.language.program import load

    manager, simulator = _translator()
    bounds = Bounds()

    def prepare(program: str) -> tuple[str, Any]:
        return program, qiskit.qasm3.loads(program)

    def run(prepared: tuple[str, Any]) -> object:
        program, circuit = prepared
        load(program, bounds)
        return simulator.run(manager.run(circuit), shots=SHOTS).result().get_counts()

    return prepare, run


def _plain() -> Loop:
    """Qiskit's importer and Aer, which translates control flow by itself."""
    import qiskit.qasm3
    from qiskit_aer import AerSimulator

    simulator = AerSimulator(max_parallel_threads=1)

    def run(program: str) -> object:
        circuit = qiskit.qasm3.loads(program)
        return simulator.run(circuit, shots=SHOTS).result().get_counts()

    return _as_it_is, run


def _own() -> Loop:
    """What the service does in its children, without the service around them."""
    from quantum_tasks.circuits.bounds import Bounds
    from quantum_tasks.engines.simulator import Simulator
    from quantum_tasks.language.program import load

    simulator, bounds = Simulator(memory_mb=2048, max_result_bytes=2**24), Bounds()
    return _as_it_is, lambda program: simulator.run(load(program, bounds), SHOTS, None)


LOOPS: dict[str, Callable[[], Loop]] = {
    **ENGINE_LOOPS,
    **OTHER_LOOPS,
    "qiskit": _qiskit,
    "quick": _quick,
    "plain": _plain,
    "own": _own,
}

"""Aer's controller, asked directly.

What AerSimulator.run() does around it (a thread, a circuit translated, results as objects) takes
several times as long as a small circuit.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from typing import Any

from quantum_tasks.engines.aer.library import PACKAGE, aer_controller, usual_config
from quantum_tasks.engines.engine import SimulationError
from quantum_tasks.errors import MEMORY_EXCEEDED, SIMULATION_FAILED, more_than_memory


class Controller:
    """Aer with this child's limit of memory."""

    def __init__(self, memory_mb: int) -> None:
        self.memory_mb = memory_mb
        self._controller: Any = None

    def _start(self) -> None:
        """Once it is used: whoever only plans has no need of it."""
        self._controller = aer_controller()
        self._use_threads = _openmp()

    def execute(
        self,
        circuit: Any,
        options: Mapping[str, Any],
        threads: int,
        noise: Mapping[str, Any] | None = None,
    ) -> Any:
        """What the simulator says of an AerCircuit. Raises SimulationError."""
        if self._controller is None:
            self._start()
        self._use_threads(threads)
        config = usual_config()
        config.max_parallel_threads = threads
        config.max_memory_mb = self.memory_mb
        config.n_qubits = circuit.num_qubits
        config.memory_slots = circuit.num_memory
        for name, value in options.items():
            setattr(config, name, value)
        output = self._controller.execute([circuit], noise or {}, config)
        if not output["success"] or not output["results"]:
            raise self._failure(output)
        return output["results"][0]["data"]

    def _failure(self, output: Any) -> SimulationError:
        results = output["results"]
        status = str(results[0]["status"] if results else output["status"])
        if "bad_alloc" in status or "memory" in status.lower():
            return SimulationError(
                MEMORY_EXCEEDED, more_than_memory(self.memory_mb, "SIMULATOR_MEMORY_MB")
            )
        # What it says speaks of the simulator's insides.
        message = "The simulator cannot run this program."
        return SimulationError(SIMULATION_FAILED, message, log=status)


def _openmp() -> Callable[[int], object]:
    """Sets how many threads Aer's OpenMP may use, which is the upper limit of what Aer is asked
    for, and what some of its methods take without being asked."""
    places = (*PACKAGE.parent.glob("qiskit_aer.libs/libgomp*"), *PACKAGE.glob(".dylibs/libomp*"))
    for library in places:
        return ctypes.CDLL(str(library)).omp_set_num_threads
    return lambda threads: None

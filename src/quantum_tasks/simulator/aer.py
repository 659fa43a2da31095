"""From operations to counts: one circuit, one run of Aer."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from qiskit_aer import AerSimulator

from quantum_tasks.errors import (
    MEMORY_EXCEEDED,
    RESULT_TOO_LARGE,
    SIMULATION_FAILED,
    more_than_memory,
)
from quantum_tasks.simulator.assembly import assemble
from quantum_tasks.simulator.circuit import Branch, Loop, Program, Store
from quantum_tasks.simulator.cost import plan


class SimulationError(Exception):
    """A run that failed and would fail again. `code` is one of errors.py's; `log` is for
    whoever runs the service."""

    def __init__(self, code: str, message: str, log: str = "") -> None:
        self.code = code
        self.log = log
        super().__init__(message)


class Simulator:
    """Aer with this child's limits."""

    def __init__(self, memory_mb: int, max_result_bytes: int) -> None:
        self._memory_mb = memory_mb
        self._max_result_bytes = max_result_bytes
        self._aer = AerSimulator(max_parallel_threads=1, max_memory_mb=memory_mb)

    def run(
        self, program: Program, shots: int, seed: int | None, method: str | None = None
    ) -> str:
        """Runs a program and returns its counts as JSON text, keys in order.

        `method` is one of Aer's, or chosen by plan(). Raises ProgramError, SimulationError, or
        MemoryError.
        """
        method = method or plan(program, self._memory_mb).method
        options: dict[str, Any] = {"method": method}
        if seed is not None:
            options["seed_simulator"] = seed
        if any(isinstance(operation, Branch | Loop | Store) for operation in program.operations):
            # Truncation removes the label behind a loop that ends the circuit, and the run then
            # fails with "Invalid jump destination".
            options["enable_truncation"] = False
        circuit = assemble(program, method)
        result = self._aer.run(circuit, shots=shots, **options).result()
        if not result.success or not result.results:
            raise self._failure(result)
        return self._counts(result.results[0].data, program)

    def _counts(self, data: Any, program: Program) -> str:
        counts = getattr(data, "counts", None)
        if not counts:
            raise SimulationError(SIMULATION_FAILED, "The simulator returned no counts.")
        sizes = [len(register) for register in program.registers]
        mask = (1 << sum(sizes)) - 1  # what lies above are bits that nobody sees
        seen: Counter[int] = Counter()
        for key, times in counts.items():
            seen[int(key, 16) & mask] += times
        size = (sum(sizes) + len(sizes) + 10) * len(seen)
        if size > self._max_result_bytes:
            raise SimulationError(
                RESULT_TOO_LARGE,
                f"The result has about {size} bytes, the limit is {self._max_result_bytes} "
                "(MAX_RESULT_BYTES): measure fewer bits or take fewer shots.",
            )
        keyed = {format_key(value, sizes): times for value, times in seen.items()}
        return json.dumps(dict(sorted(keyed.items())), separators=(",", ":"))

    def _failure(self, result: Any) -> SimulationError:
        status = str(result.results[0].status if result.results else result.status)
        if "bad_alloc" in status or "memory" in status.lower():
            return SimulationError(
                MEMORY_EXCEEDED, more_than_memory(self._memory_mb, "SIMULATOR_MEMORY_MB")
            )
        # What it says speaks of the simulator's insides.
        message = "The simulator cannot run this program."
        return SimulationError(SIMULATION_FAILED, message, log=status)


def format_key(value: int, sizes: list[int]) -> str:
    """The bits of a measured value as Qiskit prints them.

    Bit 0 of the value is bit 0 of the register declared first. Most significant bit first, the
    register declared last first, registers separated by one space.
    """
    keys = []
    for size in sizes:
        keys.append(format(value & ((1 << size) - 1), f"0{size}b"))
        value >>= size
    return " ".join(reversed(keys))

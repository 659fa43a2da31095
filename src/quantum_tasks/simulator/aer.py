"""From operations to counts: one circuit, one run of Aer."""

from __future__ import annotations

import ctypes
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import qiskit_aer
from qiskit_aer import AerSimulator
from qiskit_aer.backends.backend_utils import LIBRARY_DIR
from qiskit_aer.backends.controller_wrappers import (
    AerCircuit,
    AerConfig,
    aer_controller_execute,
)

from quantum_tasks.errors import (
    MEMORY_EXCEEDED,
    RESULT_TOO_LARGE,
    SIMULATION_FAILED,
    more_than_memory,
)
from quantum_tasks.simulator import branching
from quantum_tasks.simulator.amplitudes import draw
from quantum_tasks.simulator.assembly import PROBABILITIES, assemble, assemble_probabilities
from quantum_tasks.simulator.circuit import Branch, Loop, Measure, Program, Store
from quantum_tasks.simulator.cost import plan
from quantum_tasks.simulator.ordering import clustered
from quantum_tasks.simulator.sampling import Sampled, as_values, keyed, sampled

# Up to so many qubits it is sooner to draw from the probabilities ourselves (tests/bench).
_DRAWN_QUBITS = 18
_FUSED_QUBITS = 14  # from which on Aer fuses gates


class SimulationError(Exception):
    """A run that failed and would fail again. `code` is one of errors.py's; `log` is for
    whoever runs the service."""

    def __init__(self, code: str, message: str, log: str = "") -> None:
        self.code = code
        self.log = log
        super().__init__(message)


class Simulator:
    """Aer with this child's limits.

    Its controller is asked directly: what AerSimulator.run() does around it (a thread, a circuit
    translated, results as objects) takes several times as long as a small circuit.
    """

    def __init__(self, memory_mb: int, max_result_bytes: int) -> None:
        self._memory_mb = memory_mb
        self._max_result_bytes = max_result_bytes
        self._controller = aer_controller_execute()
        self._use_threads = _openmp()
        options = AerSimulator(max_memory_mb=memory_mb).options.__dict__.items()
        known = [(name, value) for name, value in options if value is not None]
        config = AerConfig()
        self._options = {name: value for name, value in known if hasattr(config, name)}

    def run(
        self,
        program: Program,
        shots: int,
        seed: int | None,
        method: str | None = None,
        threads: int = 1,
    ) -> str:
        """Runs a program and returns its counts as JSON text, keys in order.

        `method` is one of Aer's, or chosen by plan(). Raises ProgramError, SimulationError, or
        MemoryError.
        """
        planned = plan(program, self._memory_mb).method if method is None else method
        if planned == "automatic":
            final = sampled(program)
            if final is not None and program.qubits >= _FUSED_QUBITS:
                final = Sampled(clustered(final.gates), final.measured, final.shown)
                rest = [part for part in program.operations if isinstance(part, Measure)]
                program = Program(program.qubits, program.registers, [*final.gates, *rest])
            if method is None:
                counts = self._soonest(program, final, shots, seed, threads)
                if counts is not None:
                    return self._encoded(counts, program)
        options: dict[str, Any] = {"method": planned, "shots": shots}
        if seed is not None:
            options["seed_simulator"] = seed
        if any(isinstance(operation, Branch | Loop | Store) for operation in program.operations):
            # Truncation removes the label behind a loop that ends the circuit, and the run then
            # fails with "Invalid jump destination".
            options["enable_truncation"] = False
        data = self._execute(assemble(program, planned), options, threads)
        return self._encoded(self._counted(data, program), program)

    def _soonest(
        self, program: Program, final: Sampled | None, shots: int, seed: int | None, threads: int
    ) -> Mapping[int, int] | None:
        """The counts, where there is a sooner way to them than Aer's."""
        if final is not None:
            if program.qubits > _DRAWN_QUBITS:
                return None
            return self._drawn(program.qubits, final, shots, seed, threads)
        try:
            limit = branching.aer_work(program, shots)
            return branching.sample(program, shots, seed, limit, self._memory_mb << 19)
        except branching.TooMuchWork:
            return None

    def _drawn(
        self, qubits: int, final: Sampled, shots: int, seed: int | None, threads: int
    ) -> Mapping[int, int]:
        if not final.measured:
            return {0: shots}
        circuit = assemble_probabilities(qubits, final.gates, final.measured)
        options = {"method": "statevector", "shots": 1}
        probabilities = self._execute(circuit, options, threads)[PROBABILITIES]
        random = np.random.Generator(np.random.PCG64(seed))
        weights = np.asarray(probabilities).clip(0.0)[None]
        _, outcomes, times = draw(random, weights, np.array([shots]))
        values = as_values(outcomes, final.shown)
        return dict(zip(values, times.tolist(), strict=True))

    def _execute(self, circuit: AerCircuit, options: Mapping[str, Any], threads: int) -> Any:
        """What the simulator says of a circuit. Raises SimulationError."""
        self._use_threads(threads)
        config = AerConfig()
        config.max_parallel_threads = threads
        config.library_dir = LIBRARY_DIR
        config.n_qubits = circuit.num_qubits
        config.memory_slots = circuit.num_memory
        for name, value in {**self._options, **options}.items():
            setattr(config, name, value)
        output = self._controller.execute([circuit], {}, config)
        if not output["success"] or not output["results"]:
            raise self._failure(output)
        return output["results"][0]["data"]

    def _counted(self, data: Any, program: Program) -> Mapping[int, int]:
        counts = data.get("counts")
        if not counts:
            raise SimulationError(SIMULATION_FAILED, "The simulator returned no counts.")
        # What lies above are bits that nobody sees.
        mask = (1 << sum(map(len, program.registers))) - 1
        seen: Counter[int] = Counter()
        for key, times in counts.items():
            seen[int(key, 16) & mask] += times
        return seen

    def _encoded(self, counts: Mapping[int, int], program: Program) -> str:
        sizes = [len(register) for register in program.registers]
        size = (sum(sizes) + len(sizes) + 10) * len(counts)
        if size > self._max_result_bytes:
            raise SimulationError(
                RESULT_TOO_LARGE,
                f"The result has about {size} bytes, the limit is {self._max_result_bytes} "
                "(MAX_RESULT_BYTES): measure fewer bits or take fewer shots.",
            )
        return msgspec.json.encode(keyed(counts, sizes)).decode()

    def _failure(self, output: Any) -> SimulationError:
        results = output["results"]
        status = str(results[0]["status"] if results else output["status"])
        if "bad_alloc" in status or "memory" in status.lower():
            return SimulationError(
                MEMORY_EXCEEDED, more_than_memory(self._memory_mb, "SIMULATOR_MEMORY_MB")
            )
        # What it says speaks of the simulator's insides.
        message = "The simulator cannot run this program."
        return SimulationError(SIMULATION_FAILED, message, log=status)


def _openmp() -> Callable[[int], object]:
    """Sets how many threads Aer's OpenMP may use, which is the upper limit of what Aer is asked
    for, and what some of its methods take without being asked."""
    package = Path(qiskit_aer.__file__).parent
    places = (*package.parent.glob("qiskit_aer.libs/libgomp*"), *package.glob(".dylibs/libomp*"))
    for library in places:
        return ctypes.CDLL(str(library)).omp_set_num_threads
    return lambda threads: None

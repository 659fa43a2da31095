"""From a circuit to counts: one translation, one run of Aer."""

from __future__ import annotations

import json
import math
from functools import cache
from typing import Any

from qiskit.circuit import (
    BreakLoopOp,
    ContinueLoopOp,
    ControlFlowOp,
    ForLoopOp,
    IfElseOp,
    QuantumCircuit,
    SwitchCaseOp,
    WhileLoopOp,
)
from qiskit.circuit.library import get_standard_gate_name_mapping
from qiskit.transpiler import PassManager, Target, generate_preset_pass_manager
from qiskit_aer import AerSimulator

from quantum_tasks.errors import MEMORY_EXCEEDED, RESULT_TOO_LARGE, SIMULATION_FAILED
from quantum_tasks.simulator.program import Program

_CONTROL_FLOW = {
    "if_else": IfElseOp,
    "while_loop": WhileLoopOp,
    "for_loop": ForLoopOp,
    "switch_case": SwitchCaseOp,
    "break_loop": BreakLoopOp,
    "continue_loop": ContinueLoopOp,
}


class SimulationError(Exception):
    """A run that failed and would fail again. `code` is one of errors.py's."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


@cache
def _pass_manager() -> PassManager:
    """Translates a circuit into what Aer runs natively. Built once: it costs more than a run.

    By the names of gates, not by the simulator's target: that one has as many qubits as a
    statevector of this machine's memory would, and refuses circuits that other methods can run.
    """
    native = set(AerSimulator().operation_names) & set(get_standard_gate_name_mapping())
    target = Target.from_configuration(
        basis_gates=[*sorted(native), *_CONTROL_FLOW], custom_name_mapping=_CONTROL_FLOW
    )
    return generate_preset_pass_manager(0, target=target)


def translate(circuit: QuantumCircuit) -> QuantumCircuit:
    """The same circuit in Aer's own gates."""
    return _pass_manager().run(circuit)


class Simulator:
    """Aer with this child's limits."""

    def __init__(self, memory_mb: int, max_result_bytes: int) -> None:
        self._memory_mb = memory_mb
        self._max_result_bytes = max_result_bytes
        self._aer = AerSimulator(max_parallel_threads=1, max_memory_mb=memory_mb)

    def run(self, program: Program, shots: int, seed: int | None) -> str:
        """Runs a program and returns its counts as JSON text, keys in order.

        Raises SimulationError, or MemoryError.
        """
        circuit = translate(program.circuit)
        _refuse_infinite(circuit)
        options: dict[str, Any] = {}
        if seed is not None:
            options["seed_simulator"] = seed
        if any(isinstance(instruction.operation, ControlFlowOp) for instruction in circuit.data):
            # Truncation removes the label behind a loop that ends the circuit, and the run then
            # fails with "Invalid jump destination".
            options["enable_truncation"] = False
        result = self._aer.run(circuit, shots=shots, **options).result()
        if not result.success or not result.results:
            raise self._failure(result)
        return self._counts(result.results[0].data, program.register_sizes)

    def _counts(self, data: Any, register_sizes: list[int]) -> str:
        counts = getattr(data, "counts", None)
        if not counts:
            raise SimulationError(SIMULATION_FAILED, "The simulator returned no counts.")
        size = (sum(register_sizes) + len(register_sizes) + 10) * len(counts)
        if size > self._max_result_bytes:
            raise SimulationError(
                RESULT_TOO_LARGE,
                f"The result has about {size} bytes, the limit is {self._max_result_bytes} "
                "(MAX_RESULT_BYTES): measure fewer bits or take fewer shots.",
            )
        keyed = {format_key(int(key, 16), register_sizes): n for key, n in counts.items()}
        return json.dumps(dict(sorted(keyed.items())), separators=(",", ":"))

    def _failure(self, result: Any) -> SimulationError:
        status = str(result.results[0].status if result.results else result.status)
        if "nsufficient memory" in status or "bad_alloc" in status or "memory" in status.lower():
            return SimulationError(
                MEMORY_EXCEEDED,
                f"The program needs more than the {self._memory_mb} MiB of memory that it may "
                "have (SIMULATOR_MEMORY_MB).",
            )
        return SimulationError(SIMULATION_FAILED, f"The simulator refused the program: {status}.")


def _refuse_infinite(circuit: QuantumCircuit) -> None:
    """A gate's body can make an infinite or NaN angle out of finite ones; Aer would run it."""
    for instruction in circuit.data:
        for parameter in instruction.params:
            if isinstance(parameter, float) and not math.isfinite(parameter):
                raise SimulationError(
                    SIMULATION_FAILED,
                    f"An angle of '{instruction.name}' is {parameter}, which is no number.",
                )


def format_key(value: int, register_sizes: list[int]) -> str:
    """The bits of a measured value as Qiskit prints them.

    Bit 0 of the value is bit 0 of the register declared first. Most significant bit first, the
    register declared last first, registers separated by one space.
    """
    keys = []
    for size in register_sizes:
        keys.append(format(value & ((1 << size) - 1), f"0{size}b"))
        value >>= size
    return " ".join(reversed(keys))

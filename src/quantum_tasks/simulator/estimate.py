"""How long a run will take, before anything is simulated: roughly, for the order of things.

The constants are one core's, measured in tests/bench; another machine's differ by a factor that
is the same for all programs.
"""

from __future__ import annotations

import math
from typing import Any

from quantum_tasks.simulator.branching import aer_work, weighted
from quantum_tasks.simulator.circuit import Loop, Measure, Program, Reset
from quantum_tasks.simulator.compiled import encode
from quantum_tasks.simulator.cost import Plan, plan
from quantum_tasks.simulator.sampling import sampled
from quantum_tasks.tasks import Accepted

_LARGE_MS = 500.0
_LARGE_BYTES = 64 << 20
_CERTAIN_QUBITS = 16
_RUN_MS = 0.2
_GATE_MS = 0.003
_AMPLITUDE_MS = 2e-6  # per gate
_BIT_MS = 1e-5  # per shot: a bit of a large state's sample, or of a tableau for each of its rows
_OPERATION_MS = 0.01  # of branching.py, as are the next three
_SPLIT_MS = 0.04
_SPLIT_AMPLITUDE_MS = 5e-6
_BRANCH_MS = 0.002
_PRODUCT_BIT_MS = 1e-3  # per shot and qubit of a matrix product state
_PRODUCT_MS = 1e-6  # per element of a matrix, and per gate for each of a row's


def assess(program: Program, shots: int, memory_mb: int) -> Accepted:
    """What is to be known of a program before it runs. Raises ProgramError if it cannot, for want
    of memory."""
    planned = plan(program, memory_mb)
    final = sampled(program) is not None
    work = _work_ms(program, shots, planned, final)
    large = work >= _LARGE_MS or planned.bytes >= _LARGE_BYTES
    few = planned.method == "automatic" and program.qubits <= _CERTAIN_QUBITS
    certain = few and not large and (final or not _number(program, Loop))
    parallel = planned.method == "automatic" and final
    return Accepted(encode(program), large, parallel, round(work, 2) if certain else None)


def _work_ms(program: Program, shots: int, plan: Plan, final: bool) -> float:
    """Milliseconds that one core will take, within a factor of a few; loops are guessed at."""
    qubits = program.qubits
    operations = _number(program)
    match plan.method:
        case "stabilizer":
            run = operations * (_GATE_MS + qubits * _BIT_MS)
            return _RUN_MS + run + shots * qubits * qubits * _BIT_MS
        case "matrix_product_state":
            elements = plan.bytes / (96 * max(1, qubits))
            run = operations * (_GATE_MS + elements * math.sqrt(elements) * _PRODUCT_MS)
            shot = qubits * (_PRODUCT_BIT_MS + elements * _PRODUCT_MS)
            return _RUN_MS + run + shots * shot
    state = 2.0**qubits
    if final:
        run = operations * (_GATE_MS + _AMPLITUDE_MS * state)
        return _RUN_MS + run + shots * qubits * _BIT_MS
    # By branches, if there are few enough of them; all that there may be, for all of the program.
    splits = _number(program, Measure | Reset)
    branches = float(min(shots, 2 ** min(splits, 64)))
    calls = operations * (_OPERATION_MS + _SPLIT_AMPLITUDE_MS * branches * state)
    branching_ms = _RUN_MS + calls + splits * _SPLIT_MS + branches * _BRANCH_MS
    return min(aer_work(program, shots) / 1e6, branching_ms)


def _number(program: Program, kind: Any = object) -> int:
    """How many operations of a kind a shot comes by."""
    return sum(
        weight for operation, weight in weighted(program.operations) if isinstance(operation, kind)
    )

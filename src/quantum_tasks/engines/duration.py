"""How long a state vector takes, whoever has it, before anything is run: roughly.

The constants are one core's, measured in tests/bench; another machine's differ by a factor that
is the same for all programs.
"""

from __future__ import annotations

from quantum_tasks.circuits.circuit import Branch, Loop, Program, Store, number_of, weighted
from quantum_tasks.circuits.clifford import is_clifford
from quantum_tasks.engines.engine import Question

RUN_MS = 0.2
GATE_MS = 0.003
BIT_MS = 1e-5  # per shot: a bit of a large state's sample, or of a tableau for each of its rows
_AMPLITUDE_MS = 2e-6  # per gate
_VECTOR_GATE_MS, _VECTOR_MS = 0.04, 4e-6  # an amplitude at a gate that errs, of each shot's vector

# In nanoseconds, of a run shot after shot: once; an operation, once; a shot, and its operations.
_AER_RUN = 500_000
_AER_OPERATION = 12_000
_AER_SHOT = 32_000
_AER_STEP = 150
_AER_AMPLITUDE = 3
_AER_CLIFFORD_STEP = 400


def vector_ms(question: Question) -> float | None:
    """Milliseconds of a state vector for each shot, if gates err, or of one for all, if the
    program measures at its end; None if it goes on after a measurement."""
    program, shots = question.program, question.shots
    state = 2.0**program.qubits
    if question.gates_err:
        gate = _VECTOR_GATE_MS + _VECTOR_MS * state * shots
    elif question.final is not None:
        gate = GATE_MS + _AMPLITUDE_MS * state
    else:
        return None
    return RUN_MS + number_of(program.operations) * gate + shots * program.qubits * BIT_MS


def shots_ns(program: Program, shots: int) -> float:
    """About what Aer would take, in nanoseconds of CPU, if it runs shot after shot."""
    once, steps, gates = 0, 0, 0
    clifford = True
    for operation, weight in weighted(program.operations):
        once += 1
        steps += weight
        if not isinstance(operation, (Store, Branch, Loop)):
            gates += weight
        clifford = clifford and is_clifford(operation)
    if clifford:
        shot: float = _AER_SHOT + _AER_CLIFFORD_STEP * steps
    else:
        shot = (
            _AER_SHOT + _AER_STEP * steps + _AER_AMPLITUDE * gates * 2.0 ** min(program.qubits, 60)
        )
    return _AER_RUN + _AER_OPERATION * once + shots * shot

"""How long a run will take, before anything is simulated: roughly, for the order of things.

The constants are one core's, measured in tests/bench; another machine's differ by a factor that
is the same for all programs.
"""

from __future__ import annotations

import math
from typing import Any

import msgspec

from quantum_tasks.circuits.circuit import Loop, Measure, Program, Reset
from quantum_tasks.circuits.compiled import encode
from quantum_tasks.engines.branching import aer_work, weighted
from quantum_tasks.engines.cost import bases_of, plan
from quantum_tasks.engines.methods import Plan, gates_err
from quantum_tasks.engines.sampling import DRAWN_QUBITS, sampled
from quantum_tasks.engines.stats import stats
from quantum_tasks.orders import Accepted
from quantum_tasks.tasks import Method, Options

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
_MATRIX_GATE_MS, _MATRIX_MS = 0.015, 7e-6  # an element of a density matrix, at a gate that errs
_VECTOR_GATE_MS, _VECTOR_MS = 0.04, 4e-6  # the same of state vectors, one for each shot
_TERM_MS = 7e-5  # of an extended stabilizer, per amplitude
_SAMPLE_MS = 10.0  # the same, per qubit of a shot of more qubits
_LISTED_MS = 2e-4  # per shot whose bits are listed
_FEW_SHOTS = 10_000  # which are listed in no time
_PRODUCT_BIT_MS = 1e-3  # per shot and qubit of a matrix product state
_PRODUCT_MS = 1e-6  # per element of a matrix, and per gate for each of a row's


def assess(
    program: Program,
    shots: int,
    memory_mb: int,
    options: Options | None = None,
    compile_ms: float = 0.0,
) -> Accepted:
    """What is to be known of a program before it runs, as its options say. Raises ProgramError if
    it cannot, for want of memory or because it was asked for otherwise."""
    planned = plan(program, memory_mb, options, shots)
    final = sampled(program) is not None
    work = _work_ms(program, shots, planned, final)
    certain = options is None or _is_plain(options, shots)
    if options is not None:
        work = _with_options(work, program, shots, planned, options)
        work += compile_ms * len(options.items or ())
    large = work >= _LARGE_MS or planned.bytes >= _LARGE_BYTES
    few = planned.method == "automatic" and program.qubits <= _CERTAIN_QUBITS
    certain = certain and few and not large and (final or not _number(program, Loop))
    parallel = planned.method in ("automatic", "statevector", "density_matrix") and final
    known = stats(program, planned, compile_ms)
    return Accepted(
        b"" if options is not None and options.items is not None else encode(program),
        large,
        parallel,
        round(work, 2) if certain else None,
        round(work, 2),
        msgspec.json.encode(known).decode(),
    )


def _is_plain(options: Options, shots: int) -> bool:
    """Whether a run does nothing that takes longer than its counts alone."""
    return (
        options.method is Method.AUTOMATIC
        and not options.observables
        and options.noise is None
        and options.items is None
        and (not options.memory or shots <= _FEW_SHOTS)
    )


def _with_options(
    work: float, program: Program, shots: int, planned: Plan, options: Options
) -> float:
    """Milliseconds that all runs take, of which the plain one takes `work`."""
    if gates_err(options.noise) and planned.method in ("density_matrix", "statevector"):
        state = 2.0**program.qubits
        gate = _MATRIX_GATE_MS + _MATRIX_MS * state * state
        if planned.method == "statevector":
            gate = _VECTOR_GATE_MS + _VECTOR_MS * state * shots
        work = _RUN_MS + _number(program) * gate + shots * program.qubits * _BIT_MS
    work *= 1 + len(bases_of(options))
    if options.memory:
        work += shots * _LISTED_MS
    return work * len(options.items or (None,))


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
        case "density_matrix":
            once = operations * (_MATRIX_GATE_MS + _MATRIX_MS * 4.0**qubits)
            runs = 1 if final else shots
            return _RUN_MS + runs * once + shots * qubits * _BIT_MS
        case "extended_stabilizer":
            terms = plan.bytes / (100 * max(1, qubits))
            run = terms * (operations + 2.0 ** min(qubits, DRAWN_QUBITS)) * _TERM_MS
            if (final and qubits <= DRAWN_QUBITS) or terms <= 1:
                return _RUN_MS + run + shots * qubits * qubits * _BIT_MS
            return _RUN_MS + run + shots * qubits * terms * _SAMPLE_MS
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

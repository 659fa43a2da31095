"""What is known of a task before it runs: what it will take, roughly, for the order of things."""

from __future__ import annotations

from functools import lru_cache

import msgspec

from quantum_tasks.circuits.circuit import Loop, Program, number_of
from quantum_tasks.circuits.compiled import encode
from quantum_tasks.engines.engine import Question
from quantum_tasks.engines.planner import Planner
from quantum_tasks.engines.stats import stats
from quantum_tasks.orders import Accepted
from quantum_tasks.tasks import Method, Options

_LARGE_MS = 500.0
_LARGE_BYTES = 64 << 20
_CERTAIN_QUBITS = 16
_LISTED_MS = 2e-4  # per shot whose bits are listed
_FEW_SHOTS = 10_000  # which are listed in no time

_planner = lru_cache(1)(Planner)  # making one takes as long as a small program's estimate


def assess(
    program: Program,
    shots: int,
    memory_mb: int,
    options: Options | None = None,
    compile_ms: float = 0.0,
) -> Accepted:
    """What has to be known of a program before it runs with these options. Raises ProgramError if
    it cannot run, because the memory is too small or the method does not suit it."""
    question = Question(program, shots) if options is None else Question(program, shots, options)
    options = question.options
    plan = _planner(memory_mb).choose(question)
    counts = plan.work(question)
    ms = counts.ms * question.runs
    if options.memory:
        ms += shots * _LISTED_MS
    items = options.items
    if items:
        ms = ms * len(items) + compile_ms * len(items)
    large = ms >= _LARGE_MS or plan.bytes >= _LARGE_BYTES
    few = plan.method is Method.STATEVECTOR and program.qubits <= _CERTAIN_QUBITS
    certain = _is_plain(options, shots) and few and not large
    if certain and question.final is None:
        certain = not number_of(program.operations, Loop)
    return Accepted(
        b"" if items is not None else encode(program),
        large,
        counts.parallel,
        round(ms, 2) if certain else None,
        round(ms, 2),
        msgspec.json.encode(stats(program, plan, compile_ms)).decode(),
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

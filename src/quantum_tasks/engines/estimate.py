"""What is known of a task before it runs: what it will take, roughly, for the order of things."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import msgspec

from quantum_tasks.capability import Capability
from quantum_tasks.circuits.circuit import Loop, Program, number_of
from quantum_tasks.circuits.compiled import encode
from quantum_tasks.engines.engine import Question
from quantum_tasks.engines.planner import Plan, Planner, all_engines
from quantum_tasks.engines.stats import stats
from quantum_tasks.orders import Accepted
from quantum_tasks.parsing.mistakes import ProgramError
from quantum_tasks.tasks import MOST_OUTCOMES, Method, Options

_LARGE_MS = 500.0
_LARGE_BYTES = 64 << 20
_CERTAIN_QUBITS = 16
_OUTCOME_MS = 2e-3  # with its exact probability
_LISTED_MS = 2e-4  # per shot whose bits are listed
_FEW_SHOTS = 10_000  # which are listed in no time


@lru_cache(8)  # making one takes as long as a small program's estimate
def _planner(where: Capability) -> Planner:
    return Planner(where.memory_mb, all_engines(where.memory_mb, where.engines))


def assess(
    program: Program,
    shots: int,
    instances: Sequence[Capability],
    options: Options | None = None,
    compile_ms: float = 0.0,
) -> Accepted:
    """What has to be known of a program before it runs with these options on one of the
    instances. Raises ProgramError if none of them can, because the memory is too small or the
    method does not suit it: why the first one cannot."""
    question = Question(program, shots) if options is None else Question(program, shots, options)
    options = question.options
    if not options.observables:
        question = question.shown()
    plan, needs = _planned(question, instances)
    counts = plan.work(question)
    ms = counts.ms * question.runs
    if options.memory:
        ms += shots * _LISTED_MS
    if question.takes_state and question.final is not None:
        ms += min(2 ** len(question.final.shown), MOST_OUTCOMES) * _OUTCOME_MS
    items = options.items
    if items:
        ms = ms * len(items) + compile_ms * len(items)
    large = ms >= _LARGE_MS or plan.bytes >= _LARGE_BYTES or needs is not None
    qubits = question.program.qubits
    few = plan.method is Method.STATEVECTOR and qubits <= _CERTAIN_QUBITS
    certain = _is_plain(options, shots) and few and not large
    if certain and question.final is None:
        certain = not number_of(question.program.operations, Loop)
    return Accepted(
        b"" if items is not None else encode(question.program, plan.engines[0].prepare(question)),
        large,
        counts.parallel,
        round(ms, 2) if certain else None,
        round(ms, 2),
        msgspec.json.encode(stats(program, plan, compile_ms)).decode(),
        needs,
    )


def _planned(
    question: Question, instances: Sequence[Capability]
) -> tuple[Plan, dict[str, int] | None]:
    """The plan of the first instance that can run it, and what others need for the same."""
    refusal: ProgramError | None = None
    for instance in instances:
        planner = _planner(instance)
        try:
            plan = planner.choose(question)
        except ProgramError as error:
            refusal = refusal or error
        else:
            return plan, planner.needs(question, plan)
    assert refusal is not None
    raise refusal


def _is_plain(options: Options, shots: int) -> bool:
    """Whether a run does nothing that takes longer than its counts alone."""
    return (
        options.method is Method.AUTOMATIC
        and not options.observables
        and options.noise is None
        and options.items is None
        and (not options.memory or shots <= _FEW_SHOTS)
    )

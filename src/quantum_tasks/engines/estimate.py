"""What is known of a task before it runs: what it will take, roughly, for the order of things."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

import msgspec

from quantum_tasks.capability import Capability
from quantum_tasks.circuits.circuit import Gate, Loop, Program, Unitary, number_of
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
_LEAST_MS = 3e-8  # an amplitude at a gate: a third of what qsim takes on one core
_LONG_MS = 10_000.0
_FUSED = 6  # qubits
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
        round(_least_ms(question, plan)),
    )


def _least_ms(question: Question, plan: Plan) -> float:
    """What the run takes at least, if that is long: gates that are certain to be applied, as many
    together as any engine fuses, go through the state once, or once for each shot if gates err.
    Zero for states whose size is not known."""
    qubits, states = question.program.qubits, 1
    if plan.method is Method.DENSITY_MATRIX:
        qubits *= 2
    elif plan.method is not Method.STATEVECTOR:
        return 0.0
    elif question.gates_err:
        states = question.shots
    pass_ms = states * 2.0**qubits * _LEAST_MS
    items = question.options.items
    if items is not None:
        pass_ms *= len(items)
    if len(question.program.operations) * pass_ms < _LONG_MS:
        return 0.0
    gates = [one for one in question.program.operations if isinstance(one, (Gate, Unitary))]
    if len(gates) * pass_ms < _LONG_MS:
        return 0.0
    return fewest_passes(gates) * pass_ms


def fewest_passes(gates: Iterable[Gate | Unitary]) -> int:
    """Into how few matrices on at most six qubits each, or as many as one gate has, gates can be
    multiplied: one by one, each into those before it on its qubits if they fit together."""
    latest: dict[int, set[int]] = {}  # for each qubit the qubits of its latest matrix
    passes = 0
    for gate in gates:
        own = set(gate.qubits)
        before = [*{id(latest[one]): latest[one] for one in own if one in latest}.values()]
        if len(before) == 1 and own <= before[0]:
            continue
        # Those whose other qubits have gone on are done.
        open_ = [known for known in before if all(latest[one] is known for one in known)]
        for joined in (open_, sorted(open_, key=len)[:1], []):
            together = own.union(*joined)
            if len(together) <= _FUSED or not joined:
                break
        passes += 1 - len(joined)
        latest.update(dict.fromkeys(together, together))
    return passes


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

"""Whether the planner takes the engine that is soonest, and how long it says that a run takes."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping

from bench.mixed import Asked, mixed
from bench.tables import judged, progress, table
from quantum_tasks.capability import engines
from quantum_tasks.circuits.bounds import Bounds
from quantum_tasks.circuits.circuit import Program
from quantum_tasks.engines.engine import Engine, GivesUp, Question
from quantum_tasks.engines.planner import Planner, all_engines
from quantum_tasks.engines.sampling import keyed
from quantum_tasks.language.program import load
from quantum_tasks.tasks import Depolarizing, Method, Noise, Options

_PROGRAMS = 400
_MEMORY_MB = 2048
_LONGEST_MS = 300.0  # an engine that says that it takes longer is not tried
_TURNS, _LONG_MS = 3, 50.0  # but once, if it takes long


def measure() -> None:
    """All engines that can run each program, one after the other, on one core."""
    soonest, honest = Counter[str](), Counter[str]()
    per_kind: defaultdict[str, Counter[str]] = defaultdict(Counter)
    worst: list[tuple[float, str]] = []
    asked = mixed(_PROGRAMS)
    for number, one in enumerate(asked):
        if number % 50 == 0:
            progress(f"{number} of {len(asked)} programs")
        found = _measured(one)
        chosen, took, best, best_took, said = found
        kind = per_kind[one.kind]
        kind["programs"] += 1
        kind[chosen] += 1
        near = took <= 1.3 * best_took
        right = said / 2 < took < said * 2
        kind["soonest"] += near
        kind["honest"] += right
        soonest[str(near)] += 1
        honest[str(right)] += 1
        if not near:
            worst.append(
                (took / best_took, f"{one.kind}: {chosen} {took:.2f} ms, {best} {best_took:.2f}")
            )
    rows = [
        (
            name,
            str(kind["programs"]),
            f"{kind['soonest'] / kind['programs']:.0%}",
            f"{kind['honest'] / kind['programs']:.0%}",
            ", ".join(k for k in kind if k not in ("programs", "soonest", "honest")),
        )
        for name, kind in per_kind.items()
    ]
    table(("programs", "number", "soonest", "estimate", "engines taken"), rows)
    for ratio, text in sorted(worst, reverse=True)[:10]:
        print(f"- {ratio:.1f} times the soonest: {text}")
    share = soonest["True"] / soonest.total()
    print(f"\nWithin 1.3 of the soonest: {judged(share, 0.95, at_least=True)}")
    share = honest["True"] / honest.total()
    print(f"Estimate within a factor of 2: {judged(share, 0.9, at_least=True)}\n")


def _measured(one: Asked) -> tuple[str, float, str, float, float]:
    """The engine that is chosen and what it takes, the soonest and what that takes, and the
    estimate, in milliseconds."""
    program = load(one.qc, Bounds())
    noise = Noise(depolarizing=Depolarizing(0.001, 0.01), readout=0.01) if one.noisy else None
    options = Options(noise=noise)
    every = all_engines(_MEMORY_MB, engines())
    planner = Planner(_MEMORY_MB, every)
    question = Question(program, one.shots, options).shown()
    plan = planner.choose(question)
    said = plan.work(question).ms
    took = _soonest(lambda question: plan.counts(question, 1, 1), program, one.shots, options)
    assert took is not None
    chosen = plan.used[-1]
    best, best_took = chosen, took
    for engine in every:
        if engine.name == chosen and engine.method is plan.method:
            continue
        if not _may_try(engine, Question(program, one.shots, options).shown()):
            continue
        other = _soonest(
            lambda question, engine=engine: engine.counts(question, 1, 1),
            program,
            one.shots,
            options,
        )
        if other is not None and other < best_took:
            best, best_took = f"{engine.name} ({engine.method})", other
    return chosen, took, best, best_took, said


def _may_try(engine: Engine, question: Question) -> bool:
    if engine.method is Method.EXTENDED_STABILIZER or engine.refusal(question) is not None:
        return False
    size = engine.bytes(question)
    return size <= _MEMORY_MB << 20 and engine.work(question, size).ms <= _LONGEST_MS


def _soonest(
    run: Callable[[Question], Mapping[int, int]], program: Program, shots: int, options: Options
) -> float | None:
    """Milliseconds to the keys of the counts, the least of a few; None if the engine gives up."""
    sizes = [len(register) for register in program.registers]
    least = None
    for _ in range(_TURNS):
        question = Question(program, shots, options).shown().with_errors()
        began = time.perf_counter()
        try:
            keyed(run(question), sizes)
        except GivesUp:
            return None
        took = (time.perf_counter() - began) * 1000
        least = took if least is None else min(least, took)
        if took > _LONG_MS:
            break
    return least

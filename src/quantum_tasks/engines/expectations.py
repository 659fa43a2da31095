"""The expectation values of observables: exact, or from shots as a device would take them.

They are those in the state before a program's last measurements. Observables are of the declared
qubits. The program is one that was planned; who runs what is made of it is asked again.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from quantum_tasks.circuits.circuit import Measure, Operation, Program, Reset, collect
from quantum_tasks.circuits.noise import as_rows, misread
from quantum_tasks.circuits.observables import (
    Basis,
    Observable,
    as_read,
    bases,
    before_measurements,
    on_qubits,
    statistics,
    turns,
)
from quantum_tasks.engines import deadline
from quantum_tasks.engines.amplitudes import draw
from quantum_tasks.engines.engine import Question
from quantum_tasks.engines.planner import Plan
from quantum_tasks.engines.sampling import derived
from quantum_tasks.tasks import Expectation

# Bits (measured qubits, outcomes), and how often each outcome came.
Outcomes = tuple[NDArray[np.bool_], NDArray[np.int64]]


def exact(
    plan: Plan, question: Question, observables: Sequence[Observable], threads: int
) -> list[Expectation]:
    """The expectation values, which are the means over all shots also where measurements err.

    A measurement in the middle whose outcome nothing depends on is averaged over. Raises
    SimulationError where that is not possible, and MemoryError.
    """
    question = question.about(_prepared(question.program))
    readout = question.readout
    wanted = [as_read(on_qubits(one, question.program, readout), readout) for one in observables]
    values = plan.first(lambda engine: engine.exact(question, wanted, threads))
    return [
        Expectation(one.constant + value, 0.0) for one, value in zip(wanted, values, strict=True)
    ]


def measured(
    plan: Plan,
    question: Question,
    observables: Sequence[Observable],
    seed: int | None,
    threads: int,
) -> list[Expectation]:
    """The means of all shots in each basis that it takes to measure all words, and their standard
    errors. The gates that change the basis do not err, the measurements do.

    Raises SimulationError or MemoryError.
    """
    question = question.about(_prepared(question.program))
    wanted = [on_qubits(one, question.program, question.readout) for one in observables]
    means = [one.constant for one in wanted]
    squares = [0.0] * len(wanted)
    found = bases(wanted)
    outcomes = _outcomes(plan, question, found, seed, threads)
    for basis, (bits, times) in zip(found, outcomes, strict=True):
        for number, one in enumerate(wanted):
            mean, square = statistics(one, basis, bits, times)
            means[number] += mean
            squares[number] += square
    return [
        Expectation(mean, math.sqrt(square) if question.shots > 1 else None)
        for mean, square in zip(means, squares, strict=True)
    ]


def _outcomes(
    plan: Plan,
    question: Question,
    found: Sequence[Basis],
    seed: int | None,
    threads: int,
) -> Iterator[Outcomes]:
    """What is measured in each basis: drawn, if an engine has the probabilities."""
    probabilities = None
    for engine in plan.engines:
        probabilities = engine.probabilities(question, found, threads)
        if probabilities is not None:
            plan.note(engine)
            break
    if probabilities is None:
        for number, basis in enumerate(found):
            deadline.check()
            own = question.about(_measuring(question.program, basis))
            yield _counted(plan.again(own), own, derived(seed, number), threads)
        return
    for number, (basis, weights) in enumerate(zip(found, probabilities, strict=True)):
        random = np.random.Generator(np.random.PCG64(derived(seed, number)))
        shots = np.array([question.shots])
        _, values, times = draw(random, weights.clip(0.0)[None], shots)
        bits = as_rows(values, range(len(basis.measured)))
        said, times, _ = misread(random, bits, times, question.readout)
        yield said, times


def _measuring(program: Program, basis: Basis) -> Program:
    """The program, and then measurements of a basis, whose bits alone are shown."""
    used: set[int] = set()
    collect(program.operations, set(), used)
    first = max(used, default=1) + 1
    measures = [Measure(qubit, first + k) for k, qubit in enumerate(basis.measured)]
    return Program(
        program.qubits,
        [[measure.bit for measure in measures]],
        [*program.operations, *turns(basis), *measures],
    )


def _counted(plan: Plan, question: Question, seed: int | None, threads: int) -> Outcomes:
    counts = plan.counts(question, seed, threads)
    (shown,) = question.program.registers
    size = -(-len(shown) // 8)
    raw = b"".join(value.to_bytes(size, "little") for value in counts)
    packed = np.frombuffer(raw, dtype=np.uint8).reshape(-1, size)
    bits = np.unpackbits(packed, axis=1, count=len(shown), bitorder="little").T
    return bits.astype(np.bool_), np.array([*counts.values()], dtype=np.int64)


def _prepared(program: Program) -> Program:
    """The program up to its last measurements, without what resets a qubit that is new."""
    touched: set[int] = set()
    kept: list[Operation] = []
    for operation in before_measurements(program.operations):
        if isinstance(operation, Reset) and operation.qubit not in touched:
            continue
        collect([operation], touched, set())
        kept.append(operation)
    return msgspec.structs.replace(program, operations=kept)

"""Samples programs that measure, and then go on: all shots together, by their outcomes.

A measurement splits the shots of each branch at random. This gives the same distribution as
simulating one shot after the other. There are never more branches than shots, and those that have
become the same are merged.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping

import numpy as np

from quantum_tasks.circuits.circuit import Gate, Measure, Program, Reset, Unitary, weighted
from quantum_tasks.circuits.noise import MAX_QUBITS, Readout, depolarized
from quantum_tasks.engines.branches import AMPLITUDE, CALL, ROW, Group, Run, Seed, TooMuchWork
from quantum_tasks.engines.duration import RUN_MS, shots_ns, vector_ms
from quantum_tasks.engines.engine import TAKES_MATRIX, Engine, Question, Work
from quantum_tasks.engines.memory import vector_bytes
from quantum_tasks.engines.sampling import DRAWN_QUBITS, tallied
from quantum_tasks.engines.steps import Block
from quantum_tasks.tasks import Method

_BATCH_BYTES = 4 << 20  # of state vectors that err: what a core has at hand
_OPERATION_MS = 0.01
_SPLIT_MS = 0.04
_SPLIT_AMPLITUDE_MS = 5e-6
_BRANCH_MS = 0.002


class Branching(Engine):
    """State vectors of our own, one for all shots with the same outcomes so far. Many gates in a
    row on large ones are left to qsim.

    It gives up when that takes longer than one shot after the other would take Aer.
    """

    method = Method.STATEVECTOR
    name = "branching"

    def __init__(self, memory_mb: int, with_qsim: bool) -> None:
        self._max_bytes = memory_mb << 19
        self._with_qsim = with_qsim

    def refusal(self, question: Question) -> str | None:
        if question.exact:  # then no counts are wanted, and exact() gives up
            return TAKES_MATRIX if question.gates_err else None
        drawn = question.readout is None or question.program.qubits <= DRAWN_QUBITS
        if drawn and not question.gates_err and question.final is not None:
            return "it splits shots by what they measure, and nothing comes after a measurement"
        return None

    def bytes(self, question: Question) -> int:
        return vector_bytes(question.program)

    def work(self, question: Question, size: int) -> Work:
        ms = vector_ms(question)
        return Work(_branches_ms(question.program, question.shots) if ms is None else ms)

    def counts(self, question: Question, seed: int | None, threads: int) -> Mapping[int, int]:
        program, shots = question.program, question.shots
        if question.gates_err or question.readout is not None:
            return self._in_batches(question, seed)
        limit = shots_ns(program, shots)
        single = self._with_qsim and not question.double
        return sample(program, shots, seed, limit, self._max_bytes, single=single)

    def _in_batches(self, question: Question, seed: int | None) -> Counter[int]:
        """Shots that err have each a state of their own; a batch is what a core has at hand."""
        program, shots = question.program, question.shots
        at_once = max(1, min(shots, _BATCH_BYTES // (16 << program.qubits)))
        batches = -(-shots // at_once)
        limit = 2 * shots_ns(program, shots) / batches
        if any(len(error.qubits) > MAX_QUBITS for error in depolarized(program.operations)):
            limit = math.inf  # there is no other way
        counts: Counter[int] = Counter()
        for number, own in enumerate(np.random.SeedSequence(seed).spawn(batches)):
            part = min(at_once, shots - number * at_once)
            counts += sample(
                *(program, part, own, limit, self._max_bytes, question.readout),
                single=self._with_qsim and not question.double,
            )
        return counts


def _branches_ms(program: Program, shots: int) -> float:
    """How long it takes if each measurement divides each branch, as long as there are shots; what
    comes at the end is drawn from the states that there are then."""
    operations = program.operations
    end = len(operations)
    while end and type(operations[end - 1]) is Measure:
        end -= 1
    ms, branches, size = RUN_MS, 1.0, 2.0**program.qubits
    for operation, weight in weighted(operations[:end]):
        if type(operation) is Measure or type(operation) is Reset:
            branches = min(float(shots), branches * 2**weight)
            ms += weight * _SPLIT_MS
        ms += weight * (_OPERATION_MS + _SPLIT_AMPLITUDE_MS * branches * size)
    return ms + branches * _BRANCH_MS


def sample(
    program: Program,
    shots: int,
    seed: Seed,
    work_limit: float,
    max_bytes: int,
    readout: Readout | None = None,
    single: bool = False,
) -> Counter[int]:
    """How often each value of the shown bits occurs; the first bit is the least significant.

    The same seed gives the same counts. Raises TooMuchWork when the estimated work passes
    `work_limit` nanoseconds, or the branches would take more than `max_bytes`. Measurements err as
    `readout` says.
    """
    try:
        run = Run(program, shots, seed, work_limit, max_bytes, readout, single)
        return _sample(run, program)
    except MemoryError:
        raise TooMuchWork("out of memory") from None


def _sample(run: Run, program: Program) -> Counter[int]:
    gates = sum(isinstance(operation, (Gate, Unitary)) for operation in program.operations)
    run.expect(gates * (CALL + AMPLITUDE * 2.0**program.qubits))
    width = sum(map(len, program.registers))
    block = Block(run, program.operations)
    block.annotate((1 << width) - 1, False)
    group = Group(run)
    block.run(run, group)
    run.spend(ROW * len(group.shots))
    return tallied(group.bits[:width], group.shots)

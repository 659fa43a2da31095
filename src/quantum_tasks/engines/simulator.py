"""From a circuit to a result: what a task asks for, as text."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np

from quantum_tasks.circuits.circuit import Program
from quantum_tasks.circuits.observables import observable
from quantum_tasks.engines import expectations
from quantum_tasks.engines.engine import Question, SimulationError
from quantum_tasks.engines.planner import Plan, Planner
from quantum_tasks.engines.sampling import derived, keyed
from quantum_tasks.errors import RESULT_TOO_LARGE
from quantum_tasks.tasks import Details, Expectation, Options

_VALUE_BYTES = 60  # of an expectation value and its standard error
# Different random draws of one task need different seeds: counts use the task's seed itself, the
# others seeds derived with these numbers.
_OF_OBSERVABLES, _OF_MEMORY = 1, 2


class Simulator:
    """The engines with this child's limits."""

    def __init__(self, memory_mb: int, max_result_bytes: int) -> None:
        self._planner = Planner(memory_mb)
        self._max_result_bytes = max_result_bytes

    def run(self, program: Program, shots: int, seed: int | None, threads: int = 1) -> str:
        """Runs a program and returns its counts as JSON text, keys in order.

        Raises ProgramError, SimulationError, or MemoryError.
        """
        question = Question(program, shots)
        plan = self._planner.choose(question)
        counts = plan.counts(question, seed, threads)
        return self._encoded(counts, program)

    def simulate(
        self, program: Program, shots: int, seed: int | None, options: Options, threads: int = 1
    ) -> tuple[str, Details | None]:
        """Runs a program as its options say: counts as run() writes them, and what was asked for
        besides.

        Without shots, expectation values are exact and counts are `{}`; they are `{}` as well if
        the program has no bits. The seed gives the same counts whatever else is asked for. Raises
        ProgramError, SimulationError, or MemoryError.
        """
        question = Question(program, shots, options)
        plan = self._planner.choose(question)
        question = question.with_errors()
        counts: Mapping[int, int] = {}
        if shots and any(program.registers):
            counts = plan.counts(question, seed, threads)
        keys = len(counts) + (sum(counts.values()) if options.memory else 0)
        self._check_size(keys, program, len(options.observables))
        text = self._encoded(counts, program)
        memory = _in_order(keyed(counts, _sizes(program)), seed) if options.memory else None
        values = self._values(plan, question, seed, threads) if options.observables else None
        if memory is None and values is None:
            return text, None
        return text, Details(memory=memory, expectation_values=values)

    def _values(
        self, plan: Plan, question: Question, seed: int | None, threads: int
    ) -> list[Expectation]:
        observables = [observable(terms) for terms in question.options.observables]
        if question.exact:
            return expectations.exact(plan, question, observables, threads)
        own = derived(seed, _OF_OBSERVABLES)
        return expectations.measured(plan, question, observables, own, threads)

    def _encoded(self, counts: Mapping[int, int], program: Program) -> str:
        self._check_size(len(counts), program)
        return msgspec.json.encode(keyed(counts, _sizes(program))).decode()

    def _check_size(self, keys: int, program: Program, values: int = 0) -> None:
        sizes = _sizes(program)
        size = (sum(sizes) + len(sizes) + 10) * keys + _VALUE_BYTES * values
        if size > self._max_result_bytes:
            raise SimulationError(
                RESULT_TOO_LARGE,
                f"The result has about {size} bytes, the limit is {self._max_result_bytes} "
                "(MAX_RESULT_BYTES): measure fewer bits or take fewer shots.",
            )


def _sizes(program: Program) -> list[int]:
    return [len(register) for register in program.registers]


def _in_order(counts: Mapping[str, int], seed: int | None) -> list[str]:
    """Each shot's outcome. Shots are exchangeable: any order of them is as probable as another."""
    random = np.random.Generator(np.random.PCG64(derived(seed, _OF_MEMORY)))
    keys = [*counts]
    numbers = np.arange(len(keys)).repeat([*counts.values()])
    random.shuffle(numbers)
    return [keys[number] for number in numbers.tolist()]

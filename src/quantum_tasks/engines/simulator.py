"""From a circuit to a result: what a task asks for, as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from quantum_tasks.circuits.circuit import Program
from quantum_tasks.circuits.observables import observable
from quantum_tasks.engines import deadline, exact, expectations
from quantum_tasks.engines.engine import Question, SimulationError
from quantum_tasks.engines.planner import Plan, Planner, all_engines
from quantum_tasks.engines.sampling import derived, keyed
from quantum_tasks.errors import RESULT_TOO_LARGE
from quantum_tasks.tasks import Details, Expectation, Options

_VALUE_BYTES = 60  # of an expectation value and its standard error
# Different random draws of one task need different seeds: counts use the task's seed itself, the
# others seeds derived with these numbers.
_OF_OBSERVABLES, _OF_MEMORY = 1, 2


_PLAIN = Options()


class Result(NamedTuple):
    """`counts` as JSON text, keys in order; `details`, if any were asked for; and the names of the
    `engines` that have found them."""

    counts: str
    details: Details | None
    engines: Sequence[str]


class Simulator:
    """The engines with this child's limits."""

    def __init__(
        self, memory_mb: int, max_result_bytes: int, engines: Sequence[str] | None = None
    ) -> None:
        """With the engines of these names, or all that are installed."""
        self._planner = Planner(memory_mb, all_engines(memory_mb, engines))
        self._max_result_bytes = max_result_bytes

    def run(
        self,
        program: Program,
        shots: int,
        seed: int | None,
        options: Options = _PLAIN,
        threads: int = 1,
        prepared: bytes = b"",
    ) -> Result:
        """Runs a program as its options say, with what was prepared when it was checked.

        Without shots, counts are `{}` and what else is wanted is exact; they are `{}` as well if
        the program has no bits. The seed gives the same counts whatever else is asked for. Raises
        ProgramError, SimulationError, or MemoryError.
        """
        deadline.check()
        question = Question(program, shots, options, prepared)
        shown = question.shown()
        if not options.observables:
            question = shown
        plan = of_counts = self._planner.choose(question)
        counts: Mapping[int, int] = {}
        if shots and any(program.registers):
            if shown is not question:
                of_counts = self._planner.choose(shown)
            counts = of_counts.counts(shown.with_errors(), seed, threads)
            if options.observables:
                deadline.check()
        question = question.with_errors()
        keys = len(counts) + (sum(counts.values()) if options.memory else 0)
        self._check_size(keys, program, len(options.observables))
        texts = keyed(counts, _sizes(program))
        details = None
        if question.takes_state:
            details = Details(exact=exact.known(plan, question, self._room(options), threads))
        elif options.memory or options.observables:
            memory = _in_order(texts, seed) if options.memory else None
            values = self._values(plan, question, seed, threads) if options.observables else None
            details = Details(memory=memory, expectation_values=values)
        engines = [*dict.fromkeys([*of_counts.used, *plan.used])]
        return Result(msgspec.json.encode(texts).decode(), details, engines)

    def _values(
        self, plan: Plan, question: Question, seed: int | None, threads: int
    ) -> list[Expectation]:
        observables = [observable(terms) for terms in question.options.observables]
        if question.exact:
            return expectations.exact(plan, question, observables, threads)
        own = derived(seed, _OF_OBSERVABLES)
        return expectations.measured(plan, question, observables, own, threads)

    def _room(self, options: Options) -> int:
        """The bytes that the result of one run may have."""
        return self._max_result_bytes // len(options.items or [None])

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

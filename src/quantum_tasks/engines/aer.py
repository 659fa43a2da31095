"""From operations to a result: what a task asks for, as text."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np

from quantum_tasks.circuits.circuit import Program
from quantum_tasks.circuits.noise import readout, with_errors
from quantum_tasks.circuits.observables import observable
from quantum_tasks.engines.controller import Controller, SimulationError
from quantum_tasks.engines.cost import plan
from quantum_tasks.engines.expectations import Expectations
from quantum_tasks.engines.methods import gates_err
from quantum_tasks.engines.sampler import Sampler, Way, derived
from quantum_tasks.engines.sampling import keyed
from quantum_tasks.errors import RESULT_TOO_LARGE
from quantum_tasks.tasks import Details, Expectation, Method, Options

_VALUE_BYTES = 60  # of an expectation value and its standard error
# What draws from one seed draws apart: counts by the seed itself, the others by these.
_OF_OBSERVABLES, _OF_MEMORY = 1, 2


class Simulator:
    """Aer with this child's limits."""

    def __init__(self, memory_mb: int, max_result_bytes: int) -> None:
        self._memory_mb = memory_mb
        self._max_result_bytes = max_result_bytes
        controller = Controller(memory_mb)
        self._sampler = Sampler(controller, memory_mb)
        self._expectations = Expectations(controller, self._sampler, memory_mb)

    def run(
        self,
        program: Program,
        shots: int,
        seed: int | None,
        method: str | None = None,
        threads: int = 1,
    ) -> str:
        """Runs a program and returns its counts as JSON text, keys in order.

        `method` is one of Aer's, or chosen by plan(). Raises ProgramError, SimulationError, or
        MemoryError.
        """
        planned = plan(program, self._memory_mb).method if method is None else method
        way = Way(planned, ours=method is None)
        return self._encoded(self._sampler.counts(program, shots, seed, way, threads), program)

    def simulate(
        self, program: Program, shots: int, seed: int | None, options: Options, threads: int = 1
    ) -> tuple[str, Details | None]:
        """Runs a program as its options say: counts as run() writes them, and what was asked for
        besides.

        Without shots, expectation values are exact and counts are `{}`; they are `{}` as well if
        the program has no bits. The seed gives the same counts whatever else is asked for. Raises
        ProgramError, SimulationError, or MemoryError.
        """
        planned = plan(program, self._memory_mb, options, shots).method
        # An extended stabilizer or a tableau is what it is; a state vector may be ours.
        ours = options.method in (Method.AUTOMATIC, Method.STATEVECTOR)
        way = Way(planned, ours, gates_err(options.noise), readout(options.noise))
        noisy = msgspec.structs.replace(
            program, operations=with_errors(program.operations, options.noise)
        )
        counts: Mapping[int, int] = {}
        if shots and any(program.registers):
            counts = self._sampler.counts(noisy, shots, seed, way, threads)
        keys = len(counts) + (sum(counts.values()) if options.memory else 0)
        self._check_size(keys, program, len(options.observables))
        text = self._encoded(counts, program)
        memory = _in_order(keyed(counts, _sizes(program)), seed) if options.memory else None
        values = None
        if options.observables:
            values = self._values(noisy, shots, seed, options, way, threads)
        if memory is None and values is None:
            return text, None
        return text, Details(memory=memory, expectation_values=values)

    def _values(
        self,
        program: Program,
        shots: int,
        seed: int | None,
        options: Options,
        way: Way,
        threads: int,
    ) -> list[Expectation]:
        observables = [observable(terms) for terms in options.observables]
        if shots == 0:
            return self._expectations.exact(program, observables, way, threads)
        own = derived(seed, _OF_OBSERVABLES)
        return self._expectations.measured(program, observables, shots, own, way, threads)

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

"""Which engine runs a circuit: each is asked, in the order of preference."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import msgspec

from quantum_tasks.circuits.circuit import Measure, flat
from quantum_tasks.circuits.clifford import is_clifford
from quantum_tasks.engines.aer import (
    DensityMatrix,
    ExtendedStabilizer,
    MatrixProductState,
    Stabilizer,
    StateVector,
)
from quantum_tasks.engines.branching import Branching
from quantum_tasks.engines.controller import Controller
from quantum_tasks.engines.engine import Engine, GivesUp, Question, SimulationError, Work
from quantum_tasks.engines.memory import amount, density_bytes, product_state_bytes, vector_bytes
from quantum_tasks.errors import SIMULATION_FAILED, MemoryExceeded, MethodUnsuitable
from quantum_tasks.parsing.mistakes import ProgramError
from quantum_tasks.tasks import Method

Answer = TypeVar("Answer")

_SAMPLED_WELL = 25_000  # qubits times measured ones: each sample of a tableau of more takes long
_MATRIX_NS, _MATRIX_CALL_NS = 3.7, 8_000  # an element of a density matrix, at an operation
_VECTOR_NS, _VECTOR_CALL_NS = 0.5, 20_000  # the same of state vectors, one for each shot
# In the order in which they are taken, and offered instead of one that will not do.
_USUAL = (Method.STATEVECTOR, Method.STABILIZER, Method.MATRIX_PRODUCT_STATE)


def all_engines(memory_mb: int) -> list[Engine]:
    """The engines, for states of so many MiB. Of those with the same method the first that can
    and fits is taken; the next follow if it gives up."""
    aer = Controller(memory_mb)
    return [
        Branching(memory_mb),
        StateVector(aer),
        DensityMatrix(aer),
        Stabilizer(aer),
        MatrixProductState(aer),
        ExtendedStabilizer(aer),
    ]


class Plan(msgspec.Struct, frozen=True):
    """How a program will be simulated: the method, the memory that the state takes, in bytes, and
    the engines that can, of which each follows if those before it give up."""

    method: Method
    bytes: int
    engines: Sequence[Engine]

    def work(self, question: Question) -> Work:
        """What it takes by the engine that takes least."""
        found = [engine.work(question, self.bytes) for engine in self.engines]
        if len(found) == 1:
            return found[0]
        return Work(min(one.ms for one in found), any(one.parallel for one in found))

    def counts(self, question: Question, seed: int | None, threads: int) -> Mapping[int, int]:
        """The counts that Engine.counts gives. Raises SimulationError or MemoryError."""
        return self.first(lambda engine: engine.counts(question, seed, threads))

    def first(self, ask: Callable[[Engine], Answer]) -> Answer:
        """What the first engine says that does not give up. Raises what it raises."""
        for engine in self.engines:
            try:
                return ask(engine)
            except GivesUp:
                continue
        raise SimulationError(SIMULATION_FAILED, "The simulator cannot run this program.")

    def again(self, question: Question) -> Plan:
        """The plan for a program that is made of this one: with those engines that can run it."""
        if len(self.engines) == 1:
            return self
        able = [engine for engine in self.engines if engine.refusal(question) is None]
        return Plan(self.method, self.bytes, able)


class Planner:
    """Chooses among engines, for a limit of memory."""

    def __init__(self, memory_mb: int, engines: Sequence[Engine] | None = None) -> None:
        self._limit = memory_mb << 20
        self._engines = all_engines(memory_mb) if engines is None else engines

    def choose(self, question: Question) -> Plan:
        """The plan, by the method that was asked for or the first that will do.

        Raises ProgramError if no method fits into the memory, saying what each would take, or if
        the one that was asked for will not do, saying why.
        """
        asked = question.options.method
        if asked is not Method.AUTOMATIC:
            return self._asked_for(asked, question)
        if question.gates_err:
            return self._noisy(question)
        return self._fitting(Method.STATEVECTOR, question) or self._without_a_vector(question)

    def _able(self, method: Method, question: Question) -> Plan | None:
        """The plan by a method, if it can: with the engines that fit, or one that does not."""
        fitting: list[Engine] = []
        size = 0
        large: Plan | None = None
        for engine in self._engines:
            if engine.method is not method or engine.refusal(question) is not None:
                continue
            own = engine.bytes(question)
            if own <= self._limit:
                size = size if fitting else own
                fitting.append(engine)
            else:
                large = large or Plan(method, own, [engine])
        return Plan(method, size, fitting) if fitting else large

    def _fitting(self, method: Method, question: Question) -> Plan | None:
        """The plan by a method, if it can and fits into the memory."""
        plan = self._able(method, question)
        # A tableau is small: one of 8000 qubits takes 64 MiB.
        if plan is None or (plan.bytes > self._limit and method is not Method.STABILIZER):
            return None
        return plan

    def _without_a_vector(self, question: Question) -> Plan:
        program = question.program
        tableau = self._able(Method.STABILIZER, question)
        product = self._able(Method.MATRIX_PRODUCT_STATE, question)
        operations = list(flat(program.operations))
        if tableau is not None:
            measured = sum(isinstance(operation, Measure) for operation in operations)
            sampled_well = program.qubits * measured <= _SAMPLED_WELL
            if product is None or tableau.bytes <= product.bytes or sampled_well:
                return tableau
        if product is not None and product.bytes <= self._limit:
            return product
        foreign = sum(not is_clifford(operation) for operation in operations)
        most = product_state_bytes(program) if product is None else product.bytes
        raise ProgramError(
            MemoryExceeded,
            f"The program has {program.qubits} entangled qubits: it needs "
            f"{amount(vector_bytes(program))} as a state vector and up to {amount(most)} as a "
            f"matrix product state; the limit is {self._limit_said}.",
            hint=f"{self._vector_qubits} qubits fit, or any number if the circuit entangles "
            f"little, or if it is Clifford (here {foreign} operations are not)",
        )

    def _noisy(self, question: Question) -> Plan:
        """The plan for a program whose gates err: a density matrix, if that is sooner; else a
        state vector for each shot, and what takes less."""
        program = question.program
        matrix = self._fitting(Method.DENSITY_MATRIX, question)
        if matrix is not None and (question.exact or _matrix_is_sooner(question)):
            return matrix
        if question.exact:
            raise ProgramError(
                MemoryExceeded,
                f"With noise, exact expectation values of {program.qubits} qubits need a density "
                f"matrix of {amount(density_bytes(program))}; the limit is {self._limit_said}.",
                hint="take shots, or leave the noise out",
                pointer="/noise",
            )
        for method in _USUAL:
            if plan := self._fitting(method, question):
                return plan
        raise ProgramError(
            MemoryExceeded,
            f"The program has {program.qubits} qubits and noise: it needs "
            f"{amount(vector_bytes(program))} as a state vector and up to "
            f"{amount(product_state_bytes(program))} as a matrix product state; the limit is "
            f"{self._limit_said}.",
            hint=f"{self._vector_qubits} qubits fit, or more if the circuit is Clifford",
        )

    def _asked_for(self, method: Method, question: Question) -> Plan:
        plan = self._able(method, question)
        if plan is None:
            # The last engine of a method is the one that can most.
            reason = [one for one in self._engines if one.method is method][-1].refusal(question)
            raise ProgramError(
                MethodUnsuitable,
                f"The method '{method}' does not suit this program: {reason}.",
                hint=self._offer(method, question),
                pointer="/method",
            )
        if plan.bytes > self._limit:
            raise ProgramError(
                MemoryExceeded,
                f"The program has {question.program.qubits} qubits: by the method '{method}' it "
                f"needs {amount(plan.bytes)}; the limit is {self._limit_said}.",
                hint=self._offer(method, question),
                pointer="/method",
            )
        return plan

    def _offer(self, asked: Method, question: Question) -> str:
        counted = Question(question.program, max(1, question.shots), question.options)
        for method in _USUAL:
            if method is not asked and (plan := self._fitting(method, counted)):
                size = amount(plan.bytes)
                return f"'{method}' would do, with {size}; 'automatic' chooses by itself"
        return (
            f"no other method will do either; {self._vector_qubits} qubits fit into a state vector"
        )

    @property
    def _limit_said(self) -> str:
        return f"{amount(self._limit)} (SIMULATOR_MEMORY_MB)"

    @property
    def _vector_qubits(self) -> int:
        return (self._limit // 16).bit_length() - 1


def _matrix_is_sooner(question: Question) -> bool:
    """Whether a density matrix, once, is sooner than a state vector for each shot of some runs.

    After a measurement in the middle it would be one for each shot as well.
    """
    if question.final is None:
        return False
    qubits = question.program.qubits
    matrix = _MATRIX_CALL_NS + _MATRIX_NS * 4.0**qubits
    vectors = _VECTOR_CALL_NS + _VECTOR_NS * question.shots * 2.0**qubits
    return matrix <= vectors * question.runs

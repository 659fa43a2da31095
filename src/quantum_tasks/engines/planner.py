"""Which engine runs a circuit: each is asked, in the order of preference."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property
from typing import TypeVar

import msgspec

from quantum_tasks import capability
from quantum_tasks.capability import ALWAYS, LEAST_MEMORY_MB, OPTIONAL
from quantum_tasks.circuits.circuit import Program, flat
from quantum_tasks.circuits.clifford import is_clifford
from quantum_tasks.engines.aer.controller import Controller
from quantum_tasks.engines.aer.extended import ExtendedStabilizer
from quantum_tasks.engines.aer.methods import (
    DensityMatrix,
    MatrixProductState,
    Stabilizer,
    StateVector,
    product_bytes,
)
from quantum_tasks.engines.branching import Branching
from quantum_tasks.engines.engine import Engine, GivesUp, Question, SimulationError, Work
from quantum_tasks.engines.memory import amount, density_bytes, vector_bytes
from quantum_tasks.engines.qsim import Qsim
from quantum_tasks.engines.stim import Stim
from quantum_tasks.errors import (
    SIMULATION_FAILED,
    MemoryExceeded,
    MethodUnsuitable,
    NoMeasurements,
)
from quantum_tasks.parsing.mistakes import ProgramError, invalid
from quantum_tasks.tasks import MOST_STATE_QUBITS, Method

Answer = TypeVar("Answer")

_MATRIX_NS, _MATRIX_CALL_NS = 3.7, 8_000  # an element of a density matrix, at an operation
_VECTOR_NS, _VECTOR_CALL_NS = 0.5, 20_000  # the same of state vectors, one for each shot
_SINGLE_BYTES = 8  # of an amplitude, at least
_PRODUCT_ESTIMATE_MS = 0.05  # an operation: what product_state_bytes takes
_MOST_MB = 1 << 30  # that an instance might have
_MOST_MEASURED = 22  # bits whose outcomes all get their probability, as far as memory goes
# In the order in which they are taken, and offered instead of one that will not do.
_USUAL = (Method.STATEVECTOR, Method.STABILIZER, Method.MATRIX_PRODUCT_STATE)


def all_engines(memory_mb: int, names: Collection[str] | None = None) -> list[Engine]:
    """The engines, for states of so many MiB: of those that not every instance has the ones with
    these names, or those that are installed. Of those with the same method the first that can and
    fits is taken; the next follow if it gives up."""
    aer = Controller(memory_mb)
    names = capability.engines() if names is None else names
    return [
        *([Qsim(memory_mb)] if "qsim" in names else []),
        Branching(memory_mb, with_qsim="qsim" in names),
        *([Stim(memory_mb)] if "stim" in names else []),
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
    used: list[str] = msgspec.field(default_factory=list)  # the names of those that have answered

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
                answer = ask(engine)
            except GivesUp:
                continue
            self.note(engine)
            return answer
        raise SimulationError(SIMULATION_FAILED, "The simulator cannot run this program.")

    def note(self, engine: Engine) -> None:
        """Remembers that an engine has answered."""
        if engine.name not in self.used:
            self.used.append(engine.name)

    def again(self, question: Question) -> Plan:
        """The plan for a program that is made of this one: with those engines that can run it."""
        if len(self.engines) == 1:
            return self
        able = [engine for engine in self.engines if engine.refusal(question) is None]
        return Plan(self.method, self.bytes, able, self.used)


class Planner:
    """Chooses among engines, for a limit of memory."""

    def __init__(self, memory_mb: int, engines: Sequence[Engine] | None = None) -> None:
        self._memory_mb = memory_mb
        self._limit = memory_mb << 20
        self._engines = all_engines(memory_mb) if engines is None else engines

    @cached_property
    def _everywhere(self) -> list[Engine]:
        """The engines that some instance may have."""
        return all_engines(self._memory_mb, OPTIONAL)

    def choose(self, question: Question) -> Plan:
        """The plan, by the method that was asked for or the first that will do.

        Raises ProgramError if no method fits into the memory, saying what each would take, or if
        the one that was asked for will not do, saying why.
        """
        if question.takes_state:
            self._check_state(question)
        asked = question.options.method
        if asked is not Method.AUTOMATIC:
            return self._asked_for(asked, question)
        tableau = self._fitting(Method.STABILIZER, question)
        if question.prepared and tableau is not None and isinstance(tableau.engines[0], Stim):
            return tableau  # as was planned when it prepared this
        if tableau is not None and question.gates_err:
            return _sooner(self._fitting_noisy(question), tableau, question)
        if question.gates_err:
            return self._noisy(question)
        single = _SINGLE_BYTES << question.program.qubits
        vector = None if single > self._limit else self._fitting(Method.STATEVECTOR, question)
        if vector is None:
            return self._without_a_vector(question, tableau)
        return vector if tableau is None else _sooner(vector, tableau, question)

    def needs(self, question: Question, plan: Plan) -> dict[str, int] | None:
        """What an instance needs so that it can do as planned: any of the engines of the plan's
        method, and its memory in MiB. None if every instance can."""
        found: dict[str, int] = {}
        for engine in [*plan.engines, *self._everywhere]:
            if engine.method is not plan.method or engine.refusal(question) is not None:
                continue
            known = engine is plan.engines[0]  # to ask again may take long
            size = plan.bytes if known else engine.bytes(question)
            least = engine.least_mb(question, size)
            if engine.family in ALWAYS and least <= LEAST_MEMORY_MB:
                return None
            if least <= min(_MOST_MB, found.get(engine.family, _MOST_MB)):
                found[engine.family] = least
        return found

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
                if not engine.gives_up:
                    break
            else:
                large = large or Plan(method, own, [engine])
        return Plan(method, size, fitting) if fitting else large

    def _fitting(self, method: Method, question: Question) -> Plan | None:
        """The plan by a method, if it can and fits into the memory."""
        plan = self._able(method, question)
        return None if plan is None or plan.bytes > self._limit else plan

    def _check_state(self, question: Question) -> None:
        """Raises ProgramError unless the program ends in a state, of which there is something to
        show."""
        final, program = question.final, question.program
        if final is None:
            raise invalid(
                'With "shots": 0, probabilities are exact, which takes a program that measures at '
                "its end only, and resets no qubit that it has used.",
                "/shots",
                'take shots: "shots": 1024',
            )
        known = program.declared <= MOST_STATE_QUBITS and not question.gates_err
        if not known and not any(program.registers):
            raise ProgramError(
                NoMeasurements,
                "The program measures nothing into bits, so there would be no probabilities.",
                hint="declare bits and measure into them; without noise, a state vector of "
                f"{MOST_STATE_QUBITS} qubits needs no bits",
            )
        # Each bit errs by itself, even if a qubit was measured twice.
        measured = len(final.measured if question.readout is None else final.shown)
        most = min(_MOST_MEASURED, (self._limit >> 4).bit_length() - 4)
        if measured > most:
            raise invalid(
                f'With "shots": 0, the probabilities of all outcomes of at most {most} measured '
                f"bits are worked out, not of {measured}.",
                "/shots",
                "take shots, or measure fewer qubits",
            )

    def _without_a_vector(self, question: Question, tableau: Plan | None) -> Plan:
        if question.takes_state:
            raise ProgramError(
                MemoryExceeded,
                f'With "shots": 0, the program\'s {question.program.qubits} qubits need '
                f"{self._vector_said(question)} as a state vector; the limit is "
                f"{self._limit_said}.",
                hint=f"take shots; {self._vector_qubits(question)} qubits fit",
                pointer="/shots",
            )
        if tableau is not None:
            estimate = len(question.program.operations) * _PRODUCT_ESTIMATE_MS
            if tableau.work(question).ms <= estimate:
                return tableau  # which has run before a product state is estimated
        product = self._fitting(Method.MATRIX_PRODUCT_STATE, question)
        if tableau is not None:
            return _sooner(product, tableau, question)
        if product is not None:
            return product
        self._refuse_tableau(question)
        program = question.program
        foreign = sum(not is_clifford(operation) for operation in flat(program.operations))
        most = question.once(product_bytes)
        raise ProgramError(
            MemoryExceeded,
            f"The program has {program.qubits} entangled qubits: it needs "
            f"{self._vector_said(question)} as a state vector and up to {amount(most)} as a "
            f"matrix product state; the limit is {self._limit_said}.",
            hint=f"{self._vector_qubits(question)} qubits fit, or any number if the circuit "
            f"entangles little, or if it is Clifford (here {foreign} operations are not)",
        )

    def _fitting_noisy(self, question: Question) -> Plan | None:
        """A density matrix, if that is sooner; else a state vector for each shot, and what takes
        less."""
        matrix = self._fitting(Method.DENSITY_MATRIX, question)
        if matrix is not None and (question.exact or _matrix_is_sooner(question)):
            return matrix
        plans = () if question.exact else (self._fitting(method, question) for method in _USUAL)
        return next((plan for plan in plans if plan), None)

    def _noisy(self, question: Question) -> Plan:
        """The plan for a program whose gates err."""
        if plan := self._fitting_noisy(question):
            return plan
        program = question.program
        if question.exact:
            raise ProgramError(
                MemoryExceeded,
                f"With noise, exact values of {program.qubits} qubits need a density "
                f"matrix of {amount(density_bytes(program))}; the limit is {self._limit_said}.",
                hint="take shots, or leave the noise out",
                pointer="/noise",
            )
        self._refuse_tableau(question)
        raise ProgramError(
            MemoryExceeded,
            f"The program has {program.qubits} qubits and noise: it needs "
            f"{amount(vector_bytes(program))} as a state vector and up to "
            f"{amount(question.once(product_bytes))} as a matrix product state; the limit is "
            f"{self._limit_said}.",
            hint=f"{self._vector_qubits(question)} qubits fit, or more if the circuit is Clifford",
        )

    def _refuse_tableau(self, question: Question) -> None:
        """Says what a tableau takes, where it is the memory alone that it lacks."""
        tableau = self._able(Method.STABILIZER, question)
        if tableau is not None:
            raise ProgramError(
                MemoryExceeded,
                f"The program has {question.program.qubits} qubits and is Clifford: it needs "
                f"{amount(tableau.bytes)} as a tableau; the limit is {self._limit_said}.",
                hint="a tableau of half as many qubits takes a quarter of the memory",
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
        counted = question
        if not question.takes_state:
            counted = Question(question.program, max(1, question.shots), question.options)
        for method in _USUAL:
            if method is not asked and (plan := self._fitting(method, counted)):
                size = amount(plan.bytes)
                return f"'{method}' would do, with {size}; 'automatic' chooses by itself"
        most = self._vector_qubits(question)
        return f"no other method will do either; {most} qubits fit into a state vector"

    @property
    def _limit_said(self) -> str:
        return f"{amount(self._limit)} (SIMULATOR_MEMORY_MB)"

    def _vector_said(self, question: Question) -> str:
        """What a state vector takes, at the precision that is wanted."""
        plan = self._able(Method.STATEVECTOR, question)
        return amount(vector_bytes(question.program) if plan is None else plan.bytes)

    def _vector_qubits(self, question: Question) -> int:
        """How many qubits fit into a state vector at the precision that is wanted."""
        qubits = 0
        while (
            plan := self._able(Method.STATEVECTOR, question.about(Program(qubits + 1, [], [])))
        ) and plan.bytes <= self._limit:
            qubits += 1
        return qubits


def _sooner(plan: Plan | None, other: Plan, question: Question) -> Plan:
    """The one that takes less time."""
    if plan is None or other.work(question).ms < plan.work(question).ms:
        return other
    return plan


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

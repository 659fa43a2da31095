"""What an engine is: a simulator, asked about a circuit before it is told to run it.

It answers three questions. Can you (`refusal`)? What would it take (`bytes`, `work`)? Then it does
it (`counts`, `exact`, `state`, `probabilities`). Each engine is one class, and one line in
planner.py.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from quantum_tasks.circuits import noise
from quantum_tasks.circuits.circuit import Program
from quantum_tasks.circuits.lightcone import within_light_cone
from quantum_tasks.circuits.noise import Readout
from quantum_tasks.circuits.observables import Basis, Observable
from quantum_tasks.engines.sampling import Sampled, ending, sampled
from quantum_tasks.tasks import Method, Options, Precision

# What all but a density matrix say to Question.takes_matrix.
TAKES_MATRIX = "with noise, exact values take a density matrix"
# What all but those with a state say to Question.takes_state.
TAKES_STATE = "exact probabilities take a state vector or a density matrix"
NO_AVERAGE = (
    "What a measurement in the middle decides has no exact expectation value here: take shots."
)

# What an engine has made of a circuit at its check, in a form of its own.
Prepared = bytes

Answer = TypeVar("Answer")

_PLAIN = Options()


class SimulationError(Exception):
    """A run that failed and would fail again. `code` is one of errors.py's; `log` is for
    whoever runs the service."""

    def __init__(self, code: str, message: str, log: str = "") -> None:
        self.code = code
        self.log = log
        super().__init__(message)


class GivesUp(Exception):
    """An engine does not go on: another one is sooner, or the only one that can."""


class Question:
    """A circuit, and how it is to be run: what engines are asked about."""

    # Of every task that runs, some of which take 0.2 ms: what is asked often is worked out once.
    __slots__ = (
        "_final",
        "_has_errors",
        "_known",
        "_noisy",
        "double",
        "exact",
        "gates_err",
        "options",
        "prepared",
        "program",
        "readout",
        "shots",
        "takes_state",
    )

    def __init__(
        self,
        program: Program,
        shots: int = 1,
        options: Options = _PLAIN,
        prepared: Prepared = b"",
    ) -> None:
        """`prepared` is what Engine.prepare made of the same question when it was checked."""
        self.program = program
        self.prepared = prepared
        self.shots = shots
        self.options = options
        # Whether what is wanted is exact, not as shots say: the values of observables or, without
        # observables, how probable each outcome is.
        self.exact = shots == 0
        self.takes_state = shots == 0 and not options.observables
        # Whether single precision will not do.
        automatic = options.precision is Precision.AUTOMATIC
        self.double = options.precision is Precision.DOUBLE or (automatic and self.exact)
        # Whether noise is in the gates, and how measurements err.
        self.gates_err = False
        self.readout: Readout | None = None
        if options.noise is not None:
            errors = options.noise.depolarizing
            self.gates_err = errors is not None and any((errors.p1, errors.p2))
            self.readout = noise.readout(options.noise)
        self._final: Sampled | bool | None = False  # not known yet
        self._has_errors = False  # whether they are among the operations
        self._noisy: Question | None = None
        self._known: dict[Callable[[Question], Any], Any] | None = None

    @property
    def final(self) -> Sampled | None:
        """The program as gates and then measurements; None if it goes on after one."""
        if isinstance(self._final, bool):
            self._final = sampled(ending(self.program) if self.takes_state else self.program)
        return self._final

    @property
    def takes_matrix(self) -> bool:
        """Whether only a density matrix has the values: exact ones, of gates that err."""
        return self.exact and self.gates_err

    @property
    def runs(self) -> int:
        """How often it is run, at most: for its counts, and in each basis that observables are
        measured in. What reads no qubit is measured in any basis, with Z as well as another."""
        terms = (term for terms in self.options.observables for term in terms)
        return 1 + len({term.pauli.replace("I", "Z") for term in terms})

    def once(self, find: Callable[[Question], Answer]) -> Answer:
        """What a function says of this question, which asks it only once."""
        if self._known is None:
            self._known = {}
        if find not in self._known:
            self._known[find] = find(self)
        answer: Answer = self._known[find]
        return answer

    def about(self, program: Program) -> Question:
        """The same about another program."""
        question = Question(program, self.shots, self.options)
        question._has_errors = self._has_errors
        return question

    def shown(self) -> Question:
        """The same about that part of the program which its shown bits depend on: their
        distribution is the same. Itself if that is everything."""
        known = self.prepared and not self.options.observables  # it was made of that part
        if known or self.exact:
            return self
        program = within_light_cone(self.program)
        return self if program is self.program else self.about(program)

    def with_errors(self) -> Question:
        """The same with the errors of gates among the operations, as the engines run them."""
        if not self.gates_err or self._has_errors:
            return self
        if self._noisy is None:
            operations = noise.with_errors(self.program.operations, self.options.noise)
            self._noisy = self.about(msgspec.structs.replace(self.program, operations=operations))
            self._noisy._has_errors = True
        return self._noisy


class Work(msgspec.Struct, frozen=True):
    """How long a run takes one core, in milliseconds, within a factor of a few; and whether
    several cores take less."""

    ms: float
    parallel: bool = False


class Engine(ABC):
    """A simulator. It keeps nothing between two runs, and what it is told to do it can do."""

    # What it keeps of a state: it may be taken when this is asked for.
    method: ClassVar[Method]
    # What a task's record calls it: its name and version.
    name: ClassVar[str]
    # Whether it may give up, so that others have to follow.
    gives_up: ClassVar[bool] = True

    @property
    def family(self) -> str:
        """Its name without the version."""
        return self.name.partition(" ")[0]

    @abstractmethod
    def refusal(self, question: Question) -> str | None:
        """Why it cannot take the counts of this, as a sentence for a person without its full stop.
        None if it can."""

    @abstractmethod
    def bytes(self, question: Question) -> int:
        """The memory that the state takes. It is asked each time, before anything is run."""

    def least_mb(self, question: Question, size: int) -> int:
        """The least limit of memory, in MiB, into which its state fits, which takes `size` bytes
        at the limit of this engine."""
        return -(-size >> 20)

    @abstractmethod
    def work(self, question: Question, size: int) -> Work:
        """How long the counts take, with a state of so many bytes. It is asked at submission."""

    def prepare(self, question: Question) -> Prepared:
        """What it need not work out again when it runs this: stored with the program, and given
        back as Question.prepared. Nothing, for most."""
        return b""

    @abstractmethod
    def counts(self, question: Question, seed: int | None, threads: int) -> Mapping[int, int]:
        """How often each value of the shown bits comes out; bit 0 of a value is that of the first
        shown bit. The same seed gives the same. Errors of gates are among the operations.

        (The outcome of each shot is made of these: shots are exchangeable.)

        Raises GivesUp, SimulationError or MemoryError.
        """

    def exact(
        self, question: Question, observables: Sequence[Observable], threads: int
    ) -> list[float]:
        """The expectation value of each observable in the state at the program's end, without its
        constant. Observables are of the program's qubits.

        Raises GivesUp, as whoever has no exact values does, SimulationError or MemoryError.
        """
        raise GivesUp("it has no exact values")

    def state(self, question: Question, threads: int) -> NDArray[np.complexfloating]:
        """The state vector after the gates of a program that measures at its end, up to a global
        phase: 2^qubits amplitudes, qubit 0 the least significant.

        Raises GivesUp, as whoever has no state vector does, SimulationError or MemoryError.
        """
        raise GivesUp("it has no state vector")

    def probabilities(
        self, question: Question, bases: Sequence[Basis], threads: int
    ) -> Iterator[NDArray[np.float64]] | None:
        """For each basis, how probable each outcome of its measured qubits is (2^measured numbers,
        the first qubit the least significant). None where counts in each basis are the way.

        Raises SimulationError or MemoryError.
        """
        return None

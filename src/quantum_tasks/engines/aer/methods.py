"""Aer's methods of simulation: an engine for each."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quantum_tasks.capability import release
from quantum_tasks.circuits.circuit import (
    Branch,
    Depolarize,
    Gate,
    Loop,
    Measure,
    Operation,
    Program,
    Reset,
    Store,
    Unitary,
    flat,
    number_of,
)
from quantum_tasks.circuits.clifford import is_clifford
from quantum_tasks.circuits.decomposition import MAX_CONTROLS
from quantum_tasks.circuits.naming import described
from quantum_tasks.circuits.noise import model
from quantum_tasks.circuits.observables import Basis, Observable, letters, turns
from quantum_tasks.circuits.ordering import clustered
from quantum_tasks.engines.aer.assembly import (
    PROBABILITIES,
    STATE,
    assemble,
    assemble_bases,
    assemble_expectations,
    assemble_probabilities,
    assemble_state,
)
from quantum_tasks.engines.aer.controller import Controller
from quantum_tasks.engines.duration import BIT_MS, GATE_MS, RUN_MS, shots_ns, vector_ms
from quantum_tasks.engines.engine import (
    NO_AVERAGE,
    TAKES_MATRIX,
    TAKES_STATE,
    Engine,
    Question,
    SimulationError,
    Work,
)
from quantum_tasks.engines.memory import (
    density_bytes,
    product_state_bytes,
    tableau_bytes,
    vector_bytes,
)
from quantum_tasks.engines.sampling import DRAWN_QUBITS, Sampled, drawn
from quantum_tasks.errors import SIMULATION_FAILED
from quantum_tasks.tasks import Method

_FUSED_QUBITS = 14  # from which on Aer fuses gates
_SAVED_BYTES = 64 << 20  # of probabilities, in one run

_MATRIX_GATE_MS, _MATRIX_MS = 0.015, 7e-6  # an element of a density matrix, at a gate
_TABLEAU_RUN_MS, _TABLEAU_BIT_MS = 0.6, 1.5e-4  # once, and per qubit of a shot
_PRODUCT_BIT_MS = 2.4e-3  # per shot and qubit of a matrix product state
_PRODUCT_MS = 1e-6  # per element of a matrix, and per gate for each of a row's


class Aer(Engine):
    """What Aer does by any of its methods."""

    name = release("aer")

    def __init__(self, controller: Controller) -> None:
        self._controller = controller
        self._name = self.method.value  # an enum's member is slower to look up by
        self._saved_bytes = min(_SAVED_BYTES, controller.memory_mb << 16)

    def counts(self, question: Question, seed: int | None, threads: int) -> Mapping[int, int]:
        return self._counted(question, self._name, seed, threads)

    def exact(
        self, question: Question, observables: Sequence[Observable], threads: int
    ) -> list[float]:
        return self._expected(question.program, observables, self._name, threads)

    def _counted(
        self, question: Question, name: str, seed: int | None, threads: int, **more: Any
    ) -> Counter[int]:
        """The counts of all shots as Aer takes them, by a method of this name."""
        program = question.program
        options: dict[str, Any] = {"method": name, "shots": question.shots, **more}
        if seed is not None:
            options["seed_simulator"] = seed
        if any(isinstance(operation, (Branch, Loop, Store)) for operation in program.operations):
            # Truncation removes the label behind a loop that ends the circuit, and the run then
            # fails with "Invalid jump destination".
            options["enable_truncation"] = False
        # The errors of a density matrix are in the circuit already.
        errors = model([] if name == "density_matrix" else program.operations, question.readout)
        circuit = assemble(program, name)
        counts = self._controller.execute(circuit, options, threads, errors).get("counts")
        if not counts:
            raise SimulationError(SIMULATION_FAILED, "The simulator returned no counts.")
        # What lies above are bits that nobody sees.
        mask = (1 << sum(map(len, program.registers))) - 1
        seen: Counter[int] = Counter()
        for key, times in counts.items():
            seen[int(key, 16) & mask] += times
        return seen

    def _drawn(
        self, question: Question, final: Sampled, seed: int | None, threads: int
    ) -> Mapping[int, int]:
        """The counts, drawn from the probabilities that Aer has at the end."""
        if not final.measured:
            return {0: question.shots}
        circuit = assemble_probabilities(
            question.program.qubits, final.gates, final.measured, self._name
        )
        options = {"method": self._name, "shots": 1}
        found = self._controller.execute(circuit, options, threads)[PROBABILITIES]
        return drawn(found, final, question.shots, seed, question.readout)

    def _in_bases(
        self, program: Program, bases: Sequence[Basis], threads: int
    ) -> Iterator[NDArray[np.float64]] | None:
        """The probabilities in bases; None if it cannot have them, or they would be too many."""
        if not all(isinstance(one, (Gate, Unitary, Depolarize)) for one in program.operations):
            return None
        most = max((len(basis.measured) for basis in bases), default=0)
        if 8 << most > self._saved_bytes:
            return None
        at_once = max(1, self._saved_bytes // (8 << most))
        parts = [bases[start : start + at_once] for start in range(0, len(bases), at_once)]
        return (one for part in parts for one in self._saved(program, part, threads))

    def _saved(
        self, program: Program, bases: Sequence[Basis], threads: int
    ) -> Iterator[NDArray[np.float64]]:
        measured = [(turns(basis), basis.measured) for basis in bases]
        circuit = assemble_bases(
            program.qubits, program.operations, measured, self._name, PROBABILITIES
        )
        data = self._controller.execute(circuit, {"method": self._name, "shots": 1}, threads)
        for number in range(len(bases)):
            yield np.asarray(data[f"{PROBABILITIES}{number or ''}"])

    def _expected(
        self, program: Program, observables: Sequence[Observable], name: str, threads: int
    ) -> list[float]:
        """Exact values by a method of this name. A density matrix averages over measurements in
        the middle whose outcome nothing depends on."""
        kinds: tuple[type, ...] = (Gate, Unitary)
        if name == "density_matrix":
            kinds += (Depolarize, Measure, Reset)
        if not all(isinstance(one, kinds) for one in program.operations):
            raise SimulationError(SIMULATION_FAILED, NO_AVERAGE)
        qubits = max(1, program.qubits)
        sums = [
            [(letters(word, qubits), number) for word, number in one.words.items()]
            for one in observables
        ]
        asked = [number for number, terms in enumerate(sums) if terms]
        values = [0.0] * len(observables)
        if asked:
            circuit = assemble_expectations(program, [sums[number] for number in asked], name)
            data = self._controller.execute(circuit, {"method": name, "shots": 1}, threads)
            for place, number in enumerate(asked):
                values[number] = float(np.real(data[str(place)]))
        return values


class StateVector(Aer):
    """2^n amplitudes: one vector for all shots, or one for each."""

    method = Method.STATEVECTOR

    def refusal(self, question: Question) -> str | None:
        return TAKES_MATRIX if question.takes_matrix else None

    def bytes(self, question: Question) -> int:
        return vector_bytes(question.program)

    def work(self, question: Question, size: int) -> Work:
        ms = vector_ms(question)
        if ms is None:
            ms = shots_ns(question.program, question.shots) / 1e6
        return Work(ms, parallel=question.final is not None)

    def counts(self, question: Question, seed: int | None, threads: int) -> Mapping[int, int]:
        program, final = question.program, question.final
        if not question.gates_err and final is not None:
            if question.readout is None and program.qubits >= _FUSED_QUBITS:
                final = Sampled(clustered(final.gates), final.measured, final.shown)
                rest = [part for part in program.operations if isinstance(part, Measure)]
                operations: list[Operation] = [*final.gates, *rest]
                question = question.about(Program(program.qubits, program.registers, operations))
            if program.qubits <= DRAWN_QUBITS:
                return self._drawn(question, final, seed, threads)
        # If nobody asked for a vector, Aer may find something that is sooner.
        free = question.options.method is Method.AUTOMATIC and not question.gates_err
        return self._counted(question, "automatic" if free else self._name, seed, threads)

    def exact(
        self, question: Question, observables: Sequence[Observable], threads: int
    ) -> list[float]:
        operations = question.program.operations
        pure = all(isinstance(one, (Gate, Unitary)) for one in operations)
        name = self._name if pure else "density_matrix"
        return self._expected(question.program, observables, name, threads)

    def state(self, question: Question, threads: int) -> NDArray[np.complexfloating]:
        final = question.final
        assert final is not None
        circuit = assemble_state(question.program.qubits, final.gates, self._name)
        options = {"method": self._name, "shots": 1}
        return np.asarray(self._controller.execute(circuit, options, threads)[STATE])

    def probabilities(
        self, question: Question, bases: Sequence[Basis], threads: int
    ) -> Iterator[NDArray[np.float64]] | None:
        if question.gates_err:
            return None
        return self._in_bases(question.program, bases, threads)


class DensityMatrix(Aer):
    """4^n elements, which know of errors without drawing them."""

    method = Method.DENSITY_MATRIX

    def refusal(self, question: Question) -> str | None:
        return None

    def bytes(self, question: Question) -> int:
        return density_bytes(question.program)

    def work(self, question: Question, size: int) -> Work:
        program, shots = question.program, question.shots
        final = question.final is not None
        once = number_of(program.operations) * (_MATRIX_GATE_MS + _MATRIX_MS * 4.0**program.qubits)
        runs = 1 if final or question.gates_err else shots
        return Work(RUN_MS + runs * once + shots * program.qubits * BIT_MS, parallel=final)

    def counts(self, question: Question, seed: int | None, threads: int) -> Mapping[int, int]:
        final = question.final
        if final is not None and question.program.qubits <= DRAWN_QUBITS:
            return self._drawn(question, final, seed, threads)
        return self._counted(question, self._name, seed, threads)

    def probabilities(
        self, question: Question, bases: Sequence[Basis], threads: int
    ) -> Iterator[NDArray[np.float64]] | None:
        return self._in_bases(question.program, bases, threads)


class Stabilizer(Aer):
    """A tableau, of Clifford circuits."""

    method = Method.STABILIZER

    def refusal(self, question: Question) -> str | None:
        if question.takes_matrix:
            return TAKES_MATRIX
        if question.takes_state:
            return TAKES_STATE
        if (operation := question.once(_foreign)) is not None:
            return f"it takes Clifford gates only, not {described(operation, question.program)}"
        return None

    def bytes(self, question: Question) -> int:
        return tableau_bytes(question.program)

    def work(self, question: Question, size: int) -> Work:
        program, shots, qubits = question.program, question.shots, question.program.qubits
        if question.final is None or question.gates_err:
            return Work(shots_ns(program, shots) / 1e6 + shots * qubits * qubits * BIT_MS)
        run = number_of(program.operations) * (GATE_MS + qubits * BIT_MS)
        shot = qubits * (_TABLEAU_BIT_MS + qubits * BIT_MS)
        return Work(_TABLEAU_RUN_MS + run + shots * shot)


def _foreign(question: Question) -> Operation | None:
    """The first operation that a tableau cannot simulate."""
    known: set[object] = set()  # gates on other qubits: to look into each would take twice as long
    for operation in flat(question.program.operations):
        if type(operation) is Gate:
            key = (operation.name, len(operation.qubits), operation.params)
            if key in known:
                continue
            known.add(key)
        if not is_clifford(operation):
            return operation
    return None


class MatrixProductState(Aer):
    """Matrices as large as neighbours are entangled."""

    method = Method.MATRIX_PRODUCT_STATE

    def refusal(self, question: Question) -> str | None:
        if question.takes_matrix:
            return TAKES_MATRIX
        if question.takes_state:
            return TAKES_STATE
        for operation in flat(question.program.operations):
            if isinstance(operation, Gate) and len(operation.qubits) > MAX_CONTROLS + 1:
                what = described(operation, question.program)
                return f"it takes gates with {MAX_CONTROLS} controls at most, not {what}"
        return None

    def bytes(self, question: Question) -> int:
        return question.once(product_bytes)

    def work(self, question: Question, size: int) -> Work:
        qubits = question.program.qubits
        elements = size / (96 * max(1, qubits))
        gate = GATE_MS + elements * math.sqrt(elements) * _PRODUCT_MS
        run = number_of(question.program.operations) * gate
        shot = qubits * (_PRODUCT_BIT_MS + elements * _PRODUCT_MS)
        runs = question.shots if question.final is None or question.gates_err else 1
        return Work(RUN_MS + runs * run + question.shots * shot)


def product_bytes(question: Question) -> int:
    """Of a matrix product state; it takes long to say, so ask once."""
    return product_state_bytes(question.program)

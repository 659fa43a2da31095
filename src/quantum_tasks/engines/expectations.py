"""The expectation values of observables: exact, or from shots as a device would take them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from quantum_tasks.circuits.circuit import (
    Depolarize,
    Gate,
    Measure,
    Operation,
    Program,
    Reset,
    Unitary,
    collect,
)
from quantum_tasks.circuits.noise import as_rows, misread
from quantum_tasks.circuits.observables import (
    Basis,
    Observable,
    bases,
    before_measurements,
    letters,
    on_qubits,
    statistics,
    turns,
)
from quantum_tasks.engines.amplitudes import draw
from quantum_tasks.engines.assembly import (
    PROBABILITIES,
    assemble_bases,
    assemble_expectations,
)
from quantum_tasks.engines.controller import Controller, SimulationError
from quantum_tasks.engines.sampler import Sampler, Way, derived
from quantum_tasks.errors import SIMULATION_FAILED
from quantum_tasks.tasks import Expectation

# Bits (measured qubits, outcomes), and how often each outcome came.
Outcomes = tuple[NDArray[np.bool_], NDArray[np.int64]]

_SAVED_BYTES = 64 << 20  # of probabilities, in one run


class Expectations:
    """Values of observables in the state before a program's last measurements.

    Observables are of the declared qubits.
    """

    def __init__(self, controller: Controller, sampler: Sampler, memory_mb: int) -> None:
        self._saved_bytes = min(_SAVED_BYTES, memory_mb << 16)
        self._controller = controller
        self._sampler = sampler

    def exact(
        self,
        program: Program,
        observables: Sequence[Observable],
        way: Way,
        threads: int,
    ) -> list[Expectation]:
        """The expectation values; how measurements err plays no part.

        A measurement in the middle whose outcome nothing depends on is averaged over. Raises
        SimulationError where that is not possible, and MemoryError.
        """
        program = _prepared(program)
        wanted = [on_qubits(one, program) for one in observables]
        pure = all(isinstance(one, Gate | Unitary) for one in program.operations)
        method = way.method
        if method in ("automatic", "statevector"):
            method = "statevector" if pure else "density_matrix"
        averaged = Gate | Unitary | Depolarize | Measure | Reset
        if not (pure or method == "density_matrix") or not all(
            isinstance(one, averaged) for one in program.operations
        ):
            raise SimulationError(
                SIMULATION_FAILED,
                "What a measurement in the middle decides has no exact expectation value here: "
                "take shots.",
            )
        values = self._saved(program, wanted, method, threads)
        return [
            Expectation(one.constant + value, 0.0)
            for one, value in zip(wanted, values, strict=True)
        ]

    def _saved(
        self, program: Program, wanted: Sequence[Observable], method: str, threads: int
    ) -> list[float]:
        qubits = max(1, program.qubits)
        sums = [
            [(letters(word, qubits), number) for word, number in one.words.items()]
            for one in wanted
        ]
        asked = [number for number, terms in enumerate(sums) if terms]
        if not asked:
            return [0.0] * len(wanted)
        circuit = assemble_expectations(program, [sums[number] for number in asked], method)
        options = {"method": method, "shots": 1}
        data = self._controller.execute(circuit, options, threads)
        values = [0.0] * len(wanted)
        for place, number in enumerate(asked):
            values[number] = float(np.real(data[str(place)]))
        return values

    def measured(
        self,
        program: Program,
        observables: Sequence[Observable],
        shots: int,
        seed: int | None,
        way: Way,
        threads: int,
    ) -> list[Expectation]:
        """The means of `shots` shots in each basis that it takes to measure all words, and their
        standard errors. The gates that change the basis do not err, the measurements do."""
        program = _prepared(program)
        wanted = [on_qubits(one, program, way.readout) for one in observables]
        means = [one.constant for one in wanted]
        squares = [0.0] * len(wanted)
        found = bases(wanted)
        outcomes = self._outcomes(program, found, shots, seed, way, threads)
        for basis, (bits, times) in zip(found, outcomes, strict=True):
            for number, one in enumerate(wanted):
                mean, square = statistics(one, basis, bits, times)
                means[number] += mean
                squares[number] += square
        return [
            Expectation(mean, math.sqrt(square) if shots > 1 else None)
            for mean, square in zip(means, squares, strict=True)
        ]

    def _outcomes(
        self,
        program: Program,
        found: Sequence[Basis],
        shots: int,
        seed: int | None,
        way: Way,
        threads: int,
    ) -> Iterator[Outcomes]:
        """What is measured in each basis."""
        method = self._drawn_by(program, found, way)
        if method is None:
            for number, basis in enumerate(found):
                yield self._run(program, basis, shots, derived(seed, number), way, threads)
            return
        most = max((len(basis.measured) for basis in found), default=0)
        at_once = max(1, self._saved_bytes // (8 << most))
        options = {"method": method, "shots": 1}
        for start in range(0, len(found), at_once):
            part = found[start : start + at_once]
            measured = [(turns(basis), basis.measured) for basis in part]
            circuit = assemble_bases(
                program.qubits, program.operations, measured, method, PROBABILITIES
            )
            data = self._controller.execute(circuit, options, threads)
            for number, basis in enumerate(part):
                random = np.random.Generator(np.random.PCG64(derived(seed, start + number)))
                weights = np.asarray(data[f"{PROBABILITIES}{number or ''}"]).clip(0.0)[None]
                _, values, times = draw(random, weights, np.array([shots]))
                bits = as_rows(values, range(len(basis.measured)))
                said, times, _ = misread(random, bits, times, way.readout)
                yield said, times

    def _drawn_by(self, program: Program, found: Sequence[Basis], way: Way) -> str | None:
        """The method that gives probabilities to draw from, where that is possible and soonest."""
        if not all(isinstance(one, Gate | Unitary | Depolarize) for one in program.operations):
            return None
        if any(8 << len(basis.measured) > self._saved_bytes for basis in found):
            return None
        noisy = way.gates_err
        if way.method == "density_matrix":
            return "density_matrix" if noisy or not way.ours else "statevector"
        vector = way.method in ("automatic", "statevector") and not noisy
        return "statevector" if vector else None

    def _run(
        self,
        program: Program,
        basis: Basis,
        shots: int,
        seed: int | None,
        way: Way,
        threads: int,
    ) -> Outcomes:
        used: set[int] = set()
        collect(program.operations, set(), used)
        first = max(used, default=1) + 1
        measures = [Measure(qubit, first + k) for k, qubit in enumerate(basis.measured)]
        own = Program(
            program.qubits,
            [[measure.bit for measure in measures]],
            [*program.operations, *turns(basis), *measures],
        )
        counts = self._sampler.counts(own, shots, seed, way, threads)
        size = -(-len(measures) // 8)
        raw = b"".join(value.to_bytes(size, "little") for value in counts)
        packed = np.frombuffer(raw, dtype=np.uint8).reshape(-1, size)
        bits = np.unpackbits(packed, axis=1, count=len(measures), bitorder="little").T
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

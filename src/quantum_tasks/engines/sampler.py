"""Counts of one program, by the way that is soonest or by the method that was asked for."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np

from quantum_tasks.circuits.circuit import Branch, Loop, Measure, Program, Store
from quantum_tasks.circuits.noise import MAX_QUBITS, Readout, as_rows, depolarized, misread, model
from quantum_tasks.circuits.ordering import clustered
from quantum_tasks.engines import branching
from quantum_tasks.engines.amplitudes import draw
from quantum_tasks.engines.assembly import (
    PROBABILITIES,
    STATE,
    assemble,
    assemble_probabilities,
    assemble_state,
)
from quantum_tasks.engines.controller import Controller, SimulationError
from quantum_tasks.engines.sampling import DRAWN_QUBITS, Sampled, as_values, sampled, tallied
from quantum_tasks.errors import SIMULATION_FAILED

_VECTORS = ("automatic", "statevector", "density_matrix")  # instead of which ours may do
# Methods that are asked for probabilities whoever chose them, up to so many qubits.
_DRAWN = {"density_matrix": DRAWN_QUBITS, "extended_stabilizer": DRAWN_QUBITS}
_FUSED_QUBITS = 14  # from which on Aer fuses gates
_BATCH_BYTES = 4 << 20  # of state vectors that err: what a core has at hand


class Way(msgspec.Struct, frozen=True):
    """How counts are come by: `method` is one of Aer's. If it is `ours`, any other way that is
    sooner may be taken instead. Whether gates err, which is then in the program
    (noise.with_errors), and how measurements do."""

    method: str
    ours: bool
    gates_err: bool = False
    readout: Readout | None = None


class Sampler:
    """Runs programs for their counts."""

    def __init__(self, controller: Controller, memory_mb: int) -> None:
        self._controller = controller
        self._max_bytes = memory_mb << 19

    def counts(
        self, program: Program, shots: int, seed: int | None, way: Way, threads: int
    ) -> Mapping[int, int]:
        """How often each value of the shown bits comes out; the first bit is the least
        significant. Raises SimulationError or MemoryError."""
        final = sampled(program)
        counts = None
        if way.gates_err or way.readout is not None:
            if way.ours and way.method in _VECTORS:
                counts = self._soonest_noisy(program, final, shots, seed, way, threads)
        elif way.method in ("automatic", "statevector"):
            if final is not None and program.qubits >= _FUSED_QUBITS:
                final = Sampled(clustered(final.gates), final.measured, final.shown)
                rest = [part for part in program.operations if isinstance(part, Measure)]
                program = Program(program.qubits, program.registers, [*final.gates, *rest])
            if way.ours:
                counts = self._soonest(program, final, shots, seed, threads)
        if counts is None and final is not None and program.qubits <= _DRAWN.get(way.method, -1):
            counts = self._drawn(program.qubits, final, shots, seed, way, threads)
        if counts is None:
            counts = self._by_aer(program, shots, seed, way, threads)
        return counts

    def _by_aer(
        self, program: Program, shots: int, seed: int | None, way: Way, threads: int
    ) -> Mapping[int, int]:
        options: dict[str, Any] = {"method": way.method, "shots": shots}
        if seed is not None:
            options["seed_simulator"] = seed
        if way.method == "extended_stabilizer":
            # The default does not find its way between outcomes that one flip does not connect.
            options["extended_stabilizer_sampling_method"] = "norm_estimation"
        if any(isinstance(operation, Branch | Loop | Store) for operation in program.operations):
            # Truncation removes the label behind a loop that ends the circuit, and the run then
            # fails with "Invalid jump destination".
            options["enable_truncation"] = False
        exact = way.method == "density_matrix"  # errors are in the circuit already
        errors = model([] if exact else program.operations, way.readout)
        circuit = assemble(program, way.method)
        counts = self._controller.execute(circuit, options, threads, errors).get("counts")
        if not counts:
            raise SimulationError(SIMULATION_FAILED, "The simulator returned no counts.")
        # What lies above are bits that nobody sees.
        mask = (1 << sum(map(len, program.registers))) - 1
        seen: Counter[int] = Counter()
        for key, times in counts.items():
            seen[int(key, 16) & mask] += times
        return seen

    def _soonest(
        self, program: Program, final: Sampled | None, shots: int, seed: int | None, threads: int
    ) -> Mapping[int, int] | None:
        """The counts, where there is a sooner way to them than Aer's."""
        if final is not None:
            if program.qubits > DRAWN_QUBITS:
                return None
            way = Way("statevector", True)
            return self._drawn(program.qubits, final, shots, seed, way, threads)
        try:
            limit = branching.aer_work(program, shots)
            return branching.sample(program, shots, seed, limit, self._max_bytes)
        except branching.TooMuchWork:
            return None

    def _soonest_noisy(
        self,
        program: Program,
        final: Sampled | None,
        shots: int,
        seed: int | None,
        way: Way,
        threads: int,
    ) -> Mapping[int, int] | None:
        if final is not None and not way.gates_err and program.qubits <= DRAWN_QUBITS:
            exact = Way("statevector", True, readout=way.readout)
            return self._drawn(program.qubits, final, shots, seed, exact, threads)
        if final is not None and way.method == "density_matrix":
            return self._drawn(program.qubits, final, shots, seed, way, threads)
        try:
            return self._in_batches(program, shots, seed, way)
        except branching.TooMuchWork:
            return None

    def _in_batches(
        self, program: Program, shots: int, seed: int | None, way: Way
    ) -> Counter[int]:
        """By branches. Those of many shots that err have each a state of their own."""
        at_once = max(1, min(shots, _BATCH_BYTES // (16 << program.qubits)))
        batches = -(-shots // at_once)
        limit = 2 * branching.aer_work(program, shots) / batches
        if any(len(error.qubits) > MAX_QUBITS for error in depolarized(program.operations)):
            limit = math.inf  # there is no other way
        counts: Counter[int] = Counter()
        for number, own in enumerate(np.random.SeedSequence(seed).spawn(batches)):
            part = min(at_once, shots - number * at_once)
            counts += branching.sample(program, part, own, limit, self._max_bytes, way.readout)
        return counts

    def _drawn(
        self, qubits: int, final: Sampled, shots: int, seed: int | None, way: Way, threads: int
    ) -> Mapping[int, int]:
        if not final.measured:
            return {0: shots}
        if way.method == "extended_stabilizer":
            probabilities = self._probabilities(qubits, final, seed, threads)
        else:
            circuit = assemble_probabilities(qubits, final.gates, final.measured, way.method)
            options = {"method": way.method, "shots": 1}
            probabilities = self._controller.execute(circuit, options, threads)[PROBABILITIES]
        random = np.random.Generator(np.random.PCG64(seed))
        weights = np.asarray(probabilities).clip(0.0)[None]
        _, outcomes, times = draw(random, weights, np.array([shots]))
        if way.readout is None:
            values = as_values(outcomes, final.shown)
            return dict(zip(values, times.tolist(), strict=True))
        bits = as_rows(outcomes, [number for _, number in final.shown])
        said, times, _ = misread(random, bits, times, way.readout)
        shown = np.zeros((1 + max(place for place, _ in final.shown), len(times)), dtype=np.bool_)
        shown[[place for place, _ in final.shown]] = said
        return tallied(shown, times)

    def _probabilities(self, qubits: int, final: Sampled, seed: int | None, threads: int) -> Any:
        state = self.extended_state(qubits, final.gates, seed, threads)
        weights = (state.conj() * state).real.reshape((2,) * qubits)
        # Axis 0 is the last qubit; the first that is measured becomes the last axis.
        others = tuple(qubits - 1 - q for q in range(qubits) if q not in final.measured)
        left = sorted(final.measured, reverse=True)
        weights = weights.sum(axis=others)
        return weights.transpose([left.index(q) for q in reversed(final.measured)]).ravel()

    def extended_state(self, qubits: int, gates: Any, seed: int | None, threads: int) -> Any:
        """The state vector after gates, as an extended stabilizer has it: about right.

        Its own sampling takes 30 ms for each shot, and more for the right distribution.
        """
        options: dict[str, Any] = {"method": "extended_stabilizer", "shots": 1}
        options["extended_stabilizer_approximation_error"] = 0.03
        if seed is not None:
            options["seed_simulator"] = seed
        circuit = assemble_state(qubits, gates, "extended_stabilizer")
        state = np.asarray(self._controller.execute(circuit, options, threads)[STATE])
        return state / np.linalg.norm(state)


def derived(seed: int | None, number: int) -> int | None:
    """A seed of its own for each of several runs."""
    if seed is None:
        return None
    own = np.random.SeedSequence(seed, spawn_key=(number,)).generate_state(1, np.uint64)
    return int(own[0] >> np.uint64(1))

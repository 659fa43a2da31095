"""Aer's extended stabilizers, which are about right, and nobody's first choice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from quantum_tasks.circuits.circuit import Branch, Gate, Loop, Store, Unitary, number_of
from quantum_tasks.circuits.clifford import is_clifford
from quantum_tasks.circuits.decomposition import MAX_CONTROLS
from quantum_tasks.circuits.naming import described
from quantum_tasks.engines.aer.assembly import STATE, assemble_state
from quantum_tasks.engines.aer.methods import Aer
from quantum_tasks.engines.duration import BIT_MS, RUN_MS
from quantum_tasks.engines.engine import TAKES_MATRIX, TAKES_STATE, Question, Work
from quantum_tasks.engines.memory import extended_bytes
from quantum_tasks.engines.sampling import DRAWN_QUBITS, Sampled, drawn
from quantum_tasks.tasks import Method

_MAX_QUBITS = 63
_TERM_MS = 7e-5  # per amplitude
_SAMPLE_MS = 10.0  # the same, per qubit of a shot of more qubits


class ExtendedStabilizer(Aer):
    """A sum of stabilizer states: about right."""

    method = Method.EXTENDED_STABILIZER

    def refusal(self, question: Question) -> str | None:
        program = question.program
        if question.takes_matrix:
            return TAKES_MATRIX
        if question.takes_state:
            return TAKES_STATE
        if program.qubits > _MAX_QUBITS:
            return f"it takes {_MAX_QUBITS} qubits at most, not {program.qubits}"
        if question.gates_err:
            return "it cannot simulate gates that err"
        if program.qubits > DRAWN_QUBITS:
            # Of more, Aer samples wrongly by its quick way, and for hours by its right one.
            for operation in program.operations:
                if not is_clifford(operation):
                    what = described(operation, program)
                    most = f"beyond {DRAWN_QUBITS} qubits it takes Clifford gates only"
                    return f"{most}, not {what}"
        for operation in program.operations:
            if isinstance(operation, Branch | Loop | Store):
                return "it cannot do what a measurement decides"
            too_wide = isinstance(operation, Gate) and len(operation.qubits) > MAX_CONTROLS + 1
            if too_wide or isinstance(operation, Unitary):
                return f"it cannot do {described(operation, program)}"
        return None

    def bytes(self, question: Question) -> int:
        return extended_bytes(question.program)

    def work(self, question: Question, size: int) -> Work:
        qubits, shots = question.program.qubits, question.shots
        terms = size / (100 * max(1, qubits))
        operations = number_of(question.program.operations)
        run = terms * (operations + 2.0 ** min(qubits, DRAWN_QUBITS)) * _TERM_MS
        if (question.final is not None and qubits <= DRAWN_QUBITS) or terms <= 1:
            return Work(RUN_MS + run + shots * qubits * qubits * BIT_MS)
        return Work(RUN_MS + run + shots * qubits * terms * _SAMPLE_MS)

    def counts(self, question: Question, seed: int | None, threads: int) -> Mapping[int, int]:
        final = question.final
        if final is None or question.program.qubits > DRAWN_QUBITS:
            # The default does not find its way between outcomes that one flip does not connect.
            way = {"extended_stabilizer_sampling_method": "norm_estimation"}
            return self._counted(question, self._name, seed, threads, **way)
        if not final.measured:
            return {0: question.shots}
        qubits = question.program.qubits
        state = self._state(qubits, final, seed, threads)
        weights = (state.conj() * state).real.reshape((2,) * qubits)
        # Axis 0 is the last qubit; the first that is measured becomes the last axis.
        others = tuple(qubits - 1 - q for q in range(qubits) if q not in final.measured)
        left = sorted(final.measured, reverse=True)
        weights = weights.sum(axis=others)
        found = weights.transpose([left.index(q) for q in reversed(final.measured)]).ravel()
        return drawn(found, final, question.shots, seed, question.readout)

    def _state(self, qubits: int, final: Sampled, seed: int | None, threads: int) -> Any:
        """The state vector after the gates: about right.

        Its own sampling takes 30 ms for each shot, and more for the right distribution.
        """
        options: dict[str, Any] = {"method": self._name, "shots": 1}
        options["extended_stabilizer_approximation_error"] = 0.03
        if seed is not None:
            options["seed_simulator"] = seed
        circuit = assemble_state(qubits, final.gates, self._name)
        state = np.asarray(self._controller.execute(circuit, options, threads)[STATE])
        return state / np.linalg.norm(state)

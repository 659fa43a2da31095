"""What is exactly known of a program that ends in a state: how probable each outcome is, and the
state vector.

A measurement that errs makes of each probability a sum of several, with no chance in it.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from quantum_tasks.circuits.circuit import Operation, Program
from quantum_tasks.circuits.noise import Readout
from quantum_tasks.circuits.observables import Basis
from quantum_tasks.engines.amplitudes import NEVER
from quantum_tasks.engines.engine import Question, SimulationError
from quantum_tasks.engines.planner import Plan
from quantum_tasks.engines.sampling import as_values, constants, keyed
from quantum_tasks.engines.states import Amplitudes, weights
from quantum_tasks.errors import MEMORY_EXCEEDED, RESULT_TOO_LARGE
from quantum_tasks.tasks import MOST_OUTCOMES, MOST_STATE_QUBITS, Exact, Method, Rest

_DIGITS = 15  # what double precision knows of a probability
_PROBABILITY_BYTES = 28  # as JSON, with what stands around it


def known(plan: Plan, question: Question, most_bytes: int, threads: int) -> Exact:
    """The most probable outcomes, as many as have room in so many bytes of JSON, and the state
    vector, if there is one and it takes no more than half of these.

    Raises SimulationError or MemoryError.
    """
    vector, missing = None, _missing(plan, question, most_bytes)
    state = None
    if question.program.qubits <= MOST_STATE_QUBITS and plan.method is Method.STATEVECTOR:
        state = _state(plan, question, threads)
        if not missing:
            # Adding 0 makes 0.0 of -0.0.
            amplitudes = as_declared(state, question.program).astype("<c16") + 0.0
            vector = base64.b64encode(amplitudes.tobytes()).decode()
    room = most_bytes - (len(vector) if vector else 0)
    shown, rest = None, Rest(0, 0.0)
    if any(question.program.registers):
        shown, rest = _most_probable(question, _weights(plan, question, state, threads), room)
    return Exact(probabilities=shown, rest=rest, statevector=vector, no_statevector=missing)


def as_declared(state: Amplitudes, program: Program) -> Amplitudes:
    """The state of all declared qubits, qubit 0 the least significant: those that the program
    never touches are 0."""
    numbers = np.zeros(1, dtype=np.int64)
    for place in program.places:
        numbers = np.concatenate([numbers, numbers + (1 << place)])
    whole = np.zeros(1 << program.declared, dtype=np.complex128)
    whole[numbers] = state
    return whole


def misread(probabilities: NDArray[np.float64], readout: Readout) -> NDArray[np.float64]:
    """How probable it is to read each value of some bits, if each of them may be read wrongly."""
    up, down = readout
    for place in range(probabilities.size.bit_length() - 1):
        halves = probabilities.reshape(-1, 2, 1 << place)
        zero, one = halves[:, 0], halves[:, 1]
        read = [zero * (1 - up) + one * down, zero * up + one * (1 - down)]
        probabilities = np.stack(read, axis=1).reshape(-1)
    return probabilities


def _missing(plan: Plan, question: Question, most_bytes: int) -> str:
    """Why there is no state vector, as a sentence; "" if there is one."""
    declared = question.program.declared
    if declared > MOST_STATE_QUBITS:
        return (
            f"The program declares {declared} qubits; a state vector is shown of "
            f"{MOST_STATE_QUBITS} at most."
        )
    if question.gates_err:
        return "Gates that err leave a mixture of states, which has no state vector."
    if plan.method is not Method.STATEVECTOR:
        return f"The method '{plan.method}' has no state vector; 'statevector' has."
    if 22 << declared > most_bytes // 2:
        return (
            f"The state vectors of {declared} qubits would take too much of the result's "
            "MAX_RESULT_BYTES."
        )
    return ""


def _state(plan: Plan, question: Question, threads: int) -> Amplitudes:
    if question.program.qubits == 0:
        return np.ones(1, dtype=np.complex128)
    return plan.first(lambda engine: engine.state(question, threads))


def _weights(
    plan: Plan, question: Question, state: Amplitudes | None, threads: int
) -> NDArray[np.float64]:
    """How probable each outcome of the measured qubits is, in the order of `final.measured`."""
    final, program = question.final, question.program
    assert final is not None
    if not final.measured:
        return np.ones(1)
    if state is not None:
        return weights(state, final.measured)
    gates: list[Operation] = [*final.gates]
    alone = question.about(msgspec.structs.replace(program, operations=gates))
    basis = Basis((0, sum(1 << qubit for qubit in final.measured)), [])
    for engine in plan.engines:
        found = engine.probabilities(alone, [basis], threads)
        if found is not None:
            plan.note(engine)
            return _ordered(next(found), final.measured)
    raise SimulationError(MEMORY_EXCEEDED, "There is not enough memory for all probabilities.")


def _ordered(found: NDArray[np.float64], measured: Sequence[int]) -> NDArray[np.float64]:
    """Probabilities of qubits that are in their own order, for another order of them."""
    qubits = len(measured)
    kept = sorted(measured)
    axes = [qubits - 1 - kept.index(qubit) for qubit in reversed(measured)]
    return found.reshape((2,) * qubits).transpose(axes).reshape(-1)


def _most_probable(
    question: Question, probabilities: NDArray[np.float64], room: int
) -> tuple[dict[str, float], Rest]:
    """The outcomes as keys of counts, and what has no room. Raises SimulationError if not even one
    has."""
    final, program = question.final, question.program
    assert final is not None
    shown = final.shown
    if question.readout is not None:
        probabilities, shown = _read(probabilities, shown, question.readout)
    sizes = [len(register) for register in program.registers]
    most = min(MOST_OUTCOMES, room // (sum(sizes) + len(sizes) + _PROBABILITY_BYTES))
    if most < 1:
        raise SimulationError(
            RESULT_TOO_LARGE,
            "Not even one outcome has room in the result (MAX_RESULT_BYTES): sweep over fewer "
            "items or measure fewer bits.",
        )
    probabilities = probabilities.clip(0.0)
    probabilities /= probabilities.sum()
    outcomes = np.flatnonzero(probabilities >= NEVER)
    likely = probabilities[outcomes]
    first = _largest(likely, most)
    ones = constants(program)
    values = [value | ones for value in as_values(outcomes[first], shown)]
    numbers = [float(f"{number:.{_DIGITS}g}") for number in likely[first].tolist()]
    texts = keyed(dict(zip(values, numbers, strict=True)), sizes)
    by_weight = dict(sorted(texts.items(), key=lambda item: -round(item[1], _DIGITS)))
    probabilities[outcomes[first]] = 0.0
    left = round(float(probabilities.sum()), _DIGITS)
    return by_weight, Rest(len(likely) - len(first), left)


def _largest(numbers: NDArray[np.float64], most: int) -> NDArray[np.int64]:
    """The places of the largest numbers; of equal ones, those that come first."""
    if len(numbers) <= most:
        return np.arange(len(numbers))
    numbers = numbers.round(_DIGITS)
    least = np.partition(numbers, -most)[-most]
    larger = np.flatnonzero(numbers > least)
    equal = np.flatnonzero(numbers == least)[: most - len(larger)]
    return np.concatenate([larger, equal])


def _read(
    probabilities: NDArray[np.float64], shown: Sequence[tuple[int, int]], readout: Readout
) -> tuple[NDArray[np.float64], list[tuple[int, int]]]:
    """What measurements that err read, of each bit by itself, and which bit is at which place."""
    outcomes = np.arange(probabilities.size)
    values = np.zeros_like(outcomes)
    for bit, (_, number) in enumerate(shown):
        values |= (outcomes >> number & 1) << bit
    bits = np.zeros(1 << len(shown))
    bits[values] = probabilities
    return misread(bits, readout), [(place, bit) for bit, (place, _) in enumerate(shown)]

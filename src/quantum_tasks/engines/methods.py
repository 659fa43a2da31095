"""The methods of simulation that a request can ask for, and whether they suit a program."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from quantum_tasks.circuits.circuit import Branch, Gate, Loop, Operation, Program, Store, Unitary
from quantum_tasks.circuits.clifford import is_clifford
from quantum_tasks.circuits.decomposition import MAX_CONTROLS
from quantum_tasks.engines.memory import (
    amount,
    density_bytes,
    extended_bytes,
    flat,
    product_state_bytes,
    tableau_bytes,
    vector_bytes,
)
from quantum_tasks.engines.sampling import DRAWN_QUBITS, sampled
from quantum_tasks.errors import MemoryExceeded, MethodUnsuitable
from quantum_tasks.parsing.mistakes import ProgramError
from quantum_tasks.tasks import Method, Noise

_MATRIX_NS, _MATRIX_CALL_NS = 3.7, 8_000  # an element of a density matrix, at an operation
_VECTOR_NS, _VECTOR_CALL_NS = 0.5, 20_000  # the same of state vectors, one for each shot
MAX_EXTENDED_QUBITS = 63  # of Aer's extended stabilizer


class Plan(msgspec.Struct, frozen=True):
    """How a program will be simulated, and the memory that the state takes, in bytes.

    The method is one of Aer's. `automatic` is a state vector, or whatever gives the same sooner.
    """

    method: str
    bytes: int


_BYTES: dict[Method, Callable[[Program], int]] = {
    Method.STATEVECTOR: vector_bytes,
    Method.DENSITY_MATRIX: density_bytes,
    Method.STABILIZER: tableau_bytes,
    Method.EXTENDED_STABILIZER: extended_bytes,
    Method.MATRIX_PRODUCT_STATE: product_state_bytes,
}
# In the order in which they are offered instead of one that will not do.
_OFFERED = (Method.STATEVECTOR, Method.STABILIZER, Method.MATRIX_PRODUCT_STATE)


def gates_err(noise: Noise | None) -> bool:
    """Whether noise is in the gates, and not in the readout alone."""
    return (
        noise is not None
        and noise.depolarizing is not None
        and any((noise.depolarizing.p1, noise.depolarizing.p2))
    )


def asked_for(
    method: Method, program: Program, limit: int, noise: Noise | None, exact: bool = False
) -> Plan:
    """The plan for a method that was asked for; `exact` expectation values may be.

    Raises ProgramError if the method does not suit the program, or does not fit into the memory.
    """
    reason = unsuitable(method, program, noise)
    if exact and gates_err(noise) and method is not Method.DENSITY_MATRIX:
        reason = "with noise, exact expectation values take a density matrix"
    if reason:
        raise ProgramError(
            MethodUnsuitable,
            f"The method '{method}' does not suit this program: {reason}.",
            hint=_offer(method, program, limit, noise),
            pointer="/method",
        )
    size = _BYTES[method](program)
    if size > limit:
        raise ProgramError(
            MemoryExceeded,
            f"The program has {program.qubits} qubits: by the method '{method}' it needs "
            f"{amount(size)}; the limit is {amount(limit)} (SIMULATOR_MEMORY_MB).",
            hint=_offer(method, program, limit, noise),
            pointer="/method",
        )
    return Plan(method.value, size)


def noisy(program: Program, limit: int, exact: bool, shots: int, runs: int) -> Plan:
    """The plan for a program whose gates err, which is run so many times with so many shots.

    A density matrix, if that is sooner; else a state vector for each shot, and what takes less.
    Only a density matrix gives `exact` expectation values. Raises ProgramError if nothing will do.
    """
    density = Plan(Method.DENSITY_MATRIX, density_bytes(program))
    if density.bytes <= limit and (exact or _matrix_is_sooner(program, shots, runs)):
        return density
    if exact:
        raise ProgramError(
            MemoryExceeded,
            f"With noise, exact expectation values of {program.qubits} qubits need a density "
            f"matrix of {amount(density.bytes)}; the limit is {amount(limit)} "
            "(SIMULATOR_MEMORY_MB).",
            hint="take shots, or leave the noise out",
            pointer="/noise",
        )
    for method in _OFFERED:
        if fits(method, program, limit):
            return Plan(method.value, _BYTES[method](program))
    raise ProgramError(
        MemoryExceeded,
        f"The program has {program.qubits} qubits and noise: it needs "
        f"{amount(vector_bytes(program))} as a state vector and up to "
        f"{amount(product_state_bytes(program))} as a matrix product state; the limit is "
        f"{amount(limit)} (SIMULATOR_MEMORY_MB).",
        hint=f"{(limit // 16).bit_length() - 1} qubits fit, or more if the circuit is Clifford",
    )


def _matrix_is_sooner(program: Program, shots: int, runs: int) -> bool:
    """Whether a density matrix, once, is sooner than a state vector for each shot of some runs.

    After a measurement in the middle it would be one for each shot as well.
    """
    if sampled(program) is None:
        return False
    matrix = _MATRIX_CALL_NS + _MATRIX_NS * 4.0**program.qubits
    vectors = _VECTOR_CALL_NS + _VECTOR_NS * shots * 2.0**program.qubits
    return matrix <= vectors * runs


def unsuitable(method: Method, program: Program, noise: Noise | None = None) -> str | None:
    """Why a method cannot simulate a program at all; None if it can."""
    match method:
        case Method.STABILIZER:
            for operation in flat(program.operations):
                if not is_clifford(operation):
                    return f"it takes Clifford gates only, not {described(operation, program)}"
        case Method.EXTENDED_STABILIZER:
            return _not_extended(program, noise)
        case Method.MATRIX_PRODUCT_STATE:
            for operation in flat(program.operations):
                if isinstance(operation, Gate) and len(operation.qubits) > MAX_CONTROLS + 1:
                    what = described(operation, program)
                    return f"it takes gates with {MAX_CONTROLS} controls at most, not {what}"
    return None


def _not_extended(program: Program, noise: Noise | None) -> str | None:
    if program.qubits > MAX_EXTENDED_QUBITS:
        return f"it takes {MAX_EXTENDED_QUBITS} qubits at most, not {program.qubits}"
    if gates_err(noise):
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


def fits(method: Method, program: Program, limit: int, noise: Noise | None = None) -> bool:
    """Whether a method suits a program, and fits into the memory."""
    if method is not Method.STABILIZER and _BYTES[method](program) > limit:
        return False
    return unsuitable(method, program, noise) is None


def _offer(method: Method, program: Program, limit: int, noise: Noise | None) -> str | None:
    for other in _OFFERED:
        if other is not method and fits(other, program, limit, noise):
            size = amount(_BYTES[other](program))
            return f"'{other}' would do, with {size}; 'automatic' chooses by itself"
    most = (limit // 16).bit_length() - 1
    return f"no other method will do either; {most} qubits fit into a state vector"


def described(operation: Operation, program: Program) -> str:
    """'the gate rz(0.3) on qubit 2'; numbers are those of the declared qubits."""
    if not isinstance(operation, Gate | Unitary):
        return "this operation"
    places = program.places or range(program.qubits)
    qubits = [str(places[qubit]) for qubit in operation.qubits]
    where = f"qubit {qubits[0]}" if len(qubits) == 1 else f"qubits {', '.join(qubits[:10])}"
    if isinstance(operation, Unitary):
        return f"a gate that is a matrix, on {where}"
    angles = ", ".join(f"{angle:.6g}" for angle in operation.params)
    controls = len(qubits) - (2 if operation.name == "swap" else 1)
    name = gate_name(operation.name, controls)
    return f"the gate {name}({angles}) on {where}" if angles else f"the gate {name} on {where}"


def gate_name(name: str, controls: int) -> str:
    """What Qiskit calls a gate of ours with so many controls."""
    if not controls:
        return name
    if controls > 1 and name == "p":
        return "mcphase"
    if controls > 2:
        return "mcx" if name == "x" else f"c{controls}{name}"
    return "c" * controls + name

"""How a program will be simulated, read off its operations before anything is."""

from __future__ import annotations

from quantum_tasks.circuits.circuit import Measure, Program
from quantum_tasks.circuits.clifford import is_clifford
from quantum_tasks.engines.memory import (
    amount,
    flat,
    product_state_bytes,
    tableau_bytes,
    vector_bytes,
)
from quantum_tasks.engines.methods import Plan, asked_for, gates_err, noisy, unsuitable
from quantum_tasks.errors import MemoryExceeded
from quantum_tasks.parsing.mistakes import ProgramError
from quantum_tasks.tasks import Method, Options

_SAMPLED_WELL = 25_000  # qubits times measured ones: each sample of more takes long


def plan(program: Program, memory_mb: int, options: Options | None = None, shots: int = 1) -> Plan:
    """Chooses the simulation method, or takes the one that was asked for.

    `shots` help to choose: with none, what is asked for is exact. Raises ProgramError if no method
    fits into the memory, saying what each would take, or if the one that was asked for will not
    do.
    """
    limit = memory_mb << 20
    if options is not None:
        exact = shots == 0 and bool(options.observables)
        if options.method is not Method.AUTOMATIC:
            return asked_for(options.method, program, limit, options.noise, exact)
        if gates_err(options.noise):
            return noisy(program, limit, exact, shots, 1 + len(bases_of(options)))
    vector = vector_bytes(program)
    if vector <= limit:
        return Plan("automatic", vector)
    return _without_a_vector(program, limit)


def _without_a_vector(program: Program, limit: int) -> Plan:
    qubits, operations = program.qubits, list(flat(program.operations))
    foreign = sum(not is_clifford(operation) for operation in operations)
    tableau, product = tableau_bytes(program), product_state_bytes(program)
    measured = sum(isinstance(operation, Measure) for operation in operations)
    if foreign == 0 and (tableau <= product or qubits * measured <= _SAMPLED_WELL):
        return Plan("stabilizer", tableau)
    if product <= limit and unsuitable(Method.MATRIX_PRODUCT_STATE, program) is None:
        return Plan("matrix_product_state", product)
    most = (limit // 16).bit_length() - 1
    raise ProgramError(
        MemoryExceeded,
        f"The program has {qubits} entangled qubits: it needs {amount(vector_bytes(program))} as "
        f"a state vector and up to {amount(product)} as a matrix product state; the limit is "
        f"{amount(limit)} (SIMULATOR_MEMORY_MB).",
        hint=f"{most} qubits fit, or any number if the circuit entangles little, or if it is "
        f"Clifford (here {foreign} operations are not)",
    )


def bases_of(options: Options) -> set[str]:
    """The bases in which observables are measured, at most: those of their words. What reads no
    qubit is measured in any, with Z as well as with another."""
    return {term.pauli.replace("I", "Z") for terms in options.observables for term in terms}

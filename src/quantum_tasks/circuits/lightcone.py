"""The light cone of what a program shows: only what a shown bit depends on need be simulated."""

from __future__ import annotations

import msgspec

from quantum_tasks.circuits.circuit import (
    Depolarize,
    Gate,
    Measure,
    Operation,
    Program,
    Reset,
    Store,
    Unitary,
    collect,
    collect_bits,
    compact,
)


def within_light_cone(program: Program) -> Program:
    """The program without operations that no shown bit depends on, and without qubits that are
    left with none. The distribution of its counts is the same.

    What is done to qubits that nobody looks at afterwards, by itself or to each other, changes
    nothing for the others; neither does a measurement whose outcome is never read.
    """
    live: set[int] = set()  # qubits that matter after the operation
    bits = {bit for register in program.registers for bit in register}
    looked_at = {
        one.qubit for one in program.operations if type(one) is Measure and one.bit in bits
    }
    if len(looked_at) == program.qubits:
        return program  # most programs show all
    kept: list[Operation] = []
    for operation in reversed(program.operations):
        match operation:
            case Gate() | Unitary() | Depolarize():
                if live.isdisjoint(operation.qubits):
                    continue
                live.update(operation.qubits)
            case Measure():
                if operation.qubit not in live and operation.bit not in bits:
                    continue
                live.add(operation.qubit)
                bits.discard(operation.bit)
            case Reset():
                if operation.qubit not in live:
                    continue
                live.discard(operation.qubit)
            case Store():
                collect_bits(operation.value, bits)
            case _:
                # Whether a block is run, and how often, is not known: all in it matters.
                collect((operation,), live, bits)
        kept.append(operation)
    if len(kept) == len(program.operations):
        return program
    kept.reverse()
    left = compact(msgspec.structs.replace(program, operations=kept))
    places = [program.places[place] for place in left.places] if program.places else left.places
    return msgspec.structs.replace(left, declared=program.declared, places=places)

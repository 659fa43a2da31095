"""What is known of a program before it runs: how large it is, how deep, of which gates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from quantum_tasks.circuits.circuit import (
    Branch,
    Condition,
    Gate,
    Loop,
    Measure,
    Operation,
    Program,
    Reset,
    Store,
    Unitary,
    collect_bits,
    controls_of,
)
from quantum_tasks.circuits.naming import gate_name
from quantum_tasks.engines.planner import Plan
from quantum_tasks.tasks import Register, Stats

Depths = list[int] | defaultdict[int, int]


def stats(program: Program, plan: Plan, compile_ms: float) -> Stats:
    """The stats of a program that is to be simulated as planned."""
    counted = _Counted([0] * program.qubits)
    counted.add(program.operations)
    registers = [
        Register(name, len(bits))
        for name, bits in zip(program.names, program.registers, strict=False)
    ]
    return Stats(
        qubits=program.declared,
        clbits=sum(map(len, program.registers)),
        depth=counted.depth,
        gates=counted.gates,
        registers=registers,
        method=plan.method,
        memory_bytes=plan.bytes,
        compile_ms=round(compile_ms, 3),
    )


class _Counted:
    """Gates by their names, and how deep they are, as Qiskit counts both.

    A branch counts its longer side, and a loop counts its body once. Both end at the same depth on
    all qubits and bits that they touch.
    """

    def __init__(self, qubits: Depths, around: _Counted | None = None) -> None:
        self._qubits = qubits  # how deep each is
        self._bits: dict[int, int] = {}
        # Gates by their names and qubits; a block adds to those around it.
        self._gates: dict[tuple[str, int], int] = defaultdict(int)
        self._others: dict[str, int] = defaultdict(int)
        if around is not None:
            self._gates, self._others = around._gates, around._others

    @property
    def depth(self) -> int:
        """The length of the longest path."""
        qubits = self._qubits.values() if isinstance(self._qubits, dict) else self._qubits
        return max(max(qubits, default=0), max(self._bits.values(), default=0))

    @property
    def gates(self) -> dict[str, int]:
        """How many there are of each."""
        found = {
            gate_name(name, controls_of(name, qubits)): number
            for (name, qubits), number in self._gates.items()
        }
        return {**found, **self._others}

    def add(self, operations: Iterable[Operation]) -> None:
        """Counts operations. It runs for every gate of every submission."""
        depths, gates = self._qubits, self._gates
        for operation in operations:
            if type(operation) is Gate:
                qubits = operation.qubits
                size = len(qubits)
                gates[operation.name, size] += 1
                if size == 1:
                    depths[qubits[0]] += 1
                elif size == 2:
                    a, b = qubits
                    x, y = depths[a], depths[b]
                    depths[a] = depths[b] = (x if x > y else y) + 1
                else:
                    self._reach(qubits)
            elif type(operation) is Measure:
                self._others["measure"] += 1
                qubit, bit = operation.qubit, operation.bit
                depths[qubit] = self._bits[bit] = max(depths[qubit], self._bits.get(bit, 0)) + 1
            else:
                self._add_other(operation)

    def _add_other(self, operation: Operation) -> None:
        match operation:
            case Reset():
                self._others["reset"] += 1
                self._qubits[operation.qubit] += 1
            case Unitary():
                self._others["unitary"] += 1
                self._reach(operation.qubits)
            case Branch():
                self._others["if_else"] += 1
                self._add_blocks(operation.condition, operation.then, operation.otherwise)
            case Loop():
                self._others["while_loop"] += 1
                self._add_blocks(operation.condition, operation.body)
            case Store():
                bits = {operation.bit}
                collect_bits(operation.value, bits)
                self._reach((), bits, 0)

    def _add_blocks(self, condition: Condition, *blocks: list[Operation]) -> None:
        longest = 0
        qubits: set[int] = set()
        bits: set[int] = set()
        collect_bits(condition, bits)
        for block in blocks:
            inside = _Counted(defaultdict(int), self)
            inside.add(block)
            longest = max(longest, inside.depth)
            qubits.update(inside._qubits)
            bits.update(inside._bits)
        self._reach(qubits, bits, longest)

    def _reach(self, qubits: Iterable[int], bits: Iterable[int] = (), longer: int = 1) -> None:
        depths, others = self._qubits, self._bits
        depth = max([*[depths[qubit] for qubit in qubits], *[others.get(bit, 0) for bit in bits]])
        depth += longer
        for qubit in qubits:
            depths[qubit] = depth
        for bit in bits:
            others[bit] = depth

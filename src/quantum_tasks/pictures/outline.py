"""From a program to the steps of its drawing, each with the place of its statement."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from quantum_tasks.circuits.bounds import Bounds
from quantum_tasks.circuits.circuit import Condition, Measure, Program, Reset, Store
from quantum_tasks.circuits.outline import At, Barrier, Call, Closed, Opened
from quantum_tasks.errors import TooManyOperations
from quantum_tasks.language.compiler import Compiler
from quantum_tasks.language.program import Source
from quantum_tasks.parsing.mistakes import ProgramError
from quantum_tasks.pictures.conditions import Registers, written
from quantum_tasks.pictures.legible import If, While, bits_of, legible
from quantum_tasks.pictures.steps import Circuit, Step
from quantum_tasks.tasks import Register

MOST_STEPS = 10_000
MOST_WIRES = 1_000
_MOST_REGISTERS = 200
_MOST_ENDS = 100_000  # places where a step meets a wire
_DEEPEST = 20
_MANY_QUBITS = 20  # with more, those are left out with which nothing is done
_PARTS = 1024 * 9 * 5 * 7  # of pi: people write angles as some of them
_MOST_PARTS = 1024
_LONG = 200  # characters
_LONG_NAME = 40  # a name may be as long as a program, and stand in it ten thousand times


class _TooLargeError(Exception):
    pass


def outline(source: Source, bounds: Bounds) -> Circuit:
    """The circuit of what was compiled last; it has nothing but a reason if it cannot be drawn."""
    least = min(bounds.operations, 4 * MOST_STEPS)
    try:
        compiler, program = source.outline(msgspec.structs.replace(bounds, operations=least))
        return _Builder(source, compiler, program).circuit()
    except ProgramError as error:
        if error.problem is not TooManyOperations:  # which says nothing of how it would run
            return Circuit(left_out=f"The circuit cannot be drawn: {error.message}")
        many = f"more than {MOST_STEPS:,} operations"
    except _TooLargeError as error:
        many = str(error)
    return Circuit(left_out=f"The circuit has {many}: too many to be drawn here.")


class _Builder:
    """Writes the steps of one program."""

    def __init__(self, source: Source, compiler: Compiler, program: Program) -> None:
        self._program = program
        self._places = source.places()
        shown = {bit for register in program.registers for bit in register}
        self._operations: Sequence[Any] = legible(program.operations, shown)
        self._names = self._named_bits(compiler)
        self._registers = [*map(_short, program.names)]
        self._cells = {
            bit: (number, place)
            for number, bits in enumerate(program.registers)
            for place, bit in enumerate(bits)
        }
        # Of a register of one bit, a condition says the bit.
        self._readings = Registers([b if len(b) > 1 else [] for b in program.registers])
        self._hidden: dict[int, str] = {}
        self._at = (0, 0)
        self._written = 0
        self._ends = 0
        self._wires: dict[int, int] = {}
        self._declared = compiler.declarations.quantum_registers

    def _named_bits(self, compiler: Compiler) -> dict[int, str]:
        names: dict[int, str] = {}
        for name, bits in zip(self._program.names, self._program.registers, strict=True):
            is_single, short = compiler.declarations.is_single(name), _short(name)
            for place, bit in enumerate(bits):
                names[bit] = short if is_single else f"{short}[{place}]"
        return names

    def circuit(self) -> Circuit:
        """The whole circuit. Raises _TooLargeError."""
        if len(self._program.registers) > _MOST_REGISTERS:
            raise _TooLargeError(f"{len(self._program.registers):,} classical registers")
        wires: Sequence[int] = range(self._program.qubits)
        if self._program.qubits > _MANY_QUBITS:
            used: set[int] = set()
            _collect(self._operations, used)
            wires = sorted(used)
        if len(wires) > MOST_WIRES:
            raise _TooLargeError(f"{len(wires):,} qubits")
        self._wires = {qubit: number for number, qubit in enumerate(wires)}
        steps = self._steps(iter(self._operations), 0)
        sizes = map(len, self._program.registers)
        return Circuit(
            qubits=self._qubit_names(wires),
            registers=[
                Register(name, size) for name, size in zip(self._registers, sizes, strict=True)
            ],
            steps=steps,
        )

    def _qubit_names(self, wires: Iterable[int]) -> list[str]:
        names: dict[int, str] = {}
        for name, symbol in self._declared.items():
            short = _short(name)
            for place, qubit in enumerate(symbol.numbers):
                names[qubit] = short if symbol.scalar else f"{short}[{place}]"
        return [names[qubit] for qubit in wires]

    def _steps(self, operations: Iterable[Any], depth: int) -> list[Step]:
        """The steps of operations, up to the end of a box if they are in one."""
        if depth > _DEEPEST:
            raise _TooLargeError(f"more than {_DEEPEST} levels of blocks")
        steps: list[Step] = []
        operations = iter(operations)
        for operation in operations:
            match operation:
                case At():
                    self._at = self._places(operation.start)
                case Closed():
                    break
                case Opened():
                    at = self._at
                    inside = self._steps(operations, depth + 1)
                    self._at = at
                    if inside:
                        steps.append(self._step("call", text=_short(operation.name), steps=inside))
                case Store():
                    self._add_store(operation, steps)
                case If() | While():
                    at = self._at
                    if (block := self._block(operation, depth)) is not None:
                        steps.append(block)
                    self._at = at
                case _:
                    steps.append(self._single(operation))
            if self._written > MOST_STEPS:
                raise _TooLargeError(f"more than {MOST_STEPS:,} operations")
        return steps

    def _step(self, kind: Any, **members: Any) -> Step:
        self._written += 1
        return Step(kind=kind, line=self._at[0], column=self._at[1], **members)

    def _single(self, operation: Any) -> Step:
        match operation:
            case Call():
                return self._call(operation)
            case Measure():
                bit = self._cells.get(operation.bit)
                text = self._bit(operation.bit) if bit is None else ""
                on = self._on((operation.qubit,))
                return self._step("measure", qubits=on, bit=bit, text=text)
            case Reset():
                return self._step("reset", qubits=self._on((operation.qubit,)))
            case Barrier():
                return self._step("barrier", qubits=self._on(operation.qubits))
        raise AssertionError(operation)  # the compiler writes nothing else if it outlines

    def _on(self, qubits: Iterable[int]) -> list[int]:
        wires = [self._wires[qubit] for qubit in qubits]
        self._ends += len(wires)
        if self._ends > _MOST_ENDS:
            raise _TooLargeError(f"more than {_MOST_ENDS:,} places where a step meets a qubit")
        return wires

    def _call(self, call: Call) -> Step:
        controls = self._on(call.qubits[: len(call.controls)])
        return self._step(
            "gate",
            name=_short(call.name),
            text=_cut(", ".join(map(angle, call.angles))),
            qubits=self._on(call.qubits[len(call.controls) :]),
            controls=controls,
            open=[wire for wire, is_1 in zip(controls, call.controls, strict=True) if not is_1],
        )

    def _add_store(self, store: Store, steps: list[Step]) -> None:
        """Adds a store to the one before it, if that is of the same statement."""
        text = f"{self._bit(store.bit)} = {self._condition(store.value)}"
        reads = self._read(store.value)
        bit = self._cells.get(store.bit)
        before = steps[-1] if steps else None
        if before is None or before.kind != "set" or (before.line, before.column) != self._at:
            steps.append(self._step("set", text=_cut(text), bit=bit, reads=reads))
            return
        text = _cut(f"{before.text}; {text}")
        both = sorted({*before.reads, *reads})
        steps[-1] = msgspec.structs.replace(before, text=text, reads=both, bit=before.bit or bit)

    def _block(self, operation: If | While, depth: int) -> Step | None:
        text, reads = self._condition(operation.condition), self._read(operation.condition)
        at = self._at
        if isinstance(operation, While):
            steps, otherwise = self._steps(operation.body, depth + 1), []
        else:
            steps = self._steps(operation.then, depth + 1)
            self._at = at
            otherwise = self._steps(operation.otherwise, depth + 1)
        self._at = at
        if not steps and not otherwise:
            return None
        kind = "while" if isinstance(operation, While) else "if"
        return self._step(kind, text=text, reads=reads, steps=steps, otherwise=otherwise)

    def _condition(self, condition: Condition) -> str:
        return _cut(written(self._readings.read(condition), self._bit, self._registers))

    def _bit(self, bit: int) -> str:
        if bit in self._names:
            return self._names[bit]
        return self._hidden.setdefault(bit, f"t{len(self._hidden)}")

    def _read(self, condition: Condition) -> list[int]:
        return sorted({self._cells[bit][0] for bit in bits_of(condition) if bit in self._cells})


@lru_cache(1024)
def angle(radians: float) -> str:
    """An angle as people write it: as a part of pi, if it is one, else as a decimal number."""
    parts = radians / math.pi * _PARTS
    nearest = round(parts)
    if not nearest or abs(parts - nearest) > 1e-12 * abs(parts):
        return f"{radians:.4g}"
    common = math.gcd(nearest, _PARTS)
    times, of = abs(nearest) // common, _PARTS // common
    if times > _MOST_PARTS:
        return f"{radians:.4g}"
    sign = "-" if nearest < 0 else ""
    return f"{sign}{'' if times == 1 else times}π{'' if of == 1 else f'/{of}'}"


def _cut(text: str) -> str:
    return text if len(text) <= _LONG else f"{text[: _LONG - 1]}…"


def _short(name: str) -> str:
    return name if len(name) <= _LONG_NAME else f"{name[: _LONG_NAME - 1]}…"


def _collect(operations: Iterable[Any], qubits: set[int]) -> None:
    for operation in operations:
        match operation:
            case Call():
                qubits.update(operation.qubits)
            case Measure() | Reset():
                qubits.add(operation.qubit)
            case If():
                _collect(operation.then, qubits)
                _collect(operation.otherwise, qubits)
            case While():
                _collect(operation.body, qubits)

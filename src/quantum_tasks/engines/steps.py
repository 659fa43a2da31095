"""The steps of a program that is sampled by branches: each takes the branches through it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from functools import cached_property
from itertools import groupby

import numpy as np

from quantum_tasks.circuits.circuit import (
    Branch,
    Depolarize,
    Gate,
    Loop,
    Measure,
    Operation,
    Reset,
    Store,
    Unitary,
    collect_bits,
)
from quantum_tasks.engines import amplitudes, qsim
from quantum_tasks.engines.amplitudes import NEVER, Layout
from quantum_tasks.engines.branches import (
    AMPLITUDE,
    CALL,
    CONDITION,
    QSIM_AMPLITUDE,
    SPLIT,
    Group,
    Run,
)

# Gates that follow one another are worth a call of qsim's from so many qubits and gates on: numpy
# applies a gate to all branches at once, which is sooner for small states.
_QSIM_FROM = 12
_QSIM_GATES = 4


class _Step(ABC):
    """Part of a program. Its masks say which qubits it touches, which bits it may touch, which
    of them it reads before it writes them, and which it writes in any case."""

    qubits = 0
    bits = 0
    reads = 0
    writes = 0
    live = 0  # the bits that matter after it
    last = False  # whether no qubit is touched after it

    @abstractmethod
    def run(self, run: Run, group: Group) -> None:
        """Takes the branches through it."""

    def annotate(self, live: int, used: bool) -> None:
        """Learns which bits matter after it, and whether any qubit does."""
        self.live = live
        self.last = not used


class Block(_Step):
    """One step after the other."""

    def __init__(self, run: Run, operations: list[Operation]) -> None:
        self.steps = list(_steps(run, operations))
        if run.single and run.qubits >= _QSIM_FROM:
            self.steps = list(_together(run, self.steps))
        for step in reversed(self.steps):
            self.qubits |= step.qubits
            self.bits |= step.bits
            self.reads = step.reads | (self.reads & ~step.writes)
            self.writes |= step.writes

    def run(self, run: Run, group: Group) -> None:
        for step in self.steps:
            step.run(run, group)

    def annotate(self, live: int, used: bool) -> None:
        for step in reversed(self.steps):
            step.annotate(live, used)
            live = step.reads | (live & ~step.writes)
            used = used or step.qubits != 0


class _Apply(_Step):
    def __init__(self, operation: Gate | Unitary) -> None:
        for qubit in operation.qubits:
            self.qubits |= 1 << qubit
        self.operation = operation
        self._size = 1 if isinstance(operation, Gate) else len(operation.matrix)

    @cached_property
    def _apply(self) -> amplitudes.Apply:
        if isinstance(self.operation, Gate):
            return amplitudes.gate(self.operation)
        return amplitudes.unitary(self.operation)

    def run(self, run: Run, group: Group) -> None:
        run.spend(CALL + AMPLITUDE * self._size * group.amplitudes.size)
        group.amplitudes = self._apply(group.amplitudes)


class _ApplyAll(_Step):
    """Gates that follow one another, applied by qsim to one state after the other."""

    def __init__(self, run: Run, steps: list[_Apply]) -> None:
        for step in steps:
            self.qubits |= step.qubits
        self._gates = len(steps)
        self._evolution = qsim.Evolution([step.operation for step in steps], run.qubits)

    def run(self, run: Run, group: Group) -> None:
        states = group.amplitudes
        run.spend(len(states) * CALL + QSIM_AMPLITUDE * self._gates * states.size)
        for row, state in enumerate(states):
            states[row] = self._evolution.of(state)


class _Depolarize(_Step):
    def __init__(self, operation: Depolarize) -> None:
        self._operation = operation
        for qubit in operation.qubits:
            self.qubits |= 1 << qubit

    def run(self, run: Run, group: Group) -> None:
        group.err(run, self._operation.qubits, self._operation.probability)


class _Measure(_Step):
    """Measures different qubits into different bits."""

    def __init__(self, run: Run, pairs: list[Measure]) -> None:
        self._rows = [run.rows[pair.bit] for pair in pairs]
        self.bits = self.writes = run.mask(pair.bit for pair in pairs)
        self._measured = [pair.qubit for pair in pairs]
        for qubit in self._measured:
            self.qubits |= 1 << qubit
        self._total = run.qubits

    @cached_property
    def _layout(self) -> Layout:
        return Layout(self._measured, self._total)

    def run(self, run: Run, group: Group) -> None:
        run.spend(group.amplitudes.size * 2 * AMPLITUDE)
        weights = self._layout.weights(group.amplitudes)
        outcomes = group.split(run, self._layout, weights, weights, last=self.last)
        for place, row in enumerate(self._rows):
            group.bits[row] = outcomes >> place & 1
        if run.readout is not None:
            group.misread(run, self._rows)


class _Reset(_Step):
    def __init__(self, run: Run, qubit: int) -> None:
        self._qubit = qubit
        self.qubits = 1 << qubit
        self._layout = Layout([qubit], run.qubits)

    def run(self, run: Run, group: Group) -> None:
        run.spend(CALL + group.amplitudes.size * 3 * AMPLITUDE)
        weights = self._layout.weights(group.amplitudes)
        if weights[:, 1].max() < NEVER:
            return
        likely = weights
        if weights.min(axis=1).max() >= NEVER:
            # For the other branches the state is the same for both outcomes: nothing has to be
            # drawn.
            alone = amplitudes.separable(group.amplitudes, self._qubit, run.single)
            larger = np.eye(2)[weights.argmax(axis=1)]
            likely = np.where(alone[:, None], larger, weights)
        group.split(run, self._layout, weights, likely, reset=True)
        group.merge(run, self.live)


class _Store(_Step):
    def __init__(self, run: Run, operation: Store) -> None:
        read: set[int] = set()
        collect_bits(operation.value, read)
        self._row = run.rows[operation.bit]
        self._value = operation.value
        self.reads = run.mask(read)
        self.writes = 1 << self._row
        self.bits = self.reads | self.writes

    def run(self, run: Run, group: Group) -> None:
        run.spend(CONDITION + len(group.shots))
        group.bits[self._row] = run.evaluate(self._value, group.bits)


class _Branch(_Step):
    def __init__(self, run: Run, operation: Branch) -> None:
        read: set[int] = set()
        collect_bits(operation.condition, read)
        self._condition = operation.condition
        self._sides = Block(run, operation.otherwise), Block(run, operation.then)
        otherwise, then = self._sides
        self.qubits = then.qubits | otherwise.qubits
        self.reads = run.mask(read) | then.reads | otherwise.reads
        self.writes = then.writes & otherwise.writes
        self.bits = self.reads | then.bits | otherwise.bits

    def annotate(self, live: int, used: bool) -> None:
        super().annotate(live, used)
        for side in self._sides:
            side.annotate(live, used)

    def run(self, run: Run, group: Group) -> None:
        holds = run.evaluate(self._condition, group.bits)
        times = int(np.count_nonzero(holds))
        if isinstance(holds, bool) or times in (0, len(group.shots)):
            self._sides[times > 0].run(run, group)
            return
        run.spend(SPLIT + len(group.shots) * (len(group.bits) + 16))
        run.spend(group.amplitudes.size * AMPLITUDE)
        parts = group.part(holds)
        for side, part in zip(self._sides, parts, strict=True):
            side.run(run, part)
            if self.last:
                part.forget()
        group.become(parts)
        group.merge(run, self.live)


class _Loop(_Step):
    def __init__(self, run: Run, operation: Loop) -> None:
        self._row = run.rows[operation.condition]
        self._body = Block(run, operation.body)
        self.qubits = self._body.qubits
        self.reads = self._body.reads | 1 << self._row
        self.bits = self._body.bits | 1 << self._row

    def annotate(self, live: int, used: bool) -> None:
        super().annotate(live, used)
        self._body.annotate(live | self.reads, used or self.qubits != 0)

    def run(self, run: Run, group: Group) -> None:
        done: list[Group] = []
        while True:
            goes_on = group.bits[self._row]
            times = int(np.count_nonzero(goes_on))
            run.spend(CONDITION)
            if times == 0:
                break
            if times < len(group.shots):
                run.spend(SPLIT + len(group.shots) * (len(group.bits) + 16))
                run.spend(group.amplitudes.size * AMPLITUDE)
                left, remaining = group.part(goes_on)
                done.append(left)
                group.become([remaining])
            self._body.run(run, group)
            group.merge(run, self.live | self.reads)
        group.become([*done, group])
        group.merge(run, self.live)


def _together(run: Run, steps: list[_Step]) -> Iterator[_Step]:
    """The steps, with gates that follow one another as one."""
    for are_gates, some in groupby(steps, lambda step: isinstance(step, _Apply)):
        gates = list(some)
        if are_gates and len(gates) >= _QSIM_GATES:
            yield _ApplyAll(run, [gate for gate in gates if isinstance(gate, _Apply)])
        else:
            yield from gates


def _steps(run: Run, operations: list[Operation]) -> Iterator[_Step]:
    """The steps of operations. A measurement waits until its qubit or its bit is needed, so that
    as many as possible are made together, and as late as possible."""
    waiting: list[Measure] = []
    qubits = bits = 0
    for operation in operations:
        run.read()
        step: _Step
        match operation:
            case Measure():
                step = _Measure(run, [operation])
            case Gate() | Unitary():
                step = _Apply(operation)
            case Depolarize():
                step = _Depolarize(operation)
            case Reset():
                step = _Reset(run, operation.qubit)
            case Store():
                step = _Store(run, operation)
            case Branch():
                step = _Branch(run, operation)
            case Loop():
                step = _Loop(run, operation)
        if step.qubits & qubits or step.bits & bits:
            due = [
                one
                for one in waiting
                if step.qubits >> one.qubit & 1 or step.bits >> run.rows[one.bit] & 1
            ]
            yield _Measure(run, due)
            waiting = [one for one in waiting if one not in due]
            qubits = sum(1 << one.qubit for one in waiting)
            bits = run.mask(one.bit for one in waiting)
        if isinstance(operation, Measure):
            waiting.append(operation)
            qubits |= step.qubits
            bits |= step.bits
        else:
            yield step
    if waiting:
        yield _Measure(run, waiting)

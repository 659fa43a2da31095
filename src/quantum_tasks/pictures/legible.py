"""Rewrites a compiled program, for drawings, as a person would write it.

The compiler stores values that depend on measurements in hidden bits, one logical operation at a
time. Here, conditions use the program's own bits again, if those bits have not changed since.
Hidden bits that are then unused are left out.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from quantum_tasks.circuits.circuit import (
    Branch,
    Condition,
    Loop,
    Measure,
    Operation,
    Store,
    both,
    collect_bits,
    differ,
    either,
    negated,
    size,
)

_LARGE = 60  # parts: a longer condition stays a named bit

# What is known about a hidden bit: a condition that it is equal to, and the bits of that
# condition.
_Known = dict[int, tuple[Condition, frozenset[int]]]


class While(msgspec.Struct, frozen=True):
    """Runs its body as long as a condition holds."""

    condition: Condition
    body: list[Step]


class If(msgspec.Struct, frozen=True):
    """Runs `then` if the condition holds, else the other block; `then` is not empty."""

    condition: Condition
    then: list[Step]
    otherwise: list[Step]


Step = Operation | If | While


def legible(operations: Iterable[Operation], shown: set[int]) -> list[Step]:
    """The same operations, with conditions over shown bits wherever possible."""
    reader = _Reader(shown)
    return reader.without_unneeded(reader.read(operations))


def bits_of(condition: Condition) -> frozenset[int]:
    """The bits that a condition depends on."""
    found: set[int] = set()
    collect_bits(condition, found)
    return frozenset(found)


class _Reader:
    def __init__(self, shown: set[int]) -> None:
        self._shown = shown
        self._known: _Known = {}
        self._needed: set[int] = set()
        self._stored: dict[int, set[int]] = {}  # a hidden bit -> the bits it is written from

    def read(self, operations: Iterable[Operation]) -> list[Step]:
        steps: list[Step] = []
        for operation in operations:
            match operation:
                case Measure():
                    self._forget(operation.bit)
                    steps.append(operation)
                case Store():
                    self._store(operation, steps)
                case Branch():
                    self._branch(operation, steps)
                case Loop():
                    steps.append(self._loop(operation))
                case _:
                    steps.append(operation)
        return steps

    def without_unneeded(self, steps: list[Step]) -> list[Step]:
        """Drops writes into hidden bits that no condition reads any more."""
        missing = list(self._needed)
        while missing:
            for bit in self._stored.get(missing.pop(), set()) - self._needed:
                self._needed.add(bit)
                missing.append(bit)
        return self._kept(steps)

    def _kept(self, steps: list[Step]) -> list[Step]:
        kept: list[Step] = []
        for step in steps:
            match step:
                case Store() if step.bit not in self._shown and step.bit not in self._needed:
                    continue
                case If():
                    then, otherwise = self._kept(step.then), self._kept(step.otherwise)
                    if then:
                        kept.append(If(step.condition, then, otherwise))
                    elif otherwise:
                        kept.append(If(negated(step.condition), otherwise, []))
                case While():
                    kept.append(While(step.condition, self._kept(step.body)))
                case _:
                    kept.append(step)
        return kept

    def _store(self, operation: Store, steps: list[Step]) -> None:
        value = self._resolved(operation.value)
        if value == operation.bit:
            return
        if operation.bit in self._shown and self._measured_instead(operation.bit, value, steps):
            return
        bits = bits_of(value)
        self._forget(operation.bit)
        steps.append(Store(operation.bit, value))
        if operation.bit in self._shown:
            self._needed |= bits
            return
        self._stored.setdefault(operation.bit, set()).update(bits)
        if operation.bit not in bits and size(value) <= _LARGE:
            self._known[operation.bit] = value, bits

    def _measured_instead(self, bit: int, value: Condition, steps: list[Step]) -> bool:
        """If a hidden bit was just measured and is now copied, measures into the target of the
        copy instead."""
        if not isinstance(value, int) or value in self._shown:
            return False
        for place in range(len(steps) - 1, -1, -1):
            step = steps[place]
            if not isinstance(step, Measure) or step.bit == bit:
                return False
            if step.bit == value:
                self._forget(bit)
                steps[place] = Measure(step.qubit, bit)
                self._store(Store(value, bit), steps)
                return True
        return False

    def _branch(self, operation: Branch, steps: list[Step]) -> None:
        condition = self._resolved(operation.condition)
        if isinstance(condition, bool):
            steps += self.read(operation.then if condition else operation.otherwise)
            return
        self._needed |= bits_of(condition)
        before = dict(self._known)
        then = self.read(operation.then)
        after_then, self._known = self._known, before
        otherwise = self.read(operation.otherwise)
        self._known = _common(after_then, self._known)
        steps.append(If(condition, then, otherwise))

    def _loop(self, operation: Loop) -> While:
        condition = self._resolved(operation.condition)
        for bit in _written(operation.body):
            self._forget(bit)
        before = dict(self._known)
        body = self.read(operation.body)
        if condition != self._resolved(operation.condition):
            condition = operation.condition
        self._known = _common(before, self._known)
        if condition != operation.condition:
            self._known[operation.condition] = condition, bits_of(condition)
        self._needed |= bits_of(condition)
        return While(condition, body)

    def _resolved(self, condition: Condition) -> Condition:
        """A condition in which each hidden bit is replaced by what is known about it."""
        if isinstance(condition, bool) or not self._known:
            return condition
        resolved = self._substituted(condition)
        return resolved if size(resolved) <= _LARGE else condition

    def _substituted(self, condition: Condition) -> Condition:
        if isinstance(condition, bool):
            return condition
        if isinstance(condition, int):
            return self._known[condition][0] if condition in self._known else condition
        parts = [self._substituted(part) for part in condition[1:]]
        match condition[0]:
            case "!":
                return negated(*parts)
            case "&":
                return both(*parts)
            case "|":
                return either(*parts)
        return differ(*parts)

    def _forget(self, written: int) -> None:
        """Forgets what was known about a bit, and about others through it, because it is being
        written."""
        self._known.pop(written, None)
        for bit in [bit for bit, (_, bits) in self._known.items() if written in bits]:
            del self._known[bit]


def _common(one: _Known, other: _Known) -> _Known:
    return {bit: known for bit, known in one.items() if other.get(bit) == known}


def _written(operations: Iterable[Operation]) -> set[int]:
    """The bits that these operations write."""
    bits: set[int] = set()
    for operation in operations:
        match operation:
            case Measure() | Store():
                bits.add(operation.bit)
            case Branch():
                bits |= _written([*operation.then, *operation.otherwise])
            case Loop():
                bits |= _written(operation.body)
    return bits

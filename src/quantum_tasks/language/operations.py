"""Operators, functions and casts, of values that may not be known.

What has few values is followed as one of them, in a program that needs it; anything else is worked
out bit by bit.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from quantum_tasks.language import arithmetic, values
from quantum_tasks.language.listing import Listing
from quantum_tasks.language.measured import runtime
from quantum_tasks.language.measured.codes import Writer
from quantum_tasks.language.values import BOOL, INTEGERS, MACHINE_BITS, Type, Value
from quantum_tasks.parsing.mistakes import Mistake

_WHOLE = {*INTEGERS, "bits"}


class Operations:
    """Works out what operations come to. All raise Mistake."""

    def __init__(self, listing: Listing, writer: Writer | None) -> None:
        self._keep = listing.keep
        self._writer = writer

    def unary(self, op: str, operand: Value) -> Value:
        """`op operand`."""
        told = self._told(partial(arithmetic.unary, op), operand)
        return runtime.unary(op, operand, self._keep) if told is None else told

    def binary(self, op: str, left: Value, right: Value) -> Value:
        """`left op right`."""
        told = None
        if op in ("+", "-") and self._writer is not None and not (left.known and right.known):
            told = self._writer.added(op, left, right)
        if told is None and op not in ("&&", "||"):
            told = self._told(partial(arithmetic.binary, op), left, right)
        return runtime.binary(op, left, right, self._keep) if told is None else told

    def function(self, name: str, arguments: list[Value]) -> Value:
        """A built-in function."""
        if name == "popcount" and self._writer is not None and len(arguments) == 1:
            return self._sum_of_bits(arguments[0])
        told = self._told(lambda *known: arithmetic.function(name, list(known)), *arguments)
        return runtime.function(name, arguments, self._keep) if told is None else told

    def converted(self, value: Value, type: Type, explicit: bool = False) -> Value:
        """A value as one of another type."""
        told = None
        if not {value.type.kind, type.kind} <= _WHOLE:
            told = self._told(lambda known: values.cast(known, type, explicit), value)
        return runtime.converted(value, type, explicit) if told is None else told

    def _sum_of_bits(self, value: Value) -> Value:
        if value.known or not isinstance(value.data, tuple):
            return runtime.function("popcount", [value], self._keep)
        total = Value(Type("uint", MACHINE_BITS), 0)
        for bit in value.data:
            total = self.binary("+", total, Value(BOOL, bit))
        return total

    def _told(self, operate: Callable[..., Value], *operands: Value) -> Value | None:
        """What an operation comes to, if it is followed which of few values that is."""
        if self._writer is None or all(operand.known for operand in operands):
            return None
        if any(operand.type.dimensions for operand in operands):
            return None
        return self._writer.told(operate, *operands)


def concatenated(left: Value, right: Value) -> Value:
    """`left ++ right`, of registers or of arrays. Raises Mistake."""
    if left.type.kind in ("bit", "bits") and right.type.kind in ("bit", "bits"):
        bits = (*runtime.word(left), *runtime.word(right))
        return Value(Type("bits", len(bits)), bits, left.const and right.const)
    if len(left.type.dimensions) == len(right.type.dimensions) > 0:
        (many, *rest), (more, *others) = left.type.dimensions, right.type.dimensions
        if left.type.element == right.type.element and rest == others:
            element = left.type.element
            joined = Type(element.kind, element.size, (many + more, *rest))
            return Value(joined, [*left.data, *right.data])
    raise Mistake(f"'++' does not take {left.type} and {right.type}")

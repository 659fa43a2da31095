"""Whole numbers one after the other, of which one is meant: a counter, a sum of outcomes.

What is known of them takes two numbers and a code, however many they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from quantum_tasks.circuits.circuit import Condition, both, differ, either, negated
from quantum_tasks.language import arithmetic
from quantum_tasks.language.values import Type, Value, as_integer, bit_size

_WHOLE = ("bool", "bit", "int", "uint")


class Span(NamedTuple):
    """One of `length` numbers from `low` on: `low` and what the bits of a code spell together."""

    code: tuple[Condition, ...]
    low: int
    length: int

    @property
    def high(self) -> int:
        """The largest of the numbers."""
        return self.low + self.length - 1

    def code_from(self, low: int, width: int) -> tuple[Condition, ...]:
        """The code of the same number in a span that begins lower."""
        return _raised(self.code, self.low - low, width)

    def word(self, type: Type) -> tuple[Condition, ...]:
        """The number in two's complement."""
        return _raised(self.code, self.low, bit_size(type))


def plain(value: Value) -> Span | None:
    """What a number or a single bit is, if there is no more to know of it."""
    if value.type.dimensions or value.type.kind not in _WHOLE:
        return None
    if value.known:
        return Span((), as_integer(value), 1)
    return Span((value.data,), 0, 2) if value.type.kind in ("bool", "bit") else None


def union(a: Span, b: Span) -> tuple[int, int] | None:
    """Where two spans together begin, and how many numbers they have; None if some lie between."""
    low, high = min(a.low, b.low), max(a.high, b.high)
    return None if max(a.low, b.low) > min(a.high, b.high) + 1 else (low, high - low + 1)


def type_of(op: str, a: Value, b: Value) -> Type:
    """The type of a sum or a difference. Raises Mistake."""
    zeros = [
        Value(v.type, v.type.kind == "bool")
        if v.type.kind in ("bool", "bit")
        else Value(v.type, 0)
        for v in (a, b)
    ]
    return arithmetic.binary(op, *zeros).type


def holds(type: Type, span: Span) -> bool:
    """Whether no number of a span wraps in a type."""
    signed = type.kind == "int"
    end = 1 << (bit_size(type) - signed)
    return type.kind in ("int", "uint") and -end * signed <= span.low and span.high < end


def opposite(span: Span) -> Span | None:
    """The span with the sign of all its numbers changed; None if that takes more than a code."""
    if span.length > 2:
        return None
    return Span(tuple(map(negated, span.code)), -span.high, span.length)


def total(a: Span, b: Span) -> Span:
    """The sum of numbers from two spans."""
    count = a.length + b.length - 1
    if not (a.code and b.code):
        return Span(a.code or b.code, a.low + b.low, count)
    code: list[Condition] = []
    carry: Condition = False
    for place in range((count - 1).bit_length()):
        x, y = (side.code[place] if place < len(side.code) else False for side in (a, b))
        code.append(differ(differ(x, y), carry))
        carry = either(both(x, y), both(either(x, y), carry))
    return Span(tuple(code), a.low + b.low, count)


def _raised(code: Sequence[Condition], number: int, size: int) -> tuple[Condition, ...]:
    """What a code spells and a number, together, in two's complement."""
    bits: list[Condition] = []
    carry: Condition = False
    for place in range(size):
        bit: Condition = code[place] if place < len(code) else False
        one = bool(number >> place & 1)
        bits.append(differ(differ(bit, one), carry))
        carry = either(bit, carry) if one else both(bit, carry)
    return tuple(bits)

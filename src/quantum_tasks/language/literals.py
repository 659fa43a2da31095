"""The values of literals."""

from __future__ import annotations

import math

from openqasm3 import ast

from quantum_tasks.language.values import (
    BOOL,
    COMPLEX,
    DURATION,
    FLOAT,
    MAX_BITS,
    Type,
    Value,
    integer,
)
from quantum_tasks.parsing.mistakes import Mistake

_SECONDS = {"dt": 1e-9, "ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}


def whole(node: ast.IntegerLiteral) -> Value:
    """A number that is written out, in any base. Raises Mistake."""
    if node.value.bit_length() > MAX_BITS:
        raise Mistake("the number is too large")
    return integer(node.value)


def decimal(node: ast.FloatLiteral) -> Value:
    """A number with a point or an exponent. Raises Mistake."""
    if not math.isfinite(node.value):
        raise Mistake("the number is too large for a float")
    return Value(FLOAT, node.value, const=True)


def register(node: ast.BitstringLiteral) -> Value:
    """A register that is written out."""
    bits = tuple(bool(node.value >> place & 1) for place in range(node.width))
    return Value(Type("bits", node.width), bits, const=True)


def duration(node: ast.DurationLiteral) -> Value:
    """A time, in seconds."""
    return Value(DURATION, node.value * _SECONDS[node.unit.name], const=True)


def imaginary(node: ast.ImaginaryLiteral) -> Value:
    """An imaginary number."""
    return Value(COMPLEX, complex(0, node.value), const=True)


def truth(node: ast.BooleanLiteral) -> Value:
    """True or false."""
    return Value(BOOL, node.value, const=True)

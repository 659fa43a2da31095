"""The operators and the built-in functions of OpenQASM 3."""

from __future__ import annotations

import cmath
import math
import operator
from collections.abc import Callable
from typing import Any

from oracle.values import (
    BIT,
    BOOL,
    COMPLEX,
    DURATION,
    EXACT,
    FLOAT,
    UINT,
    WORD,
    OracleError,
    Type,
    Value,
    cast,
    radians,
    real,
    reduced,
    truth,
    unsigned,
    wrapped,
)

COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
BITWISE: dict[str, Callable[[int, int], int]] = {
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
}


def binary(symbol: str, left: Value, right: Value) -> Value:
    """`left symbol right`, for every operator but `&&` and `||`."""
    kinds = (left.type.kind, right.type.kind)
    if "array" in kinds:
        raise OracleError("arrays have no operators")
    if symbol in ("<<", ">>"):
        return _shift(symbol, left, right)
    if "angle" in kinds:
        return _angle(symbol, left, right)
    if "duration" in kinds:
        return _duration(symbol, left, right)
    if "bits" in kinds:
        return _register(symbol, left, right)
    if symbol in BITWISE:
        if left.type.logical and right.type.logical:
            return Value(BIT, BITWISE[symbol](left.data, right.data))
        return _integers(BITWISE[symbol], left, right)
    if symbol in COMPARISONS:
        return _compare(symbol, left, right)
    return _arithmetic(symbol, left, right)


def unary(symbol: str, value: Value) -> Value:
    """`symbol value`."""
    if symbol == "!":
        return Value(BOOL, int(not truth(value)))
    if symbol == "~":
        if value.type.logical:
            return Value(BIT, 1 - value.data)
        if value.type.integer:
            return Value(value.type, wrapped(~value.data, value.type))
        return Value(value.type, (1 << value.type.width) - 1 - unsigned(value))
    if value.type.kind == "angle":
        if value.type.size is None:
            return Value(value.type, reduced(-value.data))
        return Value(value.type, -value.data % (1 << value.type.size))
    if value.type.logical:
        return Value(Type("int"), -value.data)
    if value.type.integer:
        return Value(value.type, wrapped(-value.data, value.type))
    if value.type.kind in ("float", "complex", "duration"):
        return Value(value.type, -value.data)
    raise OracleError(f"no - for {value.type.kind}")


def common(left: Value, right: Value) -> Type:
    """The type two integers are brought to: the wider one, at equal width the unsigned one."""
    if left.type.exact and right.type.exact:
        return EXACT
    pairs = ((left, right), (right, left))
    sides = [_concrete(side, other) for side, other in pairs if side.type.integer]
    if not sides:
        return Type("int")
    if len(sides) == 1:
        return sides[0]
    first, second = sides
    if first.width != second.width:
        return first if first.width > second.width else second
    return second if second.kind == "uint" else first


def _concrete(value: Value, other: Value) -> Type:
    """A literal is an int of one word, which has to hold its bits unless the other side's does."""
    if not value.type.exact:
        return value.type
    width = other.type.width if other.type.integer and not other.type.exact else 0
    if not -(1 << (max(WORD, width) - 1)) <= value.data < 1 << max(WORD, width):
        raise OracleError("too large a literal")
    return Type("int")


def _integers(function: Callable[[int, int], int], left: Value, right: Value) -> Value:
    for side in (left, right):
        if not (side.type.integer or side.type.logical):
            raise OracleError(f"{side.type.kind} is not an integer")
    of = common(left, right)
    first, second = cast(left, of).data, cast(right, of).data
    return Value(of, wrapped(function(first, second), of))


def _compare(symbol: str, left: Value, right: Value) -> Value:
    kinds = (left.type.kind, right.type.kind)
    if "complex" in kinds:
        if symbol not in ("==", "!="):
            raise OracleError("complex numbers have no order")
        pair = (cast(left, COMPLEX).data, cast(right, COMPLEX).data)
    elif "float" in kinds:
        pair = (real(left), real(right))
    elif left.type.logical and right.type.logical:
        pair = (left.data, right.data)
    else:
        of = common(left, right)
        pair = (cast(left, of).data, cast(right, of).data)
    return Value(BOOL, int(COMPARISONS[symbol](*pair)))


def _arithmetic(symbol: str, left: Value, right: Value) -> Value:
    kinds = (left.type.kind, right.type.kind)
    try:
        if "complex" in kinds:
            first, second = cast(left, COMPLEX).data, cast(right, COMPLEX).data
            return Value(COMPLEX, complex(_REAL[symbol](first, second)))
        if "float" in kinds:
            result = _REAL[symbol](real(left), real(right))
            if isinstance(result, complex):
                raise OracleError("the power is not real")
            return Value(FLOAT, float(result))
        return _integers(_INTEGER[symbol], left, right)
    except (ZeroDivisionError, OverflowError, ValueError, KeyError) as error:
        raise OracleError(f"{symbol}: {error!r}") from error


def quotient(dividend: int, divisor: int) -> int:
    """Integer division as in C99: towards zero."""
    magnitude = abs(dividend) // abs(divisor)
    return magnitude if (dividend < 0) == (divisor < 0) else -magnitude


def remainder(dividend: int, divisor: int) -> int:
    """What the division leaves: it has the sign of the dividend."""
    return dividend - divisor * quotient(dividend, divisor)


def _power(base: int, exponent: int) -> int:
    if exponent < 0:
        raise ValueError("a negative exponent of an integer")
    if exponent > 4096 and abs(base) > 1:
        raise OverflowError("too large")
    return int(base**exponent)


_INTEGER: dict[str, Callable[[int, int], int]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": quotient,
    "%": remainder,
    "**": _power,
}
_REAL: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": math.fmod,
    "**": operator.pow,
}


def _shift(symbol: str, left: Value, right: Value) -> Value:
    if not right.type.integer or right.data < 0:
        raise OracleError("a shift is by an unsigned integer")
    places = min(right.data, 4096)
    if left.type.integer:
        moved = left.data << places if symbol == "<<" else left.data >> places
        return Value(left.type, wrapped(moved, left.type))
    bits = unsigned(left)
    moved = bits << places if symbol == "<<" else bits >> places
    return Value(left.type, moved % (1 << left.type.width))


def _register(symbol: str, left: Value, right: Value) -> Value:
    both = left.type.kind == right.type.kind == "bits"
    if both and left.type.size != right.type.size:
        raise OracleError("registers of different sizes")
    if symbol in BITWISE and both:
        return Value(left.type, BITWISE[symbol](left.data, right.data))
    if symbol in COMPARISONS:
        sides = [
            Value(Type("uint", side.type.size), side.data) if side.type.kind == "bits" else side
            for side in (left, right)
        ]
        return _compare(symbol, *sides)
    raise OracleError(f"no {symbol} for {left.type} and {right.type}")


def _angle(symbol: str, left: Value, right: Value) -> Value:
    if left.type.kind == right.type.kind == "angle":
        return _angles(symbol, left, right)
    angle, other = (left, right) if left.type.kind == "angle" else (right, left)
    if other.type.kind == "float":
        promoted = cast(other, angle.type)
        pair = (left, promoted) if angle is left else (promoted, right)
        if symbol in ("+", "-") or symbol in COMPARISONS:
            return _angles(symbol, *pair)
    scales = symbol == "*" or (symbol == "/" and angle is left)
    if not scales or not other.type.integer:
        raise OracleError(f"no {symbol} for {left.type} and {right.type}")
    if symbol == "/" and other.data == 0:
        raise OracleError("division by zero")
    if angle.type.size is None:
        scaled = angle.data * other.data if symbol == "*" else angle.data / other.data
        return Value(angle.type, reduced(scaled))
    whole = angle.data * other.data if symbol == "*" else quotient(angle.data, other.data)
    return Value(angle.type, whole % (1 << angle.type.size))


def _angles(symbol: str, left: Value, right: Value) -> Value:
    unsized = left.type.size is None or right.type.size is None
    of = Type("angle", None if unsized else max(left.type.width, right.type.width))
    first, second = cast(left, of).data, cast(right, of).data
    if symbol in COMPARISONS:
        return Value(BOOL, int(COMPARISONS[symbol](first, second)))
    if symbol in ("+", "-"):
        result = first + second if symbol == "+" else first - second
        return Value(of, reduced(result) if of.size is None else result % (1 << of.size))
    if symbol == "/":
        if second == 0:
            raise OracleError("division by zero")
        return Value(Type("uint", of.size), int(first // second))
    if symbol in BITWISE and of.size is not None:
        return Value(of, BITWISE[symbol](first, second))
    raise OracleError(f"no {symbol} for angles")


def _duration(symbol: str, left: Value, right: Value) -> Value:
    if left.type.kind == right.type.kind:
        if symbol in COMPARISONS:
            return Value(BOOL, int(COMPARISONS[symbol](left.data, right.data)))
        if symbol in ("+", "-"):
            return Value(DURATION, _REAL[symbol](left.data, right.data))
        if symbol == "/" and right.data:
            return Value(FLOAT, left.data / right.data)
    elif symbol == "*" or (symbol == "/" and left.type.kind == "duration" and right.data):
        numbers = [s.data if s.type.kind == "duration" else real(s) for s in (left, right)]
        return Value(DURATION, _REAL[symbol](*numbers))
    raise OracleError(f"no {symbol} for durations")


def _of_real(function: Callable[[float], float]) -> Callable[[Value], Value]:
    return lambda value: Value(FLOAT, float(function(real(value))))


def _of_angle(function: Callable[[float], float]) -> Callable[[Value], Value]:
    return lambda value: Value(
        FLOAT, float(function(radians(value) if value.type.kind == "angle" else real(value)))
    )


def _of_complex(
    function: Callable[[float], float], extended: Callable[[complex], complex]
) -> Callable[[Value], Value]:
    return lambda value: (
        Value(COMPLEX, extended(value.data))
        if value.type.kind == "complex"
        else Value(FLOAT, float(function(real(value))))
    )


def _mod(first: Value, second: Value) -> Value:
    if "float" in (first.type.kind, second.type.kind):
        return Value(FLOAT, math.fmod(real(first), real(second)))
    return _integers(remainder, first, second)


def _popcount(value: Value) -> Value:
    return Value(UINT, value.data if value.type.logical else unsigned(value).bit_count())


def _rotate(direction: int) -> Callable[[Value, Value], Value]:
    def rotated(value: Value, places: Value) -> Value:
        if value.type.kind not in ("bits", "uint", "angle") or not places.type.integer:
            raise OracleError("what can be rotated is a register or a uint, by an integer")
        width, bits = value.type.width, unsigned(value)
        left = direction * places.data % width
        return Value(value.type, (bits << left | bits >> (width - left)) % (1 << width))

    return rotated


def _component(name: str) -> Callable[[Value], Value]:
    return lambda value: Value(FLOAT, float(getattr(cast(value, COMPLEX).data, name)))


FUNCTIONS: dict[str, Callable[..., Value]] = {
    "arccos": _of_real(math.acos),
    "arcsin": _of_real(math.asin),
    "arctan": _of_real(math.atan),
    "ceiling": _of_real(math.ceil),
    "cos": _of_angle(math.cos),
    "exp": _of_complex(math.exp, cmath.exp),
    "floor": _of_real(math.floor),
    "log": _of_real(math.log),
    "mod": _mod,
    "popcount": _popcount,
    "rotl": _rotate(1),
    "rotr": _rotate(-1),
    "sin": _of_angle(math.sin),
    "sqrt": _of_complex(math.sqrt, cmath.sqrt),
    "tan": _of_angle(math.tan),
    "real": _component("real"),
    "imag": _component("imag"),
}


def call(name: str, arguments: list[Value]) -> Value:
    """A built-in function."""
    if name not in FUNCTIONS:
        raise OracleError(f"no function {name}")
    try:
        return FUNCTIONS[name](*arguments)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError) as error:
        raise OracleError(f"{name}: {error}") from error

"""Operators and built-in functions of OpenQASM 3, on values that are known.

Integers follow C99: division truncates toward zero, a remainder has the sign of the dividend,
and two integers meet in the wider type. A number that is written out has no width, until it meets
a value that has one; it is then an int of 32 bits.
"""

from __future__ import annotations

import cmath
import math
import operator
from collections.abc import Callable
from typing import Any

from quantum_tasks.language.values import (
    BOOL,
    COMPLEX,
    DURATION,
    FLOAT,
    INT,
    INTEGERS,
    MACHINE_BITS,
    MAX_BITS,
    Type,
    Value,
    an,
    as_integer,
    as_number,
    bit_size,
    cast,
    fits,
    from_bits,
    to_angle,
    to_bits,
    to_float,
    wrapped,
)
from quantum_tasks.parsing.mistakes import Mistake


def met(a: Value, b: Value) -> Type:
    """The type in which two integers meet. Raises Mistake for a number, written out, that would
    not be the same there."""
    type = integer_type(a.type, b.type)
    if type.size is not None:
        check_fits(a, type.size)
        check_fits(b, type.size)
    return type


def check_fits(value: Value, size: int) -> None:
    """Raises Mistake for a number, written out, that bits of this size could not hold."""
    if not fits(value, -1 << (size - 1), 1 << size):
        raise Mistake(f"a number needs more than {size} bits; give it a width, as in int[64](1)")


def integer_type(a: Type, b: Type) -> Type:
    """The wider of two types of integers; if they are equally wide, the unsigned one."""
    if a.size is None and b.size is None:
        return INT
    wide = [(bit_size(t), t.kind in ("uint", "bits")) for t in (a, b)]
    size, unsigned = max(wide)
    return Type("uint" if unsigned else "int", size)


def binary(op: str, a: Value, b: Value) -> Value:
    """`a op b`. Raises Mistake."""
    data = _binary(op, a, b)
    return Value(data.type, data.data, a.const and b.const)


def _binary(op: str, a: Value, b: Value) -> Value:
    if a.type.dimensions or b.type.dimensions:
        raise Mistake(f"'{op}' does not take arrays")
    kinds = {a.type.kind, b.type.kind}
    if op in ("&&", "||"):
        left, right = cast(a, BOOL).data, cast(b, BOOL).data
        return Value(BOOL, (left and right) if op == "&&" else (left or right))
    if op in _COMPARISONS:
        return Value(BOOL, _compared(op, a, b))
    if op in ("<<", ">>"):
        return _shifted(op, a, b)
    if op in _BITWISE:
        return _bitwise(op, a, b)
    if "duration" in kinds:
        return _of_durations(op, a, b)
    if "angle" in kinds and "complex" not in kinds and op != "**":
        return _of_angles(op, a, b)
    if "complex" in kinds:
        return Value(COMPLEX, _computed(op, complex(as_number(a)), complex(as_number(b))))
    if kinds & {"float", "angle"}:
        return Value(FLOAT, _computed(op, to_float(as_number(a)), to_float(as_number(b))))
    type = met(a, b)
    left, right = wrapped(as_integer(a), type), wrapped(as_integer(b), type)
    if op == "**" and right < 0:
        return Value(FLOAT, _computed(op, float(left), float(right)))
    if op == "**" and type.size is not None:
        if type.size == MACHINE_BITS:  # 2 ** i, for i up to the qubits that there are
            type = Type(type.kind, 2 * MACHINE_BITS)
        assert type.size is not None
        return Value(type, wrapped(pow(left, right, 1 << type.size), type))
    return Value(type, wrapped(_computed(op, left, right), type))


_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_BITWISE: dict[str, Callable[[Any, Any], Any]] = {
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
}


def _compared(op: str, a: Value, b: Value) -> bool:
    if "duration" in (a.type.kind, b.type.kind) and a.type != b.type:
        raise Mistake(f"{an(a.type)} and {an(b.type)} cannot be compared")
    if a.type.kind == "angle" and a.type.size is not None:
        b = cast(b, a.type)
    elif b.type.kind == "angle" and b.type.size is not None:
        a = cast(a, b.type)
    left, right = as_number(a), as_number(b)
    if {a.type.kind, b.type.kind} <= {"int", "uint", "bits"} and a.type.kind != b.type.kind:
        type = met(a, b)
        left, right = wrapped(left, type), wrapped(right, type)
    if (isinstance(left, complex) or isinstance(right, complex)) and op not in ("==", "!="):
        raise Mistake("complex numbers have no order")
    return bool(_COMPARISONS[op](left, right))


def _shifted(op: str, a: Value, b: Value) -> Value:
    if b.type.kind not in (*INTEGERS, "bits"):
        raise Mistake(f"a shift by {an(b.type)} is not possible")
    places = as_integer(b)
    if places < 0:
        raise Mistake("a shift by a negative number of places is not possible")
    if a.type.kind not in ("int", "uint", "bits", "bit", "bool", "angle") or (
        a.type.kind == "angle" and a.type.size is None
    ):
        raise Mistake(f"{an(a.type)} cannot be shifted")
    number = as_integer(a)
    if a.type.size is None and op == "<<" and number.bit_length() + places > MAX_BITS:
        raise Mistake("the number is too large")
    if a.type.size is not None:
        places = min(places, a.type.size)
    number = number << places if op == "<<" else number >> min(places, MAX_BITS)
    if a.type.kind == "bits":
        assert a.type.size is not None
        return Value(a.type, to_bits(number, a.type.size))
    type = INT if a.type.kind in ("bool", "bit") else a.type
    return Value(type, wrapped(number, type))


def _bitwise(op: str, a: Value, b: Value) -> Value:
    kinds = (a.type.kind, b.type.kind)
    if "bits" in kinds and kinds[0] == kinds[1]:
        if a.type.size != b.type.size:
            raise Mistake(f"the two sides of '{op}' differ in size")
        return Value(a.type, tuple(map(_BITWISE[op], a.data, b.data)))
    if all(kind in ("bool", "bit") for kind in kinds):
        return Value(a.type, _BITWISE[op](bool(a.data), bool(b.data)))
    if "angle" in kinds and a.type == b.type and a.type.size is not None:
        return Value(a.type, _BITWISE[op](a.data, b.data))
    if not all(kind in (*INTEGERS, "bits") for kind in kinds):
        raise Mistake(f"'{op}' does not take {an(a.type)} and {an(b.type)}")
    type = met(a, b)
    return Value(type, wrapped(_BITWISE[op](as_integer(a), as_integer(b)), type))


def _of_durations(op: str, a: Value, b: Value) -> Value:
    left, right = as_number(a), as_number(b)
    if op in ("+", "-") and a.type == b.type:
        return Value(DURATION, _computed(op, left, right))
    if op == "/" and a.type == b.type:
        return Value(FLOAT, _computed(op, left, right))
    if (op in ("*", "/") and b.type != DURATION) or (op == "*" and a.type != DURATION):
        return Value(DURATION, _computed(op, left, to_float(right)))
    raise Mistake(f"'{op}' does not take {an(a.type)} and {an(b.type)}")


def _of_angles(op: str, a: Value, b: Value) -> Value:
    """Angles are added to angles and multiplied with integers; with a float they are floats."""
    sizes = [t.size for t in (a.type, b.type) if t.kind == "angle"]
    type = Type("angle", None if None in sizes else max(s for s in sizes if s is not None))
    integers = [v for v in (a, b) if v.type.kind in INTEGERS]
    if op == "/" and len(sizes) == 2:
        left, right = (as_integer(cast(v, type)) if type.size else as_number(v) for v in (a, b))
        return Value(Type("uint", type.size or MACHINE_BITS), int(_computed("/", left, right)))
    if integers and op in ("*", "/") and a.type.kind + op != "int/" + b.type.kind:
        factor = as_integer(integers[0])
        angle = a if a.type.kind == "angle" else b
        if op == "/" and angle is b:
            raise Mistake("an integer cannot be divided by an angle")
        if type.size is None:
            return Value(type, to_angle(_computed(op, angle.data, to_float(factor)), type))
        return Value(type, wrapped(_computed(op, as_integer(angle), factor), type))
    if op in ("+", "-"):
        left, right = (cast(v, type).data for v in (a, b))
        result = _computed(op, left, right)
        return Value(type, wrapped(result, type) if type.size else to_angle(result, type))
    return Value(FLOAT, _computed(op, to_float(as_number(a)), to_float(as_number(b))))


def _computed(op: str, a: Any, b: Any) -> Any:
    try:
        match op:
            case "+":
                return a + b
            case "-":
                return a - b
            case "*":
                return a * b
            case "/" if isinstance(a, int) and isinstance(b, int):
                return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
            case "/":
                return a / b
            case "%" if isinstance(a, int) and isinstance(b, int):
                return abs(a) % abs(b) * (-1 if a < 0 else 1)
            case "%" if not isinstance(a, complex):
                return math.fmod(a, b)
            case "**" if isinstance(a, int):
                if abs(a) > 1 and b * a.bit_length() > 2 * MAX_BITS:
                    raise Mistake("the number is too large")
                return a**b
            case "**" if isinstance(a, float) and a < 0 and b != int(b):
                raise Mistake(f"{a:g} ** {b:g} is no real number")
            case "**":
                return a**b
    except ZeroDivisionError:
        raise Mistake("division by zero") from None
    except (OverflowError, ValueError):
        raise Mistake("the number is too large") from None
    raise Mistake(f"'{op}' does not take such values")


_CAN_WRAP: dict[str, Callable[[int, int], int]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
}


def wraps(op: str, a: Value, b: Value, result: Value) -> bool:
    """Whether the result of an operation on known values is another number because it has 32
    bits."""
    if result.type.size != MACHINE_BITS or result.type.kind not in ("int", "uint"):
        return False
    if op not in _CAN_WRAP or not (a.known and b.known):
        return False
    return bool(_CAN_WRAP[op](as_integer(a), as_integer(b)) != result.data)


def unary(op: str, a: Value) -> Value:
    """`op a`. Raises Mistake."""
    kind, size = a.type.kind, a.type.size
    if a.type.dimensions:
        raise Mistake(f"'{op}' does not take an array")
    if op == "!":
        return Value(BOOL, not cast(a, BOOL).data, a.const)
    if op == "~":
        if kind in ("bool", "bit"):
            return Value(a.type, not a.data, a.const)
        if kind == "bits":
            return Value(a.type, tuple(not bit for bit in a.data), a.const)
        if kind in ("int", "uint") or (kind == "angle" and size is not None):
            return Value(a.type, wrapped(~as_integer(a), a.type), a.const)
        raise Mistake(f"'~' does not take {an(a.type)}")
    if kind == "angle":
        negative = wrapped(-as_integer(a), a.type) if size else to_angle(-a.data, a.type)
        return Value(a.type, negative, a.const)
    if kind in (*INTEGERS, "bits"):
        type = INT if size is None and kind != "int" else a.type
        type = Type("uint", size) if kind == "bits" else type
        return Value(type, wrapped(-as_integer(a), type), a.const)
    return Value(a.type, -a.data, a.const)


def _rotated(value: Value, distance: Value, left: bool) -> Value:
    size = value.type.size
    if value.type.kind not in ("bits", "uint", "angle") or size is None:
        raise Mistake("only a sized bit register, uint or angle can be rotated")
    bits = value.data if value.type.kind == "bits" else to_bits(as_integer(value), size)
    places = as_integer(cast(distance, INT)) * (-1 if left else 1) % size if size else 0
    bits = bits[places:] + bits[:places]
    return Value(value.type, bits if value.type.kind == "bits" else from_bits(bits))


_REAL: dict[str, Callable[[float], float]] = {
    "arccos": math.acos,
    "arcsin": math.asin,
    "arctan": math.atan,
    "ceiling": math.ceil,
    "cos": math.cos,
    "exp": math.exp,
    "floor": math.floor,
    "log": math.log,
    "sin": math.sin,
    "sqrt": math.sqrt,
    "tan": math.tan,
}
_COMPLEX = {"exp": cmath.exp, "sqrt": cmath.sqrt}
FUNCTIONS = {**dict.fromkeys(_REAL, 1), "mod": 2, "popcount": 1, "rotl": 2, "rotr": 2}
FUNCTIONS |= {"real": 1, "imag": 1}


def function(name: str, arguments: list[Value]) -> Value:
    """A built-in function of known values. Raises Mistake."""
    if len(arguments) != FUNCTIONS[name]:
        raise Mistake(f"'{name}' takes {FUNCTIONS[name]} value(s), not {len(arguments)}")
    if any(argument.type.dimensions for argument in arguments):
        raise Mistake(f"'{name}' does not take an array")
    result = _function(name, arguments)
    return Value(result.type, result.data, all(argument.const for argument in arguments))


def _function(name: str, arguments: list[Value]) -> Value:
    first, number = arguments[0], as_number(arguments[0])
    match name:
        case "mod":
            return _binary("%", first, arguments[1])
        case "rotl" | "rotr":
            return _rotated(first, arguments[1], name == "rotl")
        case "popcount":
            if first.type.kind not in ("bits", "uint", "int", "bit", "bool"):
                raise Mistake(f"'popcount' does not take {an(first.type)}")
            size = first.type.size
            return Value(
                Type("uint", MACHINE_BITS),
                (number & ((1 << size) - 1) if size else number).bit_count(),
            )
        case "real" | "imag":
            return Value(FLOAT, getattr(complex(number), name))
    if first.type.kind == "duration":
        raise Mistake(f"'{name}' does not take a duration")
    try:
        if isinstance(number, complex) and name in _COMPLEX:
            return Value(COMPLEX, _COMPLEX[name](number))
        return Value(FLOAT, float(_REAL[name](number)))
    except (ValueError, TypeError):
        raise Mistake(f"{name}({number:g}) is not a real number") from None
    except OverflowError:
        raise Mistake("the number is too large") from None

"""The classical types of OpenQASM 3, their values and the casts between them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

TAU = 2 * math.pi
WORD = 32


class OracleError(Exception):
    """A program that is not valid, or that this evaluator does not know how to run."""


@dataclass(frozen=True)
class Type:
    """A classical type. `kind` is bool, bit, bits (a register), int, uint, float, complex, angle,
    duration or array; `exact` marks integers of constant expressions that have no width."""

    kind: str
    size: int | None = None
    exact: bool = False
    base: Type | None = None
    shape: tuple[int, ...] = ()

    @property
    def integer(self) -> bool:
        return self.kind in ("int", "uint")

    @property
    def logical(self) -> bool:
        return self.kind in ("bool", "bit")

    @property
    def width(self) -> int:
        """How many bits a value of this type has; unsized integers have a word."""
        if self.size is None and not self.integer:
            raise OracleError(f"{self.kind} has no width")
        return WORD if self.size is None else self.size


BOOL = Type("bool")
BIT = Type("bit")
FLOAT = Type("float")
COMPLEX = Type("complex")
DURATION = Type("duration")
EXACT = Type("int", exact=True)
UINT = Type("uint")


@dataclass(frozen=True)
class Value:
    """A value: registers and sized angles are kept as the unsigned integer of their bits, unsized
    angles as a float in [0, 2π), arrays as a numpy array of such data."""

    type: Type
    data: Any


def wrapped(number: int, to: Type) -> int:
    """The number as the integer type stores it."""
    if to.exact:
        return number
    number %= 1 << to.width
    if to.kind == "int" and number >> (to.width - 1):
        number -= 1 << to.width
    return number


def unsigned(value: Value) -> int:
    """The bit pattern of a value that has one."""
    if value.type.kind == "angle" and value.type.size is None:
        raise OracleError("an angle without a size has no bits")
    if value.type.kind in ("int", "uint", "angle", "bits"):
        return int(value.data) % (1 << value.type.width)
    raise OracleError(f"{value.type.kind} has no bits")


def truth(value: Value) -> bool:
    """The value as a condition."""
    if value.type.kind in ("array", "duration"):
        raise OracleError(f"{value.type.kind} is not a condition")
    return bool(value.data != 0)


def reduced(angle: float) -> float:
    """The angle in [0, 2π)."""
    if not math.isfinite(angle):
        raise OracleError("not a finite angle")
    angle %= TAU
    return 0.0 if angle >= TAU else angle


def radians(value: Value) -> float:
    """The real number that an angle stands for."""
    if value.type.size is None:
        return float(value.data)
    return float(value.data / (1 << value.type.size) * TAU)


def real(value: Value) -> float:
    """A number of a standard type as a float."""
    if value.type.kind in ("bool", "bit", "int", "uint", "float"):
        return float(value.data)
    raise OracleError(f"{value.type.kind} is not a real number")


def parameter(value: Value) -> float:
    """The argument of a gate, which is not reduced modulo 2π."""
    if value.type.kind == "angle":
        return radians(value)
    if value.type.logical:
        raise OracleError("a truth value is not an angle")
    return real(value)


def cast(value: Value, to: Type, explicit: bool = False) -> Value:
    """The value as another type, by an assignment or by an explicit cast."""
    if to.kind in ("bool", "bit") and value.type.kind == to.kind:
        return value
    converter = _CASTS.get(to.kind)
    if converter is None:
        raise OracleError(f"no cast to {to.kind}")
    return Value(to, converter(value, to, explicit))


def _refuse(value: Value, to: Type) -> OracleError:
    return OracleError(f"{value.type} does not cast to {to}")


def _to_bool(value: Value, to: Type, explicit: bool) -> int:
    return int(truth(value))


def _to_bit(value: Value, to: Type, explicit: bool) -> int:
    if value.type.kind in ("float", "complex"):
        raise _refuse(value, to)
    return int(truth(value))


def _to_bits(value: Value, to: Type, explicit: bool) -> int:
    kind, size = value.type.kind, value.type.size
    assert to.size is not None
    if value.type.logical and (explicit or to.size == 1):
        return int(value.data)
    if kind == "bits" and size == to.size:
        return int(value.data)
    if kind in ("int", "uint", "angle") and not value.type.exact:
        if kind != "angle" and value.type.width == to.size:
            return unsigned(value)
        if kind == "angle" and size == to.size:
            return unsigned(value)
    if value.type.exact and explicit and -(1 << to.size) // 2 <= value.data < 1 << to.size:
        return int(value.data % (1 << to.size))
    raise _refuse(value, to)


def _to_integer(value: Value, to: Type, explicit: bool) -> int:
    kind = value.type.kind
    if kind == "float":
        if not math.isfinite(value.data):
            raise _refuse(value, to)
        return wrapped(int(value.data), to)
    if value.type.integer or value.type.logical:
        return wrapped(int(value.data), to)
    if kind == "bits" and to.size in (None, value.type.size):
        return wrapped(value.data, to)
    raise _refuse(value, to)


def _to_float(value: Value, to: Type, explicit: bool) -> float:
    if value.type.kind in ("bool", "bit", "int", "uint", "float"):
        return float(value.data)
    raise _refuse(value, to)


def _to_complex(value: Value, to: Type, explicit: bool) -> complex:
    if value.type.kind == "complex":
        return complex(value.data)
    return complex(_to_float(value, to, explicit))


def _to_angle(value: Value, to: Type, explicit: bool) -> int | float:
    kind, size = value.type.kind, value.type.size
    if kind == "bits" and explicit and size == to.size:
        return int(value.data)
    if kind == "angle" and size is not None and to.size is not None:
        if size <= to.size:
            return int(value.data << (to.size - size))
        shift = size - to.size
        whole, rest = value.data >> shift, value.data % (1 << shift)
        half = 1 << (shift - 1)
        up = rest > half or (rest == half and whole % 2 == 1)
        return int(whole + up) % (1 << to.size)
    if kind == "angle":
        number = radians(value)
    elif kind == "float" or value.type.exact:
        number = float(value.data)
    else:
        raise _refuse(value, to)
    if not math.isfinite(number):
        raise _refuse(value, to)
    if to.size is None:
        return reduced(number)
    return round(math.fmod(number, TAU) / TAU * (1 << to.size)) % (1 << to.size)


def _to_duration(value: Value, to: Type, explicit: bool) -> float:
    if value.type.kind != "duration":
        raise _refuse(value, to)
    return float(value.data)


_CASTS = {
    "bool": _to_bool,
    "bit": _to_bit,
    "bits": _to_bits,
    "int": _to_integer,
    "uint": _to_integer,
    "float": _to_float,
    "complex": _to_complex,
    "angle": _to_angle,
    "duration": _to_duration,
}


def zero(of: Type) -> Value:
    """What a variable that was never set reads as."""
    return Value(of, {"float": 0.0, "complex": 0j, "duration": 0.0}.get(of.kind, 0))

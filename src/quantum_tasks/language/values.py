"""Classical types and values of OpenQASM 3, and arithmetic with values that are known.

Where the language leaves a choice, C99's is taken, as its specification does. Widths that a
program does not give: int and uint have 32 bits, constants as well as variables; float and complex
are double precision; an unsized angle is a double in [0, 2 pi). Integers that are written out, and
what is worked out from these alone, are exact until they meet a value that has a width.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import msgspec

from quantum_tasks.circuits.circuit import Condition
from quantum_tasks.parsing.mistakes import Mistake

TAU = 2 * math.pi
MACHINE_BITS = 32
_MAX_EXPONENT = 1000  # of a power of two that is a float
MAX_BITS = 4096  # bits of an integer constant: a hostile program may ask for 10^9
INTEGERS = ("bool", "bit", "int", "uint")


class Type(msgspec.Struct, frozen=True):
    """`kind` is one of bool bit bits int uint angle float complex duration; `size` in bits.

    With dimensions it is an array of that kind.
    """

    kind: str
    size: int | None = None
    dimensions: tuple[int, ...] = ()

    def __str__(self) -> str:
        name = "bit" if self.kind == "bits" else self.kind
        sized = f"{name}[{self.size}]" if self.size is not None else name
        if not self.dimensions:
            return sized
        return f"array[{sized}, {', '.join(map(str, self.dimensions))}]"

    @property
    def element(self) -> Type:
        """The type of an array's elements."""
        return Type(self.kind, self.size)


BOOL, FLOAT, COMPLEX, DURATION = map(Type, ("bool", "float", "complex", "duration"))
INT = Type("int")  # without a size: exactly the number that a program writes out


class Choice(msgspec.Struct, frozen=True):
    """A number that measurements decide: of the cases, exactly one condition holds."""

    cases: tuple[tuple[Condition, Any], ...]


class Value(msgspec.Struct, frozen=True):
    """A value of a type, known or not.

    What `data` is: for bool and bit a Condition; for bits a tuple of them, least significant
    first; for int, uint and sized angles (as multiples of 2 pi / 2^size) an int, or a tuple of
    `size` Conditions in two's complement; else a number or a Choice of numbers. For an array it
    is a list of Values, row by row.
    """

    type: Type
    data: Any
    const: bool = False

    @property
    def known(self) -> bool:
        """Whether the value does not depend on any measurement."""
        if self.type.dimensions:
            return all(element.known for element in self.data)
        if self.type.kind in ("bool", "bit"):
            return isinstance(self.data, bool)
        if isinstance(self.data, tuple):
            return all(isinstance(bit, bool) for bit in self.data)
        return not isinstance(self.data, Choice)


def integer(value: int, const: bool = True) -> Value:
    """A number that is written out."""
    return Value(INT, value, const)


def fits(value: Value, least: int, end: int) -> bool:
    """Whether a value is less than `end` and not less than `least`, unless it has a width."""
    return value.type != INT or least <= value.data < end


def bit_size(type: Type) -> int:
    """How many bits a value of an integer type takes at run time."""
    if type.kind in ("bool", "bit"):
        return 1
    return MACHINE_BITS if type.size is None else type.size


def wrapped(number: int, type: Type) -> int:
    """The number that a variable of an integer type holds after it was given this one."""
    if type.size is None:
        if number.bit_length() > MAX_BITS:
            raise Mistake("the number is too large")
        return number
    number &= (1 << type.size) - 1
    if type.kind == "int" and number >> (type.size - 1):
        number -= 1 << type.size
    return number


def to_bits(number: int, size: int) -> tuple[bool, ...]:
    """A number in two's complement, least significant bit first."""
    return tuple(bool(number >> place & 1) for place in range(size))


def from_bits(bits: tuple[bool, ...], signed: bool = False) -> int:
    """The number that bits spell."""
    number = sum(1 << place for place, bit in enumerate(bits) if bit)
    return number - (1 << len(bits)) if signed and bits and bits[-1] else number


def as_integer(value: Value) -> int:
    """A known bool, bit, register, int or uint as a number."""
    if isinstance(value.data, tuple):
        return from_bits(value.data, value.type.kind == "int")
    return int(value.data)


def as_number(value: Value) -> Any:
    """A known value as a Python number; an angle in radians."""
    if value.type.kind == "angle" and value.type.size is not None:
        return TAU * as_integer(value) / (1 << value.type.size)
    return as_integer(value) if value.type.kind in (*INTEGERS, "bits") else value.data


def cast(value: Value, type: Type, explicit: bool = False) -> Value:
    """A known value as one of another type. Raises Mistake if the language does not allow it."""
    source, kind = value.type, type.kind
    if source == type:
        return value
    if source.dimensions or type.dimensions:
        raise Mistake(f"{an(source)} cannot become {an(type)}")
    number = as_number(value)
    data: Any = None
    match kind:
        case "bool" if source.kind not in ("complex", "duration"):
            data = number != 0
        case "bit" if explicit or source.kind in ("bool", "bit") or number in (0, 1):
            if source.kind in INTEGERS or (
                explicit and source.kind == "bits" and source.size == 1
            ):
                data = number != 0
        case "bits":
            data = _cast_to_bits(value, type, explicit)
        case "int" | "uint" if source.kind in INTEGERS or source.kind == "float":
            data = wrapped(_truncated(number), type)
        case "int" | "uint" if source.kind == "bits":
            if type.size in (None, source.size) or type.size >= MACHINE_BITS > (source.size or 0):
                signed = kind == "int" and type.size == source.size
                data = wrapped(from_bits(value.data, signed), type)
        case "float" if source.kind in (*INTEGERS, "angle"):
            if source.kind != "angle" or not explicit:
                data = to_float(number)
        case "angle" if source.kind == "angle":
            data = to_angle(number, type)
            if type.size is not None and source.size is not None:  # exactly, not by way of radians
                shift = type.size - source.size
                data = value.data << shift if shift >= 0 else _shifted_down(value.data, -shift)
                data = wrapped(data, type)
        case "angle" if source.kind == "float" or source.kind in INTEGERS:
            data = to_angle(to_float(number), type)
        case "angle" if source.kind == "bits" and source.size == type.size:
            data = from_bits(value.data)
        case "complex" if source.kind in (*INTEGERS, "float"):
            data = complex(number)
    if data is None:
        raise Mistake(f"{an(source)} cannot become {an(type)}")
    return Value(type, data, value.const)


def _cast_to_bits(value: Value, type: Type, explicit: bool) -> Any:
    source = value.type
    assert type.size is not None
    if source.kind == "bits":
        raise Mistake(f"{an(source)} has another size than {an(type)}")
    if source.kind in ("int", "uint") and source.size in (None, type.size, MACHINE_BITS):
        number = as_integer(value)
        if source.size == type.size:
            return to_bits(number, type.size)
        if explicit and -1 <= number >> (type.size - 1) <= 1:
            return to_bits(number, type.size)
    if source.kind == "angle" and source.size == type.size and explicit:
        return to_bits(as_integer(value), type.size)
    if source.kind in ("bool", "bit") and (explicit or type.size == 1):
        return to_bits(as_integer(value), type.size)
    return None


def an(type: Type) -> str:
    """The type with its article."""
    name = str(type)
    return f"an {name}" if name[0] in "aiu" and not name.startswith("uint") else f"a {name}"


def _truncated(number: float) -> int:
    if isinstance(number, float) and not math.isfinite(number):
        raise Mistake(f"{number} is no integer")
    return int(number)


def to_float(number: Any) -> float:
    """Raises Mistake for what is too large."""
    try:
        return float(number)
    except OverflowError:
        raise Mistake("the number is too large for a float") from None


def to_angle(radians: float, type: Type) -> float | int:
    """The data of an angle: radians in [0, 2 pi), or the nearest multiple of 2 pi / 2^size."""
    if not math.isfinite(radians):
        raise Mistake("the angle is not a finite number")
    if type.size is None:
        return radians % TAU
    turns = math.fmod(radians, TAU) / TAU  # as for angles without a size, and exact up to here
    if type.size > _MAX_EXPONENT:
        return round(Fraction(turns) * (1 << type.size)) % (1 << type.size)
    return round(math.ldexp(turns, type.size)) % (1 << type.size)


def _shifted_down(number: int, places: int) -> int:
    """Rounds to nearest, ties to even."""
    half, rest = 1 << (places - 1), number & ((1 << places) - 1)
    number >>= places
    return number + (rest > half or (rest == half and number & 1))

"""Values in bits, for loops to carry from turn to turn."""

from __future__ import annotations

from quantum_tasks.circuits.circuit import Condition
from quantum_tasks.language.measured.runtime import word
from quantum_tasks.language.values import Type, Value, bit_size


def has_bits(type: Type) -> bool:
    """Whether values of a type are made of bits."""
    return type.kind in ("bool", "bit", "bits", "int", "uint") or (
        type.kind == "angle" and type.size is not None
    )


def stored(type: Type, bits: list[int]) -> Value:
    """The value of a type whose bits are these."""
    if type.dimensions:
        size = bit_size(type.element)
        parts = [bits[place : place + size] for place in range(0, len(bits), size or 1)]
        return Value(type, [stored(type.element, part) for part in parts])
    if type.kind in ("bool", "bit"):
        return Value(type, bits[0])
    return Value(Type(type.kind, bit_size(type)), tuple(bits))


def bits_of(value: Value) -> tuple[Condition, ...]:
    """The bits of a value that is made of bits."""
    if value.type.dimensions:
        return tuple(bit for element in value.data for bit in bits_of(element))
    return word(value)

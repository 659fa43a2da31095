"""Types as declarations and casts name them."""

from __future__ import annotations

import math
from collections.abc import Callable

from openqasm3 import ast

from quantum_tasks.circuits.bounds import Bounds, too_many
from quantum_tasks.errors import TooManyClbits
from quantum_tasks.language.values import (
    BOOL,
    COMPLEX,
    DURATION,
    FLOAT,
    MACHINE_BITS,
    MAX_BITS,
    Type,
)
from quantum_tasks.parsing.mistakes import Node, semantic, unsupported, words

_MAX_ARRAY = 10_000
_MAX_DIMENSIONS = 7  # says the language

# The value of a constant expression, and what it is called if it is none.
Constant = Callable[[Node, str], int]


class TypeNames:
    """Works out types, whose sizes are constant expressions."""

    def __init__(self, bounds: Bounds, constant: Constant) -> None:
        self._bounds = bounds
        self._constant = constant

    def named(self, node: Node) -> Type:
        """The type that a declaration names. Raises ProgramError."""
        match node:
            case ast.BoolType():
                return BOOL
            case ast.BitType():
                if node.size is None:
                    return Type("bit")
                size = self.size(node.size, "A bit register", least=0)
                if size > self._bounds.bits:
                    raise too_many(TooManyClbits, "bits", size, self._bounds.bits)
                return Type("bits", size)
            case ast.IntType() | ast.UintType() | ast.AngleType():
                kind = type(node).__name__.removesuffix("Type").lower()
                if node.size is None:
                    return Type(kind)
                size = self.size(node.size, f"A type {kind}", least=1)
                if size > MAX_BITS:
                    raise unsupported(f"A type {kind} of more than {MAX_BITS} bits is", node)
                return Type(kind, size)
            case ast.FloatType():
                if node.size is not None:
                    self.size(node.size, "A type float", least=1)
                return FLOAT
            case ast.ComplexType():
                return COMPLEX
            case ast.DurationType() | ast.StretchType():
                return DURATION
            case ast.ArrayType():
                if isinstance(node.base_type, ast.BitType):
                    raise unsupported("An array of bits is", node, "take a register: bit[n]")
                if len(node.dimensions) > _MAX_DIMENSIONS:
                    raise semantic(f"An array has at most {_MAX_DIMENSIONS} dimensions.", node)
                element = self.named(node.base_type)
                sizes = (self.size(size, "An array", least=0) for size in node.dimensions)
                dimensions = tuple(sizes)
                if math.prod(dimensions) > _MAX_ARRAY:
                    raise unsupported(f"An array of more than {_MAX_ARRAY} elements is", node)
                return Type(element.kind, element.size, dimensions)
        raise unsupported(f"The {words(node)} is", node)

    def of_variable(self, node: Node) -> Type:
        """The type of a variable or of a cast: an int has a width, given or not."""
        found = self.named(node)
        if found.kind in ("int", "uint") and found.size is None:
            return Type(found.kind, MACHINE_BITS, found.dimensions)
        return found

    def size(self, node: Node, whose: str, least: int) -> int:
        """The size of a register or a type. Raises ProgramError."""
        size = self._constant(node, f"The size of {whose[0].lower()}{whose[1:]}")
        if size < least:
            sort = "cannot be negative" if least == 0 else "must be positive"
            raise semantic(f"The size of {whose[0].lower()}{whose[1:]} {sort}.", node)
        return size

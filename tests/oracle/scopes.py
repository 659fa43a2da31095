"""What names stand for, and where they are visible."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from openqasm3 import ast

from oracle.machine import Cell
from oracle.values import OracleError, Type


@dataclass(frozen=True)
class Qubits:
    """One qubit, or a register of them."""

    indices: tuple[int, ...]
    scalar: bool = False


@dataclass(frozen=True)
class Bits:
    """One bit, or a register of them; an alias has the same cells."""

    cells: tuple[Cell, ...]
    scalar: bool = False


@dataclass(eq=False)
class Variable:
    """Storage of a scalar type other than bit."""

    type: Type
    data: Any
    const: bool = False


@dataclass(frozen=True, eq=False)
class Array:
    """An array or a slice of one: a view of its elements' data."""

    base: Type
    view: np.ndarray
    const: bool = False


@dataclass(frozen=True, eq=False)
class Element:
    """One element of an array."""

    array: Array
    position: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class IntegerBits:
    """Some bits of an integer or an angle that is stored somewhere."""

    parent: Variable | Element
    positions: tuple[int, ...]
    scalar: bool


Reference = Qubits | Bits | Variable | Array | Element | IntegerBits


@dataclass(frozen=True, eq=False)
class Gate:
    """A gate's definition, and how many global names there were before it."""

    node: ast.QuantumGateDefinition
    visible: int


@dataclass(frozen=True, eq=False)
class Subroutine:
    """A subroutine's definition, and how many global names there were up to it."""

    node: ast.SubroutineDefinition
    visible: int


Symbol = Reference | Gate | Subroutine


class Scope:
    """A block's names.

    With `visible`, it is the outermost scope of a gate or a subroutine, which sees of the names
    around it the first so many, and only those that cannot change.
    """

    def __init__(self, parent: Scope | None = None, visible: int | None = None) -> None:
        self.parent = parent
        self.visible = visible
        self.symbols: dict[str, Symbol] = {}

    def declare(self, name: str, symbol: Symbol) -> None:
        if name in self.symbols:
            raise OracleError(f"{name} is already declared")
        self.symbols[name] = symbol

    def find(self, name: str) -> Symbol:
        scope: Scope | None = self
        limit: int | None = None
        while scope is not None:
            if name in scope.symbols and _seen(scope, name, limit):
                return scope.symbols[name]
            if scope.visible is not None:
                limit = scope.visible
            scope = scope.parent
        raise OracleError(f"{name} is not defined here")

    def has(self, name: str) -> bool:
        try:
            self.find(name)
        except OracleError:
            return False
        return True


def _seen(scope: Scope, name: str, limit: int | None) -> bool:
    if limit is None:
        return True
    symbol = scope.symbols[name]
    lasting = isinstance(symbol, Gate | Subroutine) or (
        isinstance(symbol, Variable) and symbol.const
    )
    return lasting and list(scope.symbols).index(name) < limit

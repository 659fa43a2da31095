"""Expressions: their values, and the storage they refer to."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from openqasm3 import ast

from oracle import operators
from oracle.machine import Cell, Machine
from oracle.scopes import (
    Array,
    Bits,
    Element,
    IntegerBits,
    Qubits,
    Reference,
    Scope,
    Subroutine,
    Variable,
)
from oracle.values import (
    BIT,
    BOOL,
    COMPLEX,
    DURATION,
    EXACT,
    FLOAT,
    OracleError,
    Type,
    Value,
    cast,
    truth,
    unsigned,
    wrapped,
)

SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "dt": 1e-9}
CONSTANTS = {
    **dict.fromkeys(("pi", "π"), math.pi),
    **dict.fromkeys(("tau", "τ"), 2 * math.pi),
    **dict.fromkeys(("euler", "ℇ"), math.e),
}
SIMPLE_TYPES: dict[type[ast.ClassicalType], str] = {
    ast.IntType: "int",
    ast.UintType: "uint",
    ast.AngleType: "angle",
}


class Expressions:
    """Evaluates expressions in a scope."""

    scope: Scope
    machine: Machine
    _constant = False

    def call(self, subroutine: Subroutine, arguments: list[ast.Expression]) -> Value | None:
        raise NotImplementedError

    @contextmanager
    def compile_time(self) -> Iterator[None]:
        """Inside, only constants have values."""
        before, self._constant = self._constant, True
        try:
            yield
        finally:
            self._constant = before

    def evaluate(self, node: Any) -> Value:
        """The value of an expression."""
        match node:
            case ast.IntegerLiteral():
                return Value(EXACT, node.value)
            case ast.FloatLiteral():
                return Value(FLOAT, node.value)
            case ast.BooleanLiteral():
                return Value(BOOL, int(node.value))
            case ast.BitstringLiteral():
                return Value(Type("bits", node.width), node.value)
            case ast.ImaginaryLiteral():
                return Value(COMPLEX, complex(0, node.value))
            case ast.DurationLiteral():
                return Value(DURATION, node.value * SECONDS[node.unit.name])
            case ast.UnaryExpression():
                return operators.unary(node.op.name, self.evaluate(node.expression))
            case ast.BinaryExpression():
                return self._binary(node)
            case ast.Cast():
                return self._cast(node)
            case ast.FunctionCall():
                return self._function(node)
            case ast.SizeOf():
                return self._sizeof(node)
            case ast.QuantumMeasurement():
                return self._measured(node)
            case ast.Identifier():
                return self.load(self.reference(node))
            case ast.IndexExpression() if _rooted(node):
                return self.load(self.reference(node))
            case ast.IndexExpression():
                return self._indexed_value(self.evaluate(node.collection), node.index)
        raise OracleError(f"no value for {type(node).__name__}")

    def condition(self, node: ast.Expression) -> bool:
        return truth(self.evaluate(node))

    def integer(self, node: ast.Expression) -> int:
        value = self.evaluate(node)
        if not value.type.integer:
            raise OracleError(f"{value.type.kind} where an integer is needed")
        return int(value.data)

    def constant_integer(self, node: ast.Expression) -> int:
        with self.compile_time():
            return self.integer(node)

    def type(self, node: ast.ClassicalType) -> Type:
        """The type that a piece of syntax names."""
        kind = SIMPLE_TYPES.get(type(node))
        if kind is not None:
            return Type(kind, self._size(node.size))
        match node:
            case ast.BitType():
                return BIT if node.size is None else Type("bits", self._size(node.size, 0))
            case ast.BoolType():
                return BOOL
            case ast.FloatType():
                return FLOAT
            case ast.ComplexType():
                return COMPLEX
            case ast.DurationType() | ast.StretchType():
                return DURATION
            case ast.ArrayType():
                base = self.type(node.base_type)
                if base.kind in ("bit", "bits"):
                    raise OracleError("no arrays of bits")
                shape = tuple(self._size(size, 0) or 0 for size in node.dimensions)
                return Type("array", base=base, shape=shape)
        raise OracleError(f"no type {type(node).__name__}")

    def reference(self, node: Any) -> Reference:
        """The storage that an operand, an assignment's target or an alias means."""
        match node:
            case ast.Identifier() if node.name.startswith("$"):
                return Qubits((self.machine.physical(int(node.name[1:])),), scalar=True)
            case ast.Identifier():
                symbol = self.scope.find(node.name)
                if not isinstance(symbol, Reference):
                    raise OracleError(f"{node.name} is not a variable")
                if self._constant and not (isinstance(symbol, Variable) and symbol.const):
                    raise OracleError(f"{node.name} is not a constant")
                return symbol
            case ast.IndexedIdentifier():
                found = self.reference(node.name)
                for index in node.indices:
                    found = self._indexed(found, index)
                return found
            case ast.IndexExpression():
                return self._indexed(self.reference(node.collection), node.index)
            case ast.Concatenation():
                return self._concatenated(self.reference(node.lhs), self.reference(node.rhs))
        raise OracleError(f"{type(node).__name__} is not stored anywhere")

    def load(self, of: Reference) -> Value:
        """What is stored there."""
        match of:
            case Variable():
                return Value(of.type, of.data)
            case Bits():
                bits = [self.machine.read(cell) for cell in of.cells]
                if of.scalar:
                    return Value(BIT, bits[0])
                return Value(Type("bits", len(bits)), _joined(bits))
            case Array():
                shape = Type("array", base=of.base, shape=of.view.shape)
                return Value(shape, of.view.copy())
            case Element():
                return Value(of.array.base, of.array.view[of.position])
            case IntegerBits():
                return _picked(self.load(of.parent), list(of.positions), of.scalar)
        raise OracleError("a qubit has no value")

    def store(self, to: Reference, value: Value) -> None:
        """An assignment."""
        match to:
            case Variable(const=True) | Array(const=True) | Element(array=Array(const=True)):
                raise OracleError("assignment to a constant")
            case Variable():
                to.data = cast(value, to.type).data
            case Bits(scalar=True):
                self.machine.write(to.cells[0], cast(value, BIT).data)
            case Bits():
                number = cast(value, Type("bits", len(to.cells))).data
                for place, cell in enumerate(to.cells):
                    self.machine.write(cell, number >> place & 1)
            case Array():
                same = value.type == Type("array", base=to.base, shape=to.view.shape)
                if not same:
                    raise OracleError("arrays of different shapes or types")
                to.view[...] = value.data
            case Element():
                to.array.view[to.position] = cast(value, to.array.base).data
            case IntegerBits():
                self._store_bits(to, value)
            case _:
                raise OracleError("assignment to a qubit")

    def _store_bits(self, to: IntegerBits, value: Value) -> None:
        parent = self.load(to.parent)
        number = unsigned(parent)
        kind = BIT if to.scalar else Type("bits", len(to.positions))
        bits = cast(value, kind).data
        for place, position in enumerate(to.positions):
            number = number & ~(1 << position) | (bits >> place & 1) << position
        data = wrapped(number, parent.type) if parent.type.integer else number
        self.store(to.parent, Value(parent.type, data))

    def _size(self, node: ast.Expression | None, least: int = 1) -> int | None:
        if node is None:
            return None
        size = self.constant_integer(node)
        if not least <= size <= 1 << 20:
            raise OracleError(f"a size of {size}")
        return size

    def _binary(self, node: ast.BinaryExpression) -> Value:
        left = self.evaluate(node.lhs)
        if node.op.name == "&&":
            return Value(BOOL, int(truth(left) and self.condition(node.rhs)))
        if node.op.name == "||":
            return Value(BOOL, int(truth(left) or self.condition(node.rhs)))
        return operators.binary(node.op.name, left, self.evaluate(node.rhs))

    def _cast(self, node: ast.Cast) -> Value:
        to, value = self.type(node.type), self.evaluate(node.argument)
        result = cast(value, to, explicit=True)
        if to.integer and to.size is None and value.type.exact and result.data == value.data:
            return Value(EXACT, value.data)
        return result

    def _function(self, node: ast.FunctionCall) -> Value:
        name = node.name.name
        if not self.scope.has(name):
            return operators.call(name, [self.evaluate(one) for one in node.arguments])
        symbol = self.scope.find(name)
        if not isinstance(symbol, Subroutine) or self._constant:
            raise OracleError(f"{name} cannot be called here")
        result = self.call(symbol, node.arguments)
        if result is None:
            raise OracleError(f"{name} returns nothing")
        return result

    def _sizeof(self, node: ast.SizeOf) -> Value:
        with_constant, self._constant = self._constant, False
        try:
            array = self.reference(node.target)
        finally:
            self._constant = with_constant
        dimension = 0 if node.index is None else self.constant_integer(node.index)
        if not isinstance(array, Array) or not 0 <= dimension < array.view.ndim:
            raise OracleError("sizeof is for the dimensions of an array")
        return Value(EXACT, array.view.shape[dimension])

    def _measured(self, node: ast.QuantumMeasurement) -> Value:
        """A measurement whose result is needed at once."""
        qubits = self.reference(node.qubit)
        if not isinstance(qubits, Qubits):
            raise OracleError("only qubits can be measured")
        bits = []
        for qubit in qubits.indices:
            cell = Cell()
            self.machine.measure(qubit, cell)
            bits.append(self.machine.read(cell))
        if qubits.scalar:
            return Value(BIT, bits[0])
        return Value(Type("bits", len(bits)), _joined(bits))

    def _concatenated(self, left: Reference, right: Reference) -> Reference:
        if isinstance(left, Qubits) and isinstance(right, Qubits):
            return Qubits(_distinct(left.indices + right.indices))
        if isinstance(left, Bits) and isinstance(right, Bits):
            return Bits(_distinct(left.cells + right.cells))
        raise OracleError("only registers of one kind are concatenated")

    def _indexed(self, of: Reference, index: Any) -> Reference:
        match of:
            case Qubits(scalar=False):
                places, scalar = self._places(index, len(of.indices))
                return Qubits(_distinct(tuple(of.indices[place] for place in places)), scalar)
            case Bits(scalar=False):
                places, scalar = self._places(index, len(of.cells))
                return Bits(_distinct(tuple(of.cells[place] for place in places)), scalar)
            case Array():
                return self._subarray(of, index)
            case Variable() | Element():
                of_type = of.type if isinstance(of, Variable) else of.array.base
                if of_type.kind not in ("int", "uint", "angle", "bits"):
                    raise OracleError(f"{of_type.kind} has no bits")
                places, scalar = self._places(index, of_type.width)
                return IntegerBits(of, tuple(places), scalar)
        raise OracleError("this cannot be indexed")

    def _indexed_value(self, value: Value, index: Any) -> Value:
        if value.type.kind not in ("bits", "int", "uint", "angle"):
            raise OracleError(f"{value.type.kind} cannot be indexed")
        places, scalar = self._places(index, value.type.width)
        return _picked(value, places, scalar)

    def _subarray(self, array: Array, index: Any) -> Reference:
        if isinstance(index, ast.DiscreteSet) or len(index) > array.view.ndim:
            raise OracleError("this is no index of an array")
        view, axis = array.view, 0
        position: list[int] = []
        for item in index:
            places, scalar = self._places([item], view.shape[axis])
            if scalar and view.ndim == 1:
                position = [places[0]]
                break
            if scalar:
                view = view[(slice(None),) * axis + (places[0],)]
                continue
            step = places[1] - places[0] if len(places) > 1 else 1
            stop = places[-1] + (1 if step > 0 else -1)
            part = slice(places[0], stop if stop >= 0 else None, step)
            view = view[(slice(None),) * axis + (part,)]
            axis += 1
        narrowed = Array(array.base, view, array.const)
        return Element(narrowed, tuple(position)) if position else narrowed

    def _places(self, index: Any, count: int) -> tuple[list[int], bool]:
        """The selected positions of so many, and whether it is one that was asked for."""
        if isinstance(index, ast.DiscreteSet):
            numbers = [self.integer(one) for one in index.values]
        elif len(index) != 1:
            raise OracleError("too many indices")
        elif isinstance(index[0], ast.RangeDefinition):
            numbers = self.range(index[0], count)
        else:
            return [_place(self.integer(index[0]), count)], True
        if not numbers:
            raise OracleError("an empty selection")
        return [_place(number, count) for number in numbers], False

    def range(self, node: ast.RangeDefinition, count: int) -> list[int]:
        """The numbers of a range, whose negative ends are among so many counted from the last."""
        step = 1 if node.step is None else self.integer(node.step)
        if step == 0:
            raise OracleError("a step of zero")
        start, end = (0, count - 1) if step > 0 else (count - 1, 0)
        if node.start is not None:
            start = self.integer(node.start)
            start += count if start < 0 else 0
        if node.end is not None:
            end = self.integer(node.end)
            end += count if end < 0 else 0
        return list(range(start, end + (1 if step > 0 else -1), step))


def _rooted(node: Any) -> bool:
    while isinstance(node, ast.IndexExpression):
        node = node.collection
    return isinstance(node, ast.Identifier)


def _place(number: int, count: int) -> int:
    place = number + count if number < 0 else number
    if not 0 <= place < count:
        raise OracleError(f"no index {number} among {count}")
    return place


def _distinct(items: tuple[Any, ...]) -> tuple[Any, ...]:
    if len(set(map(id, items)) if isinstance(items[0], Cell) else set(items)) != len(items):
        raise OracleError("the same bit twice")
    return items


def _joined(bits: list[int]) -> int:
    return sum(bit << place for place, bit in enumerate(bits))


def _picked(value: Value, places: list[int], scalar: bool) -> Value:
    number = unsigned(value)
    bits = [number >> place & 1 for place in places]
    return Value(BIT, bits[0]) if scalar else Value(Type("bits", len(bits)), _joined(bits))

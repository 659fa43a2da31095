"""Expressions: from the syntax tree to values, and to the qubits and bits that names stand for."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from openqasm3 import ast

from quantum_tasks.circuits.bounds import too_many
from quantum_tasks.circuits.circuit import negated
from quantum_tasks.errors import QasmSemantic, TooManyClbits
from quantum_tasks.language import runtime
from quantum_tasks.language.arithmetic import FUNCTIONS
from quantum_tasks.language.cases import NeedsKnownError, cases, located
from quantum_tasks.language.inputs import Input
from quantum_tasks.language.machine import Machine, Variable
from quantum_tasks.language.references import References
from quantum_tasks.language.runtime import word
from quantum_tasks.language.scope import (
    Cells,
    GateDefinition,
    Qubits,
    StandardGate,
    Subroutine,
    Symbol,
    View,
    did_you_mean,
    what,
)
from quantum_tasks.language.values import (
    BOOL,
    COMPLEX,
    DURATION,
    FLOAT,
    INTEGERS,
    MACHINE_BITS,
    MAX_BITS,
    UINT,
    Type,
    Value,
    as_integer,
    integer,
)
from quantum_tasks.parsing.indices import Node
from quantum_tasks.parsing.mistakes import Mistake, ProgramError, semantic, unsupported

T = TypeVar("T")

_SECONDS = {"dt": 1e-9, "ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}
_MAX_ARRAY = 10_000
_NOTHING = object()
_WHOLE = (*INTEGERS, "bits")
_MAX_DIMENSIONS = 7  # says the language


class Expressions(References):
    """Works out expressions in the scope of the statement being compiled."""

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine)
        self.assumed: dict[int, Any] = {}
        self.inputs: dict[str, Input] = {}

    @abstractmethod
    def calls_in(self, node: Any) -> list[ast.FunctionCall]:
        """The calls of subroutines in an expression; the compiler of statements knows them."""

    @abstractmethod
    def evaluated_if(self, condition: Any, node: ast.BinaryExpression) -> Value:
        """The right side of && or ||, evaluated only if the left one does not decide."""

    @abstractmethod
    def call_subroutine(self, subroutine: Subroutine, node: ast.FunctionCall) -> Value | None:
        """Compiles the body of a `def` in place; the compiler of statements knows how."""

    # Values

    def value(self, node: Node) -> Value:
        """The value of an expression. Raises ProgramError."""
        if self.assumed and id(node) in self.assumed:
            return self._assumed(node)
        work = _EXPRESSIONS.get(type(node))
        if work is None:
            raise unsupported(f"'{_words(node)}' in an expression is", node)
        return self.attempt(node, work, self, node)

    def _assumed(self, node: Node) -> Value:
        value: Value | None = self.assumed[id(node)]
        if value is None:
            raise semantic("This subroutine returns nothing.", node)
        return value

    @contextmanager
    def assuming(self, node: Node, value: Value | None) -> Iterator[None]:
        """While it lasts, an expression has this value."""
        before = self.assumed.get(id(node), _NOTHING)
        self.assumed[id(node)] = value
        try:
            yield
        finally:
            if before is _NOTHING:
                del self.assumed[id(node)]
            else:
                self.assumed[id(node)] = before

    def evaluated(self, node: Node) -> Value:
        """The value of an expression, worked out for each value of what it has to know."""
        try:
            return self.value(node)
        except NeedsKnownError as need:
            return self._by_cases(need, node)

    def _by_cases(self, need: NeedsKnownError, node: Node) -> Value:
        value = self.value(need.node)
        result: Value | None = None
        mistake: ProgramError | None = None
        for condition, known in self.attempt(need.node, cases, value):
            try:
                with self.assuming(need.node, known):
                    one = self.evaluated(node)
            except ProgramError as error:  # a condition around it may exclude this case
                if error.problem is not QasmSemantic:
                    raise
                mistake = error
                continue
            other = result or one
            result = self.attempt(node, runtime.merged, condition, one, other)
        if result is None:
            assert mistake is not None
            raise mistake
        return result

    def attempt(self, node: Node, work: Callable[..., T], *args: Any) -> T:
        """Does some work with arguments; says where a mistake was made."""
        try:
            return work(*args)
        except Mistake as mistake:
            raise located(mistake, node) from None

    def known(self, node: Node) -> Value:
        """The value of an expression that the compiler has to know."""
        value = self.value(node)
        if not value.known:
            raise NeedsKnownError(node)
        return value

    def known_integer(self, node: Node, whose: str) -> int:
        """The same, for integers."""
        value = self.known(node)
        if value.type.dimensions or value.type.kind not in _WHOLE:
            raise semantic(f"{whose} must be an integer, not a {value.type}.", node)
        return as_integer(value)

    def constant(self, node: Node, whose: str) -> int:
        """An integer that the program may not change later: the size of something."""
        value = self.value(node)
        if not value.const or value.type.kind not in _WHOLE:
            hint = None if value.const else "declare it as const"
            if hint and self._reads_input(node):
                hint = "an input is not constant; write the number into the program"
            raise semantic(f"{whose} must be a constant integer.", node, hint)
        return as_integer(value)

    def _reads_input(self, node: Any) -> bool:
        if isinstance(node, ast.Identifier):
            return node.name in self.inputs
        if isinstance(node, list):
            return any(map(self._reads_input, node))
        return isinstance(node, ast.QASMNode) and any(map(self._reads_input, vars(node).values()))

    def cast(self, node: Node, value: Value, type: Type, explicit: bool = False) -> Value:
        """A value as one of another type. Raises ProgramError."""
        return self.attempt(node, runtime.converted, value, type, explicit)

    def condition(self, node: Node) -> Any:
        """Whether something holds: a Condition."""
        return self.cast(node, self.evaluated(node), BOOL, explicit=True).data

    def _identifier(self, node: ast.Identifier) -> Value:
        return self.value_of(self.scopes.look_up(node.name, node), node)

    def value_of(self, symbol: Symbol, node: Node) -> Value:
        """The value that a name stands for. Raises ProgramError if it has none."""
        match symbol:
            case Variable():
                return symbol.value
            case Cells():
                bits = tuple(self.machine.bit_of(*cell) for cell in symbol.cells)
                if symbol.scalar:
                    return Value(Type("bit"), bits[0])
                return Value(Type("bits", len(bits)), bits)
            case View():
                elements = [symbol.variable.value.data[place] for place in symbol.places]
                if not symbol.dimensions:
                    single: Value = elements[0]
                    return single
                element = symbol.variable.value.type.element
                return Value(Type(element.kind, element.size, symbol.dimensions), elements)
        hint = "measure it into a bit" if isinstance(symbol, Qubits) else None
        raise semantic(f"This is {what(symbol)}; it has no value.", node, hint)

    def _integer_literal(self, node: ast.IntegerLiteral) -> Value:
        if node.value.bit_length() > MAX_BITS:
            raise Mistake("the number is too large")
        return integer(node.value)

    def _float_literal(self, node: ast.FloatLiteral) -> Value:
        if not math.isfinite(node.value):
            raise Mistake("the number is too large for a float")
        return Value(FLOAT, node.value, const=True)

    def _bitstring(self, node: ast.BitstringLiteral) -> Value:
        bits = tuple(bool(node.value >> place & 1) for place in range(node.width))
        return Value(Type("bits", node.width), bits, const=True)

    def _duration(self, node: ast.DurationLiteral) -> Value:
        return Value(DURATION, node.value * _SECONDS[node.unit.name], const=True)

    def _unary(self, node: ast.UnaryExpression) -> Value:
        operand = self.value(node.expression)
        result = runtime.unary(node.op.name, operand, self.machine.keep)
        return Value(result.type, result.data, operand.const)

    def _binary(self, node: ast.BinaryExpression) -> Value:
        op, left = node.op.name, self.value(node.lhs)
        if op in ("&&", "||"):
            left = runtime.converted(left, BOOL)
            if left.data is (op == "||"):
                return left  # the right side is not evaluated
            if not left.known and self.calls_in(node.rhs):
                return self.evaluated_if(left.data if op == "&&" else negated(left.data), node)
        right = self.value(node.rhs)
        result = runtime.binary(op, left, right, self.machine.keep)
        return Value(result.type, result.data, left.const and right.const)

    def _cast(self, node: ast.Cast) -> Value:
        value, type = self.value(node.argument), self.variable_type(node.type)
        if value.type.kind == "bits" and getattr(node.type, "size", None) is None:
            type = Type(type.kind, max(type.size or 0, value.type.size or 0))
        return runtime.converted(value, type, explicit=True)

    def _call(self, node: ast.FunctionCall) -> Value:
        name = node.name.name
        symbol = self.scopes.find(name)
        if isinstance(symbol, Subroutine):
            result = self.call_subroutine(symbol, node)
            if result is None:
                raise semantic(f"The subroutine '{name}' returns nothing.", node)
            return result
        if name not in FUNCTIONS or symbol is not None:
            if isinstance(symbol, GateDefinition | StandardGate):
                raise semantic(f"'{name}' is a gate; its qubits are missing.", node)
            if symbol is not None:
                raise semantic(f"'{name}' is {what(symbol)}, not a function.", node)
            hint = did_you_mean(name, FUNCTIONS)
            raise semantic(f"The function '{name}' is not defined.", node, hint)
        arguments = [self.value(argument) for argument in node.arguments]
        result = runtime.function(name, arguments, self.machine.keep)
        return Value(result.type, result.data, all(argument.const for argument in arguments))

    def _size_of(self, node: ast.SizeOf) -> Value:
        type = self.value(node.target).type
        place = 0 if node.index is None else self.known_integer(node.index, "The dimension")
        if not 0 <= place < len(type.dimensions):
            raise Mistake("sizeof takes an array and the number of one of its dimensions")
        return Value(UINT, type.dimensions[place], const=True)

    def _concatenation(self, node: ast.Concatenation) -> Value:
        left, right = self.value(node.lhs), self.value(node.rhs)
        if left.type.kind in ("bit", "bits") and right.type.kind in ("bit", "bits"):
            bits = (*word(left), *word(right))
            return Value(Type("bits", len(bits)), bits, left.const and right.const)
        if len(left.type.dimensions) == len(right.type.dimensions) > 0:
            (many, *rest), (more, *others) = left.type.dimensions, right.type.dimensions
            if left.type.element == right.type.element and rest == others:
                element = left.type.element
                joined = Type(element.kind, element.size, (many + more, *rest))
                return Value(joined, [*left.data, *right.data])
        raise Mistake(f"'++' does not take {left.type} and {right.type}")

    # Indices

    def _indexed(self, node: ast.IndexExpression) -> Value:
        if isinstance(node.collection, ast.Identifier):
            symbol = self.scopes.look_up(node.collection.name, node.collection)
            if isinstance(symbol, Qubits | Cells):
                return self.value_of(self.picked(symbol, node.index, node), node)
        return self.element(self.value(node.collection), node.index, node)

    def element(self, value: Value, index: Any, node: Node) -> Value:
        """Part of an array, or bits of a number."""
        if value.type.dimensions:
            elements = _elements(index)
            places, dimensions = self.array_places(value.type.dimensions, elements, node)
            picked = [value.data[place] for place in places]
            if not dimensions:
                only: Value = picked[0]
                return only
            element = value.type.element
            return Value(Type(element.kind, element.size, dimensions), picked)
        if value.type.kind not in ("bits", "int", "uint", "angle") or (
            value.type.kind == "angle" and value.type.size is None
        ):
            raise semantic(f"A value of type {value.type} has no elements.", node)
        chosen, scalar = self.places(word(value), index, node)
        bits = tuple(word(value)[place] for place in chosen)
        if scalar:
            return Value(Type("bit"), bits[0], value.const)
        return Value(Type("bits", len(bits)), bits, value.const)

    # Types

    def named_type(self, node: Node) -> Type:
        """The type that a declaration names. Raises ProgramError."""
        match node:
            case ast.BoolType():
                return BOOL
            case ast.BitType():
                if node.size is None:
                    return Type("bit")
                size = self.size(node.size, "A bit register", least=0)
                if size > self.machine.bounds.bits:
                    raise too_many(TooManyClbits, "bits", size, self.machine.bounds.bits)
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
                element = self.named_type(node.base_type)
                sizes = (self.size(size, "An array", least=0) for size in node.dimensions)
                dimensions = tuple(sizes)
                if math.prod(dimensions) > _MAX_ARRAY:
                    raise unsupported(f"An array of more than {_MAX_ARRAY} elements is", node)
                return Type(element.kind, element.size, dimensions)
        raise unsupported(f"The {_words(node)} is", node)

    def variable_type(self, node: Node) -> Type:
        """The type of a variable or of a cast: an int has a width, given or not."""
        found = self.named_type(node)
        if found.kind in ("int", "uint") and found.size is None:
            return Type(found.kind, MACHINE_BITS, found.dimensions)
        return found

    def size(self, node: Node, whose: str, least: int) -> int:
        """The size of a register or a type. Raises ProgramError."""
        size = self.constant(node, f"The size of {whose[0].lower()}{whose[1:]}")
        if size < least:
            sort = "cannot be negative" if least == 0 else "must be positive"
            raise semantic(f"The size of {whose[0].lower()}{whose[1:]} {sort}.", node)
        return size


_EXPRESSIONS: dict[type, Callable[[Expressions, Any], Value]] = {
    ast.Identifier: Expressions._identifier,
    ast.IntegerLiteral: Expressions._integer_literal,
    ast.FloatLiteral: Expressions._float_literal,
    ast.ImaginaryLiteral: lambda _, node: Value(COMPLEX, complex(0, node.value), const=True),
    ast.BooleanLiteral: lambda _, node: Value(BOOL, node.value, const=True),
    ast.BitstringLiteral: Expressions._bitstring,
    ast.DurationLiteral: Expressions._duration,
    ast.UnaryExpression: Expressions._unary,
    ast.BinaryExpression: Expressions._binary,
    ast.IndexExpression: Expressions._indexed,
    ast.Cast: Expressions._cast,
    ast.FunctionCall: Expressions._call,
    ast.SizeOf: Expressions._size_of,
    ast.Concatenation: Expressions._concatenation,
}


def _elements(index: Any) -> list[Any]:
    return [index] if isinstance(index, ast.DiscreteSet) else list(index)


def _words(node: Node) -> str:
    """'DurationOf' -> 'duration of'."""
    name = type(node).__name__
    return "".join(f" {c.lower()}" if c.isupper() else c for c in name).strip()

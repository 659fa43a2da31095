"""Expressions: from the syntax tree to values, and to the qubits and bits that names stand for."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from openqasm3 import ast

from quantum_tasks.circuits.circuit import negated
from quantum_tasks.errors import QasmSemantic
from quantum_tasks.language import arithmetic, literals
from quantum_tasks.language.arithmetic import FUNCTIONS
from quantum_tasks.language.durations import duration_of
from quantum_tasks.language.indices import Indices
from quantum_tasks.language.listing import Listing
from quantum_tasks.language.machine import Machine, Variable
from quantum_tasks.language.measured import runtime
from quantum_tasks.language.measured.cases import NeedsKnownError, cases, located
from quantum_tasks.language.measured.codes import Writer
from quantum_tasks.language.measured.runtime import word
from quantum_tasks.language.operations import Operations, concatenated
from quantum_tasks.language.references import References
from quantum_tasks.language.scope import (
    Cells,
    Extern,
    GateDefinition,
    Qubits,
    Scopes,
    StandardGate,
    Subroutine,
    Symbol,
    View,
    what,
)
from quantum_tasks.language.typenames import TypeNames
from quantum_tasks.language.values import (
    BOOL,
    INT,
    INTEGERS,
    MACHINE_BITS,
    Type,
    Value,
    as_integer,
)
from quantum_tasks.language.version2 import register_is
from quantum_tasks.parsing.mistakes import (
    Mistake,
    Node,
    ProgramError,
    semantic,
    unsupported,
    words,
)
from quantum_tasks.parsing.qasm2 import RegisterIs
from quantum_tasks.tasks import WarningCode

if TYPE_CHECKING:
    from quantum_tasks.language.statements.subroutines import Subroutines

T = TypeVar("T")

_NOTHING = object()
_PLAIN = (Type("int", MACHINE_BITS), Type("uint", MACHINE_BITS))
# Functions under the names that they have elsewhere.
_CALLED = {
    **{f"{short}{name}": f"arc{name}" for name in ("sin", "cos", "tan") for short in ("a", "arc")},
    **{name: name for name in FUNCTIONS},  # in capitals
    "bitcount": "popcount",
    "ceil": "ceiling",
    "fmod": "mod",
    "ln": "log",
}
_WHOLE = (*INTEGERS, "bits")


class Evaluator:
    """Works out expressions in the scope of the statement being compiled.

    Its parts are `operations`, `indices`, `types` and `references`; `subroutines` compile calls.
    """

    def __init__(self, listing: Listing, scopes: Scopes, writer: Writer | None = None) -> None:
        self.listing = listing
        self.operations = Operations(listing, writer)
        self.scopes = scopes
        self.indices = Indices(self.known_integer)
        self.types = TypeNames(listing.bounds, self.constant)
        self.references = References(listing, scopes, self.indices)
        self.subroutines: Subroutines | None = None  # once there are some
        self._assumptions: dict[int, Any] = {}

    # Values

    def value(self, node: Node) -> Value:
        """The value of an expression. Raises ProgramError."""
        if self._assumptions and id(node) in self._assumptions:
            return self._assumed(node)
        work = _EXPRESSIONS.get(type(node))
        if work is None:
            raise unsupported(f"'{words(node)}' in an expression is", node)
        return self.attempt(node, work, self, node)

    def _assumed(self, node: Node) -> Value:
        value: Value | None = self._assumptions[id(node)]
        if value is None:
            raise semantic("This subroutine returns nothing.", node)
        return value

    @contextmanager
    def assuming(self, node: Node, value: Value | None) -> Iterator[None]:
        """While it lasts, an expression has this value."""
        before = self._assumptions.get(id(node), _NOTHING)
        self._assumptions[id(node)] = value
        try:
            yield
        finally:
            if before is _NOTHING:
                del self._assumptions[id(node)]
            else:
                self._assumptions[id(node)] = before

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
            if hint and _reads(node, self.scopes.inputs):
                hint = "an input is not constant; write the number into the program"
            raise semantic(f"{whose} must be a constant integer.", node, hint)
        return as_integer(value)

    def cast(self, node: Node, value: Value, type: Type, explicit: bool = False) -> Value:
        """A value as one of another type. Raises ProgramError."""
        found = self.attempt(node, self.operations.converted, value, type, explicit)
        if value.type == INT and type in _PLAIN and value.data != found.data and value.known:
            self.note_wrapped(node, found)
        return found

    def note_wrapped(self, node: Node, result: Value) -> None:
        """Warns of a number that 32 bits do not hold."""
        self.listing.warnings.add(
            WarningCode.INTEGER_WRAPS,
            f"The number does not fit into {MACHINE_BITS} bits; it wraps, and becomes "
            f"{as_integer(result)}.",
            node,
            f"take a type with a size: {result.type.kind}[64]",
        )

    def condition(self, node: Node) -> Any:
        """Whether something holds: a Condition."""
        return self.cast(node, self.evaluated(node), BOOL, explicit=True).data

    def _identifier(self, node: ast.Identifier) -> Value:
        return self.value_of(self.scopes.look_up(node.name, node), node)

    def value_of(self, symbol: Symbol, node: Node) -> Value:
        """The value that a name stands for. Raises ProgramError if it has none."""
        match symbol:
            case Variable():
                if symbol.homes and self.listing.unread:
                    self.listing.read(symbol.homes)
                return symbol.value
            case Cells():
                if self.listing.unread:
                    homes = [v.homes[place] for v, place in symbol.cells if v.homes is not None]
                    self.listing.read(homes)
                bits = tuple(Machine.bit_of(*cell) for cell in symbol.cells)
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

    def _unary(self, node: ast.UnaryExpression) -> Value:
        operand = self.value(node.expression)
        result = self.operations.unary(node.op.name, operand)
        return Value(result.type, result.data, operand.const)

    def _binary(self, node: ast.BinaryExpression) -> Value:
        op, left = node.op.name, self.value(node.lhs)
        if op in ("&&", "||"):
            left = runtime.converted(left, BOOL)
            if left.data is (op == "||"):
                return left  # the right side is not evaluated
            if not left.known and self.subroutines and self.subroutines.called_in(node.rhs):
                decisive = left.data if op == "&&" else negated(left.data)
                return self.subroutines.evaluated_if(decisive, node)
        right = self.value(node.rhs)
        result = self.operations.binary(op, left, right)
        if arithmetic.wraps(op, left, right, result):
            self.note_wrapped(node, result)
        return Value(result.type, result.data, left.const and right.const)

    def _cast(self, node: ast.Cast) -> Value:
        value, type = self.value(node.argument), self.types.of_variable(node.type)
        if value.type.kind == "bits" and getattr(node.type, "size", None) is None:
            type = Type(type.kind, max(type.size or 0, value.type.size or 0))
        return self.operations.converted(value, type, explicit=True)

    def _call(self, node: ast.FunctionCall) -> Value:
        name = node.name.name
        symbol = None if self.scopes.is_version_2 else self.scopes.find(name)
        if isinstance(symbol, Subroutine):
            assert self.subroutines is not None
            result = self.subroutines.call(symbol, node)
            if result is None:
                raise semantic(f"The subroutine '{name}' returns nothing.", node)
            return result
        if isinstance(symbol, Extern):
            raise unsupported("Calling an extern function is", node)
        if name not in FUNCTIONS or symbol is not None:
            if isinstance(symbol, GateDefinition | StandardGate):
                raise semantic(f"'{name}' is a gate; its qubits are missing.", node)
            if symbol is not None:
                raise semantic(f"'{name}' is {what(symbol)}, not a function.", node)
            hint = _CALLED.get(name.lower())
            hint = hint and f"write '{hint}', which is the same function"
            raise semantic(f"The function '{name}' is not defined.", node, hint)
        arguments = [self.value(argument) for argument in node.arguments]
        result = self.operations.function(name, arguments)
        return Value(result.type, result.data, all(argument.const for argument in arguments))

    def _size_of(self, node: ast.SizeOf) -> Value:
        type = self.value(node.target).type
        place = 0 if node.index is None else self.known_integer(node.index, "The dimension")
        if not 0 <= place < len(type.dimensions):
            raise Mistake("sizeof takes an array and the number of one of its dimensions")
        return Value(Type("uint", MACHINE_BITS), type.dimensions[place], const=True)

    def _concatenation(self, node: ast.Concatenation) -> Value:
        return concatenated(self.value(node.lhs), self.value(node.rhs))

    # Indices

    def _indexed(self, node: ast.IndexExpression) -> Value:
        if isinstance(node.collection, ast.Identifier):
            symbol = self.scopes.look_up(node.collection.name, node.collection)
            if isinstance(symbol, Qubits | Cells):
                return self.value_of(self.references.picked(symbol, node.index, node), node)
        return self.element(self.value(node.collection), node.index, node)

    def element(self, value: Value, index: Any, node: Node) -> Value:
        """Part of an array, or bits of a number."""
        if value.type.dimensions:
            elements = _elements(index)
            places, dimensions = self.indices.array_places(value.type.dimensions, elements, node)
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
        chosen, scalar = self.indices.places(word(value), index, node)
        bits = tuple(word(value)[place] for place in chosen)
        if scalar:
            return Value(Type("bit"), bits[0], value.const)
        return Value(Type("bits", len(bits)), bits, value.const)


_EXPRESSIONS: dict[type, Callable[[Evaluator, Any], Value]] = {
    ast.Identifier: Evaluator._identifier,
    ast.IntegerLiteral: lambda _, node: literals.whole(node),
    ast.FloatLiteral: lambda _, node: literals.decimal(node),
    ast.ImaginaryLiteral: lambda _, node: literals.imaginary(node),
    ast.BooleanLiteral: lambda _, node: literals.truth(node),
    ast.BitstringLiteral: lambda _, node: literals.register(node),
    ast.DurationLiteral: lambda _, node: literals.duration(node),
    ast.UnaryExpression: Evaluator._unary,
    ast.BinaryExpression: Evaluator._binary,
    ast.IndexExpression: Evaluator._indexed,
    ast.Cast: Evaluator._cast,
    ast.FunctionCall: Evaluator._call,
    ast.SizeOf: Evaluator._size_of,
    ast.DurationOf: duration_of,
    ast.Concatenation: Evaluator._concatenation,
    RegisterIs: register_is,
}


def _reads(node: Any, names: Container[str]) -> bool:
    """Whether one of the names is in an expression."""
    if isinstance(node, ast.Identifier):
        return node.name in names
    if isinstance(node, list):
        return any(_reads(part, names) for part in node)
    return isinstance(node, ast.QASMNode) and _reads(list(vars(node).values()), names)


def _elements(index: Any) -> list[Any]:
    return [index] if isinstance(index, ast.DiscreteSet) else list(index)

"""From the syntax tree to a circuit: Qiskit's importer, mended where it is wrong or stops short.

Each method says what it mends; when the importer does it right by itself, the method goes. The
importer is pinned, because this rests on its insides.
"""

from __future__ import annotations

import functools
import math
from typing import Any

from openqasm3 import ast
from qiskit.circuit import Parameter
from qiskit.circuit.classical import expr
from qiskit_qasm3_import import converter as importer
from qiskit_qasm3_import import types
from qiskit_qasm3_import.data import Scope, Symbol
from qiskit_qasm3_import.exceptions import raise_from_node
from qiskit_qasm3_import.expression import ValueResolver, resolve_condition
from qiskit_qasm3_import.state import LocalScope, State

STANDARD_GATES = frozenset(importer._STDGATES)

# Loops up to this many statements in all are unrolled: 15 µs each, where Aer takes over 1 ms for
# one turn of a loop. Longer ones are left to Aer and the time limit.
_UNROLL_LIMIT = 50_000


class _Resolver(ValueResolver):  # type: ignore[misc]
    """Resolves expressions; mends indices."""

    def visit_BinaryExpression(self, node: ast.BinaryExpression) -> Any:
        """Adds the product of two angles, which people write with a gate's parameters."""
        if node.op.name == "*" and not self._strict:
            left, left_type = self.visit(node.lhs)
            right, right_type = self.visit(node.rhs)
            if isinstance(left_type, types.Angle) and isinstance(right_type, types.Angle):
                return left * right, types.Angle(left_type.const and right_type.const)
        return super().visit_BinaryExpression(node)

    def _index_collection(
        self, collection: Any, collection_type: Any, indexer: Any, base: ast.QASMNode
    ) -> Any:
        """Mends slices with negative ends (`q[1:-1]` came out empty) and says which index is out
        of which range."""
        if not isinstance(collection_type, types.BitArray | types.QubitArray):
            return super()._index_collection(collection, collection_type, indexer, base)
        size = len(collection)
        if isinstance(indexer, ast.DiscreteSet):
            for element in indexer.values:
                self._in_range(element, size)
        elif len(indexer) == 1 and isinstance(indexer[0], ast.RangeDefinition):
            parts = (indexer[0].start, indexer[0].end, indexer[0].step)
            start, end, step = (None if part is None else self._integer(part) for part in parts)
            if step == 0:
                raise_from_node(base, "the step of a range cannot be zero")
            step = 1 if step is None else step
            first, last = (0, size - 1) if step > 0 else (size - 1, 0)
            first = first if start is None else self._in_range(indexer[0].start, size)
            last = last if end is None else self._in_range(indexer[0].end, size)
            picked = [collection[i] for i in range(first, last + (1 if step > 0 else -1), step)]
            return picked, type(collection_type)(len(picked))
        elif len(indexer) == 1:
            self._in_range(indexer[0], size)
        return super()._index_collection(collection, collection_type, indexer, base)

    def _in_range(self, node: ast.Expression, size: int) -> int:
        index = self._integer(node)
        if not -size <= index < size:
            raise_from_node(node, f"index {index} is out of range: the register has size {size}")
        return index % size

    def _integer(self, node: ast.Expression) -> int:
        value, _ = self.visit(node)
        if isinstance(value, Parameter):
            raise_from_node(node, "a loop variable as an index is not supported in so long a loop")
        if not isinstance(value, int):
            raise_from_node(node, "an index must be a constant integer")
        return int(value)


class _EndError(Exception):
    """The program reached its `end;`."""


class Converter(importer.ConvertVisitor):  # type: ignore[misc]
    """Converts one program; keeps track of where it is, for errors that come without a place."""

    def __init__(self) -> None:
        super().__init__()
        self.gates: list[str] = []
        self.included = False
        self._statement: ast.Statement | None = None
        self._unrolled = 0

    def position(self) -> tuple[int | None, int | None]:
        """Line and column, from 1, of the statement that was being converted last."""
        if self._statement is None or self._statement.span is None:
            return None, None
        return self._statement.span.start_line, self._statement.span.start_column + 1

    def visit(self, node: ast.QASMNode, context: State | None = None) -> Any:
        if isinstance(node, ast.Statement):
            self._statement = node
        return super().visit(node, context)

    def _resolve_generic(self, node: ast.Expression, context: State, *, strict: bool) -> Any:
        return _Resolver(context, strict).resolve(node)

    def visit_Program(self, node: ast.Program, context: State) -> State:
        """Adds `end;`."""
        try:
            return super().visit_Program(node, context)
        except _EndError:
            return context

    def visit_EndStatement(self, node: ast.EndStatement, context: State) -> State:
        if context.scope is not Scope.GLOBAL:
            raise_from_node(node, "'end' inside a block is not supported yet")
        raise _EndError

    def visit_Include(self, node: ast.Include, context: State) -> State:
        self.included = True
        return super().visit_Include(node, context)

    def _define_gate(
        self,
        name: str,
        definition: Any,
        n_parameters: int,
        n_qubits: int,
        definer: ast.QASMNode,
        context: State,
    ) -> State:
        """Mends two wrong answers of user-defined gates.

        Their parameters were bound in the order of their names, not of their declaration; and a
        gate named like one of the simulator's own instructions ran as that one, whatever its
        body said. The name inside the circuit is nobody's but ours.
        """
        if isinstance(definition, importer.GateBuilder):
            assert isinstance(definer, ast.QuantumGateDefinition)
            own = {p.name: p for p in definition._definition.parameters}
            definition._order = tuple(own[argument.name] for argument in definer.arguments)
            definition._name = f"gate_{len(self.gates)}_{name}"
            self.gates.append(name)
        return super()._define_gate(name, definition, n_parameters, n_qubits, definer, context)

    def visit_Box(self, node: ast.Box, context: State) -> State:
        """A box bounds timing and optimization, neither of which changes what is measured."""
        self._visit_block(node.body, context)
        return context

    def visit_ConstantDeclaration(self, node: ast.ConstantDeclaration, context: State) -> State:
        """Adds `const`, for numbers."""
        value, _ = self._resolve_generic(node.init_expression, context, strict=False)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise_from_node(node.init_expression, "a constant must be a constant number")
        type_: types.Type
        match node.type:
            case ast.IntType():
                value, type_ = int(value), types.Int(const=True)
            case ast.UintType():
                if value < 0:
                    raise_from_node(node.init_expression, "a uint cannot be negative")
                value, type_ = int(value), types.Uint(const=True)
            case ast.FloatType():
                value, type_ = float(value), types.Float(const=True)
            case ast.AngleType():
                value, type_ = float(value), types.Angle(const=True)
            case _:
                raise_from_node(node, "constants of this type are not supported yet")
        symbol = Symbol(node.identifier.name, value, type_, context.scope, node)
        context.symbol_table.insert(symbol)
        return context

    def visit_ForInLoop(self, node: ast.ForInLoop, context: State) -> State:
        """Unrolls loops, so that the loop's variable can be an index; see _UNROLL_LIMIT."""
        values = self._loop_values(node, context)
        if values is None or not self._may_unroll(len(values), node):
            return super().visit_ForInLoop(node, context)
        signed = isinstance(node.type, ast.IntType)
        type_ = types.Int(const=True) if signed else types.Uint(const=True)
        for value in values:
            with LocalScope(context) as inner:
                name = node.identifier.name
                inner.symbol_table.insert(Symbol(name, value, type_, Scope.LOCAL, node))
                for statement in node.block:
                    self.visit(statement, inner)
        return context

    def _loop_values(self, node: ast.ForInLoop, context: State) -> Any:
        if not isinstance(node.type, ast.IntType | ast.UintType):
            return None
        found, type_ = self._resolve_generic(node.set_declaration, context, strict=True)
        if isinstance(type_, types.Sequence):
            return found
        if isinstance(type_, types.Range) and None not in (found.start, found.stop):
            if found.step == 0:
                raise_from_node(node.set_declaration, "the step of a range cannot be zero")
            return range(found.start, found.stop, found.step or 1)
        return None

    def _may_unroll(self, times: int, node: ast.ForInLoop) -> bool:
        if _leaves_loop(node.block):
            return False
        self._unrolled += times * max(1, len(node.block))
        return self._unrolled <= _UNROLL_LIMIT

    def visit_SwitchStatement(self, node: ast.SwitchStatement, context: State) -> State:
        """Adds `switch`, as a chain of `if` and `else`."""
        target, type_ = self._resolve_generic(node.target, context, strict=True)
        if not isinstance(type_, types.Bit | types.BitArray):
            raise_from_node(node.target, "only a switch over bits is supported")
        bits = [target] if isinstance(type_, types.Bit) else list(target)
        self._switch(bits, node.cases, node.default, context)
        return context

    def _switch(
        self,
        bits: list[Any],
        cases: list[tuple[list[ast.Expression], ast.CompoundStatement]],
        default: ast.CompoundStatement | None,
        context: State,
    ) -> None:
        if not cases:
            if default is not None:
                self._visit_block(default.statements, context)
            return
        (values, block), *others = cases
        conditions = [_bits_equal(bits, self._constant_int(value, context)) for value in values]
        with context.circuit.if_test(functools.reduce(expr.logic_or, conditions)) as otherwise:
            self._visit_block(block.statements, context)
        if others or default is not None:
            with otherwise:
                self._switch(bits, others, default, context)

    def _visit_block(self, statements: list[ast.Statement], context: State) -> None:
        with LocalScope(context) as inner:
            for statement in statements:
                self.visit(statement, inner)

    def _constant_int(self, node: ast.Expression, context: State) -> int:
        value, type_ = self._resolve_generic(node, context, strict=True)
        if not isinstance(value, int) or not getattr(type_, "const", False):
            raise_from_node(node, "a case must be a constant integer")
        return int(value)

    def _resolve_angle(self, node: ast.Expression, context: State) -> Any:
        """Refuses infinite and NaN angles, which the simulator takes, and counts nonsense."""
        value = super()._resolve_angle(node, context)
        if isinstance(value, float) and not math.isfinite(value):
            raise_from_node(node, "the angle is not a finite number")
        return value

    def _resolve_condition(self, node: ast.Expression, context: State) -> Any:
        """Adds `true` and `false`, `!`, `&&`, `||`, and comparisons of any bits with numbers."""
        return self._condition(node, context)

    def _condition(self, node: ast.Expression, context: State) -> expr.Expr:
        match node:
            case ast.BooleanLiteral():
                return expr.lift(node.value)
            case ast.UnaryExpression() if node.op.name in ("!", "~"):
                return expr.logic_not(self._condition(node.expression, context))
            case ast.BinaryExpression() if node.op.name in ("&&", "||"):
                left = self._condition(node.lhs, context)
                right = self._condition(node.rhs, context)
                combine = expr.logic_and if node.op.name == "&&" else expr.logic_or
                return combine(left, right)
            case ast.BinaryExpression() if node.op.name in ("==", "!="):
                equal = self._equality(node, context)
                return equal if node.op.name == "==" else expr.logic_not(equal)
        value, type_ = self._resolve_generic(node, context, strict=True)
        if isinstance(type_, types.Bit):
            return expr.lift(value)
        if isinstance(type_, types.BitArray):
            return expr.logic_not(_bits_equal(list(value), 0))
        resolve_condition(node, context)  # says why not
        raise_from_node(node, "this condition is not supported yet")

    def _equality(self, node: ast.BinaryExpression, context: State) -> expr.Expr:
        left, left_type = self._resolve_generic(node.lhs, context, strict=True)
        right, right_type = self._resolve_generic(node.rhs, context, strict=True)
        bits = (types.Bit, types.BitArray)
        if isinstance(right_type, bits):
            left, left_type, right, right_type = right, right_type, left, left_type
        numbers = (types.Int, types.Uint, types.Bool)
        if not (
            isinstance(left_type, bits)
            and isinstance(right_type, numbers)
            and getattr(right_type, "const", False)
            and not isinstance(right, Parameter)
        ):
            raise_from_node(
                node, "conditions must compare bits with a constant: other ones are unsupported"
            )
        return _bits_equal([left] if isinstance(left_type, types.Bit) else list(left), int(right))


def _bits_equal(bits: list[Any], number: int) -> expr.Expr:
    """Whether bits, least significant first, spell a number."""
    if not 0 <= number < 2 ** len(bits):
        return expr.lift(False)
    condition: expr.Expr | None = None
    for place, bit in enumerate(bits):
        term = expr.lift(bit) if number >> place & 1 else expr.logic_not(bit)
        condition = term if condition is None else expr.logic_and(condition, term)
    return expr.lift(True) if condition is None else condition


def _leaves_loop(block: list[ast.Statement]) -> bool:
    """Whether a `break` or `continue` in this block belongs to the loop around it."""
    for statement in block:
        match statement:
            case ast.BreakStatement() | ast.ContinueStatement():
                return True
            case ast.BranchingStatement():
                if _leaves_loop(statement.if_block) or _leaves_loop(statement.else_block):
                    return True
            case ast.Box():
                if _leaves_loop(statement.body):
                    return True
            case ast.SwitchStatement():
                blocks = [case.statements for _, case in statement.cases]
                if statement.default is not None:
                    blocks.append(statement.default.statements)
                if any(_leaves_loop(inner) for inner in blocks):
                    return True
    return False

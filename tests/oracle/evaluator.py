"""Statements: one run of a program, along one path of measured outcomes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import openqasm3
from openqasm3 import ast

from oracle.declarations import Declarations
from oracle.expressions import CONSTANTS
from oracle.gates import STANDARD, Operator
from oracle.machine import Machine
from oracle.operators import binary
from oracle.scopes import Array, Bits, Gate, Qubits, Scope, Subroutine, Variable
from oracle.values import FLOAT, OracleError, Type, Value, cast

MAX_TURNS = 100_000
MAX_DEPTH = 50


class Break(Exception):
    """Leaves a loop."""


class Continue(Exception):
    """Leaves a loop's turn."""


class Return(Exception):
    """Leaves a subroutine."""

    def __init__(self, value: Value | None) -> None:
        self.value = value


class End(Exception):
    """Leaves the program."""


@lru_cache
def parse(qc: str) -> ast.Program:
    """The syntax tree."""
    try:
        return openqasm3.parse(qc)
    except Exception as error:
        raise OracleError(f"syntax: {error!r}") from error


class Evaluator(Declarations):
    """Runs a program on a machine; afterwards `registers` are the bits that are counted."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.target: Machine | Operator = machine
        self.globals = self.scope = Scope()
        for name, number in CONSTANTS.items():
            self.globals.declare(name, Variable(FLOAT, number, const=True))
        self.bits: list[Bits] = []
        self.outputs: list[Bits] | None = None
        self._turns = 0
        self._depth = 0
        self._handlers = {
            ast.QuantumGate: self.gate,
            ast.QuantumPhase: self.phase,
            ast.QuantumMeasurementStatement: self.measure,
            ast.QuantumReset: self.reset,
        }

    @property
    def registers(self) -> list[Bits]:
        return self.bits if self.outputs is None else self.outputs

    def program(self, node: ast.Program) -> None:
        """The whole program, up to its end or the first `end`."""
        if node.version is not None and node.version.split(".")[0] != "3":
            raise OracleError(f"version {node.version}")
        rest = iter(node.statements)
        try:
            self.run(rest)
        except End:
            self.declare_only(rest)

    def run(self, statements: Iterable[Any]) -> None:
        """Statements of the current scope."""
        for node in statements:
            handler = self._handlers.get(type(node))
            if handler is not None and not (
                isinstance(self.target, Operator)
                and isinstance(node, ast.QuantumMeasurementStatement | ast.QuantumReset)
            ):
                handler(node)
            elif isinstance(self.target, Operator):
                self._in_gate(node)
            else:
                self._statement(node)

    def _in_gate(self, node: Any) -> None:
        match node:
            case ast.ForInLoop():
                self._for(node)
            case ast.QuantumBarrier():
                for operand in node.qubits:
                    self.operand(operand)
            case ast.CompoundStatement():
                self._block(node.statements)
            case _:
                raise OracleError(f"{type(node).__name__} in a gate")

    def _statement(self, node: Any) -> None:
        match node:
            case ast.Include():
                self._include(node)
            case ast.QubitDeclaration():
                self.declare_qubits(node)
            case ast.ClassicalDeclaration():
                self.declare(node)
            case ast.ConstantDeclaration():
                self.declare_constant(node)
            case ast.IODeclaration():
                self.declare_output(node)
            case ast.QuantumGateDefinition():
                gate = Gate(node, len(self.globals.symbols))
                self.define(node.name.name, gate)
            case ast.SubroutineDefinition():
                subroutine = Subroutine(node, len(self.globals.symbols) + 1)
                self.define(node.name.name, subroutine)
            case ast.AliasStatement():
                alias = self.reference(node.value)
                if not isinstance(alias, Qubits | Bits):
                    raise OracleError("only qubits and bits have aliases")
                self.scope.declare(node.target.name, alias)
            case ast.ClassicalAssignment():
                self._assign(node)
            case ast.ExpressionStatement():
                self._expression(node.expression)
            case ast.BranchingStatement():
                taken = self.condition(node.condition)
                self._block(node.if_block if taken else node.else_block)
            case ast.ForInLoop():
                self._for(node)
            case ast.WhileLoop():
                self._while(node)
            case ast.SwitchStatement():
                self._switch(node)
            case ast.CompoundStatement():
                self._block(node.statements)
            case ast.Box():
                self._block(node.body)
            case ast.QuantumBarrier() | ast.DelayInstruction():
                for operand in node.qubits:
                    self.operand(operand)
            case ast.BreakStatement():
                raise Break
            case ast.ContinueStatement():
                raise Continue
            case ast.ReturnStatement():
                value = node.expression
                raise Return(None if value is None else self.evaluate(value))
            case ast.EndStatement():
                raise End
            case ast.Pragma() | ast.ExternDeclaration():
                pass
            case _:
                raise OracleError(f"{type(node).__name__} cannot be evaluated")

    def call(self, subroutine: Subroutine, arguments: list[ast.Expression]) -> Value | None:
        """What the subroutine returns."""
        node = subroutine.node
        if len(arguments) != len(node.arguments):
            raise OracleError(f"{node.name.name} has {len(node.arguments)} arguments")
        scope = Scope(self.globals, subroutine.visible)
        used: list[int] = []
        for formal, actual in zip(node.arguments, arguments, strict=True):
            bound = self._argument(formal, actual, scope)
            scope.declare(formal.name.name, bound)
            if isinstance(bound, Qubits):
                used.extend(bound.indices)
        if len(set(used)) != len(used):
            raise OracleError("the same qubit twice")
        if self._depth >= MAX_DEPTH:
            raise OracleError("too deep a recursion")
        outside, self.scope = self.scope, scope
        self._depth += 1
        result = None
        try:
            self.run(node.body)
        except Return as returned:
            result = returned.value
        finally:
            self._depth -= 1
            self.scope = outside
        if (result is None) != (node.return_type is None):
            raise OracleError(f"{node.name.name} does not return what it says")
        return None if result is None else cast(result, self.type(node.return_type))

    def _argument(self, formal: Any, actual: ast.Expression, scope: Scope) -> Any:
        if isinstance(formal, ast.QuantumArgument):
            qubits = self.operand(actual)
            size = None if formal.size is None else self.constant_integer(formal.size)
            if qubits.scalar != (size is None) or size not in (None, len(qubits.indices)):
                raise OracleError(f"{formal.name.name} has another size")
            return qubits
        if isinstance(formal.type, ast.ArrayReferenceType):
            return self._array_argument(formal, actual)
        of = self.type(formal.type)
        return self.storage(of, cast(self.evaluate(actual), of))

    def _array_argument(self, formal: ast.ClassicalArgument, actual: ast.Expression) -> Array:
        array = self.reference(actual)
        if not isinstance(array, Array) or array.base != self.type(formal.type.base_type):
            raise OracleError(f"{formal.name.name} is another array")
        dimensions = formal.type.dimensions
        if isinstance(dimensions, list):
            fits = array.view.shape == tuple(self.constant_integer(one) for one in dimensions)
        else:
            fits = array.view.ndim == self.constant_integer(dimensions)
        mutable = formal.access == ast.AccessControl.mutable
        if not fits or (mutable and array.const):
            raise OracleError(f"{formal.name.name} is another array")
        return Array(array.base, array.view, const=not mutable)

    def _include(self, node: ast.Include) -> None:
        if node.filename != "stdgates.inc":
            raise OracleError(f"no file {node.filename}")
        self.run(parse(STANDARD).statements)

    def _assign(self, node: ast.ClassicalAssignment) -> None:
        symbol = node.op.name
        value = self.evaluate(node.rvalue)
        target = self.reference(node.lvalue)
        if symbol == "~=":
            raise OracleError("~ has one operand")
        if symbol != "=":
            value = binary(symbol[:-1], self.load(target), value)
        self.store(target, value)

    def _expression(self, node: Any) -> None:
        if isinstance(node, ast.Identifier) and node.name == "nop":
            return
        if isinstance(node, ast.FunctionCall) and self.scope.has(node.name.name):
            symbol = self.scope.find(node.name.name)
            if isinstance(symbol, Subroutine):
                self.call(symbol, node.arguments)
                return
        self.evaluate(node)

    def _block(self, statements: Sequence[Any], *declared: tuple[str, Any]) -> None:
        outside = self.scope
        self.scope = Scope(outside)
        try:
            for name, symbol in declared:
                self.scope.declare(name, symbol)
            self.run(statements)
        finally:
            self.scope = outside

    def _turn(self, statements: Sequence[Any], *declared: tuple[str, Any]) -> bool:
        """One turn of a loop; False if it was the last."""
        self._turns += 1
        if self._turns > MAX_TURNS:
            raise OracleError("a loop that does not end")
        try:
            self._block(statements, *declared)
        except Break:
            return False
        except Continue:
            pass
        return True

    def _while(self, node: ast.WhileLoop) -> None:
        while self.condition(node.while_condition):
            if not self._turn(node.block):
                return

    def _for(self, node: ast.ForInLoop) -> None:
        of = self.type(node.type)
        name = node.identifier.name
        for value in self._items(node.set_declaration):
            if not self._turn(node.block, (name, self.storage(of, cast(value, of)))):
                return

    def _items(self, node: Any) -> list[Value]:
        if isinstance(node, ast.DiscreteSet):
            return [self.evaluate(one) for one in node.values]
        if isinstance(node, ast.RangeDefinition):
            if node.start is None or node.end is None:
                raise OracleError("a loop needs both ends")
            numbers = self.range(node, 0)
            return [Value(Type("int", exact=True), number) for number in numbers]
        value = self.evaluate(node)
        if value.type.kind == "bits":
            count = value.type.size or 0
            return [Value(Type("bit"), value.data >> place & 1) for place in range(count)]
        if value.type.kind == "array" and len(value.type.shape) == 1:
            assert value.type.base is not None
            return [Value(value.type.base, item) for item in value.data]
        raise OracleError(f"no loop over {value.type}")

    def _switch(self, node: ast.SwitchStatement) -> None:
        target = self.evaluate(node.target)
        if target.type.kind not in ("int", "uint", "bits") or not node.cases:
            raise OracleError("a switch is over integers")
        cases = [[self.constant_integer(one) for one in values] for values, _ in node.cases]
        labels = [label for values in cases for label in values]
        if len(set(labels)) != len(labels):
            raise OracleError("the same case twice")
        for values, (_, body) in zip(cases, node.cases, strict=True):
            if target.data in values:
                self._block(body.statements)
                return
        if node.default is not None:
            self._block(node.default.statements)

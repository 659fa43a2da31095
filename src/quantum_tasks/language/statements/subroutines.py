"""Subroutines, each compiled where it is called.

Calls in expressions are made before the statement around them, in their order, because they do
things: they measure, and they may end the program.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from functools import partial
from typing import Any

from openqasm3 import ast

from quantum_tasks.circuits.circuit import Condition
from quantum_tasks.circuits.outline import Closed, Opened
from quantum_tasks.language.arithmetic import FUNCTIONS
from quantum_tasks.language.expressions import Evaluator
from quantum_tasks.language.machine import Machine, Variable
from quantum_tasks.language.scope import Qubits, Scope, Subroutine, View
from quantum_tasks.language.statements.arrays import Arrays
from quantum_tasks.language.statements.blocks import Blocks
from quantum_tasks.language.statements.exits import Exits
from quantum_tasks.language.statements.measurements import Measurements
from quantum_tasks.language.statements.names import check_names
from quantum_tasks.language.statements.variables import Variables
from quantum_tasks.language.values import BOOL, Value
from quantum_tasks.parsing.mistakes import Node, semantic, unsupported

# Of these statements, only one part, or nothing, is evaluated before the statements in their
# blocks.
_EVALUATED_FIRST: dict[type, str | None] = {
    ast.BranchingStatement: "condition",
    ast.ForInLoop: "set_declaration",
    ast.SwitchStatement: "target",
    ast.Box: "duration",
    ast.WhileLoop: None,
    ast.CompoundStatement: None,
    ast.QuantumGateDefinition: None,
    ast.SubroutineDefinition: None,
}


class Subroutines:
    """Declares subroutines, and compiles calls of them."""

    def __init__(
        self,
        evaluator: Evaluator,
        machine: Machine,
        exits: Exits,
        blocks: Blocks,
        variables: Variables,
        arrays: Arrays,
        measurements: Measurements,
    ) -> None:
        self._evaluator = evaluator
        self._machine = machine
        self._exits = exits
        self._blocks = blocks
        self._variables = variables
        self._arrays = arrays
        self._measurements = measurements
        self._known_calls: dict[int, list[ast.FunctionCall]] = {}
        self._calls: list[tuple[Node, Variable, Variable | None]] = []  # return flag and value

    def define(self, node: ast.SubroutineDefinition) -> None:
        """Declares a `def`; of its body only the names are checked until it is called."""
        names = [argument.name.name for argument in node.arguments]
        for name in names:
            if names.count(name) > 1:
                raise semantic(f"'{name}' is declared twice.", node)
        check_names(node, self._evaluator.scopes)
        self._evaluator.subroutines = self._blocks.subroutines = self  # there are some
        self._evaluator.scopes.declare(node.name, Subroutine(node), node)

    def called_before(self, node: Node) -> list[ast.FunctionCall]:
        """The calls that are made before a statement is compiled."""
        if id(node) not in self._known_calls:
            part = _EVALUATED_FIRST.get(type(node), "")
            self._known_calls[id(node)] = (
                [] if part is None else self.called_in(getattr(node, part) if part else node)
            )
        return self._known_calls[id(node)]

    def called_in(self, node: Any) -> list[ast.FunctionCall]:
        """The calls of subroutines in an expression, in the order in which they are made."""
        if self._evaluator.subroutines is None:
            return []
        found: list[ast.FunctionCall] = []
        if isinstance(node, list | tuple):
            for part in node:
                found += self.called_in(part)
        elif isinstance(node, ast.BinaryExpression) and node.op.name in ("&&", "||"):
            found += self.called_in(node.lhs)
        elif isinstance(node, ast.QASMNode):
            for field in fields(node):
                if field.name not in ("span", "annotations"):
                    found += self.called_in(getattr(node, field.name))
            if isinstance(node, ast.FunctionCall) and node.name.name not in FUNCTIONS:
                found.append(node)
        return found

    def after_calls(self, calls: list[ast.FunctionCall], work: Callable[[], None]) -> None:
        """Makes calls, and then does something that needs what they return."""
        if not calls:
            work()
            return
        call, rest = calls[0], calls[1:]
        symbol = self._evaluator.scopes.find(call.name.name)
        if not isinstance(symbol, Subroutine):
            self.after_calls(rest, work)  # the error is raised later, with its place
            return
        wanted = symbol.node.return_type
        result = None
        if wanted is not None:
            type = self._evaluator.types.of_variable(wanted)
            result = Variable("result", self._variables.initial(type))

        def make(node: Any) -> None:
            value = self.call(symbol, node)
            if result is not None and value is not None:
                self._machine.assign(result, value)

        self._blocks.in_all_cases(call, make)
        with self._evaluator.assuming(call, None if result is None else result.value):
            stopped = self._exits.stopped()
            if stopped is False:
                self.after_calls(rest, work)
            else:
                self._exits.unless(stopped, partial(self.after_calls, rest, work))

    def evaluated_if(self, condition: Condition, node: ast.BinaryExpression) -> Value:
        """The right side of && or ||, evaluated only if the left one does not decide."""
        result = Variable("right", Value(BOOL, node.op.name == "||"))
        before = self._exits.stopped()

        def look() -> None:
            self._machine.assign(result, Value(BOOL, self._evaluator.condition(node.rhs)))

        self._machine.branch(condition, look)
        if self._exits.stopped() != before:
            raise unsupported("'end' in a subroutine behind '&&' or '||' is", node)
        return result.value

    def call(self, subroutine: Subroutine, node: ast.FunctionCall) -> Value | None:
        """Compiles the body of a `def` in place of its call; the value that it returns."""
        definition = subroutine.node
        name = definition.name.name
        if len(node.arguments) != len(definition.arguments):
            raise semantic(
                f"The subroutine '{name}' takes {len(definition.arguments)} "
                f"argument(s), not {len(node.arguments)}.",
                node,
            )
        if any(called is definition for called, _, _ in self._calls):
            raise semantic(f"The subroutine '{name}' calls itself.", node)
        scope = self._arguments(definition, node)
        result = None
        if definition.return_type is not None:
            type = self._evaluator.types.of_variable(definition.return_type)
            result = Variable("return", self._variables.initial(type))
        scopes = self._evaluator.scopes
        with scopes.function(scope), self._exits.subroutine() as returned:
            self._calls.append((definition, returned, result))
            self._machine.listing.mark_down(Opened(name))
            try:
                self._blocks.run(definition.body)
            finally:
                self._calls.pop()
            self._machine.listing.mark_down(Closed())
            if result is not None and returned.value.data is False:
                raise semantic(f"The subroutine '{name}' ends without returning.", node)
        return None if result is None else result.value

    def _arguments(self, definition: ast.SubroutineDefinition, node: ast.FunctionCall) -> Scope:
        """The scope of a subroutine's body, where its arguments have their values."""
        scope = Scope(is_function=True)
        pairs = list(zip(definition.arguments, node.arguments, strict=True))
        # All values first: the variables may be those of an earlier call.
        given = [self._given(argument, node) for argument, node in pairs]
        for (argument, place), value in zip(pairs, given, strict=True):
            name = argument.name.name
            if isinstance(value, Value):
                type = self._evaluator.types.of_variable(argument.type)
                scope[name] = self._variables.local(place, argument, name, value, type)
            else:
                scope[name] = value
        used: list[int] = []
        for symbol in scope.values():
            if isinstance(symbol, Qubits):
                used += symbol.numbers
        if len(set(used)) != len(used):
            raise semantic("The same qubit is passed twice.", node)
        return scope

    def _given(self, argument: Any, given: Node) -> Value | Qubits | View:
        name = argument.name.name
        if isinstance(argument, ast.QuantumArgument):
            found = self._evaluator.references.qubits(given)
            if argument.size is None:
                if not found.scalar:
                    raise semantic(f"The argument '{name}' is a single qubit.", given)
                return found
            size = self._evaluator.types.size(argument.size, "A register", least=0)
            if found.scalar or len(found.numbers) != size:
                hint = None
                if found.scalar and size == 1:
                    hint = f"declare the argument as 'qubit {name}', or pass a register: q[0:0]"
                raise semantic(
                    f"The argument '{name}' is a register of {size} qubit(s).", given, hint
                )
            return found
        if isinstance(argument.type, ast.ArrayReferenceType):
            return self._arrays.argument(argument, given)
        return self._machine.listing.kept(self._evaluator.evaluated(given))

    def return_(self, node: ast.ReturnStatement) -> None:
        """Leaves a subroutine with its value."""
        _, returned, result = self._calls[-1]
        if node.expression is None and result is not None:
            raise semantic("This subroutine returns a value.", node)
        if node.expression is not None:
            if result is None:
                raise semantic("This subroutine has no return type.", node)
            value = self._measurements.value_or_expression(node.expression)
            value = self._evaluator.cast(node, value, result.value.type)
            self._machine.assign(result, value)
        self._exits.leave(returned)

"""Blocks of statements, how they are left, and subroutines.

Every `break`, `continue`, `return` and `end` sets a flag: what follows it is skipped, or runs on
the condition that the flag is not set, if measurements decide that. A subroutine is compiled
where it is called.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from openqasm3 import ast

from quantum_tasks.simulator import runtime
from quantum_tasks.simulator.assignments import Assignments
from quantum_tasks.simulator.circuit import Condition, any_of, negated
from quantum_tasks.simulator.expressions import NeedsKnownError, Node
from quantum_tasks.simulator.machine import Machine, Variable
from quantum_tasks.simulator.mistakes import ProgramError, place_of, semantic
from quantum_tasks.simulator.names import check_names
from quantum_tasks.simulator.scope import Qubits, Scope, Subroutine, View
from quantum_tasks.simulator.values import BOOL, Value


class Blocks(Assignments):
    """Runs statements one after the other."""

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine)
        self.current: Node | None = None
        self.end_flag = Variable("end", Value(BOOL, False))
        self.exits: list[Variable] = [self.end_flag]  # all flags that stop what is being compiled
        self.loops: list[tuple[Variable, Variable]] = []  # break and continue of each
        self._calls: list[tuple[Node, Variable, Variable | None]] = []  # return flag and value

    def work(self, node: Node) -> None:
        """Compiles one statement; the compiler knows how."""
        raise NotImplementedError

    def run(self, statements: Sequence[Node]) -> None:
        """Compiles statements, up to the one that leaves them."""
        for place, node in enumerate(statements):
            self.statement(node)
            stopped = self.stopped()
            if stopped is not False:
                rest = statements[place + 1 :]
                if stopped is True and self.scopes.is_global:
                    self._declare_bits(rest)
                elif rest:
                    self.unless(stopped, partial(self.run, rest))
                return

    def _declare_bits(self, statements: Sequence[Node]) -> None:
        """What `end` skips still has its place in a counts key."""
        for node in statements:
            if isinstance(node, ast.ClassicalDeclaration) and isinstance(node.type, ast.BitType):
                self.declare_variable(node, None, shown=True)

    def unless(self, stopped: Condition, work: Callable[[], None]) -> None:
        """Does something unless a flag is set; while it is done, none is known to be."""

        def unstopped() -> None:
            for flag in self.exits:
                self.machine.assume(flag, Value(BOOL, False))
            work()

        self.machine.branch(negated(stopped), unstopped)

    def statement(self, node: Node) -> None:
        """Compiles one statement. What it needs to know but measurements decide, it is compiled
        for each possibility."""
        self.current = node
        self.machine.take_turn()
        try:
            self.machine.transaction(lambda: self.attempt(node, lambda: self.work(node)))
        except NeedsKnownError as need:
            self._split(node, need)
        except ProgramError as error:
            if error.place is None:
                error.place = place_of(node)
            raise

    def _split(self, node: Node, need: NeedsKnownError) -> None:
        # Once more: what its evaluation wrote was taken back with the statement.
        value = self.value(need.node)
        found = self.attempt(need.node, lambda: runtime.cases(value))
        kept = [(self.machine.keep(condition), value) for condition, value in found]
        for condition, value in kept:
            self.machine.branch(condition, partial(self._assume, node, need.node, value))

    def _assume(self, node: Node, known: Node, value: Value) -> None:
        self.assumed[id(known)] = value
        try:
            self.statement(node)
        finally:
            del self.assumed[id(known)]

    def stopped(self) -> Condition:
        """Whether a flag is set that skips what follows."""
        return any_of([flag.value.data for flag in self.exits])

    def leave(self, flag: Variable) -> None:
        """Skips what follows, up to the end of what the flag belongs to."""
        self.machine.assign(flag, Value(BOOL, True))

    @contextmanager
    def scope(self) -> Iterator[Scope]:
        """Names of a block of its own."""
        scope = Scope()
        self.scopes.stack.append(scope)
        try:
            yield scope
        finally:
            self.scopes.stack.pop()

    def block(self, statements: Sequence[Node]) -> None:
        """Compiles statements in a scope of their own."""
        with self.scope():
            self.run(statements)

    @contextmanager
    def flag(self, name: str) -> Iterator[Variable]:
        """What a statement sets to leave a block."""
        flag = Variable(name, Value(BOOL, False))
        self.exits.append(flag)
        try:
            yield flag
        finally:
            self.exits.remove(flag)

    # Subroutines

    def define_subroutine(self, node: ast.SubroutineDefinition) -> None:
        """Declares a `def`; of its body only the names are checked until it is called."""
        names = [argument.name.name for argument in node.arguments]
        for name in names:
            if names.count(name) > 1:
                raise semantic(f"'{name}' is declared twice.", node)
        check_names(node, self.scopes)
        self.scopes.declare(node.name, Subroutine(node), node)

    def call_subroutine(self, subroutine: Subroutine, node: ast.FunctionCall) -> Value | None:
        """Compiles the body of a `def` in place of its call; the value that it returns."""
        definition = subroutine.node
        if len(node.arguments) != len(definition.arguments):
            raise semantic(
                f"The subroutine '{definition.name.name}' takes {len(definition.arguments)} "
                f"argument(s), not {len(node.arguments)}.",
                node,
            )
        if any(called is definition for called, _, _ in self._calls):
            raise semantic(f"The subroutine '{definition.name.name}' calls itself.", node)
        scope = Scope(is_function=True)
        for argument, given in zip(definition.arguments, node.arguments, strict=True):
            scope[argument.name.name] = self._argument(argument, given)
        self._check_distinct(scope, node)
        result = None
        if definition.return_type is not None:
            type = self.variable_type(definition.return_type)
            result = Variable("return", self.initial(type))
        stack, self.scopes.stack = self.scopes.stack, [*self.scopes.stack[:2], scope]
        loops, self.loops = self.loops, []
        exits, self.exits = self.exits, [self.end_flag]
        try:
            with self.flag("return") as returned:
                self._calls.append((definition, returned, result))
                try:
                    self.run(definition.body)
                finally:
                    self._calls.pop()
                if result is not None and returned.value.data is False:
                    name = definition.name.name
                    raise semantic(f"The subroutine '{name}' ends without returning.", node)
        finally:
            self.scopes.stack, self.loops, self.exits = stack, loops, exits
        return None if result is None else result.value

    def _argument(self, argument: Any, given: Node) -> Variable | Qubits | View:
        name = argument.name.name
        if isinstance(argument, ast.QuantumArgument):
            found = self.qubits(given)
            if argument.size is None:
                if not found.scalar:
                    raise semantic(f"The argument '{name}' is a single qubit.", given)
                return found
            size = self.size(argument.size, "A register", least=0)
            if found.scalar or len(found.numbers) != size:
                raise semantic(f"The argument '{name}' is a register of {size} qubits.", given)
            return found
        if isinstance(argument.type, ast.ArrayReferenceType):
            return self.array_argument(argument, given)
        return self.new_variable(
            argument, name, self.value(given), self.variable_type(argument.type)
        )

    def _check_distinct(self, scope: Scope, node: Node) -> None:
        used: list[int] = []
        for symbol in scope.values():
            if isinstance(symbol, Qubits):
                used += symbol.numbers
        if len(set(used)) != len(used):
            raise semantic("The same qubit is passed twice.", node)

    def return_(self, node: ast.ReturnStatement) -> None:
        """Leaves a subroutine with its value."""
        _, returned, result = self._calls[-1]
        if node.expression is None and result is not None:
            raise semantic("This subroutine returns a value.", node)
        if node.expression is not None:
            if result is None:
                raise semantic("This subroutine has no return type.", node)
            value = self.value_or_measurement(node.expression)
            self.machine.assign(result, self.cast(node, value, result.value.type))
        self.leave(returned)

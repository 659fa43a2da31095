"""Blocks of statements, how they are left, and subroutines.

Every `break`, `continue`, `return` and `end` sets a flag: what follows it is skipped, or runs on
the condition that the flag is not set, if measurements decide that. A subroutine is compiled
where it is called.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from functools import partial
from typing import Any

from openqasm3 import ast

from quantum_tasks.circuits.circuit import Condition, any_of, negated
from quantum_tasks.errors import QasmSemantic
from quantum_tasks.language.arithmetic import FUNCTIONS
from quantum_tasks.language.assignments import Assignments
from quantum_tasks.language.cases import NeedsKnownError, cases, located
from quantum_tasks.language.machine import Machine, Variable
from quantum_tasks.language.names import check_names
from quantum_tasks.language.scope import Qubits, Scope, Subroutine, View
from quantum_tasks.language.values import BOOL, Value
from quantum_tasks.parsing.indices import Node
from quantum_tasks.parsing.mistakes import Mistake, ProgramError, semantic, unsupported

# Of these statements, only a part is evaluated before what is in their blocks; of some, nothing.
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


class Blocks(Assignments):
    """Runs statements one after the other."""

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine)
        self.current: Node | None = None
        self.end_flag = Variable("end", Value(BOOL, False))
        self.exits: list[Variable] = [self.end_flag]  # all flags that stop what is being compiled
        self.loops: list[tuple[Variable, Variable]] = []  # break and continue of each
        self._has_subroutines = False
        self._known_calls: dict[int, list[ast.FunctionCall]] = {}
        self._calls: list[tuple[Node, Variable, Variable | None]] = []  # return flag and value

    @abstractmethod
    def work(self, node: Node) -> None:
        """Compiles one statement; the compiler knows how."""

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
            elif isinstance(node, ast.ConstantDeclaration | ast.IODeclaration):
                self.work(node)

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
            if self._has_subroutines and (calls := self._calls_of(node)):
                self.after_calls(calls, partial(self._compile, node, self.work))
            else:
                self._compile(node, self.work)
        except ProgramError as error:
            if error.place is None and error.node is None and error.pointer == "/qc":
                error.node = node
            raise

    def _compile(self, node: Node, work: Callable[[Any], None]) -> None:
        try:
            self.machine.transaction(work, node)
        except NeedsKnownError as need:
            self._split(node, work, need)
        except Mistake as mistake:
            raise located(mistake, node) from None

    def _split(self, node: Node, work: Callable[[Any], None], need: NeedsKnownError) -> None:
        """Compiles something once for each value of what it has to know.

        A case that makes no sense, like an index that is out of range, does nothing: a condition
        around it may exclude it, and so may what the bits that decide it have to do with each
        other. If none makes sense, the program does not.
        """
        # Once more: what its evaluation wrote was taken back with the rest.
        value = self.value(need.node)
        found = self.attempt(need.node, cases, value)
        kept = [(self.machine.keep(condition), value) for condition, value in found]
        mistakes = []
        for condition, value in kept:
            try:
                with self.assuming(need.node, value):
                    self.machine.branch(condition, partial(self._compile, node, work))
            except ProgramError as error:
                if error.problem is not QasmSemantic:
                    raise
                mistakes.append(error)
        if len(mistakes) == len(kept):
            raise mistakes[0]

    # Calls in expressions are made before the statement around them, in their order, because
    # they do things: they measure, and they may end the program.

    def _calls_of(self, node: Node) -> list[ast.FunctionCall]:
        if id(node) not in self._known_calls:
            part = _EVALUATED_FIRST.get(type(node), "")
            self._known_calls[id(node)] = (
                [] if part is None else self.calls_in(getattr(node, part) if part else node)
            )
        return self._known_calls[id(node)]

    def calls_in(self, node: Any) -> list[ast.FunctionCall]:
        """The calls of subroutines in an expression, in the order in which they are made."""
        if not self._has_subroutines:
            return []
        found: list[ast.FunctionCall] = []
        if isinstance(node, list | tuple):
            for part in node:
                found += self.calls_in(part)
        elif isinstance(node, ast.BinaryExpression) and node.op.name in ("&&", "||"):
            found += self.calls_in(node.lhs)
        elif isinstance(node, ast.QASMNode):
            for field in fields(node):
                if field.name not in ("span", "annotations"):
                    found += self.calls_in(getattr(node, field.name))
            if isinstance(node, ast.FunctionCall) and node.name.name not in FUNCTIONS:
                found.append(node)
        return found

    def after_calls(self, calls: list[ast.FunctionCall], work: Callable[[], None]) -> None:
        """Makes calls, and then does something that needs what they return."""
        if not calls:
            work()
            return
        call, rest = calls[0], calls[1:]
        symbol = self.scopes.find(call.name.name)
        if not isinstance(symbol, Subroutine):
            self.after_calls(rest, work)  # it will be said what it is
            return
        wanted = symbol.node.return_type
        result = None
        if wanted is not None:
            result = Variable("result", self.initial(self.variable_type(wanted)))

        def make(node: Any) -> None:
            value = self.call_subroutine(symbol, node)
            if result is not None and value is not None:
                self.machine.assign(result, value)

        self._compile(call, make)
        with self.assuming(call, None if result is None else result.value):
            stopped = self.stopped()
            if stopped is False:
                self.after_calls(rest, work)
            else:
                self.unless(stopped, partial(self.after_calls, rest, work))

    def evaluated_if(self, condition: Condition, node: ast.BinaryExpression) -> Value:
        """The right side of && or ||, evaluated only if the left one does not decide."""
        result = Variable("right", Value(BOOL, node.op.name == "||"))
        before = self.stopped()

        def look() -> None:
            self.machine.assign(result, Value(BOOL, self.condition(node.rhs)))

        self.machine.branch(condition, look)
        if self.stopped() != before:
            raise unsupported("'end' in a subroutine behind '&&' or '||' is", node)
        return result.value

    def stopped(self) -> Condition:
        """Whether a flag is set that skips what follows."""
        for flag in self.exits:
            if flag.value.data is not False:
                return any_of([flag.value.data for flag in self.exits])
        return False

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
        self._has_subroutines = True
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
        pairs = list(zip(definition.arguments, node.arguments, strict=True))
        # All values first: the variables may be those of an earlier call.
        given = [self._given(argument, node) for argument, node in pairs]
        for (argument, place), value in zip(pairs, given, strict=True):
            name = argument.name.name
            if isinstance(value, Value):
                type = self.variable_type(argument.type)
                scope[name] = self.new_variable(place, argument, name, value, type)
            else:
                scope[name] = value
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

    def _given(self, argument: Any, given: Node) -> Value | Qubits | View:
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
        return self.machine.kept(self.evaluated(given))

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

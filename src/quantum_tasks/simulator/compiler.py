"""Statements: runs at compile time what no measurement decides, and writes down the rest.

Loops over known values are unrolled, subroutines are compiled where they are called, and every
`break`, `continue`, `return` and `end` sets a flag: what follows it is skipped, or runs on the
condition that the flag is not set, if measurements decide that.
"""

from __future__ import annotations

import math
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from openqasm3 import ast

from quantum_tasks.errors import QasmUnsupported, TooComplex, UnboundParameter
from quantum_tasks.simulator import runtime
from quantum_tasks.simulator.assignments import Assignments
from quantum_tasks.simulator.circuit import Condition, Measure, Program, Reset, any_of, negated
from quantum_tasks.simulator.expressions import NeedsKnownError, Node
from quantum_tasks.simulator.machine import Bounds, CannotBeCarriedError, Machine, Variable
from quantum_tasks.simulator.mistakes import ProgramError, place_of, semantic, unsupported
from quantum_tasks.simulator.names import check_names
from quantum_tasks.simulator.scope import Cells, Qubits, Scope, Subroutine, View, what
from quantum_tasks.simulator.values import BOOL, DURATION, Type, Value

_UNSUPPORTED = {
    ast.CalibrationDefinition: "A calibration ('defcal') is",
    ast.CalibrationGrammarDeclaration: "A calibration grammar is",
    ast.CalibrationStatement: "A calibration block ('cal') is",
    ast.ExternDeclaration: "An extern function is",
}
_MAX_TURNS = 100  # of a loop that has to be written out


def compile_program(tree: ast.Program, bounds: Bounds) -> Program:
    """Compiles a syntax tree. Raises ProgramError."""
    compiler = Compiler(bounds)
    try:
        return compiler.program(tree)
    except RecursionError:
        raise ProgramError(
            TooComplex, "The program is nested too deeply.", compiler.current
        ) from None
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # A defect of ours, which must not look like one of the service.
        traceback.print_exc()
        raise ProgramError(
            QasmUnsupported, f"The compiler fails here ({type(error).__name__}).", compiler.current
        ) from None


class Compiler(Assignments):
    """Compiles one program."""

    def __init__(self, bounds: Bounds) -> None:
        super().__init__(Machine(bounds))
        self.current: Node | None = None
        self._end = Variable("end", Value(BOOL, False))
        self._exits: list[Variable] = [self._end]  # all flags that stop what is being compiled
        self._loops: list[tuple[Variable, Variable]] = []  # break and continue of each
        self._calls: list[tuple[Node, Variable, Variable | None]] = []  # return flag and value
        self._statements: dict[type, Callable[[Any], None]] = {
            ast.QuantumGate: self.apply,
            ast.QuantumPhase: self.apply,
            ast.QuantumMeasurementStatement: self._measurement,
            ast.QuantumReset: self._reset,
            ast.QuantumBarrier: self._barrier,
            ast.DelayInstruction: self._delay,
            ast.Box: self._box,
            ast.QubitDeclaration: self._qubit_declaration,
            ast.ClassicalDeclaration: self._classical_declaration,
            ast.ConstantDeclaration: self._constant_declaration,
            ast.IODeclaration: self._io_declaration,
            ast.ClassicalAssignment: self.assignment,
            ast.AliasStatement: self._alias,
            ast.BranchingStatement: self._branching,
            ast.WhileLoop: self._while,
            ast.ForInLoop: self._for,
            ast.SwitchStatement: self._switch,
            ast.BreakStatement: lambda _: self._leave(self._loops[-1][0]),
            ast.ContinueStatement: lambda _: self._leave(self._loops[-1][1]),
            ast.EndStatement: lambda _: self._leave(self._end),
            ast.ReturnStatement: self._return,
            ast.ExpressionStatement: self._expression,
            ast.CompoundStatement: lambda node: self._block(node.statements),
            ast.QuantumGateDefinition: self.define_gate,
            ast.SubroutineDefinition: self._subroutine_definition,
            ast.Include: self._include,
            ast.Pragma: lambda _: None,
        }

    def program(self, tree: ast.Program) -> Program:
        """Compiles a whole program."""
        self._run(tree.statements)
        registers = [homes for homes in self.registers if homes]
        return Program(self.machine.qubits, registers, self.machine.operations)

    # Running statements

    def _run(self, statements: Sequence[Node]) -> None:
        for place, node in enumerate(statements):
            self.statement(node)
            stopped = self._stopped()
            if stopped is not False:
                rest = statements[place + 1 :]
                if stopped is True and self.scopes.is_global:
                    self._declare_bits(rest)
                elif rest:
                    self._unless(stopped, partial(self._run, rest))
                return

    def _declare_bits(self, statements: Sequence[Node]) -> None:
        """What `end` skips still has its place in a counts key."""
        for node in statements:
            if isinstance(node, ast.ClassicalDeclaration) and isinstance(node.type, ast.BitType):
                self.declare_variable(node, None, shown=True)

    def _unless(self, stopped: Condition, work: Callable[[], None]) -> None:
        """Does something unless a flag is set; while it is done, none is known to be."""

        def unstopped() -> None:
            for flag in self._exits:
                self.machine.assume(flag, Value(BOOL, False))
            work()

        self.machine.branch(negated(stopped), unstopped)

    def statement(self, node: Node) -> None:
        """Compiles one statement. What it needs to know but measurements decide, it is compiled
        for each possibility."""
        self.current = node
        self.machine.take_turn()
        work = self._statements.get(type(node))
        if work is None:
            raise unsupported(_UNSUPPORTED.get(type(node), "This statement is"), node)
        try:
            self.machine.transaction(lambda: self.attempt(node, lambda: work(node)))
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

    def _stopped(self) -> Condition:
        return any_of([flag.value.data for flag in self._exits])

    def _leave(self, flag: Variable) -> None:
        self.machine.assign(flag, Value(BOOL, True))

    @contextmanager
    def _scope(self) -> Iterator[Scope]:
        scope = Scope()
        self.scopes.stack.append(scope)
        try:
            yield scope
        finally:
            self.scopes.stack.pop()

    def _block(self, statements: Sequence[Node]) -> None:
        with self._scope():
            self._run(statements)

    @contextmanager
    def _flag(self, name: str) -> Iterator[Variable]:
        flag = Variable(name, Value(BOOL, False))
        self._exits.append(flag)
        try:
            yield flag
        finally:
            self._exits.remove(flag)

    # Control flow

    def _branching(self, node: ast.BranchingStatement) -> None:
        self.machine.branch(
            self.condition(node.condition),
            lambda: self._block(node.if_block),
            lambda: self._block(node.else_block),
        )

    def _switch(self, node: ast.SwitchStatement) -> None:
        target = self.value(node.target)
        if target.type.dimensions or target.type.kind not in (
            "int",
            "uint",
            "bits",
            "bit",
            "bool",
        ):
            raise semantic(f"A switch takes an integer, not a {target.type}.", node.target)
        if not node.cases:
            raise semantic("A switch needs at least one case.", node)
        target = self.machine.kept(target)
        seen: set[int] = set()
        branches: list[tuple[Condition, ast.CompoundStatement]] = []
        for values, block in node.cases:
            conditions = []
            for value in values:
                number = self.constant(value, "A case")
                if number in seen:
                    raise semantic(f"The case {number} occurs twice.", value)
                seen.add(number)
                label = Value(Type("int", 64), number)
                found = runtime.binary("==", target, label, self.machine.keep)
                conditions.append(found.data)
            branches.append((self.machine.keep(any_of(conditions)), block))
        matched = any_of([condition for condition, _ in branches])
        if node.default is not None:
            branches.append((self.machine.keep(negated(matched)), node.default))
        for condition, block in branches:
            self.machine.branch(condition, partial(self._block, block.statements))

    def _for(self, node: ast.ForInLoop) -> None:
        values = self.loop_values(node)
        if not node.block:
            return
        self.machine.require(len(values))
        with self._flag("break") as broken:
            for value in values:
                stopped = self._stopped()
                if stopped is True:
                    break
                self._unless(stopped, partial(self._turn, node, value, broken))

    def _turn(self, node: ast.ForInLoop, value: Value, broken: Variable) -> None:
        with self._flag("continue") as skipped, self._scope() as scope:
            name = node.identifier.name
            scope[name] = self.new_variable(node, name, value)
            self._loops.append((broken, skipped))
            try:
                self._run(node.block)
            finally:
                self._loops.pop()

    def loop_values(self, node: ast.ForInLoop) -> list[Value]:
        """What a loop's variable becomes, one after the other."""
        wanted = self.variable_type(node.type)
        given = node.set_declaration
        if isinstance(given, ast.RangeDefinition):
            return self._range_values(given, wanted, node)
        if isinstance(given, ast.DiscreteSet):
            values = [self.value(value) for value in given.values]
        else:
            value = self.value(given)
            if value.type.kind == "bits" and not value.type.dimensions:
                values = [Value(Type("bit"), bit) for bit in value.data]
            elif len(value.type.dimensions) == 1:
                values = value.data
            else:
                raise semantic(f"A loop cannot go over a value of type {value.type}.", given)
        self.machine.require(len(values))
        return [self.machine.kept(self.cast(given, value, wanted)) for value in values]

    def _range_values(
        self, given: ast.RangeDefinition, wanted: Type, node: ast.ForInLoop
    ) -> list[Value]:
        if given.start is None or given.end is None:
            raise semantic("The range of a loop needs a start and an end.", given)
        start = self.known_integer(given.start, "The start of a range")
        end = self.known_integer(given.end, "The end of a range")
        step = 1 if given.step is None else self.known_integer(given.step, "The step of a range")
        if step == 0:
            raise semantic("The step of a range cannot be zero.", given)
        if not node.block:
            return []
        self.machine.require(max(0, (end - start) // step + 1) * len(node.block))
        numbers = range(start, end + (1 if step > 0 else -1), step)
        one = Type("int")
        return [self.cast(given, Value(one, number), wanted) for number in numbers]

    def _while(self, node: ast.WhileLoop) -> None:
        with self._flag("break") as broken:

            def turn() -> None:
                self.machine.take_turn()
                for flag in self._exits:
                    self.machine.assume(flag, Value(BOOL, False))
                with self._flag("continue") as skipped:
                    self._loops.append((broken, skipped))
                    try:
                        self._block(node.block)
                    finally:
                        self._loops.pop()

            def goes_on() -> Condition:
                going = Variable("going", Value(BOOL, False))

                def look() -> None:
                    held = self.condition(node.while_condition)
                    self.machine.assign(going, Value(BOOL, held))

                self._unless(self._stopped(), look)
                held: Condition = going.value.data
                return held

            while (going := goes_on()) is True:
                turn()
            if going is not False:
                try:
                    self.machine.loop(going, goes_on, turn)
                except CannotBeCarriedError:
                    self._unroll(going, goes_on, turn)

    def _unroll(
        self, going: Condition, goes_on: Callable[[], Condition], turn: Callable[[], None]
    ) -> None:
        """Writes out a loop whose number of turns measurements have decided before it began."""
        for _ in range(_MAX_TURNS):
            if not runtime.can_hold(going):
                return
            self.machine.branch(going, turn)
            going = goes_on()
        raise CannotBeCarriedError(
            "only bits, booleans and integers may change in a loop that ends by a measurement"
        )

    # Subroutines

    def _subroutine_definition(self, node: ast.SubroutineDefinition) -> None:
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
        loops, self._loops = self._loops, []
        exits, self._exits = self._exits, [self._end]
        try:
            with self._flag("return") as returned:
                self._calls.append((definition, returned, result))
                try:
                    self._run(definition.body)
                finally:
                    self._calls.pop()
                if result is not None and returned.value.data is False:
                    name = definition.name.name
                    raise semantic(f"The subroutine '{name}' ends without returning.", node)
        finally:
            self.scopes.stack, self._loops, self._exits = stack, loops, exits
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

    def _return(self, node: ast.ReturnStatement) -> None:
        _, returned, result = self._calls[-1]
        if node.expression is None and result is not None:
            raise semantic("This subroutine returns a value.", node)
        if node.expression is not None:
            if result is None:
                raise semantic("This subroutine has no return type.", node)
            value = self.value_or_measurement(node.expression)
            self.machine.assign(result, self.cast(node, value, result.value.type))
        self._leave(returned)

    # Declarations

    def _include(self, node: ast.Include) -> None:
        if node.filename != "stdgates.inc":
            raise unsupported(
                "Including another file than stdgates.inc is", node, 'include "stdgates.inc";'
            )
        self.scopes.include_standard_gates(node)

    def _qubit_declaration(self, node: ast.QubitDeclaration) -> None:
        if not self.scopes.is_global:
            raise semantic("Qubits are declared at the top level of the program.", node)
        size = 1 if node.size is None else self.size(node.size, "A qubit register", least=0)
        numbers = self.machine.add_qubits(size)
        self.scopes.declare(node.qubit, Qubits(tuple(numbers), node.size is None), node)

    def _classical_declaration(self, node: ast.ClassicalDeclaration) -> None:
        self.declare_variable(node, node.init_expression, shown=self.scopes.is_global)

    def _constant_declaration(self, node: ast.ConstantDeclaration) -> None:
        value = self.value_or_measurement(node.init_expression)
        if not value.const:
            raise semantic(
                f"The constant '{node.identifier.name}' is given a value that is not constant.",
                node.init_expression,
            )
        value = self.cast(node.init_expression, value, self.named_type(node.type))
        constant = Variable(node.identifier.name, Value(value.type, value.data, const=True))
        self.scopes.declare(node.identifier, constant, node)

    def _io_declaration(self, node: ast.IODeclaration) -> None:
        name = node.identifier.name
        if node.io_identifier is ast.IOKeyword.input:
            raise ProgramError(
                UnboundParameter,
                f"The input '{name}' has no value.",
                node,
                f"declare it as a constant: const float {name} = ...;",
            )
        if not self.has_outputs:
            self.has_outputs = True
            self.registers.clear()
        self.declare_variable(node, None, shown=True, output=True)

    def _alias(self, node: ast.AliasStatement) -> None:
        target = self.reference(node.value)
        self.scopes.declare(node.target, target, node)

    # Qubits

    def _measurement(self, node: ast.QuantumMeasurementStatement) -> None:
        if node.target is None:
            self.measure(node.measure)
            return
        self.assign_measurement(node)

    def measure(self, node: ast.QuantumMeasurement) -> Value:
        """Measures into bits that nobody sees, and reads those."""
        qubits = self.qubits(node.qubit)
        bits = []
        for qubit in qubits.numbers:
            bit = self.machine.fixed_bit()
            self.machine.emit(Measure(qubit, bit))
            bits.append(bit)
        if qubits.scalar:
            return Value(Type("bit"), bits[0])
        return Value(Type("bits", len(bits)), tuple(bits))

    def measure_into(self, qubits: Qubits, cells: Cells) -> None:
        """Measures qubits into bits of variables."""
        for qubit, (variable, place) in zip(qubits.numbers, cells.cells, strict=True):
            assert variable.homes is not None
            self.machine.emit(Measure(qubit, variable.homes[place]))
            self.machine.measured(variable, place, variable.homes[place])

    def _reset(self, node: ast.QuantumReset) -> None:
        for qubit in self.qubits(node.qubits).numbers:
            self.machine.emit(Reset(qubit))

    def _barrier(self, node: ast.QuantumBarrier) -> None:
        for qubit in node.qubits:
            self.qubits(qubit)

    def _delay(self, node: ast.DelayInstruction) -> None:
        self._check_duration(node.duration, "A delay")
        for qubit in node.qubits:
            self.qubits(qubit)

    def _box(self, node: ast.Box) -> None:
        if node.duration is not None:
            self._check_duration(node.duration, "A box")
        self._block(node.body)

    def _check_duration(self, node: Node, whose: str) -> None:
        value = self.value(node)
        if value.type != DURATION:
            raise semantic(f"{whose} takes a duration, like 100ns.", node)
        if value.known and not 0 <= value.data < math.inf:
            raise semantic(f"{whose} takes a positive and finite duration.", node)

    def _expression(self, node: ast.ExpressionStatement) -> None:
        expression = node.expression
        if isinstance(expression, ast.QuantumMeasurement):
            self.measure(expression)
            return
        if isinstance(expression, ast.FunctionCall):
            symbol = self.scopes.find(expression.name.name)
            if isinstance(symbol, Subroutine):
                self.call_subroutine(symbol, expression)
                return
        if isinstance(expression, ast.Identifier) and (
            symbol := self.scopes.find(expression.name)
        ):
            raise semantic(f"'{expression.name}' is {what(symbol)}, not a statement.", node)
        if isinstance(expression, ast.Identifier):
            raise semantic(f"'{expression.name}' is not a statement.", node)
        self.value(expression)

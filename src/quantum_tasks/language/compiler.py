"""Statements: runs at compile time what no measurement decides, and writes down the rest."""

from __future__ import annotations

import math
import traceback
from collections.abc import Callable
from functools import partial
from typing import Any

from openqasm3 import ast

from quantum_tasks.circuits.bounds import Bounds
from quantum_tasks.circuits.circuit import (
    Condition,
    Measure,
    Program,
    Reset,
    any_of,
    compact,
    negated,
    without_unread,
)
from quantum_tasks.errors import QasmUnsupported, TooComplex
from quantum_tasks.language import runtime
from quantum_tasks.language.blocks import Blocks
from quantum_tasks.language.cases import NeedsKnownError, can_hold
from quantum_tasks.language.inputs import Given, Input, input_names
from quantum_tasks.language.machine import CannotBeCarriedError, Machine, Variable
from quantum_tasks.language.scope import Cells, Qubits, Subroutine, what
from quantum_tasks.language.values import BOOL, DURATION, Type, Value
from quantum_tasks.parsing.indices import Node
from quantum_tasks.parsing.mistakes import ProgramError, semantic, unsupported

_UNSUPPORTED = {
    ast.CalibrationDefinition: "A calibration ('defcal') is",
    ast.CalibrationGrammarDeclaration: "A calibration grammar is",
    ast.CalibrationStatement: "A calibration block ('cal') is",
    ast.ExternDeclaration: "An extern function is",
}
_SWITCHED = ("int", "uint", "bits", "bit", "bool")
_MAX_TURNS = 100  # of a loop that has to be written out


class Compiler(Blocks):
    """Compiles one program, its inputs having the values that were given."""

    def __init__(self, bounds: Bounds, given: Given) -> None:
        super().__init__(Machine(bounds))
        self._inputs_given = given

    def compile(self, tree: ast.Program) -> Program:
        """Compiles a syntax tree. Raises ProgramError."""
        try:
            if self._inputs_given.parameters:
                self._inputs_given.check_names(input_names(tree))
            self.run(tree.statements)
        except RecursionError:
            raise ProgramError(
                TooComplex, "The program is nested too deeply.", self.current
            ) from None
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            # A defect of ours, which must neither look like one of the service nor stay unknown.
            failure = ProgramError(
                QasmUnsupported, f"The compiler fails here ({type(error).__name__}).", self.current
            )
            failure.log = traceback.format_exc()
            raise failure from None
        shown = {name: homes for name, homes in self.registers.items() if homes}
        operations = self.machine.operations
        if self.given_bits:  # or a program with inputs could hardly be sampled
            operations = without_unread(operations, self.given_bits)
        registers, names = list(shown.values()), list(shown)
        return compact(Program(self.machine.qubits, registers, operations, names))

    def work(self, node: Node) -> None:
        """Compiles one statement. Raises ProgramError, Mistake or NeedsKnownError."""
        work = _STATEMENTS.get(type(node))
        if work is None:
            raise unsupported(_UNSUPPORTED.get(type(node), "This statement is"), node)
        work(self, node)

    # Control flow

    def _compound(self, node: ast.CompoundStatement) -> None:
        self.block(node.statements)

    def _break(self, _: ast.BreakStatement) -> None:
        self.leave(self.loops[-1][0])

    def _continue(self, _: ast.ContinueStatement) -> None:
        self.leave(self.loops[-1][1])

    def _end(self, _: ast.EndStatement) -> None:
        self.leave(self.end_flag)

    def _pragma(self, _: ast.Pragma) -> None:
        pass

    def _branching(self, node: ast.BranchingStatement) -> None:
        self.machine.branch(
            self.condition(node.condition),
            lambda: self.block(node.if_block),
            lambda: self.block(node.else_block),
        )

    def _switch(self, node: ast.SwitchStatement) -> None:
        target = self.evaluated(node.target)
        if target.type.dimensions or target.type.kind not in _SWITCHED:
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
            self.machine.branch(condition, partial(self.block, block.statements))

    def _for(self, node: ast.ForInLoop) -> None:
        values = self.loop_values(node)
        if not node.block:
            return
        self.machine.require(len(values))
        with self.flag("break") as broken:
            for value in values:
                stopped = self.stopped()
                if stopped is True:
                    break
                self.unless(stopped, partial(self._turn, node, value, broken))

    def _turn(self, node: ast.ForInLoop, value: Value, broken: Variable) -> None:
        with self.flag("continue") as skipped, self.scope() as scope:
            name = node.identifier.name
            scope[name] = self.new_variable(node, node, name, value, value.type)
            self.loops.append((broken, skipped))
            try:
                self.run(node.block)
            finally:
                self.loops.pop()

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
        with self.flag("break") as broken:

            def turn() -> None:
                self.machine.take_turn()
                for flag in self.exits:
                    self.machine.assume(flag, Value(BOOL, False))
                with self.flag("continue") as skipped:
                    self.loops.append((broken, skipped))
                    try:
                        self.block(node.block)
                    finally:
                        self.loops.pop()

            def goes_on() -> Condition:
                going = Variable("going", Value(BOOL, False))

                def evaluate() -> None:
                    held = self.condition(node.while_condition)
                    self.machine.assign(going, Value(BOOL, held))

                calls = self.calls_in(node.while_condition)
                self.unless(self.stopped(), partial(self.after_calls, calls, evaluate))
                held: Condition = going.value.data
                return held

            while (going := goes_on()) is True:
                turn()
            if going is not False:
                try:
                    self.machine.loop(going, goes_on, turn, id(node))
                except (CannotBeCarriedError, ProgramError) as error:
                    if isinstance(error, ProgramError) and error.problem is not QasmUnsupported:
                        raise
                    if not self._unroll(going, goes_on, turn):
                        raise

    def _unroll(
        self, going: Condition, goes_on: Callable[[], Condition], turn: Callable[[], None]
    ) -> bool:
        """Writes out a loop whose number of turns measurements have decided before it began.
        Returns False if it did not end."""
        for _ in range(_MAX_TURNS):
            if not can_hold(going):
                return True
            following = Variable("going", Value(BOOL, False))

            def once(following: Variable = following) -> None:
                turn()
                self.machine.assign(following, Value(BOOL, goes_on()))

            self.machine.branch(going, once)
            going = following.value.data
        return False

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
        if node.io_identifier is ast.IOKeyword.input:
            self._input(node)
            return
        if not self.has_outputs:
            self.has_outputs = True
            self.registers.clear()
        self.declare_variable(node, None, shown=True, output=True)

    def _input(self, node: ast.IODeclaration) -> None:
        if not self.scopes.is_global:
            raise semantic("Inputs are declared at the top level of the program.", node)
        if isinstance(node.type, ast.StretchType):
            raise semantic("A stretch cannot be an input.", node, "take a duration")
        wanted = Input(node.identifier.name, self.variable_type(node.type), node)
        self.declare_input(wanted, self._inputs_given.value(wanted))

    def _alias(self, node: ast.AliasStatement) -> None:
        try:
            target = self.reference(node.value)
        except NeedsKnownError:
            raise unsupported("An alias whose index is measured is", node) from None
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
        self.block(node.body)

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
                return  # the call was made already
        if isinstance(expression, ast.Identifier) and (
            symbol := self.scopes.find(expression.name)
        ):
            raise semantic(f"'{expression.name}' is {what(symbol)}, not a statement.", node)
        if isinstance(expression, ast.Identifier):
            raise semantic(f"'{expression.name}' is not a statement.", node)
        self.value(expression)


_STATEMENTS: dict[type, Callable[[Compiler, Any], None]] = {
    ast.QuantumGate: Compiler.apply,
    ast.QuantumPhase: Compiler.apply,
    ast.QuantumMeasurementStatement: Compiler._measurement,
    ast.QuantumReset: Compiler._reset,
    ast.QuantumBarrier: Compiler._barrier,
    ast.DelayInstruction: Compiler._delay,
    ast.Box: Compiler._box,
    ast.QubitDeclaration: Compiler._qubit_declaration,
    ast.ClassicalDeclaration: Compiler._classical_declaration,
    ast.ConstantDeclaration: Compiler._constant_declaration,
    ast.IODeclaration: Compiler._io_declaration,
    ast.ClassicalAssignment: Compiler.assignment,
    ast.AliasStatement: Compiler._alias,
    ast.BranchingStatement: Compiler._branching,
    ast.WhileLoop: Compiler._while,
    ast.ForInLoop: Compiler._for,
    ast.SwitchStatement: Compiler._switch,
    ast.BreakStatement: Compiler._break,
    ast.ContinueStatement: Compiler._continue,
    ast.EndStatement: Compiler._end,
    ast.ReturnStatement: Compiler.return_,
    ast.ExpressionStatement: Compiler._expression,
    ast.CompoundStatement: Compiler._compound,
    ast.QuantumGateDefinition: Compiler.define_gate,
    ast.SubroutineDefinition: Compiler.define_subroutine,
    ast.Include: Compiler._include,
    ast.Pragma: Compiler._pragma,
}

"""Statements: runs at compile time whatever does not depend on a measurement, and writes
operations for the rest."""

from __future__ import annotations

import math
import traceback
from collections.abc import Callable
from functools import partial
from itertools import chain
from typing import Any

from openqasm3 import ast

from quantum_tasks.circuits.bounds import Bounds
from quantum_tasks.circuits.circuit import (
    Condition,
    Measure,
    Program,
    Reset,
    Store,
    any_of,
    compact,
    flat,
    negated,
    without_unread,
)
from quantum_tasks.circuits.outline import Barrier, Call, Closed, Opened
from quantum_tasks.errors import QasmUnsupported, TooComplex
from quantum_tasks.language.expressions import Evaluator
from quantum_tasks.language.inputs import Given, Input, input_names
from quantum_tasks.language.listing import Listing
from quantum_tasks.language.machine import Machine
from quantum_tasks.language.measured import runtime
from quantum_tasks.language.measured.codes import Writer
from quantum_tasks.language.scope import Scopes, Subroutine, what
from quantum_tasks.language.statements.arrays import Arrays
from quantum_tasks.language.statements.assignments import Assignments
from quantum_tasks.language.statements.blocks import Blocks
from quantum_tasks.language.statements.declarations import Declarations
from quantum_tasks.language.statements.exits import Exits
from quantum_tasks.language.statements.gatecalls import GateCalls
from quantum_tasks.language.statements.iteration import Iteration
from quantum_tasks.language.statements.loops import Loops
from quantum_tasks.language.statements.measurements import Measurements
from quantum_tasks.language.statements.straight import StraightLines
from quantum_tasks.language.statements.subroutines import Subroutines
from quantum_tasks.language.statements.variables import Variables
from quantum_tasks.language.values import DURATION, Type, Value
from quantum_tasks.language.warnings import Found, some
from quantum_tasks.parsing.mistakes import Node, ProgramError, semantic, unsupported
from quantum_tasks.parsing.qasm2 import Opaque
from quantum_tasks.parsing.straight import Lines
from quantum_tasks.tasks import WarningCode

_UNSUPPORTED = {
    ast.CalibrationDefinition: "A calibration ('defcal') is",
    ast.CalibrationGrammarDeclaration: "A calibration grammar is",
    ast.CalibrationStatement: "A calibration block ('cal') is",
}
_SWITCHED = ("int", "uint", "bits", "bit", "bool")


_WRITES = (Measure, Store)
_BUGS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    StopIteration,
    TypeError,
    ValueError,
)


class Compiler:
    """Compiles one program, its inputs having the values that were given.

    With `follows`, numbers of which there are few are followed, although many bits decide them. If
    it `outlines`, the result is not to be run, but to be drawn.
    """

    def __init__(
        self, bounds: Bounds, given: Given, follows: bool = False, outlines: bool = False
    ) -> None:
        self.scopes = Scopes()
        self._given = given
        self._timed = False  # whether something was said of timing
        self._listing = listing = Listing(bounds, outlines)
        writer = Writer(listing) if follows else None
        self._machine = machine = Machine(listing, writer)
        self._evaluator = evaluator = Evaluator(listing, self.scopes, writer)
        self.exits = exits = Exits(machine)
        self._measurements = measurements = Measurements(evaluator, machine)
        self._variables = variables = Variables(evaluator, machine, measurements)
        self.scopes.warnings = listing.warnings
        self.blocks = blocks = Blocks(evaluator, machine, exits, variables, self._work)
        arrays = Arrays(evaluator)
        self.assignments = Assignments(evaluator, machine, measurements, arrays)
        self.subroutines = subroutines = Subroutines(
            evaluator, machine, exits, blocks, variables, arrays, measurements
        )
        iteration = Iteration(evaluator)
        self.loops = Loops(evaluator, machine, exits, blocks, variables, subroutines, iteration)
        self.gates = GateCalls(evaluator, iteration)
        self.declarations = Declarations(evaluator, variables, measurements, given)
        self.straight = StraightLines(evaluator, machine, self.gates, blocks)
        listing.warnings.where = lambda: blocks.current

    @property
    def inputs(self) -> dict[str, Input]:
        """Those that the program declares, once it is compiled."""
        return self.scopes.inputs

    def compile(self, tree: ast.Program) -> Program:
        """Compiles a syntax tree. Raises ProgramError."""
        try:
            if self._given.parameters:
                self._given.check_names(input_names(tree))
            if (tree.version or "").startswith("2"):
                self.scopes.begin_version_2()
            self.blocks.run(tree.statements)
        except RecursionError:
            raise ProgramError(
                TooComplex, "The program is nested too deeply.", self.blocks.current
            ) from None
        except _BUGS as error:
            # A bug in the compiler. It must not look like a failure of the service, and it must be
            # logged.
            failure = ProgramError(
                QasmUnsupported,
                f"The compiler fails here ({type(error).__name__}).",
                self.blocks.current,
            )
            failure.log = traceback.format_exc()
            raise failure from None
        shown = {name: homes for name, homes in self._variables.shown.items() if homes}
        operations = self._listing.operations
        if self._variables.given_bits:  # or a program with inputs could hardly be sampled
            operations = without_unread(operations, self._variables.given_bits)
        registers, names = list(shown.values()), list(shown)
        if self._listing.outlines:
            return Program(self._listing.qubits, registers, operations, names)
        program = compact(Program(self._listing.qubits, registers, operations, names))
        self._look_back(program, shown)
        return program

    @property
    def warnings(self) -> list[Found]:
        """What may surprise in the program, once it is compiled."""
        return self._listing.warnings.found

    @staticmethod
    def _measured(program: Program) -> set[int]:
        """The bits that outcomes are written into at the end, where most programs measure."""
        found: set[int] = set()
        for operation in reversed(program.operations):
            if type(operation) is not Measure:
                break
            found.add(operation.bit)
        return found

    def _look_back(self, program: Program, shown: dict[str, list[int]]) -> None:
        """Warns of what was declared, and then nothing was done with it."""
        warn = self._listing.warnings.add
        if program.qubits < program.declared:
            used = set(program.places)
            for node, numbers in self.declarations.registers:
                name = node.qubit.name
                idle = [place for place, number in enumerate(numbers) if number not in used]
                if idle:
                    which = some([name] if node.size is None else [f"{name}[{n}]" for n in idle])
                    message = f"Nothing is done with {which}."
                    warn(WarningCode.UNUSED_QUBITS, message, node, "leave out what is not used")
        written = self._measured(program)
        if not all(written.issuperset(homes) for homes in shown.values()):
            inside = (one.bit for one in flat(program.operations) if isinstance(one, _WRITES))
            written.update(self._machine.written, inside)
        for name, homes in shown.items():
            empty = [place for place, home in enumerate(homes) if home not in written]
            if empty:
                node, scalar = self._variables.declared[name]
                which = some([name] if scalar else [f"{name}[{place}]" for place in empty])
                message = f"Nothing is written into {which}, which counts show as 0."
                warn(WarningCode.UNWRITTEN_BITS, message, node, "measure into it, or leave it out")

    def _work(self, node: Node) -> None:
        compile = _STATEMENTS.get(type(node))
        if compile is None:
            raise unsupported(_UNSUPPORTED.get(type(node), "This statement is"), node)
        compile(self, node)

    # Control flow

    def branching(self, node: ast.BranchingStatement) -> None:
        if self.scopes.is_version_2 and len(each := self.assignments.each(node.if_block[0])) > 1:
            # A statement about registers is one about each of their bits, with its condition.
            for one in each:
                self.branching(ast.BranchingStatement(node.condition, [one], []))
            return
        condition = self._evaluator.condition(node.condition)
        if condition is False and self.scopes.is_version_2:  # its names are checked all the same
            self._machine.rehearse(lambda: self.blocks.block(node.if_block))
        self._machine.branch(
            condition,
            lambda: self.blocks.block(node.if_block),
            lambda: self.blocks.block(node.else_block),
        )

    def switch(self, node: ast.SwitchStatement) -> None:
        target = self._evaluator.evaluated(node.target)
        if target.type.dimensions or target.type.kind not in _SWITCHED:
            raise semantic(f"A switch takes an integer, not a {target.type}.", node.target)
        if not node.cases:
            raise semantic("A switch needs at least one case.", node)
        target = self._listing.kept(target)
        seen: set[int] = set()
        branches: list[tuple[Condition, ast.CompoundStatement]] = []
        for values, block in node.cases:
            conditions = []
            for value in values:
                number = self._evaluator.constant(value, "A case")
                if number in seen:
                    raise semantic(f"The case {number} occurs twice.", value)
                seen.add(number)
                label = Value(Type("int", 64), number)
                found = runtime.binary("==", target, label, self._listing.keep)
                conditions.append(found.data)
            branches.append((self._listing.keep(any_of(conditions)), block))
        matched = any_of([condition for condition, _ in branches])
        if node.default is not None:
            branches.append((self._listing.keep(negated(matched)), node.default))
        for condition, block in branches:
            self._machine.branch(condition, partial(self.blocks.block, block.statements))

    # Qubits

    def measurement(self, node: ast.QuantumMeasurementStatement) -> None:
        if node.target is None:
            self._measurements.value(node.measure)
        else:
            self.assignments.measure(node)

    def reset(self, node: ast.QuantumReset) -> None:
        for qubit in self._evaluator.references.qubits(node.qubits).numbers:
            self._listing.emit(Reset(qubit))

    def barrier(self, node: ast.QuantumBarrier) -> None:
        found = [self._evaluator.references.qubits(qubit).numbers for qubit in node.qubits]
        if self._listing.outlines:
            every = chain(*found) if found else range(self._listing.qubits)
            self._listing.mark_down(Barrier(tuple(every)))

    def delay(self, node: ast.DelayInstruction) -> None:
        self._note_timing("delay", node)
        self._check_duration(node.duration, "A delay")
        for qubit in node.qubits:
            for number in self._evaluator.references.qubits(qubit).numbers:
                self._listing.mark_down(Call("delay", (), (), (number,)))

    def box(self, node: ast.Box) -> None:
        self._note_timing("box", node)
        if node.duration is not None:
            self._check_duration(node.duration, "A box")
        self._listing.mark_down(Opened("box"))
        self.blocks.block(node.body)
        self._listing.mark_down(Closed())

    def _note_timing(self, what: str, node: Node) -> None:
        if not self._timed:
            self._timed = True
            self._listing.warnings.add(
                WarningCode.TIMING_IGNORED,
                f"'{what}' is read and changes nothing: a simulation has no timing.",
                node,
            )

    def pragma(self, node: ast.Pragma) -> None:
        self._listing.warnings.add(
            WarningCode.PRAGMA_IGNORED, "A pragma is ignored.", node, "leave it out"
        )

    def _check_duration(self, node: Node, whose: str) -> None:
        value = self._evaluator.value(node)
        if value.type != DURATION:
            raise semantic(f"{whose} takes a duration, like 100ns.", node)
        if value.known and not 0 <= value.data < math.inf:
            raise semantic(f"{whose} takes a positive and finite duration.", node)

    def expression(self, node: ast.ExpressionStatement) -> None:
        expression = node.expression
        if isinstance(expression, ast.QuantumMeasurement):
            self._measurements.value(expression)
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
            if expression.name == "nop":
                return
            raise semantic(f"'{expression.name}' is not a statement.", node)
        self._evaluator.value(expression)


_STATEMENTS: dict[type, Callable[[Compiler, Any], None]] = {
    Lines: lambda compiler, node: compiler.straight.compile(node),
    ast.QuantumGate: lambda compiler, node: compiler.gates.apply(node),
    ast.QuantumPhase: lambda compiler, node: compiler.gates.apply(node),
    ast.QuantumMeasurementStatement: Compiler.measurement,
    ast.QuantumReset: Compiler.reset,
    ast.QuantumBarrier: Compiler.barrier,
    ast.DelayInstruction: Compiler.delay,
    ast.Box: Compiler.box,
    ast.QubitDeclaration: lambda compiler, node: compiler.declarations.qubits(node),
    ast.ClassicalDeclaration: lambda compiler, node: compiler.declarations.variable(node),
    ast.ConstantDeclaration: lambda compiler, node: compiler.declarations.constant(node),
    ast.IODeclaration: lambda compiler, node: compiler.declarations.input_or_output(node),
    ast.ClassicalAssignment: lambda compiler, node: compiler.assignments.assign(node),
    ast.AliasStatement: lambda compiler, node: compiler.declarations.alias(node),
    ast.BranchingStatement: Compiler.branching,
    ast.WhileLoop: lambda compiler, node: compiler.loops.while_(node),
    ast.ForInLoop: lambda compiler, node: compiler.loops.for_(node),
    ast.SwitchStatement: Compiler.switch,
    ast.BreakStatement: lambda compiler, _: compiler.exits.break_(),
    ast.ContinueStatement: lambda compiler, _: compiler.exits.continue_(),
    ast.EndStatement: lambda compiler, _: compiler.exits.leave(compiler.exits.end),
    ast.ReturnStatement: lambda compiler, node: compiler.subroutines.return_(node),
    ast.ExpressionStatement: Compiler.expression,
    ast.CompoundStatement: lambda compiler, node: compiler.blocks.block(node.statements),
    ast.QuantumGateDefinition: lambda compiler, node: compiler.gates.define(node),
    ast.SubroutineDefinition: lambda compiler, node: compiler.subroutines.define(node),
    ast.ExternDeclaration: lambda compiler, node: compiler.declarations.extern(node),
    ast.Include: lambda compiler, node: compiler.declarations.include(node),
    ast.Pragma: Compiler.pragma,
    Opaque: lambda compiler, node: compiler.declarations.opaque(node),
}

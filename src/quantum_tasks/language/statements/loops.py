"""Loops: written out while their turns are known, and run by the simulator when they are not."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from openqasm3 import ast

from quantum_tasks.circuits.circuit import Condition
from quantum_tasks.errors import QasmUnsupported, TooManyOperations
from quantum_tasks.language.expressions import Evaluator
from quantum_tasks.language.machine import Machine, Variable
from quantum_tasks.language.measured.carried import CannotBeCarriedError, CarriedLoops
from quantum_tasks.language.measured.cases import TooManyCases, can_hold
from quantum_tasks.language.measured.states import States
from quantum_tasks.language.statements.blocks import Blocks
from quantum_tasks.language.statements.exits import Exits
from quantum_tasks.language.statements.iteration import Iteration
from quantum_tasks.language.statements.subroutines import Subroutines
from quantum_tasks.language.statements.variables import Variables
from quantum_tasks.language.values import BOOL, Value
from quantum_tasks.parsing.mistakes import ProgramError

_MAX_TURNS = 100  # of a loop that has to be written out


class Loops:
    """Compiles `for` and `while`."""

    def __init__(
        self,
        evaluator: Evaluator,
        machine: Machine,
        exits: Exits,
        blocks: Blocks,
        variables: Variables,
        subroutines: Subroutines,
        iteration: Iteration,
    ) -> None:
        self._evaluator = evaluator
        self._machine = machine
        self._carried = CarriedLoops(machine)
        self._listing = machine.listing
        self._exits = exits
        self._blocks = blocks
        self._variables = variables
        self._subroutines = subroutines
        self._iteration = iteration

    def for_(self, node: ast.ForInLoop) -> None:
        """Writes out all turns."""
        values = self._iteration.values(node)
        self._evaluator.scopes.note_hidden(node.identifier.name, node)
        if not node.block:
            return
        self._listing.require(len(values))
        with self._exits.flag("break") as broken:
            for value in values:
                stopped = self._exits.stopped()
                if stopped is True:
                    break
                self._exits.unless(stopped, partial(self._turn, node, value, broken))

    def _turn(self, node: ast.ForInLoop, value: Value, broken: Variable) -> None:
        with self._exits.turn(broken), self._evaluator.scopes.block() as scope:
            name = node.identifier.name
            scope[name] = self._variables.local(node, node, name, value, value.type)
            self._blocks.run(node.block)

    def while_(self, node: ast.WhileLoop) -> None:
        """Writes out the turns that are known to be taken; the others are a loop of the
        circuit's."""
        with self._exits.flag("break") as broken:

            def turn() -> None:
                self._listing.take_turn()
                self._exits.assume_none()
                with self._exits.turn(broken):
                    self._blocks.block(node.block)

            goes_on = partial(self._goes_on, node.while_condition)
            while (going := goes_on()) is True:
                turn()
            if going is not False and not self._by_states(going, goes_on, turn):
                try:
                    self._carried.loop(going, goes_on, turn, id(node))
                except (CannotBeCarriedError, ProgramError) as error:
                    if isinstance(error, ProgramError) and error.problem is not QasmUnsupported:
                        raise
                    # What does not end state by state does not end written out either.
                    if self._machine.writer or not self._write_out(going, goes_on, turn):
                        raise

    def _by_states(
        self, going: Condition, goes_on: Callable[[], Condition], turn: Callable[[], None]
    ) -> bool:
        """Writes a loop case by case. Returns False if that is not wanted, or has too many."""
        if self._machine.writer is None:
            return False
        try:
            States(self._machine, self._machine.writer).loop(going, goes_on, turn)
        except (TooManyCases, ProgramError) as error:
            few = QasmUnsupported, TooManyOperations  # a loop may have no end that is known
            if isinstance(error, ProgramError) and error.problem not in few:
                raise
            return False
        return True

    def _goes_on(self, condition: ast.Expression) -> Condition:
        """Whether there is another turn."""
        going = Variable("going", Value(BOOL, False))

        def evaluate() -> None:
            self._machine.assign(going, Value(BOOL, self._evaluator.condition(condition)))

        calls = self._subroutines.called_in(condition)
        evaluated = partial(self._subroutines.after_calls, calls, evaluate)
        self._exits.unless(self._exits.stopped(), evaluated)
        held: Condition = going.value.data
        return held

    def _write_out(
        self, going: Condition, goes_on: Callable[[], Condition], turn: Callable[[], None]
    ) -> bool:
        """Writes out a loop whose number of turns depends on earlier measurements. Returns False
        if it did not end."""
        for _ in range(_MAX_TURNS):
            if not can_hold(going):
                return True
            following = Variable("going", Value(BOOL, False))

            def once(following: Variable = following) -> None:
                turn()
                self._machine.assign(following, Value(BOOL, goes_on()))

            self._machine.branch(going, once)
            going = following.value.data
        return False

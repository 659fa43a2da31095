"""Blocks of statements: one after the other, up to the one that leaves them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from openqasm3 import ast

from quantum_tasks.circuits.outline import At
from quantum_tasks.errors import QasmSemantic
from quantum_tasks.language.expressions import Evaluator
from quantum_tasks.language.machine import Machine
from quantum_tasks.language.measured.cases import NeedsKnownError, cases, located
from quantum_tasks.language.statements.exits import Exits
from quantum_tasks.language.statements.variables import Variables
from quantum_tasks.parsing.cursor import UnsureError
from quantum_tasks.parsing.mistakes import Mistake, Node, ProgramError
from quantum_tasks.parsing.straight import Lines

if TYPE_CHECKING:
    from quantum_tasks.language.statements.subroutines import Subroutines

# Compiles one statement. Raises ProgramError, Mistake or NeedsKnownError.
Work = Callable[[Node], None]


class Blocks:
    """Compiles blocks, each of whose statements is given to `work`."""

    def __init__(
        self,
        evaluator: Evaluator,
        machine: Machine,
        exits: Exits,
        variables: Variables,
        work: Work,
    ) -> None:
        self._evaluator = evaluator
        self._machine = machine
        self._listing = machine.listing
        self._exits = exits
        self._variables = variables
        self._work = work
        self.subroutines: Subroutines | None = None  # once there are some
        self.current: Node | None = None  # what is being compiled

    def block(self, statements: Sequence[Node]) -> None:
        """Compiles statements in a scope of their own."""
        with self._evaluator.scopes.block():
            self.run(statements)

    def run(self, statements: Sequence[Node]) -> None:
        """Compiles statements, up to the one that leaves them."""
        for place, node in enumerate(statements):
            self.statement(node)
            stopped = self._exits.stopped()
            if stopped is not False:
                rest = statements[place + 1 :]
                if stopped is True and self._evaluator.scopes.is_global:
                    self._declare_bits(rest)
                elif rest:
                    self._exits.unless(stopped, partial(self.run, rest))
                return

    def _declare_bits(self, statements: Sequence[Node]) -> None:
        """Declares the bits of skipped statements too: they still have their place in a counts
        key."""
        for node in statements:
            if isinstance(node, ast.ClassicalDeclaration) and isinstance(node.type, ast.BitType):
                self._variables.declare(node, None, shown=True)
            elif isinstance(node, ast.ConstantDeclaration | ast.IODeclaration):
                self._work(node)
            elif isinstance(node, Lines):
                raise UnsureError  # lines that are skipped were never parsed: they may be wrong

    def statement(self, node: Node) -> None:
        """Compiles one statement in the scope around it."""
        self.current = node
        self._listing.take_turn()
        if self._listing.outlines:
            self._listing.mark_down(At(node.span))
        try:
            if self.subroutines and (calls := self.subroutines.called_before(node)):
                work = partial(self.in_all_cases, node, self._work)
                self.subroutines.after_calls(calls, work)
            else:
                self.in_all_cases(node, self._work)
        except ProgramError as error:
            if error.place is None and error.node is None and error.pointer == "/qc":
                error.node = node
            raise

    def in_all_cases(self, node: Node, work: Callable[[Any], None]) -> None:
        """Compiles something; if it needs to know what measurements decide, once for each
        possibility."""
        try:
            self._machine.transaction(work, node)
        except NeedsKnownError as need:
            self._split(node, work, need)
        except Mistake as mistake:
            raise located(mistake, node) from None

    def _split(self, node: Node, work: Callable[[Any], None], need: NeedsKnownError) -> None:
        """Compiles something once for each value of what it has to know.

        A case with an error, like an index out of range, does nothing: a condition around the
        statement may exclude it, or the bits may never have these values together. If all cases
        have errors, the program is wrong.
        """
        # Once more: what its evaluation wrote was taken back with the rest.
        value = self._evaluator.value(need.node)
        found = self._evaluator.attempt(need.node, cases, value)
        kept = [(self._listing.keep(condition), value) for condition, value in found]
        mistakes = []
        for condition, value in kept:
            try:
                with self._evaluator.assuming(need.node, value):
                    self._machine.branch(condition, partial(self.in_all_cases, node, work))
            except ProgramError as error:
                if error.problem is not QasmSemantic:
                    raise
                mistakes.append(error)
        if len(mistakes) == len(kept):
            raise mistakes[0]

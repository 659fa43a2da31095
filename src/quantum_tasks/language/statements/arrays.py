"""Arrays, and parts of them."""

from __future__ import annotations

from typing import Any

from openqasm3 import ast

from quantum_tasks.language.expressions import Evaluator
from quantum_tasks.language.machine import Variable
from quantum_tasks.language.scope import View, what
from quantum_tasks.parsing.mistakes import Node, semantic


class Arrays:
    """Works out which elements of an array are meant."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator

    def view(self, node: Node) -> View:
        """The array that an expression means. Raises ProgramError."""
        if isinstance(node, ast.Identifier):
            symbol = self._evaluator.scopes.look_up(node.name, node)
            if isinstance(symbol, Variable) and symbol.value.type.dimensions:
                count = len(symbol.value.data)
                return View(symbol, tuple(range(count)), symbol.value.type.dimensions)
            if isinstance(symbol, View):
                return symbol
            raise semantic(f"'{node.name}' is {what(symbol)}, not an array.", node)
        if isinstance(node, ast.IndexExpression):
            return self.part(self.view(node.collection), node.index, node)
        raise semantic("This is no array.", node)

    def part(self, view: View, index: Any, node: Node) -> View:
        """The elements that an index selects. Raises ProgramError."""
        indices = [index] if isinstance(index, ast.DiscreteSet) else list(index)
        places, dimensions = self._evaluator.indices.array_places(view.dimensions, indices, node)
        picked = tuple(view.places[place] for place in places)
        return View(view.variable, picked, dimensions, view.readonly)

    def argument(self, argument: ast.ClassicalArgument, given: Node) -> View:
        """An array that is passed to a subroutine: a view of it. Raises ProgramError."""
        view = self.view(given)
        wanted = argument.type
        types = self._evaluator.types
        element = types.of_variable(wanted.base_type)
        found = view.variable.value.type.element
        if isinstance(wanted.dimensions, list):
            sizes = tuple(types.size(size, "An array", least=0) for size in wanted.dimensions)
            fits = sizes == view.dimensions
        else:
            count = self._evaluator.constant(wanted.dimensions, "The number of dimensions")
            fits = count == len(view.dimensions)
        if not fits or found != element:
            raise semantic("The array has another shape or type than the argument.", given)
        readonly = argument.access is ast.AccessControl.readonly or view.readonly
        return View(view.variable, view.places, view.dimensions, readonly)

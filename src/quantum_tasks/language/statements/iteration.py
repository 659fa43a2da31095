"""What a loop's variable becomes, one after the other."""

from __future__ import annotations

from openqasm3 import ast

from quantum_tasks.language.expressions import Evaluator
from quantum_tasks.language.values import Type, Value
from quantum_tasks.parsing.mistakes import semantic


class Iteration:
    """Works out what `for` loops go over."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator
        self._listing = evaluator.listing

    def values(self, node: ast.ForInLoop) -> list[Value]:
        """What a loop's variable becomes, one after the other. Raises ProgramError."""
        evaluator = self._evaluator
        wanted = evaluator.types.of_variable(node.type)
        given = node.set_declaration
        if isinstance(given, ast.RangeDefinition):
            return self._of_range(given, wanted, node)
        if isinstance(given, ast.DiscreteSet):
            values = [evaluator.value(value) for value in given.values]
        else:
            value = evaluator.value(given)
            if value.type.kind == "bits" and not value.type.dimensions:
                values = [Value(Type("bit"), bit) for bit in value.data]
            elif len(value.type.dimensions) == 1:
                values = value.data
            else:
                raise semantic(f"A loop cannot go over a value of type {value.type}.", given)
        self._listing.require(len(values))
        return [self._listing.kept(evaluator.cast(given, value, wanted)) for value in values]

    def _of_range(
        self, given: ast.RangeDefinition, wanted: Type, node: ast.ForInLoop
    ) -> list[Value]:
        if given.start is None or given.end is None:
            raise semantic("The range of a loop needs a start and an end.", given)
        known_integer = self._evaluator.known_integer
        start = known_integer(given.start, "The start of a range")
        end = known_integer(given.end, "The end of a range")
        step = 1 if given.step is None else known_integer(given.step, "The step of a range")
        if step == 0:
            raise semantic("The step of a range cannot be zero.", given)
        if not node.block:
            return []
        self._listing.require(max(0, (end - start) // step + 1) * len(node.block))
        numbers = range(start, end + (1 if step > 0 else -1), step)
        one = Type("int")
        return [self._evaluator.cast(given, Value(one, number), wanted) for number in numbers]

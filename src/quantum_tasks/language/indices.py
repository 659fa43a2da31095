"""Indices: which elements of a register, an array or a number are meant."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from openqasm3 import ast

from quantum_tasks.parsing.mistakes import Node, semantic

# The value of an expression that has to be known, and what it is called if it is not.
KnownInteger = Callable[[Node, str], int]


class Indices:
    """Works out indices. Negative ones count from the end, and ranges include both ends."""

    def __init__(self, known_integer: KnownInteger) -> None:
        self._known_integer = known_integer

    def places(self, everything: Sequence[Any], index: Any, node: Node) -> tuple[list[int], bool]:
        """What an index selects, and whether it is a single one."""
        size = len(everything)
        if isinstance(index, ast.DiscreteSet):
            return [self.place(value, size) for value in index.values], False
        if len(index) != 1:
            raise semantic("A register takes one index.", node)
        if isinstance(index[0], ast.RangeDefinition):
            return self.range_places(index[0], size), False
        return [self.place(index[0], size)], True

    def place(self, node: Node, size: int) -> int:
        """One index; negative ones count from the end. Raises ProgramError."""
        index: int
        if type(node) is ast.IntegerLiteral and node.value < size:
            index = node.value
            return index
        index = self._known_integer(node, "An index")
        if not -size <= index < size:
            raise semantic(f"Index {index} is out of range: the size is {size}.", node)
        return index % size

    def range_places(self, node: ast.RangeDefinition, size: int) -> list[int]:
        """A range of indices, both ends included."""
        step = 1 if node.step is None else self._known_integer(node.step, "A step")
        if step == 0:
            raise semantic("The step of a range cannot be zero.", node)
        ends = []
        for end, default in ((node.start, 0), (node.end, size - 1)):
            if end is None:
                ends.append(default if step > 0 else size - 1 - default)
            else:
                ends.append(self.place(end, size))
        places = list(range(ends[0], ends[1] + (1 if step > 0 else -1), step))
        if not places:
            raise semantic("This range selects nothing.", node)
        return places

    def array_places(
        self, dimensions: tuple[int, ...], indices: list[Any], node: Node
    ) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The elements, row by row, that indices select, and the dimensions that remain."""
        if len(indices) > len(dimensions):
            raise semantic(f"The array has {len(dimensions)} dimension(s).", node)
        places, remaining = [0], []
        for depth, size in enumerate(dimensions):
            index = indices[depth] if depth < len(indices) else None
            if index is None:
                chosen = list(range(size))
                remaining.append(size)
            elif isinstance(index, ast.RangeDefinition):
                chosen = self.range_places(index, size)
                remaining.append(len(chosen))
            elif isinstance(index, ast.DiscreteSet):
                chosen = [self.place(value, size) for value in index.values]
                remaining.append(len(chosen))
            else:
                chosen = [self.place(index, size)]
            places = [place * size + one for place in places for one in chosen]
        return tuple(places), tuple(remaining)

"""The registers and aliases of a random program, and the ways to write what is in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from hypothesis import strategies as st

T = TypeVar("T")
Draw = Callable[[st.SearchStrategy[T]], T]


class Draws:
    """Makes random choices."""

    def __init__(self, draw: Draw) -> None:
        self.draw = draw

    def one_of(self, items: Sequence[T]) -> T:
        return self.draw(st.sampled_from(items))

    def number(self, least: int, most: int) -> int:
        return self.draw(st.integers(least, most))

    def chance(self, of: int) -> bool:
        """True once in so many times."""
        return self.number(1, of) == of

    def shuffled(self, items: Sequence[T]) -> list[T]:
        return list(self.draw(st.permutations(items)))


@dataclass(frozen=True)
class Operand:
    """How some qubits or bits are written, and which ones they may be."""

    text: str
    ids: frozenset[int]


@dataclass(frozen=True)
class Loop:
    """A loop variable and the values it takes."""

    name: str
    values: tuple[int, ...]
    signed: bool


@dataclass
class Names:
    """Registers, single ones (whose size is None) and aliases of qubits or of bits."""

    ids: dict[str, tuple[int, ...]] = field(default_factory=dict)
    single: set[str] = field(default_factory=set)
    count: int = 0

    def add(self, name: str, size: int | None) -> None:
        width = 1 if size is None else size
        self.ids[name] = tuple(range(self.count, self.count + width))
        self.count += width
        if size is None:
            self.single.add(name)

    def registers(self) -> list[str]:
        return [name for name in self.ids if name not in self.single]

    def spellings(self, one: int) -> list[str]:
        """The ways to write this one."""
        result = []
        for name, ids in self.ids.items():
            if one in ids and name in self.single:
                result.append(name)
            elif one in ids:
                place = ids.index(one)
                result += [f"{name}[{place}]", f"{name}[{place - len(ids)}]"]
        return result

    def looped(self, loop: Loop) -> list[Operand]:
        """What a loop variable can be the index of."""
        result = []
        for name in self.registers():
            ids = self.ids[name]
            for shift in (0, 1, -1) if loop.signed else (0, 1):
                places = [value + shift for value in loop.values]
                if all(-len(ids) <= place < len(ids) for place in places):
                    index = loop.name + {0: "", 1: " + 1", -1: " - 1"}[shift]
                    reached = frozenset(ids[place] for place in places)
                    result.append(Operand(f"{name}[{index}]", reached))
        return result

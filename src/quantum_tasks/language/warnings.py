"""What is legal in a program, and may surprise: each kind is one of a closed list."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from quantum_tasks.parsing.mistakes import Node, place_of, shortened
from quantum_tasks.tasks import ProgramWarning, WarningCode

_MOST_OF_A_KIND = 5
_MOST_NAMED = 3


class Found(msgspec.Struct, frozen=True):
    """A warning, and the statement that it is about."""

    code: WarningCode
    message: str
    node: Node | None
    hint: str | None

    def shown(self, parsed: str) -> ProgramWarning:
        """The warning with its place in the text that the parser saw."""
        place = None if self.node is None else place_of(self.node, parsed)
        return ProgramWarning(
            code=self.code,
            message=shortened(self.message),
            line=place.line if place else None,
            column=place.column if place else None,
            hint=None if self.hint is None else shortened(self.hint),
        )


class Warnings:
    """The warnings about one program: a few of each kind, each about another statement."""

    def __init__(self) -> None:
        self.found: list[Found] = []
        self.where: Callable[[], Node | None] = lambda: None  # the statement being compiled
        self._known: set[tuple[WarningCode, int]] = set()

    def add(
        self,
        code: WarningCode,
        message: str,
        node: Node | None = None,
        hint: str | None = None,
    ) -> None:
        """Adds a warning about a statement, or about the one that is being compiled."""
        node = self.where() if node is None else node
        if (code, id(node)) in self._known:
            return
        self._known.add((code, id(node)))
        if sum(one.code is code for one in self.found) < _MOST_OF_A_KIND:
            self.found.append(Found(code, message, node, hint))


def some(names: Iterable[str]) -> str:
    """A few names, and how many there are besides."""
    every = [f"'{name}'" for name in names]
    named, more = every[:_MOST_NAMED], len(every) - _MOST_NAMED
    return ", ".join(named) + (f" and {more} more" if more > 0 else "")

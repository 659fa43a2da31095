"""Writes operations: variables that become bits, branches that are merged, loops.

While a program is compiled, a variable holds what is known of it: a value, or conditions over bits
of the machine. Each bit of a `bit` variable has a home: a bit that measurements write, and that
always has the value that the program sees. All other values are stored in new bits when they are
assigned; only the same statement may write those bits again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

from quantum_tasks.circuits.circuit import (
    Branch,
    Condition,
    Operation,
    Store,
)
from quantum_tasks.language.listing import FOLLOWED, Listing
from quantum_tasks.language.measured.codes import Writer
from quantum_tasks.language.measured.runtime import merged
from quantum_tasks.language.values import Value


class UnforeseenError(Exception):
    """What is done changes more variables than it was thought to."""

    def __init__(self, variables: list[Variable]) -> None:
        self.variables = variables
        super().__init__()


class Variable:
    """A classical variable. `homes` are the bits of a bit variable, least significant first."""

    __slots__ = ("const", "homes", "name", "number", "value")
    count: ClassVar[int] = 0

    def __init__(self, name: str, value: Value, homes: list[int] | None = None) -> None:
        Variable.count += 1
        self.number = Variable.count
        self.name = name
        self.value = value
        self.homes = homes
        self.const = value.const


class Machine:
    """What is known of variables where operations are being written, which `listing` takes.

    A `writer` follows numbers of which there are few.
    """

    def __init__(self, listing: Listing, writer: Writer | None = None) -> None:
        self.listing = listing
        self.writer = writer
        self.written: set[int] = set()  # homes that were given a value
        self._journals: list[dict[Variable, Value]] = []
        self._loops = 0

    # Variables

    def assign(self, variable: Variable, value: Value) -> None:
        """Gives a variable, which has no home, a value of its type."""
        kept = self.listing.kept(value)
        self.note(variable, Value(kept.type, kept.data))

    def assume(self, variable: Variable, value: Value) -> None:
        """Notes what is known of a variable where operations are being written."""
        if variable.value != value:  # or every loop would carry it
            self.note(variable, value)

    def write(self, variable: Variable, place: int, condition: Condition) -> None:
        """Writes one bit of a variable that has a home."""
        assert variable.homes is not None
        home = variable.homes[place]
        self.written.add(home)
        if condition == self.bit_of(variable, place) and isinstance(condition, bool):
            return
        if condition != home:
            self.listing.emit(Store(home, condition))
        self.measured(variable, place, condition if isinstance(condition, bool) else home)

    def write_cells(
        self, cells: Iterable[tuple[Variable, int]], bits: tuple[Condition, ...]
    ) -> None:
        """Writes bits of variables that have homes, one after the other."""
        if len(bits) > 1:  # a bit that is written first may be read by the next write
            bits = tuple(map(self.listing.keep, bits))
        for (variable, place), bit in zip(cells, bits, strict=True):
            self.write(variable, place, bit)

    def measured(self, variable: Variable, place: int, now: Condition) -> None:
        """One bit of a variable is known to be something, or to be in its home."""
        if self.bit_of(variable, place) != now:
            self.all_measured(variable, {place: now})

    def all_measured(self, variable: Variable, known: Mapping[int, Condition]) -> None:
        """The same of several bits by their places: each call takes as long as the variable is."""
        data: Any = variable.value.data
        if variable.value.type.kind == "bit":
            self.note(variable, Value(variable.value.type, known[0]))
        elif len(known) == 1:
            ((place, now),) = known.items()
            whole = (*data[:place], now, *data[place + 1 :])
            self.note(variable, Value(variable.value.type, whole))
        else:
            whole = tuple(known.get(place, bit) for place, bit in enumerate(data))
            self.note(variable, Value(variable.value.type, whole))

    @staticmethod
    def bit_of(variable: Variable, place: int) -> Condition:
        """What is known of one bit."""
        data: Any = variable.value.data
        bit: Condition = data if variable.value.type.kind == "bit" else data[place]
        return bit

    def note(self, variable: Variable, value: Value) -> None:
        """Notes what is known of a variable, which counts as changed."""
        if self._journals:
            self._journals[-1].setdefault(variable, variable.value)
        variable.value = value

    # Branches and loops

    @contextmanager
    def repeating(self) -> Iterator[None]:
        """While it lasts, what is written runs more than once."""
        self._loops += 1
        try:
            yield
        finally:
            self._loops -= 1

    @property
    def in_loop(self) -> bool:
        """Whether what is written now runs more than once."""
        return self._loops > 0

    def branch(
        self,
        condition: Condition,
        then: Callable[[], None],
        otherwise: Callable[[], None] = lambda: None,
    ) -> None:
        """Does one of two pieces of work. Afterwards only what is true after both is known."""
        if isinstance(condition, bool):
            return then() if condition else otherwise()
        # What nothing reads in either is unread after both. Of many outcomes none is followed.
        unread = self.listing.unread
        if len(unread) > FOLLOWED:
            unread.clear()
        before = unread.copy()
        ours, then_operations = self.trial(then)
        after = unread.copy()
        unread.clear()
        unread |= before
        theirs, else_operations = self.trial(otherwise)
        unread &= after
        changed = {**ours, **theirs}
        if changed:
            condition = self.listing.fixed(condition, {})
        if then_operations or else_operations:
            self.listing.emit(Branch(condition, then_operations, else_operations))
        for variable in changed:
            a, b = ours.get(variable, variable.value), theirs.get(variable, variable.value)
            if variable.homes is not None:
                self.note(variable, self._common(variable, a, b))
            elif a != b:
                self.assign(variable, self._either(condition, a, b))
            else:
                self.note(variable, a)

    def _either(self, condition: Condition, a: Value, b: Value) -> Value:
        if self.writer is None:
            return merged(condition, a, b)
        if a.type.dimensions and a.type == b.type:
            pairs = zip(a.data, b.data, strict=True)
            return Value(a.type, [self._either(condition, one, other) for one, other in pairs])
        return self.writer.merged(condition, a, b) or merged(condition, a, b)

    def trial(self, work: Callable[[], None]) -> tuple[dict[Variable, Value], list[Operation]]:
        """What some work writes and changes; then everything is as it was."""
        outside, self.listing.operations = self.listing.operations, []
        self._journals.append({})
        changes: dict[Variable, Value] = {}
        try:
            work()
            changes = {variable: variable.value for variable in self._journals[-1]}
        finally:
            self._undo()
            inside, self.listing.operations = self.listing.operations, outside
        return changes, inside

    @staticmethod
    def _common(variable: Variable, a: Value, b: Value) -> Value:
        assert variable.homes is not None
        if a.type.kind == "bit":
            same = type(a.data) is type(b.data) and a.data == b.data
            return Value(a.type, a.data if same else variable.homes[0])
        pairs = zip(a.data, b.data, variable.homes, strict=True)
        return Value(
            a.type,
            tuple(x if type(x) is type(y) and x == y else home for x, y, home in pairs),
        )

    def rehearse(self, work: Callable[[], None]) -> None:
        """Does some work only for the mistakes that may be in it."""
        mark, unread = self.listing.mark(), self.listing.unread.copy()
        self.trial(work)
        self.listing.rewind(mark)
        self.listing.unread.clear()
        self.listing.unread |= unread

    def transaction(self, work: Callable[..., None], *args: Any) -> None:
        """Does some work; if that fails, variables and operations are as they were."""
        mark = self.listing.mark()
        self._journals.append({})
        try:
            work(*args)
        except BaseException:
            self._undo()
            self.listing.rewind(mark)
            raise
        self._commit()

    @property
    def changed(self) -> list[Variable]:
        """The variables that the transaction in progress has changed so far."""
        return list(self._journals[-1])

    def _undo(self) -> None:
        for variable, before in self._journals.pop().items():
            variable.value = before

    def _commit(self) -> None:
        journal = self._journals.pop()
        if self._journals:
            for variable, before in journal.items():
                self._journals[-1].setdefault(variable, before)

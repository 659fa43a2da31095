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
    Loop,
    Operation,
    Store,
)
from quantum_tasks.language.cases import TooManyCases
from quantum_tasks.language.codes import Writer
from quantum_tasks.language.listing import FOLLOWED, Listing
from quantum_tasks.language.runtime import merged
from quantum_tasks.language.storage import bits_of, has_bits, stored
from quantum_tasks.language.values import Value


class CannotBeCarriedError(TooManyCases):
    """A value that cannot be stored in bits changes in a loop whose end depends on a
    measurement."""


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
        self._carried: dict[int, list[Variable]] = {}

    # Variables

    def assign(self, variable: Variable, value: Value) -> None:
        """Gives a variable, which has no home, a value of its type."""
        kept = self.listing.kept(value)
        self._set(variable, Value(kept.type, kept.data))

    def assume(self, variable: Variable, value: Value) -> None:
        """Notes what is known of a variable where operations are being written."""
        if variable.value != value:  # or every loop would carry it
            self._set(variable, value)

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
            self._set(variable, Value(variable.value.type, known[0]))
        elif len(known) == 1:
            ((place, now),) = known.items()
            whole = (*data[:place], now, *data[place + 1 :])
            self._set(variable, Value(variable.value.type, whole))
        else:
            whole = tuple(known.get(place, bit) for place, bit in enumerate(data))
            self._set(variable, Value(variable.value.type, whole))

    @staticmethod
    def bit_of(variable: Variable, place: int) -> Condition:
        """What is known of one bit."""
        data: Any = variable.value.data
        bit: Condition = data if variable.value.type.kind == "bit" else data[place]
        return bit

    def _set(self, variable: Variable, value: Value) -> None:
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
                self._set(variable, self._common(variable, a, b))
            elif a != b:
                self.assign(variable, self._either(condition, a, b))
            else:
                self._set(variable, a)

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

    def loop(
        self,
        first: Condition,
        condition: Callable[[], Condition],
        body: Callable[[], None],
        key: int,
    ) -> None:
        """Does something as long as a condition holds, which is known only at run time; `first`
        is what it is before the first turn.

        Variables that the body changes must be carried from turn to turn in bits. Only compiling
        the body shows which variables these are, so it is compiled again until there are no new
        ones.
        """
        newest = Variable.count
        # A loop within a loop is compiled again with it, and changes the same.
        carried = [v for v in self._carried.get(key, []) if v.number <= newest]
        with self.repeating():
            while True:
                mark = self.listing.mark()
                outside, self.listing.operations = self.listing.operations, []
                self._journals.append({})
                self.listing.unread.clear()  # another turn may read what this one measures
                found: list[Variable] = []
                try:
                    self._write_loop(first, condition, body, carried)
                    journal = self._journals[-1]
                    found = [v for v in journal if v.number <= newest and v not in carried]
                except BaseException:
                    self._undo()
                    raise
                finally:
                    written, self.listing.operations = self.listing.operations, outside
                if not found:
                    break
                self._undo()
                self.listing.rewind(mark)
                carried += found
        self._carried[key] = carried
        self._commit()
        self.listing.unread.clear()
        self.listing.operations += written

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

    def _undo(self) -> None:
        for variable, before in self._journals.pop().items():
            variable.value = before

    def _commit(self) -> None:
        journal = self._journals.pop()
        if self._journals:
            for variable, before in journal.items():
                self._journals[-1].setdefault(variable, before)

    def _write_loop(
        self,
        first: Condition,
        condition: Callable[[], Condition],
        body: Callable[[], None],
        carried: list[Variable],
    ) -> None:
        storages = {variable: self._carry(variable) for variable in carried}
        unchanged = {v: v.value for v, storage in storages.items() if storage is None}
        go = self.listing.new_bit()
        self.listing.emit(Store(go, first))
        before, self.listing.operations = self.listing.operations, []
        body()
        goes_on = self.listing.keep(condition())  # which may change variables as well
        for variable, storage in storages.items():
            if storage is not None:
                for bit, now in zip(storage, bits_of(variable.value), strict=True):
                    if bit != now and variable.homes is None:
                        self.listing.emit(Store(bit, now))
                self._set(variable, stored(variable.value.type, storage))
            elif variable.value != unchanged[variable]:
                raise CannotBeCarriedError(
                    f"'{variable.name}' of type {variable.value.type} changes in a loop that "
                    "ends by a measurement, where only bits, booleans and integers can"
                )
        self.listing.emit(Store(go, goes_on))
        inside, self.listing.operations = self.listing.operations, before
        self.listing.emit(Loop(go, inside))

    def _carry(self, variable: Variable) -> list[int] | None:
        """Puts a variable where every turn of a loop finds it."""
        type = variable.value.type
        if variable.homes is not None:
            self._set(variable, stored(type, variable.homes))
            return variable.homes
        if not has_bits(type):
            return None
        bits = bits_of(variable.value)
        storage = [self.listing.new_bit() for _ in bits]
        for bit, condition in zip(storage, bits, strict=True):
            self.listing.emit(Store(bit, condition))
        self._set(variable, stored(type, storage))
        return storage

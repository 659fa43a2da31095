"""Loops that end by a measurement, whose variables are carried from turn to turn in bits."""

from __future__ import annotations

from collections.abc import Callable

from quantum_tasks.circuits.circuit import Condition, Loop, Store
from quantum_tasks.language.machine import Machine, UnforeseenError, Variable
from quantum_tasks.language.measured.cases import TooManyCases
from quantum_tasks.language.measured.storage import bits_of, has_bits, stored


class CannotBeCarriedError(TooManyCases):
    """A value that cannot be stored in bits changes in a loop whose end depends on a
    measurement."""


class CarriedLoops:
    """Writes loops with operations that do for every turn."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._listing = machine.listing
        self._carried: dict[int, list[Variable]] = {}

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
        with self._machine.repeating():
            while True:
                self._listing.unread.clear()  # another turn may read what this one measures
                work = (newest, carried, first, condition, body)
                try:
                    self._machine.transaction(self._write, *work)
                    break
                except UnforeseenError as error:
                    carried += error.variables
        self._carried[key] = carried
        self._listing.unread.clear()

    def _write(
        self,
        newest: int,
        carried: list[Variable],
        first: Condition,
        condition: Callable[[], Condition],
        body: Callable[[], None],
    ) -> None:
        listing, note = self._listing, self._machine.note
        storages = {variable: self._carry(variable) for variable in carried}
        unchanged = {v: v.value for v, storage in storages.items() if storage is None}
        go = listing.new_bit()
        listing.emit(Store(go, first))
        before, listing.operations = listing.operations, []
        try:
            body()
            goes_on = listing.keep(condition())  # which may change variables as well
            for variable, storage in storages.items():
                if storage is not None:
                    for bit, now in zip(storage, bits_of(variable.value), strict=True):
                        if bit != now and variable.homes is None:
                            listing.emit(Store(bit, now))
                    note(variable, stored(variable.value.type, storage))
                elif variable.value != unchanged[variable]:
                    raise CannotBeCarriedError(
                        f"'{variable.name}' of type {variable.value.type} changes in a loop that "
                        "ends by a measurement, where only bits, booleans and integers can"
                    )
            listing.emit(Store(go, goes_on))
        finally:
            inside, listing.operations = listing.operations, before
        listing.emit(Loop(go, inside))
        changed = self._machine.changed
        found = [v for v in changed if v.number <= newest and v not in carried]
        if found:
            raise UnforeseenError(found)

    def _carry(self, variable: Variable) -> list[int] | None:
        """Puts a variable where every turn of a loop finds it."""
        type = variable.value.type
        if variable.homes is not None:
            self._machine.note(variable, stored(type, variable.homes))
            return variable.homes
        if not has_bits(type):
            return None
        bits = bits_of(variable.value)
        storage = [self._listing.new_bit() for _ in bits]
        for bit, condition in zip(storage, bits, strict=True):
            self._listing.emit(Store(bit, condition))
        self._machine.note(variable, stored(type, storage))
        return storage

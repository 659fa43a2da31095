"""How blocks are left.

Every `break`, `continue`, `return` and `end` sets a flag. The statements after it are skipped; or,
if a measurement decides whether the flag is set, they run on the condition that it is not set.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from quantum_tasks.circuits.circuit import Condition, any_of, negated
from quantum_tasks.language.machine import Machine, Variable
from quantum_tasks.language.values import BOOL, Value

_UNSET = Value(BOOL, False)


class Exits:
    """The flags that skip what is being compiled."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self.end = Variable("end", _UNSET)
        self._flags = [self.end]
        self._loops: list[tuple[Variable, Variable]] = []  # break and continue of each

    def stopped(self) -> Condition:
        """Whether a flag is set that skips what follows."""
        for flag in self._flags:
            if flag.value.data is not False:
                return any_of([flag.value.data for flag in self._flags])
        return False

    def leave(self, flag: Variable) -> None:
        """Skips what follows, up to the end of what the flag belongs to."""
        self._machine.assign(flag, Value(BOOL, True))

    def break_(self) -> None:
        """Leaves the innermost loop."""
        self.leave(self._loops[-1][0])

    def continue_(self) -> None:
        """Leaves this turn of the innermost loop."""
        self.leave(self._loops[-1][1])

    def unless(self, stopped: Condition, work: Callable[[], None]) -> None:
        """Does some work on the condition that no flag is set; during this work, all flags count
        as not set."""

        def unstopped() -> None:
            self.assume_none()
            work()

        self._machine.branch(negated(stopped), unstopped)

    def assume_none(self) -> None:
        """Notes that no flag is set where operations are being written."""
        for flag in self._flags:
            self._machine.assume(flag, _UNSET)

    @contextmanager
    def flag(self, name: str) -> Iterator[Variable]:
        """What a statement sets to leave a block."""
        flag = Variable(name, _UNSET)
        self._flags.append(flag)
        try:
            yield flag
        finally:
            self._flags.remove(flag)

    @contextmanager
    def turn(self, broken: Variable) -> Iterator[None]:
        """One turn of a loop that `broken` ends."""
        with self.flag("continue") as skipped:
            self._loops.append((broken, skipped))
            try:
                yield
            finally:
                self._loops.pop()

    @contextmanager
    def subroutine(self) -> Iterator[Variable]:
        """The body of a subroutine, which has loops of its own, and the flag that ends it."""
        flags, self._flags = self._flags, [self.end]
        loops, self._loops = self._loops, []
        try:
            with self.flag("return") as returned:
                yield returned
        finally:
            self._flags, self._loops = flags, loops

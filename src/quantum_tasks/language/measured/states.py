"""Loops that end by a measurement and count meanwhile: each state of their variables is a case.

A state is what all variables hold, other than bits, between two turns of the loop. From the states
before the loop, all others are found by compiling a turn from each of them, with variables that
are known. Then a code says in which state a run is, and each turn does what belongs to it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from quantum_tasks.circuits.circuit import Branch, Condition, Loop, Operation, Store
from quantum_tasks.errors import QasmSemantic
from quantum_tasks.language.machine import Machine, UnforeseenError, Variable
from quantum_tasks.language.measured.cases import (
    TooManyCases,
    check_few,
    deciding_bits,
    most,
    told_apart,
)
from quantum_tasks.language.measured.codes import Numbers, Writer, decoded, width
from quantum_tasks.language.measured.storage import stored
from quantum_tasks.language.values import BOOL, Value
from quantum_tasks.parsing.mistakes import ProgramError

_MOST_TRIED = 20_000  # statements and numbers, in all loops together: about a second
Tables = list[tuple[int, int]]  # truth tables, each with the number of a state


@dataclass
class _Turn:
    """What one turn does, from one state: then the bits say which state is next, and whether
    there is another turn."""

    operations: list[Operation] = field(default_factory=list)
    bits: list[int] = field(default_factory=list)
    tables: Tables = field(default_factory=list)
    goes_on: int = 0  # a truth table

    @property
    def next(self) -> set[int]:
        """The states from which there may be another turn."""
        return {number for table, number in self.tables if table & self.goes_on}

    @property
    def last(self) -> set[int]:
        """Those in which the loop may end."""
        return {number for table, number in self.tables if table & ~self.goes_on}


class States:
    """Writes loops case by case."""

    def __init__(self, machine: Machine, writer: Writer) -> None:
        self._machine = machine
        self._listing = machine.listing
        self._writer = writer

    def loop(
        self, first: Condition, condition: Callable[[], Condition], body: Callable[[], None]
    ) -> None:
        """As CarriedLoops.loop(). Raises TooManyCases, and then has written nothing."""
        newest, carried = Variable.count, list[Variable]()
        turns = self._listing.turns
        while True:
            try:
                work = (newest, carried, first, condition, body)
                return self._machine.transaction(self._write, *work)
            except UnforeseenError as error:
                carried += error.variables
            except BaseException:
                self._listing.turns = turns  # they are taken again, in another way
                raise

    def _write(
        self,
        newest: int,
        carried: list[Variable],
        first: Condition,
        condition: Callable[[], Condition],
        body: Callable[[], None],
    ) -> None:
        machine, listing = self._machine, self._listing
        in_bits = [variable for variable in carried if variable.homes is not None]
        numbers = [variable for variable in carried if variable.homes is None]
        listing.unread.clear()  # another turn may read what this one measures

        def begin(values: tuple[Value, ...]) -> None:
            for variable in in_bits:
                assert variable.homes is not None
                machine.assume(variable, stored(variable.value.type, variable.homes))
            for variable, value in zip(numbers, values, strict=True):
                machine.assume(variable, value)

        def reached(turn: _Turn, going: Condition) -> None:
            now = [Value(BOOL, going), *(variable.value for variable in numbers)]
            turn.bits = deciding_bits(now)
            check_few(turn.bits)
            for table, (still, *known) in told_apart(now, turn.bits):
                turn.tables.append((table, states.number(tuple(known))))
                if still.data:
                    turn.goes_on |= table
            if len(states.values) > 1 << most().bits or states.most() > most().values:
                raise TooManyCases

        def taken(number: int) -> _Turn:
            result, values, taken_before = _Turn(), states.values[number], listing.turns

            def work() -> None:
                begin(values)
                with machine.repeating():
                    body()
                    reached(result, condition())

            try:
                changed, result.operations = machine.trial(work)
            except ProgramError as error:
                # The state may never occur: variables that depend on each other count as if they
                # did not. So a turn with a mistake is one that does nothing.
                if error.problem is not QasmSemantic:
                    raise
                mistakes.append(error)
                changed, result = {}, _Turn(tables=[(1, number)])
            self._writer.tried += listing.turns - taken_before + size
            if self._writer.tried > _MOST_TRIED:
                raise TooManyCases
            unforeseen = [v for v in changed if v.number <= newest and v not in carried]
            if unforeseen:
                raise UnforeseenError(unforeseen)
            return result

        mistakes: list[ProgramError] = []
        size = sum(
            len(variable.value.data) if variable.value.type.dimensions else 1
            for variable in numbers
        )
        states = Numbers()
        before = _Turn()
        reached(before, first)
        turns: dict[int, _Turn] = {}
        waiting, ends = before.next, before.last
        while waiting:
            number = waiting.pop()
            if number not in turns:
                turns[number] = one = taken(number)
                waiting |= one.next
                ends |= one.last
        if not turns:
            return  # whatever the bits are, there is no turn
        if mistakes and len(mistakes) == len(turns):
            raise mistakes[0]
        code = [listing.new_bit() for _ in range(width(len(states.values)))]
        go = listing.new_bit()
        before.operations = listing.operations
        listing.operations = self._ended(before, code, go)
        blocks = {number: self._ended(one, code, go) for number, one in turns.items()}
        listing.emit(Loop(go, _chosen(code, blocks)))
        listing.unread.clear()
        after = [listing.keep(bit) for bit in code]
        ended = {number: states.values[number] for number in sorted(ends or turns)}
        begin(
            tuple(
                decoded(after, {number: values[place] for number, values in ended.items()})
                for place in range(len(numbers))
            )
        )

    def _ended(self, turn: _Turn, code: list[int], go: int) -> list[Operation]:
        """What a turn does, with what it stores in the end."""
        writer, listing = self._writer, self._listing
        outside, listing.operations = listing.operations, turn.operations
        try:
            after = writer.conditions(turn.tables, turn.bits, len(code))
            still = writer.conditions([(turn.goes_on, 1)], turn.bits, 1)
            for bit, condition in zip([*code, go], [*after, *still], strict=True):
                listing.emit(Store(bit, condition))
            return listing.operations
        finally:
            listing.operations = outside


def _chosen(code: list[int], blocks: dict[int, list[Operation]]) -> list[Operation]:
    """The block whose number a code spells."""
    if len(blocks) == 1 or not code:
        return next(iter(blocks.values()))
    *others, last = code
    one = {number: block for number, block in blocks.items() if number >> len(others) & 1}
    zero = {number: block for number, block in blocks.items() if number not in one}
    if not one or not zero:
        return _chosen(others, one or zero)
    return [Branch(last, _chosen(others, one), _chosen(others, zero))]

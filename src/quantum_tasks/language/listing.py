"""What is written of a program so far: its operations, and the bits that they use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from quantum_tasks.circuits.bounds import Bounds, too_many, too_many_operations
from quantum_tasks.circuits.circuit import Condition, Kept, Operation, Store, size
from quantum_tasks.circuits.outline import Mark
from quantum_tasks.errors import Problem, TooManyClbits, TooManyQubits
from quantum_tasks.language.measured.cases import bases, most, simplified
from quantum_tasks.language.values import Choice, Value
from quantum_tasks.language.warnings import Warnings
from quantum_tasks.parsing.mistakes import ProgramError
from quantum_tasks.tasks import WarningCode

FOLLOWED = 64  # outcomes whose reading is followed where that takes time for each
_SMALL = 6  # a condition of more parts may be simpler than it looks
_LARGE = 30  # a condition of more parts is stored rather than repeated


class Listing:
    """The operations as far as they are written, within the bounds of a program.

    If it `outlines`, they are to be drawn, not to be run.
    """

    def __init__(self, bounds: Bounds, outlines: bool = False) -> None:
        self.bounds = bounds
        self.outlines = outlines
        self.operations: list[Operation] = []
        self.qubits = 0
        self.bits = 2  # no bit is numbered 0 or 1, which Python takes for False and True
        self._named_bits = 0
        self._hidden_bits = 0
        self._written = 0
        self.turns = 0
        self._fixed: set[int] = set()
        self.warnings = Warnings()
        # By its identity: data of values that stay what they are.
        self.settled: dict[int, Any] = {}
        self.unread: set[int] = set()  # bits with outcomes that nothing has read so far

    def emit(self, operation: Operation) -> None:
        """Adds one operation. Raises ProgramError when there are too many."""
        self._written += 1
        if self._written > self.bounds.operations:
            raise too_many_operations(None, self.bounds.operations)
        self.operations.append(operation)

    def mark_down(self, mark: Mark) -> None:
        """Adds what only a drawing shows."""
        if self.outlines:
            self.emit(cast(Operation, mark))

    def extend(self, operations: list[Operation]) -> None:
        """Adds operations. Raises ProgramError when there are too many."""
        self.require(len(operations))
        self._written += len(operations)
        self.operations += operations

    def require(self, operations: int) -> None:
        """Refuses what would write too many operations, before it does."""
        if self._written + operations > self.bounds.operations:
            raise too_many_operations(self._written + operations, self.bounds.operations)

    def take_turn(self, statements: int = 1) -> None:
        """Counts statements that are worked out at compile time."""
        self.turns += statements
        if self.turns > self.bounds.operations:
            raise too_many_operations(None, self.bounds.operations)

    def measured(self, bit: int, name: str) -> None:
        """Notes that a bit, which people call so, gets an outcome, or another value."""
        if bit in self.unread:
            self.warnings.add(
                WarningCode.OVERWRITTEN_OUTCOME,
                f"The outcome that was measured into '{name}' is overwritten before it is read.",
                hint="measure into another bit, or read it first",
            )
        self.unread.add(bit)

    def read(self, bits: Sequence[int]) -> None:
        """Notes that something reads bits."""
        if len(bits) > FOLLOWED:
            self.unread.clear()
        else:
            self.unread.difference_update(bits)

    def mark(self) -> tuple[int, int, int]:
        """A point to which rewind() comes back."""
        return len(self.operations), self._written, self._hidden_bits

    def rewind(self, mark: tuple[int, int, int]) -> None:
        """Takes back what was written since."""
        del self.operations[mark[0] :]
        self._written, self._hidden_bits = mark[1:]

    # Bits

    def new_bit(self) -> int:
        """A bit that nobody sees."""
        self.bits += 1
        self._hidden_bits += 1
        if self._hidden_bits > 10 * self.bounds.bits:
            raise ProgramError(
                TooManyClbits,
                "The program's classical variables take more than "
                f"{10 * self.bounds.bits} bits at run time (MAX_CLBITS).",
            )
        return self.bits - 1

    def name_bits(self, count: int) -> list[int]:
        """Bits of a declaration. Raises ProgramError when there are too many."""
        _check_count(TooManyClbits, "classical bits", self._named_bits, count, self.bounds.bits)
        self._named_bits += count
        self.bits += count
        return list(range(self.bits - count, self.bits))

    def add_qubits(self, count: int) -> range:
        """Qubits of a declaration. Raises ProgramError when there are too many."""
        _check_count(TooManyQubits, "qubits", self.qubits, count, self.bounds.qubits)
        self.qubits += count
        return range(self.qubits - count, self.qubits)

    def keep(self, condition: Condition) -> Condition:
        """The same condition, cheap to use, and the same whatever is written later."""
        if isinstance(condition, bool) or condition in self._fixed:
            return condition
        bit = self.new_bit()
        self.emit(Store(bit, condition))
        self._fixed.add(bit)
        found: set[int] = set()
        bases(condition, found)
        if len(found) <= most().bits and found <= self._fixed:
            bit = Kept(bit)
            bit.origin, bit.base = condition, frozenset(found)
        return bit

    def fixed_bit(self) -> int:
        """A bit that the caller writes once, as the next operation."""
        bit = self.new_bit()
        self._fixed.add(bit)
        return bit

    def kept(self, value: Value) -> Value:
        """A value that stays what it is, whatever is written later."""
        if value.type.dimensions:
            return Value(value.type, [self.kept(element) for element in value.data], value.const)
        data: Any = value.data
        if type(data) in (tuple, Choice) and id(data) in self.settled:
            return value
        copies: dict[int, Condition] = {}
        if value.type.kind in ("bool", "bit"):
            data = self.fixed(data, copies)
        elif isinstance(data, tuple):
            data = tuple(self.fixed(bit, copies) for bit in data)
        elif isinstance(data, Choice):
            data = Choice(tuple((self.fixed(part, copies), number) for part, number in data.cases))
        return value if data == value.data else Value(value.type, data, value.const)

    def fixed(self, condition: Condition, copies: dict[int, Condition]) -> Condition:
        """A small condition stays one, so that it is still known what goes with what."""
        if size(condition) > _SMALL:
            condition = simplified(condition)
        if size(condition) > _LARGE:
            return self.keep(condition)
        return self._substituted(condition, copies)

    def _substituted(self, condition: Condition, copies: dict[int, Condition]) -> Condition:
        if isinstance(condition, bool):
            return condition
        if isinstance(condition, int):
            if condition not in copies:
                copies[condition] = self.keep(condition)
            return copies[condition]
        parts = (self._substituted(part, copies) for part in condition[1:])
        return (condition[0], *parts)


def _check_count(problem: type[Problem], what: str, has: int, more: int, limit: int) -> None:
    if has + more > limit:
        raise too_many(problem, what, has + more, limit)

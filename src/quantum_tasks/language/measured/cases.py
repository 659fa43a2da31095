"""Values that depend on measurements, case by case: one value for each combination of a few
bits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

from quantum_tasks.circuits.circuit import Condition, Kept, choose
from quantum_tasks.errors import QasmSemantic, QasmUnsupported
from quantum_tasks.language.values import Choice, Value, from_bits
from quantum_tasks.parsing.mistakes import Mistake, Node, ProgramError

FEW = 4


class _Most(NamedTuple):
    """How many bits may decide a value whose cases are told apart, and how many there may be."""

    bits: int
    values: int


_USUAL = _Most(10, 1024)
_most: ContextVar[_Most] = ContextVar("most", default=_USUAL)


def most() -> _Most:
    """What is told apart in the compilation in progress."""
    return _most.get()


@contextmanager
def following(values: int) -> Iterator[None]:
    """While it lasts, numbers may be one of so many; a few more bits may decide between them."""
    token = _most.set(_Most(values.bit_length() + 2, values))
    try:
        yield
    finally:
        _most.reset(token)


class TooManyCases(Mistake):
    """A value may be one of more than can be told apart."""

    hint = "give integers no more bits than they need, like int[4] n"

    def __init__(self, text: str | None = None) -> None:
        super().__init__(
            text
            or f"the value depends on measurements and may be one of more than {most().values:,}, "
            "the most that are followed (MAX_POSSIBLE_VALUES)"
        )


def deciding_bits(values: Iterable[Value]) -> list[int]:
    """The bits on which values depend, in order."""
    found: set[int] = set()
    for value in values:
        for condition in _conditions(value):
            bases(condition, found)
    return sorted(found)


def bases(condition: Condition, found: set[int]) -> None:
    """Adds the bits on which a condition depends in the end."""
    if isinstance(condition, tuple):
        for part in condition[1:]:
            bases(part, found)
    elif isinstance(condition, Kept):
        found.update(condition.base)
    elif not isinstance(condition, bool):
        found.add(condition)


def _conditions(value: Value) -> Iterable[Condition]:
    if value.type.dimensions:
        return [condition for element in value.data for condition in _conditions(element)]
    if value.type.kind in ("bool", "bit"):
        return [value.data]
    if isinstance(value.data, Choice):
        return [condition for condition, _ in value.data.cases]
    return value.data if isinstance(value.data, tuple) else []


def cases(value: Value) -> list[tuple[Condition, Value]]:
    """Every known value that it can be, each with its condition. Raises TooManyCases."""
    bits = deciding_bits([value])
    check_few(bits)
    found = told_apart([value], bits)
    if len(found) > most().values:
        raise TooManyCases
    return [(spelled(table, bits), known) for table, (known,) in found]


def told_apart(values: Sequence[Value], bits: list[int]) -> list[tuple[int, tuple[Value, ...]]]:
    """What values can be together, each with its truth table over the bits that decide them.

    A truth table is a number with one bit for each combination of the bits. Combinations that
    never occur, because the bits depend on each other, may be missing.
    """
    tables = _tables(bits)
    classes: list[tuple[int, tuple[Value, ...]]] = [(tables[_ALL], ())]
    for value in values:
        classes = [
            (table, (*before, known))
            for within, before in classes
            for table, known in _divided(value, within, tables)
        ]
    return sorted(classes, key=lambda one: one[0] & -one[0])


_ALL = -1  # the place of the table that is true everywhere


def _tables(bits: list[int]) -> dict[int, int]:
    everywhere = (1 << (1 << len(bits))) - 1
    tables = {_ALL: everywhere}
    for place, bit in enumerate(bits):
        half = 1 << place  # so many combinations without it, then as many with it
        tables[bit] = everywhere // ((1 << half) + 1) << half
    return tables


def _table(condition: Condition, tables: dict[int, int]) -> int:
    if isinstance(condition, bool):
        return tables[_ALL] if condition else 0
    if isinstance(condition, int):
        if condition not in tables:
            assert isinstance(condition, Kept)
            tables[condition] = _table(condition.origin, tables)
        return tables[condition]
    match condition[0]:
        case "!":
            return tables[_ALL] ^ _table(condition[1], tables)
        case "&":
            return _table(condition[1], tables) & _table(condition[2], tables)
        case "|":
            return _table(condition[1], tables) | _table(condition[2], tables)
    return _table(condition[1], tables) ^ _table(condition[2], tables)


def _divided(value: Value, within: int, tables: dict[int, int]) -> list[tuple[int, Value]]:
    """What a value can be within a truth table."""
    if value.type.dimensions:
        arrays: list[tuple[int, list[Value]]] = [(within, [])]
        for element in value.data:
            arrays = [
                (table, [*before, known])
                for part, before in arrays
                for table, known in _divided(element, part, tables)
            ]
        return [(table, Value(value.type, data)) for table, data in arrays]
    if isinstance(value.data, Choice):
        found = [(within & _table(part, tables), number) for part, number in value.data.cases]
        return [(table, Value(value.type, number)) for table, number in found if table]
    single = value.type.kind in ("bool", "bit")
    if not single and not isinstance(value.data, tuple):
        return [(within, Value(value.type, value.data))]
    classes: list[tuple[int, tuple[bool, ...]]] = [(within, ())]
    for bit in (value.data,) if single else value.data:
        one = _table(bit, tables)
        sides = ((tables[_ALL] ^ one, False), (one, True))
        halves = [
            (part & side, (*known, is_one)) for part, known in classes for side, is_one in sides
        ]
        classes = [half for half in halves if half[0]]
    if single:
        return [(table, Value(value.type, known[0])) for table, known in classes]
    if value.type.kind == "bits":
        return [(table, Value(value.type, known)) for table, known in classes]
    signed = value.type.kind == "int"
    return [(table, Value(value.type, from_bits(known, signed))) for table, known in classes]


def spelled(table: int, bits: Sequence[Condition]) -> Condition:
    """The condition over bits that a truth table says."""
    if not bits:
        return bool(table)
    half = 1 << (len(bits) - 1)
    zero, one = table & ((1 << half) - 1), table >> half
    if zero == one:
        return spelled(zero, bits[:-1])
    return choose(bits[-1], spelled(one, bits[:-1]), spelled(zero, bits[:-1]))


def can_hold(condition: Condition) -> bool:
    """Whether a condition holds for any values of its bits; True if there are too many to try."""
    found: set[int] = set()
    bases(condition, found)
    return len(found) > most().bits or _table(condition, _tables(sorted(found))) != 0


def simplified(condition: Condition) -> Condition:
    """A condition over few bits in its shortest form: at most one part for each combination."""
    found: set[int] = set()
    bases(condition, found)
    if len(found) > FEW:
        return condition
    bits = sorted(found)
    return spelled(_table(condition, _tables(bits)), bits)


def check_few(bits: list[int]) -> None:
    """Raises TooManyCases."""
    if len(bits) > most().bits:
        raise TooManyCases


class NeedsKnownError(Exception):
    """A statement must know the value of an expression, but measurements decide it.

    The statement is then compiled once for each possible value.
    """

    def __init__(self, node: Node) -> None:
        self.node = node
        super().__init__()


def located(mistake: Mistake, node: Node) -> ProgramError:
    """Says where a mistake was made."""
    text = str(mistake)
    sentence = f"{text[:1].upper()}{text[1:]}."
    if isinstance(mistake, TooManyCases):
        error = ProgramError(QasmUnsupported, sentence, node, mistake.hint)
        error.too_many_values = True
        return error
    return ProgramError(QasmSemantic, sentence, node, about_a_value=True)

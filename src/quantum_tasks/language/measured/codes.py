"""Numbers that can be one of few values, although many bits decide them: a sum of twenty measured
bits is one of 21.

Each possible value has a number, and bits that nobody sees store which it is. So what is worked
out of it depends on these few bits. This takes operations of the simulator, so only programs that
are refused otherwise are compiled in this way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from quantum_tasks.circuits.circuit import Condition, Store, choose, size
from quantum_tasks.language.listing import Listing
from quantum_tasks.language.measured.cases import (
    FEW,
    TooManyCases,
    deciding_bits,
    most,
    spelled,
    told_apart,
)
from quantum_tasks.language.measured.runtime import merged
from quantum_tasks.language.measured.spans import (
    Span,
    holds,
    opposite,
    plain,
    total,
    type_of,
    union,
)
from quantum_tasks.language.values import Choice, Type, Value, as_integer
from quantum_tasks.parsing.mistakes import Mistake

_MANY = 32  # numbers that are one after the other are taken together
_MOST_WORKED = 150_000  # cases, of all operations together: about a second
_LARGE = 30  # a condition of more parts is stored rather than repeated

_NUMBERS = ("float", "complex", "angle", "duration")  # which are no bits, unless they have a size
Known = tuple[Value, ...]


class Numbers:
    """Numbers the values that something is found to have."""

    def __init__(self) -> None:
        self.values: list[Known] = []
        self._found: dict[str, int] = {}
        self._each: dict[int, set[str]] = {}  # what is found in each place

    def number(self, values: Known) -> int:
        """The number of values, which is a new one if they are."""
        key = repr([value.data for value in values])
        number = self._found.setdefault(key, len(self.values))
        if number == len(self.values):
            self.values.append(values)
            for place, value in enumerate(values):
                self._each.setdefault(place, set()).add(repr(value.data))
        return number

    def most(self) -> int:
        """How many values there are in the place that has most."""
        return max(map(len, self._each.values()), default=0)


class Writer:
    """Writes codes with the operations of a listing."""

    def __init__(self, listing: Listing) -> None:
        self._listing = listing
        self._worked = 0  # for how many cases operations were worked out
        self.tried = 0  # what was compiled of loops, state by state
        # By the identity of their data, which lives as long as this: the values that were coded.
        self._coded: dict[int, tuple[Any, list[int], list[Value]]] = {}
        self._spans: dict[int, tuple[Any, Span]] = {}
        # By the code: when it is each number, which takes long to write for a choice of many.
        self._spellings: dict[tuple[int, ...], dict[int, Condition]] = {}

    def told(self, operate: Callable[..., Value], *operands: Value) -> Value | None:
        """What an operation comes to, as one of few values; None if there are too many, or so few
        bits decide them that no code is shorter."""
        operands = tuple(map(self._listing.kept, operands))
        found = self._apart(operands)
        if found is None or len(found[0]) <= FEW:
            return None
        bits, classes = found
        self._work(len(classes))
        results, mistakes = list[tuple[int, Value]](), list[Mistake]()
        for table, known in classes:
            try:
                results.append((table, operate(*known)))
            except Mistake as mistake:  # a condition around it may exclude this case
                mistakes.append(mistake)
        if not results:
            raise mistakes[0]
        values = ranked([value for _, value in results])
        if len(values) > most().values:
            return None
        numbers = {repr(value.data): number for number, value in enumerate(values)}
        tables = [(table, numbers[repr(value.data)]) for table, value in results]
        if all(table == 1 << number for table, number in tables):
            return self._of_code(bits, values)  # the same code
        return self._of_code(self.stored(tables, bits, width(len(values))), values)

    def merged(self, condition: Condition, a: Value, b: Value) -> Value | None:
        """a if the condition holds, else b, as one of few values; None as for told()."""
        if isinstance(condition, bool) or a.type != b.type or a.type.dimensions:
            return None
        if (value := self._merged_spans(condition, a, b)) is not None:
            return value
        found = [self._apart((self._listing.kept(value),)) for value in (a, b)]
        sides = [side for side in found if side is not None]
        if len(sides) < 2 or max(len(bits) for bits, _ in sides) < FEW:
            return None
        self._work(sum(len(classes) for _, classes in sides))
        values = ranked([known for _, classes in sides for _, (known,) in classes])
        if len(values) > most().values:
            return None
        numbers = {repr(value.data): number for number, value in enumerate(values)}
        conditions = []
        for bits, classes in sides:
            tables = [(table, numbers[repr(known.data)]) for table, (known,) in classes]
            conditions.append(self.conditions(tables, bits, width(len(values))))
        code = [self._store(choose(condition, x, y)) for x, y in zip(*conditions, strict=True)]
        return self._of_code(code, values)

    def _work(self, cases: int) -> None:
        """Counts cases that are worked out. Raises TooManyCases."""
        self._worked += cases
        if self._worked > _MOST_WORKED:
            raise TooManyCases(
                "the values that measurements decide are too many to be worked out one by one"
            )

    def added(self, op: str, a: Value, b: Value) -> Value | None:
        """A sum or a difference of numbers from long spans; None if they are none."""
        one, other = self._span(a), self._span(self._listing.kept(b))
        if other is not None and op == "-":
            other = opposite(other)
        if one is None or other is None:
            return None
        type, span = type_of(op, a, b), total(one, other)
        if not _MANY < span.length <= most().values or not holds(type, span):
            return None
        if one.code and other.code:
            span = span._replace(code=tuple(map(self._store, span.code)))
        return self._of_span(type, span)

    def _merged_spans(self, condition: Condition, a: Value, b: Value) -> Value | None:
        one, other = self._span(a), self._span(b)
        together = one and other and union(one, other)
        if one is None or other is None or together is None:
            return None
        low, count = together
        if not _MANY < count <= most().values:
            return None
        pairs = zip(*(s.code_from(low, width(count)) for s in (one, other)), strict=True)
        code = tuple(self._store(choose(condition, x, y)) for x, y in pairs)
        return self._of_span(a.type, Span(code, low, count))

    def _span(self, value: Value) -> Span | None:
        # Known numbers, and those of bits, are objects that any values may share.
        if value.known or not isinstance(value.data, tuple):
            return plain(value)
        _, span = self._spans.get(id(value.data), (None, None))
        return span

    def _of_span(self, type: Type, span: Span) -> Value:
        value = self._settled(Value(type, span.word(type)))
        self._spans[id(value.data)] = (value.data, span)
        return value

    def _settled(self, value: Value) -> Value:
        """A value over bits that do not change any more."""
        value = self._listing.kept(value)
        if isinstance(value.data, tuple | Choice):
            self._listing.settled[id(value.data)] = value.data
        return value

    def _apart(self, operands: Known) -> tuple[list[int], list[tuple[int, Known]]] | None:
        """The bits that decide some values, and what they can be together, with truth tables."""
        unknown = [place for place, operand in enumerate(operands) if not operand.known]
        data = operands[unknown[0]].data if len(unknown) == 1 else None
        if isinstance(data, tuple | Choice) and id(data) in self._coded:
            _, code, values = self._coded[id(data)]
            before, after = operands[: unknown[0]], operands[unknown[0] + 1 :]
            return code, [(1 << n, (*before, value, *after)) for n, value in enumerate(values)]
        bits = deciding_bits(operands)
        if len(bits) > most().values.bit_length():
            return None
        return bits, told_apart(operands, bits)

    def _of_code(self, code: list[int], values: list[Value]) -> Value:
        if len(values) == 1:
            return values[0]
        spellings = self._spellings.setdefault(tuple(code), {})
        value = self._settled(decoded(code, dict(enumerate(values)), spellings))
        self._coded[id(value.data)] = (value.data, code, values)
        low, high = values[0].data, values[-1].data
        if value.type.kind in ("int", "uint") and high - low + 1 == len(values):
            self._spans[id(value.data)] = (value.data, Span(tuple(code), low, len(values)))
        return value

    def stored(
        self, tables: Iterable[tuple[int, int]], bits: Sequence[int], width: int
    ) -> list[int]:
        """New bits with the code of a number, of which there is a truth table over the bits."""
        return [self._store(condition) for condition in self.conditions(tables, bits, width)]

    def conditions(
        self, tables: Iterable[tuple[int, int]], bits: Sequence[int], width: int
    ) -> list[Condition]:
        """When each bit of the code is one."""
        tables = list(tables)
        found: dict[tuple[int, int], Condition] = {}
        result = []
        for place in range(width):
            whole = 0
            for table, number in tables:
                if number >> place & 1:
                    whole |= table
            result.append(self._spelled(whole, bits, len(bits), found))
        return result

    def _spelled(
        self,
        table: int,
        bits: Sequence[int],
        count: int,
        found: dict[tuple[int, int], Condition],
    ) -> Condition:
        """The condition that a truth table says; parts that are large are stored once."""
        if table == 0 or table == (1 << (1 << count)) - 1:
            return table != 0
        if (table, count) not in found:
            half = 1 << (count - 1)
            zero, one = table & ((1 << half) - 1), table >> half
            a, b = (self._spelled(part, bits, count - 1, found) for part in (one, zero))
            condition = a if zero == one else choose(bits[count - 1], a, b)
            if size(condition) > _LARGE:
                condition = self._store(condition)
            found[table, count] = condition
        return found[table, count]

    def _store(self, condition: Condition) -> int:
        """Not as Listing.keep() does: what depends on the bit depends on no others."""
        bit = self._listing.fixed_bit()
        self._listing.emit(Store(bit, condition))
        return bit


def width(count: int) -> int:
    """How many bits a code for so many values takes."""
    return max(1, (count - 1).bit_length())


def ranked(values: Iterable[Value]) -> list[Value]:
    """Different values, the smallest first: then a code has much in common with the number."""
    found = {repr(value.data): value for value in values}
    with suppress(TypeError):  # a complex number
        return sorted(found.values(), key=lambda value: value.data)
    return list(found.values())


def decoded(
    code: Sequence[Condition],
    values: Mapping[int, Value],
    spellings: dict[int, Condition] | None = None,
) -> Value:
    """The value whose number the bits of a code spell, one of those given; `spellings` keeps when
    the code is each number."""
    first = next(iter(values.values()))
    if len(values) == 1:
        return first
    types = {value.type for value in values.values()}
    if len(types) == 1 and first.type.size is not None and not first.type.dimensions:
        return Value(first.type, _decoded_bits(code, values, first.type.size))
    if len(types) == 1 and first.type.kind in _NUMBERS:
        found = {} if spellings is None else spellings
        for number in values.keys() - found.keys():
            found[number] = spelled(1 << number, code)
        cases = tuple((found[number], value.data) for number, value in values.items())
        return Value(first.type, Choice(cases))
    *others, last = code
    one = {n: value for n, value in values.items() if n >> len(others) & 1}
    zero = {n: value for n, value in values.items() if n not in one}
    one = {n - (1 << len(others)): value for n, value in one.items()}
    if not one or not zero:
        return decoded(others, one or zero)
    return merged(last, decoded(others, one), decoded(others, zero))


def _decoded_bits(
    code: Sequence[Condition], values: Mapping[int, Value], size: int
) -> tuple[Condition, ...]:
    numbers = [as_integer(values[n]) if n in values else None for n in range(1 << len(code))]
    known = _filled(numbers)
    changing = 0
    for number in known:
        changing |= number ^ known[0]
    bits: list[Condition] = []
    for place in range(size):
        if changing >> place & 1:
            table = sum((number >> place & 1) << n for n, number in enumerate(known))
            bits.append(spelled(table, code))
        else:
            bits.append(bool(known[0] >> place & 1))
    return tuple(bits)


def _filled(numbers: list[int | None]) -> list[int]:
    """The numbers, with each half that has none like the other half."""
    if len(numbers) == 1:
        return [number for number in numbers if number is not None]
    half = len(numbers) // 2
    zero, one = _filled(numbers[:half]), _filled(numbers[half:])
    return (zero or one) + (one or zero)

"""Conditions as a person would write them: registers compared with numbers, where that is what
they say."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

from quantum_tasks.circuits.circuit import Condition
from quantum_tasks.pictures.legible import bits_of

_MAX_TABLE_BITS = 8  # bits of a condition that is tried with all values
_MAX_CASES = 2  # values of a register that are listed

# A condition as it is read: True, False, the number of a bit, ("==" "!=" "<=" or ">=", the number
# of a register, a number), ("!", a), or ("&&" "||" or "^", a, b).
Reading = bool | int | tuple[Any, ...]


class Registers:
    """The registers whose bits conditions are about, each the numbers of its bits, least
    significant first."""

    def __init__(self, registers: Sequence[Sequence[int]]) -> None:
        self._registers = {frozenset(bits): (n, bits) for n, bits in enumerate(registers) if bits}
        self._read: dict[Condition, Reading] = {}

    def read(self, condition: Condition) -> Reading:
        """Compares a register if the condition depends on all its bits; or names the one value of
        some bits, if there is only one; else it is the condition as it is."""
        if isinstance(condition, bool):
            return condition  # which is equal to a number
        if condition not in self._read:
            self._read[condition] = self._new(condition)
        return self._read[condition]

    def _new(self, condition: Condition) -> Reading:
        about = bits_of(condition)
        register, bits = self._registers.get(about, (None, sorted(about)))
        factors = _product(condition, True)
        values: list[int] = []
        if factors is not None:
            values = [sum(factors[bit] << place for place, bit in enumerate(bits))]
        elif len(bits) <= _MAX_TABLE_BITS:
            values = _values(condition, bits)
        elif register is not None and (factors := _product(condition, False)) is not None:
            return "!=", register, sum(factors[bit] << place for place, bit in enumerate(bits))
        if register is not None and values:
            if comparison := _comparison(register, values, 1 << len(bits)):
                return comparison
        elif len(values) == 1:
            literals = [_literal(bit, values[0] >> place & 1) for place, bit in enumerate(bits)]
            return reduce(lambda one, other: ("&&", one, other), literals)
        return _plain(condition, True)


def written(reading: Reading, bit: Callable[[int], str], register: Sequence[str]) -> str:
    """A condition as text: `bit` names a bit, `register` has the names of registers."""
    match reading:
        case bool():
            return str(reading).lower()
        case int():
            return bit(reading)
        case ("==" | "!=" | "<=" | ">=" as compared, number, value):
            return f"{register[number]} {compared} {value}"
        case ("!", inner):
            return f"!{written(inner, bit, register)}"
    parts = [
        f"({text})" if _is_looser(part, reading[0]) else text
        for part in reading[1:]
        for text in [written(part, bit, register)]
    ]
    return f" {reading[0]} ".join(parts)


def _is_looser(part: Reading, joined: str) -> bool:
    return isinstance(part, tuple) and part[0] in ("&&", "||", "^") and part[0] != joined


def _literal(bit: int, value: int) -> Reading:
    return bit if value else ("!", bit)


def _plain(condition: Condition, holds: bool) -> Reading:
    """The condition as it is, or its negation; negations are moved inside."""
    if isinstance(condition, bool):
        return condition == holds
    if isinstance(condition, int):
        return _literal(condition, holds)
    operator, first, *others = condition
    if operator == "!":
        return _plain(first, not holds)
    if operator == "^":
        return "^", _plain(first, holds), _plain(others[0], True)
    join = "&&" if (operator == "&") == holds else "||"
    return join, _plain(first, holds), _plain(others[0], holds)


def _product(condition: Condition, holds: bool) -> Mapping[int, bool] | None:
    """The bits of a condition that holds (or does not hold) for exactly one value of each bit."""
    match condition:
        case bool():
            return None
        case int():
            return {condition: holds}
        case ("!", inner):
            return _product(inner, not holds)
        case ("&" | "|" as operator, left, right) if (operator == "&") == holds:
            one, other = _product(left, holds), _product(right, holds)
            if one is not None and other is not None and {**one, **other} == {**other, **one}:
                return {**one, **other}
    return None


def _values(condition: Condition, bits: Sequence[int]) -> list[int]:
    """The numbers whose bits fulfil a condition."""
    numbers = range(1 << len(bits))
    columns = {
        bit: sum(1 << number for number in numbers if number >> place & 1)
        for place, bit in enumerate(bits)
    }
    table = _table(condition, columns, (1 << len(numbers)) - 1)
    return [number for number in numbers if table >> number & 1]


def _table(condition: Condition, columns: dict[int, int], every: int) -> int:
    """A truth table, one bit for each number."""
    if isinstance(condition, bool):
        return every if condition else 0
    if isinstance(condition, int):
        return columns[condition]
    first, *others = (_table(part, columns, every) for part in condition[1:])
    match condition[0]:
        case "!":
            return every ^ first
        case "&":
            return first & others[0]
        case "|":
            return first | others[0]
    return first ^ others[0]


def _comparison(register: int, values: list[int], end: int) -> Reading | None:
    """The condition that a register has one of these values, if there is a simple comparison for
    it; `end` is the first value that it cannot have."""
    if len(values) == end - 1 and len(values) > 1:
        return "!=", register, next(n for n in range(end) if n not in values)
    if 1 <= len(values) <= _MAX_CASES:
        cases: list[Reading] = [("==", register, value) for value in values]
        return reduce(lambda one, other: ("||", one, other), cases)
    if 1 < len(values) < end and values[-1] - values[0] == len(values) - 1:
        if values[0] == 0:
            return "<=", register, values[-1]
        if values[-1] == end - 1:
            return ">=", register, values[0]
    return None

"""Values that depend on measurements, case by case: one value for each combination of a few
bits."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from quantum_tasks.circuits.circuit import Condition, Kept, all_of, choose, either, negated
from quantum_tasks.errors import QasmSemantic, QasmUnsupported
from quantum_tasks.language.values import Choice, Value, as_integer, to_bits
from quantum_tasks.parsing.mistakes import Mistake, Node, ProgramError

MAX_DECIDING_BITS = 10  # 2^10 cases
FEW = 4


class TooManyCases(Mistake):
    """A value depends on more measured bits than can be told apart."""


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


def _decided(condition: Condition, bits: dict[int, bool]) -> bool:
    if isinstance(condition, bool):
        return condition
    if isinstance(condition, int):
        if condition not in bits:
            assert isinstance(condition, Kept)
            bits[condition] = _decided(condition.origin, bits)
        return bits[condition]
    match condition[0]:
        case "!":
            return not _decided(condition[1], bits)
        case "&":
            return _decided(condition[1], bits) and _decided(condition[2], bits)
        case "|":
            return _decided(condition[1], bits) or _decided(condition[2], bits)
    return _decided(condition[1], bits) != _decided(condition[2], bits)


def settled(value: Value, bits: dict[int, bool]) -> Value:
    """The known value that a value has for given values of the bits."""
    if value.type.dimensions:
        return Value(value.type, [settled(element, bits) for element in value.data])
    if value.type.kind in ("bool", "bit"):
        return Value(value.type, _decided(value.data, bits))
    if isinstance(value.data, Choice):
        # Bits that depend on each other are told apart as if they did not: where no condition
        # holds, the combination never occurs.
        numbers = [number for part, number in value.data.cases if _decided(part, bits)]
        return Value(value.type, numbers[0] if numbers else value.data.cases[-1][1])
    if isinstance(value.data, tuple):
        decided = tuple(_decided(bit, bits) for bit in value.data)
        known = Value(value.type, decided)
        return known if value.type.kind == "bits" else Value(value.type, as_integer(known))
    return value


def cases(value: Value) -> list[tuple[Condition, Value]]:
    """Every known value that it can be, each with its condition."""
    bits = deciding_bits([value])
    check_few(bits)
    found: dict[Any, tuple[Condition, Value]] = {}
    for number in range(1 << len(bits)):
        spelled = dict(zip(bits, to_bits(number, len(bits)), strict=True))
        condition = all_of([bit if one else negated(bit) for bit, one in spelled.items()])
        known = settled(value, spelled)
        key = repr(known.data)
        if key in found:
            condition = either(found[key][0], condition)
        found[key] = (condition, known)
    return list(found.values())


def can_hold(condition: Condition) -> bool:
    """Whether a condition holds for any values of its bits; True if there are too many to try."""
    found: set[int] = set()
    bases(condition, found)
    bits = sorted(found)
    return len(bits) > MAX_DECIDING_BITS or any(
        _decided(condition, dict(zip(bits, to_bits(number, len(bits)), strict=True)))
        for number in range(1 << len(bits))
    )


def simplified(condition: Condition) -> Condition:
    """A condition over few bits in its shortest form: at most one part for each combination."""
    found: set[int] = set()
    bases(condition, found)
    if len(found) > FEW:
        return condition
    bits = sorted(found)

    def decide(place: int, spelled: dict[int, bool]) -> Condition:
        if place == len(bits):
            return _decided(condition, spelled)
        one = decide(place + 1, {**spelled, bits[place]: True})
        zero = decide(place + 1, {**spelled, bits[place]: False})
        return choose(bits[place], one, zero)

    return decide(0, {})


def check_few(bits: list[int]) -> None:
    """Raises TooManyCases."""
    if len(bits) > MAX_DECIDING_BITS:
        raise TooManyCases(
            f"a value that depends on {len(bits)} measured bits in this way is not supported; "
            f"{MAX_DECIDING_BITS} bits are the most"
        )


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
        return ProgramError(QasmUnsupported, sentence, node)
    return ProgramError(QasmSemantic, sentence, node, about_a_value=True)

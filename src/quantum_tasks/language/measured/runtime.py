"""Values that measurements decide, as conditions over bits.

At run time a simulator has only logic on single bits. So an int is a word of conditions in two's
complement, added by a carry chain. A value without such a form (a quotient, the sine of an angle)
is worked out for every combination of the bits that it depends on, if there are only a few.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from quantum_tasks.circuits.circuit import (
    Condition,
    any_of,
    both,
    choose,
    differ,
    either,
    negated,
)
from quantum_tasks.language import arithmetic
from quantum_tasks.language.measured.cases import (
    FEW,
    TooManyCases,
    check_few,
    deciding_bits,
    most,
    told_apart,
)
from quantum_tasks.language.values import (
    BOOL,
    FLOAT,
    INTEGERS,
    MACHINE_BITS,
    Choice,
    Type,
    Value,
    as_integer,
    bit_size,
    cast,
    to_bits,
)
from quantum_tasks.parsing.mistakes import Mistake

_WORDS = ("int", "uint", "bits", "bool", "bit")
Keep = Callable[[Condition], Condition]  # stores a condition, so that it is cheap to use again


def lifted(operate: Callable[..., Value], *operands: Value) -> Value:
    """Applies a function of known values to values that may not be known."""
    if all(operand.known for operand in operands if not operand.type.dimensions):
        return operate(*operands)
    bits = deciding_bits(operands)
    check_few(bits)
    mistakes: list[Mistake] = []
    results: list[tuple[int, Value]] = []
    for table, known in told_apart(operands, bits):
        try:
            results.append((table, operate(*known)))
        except Mistake as mistake:  # a condition around it may exclude this case
            mistakes.append(mistake)
    if not results:
        raise mistakes[0]
    limit = most().values
    if len(results) > limit and len({repr(value.data) for _, value in results}) > limit:
        raise TooManyCases
    return _decision(results, bits)


def _decision(results: list[tuple[int, Value]], bits: list[int]) -> Value:
    """The one of some values in whose truth table the bits are."""
    if len(results) == 1 or not bits:
        return results[0][1]
    *others, bit = bits
    half = 1 << len(others)
    below = (1 << half) - 1
    zero = [(table & below, value) for table, value in results if table & below]
    one = [(table >> half, value) for table, value in results if table >> half]
    if not zero or not one:
        return _decision(zero or one, others)
    return merged(bit, _decision(one, others), _decision(zero, others))


def merged(condition: Condition, a: Value, b: Value) -> Value:
    """a if the condition holds, else b."""
    if isinstance(condition, bool):
        return a if condition else b
    if a.type != b.type:
        kinds = (a.type.kind, b.type.kind)
        if all(kind in INTEGERS for kind in kinds):
            type = arithmetic.integer_type(a.type, b.type)
        elif "float" in kinds and all(kind in (*INTEGERS, "float") for kind in kinds):
            type = FLOAT
        else:
            raise Mistake(f"the value is either of type {a.type} or of type {b.type}")
        a, b = converted(a, type), converted(b, type)
    type = a.type
    if type.dimensions:
        pairs = zip(a.data, b.data, strict=True)
        return Value(type, [merged(condition, one, other) for one, other in pairs])
    if type.kind in ("bool", "bit"):
        return Value(type, choose(condition, a.data, b.data))
    if a.known and b.known and a.data == b.data:
        return Value(type, a.data)
    if type.kind in ("int", "uint", "bits") or (type.kind == "angle" and type.size is not None):
        if type.kind == "int" and type.size is None:
            arithmetic.check_fits(a, MACHINE_BITS)
            arithmetic.check_fits(b, MACHINE_BITS)
        pairs = zip(word(a), word(b), strict=True)
        sized = Type(type.kind, bit_size(type))
        return Value(sized, tuple(choose(condition, one, other) for one, other in pairs))
    found: dict[str, tuple[Condition, Any]] = {}
    for decider, value in ((condition, a), (negated(condition), b)):
        parts = value.data.cases if isinstance(value.data, Choice) else ((True, value.data),)
        for part, number in parts:
            previous = found.get(repr(number), (False, number))[0]
            found[repr(number)] = (either(previous, both(decider, part)), number)
    if len(found) > most().values:
        raise TooManyCases
    return Value(type, Choice(tuple(found.values())))


def word(value: Value, size: int | None = None) -> tuple[Condition, ...]:
    """An integer as conditions, least significant bit first, extended or cut to a size."""
    size = bit_size(value.type) if size is None else size
    if value.type.kind in ("bool", "bit"):
        bits: tuple[Condition, ...] = (value.data,)
    elif isinstance(value.data, tuple):
        bits = value.data
    else:
        return to_bits(value.data, size)
    sign = bits[-1] if value.type.kind == "int" and bits else False
    return (*bits, *(sign for _ in range(size - len(bits))))[:size]


def converted(value: Value, type: Type, explicit: bool = False) -> Value:
    """cast() for values that may not be known."""
    if value.type == type or type.dimensions or value.type.dimensions or value.known:
        return cast(value, type, explicit)
    source = value.type
    if source.kind in ("bool", "bit") and type.kind in ("bool", "bit"):
        return Value(type, value.data)
    if source.kind in _WORDS and type.kind == "bool":
        return Value(type, any_of(word(value)))
    plain = source.kind in ("int", "uint", "bool", "bit") and type.kind in ("int", "uint")
    same = source.size == type.size and type.size is not None
    direct = {source.kind, type.kind} & {"bits", "angle"} and same and source.kind in _BITWISE_CAST
    if source.kind == "bits" and type.kind in ("int", "uint"):
        cast(Value(source, (False,) * (source.size or 0)), type, explicit)  # is it allowed?
        direct = True
    if direct and not explicit and type.kind == "bits" and source.kind == "angle":
        direct = False
    if plain or direct:
        sized = Type(type.kind, bit_size(type))
        return Value(sized, word(value, bit_size(sized)))
    return lifted(lambda known: cast(known, type, explicit), value)


_BITWISE_CAST = ("int", "uint", "bits", "angle")


def binary(op: str, a: Value, b: Value, keep: Keep) -> Value:
    """`a op b`. Raises Mistake."""
    if a.known and b.known:
        return arithmetic.binary(op, a, b)
    if op in ("&&", "||"):
        left, right = (converted(value, BOOL).data for value in (a, b))
        return Value(BOOL, both(left, right) if op == "&&" else either(left, right))
    kinds = (a.type.kind, b.type.kind)
    if a.type.dimensions or b.type.dimensions or not all(kind in _WORDS for kind in kinds):
        return lifted(lambda left, right: arithmetic.binary(op, left, right), a, b)
    if op in _LOGIC and kinds[0] == kinds[1] and kinds[0] in ("bits", "bit", "bool"):
        if a.type.size != b.type.size:
            raise Mistake(f"the two sides of '{op}' differ in size")
        if kinds[0] != "bits":
            return Value(a.type, _LOGIC[op](a.data, b.data))
        return Value(a.type, tuple(map(_LOGIC[op], a.data, b.data)))
    if op in ("==", "!=", "<", "<=", ">", ">="):
        return Value(BOOL, _compared(op, a, b, keep))
    if (
        len(deciding_bits([a, b])) <= FEW
        or op in ("/", "%", "**")
        or (not b.known and op in _SHIFTS)
    ):
        return lifted(lambda left, right: arithmetic.binary(op, left, right), a, b)
    if op in _SHIFTS:
        return _shifted(op, a, as_integer(b))
    type = arithmetic.met(a, b)
    size = bit_size(type)
    type = Type(type.kind, size)
    left, right = (tuple(map(keep, word(value, size))) for value in (a, b))
    match op:
        case "+":
            return Value(type, _sum(left, right, False, keep))
        case "-":
            return Value(type, _sum(left, tuple(map(negated, right)), True, keep))
        case "*":
            return Value(type, _product(left, right, keep))
    return Value(type, tuple(map(_LOGIC[op], left, right)))


_LOGIC: dict[str, Callable[[Condition, Condition], Condition]] = {
    "&": both,
    "|": either,
    "^": differ,
}
_SHIFTS = ("<<", ">>")


def _sum(
    a: tuple[Condition, ...], b: tuple[Condition, ...], carry: Condition, keep: Keep
) -> tuple[Condition, ...]:
    bits = []
    for x, y in zip(a, b, strict=True):
        half = keep(differ(x, y))
        bits.append(differ(half, carry))
        carry = keep(either(both(x, y), both(half, carry)))
    return tuple(bits)


def _product(
    a: tuple[Condition, ...], b: tuple[Condition, ...], keep: Keep
) -> tuple[Condition, ...]:
    size = len(a)
    if sum(not isinstance(bit, bool) for bit in a) < sum(not isinstance(bit, bool) for bit in b):
        a, b = b, a
    total: tuple[Condition, ...] = (False,) * size
    for place, bit in enumerate(b):
        if bit is False:
            continue
        shifted = ((False,) * place + a)[:size]
        total = _sum(total, tuple(keep(both(bit, x)) for x in shifted), False, keep)
        total = tuple(map(keep, total))
    return total


def _shifted(op: str, a: Value, places: int) -> Value:
    if places < 0:
        raise Mistake("a shift by a negative number of places is not possible")
    size = bit_size(a.type)
    bits = word(a)
    fill = bits[-1] if a.type.kind == "int" and op == ">>" else False
    filled = (fill,) * min(places, size)
    bits = (filled + bits)[:size] if op == "<<" else (bits + filled)[-size:]
    kind = a.type.kind if a.type.kind in ("int", "uint", "bits") else "int"
    return Value(Type(kind, size), bits)


def _compared(op: str, a: Value, b: Value, keep: Keep) -> Condition:
    """Compares as numbers; both sides are widened, so that nothing wraps."""
    if a.type.kind != b.type.kind and not (a.type.size is b.type.size is None):
        type = arithmetic.met(a, b)
        sized = Type(type.kind, bit_size(type))
        a, b = converted(a, sized), converted(b, sized)
    size = 1 + max(
        bit_size(v.type) if isinstance(v.data, tuple | bool) else v.data.bit_length() + 1
        for v in (a, b)
    )
    left, right = word(a, size), word(b, size)
    if op in ("==", "!="):
        unlike = any_of([differ(x, y) for x, y in zip(left, right, strict=True)])
        return unlike if op == "!=" else negated(unlike)
    if op in (">", "<="):
        left, right = right, left
    # The most significant bit is the sign: a number with it is less than one without.
    less: Condition = False
    *places, sign = zip(left, right, strict=True)
    for x, y in [*places, tuple(reversed(sign))]:
        less = keep(choose(keep(differ(x, y)), y, less))
    return less if op in ("<", ">") else negated(less)


def unary(op: str, a: Value, keep: Keep) -> Value:
    """`op a`. Raises Mistake."""
    if a.known:
        return arithmetic.unary(op, a)
    if op == "!":
        return Value(BOOL, negated(converted(a, BOOL).data))
    if op == "~" and a.type.kind in ("bool", "bit"):
        return Value(a.type, negated(a.data))
    if op == "~" and isinstance(a.data, tuple):
        return Value(a.type, tuple(map(negated, a.data)))
    if op == "-" and a.type.kind in ("int", "uint") and len(deciding_bits([a])) > FEW:
        zero = (False,) * len(a.data)
        bits = tuple(map(negated, map(keep, a.data)))
        return Value(a.type, _sum(zero, bits, True, keep))
    return lifted(lambda known: arithmetic.unary(op, known), a)


def function(name: str, arguments: list[Value], keep: Keep) -> Value:
    """A built-in function. Raises Mistake."""
    if name == "popcount" and len(arguments) == 1 and isinstance(arguments[0].data, tuple):
        total = Value(Type("uint", 32), (False,) * 32)
        if len(deciding_bits(arguments)) > FEW:
            for bit in arguments[0].data:
                total = binary("+", total, Value(BOOL, bit), keep)
            return total
    if name in ("rotl", "rotr") and len(arguments) == 2 and arguments[1].known:
        size = arguments[0].type.size
        if size and isinstance(arguments[0].data, tuple):
            turn = as_integer(arguments[1]) * (-1 if name == "rotl" else 1) % size
            bits = arguments[0].data
            return Value(arguments[0].type, bits[turn:] + bits[:turn])
    return lifted(lambda *known: arithmetic.function(name, list(known)), *arguments)

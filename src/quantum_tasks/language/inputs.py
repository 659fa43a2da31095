"""The values of input declarations: from JSON to values of the language."""

from __future__ import annotations

import ast as expressions
import difflib
import math
import operator
import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any

import msgspec
from openqasm3 import ast

from quantum_tasks.errors import UnboundParameter
from quantum_tasks.language.values import Type, Value, an, to_angle, to_bits, to_float
from quantum_tasks.parsing.mistakes import Mistake, ProgramError, invalid
from quantum_tasks.tasks import Parameters

_SECONDS = {"dt": 1e-9, "ns": 1e-9, "us": 1e-6, "\u00b5s": 1e-6, "ms": 1e-3, "s": 1.0}
_DURATION = re.compile(
    r"([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?) ?(dt|[num\u00b5]?s)"
)
_BITS = re.compile(r"[01](?:_?[01])*")
_LISTED = 10  # names in a message
_LONG = 40  # letters of a name, or bits of a number
_EXPRESSION = re.compile(r"[0-9eE.+*/() piatu\u03c0\u03c4-]{1,100}")  # as in "-3*pi/4"
_CONSTANTS = {"pi": math.pi, "\u03c0": math.pi, "tau": math.tau, "\u03c4": math.tau}
_SIGNS: dict[type, Callable[[float], float]] = {
    expressions.USub: operator.neg,
    expressions.UAdd: operator.pos,
}
_OPERATORS: dict[type, Callable[[float, float], float]] = {
    expressions.Add: operator.add,
    expressions.Sub: operator.sub,
    expressions.Mult: operator.mul,
    expressions.Div: operator.truediv,
    expressions.Pow: operator.pow,
}


class Input(msgspec.Struct, frozen=True):
    """An input that a program declares, and where."""

    name: str
    type: Type
    node: Any


class Given(msgspec.Struct, frozen=True):
    """The values that a request gives to inputs; `pointer` says where in the request."""

    parameters: Parameters = {}
    pointer: str = "/parameters"

    def check_names(self, declared: Iterable[str]) -> None:
        """Raises ProgramError for a parameter that is no input of the program."""
        names = list(declared)
        known = set(names)
        for name in self.parameters:
            if name not in known:
                raise self._unknown(name, names)

    def _unknown(self, name: str, names: list[str]) -> ProgramError:
        listed = ", ".join(f"'{name}'" for name in names[:_LISTED])
        more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
        has = f"its inputs are {listed}{more}" if names else "it declares no input"
        close = difflib.get_close_matches(name, names, n=1) if len(name) <= _LONG else []
        hint = f"did you mean '{close[0]}'?" if close else None
        message = f"The program does not declare an input '{name}'; {has}."
        return invalid(message, self._pointer(name), hint)

    def value(self, wanted: Input) -> Value:
        """The value of an input. Raises ProgramError if it has none that will do."""
        name, type = wanted.name, wanted.type
        if name not in self.parameters:
            item = self.pointer.removeprefix("/parameters/")
            which = f" in item {item} of the sweep" if item != self.pointer else ""
            raise ProgramError(
                UnboundParameter,
                f"The input '{name}' of type {type} has no value{which}.",
                wanted.node,
                f'give it one under "parameters": {{"{name}": ...}}',
                pointer=self.pointer if which else "/qc",
            )
        try:
            return converted(self.parameters[name], type)
        except Mistake as mistake:
            message = f"The input '{name}' is {an(type)}: {mistake}."
            raise invalid(message, self._pointer(name)) from None

    def _pointer(self, name: str) -> str:
        return f"{self.pointer}/{name.replace('~', '~0').replace('/', '~1')}"


def input_names(tree: ast.Program) -> list[str]:
    """The names of the inputs that a program declares."""
    return [
        node.identifier.name
        for node in tree.statements
        if isinstance(node, ast.IODeclaration) and node.io_identifier is ast.IOKeyword.input
    ]


def converted(given: Any, type: Type) -> Value:
    """A JSON value as one of the language. Raises Mistake, saying what was expected."""
    if type.dimensions:
        return Value(type, list(_elements(given, type.dimensions, type.element)))
    match type.kind:
        case "bool" | "bit":
            data: Any = _bit(given, type)
        case "bits":
            assert type.size is not None
            data = to_bits(_register(given, type.size), type.size)
        case "int" | "uint":
            data = _integer(given, type)
        case "angle":
            data = to_angle(_number(given, "a number, in radians"), type)
        case "complex":
            data = _complex(given)
        case "duration":
            data = _duration(given)
        case _:
            data = _number(given, "a number")
    return Value(type, data)


def _elements(given: Any, dimensions: tuple[int, ...], element: Type) -> Iterator[Value]:
    size, *rest = dimensions
    if not isinstance(given, list) or len(given) != size:
        raise _expected(f"a list of {size}", given)
    for one in given:
        if rest:
            yield from _elements(one, tuple(rest), element)
        else:
            yield converted(one, element)


def _bit(given: Any, type: Type) -> bool:
    if type.kind == "bit" and given in ("0", "1"):
        return bool(given == "1")
    if not isinstance(given, int | float) or given not in (0, 1):
        raise _expected("true or false" if type.kind == "bool" else "0 or 1", given)
    return bool(given)


def _register(given: Any, size: int) -> int:
    if isinstance(given, str) and _BITS.fullmatch(given):
        digits = given.replace("_", "")
        if len(digits) == size:
            return int(digits, 2)
    number = _whole(given)
    if number is None or number < 0 or number >> size:
        raise _expected(f"a text of {size} bits, or an integer below 2^{size}", given)
    return number


def _integer(given: Any, type: Type) -> int:
    assert type.size is not None
    number = _whole(given)
    bits = type.size - (type.kind == "int")
    least = -1 << bits if type.kind == "int" else 0
    if number is None or not least <= number < 1 << bits:
        start = f"-2^{bits}" if least else "0"
        raise _expected(f"an integer from {start} to 2^{bits} - 1", given)
    return number


def _whole(given: Any) -> int | None:
    """An integer, which may be written as a float; None if it is none."""
    if isinstance(given, bool) or not isinstance(given, int | float) or given != given // 1:
        return None
    return int(given)


def _number(given: Any, wanted: str) -> float:
    if isinstance(given, str) and _EXPRESSION.fullmatch(given):
        given = _worked_out(given)
    if isinstance(given, list):
        raise Mistake(
            f"expected {wanted}, not {_described(given)} (a sweep is a list of sets of values: "
            '[{"name": 0}, {"name": 0.1}])'
        )
    if isinstance(given, str):
        wanted += ' or an expression like "pi/2"'
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise _expected(wanted, given)
    number = to_float(given)
    if not math.isfinite(number):
        raise _expected("a finite number", given)
    return number


@lru_cache(1000)
def _worked_out(text: str) -> float | str:
    """The value of an expression of numbers and pi, as people write angles: "pi/2"; the text as it
    is where it is anything else. Only short texts are asked about: what is kept must be small."""
    try:
        value = _value(expressions.parse(text.strip(), mode="eval").body)
    except (SyntaxError, ValueError, ArithmeticError, RecursionError, MemoryError):
        return text
    return value if isinstance(value, float) else text


def _value(node: expressions.expr) -> float:
    """The value of an expression; raises ValueError if it is more than arithmetic of numbers. All
    are floats, so that no power takes long."""
    match node:
        case expressions.Constant(value=bool() | complex()):
            raise ValueError
        case expressions.Constant(value=int() | float() as value):
            return float(value)
        case expressions.Name(id=name) if name in _CONSTANTS:
            return _CONSTANTS[name]
        case expressions.UnaryOp(op=op, operand=inner) if type(op) in _SIGNS:
            return _SIGNS[type(op)](_value(inner))
        case expressions.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            value = _OPERATORS[type(op)](_value(left), _value(right))
            return value if isinstance(value, float) else math.nan
    raise ValueError


def _complex(given: Any) -> complex:
    wanted = "two numbers, [re, im]"
    if not isinstance(given, list):
        return complex(_number(given, wanted))
    if len(given) != 2:
        raise _expected(wanted, given)
    return complex(*(_number(part, wanted) for part in given))


def _duration(given: Any) -> float:
    found = _DURATION.fullmatch(given) if isinstance(given, str) else None
    seconds = float(found[1]) * _SECONDS[found[2]] if found else math.inf
    if not math.isfinite(seconds):
        raise _expected('a text like "100ns", in dt, ns, us, ms or s', given)
    return seconds


def _expected(wanted: str, given: Any) -> Mistake:
    return Mistake(f"expected {wanted}, not {_described(given)}")


def _described(given: Any) -> str:
    match given:
        case None:
            return "null"
        case bool():
            return "true" if given else "false"
        case list():
            return f"a list of {len(given)}"
        case str() if len(given) <= _LONG:
            return f'the text "{given}"'
        case str():
            return f"a text of {len(given)} letters"
        case int() if given.bit_length() > 4 * _LONG:
            return f"an integer of {given.bit_length()} bits"
        case int() | float():
            return str(given)
    return "an object"

"""Which fields an object in a request may have, and which texts a field: for what is said of
others."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from msgspec import inspect

_STEP = re.compile(r"\.(\w+)|\[[^\]]*\]")
_FEW = 8  # are listed, if none is close
_CLOSE = 0.7  # difflib's ratio
# What other services call these fields.
_ELSEWHERE = {
    "qc": ("program", "qasm", "qasm3", "openqasm", "openqasm3", "code", "source", "circuit"),
    "shots": ("repetitions", "repeats"),
    "method": ("backend", "simulator"),
    "parameters": ("inputs", "parameter_values"),
    "callback_url": ("webhook", "webhook_url"),
    "tags": ("labels", "metadata"),
}


def hint(type: Any, path: str, name: str = "") -> str | None:
    """What may have been meant by the field `name` of the object at a path, as the decoder writes
    it ("", ".noise", ".observables[...]"), or which fields it has; None if there is nothing to
    say."""
    known = list(dict.fromkeys(_fields(_at(type, path))))
    close = difflib.get_close_matches(name.lower(), known, n=1, cutoff=_CLOSE)
    close += [ours for ours, others in _ELSEWHERE.items() if name.lower() in others]
    if close and close[0] in known:
        return f"did you mean '{close[0]}'?"
    if 0 < len(known) <= _FEW:
        return f"the fields are {', '.join(known)}"
    return None


def choices(type: Any, path: str) -> list[str]:
    """The texts that the value at a path may be, if it is one of a few."""
    found: list[str] = []
    for one in _plain(_at(type, path)):
        if isinstance(one, inspect.EnumType):
            found += [str(member.value) for member in one.cls]
        elif isinstance(one, inspect.LiteralType):
            found += [str(value) for value in one.values]
    return found


@lru_cache(64)
def _known(type: Any) -> inspect.Type:
    return inspect.type_info(type)


def _at(type: Any, path: str) -> Iterable[inspect.Type]:
    found: Iterable[inspect.Type] = [_known(type)]
    for step in _STEP.finditer(path):
        found = [inner for one in _plain(found) for inner in _inside(one, step[1])]
    return found


def _plain(types: Iterable[inspect.Type]) -> Iterator[inspect.Type]:
    """Those types, and the members of unions among them."""
    for one in types:
        if isinstance(one, inspect.UnionType):
            yield from _plain(one.types)
        elif isinstance(one, inspect.Metadata):
            yield from _plain([one.type])
        else:
            yield one


def _inside(one: inspect.Type, name: str | None) -> Iterator[inspect.Type]:
    """What is at a field, or, without a name, in a list or at a key."""
    match one:
        case inspect.StructType() if name is not None:
            yield from (field.type for field in one.fields if field.encode_name == name)
        case inspect.ListType() if name is None:
            yield one.item_type
        case inspect.DictType() if name is None:
            yield one.value_type


def _fields(types: Iterable[inspect.Type]) -> Iterator[str]:
    for one in _plain(types):
        if isinstance(one, inspect.StructType):
            yield from (field.encode_name for field in one.fields)

"""Sweeps that are written with a list of values for an input: `{"theta": [0, 0.1, 0.2]}`.

They become what they stand for, a list of sets of values: `[{"theta": 0}, {"theta": 0.1}, ...]`.
"""

from __future__ import annotations

import re
from itertools import islice

import msgspec

from quantum_tasks.errors import Diagnostic, InvalidRequest
from quantum_tasks.tasks import MOST_ITEMS, Parameters, TaskRequest, Value

_MOST_LISTS = 64  # more are no sweep of anybody's
_MOST_PLACES = 64  # in the program that are looked at, and characters before each
_BEFORE = 300
_LONGEST_NAME = 200  # to look for a longer one, which would be a pattern, takes long by itself


def as_sweep(body: TaskRequest, most_bytes: int) -> TaskRequest:
    """The request with its sweep as a list of sets of values, `most_bytes` of JSON at most. Lists
    for several inputs go side by side. Raises InvalidRequest."""
    given = body.parameters
    if not isinstance(given, dict):
        return body
    lists = {name: values for name, values in given.items() if isinstance(values, list)}
    if len(lists) > _MOST_LISTS or any(len(name) > _LONGEST_NAME for name in lists):
        return body
    lists = {name: values for name, values in lists.items() if not _is_array(name, body.qc)}
    if not lists:
        return body
    length = len(next(iter(lists.values())))
    for name, values in lists.items():
        if not 1 <= len(values) <= MOST_ITEMS:
            raise _wrong(
                name, f"a sweep has 1 to {MOST_ITEMS} values but '{name}' has {len(values)}"
            )
        if not all(isinstance(value, bool | int | float | str | list) for value in values):
            raise _wrong(name, f"a value of '{name}' is no number, text, truth value or list")
        if len(values) != length:
            raise _wrong(
                name,
                f"'{name}' has {len(values)} values, '{next(iter(lists))}' has {length}",
                "lists go side by side and have the same length; for all pairs, write them out: "
                '[{"a": 0, "b": 0}, {"a": 0, "b": 1}, ...]',
            )
    same = {name: value for name, value in given.items() if name not in lists}
    if len(msgspec.json.encode(same)) * length > most_bytes:
        raise _wrong(
            next(iter(same)), f"all runs of the sweep together have over {most_bytes} bytes of it"
        )
    items: list[Parameters] = [{**same, **_at(lists, place)} for place in range(length)]
    return msgspec.structs.replace(body, parameters=items)


def _is_array(name: str, qc: str) -> bool:
    """Whether a program has `input array[...] name;`: the only kind of input whose value is a list
    by itself. This looks at the text alone, in little time whatever that is."""
    declared = re.finditer(rf"\]\s*{re.escape(name)}\s*;", qc)
    for place in islice(declared, _MOST_PLACES):
        statement = qc[max(0, place.start() - _BEFORE) : place.start()].rpartition(";")[2]
        if re.search(r"\binput\b", statement) and re.search(r"\barray\b", statement):
            return True
    return False


def _at(lists: dict[str, list[Value]], place: int) -> Parameters:
    return {name: values[place] for name, values in lists.items()}


def _wrong(name: str, reason: str, hint: str | None = None) -> InvalidRequest:
    pointer = f"/parameters/{name.replace('~', '~0').replace('/', '~1')}"[:200]
    return InvalidRequest(
        f"The field 'parameters': {reason[:300]}.",
        errors=[Diagnostic(pointer=pointer, hint=hint)],
    )

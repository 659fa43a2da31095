"""Sweeps that are written with a list of values for an input: `{"theta": [0, 0.1, 0.2]}`.

They become what they stand for, a list of sets of values: `[{"theta": 0}, {"theta": 0.1}, ...]`.
"""

from __future__ import annotations

import re
from itertools import islice

import msgspec

from quantum_tasks.errors import Diagnostic, InvalidRequest
from quantum_tasks.tasks import MOST_ITEMS, Parameters, TaskRequest, Value

_MOST_INPUTS = 2000  # of a program that are looked at, and characters of each
_LONGEST = 500


def as_sweep(body: TaskRequest, most_bytes: int) -> TaskRequest:
    """The request with its sweep as a list of sets of values, `most_bytes` of JSON at most. Lists
    for several inputs go side by side. Raises InvalidRequest."""
    given = body.parameters
    if not isinstance(given, dict):
        return body
    lists = {name: values for name, values in given.items() if isinstance(values, list)}
    if lists:
        arrays = _arrays(body.qc)
        lists = {name: values for name, values in lists.items() if name not in arrays}
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


def _arrays(qc: str) -> set[str]:
    """The names of a program's inputs `input array[...] name;`: the only kind of input whose value
    is a list by itself. This looks at the text alone, once, in little time whatever that is."""
    found = set()
    for place in islice(re.finditer(r"input\b", qc), _MOST_INPUTS):
        statement, end, _ = qc[place.end() : place.end() + _LONGEST].partition(";")
        kind, bracket, name = statement.rpartition("]")
        if end and bracket and re.search(r"\barray\b", kind):
            found.add(name.strip())
    return found


def _at(lists: dict[str, list[Value]], place: int) -> Parameters:
    return {name: values[place] for name, values in lists.items()}


def _wrong(name: str, reason: str, hint: str | None = None) -> InvalidRequest:
    pointer = f"/parameters/{name.replace('~', '~0').replace('/', '~1')}"[:200]
    return InvalidRequest(
        f"The field 'parameters': {reason[:300]}.",
        errors=[Diagnostic(pointer=pointer, hint=hint)],
    )

"""Loaded by the fuzzer of the API: what is made at random is hardly ever a program, or the id of
a task."""

from __future__ import annotations

import itertools
import zlib
from typing import Any

import httpx
import schemathesis
from service import BELL

_TASKS = 8
_LONG = 100  # items: to make lists longer than that takes minutes

_turns = itertools.count()
_ids: list[str] = []


@schemathesis.hook
def before_load_schema(context: Any, raw_schema: dict[str, Any]) -> None:
    """Leaves out how long lists may be, where nobody has the time to find out."""
    _forget_lengths(raw_schema)


def _forget_lengths(schema: Any) -> None:
    if isinstance(schema, dict):
        if schema.get("maxItems", 0) > _LONG:
            del schema["maxItems"]
        for part in schema.values():
            _forget_lengths(part)
    elif isinstance(schema, list):
        for part in schema:
            _forget_lengths(part)


@schemathesis.hook
def map_body(context: Any, body: Any) -> Any:
    """Makes every third program one that can be run, so that there are tasks to be fetched."""
    if isinstance(body, dict):
        if isinstance(body.get("tasks"), list):
            return {**body, "tasks": [map_body(context, task) for task in body["tasks"]]}
        if isinstance(body.get("qc"), str):
            text = body["qc"].encode("utf-8", "replace")
            if zlib.crc32(text) % 3 == 0:
                return {**body, "qc": BELL}
    return body


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Makes two of three tasks ones that are there, some of them with what few tasks have."""
    if "id" in (case.path_parameters or {}) and next(_turns) % 3:
        id = _task(case.operation.base_url)
        case.path_parameters["id"] = id
        if case.method == "DELETE":
            _ids.remove(id)
        if case.path.endswith("/events") and next(_turns) % 2:
            case.headers = {**(case.headers or {}), "Accept": "text/event-stream"}


def _task(url: str) -> str:
    """The id of a task; a new one from time to time."""
    if len(_ids) < _TASKS or not next(_turns) % 10:
        body: dict[str, Any] = {"qc": BELL, "shots": 20}
        if len(_ids) % 2:
            body |= {"memory": True, "observables": [{"pauli": "ZZ"}]}
        _ids.append(httpx.post(f"{url.rstrip('/')}/v1/tasks", json=body).json()["id"])
        del _ids[:-_TASKS]
    return _ids[next(_turns) % len(_ids)]

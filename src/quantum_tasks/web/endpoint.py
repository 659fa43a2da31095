"""What the route table says of a route."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from quantum_tasks.web.examples import Example


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table. `answers` are the structs of its answers by status, `others` are other
    answers by status and media type, `problems` are the codes of its errors. `query` and `headers`
    are its parameters, as OpenAPI describes them. `answer_examples` belong to the first status of
    `answers`."""

    method: str
    path: str
    handler: Any  # async (Request) -> Response; msgspec does not take callables
    tag: str
    body: Sequence[Any] = ()
    body_required: bool = True
    query: Mapping[str, Mapping[str, Any]] = {}
    headers: Mapping[str, Mapping[str, Any]] = {}
    answers: Mapping[int, Sequence[Any]] = {}
    others: Mapping[int, Mapping[str, str]] = {}
    problems: Sequence[str] = ()
    body_examples: Mapping[str, Example] = {}
    answer_examples: Mapping[str, Example] = {}

"""The OpenAPI 3.1 document, made from the route table and its structs."""

from __future__ import annotations

import inspect
from typing import Any

import msgspec

from quantum_tasks import __version__
from quantum_tasks.errors import PROBLEMS
from quantum_tasks.web.responses import ProblemBody
from quantum_tasks.web.routes import API, EVERYWHERE, Endpoint

_REF = "#/components/schemas/{name}"
_PASSING = {"429", "503"}


def document() -> dict[str, Any]:
    """The whole API as an OpenAPI document."""
    structs = [ProblemBody]
    for endpoint in API:
        structs += [endpoint.body] if endpoint.body else []
        structs += [struct for group in endpoint.answers.values() for struct in group]
    schemas, components = msgspec.json.schema_components(structs, ref_template=_REF)
    reference = dict(zip(structs, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in API:
        operation = _operation(endpoint, reference)
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "quantum-tasks",
            "version": __version__,
            "summary": "OpenQASM 3 programs in, measurement counts out.",
            "description": "POST a program, get a task id at once, fetch the counts later.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "tags": [
            {"name": "tasks", "description": "Submit programs and fetch their counts."},
            {"name": "operations", "description": "Is the service up, and is it ready?"},
        ],
        "paths": paths,
        "components": {"schemas": components},
    }


def _operation(endpoint: Endpoint, reference: dict[Any, Any]) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for status, structs in endpoint.answers.items():
        schemas = [reference[struct] for struct in structs]
        responses[str(status)] = {
            "description": " / ".join(_text(struct) for struct in structs),
            "content": {
                "application/json": {
                    "schema": schemas[0] if len(schemas) == 1 else {"oneOf": schemas}
                }
            },
        }
        if status == 202:
            responses["202"]["headers"] = {
                "Location": {
                    "description": "Where the task can be fetched.",
                    "schema": {"type": "string"},
                }
            }
    for problem in (PROBLEMS[code] for code in (*endpoint.problems, *EVERYWHERE)):
        entry = responses.setdefault(
            str(problem.status),
            {
                "description": "",
                "content": {"application/problem+json": {"schema": reference[ProblemBody]}},
            },
        )
        line = f"`{problem.code}`: {_text(problem)}"
        entry["description"] = f"{entry['description']}\n\n{line}".strip()
    for passing in _PASSING & responses.keys():
        responses[passing]["headers"] = {
            "Retry-After": {
                "description": "After how many seconds to try again.",
                "schema": {"type": "integer", "minimum": 1},
            }
        }
    operation: dict[str, Any] = {
        "operationId": endpoint.handler.__name__,
        "summary": _text(endpoint.handler),
        "tags": [endpoint.tag],
        "responses": responses,
    }
    if endpoint.body:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": reference[endpoint.body]}},
        }
    parameters: list[dict[str, Any]] = []
    if "{id}" in endpoint.path:
        parameters.append(
            {
                "name": "id",
                "in": "path",
                "required": True,
                "description": "The task's id, as its submission answered it.",
                "schema": {"type": "string", "pattern": "^[^/]+$"},
            }
        )
    parameters += [
        {"name": name, "in": "query", **query} for name, query in endpoint.query.items()
    ]
    if parameters:
        operation["parameters"] = parameters
    return operation


def _text(thing: Any) -> str:
    return " ".join((inspect.getdoc(thing) or "").split())

"""The OpenAPI 3.1 document, made from the route table and its structs."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import msgspec

from quantum_tasks import __version__
from quantum_tasks.archive.records import Event
from quantum_tasks.errors import PROBLEMS, TASK_ERRORS
from quantum_tasks.web.answers.streams import STREAM, TaskChange
from quantum_tasks.web.examples import Example
from quantum_tasks.web.responses import ProblemBody
from quantum_tasks.web.routes import API, EVERYWHERE, Endpoint

_REF = "#/components/schemas/{name}"
_PASSING = {"429", "503"}
_TAGS = {
    "tasks": "Submit programs, follow what becomes of them, and fetch what they bring.",
    "events": "What becomes of tasks, as it happens.",
    "pictures": "Circuits and counts to look at.",
    "operations": "What this service can do, and how it does.",
    "simple API": "Two routes with short answers, which will never change.",
    "health": "Is the service up, and is it ready?",
}


def document() -> dict[str, Any]:
    """The whole API as an OpenAPI document."""
    structs: list[Any] = [ProblemBody, Event, TaskChange]
    for endpoint in API:
        structs += endpoint.body
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
            "summary": "OpenQASM programs in, measurement counts out.",
            "description": _description(),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "tags": [{"name": name, "description": text} for name, text in _TAGS.items()],
        "paths": paths,
        "components": {"schemas": components},
    }


def _description() -> str:
    """The text about all routes, and the tables of all error codes."""
    problems = "\n".join(
        f"| `{problem.code}` | {problem.status} | {_text(problem)} |"
        for problem in sorted(PROBLEMS.values(), key=lambda p: (p.status, p.code))
    )
    task_errors = "\n".join(f"| `{code}` | {text} |" for code, text in TASK_ERRORS.items())
    return (
        "POST a program, get a task id at once, fetch the counts later.\n\n"
        "Times are RFC 3339 in UTC. Every answer has an `X-Request-ID`, yours or a new one. "
        "Errors are `application/problem+json` with a `code` that never changes its meaning.\n\n"
        "A task that was accepted may still fail. Its `error` then has a code, too.\n\n"
        f"## Of requests\n\n| code | status | meaning |\n|---|---|---|\n{problems}\n\n"
        f"## Of tasks\n\n| code | meaning |\n|---|---|\n{task_errors}\n"
    )


def _operation(endpoint: Endpoint, reference: dict[Any, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": endpoint.handler.__name__,
        "summary": _summary(endpoint),
        "description": _text(endpoint.handler),
        "tags": [endpoint.tag],
        "responses": _responses(endpoint, reference),
    }
    if endpoint.body:
        schema = _either([reference[struct] for struct in endpoint.body])
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schema, **_shown(endpoint.body_examples)}},
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
    for place, given in (("query", endpoint.query), ("header", endpoint.headers)):
        parameters += [{"name": name, "in": place, **what} for name, what in given.items()]
    if parameters:
        operation["parameters"] = parameters
    return operation


def _summary(endpoint: Endpoint) -> str:
    return _text(endpoint.handler).partition(". ")[0].rstrip(".").replace("`", "")


def _responses(endpoint: Endpoint, reference: dict[Any, Any]) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for status, structs in endpoint.answers.items():
        schema = _either([reference[struct] for struct in structs])
        responses[str(status)] = {
            "description": " / ".join(_text(struct) for struct in structs),
            "content": {"application/json": {"schema": schema}},
        }
        if status == min(endpoint.answers):
            responses[str(status)]["content"]["application/json"] |= _shown(
                endpoint.answer_examples
            )
        if status == 202 and endpoint.method == "POST":
            responses["202"]["headers"] = {
                "Location": {
                    "description": "Where the task can be fetched.",
                    "schema": {"type": "string"},
                }
            }
    for status, kinds in endpoint.others.items():
        for kind, text in kinds.items():
            entry = responses.setdefault(str(status), {"description": text})
            if kind:
                content = entry.setdefault("content", {})
                content[kind] = {"schema": _event(text) if kind == STREAM else _of_text(text)}
    under_v1 = ("invalid_request",) if endpoint.path.startswith("/v1/") else ()
    for code in dict.fromkeys((*endpoint.problems, *under_v1, *EVERYWHERE)):
        problem = PROBLEMS[code]
        entry = responses.setdefault(str(problem.status), {"description": "", "content": {}})
        entry["content"]["application/problem+json"] = {"schema": reference[ProblemBody]}
        line = f"`{problem.code}`: {_text(problem)}"
        entry["description"] = f"{entry['description']}\n\n{line}".strip()
    for passing in _PASSING & responses.keys():
        responses[passing]["headers"] = {
            "Retry-After": {
                "description": "After how many seconds to try again.",
                "schema": {"type": "integer", "minimum": 1},
            }
        }
    return responses


def _of_text(description: str) -> dict[str, Any]:
    return {"type": "string", "description": description}


def _event(description: str) -> dict[str, Any]:
    """OpenAPI 3.1 cannot describe a stream: readers take the schema of a stream as that of one
    event."""
    text = {"type": "string"}
    properties = {"id": text, "data": text, "retry": {"type": "integer"}}
    return {"type": "object", "description": description, "properties": properties}


def _shown(examples: Mapping[str, Example]) -> dict[str, Any]:
    """Examples, in the form that OpenAPI has for a media type."""
    return {"examples": msgspec.to_builtins(examples)} if examples else {}


def _either(schemas: list[Any]) -> Any:
    return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}


def _text(thing: Any) -> str:
    return " ".join((inspect.getdoc(thing) or "").split())

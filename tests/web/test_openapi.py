"""The document is valid, complete, and what the service really does."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import openapi_spec_validator
import pytest
from service import BELL, SLOW, Service

from quantum_tasks.archive.records import TaskRecord
from quantum_tasks.errors import PROBLEMS, TASK_ERRORS
from quantum_tasks.web.answers.reading import TaskFields
from quantum_tasks.web.answers.submitting import Validation
from quantum_tasks.web.openapi import document
from quantum_tasks.web.routes import API, EVERYWHERE, Endpoint

DOCUMENT = document()
SCHEMAS = DOCUMENT["components"]["schemas"]
BODY_EXAMPLES = [
    pytest.param(endpoint, example.value, id=f"{endpoint.handler.__name__}-{name}")
    for endpoint in API
    for name, example in endpoint.body_examples.items()
]


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def test_an_independent_validator_accepts_the_document(service: Service):
    served = service.client.get("/openapi.json").json()
    assert served["openapi"].startswith("3.1")
    openapi_spec_validator.validate(served)


def test_every_route_of_the_table_is_in_the_document_and_answers(service: Service):
    listed = {(method, path) for method, path, _ in operations()}
    assert listed == {(endpoint.method, endpoint.path) for endpoint in API}
    for method, path in listed - {("GET", "/v1/tasks/feed")}:
        response = service.client.request(method, path.replace("{id}", "x"))
        assert response.status_code != 405
        assert response.json().get("code") != "not_found"


def test_an_address_says_all_the_methods_that_it_takes(service: Service):
    for path, methods in DOCUMENT["paths"].items():
        response = service.client.put(path.replace("{id}", "x"))
        allowed = {method.strip() for method in response.headers["allow"].split(",")}
        assert allowed - {"HEAD"} == {method.upper() for method in methods}


def test_every_problem_has_a_code_a_status_and_a_sentence_of_its_own():
    assert len({problem.__doc__ for problem in PROBLEMS.values()}) == len(PROBLEMS)
    for code, problem in PROBLEMS.items():
        assert problem.code == code
        assert 400 <= problem.status < 600
        assert problem.__doc__


def test_every_documented_problem_exists_and_every_problem_is_documented():
    everywhere = {*EVERYWHERE, "not_found", "method_not_allowed"}
    documented = {code for endpoint in API for code in endpoint.problems}
    assert documented | everywhere == set(PROBLEMS)
    for endpoint in API:
        assert len(set(endpoint.problems)) == len(endpoint.problems)


def test_the_document_lists_every_code_with_its_meaning():
    for code, problem in PROBLEMS.items():
        sentence = " ".join((problem.__doc__ or "").split())
        row = f"| `{code}` | {problem.status} | {sentence} |"
        assert row in DOCUMENT["info"]["description"].splitlines()
    for code, sentence in TASK_ERRORS.items():
        assert f"| `{code}` | {sentence} |" in DOCUMENT["info"]["description"].splitlines()


def test_what_may_pass_says_when_to_try_again():
    for _, _, operation in operations():
        for status in {"429", "503"} & operation["responses"].keys():
            assert "Retry-After" in operation["responses"][status]["headers"]
    assert "`queue_full`" in DOCUMENT["paths"]["/tasks"]["post"]["responses"]["429"]["description"]


def test_every_field_and_parameter_is_described():
    for name, schema in SCHEMAS.items():
        text = schema.get("description", "")
        assert text, name
        assert "." not in name, f"two structs are called {name}"
        for field, what in schema.get("properties", {}).items():
            if name == "TaskFields":  # as in a TaskRecord, it says
                continue
            kinds = [what, *what.get("anyOf", [])]
            assert re.search(rf"\b{field}\b", text) or any(
                {"description", "$ref", "const", "enum"} & kind.keys() for kind in kinds
            ), f"{name}.{field}"
    for _, path, operation in operations():
        assert operation["summary"]
        for parameter in operation.get("parameters", []):
            assert parameter["description"], (path, parameter["name"])


def test_the_fields_of_a_list_are_those_of_a_task():
    assert TaskFields.__struct_fields__ == TaskRecord.__struct_fields__


@pytest.fixture(scope="module")
def task(service: Service) -> str:
    """The id of a task that has ended."""
    id = service.submit(BELL)
    service.final(id)
    return id


@pytest.mark.parametrize(("endpoint", "value"), BODY_EXAMPLES)
def test_an_example_of_a_body_can_be_sent(service: Service, task: str, endpoint: Endpoint, value):
    path = endpoint.path.replace("{id}", task)
    headers = {"Prefer": "wait=20"}
    response = service.client.request(endpoint.method, path, json=value, headers=headers)
    assert response.status_code in endpoint.answers, response.text
    kinds = endpoint.answers[response.status_code]
    kind = kinds[1 if {"tasks", "filter"} & {*value} else 0]
    answer = msgspec.json.decode(response.content, type=kind)
    if isinstance(answer, TaskRecord) and endpoint.method == "POST":
        assert answer.status == "completed", response.text
    if isinstance(answer, Validation):
        assert answer.accepted, response.text


def test_every_body_has_examples():
    assert all(endpoint.body_examples for endpoint in API if endpoint.body)
    named = {name for endpoint in API for name in endpoint.body_examples}
    assert named >= {"bell", "parameters", "sweep", "observables", "noise", "batch"}


def test_an_example_of_an_answer_is_one_that_could_be_given():
    examples = [(e, example) for e in API for example in e.answer_examples.values()]
    assert len(examples) > 3
    for endpoint, example in examples:
        (kind, *_) = endpoint.answers[min(endpoint.answers)]
        assert msgspec.to_builtins(msgspec.convert(example.value, kind)) == example.value


def test_an_example_of_a_parameter_can_be_sent(service: Service, task: str):
    tried = 0
    for method, path, operation in operations():
        for parameter in operation.get("parameters", []):
            if "example" in parameter:
                place = "params" if parameter["in"] == "query" else "headers"
                sent = {place: {parameter["name"]: str(parameter["example"])}}
                body = {"json": {"qc": BELL}} if method == "POST" else {}
                address = path.replace("{id}", task)
                response = service.client.request(method, address, **sent, **body)
                assert response.status_code in (200, 202), (path, parameter["name"])
                tried += 1
    assert tried > 3


def test_the_examples_in_the_schemas_can_be_run(service: Service):
    for example in SCHEMAS["TaskRequest"]["properties"]["qc"]["examples"]:
        assert service.run(example)["status"] == "completed"


def test_the_documented_schemas_describe_the_real_answers(service: Service):
    id = service.submit(SLOW)
    bodies = [service.task(id), service.final(id)]
    for body in bodies:
        name = {"pending": "Pending", "completed": "Done"}[body["status"]]
        assert set(SCHEMAS[name]["properties"]) == set(body)
    record = service.client.get(f"/v1/tasks/{id}").json()
    assert list(SCHEMAS["TaskRecord"]["properties"]) == list(record)


def test_the_document_is_small_enough_to_read():
    assert len(json.dumps(DOCUMENT)) < 165_000

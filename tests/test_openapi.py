"""The document is valid, complete, and what the service really does."""

from __future__ import annotations

import json

import openapi_spec_validator
from service import BELL, Service

from quantum_tasks.errors import PROBLEMS
from quantum_tasks.web.openapi import document
from quantum_tasks.web.routes import API


def test_an_independent_validator_accepts_the_document(service: Service):
    served = service.client.get("/openapi.json").json()
    assert served["openapi"].startswith("3.1")
    openapi_spec_validator.validate(served)


def test_every_route_of_the_table_is_in_the_document_and_answers(service: Service):
    paths = document()["paths"]
    listed = {(m.upper(), path) for path, operations in paths.items() for m in operations}
    assert listed == {(endpoint.method, endpoint.path) for endpoint in API}
    for method, path in listed:
        response = service.client.request(method, path.replace("{id}", "x"))
        assert response.status_code != 405
        assert response.json() != {"code": "not_found"}


def test_every_problem_has_a_code_a_status_and_a_sentence_of_its_own():
    assert len({problem.__doc__ for problem in PROBLEMS.values()}) == len(PROBLEMS)
    for code, problem in PROBLEMS.items():
        assert problem.code == code
        assert 400 <= problem.status < 600
        assert problem.__doc__


def test_every_documented_problem_exists():
    for endpoint in API:
        assert set(endpoint.problems) <= set(PROBLEMS)


def test_what_may_pass_says_when_to_try_again():
    for operations in document()["paths"].values():
        for operation in operations.values():
            for status in {"429", "503"} & operation["responses"].keys():
                assert "Retry-After" in operation["responses"][status]["headers"]
    assert (
        "`queue_full`" in document()["paths"]["/tasks"]["post"]["responses"]["429"]["description"]
    )


def test_the_examples_of_the_document_can_be_run(service: Service):
    properties = document()["components"]["schemas"]["TaskRequest"]["properties"]
    for example in properties["qc"]["examples"]:
        assert service.run(example)["status"] == "completed"


def test_the_documented_schemas_describe_the_real_answers(service: Service):
    id = service.submit(BELL)
    bodies = [service.client.get(f"/tasks/{id}").json(), service.final(id)]
    schemas = document()["components"]["schemas"]
    for body in bodies:
        name = {"pending": "Pending", "completed": "Done"}[body["status"]]
        assert set(schemas[name]["properties"]) == set(body)


def test_the_document_is_small_enough_to_read(service: Service):
    assert len(json.dumps(document())) < 40_000

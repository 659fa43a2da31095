"""POST /v1/validate."""

from __future__ import annotations

from typing import Any

import pytest
from asking import body, post, refused, sql
from service import BELL, SLOW, STDGATES, Service, dense


def validate(service: Service, qc: str, **fields: Any) -> dict[str, Any]:
    response = post(service, {"qc": qc, **fields}, "/v1/validate")
    assert response.status_code == 200, response.text
    return body(response)


def test_a_program_that_can_be_run_comes_with_an_estimate(service: Service):
    answer = validate(service, BELL)
    assert (answer["accepted"], answer["diagnostics"]) == (True, [])
    estimate = answer["estimate"]
    assert estimate["time_class"] == "moments"
    assert estimate["large"] is False
    stats = estimate["stats"]
    assert (stats["qubits"], stats["clbits"], stats["depth"]) == (2, 2, 3)
    assert stats["gates"] == {"h": 1, "cx": 1, "measure": 2}
    assert stats["registers"] == [{"name": "c", "size": 2}]
    assert stats["method"] == "statevector"
    assert stats["memory_bytes"] == 4 * 16


def test_an_error_has_line_column_snippet_and_hint(service: Service):
    answer = validate(service, "OPENQASM 3.0;\nqubit[2] q\nbit c;\n")
    assert (answer["accepted"], answer["estimate"]) == (False, None)
    (finding,) = answer["diagnostics"]
    assert (finding["code"], finding["pointer"]) == ("qasm_syntax", "/qc")
    assert (finding["line"], finding["column"]) == (3, 1)
    assert finding["snippet"] == "bit c;\n^"
    assert "';'" in finding["hint"]
    assert finding["message"]


@pytest.mark.parametrize(
    ("fields", "code", "pointer"),
    [
        ({"shots": 10**7}, "invalid_request", "/shots"),
        ({"shots": 0, "memory": True}, "invalid_request", "/memory"),
        ({"timeout_s": 1e6}, "invalid_request", "/timeout_s"),
        ({"callback_url": "https://x.org"}, "callbacks_off", "/callback_url"),
        ({"parameters": {"a": 1}}, "invalid_request", "/parameters/a"),
    ],
)
def test_so_has_a_field_that_asks_for_too_much(service, fields, code, pointer):
    answer = validate(service, BELL, **fields)
    assert answer["accepted"] is False
    (finding,) = answer["diagnostics"]
    assert (finding["code"], finding["pointer"]) == (code, pointer)


def test_what_is_no_submission_is_refused(service: Service):
    refused(post(service, {}, "/v1/validate"), 422, "invalid_request")
    refused(post(service, {"qc": BELL, "nosuch": 1}, "/v1/validate"), 422, "invalid_request")
    refused(post(service, {"tasks": [{"qc": BELL}]}, "/v1/validate"), 422, "invalid_request")
    refused(post(service, b"{", "/v1/validate"), 400, "malformed_json")


def test_time_classes_and_sizes_are_told_apart(service: Service):
    seconds = validate(service, SLOW)["estimate"]
    assert (seconds["time_class"], seconds["large"]) == ("seconds", True)
    assert seconds["stats"]["memory_bytes"] == (64 + 64) * 2**20
    assert seconds["estimated_ms"] > 100
    moments = validate(service, dense(4))["estimate"]
    assert (moments["time_class"], moments["large"]) == ("moments", False)


def test_what_does_not_fit_is_refused_with_what_would(service: Service):
    wide = f"{STDGATES}qubit[30] q;\nbit[30] c;\nh q;\nt q;\nc = measure q;\n"
    answer = validate(service, wide, method="statevector")
    assert answer["accepted"] is False
    (finding,) = answer["diagnostics"]
    assert finding["code"] == "memory_exceeded"
    assert "needs 8.06 GiB; the limit is 2 GiB" in finding["message"]


def test_nothing_is_accepted_while_the_queue_is_full_and_nothing_is_stored(start, database: str):
    api = start("--only", "api", MAX_QUEUED_TASKS="1")
    assert validate(api, BELL)["accepted"] is True
    assert sql(database, "select count(*) from tasks") == 0
    api.submit(BELL)
    refused(post(api, {"qc": BELL}), 429, "queue_full")
    answer = validate(api, BELL)
    assert answer["accepted"] is False
    assert [finding["code"] for finding in answer["diagnostics"]] == ["queue_full"]
    assert answer["estimate"]["stats"]["qubits"] == 2

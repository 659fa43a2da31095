"""POST /v1/validate."""

from __future__ import annotations

from typing import Any

import pytest
from asking import body, post, refused, sql
from service import BELL, SLOW, STDGATES, Service, dense, until


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


# The circuit


def test_a_circuit_comes_only_if_it_is_asked_for(service: Service):
    assert "circuit" not in validate(service, BELL)
    answer = body(post(service, {"qc": BELL}, "/v1/validate?circuit=1"))
    assert answer["circuit"] == {
        "qubits": ["q[0]", "q[1]"],
        "registers": [{"name": "c", "size": 2}],
        "steps": [
            {"kind": "gate", "line": 5, "column": 1, "name": "h", "qubits": [0]},
            {"kind": "gate", "line": 6, "column": 1, "name": "x", "qubits": [1], "controls": [0]},
            {"kind": "measure", "line": 7, "column": 1, "qubits": [0], "bit": [0, 0]},
            {"kind": "measure", "line": 7, "column": 1, "qubits": [1], "bit": [0, 1]},
        ],
    }
    assert list(answer) == [*validate(service, BELL), "circuit"]


def test_a_program_that_is_refused_has_no_circuit(service: Service):
    answer = body(post(service, {"qc": "OPENQASM 3.0; qubit"}, "/v1/validate?circuit=1"))
    assert answer["accepted"] is False
    assert "circuit" not in answer


def test_of_a_sweep_the_circuit_is_that_of_its_first_run(service: Service):
    qc = STDGATES + "input angle a; qubit q; bit c; rx(a) q; c = measure q;"
    request = {"qc": qc, "parameters": [{"a": 0.25}, {"a": 0.5}]}
    answer = body(post(service, request, "/v1/validate?circuit=1"))
    assert [step.get("text") for step in answer["circuit"]["steps"]] == ["0.25", None]


def test_a_large_circuit_is_whole_and_a_larger_one_left_out(service: Service):
    large = STDGATES + "qubit[50] q; bit[50] c; for int i in [1:190] { h q; } c = measure q;"
    answer = body(post(service, {"qc": large}, "/v1/validate?circuit=1"))
    assert len(answer["circuit"]["steps"]) == 191 * 50
    answer = body(post(service, {"qc": large.replace("190", "210")}, "/v1/validate?circuit=1"))
    assert answer["accepted"] is True
    assert answer["circuit"] == {
        "qubits": [],
        "registers": [],
        "steps": [],
        "left_out": "The circuit has more than 10,000 operations: too many to be drawn here.",
    }


def test_a_circuit_that_takes_too_long_is_left_out_of_a_program_that_does_not(start):
    service = start("--only", "api", PARSE_TIME_LIMIT_S="0.1")
    gates = "".join(f"rx(0.{n:04}) q[{n % 50}];\n" for n in range(9900))
    qc = f"{STDGATES}qubit[50] q; bit[50] c;\n{gates}c = measure q;\n"

    def taken(query: str) -> dict[str, Any] | None:
        answer = body(post(service, {"qc": qc}, f"/v1/validate{query}"))
        return answer if answer["accepted"] else None

    until(lambda: taken(""), 60)  # on a busy machine it may take too long without a circuit, too
    answer = until(lambda: taken("?circuit=1"), 60)
    assert answer["circuit"]["left_out"] == "The circuit takes too long to be drawn."


@pytest.mark.parametrize("wanted", ["", "2", "true", "1&circuit=x"])
def test_whether_a_circuit_is_wanted_is_0_or_1(service: Service, wanted: str):
    response = post(service, {"qc": BELL}, f"/v1/validate?circuit={wanted}")
    assert "?circuit=1" in refused(response, 422, "invalid_request")["detail"]

"""A sweep that is written with a list of values for an input."""

from __future__ import annotations

import time

import pytest
from asking import body, finished, refused
from service import STDGATES, Service

from quantum_tasks.errors import InvalidRequest
from quantum_tasks.tasks import TaskRequest
from quantum_tasks.web.answers.sweeping import as_sweep

QC = f"{STDGATES}input float a; input int b; qubit q; bit c; rx(a) q; rz(b) q; c = measure q;"
ARRAY = f"{STDGATES}input array[int[8], 2] a; input float b; qubit q; bit c; c = measure q;"


def test_each_value_is_a_run_of_one_task(service: Service):
    task = finished(service, QC, parameters={"a": [0, "pi", 3.141592653589793], "b": 2}, shots=8)
    result = body(service.client.get(task["links"]["result"]))
    assert [item["counts"] for item in result["items"]] == [{"0": 8}, {"1": 8}, {"1": 8}]
    assert [item["parameters"]["b"] for item in result["items"]] == [2, 2, 2]
    assert len(task["request"]["parameters"]) == 3


def test_lists_go_side_by_side():
    request = TaskRequest(qc=QC, parameters={"a": [1, 2], "b": [3, 4]})
    expected = [{"a": 1, "b": 3}, {"a": 2, "b": 4}]
    assert as_sweep(request, 10**6).parameters == expected


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"a": [1, 2], "b": [3]}, "'b' has 1 values, 'a' has 2"),
        ({"a": [], "b": 1}, "a sweep has 1 to 1000 values but 'a' has 0"),
        ({"a": [1.0] * 1001, "b": 1}, "has 1001"),
        ({"a": [1, None], "b": 1}, "a value of 'a' is no number"),
        ({"a": [{}], "b": 1}, "a value of 'a' is no number"),
    ],
)
def test_lists_that_are_no_sweep_are_refused(service: Service, parameters, reason):
    answer = service.client.post("/v1/tasks", json={"qc": QC, "parameters": parameters})
    assert reason in refused(answer, 422, "invalid_request")["detail"]


def test_the_value_of_an_array_is_a_list(service: Service):
    finished(service, ARRAY, parameters={"a": [1, 2], "b": 0.5}, shots=1)
    task = finished(service, ARRAY, parameters={"a": [1, 2], "b": [0.5, 1, 2]}, shots=1)
    assert [one["a"] for one in task["request"]["parameters"]] == [[1, 2]] * 3


def test_what_all_runs_share_is_not_written_a_thousand_times():
    request = TaskRequest(qc=ARRAY, parameters={"a": [1] * 10_000, "b": [0.5] * 1000})
    with pytest.raises(InvalidRequest):
        as_sweep(request, 1_048_576)


@pytest.mark.parametrize(
    "text", ["] a;", "input array[", "/*", "]", "]" + " " * 50, "input array[x] a"]
)
def test_no_text_of_a_program_takes_long_to_look_at_however_many_lists_there_are(text):
    lists = {f"l{number}": [1, 2] for number in range(5000)}
    request = TaskRequest(qc=text * (250_000 // len(text)), parameters=lists)
    begun = time.process_time()
    as_sweep(request, 10**6)
    assert time.process_time() - begun < 0.2  # a look for each list would take seconds


def test_names_of_any_length_may_have_lists():
    names = {"]a" * 10_000 + str(number): [1, 2] for number in range(50)}
    begun = time.process_time()
    assert len(as_sweep(TaskRequest(qc=QC, parameters=names), 10**6).parameters) == 2
    assert time.process_time() - begun < 0.2

"""GET /v1/tasks/{id}/result."""

from __future__ import annotations

import csv
import io
from collections import Counter
from typing import Any

import pytest
from asking import body, finished, reaches, refused, submit
from service import BELL, ENDLESS, STDGATES, Service

REGISTERS = (
    f"{STDGATES}qubit[6] q;\nbit[2] a;\nbit b;\nbit[0] none;\nbit[3] c;\n"
    "h q;\ncx q[0], q[5];\nry(0.4) q[2];\na = measure q[0:1];\nb = measure q[2];\n"
    "c = measure q[3:5];\n"
)
INPUT = f"{STDGATES}input float theta;\nqubit q;\nbit c;\nrx(theta) q;\nc = measure q;\n"


def result(service: Service, task: dict[str, Any], view: str = "") -> dict[str, Any]:
    query = f"?view={view}" if view else ""
    response = service.client.get(f"{task['links']['result']}{query}")
    assert response.status_code == 200, response.text
    return body(response)


@pytest.fixture(scope="module")
def bell(service: Service) -> dict[str, Any]:
    return finished(service, shots=1000, seed=5, memory=True, observables=[{"pauli": "ZZ"}])


def test_all_that_there_is_comes_unless_a_view_is_asked_for(service: Service, bell):
    whole = result(service, bell)
    assert list(whole) == ["id", "shots", "counts", "memory", "expectation_values"]
    assert (whole["id"], whole["shots"]) == (bell["id"], 1000)
    assert sum(whole["counts"].values()) == 1000
    assert set(whole["counts"]) == {"00", "11"}
    assert Counter(whole["memory"]) == whole["counts"]
    assert whole["expectation_values"] == [{"value": 1.0, "std": 0.0}]
    for view in ("counts", "memory", "expectation_values"):
        assert result(service, bell, view) == {
            "id": bell["id"],
            "shots": 1000,
            view: whole[view],
        }
    shares = {key: times / 1000 for key, times in whole["counts"].items()}
    assert result(service, bell, "probabilities")["probabilities"] == shares
    assert result(service, bell, "registers")["registers"] == {"c": whole["counts"]}
    assert service.task(bell["id"])["result"] == whole["counts"]


def test_a_task_without_memory_and_observables_has_only_counts(service: Service):
    task = finished(service)
    assert list(result(service, task)) == ["id", "shots", "counts"]
    for view, wanted in {"memory": '"memory": true', "expectation_values": "observables"}.items():
        response = service.client.get(f"{task['links']['result']}?view={view}")
        assert wanted in refused(response, 422, "view_unavailable")["detail"]


def test_the_counts_of_a_register_are_those_of_its_bits(service: Service):
    task = finished(service, REGISTERS, shots=5000, seed=1, memory=True)
    expected: dict[str, Counter[str]] = {"a": Counter(), "b": Counter(), "c": Counter()}
    for shot in result(service, task, "memory")["memory"]:
        bits = shot.replace(" ", "")[::-1]  # in the order of their declaration
        for name, begin, end in (("a", 0, 2), ("b", 2, 3), ("c", 3, 6)):
            expected[name][bits[begin:end][::-1]] += 1
    found = result(service, task, "registers")["registers"]
    assert list(found) == ["a", "b", "c"]
    assert found == expected
    assert all(list(counts) == sorted(counts) for counts in found.values())
    assert len(found["a"]) == 4
    assert len(found["c"]) == 8


@pytest.mark.parametrize(
    ("qc", "expected"),
    [
        ("qubit[3] q; bit[2] a; bit[1] b; x q[1]; a = measure q[0:1]; b[0] = measure q[2];",
         {"a": {"10": 9}, "b": {"0": 9}}),
        ("qubit q; bit[2] never; bit c; bit d; x q; d = measure q;",
         {"never": {"00": 9}, "c": {"0": 9}, "d": {"1": 9}}),
        ("qubit q; bit hidden; output bit[2] shown; x q; hidden = measure q; shown[1] = hidden;",
         {"shown": {"10": 9}}),
    ],
)  # fmt: skip
def test_registers_that_are_known_beforehand_are_told_apart(service, qc, expected):
    task = finished(service, STDGATES + qc, shots=9)
    assert result(service, task, "registers")["registers"] == expected


def test_a_sweep_has_an_item_for_each_of_its_parameters(service: Service):
    sweep = [{"theta": 0.0}, {"theta": 3.141592653589793}, {"theta": 0.0}]
    task = finished(service, INPUT, parameters=sweep, shots=10)
    whole = result(service, task)
    assert list(whole) == ["id", "shots", "items"]
    assert [item["parameters"] for item in whole["items"]] == sweep
    assert [item["counts"] for item in whole["items"]] == [{"0": 10}, {"1": 10}, {"0": 10}]
    items = result(service, task, "probabilities")["items"]
    assert [item["probabilities"] for item in items] == [{"0": 1.0}, {"1": 1.0}, {"0": 1.0}]
    items = result(service, task, "registers")["items"]
    assert items[1] == {"parameters": sweep[1], "registers": {"c": {"1": 10}}}
    response = service.client.get(task["links"]["result"], headers={"Accept": "text/csv"})
    assert response.text == "item,outcome,count\r\n0,0,10\r\n1,1,10\r\n2,0,10\r\n"


def test_a_run_of_a_sweep_that_failed_has_its_line_in_a_csv(service: Service):
    qc = f"{STDGATES}input int n; qubit q; bit c; for int i in [1:n] {{ x q; }} c = measure q;"
    sweep, accept = [{"n": 1}, {"n": 10**6}, {"n": 2}], {"Accept": "text/csv"}
    task = finished(service, qc, parameters=sweep, shots=10, observables="Z")
    for view, columns, first, failed in (
        ("", "outcome,count", "1,10", "0"),
        ("?view=probabilities", "outcome,probability", "1,1.0", "0"),
        ("?view=expectation_values", "observable,value,std", "0,-1.0,0.0", "NaN,NaN"),
    ):
        lines = service.client.get(f"{task['links']['result']}{view}", headers=accept).text.split()
        assert lines[0] == f"item,{columns}"
        assert lines[1] == f"0,{first}"
        assert lines[2:4] == ["1,error:", f"too_many_operations,{failed}"]
        assert lines[4].startswith("2,0,")


def test_counts_and_probabilities_come_as_csv_too(service: Service):
    task = finished(service, REGISTERS, shots=500)
    for view, name in (("", "count"), ("?view=counts", "count"), ("?view=probabilities", "")):
        url, accept = f"{task['links']['result']}{view}", {"Accept": "text/csv"}
        response = service.client.get(url, headers=accept)
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/csv; header=present")
        assert response.headers.get_list("vary", split_commas=True)[0] == "Accept"
        rows = list(csv.DictReader(io.StringIO(response.text, newline="")))
        column = name or "probability"
        assert list(rows[0]) == ["outcome", column]
        found = {row["outcome"]: float(row[column]) for row in rows}
        whole = result(service, task, "counts" if name else "probabilities")
        assert found == whole["counts" if name else "probabilities"]


@pytest.mark.parametrize("shots", [0, 1, 50])
def test_expectation_values_come_as_csv_too(service: Service, shots):
    observables = {"observables": [{"pauli": "ZZ"}, {"pauli": "ZI"}], "shots": shots}
    task = finished(service, BELL, **observables)
    accept = {"Accept": "text/csv"}
    text = service.client.get(f"{task['links']['result']}?view=expectation_values", headers=accept)
    rows = [*csv.DictReader(io.StringIO(text.text, newline=""))]
    found = result(service, task, "expectation_values")["expectation_values"]
    assert [row["observable"] for row in rows] == ["0", "1"]
    assert [float(row["value"]) for row in rows] == [one["value"] for one in found]
    stds = ["" if one["std"] is None else str(one["std"]) for one in found]
    assert [row["std"] for row in rows] == stds
    assert (stds == ["", ""]) == (shots == 1)
    plain = service.client.get(task["links"]["result"], headers=accept).text
    assert (plain == text.text) == (shots == 0)  # there is nothing else


def test_whoever_asked_for_no_observables_is_told_so_as_csv_too(service: Service):
    task = finished(service, BELL, shots=5)
    url, accept = f"{task['links']['result']}?view=expectation_values", {"Accept": "text/csv"}
    refused(service.client.get(url, headers=accept), 422, "view_unavailable")


def test_no_counts_stand_beside_values_of_a_program_without_shots_or_bits(service: Service):
    for qc, shots in ((BELL, 0), (f"{STDGATES}qubit[2] q; h q;", 50)):
        task = finished(service, qc, observables=[{"pauli": "ZZ"}], shots=shots)
        whole = body(service.client.get(task["links"]["result"]))
        assert whole.keys() == {"id", "shots", "expectation_values"}


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("*/*", "application/json"),
        ("", "application/json"),
        ("application/*", "application/json"),
        ("application/json, text/csv", "application/json"),
        ("text/csv, application/json", "application/json"),
        ("application/json;q=0.4, text/csv;q=0.5", "text/csv"),
        ("TEXT/CSV", "text/csv"),
        ("text/*", "text/csv"),
        ("text/html, */*;q=0.1", "application/json"),
        ("text/csv;q=oops, application/json", "application/json"),
    ],
)
def test_the_answer_is_of_the_kind_that_the_client_likes_best(service, bell, accept, kind):
    response = service.client.get(bell["links"]["result"], headers={"Accept": accept})
    assert response.status_code == 200
    assert response.headers["content-type"].startswith(kind)


def test_no_kind_that_the_client_likes_is_406(service: Service, bell):
    url = bell["links"]["result"]
    for accept in ("text/html", "application/json;q=0", "image/*"):
        refused(service.client.get(url, headers={"Accept": accept}), 406, "not_acceptable")
    response = service.client.get(f"{url}?view=registers", headers={"Accept": "text/csv"})
    refused(response, 406, "not_acceptable")
    both = {"Accept": "text/csv, application/json;q=0.1"}
    assert service.client.get(f"{url}?view=registers", headers=both).status_code == 200


@pytest.mark.parametrize("view", ["", "nosuch", "Counts", "counts,memory"])
def test_a_view_that_does_not_exist_is_refused_with_those_that_do(service: Service, bell, view):
    response = service.client.get(bell["links"]["result"], params={"view": view})
    assert (
        "counts, registers, probabilities" in refused(response, 422, "invalid_request")["detail"]
    )


def test_a_result_never_changes_and_so_keeps_its_etag(service: Service, bell):
    url = bell["links"]["result"]
    tags = set()
    for query, accept in (("", "*/*"), ("?view=counts", "*/*"), ("?view=counts", "text/csv")):
        first = service.client.get(url + query, headers={"Accept": accept})
        tag = first.headers["etag"]
        tags.add(tag)
        seen = {"Accept": accept, "If-None-Match": tag}
        again = service.client.get(url + query, headers=seen)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        assert service.client.get(url, headers={"If-None-Match": '"x"'}).status_code == 200
    assert len(tags) == 3


def test_a_result_that_is_not_there_yet_is_409_and_one_that_never_will_be_too(service: Service):
    task = submit(service, ENDLESS)
    url = task["links"]["result"]
    response = service.client.get(url)
    assert refused(response, 409, "result_not_ready")["detail"].startswith("The task is ")
    assert int(response.headers["retry-after"]) >= 1
    service.client.post(f"/v1/tasks/{task['id']}/cancel")
    reaches(service, task["id"], "cancelled")
    response = service.client.get(url)
    assert (
        refused(response, 409, "no_result")["detail"]
        == "The task was cancelled, so it has no result."
    )
    assert "retry-after" not in response.headers
    failed = finished(service, ENDLESS, timeout_s=0.05)
    problem = refused(service.client.get(failed["links"]["result"]), 409, "no_result")
    assert problem["detail"].startswith("The task failed. time_limit_exceeded: ")


def test_a_seed_gives_the_same_result_again(service: Service, bell):
    again = finished(service, BELL, shots=1000, seed=5, memory=True)
    assert result(service, again, "memory")["memory"] == result(service, bell, "memory")["memory"]


def test_a_picture_of_a_sweep_is_that_of_one_run(service: Service):
    qc = f"{STDGATES}input int n; qubit[2] q; bit c; rx(1.0 / n) q[0]; c = measure q[0];"
    id = finished(service, qc, parameters=[{"n": 0}, {"n": 1}])["id"]
    picture = f"/v1/tasks/{id}/counts.svg?item="
    assert service.client.get(f"{picture}1").text.startswith("<svg")
    refused(service.client.get(f"{picture}0"), 422, "view_unavailable")
    for item in ("2", "0000000005", "0" * 5000, "-1", "x"):
        refused(service.client.get(f"{picture}{item}"), 422, "invalid_request")
    single = f"/v1/tasks/{finished(service, BELL)['id']}/counts.svg?item="
    assert service.client.get(f"{single}0").status_code == 200
    problem = refused(service.client.get(f"{single}5"), 422, "invalid_request")
    assert "no sweep, so that it has no run 5: leave out" in problem["detail"]
    # The first run cannot be drawn, the second can.
    drawing = service.client.get(f"/v1/tasks/{id}/circuit?format=text")
    assert "Rx(1)" in drawing.text
    answer = service.client.get(f"{picture}1", headers={"If-None-Match": "*"})
    assert answer.status_code == 304

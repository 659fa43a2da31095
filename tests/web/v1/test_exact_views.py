"""GET /v1/tasks/{id}/result of tasks without shots: exact probabilities and state vectors."""

from __future__ import annotations

import base64
import csv
import io
from typing import Any

import numpy as np
import pytest
from asking import body, finished, post, refused
from circuits.random_circuits import circuit
from qiskit.quantum_info import Statevector
from service import BELL, STDGATES, Service

TURN = f"{STDGATES}input float turn;\nqubit q;\nbit c;\nrx(1 / turn) q;\nc = measure q;\n"
WIDE = (
    f"{STDGATES}qubit[16] q; bit[10] a; bit[6] b; h q; for int i in [0:14] cx q[i], q[i + 1];"
    "for int i in [0:15] ry(0.1 * (i + 1)) q[i]; a = measure q[0:9]; b = measure q[10:15];"
)


def view(service: Service, task: dict[str, Any], query: str) -> dict[str, Any]:
    response = service.client.get(f"{task['links']['result']}?view={query}")
    assert response.status_code == 200, response.text
    return body(response)


@pytest.fixture(scope="module")
def bell(service: Service) -> dict[str, Any]:
    return finished(service, BELL, shots=0)


@pytest.fixture(scope="module")
def wide(service: Service) -> dict[str, Any]:
    return finished(service, WIDE, shots=0)


def test_probabilities_are_exact_without_shots(service: Service, bell):
    assert view(service, bell, "probabilities") == {
        "id": bell["id"],
        "shots": 0,
        "probabilities": {"00": 0.5, "11": 0.5},
        "rest": {"outcomes": 0, "probability": 0.0},
    }
    assert bell["engine"].startswith("aer ")


def test_the_state_comes_as_pairs_or_packed(service: Service, bell):
    half = 0.5**0.5
    pairs = view(service, bell, "statevector")
    assert list(pairs) == ["id", "shots", "statevector"]
    assert np.array(pairs["statevector"]) == pytest.approx(
        np.array([[half, 0], [0, 0], [0, 0], [half, 0]])
    )
    assert view(service, bell, "statevector&format=pairs") == pairs
    packed = view(service, bell, "statevector&format=packed")["statevector"]
    state = np.frombuffer(base64.b64decode(packed), "<c16")
    assert [[z.real, z.imag] for z in state] == pairs["statevector"]


def test_without_a_view_probabilities_take_the_place_of_counts(service: Service, bell, wide):
    for task in (bell, wide):
        whole = body(service.client.get(task["links"]["result"]))
        assert whole == view(service, task, "probabilities")


def test_nothing_exact_is_sent_in_other_views(service: Service, bell, wide):
    for task in (bell, wide):
        head = {"id": task["id"], "shots": 0}
        assert view(service, task, "counts") == head | {"counts": {}}
        assert service.task(task["id"]) == {"status": "completed", "result": {}}
    assert view(service, bell, "registers")["registers"] == {"c": {}}
    for name, lacks in (("memory", '"memory": true'), ("expectation_values", "observables")):
        response = service.client.get(f"{bell['links']['result']}?view={name}")
        assert lacks in refused(response, 422, "view_unavailable")["detail"]


def test_a_large_state_agrees_with_its_probabilities_and_with_qiskit(service: Service, wide):
    pairs = view(service, wide, "statevector")["statevector"]
    packed = view(service, wide, "statevector&format=packed")["statevector"]
    state = np.array(pairs).view(np.complex128).ravel()
    assert (np.frombuffer(base64.b64decode(packed), "<c16") == state).all()
    shown = view(service, wide, "probabilities")
    assert len(shown["probabilities"]) == 1000
    assert list(shown["probabilities"]) == sorted(shown["probabilities"])
    weights = np.abs(state) ** 2
    largest = np.argsort(-weights)[:1000]
    assert sum(shown["probabilities"].values()) == pytest.approx(weights[largest].sum())
    for key, probability in shown["probabilities"].items():
        b, a = key.split(" ")
        assert probability == pytest.approx(weights[int(b + a, 2)], rel=1e-9)
    total = sum(shown["probabilities"].values()) + shown["rest"]["probability"]
    assert total == pytest.approx(1, abs=1e-12)
    more = view(service, wide, "probabilities&top=5000")
    assert len(more["probabilities"]) == 5000
    assert more["probabilities"].items() >= shown["probabilities"].items()
    counted = shown["rest"]["outcomes"] + 1000
    assert more["rest"]["outcomes"] + 5000 == counted == np.count_nonzero(weights >= 1e-12)


def test_top_lists_the_largest_and_names_the_rest(service: Service):
    made = circuit(2, 4, 30)
    task = finished(service, made.program(), shots=0)
    expected = Statevector(made.qiskit).probabilities_dict()
    expected = {key: value for key, value in expected.items() if value >= 1e-12}
    whole = view(service, task, "probabilities")["probabilities"]
    assert whole == pytest.approx(expected, abs=1e-12)
    largest = sorted(whole, key=lambda key: -whole[key])[:3]
    found = view(service, task, "probabilities&top=3")
    assert found["probabilities"] == {key: whole[key] for key in sorted(largest)}
    assert found["rest"]["outcomes"] == len(whole) - 3
    left = 1 - sum(found["probabilities"].values())
    assert found["rest"]["probability"] == pytest.approx(left, abs=1e-12)


def test_top_is_for_counted_probabilities_too(service: Service):
    task = finished(service, f"{STDGATES}qubit q; bit c; ry(0.6) q; c = measure q;", shots=1000)
    whole = view(service, task, "probabilities")
    assert "rest" not in whole
    found = view(service, task, "probabilities&top=1")
    share = whole["probabilities"]["1"]
    assert found["probabilities"] == {"0": whole["probabilities"]["0"]}
    assert found["rest"] == {"outcomes": 1, "probability": share}
    response = service.client.get(f"{task['links']['result']}?view=statevector")
    assert '"shots": 0' in refused(response, 422, "view_unavailable")["detail"]


def test_exact_probabilities_come_as_csv(service: Service, bell, wide):
    accept = {"Accept": "text/csv"}
    url = f"{bell['links']['result']}?view=probabilities"
    assert service.client.get(url, headers=accept).text == (
        "outcome,probability\r\n00,0.5\r\n11,0.5\r\n"
    )
    found = service.client.get(f"{url}&top=1", headers=accept)
    assert found.text == "outcome,probability\r\n00,0.5\r\n"
    url = f"{wide['links']['result']}?view=probabilities&top=20"
    rows = list(csv.DictReader(io.StringIO(service.client.get(url, headers=accept).text)))
    shown = view(service, wide, "probabilities&top=20")["probabilities"]
    assert {row["outcome"]: float(row["probability"]) for row in rows} == shown
    url = f"{bell['links']['result']}?view=statevector"
    refused(service.client.get(url, headers=accept), 406, "not_acceptable")


def test_a_sweep_has_exact_values_for_each_item(service: Service):
    sweep = [{"turn": 1e9}, {"turn": 0}, {"turn": 0.318309886183790671}]
    task = finished(service, TURN, shots=0, parameters=sweep)
    for query, first in (("probabilities", {"0": 1.0}), ("statevector", [[1.0, 0.0]])):
        items = view(service, task, query)["items"]
        assert [item["parameters"] for item in items] == sweep
        assert items[1]["error"]["code"] == "qasm_semantic"
        assert query not in items[1]
        assert (items[0][query] if query == "probabilities" else items[0][query][:1]) == first
    assert items[2]["statevector"][1] == pytest.approx([0.0, -1.0])
    plain = body(service.client.get(task["links"]["result"]))["items"]
    assert plain == view(service, task, "probabilities")["items"]
    url = f"{task['links']['result']}?view=probabilities"
    text = service.client.get(url, headers={"Accept": "text/csv"}).text
    assert text == "item,outcome,probability\r\n0,0,1.0\r\n1,error: qasm_semantic,0\r\n2,1,1.0\r\n"


def test_a_large_sweep_shares_the_room_of_its_result(service: Service):
    qc = WIDE.replace("h q;", "input float turn; h q; rz(turn) q;")
    task = finished(service, qc, shots=0, parameters=[{"turn": n} for n in range(8)])
    assert task["status"] == "completed", task["error"]
    items = view(service, task, "probabilities")["items"]
    for item in items:
        assert len(item["probabilities"]) == 1000
        total = sum(item["probabilities"].values()) + item["rest"]["probability"]
        assert total == pytest.approx(1, abs=1e-12)
    response = service.client.get(f"{task['links']['result']}?view=statevector")
    assert "MAX_RESULT_BYTES" in refused(response, 422, "view_unavailable")["detail"]


@pytest.mark.parametrize(
    ("qc", "fields", "name", "words"),
    [
        (BELL, {"noise": {"depolarizing": {"p1": 0.1}}}, "statevector", "mixture of states"),
        (BELL, {"method": "density_matrix"}, "statevector", "'statevector' has"),
        (BELL, {"observables": [{"pauli": "ZZ"}]}, "statevector", '"observables"'),
        (BELL, {"observables": [{"pauli": "ZZ"}]}, "probabilities", '"observables"'),
        (f"{STDGATES}qubit[17] q; bit c; c = measure q[1];", {}, "statevector", "17 qubits"),
        (f"{STDGATES}qubit q; h q;", {}, "probabilities", "no bits"),
    ],
)
def test_a_view_that_is_not_there_says_why(service: Service, qc, fields, name, words):
    task = finished(service, qc, shots=0, **fields)
    assert task["status"] == "completed", task["error"]
    response = service.client.get(f"{task['links']['result']}?view={name}")
    assert words in refused(response, 422, "view_unavailable")["detail"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("?view=probabilities&top=0", "from 1 to 65536"),
        ("?view=probabilities&top=65537", "from 1 to 65536"),
        ("?view=probabilities&top=", "from 1 to 65536"),
        ("?view=probabilities&top=1.5", "from 1 to 65536"),
        ("?view=probabilities&top=" + "9" * 5000, "from 1 to 65536"),
        ("?top=10", "goes with ?view=probabilities"),
        ("?view=statevector&top=10", "goes with ?view=probabilities"),
        ("?view=statevector&format=numpy", "one of pairs, packed"),
        ("?view=probabilities&format=packed", "goes with ?view=statevector"),
    ],
)
def test_parameters_that_cannot_be_used_are_named(service: Service, bell, query, words):
    response = service.client.get(f"{bell['links']['result']}{query}")
    assert words in refused(response, 422, "invalid_request")["detail"]


def test_each_way_to_show_it_has_an_etag_of_its_own(service: Service, bell):
    queries = ("", "?view=probabilities", "?view=probabilities&top=1")
    queries += ("?view=statevector", "?view=statevector&format=packed")
    tags = [service.client.get(bell["links"]["result"] + one).headers["etag"] for one in queries]
    assert len({*tags}) == len(queries)
    url = bell["links"]["result"] + queries[-1]
    again = service.client.get(url, headers={"If-None-Match": tags[-1]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_program_that_ends_in_no_state_is_refused_at_once(service: Service):
    qc = f"{STDGATES}qubit q; bit c; h q; c = measure q; if (c) x q; c = measure q;"
    problem = refused(post(service, {"qc": qc, "shots": 0}), 422, "invalid_request")
    (finding,) = problem["errors"]
    assert finding["pointer"] == "/shots"
    assert finding["hint"] == 'take shots: "shots": 1024'
    checked = body(post(service, {"qc": qc, "shots": 0}, "/v1/validate"))
    assert checked["accepted"] is False
    assert body(post(service, {"qc": BELL, "shots": 0}, "/v1/validate"))["accepted"] is True
    again = body(post(service, {"qc": BELL, "shots": 0}, "/tasks"))
    assert service.final(again["task_id"]) == {"status": "completed", "result": {}}

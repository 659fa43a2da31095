"""Every pair of options, together in one task: it does all of what it says, or is refused with the
reason."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping
from itertools import combinations
from typing import Any

import pytest
from service import STDGATES, Service

from quantum_tasks.tasks import Method, Options

SHOTS = 400
PLAIN = f"{STDGATES}qubit[2] q; bit[2] c; x q[0]; c = measure q;"
WITH_INPUT = f"{STDGATES}input float theta; qubit[2] q; bit[2] c; rx(theta) q[0]; c = measure q;"
NOISE = "noise"
OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "shots 0": {"shots": 0},
    "seed": {"seed": 7},
    **{str(method): {"method": str(method)} for method in Method},
    "single": {"precision": "single"},
    "double": {"precision": "double"},
    "depolarizing": {"noise": {"depolarizing": {"p1": 1.0}}},
    "readout": {"noise": {"readout": 1.0}},
    "observables": {"observables": [{"pauli": "IZ"}, {"pauli": "ZI", "coeff": 2.0}]},
    "memory": {"memory": True},
    "parameters": {"parameters": {"theta": math.pi}, "qc": WITH_INPUT},
    "sweep": {"parameters": [{"theta": math.pi}, {"theta": 0.0}], "qc": WITH_INPUT},
    "timeout_s": {"timeout_s": 50.0},
}
# Two that are values of one option.
EITHER_OR = [set(Method), {"single", "double"}, {"parameters", "sweep"}]
# What is refused: a part of the reason, and the option that it points to.
REFUSED = {
    ("shots 0", "stabilizer"): ("take a state vector or a density matrix", "/method"),
    ("shots 0", "matrix_product_state"): ("take a state vector or a density matrix", "/method"),
    ("shots 0", "extended_stabilizer"): ("take a state vector or a density matrix", "/method"),
    ("extended_stabilizer", "depolarizing"): ("cannot simulate gates that err", "/method"),
    ("shots 0", "memory"): ("without shots there is nothing to keep", "/memory"),
}
PAIRS = [
    pair for pair in combinations(OPTIONS, 2) if not any({*pair} <= either for either in EITHER_OR)
]


def asked(pair: tuple[str, str]) -> dict[str, Any]:
    together: dict[str, Any] = {"qc": PLAIN, "shots": SHOTS}
    for name in pair:
        for field, value in OPTIONS[name].items():
            whole = {**together.get(field, {}), **value} if field == NOISE else value
            together[field] = whole
    return together


def expected(body: Mapping[str, Any]) -> list[dict[str, float]]:
    """How probable each outcome is in each run: a qubit that X acts on, and one that nothing
    does."""
    noise = body.get(NOISE, {})
    runs = body.get("parameters", {})
    found = []
    for run in runs if isinstance(runs, list) else [runs]:
        one = 0.0 if run.get("theta") == 0.0 else 1.0
        one = 0.5 if "depolarizing" in noise else one
        other = 0.0
        if "readout" in noise:
            one, other = 1 - one, 1 - other
        parts = {f"{b}{a}": abs(1 - a - one) * abs(1 - b - other) for a in (0, 1) for b in (0, 1)}
        found.append({key: share for key, share in parts.items() if share})
    return found


def close(found: float, share: float, exact: bool) -> bool:
    deviation = 0.0 if exact else 5.5 * math.sqrt(share * (1 - share) / SHOTS)
    return abs(found - share) <= deviation + 1e-6


@pytest.mark.parametrize("pair", PAIRS, ids=" and ".join)
def test_a_pair_of_options_does_all_that_it_says_or_is_refused(service: Service, pair):
    body = asked(pair)
    answer = service.client.post("/v1/tasks", json=body, headers={"Prefer": "wait=20"})
    if pair in REFUSED:
        reason, pointer = REFUSED[pair]
        assert answer.status_code == 422, answer.text
        assert reason in answer.json()["detail"]
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
        return
    assert answer.status_code == 200, answer.text
    record = answer.json()
    assert record["status"] == "completed"
    for name in body.keys() - {"noise", "observables"}:  # which are said with their defaults
        assert record["request"][name] == body[name]
    if body.get("method", "automatic") != "automatic":
        assert record["stats"]["method"] == body["method"]
    if body.get("precision") == "double":
        assert "qsim" not in record["engine"]

    exact = body["shots"] == 0
    result = service.client.get(record["links"]["result"]).json()
    runs = result.get("items", [result])
    shares = expected(body)
    assert len(runs) == len(shares)
    for run, outcomes in zip(runs, shares, strict=True):
        observed = "observables" in body
        kinds = {"counts"} if not exact else set() if observed else {"probabilities", "rest"}
        kinds |= {"expectation_values"} if observed else set()
        kinds |= {"memory"} if "memory" in body else set()
        assert run.keys() - {"id", "shots", "parameters"} == kinds
        found = {key: n / SHOTS for key, n in run.get("counts", {}).items()}
        found = run.get("probabilities", found)
        if kinds & {"counts", "probabilities"}:
            assert found.keys() == outcomes.keys()
            assert all(close(found[key], share, exact) for key, share in outcomes.items())
        if "memory" in body:
            assert {key: run["memory"].count(key) for key in outcomes} == run["counts"]
        if observed:
            for place, (value, coeff) in enumerate(
                zip(run["expectation_values"], (1, 2), strict=True)
            ):
                ones = sum(p for key, p in outcomes.items() if key[1 - place] == "1")
                assert close((1 - value["value"] / coeff) / 2, ones, exact)
                assert value["std"] >= 0
                assert value["std"] == 0 or not exact
    if "seed" in body:
        again = service.client.post("/v1/tasks", json=body, headers={"Prefer": "wait=20"}).json()
        same = service.client.get(again["links"]["result"]).json()
        assert {**same, "id": record["id"]} == result

    table = service.client.get(record["links"]["result"], headers={"Accept": "text/csv"})
    assert table.status_code == 200, table.text
    lines = [*csv.DictReader(io.StringIO(table.text))]
    assert {line.get("item", "0") for line in lines} == {str(n) for n in range(len(runs))}
    column = "count" if not exact else "value" if "observables" in body else "probability"
    assert column in lines[0]


def test_every_option_of_a_request_is_in_the_table():
    named = {field for option in OPTIONS.values() for field in option}
    assert named >= set(Options.__struct_fields__)

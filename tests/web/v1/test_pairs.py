"""Every pair of options: both do all of what they say, or the pair is refused with the reason."""

from __future__ import annotations

import math
from collections import Counter
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from asking import body, post, refused
from service import STDGATES, Service

SHOTS = 4000
TURN = math.pi / 2
UP, DOWN = 0.2, 0.05
WORDS = ("ZZ", "IZ", "XY")
OPTIONS: dict[str, dict[str, Any]] = {
    "statevector": {"method": "statevector"},
    "stabilizer": {"method": "stabilizer"},
    "matrix_product_state": {"method": "matrix_product_state"},
    "density_matrix": {"method": "density_matrix"},
    "extended_stabilizer": {"method": "extended_stabilizer"},
    "single": {"precision": "single"},
    "double": {"precision": "double"},
    "depolarizing": {"noise": {"depolarizing": {"p1": 1, "p2": 1}}},
    "readout": {"noise": {"readout": [UP, DOWN]}},
    "observables": {"observables": [{"pauli": word} for word in WORDS]},
    "memory": {"memory": True},
    "parameters": {"parameters": {"theta": math.pi}},
    "sweep": {"parameters": [{"theta": 0}, {"theta": TURN}, {"theta": math.pi}]},
    "no shots": {"shots": 0},
    "seed": {"seed": 11},
    "timeout": {"timeout_s": 30},
}
BARE = "no observables"  # what a submission has that does not ask for them
# What is refused: these options together, and words of the reason. All else does what it says.
REFUSED = [
    ({"stabilizer", "no shots", BARE}, "method_unsuitable", "take a state"),
    ({"matrix_product_state", "no shots", BARE}, "method_unsuitable", "take a state"),
    ({"extended_stabilizer", "no shots", BARE}, "method_unsuitable", "take a state"),
    ({"memory", "no shots"}, "invalid_request", "no outcomes to keep"),
    ({"extended_stabilizer", "no shots", "observables"}, "method_unsuitable", "no exact values"),
    ({"extended_stabilizer", "depolarizing"}, "method_unsuitable", "gates that err"),
    *(
        ({method, "depolarizing", "no shots"}, "method_unsuitable", "take a density matrix")
        for method in ("statevector", "stabilizer", "matrix_product_state")
    ),
]


def asked(*names: str) -> dict[str, Any]:
    """A submission with these options."""
    fields: dict[str, Any] = {"shots": SHOTS}
    for name in names:
        noise = {**fields.get("noise", {}), **OPTIONS[name].get("noise", {})}
        fields |= OPTIONS[name] | ({"noise": noise} if noise else {})
    given = "input float theta;" if "parameters" in fields else f"const float theta = {TURN};"
    lines = "qubit[2] q; bit[2] c; rx(theta) q[0]; cx q[0], q[1]; c = measure q;"
    return fields | {"qc": f"{STDGATES}{given} {lines}"}


def expected(fields: dict[str, Any], theta: float) -> tuple[np.ndarray, list[float]]:
    """The probabilities of 00, 01, 10 and 11, and the mean of each observable, by matrices."""
    state = np.array([math.cos(theta / 2), 0, 0, -1j * math.sin(theta / 2)])
    noise = fields.get("noise", {})
    rho = np.eye(4) / 4 if "depolarizing" in noise else np.outer(state, state.conj())
    up, down = noise.get("readout", (0.0, 0.0))
    read = np.array([[1 - up, down], [up, 1 - down]])
    pauli = {"X": [[0, 1], [1, 0]], "Y": [[0, -1j], [1j, 0]], "Z": [[1, 0], [0, -1]]}
    means = []
    for word in WORDS:
        whole = np.eye(1)
        for letter in word:
            one = np.eye(2)
            if letter != "I":
                one = (1 - up - down) * np.array(pauli[letter]) + (down - up) * np.eye(2)
            whole = np.kron(whole, one)
        means.append(float(np.trace(rho @ whole).real))
    return np.kron(read, read) @ np.diag(rho).real, means


def check(fields: dict[str, Any], theta: float, run: dict[str, Any]) -> None:
    """Whether a run has all that was asked for, and nothing that differs from it."""
    keys = ("00", "01", "10", "11")
    probabilities, means = expected(fields, theta)
    if fields["shots"]:
        assert sum(run["counts"].values()) == SHOTS
        for key, probability in zip(keys, probabilities, strict=True):
            deviation = math.sqrt(SHOTS * max(0.0, probability * (1 - probability)))
            assert abs(run["counts"].get(key, 0) - SHOTS * probability) <= 5 * deviation + 1e-3
    assert ("memory" in run) == fields.get("memory", False)
    if "memory" in run:
        assert Counter(run["memory"]) == run["counts"]
    assert ("expectation_values" in run) == ("observables" in fields)
    for found, mean in zip(run.get("expectation_values", []), means, strict=False):
        assert (found["std"] == 0) or fields["shots"]
        assert abs(found["value"] - mean) <= 5 * found["std"] + 1e-6
    if not fields["shots"] and "observables" not in fields:
        for key, probability in zip(keys, probabilities, strict=True):
            assert run["probabilities"].get(key, 0.0) == pytest.approx(probability, abs=1e-6)


def is_pair(one: str, other: str) -> bool:
    """Whether a submission can have both: most fields have one value."""
    return OPTIONS[one].keys() != OPTIONS[other].keys() or "noise" in OPTIONS[one]


PAIRS = [pair for pair in combinations(OPTIONS, 2) if is_pair(*pair)]


@pytest.mark.parametrize("more", [(), ("no shots", "observables")], ids=["alone", "exact means"])
@pytest.mark.parametrize("first", OPTIONS)
def test_each_pair_of_options_does_all_of_what_both_say_or_is_refused(
    service: Service, first: str, more: tuple[str, ...]
):
    for pair in PAIRS:
        if pair[0] != first or set(pair) & set(more):
            continue
        fields = asked(*pair, *more)
        answer = post(service, fields, Prefer="wait=60")
        have = {*pair, *more} | ({BARE} if "observables" not in fields else set())
        reasons = [(code, words) for together, code, words in REFUSED if together <= have]
        if reasons:
            said = body(answer)
            assert any(
                code == said["code"] and words in refused(answer, 422, code)["detail"]
                for code, words in reasons
            ), (pair, said)
            continue
        assert answer.status_code == 200, (pair, answer.text)
        task = body(answer)
        assert task["status"] == "completed", (pair, task["error"])
        for name in fields.keys() & {"method", "precision", "noise", "timeout_s"}:
            assert name in task["request"], pair
        if "method" in fields:
            assert task["stats"]["method"] == fields["method"], pair
        if fields.get("precision") == "double":
            assert "qsim" not in task["engine"], pair
        if "seed" in fields:
            again = body(post(service, fields, Prefer="wait=60"))
            assert result(service, again) == result(service, task), pair
        whole = result(service, task)
        sweep = isinstance(fields.get("parameters"), list)
        values = fields["parameters"] if sweep else [fields.get("parameters", {"theta": TURN})]
        runs = whole["items"] if sweep else [whole]
        for given, run in zip(values, runs, strict=True):
            check(fields, given["theta"], run)


def result(service: Service, task: dict[str, Any]) -> dict[str, Any]:
    exact = task["request"]["shots"] == 0 and not task["request"].get("observables")
    view = "?view=probabilities" if exact else ""
    found = body(service.client.get(f"{task['links']['result']}{view}"))
    del found["id"]
    return found

"""The seed that the counts of a task came from."""

from __future__ import annotations

import pytest
from asking import body, finished, read
from service import ENDLESS, STDGATES, Service

PROGRAMS = {
    "a state vector": f"{STDGATES}qubit[5] q; rx(0.4) q; bit[5] c = measure q;",
    "a Clifford circuit": f"{STDGATES}qubit[60] q; h q; bit[60] c = measure q;",
    "branches": f"{STDGATES}qubit q; bit[9] c; for int i in [0:8] {{ ry(0.5) q; c[i] = measure q; "
    "if (c[i]) { reset q; rx(1) q; } }",
}


@pytest.mark.parametrize("qc", PROGRAMS.values(), ids=PROGRAMS)
def test_the_seed_that_was_drawn_gives_the_same_shots_again(service: Service, qc: str):
    first = finished(service, qc, memory=True)
    again = finished(service, qc, memory=True, seed=first["seed"])
    other = finished(service, qc, memory=True)
    assert first["request"]["seed"] is other["request"]["seed"] is None
    assert again["seed"] == again["request"]["seed"] == first["seed"] != other["seed"]
    assert 0 <= first["seed"] < 2**53
    memories = [
        body(service.client.get(f"/v1/tasks/{task['id']}/result?view=memory"))["memory"]
        for task in (first, again, other)
    ]
    assert memories[0] == memories[1] != memories[2]


def test_a_sweep_whose_seed_was_drawn_comes_out_again(service: Service):
    sweep = f"{STDGATES}input float a; qubit[5] q; rx(a) q; bit[5] c = measure q;"
    options = {"parameters": [{"a": n} for n in range(4)]}
    first = finished(service, sweep, **options)
    again = finished(service, sweep, **options, seed=first["seed"])
    results = [service.task(task["id"])["result"] for task in (first, again)]
    assert results[0] == results[1]


def test_a_rerun_draws_another_and_a_given_one_is_the_one_that_was_used(service: Service):
    first = finished(service, name="drawn")
    again = body(service.client.post(f"/v1/tasks/{first['id']}/rerun"))
    assert again["request"]["seed"] is None
    service.final(again["id"])
    assert read(service, again["id"])["seed"] not in (None, first["seed"])
    assert finished(service, seed=2**63 - 1)["seed"] == 2**63 - 1
    listed = body(service.client.get("/v1/tasks?name=drawn"))["tasks"]
    assert first["seed"] in [task["seed"] for task in listed]


def test_a_task_that_draws_nothing_has_no_seed(service: Service):
    exact = finished(service, f"{STDGATES}qubit[2] q; h q[0]; cx q[0], q[1];", shots=0)
    assert (exact["status"], exact["seed"]) == ("completed", None)
    failed = finished(service, ENDLESS, timeout_s=0.05)
    assert (failed["status"], failed["seed"]) == ("failed", None)

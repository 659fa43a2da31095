"""Instances that differ: each runs what it can, and what none can is refused."""

from __future__ import annotations

import pytest
from service import BELL, STDGATES, Service, until
from test_instances import all_final, check_invariants

from quantum_tasks.capability import engines

# A state vector of 128 MiB; in single precision 64, and some for the drawing of shots.
LARGE = {
    "qc": STDGATES + "qubit[23] q; bit[23] c; ry(0.3) q; cx q[0], q[22]; c = measure q;",
    "method": "statevector",
    "shots": 10,
}
WITHOUT_QSIM = {"DISABLED_ENGINES": "qsim,stim"}
has_qsim = pytest.mark.skipif("qsim" not in engines(), reason="there is no qsim here")


def started(service: Service, ids: list[str]) -> list[str]:
    """Those of the tasks that an instance has begun."""
    lines = [line for line in service.log.splitlines() if '"task started"' in line]
    return [id for id in ids if any(id in line for line in lines)]


def refusal(service: Service) -> str:
    """Why it refuses the large one, once it knows who is alive."""
    response = until(
        lambda: (got := service.client.post("/v1/tasks", json=LARGE)).status_code == 422 and got
    )
    assert response.json()["code"] == "memory_exceeded"
    message: str = response.json()["detail"]
    return message


@pytest.mark.parametrize(
    ("little", "much"),
    [
        ({"SIMULATOR_MEMORY_MB": "64"}, {"SIMULATOR_MEMORY_MB": "256", **WITHOUT_QSIM}),
        pytest.param(
            {"SIMULATOR_MEMORY_MB": "100", **WITHOUT_QSIM},
            {"SIMULATOR_MEMORY_MB": "100"},
            marks=has_qsim,
        ),
    ],
    ids=["memory", "engines"],
)
def test_what_one_instance_cannot_run_the_other_does(start, database, little, much):
    small = start(SIMULATOR_PROCESSES="1", **little)
    limit = f"the limit is {little['SIMULATOR_MEMORY_MB']} MiB (SIMULATOR_MEMORY_MB)"
    assert limit in refusal(small)
    large = start(SIMULATOR_PROCESSES="1", **much)
    until(lambda: small.client.post("/v1/validate", json=LARGE).json()["accepted"])
    services, both = (small, large), []
    only = [services[n % 2].submit(**LARGE) for n in range(4)]
    for n in range(12):
        both.append(services[n % 2].submit(BELL))
        small.final(both[-1])
    all_final(small, only, 120)
    check_invariants(database, only + both)
    assert started(large, only) == only
    assert started(small, only) == []
    assert started(small, both)
    assert small.client.get(f"/v1/tasks/{only[0]}").json()["usage"]["attempts"] == 1
    large.stop()
    assert limit in refusal(small)


def test_a_task_waits_for_who_can_run_it(start, database):
    api = start("--only", "api", SIMULATOR_MEMORY_MB="256")
    waiting = api.submit(**LARGE)  # nobody is alive: whoever comes may be able to
    small = start("--only", "worker", SIMULATOR_MEMORY_MB="64")
    assert api.final(api.submit(BELL))["status"] == "completed"
    assert "64 MiB" in refusal(api)
    assert api.task(waiting)["status"] == "pending"
    large = start("--only", "worker", SIMULATOR_MEMORY_MB="256")
    assert api.final(waiting)["status"] == "completed"
    assert started(large, [waiting])
    assert "Traceback" not in small.log + large.log + api.log

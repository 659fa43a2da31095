"""GET /v1/backend."""

from __future__ import annotations

import signal
from typing import Any

from asking import LARGE, body, finished, reaches, sql, submit
from service import ENDLESS, STDGATES, Service, until

from quantum_tasks.capability import engines, releases
from quantum_tasks.circuits.gates import BUILT_IN, STANDARD, Basic
from quantum_tasks.settings import Settings


def backend(service: Service) -> dict[str, Any]:
    response = service.client.get("/v1/backend")
    assert response.status_code == 200, response.text
    return body(response)


def test_it_says_what_it_can_do_and_where_the_limits_are(service: Service):
    answer = backend(service)
    assert answer["name"] == "quantum-tasks"
    assert "statevector" in answer["methods"]
    assert {"h", "cx", "rz", "U"} <= set(answer["gates"])
    assert (answer["default_shots"], answer["callbacks"]) == (1024, False)
    usual = Settings()
    limits = answer["limits"]
    assert limits["shots"] == usual.max_shots
    assert limits["program_bytes"] == usual.max_program_bytes
    assert limits["memory_mb"] == 2048
    assert limits["result_bytes"] == 4194304
    assert limits["queued_tasks"] == usual.max_queued_tasks
    assert (limits["tasks_per_batch"], limits["tasks_per_page"], limits["wait_s"]) == (
        1000,
        200,
        60,
    )
    assert limits["stored_bytes"] == usual.max_stored_bytes
    assert (limits["ttl_s"], limits["timeout_s"]) == (usual.result_ttl_s, usual.task_time_limit_s)
    versions = finished(service)["versions"]
    assert versions == answer["versions"]


def test_it_says_which_engines_it_has_and_how_many_qubits_they_take(service: Service, start):
    answer = backend(service)
    assert answer["engines"] == releases()
    single = 27 if "qsim" in engines() else None
    assert answer["limits"]["statevector_qubits"] == {"single": single, "double": 27}
    disabled = {"DISABLED_ENGINES": "qsim,stim", "MAX_QUBITS": "9"}
    without = backend(start("--only", "api", **disabled))
    assert without["engines"] == ["branching", *releases()[-1:]]
    assert without["limits"]["statevector_qubits"] == {"single": None, "double": 9}


def test_it_says_how_much_is_stored(start):
    api = start("--only", "api")
    assert backend(api)["stored_bytes"] == 0
    task = submit(api, tags={"a": "b"})
    stored = backend(api)["stored_bytes"]
    assert 1500 < stored < 5000
    submit(api, f"{STDGATES}qubit q; bit c; c = measure q; // {'x' * 100_000}")
    assert backend(api)["stored_bytes"] > stored + 100_000
    api.client.post(f"/v1/tasks/{task['id']}/cancel")
    assert api.client.delete(f"/v1/tasks/{task['id']}").status_code == 204
    assert backend(api)["stored_bytes"] < stored + 103_000


def test_it_names_every_gate_and_each_can_be_used(service: Service):
    known = {**BUILT_IN, **STANDARD}
    named = backend(service)["gates"]
    assert sorted(named) == sorted({*known, "gphase"})
    for gate in named:
        angles, build = known.get(gate, (1, lambda angle: Basic("gphase", (angle,))))
        number = build(*[0.5] * angles).qubits
        call = f"({', '.join(['0.5'] * angles)})" if angles else ""
        qubits = ", ".join(f"q[{i}]" for i in range(number))
        qc = f"{STDGATES}qubit[3] q; bit c; {gate}{call} {qubits}; c = measure q[0];"
        answer = service.client.post("/v1/validate", json={"qc": qc}).json()
        assert answer["accepted"], (gate, answer)


def test_it_counts_what_all_instances_do(start, database: str):
    one, two = (start(SIMULATOR_PROCESSES="1") for _ in range(2))
    # Two for one large task each, and one each that is kept for others.
    until(lambda: (backend(one)["instances"], backend(one)["simulators"]) == (2, 4), 15)
    empty = {"queued": 0, "running": 0, "cancelling": 0, "oldest_queued_s": None}
    assert backend(one)["queue"] == empty
    running = [submit(one, ENDLESS)["id"] for _ in range(2)]
    for id in running:
        reaches(one, id, "running")
    queued = [submit(two, LARGE)["id"] for _ in range(3)]
    queue = backend(two)["queue"]
    assert (queue["queued"], queue["running"], queue["cancelling"]) == (3, 2, 0)
    assert 0 <= queue["oldest_queued_s"] < 5
    before = backend(one)["ended_last_minute"]
    for _ in range(4):
        finished(one)
    one.client.post("/v1/tasks/cancel", json={"ids": [*running, *queued]})
    for id in running:
        reaches(one, id, "cancelled")
    until(lambda: backend(one)["queue"] == empty, 5)
    # Everything that was started has ended; what was never started is nobody's throughput.
    until(lambda: backend(two)["ended_last_minute"] == before + 6, 10)
    assert backend(two)["refused"] == 0

    two.stop(signal.SIGTERM)
    until(lambda: backend(one)["instances"] == 1, 5)
    # A process that was ended with its task may still be on its way back.
    until(lambda: backend(one)["simulators"] == 2, 15)
    sql(database, "update instances set heartbeat_at = now() - interval '1 minute'")
    lapsed = backend(one)
    assert (lapsed["instances"], lapsed["simulators"]) in ((0, 0), (1, 2))

"""GET /v1/queue."""

from __future__ import annotations

import os
import signal
import socket
from datetime import datetime, timedelta
from typing import Any

import httpx
from asking import LARGE, body, finished, post, reaches, sql, submit
from service import ENDLESS, STDGATES, Service, until

# It compiles, and then needs more for its result than there is.
FAILS = f"{STDGATES}qubit[20] q;\nbit[5000] c;\nh q;\nc[0:19] = measure q;\n"


def queue(service: Service) -> dict[str, Any]:
    response = service.client.get("/v1/queue")
    assert response.status_code == 200, response.text
    return body(response)


def test_it_says_what_was_done_in_the_last_hour(start):
    service = start()
    ids = [finished(service, shots=10)["id"] for _ in range(3)]
    failed = finished(service, FAILS, shots=100_000)
    assert failed["status"] == "failed"
    until(lambda: queue(service)["last_hour"]["failed"], 60)  # up to 30 s on a busy machine
    answer = queue(service)
    hour = answer["last_hour"]
    assert (hour["submitted"], hour["completed"], hour["failed"]) == (4, 3, 1)
    assert hour["failures"] == {failed["error"]["code"]: 1}
    for name in ("submitted", "completed", "failed", "cancelled"):
        assert sum(minute[name] for minute in answer["minutes"]) == hour[name]
    waits = [service.client.get(f"/v1/tasks/{id}").json()["usage"]["queue_ms"] for id in ids]
    least = 0.9 * min(waits) if min(waits) >= 1 else 0.5  # which stands for all below 1
    assert least <= hour["wait_ms"]["p50"]
    assert hour["wait_ms"]["p50"] <= hour["wait_ms"]["p95"]
    assert hour["run_ms"]["p50"] <= hour["run_ms"]["p95"]
    at, since = (datetime.fromisoformat(text) for text in (answer["at"], hour["since"]))
    assert timedelta(minutes=59) <= at - since < timedelta(minutes=60)
    assert answer["oldest_queued_s"] is None
    listed = service.client.get("/v1/tasks", params={"created_after": hour["since"]})
    assert len(listed.json()["tasks"]) == 4


def test_it_says_what_there_is_to_do_and_who_does_it(start, database: str):
    one, two = (start(SIMULATOR_PROCESSES="1") for _ in range(2))
    running = [submit(one, ENDLESS)["id"] for _ in range(2)]
    for id in running:
        reaches(one, id, "running")
    queued = [submit(two, LARGE)["id"] for _ in range(3)]
    until(lambda: [i["busy"] for i in queue(two)["instances"]] == [1, 1], 15)
    until(lambda: queue(two)["queued"] == 3, 5)
    answer = queue(two)
    assert (answer["running"], answer["cancelling"]) == (2, 0)
    assert 0 < answer["oldest_queued_s"] < 20
    assert all(i["alive"] and i["silent_s"] < 6 for i in answer["instances"])
    post(one, {"ids": queued}, "/v1/tasks/cancel")

    two.stop(signal.SIGKILL)
    # As if it were a while later.
    age = "update instances set heartbeat_at = heartbeat_at - interval '15 seconds' where pid = $1"
    steady = "update instances set steady_since = now() - interval '1 minute'"
    sql(database, age, two.process.pid)
    sql(database, steady)
    until(lambda: queue(one)["last_hour"]["instances_lost"] == 1, 15)
    assert len(queue(one)["instances"]) == 1
    post(one, {"ids": running}, "/v1/tasks/cancel")


def test_it_tells_strangers_nothing_of_tasks_clients_and_machines(service: Service):
    id = finished(service, name="confidential", tags={"of": "somebody"})["id"]
    text = service.client.get("/v1/queue").text
    pids = [f":{pid}," for pid in (service.pid, os.getpid())]
    for secret in (socket.gethostname(), "confidential", "somebody", id, "127.0.0.1", *pids):
        assert secret not in text


def test_it_is_read_only(service: Service):
    assert service.client.head("/v1/queue").status_code == 200
    refused = service.client.post("/v1/queue")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")
    packed = httpx.get(f"{service.url}/v1/queue", headers={"Accept-Encoding": "gzip"})
    assert packed.json()["instances"]

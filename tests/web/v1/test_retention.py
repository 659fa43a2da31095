"""What is kept for how long."""

from __future__ import annotations

import asyncio
import time
import uuid
from datetime import datetime

from asking import body, finished, reaches, read, refused, rows_of, sql, submit
from service import BELL, ENDLESS, Service, until
from submitting import submit as given

from quantum_tasks.archive.archive import Archive

GONE = {"status": "error", "message": "Task not found."}


def expired(service: Service, id: str) -> None:
    """A task is 410 wherever it is asked for under /v1, and 404 for the seed's route."""
    for path in ("", "/result", "/events", "/circuit", "/counts.svg"):
        refused(service.client.get(f"/v1/tasks/{id}{path}"), 410, "task_expired")
    for path in ("/cancel", "/rerun"):
        refused(service.client.post(f"/v1/tasks/{id}{path}"), 410, "task_expired")
    refused(service.client.delete(f"/v1/tasks/{id}"), 410, "task_expired")
    refused(service.client.patch(f"/v1/tasks/{id}", json={"name": "x"}), 410, "task_expired")
    response = service.client.get(f"/tasks/{id}")
    assert (response.status_code, response.json()) == (404, GONE)
    listed = service.client.get("/v1/tasks?tag=retention:yes&limit=200").json()["tasks"]
    assert id not in [task["id"] for task in listed]


def test_a_task_expires_when_it_has_said_so_and_is_deleted_then(service, shared_database):
    task = finished(service, ttl_s=1, tags={"retention": "yes"})
    kept = finished(service, ttl_s=60, tags={"retention": "yes"})["id"]
    id = task["id"]
    assert (task["request"]["ttl_s"], read(service, id)["status"]) == (1, "completed")
    # From the moment on, whether or not it has been deleted yet.
    until(lambda: service.client.get(f"/v1/tasks/{id}").status_code == 410, 3, 0.02)
    assert time.time() - _time(task["expires_at"]) < 0.5
    expired(service, id)
    until(lambda: not any(rows_of(shared_database, id).values()), 10, 0.2)
    expired(service, id)
    assert read(service, kept)["status"] == "completed"
    answer = service.client.post("/v1/tasks/cancel", json={"ids": [id]})
    assert answer.json()["tasks"] == [{"id": id, "error": "task_not_found"}]
    # After a week nobody remembers that it was there.
    age = "update expired_tasks set expired_at = now() - interval '8 days' where id::text = $1"
    sql(shared_database, age, id)
    until(lambda: service.client.get(f"/v1/tasks/{id}").status_code == 404, 10, 0.2)
    refused(service.client.get(f"/v1/tasks/{id}"), 404, "task_not_found")
    refused(service.client.get(f"/v1/tasks/{id}/result"), 404, "task_not_found")


def test_the_service_says_for_how_long_at_most_and_begins_at_the_end(start, database: str):
    api = start("--only", "api", RESULT_TTL_S="1")
    task = submit(api)
    assert task["request"]["ttl_s"] == 1
    problem = refused(
        api.client.post("/v1/tasks", json={"qc": BELL, "ttl_s": 2}), 422, "invalid_request"
    )
    assert "RESULT_TTL_S" in problem["detail"]
    time.sleep(1.2)  # a task that waits does not expire
    assert read(api, task["id"])["status"] == "queued"
    cancelled = body(api.client.post(f"/v1/tasks/{task['id']}/cancel"))
    assert cancelled["expires_at"]
    until(lambda: not any(rows_of(database, task["id"]).values()), 10, 0.2)
    expired(api, task["id"])


def test_a_task_that_was_to_be_kept_longer_than_is_usual_now_can_be_run_again(start, database):
    api = start("--only", "api", RESULT_TTL_S="50")
    id = submit(api)["id"]
    sql(database, "update tasks set ttl_s = 100 where id::text = $1", id)
    response = api.client.post(f"/v1/tasks/{id}/rerun")
    assert (response.status_code, response.json()["request"]["ttl_s"]) == (202, 50)


def test_many_that_expire_together_are_deleted_in_batches(service: Service, shared_database):
    ids = [uuid.uuid4() for _ in range(1200)]
    sql(
        shared_database,
        "with t as (insert into tasks (id, queue, shots, status, ended_at, expires_at) "
        "select id, 'elsewhere', 1, 'cancelled', now(), now() from unnest($1::uuid[]) id "
        "returning id, position) insert into programs (task_id, qc, position) "
        "select id, 'x', position from t",
        ids,
    )
    left = "select count(*) from tasks where id = any($1::uuid[])"
    until(lambda: sql(shared_database, left, ids) == 0, 15, 0.2)
    assert (
        sql(shared_database, "select count(*) from expired_tasks where id = any($1)", ids) == 1200
    )
    refused(service.client.get(f"/v1/tasks/{ids[-1]}"), 410, "task_expired")


def test_a_running_task_is_kept_however_long_it_takes(service: Service):
    id = submit(service, ENDLESS, ttl_s=1)["id"]
    reaches(service, id, "running")
    time.sleep(1.3)
    assert read(service, id)["expires_at"] is None
    assert service.client.post(f"/v1/tasks/{id}/cancel").status_code == 202
    reaches(service, id, "cancelled", 3)


def _time(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


async def test_a_task_waits_for_its_callback_before_it_is_deleted(pool, store, submissions):
    extras = '{"ttl_s":1,"callback_url":"http://x.example/"}'
    await store.heartbeat(uuid.UUID(int=1), "host", 1, "0", 0)
    await given(submissions, extras=extras)
    await given(submissions, extras='{"ttl_s":1}')
    tasks, _ = await store.claim(uuid.UUID(int=1), 2)
    for task in tasks:
        await store.complete(task, uuid.UUID(int=1), "{}")
    await asyncio.sleep(1.1)
    archive = Archive(pool)
    assert await archive.expire() == 1
    assert await archive.expire() == 0
    await pool.execute("update callbacks set delivered_at = now()")
    assert await archive.expire() == 1
    assert await pool.fetchval("select count(*) from tasks") == 0

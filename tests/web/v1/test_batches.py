"""POST /v1/tasks with a list under `tasks`."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import struct
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from asking import JSON, body, post, reaches, read, refused, sql
from msgspec import Raw
from service import BELL, STDGATES, Service, until

from quantum_tasks.errors import ServiceBusy
from quantum_tasks.fence.checking import Checker
from quantum_tasks.orders import Limits
from quantum_tasks.queue.fleet import Fleet
from quantum_tasks.settings import Settings
from quantum_tasks.web.answers import submitting

GOOD = {"qc": BELL, "shots": 10}
WRONG_PROGRAM = {"qc": "OPENQASM 3.0;\nqubit q;\n  nosuch q;"}
LOOP = "for int i in [0:98000] { rx(i * 0.1) q; }"
SLOW_TO_CHECK = {"qc": f"{STDGATES}qubit q; bit c; {LOOP} c = measure q;"}  # about a second
WRONG_FIELD = {"qc": BELL, "shots": "many"}


def batch(service: Service, tasks: list[Any], **fields: Any) -> httpx.Response:
    return post(service, {"tasks": tasks, **fields})


def test_a_batch_is_answered_with_ids_in_order(service: Service):
    response = batch(service, [{**GOOD, "name": f"n{i}"} for i in range(20)])
    answer = body(response)
    assert response.status_code == 202
    assert int(response.headers["retry-after"]) >= 1
    assert (answer["accepted"], answer["rejected"]) == (20, 0)
    assert [task["index"] for task in answer["tasks"]] == list(range(20))
    assert {task["status"] for task in answer["tasks"]} == {"queued"}
    tasks = [reaches(service, task["id"], "completed") for task in answer["tasks"]]
    assert [task["name"] for task in tasks] == [f"n{i}" for i in range(20)]
    assert len({task["created_at"] for task in tasks}) == 1


def test_a_thousand_are_taken_and_one_more_is_not(start: Callable[..., Service], database: str):
    api = start("--only", "api")
    small = {"qc": BELL, "tags": {"batch": "large"}}
    refused(batch(api, [small] * 1001), 422, "invalid_request")
    assert sql(database, "select count(*) from tasks") == 0
    began = time.monotonic()
    answer = body(batch(api, [small] * 1000))
    assert time.monotonic() - began < 5
    assert answer["accepted"] == len({task["id"] for task in answer["tasks"]}) == 1000
    assert sql(database, "select count(*) from tasks where status = 'queued'") == 1000
    # They stand in the queue in the order of the list.
    for index in (0, 499, 999):
        assert read(api, answer["tasks"][index]["id"])["queue"]["position"] == index + 1
    cancelled = post(api, {"tags": {"batch": "large"}}, "/v1/tasks/cancel")
    assert len(cancelled.json()["tasks"]) == 1000


def test_all_that_is_wrong_is_reported_by_index_and_nothing_stored(service, shared_database):
    tag = {"tags": {"batch": "atomic"}}
    tasks = [{**GOOD, **tag}, WRONG_PROGRAM, {**GOOD, **tag}, 3, WRONG_FIELD, {"shots": 1}]
    for atomic in ({}, {"atomic": True}):
        problem = refused(batch(service, tasks, **atomic), 422, "batch_invalid")
        assert problem["detail"].startswith("4 of 6 tasks cannot be accepted")
        assert [error["pointer"] for error in problem["errors"]] == [
            "/tasks/1/qc",
            "/tasks/3",
            "/tasks/4/shots",
            "/tasks/5/qc",
        ]
        first, *others = problem["errors"]
        assert (first["code"], first["line"], first["column"]) == ("qasm_semantic", 3, 3)
        assert first["snippet"] == "  nosuch q;\n  ^"
        assert "nosuch" in first["message"]
        assert {error["code"] for error in others} == {"invalid_request"}
        assert "but got a text" in others[1]["message"]
    stored = "select count(*) from task_tags where key = 'batch' and value = 'atomic'"
    assert sql(shared_database, stored) == 0


def test_only_the_valid_are_accepted_if_that_is_wanted(service: Service):
    answer = body(batch(service, [WRONG_PROGRAM, GOOD, WRONG_FIELD, GOOD], atomic=False))
    assert (answer["accepted"], answer["rejected"]) == (2, 2)
    assert [("id" in task, "error" in task) for task in answer["tasks"]] == [
        (False, True),
        (True, False),
        (False, True),
        (True, False),
    ]
    error = answer["tasks"][0]["error"]
    assert (error["code"], error["status"]) == ("qasm_semantic", 422)
    (place,) = error["errors"]
    assert (place["pointer"], place["line"], place["column"]) == ("/qc", 3, 3)
    for index in (1, 3):
        reaches(service, answer["tasks"][index]["id"], "completed")


def test_a_batch_of_which_nothing_is_valid_is_refused_either_way(service: Service):
    for atomic in (True, False):
        problem = refused(batch(service, [WRONG_FIELD] * 3, atomic=atomic), 422, "batch_invalid")
        assert problem["detail"].startswith("3 of 3")
        assert len(problem["errors"]) == 3


@pytest.mark.parametrize(
    ("wanted", "pointer"),
    [
        (b'{"tasks": []}', "/tasks"),
        (b'{"tasks": null}', "/tasks"),
        (b'{"tasks": {"qc": ""}}', "/tasks"),
        (b'{"tasks": [{}], "atomic": 1}', "/atomic"),
        (b'{"tasks": [{}], "qc": ""}', "/qc"),
        (b'{"tasks": [{}], "shots": 5}', "/shots"),
    ],
)
def test_a_batch_has_a_list_of_tasks_and_nothing_else(service: Service, wanted, pointer):
    problem = refused(post(service, wanted), 422, "invalid_request")
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


@pytest.mark.parametrize("atomic", [b"true", b"false"])
def test_what_cannot_be_decoded_is_no_defect_of_ours(service: Service, atomic: bytes):
    for task in (b'{"qc":"\\ud800"}', b'{"qc":"\xff"}', b"[" * 980 + b"]" * 980, b'{"qc":"\\x"}'):
        response = post(service, b'{"atomic":%b,"tasks":[{"qc":""},%b]}' % (atomic, task))
        refused(response, 400, "malformed_json")
    response = post(service, b'{"atomic":%b,"tasks":[{"qc":"","shots":1e999}]}' % atomic)
    problem = refused(response, 422, "batch_invalid")
    assert problem["errors"][0]["pointer"] == "/tasks/0/shots"


def test_a_batch_for_which_there_is_no_room_is_refused_whole(start, database: str):
    api = start("--only", "api", MAX_QUEUED_TASKS="10")
    assert batch(api, [GOOD] * 6).status_code == 202
    response = batch(api, [GOOD] * 5)
    assert "MAX_QUEUED_TASKS" in refused(response, 429, "queue_full")["detail"]
    assert int(response.headers["retry-after"]) >= 1
    refused(batch(api, [GOOD] * 5, atomic=False), 429, "queue_full")
    refused(batch(api, [GOOD] * 11), 429, "queue_full")
    for table in ("tasks", "programs"):
        assert sql(database, f"select count(*) from {table}") == 6  # noqa: S608
    assert sql(database, "select count(*) from idempotency_keys") == 0
    assert batch(api, [GOOD] * 4).status_code == 202
    refused(batch(api, [GOOD]), 429, "queue_full")


def test_others_do_not_wait_until_a_whole_batch_is_checked(service: Service):
    loop = "for int i in [0:4000] { rx(i * 0.001) q[0]; cx q[0], q[i % 7 + 1]; }"
    slow = {"qc": f"{STDGATES}qubit[8] q; bit c; {loop} c = measure q[0];"}
    with ThreadPoolExecutor(1) as clients:
        asking = clients.submit(post, service, {"tasks": [*[slow] * 16, WRONG_FIELD]})
        time.sleep(0.2)
        assert post(service, GOOD).status_code == 202
        assert not asking.done()
        refused(asking.result(), 422, "batch_invalid")


def test_a_service_that_is_killed_within_a_batch_leaves_nothing_of_it(start, database: str):
    """The database is slow at the middle of the batch, and the service dies there."""
    sql(
        database,
        "create function slow() returns trigger language plpgsql as $$ begin "
        "perform pg_sleep(1); return new; end $$",
    )
    sql(
        database,
        "create trigger slow before insert on tasks for each row "
        "when (new.shots = 77) execute function slow()",
    )
    api = start("--only", "api")
    tasks = [{**GOOD, "shots": 77 if i == 50 else 10} for i in range(100)]
    with ThreadPoolExecutor(1) as clients:
        asking = clients.submit(post, api, {"tasks": tasks}, Idempotency_Key="k")
        in_trigger = "select count(*) from pg_stat_activity where wait_event = 'PgSleep'"
        until(lambda: sql(database, in_trigger), 10, 0.01)
        api.stop(signal.SIGKILL)
        with pytest.raises(httpx.TransportError):
            asking.result()
    others = "select count(*) from pg_stat_activity where datname = current_database()"
    until(lambda: sql(database, others) == 1, 10)
    for table in ("tasks", "programs", "idempotency_keys", "procrastinate_jobs"):
        assert sql(database, f"select count(*) from {table}") == 0  # noqa: S608
    again = start("--only", "api")
    response = post(again, {"tasks": tasks}, Idempotency_Key="k")
    assert (response.status_code, response.json()["accepted"]) == (202, 100)
    assert "idempotent-replayed" not in response.headers


def test_a_service_that_is_killed_at_any_moment_leaves_all_or_nothing(start, database: str):
    tasks = [{**GOOD, "name": "x"} for _ in range(300)]
    others = "select count(*) from pg_stat_activity where datname = current_database()"
    stored = 0
    for delay_s in (0.05, 0.15, 0.3, 3.0):
        api = start("--only", "api")
        done = threading.Event()

        def ask(api: Service = api, done: threading.Event = done) -> None:
            with httpx.Client(base_url=api.url, timeout=30) as client:
                try:
                    for _ in range(500):
                        client.post("/v1/tasks", json={"tasks": tasks}, headers=JSON)
                except httpx.TransportError:
                    done.set()

        thread = threading.Thread(target=ask)
        thread.start()
        time.sleep(delay_s)
        os.kill(api.pid, signal.SIGKILL)
        thread.join()
        assert done.is_set()
        until(lambda: sql(database, others) == 1, 10)
        for table in ("tasks", "programs"):
            count = sql(database, f"select count(*) from {table}")  # noqa: S608
            assert count % 300 == 0, (delay_s, table)
        stored = max(stored, count)
    assert stored


def test_a_batch_whose_client_has_gone_is_not_checked_any_further(start: Callable[..., Service]):
    service = start(PARSER_PROCESSES="1")
    content = json.dumps({"tasks": [SLOW_TO_CHECK] * 60}).encode()
    host, port = service.client.base_url.host, service.client.base_url.port
    with socket.create_connection((host, port or 80)) as client:
        head = f"POST /v1/tasks HTTP/1.1\r\nHost: x\r\nContent-Length: {len(content)}\r\n\r\n"
        client.sendall(head.encode() + content)
        until(lambda: service.busy("slow-parser"))
        # One that only says that it has nothing more to say still waits for its answer.
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    # To be idle for a second takes more than to be between two programs.
    until(lambda: not any(parsing(service) or time.sleep(0.05) for _ in range(20)), 10)


def parsing(service: Service) -> list[int]:
    return service.busy("parser") + service.busy("slow-parser")


async def test_a_batch_that_takes_too_long_to_check_is_refused(pool, monkeypatch):
    monkeypatch.setattr(submitting, "_BATCH_CHECK_S", 0.5)
    checker = Checker(1, Limits(memory_mb=1024, max_result_bytes=2**20), 1.8)
    await checker.start()
    try:
        submissions = SimpleNamespace(fleet=Fleet(pool, "tasks"))
        state = SimpleNamespace(settings=Settings(), checker=checker, submissions=submissions)
        request: Any = SimpleNamespace(
            app=SimpleNamespace(state=state), client=None, receive=asyncio.Event().wait
        )
        with pytest.raises(ServiceBusy, match="submit fewer at once"):
            await submitting._check_all(request, [Raw(json.dumps(SLOW_TO_CHECK).encode())] * 60)
        # Nothing is left of it to wait for.
        assert await checker.quickly(BELL, 1024, None)
        assert (await checker.slowly(BELL, 1024, None, "another")).compiled
    finally:
        await checker.stop()

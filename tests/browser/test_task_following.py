"""The page of a task while the task waits and runs, also when the service goes away meanwhile."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable
from typing import Any

from complaints import Complaints
from playwright.sync_api import BrowserContext, Page, Route, expect
from service import BELL, ENDLESS, SLOW, Service, until
from task_page import LONG, TaskPage, finished


def test_a_queued_task_says_its_place_and_when_it_may_start(
    page: Page, start: Callable[..., Service]
) -> None:
    service = start(SIMULATOR_PROCESSES="1")
    running = service.submit(ENDLESS)
    before = service.submit(ENDLESS)
    id = service.submit(ENDLESS)
    until(lambda: service.client.get(f"/v1/tasks/{running}").json()["status"] == "running")
    task = TaskPage(page, service, id)
    task.says("Queued: place 2")
    expect(task.facts).to_contain_text("place 2")
    service.client.post(f"/v1/tasks/{before}/cancel")
    task.says("Queued: place 1")
    # Who listens is not told of each place.
    expect(task.result.locator("[aria-live]").first).to_have_text(
        "Queued: it waits for its turn …"
    )
    service.client.post(f"/v1/tasks/{running}/cancel")
    task.says("Running")
    expect(task.facts).not_to_contain_text("place")
    task.button("Cancel").click()
    task.says("Cancelled.")


def test_a_restart_in_front_of_the_user_loses_nothing(
    page: Page, start: Callable[..., Service], complaints: Complaints
) -> None:
    complaints.expect("ERR_")
    service = start(SIMULATOR_PROCESSES="1")
    port = service.url.rpartition(":")[2]
    long = service.submit(ENDLESS)
    id = service.submit(SLOW, name="the one")
    task = TaskPage(page, service, id)
    task.says("Queued")
    service.stop(signal.SIGKILL)
    gone = time.monotonic()
    task.says("The ")
    expect(task.status).to_contain_text("The task is not lost")
    assert time.monotonic() - gone < 10
    start("--port", port)
    service.url = f"http://127.0.0.1:{port}"
    service.client.base_url = service.url  # type: ignore[assignment]
    service.client.post(f"/v1/tasks/{long}/cancel")
    task.says("Completed")
    expect(task.histogram).to_be_visible()
    named = service.client.get("/v1/tasks?name=the+one").json()["tasks"]
    assert [one["id"] for one in named] == [id]


def test_another_run_that_is_asked_for_during_a_restart_is_one_task(
    page: Page, start: Callable[..., Service], complaints: Complaints
) -> None:
    complaints.expect("ERR_")
    service = start()
    port = service.url.rpartition(":")[2]
    id = finished(service, BELL, name="again")
    task = TaskPage(page, service, id)
    task.says("Completed")
    service.stop(signal.SIGKILL)
    task.button("Run again").click()
    expect(task.note).to_contain_text("The service cannot be reached")
    other = start("--port", port)
    expect(page).not_to_have_url(f"{service.url}/ui/tasks/{id}")
    task.says("Completed")
    assert len(other.client.get("/v1/tasks?name=again").json()["tasks"]) == 2


def test_a_click_whose_answer_is_lost_makes_one_task(
    page: Page, service: Service, complaints: Complaints
) -> None:
    complaints.expect("ERR_FAILED")
    id = finished(service, BELL, name="lost answer")
    task = TaskPage(page, service, id)
    keys: list[Any] = []

    def lose(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        if len(keys) == 1:
            route.fetch()
            route.abort()
        else:
            route.continue_()

    page.route("**/rerun", lose)
    task.button("Run again").dblclick()
    expect(page).not_to_have_url(f"{service.url}/ui/tasks/{id}")
    task.says("Completed")
    assert len(keys) == 2
    assert len(set(keys)) == 1
    assert len(service.client.get("/v1/tasks?name=lost+answer").json()["tasks"]) == 2


HIDE = """hidden => {
  Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def test_a_page_that_nobody_sees_has_no_stream_and_goes_on_where_it_was(
    page: Page, service: Service, complaints: Complaints
) -> None:
    seen: list[str | None] = []
    page.on(
        "request",
        lambda request: (
            request.url.endswith("/events") and seen.append(request.headers.get("last-event-id"))
        ),
    )
    id = service.submit(LONG)
    task = TaskPage(page, service, id)
    task.says("Running")
    # Hidden before its stream has told it of the start, it begins with that again.
    for _ in range(50):
        with page.expect_event("requestfailed", lambda request: request.url.endswith("/events")):
            page.evaluate(HIDE, True)
        if "2" in seen:
            break
        with page.expect_request("**/events"):
            page.evaluate(HIDE, False)
        page.wait_for_timeout(100)
    service.client.post(f"/v1/tasks/{id}/cancel")
    service.final(id)
    # (What it had asked before may come as late as this.)
    expect(task.status).to_have_text(re.compile("Running|Being cancelled"))
    page.evaluate(HIDE, False)
    task.says("Cancelled.")
    assert (seen[0], seen[-1]) == (None, "2")


def test_nine_pages_of_a_browser_follow_a_task(context: BrowserContext, service: Service) -> None:
    id = service.submit(LONG)
    pages = [TaskPage(context.new_page(), service, id) for _ in range(9)]
    for task in pages:
        task.says("Running")
    pages[-1].button("Cancel").click()
    for task in pages:
        task.says("Cancelled.")


def test_an_error_is_marked_in_the_program(
    new_context: Callable[..., BrowserContext], service: Service
) -> None:
    page = new_context().new_page()
    id = finished(service, f"{BELL}qubit spare;\n")
    message = "Index 9 is out of range. (line 7, column 13)"
    error = {"code": "qasm_semantic", "message": message, "line": 7, "column": 13}

    def failed(route: Route) -> None:
        record = route.fetch().json()
        route.fulfill(json={**record, "status": "failed", "error": error})

    page.route(f"**/v1/tasks/{id}", failed)
    task = TaskPage(page, service, id)
    expect(page.get_by_role("alert")).to_contain_text("Index 9 is out of range.")
    expect(task.program.locator("mark.error")).to_have_text("q")
    expect(task.program.locator("mark.warning")).to_have_text("qubit")
    assert task.program.text_content() == f"{BELL}qubit spare;\n"
    page.get_by_role("button", name="Line 7").click()
    assert page.evaluate("getSelection().toString()") == "c = measure q;"

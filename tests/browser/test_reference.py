"""The page at /docs, which shows the API and tries it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from chromium import PHONE
from complaints import Complaints
from measures import Traffic, obstacles, violations
from playwright.sync_api import Locator, Page, expect
from service import BELL, Service

from quantum_tasks.web.openapi import document

DOCUMENT = document()
OPERATIONS = [
    (method.upper(), path, about)
    for path, methods in DOCUMENT["paths"].items()
    for method, about in methods.items()
]
HOSTILE = "<img src=/nosuch onerror='window.ran = 1'><script>window.ran = 1</script>"


class Reference:
    """The page, as a person uses it."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self._address = f"{url}/docs"

    def open(self, name: str = "") -> Locator:
        """Opens the page at what has this name, and returns that."""
        self.page.goto("about:blank")
        self.page.goto(f"{self._address}#{name}")
        expect(self.page.get_by_role("region", name="errors", exact=True)).to_be_visible()
        return self.item(name)

    def item(self, name: str) -> Locator:
        return self.page.locator(f"details[id='{name}']")

    def form(self, name: str) -> Locator:
        return self.page.get_by_role("form", name=f"Try {name}", exact=True)

    def send(self, name: str, says: str | re.Pattern[str]) -> Locator:
        """Sends the request of a form, whose status says this then; returns the answer's text."""
        form = self.form(name)
        form.get_by_role("button", name="Send").click()
        expect(form.get_by_role("status")).to_contain_text(says)
        return form.get_by_role("group", name="Answer")


@pytest.fixture
def reference(page: Page, service: Service) -> Reference:
    return Reference(page, service.url)


@pytest.fixture(scope="module")
def task(service: Service) -> str:
    """The id of a task that has ended."""
    id = service.submit(BELL, name="mine")
    service.final(id)
    return id


def test_it_lists_all_that_the_document_has(reference: Reference) -> None:
    reference.open()
    for method, path, about in OPERATIONS:
        summary = reference.item(about["operationId"]).locator("summary").first
        expect(summary).to_contain_text(f"{method} {path} {about['summary']}")
    for name in DOCUMENT["components"]["schemas"]:
        expect(reference.item(name)).to_have_count(1)
    expect(reference.page.locator("h1")).to_contain_text(DOCUMENT["info"]["version"])


def test_an_operation_says_all_that_the_document_says(reference: Reference) -> None:
    found = reference.open("submit_task")
    for text in (
        "With a header Idempotency-Key, the same request sent again",
        "Any text of yours, a UUID for instance",
        "whole number (0 to 2,147,483,647) or null",  # a type and its limits
        "whole number (0 to 2^63 − 1) or null",
        "How often it is run",
        "default automatic",
        "for example OPENQASM 3.0;",
        "list of Submission (1 to 1,000 items)",
        "application/json: TaskRecord or BatchAnswer",
        "Location: Where the task can be fetched.",
    ):
        expect(found).to_contain_text(text)
    found.get_by_text(re.compile(r"^\d+ errors$")).click()
    errors = found.get_by_role("table", name="Errors")
    expect(errors.get_by_role("row").filter(has_text="queue_full 429")).to_contain_text(
        "So many tasks are queued that this one was not taken; please try again later."
    )
    expect(reference.open("Status")).to_contain_text("one of cancelled cancelling completed")


def test_examples_keep_the_order_of_outcomes(reference: Reference) -> None:
    found = reference.open("read_result")
    found.get_by_text("Example: A Bell state").click()
    expect(found.get_by_role("group", name="Example: A Bell state")).to_contain_text(
        re.compile(r'"counts": \{\s+"00": 509,\s+"11": 491\s+\}')
    )


@pytest.mark.parametrize("name", ["submit", "TaskRecord", "storage_full", "task.storage_full"])
def test_a_link_leads_to_what_it_names(reference: Reference, name: str) -> None:
    reference.open(name)
    target = reference.page.locator(f"[id='{name}']")
    expect(target).to_be_visible()
    expect(target).to_be_in_viewport()
    assert reference.page.locator(":focus").evaluate("(e) => e.closest('[id]').id") == name


def test_what_is_opened_can_be_linked_to(reference: Reference) -> None:
    reference.open()
    reference.item("cancel_task").locator("summary").first.click()
    assert reference.page.url.endswith("#cancel_task")
    reference.item("cancel_task").get_by_role("link", name="TaskRecord").first.click()
    expect(reference.item("TaskRecord")).to_contain_text("created_at")
    reference.item("TaskRecord").get_by_role("link", name="Queue", exact=True).click()
    expect(reference.item("Queue")).to_have_attribute("open", "")
    reference.page.go_back()
    assert reference.page.url.endswith("#TaskRecord")


def test_it_is_searched_by_paths_fields_and_codes(reference: Reference) -> None:
    reference.open()
    page = reference.page
    field = page.get_by_role("searchbox", name="Search")
    for words, there, away in (
        ("counts.svg", "read_counts_svg", "submit"),
        ("ttl_s", "submit_task", "cancel_task"),
        ("post validate", "validate", "read_task"),
        ("statevectorqubits", "StatevectorQubits", "submit_task"),
    ):
        field.fill(words)
        expect(reference.item(there)).to_be_visible()
        expect(reference.item(away)).to_be_hidden()
    field.fill("storage_full")
    expect(page.locator("[id='task.storage_full']")).to_be_visible()
    expect(page.locator("[id=queue_full]")).to_be_hidden()
    field.fill("no such thing")
    expect(page.get_by_text(re.compile(r"^0 of \d+ have it$"))).to_be_visible()
    page.evaluate("location.hash = 'queue_full'")
    expect(page.locator("[id=queue_full]")).to_be_in_viewport()


def test_it_is_used_by_the_keyboard_alone(reference: Reference) -> None:
    reference.open()
    keys = reference.page.keyboard
    keys.press("Control+k")
    keys.type("/v1/backend")
    for key in ("ArrowDown", "ArrowDown", "ArrowUp", "ArrowUp"):
        keys.press(key)
    expect(reference.page.get_by_role("searchbox")).to_be_focused()
    keys.press("Enter")
    expect(reference.form("read_backend")).to_be_visible()
    keys.press("Tab")
    keys.press("Enter")
    expect(reference.form("read_backend").get_by_role("status")).to_contain_text("200 OK")
    expect(reference.form("read_backend").get_by_role("button", name="Send")).to_be_focused()


BODIES = {
    about["operationId"]: content["examples"]
    for _, _, about in OPERATIONS
    for content in about.get("requestBody", {"content": {}})["content"].values()
}


@pytest.mark.parametrize(("name", "examples"), BODIES.items(), ids=BODIES)
def test_every_example_of_a_body_works_when_it_is_tried(
    reference: Reference, task: str, name: str, examples: dict[str, Any]
) -> None:
    found = reference.open(name)
    form = reference.form(name)
    for field in ("id", "Prefer"):
        if form.get_by_label(field, exact=True).count():
            form.get_by_label(field, exact=True).fill({"id": task, "Prefer": "wait=20"}[field])
    for example in examples.values():
        form.get_by_label("Example").select_option(example["summary"])
        assert json.loads(form.get_by_label("Body").input_value()) == example["value"]
        answer = reference.send(name, re.compile(r"^20[02] \w+ after \d+ ms$"))
        assert '"status": "failed"' not in answer.inner_text(), example
        expect(found.get_by_text("application/json", exact=True).first).to_be_visible()


@pytest.mark.skipif(not shutil.which("curl"), reason="the samples need curl")
def test_every_sample_runs(reference: Reference, task: str) -> None:
    reference.open("rerun")
    reference.form("rerun").get_by_label("id", exact=True).fill(task)
    reference.send("rerun", "202")
    samples: dict[str, list[str]] = {"curl": [], "python": []}
    shown = reference.page.evaluate(SAMPLES, task)
    assert set(shown) == {about["operationId"] for _, _, about in OPERATIONS}
    for name, (curl, python) in shown.items():
        if name == "feed":  # it never ends: curl says so by 28
            samples["curl"].append(f"{curl} --max-time 0.5 || [ $? = 28 ]")
        elif name not in ("cancel_task", "delete_task"):  # a task cannot end twice
            samples["curl"].append(curl)
            samples["python"].append(python)
    run("bash", "-ec", "\n".join(samples["curl"]))
    run(sys.executable, "-c", f"for sample in {samples['python']!r}:\n    exec(sample, {{}})")


# Opens each operation; gives its form the id of a task in place of the one that it learned.
SAMPLES = """async (id) => {
  const operations = () => [...document.querySelectorAll("details.item:has(> summary .method)")];
  for (const one of operations()) one.open = true;
  const made = (one) => one.querySelector("form");
  while (!operations().every(made)) await new Promise(requestAnimationFrame);
  return Object.fromEntries(operations().map((one) => {
    const field = one.querySelector("input[required]");
    if (field && !field.value) throw new Error(`${one.id} has not learned the id`);
    if (field) {
      field.value = id;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
    return [one.id, [...one.querySelectorAll("form details pre")].map((pre) => pre.textContent)];
  }));
}"""


def run(*command: str) -> None:
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 0, ran


def test_a_refusal_is_shown_as_it_was_answered(
    reference: Reference, complaints: Complaints
) -> None:
    complaints.expect("status of 4")
    reference.open("submit_task")
    form = reference.form("submit_task")
    form.get_by_label("Body").fill('{"qc": "qubit[2] q; h q[0"}')
    answer = reference.send("submit_task", "422")
    expect(answer).to_contain_text('"code": "qasm_syntax"')
    form.get_by_label("Body").fill('{"qc": ')
    expect(form.locator("details pre").last).to_contain_text('data="{\\"qc\\": ".encode()')
    expect(reference.send("submit_task", "400")).to_contain_text('"code": "malformed_json"')
    expect(form.get_by_text("application/problem+json")).to_be_visible()


def test_the_address_is_made_of_what_was_filled_in(reference: Reference, task: str) -> None:
    reference.open("list_tasks")
    form = reference.form("list_tasks")
    form.get_by_label("status").fill("completed,failed")
    form.get_by_label("tag").fill("a:b c\nd:")
    form.get_by_label("order").select_option(index=1)
    query = "status=completed%2Cfailed&tag=a%3Ab%20c&tag=d%3A&order="
    expect(form.locator("details pre").first).to_contain_text(f"/v1/tasks?{query}")
    expect(reference.send("list_tasks", "200")).to_contain_text('"tasks": []')
    reference.open("read_result")
    form = reference.form("read_result")
    form.get_by_label("id", exact=True).fill(task)
    form.get_by_label("view").select_option("counts")
    form.get_by_label("Accept").select_option("text/csv")
    expect(reference.send("read_result", "200")).to_contain_text("outcome,")


def test_a_drawing_is_shown_as_one(reference: Reference, task: str) -> None:
    reference.open("read_counts_svg")
    reference.form("read_counts_svg").get_by_label("id", exact=True).fill(task)
    reference.send("read_counts_svg", "200")
    drawing = reference.form("read_counts_svg").get_by_role("img", name="What was answered")
    expect(drawing).to_be_visible()
    assert drawing.evaluate("(image) => image.decode().then(() => image.naturalWidth)") > 100


ENDS: dict[str, tuple[Callable[[Page], object], str]] = {
    "by itself": (lambda page: page.clock.fast_forward(10_000), "after 10 s"),
    "by hand": (lambda page: page.get_by_role("button", name="Stop").click(), "Stopped."),
    "when nobody looks": (
        lambda page: page.evaluate(
            "() => { Object.defineProperty(document, 'hidden', { value: true });"
            "document.dispatchEvent(new Event('visibilitychange')); }"
        ),
        "while the page was hidden",
    ),
}


@pytest.mark.parametrize("how", ENDS)
def test_a_stream_is_ended(reference: Reference, service: Service, how: str) -> None:
    end, says = ENDS[how]
    reference.page.clock.install()
    reference.open("feed")
    answer = reference.send("feed", "200 OK")
    id = service.submit(BELL)
    expect(answer).to_contain_text(id)
    with reference.page.expect_event("requestfailed"):
        end(reference.page)
    expect(reference.form("feed")).to_contain_text(says)
    expect(reference.page.get_by_role("button", name="Stop")).to_be_hidden()


def test_no_more_of_an_answer_is_kept_than_is_shown(reference: Reference) -> None:
    reference.page.route("**/healthz", lambda route: route.fulfill(body="x" * 5_000_000))
    reference.open("health")
    answer = reference.send("health", "200")
    expect(reference.form("health")).to_contain_text("after 65,536 characters")
    assert len(answer.inner_text()) == 65_536


def test_texts_of_others_stay_texts(reference: Reference, service: Service, task: str) -> None:
    reference.open("change_task")
    form = reference.form("change_task")
    form.get_by_label("id", exact=True).fill(task)
    form.get_by_label("Body").fill(json.dumps({"name": HOSTILE}))
    expect(reference.send("change_task", "200")).to_contain_text(json.dumps(HOSTILE))
    text = json.dumps(DOCUMENT)
    for word in ("Submits one task", "Name", "text/csv", "idempotency key", "the place"):
        text = text.replace(word, HOSTILE)
    reference.page.route("**/openapi.json", lambda route: route.fulfill(body=text))
    reference.open("submit_task")
    for name in ("list_tasks", "read_result", "TaskRecord"):
        reference.item(name).locator("summary").first.click()
    expect(reference.item("submit_task").get_by_text("<img src=/nosuch").first).to_be_visible()
    assert reference.page.locator("main img, main script").count() == 0
    for fragment in (HOSTILE, "%E0%A4%A", "__proto__", "'] *", "search"):
        reference.page.evaluate("(fragment) => { location.hash = fragment; }", fragment)
    assert reference.page.evaluate("window.ran") is None


def test_a_service_that_is_away_is_said(reference: Reference, complaints: Complaints) -> None:
    complaints.expect("ERR_FAILED|Failed to load")
    reference.open("health")
    reference.page.route("**/healthz", lambda route: route.abort())
    reference.send("health", "There is no answer, or it broke off")
    reference.page.route("**/openapi.json", lambda route: route.abort())
    reference.page.reload()
    expect(reference.page.get_by_role("alert")).to_contain_text("cannot be reached")


def test_it_asks_for_little_and_for_nothing_elsewhere(page: Page, service: Service) -> None:
    traffic = Traffic(page)
    Reference(page, service.url).open("submit_task")
    page.wait_for_load_state("networkidle")
    sizes = traffic.sizes("/openapi.json")
    assert sum(sizes.values()) <= 60_000, sizes


SMALL = """() =>
  [...document.querySelectorAll("main :is(button, select, input, textarea, summary)")]
  .filter((e) => e.checkVisibility() && (Math.min(e.offsetWidth, e.offsetHeight) < 24
    || (!e.matches("button, summary") && parseFloat(getComputedStyle(e).fontSize) < 16)))
  .map((e) => e.outerHTML.slice(0, 200))"""


def test_everybody_can_use_it(reference: Reference, complaints: Complaints, task: str) -> None:
    complaints.expect("status of 404")
    page = reference.page
    reference.open()
    page.get_by_role("searchbox").fill("storage_full")
    assert violations(page) == []
    short = json.loads(json.dumps(DOCUMENT))  # to axe, all of a kind are alike
    for methods in short["paths"].values():
        for method, about in [*methods.items()]:
            if about["operationId"] not in ONE_OF_EACH:
                del methods[method]
    page.route("**/openapi.json", lambda route: route.fulfill(json=short))
    reference.open()
    everything(reference, task)
    assert obstacles(page) == []
    page.set_viewport_size(PHONE)
    assert page.evaluate(SMALL) == []


ONE_OF_EACH = ("change_task", "list_tasks", "read_counts_svg", "fetch", "TaskRecord", "Method")


def everything(reference: Reference, task: str) -> None:
    """One of each kind is open, with an answer, a drawing, an error and all that can be opened."""
    reference.page.get_by_role("searchbox").fill("")
    for name in ONE_OF_EACH:
        reference.item(name).locator("summary").first.click()
    reference.form("change_task").get_by_label("id", exact=True).fill(task)
    reference.send("change_task", "200")
    reference.form("read_counts_svg").get_by_label("id", exact=True).fill(task)
    reference.send("read_counts_svg", "200")
    reference.form("fetch").get_by_label("id", exact=True).fill("nobody")
    reference.send("fetch", "404")
    reference.page.evaluate(
        "document.querySelectorAll('[open] details, #errors-0').forEach((e) => { e.open = true; })"
    )

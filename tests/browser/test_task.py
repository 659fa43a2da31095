"""The page of a task, in a real browser."""

from __future__ import annotations

import re
from pathlib import Path

from complaints import Complaints
from measures import forget, obstacles
from playwright.sync_api import Page, expect
from service import BELL, ENDLESS, STDGATES, Service
from task_page import LONG, TaskPage, finished

NOBODY = "11111111-1111-4111-8111-111111111111"
HOSTILE = "<img src=x onerror=\"document.title='ran'\">"
SWEEP = f"{STDGATES}input float theta;\nqubit q;\nbit c;\nrx(theta) q;\nc = measure q;\n"
FAILING = f"{STDGATES}qubit[20] q;\nbit[5000] c;\nh q;\nc[0:19] = measure q;\n"


def open_task(page: Page, service: Service, id: str) -> None:
    page.goto(f"{service.url}/ui/tasks/{id}")


def test_it_shows_what_a_task_is_and_what_it_brought(page: Page, service: Service) -> None:
    id = finished(service, BELL, name="mine", tags={"of": "tests"}, seed=7, shots=100)
    open_task(page, service, id)
    result = page.get_by_role("region", name="Result")
    expect(result).to_contain_text("Completed: 100 shots.")
    expect(result).to_have_attribute("aria-busy", "false")
    counts = service.task(id)["result"]
    name = "; " + ", ".join(f"{key} {count}" for key, count in sorted(counts.items()))
    expect(result.get_by_role("img", name=f"Histogram: 2 outcomes{name}")).to_be_visible()
    expect(page.get_by_role("img", name="Circuit: 2 qubits")).to_be_visible()
    expect(page.locator("pre#program")).to_have_text(BELL)
    facts = page.get_by_role("region", name="About the task")
    for text in ("mine", "of=tests", "100", "7", "statevector"):
        expect(facts.get_by_role("definition").get_by_text(text, exact=True).first).to_be_visible()
    expect(page).to_have_title("mine: completed · quantum-tasks")


def test_it_follows_a_task_and_can_stop_it(page: Page, service: Service) -> None:
    id = service.submit(ENDLESS)
    open_task(page, service, id)
    result = page.get_by_role("region", name="Result")
    expect(result).to_contain_text("Running")
    page.get_by_role("button", name="Cancel").click()
    expect(result).to_contain_text("Cancelled.")
    expect(page.get_by_role("button", name="Cancel")).to_be_hidden()
    assert service.task(id)["status"] == "cancelled"


def test_a_task_can_be_run_again_and_opened_in_the_composer(page: Page, service: Service) -> None:
    id = finished(service, BELL, name="mine", shots=100, noise={"readout": 0.25}, tags={"a": "b"})
    open_task(page, service, id)
    page.get_by_role("button", name="Run again").click()
    page.wait_for_url(re.compile(rf"/ui/tasks/(?!{id})[0-9a-f-]+$"))
    expect(page.get_by_role("region", name="Result")).to_contain_text("Completed")
    expect(page.get_by_role("link", name="Open in the composer")).to_have_attribute(
        "href", re.compile("^/#1")
    )
    page.get_by_role("link", name="Open in the composer").click()
    expect(page.locator(".cm-content")).to_contain_text("cx q[0], q[1];")
    for field, value in {"Name": "mine", "Shots": "100", "Readout noise": "0.25"}.items():
        expect(page.get_by_label(field, exact=True)).to_have_value(value)
    expect(page.get_by_label("Tags", exact=True)).to_have_value("a=b")


def test_its_drawing_can_be_saved(page: Page, service: Service, tmp_path: Path) -> None:
    id = finished(service, BELL)
    open_task(page, service, id)
    with page.expect_download() as saving:
        page.get_by_role("button", name="Save the drawing").click()
    assert saving.value.suggested_filename == f"{id}.svg"
    saving.value.save_as(tmp_path / "circuit.svg")
    assert (tmp_path / "circuit.svg").read_text().count("<svg ") == 1


def test_a_task_that_nobody_knows_is_not_there(
    page: Page, complaints: Complaints, service: Service
) -> None:
    complaints.expect("status of 404")
    open_task(page, service, NOBODY)
    expect(page.get_by_role("alert")).to_contain_text("There is no task with this id.")
    expect(page.get_by_role("button", name="Run again")).to_be_hidden()


def test_everybody_can_use_it(page: Page, service: Service) -> None:
    noisy = {"noise": {"readout": 0.1}, "memory": True, "shots": 40, "name": HOSTILE}
    angles = [{"theta": 0.3 * step} for step in range(8)]
    tasks = {  # they end in all ways
        "noisy": service.submit(BELL, **noisy, tags={"a": HOSTILE}),
        "swept": service.submit(SWEEP, parameters=angles),
        "values": service.submit(BELL, observables=[{"pauli": "ZZ"}]),
        "failed": service.submit(FAILING),
        "cancelled": service.submit(LONG),
    }
    service.client.post(f"/v1/tasks/{tasks['cancelled']}/cancel")
    for state, id in tasks.items():
        service.final(id)
        task = TaskPage(page, service, id)
        expect(task.result).to_have_attribute("aria-busy", "false")
        expect(page.get_by_role("img", name="Circuit: ")).to_be_visible()
        if state == "noisy":
            page.get_by_text("Memory: the outcome of each shot").click()
            page.get_by_text("Change the name and the tags").click()
            task.button("Copy as Python").click()
            task.button("Exact reference").click()
            expect(task.note).to_contain_text("Beside it")
            task.choose("Sort by", "Hamming distance")
            task.button("Delete").click()
            expect(task.button("Undo")).to_be_visible()
        assert obstacles(page) == [], state
        if state == "noisy":
            task.button("Undo").click()
    assert page.title() != "ran"


def test_the_page_is_small(page: Page, service: Service) -> None:
    id = finished(service, BELL)
    forget(page)
    TaskPage(page, service, id).says("Completed")
    page.wait_for_load_state("networkidle")
    sizes = page.evaluate(
        "Object.fromEntries([...performance.getEntriesByType('navigation'),"
        " ...performance.getEntriesByType('resource')]"
        ".filter((e) => !e.name.includes('/v1/')).map((e) => [e.name, e.encodedBodySize]))"
    )
    assert sum(sizes.values()) < 45_000, sizes
    assert not [name for name in sizes if "editor" in name]


def test_of_ten_thousand_outcomes_as_many_are_drawn_as_one_asks_for(
    page: Page, service: Service
) -> None:
    id = finished(service, BELL)
    shares = {f"{key:014b}": (1 + key % 7) / 40_000 for key in range(10_000)}
    page.route("**/result?view=probabilities*", lambda route: route.fulfill(
        json={"shots": 40_000, "probabilities": shares, "rest": {"outcomes": 0, "probability": 0}}
    ))  # fmt: skip
    task = TaskPage(page, service, id)
    task.says("Completed")
    assert len(task.keys()) == 33
    task.choose("Show", "256 outcomes")
    expect(task.histogram.locator(".key")).to_have_count(257)

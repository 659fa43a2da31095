"""The page of a task, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from chromium import PHONE, WIDE
from complaints import Complaints
from measures import overflow, violations
from playwright.sync_api import BrowserContext, Page, expect
from service import BELL, ENDLESS, Service

NOBODY = "11111111-1111-4111-8111-111111111111"


def open_task(page: Page, service: Service, id: str) -> None:
    page.goto(f"{service.url}/ui/tasks/{id}")


def finished(service: Service, **fields: object) -> str:
    id = service.submit(BELL, **fields)
    service.final(id)
    return id


def test_it_shows_what_a_task_is_and_what_it_brought(page: Page, service: Service) -> None:
    id = finished(service, name="mine", tags={"of": "tests"}, seed=7, shots=100)
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
    id = finished(service, name="mine", shots=100, noise={"readout": 0.25}, tags={"a": "b"})
    open_task(page, service, id)
    page.get_by_role("button", name="Run again").click()
    page.wait_for_url(re.compile(rf"/ui/tasks/(?!{id})[0-9a-f-]+$"))
    expect(page.get_by_role("region", name="Result")).to_contain_text("Completed")
    expect(page.get_by_role("link", name="Open in the composer")).to_have_attribute(
        "href", re.compile("^/#1")
    )
    page.get_by_role("link", name="Open in the composer").click()
    expect(page.locator(".cm-content")).to_contain_text("cx q[0], q[1];")
    for field, value in {"Name": "mine", "Shots": "100", "Noise of readout": "0.25"}.items():
        expect(page.get_by_label(field, exact=True)).to_have_value(value)
    expect(page.get_by_label("Tags", exact=True)).to_have_value("a=b")


def test_its_drawing_can_be_saved(page: Page, service: Service, tmp_path: Path) -> None:
    id = finished(service)
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


@pytest.mark.parametrize("size", [PHONE, WIDE], ids=["phone", "wide"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_use_it(
    new_context: Callable[..., BrowserContext],
    service: Service,
    size: dict[str, int],
    scheme: str,
) -> None:
    page = new_context(viewport=size, color_scheme=scheme).new_page()
    open_task(page, service, finished(service, name="mine"))
    expect(page.get_by_role("img", name="Circuit: 2 qubits")).to_be_visible()
    assert violations(page) == []
    assert not overflow(page)

"""What people do on the page of a task: verify, copy, save, rename, delete."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from complaints import Complaints
from playwright.sync_api import Page, Route, expect
from service import BELL, Service, until
from task_page import TaskPage, finished

HOSTILE = "<img src=x onerror=\"document.title='ran'\">"


def test_the_same_seed_is_identical(page: Page, service: Service) -> None:
    id = finished(service, BELL, name="mine")
    task = TaskPage(page, service, id)
    task.button("Verify").click()
    expect(task.note).to_contain_text("The second run is identical ✓: task")
    again = service.client.get(f"/v1/tasks/{task.others()}").json()
    assert again["request"]["seed"] == service.client.get(f"/v1/tasks/{id}").json()["seed"]
    assert service.task(task.others()) == service.task(id)


def test_another_result_is_not_called_identical(page: Page, service: Service) -> None:
    task = TaskPage(page, service, finished(service, BELL, seed=1))

    def with_another_seed(route: Route) -> None:
        body = json.loads(route.request.post_data or "")
        route.continue_(post_data=json.dumps({**body, "seed": 2}))

    page.route("**/v1/tasks", with_another_seed)
    task.button("Verify").click()
    expect(task.note).to_contain_text(
        "The second run is not identical: engine and versions are the same"
    )


def test_a_result_of_other_versions_says_so(page: Page, service: Service) -> None:
    id = finished(service, BELL, seed=1)

    def older(route: Route) -> None:
        record = route.fetch().json()
        route.fulfill(json={**record, "engine": "qsim 0.1"})

    page.route(f"**/v1/tasks/{id}", older)
    task = TaskPage(page, service, id)
    task.button("Verify").click()
    expect(task.note).to_contain_text(
        re.compile(r"identical ✓, although versions differ \(engine qsim 0.1, now ")
    )


def test_a_large_seed_stays_as_it_is(page: Page, service: Service) -> None:
    seed = 2**63 - 1
    task = TaskPage(page, service, finished(service, BELL, seed=seed))
    expect(task.facts.get_by_text(str(seed))).to_be_visible()
    task.button("Verify").click()
    expect(task.note).to_contain_text("identical ✓")
    task.button("Copy as curl").click()
    expect(task.copied).to_contain_text(f'"seed":{seed}')


def test_the_copies_are_programs_that_run(page: Page, service: Service, tmp_path: Path) -> None:
    qc = BELL + "// a \\ in a comment, and '''quotes'''\n"
    fields = {"seed": 7, "shots": 200, "tags": {"of": "copies"}, "name": "it's"}
    id = finished(service, qc, **fields, noise={"readout": [0.1, 0.2]}, memory=True)
    wanted = service.task(id)["result"]
    task = TaskPage(page, service, id)
    task.button("Copy as Python").click()
    expect(task.copied).to_contain_text("urllib.request")
    printed = eval(_run([sys.executable, "-c", task.copied.inner_text()]))
    assert printed["counts"] == wanted
    task.button("Copy as curl").click()
    expect(task.copied).to_contain_text("curl -s")
    submitted, result = _run(["sh", "-c", task.copied.inner_text()]).split("}{", 1)
    again = json.loads("{" + result)
    assert again["counts"] == wanted
    assert json.loads(submitted + "}")["name"] == "it's"
    task.button("Copy as Qiskit").click()
    expect(task.copied).to_contain_text("# Left out: noise, memory.")
    counts = eval(_run([sys.executable, "-W", "ignore", "-c", task.copied.inner_text()]))
    assert set(counts) == {"00", "11"}


def _run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("button", "name", "beginning"),
    [
        ("Download JSON", "{}-result.json", '{"id":"{}","shots":50,"counts":{'),
        ("Download CSV", "{}-result.csv", "outcome,count\r\n00,"),
        ("Download SVG", "{}-result.svg", "<svg "),
    ],
)
def test_a_result_can_be_saved(
    page: Page, service: Service, tmp_path: Path, button: str, name: str, beginning: str
) -> None:
    id = finished(service, BELL, shots=50)
    task = TaskPage(page, service, id)
    with page.expect_download() as saving:
        task.button(button).click()
    assert saving.value.suggested_filename == name.replace("{}", id)
    saving.value.save_as(tmp_path / "it")
    assert beginning.replace("{}", id) in (tmp_path / "it").read_bytes().decode()


def test_name_and_tags_can_be_changed_whatever_they_are(page: Page, service: Service) -> None:
    id = finished(service, BELL, name=HOSTILE, tags={"old": "1", "kept": "a=b, c"})
    task = TaskPage(page, service, id)
    expect(task.facts).to_contain_text(HOSTILE)
    page.get_by_text("Change the name and the tags").click()
    tags = page.get_by_label("Tags, one a line")
    expect(tags).to_have_value("old=1\nkept=a=b, c")
    tags.fill(f"kept=a=b, c\nnew={HOSTILE}\n")
    page.get_by_label("Name", exact=True).fill("better")
    task.button("Save").click()
    expect(task.facts.get_by_role("status")).to_have_text("Saved.")
    expect(page).to_have_title("better: completed · quantum-tasks")
    record = service.client.get(f"/v1/tasks/{id}").json()
    assert (record["name"], record["tags"]) == ("better", {"kept": "a=b, c", "new": HOSTILE})
    tags.fill("no tag")
    task.button("Save").click()
    expect(task.facts.get_by_role("status")).to_have_text("'no tag' is no tag: write key=value.")


def test_a_wrong_tag_gets_the_services_sentence(
    page: Page, service: Service, complaints: Complaints
) -> None:
    complaints.expect("status of 422")
    task = TaskPage(page, service, finished(service, BELL))
    page.get_by_text("Change the name and the tags").click()
    page.get_by_label("Tags, one a line").fill("a key=1")
    task.button("Save").click()
    expect(task.facts.get_by_role("status")).to_contain_text("tags")


def test_a_deletion_can_be_undone(page: Page, service: Service) -> None:
    id = finished(service, BELL)
    page.clock.install()
    task = TaskPage(page, service, id)
    task.button("Delete").click()
    expect(page.get_by_text("This task will be deleted")).to_be_visible()
    expect(task.button("Undo")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("This task will be deleted")).to_be_hidden()
    expect(task.button("Delete")).to_be_focused()
    page.clock.run_for(20_000)
    assert service.task(id)["status"] == "completed"


def test_a_task_is_deleted_after_some_seconds(page: Page, service: Service) -> None:
    id = finished(service, BELL)
    page.clock.install()
    task = TaskPage(page, service, id)
    task.button("Delete").click()
    expect(task.button("Undo")).to_be_visible()
    assert service.task(id)["status"] == "completed"
    page.clock.run_for(8_000)
    expect(page.get_by_role("status")).to_have_text("This task is deleted.")
    assert service.task(id)["status"] == "error"


def test_who_leaves_the_page_has_deleted_the_task(page: Page, service: Service) -> None:
    id = finished(service, BELL)
    task = TaskPage(page, service, id)
    task.button("Delete").click()
    expect(page.get_by_text("when you leave the page")).to_be_visible()
    page.goto(f"{service.url}/ui/tasks")
    until(lambda: service.task(id)["status"] == "error", 5)

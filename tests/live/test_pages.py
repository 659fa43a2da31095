"""The pages of a running service, in a browser."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from instances import Live
from known_programs import BELL
from measures import overflow, violations
from playwright.sync_api import Page, expect

Opened = Callable[[str], Page]


def test_a_program_is_written_and_run_on_the_page(opened: Opened, live: Live) -> None:
    page = opened("/")
    page.get_by_role("textbox", name="Program").focus()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(BELL)
    page.get_by_role("button", name="Run", exact=True).click()
    result = page.get_by_role("region", name="Result")
    expect(result).to_contain_text("Completed")
    expect(result.get_by_role("img", name=re.compile("^Histogram: 2 outcomes"))).to_be_visible()
    path = result.get_by_role("link", name=re.compile("^[0-9a-f-]{36}$")).get_attribute("href")
    assert path is not None
    deleted = live.ask("DELETE", f"/v1/tasks/{path.rpartition('/')[2]}")  # it would be kept long
    assert deleted.status_code == 204


def test_a_task_has_a_page(opened: Opened, live: Live) -> None:
    task = live.run(BELL, shots=100, name="seen on a page")
    page = opened(f"/ui/tasks/{task['id']}")
    expect(page.get_by_role("region", name="Result")).to_contain_text("Completed")
    expect(page).to_have_title(re.compile("seen on a page"))


def test_the_reference_sends_a_request(opened: Opened) -> None:
    page = opened("/docs#read_backend")
    form = page.get_by_role("form", name="Try read_backend")
    form.get_by_role("button", name="Send").click()
    expect(form.get_by_role("status")).to_contain_text("200")
    expect(form.get_by_role("group", name="Answer")).to_contain_text('"engines"')


@pytest.mark.parametrize("path", ["/", "/ui/tasks", "/ui/queue", "/docs"])
def test_every_page_is_whole(opened: Opened, path: str) -> None:
    page = opened(path)
    page.wait_for_load_state()
    expect(page.locator("main")).to_be_visible()
    assert violations(page) == []
    page.set_viewport_size({"width": 360, "height": 800})
    assert not overflow(page)

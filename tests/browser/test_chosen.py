"""Tasks that are selected in the list, and what is done with them, in a real browser."""

from __future__ import annotations

from measures import obstacles
from playwright.sync_api import Page, expect
from service import Service
from task_list import add, done, visit

MANY = 250


def test_all_that_match_are_cancelled_by_one_request(
    page: Page, service: Service, shared_database: str, group: str
) -> None:
    add(shared_database, MANY, f"wanted {group}")
    add(shared_database, 20, f"another {group}")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.post_data or ""))
    table = visit(page, service, f"q=wanted {group}")
    expect(table.locator("tbody tr")).to_have_count(100)
    page.get_by_role("checkbox", name="Select all that are shown").check()
    page.get_by_role("button", name=f"Select all {MANY} that match").click()
    page.get_by_role("button", name=f"Cancel {MANY}").click()
    dialog = page.get_by_role("dialog", name=f"Cancel {MANY} tasks?")
    dialog.get_by_role("button", name="Keep them").click()
    expect(dialog).to_be_hidden()
    assert [body for body in sent if "filter" in body and "dry_run" not in body] == []
    page.get_by_role("button", name=f"Cancel {MANY}").click()
    dialog.get_by_role("button", name=f"Cancel {MANY}").click()
    expect(page.get_by_text(f"{MANY} tasks cancelled.").first).to_be_visible()
    assert [body for body in sent if "dry_run" not in body and body] == [
        f'{{"filter":{{"q":"wanted {group}"}}}}'
    ]
    expect(table.locator("tbody tr", has_text="cancelled")).to_have_count(100)
    left = service.client.get(f"/v1/tasks?status=queued&q={group}&limit=200").json()["tasks"]
    assert [task["name"] for task in left] == [f"another {group}"] * 20
    service.client.post("/v1/tasks/cancel", json={"filter": {"name": f"another {group}"}})


def test_everybody_can_answer_the_question(
    page: Page, service: Service, shared_database: str, group: str
) -> None:
    add(shared_database, 110, group)
    visit(page, service, f"name={group}")
    page.get_by_role("checkbox", name="Select all that are shown").check()
    page.get_by_role("button", name="Select all 110 that match").click()
    page.get_by_role("button", name="Cancel 110").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert obstacles(page) == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    left = service.client.get(f"/v1/tasks?name={group}&status=cancelled").json()["tasks"]
    assert left == []
    service.client.post("/v1/tasks/cancel", json={"filter": {"name": group}})


def test_of_those_that_have_ended_none_is_offered_to_be_cancelled(
    page: Page, service: Service, group: str
) -> None:
    done(service, group, "one", "another")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method))
    table = visit(page, service, f"tag=group:{group}&ended_after=2026-01-01T00:00:00Z")
    expect(table.locator("tbody tr")).to_have_count(2)
    page.get_by_role("checkbox", name="Select all that are shown").check()
    expect(page.get_by_role("button", name="Compare")).to_be_enabled()
    expect(page.get_by_role("button", name="Cancel")).to_be_disabled()
    expect(page.get_by_role("alert")).to_be_hidden()
    assert "POST" not in sent

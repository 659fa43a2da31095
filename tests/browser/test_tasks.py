"""The page that lists tasks, in a real browser."""

from __future__ import annotations

import re

from complaints import Complaints
from measures import Traffic, obstacles, violations
from playwright.sync_api import BrowserContext, Page, expect
from service import BELL, ENDLESS, Service
from task_list import add, done, names, visit

from quantum_tasks.errors import TASK_ERRORS


def test_tasks_are_listed_with_the_latest_first(page: Page, service: Service, group: str) -> None:
    done(service, group, "one", "two")
    done(service, group, "three", qc=BELL.replace("2", "3"))
    table = visit(page, service, f"tag=group:{group}")
    expect(table.locator("tbody tr")).to_have_count(3)
    assert names(table) == ["three", "two", "one"]
    row = table.get_by_role("row", name=re.compile("two"))
    for text in (f"group:{group}", "completed", "1,024"):
        expect(row).to_contain_text(text)
    assert row.get_by_role("link").get_attribute("href").startswith("/ui/tasks/")
    expect(page).to_have_title("Tasks · quantum-tasks")


def test_cells_change_in_place_and_arrivals_are_announced(
    page: Page, service: Service, group: str
) -> None:
    id = service.submit(ENDLESS, name="endless", tags={"group": group})
    table = visit(page, service, f"tag=group:{group}")
    row = table.get_by_role("row", name=re.compile("endless"))
    expect(row).to_contain_text("running")
    place = row.bounding_box()
    done(service, group, "newer", "newest")
    news = page.get_by_role("button", name="2 new")
    expect(news).to_be_visible()
    assert names(table) == ["endless"]
    service.client.post(f"/v1/tasks/{id}/cancel")
    expect(row).to_contain_text("cancelled")
    assert row.bounding_box() == place
    news.click()
    expect(table.locator("tbody tr")).to_have_count(3)
    assert names(table) == ["newest", "newer", "endless"]
    expect(page.get_by_role("button", name="new")).to_be_hidden()
    expect(page.get_by_role("checkbox", name="Select newest")).to_be_focused()


def test_filters_are_in_the_address_and_the_way_back_undoes_them(
    page: Page, service: Service, group: str
) -> None:
    done(service, group, "apple", "pear")
    table = visit(page, service, f"tag=group:{group}")
    expect(page.get_by_label("Tags", exact=True)).to_have_value(f"group:{group}")
    page.get_by_label("Search").fill("pea")
    expect(table.locator("tbody tr")).to_have_count(1)
    assert names(table) == ["pear"]
    assert "q=pea" in page.url
    page.get_by_label("Status").select_option("failed")
    expect(page.get_by_text("No task matches.")).to_be_visible()
    page.reload()
    expect(page.get_by_text("No task matches.")).to_be_visible()
    expect(page.get_by_label("Status")).to_have_value("failed")
    page.go_back()
    expect(table.locator("tbody tr")).to_have_count(1)
    expect(page.get_by_label("Status")).to_have_value("")
    page.go_back()
    expect(table.locator("tbody tr")).to_have_count(2)


def test_times_and_tags_are_sent_as_the_list_takes_them(
    page: Page, service: Service, group: str
) -> None:
    done(service, group, "now")
    table = visit(page, service)
    page.get_by_text("More filters").click()
    page.get_by_label("Submitted before").fill("2020-01-31T12:00:00")
    expect(page.get_by_text("No task matches.")).to_be_visible()
    assert "created_before=20" in page.url
    page.get_by_label("Submitted before").fill("")
    page.get_by_label("Ended from").fill("2100-01-31T12:00:00")
    expect(page).to_have_url(re.compile("[?]ended_after=2100"))
    expect(page.get_by_text("No task matches.")).to_be_visible()
    page.get_by_label("Ended from").fill("")
    page.get_by_label("Failed with").select_option("task_lost")
    expect(page).to_have_url(re.compile("[?]error=task_lost$"))
    expect(page.get_by_text("No task matches.")).to_be_visible()
    shown = page.get_by_label("Failed with").locator("option").all_inner_texts()
    assert shown == ["anything", *TASK_ERRORS]
    page.get_by_label("Failed with").select_option("")
    page.get_by_label("Tags").fill(f"group={group}")
    expect(table.locator("tbody tr")).to_have_count(1)
    assert f"tag=group%3A{group}" in page.url


def test_a_filter_that_is_wrong_says_so(
    page: Page, service: Service, complaints: Complaints
) -> None:
    complaints.expect("status of 422")
    visit(page, service, "created_before=yesterday")
    expect(page.get_by_role("alert")).to_contain_text("expected a time like")


def test_the_rest_of_a_list_is_added_below(
    page: Page, service: Service, shared_database: str, group: str
) -> None:
    add(shared_database, 130, group)
    table = visit(page, service, f"name={group}")
    expect(table.locator("tbody tr")).to_have_count(100)
    page.get_by_role("button", name="More", exact=True).click()
    expect(table.locator("tbody tr")).to_have_count(130)
    expect(page.get_by_role("button", name="More", exact=True)).to_be_hidden()


def test_a_service_that_is_away_is_said_and_found_again(
    page: Page, service: Service, group: str, complaints: Complaints
) -> None:
    complaints.expect("ERR_FAILED")
    page.route(re.compile("/v1/tasks/feed"), lambda route: route.abort())
    table = visit(page, service, f"tag=group:{group}")
    expect(page.get_by_text("The connection to the service is lost.")).to_be_visible()
    page.unroute(re.compile("/v1/tasks/feed"))
    expect(page.get_by_text("The connection to the service is lost.")).to_be_hidden()
    done(service, group, "back")
    expect(table.locator("tbody tr")).to_have_count(1)


def test_a_page_that_nobody_sees_has_no_stream_and_goes_on_where_it_was(
    page: Page, service: Service, group: str
) -> None:
    streams: list[str] = []
    closed: list[str] = []
    page.on(
        "request", lambda r: "feed" in r.url and streams.append(r.headers.get("last-event-id"))
    )
    page.on("requestfailed", lambda r: "feed" in r.url and closed.append(r.url))
    id = service.submit(ENDLESS, name="endless", tags={"group": group})
    table = visit(page, service, f"tag=group:{group}")
    expect(table).to_contain_text("running")
    done(service, group, "one more")
    expect(page.get_by_role("button", name="1 new")).to_be_visible()
    see = """(hidden) => {
      Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }"""
    page.evaluate(see, True)
    page.wait_for_timeout(300)
    assert len(closed) == 1
    service.client.post(f"/v1/tasks/{id}/cancel")
    service.final(id)
    expect(table).to_contain_text("running")
    page.evaluate(see, False)
    expect(table).to_contain_text("cancelled")
    assert (streams[0], len(streams)) == (None, 2)
    assert re.fullmatch(r"\d+\.\d+\.\d+", streams[1])


def test_nine_lists_of_a_browser_are_followed(
    context: BrowserContext, service: Service, group: str
) -> None:
    id = service.submit(ENDLESS, name="endless", tags={"group": group})
    tables = [visit(context.new_page(), service, f"tag=group:{group}") for _ in range(9)]
    service.client.post(f"/v1/tasks/{id}/cancel")
    for table in tables:
        expect(table).to_contain_text("cancelled")


def test_the_page_is_small(page: Page, service: Service) -> None:
    page.goto("about:blank")
    traffic = Traffic(page)
    visit(page, service, "name=no+such")
    sizes = traffic.sizes("/lit-html.js")
    assert sum(sizes.values()) <= 45_000, sizes


def test_everybody_can_use_it(page: Page, service: Service, group: str) -> None:
    visit(page, service, "name=no+such")
    assert violations(page) == []
    done(service, group, "one", "two" * 60)
    service.run(BELL, name="late", timeout_s=0.001, tags={"group": group})
    visit(page, service, f"tag=group:{group}")
    page.get_by_role("checkbox", name="Select one").check()
    page.get_by_role("checkbox", name="Select twotwo").check()
    assert obstacles(page) == []
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("img", name="Comparison")).to_be_visible()
    assert obstacles(page) == []

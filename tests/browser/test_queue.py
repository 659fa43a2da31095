"""The page Queue, in a real browser."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import answers
import pytest
from chromium import PHONE
from complaints import Complaints
from measures import forget, layout_shift, obstacles
from overviews import OVERVIEWS, instance, minute, overview
from playwright.sync_api import Locator, Page, expect
from service import BELL, ENDLESS, Service, until


def open_queue(page: Page, service: Service, *given: dict[str, Any]) -> None:
    """Opens the page; with answers, these come in turn, and the last one again and again."""
    if given:
        answer(page, *given)
    page.goto(f"{service.url}/ui/queue")
    page.locator("#board[aria-busy=false]").wait_for()  # it shows the first answer


def answer(page: Page, *given: dict[str, Any]) -> None:
    answers.answer(page, *((200, one) for one in (*given, *given[-1:] * 99)), to=answers.QUEUE)


def tile(page: Page, name: str) -> Locator:
    """The number under a name."""
    named = page.get_by_text(name, exact=True)
    return page.locator("dl.tiles > div").filter(has=named).locator("dd")


def leads_to(link: Locator) -> dict[str, str]:
    """The parameters of the list that a link leads to."""
    parts = urlsplit(link.get_attribute("href") or "")
    assert parts.path == "/ui/tasks"
    return {name: value for name, (value,) in parse_qs(parts.query).items()}


@pytest.fixture
def started(start: Callable[..., Service]) -> Service:
    return start(SIMULATOR_PROCESSES="1")


def test_it_shows_what_the_service_does_while_it_does_it(page: Page, started: Service) -> None:
    open_queue(page, started)
    expect(page.get_by_text("Nothing was submitted in the last hour.")).to_be_visible()
    expect(tile(page, "Queued")).to_have_text("0")
    id = started.submit(ENDLESS)
    expect(tile(page, "Running")).to_have_text("1")
    expect(tile(page, "Simulators at work")).to_have_text("1 of 2")
    started.client.post(f"/v1/tasks/{id}/cancel")
    expect(page.get_by_text("Nothing was submitted")).to_be_hidden()
    for _ in range(3):
        started.run(BELL)
    ended = page.get_by_role("img", name="Tasks that ended, per minute in the last hour")
    expect(ended).to_have_attribute("aria-label", re.compile(r"at most [34]; now completed \d"))
    expect(tile(page, "Ended in the last minute")).to_have_text("4")
    expect(tile(page, "Run, p50 · p95")).to_have_text(re.compile(r"^[\d.]+.m?s · [\d.]+.m?s$"))
    expect(page.get_by_role("region", name="Instances").get_by_role("row")).to_have_count(2)


def test_every_number_leads_to_the_tasks_behind_it(page: Page, service: Service) -> None:
    state = OVERVIEWS["failing"]
    open_queue(page, service, state)
    since = state["last_hour"]["since"]
    expect(tile(page, "Queued")).to_have_text("1,234")
    for name, parameters in {
        "Queued": {"status": "queued"},
        "Oldest queued": {"status": "queued", "order": "created_at"},
        "Running": {"status": "running"},
        "Simulators at work": {"status": "running"},
        "Failed in the last hour": {"status": "failed", "ended_after": since},
        "Wait, p50 · p95": {"status": "completed,failed", "ended_after": since},
        "Run, p50 · p95": {"status": "completed,failed", "ended_after": since},
    }.items():
        assert leads_to(tile(page, name).get_by_role("link")) == parameters, name
    page.get_by_role("button", name="Minute by minute").click()
    rows = page.get_by_role("region", name="Minute by minute").get_by_role("row")
    expect(rows).to_have_count(61)
    after, before = "2026-01-02T03:04:00.000Z", "2026-01-02T03:05:00.000Z"
    failed, submitted = (rows.nth(1).get_by_role("link", name=n) for n in ("failed", "submitted"))
    ended = {"ended_after": after, "ended_before": before}
    assert leads_to(failed) == {**ended, "status": "failed"}
    assert leads_to(submitted) == {"created_after": after, "created_before": before}
    # The list knows all these parameters.
    links = page.locator("a[href^='/ui/tasks?']").evaluate_all("all => all.map((a) => a.search)")
    for query in links[:12]:
        assert service.client.get(f"/v1/tasks{query}").status_code == 200
    page.get_by_role("region", name="Failures").get_by_role("link").first.click()
    page.wait_for_url(f"{service.url}/ui/tasks?status=failed&error=memory_exceeded&ended_after=*")


def test_a_click_on_a_minute_of_a_chart_leads_to_its_tasks(page: Page, service: Service) -> None:
    open_queue(page, service, OVERVIEWS["busy"])
    page.get_by_role("img", name="Tasks in the queue").click()
    page.wait_for_url(re.compile(r"/ui/tasks\?created_after=.*&created_before="))
    page.go_back()
    page.get_by_role("img", name="Tasks that ended").click()
    page.wait_for_url(re.compile(r"/ui/tasks\?ended_after=.*&ended_before="))


def test_numbers_change_in_place(page: Page, service: Service) -> None:
    open_queue(page, service, overview(queued=1), overview(queued=2))
    expect(tile(page, "Queued")).to_have_text("1")
    tile(page, "Queued").get_by_role("link").focus()
    expect(tile(page, "Queued")).to_have_text("2")
    expect(tile(page, "Queued").get_by_role("link")).to_be_focused()
    assert layout_shift(page) < 0.02


def test_an_instance_that_falls_silent_is_seen(page: Page, service: Service) -> None:
    late = instance(2, silent_s=9.4, busy=None)
    open_queue(page, service, overview(instances=[instance(), late]), OVERVIEWS["died"])
    table = page.get_by_role("region", name="Instances")
    expect(table.get_by_role("row").nth(2)).to_contain_text("silent for 9 s")
    expect(table.get_by_role("row").nth(2)).to_contain_text("? of 3")
    expect(table.get_by_role("row").nth(1)).to_contain_text("1 s ago")
    expect(table).to_contain_text("1 instance died in the last hour. What it was running")
    # What it had at work is at work no more.
    expect(tile(page, "Simulators at work")).to_have_text("3 of 3")


def test_without_an_instance_it_says_that_tasks_wait(page: Page, service: Service) -> None:
    open_queue(page, service, OVERVIEWS["nobody"])
    expect(page.get_by_text("No instance runs tasks at the moment.")).to_be_visible()


def test_the_tables_say_what_the_charts_show(page: Page, service: Service) -> None:
    one = minute(
        59,
        submitted=5,
        completed=4,
        failed=1,
        queued=7,
        running=2,
        run_ms={"p50": 0.5, "p95": 1250.0},
    )
    open_queue(page, service, overview([minute(57), one]))
    # Everybody hears it, also who does not open it; there is no row for a minute that is unknown.
    table = page.get_by_role("region", name="Minute by minute").get_by_role("table")
    cells = table.get_by_role("row").nth(1).get_by_role("cell").all_inner_texts()
    shown = [cell.replace("\xa0", " ") for cell in cells[1:]]
    assert shown == ["5", "4", "1", "0", "7", "2", "–", "< 1 ms · 1.25 s"]
    expect(table.get_by_role("row")).to_have_count(3)
    expect(table.get_by_role("link")).to_have_count(0)
    chart = page.get_by_role("img", name="Run in the last hour: at most 1.25")
    expect(chart).to_have_attribute("aria-label", re.compile("now p50 <.1.ms, p95 1.25.s$"))
    expect(
        page.get_by_role("img", name="Wait before the start in the last hour: nothing ran")
    ).to_be_visible()


def test_a_service_that_goes_and_comes_back(
    page: Page, complaints: Complaints, service: Service
) -> None:
    open_queue(page, service, overview())
    expect(tile(page, "Queued")).to_have_text("0")
    complaints.expect("ERR_FAILED")
    answers.answer(page, to=answers.QUEUE)
    banner = page.get_by_role("alert")
    expect(banner).to_contain_text("cannot be reached. Is it running? The numbers are old")
    expect(tile(page, "Queued")).to_have_text("0")
    answer(page, overview(queued=1))
    expect(tile(page, "Queued")).to_have_text("1")
    expect(banner).to_be_hidden()


def test_a_database_that_is_away_is_told(
    page: Page, complaints: Complaints, service: Service
) -> None:
    complaints.expect("status of 503")
    problem = {"code": "database_unavailable", "detail": "The database does not answer."}
    answers.answer(
        page, (503, problem, {"Retry-After": "0"}), (200, overview(queued=3)), to=answers.QUEUE
    )
    page.goto(f"{service.url}/ui/queue")
    expect(page.get_by_role("alert")).to_have_text("The database does not answer. Still asking …")
    expect(tile(page, "Queued")).to_have_text("3")
    expect(page.get_by_role("alert")).to_be_hidden()


def test_nobody_is_asked_while_nobody_looks(page: Page, service: Service) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.clock.install()
    open_queue(page, service, OVERVIEWS["busy"])
    expect(tile(page, "Queued")).to_have_text("1,234")

    def looks(state: str) -> None:
        page.evaluate(
            """(state) => {
              const now = { value: state, configurable: true };
              Object.defineProperty(document, "visibilityState", now);
              document.dispatchEvent(new Event("visibilitychange"));
            }""",
            state,
        )

    looks("hidden")
    before = len(asked)
    page.clock.run_for(60_000)
    assert len(asked) == before
    looks("visible")
    until(lambda: page.evaluate("1") and len(asked) == before + 1, 10)
    page.clock.run_for(4500)
    until(lambda: page.evaluate("1") and len(asked) >= before + 2, 10)


def test_a_first_visit_takes_few_bytes(page: Page, service: Service) -> None:
    forget(page)
    sizes: dict[str, int] = {}
    page.on("response", lambda r: sizes.__setitem__(r.url, len(gzip.compress(r.body(), 9))))
    open_queue(page, service)
    expect(tile(page, "Queued")).to_be_visible()
    until(lambda: page.evaluate("1") and any("lit-html" in url for url in sizes), 10)
    assert sum(sizes.values()) <= 45_000, sizes


def test_everybody_can_use_it(page: Page, complaints: Complaints, service: Service) -> None:
    for name in ("empty", "busy", "failing", "died", "nobody"):
        state = OVERVIEWS[name]  # its table with a few rows: to axe, all are alike
        open_queue(page, service, {**state, "minutes": state["minutes"][-3:]})
        expect(page.get_by_role("img", name="Run in the last hour")).to_be_visible()
        if name == "failing":
            page.get_by_role("button", name="Minute by minute").click()
        if name == "nobody":
            complaints.expect("ERR_FAILED")
            answers.answer(page, to=answers.QUEUE)  # now nobody answers, either
            expect(page.get_by_role("alert")).to_be_visible()
        assert obstacles(page) == [], name
        page.set_viewport_size(PHONE)
        small = page.locator("main a, main button").evaluate_all(
            "all => all.filter((one) => { const box = one.getBoundingClientRect();"
            " return box.width < 24 || box.height < 24; }).map((one) => one.outerHTML)"
        )
        assert small == [], name

"""The pages, in a real browser against the real service."""

from __future__ import annotations

import json
import re
import subprocess
from typing import Literal

import pytest
from chromium import PHONE, WIDE
from complaints import Complaints
from front_page import PENDING, SUBMITTED, FrontPage, static
from measures import layout_shift, overflow, violations
from playwright.sync_api import Page, Route, ViewportSize, expect
from service import BELL, STDGATES, Service

# What an example promises: outcomes, and the least share of the shots that they take.
EXAMPLES = {
    "bell": ({"00", "11"}, 1.0),
    "ghz": ({"0" * 20, "1" * 20}, 1.0),
    "teleportation": ({"0 00", "0 01", "0 10", "0 11"}, 0.8),
    "grover": ({"101"}, 0.9),
    "phase-estimation": ({"0101"}, 1.0),
    "repeat-until-success": ({"0 0", "1 0"}, 1.0),
}
Scheme = Literal["light", "dark"]
HOSTILE = "<img src=x onerror=alert(1)>"
OTHER_HOST = "service"  # the browser takes it for 127.0.0.1
UNREACHABLE = "The service cannot be reached. Is it running?"


@pytest.fixture
def phone(page: Page, service: Service) -> FrontPage:
    """The page at `/`, as wide as a small phone."""
    page.set_viewport_size(PHONE)
    return FrontPage(page, f"{service.url}/")


def test_the_menu_offers_every_example(front: FrontPage) -> None:
    offered = front.example.locator("option").evaluate_all("all => all.map((one) => one.value)")
    assert sorted(offered) == sorted(
        path.name.removesuffix(".qasm") for path in (static() / "examples").iterdir()
    )
    assert set(offered) == {*EXAMPLES, "mistake"}


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_examples_bars_add_up_to_the_shots_and_say_what_it_promises(
    front: FrontPage, name: str
) -> None:
    front.choose(name)
    front.run()
    counts = front.counts()
    assert sum(counts.values()) == 1024
    promised, share = EXAMPLES[name]
    assert sum(counts.get(key, 0) for key in promised) >= share * 1024
    assert list(counts) == sorted(counts)
    assert "1,024 shots" in front.status.inner_text()


def test_the_shots_are_those_asked_for(front: FrontPage) -> None:
    front.type(BELL, shots=17)
    front.run()
    assert sum(front.counts().values()) == 17


def test_the_result_names_its_task(front: FrontPage, service: Service) -> None:
    front.run()
    id = front.task.inner_text()
    expect(front.task).to_have_attribute("href", f"/tasks/{id}")
    assert service.task(id)["result"] == front.counts()


def test_a_mistake_is_shown_with_its_line_a_caret_and_a_hint(
    front: FrontPage, complaints: Complaints
) -> None:
    complaints.expect("status of 422")
    front.choose("mistake")
    assert "line 9" in front.fail()
    code, caret = str(front.snippets.text_content()).split("\n")
    assert code == "cx q[0] q[1];"
    assert caret == " " * code.index("q[1]") + "^"
    assert "missing" in front.hints.inner_text()
    assert front.selected() == code
    assert front.focused() == "Program"


def test_the_editor_scrolls_to_a_mistake_far_down(
    front: FrontPage, complaints: Complaints
) -> None:
    complaints.expect("status of 422")
    front.type(BELL + "\n" * 200 + "oops q;")
    front.editor.evaluate("editor => { editor.scrollTop = 0; }")
    assert not front.sees_line(208)
    assert "line 208" in front.fail()
    assert front.sees_line(208)


def test_a_mistake_is_gone_once_the_program_runs(front: FrontPage, complaints: Complaints) -> None:
    complaints.expect("status of 422")
    front.choose("mistake")
    front.fail()
    expect(front.editor).to_have_attribute("aria-invalid", "true")
    front.type(BELL)
    front.run()
    expect(front.snippets.or_(front.hints)).to_have_count(0)
    expect(front.editor).not_to_have_attribute("aria-invalid", "true")


def test_a_failed_task_says_why(front: FrontPage) -> None:
    front.type(STDGATES + "qubit[20] q;\nbit[5000] c;\nh q;\nc[0:19] = measure q;\n")
    assert front.fail().startswith("result_too_large: ")
    assert front.rows() == []


def test_a_busy_service_says_when_to_try_again(front: FrontPage, complaints: Complaints) -> None:
    complaints.expect("status of 503")
    problem = {"code": "service_busy", "detail": "The service is busy.", "errors": []}
    front.answer((503, problem, {"Retry-After": "5"}))
    assert front.fail() == "The service is busy. Try again in 5 s."


def test_an_answer_that_is_no_json_is_still_an_answer(
    front: FrontPage, complaints: Complaints
) -> None:
    complaints.expect("status of 502")
    front.answer((502, "<h1>Bad gateway</h1>"))
    assert front.fail() == "The service answered with HTTP status 502."


def test_without_a_network_the_page_says_that_nobody_answers(
    front: FrontPage, complaints: Complaints
) -> None:
    complaints.expect("ERR_INTERNET_DISCONNECTED")
    front.page.context.set_offline(True)
    assert front.fail() == UNREACHABLE
    front.page.context.set_offline(False)
    front.run()


def test_a_service_that_is_away_for_a_moment_does_not_end_the_wait(
    front: FrontPage, complaints: Complaints
) -> None:
    complaints.expect("ERR_FAILED", "status of 503")
    away = (503, {"detail": "The database is away."})
    done = (200, {"status": "completed", "result": {"0": 1}})
    front.answer(SUBMITTED, PENDING, None, away, PENDING, done)
    front.page.clock.install()
    front.run(until=f"{UNREACHABLE} The task is not lost")
    front.page.clock.fast_forward(1000)
    front.says("The database is away. The task is not lost")
    front.page.clock.fast_forward(1000)
    front.says("The task is in progress")
    front.page.clock.fast_forward(1000)
    expect(front.status).to_have_text("Completed: 1 shot, 1 outcome.")


def test_a_new_run_takes_the_place_of_one_that_is_awaited(front: FrontPage) -> None:
    asked = []

    def answer(route: Route) -> None:
        asked.append(route.request.url.rpartition("/")[2])
        if route.request.method == "POST":
            route.fulfill(status=202, json={"task_id": asked.count("tasks")})
        elif asked[-1] == "1":
            route.fulfill(json={"status": "pending"})
        else:
            route.fulfill(json={"status": "completed", "result": {"1": 5}})

    front.page.route("**/tasks**", answer)
    front.page.clock.install()
    front.run(until="The task is in progress")
    front.run()
    before = [*asked]
    assert before[0] == "tasks"
    assert before[-2:] == ["tasks", "2"]
    front.page.clock.run_for(5000)  # the longest pause between two questions is a second
    front.page.evaluate("fetch('/tasks/last')")  # comes after all that the page has asked
    assert asked == [*before, "last"]
    assert front.counts() == {"1": 5}


def test_bars_stand_in_the_order_of_their_keys_and_are_as_long_as_their_counts(
    front: FrontPage,
) -> None:
    front.show({"00": 100, "01": 50, "10": 200, "11": 50})
    assert [row.key for row in front.rows()] == ["00", "01", "10", "11"]
    assert [row.share for row in front.rows()] == ["25.0 %", "12.5 %", "50.0 %", "12.5 %"]
    bars = front.bars()
    assert [bar / bars[2] for bar in bars] == pytest.approx([0.5, 0.25, 1, 0.25], abs=0.02)


def test_of_many_outcomes_the_most_frequent_are_shown_and_the_rest_is_counted(
    front: FrontPage,
) -> None:
    front.show({f"{key:06b}": 1 + key for key in range(40)})
    assert front.counts() == {f"{key:06b}": 1 + key for key in range(8, 40)}
    expect(front.result).to_contain_text("8 more share the other 36 shots.")


def test_hostile_text_is_shown_and_not_interpreted(
    front: FrontPage, complaints: Complaints
) -> None:
    complaints.expect("status of 422")
    front.show({HOSTILE: 3})
    assert front.counts() == {HOSTILE: 3}
    error = {"line": 1, "column": 1, "snippet": HOSTILE, "hint": HOSTILE}
    front.answer((422, {"detail": HOSTILE, "errors": [error]}))
    assert front.fail() == HOSTILE
    assert front.snippets.all_inner_texts() == [HOSTILE]
    assert front.hints.all_inner_texts() == [f"Hint: {HOSTILE}"]
    front.type(HOSTILE)
    expect(front.command).to_contain_text(HOSTILE)
    expect(front.page.locator("img")).to_have_count(0)


def test_curl_sends_what_the_page_would_send(front: FrontPage, service: Service) -> None:
    program = BELL + '// it\'s "$HOME" `id` \\n \\ π\nEND\n'
    front.type(program, shots=7)
    snippet = front.command.text_content()
    # A curl that prints its arguments, then what it was sent.
    script = f'curl() {{ printf "%s\\n" "$*"; cat; }}\n{snippet}'
    run = subprocess.run(
        ["/bin/sh", "-c", script], stdin=subprocess.DEVNULL, capture_output=True, check=True
    )
    submit, body, fetch = run.stdout.decode().splitlines()
    tasks = f"{service.url}/tasks"
    assert submit == f"-s {tasks} -H Content-Type: application/json --data @-"
    assert json.loads(body) == {"qc": program, "shots": 7}
    assert fetch == f"-s {tasks}/TASK_ID"
    front.choose("ghz")
    front.run()
    expect(front.command).to_contain_text(f"{tasks}/{front.task.inner_text()}'")


@pytest.mark.parametrize("host", ["127.0.0.1", OTHER_HOST])  # one with a clipboard, one without
def test_the_copy_button_copies_the_command(
    page: Page, complaints: Complaints, service: Service, host: str
) -> None:
    if host == OTHER_HOST:  # over plain HTTP, this header is for 127.0.0.1 alone
        complaints.expect("Cross-Origin-Opener-Policy header has been ignored")
    front = FrontPage(page, service.url.replace("127.0.0.1", host))
    has_clipboard = page.evaluate("navigator.clipboard !== undefined")
    assert has_clipboard == (host == "127.0.0.1")
    front.type(f"copied from {host}")
    command = str(front.command.text_content())
    front.copy.click()
    expect(front.copy).to_have_text("Copied")
    front.editor.clear()
    front.editor.press("Control+v")
    expect(front.editor).to_have_value(command)


def test_tab_indents_while_one_types_and_never_catches_who_walks_by(front: FrontPage) -> None:
    press = front.page.keyboard.press
    front.example.focus()
    press("Tab")
    assert front.focused() == "Program"
    press("Tab")
    assert front.focused() == "Shots"
    press("Shift+Tab")
    for key in ("a", "Tab", "b"):
        press(key)
    assert "a  b" in front.program
    press("Escape")
    press("Tab")
    assert front.focused() == "Shots"


def test_control_and_enter_run_the_program(front: FrontPage) -> None:
    front.editor.press("Control+Enter")
    front.says("Completed")


def test_an_edited_example_is_there_when_one_comes_back(front: FrontPage) -> None:
    front.type("mine")
    front.choose("ghz")
    front.example.select_option(value="bell")
    expect(front.editor).to_have_value("mine")


def test_a_phone_need_not_scroll_sideways(phone: FrontPage, complaints: Complaints) -> None:
    complaints.expect("status of 422")
    assert not overflow(phone.page)
    phone.choose("ghz")
    phone.run()
    assert not overflow(phone.page)
    phone.type("oops " * 100)
    phone.fail()
    expect(phone.snippets).to_have_count(1)
    assert not overflow(phone.page)


def test_a_phone_need_not_scroll_sideways_for_long_keys(phone: FrontPage) -> None:
    phone.show({" ".join(["01" * 50] * 3): 999_999, "1" * 302: 1})
    assert not overflow(phone.page)
    parts = [part.bounding_box() for part in phone.outcomes.locator("> *").all()]
    assert len(parts) == 8
    assert all(box and box["x"] + box["width"] <= PHONE["width"] for box in parts)


@pytest.mark.parametrize("size", [PHONE, WIDE], ids=["phone", "wide"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_use_the_page_in_every_state(
    front: FrontPage, complaints: Complaints, size: ViewportSize, scheme: Scheme
) -> None:
    complaints.expect("status of 422")
    front.page.set_viewport_size(size)
    front.page.emulate_media(color_scheme=scheme)
    assert violations(front.page) == []
    front.run()
    assert violations(front.page) == []
    front.choose("mistake")
    front.fail()
    assert violations(front.page) == []


def test_the_page_does_not_jump_while_it_is_loaded(front: FrontPage) -> None:
    assert layout_shift(front.page) <= 0.01


def test_the_page_asks_nobody_but_its_own_service(page: Page, service: Service) -> None:
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    FrontPage(page, f"{service.url}/").run()
    assert f"{service.url}/tasks" in asked
    assert [url for url in asked if not url.startswith(f"{service.url}/")] == []


def test_the_reference_lists_the_api_and_asks_nobody_else(page: Page, service: Service) -> None:
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{service.url}/docs")
    submission = page.locator(".opblock-post").filter(has_text=re.compile("^POST/tasks"))
    expect(submission).to_have_count(1)
    reads = page.locator(".opblock-get a").all_inner_texts()
    assert "/tasks/{id}" in [path.replace("\u200b", "") for path in reads]
    submission.get_by_role("button").first.click()
    expect(submission.locator(".response").first).to_be_visible()
    assert f"{service.url}/openapi.json" in asked
    foreign = [url for url in asked if not url.startswith((f"{service.url}/", "data:"))]
    assert foreign == []


def test_the_reference_leads_back_to_the_page(front: FrontPage, service: Service) -> None:
    page = front.page
    page.locator("a[href='/docs']").click()
    page.wait_for_url(f"{service.url}/docs")
    page.locator("a[href='/']").click()
    page.wait_for_url(f"{service.url}/")
    expect(front.editor).to_have_value(re.compile("OPENQASM"))

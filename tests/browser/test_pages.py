"""The pages, in a real browser against the real service."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator

import pytest
from front_page import SUBMITTED, Page, static
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select
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
PENDING = (200, {"status": "pending", "message": "Task is still in progress."})
HOSTILE = "<img src=x onerror=alert(1)>"
OTHER_HOST = "service"  # the browser takes it for 127.0.0.1
UNREACHABLE = "The service cannot be reached. Is it running?"


@pytest.fixture
def page(browser: Chrome, service: Service) -> Page:
    browser.get_log("browser")  # what an earlier test left there
    return Page(browser, f"{service.url}/")


@pytest.fixture
def narrow(browser: Chrome) -> Iterator[int]:
    """The browser's width, in pixels: a small phone's."""
    size = {"width": 360, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    yield 360
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_the_menu_offers_every_example(page: Page) -> None:
    offered = [option.get_property("value") for option in Select(page.find("#example")).options]
    assert sorted(offered) == sorted(
        path.name.removesuffix(".qasm") for path in (static() / "examples").iterdir()
    )
    assert set(offered) == {*EXAMPLES, "mistake"}


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_examples_bars_add_up_to_the_shots_and_say_what_it_promises(
    page: Page, name: str
) -> None:
    page.choose(name)
    page.run()
    counts = page.counts()
    assert sum(counts.values()) == 1024
    promised, share = EXAMPLES[name]
    assert sum(counts.get(key, 0) for key in promised) >= share * 1024
    assert list(counts) == sorted(counts)
    assert "1,024 shots" in page.status


def test_the_shots_are_those_asked_for(page: Page) -> None:
    page.type(BELL, shots=17)
    page.run()
    assert sum(page.counts().values()) == 17


def test_the_result_names_its_task(page: Page, service: Service) -> None:
    page.run()
    link = page.find("#link")
    assert link.get_property("href") == f"{service.url}/tasks/{link.text}"
    assert service.task(link.text)["result"] == page.counts()


def test_a_mistake_is_shown_with_its_line_a_caret_and_a_hint(page: Page) -> None:
    page.choose("mistake")
    assert "line 9" in page.fail()
    code, caret = str(page.find(".snippet").get_property("textContent")).split("\n")
    assert code == "cx q[0] q[1];"
    assert caret == " " * code.index("q[1]") + "^"
    assert "missing" in page.find(".hint").text
    program = page.find("#program")
    start, end = program.get_property("selectionStart"), program.get_property("selectionEnd")
    assert page.program[start:end] == code
    assert page.browser.switch_to.active_element == program


def test_the_editor_scrolls_to_a_mistake_far_down(page: Page) -> None:
    page.type(BELL + "\n" * 200 + "oops q;")
    page.browser.execute_script("arguments[0].scrollTop = 0", page.find("#program"))
    assert "line 208" in page.fail()
    top, seen = page.browser.execute_script(
        "const p = arguments[0]; return [p.scrollTop, p.clientHeight]", page.find("#program")
    )
    line_height = 21
    assert top <= 207 * line_height <= top + seen


def test_a_mistake_is_gone_once_the_program_runs(page: Page) -> None:
    page.choose("mistake")
    page.fail()
    page.type(BELL)
    page.run()
    assert page.texts("#problems *") == []
    assert page.find("#program").get_attribute("aria-invalid") is None


def test_a_failed_task_says_why(page: Page) -> None:
    page.type(STDGATES + "qubit[20] q;\nbit[5000] c;\nh q;\nc[0:19] = measure q;\n")
    assert page.fail().startswith("result_too_large: ")
    assert page.texts("#counts li") == []


def test_a_busy_service_says_when_to_try_again(page: Page) -> None:
    problem = {"code": "service_busy", "detail": "The service is busy.", "errors": []}
    page.answer((503, problem, {"Retry-After": "5"}))
    assert page.fail() == "The service is busy. Try again in 5 s."


def test_an_answer_that_is_no_json_is_still_an_answer(page: Page) -> None:
    page.browser.execute_script(
        "window.fetch = async () => new Response('<h1>Bad gateway</h1>', { status: 502 })"
    )
    assert page.fail() == "The service answered with HTTP status 502."


def test_without_a_network_the_page_says_that_nobody_answers(page: Page) -> None:
    page.browser.set_network_conditions(offline=True, latency=0, throughput=0)
    try:
        assert page.fail() == UNREACHABLE
    finally:
        page.browser.delete_network_conditions()
    page.run()


def test_a_service_that_is_away_for_a_moment_does_not_end_the_wait(page: Page) -> None:
    away = (503, {"detail": "The database is away."})
    done = (200, {"status": "completed", "result": {"0": 1}})
    page.answer(SUBMITTED, PENDING, None, away, PENDING, done)
    page.run(until=f"{UNREACHABLE} The task is not lost")
    page.until(lambda: page.status.startswith("The database is away. The task is not lost"))
    page.until(lambda: page.status == "Completed: 1 shot, 1 outcome.")


def test_a_new_run_takes_the_place_of_one_that_is_awaited(page: Page) -> None:
    page.browser.execute_script(
        """
        window.asked = [];
        window.fetch = async (path, { method }) => {
          asked.push(path);
          const submitted = asked.filter((path) => path === "/tasks").length;
          return Response.json(
            method === "POST" ? { task_id: submitted }
            : path === "/tasks/1" ? { status: "pending" }
            : { status: "completed", result: { 1: 5 } }
          );
        };
        """
    )
    page.run(until="The task is in progress")
    page.run()
    asked = page.browser.execute_script("return asked")
    time.sleep(1.5)  # the longest pause between two questions is a second
    assert page.browser.execute_script("return asked") == asked
    assert page.counts() == {"1": 5}


def test_bars_stand_in_the_order_of_their_keys_and_are_as_long_as_their_counts(
    page: Page,
) -> None:
    page.show({"00": 100, "01": 50, "10": 200, "11": 50})
    assert page.texts("#counts .key") == ["00", "01", "10", "11"]
    assert page.texts("#counts .share") == ["25.0 %", "12.5 %", "50.0 %", "12.5 %"]
    widths = [bar.size["width"] for bar in page.browser.find_elements(By.CLASS_NAME, "bar")]
    assert [width / widths[2] for width in widths] == pytest.approx([0.5, 0.25, 1, 0.25], abs=0.02)


def test_of_many_outcomes_the_most_frequent_are_shown_and_the_rest_is_counted(
    page: Page,
) -> None:
    page.show({f"{key:06b}": 1 + key for key in range(40)})
    assert page.counts() == {f"{key:06b}": 1 + key for key in range(8, 40)}
    assert page.find("#more").text.endswith("8 more share the other 36 shots.")


def test_hostile_text_is_shown_and_not_interpreted(page: Page) -> None:
    page.show({HOSTILE: 3})
    assert page.counts() == {HOSTILE: 3}
    error = {"line": 1, "column": 1, "snippet": HOSTILE, "hint": HOSTILE}
    page.answer((422, {"detail": HOSTILE, "errors": [error]}))
    assert page.fail() == HOSTILE
    assert page.texts(".snippet, .hint") == [HOSTILE, f"Hint: {HOSTILE}"]
    page.type(HOSTILE)
    assert HOSTILE in page.find("#curl").text
    assert page.texts("img") == []


def test_curl_sends_what_the_page_would_send(page: Page, service: Service) -> None:
    program = BELL + '// it\'s "$HOME" `id` \\n \\ π\nEND\n'
    page.type(program, shots=7)
    snippet = page.find("#curl").get_property("textContent")
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
    page.choose("ghz")
    page.run()
    assert f"{tasks}/{page.find('#link').text}'" in page.find("#curl").text


@pytest.mark.parametrize("host", ["127.0.0.1", OTHER_HOST])  # one with a clipboard, one without
def test_the_copy_button_copies_the_command(browser: Chrome, service: Service, host: str) -> None:
    page = Page(browser, service.url.replace("127.0.0.1", host))
    has_clipboard = browser.execute_script("return navigator.clipboard !== undefined")
    assert has_clipboard == (host == "127.0.0.1")
    page.type(f"copied from {host}")
    command = page.find("#curl").get_property("textContent")
    page.find("#copy").click()
    page.until(lambda: page.find("#copy").text == "Copied")
    page.find("#program").clear()
    page.find("#program").send_keys(Keys.CONTROL, "v")
    page.until(lambda: page.program == command)


def test_tab_indents_while_one_types_and_never_catches_who_walks_by(page: Page) -> None:
    def focused() -> str | None:
        return page.browser.switch_to.active_element.get_attribute("id")

    def press(*keys: str) -> None:
        page.browser.switch_to.active_element.send_keys(*keys)

    page.browser.execute_script("arguments[0].focus()", page.find("#example"))
    press(Keys.TAB)
    assert focused() == "program"
    press(Keys.TAB)
    assert focused() == "shots"
    press(Keys.SHIFT, Keys.TAB)
    press("a", Keys.TAB, "b")
    assert "a  b" in page.program
    press(Keys.ESCAPE, Keys.TAB)
    assert focused() == "shots"


def test_control_and_enter_run_the_program(page: Page) -> None:
    page.find("#program").send_keys(Keys.CONTROL, Keys.ENTER)
    page.until(lambda: page.status.startswith("Completed"))


def test_an_edited_example_is_there_when_one_comes_back(page: Page) -> None:
    page.type("mine")
    page.choose("ghz")
    Select(page.find("#example")).select_by_value("bell")
    page.until(lambda: page.program == "mine")


def test_a_phone_need_not_scroll_sideways(narrow: int, page: Page) -> None:
    assert _width(page.browser) <= narrow
    page.choose("ghz")
    page.run()
    assert _width(page.browser) <= narrow
    page.type("oops " * 100)
    page.fail()
    assert page.texts(".snippet") != []
    assert _width(page.browser) <= narrow


def test_a_phone_need_not_scroll_sideways_for_long_keys(narrow: int, page: Page) -> None:
    page.show({" ".join(["01" * 50] * 3): 999_999, "1" * 302: 1})
    assert _width(page.browser) <= narrow
    for part in page.browser.find_elements(By.CSS_SELECTOR, "#counts li > *"):
        assert part.rect["x"] + part.rect["width"] <= narrow


def test_the_page_asks_nobody_but_its_own_service_and_has_no_complaints(
    page: Page, service: Service
) -> None:
    page.run()
    requests = _requests(page.browser)
    assert f"{service.url}/tasks" in requests
    assert [url for url in requests if not url.startswith(f"{service.url}/")] == []
    assert page.browser.get_log("browser") == []


def test_the_reference_lists_the_api_and_asks_nobody_else(
    browser: Chrome, page: Page, service: Service
) -> None:
    browser.get(f"{service.url}/docs")
    page.until(lambda: "/tasks" in page.texts(".opblock-post .opblock-summary-path"))
    assert "/tasks/{id}" in [path.replace("\u200b", "") for path in page.texts(".opblock-get a")]
    page.find(".opblock-post button").click()
    page.until(lambda: page.texts(".opblock-post .response"))
    requests = _requests(browser)
    assert f"{service.url}/openapi.json" in requests
    assert [url for url in requests if not url.startswith(f"{service.url}/")] == []
    assert browser.get_log("browser") == []


def test_the_reference_leads_back_to_the_page(page: Page, service: Service) -> None:
    page.find("a[href='/docs']").click()
    page.until(lambda: page.browser.current_url == f"{service.url}/docs")
    page.find("a[href='/']").click()
    page.until(lambda: page.browser.current_url == f"{service.url}/")


def _width(browser: Chrome) -> int:
    return int(browser.execute_script("return document.documentElement.scrollWidth"))


def _requests(browser: Chrome) -> list[str]:
    """Every address that the page has asked, whether or not it got an answer."""
    script = "return performance.getEntriesByType('resource').map((entry) => entry.name)"
    return list(browser.execute_script(script))

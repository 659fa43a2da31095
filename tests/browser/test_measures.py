"""What the tests of pages stand on: a fault in a page is seen, even under the strictest policy."""

from __future__ import annotations

import asyncio

import pytest
from complaints import Complaints
from composer import static
from measures import COLOURS, layout_shift, obstacles, overflow, violations
from playwright.sync_api import Page, expect

HOME = "http://127.0.0.1:1/"
POLICY = (
    "default-src 'none'; script-src 'nonce-n'; connect-src *; style-src 'nonce-n'; "
    "require-trusted-types-for 'script'; trusted-types lit-html"
)
START = "<!doctype html><html lang=en><meta charset=utf-8><title>A page</title><main><h1>It</h1>"
FAULTS = {
    "console: oops": "console.error('oops')",
    "exception: Error: oops": "throw new Error('oops')",
    "exception: TypeError": "Promise.reject(new TypeError('oops'))",
    "securitypolicyviolation: img-src": "new Image().src = '/x.png'",
    "securitypolicyviolation: require-trusted-types-for": "try { eval('1'); } catch {}",
    "request to another host: GET http://elsewhere/": "fetch('http://elsewhere/').catch(() => 0)",
    "ERR_NAME_NOT_RESOLVED": "fetch('http://elsewhere/').catch(() => 0)",
}


def show(page: Page, body: str, script: str = "", style: str = "") -> Page:
    """Opens a page like this."""
    html = f"{START}{body}</main><style nonce=n>{style}</style><script nonce=n>{script}</script>"
    headers = {"Content-Security-Policy": POLICY}
    page.route(HOME, lambda route: route.fulfill(
        body=html, headers=headers, content_type="text/html"
    ))  # fmt: skip
    page.goto(HOME)
    return page


@pytest.fixture
def own() -> Complaints:
    """Complaints that do not fail a test."""
    return Complaints()


@pytest.mark.parametrize("what", FAULTS)
def test_a_fault_is_a_complaint_unless_it_is_expected(
    page: Page, complaints: Complaints, own: Complaints, what: str
) -> None:
    complaints.expect("")
    own.watch(page.context)
    show(page, "", FAULTS[what])
    page.wait_for_load_state("networkidle")
    page.close()
    own.ignore(page.context)
    with pytest.raises(AssertionError, match=what):
        own.check()
    own.expect("")
    own.check()


def test_a_fault_that_is_expected_has_to_come(own: Complaints) -> None:
    own.expect("status of 422")
    with pytest.raises(AssertionError, match="did not come: status of 422"):
        own.check()


@pytest.mark.parametrize("time", ["first", "second"])
def test_nothing_is_left_of_the_test_before(page: Page, time: str) -> None:
    show(page, "<p>Text")
    kept = "[document.cookie, localStorage.length, Date.now() > Date.UTC(2001), navigator.onLine]"
    assert page.evaluate(kept) == ["", 0, True, True], time
    page.evaluate("document.cookie = 'a=b'; localStorage.setItem('a', 'b')")
    page.clock.install(time="2000-01-01")
    page.context.set_offline(True)
    assert page.evaluate(kept) == ["a=b", 1, False, False]


def test_a_page_without_a_fault_has_none(page: Page) -> None:
    show(page, "<label>Name <input></label>")
    assert violations(page) == []
    assert layout_shift(page) == 0
    assert not overflow(page)


def test_a_field_without_a_name_is_a_violation(page: Page) -> None:
    (violation,) = violations(show(page, "<input id=nameless>"))
    assert violation.startswith("critical: label: ")
    assert "#nameless" in violation


def test_a_text_that_is_too_pale_is_a_violation_in_the_dark_alone(page: Page) -> None:
    dark = "@media (prefers-color-scheme: dark) { body { background: #222; color: #333; } }"
    show(page, "<p>Pale", style=dark)
    assert violations(page) == []
    found = {text[: text.index(": Elem")] for text in obstacles(page)}
    rule = "serious: color-contrast"
    assert found == {f"at 360 px, dark: {rule}", f"at 1280 px, dark: {rule}"}


def test_the_dark_differs_in_colours_alone_which_are_for_rules_that_are_known(page: Page) -> None:
    show(page, "<p>Text")
    violations(page)  # now axe is there
    about = "axe.getRules(['cat.color']).map((rule) => rule.ruleId)"
    assert {*page.evaluate(about)} == {*COLOURS, "color-contrast-enhanced"}
    for file in static().rglob("*.*"):
        if file.suffix in (".css", ".js", ".html") and "vendor" not in file.parts:
            assert "prefers-color-scheme" not in file.read_text(), f"{file.name}: use light-dark()"


def test_a_page_that_is_too_wide_for_some_and_has_a_nameless_field_has_obstacles(
    page: Page,
) -> None:
    show(page, "<p>Text <input>", style="p { width: 1000px; } input { font-size: 15px; }")
    size = page.viewport_size
    found = [text.split(":")[:2] for text in obstacles(page)]
    assert found == [
        ["at 320 px", " to be scrolled sideways"],
        ["at 360 px", " to be scrolled sideways"],
        ["at 360 px", " critical"],
        ["at 1280 px", " critical"],
        ["letters below 16 px", " <input>"],
    ]
    assert page.viewport_size == size


def test_what_moves_by_itself_is_counted(page: Page) -> None:
    move = "document.querySelector('h1').style.marginTop = '300px'"
    show(page, "<p>Text", f"requestAnimationFrame(() => setTimeout(() => {move}, 50))")
    expect(page.get_by_role("heading")).to_have_css("margin-top", "300px")
    assert layout_shift(page) > 0.01


@pytest.mark.parametrize("width", [360, 1280])
def test_what_is_too_wide_is_noticed(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    assert overflow(show(page, "<p>Text", style=f"p {{ width: {width + 1}px; }}"))


def test_the_policy_does_not_stop_the_clock(page: Page) -> None:
    show(page, "<p>Text")
    page.clock.install()
    page.evaluate("() => { setTimeout(() => { document.title = 'Later'; }, 60_000); }")
    page.clock.fast_forward(60_000)
    assert page.title() == "Later"


def test_others_may_run_event_loops_while_the_browser_sleeps(
    request: pytest.FixtureRequest,
) -> None:
    chromium = request.getfixturevalue("chromium")  # not as an argument, which would wake it
    asyncio.run(asyncio.sleep(0))
    with chromium.awake():
        assert chromium.context().pages[0].evaluate("6 * 7") == 42
    asyncio.run(asyncio.sleep(0))

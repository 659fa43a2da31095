"""Typing in the editor of the compose page: indents, completion, brackets."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from editor_page import (
    BELL,
    HEAD,
    open_,
    opened,
    served,
    text_of,
    write,
)
from playwright.sync_api import BrowserContext, Page, Route, expect


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served() as address:
        yield address


@pytest.fixture
def page(context: BrowserContext, address: str) -> Iterator[Page]:
    with opened(context, address) as page:
        yield page


def test_tab_indents_while_one_types_and_leaves_after_escape(page: Page) -> None:
    open_(page, "upgraded", "")
    page.focus("#before")
    page.keyboard.press("Tab")  # who walks through the page is not caught
    box = page.get_by_role("textbox", name="Program")
    expect(box).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("#after")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.keyboard.type("if")
    page.keyboard.press("Tab")
    page.keyboard.type("x")
    assert text_of(page) == "if  x"
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    expect(page.locator("#after")).to_be_focused()
    assert text_of(page) == "if  x"


def test_the_plain_one_is_left_by_tab(page: Page) -> None:
    page.focus("#program")
    page.keyboard.type("x q;")
    page.keyboard.press("Tab")
    expect(page.locator("#after")).to_be_focused()


def test_completion_offers_what_may_stand_there(page: Page) -> None:
    open_(page, "upgraded", "")
    for head, typed, offered in [
        (HEAD, "cr", ["creg", *(f"cr{axis}1 angle, 2 qubits" for axis in "xyz")]),
        (HEAD, "ctrl @ cu", []),  # it is complete
        (HEAD, "ctrl @ cs", ["cswap3 qubits"]),
        ("OPENQASM 3;\n", "cs", []),  # no gate without its file
        ('OPENQASM 3;\ninclude "qelib1.inc";\n', "cs", ["csx2 qubits", "cswap3 qubits"]),
        ('// text\nOPENQASM 2.0;\ninclude "qelib1.inc";\n', "re", ["reset"]),
        ("OPENQASM 2.0;\nqreg q[1];\n", "U(l", []),
        ("OPENQASM 2.0;\nqreg q[1];\n", "U(sq", ["sqrt"]),
        (HEAD, "qubit me", []),  # a new name
        (HEAD + "qubit message;\n", "h me", ["measure", "messagequbit"]),
        (HEAD + "array[int[8], 2] message;\n", "h mes", ["messagearray"]),
        (HEAD + "gate turn(a) q { }\n", "tur", ["turngate"]),
        (HEAD, "rx(p", []),
        (HEAD, "rx(ta", ["tan", "tau"]),
        (HEAD, "x", []),
        (HEAD, "// me", []),
        (HEAD, '"me', []),
    ]:
        write(page, head)
        page.keyboard.press("Control+End")
        page.keyboard.type(typed)
        if offered:
            expect(page.get_by_role("option").first).to_be_visible()
        else:
            page.wait_for_timeout(250)
        assert sorted(page.get_by_role("option").all_text_contents()) == sorted(offered), typed
        page.keyboard.press("Escape")


def test_completion_comes_though_one_types_on_while_its_module_is_loaded(page: Page) -> None:
    open_(page, "upgraded", HEAD)
    page.keyboard.press("Control+End")
    asked: list[Route] = []
    page.route("**/completion.js", lambda route: asked.append(route))
    with page.expect_request("**/completion.js"):
        page.keyboard.type("b")  # to which nothing is offered
    page.keyboard.type("a")
    asked.pop().continue_()
    expect(page.get_by_role("option", name="barrier")).to_be_visible()


@pytest.mark.parametrize("key", ["Enter", "Tab"])
def test_completion_inserts_what_is_chosen(page: Page, key: str) -> None:
    open_(page, "upgraded", HEAD)
    page.keyboard.press("Control+End")
    page.keyboard.type("ba")
    expect(page.get_by_role("option", name="barrier")).to_be_visible()
    page.wait_for_timeout(100)  # it takes no key in its first moments
    page.keyboard.press(key)
    page.keyboard.type(" q;")
    assert text_of(page) == HEAD + "barrier q;"


def test_completion_opens_on_demand_and_closes_by_escape(page: Page) -> None:
    open_(page, "upgraded", HEAD)
    page.keyboard.press("Control+End")
    page.keyboard.press("Control+Space")
    expect(page.get_by_role("option", name="barrier", exact=True)).to_be_attached()
    page.keyboard.press("Escape")
    expect(page.get_by_role("option")).to_have_count(0)
    expect(page.get_by_role("textbox", name="Program")).to_be_focused()


def test_what_is_typed_over_a_selection_takes_its_place(page: Page) -> None:
    open_(page, "upgraded", BELL)
    page.keyboard.press("Control+Home")
    for _ in range(3):
        page.keyboard.press("Shift+ArrowDown")
    page.keyboard.type("x")
    assert text_of(page) == "x" + BELL.split("\n", 3)[3]
    page.keyboard.press("Control+a")
    page.keyboard.type("(")
    assert text_of(page).startswith("(x")
    assert text_of(page).endswith(")")


def test_brackets_close_and_blocks_are_indented(page: Page) -> None:
    open_(page, "upgraded", "")
    page.keyboard.type("gate g(a) q {")
    page.keyboard.press("Enter")
    page.keyboard.type("x q;")
    assert text_of(page) == "gate g(a) q {\n  x q;\n}"


def test_control_enter_is_left_to_the_page(page: Page) -> None:
    open_(page, "upgraded", BELL)
    page.evaluate("document.addEventListener('keydown', e => { window.last = e.key })")
    page.keyboard.press("Control+Enter")
    assert text_of(page) == BELL
    assert page.evaluate("last") == "Enter"

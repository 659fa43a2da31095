"""The editor of the compose page, by itself, in a real browser and under the page's policy."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from editor_page import (
    BELL,
    HEAD,
    LONG,
    eventually,
    open_,
    opened,
    pixels,
    served,
    show,
    text_of,
    write,
)
from measures import COLOURS, violations
from playwright.sync_api import BrowserContext, Page, expect

EDITORS = pytest.mark.parametrize("kind", ["plain", "upgraded"])


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served() as address:
        yield address


@pytest.fixture
def page(context: BrowserContext, address: str) -> Iterator[Page]:
    with opened(context, address) as page:
        yield page


def test_the_upgrade_keeps_box_text_place_and_focus(page: Page) -> None:
    write(page, LONG)
    page.evaluate(
        """() => {
          const area = document.querySelector("textarea");
          area.focus();
          area.setSelectionRange(1000, 1010);
          area.scrollTop = 777;
        }"""
    )
    box = page.locator("#program").bounding_box()
    after = page.locator("#after").bounding_box()
    page.evaluate("upgraded()")
    page.keyboard.type("new")  # where the text area's selection was
    expect(page.get_by_role("textbox", name="Program")).to_be_focused()
    assert text_of(page) == LONG[:1000] + "new" + LONG[1010:]
    assert page.locator("#program").bounding_box() == box
    assert page.locator("#after").bounding_box() == after
    assert page.evaluate("document.querySelector('.cm-scroller').scrollTop") == 777
    assert page.evaluate("shifts") <= 0.01


def test_the_text_stands_where_it_stood(page: Page) -> None:
    write(page, BELL)
    plain = pixels(page)
    page.evaluate("upgraded()")
    line = page.locator(".cm-line").first
    assert pixels(page) == plain == [57, 9, 21, "14px"]
    assert "monospace" in line.evaluate("line => getComputedStyle(line).fontFamily")


def test_the_upgrade_waits_for_an_input_method(page: Page) -> None:
    area = page.locator("textarea")
    page.evaluate(
        """() => {
          upgraded();
          document.querySelector("textarea").dispatchEvent(new Event("compositionstart"));
        }"""
    )
    page.wait_for_timeout(500)
    area.fill("に")
    area.dispatch_event("compositionend")
    expect(area).to_have_count(0)
    eventually(page, "editor.text", "に")


def test_letters_without_room_for_gutters_stand_beside_them(page: Page) -> None:
    page.evaluate("document.querySelector('textarea').style.padding = '8px 12px'")
    write(page, LONG)
    page.evaluate("upgraded()")
    gutters = page.locator(".cm-gutters").bounding_box()
    text = page.locator(".cm-content").bounding_box()
    assert gutters
    assert text
    assert gutters["x"] + gutters["width"] <= text["x"]


def test_who_was_elsewhere_stays_there(page: Page) -> None:
    page.focus("#before")
    page.evaluate("upgraded()")
    expect(page.locator("#before")).to_be_focused()
    page.locator("label").click()
    expect(page.get_by_role("textbox", name="Program")).to_be_focused()


def test_the_cursor_at_first_is_before_the_text(page: Page) -> None:
    write(page, BELL)
    page.evaluate("upgraded()")
    page.evaluate("editor.insert('x q[0];')")
    assert text_of(page) == BELL.replace("c = measure", "x q[0];\nc = measure")


@EDITORS
def test_a_new_text_is_one_step_that_can_be_undone(page: Page, kind: str) -> None:
    open_(page, kind, BELL[1:])
    page.keyboard.press("Control+Home")
    page.keyboard.type("O")
    changes = page.evaluate("changes")
    page.evaluate("editor.text = editor.text.replace('h q', 'x q')")
    assert page.evaluate("changes") == changes + 1
    assert "x q[0]" in text_of(page)
    page.evaluate("editor.focus()")
    page.keyboard.press("Control+z")
    assert text_of(page) == BELL
    page.keyboard.press("Control+Shift+z")
    assert "x q[0]" in text_of(page)
    page.evaluate("editor.text = editor.text")
    assert page.evaluate("changes") == changes + 3
    for gate in "yzs":
        page.evaluate(
            "gate => editor.text = editor.text.replace(/. q.0.;/, `${gate} q[0];`)", gate
        )
    page.keyboard.press("Control+z")
    assert "z q[0]" in text_of(page)
    page.evaluate("editor.text = 'a\\r\\nb'")
    assert text_of(page) == "a\nb"
    page.evaluate("editor.text = ''")
    assert text_of(page) == ""


@EDITORS
def test_it_inserts_statements_on_lines_of_their_own(page: Page, kind: str) -> None:
    open_(page, kind, HEAD + "if (c[0]) {\n  h q[0];\n}\n\nx q[1];")
    for line, column, piece, expected in [
        (6, 4, "y q[0];", HEAD + "if (c[0]) {\n  h q[0];\n  y q[0];\n}\n\nx q[1];"),
        (5, 1, "z q[0];", HEAD + "if (c[0]) {\n  z q[0];\n  h q[0];\n}\n\nx q[1];"),
        (8, 1, "s q[0];\n", HEAD + "if (c[0]) {\n  h q[0];\n}\ns q[0];\nx q[1];"),
        (9, 1, "t q[0];", HEAD + "if (c[0]) {\n  h q[0];\n}\n\nx q[1];\nt q[0];"),
        (9, 3, "pi", HEAD + "if (c[0]) {\n  h q[0];\n}\n\nx piq[1];"),
    ]:
        before = text_of(page)
        page.evaluate("([line, column]) => editor.goTo(line, column)", [line, column])
        page.evaluate("piece => editor.insert(piece)", piece)
        assert text_of(page) == expected
        page.keyboard.type("#")  # the cursor is behind it
        assert piece.strip() + "#" in text_of(page)
        page.evaluate("text => { editor.text = text }", before)


@EDITORS
def test_it_says_in_which_line_the_cursor_is(page: Page, kind: str) -> None:
    open_(page, kind, BELL)
    page.evaluate("editor.goTo(3, 2)")
    page.keyboard.press("ArrowRight")
    eventually(page, "lines.at(-1)", 3)
    page.keyboard.press("ArrowDown")
    eventually(page, "lines.at(-1)", 4)
    assert page.evaluate("lines") == [3, 4]


@EDITORS
def test_columns_are_counted_in_code_points(page: Page, kind: str) -> None:
    open_(page, kind, "// π 𝜏 𝜏 x")
    page.evaluate("editor.goTo(1, 10)")
    page.keyboard.type("^")
    assert text_of(page) == "// π 𝜏 𝜏 ^x"
    page.focus("#before")
    page.evaluate("editor.goTo(1, 4, false)")
    expect(page.locator("#before")).to_be_focused()
    page.evaluate("editor.insert('!')")
    assert text_of(page) == "// !π 𝜏 𝜏 ^x"


def test_a_problem_is_underlined_to_the_end_of_its_word(page: Page) -> None:
    open_(page, "upgraded", "")
    underlined = page.locator(".cm-lintRange-error")
    for text, line, column, marked in [
        ("h q[0] q[1];", 1, 8, "q"),
        ("angle π = 1; 𝜏 wrong;", 1, 16, "wrong"),
        ("𝜏𝜏 cx", 1, 4, "cx"),
        ("/* 𝜏 */ 𝜏", 1, 9, "𝜏"),
        ("\nx θ2 y", 2, 3, "θ2"),
        ("x q;", 1, 4, ";"),
        ("x q", 1, 4, "q"),  # behind the end of the line
        ("x q", 1, 40, "q"),
        ("x  ;", 1, 3, " "),
    ]:
        write(page, text)
        show(page, ("error", line, column))
        assert underlined.all_text_contents() == [marked], text
        expect(page.locator(".cm-lint-marker-error")).to_have_count(1)
    style = underlined.evaluate("element => getComputedStyle(element).textDecorationStyle")
    assert style == "wavy"


def test_problems_without_a_place_mark_nothing(page: Page) -> None:
    open_(page, "upgraded", "x q;\n\ny q;")
    show(page, ("warning", None, None), ("warning", 9, 1), ("error", 2, 1))
    expect(page.locator(".cm-lintRange")).to_have_count(0)
    expect(page.locator(".cm-lintPoint")).to_have_count(1)  # in the empty line
    expect(page.locator(".cm-lint-marker")).to_have_count(1)


def test_message_and_hint_stand_in_a_tooltip_as_text(page: Page) -> None:
    open_(page, "upgraded", BELL)
    hostile = "<img src=x onerror=alert(1)>"
    problem = {"severity": "error", "line": 5, "column": 3, "message": hostile, "hint": "take x"}
    page.evaluate("problem => editor.show([problem])", problem)
    page.locator(".cm-lintRange-error").hover()
    tooltip = page.locator(".cm-tooltip")
    expect(tooltip).to_contain_text(hostile)
    expect(tooltip).to_contain_text("Hint: take x")
    assert tooltip.locator("img").count() == 0
    box = page.get_by_role("textbox", name="Program")
    expect(box).to_have_attribute("aria-invalid", "true")
    page.evaluate("editor.show([])")
    expect(tooltip).to_have_count(0)
    expect(box).to_have_attribute("aria-invalid", "false")


@EDITORS
def test_f8_goes_from_problem_to_problem(page: Page, kind: str) -> None:
    open_(page, kind, BELL)
    show(page, ("error", 6, 4), ("warning", 3, 10))
    page.evaluate("editor.goTo(1)")
    for key, line in [("F8", 3), ("F8", 6), ("F8", 3), ("Shift+F8", 6), ("Shift+F8", 3)]:
        page.keyboard.press(key)
        eventually(page, "lines.at(-1)", line)
    page.focus("#before")
    page.evaluate("editor.nextProblem()")
    expect(page.get_by_role("textbox", name="Program")).to_be_focused()


def test_f8_is_also_said(page: Page) -> None:
    open_(page, "upgraded", BELL)
    show(page, ("error", 6, 4))
    # At once: CodeMirror takes it away after 200 ms.
    said = "editor.nextProblem(); document.querySelector('.cm-announced').textContent"
    assert page.evaluate(said) == "error in line 6"
    expect(page.locator(".cm-tooltip")).to_contain_text("error in line 6")


def test_words_have_the_colours_of_what_they_are(page: Page) -> None:
    text = (
        "gate turn a { p(2 * pi) a; }\nqubit s; // h q;\nh s; turn s;\nint h = 10ns + s[0] + x;\n"
        'swap s, s;\n/* rx(1) s;\nh s; */ rx(sin(π)) $0; x s;\ninclude "h s;";'
    )
    open_(page, "upgraded", text)
    words = page.evaluate(
        """() => [...document.querySelectorAll(".cm-line span")].map(
          (span) => [span.textContent, getComputedStyle(span).color])"""
    )
    colours: dict[str, set[str]] = {}
    for word, colour in words:
        colours.setdefault(word, set()).add(colour)
    different = ["gate", "turn", "p", "h", "swap", "rx", "x", "pi", "// h q;"]
    assert len({next(iter(colours[word])) for word in different}) == len(different)
    assert all(len(colours[word]) == 1 for word in different)
    assert colours["pi"] == colours["10ns"] == colours["π"] == colours['"h s;"']
    assert colours["// h q;"] == colours["/* rx(1) s;"] == colours["h s; */"]
    assert "s" not in colours  # a variable, although it is also a gate
    assert [word for word, _ in words].count("h") == 1
    assert [word for word, _ in words].count("x") == 1
    assert [word for word, _ in words].count("turn") == 2


def test_lines_are_marked_and_follow_the_text(page: Page) -> None:
    open_(page, "upgraded", BELL)
    page.evaluate("editor.markLines([6, 5, 99, 0])")
    marked = page.locator(".cm-marked")
    assert marked.all_text_contents() == ["h q[0];", "cx q[0], q[1];"]
    page.evaluate("editor.goTo(1)")
    page.keyboard.press("Enter")
    assert marked.all_text_contents() == ["h q[0];", "cx q[0], q[1];"]
    page.evaluate("editor.markLines([])")
    expect(marked).to_have_count(0)


def test_everybody_can_use_it(page: Page) -> None:
    def check() -> None:  # as it is: what is open would close if the page changed its size
        page.emulate_media(color_scheme="light")
        assert violations(page) == []
        page.emulate_media(color_scheme="dark")
        assert violations(page, COLOURS) == []

    open_(page, "plain", BELL + "// text\n" * 50)  # more than fits
    check()
    page.evaluate("upgraded()")
    show(page, ("error", 6, 1), ("warning", 4, 5))
    page.evaluate("editor.markLines([6, 7])")
    page.evaluate("editor.nextProblem()")
    expect(page.locator(".cm-tooltip")).to_be_visible()
    check()
    page.keyboard.press("Control+End")
    page.keyboard.press("Control+Space")
    expect(page.get_by_role("option").first).to_be_visible()
    check()


def test_phones_get_letters_of_16_pixels(
    new_context: Callable[..., BrowserContext], address: str
) -> None:
    context = new_context(viewport={"width": 360, "height": 640}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(address)
    open_(page, "upgraded", LONG)
    size = page.locator(".cm-content").evaluate("e => getComputedStyle(e).fontSize")
    assert size == "16px"
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert page.evaluate("violations") == []

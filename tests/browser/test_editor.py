"""The editor of the compose page, by itself, in a real browser and under the page's policy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from editor_page import served
from playwright.sync_api import BrowserContext, Page, expect

_HEAD = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[2] q;\nbit[2] c;\n'
_BELL = _HEAD + "h q[0];\ncx q[0], q[1];\nc = measure q;\n"
_LONG = _HEAD + "".join(f"rx({n}) q[{n % 2}]; // line {n + 5}\n" for n in range(200))
_EDITORS = pytest.mark.parametrize("kind", ["plain", "upgraded"])


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served() as address:
        yield address


@pytest.fixture
def page(context: BrowserContext, address: str) -> Iterator[Page]:
    page = context.new_page()
    page.set_viewport_size({"width": 1000, "height": 700})
    page.goto(address)
    yield page
    assert page.evaluate("violations") == []


def test_the_upgrade_keeps_box_text_place_and_focus(page: Page) -> None:
    _write(page, _LONG)
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
    assert _text(page) == _LONG[:1000] + "new" + _LONG[1010:]
    assert page.locator("#program").bounding_box() == box
    assert page.locator("#after").bounding_box() == after
    assert page.evaluate("document.querySelector('.cm-scroller').scrollTop") == 777
    assert page.evaluate("shifts") <= 0.01


def test_the_text_stands_where_it_stood(page: Page) -> None:
    _write(page, _BELL)
    plain = _pixels(page)
    page.evaluate("upgraded()")
    line = page.locator(".cm-line").first
    assert _pixels(page) == plain == [57, 9, 21, "14px"]
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
    _eventually(page, "editor.text", "に")


def test_letters_without_room_for_gutters_stand_beside_them(page: Page) -> None:
    page.evaluate("document.querySelector('textarea').style.padding = '8px 12px'")
    _write(page, _LONG)
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
    _write(page, _BELL)
    page.evaluate("upgraded()")
    page.evaluate("editor.insert('x q[0];')")
    assert _text(page) == _BELL.replace("c = measure", "x q[0];\nc = measure")


@_EDITORS
def test_a_new_text_is_one_step_that_can_be_undone(page: Page, kind: str) -> None:
    _open(page, kind, _BELL[1:])
    page.keyboard.press("Control+Home")
    page.keyboard.type("O")
    changes = page.evaluate("changes")
    page.evaluate("editor.text = editor.text.replace('h q', 'x q')")
    assert page.evaluate("changes") == changes + 1
    assert "x q[0]" in _text(page)
    page.evaluate("editor.focus()")
    page.keyboard.press("Control+z")
    assert _text(page) == _BELL
    page.keyboard.press("Control+Shift+z")
    assert "x q[0]" in _text(page)
    page.evaluate("editor.text = editor.text")
    assert page.evaluate("changes") == changes + 3
    for gate in "yzs":
        page.evaluate(
            "gate => editor.text = editor.text.replace(/. q.0.;/, `${gate} q[0];`)", gate
        )
    page.keyboard.press("Control+z")
    assert "z q[0]" in _text(page)
    page.evaluate("editor.text = 'a\\r\\nb'")
    assert _text(page) == "a\nb"
    page.evaluate("editor.text = ''")
    assert _text(page) == ""


@_EDITORS
def test_it_inserts_statements_on_lines_of_their_own(page: Page, kind: str) -> None:
    _open(page, kind, _HEAD + "if (c[0]) {\n  h q[0];\n}\n\nx q[1];")
    for line, column, piece, expected in [
        (6, 4, "y q[0];", _HEAD + "if (c[0]) {\n  h q[0];\n  y q[0];\n}\n\nx q[1];"),
        (5, 1, "z q[0];", _HEAD + "if (c[0]) {\n  z q[0];\n  h q[0];\n}\n\nx q[1];"),
        (8, 1, "s q[0];\n", _HEAD + "if (c[0]) {\n  h q[0];\n}\ns q[0];\nx q[1];"),
        (9, 1, "t q[0];", _HEAD + "if (c[0]) {\n  h q[0];\n}\n\nx q[1];\nt q[0];"),
        (9, 3, "pi", _HEAD + "if (c[0]) {\n  h q[0];\n}\n\nx piq[1];"),
    ]:
        before = _text(page)
        page.evaluate("([line, column]) => editor.goTo(line, column)", [line, column])
        page.evaluate("piece => editor.insert(piece)", piece)
        assert _text(page) == expected
        page.keyboard.type("#")  # the cursor is behind it
        assert piece.strip() + "#" in _text(page)
        page.evaluate("text => { editor.text = text }", before)


@_EDITORS
def test_it_says_in_which_line_the_cursor_is(page: Page, kind: str) -> None:
    _open(page, kind, _BELL)
    page.evaluate("editor.goTo(3, 2)")
    page.keyboard.press("ArrowRight")
    _eventually(page, "lines.at(-1)", 3)
    page.keyboard.press("ArrowDown")
    _eventually(page, "lines.at(-1)", 4)
    assert page.evaluate("lines") == [3, 4]


@_EDITORS
def test_columns_are_counted_in_code_points(page: Page, kind: str) -> None:
    _open(page, kind, "// π 𝜏 𝜏 x")
    page.evaluate("editor.goTo(1, 10)")
    page.keyboard.type("^")
    assert _text(page) == "// π 𝜏 𝜏 ^x"
    page.focus("#before")
    page.evaluate("editor.goTo(1, 4, false)")
    expect(page.locator("#before")).to_be_focused()
    page.evaluate("editor.insert('!')")
    assert _text(page) == "// !π 𝜏 𝜏 ^x"


def test_a_problem_is_underlined_to_the_end_of_its_word(page: Page) -> None:
    _open(page, "upgraded", "")
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
        _write(page, text)
        _show(page, ("error", line, column))
        assert underlined.all_text_contents() == [marked], text
        expect(page.locator(".cm-lint-marker-error")).to_have_count(1)
    style = underlined.evaluate("element => getComputedStyle(element).textDecorationStyle")
    assert style == "wavy"


def test_problems_without_a_place_mark_nothing(page: Page) -> None:
    _open(page, "upgraded", "x q;\n\ny q;")
    _show(page, ("warning", None, None), ("warning", 9, 1), ("error", 2, 1))
    expect(page.locator(".cm-lintRange")).to_have_count(0)
    expect(page.locator(".cm-lintPoint")).to_have_count(1)  # in the empty line
    expect(page.locator(".cm-lint-marker")).to_have_count(1)


def test_message_and_hint_stand_in_a_tooltip_as_text(page: Page) -> None:
    _open(page, "upgraded", _BELL)
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


@_EDITORS
def test_f8_goes_from_problem_to_problem(page: Page, kind: str) -> None:
    _open(page, kind, _BELL)
    _show(page, ("error", 6, 4), ("warning", 3, 10))
    page.evaluate("editor.goTo(1)")
    for key, line in [("F8", 3), ("F8", 6), ("F8", 3), ("Shift+F8", 6), ("Shift+F8", 3)]:
        page.keyboard.press(key)
        _eventually(page, "lines.at(-1)", line)
    page.focus("#before")
    page.evaluate("editor.nextProblem()")
    expect(page.get_by_role("textbox", name="Program")).to_be_focused()


def test_f8_is_also_said(page: Page) -> None:
    _open(page, "upgraded", _BELL)
    _show(page, ("error", 6, 4))
    page.evaluate("editor.nextProblem()")
    expect(page.locator(".cm-announced")).to_have_text("error in line 6")
    expect(page.locator(".cm-tooltip")).to_contain_text("error in line 6")


def test_tab_indents_while_one_types_and_leaves_after_escape(page: Page) -> None:
    _open(page, "upgraded", "")
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
    assert _text(page) == "if  x"
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    expect(page.locator("#after")).to_be_focused()
    assert _text(page) == "if  x"


def test_the_plain_one_is_left_by_tab(page: Page) -> None:
    page.focus("#program")
    page.keyboard.type("x q;")
    page.keyboard.press("Tab")
    expect(page.locator("#after")).to_be_focused()


def test_completion_offers_what_may_stand_there(page: Page) -> None:
    _open(page, "upgraded", "")
    for head, typed, offered in [
        (_HEAD, "cr", ["creg", *(f"cr{axis}1 angle, 2 qubits" for axis in "xyz")]),
        (_HEAD, "ctrl @ cu", []),  # it is complete
        (_HEAD, "ctrl @ cs", ["cswap3 qubits"]),
        ("OPENQASM 3;\n", "cs", []),  # no gate without its file
        ('OPENQASM 3;\ninclude "qelib1.inc";\n', "cs", ["csx2 qubits", "cswap3 qubits"]),
        ('// text\nOPENQASM 2.0;\ninclude "qelib1.inc";\n', "re", ["reset"]),
        ("OPENQASM 2.0;\nqreg q[1];\n", "U(l", []),
        ("OPENQASM 2.0;\nqreg q[1];\n", "U(sq", ["sqrt"]),
        (_HEAD, "qubit me", []),  # a new name
        (_HEAD + "qubit message;\n", "h me", ["measure", "messagequbit"]),
        (_HEAD + "array[int[8], 2] message;\n", "h mes", ["messagearray"]),
        (_HEAD + "gate turn(a) q { }\n", "tur", ["turngate"]),
        (_HEAD, "rx(p", []),
        (_HEAD, "rx(ta", ["tan", "tau"]),
        (_HEAD, "x", []),
        (_HEAD, "// me", []),
        (_HEAD, '"me', []),
    ]:
        _write(page, head)
        page.keyboard.press("Control+End")
        page.keyboard.type(typed)
        if offered:
            expect(page.get_by_role("option").first).to_be_visible()
        else:
            page.wait_for_timeout(250)
        assert sorted(page.get_by_role("option").all_text_contents()) == sorted(offered), typed
        page.keyboard.press("Escape")


@pytest.mark.parametrize("key", ["Enter", "Tab"])
def test_completion_inserts_what_is_chosen(page: Page, key: str) -> None:
    _open(page, "upgraded", _HEAD)
    page.keyboard.press("Control+End")
    page.keyboard.type("ba")
    expect(page.get_by_role("option", name="barrier")).to_be_visible()
    page.wait_for_timeout(100)  # it takes no key in its first moments
    page.keyboard.press(key)
    page.keyboard.type(" q;")
    assert _text(page) == _HEAD + "barrier q;"


def test_completion_opens_on_demand_and_closes_by_escape(page: Page) -> None:
    _open(page, "upgraded", _HEAD)
    page.keyboard.press("Control+End")
    page.keyboard.press("Control+Space")
    expect(page.get_by_role("option", name="barrier", exact=True)).to_be_attached()
    page.keyboard.press("Escape")
    expect(page.get_by_role("option")).to_have_count(0)
    expect(page.get_by_role("textbox", name="Program")).to_be_focused()


def test_what_is_typed_over_a_selection_takes_its_place(page: Page) -> None:
    _open(page, "upgraded", _BELL)
    page.keyboard.press("Control+Home")
    for _ in range(3):
        page.keyboard.press("Shift+ArrowDown")
    page.keyboard.type("x")
    assert _text(page) == "x" + _BELL.split("\n", 3)[3]
    page.keyboard.press("Control+a")
    page.keyboard.type("(")
    assert _text(page).startswith("(x")
    assert _text(page).endswith(")")


def test_brackets_close_and_blocks_are_indented(page: Page) -> None:
    _open(page, "upgraded", "")
    page.keyboard.type("gate g(a) q {")
    page.keyboard.press("Enter")
    page.keyboard.type("x q;")
    assert _text(page) == "gate g(a) q {\n  x q;\n}"


def test_control_enter_is_left_to_the_page(page: Page) -> None:
    _open(page, "upgraded", _BELL)
    page.evaluate("document.addEventListener('keydown', e => { window.last = e.key })")
    page.keyboard.press("Control+Enter")
    assert _text(page) == _BELL
    assert page.evaluate("last") == "Enter"


def test_words_have_the_colours_of_what_they_are(page: Page) -> None:
    text = (
        "gate turn a { p(2 * pi) a; }\nqubit s; // h q;\nh s; turn s;\nint h = 10ns + s[0] + x;\n"
        'swap s, s;\n/* rx(1) s;\nh s; */ rx(sin(π)) $0; x s;\ninclude "h s;";'
    )
    _open(page, "upgraded", text)
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
    _open(page, "upgraded", _BELL)
    page.evaluate("editor.markLines([6, 5, 99, 0])")
    marked = page.locator(".cm-marked")
    assert marked.all_text_contents() == ["h q[0];", "cx q[0], q[1];"]
    page.evaluate("editor.goTo(1)")
    page.keyboard.press("Enter")
    assert marked.all_text_contents() == ["h q[0];", "cx q[0], q[1];"]
    page.evaluate("editor.markLines([])")
    expect(marked).to_have_count(0)


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_axe_finds_nothing_wrong(page: Page, colours: Any) -> None:
    page.emulate_media(color_scheme=colours)
    _open(page, "plain", _BELL + "// text\n" * 50)  # more than fits
    assert Axe().run(page).violations_count == 0
    page.evaluate("upgraded()")
    _show(page, ("error", 6, 1), ("warning", 4, 5))
    page.evaluate("editor.markLines([6, 7])")
    page.evaluate("editor.nextProblem()")
    expect(page.locator(".cm-tooltip")).to_be_visible()
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    page.keyboard.press("Control+End")
    page.keyboard.press("Control+Space")
    expect(page.get_by_role("option").first).to_be_visible()
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_phones_get_letters_of_16_pixels(
    new_context: Callable[..., BrowserContext], address: str
) -> None:
    context = new_context(viewport={"width": 360, "height": 640}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(address)
    _open(page, "upgraded", _LONG)
    size = page.locator(".cm-content").evaluate("e => getComputedStyle(e).fontSize")
    assert size == "16px"
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert page.evaluate("violations") == []


def _pixels(page: Page) -> list[Any]:
    """Where the first letter is in its box, how high a line is, and how large a letter."""
    pixels: list[Any] = page.evaluate(
        """() => {
          const box = document.getElementById("program");
          const line = box.querySelector(".cm-line");
          const style = getComputedStyle(line ?? box);
          const edge = ["Left", "Top"].map((side) => parseFloat(style[`padding${side}`]) + 1);
          const range = document.createRange();
          if (line) range.selectNodeContents(line);
          const [text, around] = [range, box].map((it) => it.getBoundingClientRect());
          const top = line?.getBoundingClientRect().y;
          const place = line ? [text.x - around.x, top - around.y] : edge;
          return [...place, parseFloat(style.lineHeight), style.fontSize];
        }"""
    )
    return pixels


def _eventually(page: Page, expression: str, value: object) -> None:
    """Some events come a moment later."""
    for _ in range(100):
        if page.evaluate(expression) == value:
            return
        page.wait_for_timeout(20)
    assert page.evaluate(expression) == value


def _open(page: Page, kind: str, text: str) -> None:
    _write(page, text)
    if kind == "upgraded":
        page.evaluate("upgraded()")
    page.evaluate("editor.focus()")


def _write(page: Page, text: str) -> None:
    page.evaluate("text => { editor.text = text }", text)


def _text(page: Page) -> str:
    text: str = page.evaluate("editor.text")
    return text


def _show(page: Page, *problems: tuple[str, int | None, int | None]) -> None:
    page.evaluate(
        """problems => editor.show(problems.map(([severity, line, column]) => (
          { severity, line, column, message: `${severity} in line ${line}` })))""",
        [list(problem) for problem in problems],
    )

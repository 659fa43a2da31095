"""The drawing of a circuit on a page: scrolled, picked, walked through, saved."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
from drawn_circuits import (
    BELL,
    NESTED,
    Circuit,
    circuit,
    drawn,
    gate,
    laid_out,
    large,
    measure,
    show,
    step,
    until,
    walk,
)
from measures import obstacles
from playwright.sync_api import Page, expect

Opened = Callable[..., AbstractContextManager[Page]]

HOSTILE = [
    "<img src=x onerror=alert(1)>",
    '"><script>alert(1)</script>',
    "javascript:alert(1)",
    "${alert(1)} {{alert(1)}} `alert(1)`",
    "</text></svg><svg onload=alert(1)>",
    "' onmouseover='alert(1)",
]


@pytest.fixture
def page(opened: Opened) -> Iterator[Page]:
    with opened() as page:
        yield page


# Large circuits


def test_of_a_large_circuit_only_what_is_near_the_view_is_in_the_document(page: Page) -> None:
    drawing = large(20, 10_000)
    show(page, drawing)
    items = laid_out(page, drawing)[0]["items"]
    for left in (0, 50_000, 10_000_000, 0):
        page.evaluate("left => view.scroller.scrollLeft = left", left)
        view = page.evaluate("[view.scroller.scrollLeft, view.scroller.clientWidth]")
        seen = {
            number
            for number, item in enumerate(items)
            if view[0] < item["x1"] and item["x0"] < view[0] + view[1] - 100 and item["y0"] < 700
        }
        assert seen
        until(page, f"{[*seen]}.every((n) => document.querySelector(`[data-step='${{n}}']`))")
        assert len(drawn(page)) == len(set(drawn(page))) < 1000
    assert page.evaluate("document.querySelectorAll('*').length") < 5000


def test_an_edited_program_stays_in_place_and_another_one_begins_at_its_start(page: Page) -> None:
    show(page, large(5, 300))
    page.evaluate("view.scroller.scrollLeft = 2000")
    show(page, large(5, 301))
    assert page.evaluate("view.scroller.scrollLeft") == 2000
    show(page, large(6, 300))
    assert page.evaluate("view.scroller.scrollLeft") == 0


def test_what_is_too_large_is_said_in_a_sentence(page: Page) -> None:
    show(page, BELL)
    sentence = "The circuit has 12,000 operations; at most 10,000 are drawn."
    show(page, {**circuit([], 0), "left_out": sentence})
    assert page.locator(".sentence").inner_text() == sentence
    assert drawn(page) == []
    show(page, BELL)
    assert not page.locator(".sentence").is_visible()
    assert len(drawn(page)) == 4


# Lines of the program


def test_a_line_is_marked_and_its_first_step_comes_into_view_without_moving_the_page(
    page: Page,
) -> None:
    show(page, large(5, 600))
    page.evaluate("view.mark(500)")
    assert page.locator(".marked").count() == 1
    marked = page.locator(".marked").bounding_box()
    scroller = page.locator(".scroller").bounding_box()
    assert marked
    assert scroller
    assert scroller["x"] < marked["x"]
    assert marked["x"] + marked["width"] < scroller["x"] + scroller["width"]
    assert page.evaluate("[scrollX, scrollY]") == [0, 0]
    page.evaluate("view.mark(undefined)")
    assert page.locator(".marked").count() == 0


def test_all_steps_of_a_line_are_marked_and_a_view_with_one_of_them_stays(page: Page) -> None:
    show(page, circuit([gate("h", [0], 1 + (i in (3, 90))) for i in range(100)]))
    page.evaluate("view.mark(2)")
    assert page.evaluate("view.scroller.scrollLeft") == 0
    page.evaluate("view.scroller.scrollLeft = 3500")
    page.evaluate("view.mark(2)")
    assert page.evaluate("view.scroller.scrollLeft") == 3500
    until(page, "document.querySelectorAll('.marked').length == 1")  # the other is far


def test_a_click_picks_a_step_and_hovering_tells_its_line(page: Page) -> None:
    show(page, NESTED)
    names = [one.get("name") for one, _ in walk(NESTED["steps"])]
    z = page.locator(f"[data-step='{names.index('z')}'] .body")
    z.click()
    assert page.evaluate("said.picked") == [[8, 1]]
    assert page.evaluate("said.hovered.at(-1)") == [8]
    middle = page.locator("[data-step='2'] .hit").bounding_box()
    assert middle
    page.mouse.move(middle["x"] + 4, middle["y"] + 30)
    assert page.evaluate("said.hovered.at(-1)") == [5]
    page.mouse.move(0, 0)
    assert page.evaluate("said.hovered.at(-1)") == []


def test_an_outdated_drawing_is_greyed_and_kept(page: Page) -> None:
    show(page, BELL)
    page.evaluate("view.stale(true)")
    until(page, "getComputedStyle(view.scroller).opacity == 0.5")
    assert len(drawn(page)) == 4
    show(page, BELL)
    until(page, "getComputedStyle(view.scroller).opacity == 1")


# Without a mouse, without eyes


def test_the_keys_walk_along_the_wires_and_say_where_they_are(page: Page) -> None:
    show(page, NESTED)
    page.keyboard.press("Tab")
    walked = []
    for key in ["Right", "Right", "Right", "Down", "Left", "Right", "Right", "End", "Home", "Up"]:
        page.keyboard.press(key if key in ("End", "Home") else f"Arrow{key}")
        expect(page.locator(".said")).not_to_be_empty()  # the first key loads a module
        walked.append(page.locator(".said").text_content())
        assert page.locator(".current").is_visible()
    ccx = "ccx, control q[1], open control q[0], target q[2], line 5"
    assert walked == [
        "q[0]: h, q[0], line 3",
        "while !flag, line 4",
        ccx,
        f"q[1]: {ccx}",
        "while !flag, line 4",
        ccx,
        "measure, q[1], into c[0], line 6",
        "barrier, q[0], q[1], q[3], line 17",
        "while !flag, line 4",
        "q[0]: while !flag, line 4",
    ]
    page.keyboard.press("Enter")
    assert page.evaluate("said.picked") == [[4, 1]]
    page.keyboard.press("Escape")
    assert page.locator(".current").count() == 0


def test_the_keys_bring_the_step_into_view(page: Page) -> None:
    show(page, large(30, 3000))
    page.keyboard.press("Tab")
    for key in ["ArrowRight", "End", *["ArrowDown"] * 25]:
        page.keyboard.press(key)
        expect(page.locator(".said")).not_to_be_empty()  # the first key loads a module
    current = page.locator(".current").bounding_box()
    scroller = page.locator(".scroller").bounding_box()
    assert current
    assert scroller
    assert current["x"] + current["width"] <= scroller["x"] + scroller["width"]
    assert current["y"] + min(current["height"], 40) <= scroller["y"] + scroller["height"]
    assert page.evaluate("[scrollX, scrollY]") == [0, 0]


def test_the_image_says_what_the_circuit_is(page: Page) -> None:
    show(page, BELL)
    name = page.get_by_role("img").get_attribute("aria-label")
    assert name == (
        "Circuit: 2 qubits, 4 operations: h on q[0], cx on q[0], q[1], "
        "measure on q[0], measure on q[1]"
    )
    show(page, NESTED)
    name = page.get_by_role("img").get_attribute("aria-label")
    assert name == (
        "Circuit: 4 qubits, 11 operations: h on q[0], while !flag, ccx on q[1], q[0], q[2], "
        "measure on q[1], if c == 2, and 10 more"
    )


def test_everybody_can_use_it(page: Page) -> None:
    for drawing in (NESTED, large(12, 80), {**circuit([], 0), "left_out": "Too large."}):
        show(page, drawing)
        assert obstacles(page) == []


def test_a_small_phone_scrolls_the_drawing_and_never_the_page(opened: Opened) -> None:
    size: Any = {"width": 320, "height": 640}
    with opened(viewport=size) as page:
        show(
            page,
            large(12, 300) | {"qubits": [f"a_register_with_a_long_name[{i}]" for i in range(12)]},
        )
        assert page.evaluate("document.documentElement.scrollWidth") == 320
        page.evaluate("view.scroller.scrollLeft = 1000")
        labels = page.locator(".labels").bounding_box()
        scroller = page.locator(".scroller").bounding_box()
        assert labels
        assert scroller
        assert labels["x"] == scroller["x"]
        assert labels["width"] < scroller["width"] / 2


# Texts that are not ours, and the file


def test_hostile_texts_stay_texts(page: Page) -> None:
    for text in HOSTILE:
        inner = [step("call", 5, text=text, steps=[gate(text, [1, 0])])]
        drawing: Circuit = {
            "qubits": [text, "q"],
            "registers": [{"name": text, "size": 1}],
            "steps": [
                gate(text, [0], text=text),
                gate("rx", [1], text=text),
                step("set", 2, text=text),
                measure(0, 3, [0, 0]),
                step("if", 4, text=text, reads=[0], steps=inner),
            ],
        }
        show(page, drawing)
        page.evaluate("view.mark(1)")
        page.locator(".scroller").press("ArrowRight")
        expect(page.locator(".said")).to_contain_text(text)
        assert text in (page.get_by_role("img").get_attribute("aria-label") or "")
        assert text in page.locator(".step title").first.text_content()  # type: ignore[operator]
        assert page.locator("#host :is(img, script, svg svg)").count() == 0
        page.evaluate("text => view.clear(text)", text)
        assert page.locator(".sentence").inner_text() == text

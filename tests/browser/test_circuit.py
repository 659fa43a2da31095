"""How a circuit is drawn: where its steps are, and their symbols."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from itertools import combinations
from typing import Any, Literal

import pytest
from drawn_circuits import (
    NESTED,
    Circuit,
    circuit,
    drawn,
    gate,
    laid_out,
    measure,
    random_circuit,
    show,
    step,
    walk,
)
from playwright.sync_api import Page

Opened = Callable[..., AbstractContextManager[Page]]


@pytest.fixture
def page(opened: Opened) -> Iterator[Page]:
    with opened() as page:
        yield page


def shapes(page: Page, number: int, kind: str) -> list[dict[str, Any]]:
    """The boxes of all shapes of a class in a step, on the screen."""
    return page.evaluate(
        """([number, kind]) => [...document.querySelectorAll(`[data-step="${number}"] .${kind}`)]
            .map((shape) => ({...shape.getBoundingClientRect().toJSON(), text: shape.textContent}))
            .sort((one, other) => one.y - other.y)""",
        [number, kind],
    )


def wire(page: Page, row: int) -> float:
    """The height of a row's middle on the screen."""
    label = page.locator(".labels .label").nth(row).bounding_box()
    assert label
    return label["y"] + label["height"] / 2


# The layout


def overlap(one: dict[str, float], other: dict[str, float]) -> bool:
    return (
        one["x0"] < other["x1"]
        and other["x0"] < one["x1"]
        and one["top"] < other["bottom"]
        and other["top"] < one["bottom"]
    )


def line(item: dict[str, Any], rows: list[dict[str, Any]]) -> dict[str, float] | None:
    """The strip that a step's line to a register takes, below the step or above it."""
    ys = [rows[row]["y"] for row in item["ends"]]
    strip = {"x0": item["x"] - 5, "x1": item["x"] + 5}
    if ys and max(ys) > item["bottom"]:
        return {**strip, "top": item["bottom"], "bottom": max(ys)}
    if ys and min(ys) < item["top"]:
        return {**strip, "top": min(ys), "bottom": item["top"]}
    return None


def check(drawing: Circuit, laid: dict[str, Any]) -> None:
    steps = list(walk(drawing["steps"]))
    items, rows = laid["items"], laid["rows"]
    assert len(items) == len(steps)
    lines = [line(item, rows) for item in items]
    for number, (item, (one, above)) in enumerate(zip(items, steps, strict=True)):
        assert item["x0"] >= 0
        assert item["x1"] <= laid["width"]
        assert item["y0"] >= 0
        assert item["y1"] <= laid["height"]
        own = {*one.get("qubits", []), *one.get("controls", [])}
        assert own <= set(range(item["lo"], item["hi"] + 1))
        for box in above:
            frame = items[box]
            assert frame["x0"] < item["x0"]
            assert item["x1"] < frame["x1"]
            assert frame["top"] + 20 <= item["top"]  # its header
            assert item["bottom"] < frame["bottom"]
        if above and "otherwise" in steps[above[-1]][0]:
            first = one in steps[above[-1]][0].get("steps", [])
            divider = items[above[-1]]["elseX"]
            assert item["x1"] < divider if first else item["x0"] > divider
        assert number not in above
    for (a, (_, over_a)), (b, (_, over_b)) in combinations(enumerate(steps), 2):
        if a in over_b:
            continue
        one, other = items[a], items[b]
        assert not overlap(one, other), (a, b)
        for strip, of, item, around in [
            (lines[a], a, other, over_a),
            (lines[b], b, one, over_b),
        ]:
            against = b if of == a else a
            assert not (strip and against not in around and overlap(strip, item)), (a, b)
        assert not (lines[a] and lines[b] and overlap(lines[a], lines[b])), (a, b)
        if one["lo"] <= other["hi"] and other["lo"] <= one["hi"]:
            assert one["x1"] <= other["x0"], (a, b)  # in the order of the program


def test_nothing_overlaps_and_the_order_is_kept_whatever_the_circuit(page: Page) -> None:
    circuits = [random_circuit(seed) for seed in range(400)]
    assert max(len(above) for one in circuits for _, above in walk(one["steps"])) >= 3
    laid = laid_out(page, *circuits)
    for seed, (drawing, layout) in enumerate(zip(circuits, laid, strict=True)):
        try:
            check(drawing, layout)
        except AssertionError as failure:
            raise AssertionError(f"seed {seed}") from failure


def test_every_step_is_drawn_once_and_every_text_fits(page: Page) -> None:
    for seed in range(60):
        drawing = random_circuit(seed)
        show(page, drawing)
        steps = list(walk(drawing["steps"]))
        assert sorted(drawn(page)) == list(range(len(steps)))
        outside = page.evaluate(
            """[...document.querySelectorAll(
              '.step :is(.name, .angle, .word, .header)')].filter((text) => {
              const box = text.parentNode.querySelector('.body, .frame').getBBox();
              const own = text.getBBox();
              return own.x < box.x || own.x + own.width > box.x + box.width;
            }).map((text) => text.textContent)"""
        )
        assert outside == [], seed


def test_a_gate_takes_the_leftmost_free_column(page: Page) -> None:
    drawing = circuit(
        [gate("h", [0]), gate("x", [2], controls=[0]), gate("h", [1]), gate("h", [3])], 4
    )
    first, controlled, between, apart = (item["x"] for item in laid_out(page, drawing)[0]["items"])
    assert first == apart < controlled < between  # a line crosses the wire of `between` before


def test_a_circuit_without_steps_has_its_wires_and_one_without_wires_a_sentence(
    page: Page,
) -> None:
    show(page, circuit([], 2))
    assert page.locator(".labels .label").all_text_contents() == ["q[0]q[0]", "q[1]q[1]"]
    show(page, circuit([], 0))
    assert page.locator(".sentence").inner_text() == "There are no qubits to draw."
    assert not page.locator(".scroller").is_visible()


# The symbols


def test_controls_are_dots_and_open_ones_circles_on_their_wires(page: Page) -> None:
    show(page, circuit([gate("x", [1], controls=[0, 3], open=[3])], 4))
    filled, hollow = shapes(page, 0, "dot")
    [target] = shapes(page, 0, "body")
    assert filled["y"] + 4 == pytest.approx(wire(page, 0), abs=2)
    assert hollow["y"] + 4 == pytest.approx(wire(page, 3), abs=2)
    assert target["y"] + 12 == pytest.approx(wire(page, 1), abs=2)
    assert len(shapes(page, 0, "open")) == 1
    fills = page.evaluate(
        "[...document.querySelectorAll('.dot')].map((d) => getComputedStyle(d).fill)"
    )
    assert len(set(fills)) == 2


def test_each_kind_of_step_has_its_symbol(page: Page) -> None:
    for drawn_step, dots, bodies, crosses, texts in [
        (gate("h", [0]), 0, 1, 0, ["H"]),
        (gate("sdg", [0]), 0, 1, 0, ["S†"]),
        (gate("rx", [0], text="π/2"), 0, 1, 0, ["RX", "π/2"]),
        (gate("f^2", [0]), 0, 1, 0, ["f^2"]),
        (gate("z", [1], controls=[0]), 2, 0, 0, []),
        (gate("p", [1], controls=[0], text="π/8"), 1, 1, 0, ["P", "π/8"]),
        (gate("swap", [0, 2]), 0, 0, 2, []),
        (gate("swap", [0, 2], controls=[1]), 1, 0, 2, []),
        (gate("my_gate", [2, 0]), 0, 1, 0, ["my_gate", "0", "1"]),
        (gate("gphase", [], text="π/4"), 0, 0, 0, ["phase π/4"]),
        (gate("gphase", [], text="π/4", controls=[0, 2]), 2, 0, 0, ["phase π/4"]),
        (step("reset", 1, qubits=[1]), 0, 1, 0, ["|0⟩"]),
        (step("set", 1, text="c[0] = true", bit=[0, 0]), 0, 1, 0, ["c[0] = true"]),
        (measure(0), 0, 1, 0, []),
        (measure(0, bit=[0, 3]), 0, 1, 0, ["3"]),
    ]:
        show(page, circuit([drawn_step], 3, c=4))
        found = [len(shapes(page, 0, kind)) for kind in ("dot", "body", "cross")]
        assert found == [dots, bodies, crosses], drawn_step
        shown = page.locator("[data-step] text").all_text_contents()
        assert sorted(shown) == sorted(texts)


def test_the_arguments_of_a_gate_are_numbered_on_their_wires(page: Page) -> None:
    show(page, circuit([gate("my_gate", [2, 0])]))
    assert [text["text"] for text in shapes(page, 0, "angle")] == ["1", "0"]


def test_an_outcome_has_an_arrow_to_its_register(page: Page) -> None:
    show(page, circuit([measure(0, bit=[1, 7]), measure(1, bit=[0, 0])], 2, c=1, d=8))
    [arrow] = shapes(page, 0, "end")
    assert arrow["bottom"] == pytest.approx(wire(page, 3), abs=3)
    [arrow] = shapes(page, 1, "end")
    assert arrow["bottom"] == pytest.approx(wire(page, 2), abs=3)


def test_a_condition_has_a_line_to_every_register_that_it_reads(page: Page) -> None:
    condition = step("if", 1, text="c == d", reads=[0, 2], steps=[gate("x", [0])])
    show(page, circuit([condition], 2, c=1, other=1, d=1))
    ends = shapes(page, 0, "end")
    assert [end["y"] + 4 for end in ends] == pytest.approx([wire(page, 2), wire(page, 4)], abs=2)
    [frame] = shapes(page, 0, "frame")
    [reads] = shapes(page, 0, "bits")
    assert reads["top"] == pytest.approx(frame["bottom"], abs=2)
    assert reads["bottom"] == pytest.approx(wire(page, 4), abs=2)


def test_boxes_have_headers_and_stand_in_one_another(page: Page) -> None:
    show(page, NESTED)
    headers = page.locator(".header").all_text_contents()
    assert headers == ["while !flag", "if c == 2", "else", "if c[0]", "correct"]
    check(NESTED, laid_out(page, NESTED)[0])


def test_a_long_text_is_shortened_and_shown_whole_by_hovering(page: Page) -> None:
    show(page, circuit([gate("a_gate_with_a_long_name", [0], text="3.14159265358979, 1")]))
    assert page.locator(".name").text_content() == "a_gate_with_a…"
    assert page.locator(".step .angle").text_content() == "3.14159265358…"
    title = page.locator(".step title").text_content()
    assert title == "a_gate_with_a_long_name 3.14159265358979, 1"


def test_texts_on_gates_can_be_read(page: Page) -> None:
    names = ["h", "x", "s", "rx", "swap^2", "own"]
    gates = [gate(name, [0, 1][: 1 + (name == "swap^2")]) for name in names]
    show(page, circuit([*gates, step("reset", 1, qubits=[0])]))
    schemes: list[Literal["light", "dark"]] = ["light", "dark"]
    for scheme in schemes:
        page.emulate_media(color_scheme=scheme)
        pairs = page.evaluate(
            """[...document.querySelectorAll('.step')].map((g) =>
              ['.body', '.name'].map((part) => getComputedStyle(g.querySelector(part)).fill))"""
        )
        assert len({body for body, _ in pairs}) == len(names) + 1
        for body, name in pairs:
            light, dark = sorted([_luminance(body), _luminance(name)], reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (body, name)


def _luminance(color: str) -> float:
    channels = [
        int(part) / 255 for part in color.removeprefix("rgb(").removesuffix(")").split(",")
    ]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_a_barrier_is_a_line_over_its_wires_alone(page: Page) -> None:
    show(page, circuit([step("barrier", 1, qubits=[3, 0, 1])], 4))
    d = page.locator(".barrier").get_attribute("d")
    assert d
    assert d.count("M") == 2
    rows = laid_out(page, circuit([], 4))[0]["rows"]
    ends = sorted(float(part.split("V")[1]) for part in d.split("M")[1:])
    assert ends == [rows[1]["y"] + 18, rows[3]["y"] + 18]

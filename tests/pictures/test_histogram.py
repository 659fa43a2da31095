"""The bar chart of counts."""

from __future__ import annotations

import random
from xml.etree import ElementTree

import pytest

from quantum_tasks.pictures.histogram import MAX_BARS, histogram

SVG = "{http://www.w3.org/2000/svg}"


def parts(svg: str, tag: str, of: str) -> list[ElementTree.Element]:
    root = ElementTree.fromstring(svg)
    return [element for element in root.iter(SVG + tag) if element.get("class") == of]


def texts(svg: str, of: str) -> list[str]:
    return [element.text or "" for element in parts(svg, "text", of)]


def test_each_key_has_a_bar_as_high_as_its_count_in_the_order_of_the_keys():
    drawn = histogram({"11": 500, "00": 250, "01": 0})
    assert texts(drawn, "key") == ["00", "01", "11"]
    assert texts(drawn, "number") == ["250", "0", "500"]
    heights = [float(bar.attrib["height"]) for bar in parts(drawn, "rect", "bar")]
    assert heights == [heights[2] / 2, 0, heights[2]]
    assert "750 shots, 3 outcomes" in drawn


@pytest.mark.parametrize("most", [1, 2, 3, 7, 999, 1000, 1001, 123_456_789])
def test_the_scale_has_round_numbers_and_room_for_the_highest_bar(most):
    ticks = [int(text.replace(",", "")) for text in texts(histogram({"0": most}), "quiet")[1:]]
    assert ticks[0] == 0
    assert ticks[-2] < most <= ticks[-1]
    assert 2 <= len(ticks) <= 6
    assert str(ticks[1]).rstrip("0") in ("1", "2", "5")


def test_of_many_keys_the_most_frequent_are_drawn_and_the_rest_is_summed_up():
    counts = {format(number, "010b"): number + 1 for number in range(1000)}
    drawn = histogram(counts)
    keys = texts(drawn, "key")
    assert len(keys) == MAX_BARS
    assert keys[:-1] == sorted(sorted(counts, key=counts.__getitem__)[-MAX_BARS + 1 :])
    assert keys[-1] == "rest"
    assert len(parts(drawn, "rect", "rest")) == 1
    assert texts(drawn, "number")[-1] == f"{sum(range(1, 1002 - MAX_BARS)):,}"
    assert f"the {1000 - MAX_BARS + 1} after the {MAX_BARS - 1} most frequent" in drawn


def test_as_many_keys_as_there_is_room_for_have_no_rest():
    drawn = histogram({format(number, "05b"): 1 for number in range(MAX_BARS)})
    assert len(parts(drawn, "rect", "bar")) == MAX_BARS
    assert "rest" not in texts(drawn, "key")


def test_long_keys_lose_their_middle_and_keep_it_in_the_tooltip():
    key = "".join(random.Random(1).choices("01", k=100))
    drawn = histogram({key: 3})
    (label,) = texts(drawn, "key")
    assert len(label) < 30
    assert (key[:8], key[-8:]) == (label[:8], label[-8:])
    assert f"<title>{key}: 3</title>" in drawn


@pytest.mark.parametrize("counts", [{}, {"0": 0}])
def test_without_counts_it_says_so(counts):
    drawn = histogram(counts)
    assert "There are no counts." in drawn
    assert parts(drawn, "rect", "bar") == []


def test_everything_is_escaped_and_nothing_comes_from_elsewhere():
    drawn = histogram({'"<script>&': 1}, title='</title><script>"&')
    root = ElementTree.fromstring(drawn)
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert tags == {"svg", "title", "style", "text", "line", "g", "rect"}
    assert texts(drawn, "title") == ['</title><script>"&']
    assert root.get("aria-label") == '</title><script>"&: 1 shot, 1 outcome'
    assert "url(" not in drawn
    assert "href" not in drawn

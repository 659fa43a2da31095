"""How quick the composer is for people, in a browser on this machine."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "browser"))

import chromium as debian
import drawn_circuits
from chromium import Chromium
from playwright.sync_api import Page

from bench.running import fresh
from bench.tables import Figures, progress, quantile

LOADS = 15  # cold ones, for each figure
RUNS = 40
KEYS = 80
MISTAKES = 20
SLOWER = (1, 4)  # times that the processor is, for the page
_LCP_MS = {1: 300, 4: 1000}
_KEY_MS = {500: 16, 5000: 50}  # by lines
_DRAWN_MS = {200: 100, 2000: 250}  # by steps, on 50 qubits

# Presses Ctrl-Enter in each frame until the page has heard it, and looks for the bars in each.
_IMPATIENT = """
const look = () => {
  if (document.querySelector("#result [role=img]")) {
    window.barsMs = performance.now();
    return;
  }
  if (!document.querySelector("#answer .status")?.textContent) {
    const how = { key: "Enter", ctrlKey: true, bubbles: true };
    document.dispatchEvent(new KeyboardEvent("keydown", how));
  }
  requestAnimationFrame(look);
};
look();
"""
_PAINTS = """() => new Promise((done) => {
  const seen = (list) => done(list.getEntries().at(-1).startTime);
  new PerformanceObserver(seen).observe({ type: "largest-contentful-paint", buffered: true });
})"""
_BEFORE_PAINT = """() => {
  const [{ startTime }] = performance.getEntriesByName("first-contentful-paint");
  const files = ["navigation", "resource"].flatMap((type) => performance.getEntriesByType(type));
  const early = files.filter(({ responseEnd }) => responseEnd && responseEnd < startTime);
  return early.reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0);
}"""
_RUN = """async () => {
  const region = document.getElementById("result");
  const begun = performance.now();
  document.getElementById("run").click();
  const frame = () => new Promise(requestAnimationFrame);
  while (region.ariaBusy !== "true") await frame();
  while (region.ariaBusy === "true" || !region.querySelector("[role=img]")) await frame();
  return performance.now() - begun;
}"""
_EDITOR = """
  const files = performance.getEntriesByType("resource").map(({ name }) => name);
  const { EditorView } = await import(files.find((name) => name.endsWith("/codemirror.js")));
  const view = EditorView.findFromDOM(document.querySelector(".cm-editor"));
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
"""
_KEYS = f"""async ([text, keys]) => {{{_EDITOR}
  view.dispatch({{ changes: {{ from: 0, to: view.state.doc.length, insert: text }} }});
  const middle = view.state.doc.line(Math.ceil(view.state.doc.lines / 2)).to;
  view.dispatch({{ selection: {{ anchor: middle }}, scrollIntoView: true }});
  await pause(1000);
  const took = [];
  for (let key = 0; key < keys; key++) {{
    const begun = performance.now();
    const typed = view.state.replaceSelection(key % 10 ? " " : "\\n");
    view.dispatch(typed, {{ userEvent: "input.type", scrollIntoView: true }});
    document.body.getBoundingClientRect();
    took.push(performance.now() - begun);
    await pause(60);
  }}
  return took;
}}"""
_MISTAKES = f"""async ([text, times]) => {{{_EDITOR}
  const wrong = () => document.querySelector(".cm-lintRange-error");
  const all = () => ({{ from: 0, to: view.state.doc.length }});
  const set = (insert) => view.dispatch({{ changes: {{ ...all(), insert }} }});
  const until = async (is) => {{ while (!is()) await new Promise(requestAnimationFrame); }};
  const took = [];
  for (let time = 0; time < times; time++) {{
    set(text);
    await until(() => !wrong());
    await pause(400);
    const begun = performance.now();
    set(text.replace("h q[0];", "oops q[0];"));
    await until(wrong);
    took.push(performance.now() - begun);
  }}
  return took;
}}"""
_DRAW = """async (circuit) => {
  view.clear("");
  await new Promise(requestAnimationFrame);
  const begun = performance.now();
  view.show(circuit);
  while (document.querySelectorAll("[data-step]").length < circuit.steps.length) {
    await new Promise(requestAnimationFrame);
  }
  return performance.now() - begun;
}"""
_SCROLL = """async (circuit) => {
  view.show(circuit);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  said.longest = 0;
  for (let frame = 0; frame < 120; frame++) {
    view.scroller.scrollLeft += 300;
    await new Promise(requestAnimationFrame);
  }
  await new Promise((resolve) => setTimeout(resolve, 200)); // until long tasks are told
  return said.longest;
}"""


def measure() -> None:
    path = debian.find()
    if path is None:
        print(f"not measured: it needs a browser: apt-get install {debian.NAMES[0]}\n")
        return
    figures = Figures()
    chromium = Chromium(path)
    print(f"load of the machine before: {os.getloadavg()[0]:.1f}\n")
    try:
        with chromium.awake(), fresh() as service:
            _first_view(chromium, service.url, figures)
            _at_work(chromium, service.url, figures)
            _drawing(chromium, figures)
    finally:
        chromium.close()
    figures.show()
    print(f"load of the machine after: {os.getloadavg()[0]:.1f}\n")


@contextmanager
def _page(chromium: Chromium, slower: int = 1) -> Iterator[Page]:
    """A page of a browser that has nothing in its cache."""
    context = chromium.new_context()
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": slower})
    yield page
    context.close()


def _opened(page: Page, url: str) -> None:
    page.goto(url)
    page.locator(".cm-content").wait_for()
    page.get_by_role("img", name="Circuit: ").wait_for()
    page.wait_for_load_state("networkidle")


def _first_view(chromium: Chromium, url: str, figures: Figures) -> None:
    for slower in SLOWER:
        progress(f"cold loads, processor {slower} times slower")
        paints, shifts, bars, early = [], [], [], 0
        for _ in range(LOADS):
            with _page(chromium, slower) as page:
                _opened(page, url)
                paints.append(page.evaluate(_PAINTS))
                shifts.append(page.evaluate("layoutShifts.sum"))
                early = max(early, page.evaluate(_BEFORE_PAINT))
            with _page(chromium, slower) as page:
                page.add_init_script(_IMPATIENT)
                page.goto(url, wait_until="commit")
                page.get_by_role("img", name="Histogram: ").wait_for()
                bars.append(page.evaluate("barsMs"))
        how = f"{slower}x slower" if slower > 1 else "full speed"
        figures.add(f"largest paint, {how}, p50", quantile(paints, 0.5), "ms", _LCP_MS[slower])
        figures.add(f"largest paint, {how}, p95", quantile(paints, 0.95), "ms")
        figures.add(f"layout shift, {how}, most", max(shifts), "", 0.01, form=".4f")
        target = 1000 if slower == 1 else None
        name = f"navigation, Ctrl-Enter, bars, {how}"
        figures.add(f"{name}, p50", quantile(bars, 0.5), "ms")
        figures.add(f"{name}, p95", quantile(bars, 0.95), "ms", target)
        figures.add(f"before the first paint, {how}, most", early / 1000, "kB", 40)


def _at_work(chromium: Chromium, url: str, figures: Figures) -> None:
    with _page(chromium) as page:
        _opened(page, url)
        progress("runs")
        runs = [page.evaluate(_RUN) for _ in range(RUNS)]
        figures.add("the first Run until its bars", runs[0], "ms")
        figures.add("Run until its bars, p50", quantile(runs[1:], 0.5), "ms", 150)
        figures.add("Run until its bars, p95", quantile(runs[1:], 0.95), "ms")
        for lines, target in _KEY_MS.items():
            progress(f"keys at {lines} lines")
            keys = page.evaluate(_KEYS, [_program(lines), KEYS])
            figures.add(f"key until layout, {lines:,} lines, p50", quantile(keys, 0.5), "ms")
            name = f"key until layout, {lines:,} lines, p95"
            figures.add(name, quantile(keys, 0.95), "ms", target)
        progress("mistakes")
        took = page.evaluate(_MISTAKES, [_program(50), MISTAKES])
        figures.add("last key until squiggle, p50", quantile(took, 0.5), "ms")
        figures.add("last key until squiggle, p95", quantile(took, 0.95), "ms", 350)


def _drawing(chromium: Chromium, figures: Figures) -> None:
    progress("drawings")
    with drawn_circuits.serving() as address, _page(chromium) as page:
        page.goto(address)
        drawn_circuits.until(page, "window.view !== undefined")
        for steps, target in _DRAWN_MS.items():
            circuit: Any = drawn_circuits.large(50, steps)
            took = [page.evaluate(_DRAW, circuit) for _ in range(10)]
            name = f"drawing of 50 qubits with {steps:,} gates"
            figures.add(f"{name}, p50", quantile(took, 0.5), "ms", target)
            figures.add(f"{name}, p95", quantile(took, 0.95), "ms")
        longest = page.evaluate(_SCROLL, drawn_circuits.large(50, 10_000))
        figures.add("longest task while 10,000 gates are scrolled", longest, "ms", 50)


def _program(lines: int) -> str:
    """Of so many lines, over ten qubits."""
    head = ["OPENQASM 3.0;", 'include "stdgates.inc";', "qubit[10] q;", "bit[10] c;", "h q[0];"]
    body = [f"cx q[{n % 9}], q[{n % 9 + 1}];" for n in range(lines - len(head) - 1)]
    return "\n".join([*head, *body, "c = measure q;"])

"""How quick the list of tasks and a histogram are for people, in a browser on this machine."""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "browser"))

import chromium as debian
from chromium import Chromium
from measures import forget
from playwright.sync_api import Page
from service import BELL, Service
from task_list import add, execute

from bench.running import data_folder, database_url, running
from bench.tables import Figures, progress, quantile

TASKS = 10_000
LOADS = 15
TABS = 8
ROWS = 1000  # that are shown while events come
EVENTS_PER_S = 100
SECONDS = 10
OUTCOMES = 10_000
DRAWINGS = 20

# Runs in a page before all else: when the first row was there to be painted, and each render.
_OBSERVE = """
window.renders = 0;
const look = () => {
  if (document.querySelector("#table tbody tr")) window.rowsMs ??= performance.now();
  else requestAnimationFrame(look);
};
look();
document.addEventListener("DOMContentLoaded", () => {
  const table = document.getElementById("table"); // each render sets aria-busy, once
  new MutationObserver((records) => { window.renders += records.length; })
    .observe(table, { attributeFilter: ["aria-busy"] });
});
"""
_HISTOGRAM = """async ([outcomes, times]) => {
  const url = document.querySelector("script").src.replace("tasks.js", "histogram.js");
  const { histogram } = await import(url);
  const shots = 7 * outcomes;
  const keys = Array.from({ length: outcomes }, (_, n) => n.toString(2).padStart(14, "0"));
  const probabilities = Object.fromEntries(keys.map((key, n) => [key, (1 + n % 13) / shots]));
  const host = document.querySelector("main");
  const took = [];
  for (let time = 0; time < times; time++) {
    const begun = performance.now();
    host.replaceChildren(...histogram({ probabilities }, shots, { top: 256, lasting: true }));
    host.getBoundingClientRect();
    took.push(performance.now() - begun);
    await new Promise(requestAnimationFrame);
  }
  return took;
}"""
# Of tasks that are queued; each becomes an event.
_CANCEL = """
update tasks set status = 'cancelled', ended_at = now() where id = any(array(
    select id from tasks where status = 'queued' and queue = 'nobody'
    order by created_at desc, position desc limit $1
))
"""


def measure() -> None:
    path = debian.find()
    if path is None:
        print(f"not measured: it needs a browser: apt-get install {debian.NAMES[0]}\n")
        return
    figures = Figures()
    chromium = Chromium(path)
    print(f"load of the machine before: {os.getloadavg()[0]:.1f}\n")
    try:
        with chromium.awake(), data_folder() as folder, running(folder) as service:
            service.run(BELL)
            add(database_url(folder), TASKS, "one of many")
            execute(database_url(folder), "analyze")
            _first_page(chromium, service, figures)
            _tabs(chromium, service, figures)
            _events(chromium, service, database_url(folder), figures)
            _histogram(chromium, service, figures)
    finally:
        chromium.close()
    figures.show()
    print(f"load of the machine after: {os.getloadavg()[0]:.1f}\n")


def _shown(page: Page, service: Service) -> float:
    """Milliseconds from the navigation to the first rows."""
    page.goto(f"{service.url}/ui/tasks")
    page.locator("tbody tr").first.wait_for()
    return float(page.evaluate("rowsMs"))


def _first_page(chromium: Chromium, service: Service, figures: Figures) -> None:
    progress(f"the first page of {TASKS:,} tasks")
    context = chromium.new_context()
    page = context.new_page()
    page.add_init_script(_OBSERVE)
    _shown(page, service)
    cold = []
    for _ in range(LOADS):
        forget(page)
        cold.append(_shown(page, service))
    warm = [_shown(page, service) for _ in range(LOADS)]
    name = f"first page of {TASKS:,} tasks"
    figures.add(f"{name}, nothing in the cache, p50", quantile(cold, 0.5), "ms", 200)
    figures.add(f"{name}, nothing in the cache, p95", quantile(cold, 0.95), "ms")
    figures.add(f"{name}, opened before, p50", quantile(warm, 0.5), "ms", 200)
    context.close()


def _tabs(chromium: Chromium, service: Service, figures: Figures) -> None:
    progress(f"{TABS} live tabs")
    context = chromium.new_context()
    id = service.client.get("/v1/tasks?limit=1").json()["tasks"][0]["id"]  # it stays queued
    for place in range(TABS):
        page = context.new_page()
        page.goto(f"{service.url}/ui/tasks{'' if place % 2 else f'/{id}'}")
        page.locator("tbody tr, #facts dd").first.wait_for()
    times = []
    for _ in range(LOADS):
        page = context.new_page()
        page.add_init_script(_OBSERVE)
        times.append(_shown(page, service))
        page.close()
    figures.add(f"a page beside {TABS} live ones, p50", quantile(times, 0.5), "ms")
    figures.add(f"a page beside {TABS} live ones, most", max(times), "ms", 1000)
    context.close()


def _events(chromium: Chromium, service: Service, database: str, figures: Figures) -> None:
    progress(f"{EVENTS_PER_S} events a second")
    context = chromium.new_context()
    page = context.new_page()
    page.add_init_script(_OBSERVE)
    _shown(page, service)
    while page.locator("tbody tr").count() < ROWS:
        rows = page.locator("tbody tr").count()
        page.get_by_role("button", name="More", exact=True).click()
        page.locator("tbody tr").nth(rows).wait_for()
    part = EVENTS_PER_S // 10
    before, begun = page.evaluate("[renders, performance.now()]")
    for turn in range(10 * SECONDS):
        execute(database, _CANCEL, part)
        passed = page.evaluate("performance.now()") - begun
        page.wait_for_timeout(max(0, 100 * (turn + 1) - passed))
    after, now = page.evaluate("[renders, performance.now()]")
    page.locator("tbody tr", has_text="cancelled").nth(ROWS - 1).wait_for()
    name = f"{ROWS:,} rows, {ROWS / (now - begun) * 1000:.0f} events a second"
    figures.add(f"{name}: renders a second", (after - before) / (now - begun) * 1000, "", 4)
    context.close()


def _histogram(chromium: Chromium, service: Service, figures: Figures) -> None:
    progress(f"histograms of {OUTCOMES:,} outcomes")
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{service.url}/ui/tasks?name=no+such")
    took = page.evaluate(_HISTOGRAM, [OUTCOMES, DRAWINGS])
    name = f"histogram of {OUTCOMES:,} outcomes"
    figures.add(f"{name}, p50", quantile(took, 0.5), "ms", 100)
    figures.add(f"{name}, p95", quantile(took, 0.95), "ms")
    context.close()

"""What can be measured of a page: how accessible it is, whether it jumps, whether it fits."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

# Runs in each page before all else. Shifts that follow an input within half a second are what
# somebody asked for.
OBSERVE = """
window.layoutShifts = {
  sum: 0,
  observer: new PerformanceObserver((list) => layoutShifts.add(list.getEntries())),
  add(entries) {
    for (const entry of entries) if (!entry.hadRecentInput) this.sum += entry.value;
  },
};
layoutShifts.observer.observe({ type: "layout-shift", buffered: true });
"""
_SUM = """async () => {
  for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
  layoutShifts.add(layoutShifts.observer.takeRecords());
  return layoutShifts.sum;
}"""


def violations(page: Page) -> list[str]:
    """What axe finds: every rule, every impact, the whole page as it is now."""
    return [
        f"{rule['impact']}: {rule['id']}: {rule['help']}\n"
        f"  {' '.join(map(str, node['target']))}: {node['html']}\n  {node['failureSummary']}"
        for rule in Axe().run(page).response["violations"]
        for node in rule["nodes"]
    ]


def layout_shift(page: Page) -> float:
    """The sum of all layout shifts since the page was opened."""
    return float(page.evaluate(_SUM))


def overflow(page: Page) -> bool:
    """Whether the page has to be scrolled sideways."""
    return bool(
        page.evaluate(
            "() => { const page = document.scrollingElement;"
            " return page.scrollWidth > page.clientWidth; }"
        )
    )


def forget(page: Page) -> None:
    """Empties the cache of the browser."""
    session = page.context.new_cdp_session(page)
    session.send("Network.clearBrowserCache")
    session.detach()

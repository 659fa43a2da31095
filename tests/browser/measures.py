"""What can be measured of a page: how accessible it is, whether it jumps, whether it fits."""

from __future__ import annotations

from collections.abc import Iterable

import chromium
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, Request, ViewportSize

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

# Of axe's 105 rules these are the ones of its tag `cat.color`, without the one for contrasts that
# only WCAG's level AAA asks for; the checks of no other rule read a colour. All that differs in
# the dark are colours (a test sees to that), so there nothing else can become wrong.
COLOURS = ("color-contrast", "link-in-text-block")
_AXE = """async (rules) => {
  const found = await axe.run({
    resultTypes: ["violations"],  // a third less time than with all nodes that are right
    ...(rules && { runOnly: rules }),
  });
  return found.violations;
}"""
_FRAMES = """async () => {
  for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
}"""
_SMALL = ViewportSize(width=320, height=640)
# Into a field with smaller letters phones zoom, and do not zoom back.
_SMALL_LETTERS = """() => [...document.querySelectorAll("input, select")]
  .filter((one) => !/checkbox|radio|range/.test(one.type) && one.checkVisibility())
  .filter((one) => parseFloat(getComputedStyle(one).fontSize) < 16)
  .map((one) => `letters below 16 px: ${one.outerHTML}`)"""


def violations(page: Page, rules: Iterable[str] | None = None) -> list[str]:
    """What axe finds on the whole page as it is now: with every rule, or with these alone."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    return [
        f"{rule['impact']}: {rule['id']}: {rule['help']}\n"
        f"  {' '.join(map(str, node['target']))}: {node['html']}\n  {node['failureSummary']}"
        for rule in page.evaluate(_AXE, rules and list(rules))
        for node in rule["nodes"]
    ]


def obstacles(page: Page) -> list[str]:
    """What keeps somebody from using the page as it is now: violations of axe's rules on a phone
    and on a wide screen, by day and in the dark; what has to be scrolled sideways, there or on the
    smallest phone; fields with small letters. The page is left as it was, by day."""
    size = page.viewport_size or chromium.WIDE
    found = []
    for other in (_SMALL, chromium.PHONE, chromium.WIDE):
        page.set_viewport_size(other)
        page.emulate_media(color_scheme="light")
        page.evaluate(_FRAMES)  # what follows the size has followed it
        width = f"at {other['width']} px"
        if overflow(page):
            found.append(f"{width}: to be scrolled sideways")
        if other is not _SMALL:
            found += [f"{width}: {text}" for text in violations(page)]
            page.emulate_media(color_scheme="dark")
            found += [f"{width}, dark: {text}" for text in violations(page, COLOURS)]
    page.set_viewport_size(size)
    page.emulate_media(color_scheme="light")
    return found + page.evaluate(_SMALL_LETTERS)


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


class Traffic:
    """What a page loads from now on, with an empty cache of the browser; not what does not end."""

    def __init__(self, page: Page) -> None:
        forget(page)
        self._page = page
        self.finished: list[Request] = []
        page.on("requestfinished", lambda request: self.finished.append(request))

    def sizes(self, name: str) -> dict[str, int]:
        """The bytes of each answer, with its headers, once this file is among them. It may be on
        the page before Playwright has told of it."""
        while not any(request.url.endswith(name) for request in self.finished):
            self._page.wait_for_timeout(20)
        found = {request.url: request.sizes() for request in self.finished}
        parts = ("responseBodySize", "responseHeadersSize")
        return {url: sum(size[part] for part in parts) for url, size in found.items()}

"""`make screenshots`: pictures of every page in every state, for people to look at.

They are in `screenshots/`, named by state, width and scheme. What differs from run to run is held
still: answers are written down here, and the clock of the pages stands. Only the port is new.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal

sys.path.insert(0, str(Path(__file__).parents[1]))

from chromium import PHONE, WIDE, find, launch
from front_page import PENDING, SUBMITTED, FrontPage
from playwright.sync_api import Browser, Page, sync_playwright
from service import BELL, ENDLESS, STDGATES, Service

from quantum_tasks.database.embedded import EmbeddedPostgres

Scheme = Literal["light", "dark"]
FOLDER = Path(__file__).parents[2] / "screenshots"
NOW = "2026-01-02T03:04:05Z"
BELL_COUNTS = {"00": 509, "11": 515}
MANY_COUNTS = {f"{key:06b}": 3 + (key * 37) % 61 for key in range(64)}
FAILED = (200, {"status": "failed", "message": "timeout: The run took longer than 300 s."})


def front(do: Callable[[FrontPage], object]) -> Callable[[Page, str], None]:
    """A state of the page at `/`."""

    def bring(page: Page, url: str) -> None:
        do(FrontPage(page, f"{url}/"))

    return bring


def mistake(front: FrontPage) -> None:
    front.choose("mistake")
    front.fail()


def running(front: FrontPage) -> None:
    front.answer(SUBMITTED, *[PENDING] * 100)
    front.run(until="The task is in progress")


def failed(front: FrontPage) -> None:
    front.answer(SUBMITTED, FAILED)
    front.fail()


def reference(page: Page, url: str) -> None:
    page.goto(f"{url}/docs")
    page.locator(".opblock").first.wait_for()


STATES: dict[str, Callable[[Page, str], None]] = {
    "first-visit": front(lambda front: None),
    "mistake": front(mistake),
    "running": front(running),
    "two-outcomes": front(lambda front: front.show(BELL_COUNTS)),
    "many-outcomes": front(lambda front: front.show(MANY_COUNTS)),
    "failed": front(failed),
    "reference": reference,
}
WIDTHS = {"1280": WIDE, "360": PHONE}
SCHEMES: tuple[Scheme, ...] = ("light", "dark")


def seed(service: Service) -> None:
    """Tasks that have completed, failed and been cancelled, always the same."""
    for number in range(12):
        service.run(BELL, seed=number, name=f"bell {number}", tags={"of": "screenshots"})
    service.run(f"{STDGATES}qubit[20] q;\nbit[5000] c;\nh q;\nc[0:19] = measure q;\n", seed=1)
    service.client.post(f"/v1/tasks/{service.submit(ENDLESS, name='endless')}/cancel")


def take(browser: Browser, url: str, state: str, width: str, scheme: Scheme) -> None:
    context = browser.new_context(
        viewport=WIDTHS[width], color_scheme=scheme, reduced_motion="reduce"
    )
    page = context.new_page()
    page.clock.set_fixed_time(NOW)
    STATES[state](page, url)
    page.screenshot(path=FOLDER / f"{state}-{width}-{scheme}.png", full_page=True, caret="hide")
    context.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("states", nargs="*", metavar="state", help=f"of {', '.join(STATES)}")
    states = parser.parse_args().states or list(STATES)
    if unknown := set(states) - set(STATES):
        parser.error(f"there is no state {', '.join(unknown)}")
    path = find()
    if path is None:
        sys.exit("screenshots need chromium: apt-get install chromium")
    FOLDER.mkdir(exist_ok=True)
    postgres = EmbeddedPostgres()
    service = Service(postgres.start())
    try:
        seed(service.start())
        with sync_playwright() as playwright, launch(playwright, path) as browser:
            for state, width, scheme in itertools.product(states, WIDTHS, SCHEMES):
                take(browser, service.url, state, width, scheme)
    finally:
        service.close()
        postgres.stop()
    print(f"{len(states) * len(WIDTHS) * len(SCHEMES)} pictures are in {FOLDER}")


if __name__ == "__main__":
    main()

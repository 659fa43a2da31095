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

from answers import answer
from chromium import PHONE, WIDE, find, launch
from composer import Composer, brought, record
from playwright.sync_api import Browser, Page, sync_playwright
from service import BELL, ENDLESS, STDGATES, Service

from quantum_tasks.database.embedded import EmbeddedPostgres

Scheme = Literal["light", "dark"]
FOLDER = Path(__file__).parents[2] / "screenshots"
NOW = "2026-01-02T03:04:05Z"
BELL_COUNTS = {"00": 509, "11": 515}
MANY_COUNTS = {f"{key:06b}": 3 + (key * 37) % 61 for key in range(64)}
WHY = {"code": "time_limit_exceeded", "message": "The run took longer than 90 s."}
ABOUT = {"usage": {"simulate_ms": 0.31}, "engine": "qsim 0.22.1", "seed": 7}


def front(do: Callable[[Composer], object]) -> Callable[[Page, str], None]:
    """A state of the page at `/`."""

    def bring(page: Page, url: str) -> None:
        composer = Composer(page, f"{url}/")
        composer.circuit.wait_for()
        do(composer)

    return bring


def chosen(example: str, circuit: str) -> Callable[[Composer], None]:
    """An example, once its circuit, which is named so, is drawn."""

    def bring(composer: Composer) -> None:
        composer.choose(example)
        composer.page.get_by_role("img", name=f"Circuit: {circuit}").wait_for()

    return bring


def mistake(composer: Composer) -> None:
    composer.choose("mistake")
    composer.fail()


def running(composer: Composer) -> None:
    composer.answer((202, record("running")), *[None] * 9)
    composer.run(until="The service cannot be reached")


def shown(counts: dict[str, int]) -> Callable[[Composer], None]:
    def bring(composer: Composer) -> None:
        composer.answer((200, record("completed", **ABOUT)), (200, brought(counts)))
        composer.run()

    return bring


def failed(composer: Composer) -> None:
    composer.answer((200, record("failed", error=WHY)))
    composer.fail()


def ran(composer: Composer) -> None:
    """The picture in the README."""
    chosen("teleportation", "3 qubits")(composer)
    composer.page.get_by_label("Seed").evaluate("field => { field.value = 7; }")
    composer.run()
    composer.page.evaluate("scrollTo(0, 0)")


def options(composer: Composer) -> None:
    chosen("sweep", "1 qubit")(composer)
    composer.set("Name", "a sweep")


def task(page: Page, url: str) -> None:
    page.goto(url)
    id = page.evaluate("fetch('/v1/tasks?name=bell+0').then((a) => a.json())")["tasks"][0]["id"]
    page.goto(f"{url}/ui/tasks/{id}")
    page.get_by_role("img", name="Circuit: ").wait_for()
    page.get_by_role("img", name="Histogram: ").wait_for()


def reference(page: Page, url: str) -> None:
    page.goto(f"{url}/docs")
    page.locator("#submit_task").wait_for()


def reference_tried(page: Page, url: str) -> None:
    answer(page, (202, record("queued")))
    page.goto(f"{url}/docs#submit_task")
    page.get_by_role("button", name="Send").click()
    page.get_by_role("group", name="Answer").wait_for()


def reference_searched(page: Page, url: str) -> None:
    reference(page, url)
    page.get_by_role("searchbox").fill("storage")


STATES: dict[str, Callable[[Page, str], None]] = {
    "first-visit": front(lambda composer: None),
    "teleportation": front(chosen("teleportation", "3 qubits")),
    "qft": front(chosen("qft", "5 qubits")),
    "options": front(options),
    "mistake": front(mistake),
    "away": front(running),
    "two-outcomes": front(shown(BELL_COUNTS)),
    "many-outcomes": front(shown(MANY_COUNTS)),
    "failed": front(failed),
    "ran": front(ran),
    "task": task,
    "reference": reference,
    "reference-tried": reference_tried,
    "reference-searched": reference_searched,
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

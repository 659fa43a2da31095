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
from typing import Any, Literal

sys.path.insert(0, str(Path(__file__).parents[1]))

import answers
from chromium import PHONE, WIDE, find, launch
from composer import Composer, brought, code, record
from overviews import OVERVIEWS
from playwright.sync_api import Browser, Page, sync_playwright
from service import BELL, ENDLESS, STDGATES, Service
from throwaway import ThrowawayPostgres

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


def queue(answer: dict[str, Any] | None, *steps: str) -> Callable[[Page, str], None]:
    """The page Queue with an answer, and buttons that are pressed; None: then nobody answers."""

    def bring(page: Page, url: str) -> None:
        first = answer or OVERVIEWS["busy"]
        answers.answer(page, *[(200, first)] * (9 if answer else 1), to=answers.QUEUE)
        page.goto(f"{url}/ui/queue")
        page.get_by_role("img", name="Run in the last hour").wait_for()
        for step in steps:
            page.get_by_role("button", name=step).click()
        if answer is None:
            page.get_by_role("alert").get_by_text("still asking").wait_for()

    return bring


NOISY = {
    "noise": {"readout": 0.1},
    "seed": 7,
    "memory": True,
    "name": "noisy",
    "tags": {"of": "pictures"},
}
SWEPT = {
    "parameters": [{"theta": 0.3 * step} for step in range(21)],
    "name": "swept",
    "seed": 7,
    "shots": 400,
}
VALUES = {
    "observables": [{"pauli": "ZZ"}, {"pauli": "XX"}],
    "name": "values",
    "shots": 500,
    "seed": 7,
}
PROGRAMS = {
    "noisy": (BELL, NOISY),
    "swept": (code("sweep"), SWEPT),
    "values": (BELL, VALUES),
    "wide": (
        f"{STDGATES}qubit[12] q;\nbit[12] c;\nh q;\nc = measure q;\n",
        {"seed": 7, "name": "wide"},
    ),
    "endless": (ENDLESS, {"name": "endless"}),
}
SPOILT = {
    "status": "failed",
    "warnings": [],
    "error": {
        "code": "qasm_semantic",
        "message": "Something is wrong here.",
        "line": 6,
        "column": 4,
    },
}


def task_of(
    name: str, do: Callable[[Page], object] = lambda page: None, **other: object
) -> Callable[[Page, str], None]:
    """The page of a task of this name, and what is done there; `other` is what the service says
    differently of it."""

    def bring(page: Page, url: str) -> None:
        page.goto(url)
        found = page.evaluate(
            f"fetch('/v1/tasks?name={name}&order=created_at').then((a) => a.json())"
        )
        id = found["tasks"][0]["id"]
        if other:
            page.route(
                f"**/v1/tasks/{id}",
                lambda route: route.fulfill(json={**route.fetch().json(), **other}),
            )
        page.goto(f"{url}/ui/tasks/{id}")
        page.get_by_role("img", name="Circuit: ").wait_for()
        page.locator("#result[aria-busy=false]").wait_for()
        do(page)

    return bring


def tasks(page: Page, url: str) -> None:
    page.goto(f"{url}/ui/tasks")
    page.locator("tbody tr").first.wait_for()


def no_tasks(page: Page, url: str) -> None:
    page.goto(f"{url}/ui/tasks?name=none&tag=a:b")
    page.get_by_text("No task matches.").wait_for()


def selected(page: Page, url: str) -> None:
    tasks(page, url)
    for number in (1, 2, 3):
        page.get_by_role("checkbox", name=f"Select bell {number}", exact=True).check()


def all_selected(page: Page, url: str) -> None:
    """The number is that of another service."""
    counts = {"matched": 12340, "cancelled": 0, "cancelling": 0, "next": None}
    page.route("**/v1/tasks/cancel", lambda route: route.fulfill(json=counts))
    tasks(page, url)
    page.get_by_role("checkbox", name="Select all that are shown").check()
    page.get_by_role("button", name="Select all 12,340 that match").wait_for()


def question(page: Page, url: str) -> None:
    all_selected(page, url)
    page.get_by_role("button", name="Select all 12,340 that match").click()
    page.get_by_role("button", name="Cancel 12,340").click()


def compared(page: Page, url: str) -> None:
    selected(page, url)
    page.get_by_role("button", name="Compare").click()
    page.get_by_role("img", name="Comparison").wait_for()


def tasks_away(page: Page, url: str) -> None:
    page.route("**/v1/tasks/feed", lambda route: route.abort())
    tasks(page, url)
    page.get_by_text("The connection to the service is lost").wait_for()


def beside(name: str) -> Callable[[Page], None]:
    """Another run beside it."""

    def bring(page: Page) -> None:
        page.get_by_role("button", name=name).click()
        page.get_by_text("Beside it").wait_for()

    return bring


def verified(page: Page) -> None:
    page.get_by_role("button", name="Verify").click()
    page.get_by_text("identical").wait_for()


def by_distance(page: Page) -> None:
    page.get_by_label("Sort by", exact=True).select_option(label="Hamming distance")
    page.get_by_text("Change the name").click()
    page.get_by_role("button", name="Copy as Python").click()


def waiting(page: Page, url: str) -> None:
    """A task that waits, whose stream breaks off."""
    page.goto(url)
    found = page.evaluate("fetch('/v1/tasks?name=endless').then((a) => a.json())")["tasks"][0]
    place = {"position": 3, "estimated_start_at": "2026-01-02T03:04:45Z"}
    said = {"status": "queued", "queue": place, "ended_at": None, "started_at": None}
    page.route(
        f"**/v1/tasks/{found['id']}",
        lambda route: route.fulfill(json={**route.fetch().json(), **said}),
    )
    page.route("**/events", lambda route: None)
    page.goto(f"{url}/ui/tasks/{found['id']}")
    page.get_by_text("place 3;").wait_for()
    page.get_by_role("img", name="Circuit: ").wait_for()


def broken_off(page: Page, url: str) -> None:
    waiting(page, url)
    page.unroute("**/events")
    page.route("**/events", lambda route: route.abort())
    page.reload()
    page.get_by_text("still asking").wait_for()
    page.get_by_role("img", name="Circuit: ").wait_for()


def reference(page: Page, url: str) -> None:
    page.goto(f"{url}/docs")
    page.locator("#submit_task").wait_for()


def reference_tried(page: Page, url: str) -> None:
    answers.answer(page, (202, record("queued")))
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
    **{f"queue-{name}": queue(answer) for name, answer in OVERVIEWS.items()},
    "queue-table": queue(OVERVIEWS["failing"], "Minute by minute"),
    "queue-away": queue(None),
    "tasks": tasks,
    "no-tasks": no_tasks,
    "selected": selected,
    "all-selected": all_selected,
    "question": question,
    "compared": compared,
    "tasks-away": tasks_away,
    "task-exact": task_of("noisy", beside("Exact reference")),
    "task-ideal": task_of("noisy", beside("Run ideal beside noisy")),
    "task-verified": task_of("noisy", verified),
    "task-sweep": task_of("swept", lambda page: page.get_by_role("slider").fill("7")),
    "task-values": task_of("values"),
    "task-many": task_of("wide", by_distance),
    "task-queued": waiting,
    "task-away": broken_off,
    "task-cancelled": task_of("endless"),
    "task-marked": task_of("noisy", **SPOILT),
    "task-deleting": task_of(
        "noisy", lambda page: page.get_by_role("button", name="Delete").click()
    ),
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
    for name, (qc, fields) in PROGRAMS.items():
        id = service.submit(qc, **fields)
        if name == "endless":
            service.client.post(f"/v1/tasks/{id}/cancel")
        service.final(id)


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
    postgres = ThrowawayPostgres()
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

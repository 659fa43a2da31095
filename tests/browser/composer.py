"""The page at /, as a person uses it: what it looks like is known here and nowhere else."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import Any, NamedTuple

from answers import Answer, answer
from playwright.sync_api import Locator, Page, expect

ID = "11111111-1111-4111-8111-111111111111"
TASKS = re.compile(r"^https?://[^/]+/v1/tasks\b")


def record(status: str = "queued", **more: Any) -> dict[str, Any]:
    """A task as the service answers it."""
    return {"id": ID, "status": status, "request": {"shots": 1024}, "tags": {}, **more}


def brought(counts: dict[str, int]) -> dict[str, Any]:
    """The most frequent of these counts, as the service answers them."""
    shots = sum(counts.values())
    most = sorted(counts, key=lambda key: -counts[key])[:32]
    rest = [counts[key] for key in counts if key not in most]
    return {
        "shots": shots,
        "probabilities": {key: counts[key] / shots for key in most},
        "rest": {"outcomes": len(rest), "probability": sum(rest) / shots},
    }


class Outcome(NamedTuple):
    """A row of the histogram."""

    key: str
    count: int
    share: str


class Composer:
    """The page at `/`, and what people do with it."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.editor = page.get_by_role("textbox", name="Program")
        self.example = page.get_by_role("combobox", name="Example")
        self.run_button = page.get_by_role("button", name="Run", exact=True)
        self.result = page.get_by_role("region", name="Result")
        self.status = self.result.locator(".status")
        self.alert = self.result.get_by_role("alert")
        self.histogram = self.result.get_by_role("img", name=re.compile("^Histogram: "))
        self.circuit = page.get_by_role("img", name=re.compile("^Circuit: "))
        self.problems = page.locator("#problems .problem")
        self.facts = page.locator("#facts")
        self.task = self.result.locator("a.id")
        self.note = page.locator("#note")
        self.open(url)

    def open(self, url: str) -> None:
        """Opens the page, and waits until all of it is there."""
        self.page.goto(url)
        expect(self.page.locator(".cm-content")).to_contain_text("OPENQASM")
        expect(self.page.locator("#circuit")).to_have_attribute("class", "circuit")

    @property
    def command(self) -> Locator:
        """The same with curl, once somebody wants to see it."""
        if self.page.locator("#same").get_attribute("open") is None:
            self.page.locator("#same summary").click()
        return self.page.locator("#curl")

    # The program

    @property
    def program(self) -> str:
        """The program, if it is short: the editor keeps in the document what is near its view."""
        lines = self.page.locator(".cm-line").evaluate_all("all => all.map((e) => e.textContent)")
        return "\n".join(lines)

    def type(self, program: str) -> None:
        self.editor.focus()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(program)

    def choose(self, example: str) -> None:
        self.example.select_option(value=example)
        expect(self.page.locator(".cm-content")).to_contain_text(code(example).split("\n")[0])

    def set(self, field: str, value: str) -> None:
        """Fills a field, which may be among the options."""
        options = self.page.locator("#options")
        if options.get_attribute("open") is None:
            options.locator("summary").click()
        found = self.page.get_by_label(field, exact=True)
        if found.evaluate("field => field.tagName") == "SELECT":
            found.select_option(value)
        else:
            found.fill(value)

    def line(self) -> str:
        """The text of the line with the cursor."""
        return self.page.locator(".cm-activeLine").inner_text()

    def focused(self) -> str:
        """What one types into: the label of a field, or the name of an element."""
        return str(
            self.page.evaluate(
                "document.activeElement.ariaLabel ?? "
                "document.activeElement.labels?.[0]?.textContent.trim() ?? "
                "document.activeElement.textContent"
            )
        )

    # Running it

    def says(self, beginning: str) -> None:
        """Waits for the status to begin like that."""
        expect(self.status).to_have_text(re.compile(f"^.?{re.escape(beginning)}"))

    def run(self, until: str = "Completed") -> None:
        self.run_button.click()
        self.says(until)

    def fail(self) -> str:
        """Runs it, and waits for a failure; returns its sentences."""
        self.run_button.click()
        expect(self.alert).to_be_visible()
        return self.alert.inner_text()

    def rows(self) -> list[Outcome]:
        """The outcomes that are shown, from top to bottom."""
        texts = self.histogram.evaluate(
            "bars => [...bars.children].map((cell) => cell.textContent)"
        )
        cells = [texts[at : at + 4] for at in range(0, len(texts), 4)]
        return [Outcome(key, int(count.replace(",", "")), share) for key, _, count, share in cells]

    def counts(self) -> dict[str, int]:
        return {row.key: row.count for row in self.rows()}

    def bars(self) -> list[float]:
        """How long the bars of the outcomes are, in pixels."""
        boxes = [bar.bounding_box() for bar in self.histogram.locator(".length").all()]
        return [box["width"] for box in boxes if box]

    def answer(self, *answers: Answer) -> None:
        """From now on requests about tasks get these answers in turn, None being a broken
        connection."""
        answer(self.page, *answers, to=TASKS)

    def show(self, counts: dict[str, int]) -> None:
        """Runs something that ends with these counts."""
        self.answer((200, record("completed")), (200, brought(counts)))
        self.run()


def code(example: str) -> str:
    """The program of an example."""
    return (static() / "examples" / f"{example}.qasm").read_text()


def static() -> Any:
    return files("quantum_tasks.web") / "static"

"""The page at /, as a person uses it: what it looks like is known here and nowhere else."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import Any, NamedTuple

from answers import Answer, answer
from playwright.sync_api import Page, expect

SUBMITTED = (202, {"task_id": "11111111-1111-4111-8111-111111111111"})
PENDING = (200, {"status": "pending", "message": "Task is still in progress."})


class Outcome(NamedTuple):
    """A row of the histogram."""

    key: str
    shots: int
    share: str


class FrontPage:
    """The page at `/`, and what people do with it."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.editor = page.get_by_role("textbox", name="Program")
        self.example = page.get_by_role("combobox", name="Example")
        self.shots = page.get_by_role("spinbutton", name="Shots")
        self.run_button = page.get_by_role("button", name="Run", exact=True)
        self.result = page.get_by_role("region", name="Result")
        self.status = self.result.locator("[aria-live=polite] > p")
        self.outcomes = self.result.get_by_role("listitem")
        self.snippets = self.result.locator(".snippet")
        self.hints = self.result.locator(".hint")
        self.task = self.result.get_by_role("link")
        self.command = page.locator("pre").and_(page.get_by_label("The same with curl"))
        self.copy = page.get_by_role("button", name=re.compile("^Cop"))
        page.goto(url)
        expect(self.editor).to_have_value(re.compile("OPENQASM"))

    @property
    def program(self) -> str:
        return self.editor.input_value()

    def type(self, program: str, shots: int = 1024) -> None:
        self.editor.fill(program)
        self.shots.fill(str(shots))

    def choose(self, example: str) -> None:
        self.example.select_option(value=example)
        expect(self.editor).to_have_value((static() / "examples" / f"{example}.qasm").read_text())

    def says(self, beginning: str) -> None:
        """Waits for the status to begin like that."""
        expect(self.status).to_have_text(re.compile(f"^{re.escape(beginning)}"))

    def run(self, until: str = "Completed") -> None:
        self.run_button.click()
        self.says(until)

    def fail(self) -> str:
        """Runs it, and waits for a failure; returns its sentence."""
        self.run_button.click()
        expect(self.status).to_have_class("failure")
        return self.status.inner_text()

    def rows(self) -> list[Outcome]:
        """The outcomes that are shown, from top to bottom."""
        script = "rows => rows.map(row => [...row.querySelectorAll('span')].map(s => s.innerText))"
        return [
            Outcome(key, int(count.replace(",", "")), share)
            for key, count, share in self.outcomes.evaluate_all(script)
        ]

    def counts(self) -> dict[str, int]:
        return {row.key: row.shots for row in self.rows()}

    def bars(self) -> list[float]:
        """How long the bars of the outcomes are, in pixels."""
        boxes = [bar.bounding_box() for bar in self.outcomes.locator(".bar").all()]
        return [box["width"] for box in boxes if box]

    def selected(self) -> str:
        """The text of the program that is selected."""
        return str(self.editor.evaluate("e => e.value.slice(e.selectionStart, e.selectionEnd)"))

    def sees_line(self, line: int) -> bool:
        """Whether a line of the program, counted from 1, is in the editor's view."""
        script = """(editor, line) => {
          const top = (line - 1) * parseFloat(getComputedStyle(editor).lineHeight);
          return editor.scrollTop <= top && top <= editor.scrollTop + editor.clientHeight;
        }"""
        return bool(self.editor.evaluate(script, line))

    def focused(self) -> str:
        """The label of the field in which one types."""
        script = (
            "document.activeElement.labels?.[0]?.textContent ?? document.activeElement.tagName"
        )
        return str(self.page.evaluate(script))

    def answer(self, *answers: Answer) -> None:
        """From now on the page gets these answers in turn, None being a broken connection."""
        answer(self.page, *answers)

    def show(self, result: dict[str, int]) -> None:
        """Runs something that ends with these counts."""
        self.answer(SUBMITTED, (200, {"status": "completed", "result": result}))
        self.run()


def static() -> Any:
    return files("quantum_tasks.web") / "static"

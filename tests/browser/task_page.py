"""The page of a task, as a person uses it: what it looks like is known here and nowhere else."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Locator, Page, expect
from service import STDGATES, Service

# As ENDLESS, with a small drawing.
LONG = f"{STDGATES}qubit[20] q;\nbit[12] c;\nwhile (c != 5) {{ h q; c = measure q[0:11]; }}\n"


class TaskPage:
    """The page at `/ui/tasks/{id}`, and what people do with it."""

    def __init__(self, page: Page, service: Service, id: str) -> None:
        self.page = page
        self.service = service
        self.id = id
        self.result = page.get_by_role("region", name="Result")
        self.status = self.result.locator(".status")
        self.histogram = self.result.get_by_role("img", name=re.compile("^Histogram: "))
        self.facts = page.get_by_role("region", name="About the task")
        self.program = page.locator("pre#program")
        self.note = page.locator("#note")
        self.copied = page.locator("#copied")
        page.goto(f"{service.url}/ui/tasks/{id}")

    def says(self, beginning: str) -> None:
        """Waits for the status to begin like that."""
        expect(self.status).to_have_text(re.compile(f"^.?{re.escape(beginning)}"))

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def choose(self, label: str, option: str) -> None:
        self.page.get_by_label(label, exact=True).select_option(label=option)

    def keys(self) -> list[str]:
        """The outcomes that have a bar, from top to bottom."""
        return self.histogram.locator(".key").all_inner_texts()

    def cells(self, name: str) -> list[str]:
        """A column of the histogram: `count` or `share`."""
        return self.histogram.locator(f".{name}").all_inner_texts()

    def others(self) -> str:
        """The id of the task that the page speaks of last."""
        link = self.note.get_by_role("link")
        expect(link).to_have_count(1)
        return str(link.get_attribute("href")).rpartition("/")[2]


def finished(service: Service, qc: str, **fields: Any) -> str:
    """The id of a task that has ended."""
    id = service.submit(qc, **fields)
    service.final(id)
    return id

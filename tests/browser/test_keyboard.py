"""The way through all pages by the keyboard alone."""

from __future__ import annotations

import json
import re

from complaints import Complaints
from composer import Composer
from playwright.sync_api import Page, expect
from service import BELL, Service
from task_page import LONG


class Keys:
    """A person whose hands stay on the keyboard."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def focused(self) -> str:
        """The name of what has the focus, as a screen reader says it."""
        return str(
            self.page.evaluate(
                """() => {
                  const it = document.activeElement;
                  const label = it.labels?.[0]?.textContent;
                  return (it.ariaLabel ?? label ?? it.textContent).trim();
                }"""
            )
        )

    def tab_to(self, name: str, backwards: bool = False) -> None:
        """Goes on by Tab until this has the focus."""
        seen = []
        while not self.focused().startswith(name):
            self.press("Shift+Tab" if backwards else "Tab")
            seen.append(self.focused()[:30])
            assert len(seen) < 120, f"Tab never comes to {name}: {seen}"

    def follow(self, name: str, to: str) -> None:
        """Goes to a link, and where it leads."""
        self.tab_to(name)
        self.press("Enter")
        self.page.wait_for_url(re.compile(to))


def test_one_gets_everywhere_by_the_keyboard_alone(
    page: Page, service: Service, group: str, complaints: Complaints
) -> None:
    complaints.expect("status of 422")
    keys = Keys(page)

    # Edit, run, next error, fix.
    front = Composer(page, f"{service.url}/")
    keys.tab_to("Program")
    keys.press("Control+a")
    page.keyboard.insert_text(BELL.replace("h q[0]", "h q[7]"))
    keys.press("Control+Enter")
    expect(front.alert).to_be_visible()
    expect(page.locator(".cm-lintRange-error")).to_be_visible()
    keys.press("Control+Home", "F8")
    expect(page.locator(".cm-activeLine")).to_have_text("h q[7];")
    keys.press("Home", *["ArrowRight"] * 4, "Delete")
    page.keyboard.type("0")
    keys.press("Control+Enter")
    front.says("Completed")

    # The result, and a task that is cancelled and run again.
    keys.press("Escape")
    keys.follow(front.task.inner_text(), "/ui/tasks/[0-9a-f-]+$")
    result = page.get_by_role("region", name="Result")
    expect(result).to_contain_text("Completed")
    long = service.submit(LONG, name="long", tags={"group": group})
    page.goto(f"{service.url}/ui/tasks/{long}")
    expect(result).to_contain_text("Running")
    keys.tab_to("Cancel")
    keys.press("Enter")
    expect(result).to_contain_text("Cancelled.")
    keys.follow("Run again", f"/ui/tasks/(?!{long})")
    expect(result).to_contain_text("Running")

    # Filter, select three, cancel.
    for name in ("one", "two"):
        service.submit(LONG, name=name, tags={"group": group})
    keys.follow("Tasks", "/ui/tasks$")
    keys.tab_to("Search")
    page.keyboard.type(group)
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(4)
    keys.tab_to("Select two")
    keys.press("Space", "Shift+ArrowDown", "Shift+ArrowDown", "Escape")
    assert keys.focused() == "Cancel 3"
    keys.press("Enter")
    expect(page.get_by_text("3 tasks cancelled.").first).to_be_visible()
    expect(rows.filter(has_text="cancelled")).to_have_count(4)

    # Compare.
    for angle in ("0.5", "2.5"):
        qc = BELL.replace("h q[0]", f"rx({angle}) q[0]")
        service.run(qc, name=f"turned by {angle}", tags={"group": f"{group} done"})
    keys.tab_to("Search", backwards=True)
    keys.press("End")
    page.keyboard.type(" done")
    expect(rows).to_have_count(2)
    keys.tab_to("Select turned")
    keys.press("Space", "Shift+ArrowDown", "Escape")
    keys.tab_to("Compare")
    keys.press("Enter")
    expect(page.get_by_role("img", name="Comparison of A, B: 2 outcomes")).to_be_visible()

    # The reference, and "Try it".
    keys.tab_to("quantum-tasks", backwards=True)
    keys.follow("API", "/docs$")
    expect(page.get_by_role("region", name="errors", exact=True)).to_be_visible()
    keys.press("Control+k")
    page.keyboard.type("post validate")
    keys.press("Enter")
    form = page.get_by_role("form", name="Try validate", exact=True)
    keys.tab_to("Body")
    keys.press("Control+a")
    page.keyboard.insert_text(json.dumps({"qc": BELL}))
    keys.tab_to("Send")
    keys.press("Enter")
    expect(form.get_by_role("status")).to_contain_text("200 OK")
    expect(form.get_by_role("group", name="Answer")).to_contain_text('"accepted": true')

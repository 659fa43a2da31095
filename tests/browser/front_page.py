"""The page at /, as a person uses it."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from typing import Any

import pytest
from selenium.common.exceptions import TimeoutException
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select, WebDriverWait

SUBMITTED = (202, {"task_id": "11111111-1111-4111-8111-111111111111"})


class Page:
    """The page at `/`, and what people do with it."""

    def __init__(self, browser: Chrome, url: str) -> None:
        self.browser = browser
        browser.get(url)
        self.until(lambda: "OPENQASM" in self.program)

    def find(self, selector: str) -> WebElement:
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def texts(self, selector: str) -> list[str]:
        return [found.text for found in self.browser.find_elements(By.CSS_SELECTOR, selector)]

    def until(self, condition: Callable[[], Any]) -> None:
        try:
            WebDriverWait(self.browser, 30, 0.05).until(lambda _: condition())
        except TimeoutException:
            pytest.fail(f"it did not come true; the page says: {self.status!r}")

    @property
    def program(self) -> str:
        return str(self.find("#program").get_property("value"))

    @property
    def status(self) -> str:
        return self.find("#status").text

    def type(self, program: str, shots: int = 1024) -> None:
        for field, text in (("#program", program), ("#shots", str(shots))):
            self.find(field).clear()
            self.find(field).send_keys(text)
        self.find("#program").send_keys(Keys.ESCAPE)

    def choose(self, example: str) -> None:
        text = (static() / "examples" / f"{example}.qasm").read_text()
        Select(self.find("#example")).select_by_value(example)
        self.until(lambda: self.program == text)

    def run(self, until: str = "Completed") -> None:
        """Presses the button, and waits for the status to begin like that."""
        self.find("button[type=submit]").click()
        self.until(lambda: self.status.startswith(until))

    def fail(self) -> str:
        """Presses the button, and waits for a failure; returns its sentence."""
        self.find("button[type=submit]").click()
        self.until(lambda: self.find("#status").get_attribute("class") == "failure")
        return self.status

    def counts(self) -> dict[str, int]:
        counts = [int(text.replace(",", "")) for text in self.texts("#counts .count")]
        return dict(zip(self.texts("#counts .key"), counts, strict=True))

    def answer(self, *answers: tuple[int, Any] | tuple[int, Any, dict[str, str]] | None) -> None:
        """From now on the page gets these answers in turn, None being a broken connection."""
        self.browser.execute_script(
            """
            const answers = arguments[0];
            window.fetch = async () => {
              const answer = answers.shift();
              if (!answer) throw new TypeError("Failed to fetch");
              const [status, body, headers] = answer;
              return new Response(JSON.stringify(body), { status, headers });
            };
            """,
            answers,
        )

    def show(self, result: dict[str, int]) -> None:
        """Runs something that ends with these counts."""
        self.answer(SUBMITTED, (200, {"status": "completed", "result": result}))
        self.run()


def static() -> Any:
    return files("quantum_tasks.web") / "static"

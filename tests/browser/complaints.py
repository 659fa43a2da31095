"""What goes wrong in pages and would be seen by nobody."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Request, WebError

# Runs in each page before all else.
REPORT = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`securitypolicyviolation: ${event.effectiveDirective} ${event.blockedURI}`));
"""


class Complaints:
    """Collects errors in the console, exceptions that nobody caught, violations of the content
    security policy, and requests to others than the first that was asked."""

    def __init__(self) -> None:
        self._found: list[str] = []
        self._expected: list[str] = []
        self.origins: set[str] = set()  # those of the service
        self._listeners: list[tuple[Any, Any]] = [
            ("console", self._console),
            ("weberror", self._exception),
            ("request", self._request),
        ]

    def watch(self, context: BrowserContext) -> None:
        """Listens to all pages of a context."""
        for event, listener in self._listeners:
            context.on(event, listener)

    def ignore(self, context: BrowserContext) -> None:
        """Listens no longer."""
        for event, listener in self._listeners:
            context.remove_listener(event, listener)

    def expect(self, *patterns: str) -> None:
        """These belong to the test: each must come at least once."""
        self._expected += patterns

    def allow(self, url: str) -> None:
        """Pages may also ask the service at this address."""
        self.origins.add(_origin(url))

    def check(self) -> None:
        """Raises AssertionError if something came unexpected, or was expected and did not come."""
        unexpected = [
            text for text in self._found if not any(re.search(p, text) for p in self._expected)
        ]
        missing = [
            f"expected, and it did not come: {pattern}"
            for pattern in self._expected
            if not any(re.search(pattern, text) for text in self._found)
        ]
        assert not unexpected + missing, "\n".join(unexpected + missing)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._found.append(f"console: {message.text} ({message.location['url']})")

    def _exception(self, error: WebError) -> None:
        self._found.append(f"exception: {error.error.stack or error.error}")

    def _request(self, request: Request) -> None:
        if urlsplit(request.url).scheme not in ("http", "https"):
            return
        if not self.origins:
            self.allow(request.url)
        if _origin(request.url) not in self.origins:
            self._found.append(f"request to another host: {request.method} {request.url}")


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"

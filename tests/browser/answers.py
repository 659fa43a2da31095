"""Answers of a service that is not there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from playwright.sync_api import Page, Route

# Status, body and, perhaps, headers; None is a broken connection.
Answer = tuple[int, Any] | tuple[int, Any, dict[str, str]] | None
API = re.compile(r"^https?://[^/]+/(v1/)?tasks\b")
QUEUE = re.compile(r"^https?://[^/]+/v1/queue\b")


def answer(page: Page, *answers: Answer, to: re.Pattern[str] | str = API) -> None:
    """From now on these requests get these answers in turn; after the last one, none."""
    turns: Iterator[Answer] = iter(answers)

    def handle(route: Route) -> None:
        this = next(turns, None)
        if this is None:
            route.abort()
            return
        status, body, *headers = this
        if isinstance(body, str):
            route.fulfill(status=status, body=body, headers=dict(*headers))
        else:
            route.fulfill(status=status, json=body, headers=dict(*headers))

    page.unroute(to)
    page.route(to, handle)

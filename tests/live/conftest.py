"""A running service, as its users know it: by its address. Nothing here knows its code or its
database.

`make test-live URL=http://…` names the service; several addresses, with blanks between them, are
instances of one, which are asked in turn. Without an address, as in `make test`, the service is
the one that all tests share: so this suite cannot rot.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import chromium as debian
import httpx
import pytest
from instances import Live
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, WebError, expect

# Chromium says so of each page that has come over HTTP from another machine.
HARMLESS = "Cross-Origin-Opener-Policy header has been ignored"


@pytest.fixture(scope="session")
def live(request: pytest.FixtureRequest) -> Iterator[Live]:
    urls = os.environ.get("LIVE_URL", "").split()
    live = Live(urls or [request.getfixturevalue("service").url])
    live.wait()
    yield live
    live.close()


@pytest.fixture(scope="module")
def browser(live: Live) -> Iterator[debian.Chromium]:
    path = debian.find()
    if path is None:
        reason = f"THE PAGES WERE NOT TRIED: they need {debian.NAMES[0]}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    chromium = debian.Chromium(path, [httpx.URL(url).host for url in live.urls])
    yield chromium
    chromium.close()


@pytest.fixture
def opened(live: Live, browser: debian.Chromium) -> Iterator[Callable[[str], Page]]:
    """Opens a page of the service at a path. What goes wrong in it fails the test."""
    found: list[str] = []

    def console(message: ConsoleMessage) -> None:
        if message.type == "error" and HARMLESS not in message.text:
            found.append(message.text)

    def exception(error: WebError) -> None:
        found.append(str(error.error))

    with browser.awake():
        expect.set_options(timeout=30_000)
        context: BrowserContext = browser.new_context()
        context.on("console", console)
        context.on("weberror", exception)

        def open(path: str) -> Page:
            page = context.new_page()
            page.goto(live.urls[0] + path)
            return page

        yield open
        context.close()
    assert not found

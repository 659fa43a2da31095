"""A browser for each process of tests, a clean context and a new page for each test.

Ask for `page` (or `front`, the page at `/`): whatever goes wrong in it fails the test, see
`complaints.py`. What can be measured of a page is in `measures.py`, answers of a service that is
not there in `answers.py`. `wait_for_function` does not work in our pages: their policy forbids it.
"""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import chromium as debian
import drawn_circuits
import pytest
from complaints import Complaints
from composer import Composer
from playwright.sync_api import BrowserContext, Page, expect
from service import Service

expect.set_options(timeout=30_000)  # a busy machine is no mistake of a page
_groups = itertools.count()


@pytest.fixture(scope="session")
def chromium() -> Iterator[debian.Chromium]:
    """One browser per process, started by the first test that needs it."""
    path = debian.find()
    if path is None:
        reason = f"the browser tests need {debian.NAMES[0]}: apt-get install {debian.NAMES[0]}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    chromium = debian.Chromium(path)
    yield chromium
    chromium.close()


@pytest.fixture(autouse=True)
def awake(request: pytest.FixtureRequest) -> Iterator[None]:
    """Wakes the browser for a test and its fixtures. Those of a module do it themselves."""
    if "chromium" not in request.fixturenames:
        yield
        return
    with request.getfixturevalue("chromium").awake():
        yield


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    """What the pages of a test complain about: nothing, but for what the test expects."""
    complaints = Complaints()
    yield complaints
    complaints.check()


@pytest.fixture
def context(chromium: debian.Chromium, complaints: Complaints) -> Iterator[BrowserContext]:
    """It has nothing of the tests before. What cannot be taken away again (`add_init_script`,
    `expose_function`) belongs to a page, or to a context from `new_context`."""
    context = chromium.context()
    complaints.watch(context)
    yield context
    chromium.clean(complaints.origins)
    complaints.ignore(context)


@pytest.fixture
def new_context(
    chromium: debian.Chromium, complaints: Complaints
) -> Iterator[Callable[..., BrowserContext]]:
    """Makes more contexts: for other visitors, with other options."""
    with contextlib.ExitStack() as opened:

        def make(**options: Any) -> BrowserContext:
            context = chromium.new_context(**options)
            opened.callback(context.close)
            complaints.watch(context)
            return context

        yield make


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture
def group() -> str:
    """A word that only the tasks of one test have, as a tag or as a name."""
    return f"group-{next(_groups)}"


@pytest.fixture(scope="module")
def drawing_board() -> Iterator[str]:
    """The address of a page with nothing but the drawing of a circuit."""
    with drawn_circuits.serving() as address:
        yield address


@pytest.fixture
def opened(
    drawing_board: str, context: BrowserContext, new_context: Callable[..., BrowserContext]
) -> Callable[..., AbstractContextManager[Page]]:
    """Opens that page."""
    return drawn_circuits.opening(drawing_board, context, new_context)


@pytest.fixture
def front(page: Page, service: Service) -> Composer:
    """The page at `/` of the service that all tests share."""
    return Composer(page, f"{service.url}/")

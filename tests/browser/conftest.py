"""A real Chromium, driven by its own driver."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from selenium.webdriver import Chrome, ChromeOptions, ChromeService

_ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",  # Chromium has none as root, which containers often are
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
    # Whatever else it or a page would look up, it does not find: only 127.0.0.1 is reached.
    "--host-resolver-rules=MAP service 127.0.0.1, MAP evil.example 127.0.0.1, "
    "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """One Chromium per module, with a profile of its own."""
    options = ChromeOptions()
    options.binary_location = _find("chromium", "chromium-browser", "google-chrome")
    for argument in [*_ARGUMENTS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"]:
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = Chrome(options, ChromeService(_find("chromedriver")))
    yield driver
    driver.quit()


def _find(*names: str) -> str:
    for name in names:
        if path := shutil.which(name):
            return path
    reason = f"the browser tests need {names[0]}: apt-get install chromium chromium-driver"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)

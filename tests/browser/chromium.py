"""Debian's Chromium, driven by Playwright; one for all tests of a process."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import complaints
import measures
from playwright.sync_api import Browser, BrowserContext, Playwright, ViewportSize, sync_playwright

WIDE = ViewportSize(width=1280, height=900)
PHONE = ViewportSize(width=360, height=800)
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = [
    "--disable-gpu",
    "--no-proxy-server",
    # Whatever else it or a page would look up, it does not find: only 127.0.0.1 is reached.
    "--host-resolver-rules=MAP service 127.0.0.1, MAP evil.example 127.0.0.1, "
    "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]


def find() -> str | None:
    """The path of the browser that the system has; Playwright downloads none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def launch(playwright: Playwright, path: str, hosts: Iterable[str] = ()) -> Browser:
    """Starts the browser, which reaches these hosts as well."""
    *others, rules = _ARGUMENTS
    rules += "".join(f", EXCLUDE {host}" for host in hosts)
    # Chromium has no sandbox as root, which containers often are.
    return playwright.chromium.launch(
        executable_path=path, args=[*others, rules], chromium_sandbox=False
    )


class Chromium:
    """A browser that sleeps between the tests that use it.

    From its start to its end, Playwright leaves its event loop marked as the running one of this
    thread, and then nothing else can run one: no `asyncio.run`, no test that is a coroutine.
    So the mark is taken away until the next test wakes it.
    """

    def __init__(self, path: str, hosts: Iterable[str] = ()) -> None:
        self._playwright = sync_playwright().start()
        self._loop = asyncio.get_running_loop()
        self._kept: BrowserContext | None = None
        try:
            self.browser = launch(self._playwright, path, hosts)
        except BaseException:
            self._playwright.stop()
            raise
        asyncio._set_running_loop(None)

    @contextmanager
    def awake(self) -> Iterator[Browser]:
        """For everything that is done with it."""
        before = asyncio._get_running_loop()
        asyncio._set_running_loop(self._loop)
        try:
            yield self.browser
        finally:
            asyncio._set_running_loop(before)

    def new_context(self, **options: Any) -> BrowserContext:
        context = self.browser.new_context(**{"viewport": WIDE, **options})
        context.add_init_script(complaints.REPORT)
        context.add_init_script(measures.OBSERVE)
        return context

    def context(self) -> BrowserContext:
        """A context that is as good as new, to be given back with `clean`. It is always the same
        one, because a window of its own would take a third of a second of processor time."""
        if self._kept is None:
            self._kept = self.new_context()
            self._kept.new_page()  # keeps the window open
        return self._kept

    def clean(self, origins: Iterable[str]) -> None:
        """Takes away what a test left in the context: pages, and what is stored at these
        origins. A clock of the page's own cannot be taken away, so the context goes with it. The
        files of pages stay in the browser's cache: see measures.forget."""
        context = self.context()
        blank, *pages = context.pages
        for page in pages:
            page.close()
        context.unroute_all()
        context.set_offline(False)
        context.clear_permissions()
        context.clear_cookies()
        session = context.new_cdp_session(blank)
        for origin in origins:
            session.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "all"})
        session.detach()
        if not blank.evaluate("/native code/.test(setTimeout)"):
            context.close()
            self._kept = None

    def close(self) -> None:
        with self.awake():
            self.browser.close()
            self._playwright.stop()

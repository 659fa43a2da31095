"""What a browser makes of our policies, nonces and caches."""

from __future__ import annotations

import re
from typing import Any

import pytest
from selenium.webdriver import Chrome
from service import BELL, Service

VERSIONED = re.compile(r"/static/[0-9a-f]{16}/")
ID = "0f4fa7a2-1a10-4a4c-9ef0-4d6e8b2cf8a3"  # of no task
# What the editor does, and what an attacker would like to do.
STYLED = """
const [nonce] = arguments;
const style = document.createElement("style");
if (nonce) style.nonce = nonce;
style.textContent = "body { outline: 7px solid red }";
document.head.append(style);
const width = getComputedStyle(document.body).outlineWidth;
style.remove();
return width === "7px";
"""
RUN = {
    "an inline script": """
        const script = document.createElement("script");
        script.text = policy.createScript("window.ran = true");
        document.body.append(script);""",
    "a handler": """
        document.body.insertAdjacentHTML("beforeend",
          policy.createHTML("<img src=/nosuch.png onerror='window.ran = true'>"));""",
    "text as HTML": 'document.body.innerHTML = "<b>x</b>"; window.ran = true;',
    "text as a program": '(0, eval)("window.ran = true");',
    "another policy": 'trustedTypes.createPolicy("mine", {}); window.ran = true;',
}


@pytest.fixture
def page(browser: Chrome, service: Service) -> str:
    browser.execute_cdp_cmd("Network.clearBrowserCache", {})
    return f"{service.url}/ui/tasks/{ID}"


def nonce(browser: Chrome) -> str:
    script = "return document.querySelector('meta[name=style-nonce]').content"
    return str(browser.execute_script(script))


def loads(browser: Chrome) -> list[dict[str, Any]]:
    """Each request of the page: its status, and the bytes that came over the wire."""
    found: list[dict[str, Any]] = browser.execute_script(
        "return [...performance.getEntriesByType('navigation'), "
        "...performance.getEntriesByType('resource')]"
        ".map((e) => ({name: e.name, status: e.responseStatus, bytes: e.transferSize}))"
    )
    return found


def test_styles_need_the_nonce_also_when_the_page_comes_from_the_cache(
    browser: Chrome, page: str
) -> None:
    browser.get(page)
    first = nonce(browser)
    assert browser.execute_script(STYLED, first)
    assert not browser.execute_script(STYLED, None)
    assert not browser.execute_script(STYLED, "A" * 22)
    browser.get("about:blank")
    browser.get(page)
    again = nonce(browser)
    assert again == first  # a 304: the page that was kept, with the policy that was kept
    assert loads(browser)[0]["bytes"] < 1000
    assert browser.execute_script(STYLED, again)
    browser.execute_cdp_cmd("Network.clearBrowserCache", {})
    browser.get(page)
    assert nonce(browser) != first
    assert browser.execute_script(STYLED, nonce(browser))
    assert not browser.execute_script(STYLED, first)


@pytest.mark.parametrize("what", RUN)
def test_nothing_runs_that_is_not_in_a_file(browser: Chrome, page: str, what: str) -> None:
    browser.get(page)
    # Later, not within the call: there a driver may do what the page may not.
    browser.execute_script(
        "window.ran = false;"
        "const same = { createHTML: (text) => text, createScript: (text) => text };"
        "const policy = trustedTypes.createPolicy('lit-html', same);"
        f"setTimeout(() => {{ {RUN[what]} }});"
    )
    browser.execute_async_script("setTimeout(arguments[0], 300)")
    assert browser.execute_script("return window.ran") is False


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_a_page_that_was_seen_loads_nothing_again(
    browser: Chrome, service: Service, page: str, path: str
) -> None:
    browser.get(service.url + path)
    files = [load for load in loads(browser) if VERSIONED.search(load["name"])]
    assert files
    assert all(load["bytes"] > 0 for load in files)
    browser.get("about:blank")
    browser.get(service.url + path)
    again = loads(browser)
    # Chromium counts 300 bytes of headers for each answer.
    assert sum(load["bytes"] for load in again) < 5000, again
    first = {load["name"] for load in files}
    assert {load["bytes"] for load in again if load["name"] in first} == {0}


def test_a_drawing_that_is_opened_runs_no_script(browser: Chrome, service: Service) -> None:
    id = service.submit(BELL)
    service.final(id)
    for path in (f"/v1/tasks/{id}/counts.svg", "/static/favicon.svg"):
        browser.get(service.url + path)
        assert browser.execute_script("return document.documentElement.localName") == "svg"
        browser.execute_script(
            "const script = document.createElementNS('http://www.w3.org/2000/svg', 'script');"
            "script.textContent = 'document.documentElement.id = \"ran\"';"
            "document.documentElement.append(script);"
        )
        assert browser.execute_script("return document.documentElement.id") == ""

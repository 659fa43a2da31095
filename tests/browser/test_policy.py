"""What a browser makes of our policies, nonces and caches."""

from __future__ import annotations

import re
from typing import Any

import pytest
from complaints import Complaints
from measures import forget
from playwright.sync_api import Page
from service import BELL, Service

VERSIONED = re.compile(r"/static/[0-9a-f]{16}/")
ID = "0f4fa7a2-1a10-4a4c-9ef0-4d6e8b2cf8a3"  # of no task
# What the editor does, and what an attacker would like to do.
STYLED = """(nonce) => {
const style = document.createElement("style");
if (nonce) style.nonce = nonce;
style.textContent = "body { outline: 7px solid red }";
document.head.append(style);
const width = getComputedStyle(document.body).outlineWidth;
style.remove();
return width === "7px";
}"""
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
def address(service: Service) -> str:
    return f"{service.url}/ui/tasks/{ID}"


def nonce(page: Page) -> str:
    return str(page.evaluate("document.querySelector('meta[name=style-nonce]').content"))


def loads(page: Page) -> list[dict[str, Any]]:
    """Each request of the page: its status, and the bytes that came over the wire."""
    page.wait_for_load_state("networkidle")
    found: list[dict[str, Any]] = page.evaluate(
        "[...performance.getEntriesByType('navigation'), "
        "...performance.getEntriesByType('resource')]"
        ".map((e) => ({name: e.name, status: e.responseStatus, bytes: e.transferSize}))"
    )
    return found


def test_styles_need_the_nonce_also_when_the_page_comes_from_the_cache(
    page: Page, complaints: Complaints, address: str
) -> None:
    complaints.expect("securitypolicyviolation: style-src|Applying inline style", "status of 404")
    page.goto(address)
    first = nonce(page)
    assert page.evaluate(STYLED, first)
    assert not page.evaluate(STYLED, None)
    assert not page.evaluate(STYLED, "A" * 22)
    page.goto("about:blank")
    page.goto(address)
    again = nonce(page)
    assert again == first  # a 304: the page that was kept, with the policy that was kept
    assert loads(page)[0]["bytes"] < 1000
    assert page.evaluate(STYLED, again)
    forget(page)
    page.goto(address)
    assert nonce(page) != first
    assert page.evaluate(STYLED, nonce(page))
    assert not page.evaluate(STYLED, first)


@pytest.mark.parametrize("what", RUN)
def test_nothing_runs_that_is_not_in_a_file(
    page: Page, complaints: Complaints, address: str, what: str
) -> None:
    complaints.expect("policy|Policy|Trusted|404")
    page.goto(address)
    # Later, not within the call: there a driver may do what the page may not.
    page.evaluate(
        "() => { window.ran = false;"
        "const same = { createHTML: (text) => text, createScript: (text) => text };"
        "const policy = trustedTypes.createPolicy('lit-html', same);"
        f"setTimeout(() => {{ {RUN[what]} }}); }}"
    )
    page.wait_for_timeout(300)
    assert page.evaluate("window.ran") is False


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_a_page_that_was_seen_loads_nothing_again(page: Page, service: Service, path: str) -> None:
    forget(page)
    page.goto(service.url + path)
    files = [load for load in loads(page) if VERSIONED.search(load["name"])]
    assert files
    assert all(load["bytes"] > 0 for load in files)
    page.goto("about:blank")
    page.goto(service.url + path)
    again = loads(page)
    # Chromium counts 300 bytes of headers for each answer.
    assert sum(load["bytes"] for load in again) < 5000, again
    first = {load["name"] for load in files}
    assert {load["bytes"] for load in again if load["name"] in first} == {0}


def test_a_drawing_that_is_opened_runs_no_script(
    page: Page, complaints: Complaints, service: Service
) -> None:
    complaints.expect("Content Security Policy|securitypolicyviolation")
    id = service.submit(BELL)
    service.final(id)
    for path in (f"/v1/tasks/{id}/counts.svg", "/static/favicon.svg"):
        page.goto(service.url + path)
        assert page.evaluate("document.documentElement.localName") == "svg"
        page.evaluate(
            "() => { const svg = 'http://www.w3.org/2000/svg';"
            "const script = document.createElementNS(svg, 'script');"
            "script.textContent = 'document.documentElement.id = \"ran\"';"
            "document.documentElement.append(script); }"
        )
        assert page.evaluate("document.documentElement.id") == ""

"""The page at /docs, which shows the API."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect
from service import Service


def test_the_reference_lists_the_api_and_asks_nobody_else(page: Page, service: Service) -> None:
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{service.url}/docs")
    submission = page.locator(".opblock-post").filter(has_text=re.compile("^POST/tasks"))
    expect(submission).to_have_count(1)
    reads = page.locator(".opblock-get a").all_inner_texts()
    assert "/tasks/{id}" in [path.replace("\u200b", "") for path in reads]
    submission.get_by_role("button").first.click()
    expect(submission.locator(".response").first).to_be_visible()
    assert f"{service.url}/openapi.json" in asked
    foreign = [url for url in asked if not url.startswith((f"{service.url}/", "data:"))]
    assert foreign == []


def test_the_reference_leads_back_to_the_page(page: Page, service: Service) -> None:
    page.goto(service.url)
    page.locator("a[href='/docs']").click()
    page.wait_for_url(f"{service.url}/docs")
    page.locator("a[href='/']").click()
    page.wait_for_url(f"{service.url}/")
    expect(page.get_by_role("textbox", name="Program")).to_be_visible()

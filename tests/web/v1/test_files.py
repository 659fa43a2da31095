"""What is the same for everybody: pages, their files, the API's document."""

from __future__ import annotations

import pytest
from service import Service

BUNDLE = "/static/vendor/swagger-ui/swagger-ui-bundle.js"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/docs", "text/html; charset=utf-8"),
        ("/openapi.json", "application/json"),
        ("/static/app.css", "text/css; charset=utf-8"),
        ("/static/favicon.svg", "image/svg+xml"),
        ("/static/examples/bell.qasm", "text/plain; charset=utf-8"),
        (BUNDLE, "text/javascript; charset=utf-8"),
    ],
)
def test_what_was_seen_is_not_sent_again(service: Service, path: str, kind: str):
    whole = service.client.get(path)
    assert (whole.status_code, whole.headers["content-type"]) == (200, kind)
    again = service.client.get(path, headers={"If-None-Match": whole.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == whole.headers["etag"]
    # A browser would put it in the place of the one that it has.
    assert "content-security-policy" not in again.headers
    other = service.client.get(path, headers={"If-None-Match": '"other"'})
    assert other.content == whole.content
    head = service.client.head(path)
    assert head.headers["content-length"] == str(len(whole.content))


@pytest.mark.parametrize("path", ["/static", "/static/", "/static/examples", "/static/../app.py"])
def test_only_files_are_served(service: Service, path: str):
    assert service.client.get(path).status_code == 404

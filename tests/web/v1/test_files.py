"""What is the same for everybody: pages, their files, the API's document."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from service import Cluster, Service

from quantum_tasks.web import pages

BUNDLE = "/static/vendor/editor/codemirror.js"
ID = "0f4fa7a2-1a10-4a4c-9ef0-4d6e8b2cf8a3"  # of no task
TASK = f"/ui/tasks/{ID}"
PAGES = ["/", "/docs", TASK]
FOR_EVER = "public, max-age=31536000, immutable"
AGAIN = "private, no-cache"
VERSION = re.compile(r'="/static/([0-9a-f]{16})/')
NONCE = re.compile(r"'nonce-([\w-]{22})'")


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/docs", "text/html; charset=utf-8"),
        (TASK, "text/html; charset=utf-8"),
        ("/openapi.json", "application/json"),
        ("/static/app.css", "text/css; charset=utf-8"),
        ("/static/favicon.svg", "image/svg+xml"),
        ("/static/examples/bell.qasm", "text/plain; charset=utf-8"),
        (BUNDLE, "text/javascript; charset=utf-8"),
    ],
)
@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_what_was_seen_is_not_sent_again(service: Service, path: str, kind: str, coding: str):
    accepted = {"Accept-Encoding": coding}
    whole = service.client.get(path, headers=accepted)
    assert (whole.status_code, whole.headers["content-type"]) == (200, kind)
    again = service.client.get(path, headers={"If-None-Match": whole.headers["etag"]} | accepted)
    assert (again.status_code, again.content) == (304, b"")
    for name in ("etag", "cache-control"):
        assert again.headers[name] == whole.headers[name]
    assert "content-security-policy" not in again.headers  # the browser keeps that of its copy
    other = service.client.get(path, headers={"If-None-Match": '"other"'} | accepted)
    if path not in PAGES:
        assert other.content == whole.content
        head = service.client.head(path, headers=accepted)
        assert head.headers["content-length"] == whole.headers["content-length"]
        assert head.content == b""


@pytest.mark.parametrize("path", ["/static", "/static/", "/static/examples", "/static/../app.py"])
def test_only_files_are_served(service: Service, path: str):
    assert service.client.get(path).status_code == 404


@pytest.fixture
def workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of files like that of the service, which a test may change."""
    for name in ("task.js", "vendor/editor/editor.js", "vendor/editor/LICENSE.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"// {name}")
    monkeypatch.setattr(pages, "_STATIC", tmp_path)
    return tmp_path


BUILD = ["package.json", "package-lock.json", "build.mjs", ".npmrc", "README.md", "LICENSE"]


@pytest.mark.parametrize("name", [*BUILD, "page.html", ".js", "editor.js.map", "editor.js~"])
def test_what_no_page_loads_is_not_served(workshop: Path, name: str):
    (workshop / "vendor/editor" / name).write_text("x")
    found = pages._site.__wrapped__()
    assert [*found.files] == ["task.js", "vendor/editor/LICENSE.txt", "vendor/editor/editor.js"]


def test_html_is_served_only_as_a_page(service: Service):
    assert service.client.get("/static/index.html").status_code == 404
    assert service.client.get("/index.html").status_code == 404


# Addresses with a version


@pytest.mark.parametrize("path", PAGES)
def test_a_browser_keeps_what_a_page_loads_for_ever(service: Service, path: str):
    html = service.client.get(path).text
    assert '="/static/' not in VERSION.sub("", html)
    loaded = re.findall(r'="(/static/[^"]+)', html)
    assert loaded
    for address in loaded:
        file = service.client.get(address)
        assert (file.status_code, file.headers["cache-control"]) == (200, FOR_EVER)
        plain = service.client.get(VERSION.sub('="/static/', f'="{address}')[2:])
        assert (plain.content, plain.headers["cache-control"]) == (file.content, AGAIN)
        assert plain.headers["etag"] == file.headers["etag"]


def test_a_version_of_another_instance_is_answered_and_not_kept(service: Service):
    other = service.client.get(f"/static/{'0' * 16}/task.js")
    assert other.content == service.client.get("/static/task.js").content
    assert (other.status_code, other.headers["cache-control"]) == (200, AGAIN)
    for path in ("0" * 15, "0" * 17, "G" * 16, f"{'0' * 16}/{'0' * 16}"):
        assert service.client.get(f"/static/{path}/task.js").status_code == 404


def test_the_version_changes_with_every_file_and_with_nothing_else(workshop: Path):
    versions = [pages._site.__wrapped__().version]
    (workshop / "vendor/editor/build.mjs").write_text("new")
    assert pages._site.__wrapped__().version == versions[0]
    (workshop / "vendor/editor/editor.js").write_text("new")
    versions.append(pages._site.__wrapped__().version)
    (workshop / "task.js").rename(workshop / "task2.js")
    versions.append(pages._site.__wrapped__().version)
    assert len(set(versions)) == 3


# The pages, and their policies


def test_the_page_of_a_task_is_the_same_for_every_task(service: Service):
    found = [
        service.client.get(f"/ui/tasks/{id}") for id in (ID, ID.replace("0", "1"), ID.upper())
    ]
    assert len({page.headers["etag"] for page in found}) == 1
    assert all("<title>Task" in page.text for page in found)


@pytest.mark.parametrize("id", ["x", "0", "%2e%2e", f"{ID}x", f"{ID}/"])
def test_what_cannot_be_a_task_has_no_page(service: Service, id: str):
    answer = service.client.get(f"/ui/tasks/{id}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_the_address_of_a_task_never_answers_with_a_page(service: Service):
    for path in (f"/tasks/{ID}", f"/v1/tasks/{ID}"):
        answer = service.client.get(path, headers={"Accept": "text/html,*/*;q=0.1"})
        assert answer.json()
        assert "json" in answer.headers["content-type"]


def test_a_worker_has_no_pages(cluster: Cluster):
    api, worker = cluster.api, cluster.worker
    assert {worker.client.get(path).status_code for path in [*PAGES, "/static/task.js"]} == {404}
    assert {api.client.get(path).status_code for path in [*PAGES, "/static/task.js"]} == {200}


@pytest.mark.parametrize("path", ["/", TASK])
def test_a_page_runs_nothing_that_is_not_in_a_file_of_ours(service: Service, path: str):
    answer = service.client.get(path)
    policy = answer.headers["content-security-policy"]
    assert NONCE.sub("'nonce-…'", policy) == (
        "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "style-src 'self' 'nonce-…'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types lit-html"
    )
    assert answer.headers["referrer-policy"] == "no-referrer"
    inline = r"<script(?![^>]* src=)|<style|\son\w+=|\sstyle=|javascript:"
    assert not re.search(inline, answer.text)


def test_a_nonce_is_in_the_page_and_in_its_policy_and_never_comes_again(service: Service):
    nonces = set()
    for coding in ("gzip", "identity", "gzip"):
        answer = service.client.get(TASK, headers={"Accept-Encoding": coding})
        (nonce,) = NONCE.findall(answer.headers["content-security-policy"])
        assert f'<meta name="style-nonce" content="{nonce}">' in answer.text
        assert "{{" not in answer.text
        nonces.add(nonce)
    assert len(nonces) == 3


def test_a_page_is_another_if_only_its_policy_is(service: Service):
    """Otherwise a browser would keep the old policy with the page that it has."""
    before = service.client.get("/").headers["etag"]
    html = pages._site().pages["index.html"]
    assert pages._tag((pages._STRICT + html).encode()) == before
    assert pages._tag((pages._STRICT + "; " + html).encode()) != before


def test_what_is_no_page_runs_nothing_at_all(service: Service):
    paths = [
        "/static/task.js",
        "/static/favicon.svg",
        "/openapi.json",
        "/v1/backend",
        "/nosuch",
    ]
    for path in paths:
        policy = service.client.get(path).headers["content-security-policy"]
        assert policy == "default-src 'none'; frame-ancestors 'none'"

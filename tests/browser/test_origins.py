"""What pages of other origins can do to a service on this machine, in a real browser: nothing,
unless they are named in CORS_ORIGINS."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from chromium import Chromium
from playwright.sync_api import Page, expect
from service import BELL, Service

PAGE = b"<!doctype html><meta charset=utf-8><title>Elsewhere</title><body></body>"
TAG = {"of": "the victim"}
BODY = '{"qc": "OPENQASM 3.0; qubit q; bit c; c = measure q;"}'

# What a page tries; each says what it has learned, or that it has learned nothing. `url` is the
# service, `id` a finished task, `body` a submission.
PRELUDE = """
document.body.replaceChildren();
const nothing = "nothing";
const read = (path, options) => fetch(url + path, options).then(
  async (answer) => answer.type === "opaque" ? nothing : answer.status + " " + await answer.text(),
  () => nothing,
);
const post = (path, content, options) => read(path, { method: "POST", body: content, ...options });
const load = (tag, name, path, more) => new Promise((resolve) => {
  const element = Object.assign(document.createElement(tag), more);
  element.onload = () => resolve(element.naturalWidth === undefined ? "loaded" : "drawn");
  element.onerror = () => resolve(nothing);
  element[name] = url + path;
  document.body.append(element);
});
const events = (path, answered) => new Promise((resolve) => {
  const source = new EventSource(url + path);
  const end = (what) => { source.close(); resolve(what); };
  source.onopen = () => answered === "opened" && end("opened");
  source.onmessage = (event) => end(event.data);
  source.onerror = () => end(nothing);
});
const beacon = (path, content) => new Promise((resolve) => {
  // It is known to have ended only by this, and never says how.
  new PerformanceObserver((entries, observer) => {
    if (entries.getEntries().some((entry) => entry.initiatorType === "beacon")) {
      observer.disconnect();
      resolve(nothing);
    }
  }).observe({ type: "resource" });
  navigator.sendBeacon(url + path, content);
});
const form = (path, enctype, name) => new Promise((resolve) => {
  const target = document.createElement("iframe");
  const form = document.createElement("form");
  const field = document.createElement("textarea");
  Object.assign(form, { action: url + path, method: "POST", enctype, target: "target" });
  Object.assign(field, { name, value: "" });
  target.name = "target";
  form.append(field);
  document.body.append(target, form);
  setTimeout(() => { target.onload = () => resolve(nothing); form.submit(); }, 50);
});
const json = { "Content-Type": "application/json" };
const tagged = JSON.stringify({ tags: { of: "the victim" } });
"""
ATTEMPTS = {
    "submit without a type": 'post("/v1/tasks", new Blob([body]))',
    "submit bytes": 'post("/v1/tasks", new TextEncoder().encode(body))',
    "submit by the first route": 'post("/tasks", new Blob([body]))',
    "submit and not look": 'post("/v1/tasks", new Blob([body]), { mode: "no-cors" })',
    "submit as text": 'post("/v1/tasks", body)',
    "submit as JSON": 'post("/v1/tasks", body, { headers: json })',
    "submit without a referrer": 'post("/v1/tasks", new Blob([body]), '
    '{ mode: "no-cors", referrerPolicy: "no-referrer" })',
    "submit by a beacon": 'beacon("/v1/tasks", new Blob([body]))',
    "submit by a form": 'form("/v1/tasks", "text/plain", body.slice(0, -1) + \',"x":"\')',
    "submit by another form": 'form("/v1/tasks", "multipart/form-data", body)',
    "cancel by tag": 'post("/v1/tasks/cancel", new Blob([tagged]))',
    "cancel by tag and not look": 'post("/v1/tasks/cancel", new Blob([tagged]), '
    '{ mode: "no-cors" })',
    "cancel by id": 'post("/v1/tasks/" + id + "/cancel")',
    "run again": 'post("/v1/tasks/" + id + "/rerun", undefined, { mode: "no-cors" })',
    "delete": 'read("/v1/tasks/" + id, { method: "DELETE" })',
    "rename": 'read("/v1/tasks/" + id, { method: "PATCH", body: \'{"name": "x"}\', '
    "headers: json })",
    "read a result": 'read("/v1/tasks/" + id + "/result")',
    "read a result without looking": 'read("/v1/tasks/" + id + "/result", { mode: "no-cors" })',
    "read the list": 'read("/v1/tasks")',
    "read what the service is": 'read("/v1/backend")',
    "read a file": 'read("/static/task.js")',
    "listen to a task": 'events("/v1/tasks/" + id + "/events")',
    "listen to all": 'events("/v1/tasks/feed", "opened")',
    "show a drawing": 'load("img", "src", "/v1/tasks/" + id + "/counts.svg")',
    "show a drawing by CORS": 'load("img", "src", "/v1/tasks/" + id + "/counts.svg", '
    '{ crossOrigin: "anonymous" })',
    "run our script": 'load("script", "src", "/static/task.js")',
    "use our style": 'load("link", "href", "/static/app.css", { rel: "stylesheet" })',
}
# The beginning of what the page of a friend learns, where that is more than nothing.
ALLOWED = {
    "submit without a type": "202 ",
    "submit bytes": "202 ",
    "submit by the first route": '202 {"task_id":',
    "submit as text": "415 ",
    "submit as JSON": "202 ",
    "cancel by tag": "200 ",
    "cancel by id": "409 ",
    "delete": "204 ",
    "rename": "200 ",
    "read a result": '200 {"id":',
    "read the list": '200 {"tasks":',
    "read what the service is": "200 ",
    "read a file": "200 ",
    "listen to a task": '{"id":1,',
    "listen to all": "opened",
    "show a drawing by CORS": "drawn",
}
SANDBOXED = """new Promise((resolve) => {
  const frame = document.createElement("iframe");
  frame.sandbox = "allow-scripts";
  frame.srcdoc = `<script>
    fetch("${url}/v1/tasks", { method: "POST", body: new Blob([${JSON.stringify(body)}]) })
      .then((answer) => answer.text(), () => "nothing")
      .then((text) => parent.postMessage(text, "*"));
  </${"script"}>`;
  onmessage = (event) => resolve(event.data);
  document.body.append(frame);
})"""


class Elsewhere(BaseHTTPRequestHandler):
    """A page of somebody else's, at any address."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[int]:
    """The port of another server on this machine."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        threading.Thread(target=server.serve_forever).start()
        yield server.server_port
        server.shutdown()


@pytest.fixture(scope="module")
def ended(module_database: str) -> list[str]:
    """Tasks that have ended. Nobody runs those that come after them."""
    service = Service(module_database)
    try:
        service.start()
        ids = [service.submit(BELL, name="mine") for _ in range(3)]
        assert {service.final(id)["status"] for id in ids} == {"completed"}
    finally:
        service.close()
    return ids


@pytest.fixture(scope="module")
def victim(module_database: str, elsewhere: int, ended: list[str]) -> Iterator[Service]:
    """A service with tasks that have ended and one that is queued. Of the pages elsewhere, only
    those at `localhost` may call it."""
    friend = f"http://localhost:{elsewhere}"
    service = Service(module_database, "--only", "api", CORS_ORIGINS=friend)
    try:
        service.start().submit(BELL, tags=TAG)
        yield service
    finally:
        service.close()


@pytest.fixture(scope="module")
def tab(chromium: Chromium) -> Iterator[Page]:
    """Stays open for all tests of this module: a new one takes ten times as long as an attempt."""
    with chromium.awake() as browser:
        page = browser.new_page()
    yield page
    with chromium.awake():
        page.close()


def visit(page: Page, host: str, port: int) -> None:
    """Opens a page elsewhere, unless it is the one that is open."""
    if page.url != f"http://{host}:{port}/":
        page.goto(f"http://{host}:{port}/")
    assert page.title() == "Elsewhere"


def attempt(page: Page, url: str, id: str, script: str) -> str:
    """What a page learns by a script."""
    late = "new Promise((_, reject) => setTimeout(reject, 20_000, 'it does not end'))"
    function = f"([url, id, body]) => {{ {PRELUDE} return Promise.race([{script}, {late}]); }}"
    return str(page.evaluate(function, [url, id, BODY]))


def state(service: Service) -> Any:
    """All that strangers might change."""
    return service.client.get("/v1/tasks?fields=id,status,name,tags&limit=200").json()


# Another site, and another port of the very host that is called.
STRANGERS = ["evil.example", "127.0.0.1"]


@pytest.mark.parametrize("what", ATTEMPTS)
@pytest.mark.parametrize("host", STRANGERS)
def test_a_page_of_another_origin_does_and_learns_nothing(
    tab: Page, victim: Service, elsewhere: int, ended: list[str], what: str, host: str
) -> None:
    before = state(victim)
    visit(tab, host, elsewhere)
    assert attempt(tab, victim.url, ended[0], ATTEMPTS[what]) == "nothing"
    assert state(victim) == before


@pytest.mark.parametrize("what", ATTEMPTS)
def test_a_page_of_cors_origins_may_call(
    tab: Page, victim: Service, elsewhere: int, ended: list[str], what: str
) -> None:
    id = ended.pop() if what == "delete" else ended[0]
    visit(tab, "localhost", elsewhere)
    learned = attempt(tab, victim.url, id, ATTEMPTS[what])
    assert learned.startswith(ALLOWED.get(what, "nothing"))


def test_a_page_of_cors_origins_sees_the_headers_of_an_answer(
    tab: Page, victim: Service, elsewhere: int, ended: list[str]
) -> None:
    visit(tab, "localhost", elsewhere)
    headers = attempt(
        tab,
        victim.url,
        ended[0],
        'fetch(url + "/v1/tasks", { method: "POST", body, headers: { ...json, "Idempotency-Key": '
        '"k", Prefer: "wait=0" } }).then((a) => [...a.headers.keys()].join())',
    )
    assert {"location", "retry-after", "etag", "x-request-id"} <= set(headers.split(","))


@pytest.mark.parametrize("host", [*STRANGERS, "localhost"])
def test_a_frame_without_an_origin_does_and_learns_nothing(
    tab: Page, victim: Service, elsewhere: int, ended: list[str], host: str
) -> None:
    before = state(victim)
    visit(tab, host, elsewhere)
    assert attempt(tab, victim.url, ended[0], SANDBOXED) == "nothing"
    assert state(victim) == before


@pytest.mark.parametrize("path", ["/", "/docs", "/v1/tasks/{id}", "/v1/tasks/{id}/counts.svg"])
def test_nobody_puts_a_frame_around_anything(
    tab: Page, victim: Service, elsewhere: int, ended: list[str], path: str
) -> None:
    for host in (*STRANGERS, "localhost"):
        visit(tab, host, elsewhere)
        script = f'load("iframe", "src", "{path.replace("{id}", ended[0])}")'
        attempt(tab, victim.url, ended[0], script)
        _, frame = tab.frames
        shown = frame.content()
        assert ended[0] not in shown
        assert "quantum-tasks" not in shown


@pytest.mark.parametrize("rel", ["", "opener"])
def test_a_link_to_a_task_opens_and_the_page_with_the_link_learns_nothing(
    tab: Page, victim: Service, elsewhere: int, ended: list[str], rel: str
) -> None:
    visit(tab, "evil.example", elsewhere)
    tab.evaluate(
        "([url, rel]) => { document.body.innerHTML = "
        "`<a target=_blank rel='${rel}' href='${url}'>A task</a>`; }",
        [f"{victim.url}/v1/tasks/{ended[0]}", rel],
    )
    with tab.context.expect_page() as opening:
        tab.get_by_role("link").click()
    with opening.value as opened:
        expect(opened.locator("body")).to_contain_text(ended[0])
        assert '"status":"completed"' in opened.content()
        assert opened.evaluate("window.opener") is None


def test_a_window_of_ours_is_out_of_reach_for_the_page_that_opened_it(
    tab: Page, victim: Service, elsewhere: int, ended: list[str]
) -> None:
    visit(tab, "evil.example", elsewhere)
    with tab.context.expect_page() as opening:
        tab.evaluate("(url) => { window.opened = window.open(url); }", f"{victim.url}/")
    with opening.value as opened:
        tab.wait_for_function("window.opened.closed")
        assert opened.title() == "Compose · quantum-tasks"


def test_a_name_that_leads_here_does_not_make_a_page_of_ours_somebody_elses(
    tab: Page, victim: Service, ended: list[str]
) -> None:
    port = victim.url.rpartition(":")[2]
    for path in ("/", f"/v1/tasks/{ended[0]}/result", "/static/task.js"):
        tab.goto(f"http://evil.example:{port}{path}")
        assert "unknown_host" in tab.content()
        assert ended[0] not in tab.content()


def test_our_own_page_may_do_all_of_it(tab: Page, victim: Service, ended: list[str]) -> None:
    tab.goto(f"{victim.url}/")
    for what, learned in ALLOWED.items():
        if what not in ("delete", "show a drawing by CORS"):
            said = attempt(tab, victim.url, ended[0], ATTEMPTS[what])
            assert said.startswith(learned), what
    for what in ("show a drawing", "use our style"):  # no script may name another by a text
        assert attempt(tab, victim.url, ended[0], ATTEMPTS[what]) in ("drawn", "loaded")

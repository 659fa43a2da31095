"""A page with nothing but an editor, under the policy of the service's own pages."""

from __future__ import annotations

import contextlib
import mimetypes
import secrets
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page

HEAD = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[2] q;\nbit[2] c;\n'
BELL = HEAD + "h q[0];\ncx q[0], q[1];\nc = measure q;\n"
LONG = HEAD + "".join(f"rx({n}) q[{n % 2}]; // line {n + 5}\n" for n in range(200))
_STATIC = Path(str(files("quantum_tasks.web") / "static"))
_POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "style-src 'self' 'nonce-{nonce}'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types lit-html"
)
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>An editor</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="nonce" content="{nonce}">
<link rel="icon" href="data:,"><link rel="stylesheet" href="/page.css">
<script type="module" src="/page.js"></script></head>
<body><main><h1>An editor</h1><button id="before">Before</button>
<label for="program">Program</label>
<textarea id="program" class="editor" rows="14" wrap="off" spellcheck="false"></textarea>
<button id="after">After</button></main></body></html>
"""
_STYLE = """
:root { color-scheme: light dark; --text: #1b1e28; --quiet: #555b6b; --line: #d3d7e2;
  --field-line: #7c8398; --card: #fff; --accent: #4338ca; --on-accent: #fff; --failure: #b42318;
  --mono: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
@media (prefers-color-scheme: dark) { :root { --text: #e8eaf2; --quiet: #a5abbd; --line: #343948;
  --field-line: #747b91; --card: #1b1e28; --accent: #a5b0ff; --on-accent: #14172b;
  --failure: #ff9d92; } }
*, ::before, ::after { box-sizing: border-box; }
body { margin: 16px; background: var(--card); color: var(--text); font: 1rem/1.5 system-ui; }
main { display: flex; flex-direction: column; gap: 8px; align-items: start; }
.editor { width: 100%; }
textarea { padding: 8px 12px 8px 56px; border: 1px solid var(--field-line); border-radius: 6px;
  background: var(--card); color: inherit; font: 0.875rem/1.5 var(--mono); resize: vertical;
  tab-size: 2; }
@media (pointer: coarse) { textarea { font-size: 1rem; } }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
"""
_SCRIPT = """
import { PlainEditor, insertion, upgrade } from "/static/editor.js";
const area = document.getElementById("program");
const handlers = {
  nonce: document.querySelector("meta[name=nonce]").content,
  onchange: () => (window.changes += 1),
  oncursor: (line) => window.lines.push(line),
};
Object.assign(window, { changes: 0, lines: [], shifts: 0, violations: [], insertion });
window.editor = new PlainEditor(area, handlers);
new PerformanceObserver((list) => {
  for (const { value } of list.getEntries()) window.shifts += value;
}).observe({ type: "layout-shift", buffered: true });
document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
  window.violations.push(`${violatedDirective} ${blockedURI}`);
});
window.upgraded = async () => {
  window.editor = await upgrade(area, handlers);
};
"""


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        nonce = secrets.token_urlsafe()
        own = {"/": _PAGE.replace("{nonce}", nonce), "/page.css": _STYLE, "/page.js": _SCRIPT}
        path = _STATIC / self.path.removeprefix("/static/")
        if self.path not in own and not path.is_file():
            self.send_error(404)
            return
        content = own[self.path].encode() if self.path in own else path.read_bytes()
        self.send_response(200)
        kind = mimetypes.guess_type("a.html" if self.path == "/" else self.path)[0]
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        if self.path not in own:  # so the next page of the test loads faster
            self.send_header("Cache-Control", "max-age=3600")
        self.send_header("Content-Security-Policy", _POLICY.replace("{nonce}", nonce))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextlib.contextmanager
def served() -> Iterator[str]:
    """The address of the page."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def pixels(page: Page) -> list[Any]:
    """Where the first letter is in its box, how high a line is, and how large a letter."""
    pixels: list[Any] = page.evaluate(
        """() => {
          const box = document.getElementById("program");
          const line = box.querySelector(".cm-line");
          const style = getComputedStyle(line ?? box);
          const edge = ["Left", "Top"].map((side) => parseFloat(style[`padding${side}`]) + 1);
          const range = document.createRange();
          if (line) range.selectNodeContents(line);
          const [text, around] = [range, box].map((it) => it.getBoundingClientRect());
          const top = line?.getBoundingClientRect().y;
          const place = line ? [text.x - around.x, top - around.y] : edge;
          return [...place, parseFloat(style.lineHeight), style.fontSize];
        }"""
    )
    return pixels


def eventually(page: Page, expression: str, value: object) -> None:
    """Some events come a moment later."""
    for _ in range(100):
        if page.evaluate(expression) == value:
            return
        page.wait_for_timeout(20)
    assert page.evaluate(expression) == value


def open_(page: Page, kind: str, text: str) -> None:
    write(page, text)
    if kind == "upgraded":
        page.evaluate("upgraded()")
    page.evaluate("editor.focus()")


def write(page: Page, text: str) -> None:
    page.evaluate("text => { editor.text = text }", text)


def text_of(page: Page) -> str:
    text: str = page.evaluate("editor.text")
    return text


def show(page: Page, *problems: tuple[str, int | None, int | None]) -> None:
    page.evaluate(
        """problems => editor.show(problems.map(([severity, line, column]) => (
          { severity, line, column, message: `${severity} in line ${line}` })))""",
        [list(problem) for problem in problems],
    )


@contextlib.contextmanager
def opened(context: BrowserContext, address: str) -> Iterator[Page]:
    """The page, whose policy is kept whatever is done on it."""
    page = context.new_page()
    page.set_viewport_size({"width": 1000, "height": 700})
    page.goto(address)
    yield page
    assert page.evaluate("violations") == []

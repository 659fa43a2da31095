"""Circuits as the service describes them to its page, and a page that draws them."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from random import Random
from typing import Any

from playwright.sync_api import BrowserContext, Page

Step = dict[str, Any]
Circuit = dict[str, Any]

POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "style-src 'self' 'nonce-abc'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types lit-html"
)
PAGE = """<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <title>A circuit</title>
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <link rel="icon" href="/static/favicon.svg" type="image/svg+xml">
  <link rel="stylesheet" href="/static/app.css">
  <script type="module" src="/test.js"></script>
</head>
<body><main><section class="card"><h1>A circuit</h1><div id="host"></div></section></main></body>
</html>"""
SCRIPT = """
import { CircuitView } from "/static/circuit.js";
import { layout } from "/static/columns.js";
import "/static/walk.js"; // so that the first key need not wait
const said = { picked: [], hovered: [], violations: [], longest: 0 };
document.addEventListener("securitypolicyviolation", (event) => {
  said.violations.push(`${event.violatedDirective} ${event.sourceFile}`);
});
new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) said.longest = Math.max(said.longest, duration);
}).observe({ type: "longtask" });
const view = new CircuitView(document.getElementById("host"), {
  onpick: (line, column) => said.picked.push([line, column]),
  onhover: (lines) => said.hovered.push(lines),
});
const plain = ({ x, x0, x1, top, bottom, y0, y1, lo, hi, elseX, ends }) =>
  ({ x, x0, x1, top, bottom, y0, y1, lo, hi, elseX, ends });
const laidOut = (circuit) => {
  const { items, ...rest } = layout(circuit);
  return { ...rest, items: items.map(plain) };
};
Object.assign(window, { view, said, laidOut });
"""


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        own = {"/": (PAGE, "text/html"), "/test.js": (SCRIPT, "text/javascript")}
        if self.path in own:
            content, kind = own[self.path]
            body = content.encode()
        else:
            name = self.path.removeprefix("/static/")
            body = files("quantum_tasks.web").joinpath("static", name).read_bytes()
            kinds = {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}
            kind = kinds[name.rpartition(".")[2]]
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Security-Policy", POLICY)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def serving() -> Iterator[str]:
    """The address of the page."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def opening(
    address: str, context: BrowserContext, new_context: Callable[..., BrowserContext]
) -> Callable[..., AbstractContextManager[Page]]:
    """How to open the page. Whatever is done on it, its policy is kept, and nothing is thrown."""

    @contextmanager
    def opened(**options: Any) -> Iterator[Page]:
        page = (new_context(**options) if options else context).new_page()
        wrong: list[str] = []
        page.on("dialog", lambda dialog: wrong.append(dialog.message))
        page.goto(address)
        until(page, "window.view !== undefined")
        yield page
        assert wrong == []
        assert page.evaluate("said.violations") == []

    return opened


def show(page: Page, circuit: Circuit) -> None:
    # As text: the objects of a large circuit take the driver seconds.
    page.evaluate("circuit => view.show(JSON.parse(circuit))", json.dumps(circuit))


def laid_out(page: Page, *circuits: Circuit) -> list[dict[str, Any]]:
    """The layouts, with the items' members that are numbers."""
    layouts: list[dict[str, Any]] = json.loads(
        page.evaluate(
            "circuits => JSON.stringify(JSON.parse(circuits).map(laidOut))", json.dumps(circuits)
        )
    )
    return layouts


def until(page: Page, condition: str) -> None:
    """Waits for something on the page. (Playwright's own way needs a policy that allows eval.)"""
    deadline = time.monotonic() + 30
    while not page.evaluate(condition):
        assert time.monotonic() < deadline, condition
        time.sleep(0.02)


def drawn(page: Page) -> list[int]:
    """The numbers of the steps that are in the document."""
    numbers: list[int] = page.evaluate(
        "[...document.querySelectorAll('[data-step]')].map((g) => Number(g.dataset.step))"
    )
    return numbers


def circuit(steps: list[Step], qubits: int | list[str] = 3, **registers: int) -> Circuit:
    labels = [f"q[{i}]" for i in range(qubits)] if isinstance(qubits, int) else qubits
    listed = [{"name": name, "size": size} for name, size in registers.items()]
    return {"qubits": labels, "registers": listed, "steps": steps}


def step(kind: str, line: int, **members: Any) -> Step:
    return {"kind": kind, "line": line, "column": 1, **{k: v for k, v in members.items() if v}}


def gate(name: str, qubits: list[int], line: int = 1, **members: Any) -> Step:
    return step("gate", line, name=name, qubits=qubits, **members)


def measure(qubit: int, line: int = 1, bit: list[int] | None = None) -> Step:
    return step("measure", line, qubits=[qubit], bit=bit)


BELL = circuit(
    [
        gate("h", [0], 5),
        gate("x", [1], 6, controls=[0]),
        measure(0, 7, [0, 0]),
        measure(1, 7, [0, 1]),
    ],
    2,
    c=2,
)
NESTED = circuit(
    [
        gate("h", [0], 3),
        step(
            "while",
            4,
            text="!flag",
            reads=[1],
            steps=[
                gate("x", [2], 5, controls=[1, 0], open=[0]),
                measure(1, 6, [0, 0]),
                step(
                    "if",
                    7,
                    text="c == 2",
                    reads=[0],
                    steps=[step("if", 8, text="c[0]", reads=[0], steps=[gate("z", [1], 8)])],
                    otherwise=[gate("rz", [2], 10, text="π/2"), gate("y", [1], 11)],
                ),
                step("set", 12, text="flag = !c[0]", bit=[1, 0], reads=[0]),
            ],
        ),
        step(
            "call",
            14,
            text="correct",
            steps=[gate("my_gate", [3, 1], 15), step("reset", 16, qubits=[1])],
        ),
        step("barrier", 17, qubits=[0, 1, 3]),
        gate("gphase", [], 18, text="π/4"),
    ],
    4,
    c=2,
    flag=1,
)


def walk(steps: list[Step], above: tuple[int, ...] = ()) -> Iterator[tuple[Step, tuple[int, ...]]]:
    """Each step, in the order of the layout's items, with the numbers of the boxes around it."""
    number = 0

    def visit(steps: list[Step], above: tuple[int, ...]) -> Iterator[tuple[Step, tuple[int, ...]]]:
        nonlocal number
        for one in steps:
            own = number
            number += 1
            yield one, above
            for body in ("steps", "otherwise"):
                yield from visit(one.get(body, []), (*above, own))

    yield from visit(steps, above)


def random_circuit(seed: int) -> Circuit:
    random = Random(seed)
    qubits, registers = random.randint(1, 7), random.randint(0, 3)
    line = 0

    def some(most: int) -> list[int]:
        return random.sample(range(qubits), random.randint(1, min(most, qubits)))

    def made(depth: int) -> Step:
        nonlocal line
        line += 1
        kinds = ["gate"] * 8 + ["measure"] * 2 + ["reset", "barrier"]
        kinds += ["set"] if registers else []
        kinds += ["if", "if", "while", "call"] if depth < 4 else []
        kind = random.choice(kinds)
        reads = random.sample(range(registers), random.randint(0, registers))
        if kind == "gate":
            on = some(4)
            controls = random.randint(0, len(on) - 1)
            names = ["h", "x", "z", "swap", "p", "u", "my_gate", "f†", "a_gate_with_a_long_name"]
            text = random.choice(["", "", "π/2", "0.3, -π/4, 2.718281828"])
            name = random.choice([*names, "gphase"] if random.random() < 0.2 else names)
            if name == "gphase":
                return gate(name, [], line, text="π/8", controls=on[:controls])
            return gate(name, on[controls:], line, text=text, controls=on[:controls], open=on[:1])
        if kind == "measure":
            bit = [random.randrange(registers), random.randrange(20)] if registers else None
            return measure(some(1)[0], line, bit if random.random() < 0.8 else None)
        if kind in ("reset", "barrier"):
            return step(kind, line, qubits=some(1 if kind == "reset" else 5))
        if kind == "set":
            target = random.choice(["c0", "c0[1]", "hidden"])
            bit = None if target == "hidden" else [0, 1]
            return step(kind, line, text=f"{target} = !c0[0]", bit=bit, reads=reads)
        text = random.choice(["c0", "c0[0] && !c0[1] || c0[2] && c0[3] && c0[4]", "correct"])
        members: dict[str, Any] = {"text": text, "steps": several(depth + 1)}
        if kind != "call":
            members["reads"] = reads
        if kind == "if" and random.random() < 0.4:
            members["otherwise"] = several(depth + 1)
        return step(kind, line, **members)

    def several(depth: int) -> list[Step]:
        return [made(depth) for _ in range(random.randint(0, 14 if depth == 0 else 3))]

    return circuit(several(0), qubits, **{f"c{i}": 20 for i in range(registers)})


def large(qubits: int, steps: int) -> Circuit:
    """Gates of one, two and three qubits, an angle in a third of them."""
    random = Random(steps)
    made = []
    for line in range(1, steps + 1):
        a, b, c = random.sample(range(qubits), 3)
        made.append(
            random.choice(
                [
                    gate("h", [a], line),
                    gate("rz", [a], line, text="π/4"),
                    gate("x", [b], line, controls=[a]),
                    gate("z", [b], line, controls=[a]),
                    gate("ry", [a], line, text="0.3"),
                    gate("swap", [a, b], line, controls=[c]),
                ]
            )
        )
    return circuit(made, qubits, c=qubits)

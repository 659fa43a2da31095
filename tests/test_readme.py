"""What the README shows is what happens."""

from __future__ import annotations

import base64
import json
import os
import queue
import re
import shutil
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from page import Recipe, Shell, Step, recipes
from service import BELL, Service

from quantum_tasks.callbacks.webhooks import signature

PAGE = (Path(__file__).parents[1] / "README.md").read_text()
RECIPES = recipes(PAGE)
KEY = b"0123456789abcdef01234567"
SECRET = "whsec_" + base64.b64encode(KEY).decode()


@pytest.fixture(scope="module")
def called(module_database: str) -> Iterator[Service]:
    """A service that makes callbacks, and whose queue is its own."""
    service = Service(module_database, WEBHOOK_SECRET=SECRET, WEBHOOK_ALLOW_PRIVATE="true")
    yield service.start()
    service.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the files that the page has its readers write."""
    for command in (step.command for recipe in RECIPES for step in recipe.steps):
        if written := re.fullmatch(r"cat > (\S+) <<'END'\n(.*)\nEND", command, re.DOTALL):
            (tmp_path / written[1]).write_text(written[2])
    return tmp_path


@pytest.fixture
def curl() -> None:
    """Whoever has no curl need not install it to run the tests; CI must have it."""
    if not shutil.which("curl") or not shutil.which("jq"):
        reason = "the recipes of the README need curl and jq: apt-get install curl jq"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.heading)
def test_a_recipe_does_what_the_page_says(recipe: Recipe, called: Service, folder: Path, curl):
    with Shell(folder, called.url) as shell:
        for step in recipe.steps:
            shell.check(step)
    for file in folder.glob("*.svg"):
        assert file.read_text().rstrip().endswith("</svg>")


def test_the_page_has_many_recipes_and_each_is_found():
    assert sum(bool(recipe.steps) for recipe in RECIPES) > 12
    commands = PAGE.count("\n$ ")
    assert sum(len(recipe.steps) for recipe in RECIPES) == commands > 30


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ('echo \'{"status":"completed"}\'', '{"status":"failed"}'),
        ('echo \'{"00":509,"11":515}\'', '{"00":509,"01":515}'),
        ("echo '{\"line\":4}'", '{"line":5}'),
        ("echo one; echo two", "one"),
        ("echo", "something"),
        ("nosuchcommand", ""),
    ],
)
def test_a_recipe_that_does_something_else_is_noticed(command: str, says: str, tmp_path: Path):
    with Shell(tmp_path, "http://x") as shell, pytest.raises(AssertionError, match="and not"):
        shell.check(Step(command, says))


def test_an_id_of_the_page_stands_for_one_and_the_same_task(tmp_path: Path):
    page, here, other = (f"{digit * 8}-1111-1111-1111-111111111111" for digit in "123")
    with Shell(tmp_path, "http://x") as shell:
        shell.check(Step(f"echo {here} {here}", f"{page} {page}"))
        shell.check(Step(f"echo {page}", page))
        with pytest.raises(AssertionError):
            shell.check(Step(f"echo {other}", page))


def python(beginning: str) -> str:
    (block,) = (text for recipe in RECIPES for text in recipe.python if beginning in text)
    return block


def test_the_receiver_of_the_page_knows_what_we_sign_from_what_others_do():
    names: dict = {}
    exec(python("def verify"), names)
    verify, body = names["verify"], b'{"type":"task.completed"}'
    now = int(time.time())
    for key, secret in ((KEY, SECRET), (b"any text", "any text")):
        assert verify(secret, signature(key, "evt_1", now, body), body) == json.loads(body)
    right = signature(KEY, "evt_1", now, body)
    for headers, text in (
        (right, body + b" "),
        ({**right, "webhook-id": "evt_2"}, body),
        ({**right, "webhook-timestamp": str(now - 1)}, body),
        (signature(b"another", "evt_1", now, body), body),
        (signature(KEY, "evt_1", now - 301, body), body),
    ):
        with pytest.raises(ValueError, match="not a webhook of ours, or an old one"):
            verify(SECRET, headers, text)


def test_the_receiver_of_the_page_knows_a_callback_of_the_service(called: Service):
    arrived: queue.Queue[tuple[Any, bytes]] = queue.Queue()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            arrived.put((self.headers, self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(204)
            self.end_headers()

    names: dict = {}
    exec(python("def verify"), names)
    with HTTPServer(("127.0.0.1", 0), Receiver) as server:
        receiving = threading.Thread(target=server.handle_request)
        receiving.start()
        id = called.submit(BELL, callback_url=f"http://127.0.0.1:{server.server_port}/hook")
        event = names["verify"](SECRET, *arrived.get(timeout=20))
        receiving.join()
    assert (event["type"], event["data"]) == (
        "task.completed",
        {"id": id, "status": "completed"},
    )


def test_a_circuit_of_qiskit_runs_as_the_page_says(called: Service, capsys):
    exec(python("qasm3.dumps").replace("http://localhost:8000", called.url), {})
    assert re.fullmatch(r"\{'00': \d+, '11': \d+\}\n", capsys.readouterr().out)


def test_the_python_of_the_page_runs_as_it_is(called: Service, folder: Path, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    exec(python("def call").replace("http://localhost:8000", called.url), {})
    assert re.fullmatch(r"\{'00': \d+, '11': \d+\}\n", capsys.readouterr().out)

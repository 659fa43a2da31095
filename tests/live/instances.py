"""What tests ask of a running service."""

from __future__ import annotations

import itertools
import time
import uuid
from typing import Any

import httpx

WAIT_S = 30
START_S = 90


class Live:
    """The service. Each request goes to the next of its instances."""

    def __init__(self, urls: list[str]) -> None:
        self.urls = urls
        self.tags = {"live": uuid.uuid4().hex}  # of all tasks of this run
        self._clients = [httpx.Client(base_url=url, timeout=2 * WAIT_S) for url in urls]
        self._turns = itertools.cycle(self._clients)

    def wait(self) -> None:
        """Waits until each instance is ready: they may have been started a moment ago."""
        deadline = time.monotonic() + START_S
        for client in self._clients:
            while not (said := _ready(client)).startswith("200 "):
                assert time.monotonic() < deadline, f"{client.base_url} is not ready: {said}"
                time.sleep(0.5)

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Whatever is answered."""
        return next(self._turns).request(method, path, **options)

    def get(self, path: str, **query: Any) -> Any:
        """The JSON of a good answer."""
        return good(self.ask("GET", path, params=query or None))

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return good(self.ask("POST", path, json=body, headers=headers))

    def submit(self, qc: str, **fields: Any) -> dict[str, Any]:
        """A new task, which is deleted soon after its end."""
        body = {"qc": qc, "ttl_s": 600, "tags": self.tags, **fields}
        task: dict[str, Any] = self.post("/v1/tasks", body)
        return task

    def ended(self, id: str) -> dict[str, Any]:
        """The task once it has ended."""
        while True:
            task: dict[str, Any] = self.get(f"/v1/tasks/{id}", wait=WAIT_S)
            if task["ended_at"]:
                return task

    def run(self, qc: str, **fields: Any) -> dict[str, Any]:
        """A new task that has completed."""
        task = self.ended(self.submit(qc, **fields)["id"])
        assert task["status"] == "completed", task
        return task

    def result(self, qc: str, view: str = "", **fields: Any) -> Any:
        """What a new task brought."""
        task = self.run(qc, **fields)
        return self.get(f"/v1/tasks/{task['id']}/result", **({"view": view} if view else {}))

    def stream(self, path: str) -> Any:
        """A stream of events, as a context."""
        headers = {"Accept": "text/event-stream"}
        return next(self._turns).stream("GET", path, headers=headers)

    def close(self) -> None:
        for client in self._clients:
            client.close()


def good(answer: httpx.Response) -> Any:
    assert answer.is_success, (str(answer.request.url), answer.status_code, answer.text)
    return answer.json()


def _ready(client: httpx.Client) -> str:
    try:
        answer = client.get("/readyz")
    except httpx.TransportError as error:
        return str(error)
    return f"{answer.status_code} {answer.text}"

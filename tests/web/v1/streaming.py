"""A client that follows events, as a browser's EventSource does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import islice
from typing import Any, NamedTuple

import httpx
from service import Service


class Received(NamedTuple):
    """An event: its id, and its data."""

    id: str
    data: dict[str, Any]


class Stream:
    """An open stream of events. Without news for `patience_s`, httpx.ReadTimeout is raised."""

    def __init__(
        self, service: Service, path: str, last: str | None = None, patience_s: float = 10
    ) -> None:
        self._service = service
        self._path = path
        self._patience_s = patience_s
        self._headers = {"Accept": "text/event-stream"}
        if last is not None:
            self._headers["Last-Event-ID"] = last

    def __enter__(self) -> Stream:
        with ExitStack() as stack:
            client = stack.enter_context(
                httpx.Client(base_url=self._service.url, timeout=self._patience_s)
            )
            self.response = stack.enter_context(
                client.stream("GET", self._path, headers=self._headers)
            )
            self._events = events(self.response) if self.response.status_code == 200 else iter(())
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def __iter__(self) -> Iterator[Received]:
        return self._events

    def read(self, count: int) -> list[Received]:
        """The next events, so many."""
        found = list(islice(self._events, count))
        assert len(found) == count, f"the stream ended after {found}"
        return found


def events(response: httpx.Response) -> Iterator[Received]:
    """The events of a response, as they come."""
    assert response.headers["content-type"].partition(";")[0] == "text/event-stream"
    fields: dict[str, str] = {}
    for line in response.iter_lines():
        if not line and "data" in fields:
            yield Received(fields["id"], json.loads(fields["data"]))
        name, _, value = line.partition(": ")
        fields = {**fields, name: value} if line else {}


def statuses(found: list[Received]) -> list[str]:
    return [event.data["status"] for event in found]

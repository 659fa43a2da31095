"""One line per event, with its task; no program and no secret."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
from service import STDGATES

from quantum_tasks import logs

SECRET = "a_very_secret_name"


def test_events_are_json_lines_with_the_task_and_without_the_program(start):
    service = start(LOG_FORMAT="json")
    id = service.submit(f"{STDGATES}qubit {SECRET}; bit c; c = measure {SECRET};")
    service.final(id)
    service.client.post("/tasks", json={"qc": f"qubit {SECRET}; {SECRET}"})
    events = [json.loads(line) for line in service.log.splitlines()]
    ours = [event["event"] for event in events if event.get("task") == id]
    # A worker may be sooner than the answer to the submission.
    assert sorted(ours) == ["task completed", "task started", "task submitted"]
    assert all({"time", "level", "logger", "event"} <= set(event) for event in events)
    assert SECRET not in service.log


@pytest.fixture
def root() -> Iterator[None]:
    """Gives the root logger back as it was: what writes to a stream that is closed after the test
    would complain, at length, of every request of all later tests."""
    logger = logging.getLogger()
    handlers, level = logger.handlers[:], logger.level
    yield
    logger.handlers[:] = handlers
    logger.setLevel(level)


@pytest.mark.usefixtures("root")
def test_a_line_moves_no_cursor_of_a_terminal(capsys):
    logs.configure("text", "INFO")
    logging.getLogger("x").info("an event", extra={"path": "/\x1b[2J\r\u202e", "other": "é"})
    assert capsys.readouterr().err.endswith('an event path="/\\u001b[2J\\r\\u202e" other=é\n')


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_line_stays_one_line_whatever_its_fields_hold(log_format, capsys):
    logs.configure(log_format, "INFO")
    logging.getLogger("x").info("an event", extra={"task": 1, "reason": 'two\nlines "quoted"'})
    (line,) = capsys.readouterr().err.splitlines()
    if log_format == "json":
        assert json.loads(line)["reason"] == 'two\nlines "quoted"'
    else:
        assert line.endswith(r'an event task=1 reason="two\nlines \"quoted\""')

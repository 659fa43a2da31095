"""Hints about fields that no request has."""

from __future__ import annotations

import msgspec
import pytest
from service import BELL, Service

from quantum_tasks.web import fields
from quantum_tasks.web.answers.submitting import Submission


@pytest.mark.parametrize(
    ("path", "name", "said"),
    [
        ("", "shot", "did you mean 'shots'?"),
        ("", "Shots", "did you mean 'shots'?"),
        ("", "observable", "did you mean 'observables'?"),
        ("", "timeout", "did you mean 'timeout_s'?"),
        ("", "QASM", "did you mean 'qc'?"),
        ("", "backend", "did you mean 'method'?"),
        (".noise", "backend", "the fields are depolarizing, readout"),
        ("", "xyz", None),
        (".noise", "readouts", "did you mean 'readout'?"),
        (".noise", "xyz", "the fields are depolarizing, readout"),
        (".noise.depolarizing", "p3", "the fields are p1, p2"),
        (".observables[...][...]", "coef", "did you mean 'coeff'?"),
        (".observables[...]", "word", "the fields are pauli, coeff"),
        (".nowhere", "shots", None),
    ],
)
def test_what_was_meant_is_said_where_that_can_be_known(path, name, said):
    assert fields.hint(Submission, path, name) == said


def test_the_hint_is_in_the_answer(service: Service):
    body = {"qc": BELL, "noise": {"redout": 0.1}}
    answer = service.client.post("/v1/tasks", json=body)
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert error["pointer"] == "/noise/redout"
    assert error["hint"] == "did you mean 'readout'?"
    batch = service.client.post("/v1/tasks", json={"tasks": [{"qc": BELL, "sed": 1}]})
    assert "did you mean 'seed'?" in batch.text
    assert "did you mean 'ids'?" in service.client.post("/v1/tasks/cancel", json={"id": []}).text


def test_every_path_that_the_decoder_writes_leads_to_fields():
    """The paths in the decoder's messages are of a form that is known."""
    for wrong in (
        {"noise": {"x": 1}},
        {"observables": [{"x": 1}]},
        {"observables": [[{"x": 1}]]},
    ):
        with pytest.raises(msgspec.ValidationError) as caught:
            msgspec.json.decode(msgspec.json.encode({"qc": "", **wrong}), type=Submission)
        path = str(caught.value).partition("`$")[2].rstrip("`")
        assert fields.hint(Submission, path, "x"), str(caught.value)

"""What the plain libraries answer wrongly, they still answer wrongly; and we do not.

A failure of a test named `..._still_...` is GOOD NEWS: an upgrade mended what README.md tells, and
our own code may become simpler. Take the case out of cases.py and README.md then, and see whether
something in src/ was only there because of it.
"""

from __future__ import annotations

from collections.abc import Iterator

import openqasm3
import pytest
from engines.simulation import assert_distributed, simulate

from quantum_tasks.language.program import ProgramError
from upstream.cases import ACCEPTED, CASES
from upstream.raw import Plain
from upstream.survey import classify


@pytest.fixture(scope="module")
def plain() -> Iterator[Plain]:
    with Plain() as libraries:
        yield libraries


@pytest.mark.parametrize("name", CASES)
def test_the_plain_libraries_are_still_wrong(name: str, plain: Plain) -> None:
    case = CASES[name]
    outcome = plain.run(case.text)
    if case.expected is None:
        found = ACCEPTED if outcome.kind == "counts" else outcome.kind
    else:
        found = classify(outcome, case.expected)
    assert found == case.kind, (found, outcome)
    assert case.says in outcome.message


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.expected])
def test_we_are_right(name: str) -> None:
    case = CASES[name]
    assert case.expected
    assert_distributed(simulate(case.text), case.expected)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if not case.expected])
def test_we_refuse_what_is_not_valid(name: str) -> None:
    with pytest.raises(ProgramError) as caught:
        simulate(CASES[name].text)
    assert caught.value.problem.code in ("qasm_semantic", "qasm_version")


def test_the_parser_still_counts_some_columns_from_the_start_of_the_text() -> None:
    second = openqasm3.parse("qubit q;\nx r[0];\n").statements[1]
    name = second.qubits[0].name
    assert (name.name, name.span.start_line) == ("r", 2)
    assert name.span.start_column == 11, "it should be 2, and now is"

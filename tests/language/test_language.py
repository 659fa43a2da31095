"""Each program of `language` measures what the specification says, with the service's own
simulator and with the independent one of `oracle`."""

from __future__ import annotations

import oracle
import pytest
from engines.simulation import assert_distributed, simulate

from language import table
from quantum_tasks.language.program import ProgramError

PROGRAMS = table("PROGRAMS")
OPTIONAL = table("OPTIONAL")
ALL = PROGRAMS | OPTIONAL

# Too many qubits for the oracle's state vector; what the reference parser does not read, by which
# the oracle reads; sets as indices of arrays, which the oracle does not know; and thousands of
# paths, each of which the oracle follows.
BEYOND = {
    "a sum of eleven outcomes in one expression",
    "how many of eleven bits are set is an index",
    "a difference of two sums is an index from the end",
    "an angle grows with outcomes",
    "an element of an array counts",
    "a counter from before, and a function that counts",
    "forty qubits, Clifford",
    "an old register of no bits",
    "arguments in the old style",
    "elements by a set",
}


def test_every_distribution_adds_up_and_has_keys_of_one_shape():
    assert len(ALL) == len(PROGRAMS) + len(OPTIONAL)
    for name, (_, expected) in ALL.items():
        assert abs(sum(expected.values()) - 1) < 1e-9, name
        assert len({tuple(map(len, key.split(" "))) for key in expected}) == 1, name


@pytest.mark.parametrize("name", PROGRAMS)
def test_counts_follow_the_distribution(name):
    text, expected = PROGRAMS[name]
    assert_distributed(simulate(text), expected)


@pytest.mark.parametrize("name", OPTIONAL)
def test_counts_follow_the_distribution_or_the_program_is_refused(name):
    text, expected = OPTIONAL[name]
    try:
        counts = simulate(text)
    except ProgramError as error:
        refused = error.problem.code
    else:
        assert_distributed(counts, expected)
        refused = None
    assert refused in (None, "qasm_unsupported")


@pytest.mark.parametrize("name", [name for name in ALL if name not in BEYOND])
def test_the_oracle_agrees(name):
    text, expected = ALL[name]
    found = oracle.distribution(text.removeprefix("\ufeff"))
    for key in expected.keys() | found.keys():
        assert abs(found.get(key, 0.0) - expected.get(key, 0.0)) < 1e-9, (key, found, expected)

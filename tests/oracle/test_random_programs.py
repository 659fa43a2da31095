"""Random programs, with the service's simulator and with the independent one of `oracle`."""

from __future__ import annotations

from collections import Counter

from engines.simulation import assert_distributed, simulate
from hypothesis import HealthCheck, given, note, reject, settings

import oracle
from oracle.random_programs import programs
from quantum_tasks.language.program import ProgramError

SHOTS = 4096


def test_counts_of_random_programs_follow_their_exact_distribution() -> None:
    """Every count is within five standard deviations (plus one) of its expectation, and what is
    impossible never comes out. Programs and seeds are always the same, so that this passes or
    fails for ever; with fresh ones a right simulator would fail for one outcome in two million,
    which is about one run in two thousand.

    A program may ask for more than the service can do; that counts neither for nor against it, but
    at least half of the programs must really have run.
    """
    outcomes: Counter[str] = Counter()

    @settings(
        derandomize=True,
        deadline=None,
        max_examples=100,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    @given(programs())
    def compare(qc: str) -> None:
        note(qc)
        expected = oracle.distribution(qc)
        try:
            counts = simulate(qc, shots=SHOTS, seed=11)
        except ProgramError as refused:
            if refused.problem.code != "qasm_unsupported":
                raise
            outcomes["refused"] += 1
            reject()
        assert sum(counts.values()) == SHOTS
        assert_distributed(counts, expected)
        outcomes["run"] += 1

    compare()
    assert outcomes["run"] >= outcomes["refused"], outcomes

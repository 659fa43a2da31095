"""Faults at random for half a minute; `make chaos` takes longer."""

from __future__ import annotations

import besieged
import chaos
import pytest


@pytest.mark.timeout(600)
def test_a_while_of_chaos_breaks_no_promise(capsys):
    broken = chaos.run(seed=4, seconds=20, instances=2, rate=8)
    said = capsys.readouterr().out
    assert not broken, said
    assert "lost = 0, changed = 0, other promises broken = 0" in said


def test_whoever_is_beside_an_attacker_is_served_by_either_instance():
    """`tests/attackers` has the attacks; this is about the chapter."""
    (trial,) = besieged.try_all(["tasks that do not exist"], seconds=1, tasks=1000)
    assert trial.wrong() == []
    assert trial.answers["404"] > 0

"""A minute of faults at random; `make chaos` takes longer."""

from __future__ import annotations

import chaos
import pytest


@pytest.mark.timeout(600)
def test_a_minute_of_chaos_breaks_no_promise(capsys):
    broken = chaos.run(seed=4, seconds=60, instances=2, rate=8)
    said = capsys.readouterr().out
    assert not broken, said
    assert "lost = 0, changed = 0, other promises broken = 0" in said

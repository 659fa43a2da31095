"""What a run is expected to take of time."""

from __future__ import annotations

import pytest
from engines.shapes import dense
from service import STDGATES

from quantum_tasks.capability import Capability, engines
from quantum_tasks.circuits.bounds import Bounds
from quantum_tasks.engines.estimate import assess
from quantum_tasks.language import program
from quantum_tasks.orders import Accepted
from quantum_tasks.tasks import Depolarizing, Method, Noise, Options, PauliTerm

HERE = [Capability(1024, engines())]
NOISE = Noise(depolarizing=Depolarizing(p1=0.01, p2=0.02))
READOUT = Noise(readout=0.1)


def test_what_takes_longer_is_estimated_to_take_longer():
    loaded = program.load(STDGATES + dense(14), Bounds())

    def estimated(**options) -> Accepted:
        return assess(loaded, 20_000, HERE, Options(**options))

    plain = estimated()
    assert plain.work_ms == plain.estimated_ms
    assert plain == assess(loaded, 20_000, HERE)
    observed = estimated(observables=[[PauliTerm("Z" * 14), PauliTerm("X" * 14)]])
    assert observed.estimated_ms == pytest.approx(3 * plain.estimated_ms, rel=0.01)
    for options in (
        {"noise": NOISE}, {"memory": True}, {"noise": READOUT}, {"parameters": [{}, {}]},
        {"method": Method.STATEVECTOR},
    ):  # fmt: skip
        found = estimated(**options)
        assert found.work_ms is None
        assert found.estimated_ms >= plain.estimated_ms
    assert estimated(noise=NOISE).large
    assert estimated(timeout_s=3.0) == plain
    assert assess(loaded, 100, HERE, Options(memory=True)).work_ms is not None

"""What a child process does with a program, without the process around it."""

from __future__ import annotations

import json
import math
from functools import cache

from quantum_tasks.capability import engines
from quantum_tasks.circuits.bounds import Bounds
from quantum_tasks.engines.simulator import Simulator
from quantum_tasks.language import program
from quantum_tasks.tasks import Details, Method, Options

# Engines that are not used: see test_without_qsim.py.
DISABLED: set[str] = set()


def _simulator() -> Simulator:
    return _with(engines(DISABLED))


@cache
def _with(names: tuple[str, ...]) -> Simulator:
    return Simulator(memory_mb=2048, max_result_bytes=2**24, engines=names)


def simulate(
    qc: str, shots: int = 4096, seed: int = 7, method: str | None = None
) -> dict[str, int]:
    """The counts, by a method of simulation or the one that is planned.

    Raises ProgramError for a program that would be refused at submission, and SimulationError for
    one that would fail.
    """
    loaded = program.load(qc, Bounds())
    options = Options(method=Method(method or "automatic"))
    counts: dict[str, int] = json.loads(_simulator().run(loaded, shots, seed, options).counts)
    return counts


def assert_distributed(counts: dict[str, int], expected: dict[str, float]) -> None:
    """Each count within five standard deviations of its expectation (plus one), and no outcome
    that has probability zero.

    With a seed, this passes or fails for ever; over all seeds a right simulator fails it for one
    outcome in two million.
    """
    shots = sum(counts.values())
    impossible = {key for key in counts if expected.get(key, 0.0) < 1e-12}
    assert not impossible, (counts, expected)
    for key, probability in expected.items():
        deviation = math.sqrt(shots * probability * (1 - probability))
        found = counts.get(key, 0)
        assert abs(found - shots * probability) <= 5 * deviation + 1, (key, counts, expected)


def simulated(
    qc: str, shots: int, seed: int | None, options: Options
) -> tuple[str, Details | None]:
    """Counts as text and details, of a program that is run with options."""
    loaded = program.load(qc, Bounds(), observed=shots == 0 or bool(options.observables))
    counts, details, _ = _simulator().run(loaded, shots, seed, options)
    return counts, details

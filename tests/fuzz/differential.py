"""Random valid programs, never the same, with the service's simulator and with the oracle.
`python tests/fuzz/differential.py --seconds 60`."""

from __future__ import annotations

import argparse
import json
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from oracle.random_programs import programs

from fuzz.answers import general
from fuzz.fence import Exact, Fence
from fuzz.findings import Finding, hunt
from fuzz.grammar import differs
from quantum_tasks.fence.pool import ChildDiedError
from quantum_tasks.orders import Completed, Rejected

SHOTS = 4096


class Judge:
    """Raises Finding if counts do not follow the oracle's distribution, whatever the seed."""

    def __init__(self, fence: Fence, exact: Exact) -> None:
        self._fence = fence
        self._exact = exact
        self.refused = 0

    def __call__(self, qc: str) -> None:
        expected = self._exact.distribution(qc, timeout_s=60)
        if expected is None:
            raise Finding("the oracle cannot evaluate it", "nothing came back")
        reason = self._differs(qc, expected, random.randrange(2**32))
        if reason and self._differs(qc, expected, random.randrange(2**32)):
            raise Finding("the counts differ from the oracle's", reason)

    def _differs(self, qc: str, expected: dict[str, float], seed: int) -> str | None:
        try:
            reply = self._fence.run(qc, SHOTS, seed)
        except ChildDiedError as death:
            raise Finding(f"the simulator dies ({death.how})", death.last_words) from None
        if isinstance(reply, Rejected):
            if reply.code != "qasm_unsupported":
                raise Finding(f"refused with {general(reply)}", reply.message)
            self.refused += 1
            return None
        assert isinstance(reply, Completed)
        counts = json.loads(reply.counts)
        if sum(counts.values()) != SHOTS:
            raise Finding("the counts do not add up to the shots", reply.counts[:500])
        return differs(counts, expected)


def main(seconds: float) -> int:
    """Makes programs for so long, and returns 0 if nothing was found."""
    exact = Exact()
    try:
        with Fence() as fence:
            judge = Judge(fence, exact)
            found = hunt(programs(), judge, seconds)
            print(f"{judge.refused} of {found.programs} were refused as not supported yet")
            return int(bool(found.smallest))
    finally:
        exact.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    sys.exit(main(parser.parse_args().seconds))

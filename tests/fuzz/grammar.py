"""Programs that follow the grammar of OpenQASM 3 and make no sense, and valid ones with a few
tokens changed: each must be refused with a clear reason, or run and count what it says.
`python tests/fuzz/grammar.py --seconds 60`."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from engines.simulation import assert_distributed

from fuzz import senseless
from fuzz.answers import complain, general
from fuzz.fence import CHECK_S, Exact, Fence
from fuzz.findings import Finding, hunt
from quantum_tasks.fence.pool import ChildDiedError, OutOfTimeError
from quantum_tasks.orders import Accepted, Completed, Rejected, Reply

SHOTS = 1000
_RUN_CODES = {"time_limit_exceeded", "memory_exceeded", "result_too_large"}
_KEY = re.compile(r"[01]+(?: [01]+)*")


class Judge:
    """Gives a program to the service's children. Raises Finding if what comes back is wrong."""

    def __init__(self, fence: Fence, exact: Exact) -> None:
        self._fence = fence
        self._exact = exact
        self.outcomes: Counter[str] = Counter()

    def __call__(self, qc: str) -> None:
        match self._checked(qc):
            case Rejected() as reply:
                self.outcomes[reply.code] += 1
                complain(qc, reply)
            case Accepted():
                counts = self._counts(qc, seed=1)
                expected = self._exact.distribution(qc) if counts else None
                self.outcomes["compared" if expected else "run" if counts else "stopped"] += 1
                if counts and differs(counts, expected):
                    again = self._counts(qc, seed=2)
                    if again and (reason := differs(again, expected)):
                        raise Finding("the counts differ from the oracle's", reason)

    def _checked(self, qc: str) -> Reply:
        try:
            return self._fence.check(qc)
        except OutOfTimeError:
            raise Finding("the check takes too long", f"more than {CHECK_S:g} s") from None
        except ChildDiedError as death:
            raise Finding(f"the child dies ({death.how})", death.last_words[-2000:]) from None

    def _counts(self, qc: str, seed: int) -> dict[str, int] | None:
        """The counts, unless it is a program for a larger machine."""
        try:
            reply = self._fence.run(qc, SHOTS, seed)
        except ChildDiedError as death:
            raise Finding(f"the simulator dies ({death.how})", death.last_words) from None
        if isinstance(reply, Rejected):
            if reply.code in _RUN_CODES or reply.code == "too_many_qubits":
                return None
            raise Finding(f"accepted, but it ends in {general(reply)}", reply.message)
        assert isinstance(reply, Completed)
        counts: dict[str, int] = json.loads(reply.counts)
        shapes = {tuple(map(len, key.split(" "))) for key in counts if _KEY.fullmatch(key)}
        if len(shapes) != 1 or not all(map(_KEY.fullmatch, counts)):
            raise Finding("keys of a wrong shape", reply.counts[:500])
        if sum(counts.values()) != SHOTS:
            raise Finding("the counts do not add up to the shots", reply.counts[:500])
        return counts


def differs(counts: dict[str, int], expected: dict[str, float] | None) -> str | None:
    """Why counts do not follow a distribution; None if they do, or if there is none."""
    try:
        if expected is not None:
            assert_distributed(counts, expected)
    except AssertionError as error:
        return str(error)[:2000]
    return None


def main(seconds: float) -> int:
    """Makes programs for so long, and returns 0 if nothing was found."""
    exact = Exact()
    try:
        with Fence() as fence:
            judge = Judge(fence, exact)
            found = hunt(senseless.texts(), judge, seconds)
            print(dict(judge.outcomes.most_common()))
            return int(bool(found.smallest))
    finally:
        exact.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    sys.exit(main(parser.parse_args().seconds))

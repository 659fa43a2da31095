"""What fuzzers find: the smallest program for each kind of failure."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import FlakyFailure

SHRINK_S = 20.0  # at most, for each finding
ROUND = 200  # programs between two searches that know what was found before


class Finding(AssertionError):
    """A program that was not answered as it should be. Findings of one `kind` are one defect."""

    def __init__(self, kind: str, evidence: str) -> None:
        self.kind = kind
        self.evidence = evidence
        super().__init__(f"{kind}: {evidence}")


class TimeIsUp(BaseException):
    """Not an Exception, which Hypothesis would take for a failure."""


class Findings:
    """The smallest program of each kind, and what came back."""

    def __init__(self) -> None:
        self.programs = 0
        self.smallest: dict[str, tuple[str, str]] = {}
        self._types: dict[str, type[Finding]] = {}

    def add(self, finding: Finding, program: str) -> None:
        before = self.smallest.get(finding.kind)
        if before is None or (len(program), program) < (len(before[0]), before[0]):
            self.smallest[finding.kind] = (program, finding.evidence)

    def typed(self, finding: Finding) -> Finding:
        """The finding with a type of its kind's own: Hypothesis tells failures apart by it."""
        kind = self._types.setdefault(finding.kind, type("Finding", (Finding,), {}))
        return kind(finding.kind, finding.evidence)

    def __str__(self) -> str:
        lines = [f"{self.programs} programs, {len(self.smallest)} findings"]
        for kind, (program, evidence) in sorted(self.smallest.items()):
            lines += ["", f"=== {kind}", program.rstrip("\n"), f"--- {evidence}"]
        return "\n".join(lines)


def hunt(
    programs: st.SearchStrategy[str], judge: Callable[[str], None], seconds: float
) -> Findings:
    """Makes programs for so long. `judge` raises Finding; each kind is looked for only once."""
    found = Findings()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        number = random.randrange(2**32)
        how = settings(max_examples=ROUND, database=None)
        try:
            look(programs, judge, found, end, how, number)
        except TimeIsUp:
            break
    print(found, file=sys.stderr)
    return found


def look(
    programs: st.SearchStrategy[str],
    judge: Callable[[str], None],
    found: Findings,
    end: float,
    how: settings,
    number: int | None = None,
) -> None:
    """One search, which ends with the first finding of a new kind, made small."""
    old = set(found.smallest)
    new: dict[str, float] = {}

    @settings(
        how,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )
    @given(programs)
    def one(program: str) -> None:
        now = time.monotonic()
        if now > (max(new.values()) + SHRINK_S if new else end):
            raise TimeIsUp
        found.programs += 1
        try:
            judge(program)
        except Finding as finding:
            found.add(finding, program)
            if finding.kind not in old:
                new.setdefault(finding.kind, now)
                raise found.typed(finding) from None

    try:
        (one if number is None else seed(number)(one))()
    except (Finding, FlakyFailure):
        pass  # it is noted
    except TimeIsUp:
        if time.monotonic() > end:
            raise

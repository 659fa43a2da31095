"""One attack beside honest users: what they felt before it and during it, and whether that will
do."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from bench.processes import rss_mb
from bench.tables import quantile

from attackers.ground import Attack, Attacker
from attackers.honest import EVERY_S, Ask, Felt, Told

MOST_TIMES, MOST_S = 3.0, 0.15  # p99 under attack: so many times that of the quiet, or so much
MOST_LATE_S = 5.0  # a callback
_LOOK_S = 0.1
_FAR_TOO_MUCH_MB = 3000


@dataclass
class Trial:
    """What one attack did. Memory is the service's own, in MiB: before and, at most, during it;
    `stored_mb` is what it left in results."""

    attack: Attack
    quiet: Told
    felt: Told
    answers: Counter[str]
    memory_mb: tuple[float, float]
    load: float
    broken: list[str]
    stored_mb: float = 0.0

    def wrong(self) -> list[str]:
        """What no user should have been told, and what else should not have been."""
        told = [f"{kind}: {w}" for kind, felt in self.felt.felt.items() for w in felt.wrong]
        before, peak = self.memory_mb
        if peak - before > self.attack.most_mb:
            told.append(f"the service grew from {before:.0f} to {peak:.0f} MiB")
        return [*told, *self.broken]

    def too_slow(self) -> list[str]:
        """The users who waited for longer than they should."""
        return [
            kind
            for kind, felt in self.felt.felt.items()
            if _p99(felt) > bar_s(kind, self.quiet.felt[kind])
        ]


def bar_s(kind: str, quiet: Felt) -> float:
    """How long at most a user may wait, in 99 of 100 cases, while somebody attacks."""
    return MOST_LATE_S if kind == "callback" else max(MOST_TIMES * _p99(quiet), MOST_S)


def try_out(
    url: str,
    pid: int,
    attack: Attack,
    ask: Ask,
    seconds: float,
    quiet_s: float,
    patience_s: float,
    audit: Callable[[Told], list[str]],
) -> Trial:
    """Lets honest users ask in peace, and then beside an attack; `audit` says what was broken."""
    quiet = ask(quiet_s, patience_s) if quiet_s else Told()
    before = rss_mb(pid)
    with Attacker(url, attack) as attacker, Peak(pid, attacker.kill) as peak:
        felt = ask(seconds, patience_s)
        answers = attacker.end()
    return Trial(attack, quiet, felt, answers, (before, peak.mb), os.getloadavg()[0], audit(felt))


class Peak:
    """Watches how much memory a process has resident at most. If that is far too much, something
    is done before the machine has none left."""

    def __init__(self, pid: int, enough: Callable[[], None]) -> None:
        self._pid = pid
        self._enough = enough
        self.mb = rss_mb(pid)

    def __enter__(self) -> Peak:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(_LOOK_S):
            try:
                self.mb = max(self.mb, rss_mb(self._pid))
            except OSError:  # it has gone
                return
            if self.mb > _FAR_TOO_MUCH_MB:
                self._enough()
                return


HEAD = (
    "attack",
    *(f"{kind}" for kind in EVERY_S),
    "wrong",
    "memory, MiB",
    "results, MiB",
    "load",
    "",
)


def row(trial: Trial) -> tuple[str, ...]:
    """A line of the table: for each user, p50/p99 in ms in peace and under attack."""
    cells = []
    slow = trial.too_slow()
    for kind in EVERY_S:
        quiet, felt = trial.quiet.felt[kind], trial.felt.felt[kind]
        cells.append(f"{_pair(quiet)} → {_pair(felt)}{' !' if kind in slow else ''}")
    number = f"{trial.attack.row}. " if trial.attack.row else ""
    before, peak = trial.memory_mb
    wrong = trial.wrong()
    verdict = "MISSED" if slow or wrong else "ok"
    memory = f"{before:.0f} → {peak:.0f}"
    return (
        f"{number}{trial.attack.name}",
        *cells,
        str(len(wrong)),
        memory,
        f"{trial.stored_mb:.0f}",
        f"{trial.load:.1f}",
        verdict,
    )


def _pair(felt: Felt) -> str:
    if not felt.seconds:
        return "-"
    p50, p99 = (quantile(felt.seconds, share) * 1000 for share in (0.5, 0.99))
    return f"{p50:.0f}/{p99:.0f}"


def _p99(felt: Felt) -> float:
    return quantile(felt.seconds, 0.99) if felt.seconds else 0.0


def longest_s(told: Told) -> float:
    """The longest that any user waited."""
    return max(max(felt.seconds, default=0.0) for felt in told.felt.values())

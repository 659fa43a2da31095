"""What /proc says of the service's processes: processor time, memory, whether they are busy."""

from __future__ import annotations

import os
import threading
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from service import Service, descendants, name, state

PARTS = ("main", "postgres", "parsers", "simulators", "other")
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Usage:
    """Processor seconds so far, by part of the service, and who the children are."""

    by_part: dict[str, float]
    children: frozenset[int]

    @property
    def total(self) -> float:
        return sum(self.by_part.values())

    def since(self, before: Usage) -> Usage:
        if self.children != before.children:
            print("warning: children ended or began during a run; some of their time is missing")
        spent = {part: self.by_part[part] - before.by_part[part] for part in PARTS}
        return Usage(spent, self.children)


def part(pid: int, service: Service) -> str:
    """Which part of the service a process is."""
    title = name(pid)
    if pid == service.pid:
        return "main"
    if title.startswith("qtasks-parser"):
        return "parsers"
    if title.startswith("qtasks-simul"):
        return "simulators"
    return "postgres" if title == "postgres" else "other"  # the fork server, shells


def usage(service: Service) -> Usage:
    spent = dict.fromkeys(PARTS, 0.0)
    children = set()
    for pid in {service.pid, *descendants(service.pid)}:
        where = part(pid, service)
        # With what its own children took that have ended: Postgres' workers come and go.
        spent[where] += _cpu(pid)
        if where in ("parsers", "simulators"):
            children.add(pid)
    return Usage(spent, frozenset(children))


def memory_mb(service: Service) -> list[tuple[str, int, float, float]]:
    """Part, number of processes, RSS and PSS in MiB."""
    sums: dict[str, list[float]] = defaultdict(lambda: [0, 0.0, 0.0])
    for pid in {service.pid, *descendants(service.pid)}:
        found = _fields(f"/proc/{pid}/smaps_rollup")
        row = sums[part(pid, service)]
        row[0] += 1
        row[1] += found.get("Rss", 0) / 1024
        row[2] += found.get("Pss", 0) / 1024
    return [(where, int(sums[where][0]), *sums[where][1:]) for where in PARTS]


def rss_mb(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE / 2**20


@dataclass(frozen=True)
class Look:
    """What one look found: the moment, as time.time() says it; for each simulator, the seconds so
    far in which it ran or waited for a core, and whether it did just then."""

    at: float
    wanted: dict[int, float]
    running: dict[int, bool]


class Sampler:
    """Looks at the service every 0.1 s, in a thread, until it is left."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._looks: list[Look] = []
        self.peak_mb = 0.0

    def __enter__(self) -> Sampler:
        self._end = threading.Event()
        self._simulators = self._service.children()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def busy(self, began: float, ended: float) -> list[tuple[float, float]]:
        """For each simulator, the share of the time between two moments in which it ran or waited
        for a core, and the share of the looks at which it did."""
        looks = [look for look in self._looks if began <= look.at <= ended]
        first, last = looks[0], looks[-1]
        seconds = last.at - first.at
        return [
            (
                (last.wanted[pid] - first.wanted[pid]) / seconds,
                sum(look.running[pid] for look in looks) / len(looks),
            )
            for pid in self._simulators
        ]

    def _watch(self) -> None:
        threads: dict[tuple[int, int], float] = {}  # also of those that have ended
        while not self._end.wait(0.1):
            self.peak_mb = max(self.peak_mb, rss_mb(self._service.pid))
            running = {}
            for pid in self._simulators:
                threads.update({(pid, thread): s for thread, s in _wanted(pid).items()})
                running[pid] = "R" in {state(int(path.name)) for path in _threads(pid)}
            wanted = dict.fromkeys(self._simulators, 0.0)
            for (pid, _), seconds in threads.items():
                wanted[pid] += seconds
            self._looks.append(Look(time.time(), wanted, running))


def _wanted(pid: int) -> dict[int, float]:
    """For each thread, the seconds in which it ran or waited for a core."""
    found = {}
    for thread in _threads(pid):
        try:
            ran, waited, _ = (thread / "schedstat").read_text().split()
        except OSError:
            continue
        found[int(thread.name)] = (int(ran) + int(waited)) / 1e9
    return found


def _threads(pid: int) -> list[Path]:
    try:
        return list(Path(f"/proc/{pid}/task").iterdir())
    except OSError:
        return []


def _cpu(pid: int) -> float:
    """Of a process and of its children that have ended and been waited for."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, stat[11:15])) / _TICKS


def _fields(path: str) -> dict[str, int]:
    try:
        lines = Path(path).read_text().splitlines()[1:]
    except OSError:
        return {}
    return {line.split(":")[0]: int(line.split()[1]) for line in lines if line.endswith("kB")}

"""`make bench ARGS="throughput latency"`; without a section, all but the long ones."""

from __future__ import annotations

import argparse
import os
import platform
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench import (
    bare,
    compression,
    deliveries,
    engines,
    feedforward,
    growth,
    large,
    latency,
    listing,
    overload,
    page,
    pages,
    plans,
    start,
    throughput,
    waiters,
)
from bench.running import CORES
from bench.tables import verdicts

SECTIONS = {
    "throughput": lambda options: throughput.measure(options.throughput_tasks),
    "bare": lambda options: bare.measure(),
    "latency": lambda options: latency.measure(),
    "overload": lambda options: overload.measure(options.tasks),
    "large": lambda options: large.measure(),
    "start": lambda options: start.measure(),
    "compression": lambda options: compression.measure(),
    "feedforward": lambda options: feedforward.measure(),
    "engines": lambda options: engines.measure(),
    "plans": lambda options: plans.measure(),
    "page": lambda options: page.measure(),
    "lists": lambda options: pages.measure(),
    "listing": lambda options: listing.measure(options.most_finished),
    "waiters": lambda options: waiters.measure(options.waiters),
    "callbacks": lambda options: deliveries.measure(),
    "growth": lambda options: growth.measure(options.churn, options.most_finished),
}
MODULES = {
    "throughput": throughput,
    "bare": bare,
    "latency": latency,
    "overload": overload,
    "large": large,
    "start": start,
    "compression": compression,
    "feedforward": feedforward,
    "engines": engines,
    "plans": plans,
    "page": page,
    "lists": pages,
    "listing": listing,
    "waiters": waiters,
    "callbacks": deliveries,
    "growth": growth,
}

_LONG = ("growth", "listing", "callbacks")  # which fill a database first


def main() -> None:
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))  # and so stops its services
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    print(f"{CORES} cores, {memory_gib:.0f} GiB, Python {platform.python_version()}\n")
    began = time.monotonic()
    for name in options.sections or [name for name in SECTIONS if name not in _LONG]:
        print(f"## {name}\n\n{(MODULES[name].__doc__ or '').strip()}\n", flush=True)
        SECTIONS[name](options)
    missed = verdicts.count(False)
    print(f"{missed} of {len(verdicts)} targets missed; {time.monotonic() - began:.0f} s")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("sections", nargs="*", metavar="section", help=" ".join(SECTIONS))
    parser.add_argument("--throughput-tasks", type=int, default=2000, help="bell tasks")
    parser.add_argument("--tasks", type=int, default=20_000, help="tasks of overload")
    parser.add_argument(
        "--churn", type=int, default=720_000, help="tasks turned over in growth: 200/s for 1 h"
    )
    parser.add_argument("--most-finished", type=int, default=1_000_000)
    parser.add_argument("--waiters", type=int, default=2000, help="clients that wait at once")
    options = parser.parse_args()
    if unknown := set(options.sections) - set(SECTIONS):
        parser.error(f"no such section: {', '.join(sorted(unknown))}")
    return options


if __name__ == "__main__":
    main()

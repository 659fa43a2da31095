"""`make chaos`: faults at random, one upon the other, over thousands of tasks; or, as its second
chapter, one attacker after the other beside honest users."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent))

import besieged
from faults import FAULTS
from world import Report, World


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    chapters = parser.add_subparsers(dest="chapter")
    attackers = chapters.add_parser("attackers", help="attackers beside honest users")
    attackers.add_argument(
        "words", nargs="*", help="only attacks with one of these in their name, or as their number"
    )
    attackers.add_argument("--seconds", type=float, default=10, help="how long each attack takes")
    attackers.add_argument("--tasks", type=int, default=300_000, help="that have ended before")
    parser.add_argument("--seed", type=int, default=1, help="the same seed, the same faults")
    parser.add_argument("--seconds", type=float, default=300, help="how long faults are injected")
    parser.add_argument("--instances", type=int, default=2)
    parser.add_argument("--rate", type=float, default=30, help="tasks per second")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))  # and so stops its services
    if options.chapter == "attackers":
        sys.exit(besieged.run(options.words, options.seconds, options.tasks))
    sys.exit(run(options.seed, options.seconds, options.instances, options.rate))


def run(seed: int, seconds: float, instances: int, rate: float) -> int:
    """Prints what happened; 1 if a promise was broken."""
    print(
        f"chaos: seed {seed}, {seconds:g} s, {instances} instances, {rate:g} tasks/s", flush=True
    )
    with World(instances, seed, rate) as world:
        # In a short run, no fault may take most of it.
        names = [name for name, fault in FAULTS.items() if fault.seconds <= seconds / 4]
        reports = []
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            name = world.random.choice(names)
            reports.append(world.endure(name, FAULTS[name].do))
            time.sleep(world.random.uniform(0, 2))  # it need not have recovered
        world.settle(within_s=180)
        broken = world.broken()
        print(table(world, reports, broken), flush=True)
    print("\n".join(broken[:50]))
    return int(bool(broken))


def table(world: World, reports: list[Report], broken: list[str]) -> str:
    """What happened, for people."""
    by_name = defaultdict(list)
    for report in reports:
        by_name[report.fault].append(report)
    width = max(map(len, by_name))
    lines = [f"{'fault':{width}}  times  running  longest recovery  undisturbed"]
    for name, some in sorted(by_name.items()):
        running = sum(report.running for report in some)
        recovery_s = max(report.recovery_s for report in some)
        undisturbed_s = max(report.undisturbed_s for report in some)
        lines.append(
            f"{name:{width}}  {len(some):5}  {running:7}  {recovery_s:14.1f} s"
            f"  {undisturbed_s:9.1f} s"
        )
    losses, crashes = world.charges()
    (again,) = world.postgres.query("select count(*) as n from tasks where attempt > 1")
    told = world.clients
    lines += [
        "",
        f"{len(reports)} faults; {len(told.accepted)} tasks accepted, {told.refused} times 503; "
        f"{dict(world.statuses())}",
        f"{again['n']} ran more than once, charged with {losses} losses and {crashes} crashes",
        f"slowest answer to a submission {told.slowest_s:.1f} s; longest recovery "
        f"{max(report.recovery_s for report in reports):.1f} s, of it undisturbed at most "
        f"{max(report.undisturbed_s for report in reports):.1f} s",
        f"lost = {sum(b.startswith('lost') for b in broken)}, "
        f"changed = {sum(b.startswith('changed') for b in broken)}, "
        f"other promises broken = {sum(not b.startswith(('lost', 'changed')) for b in broken)}",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()

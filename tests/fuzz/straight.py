"""Random programs of straight lines: read without a syntax tree, they must become the operations
that their trees become. `python tests/fuzz/straight.py --seconds 60`."""

from __future__ import annotations

import argparse
import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from language import lines
from language.straight import by_lines, by_tree

from quantum_tasks.parsing.mistakes import ProgramError


def main(seconds: float) -> int:
    """Makes programs for so long, and returns 0 if there was no difference."""
    rng = random.Random()
    end = time.monotonic() + seconds
    made = taken = differences = 0
    while time.monotonic() < end:
        qc = lines.program(rng)
        made += 1
        ours = by_lines(qc)
        if ours is None:
            continue
        taken += 1
        try:
            same = ours == by_tree(qc)
        except ProgramError:
            same = False
        if not same:
            differences += 1
            print(f"=== not what its tree becomes\n{qc}", file=sys.stderr)
    print(f"{made} programs, {taken} by their lines, {differences} differences", file=sys.stderr)
    return int(bool(differences))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    sys.exit(main(parser.parse_args().seconds))

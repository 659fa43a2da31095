"""What the plain libraries make of every program of `language`: `python -m upstream.survey`, in
tests/. A table of the numbers, and every answer that is not right or a refusal.

`--all` prints the refusals too; further arguments are parts of names of programs.
"""

from __future__ import annotations

import argparse
from collections import Counter

from engines.simulation import assert_distributed
from language import table

from upstream.raw import Outcome, Plain

RIGHT, SHAPE, REFUSED, WRONG = "right", "right but for the key's shape", "refused", "WRONG COUNTS"
ORDER = (RIGHT, SHAPE, REFUSED, WRONG, "crashed", "timed out")


def classify(outcome: Outcome, expected: dict[str, float]) -> str:
    """One of ORDER."""
    if outcome.kind != "counts":
        return outcome.kind
    for name, shaped in ((RIGHT, _same), (SHAPE, _bare)):
        counts: Counter[str] = Counter()
        for key, times in outcome.counts.items():
            counts[shaped(key)] += times
        probabilities: Counter[str] = Counter()
        for key, probability in expected.items():
            probabilities[shaped(key)] += probability
        try:
            assert_distributed(counts, probabilities)
        except AssertionError:
            continue
        return name
    return WRONG


def _same(key: str) -> str:
    return key


def _bare(key: str) -> str:
    """The bits without the registers' boundaries."""
    return key.replace(" ", "")


def main() -> None:
    parser = argparse.ArgumentParser(description="The plain libraries on every program.")
    parser.add_argument("--all", action="store_true", help="refusals too")
    parser.add_argument("parts", nargs="*")
    options = parser.parse_args()
    numbers: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    with Plain() as plain:
        for name, (text, expected) in table("PROGRAMS").items():
            if options.parts and not any(part in name for part in options.parts):
                continue
            outcome = plain.run(text)
            found = classify(outcome, expected)
            numbers[found] += 1
            if found == REFUSED:
                reasons[outcome.message.partition(":")[0]] += 1
            if found != RIGHT and (found != REFUSED or options.all):
                _show(name, text, expected, outcome, found)
    print(f"\n{numbers.total()} programs")
    for kind in ORDER:
        print(f"{numbers[kind]:5} {kind}")
    print("refused with", ", ".join(f"{kind} ({n})" for kind, n in reasons.most_common()))


def _show(name: str, text: str, expected: dict[str, float], outcome: Outcome, found: str) -> None:
    print(f"\n--- {found}: {name} ({outcome.seconds} s)")
    if found == REFUSED:
        print(outcome.message)
        return
    print(text.strip())
    print("    expected:", dict(list(expected.items())[:8]))
    print("    came back:", outcome.message or dict(list(outcome.counts.items())[:8]), flush=True)


if __name__ == "__main__":
    main()

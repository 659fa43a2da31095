"""Markdown tables, figures beside their targets, a curve in characters."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

verdicts: list[bool] = []  # of every figure that has a target


def judged(value: float, target: float, at_least: bool = False, form: str = ".2f") -> str:
    """'1.87 (<= 2 ok)'."""
    good = value >= target if at_least else value <= target
    verdicts.append(good)
    sign = ">=" if at_least else "<="
    return f"{value:{form}} ({sign} {target:g} {'ok' if good else 'MISSED'})"


def verdict(good: bool) -> str:
    verdicts.append(good)
    return "ok" if good else "MISSED"


class Figures:
    """A table of single figures with their targets."""

    def __init__(self) -> None:
        self._rows: list[Sequence[str]] = []

    def add(
        self,
        title: str,
        value: float,
        unit: str = "",
        target: float | None = None,
        at_least: bool = False,
        form: str = ",.1f",
    ) -> None:
        goal = good = ""
        if target is not None:
            goal = f"{'>=' if at_least else '<='} {target:{form}}"
            good = verdict(value >= target if at_least else value <= target)
        self._rows.append((title, f"{value:{form}} {unit}".strip(), goal, good))

    def show(self) -> None:
        table(("", "measured", "target", ""), self._rows)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Prints a table; the first column to the left, the others to the right."""
    rows = [head, *rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    for number, row in enumerate(rows):
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        print(f"| {' | '.join(cells)} |")
        if number == 0:
            rules = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
            print(f"| {' | '.join(rules)} |")
    print(flush=True)


def plot(title: str, points: Sequence[tuple[str, float]], width: int = 50) -> None:
    """Bars from zero, one for each point."""
    most = max(value for _, value in points)
    print(f"{title}\n\n```")
    for label, value in points:
        print(f"{label:>12} {'#' * round(value / most * width):{width}} {value:.2f}")
    print("```\n", flush=True)


def quantile(values: Iterable[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def progress(text: str) -> None:
    """For whoever waits; not part of what is measured."""
    print(f"… {text}", file=sys.stderr, flush=True)

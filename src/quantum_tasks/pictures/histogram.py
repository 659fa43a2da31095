"""Counts as a bar chart in SVG, without scripts, for light pages and dark ones."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import msgspec

MAX_BARS = 32
_REST = "rest"
_HEIGHT = 240.0  # of the chart
_WIDTH = 520.0  # at least
_TOP, _SIDE = 60.0, 24.0
_MIN_SLOT, _MAX_SLOT = 22.0, 96.0  # from the middle of one bar to that of the next
_LETTER = 7.3
_LONG_KEY = 24  # letters; the middle of a longer key is left out
_TICKS = 5

_STYLE = """
svg{background:#fff;color:#1b1e28;font:12px system-ui,sans-serif}
text{fill:currentColor}
.title{font-size:14px;font-weight:600}
.number{text-anchor:middle}
.key{font-family:ui-monospace,monospace}
.quiet{fill:#555b6b}
.line{stroke:#d3d7e2}
.cut{stroke:#fff;stroke-width:3}
.bar{fill:#4338ca}
.rest{fill:#8b90a0}
@media (prefers-color-scheme:dark){
svg{background:#1b1e28;color:#e8eaf2}
.quiet{fill:#a5abbd}
.line{stroke:#343948}
.cut{stroke:#1b1e28}
.bar{fill:#a5b0ff}
}
"""


class _Bar(msgspec.Struct, frozen=True):
    """A bar. The bar of all other keys may be cut off, because its height is not comparable with
    the others."""

    key: str
    count: int
    is_rest: bool = False

    @property
    def label(self) -> str:
        if len(self.key) <= _LONG_KEY:
            return self.key
        half = (_LONG_KEY - 1) // 2
        return f"{self.key[:half]}\u2026{self.key[-half:]}"


def histogram(counts: Mapping[str, int], title: str = "Counts") -> str:
    """Draws counts, in the order of their keys. If there are more than MAX_BARS keys, only the
    most frequent ones have a bar of their own."""
    bars = _bars(counts)
    shots = sum(counts.values())
    if not shots:
        return _document(_WIDTH, _TOP + 40, title, "There are no counts.", _SIDE, [])
    about = f"{_number(shots, 'shot')}, {_number(len(counts), 'outcome')}"
    if bars[-1].is_rest:
        shown = len(bars) - 1
        about += f"; the {len(counts) - shown:,} after the {shown} most frequent are summed up"

    most = max(bar.count for bar in bars if not bar.is_rest)
    step = _step(most)
    top = -(-most // step) * step
    left = _SIDE + max(4, len(f"{top:,}")) * _LETTER
    slot = min(_MAX_SLOT, max(_MIN_SLOT, _WIDTH / len(bars)))
    right = left + max(_WIDTH, slot * len(bars))
    middle = (left + right - slot * (len(bars) - 1)) / 2  # of the first bar
    longest = max(len(bar.label) for bar in bars) * _LETTER
    turned = longest > slot - 4
    content = [_tick(tick, top, left, right) for tick in range(0, top + 1, step)]
    for place, bar in enumerate(bars):
        content += _drawn(bar, middle + place * slot, slot, top, turned)
    height = _TOP + _HEIGHT + (longest + 24 if turned else 36)
    return _document(right + _SIDE, height, title, about, left, content)


def _bars(counts: Mapping[str, int]) -> list[_Bar]:
    frequent = sorted(counts, key=lambda key: (-counts[key], key))
    shown = frequent if len(frequent) <= MAX_BARS else frequent[: MAX_BARS - 1]
    bars = [_Bar(key, counts[key]) for key in sorted(shown)]
    if len(shown) < len(frequent):
        rest = sum(counts[key] for key in frequent[len(shown) :])
        bars.append(_Bar(_REST, rest, is_rest=True))
    return bars


def _step(most: int) -> int:
    """The distance between ticks: 1, 2 or 5 times a power of ten."""
    power = 1
    while True:
        for factor in (1, 2, 5):
            if most <= _TICKS * factor * power:
                return factor * power
        power *= 10


def _tick(tick: int, top: int, left: float, right: float) -> str:
    y = _TOP + _HEIGHT * (1 - tick / top)
    return (
        f'<line class="line" x1="{left:.1f}" x2="{right:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text class="quiet" x="{left - 8:.1f}" y="{y + 4:.1f}" text-anchor="end">{tick:,}</text>'
    )


def _drawn(bar: _Bar, x: float, slot: float, top: int, turned: bool) -> list[str]:
    """A bar with its number above, if there is room, and its key below."""
    base, number, half = _TOP + _HEIGHT, f"{bar.count:,}", slot * 0.4
    height = _HEIGHT * min(1, bar.count / top)
    parts = [
        f"<g><title>{escape(bar.key)}: {number}</title>"
        f'<rect class="{"rest" if bar.is_rest else "bar"}" x="{x - half:.1f}"'
        f' y="{base - height:.1f}" width="{2 * half:.1f}" height="{height:.1f}"/>'
    ]
    if bar.count > top:
        low, high = _TOP + 22, _TOP + 14
        parts.append(
            f'<line class="cut" x1="{x - half - 2:.1f}" x2="{x + half + 2:.1f}"'
            f' y1="{low:.1f}" y2="{high:.1f}"/>'
        )
    if bar.is_rest or len(number) * _LETTER < slot - 2:
        at = f'x="{x + half:.1f}" style="text-anchor:end"' if bar.is_rest else f'x="{x:.1f}"'
        parts.append(f'<text class="number" {at} y="{base - height - 5:.1f}">{number}</text>')
    place = f'x="{x:.1f}" y="{base + 18:.1f}" text-anchor="middle"'
    if turned:
        place = f'transform="translate({x + 4:.1f} {base + 10:.1f}) rotate(-90)" text-anchor="end"'
    return [*parts, f'<text class="key" {place}>{escape(bar.label)}</text></g>']


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _document(
    width: float, height: float, title: str, about: str, left: float, content: list[str]
) -> str:
    title = escape(title)
    lines = "\n".join(content)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}"'
        f' width="{width:.0f}" height="{height:.0f}" role="img" aria-label="{title}: {about}">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n"
        f'<text class="title" x="{left:.1f}" y="24">{title}</text>\n'
        f'<text class="quiet" x="{left:.1f}" y="42">{about}</text>\n{lines}\n</svg>\n'
    )

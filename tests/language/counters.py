"""Numbers that many measured bits decide, and that can still be one of few values only: sums of
outcomes, counters of loops that a measurement ends, walks."""

from __future__ import annotations

import math
from collections import Counter
from itertools import product

from language import Table, turned

PI = math.pi
TOSS = "reset q; h q; b = measure q; "


def sums(bits: int) -> dict[int, float]:
    """The sum of so many tossed coins."""
    return {ones: math.comb(bits, ones) / 2**bits for ones in range(bits + 1)}


def keys(numbers: dict[int, float], size: int, before: str = "") -> dict[str, float]:
    """Numbers as the only one of a register's qubits that is flipped."""
    return {f"{1 << number:0{size}b}{before}": weight for number, weight in numbers.items()}


def residues(numbers: dict[int, float]) -> dict[int, float]:
    """The remainders of numbers by four."""
    found: Counter[int] = Counter()
    for number, weight in numbers.items():
        found[number % 4] += weight
    return dict(found)


def mixed(angles: dict[float, float], after: str = "") -> dict[str, float]:
    """What a qubit measures that is turned by one of some angles."""
    found: Counter[str] = Counter()
    for angle, weight in angles.items():
        for key, probability in turned(angle).items():
            found[f"{key}{after}"] += weight * probability
    return dict(found)


def walks(steps: int, least: int, most: int, start: int) -> dict[int, float]:
    """Where a walk is after so many steps, or where it has left the range and stopped."""
    found: Counter[int] = Counter()
    for turns in product((-1, 1), repeat=steps):
        place = start
        for turn in turns:
            if least < place < most:
                place += turn
        found[place] += 1 / 2**steps
    return dict(found)


# The tossed bit is in counts as well; it is reset, so that they stay few.
PROGRAMS: Table = {
    "a sum of eleven outcomes is an index": (
        "qubit q; qubit[4] r; bit b; bit[4] c; int n = 0; for int i in [0:10] { "
        f"{TOSS}if (b) n += 1; }} x r[n % 4]; b = 0; c = measure r;",
        keys(residues(sums(11)), 4, " 0"),
    ),
    "a sum of eleven outcomes in one expression": (
        "qubit q; qubit[4] r; bit[11] b; bit[4] c; for int i in [0:10] { reset q; h q; "
        f"b[i] = measure q; }} int n = {' + '.join(f'int(b[{i}])' for i in range(11))}; "
        'x r[n % 4]; b = "00000000000"; c = measure r;',
        keys(residues(sums(11)), 4, f" {'0' * 11}"),
    ),
    "how many of eleven bits are set is an index": (
        "qubit q; qubit[4] r; bit[11] b; bit[4] c; for int i in [0:10] { reset q; h q; "
        'b[i] = measure q; } x r[popcount(b) % 4]; b = "00000000000"; c = measure r;',
        keys(residues(sums(11)), 4, f" {'0' * 11}"),
    ),
    "a difference of two sums is an index from the end": (
        "qubit q; qubit[6] r; bit b; bit[6] c; int m = 0; int n = 0; for int i in [0:10] { "
        f"{TOSS}if (b) n += 1; else m += 1; }} b = 0; x r[(n - m) % 6]; c = measure r;",
        keys(
            dict(
                sum(
                    (
                        Counter({int(math.fmod(2 * n - 11, 6)) % 6: weight})
                        for n, weight in sums(11).items()
                    ),
                    Counter(),
                )
            ),
            6,
            " 0",
        ),
    ),
    "a product of outcomes is an angle": (
        "qubit q; bit b; bit c; int n = 1; for int i in [1:11] { "
        f"{TOSS}if (b) n = (n * 3) % 7; }} b = 0; reset q; rx(n * pi / 7) q; c = measure q;",
        mixed(
            dict(
                sum((Counter({pow(3, n, 7) * PI / 7: w}) for n, w in sums(11).items()), Counter())
            ),
            " 0",
        ),
    ),
    "an angle grows with outcomes": (
        "qubit q; bit b; bit c; float a = 0; for int i in [0:10] { "
        f"{TOSS}if (b) a += pi / 8; }} b = 0; reset q; rx(a) q; c = measure q;",
        mixed({ones * PI / 8: weight for ones, weight in sums(11).items()}, " 0"),
    ),
    "a sized angle grows with outcomes": (
        "qubit q; bit b; bit c; angle[20] a = 0; for int i in [0:10] { "
        f"{TOSS}if (b) a += pi / 8; }} b = 0; reset q; rx(a) q; c = measure q;",
        mixed({ones * PI / 8: weight for ones, weight in sums(11).items()}, " 0"),
    ),
    "an element of an array counts": (
        "qubit q; qubit[4] r; bit b; bit[4] c; array[int, 2] n; for int i in [0:10] { "
        f"{TOSS}if (b) n[1] += 1; else n[0] -= 1; }} x r[n[1] % 4]; b = 0; c = measure r;",
        keys(residues(sums(11)), 4, " 0"),
    ),
    "a counter of a loop that a measurement ends is an index": (
        f"qubit q; qubit[3] r; bit b = 1; bit[3] c; int n = 0; while (b && n < 2) {{ {TOSS}"
        "n += 1; } x r[n]; b = 0; c = measure r;",
        {"010 0": 0.5, "100 0": 0.5},
    ),
    "a counter is an index in its loop": (
        "qubit q; qubit[3] r; bit b = 1; bit[3] c; int n = 0; while (b && n < 3) { x r[n]; "
        f"{TOSS}n += 1; }} b = 0; c = measure r;",
        {"001 0": 0.5, "011 0": 0.25, "111 0": 0.25},
    ),
    "an angle grows in a loop that a measurement ends": (
        "qubit q; bit b = 1; bit c; float a = 0; uint n = 0; while (b && n < 15) { "
        f"{TOSS}a += pi / 9; n += 1; }} b = 0; reset q; rx(a) q; c = measure q;",
        mixed({n * PI / 9: 0.5 ** min(n, 14) for n in range(1, 16)}, " 0"),
    ),
    "a walk in a loop ends at either side": (
        "qubit q; qubit[5] r; bit b; bit[5] c; int w = 2; int go = 0; while (w > 0 && w < 4 && "
        f"go < 9) {{ {TOSS}if (b) {{ w += 1; }} else {{ w -= 1; }} go += 1; }} x r[w]; b = 0; "
        "c = measure r;",
        keys(walks(9, 0, 4, 2), 5, " 0"),
    ),
    "a break and a continue in a loop that counts": (
        "qubit q; qubit[5] r; bit b; bit[5] c; int n = 0; int go = 0; while (true) { go += 1; "
        f"if (go > 11) break; {TOSS}if (b) continue; n += 1; if (n == 4) break; }} x r[n]; b = 0; "
        "c = measure r;",
        keys(
            {
                **{n: weight for n, weight in sums(11).items() if n < 4},
                4: sum(weight for n, weight in sums(11).items() if n >= 4),
            },
            5,
            " 0",
        ),
    ),
    "a loop in a loop, both of which count": (
        "qubit q; qubit[5] r; bit b; bit[5] c; int n = 0; int d = 0; while (d < 2) { bit on = 1; "
        f"int k = 0; while (on && k < 2) {{ {TOSS}on = b; if (b) {{ n += 1; k += 1; }} }} d += 1; "
        "if (n > 3) break; } x r[n]; b = 0; c = measure r;",
        keys({0: 0.25, 1: 0.25, 2: 0.3125, 3: 0.125, 4: 0.0625}, 5, " 0"),
    ),
    "a counter from before, and a function that counts": (
        "def f(qubit a, int k) -> int { reset a; h a; bit m = measure a; "
        "if (m) { return k + 1; } return k; } "
        "qubit q; qubit[4] r; bit[4] c; int n = 0; for int i in [0:10] { n = f(q, n); } "
        "x r[n % 4]; c = measure r;",
        keys(residues(sums(11)), 4),
    ),
    "a loop's condition measures and counts": (
        "def f(qubit a) -> bit { reset a; h a; return measure a; } "
        "qubit q; qubit[13] r; bit[13] c; int n = 0; while (f(q) && n < 12) { n += 1; } x r[n]; "
        "c = measure r;",
        keys({**{n: 0.5 ** (n + 1) for n in range(12)}, 12: 0.5**12}, 13),
    ),
}

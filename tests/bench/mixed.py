"""Programs of many kinds and sizes, as people send them, for `plans`."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import NamedTuple

from service import STDGATES

from bench.programs import FEEDFORWARD, bell, ghz, layers

_SHOTS = (1, 100, 1024, 1024, 1024, 10_000, 100_000)
_CLIFFORD = ("h", "s", "sdg", "x", "z", "sx")


class Asked(NamedTuple):
    """A program, and how it is to be run."""

    kind: str
    qc: str
    shots: int
    noisy: bool = False


def mixed(count: int, seed: int = 1) -> list[Asked]:
    """So many programs, of all kinds in turn."""
    rng = random.Random(seed)
    kinds = list(_KINDS.items())
    return [_asked(rng, *kinds[number % len(kinds)]) for number in range(count)]


def _asked(rng: random.Random, kind: str, make: Callable[[random.Random], str]) -> Asked:
    noisy = kind.endswith("with noise")
    return Asked(kind, make(rng), rng.choice(_SHOTS[:4] if noisy else _SHOTS), noisy)


def _program(qubits: int, body: list[str], bits: int | None = None) -> str:
    return f"{STDGATES}qubit[{qubits}] q; bit[{bits or qubits}] c; {' '.join(body)}"


def _random(rng: random.Random) -> str:
    qubits, body = rng.randrange(2, 22), []
    for _ in range(rng.randrange(5, 400)):
        a, b = rng.sample(range(qubits), 2)
        turn = f"{rng.choice(('rx', 'ry', 'rz', 'p'))}({rng.uniform(-7, 7)}) q[{a}];"
        body.append(rng.choice((turn, turn, f"h q[{a}];", f"cx q[{a}], q[{b}];")))
    return _program(qubits, [*body, "c = measure q;"])


def _layered(rng: random.Random) -> str:
    return layers(rng.randrange(3, 22), rng.randrange(2, 15))(rng)


def _fourier(rng: random.Random) -> str:
    qubits, body = rng.randrange(3, 19), []
    body += [f"x q[{n}];" for n in range(qubits) if rng.random() < 0.5]
    for n in reversed(range(qubits)):
        body.append(f"h q[{n}];")
        body += [f"cp({math.pi / 2 ** (n - m)}) q[{m}], q[{n}];" for m in range(n)]
    return _program(qubits, [*body, "c = measure q;"])


def _grover(rng: random.Random) -> str:
    qubits = rng.randrange(3, 9)
    every = ", ".join(f"q[{n}]" for n in range(qubits))
    flip = [f"x q[{n}];" for n in range(qubits) if rng.random() < 0.5]
    turn = f"ctrl({qubits - 1}) @ z {every};"
    once = [*flip, turn, *flip, "h q;", "x q;", turn, "x q;", "h q;"]
    times = max(1, round(math.pi / 4 * 2 ** (qubits / 2)))
    return _program(qubits, ["h q;", *(once * times), "c = measure q;"])


def _few_measured(rng: random.Random) -> str:
    qubits = rng.randrange(8, 22)
    text = layers(qubits, rng.randrange(2, 8))(rng)
    return text.replace(f"bit[{qubits}] c", "bit[2] c").replace(
        "c = measure q", "c = measure q[0:1]"
    )


def _chain(rng: random.Random) -> str:
    """Little entanglement: gates between neighbours, a few layers."""
    qubits, body = rng.randrange(24, 70), []
    for layer in range(rng.randrange(1, 4)):
        body += [f"ry({rng.random()}) q[{n}];" for n in range(qubits)]
        body += [f"cx q[{n}], q[{n + 1}];" for n in range(layer % 2, qubits - 1, 2)]
    return _program(qubits, [*body, "c = measure q;"])


def _tableau(rng: random.Random, least: int, most: int, deepest: int) -> list[str]:
    qubits, body = rng.randrange(least, most), []
    for _ in range(rng.randrange(1, deepest)):
        body += [f"{rng.choice(_CLIFFORD)} q[{n}];" for n in range(qubits)]
        body += [f"cx q[{n}], q[{n + 1}];" for n in range(rng.randrange(2), qubits - 1, 2)]
    return [str(qubits), *body]


def _clifford(rng: random.Random) -> str:
    qubits, *body = _tableau(rng, 2, 60, 20)
    return _program(int(qubits), [*body, "c = measure q;"])


def _wide_clifford(rng: random.Random) -> str:
    qubits, *body = _tableau(rng, 60, 400, 6)
    return _program(int(qubits), [*body, "c = measure q;"])


def _syndromes(rng: random.Random) -> str:
    """A repetition code, measured again and again."""
    data, body = rng.randrange(3, 12), ["x q[0];"]
    for _ in range(rng.randrange(1, 6)):
        for n in range(data - 1):
            body += [f"cx q[{n}], a; cx q[{n + 1}], a; said[{n}] = measure a; reset a;"]
    text = " ".join([f"qubit a; bit[{data - 1}] said;", *body, "c = measure q;"])
    return _program(data, [text])


def _measured_within(rng: random.Random) -> str:
    """Some measurements in the middle of what no tableau can do."""
    qubits, body = rng.randrange(3, 13), []
    for layer in range(rng.randrange(1, 4)):
        body += [f"rx({rng.random()}) q[{n}];" for n in range(qubits)]
        body += [f"cx q[{n}], q[{n + 1}];" for n in range(qubits - 1)]
        body += [f"m[{layer}] = measure q[{layer}];", f"if (m[{layer}]) x q[{layer + 1}];"]
    return _program(qubits, ["bit[3] m;", *body, "c = measure q;"])


def _feedforward(rng: random.Random) -> str:
    return rng.choice(list(FEEDFORWARD.values()))(rng)


_KINDS: dict[str, Callable[[random.Random], str]] = {
    "bell": bell,
    "ghz of ten": ghz,
    "random gates": _random,
    "layers": _layered,
    "Fourier": _fourier,
    "Grover": _grover,
    "few bits": _few_measured,
    "chain": _chain,
    "Clifford": _clifford,
    "wide Clifford": _wide_clifford,
    "syndromes": _syndromes,
    "measured within": _measured_within,
    "feedforward": _feedforward,
    "small, with noise": lambda rng: layers(rng.randrange(2, 9), rng.randrange(1, 6))(rng),
    "Clifford, with noise": _clifford,
}

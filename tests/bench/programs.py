"""Programs to measure with. Each call of a maker gives another one: no two are equal."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

from service import STDGATES

Maker = Callable[[random.Random], str]


def several(make: Maker, count: int, seed: int = 1) -> list[str]:
    rng = random.Random(f"{make.__name__} {seed}")
    return [make(rng) for _ in range(count)]


def bell(rng: random.Random) -> str:
    return (
        f"{STDGATES}qubit[2] q; bit[2] c; h q[0]; rz({rng.random()}) q[0]; cx q[0], q[1]; "
        "c = measure q;"
    )


def ghz(rng: random.Random) -> str:
    links = "".join(f"cx q[{i}], q[{i + 1}]; " for i in range(9))
    return (
        f"{STDGATES}qubit[10] q; bit[10] c; h q[0]; rz({rng.random()}) q[0]; {links}c = measure q;"
    )


def gates(rng: random.Random) -> str:
    """12 qubits, 300 gates."""
    drawn = []
    for _ in range(300):
        a, b = rng.sample(range(12), 2)
        drawn.append(
            rng.choice([f"rx({rng.random()}) q[{a}];", f"cx q[{a}], q[{b}];", f"h q[{a}];"])
        )
    return f"{STDGATES}qubit[12] q; bit[12] c; {' '.join(drawn)} c = measure q;"


def heavy(rng: random.Random) -> str:
    """18 qubits, 10 layers: Aer takes between 100 and 200 ms."""
    return _layers(rng, 18, 10)


def large(rng: random.Random) -> str:
    """24 qubits, 178 gates: Aer takes about 5 s on one core."""
    return _layers(rng, 24, 5)


def _layers(rng: random.Random, qubits: int, count: int) -> str:
    """Layers of rotations, each followed by one of entangling gates."""
    drawn = []
    for layer in range(count):
        drawn += [f"rx({rng.random()}) q[{i}];" for i in range(qubits)]
        drawn += [f"cx q[{i}], q[{i + 1}];" for i in range(layer % 2, qubits - 1, 2)]
    return f"{STDGATES}qubit[{qubits}] q; bit[{qubits}] c; {' '.join(drawn)} c = measure q;"


def layers(qubits: int, depth: int) -> Maker:
    """Layers of two rotations on each qubit, each followed by one of entangling gates."""

    def make(rng: random.Random) -> str:
        drawn = []
        for layer in range(depth):
            drawn += [f"rx({rng.random()}) q[{i}];" for i in range(qubits)]
            drawn += [f"rz({rng.random()}) q[{i}];" for i in range(qubits)]
            drawn += [f"cx q[{i}], q[{i + 1}];" for i in range(layer % 2, qubits - 1, 2)]
        return f"{STDGATES}qubit[{qubits}] q; bit[{qubits}] c; {' '.join(drawn)} c = measure q;"

    make.__name__ = f"layers {qubits} {depth}"
    return make


def clifford(rng: random.Random) -> str:
    """500 qubits, 20 layers: 15,000 gates."""
    drawn = []
    for layer in range(20):
        drawn += [f"{rng.choice(['h', 's', 'sdg', 'x'])} q[{i}];" for i in range(500)]
        drawn += [f"cx q[{i}], q[{i + 1}];" for i in range(layer % 2, 499, 2)]
    return f"{STDGATES}qubit[500] q; bit[500] c; {' '.join(drawn)} c = measure q;"


def ghz_of_thousand(rng: random.Random) -> str:
    flips = "".join(f"x q[{rng.randrange(1000)}]; " for _ in range(3))
    links = "".join(f"cx q[{i}], q[{i + 1}]; " for i in range(999))
    return f"{STDGATES}qubit[1000] q; bit[1000] c; h q[0]; {links} {flips} c = measure q;"


def surface_code(distance: int, rounds: int) -> tuple[str, dict[str, object]]:
    """A rotated surface code that keeps |0>, and the options of a run with noise.

    Its data bits alone are shown; each round measures every stabilizer with a qubit of its own.
    """
    data = {(x, y): distance * y + x for y in range(distance) for x in range(distance)}
    checks = []
    for y in range(distance + 1):
        for x in range(distance + 1):
            corners = [(x - 1, y - 1), (x, y - 1), (x - 1, y), (x, y)]
            touched = [data[corner] for corner in corners if corner in data]
            of_x = (x + y) % 2 == 1
            on_side = y in (0, distance)
            if len(touched) == 4 or (len(touched) == 2 and on_side == of_x):
                checks.append((of_x, touched))
    count = len(data)
    body = []
    for number, (of_x, touched) in enumerate(checks):
        own = f"a[{number}]"
        links = [f"cx {own}, q[{n}];" if of_x else f"cx q[{n}], {own};" for n in touched]
        turn = [f"h {own};"] if of_x else []
        body += [*turn, *links, *turn, f"checks[{number}] = measure {own};", f"reset {own};"]
    text = (
        f"{STDGATES}qubit[{count}] q; qubit[{len(checks)}] a; bit[{len(checks)}] checks; "
        f"output bit[{count}] c; for int r in [1:{rounds}] {{ {' '.join(body)} }} c = measure q;"
    )
    noise = {"depolarizing": {"p1": 0.001, "p2": 0.002}, "readout": 0.002}
    return text, {"noise": noise}


# What decides is compared in the one form that Qiskit's importer knows as well.


def teleportation(rng: random.Random) -> str:
    return (
        f"{STDGATES}qubit[3] q; bit[3] c; rx({rng.random()}) q[0]; h q[1]; cx q[1], q[2]; "
        "cx q[0], q[1]; h q[0]; c[0] = measure q[0]; c[1] = measure q[1]; "
        "if (c[1] == true) x q[2]; if (c[0] == true) z q[2]; c[2] = measure q[2];"
    )


def repeat_until_success(rng: random.Random) -> str:
    """An ancilla decides whether what was done to the other qubit is tried again."""
    angle = rng.random()
    return (
        f"{STDGATES}qubit[2] q; bit[2] c; x q[0]; c[0] = measure q[0]; "
        "while (c[0] == true) { reset q[0]; reset q[1]; h q[0]; h q[1]; "
        f"crx({angle}) q[0], q[1]; cz q[0], q[1]; h q[0]; c[0] = measure q[0]; }} "
        "h q[1]; c[1] = measure q[1];"
    )


def phase_estimation(rng: random.Random) -> str:
    """Four bits of a phase with one ancilla, the least significant first."""
    phase = rng.random() * math.tau
    steps = []
    for k in range(4):
        steps += ["reset q[0]; h q[0];", f"cp({phase * 2 ** (3 - k)}) q[0], q[1];"]
        steps += [f"if (c[{j}] == true) p({-math.pi / 2 ** (k - j)}) q[0];" for j in range(k)]
        steps += [f"h q[0]; c[{k}] = measure q[0];"]
    return f"{STDGATES}qubit[2] q; bit[4] c; x q[1]; {' '.join(steps)}"


def bit_flip_code(rng: random.Random) -> str:
    """Three qubits of data, two of syndrome, one error, one correction."""
    return (
        f"{STDGATES}qubit[5] q; bit[2] syndrome; bit[3] c; rx({rng.random()}) q[0]; "
        f"cx q[0], q[1]; cx q[0], q[2]; x q[{rng.randrange(3)}]; cx q[0], q[3]; cx q[1], q[3]; "
        "cx q[1], q[4]; cx q[2], q[4]; syndrome[0] = measure q[3]; syndrome[1] = measure q[4]; "
        "reset q[3]; reset q[4]; if (syndrome == 1) x q[0]; if (syndrome == 3) x q[1]; "
        "if (syndrome == 2) x q[2]; cx q[0], q[1]; cx q[0], q[2]; c[0] = measure q[0]; "
        "c[1] = measure q[1]; c[2] = measure q[2];"
    )


FEEDFORWARD: dict[str, Maker] = {
    "teleportation": teleportation,
    "repeat until success": repeat_until_success,
    "phase estimation, 4 bits": phase_estimation,
    "bit-flip code": bit_flip_code,
}

"""Programs of any size that entangle little or much."""

from __future__ import annotations

import random
from collections.abc import Iterator


def ghz(qubits: int) -> str:
    return (
        f"qubit[{qubits}] q; bit[{qubits}] c; h q[0]; "
        f"for int i in [0:{qubits - 2}] cx q[i], q[i + 1]; c = measure q;"
    )


def dense(qubits: int) -> str:
    return f"qubit[{qubits}] q; bit[{qubits}] c; h q; t q; h q; cx q[0], q[1]; c = measure q;"


def chain(qubits: int, layers: int) -> str:
    """Entangles neighbours, a little more with each layer."""
    return (
        f"qubit[{qubits}] q; bit[{qubits}] c; ry(0.3) q; for int k in [1:{layers}] {{ "
        f"for int i in [0:{qubits - 2}] {{ cx q[i], q[i + 1]; }} rx(0.7) q; rz(0.4) q; }} "
        "c = measure q;"
    )


def ring(qubits: int, layers: int) -> str:
    """QAOA on a ring: an interaction of neighbours is cx, rz, cx."""
    return (
        f"qubit[{qubits}] q; bit[{qubits}] c; h q; for int k in [1:{layers}] {{ "
        f"for int i in [0:{qubits - 1}] {{ cx q[i], q[(i + 1) % {qubits}]; "
        f"rz(0.3) q[(i + 1) % {qubits}]; cx q[i], q[(i + 1) % {qubits}]; }} rx(0.7) q; }} "
        "c = measure q;"
    )


def scrambled(qubits: int) -> str:
    return (
        f"qubit[{qubits}] q; bit[{qubits}] c; for int k in [1:12] {{ ry(0.3 * k) q; "
        f"for int i in [0:{qubits - 2}] {{ cry(0.7) q[i], q[i + 1]; }} }} c = measure q;"
    )


def layers(qubits: int, number: int, seed: int = 1) -> str:
    """Layers of Clifford gates: one on each qubit, then cx of neighbours."""
    source = random.Random(seed)
    lines = [f"qubit[{qubits}] q; bit[{qubits}] c;"]
    for layer in range(number):
        lines += [f"{source.choice(('h', 's', 'sx'))} q[{one}];" for one in range(qubits)]
        lines += [f"cx q[{one}], q[{one + 1}];" for one in range(layer % 2, qubits - 1, 2)]
    return " ".join([*lines, "c = measure q;"])


def surface(distance: int, rounds: int) -> str:
    """A rotated surface code, whose checks are measured and reset in each round; the result is
    its data qubits."""
    checks = list(_checks(distance))
    lines = [
        f"qubit[{distance**2}] q; qubit[{len(checks)}] a; bit[{len(checks)}] said;",
        f"output bit[{distance**2}] c;",
    ]
    for _ in range(rounds):
        turns = [f"h a[{check}];" for check, (is_x, _) in enumerate(checks) if is_x]
        lines += turns
        for step in range(4):
            for check, (is_x, data) in enumerate(checks):
                if (qubit := data[step]) is not None:
                    control, target = (f"a[{check}]", f"q[{qubit}]")[:: 1 if is_x else -1]
                    lines.append(f"cx {control}, {target};")
        lines += [*turns, "said = measure a; reset a;"]
    return " ".join([*lines, "c = measure q;"])


def _checks(distance: int) -> Iterator[tuple[bool, list[int | None]]]:
    """Of each check, whether it is one of X, and its data qubits in the order of the steps."""

    def at(row: int, column: int) -> int | None:
        inside = 0 <= row < distance and 0 <= column < distance
        return row * distance + column if inside else None

    for row in range(distance + 1):
        for column in range(distance + 1):
            is_x = (row + column) % 2 == 0
            ends = row in (0, distance), column in (0, distance)
            if all(ends) or (ends[0] and not is_x) or (ends[1] and is_x):
                continue
            a, b = at(row - 1, column - 1), at(row - 1, column)
            c, d = at(row, column - 1), at(row, column)
            yield is_x, [a, b, c, d] if is_x else [a, c, b, d]

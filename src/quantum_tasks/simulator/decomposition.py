"""The same gates in the few that a simulation method knows.

State vectors take every gate of ours as it is. A tableau takes Clifford gates by name, and a
matrix product state takes gates with one control, and few with two.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from quantum_tasks.simulator.circuit import Branch, Gate, Loop, Operation, Program
from quantum_tasks.simulator.gates import Basic, angles, power

MAX_CONTROLS = 8  # each one more takes three times as many gates

PHASES = {
    "z": math.pi,
    "s": math.pi / 2,
    "sdg": -math.pi / 2,
    "t": math.pi / 4,
    "tdg": -math.pi / 4,
}
_QUARTER_TURNS: list[tuple[str, ...]] = [(), ("s",), ("z",), ("sdg",)]
_AS_ROTATION: dict[str, Callable[[float], tuple[float, ...]]] = {
    "rx": lambda angle: (angle, -math.pi / 2, math.pi / 2, 0.0),
    "ry": lambda angle: (angle, 0.0, 0.0, 0.0),
    "rz": lambda angle: (0.0, 0.0, angle, -angle / 2),
}
# As theta, phi, lambda and gamma of a `u`.
ROTATIONS = {
    "h": (math.pi / 2, 0.0, math.pi, 0.0),
    "sx": (math.pi / 2, -math.pi / 2, math.pi / 2, math.pi / 4),
    "sxdg": (-math.pi / 2, -math.pi / 2, math.pi / 2, -math.pi / 4),
    "x": (math.pi, 0.0, math.pi, 0.0),
    "y": (math.pi, math.pi / 2, math.pi / 2, 0.0),
}


def decompose(program: Program, method: str) -> Program:
    """The program in gates that a method of simulation knows."""
    rewrite = {"stabilizer": clifford, "matrix_product_state": few_controls}.get(method)
    if rewrite is None:
        return program
    operations = _rewritten(program.operations, rewrite)
    return Program(program.qubits, program.registers, operations)


def _rewritten(
    operations: list[Operation], rewrite: Callable[[Gate], Iterator[Gate]]
) -> list[Operation]:
    result: list[Operation] = []
    for operation in operations:
        match operation:
            case Gate():
                result.extend(rewrite(operation))
            case Branch():
                then = _rewritten(operation.then, rewrite)
                otherwise = _rewritten(operation.otherwise, rewrite)
                result.append(Branch(operation.condition, then, otherwise))
            case Loop():
                result.append(Loop(operation.condition, _rewritten(operation.body, rewrite)))
            case _:
                result.append(operation)
    return result


def clifford(gate: Gate) -> Iterator[Gate]:
    """A Clifford gate, up to a global phase, by the names that a tableau knows."""
    qubits, params = gate.qubits, gate.params
    match gate.name:
        case "p" if len(qubits) == 2:
            yield from [Gate("z", qubits)] if _quarters(params[0]) == 2 else []
        case "p" | "rz":
            for name in _QUARTER_TURNS[_quarters(params[0])]:
                yield Gate(name, qubits)
        case "rx":
            yield Gate("h", qubits)
            yield from clifford(Gate("p", qubits, params))
            yield Gate("h", qubits)
        case "ry":
            yield Gate("sdg", qubits)
            yield from clifford(Gate("rx", qubits, params))
            yield Gate("s", qubits)
        case "u":
            theta, phi, lambda_, _ = params
            yield from clifford(Gate("p", qubits, (lambda_,)))
            yield from clifford(Gate("ry", qubits, (theta,)))
            yield from clifford(Gate("p", qubits, (phi,)))
        case _:
            yield gate


def _quarters(angle: float) -> int:
    return round(angle / (math.pi / 2)) % 4


def few_controls(gate: Gate) -> Iterator[Gate]:
    """A gate in gates with one control, and x with two."""
    name, qubits = gate.name, gate.qubits
    controls = len(qubits) - (2 if name == "swap" else 1)
    if controls == 0 or (controls == 1 and name in ("x", "y", "z", "p", "swap", "sx")):
        yield gate
    elif name == "swap":
        *others, a, b = qubits
        yield Gate("x", (b, a))
        yield from few_controls(Gate("x", (*others, a, b)))
        yield Gate("x", (b, a))
    elif name == "x" and controls == 2:
        yield gate
    elif name in PHASES:
        yield from few_controls(Gate("p", qubits, (PHASES[name],)))
    elif controls == 1:
        yield from _controlled(*qubits, *_rotation(gate))
    else:
        yield from _by_halves(gate)


def _rotation(gate: Gate) -> tuple[float, ...]:
    if gate.name == "p":
        return (0.0, 0.0, gate.params[0], 0.0)
    if gate.name in _AS_ROTATION:
        return _AS_ROTATION[gate.name](gate.params[0])
    return gate.params or ROTATIONS[gate.name]


def _controlled(
    control: int, target: int, theta: float, phi: float, lambda_: float, gamma: float
) -> Iterator[Gate]:
    """Barenco et al., Elementary gates for quantum computation (1995), lemma 5.2."""
    half = (phi + lambda_) / 2
    yield Gate("p", (control,), (gamma + half,))
    yield Gate("p", (target,), ((lambda_ - phi) / 2,))
    yield Gate("x", (control, target))
    yield Gate("u", (target,), (-theta / 2, 0.0, -half, 0.0))
    yield Gate("x", (control, target))
    yield Gate("u", (target,), (theta / 2, phi, 0.0, 0.0))


def _by_halves(gate: Gate) -> Iterator[Gate]:
    """The same paper, lemma 7.5: with its square root, a gate needs one control fewer."""
    *controls, last, target = gate.qubits
    root = power(Basic("u", _rotation(gate)), 0.5).matrix
    flip = Gate("x", (*controls, last))
    yield from few_controls(Gate("u", (last, target), angles(root)))
    yield from few_controls(flip)
    yield from few_controls(Gate("u", (last, target), angles(root.conj().T)))
    yield from few_controls(flip)
    yield from few_controls(Gate("u", (*controls, target), angles(root)))

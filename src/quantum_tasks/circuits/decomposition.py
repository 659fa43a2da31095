"""Gates, written with the few gates that a simulation method knows.

State vectors take every gate of this service as it is. A tableau takes Clifford gates by name, an
extended stabilizer also phases, and a matrix product state takes gates with one control, and a few
gates with two.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from quantum_tasks.circuits.circuit import Branch, Gate, Loop, Operation, Unitary
from quantum_tasks.circuits.clifford import is_clifford, parts, quarters
from quantum_tasks.circuits.gates import Basic, angles, power

MAX_CONTROLS = 8  # each further control takes three times as many gates

PHASES = {
    "z": math.pi,
    "s": math.pi / 2,
    "sdg": -math.pi / 2,
    "t": math.pi / 4,
    "tdg": -math.pi / 4,
}
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


def decompose(operations: Sequence[Operation], method: str) -> Sequence[Operation]:
    """The operations, with only those gates that a simulation method knows."""
    rewrite = _REWRITES.get(method)
    return operations if rewrite is None else _rewritten(operations, rewrite)


def _rewritten(
    operations: Sequence[Operation], rewrite: Callable[[Gate], Iterator[Gate]]
) -> list[Operation]:
    result: list[Operation] = []
    for operation in operations:
        match operation:
            case Gate():
                result.extend(rewrite(operation))
            case Unitary() if rewrite is clifford:
                result.extend(clifford(operation))
            case Branch():
                then = _rewritten(operation.then, rewrite)
                otherwise = _rewritten(operation.otherwise, rewrite)
                result.append(Branch(operation.condition, then, otherwise))
            case Loop():
                result.append(Loop(operation.condition, _rewritten(operation.body, rewrite)))
            case _:
                result.append(operation)
    return result


def clifford(gate: Gate | Unitary) -> Iterator[Gate]:
    """A Clifford gate, up to a global phase, by the names that a tableau knows."""
    found = parts(gate)
    assert found is not None
    for part in found:
        yield Gate(part.name, tuple(gate.qubits[place] for place in part.qubits))


def few_phases(gate: Gate) -> Iterator[Gate]:
    """A gate, up to a global phase, as Clifford gates by name, phases, and x with one or two
    controls."""
    for part in clifford(gate) if is_clifford(gate) else few_controls(gate):
        match part.name, part.qubits:
            case "swap", (control, a, b):
                yield from (Gate("x", (b, a)), Gate("x", (control, a, b)), Gate("x", (b, a)))
            case "y", (_, target):
                yield from (Gate("sdg", (target,)), Gate("x", part.qubits), Gate("s", (target,)))
            case "sx", (control, target):
                yield Gate("h", (target,))
                yield from _controlled_phase(control, target, math.pi / 2)
                yield Gate("h", (target,))
            case "p", (control, target):
                yield from _controlled_phase(control, target, part.params[0])
            case _ if part.params:
                yield from _phases(part)
            case _:
                yield part


def _controlled_phase(control: int, target: int, angle: float) -> Iterator[Gate]:
    if abs(math.remainder(angle, 2 * math.pi)) == math.pi:
        yield Gate("z", (control, target))
        return
    yield from _phases(Gate("p", (control,), (angle / 2,)))
    yield from _phases(Gate("p", (target,), (angle / 2,)))
    yield Gate("x", (control, target))
    yield from _phases(Gate("p", (target,), (-angle / 2,)))
    yield Gate("x", (control, target))


def _phases(gate: Gate) -> Iterator[Gate]:
    """A gate on one qubit with angles, up to a global phase, as phases between Clifford gates."""
    qubits, params = gate.qubits, gate.params
    match gate.name:
        case "p" | "rz":
            if quarters(params[0]) is None:
                yield Gate("p", qubits, params)
            else:
                yield from clifford(Gate("p", qubits, params))
        case "rx":
            yield Gate("h", qubits)
            yield from _phases(Gate("p", qubits, params))
            yield Gate("h", qubits)
        case "ry":
            yield Gate("sdg", qubits)
            yield from _phases(Gate("rx", qubits, params))
            yield Gate("s", qubits)
        case _:
            theta, phi, lambda_, _ = params
            yield from _phases(Gate("p", qubits, (lambda_,)))
            yield from _phases(Gate("ry", qubits, (theta,)))
            yield from _phases(Gate("p", qubits, (phi,)))


def few_controls(gate: Gate) -> Iterator[Gate]:
    """A gate, as gates with one control, and x with two."""
    name, qubits, controls = gate.name, gate.qubits, gate.controls
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
    """The same paper, lemma 7.5: a gate with controls, made of its square root with one control
    fewer."""
    *controls, last, target = gate.qubits
    root = power(Basic("u", _rotation(gate)), 0.5).matrix
    flip = Gate("x", (*controls, last))
    yield from few_controls(Gate("u", (last, target), angles(root)))
    yield from few_controls(flip)
    yield from few_controls(Gate("u", (last, target), angles(root.conj().T)))
    yield from few_controls(flip)
    yield from few_controls(Gate("u", (*controls, target), angles(root)))


_REWRITES = {
    "stabilizer": clifford,
    "matrix_product_state": few_controls,
    "extended_stabilizer": few_phases,
}

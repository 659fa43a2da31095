"""Calls of gates as they are drawn: by the names that the program gives them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from openqasm3 import ast

from quantum_tasks.circuits.outline import CONTROLLED, Call
from quantum_tasks.language.scope import StandardGate, Symbol

_MOST = 1e6  # larger integers may be too large for a float


def outlined(
    node: ast.QuantumGate | ast.QuantumPhase,
    symbol: Symbol | None,
    angles: Sequence[float],
    numbers: Sequence[float],
    calls: Sequence[tuple[int, ...]],
) -> Iterator[Call]:
    """What a call draws, on each of its qubits. `symbol` is what the gate's name stands for;
    `numbers` has one for each modifier, the power or the number of controls."""
    name, controls = "gphase", 0
    if isinstance(node, ast.QuantumGate):
        name = node.name.name
        if isinstance(symbol, StandardGate) and name in CONTROLLED:
            controls, name = CONTROLLED[name]
    pattern: list[bool] = []
    kinds = [modifier.modifier.name for modifier in node.modifiers]
    for kind, number in zip(kinds, numbers, strict=True):
        if "ctrl" in kind:
            pattern += [kind == "ctrl"] * int(number)
    for kind, number in zip(reversed(kinds), reversed(numbers), strict=True):
        if kind == "inv":
            name += "†"
        elif kind == "pow":
            name += f"^{number}" if abs(number) > _MOST else f"^{number:g}"
    pattern += [True] * controls
    for qubits in calls:
        yield Call(name, tuple(angles), tuple(pattern), qubits)

"""A reference evaluator for OpenQASM 3, written from the language's specification.

It computes the exact distribution of what a program measures, and shares nothing with the
simulator that it is there to check.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from itertools import product
from typing import Any

from openqasm3 import ast

from oracle.evaluator import Evaluator, parse
from oracle.machine import Cell, Cut, Machine, Path, Paths
from oracle.values import OracleError

__all__ = ["OracleError", "distribution"]

MAX_PATHS = 20_000
TOLERATED_LOSS = 1e-6


def distribution(qc: str) -> dict[str, float]:
    """The probability of each key of the counts."""
    program = parse(qc)
    if not _measures(program):
        raise OracleError("nothing is measured")
    paths = Paths()
    result: dict[str, float] = {}
    followed = 0
    while paths.stack:
        followed += 1
        if followed > MAX_PATHS:
            raise OracleError("too many paths")
        _follow(program, paths.stack.pop(), paths, result)
    total = sum(result.values())
    if paths.lost > TOLERATED_LOSS or abs(total + paths.lost - 1) > 1e-9:
        raise OracleError(f"the probabilities add up to {total}")
    return {key: weight / total for key, weight in sorted(result.items()) if weight > 1e-12}


def _follow(program: ast.Program, path: Path, paths: Paths, result: dict[str, float]) -> None:
    machine = Machine(path, paths)
    evaluator = Evaluator(machine)
    try:
        evaluator.program(program)
    except Cut:
        return
    registers = [register.cells for register in evaluator.registers if register.cells]
    cells = [cell for register in registers for cell in register]
    waiting = sorted({cell.source for cell in cells if cell.source is not None})
    weights = machine.joint(waiting)
    for outcome in product((0, 1), repeat=len(waiting)):
        weight = float(weights[outcome])
        if weight > 0:
            bits = dict(zip(waiting, outcome, strict=True))
            key = " ".join(_text(register, bits) for register in reversed(registers))
            result[key] = result.get(key, 0.0) + weight


def _text(cells: tuple[Cell, ...], outcome: dict[int, int]) -> str:
    return "".join(
        str(cell.value if cell.source is None else outcome[cell.source])
        for cell in reversed(cells)
    )


def _measures(node: Any) -> bool:
    """Whether there is a measurement anywhere in the program."""
    if isinstance(node, ast.QuantumMeasurement):
        return True
    if isinstance(node, list | tuple):
        return any(map(_measures, node))
    return is_dataclass(node) and any(_measures(getattr(node, f.name)) for f in fields(node))

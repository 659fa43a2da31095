"""How long a piece of a program takes: `durationof({ ... })`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from openqasm3 import ast

from quantum_tasks.language.values import DURATION, Value
from quantum_tasks.parsing.mistakes import Node, semantic, unsupported, words

if TYPE_CHECKING:
    from quantum_tasks.language.expressions import Evaluator


def duration_of(evaluator: Evaluator, node: ast.DurationOf) -> Value:
    """The time from the first to the last thing in a scope. Gates, measurements and resets take
    none in a simulation, so it is that of the delays, qubit by qubit. Raises ProgramError."""
    timeline = _Timeline(evaluator)
    timeline.run(node.target)
    return Value(DURATION, timeline.end, timeline.const)


class _Timeline:
    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator
        self._times: dict[int, float] = {}  # qubit -> when it is free
        self._all = 0.0  # from when on qubits are free that were not named yet
        self.const = True

    @property
    def end(self) -> float:
        return max(self._times.values(), default=self._all)

    def run(self, statements: Iterable[Node]) -> None:
        for statement in statements:
            self._statement(statement)

    def _statement(self, node: Node) -> None:
        match node:
            case ast.DelayInstruction():
                self._together(node.qubits, self._seconds(node.duration))
            case ast.QuantumBarrier() | ast.QuantumGate():
                self._together(node.qubits, 0.0)
            case ast.QuantumPhase():
                pass
            case ast.QuantumReset():
                self._together([node.qubits], 0.0)
            case ast.QuantumMeasurementStatement():
                self._together([node.measure.qubit], 0.0)
            case ast.Box(duration=None):
                self.run(node.body)
            case _:
                raise unsupported(f"The duration of '{words(node)}' is", node)

    def _seconds(self, node: Node) -> float:
        value = self._evaluator.known(node)
        if value.type != DURATION or not value.data >= 0:
            raise semantic("A delay takes a duration, like 100ns.", node)
        self.const = self.const and value.const
        seconds: float = value.data
        return seconds

    def _together(self, operands: Iterable[Node], seconds: float) -> None:
        """What its qubits do at the same time, as soon as all are free; without qubits, all do."""
        numbers = [n for node in operands for n in self._evaluator.references.qubits(node).numbers]
        if not numbers:
            self._all = self.end + seconds
            self._times.clear()
            return
        free = max(self._times.get(number, self._all) for number in numbers) + seconds
        self._times.update(dict.fromkeys(numbers, free))

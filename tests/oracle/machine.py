"""The qubits of one run of a program, and the bits that wait for an outcome.

A run is determined by its choices: the outcomes of its measurements in the order in which they
are needed. Every outcome that was not taken is left on the stack of paths, with the state after
it, and is reached by running the program again, which leaves the gates before that point out.

A measurement is not decided when it happens, only when its bit is read or its qubit is used again.
What nobody asks for until the end is added up at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from oracle import gates
from oracle.values import OracleError

MAX_QUBITS = 18
IMPOSSIBLE = 1e-12
NEGLIGIBLE = 1e-9


class Cut(Exception):
    """This path is too improbable to follow."""


@dataclass(frozen=True)
class Path:
    """Where a run begins: its first choices, and the state after them."""

    choices: tuple[int, ...] = ()
    probability: float = 1.0
    state: np.ndarray | None = None


@dataclass
class Paths:
    """The paths still to be followed, and the probability of those that will not be."""

    stack: list[Path] = field(default_factory=lambda: [Path()])
    lost: float = 0.0

    def add(self, path: Path) -> None:
        if path.probability < NEGLIGIBLE:
            self.lost += path.probability
        else:
            self.stack.append(path)


@dataclass(eq=False)
class Cell:
    """A classical bit: its value, or the qubit whose measured outcome it has."""

    value: int = 0
    source: int | None = None


class Machine:
    """The qubits, along one path."""

    def __init__(self, path: Path, paths: Paths) -> None:
        self.count = 0
        self.probability = path.probability
        self._path = path
        self._paths = paths
        self._choices = list(path.choices)
        self._position = 0
        self._tensor = np.ones((), dtype=complex)
        self._pending: dict[int, list[Cell]] = {}
        self._physical: dict[int, int] = {}

    @property
    def replaying(self) -> bool:
        return self._position < len(self._path.choices)

    def allocate(self, count: int) -> tuple[int, ...]:
        """New qubits in |0>."""
        if self.count + count > MAX_QUBITS:
            raise OracleError("too many qubits")
        added = tuple(range(self.count, self.count + count))
        self.count += count
        if not self.replaying:
            for _ in range(count):
                self._tensor = np.stack([self._tensor, np.zeros_like(self._tensor)], axis=-1)
        return added

    def physical(self, label: int) -> int:
        """The qubit `$label`."""
        if label not in self._physical:
            (self._physical[label],) = self.allocate(1)
        return self._physical[label]

    def apply(self, matrix: Callable[[], np.ndarray], qubits: Sequence[int]) -> None:
        """A gate, whose matrix is not asked for while replaying."""
        for qubit in qubits:
            self._decide(qubit)
        if not self.replaying:
            self._tensor = gates.apply(matrix(), qubits, self._tensor)

    def measure(self, qubit: int, cell: Cell | None) -> None:
        """The outcome goes to the cell, if there is one, and in any case the qubit is measured."""
        waiting = self._pending.setdefault(qubit, [])
        if cell is not None:
            self.detach(cell)
            cell.source = qubit
            waiting.append(cell)

    def read(self, cell: Cell) -> int:
        if cell.source is not None:
            self._decide(cell.source)
        return cell.value

    def write(self, cell: Cell, value: int) -> None:
        self.detach(cell)
        cell.value = value

    def detach(self, cell: Cell) -> None:
        if cell.source is not None:
            self._pending[cell.source].remove(cell)
            cell.source = None

    def reset(self, qubit: int) -> None:
        self._decide(qubit)
        if self._collapse(qubit) and not self.replaying:
            self._tensor = np.flip(self._tensor, axis=qubit)

    def joint(self, qubits: Sequence[int]) -> np.ndarray:
        """The probability of each outcome of these different qubits, one axis for each."""
        others = tuple(axis for axis in range(self.count) if axis not in qubits)
        weights = np.sum(np.abs(self._tensor) ** 2, axis=others)
        order = sorted(qubits)
        axes = [order.index(qubit) for qubit in qubits]
        return np.transpose(weights, axes) * self.probability

    def _decide(self, qubit: int) -> None:
        if qubit in self._pending:
            outcome = self._collapse(qubit)
            for cell in self._pending.pop(qubit):
                cell.value, cell.source = outcome, None

    def _collapse(self, qubit: int) -> int:
        if self.replaying:
            outcome = self._choices[self._position]
            self._position += 1
            if not self.replaying:
                assert self._path.state is not None
                self._tensor = self._path.state
            return outcome
        halves = np.moveaxis(self._tensor, qubit, 0)
        weights = [float(np.sum(np.abs(half) ** 2)) for half in halves]
        total = sum(weights)
        taken = int(weights[1] > weights[0])
        other = 1 - taken
        if weights[other] / total > IMPOSSIBLE:
            self._paths.add(
                Path(
                    (*self._choices, other),
                    self.probability * weights[other] / total,
                    self._projected(qubit, other, weights[other]),
                )
            )
            self.probability *= weights[taken] / total
        self._tensor = self._projected(qubit, taken, weights[taken])
        self._choices.append(taken)
        self._position += 1
        if self.probability < NEGLIGIBLE:
            self._paths.lost += self.probability
            raise Cut
        return taken

    def _projected(self, qubit: int, outcome: int, weight: float) -> np.ndarray:
        result = np.zeros_like(self._tensor)
        index = (slice(None),) * qubit + (outcome,)
        result[index] = self._tensor[index] / np.sqrt(weight)
        return result

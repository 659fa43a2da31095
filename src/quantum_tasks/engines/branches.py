"""The branches of a run, and limits for their work and memory.

A branch stands for all shots that had the same outcomes so far: one state vector, the bits, and
the number of these shots. Work is counted in nanoseconds, as they were on one machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quantum_tasks.circuits import noise
from quantum_tasks.circuits.circuit import Condition, Program, collect
from quantum_tasks.circuits.noise import Readout
from quantum_tasks.engines import amplitudes, deadline
from quantum_tasks.engines.amplitudes import Amplitudes, Layout
from quantum_tasks.engines.engine import GivesUp

BUILD = 5_000  # to read an operation
CALL = 3_000  # a gate, whatever it is applied to
CONDITION = 700  # a part of a condition
SPLIT = 25_000  # a measurement, a reset, a branch, the turn of a loop
AMPLITUDE = 1.5  # of one branch, at a gate
QSIM_AMPLITUDE = 0.3  # the same where qsim applies several
SPLIT_AMPLITUDE = 12
DRAW = 60  # of one branch or outcome, as long as there are fewer than shots
SEARCH = 200  # of one shot, where there are more
ROW = 600  # a branch that is compared with others, or counted
_MERGED_FROM = 8  # branches: with fewer, it is the calls that take the time
_GROWTH = 2  # how many times as many as were left the last time are compared again
_COPIES = 3  # of everything there is, at most, at one moment
_MASK_BITS = 20_000_000  # operations times bits; for each, one bit may be kept


Seed = int | np.random.SeedSequence | None


class TooMuchWork(GivesUp):
    """It takes more work than it may, or more memory."""


class Run:
    """One run of a program: what it has taken so far, and what it may take."""

    def __init__(
        self,
        program: Program,
        shots: int,
        seed: Seed,
        limit: float,
        max_bytes: int,
        readout: Readout | None = None,
        single: bool = False,
    ) -> None:
        self.single = single  # whether single precision will do, and qsim is there
        self.random = np.random.Generator(np.random.PCG64(seed))
        self.readout = readout
        self.qubits = program.qubits
        self.shots = shots
        self._work = 0.0
        self._limit = limit
        self._bytes = 32 * shots
        self._max_bytes = max_bytes
        used: set[int] = set()
        collect(program.operations, set(), used)
        shown = [bit for register in program.registers for bit in register]
        numbers = [*shown, *sorted(used.difference(shown))]
        self.rows = {bit: row for row, bit in enumerate(numbers)}
        self.hold(_COPIES * ((16 << program.qubits) + len(numbers)))
        self._operations = 0

    def spend(self, work: float) -> None:
        """Counts work, in nanoseconds, before it is done."""
        deadline.check()
        self._work += work
        if self._work > self._limit:
            raise TooMuchWork(f"more than {self._limit:.0f} ns")

    def expect(self, work: float) -> None:
        """Raises TooMuchWork at once if the work still to do is too much."""
        if self._work + work > self._limit:
            raise TooMuchWork(f"more than {self._limit:.0f} ns")

    def hold(self, more: int) -> None:
        """Counts memory, in bytes, before it is taken."""
        self._bytes += more
        if self._bytes > self._max_bytes:
            raise TooMuchWork(f"more than {self._max_bytes} bytes")

    def read(self) -> None:
        """Counts an operation of the program."""
        self._operations += 1
        if self._operations * len(self.rows) > _MASK_BITS:
            raise TooMuchWork("too many bits")
        self.spend(BUILD)

    def mask(self, bits: Iterable[int]) -> int:
        """Bits as the places in an int."""
        result = 0
        for bit in bits:
            result |= 1 << self.rows[bit]
        return result

    def evaluate(self, condition: Condition, bits: NDArray[np.bool_]) -> Any:
        """A condition in each branch: an array, or one bool for all."""
        self.spend(CONDITION + 0.2 * bits.shape[1])
        if isinstance(condition, bool):
            return condition
        if isinstance(condition, int):
            return bits[self.rows[condition]]
        values = [self.evaluate(part, bits) for part in condition[1:]]
        match condition[0]:
            case "!":
                return np.logical_not(*values)
            case "&":
                return np.logical_and(*values)
            case "|":
                return np.logical_or(*values)
        return np.logical_xor(*values)


class Group:
    """Branches: `amplitudes` (branches, 2**qubits), or (branches, 0) when no qubit is needed any
    more; `bits` (bits, branches); `shots` (branches,), each at least 1."""

    def __init__(self, run: Run) -> None:
        self.amplitudes: Amplitudes = np.zeros((1, 1 << run.qubits), dtype=np.complex128)
        self.amplitudes[0, 0] = 1
        self.bits = np.zeros((len(run.rows), 1), dtype=np.bool_)
        self.shots = np.array([run.shots], dtype=np.int64)
        self._merged = 0

    def select(self, which: NDArray[Any]) -> Group:
        """Some of the branches."""
        result = object.__new__(Group)
        result.amplitudes = self.amplitudes[which]
        result.bits = self.bits[:, which]
        result.shots = self.shots[which]
        result._merged = self._merged
        return result

    def become(self, parts: list[Group]) -> None:
        """The branches of all of these."""
        if len(parts) == 1:
            self.amplitudes, self.bits = parts[0].amplitudes, parts[0].bits
            self.shots = parts[0].shots
        else:
            self.amplitudes = np.concatenate([part.amplitudes for part in parts])
            self.bits = np.concatenate([part.bits for part in parts], axis=1)
            self.shots = np.concatenate([part.shots for part in parts])

    def forget(self) -> None:
        """No qubit is needed any more."""
        self.amplitudes = np.zeros((len(self.shots), 0), dtype=np.complex128)

    def part(self, holds: NDArray[np.bool_]) -> list[Group]:
        """Where something does not hold and where it does; what it was is gone."""
        parts = [self.select(~holds), self.select(holds)]
        self.become([parts[0].select(np.array([], dtype=np.int64))])
        return parts

    def split(
        self,
        run: Run,
        layout: Layout,
        weights: NDArray[np.float64],
        likely: NDArray[np.float64],
        reset: bool = False,
        last: bool = False,
    ) -> NDArray[np.int64]:
        """Draws an outcome for every shot by what is `likely`; returns that of each branch.

        `weights` are the probabilities in the state, of which nothing is kept if it is the last.
        """
        branches, size = self.amplitudes.shape
        drawn = likely.size
        run.spend(SPLIT + min(DRAW * drawn, DRAW * branches + 5 * drawn + SEARCH * run.shots))
        parents, outcomes, shots = amplitudes.draw(run.random, likely, self.shots)
        width = 0 if last else size
        run.spend(len(shots) * (width * SPLIT_AMPLITUDE + len(self.bits) + 50))
        grown = len(shots) * (16 * width + len(self.bits)) - branches * (
            16 * size + len(self.bits)
        )
        run.hold(_COPIES * grown)
        certain = shots is self.shots
        if last:
            self.amplitudes = np.zeros((len(shots), 0), dtype=np.complex128)
        elif reset or not certain:
            scale = weights[parents, outcomes] ** -0.5
            self.amplitudes = layout.project(self.amplitudes, parents, outcomes, scale, reset)
        if not certain:
            self.bits = self.bits[:, parents]
            self.shots = shots
        return outcomes

    def err(self, run: Run, qubits: Sequence[int], probability: float) -> None:
        """Applies random Pauli operators to the qubits of so many shots, on average."""
        kinds = 4 ** len(qubits)
        wrong = run.random.binomial(self.shots, probability * (1 - 1 / kinds))
        total = int(wrong.sum())
        run.spend(CALL + len(wrong) * 20)
        if not total:
            return
        numbers = run.random.integers(1, kinds, total)
        order = np.lexsort((numbers, parents := np.arange(len(wrong)).repeat(wrong)))
        parents, numbers = parents[order], numbers[order]
        first = np.ones(total, dtype=np.bool_)
        first[1:] = (parents[1:] != parents[:-1]) | (numbers[1:] != numbers[:-1])
        starts = first.nonzero()[0]
        parents, numbers = parents[starts], numbers[starts]
        shots = np.diff(starts, append=total)
        size = self.amplitudes.shape[1]
        run.spend(SPLIT + len(starts) * (size * len(qubits) * SPLIT_AMPLITUDE + ROW))
        changed = amplitudes.paulis(self.amplitudes.take(parents, axis=0), qubits, numbers)
        self.shots = self.shots - wrong
        # Where no shot is left as it was, the first that has changed takes its place.
        gone = (self.shots == 0).nonzero()[0]
        moved = parents.searchsorted(gone)
        self.amplitudes[gone], self.shots[gone] = changed[moved], shots[moved]
        added = np.ones(len(parents), dtype=np.bool_)
        added[moved] = False
        if not added.any():
            return
        new = int(np.count_nonzero(added))
        run.spend(self.amplitudes.size * AMPLITUDE)
        run.hold(_COPIES * new * (16 * size + len(self.bits)))
        self.amplitudes = np.concatenate([self.amplitudes, changed[added]])
        self.bits = np.concatenate([self.bits, self.bits[:, parents[added]]], axis=1)
        self.shots = np.concatenate([self.shots, shots[added]])

    def misread(self, run: Run, rows: list[int]) -> None:
        """Lets some bits be the opposite in some of the shots."""
        run.spend(len(rows) * (CALL + len(self.shots) * DRAW))
        said, shots, parents = noise.misread(run.random, self.bits[rows], self.shots, run.readout)
        width = self.amplitudes.shape[1]
        grown = len(shots) - len(self.shots)
        run.spend(len(shots) * (width * SPLIT_AMPLITUDE + len(self.bits)))
        run.hold(_COPIES * grown * (16 * width + len(self.bits)))
        self.amplitudes = self.amplitudes[parents]
        self.bits = self.bits[:, parents]
        self.bits[rows] = said
        self.shots = shots

    def merge(self, run: Run, live: int) -> None:
        """Merges branches that have the same state and the same `live` bits, if there are many
        more branches than at the last merge."""
        branches, size = self.amplitudes.shape
        if branches < max(_MERGED_FROM, _GROWTH * self._merged):
            return
        run.spend(SPLIT + (branches + len(self.bits)) * ROW + branches * size * SPLIT_AMPLITUDE)
        rows = [row for row in range(len(self.bits)) if live >> row & 1]
        states = amplitudes.fingerprints(self.amplitudes, run.single)
        bits = np.packbits(self.bits[rows], axis=0).T
        first: dict[bytes, int] = {}
        same = [
            first.setdefault(state.tobytes() + own.tobytes(), branch)
            for branch, (state, own) in enumerate(zip(states, bits, strict=True))
        ]
        if len(first) < branches:
            shots = np.zeros(branches, dtype=np.int64)
            np.add.at(shots, same, self.shots)
            kept = np.array(list(first.values()))
            self.shots = shots
            self.become([self.select(kept)])
            run.hold(-_COPIES * (branches - len(first)) * (16 * size + len(self.bits)))
        self._merged = len(first)

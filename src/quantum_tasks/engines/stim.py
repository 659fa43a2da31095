"""Stim: Clifford programs, of which it simulates one shot, and how the others differ from it.

Its circuit is text, which is twenty times as fast as calling it for each gate.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from quantum_tasks.capability import release
from quantum_tasks.circuits.circuit import Gate, Unitary
from quantum_tasks.circuits.observables import Observable, letters
from quantum_tasks.engines.engine import (
    NO_AVERAGE,
    TAKES_MATRIX,
    TAKES_STATE,
    Engine,
    Prepared,
    Question,
    SimulationError,
    Work,
)
from quantum_tasks.engines.sampling import derived, tallied_rows
from quantum_tasks.engines.stim_circuit import Parity, Refused, Written, write
from quantum_tasks.errors import SIMULATION_FAILED
from quantum_tasks.tasks import Method

_BLOCK_BYTES = 64 << 20  # of the shots that are sampled together
_SPARE_BYTES = 1 << 20
_OF_MISREADING = 3  # for a seed of its own
_SIDE = 256  # bits: a row of a table is a multiple of these


# What it takes, in nanoseconds of one core. A line of the circuit, by the tableau; a cell of that;
_LINE, _LINE_QUBIT, _CELL = 450, 0.1, 0.4
# a measurement or a reset, per qubit; and if its outcome is open;
_LOOK, _LOOK_QUBIT, _OPEN, _OPEN_QUBIT = 1.0, 0.00025, 1.0, 0.015
# of each shot: what is measured; a line; an error that may happen, or does;
_RECORD, _FRAME, _ERROR, _HIT = 2.8, 0.005, 0.1, 30
# to count it, and to find each of the shown bits; and of each outcome that differs, its key.
_ROW, _READ, _KEY, _KEY_BIT = 25, 4, 250, 2
_WIDE_KEY, _WIDE_KEY_BIT = 1000, 14  # of more bits than a machine word has
_RUN_MS = 0.18


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Written)


@cache
def module() -> ModuleType | None:
    """Stim; None where it is not installed."""
    try:
        return import_module("stim")
    except ImportError:
        return None


def _module() -> Any:
    found = module()
    assert found is not None
    return found


class Stim(Engine):
    """A tableau for one shot, and for each other shot only where it differs. What a measurement
    decides are Pauli gates, by the parity of what was measured."""

    method = Method.STABILIZER
    name = release("stim")
    gives_up = False

    def __init__(self, memory_mb: int) -> None:
        self._block_bytes = min(_BLOCK_BYTES, memory_mb << 17)

    def refusal(self, question: Question) -> str | None:
        if question.takes_matrix:
            return TAKES_MATRIX
        if question.takes_state:
            return TAKES_STATE
        found = question.with_errors().once(_written)
        return found if isinstance(found, str) else None

    def bytes(self, question: Question) -> int:
        written = _circuit_of(question)
        side = -(-question.program.qubits // _SIDE) * _SIDE
        tables = side * side // 2
        shots = min(self._shots_at_once(question), max(1, question.shots))
        return tables + 2 * len(written.text) + shots * _shot_bytes(question)

    def work(self, question: Question, size: int) -> Work:
        """Each measurement looks at a row of the tableau. If its outcome is open, it combines
        rows, of which the more differ the more gates on two qubits there were; no more outcomes
        are open than there are gates like H."""
        written, qubits, shots = _circuit_of(question), question.program.qubits, question.shots
        text, records = written.text, written.records
        lines = text.count("\n")
        looked_at = text.count("\nM") + text.count("\nR")
        opened = min(looked_at, text.count("\nH") + text.count("\nSQRT"))
        entangled = min(1.0, text.count("\nC") / (5 * qubits + 1))
        ns = lines * (_LINE + _LINE_QUBIT * qubits) + _CELL * qubits * qubits
        ns += looked_at * qubits * (_LOOK + _LOOK_QUBIT * qubits)
        ns += opened * qubits * (_OPEN + _OPEN_QUBIT * qubits * entangled)
        errors = text.count("\nDEP") + (looked_at if "\nM(" in text else 0)
        rate = max(_rates(question))
        ns += shots * (records * _RECORD + lines * _FRAME + errors * (_ERROR + rate * _HIT))
        ns += shots * (_ROW + _READ * (0 if question.once(_direct) else _read(written)))
        bits = len(written.shown)
        keys = min(shots, 2 ** min(bits, opened + (64 if errors else 0), 64))
        wide = bits > 64
        key = _WIDE_KEY + _WIDE_KEY_BIT * bits if wide else _KEY + _KEY_BIT * bits
        return Work(_RUN_MS + (ns + keys * key) / 1e6)

    def prepare(self, question: Question) -> Prepared:
        """The circuit, which is about as long as the program. It is not kept if noise is in it, or
        if what is shown are parities: of these there may be many more than operations."""
        if question.options.noise is not None:
            return b""
        written = _circuit_of(question)
        return _encoder.encode(written) if _read(written) <= 2 * len(written.shown) else b""

    def counts(self, question: Question, seed: int | None, threads: int) -> Mapping[int, int]:
        written = _circuit_of(question)
        _reserve(self.bytes(question))
        sampler = _module().Circuit(written.text).compile_sampler(seed=seed)
        random = np.random.Generator(np.random.PCG64(derived(seed, _OF_MISREADING)))
        reader = _Reader(written, question.once(_direct), random)
        counts: Counter[int] = Counter()
        at_once = self._shots_at_once(question)
        for start in range(0, question.shots, at_once):
            records = sampler.sample_bit_packed(min(at_once, question.shots - start))
            found = tallied_rows(reader.shown(records))
            counts = counts + found if counts else found
        return counts

    def exact(
        self, question: Question, observables: Sequence[Observable], threads: int
    ) -> list[float]:
        program = question.program
        if not all(isinstance(one, (Gate, Unitary)) for one in program.operations):
            raise SimulationError(SIMULATION_FAILED, NO_AVERAGE)
        _reserve(self.bytes(question))
        state = _module().TableauSimulator()
        state.set_num_qubits(program.qubits)
        state.do(_module().Circuit(_circuit_of(question).text))
        return [
            sum(
                number * state.peek_observable_expectation(_word(word, program.qubits))
                for word, number in one.words.items()
            )
            for one in observables
        ]

    def _shots_at_once(self, question: Question) -> int:
        return max(_SIDE, self._block_bytes // _shot_bytes(question) // _SIDE * _SIDE)


def _written(question: Question) -> Written | str:
    """The circuit, or why there is none."""
    if question.prepared:
        return _decoder.decode(question.prepared)
    try:
        return write(question.program, question.readout)
    except Refused as refusal:
        return str(refusal)


def _circuit_of(question: Question) -> Written:
    found = question.with_errors().once(_written)
    assert isinstance(found, Written)
    return found


def _rates(question: Question) -> tuple[float, ...]:
    """How often what errs does so."""
    noise = question.options.noise
    gates = noise.depolarizing if noise is not None else None
    return (*((gates.p1, gates.p2) if gates is not None else ()), *(question.readout or (0.0,)))


def _read(written: Written) -> int:
    """How many bits of a shot's records are looked at."""
    return len(written.shown) + sum(len(records) for records, _ in written.shown)


def _shot_bytes(question: Question) -> int:
    """What each of the shots that are sampled together takes."""
    written = _circuit_of(question)
    frame = question.program.qubits // 4 + 1  # an X and a Z of each qubit, as bits
    records = written.records // 2 + 1  # as bits: twice inside Stim, and twice as what it returns
    shown = len(written.shown)
    unpacked = 0 if question.once(_direct) else 2 * shown + written.records
    misread = 10 * written.records if written.readout else 0
    return frame + records + shown // 4 + unpacked + misread


def _direct(question: Question) -> range | None:
    """The bytes of the records that are the shown bits as they are; None if they are not."""
    written = _circuit_of(question)
    first = min(written.shown[0][0], default=None) if written.shown else None
    if first is None or first % 8 or written.readout is not None:
        return None
    end = first + len(written.shown)
    if end % 8 and end != written.records:
        return None
    for record, shown in enumerate(written.shown, first):
        if shown != (frozenset((record,)), False):
            return None
    return range(first // 8, -(-end // 8))


class _Reader:
    """Finds the shown bits in records; both are bits in bytes, the first the least significant."""

    def __init__(
        self, written: Written, direct: range | None, random: np.random.Generator
    ) -> None:
        self._random = random
        self._readout = written.readout
        self._bytes = direct
        self._is_direct = self._bytes is not None
        if self._bytes is None:
            read = {record for records, _ in written.shown for record in records}
            self._bytes = range(min(read, default=0) // 8, max(read, default=-1) // 8 + 1)
            self._shown = [self._moved(parity) for parity in written.shown]

    def _moved(self, parity: Parity) -> tuple[list[int], bool]:
        """The records, as numbers of bits from the first byte on that is read."""
        assert self._bytes is not None
        return [record - 8 * self._bytes.start for record in sorted(parity[0])], parity[1]

    def shown(self, records: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The shown bits (shots, bytes) in records (shots, bytes)."""
        assert self._bytes is not None
        part = records[:, self._bytes.start : self._bytes.stop]
        if self._is_direct:
            return part
        bits = np.unpackbits(part, axis=1, bitorder="little")
        if self._readout is not None:
            up, down = self._readout
            bits ^= self._random.random(bits.shape) < np.where(bits, down, up)
        found = np.zeros((len(bits), len(self._shown)), dtype=np.uint8)
        single = [(place, of[0]) for place, (of, _) in enumerate(self._shown) if len(of) == 1]
        if single:
            places, columns = map(list, zip(*single, strict=True))
            found[:, places] = bits[:, columns]
        for place, (of, _) in enumerate(self._shown):
            if len(of) > 1:
                found[:, place] = np.bitwise_xor.reduce(bits[:, of], axis=1)
        found ^= np.array([negated for _, negated in self._shown], dtype=np.uint8)
        return np.packbits(found, axis=1, bitorder="little")


def _reserve(size: int) -> None:
    """Raises MemoryError if so many bytes and a few are not there. Stim does not look whether it
    is given the memory that it asks for: the process would end."""
    np.empty(size + size // 4 + _SPARE_BYTES, dtype=np.uint8)


def _word(word: tuple[int, int], qubits: int) -> Any:
    return _module().PauliString(letters(word, qubits)[::-1])

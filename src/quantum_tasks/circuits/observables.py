"""Observables, which are sums of Pauli operators: what has to be measured for them, and what the
outcomes mean."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from quantum_tasks.circuits.circuit import (
    Gate,
    Measure,
    Operation,
    Program,
    Store,
    collect,
    collect_bits,
)
from quantum_tasks.circuits.noise import Readout
from quantum_tasks.tasks import PauliTerm

MOST_READ_WORDS = 4096  # into which all observables together may be split: see as_read

# A Pauli operator, as two masks: the qubits with an X in it, and those with a Z. A Y has both.
Word = tuple[int, int]


class Observable(msgspec.Struct, frozen=True):
    """A constant, and Pauli words with their coefficients; no word is the identity."""

    constant: float
    words: dict[Word, float]


class Basis(msgspec.Struct, frozen=True):
    """Words that one measurement of each of some qubits can measure: they have the same letter at
    every qubit that they share. `word` is all of them combined."""

    word: Word
    words: list[Word]

    @property
    def measured(self) -> list[int]:
        return places(self.word[0] | self.word[1])


def observable(terms: Sequence[PauliTerm]) -> Observable:
    """The observable of a sum as it was submitted; terms with the same operator are added up."""
    words: dict[Word, float] = {}
    for term in terms:
        word = _word(term.pauli)
        words[word] = words.get(word, 0.0) + term.coeff
    return Observable(words.pop((0, 0), 0.0), words)


def _word(letters: str) -> Word:
    x = int("".join("1" if letter in "XY" else "0" for letter in letters), 2)
    z = int("".join("1" if letter in "YZ" else "0" for letter in letters), 2)
    return x, z


def places(mask: int) -> list[int]:
    """The numbers of the bits that are 1."""
    return [place for place in range(mask.bit_length()) if mask >> place & 1]


def on_qubits(whole: Observable, program: Program, readout: Readout | None = None) -> Observable:
    """Turns an observable of the declared qubits into one of the qubits that the compiled program
    has.

    The other qubits are in state 0: there Z is 1, and X and Y are 0; or the average that a
    measurement that errs makes of these.
    """
    if not program.declared:
        return whole
    up, down = readout or (0.0, 0.0)
    constant, words = whole.constant, dict[Word, float]()
    dropped = ~sum(1 << place for place in program.places)
    for (x, z), number in whole.words.items():
        value = number * (down - up) ** (x & dropped).bit_count()
        value *= (1 - 2 * up) ** (z & ~x & dropped).bit_count()
        word = (_gathered(x, program.places), _gathered(z, program.places))
        if word == (0, 0):
            constant += value
        elif value:
            words[word] = words.get(word, 0.0) + value
    return Observable(constant, words)


def as_read(whole: Observable, readout: Readout | None) -> Observable:
    """The observable whose exact value is the mean that measurements that err would give.

    A measurement that reads 1 for 0 with the probability `up`, and 0 for 1 with `down`, has the
    mean of (1 - up - down) Z + (down - up): each letter becomes this sum, in its own basis. Where
    both probabilities are the same, a word stays one word; otherwise a word of k letters becomes
    2^k words, fewer where some are equal. words_read says how many at most.
    """
    if readout is None:
        return whole
    up, down = readout
    scale, shift = 1 - up - down, down - up
    constant, words = whole.constant, dict[Word, float]()
    for word, number in whole.words.items():
        parts = {word: number}
        for place in places(word[0] | word[1]):
            rest = ~(1 << place)
            split = dict[Word, float]()
            for (x, z), value in parts.items():
                if scale:
                    split[x, z] = value * scale
                if shift:
                    split[x & rest, z & rest] = value * shift
            parts = split
        constant += parts.pop((0, 0), 0.0)
        for part, value in parts.items():
            words[part] = words.get(part, 0.0) + value
    return Observable(constant, words)


def words_read(terms: Sequence[PauliTerm], readout: Readout | None) -> int:
    """How many words as_read makes of a sum at most."""
    up, down = readout or (0.0, 0.0)
    if up == down or up + down == 1:
        return len(terms)
    return sum(1 << len(term.pauli) - term.pauli.count("I") for term in terms)


def _gathered(mask: int, kept: Sequence[int]) -> int:
    return sum((mask >> place & 1) << number for number, place in enumerate(kept))


def letters(word: Word, qubits: int) -> str:
    """A word as Qiskit writes it, qubit 0 last."""
    x, z = word
    return "".join("IXZY"[(x >> q & 1) + 2 * (z >> q & 1)] for q in reversed(range(qubits)))


def bases(observables: Sequence[Observable]) -> list[Basis]:
    """A small number of bases in which every word can be measured. The longest words are placed
    first."""
    words = dict.fromkeys(word for one in observables for word in one.words)
    found: list[Basis] = []
    for word in sorted(words, key=lambda word: -(word[0] | word[1]).bit_count()):
        x, z = word
        for number, basis in enumerate(found):
            bx, bz = basis.word
            if ((x ^ bx) | (z ^ bz)) & (x | z) & (bx | bz) == 0:
                found[number] = Basis((x | bx, z | bz), [*basis.words, word])
                break
        else:
            found.append(Basis(word, [word]))
    return found


def turns(basis: Basis) -> list[Gate]:
    """The gates that turn the basis, so that the qubits can then be measured as usual."""
    gates: list[Gate] = []
    x, z = basis.word
    for qubit in places(x):
        gates += [Gate("sdg", (qubit,))] if z >> qubit & 1 else []
        gates.append(Gate("h", (qubit,)))
    return gates


def statistics(
    whole: Observable, basis: Basis, bits: NDArray[np.bool_], shots: NDArray[np.int64]
) -> tuple[float, float]:
    """The mean of the observable's words in a basis, and the square of its standard error.

    `bits` (measured, outcomes) are what was measured, `shots` how often. The variance is that of
    the sum of the words in a shot, with n - 1 in the denominator; with only one shot it is
    unknown.
    """
    rows = {place: row for row, place in enumerate(basis.measured)}
    packed = np.packbits(bits, axis=0, bitorder="little")
    filled = np.zeros((-(-len(packed) // 8) * 8, bits.shape[1]), dtype=np.uint8)
    filled[: len(packed)] = packed
    columns = np.ascontiguousarray(filled.T).view(np.uint64).T
    sums = np.zeros(bits.shape[1])
    for word in basis.words:
        coefficient = whole.words.get(word)
        if coefficient is not None:
            mask = sum(1 << rows[place] for place in places(word[0] | word[1]))
            sums += coefficient * (1.0 - 2.0 * _parities(columns, mask))
    total = int(shots.sum())
    mean = float(shots @ sums) / total
    variance = float(shots @ (sums - mean) ** 2) / max(1, total - 1)
    return mean, variance / total


def _parities(columns: NDArray[np.uint64], mask: int) -> NDArray[np.uint8]:
    parity = np.zeros(columns.shape[1], dtype=np.uint8)
    for number, column in enumerate(columns):
        part = mask >> 64 * number & (1 << 64) - 1
        if part:
            parity ^= np.bitwise_count(column & np.uint64(part))
    return parity & np.uint8(1)


def before_measurements(operations: Sequence[Operation]) -> list[Operation]:
    """The operations without the final measurements: those after which nothing touches the qubit,
    and whose bits decide nothing that is kept."""
    kept: list[Operation] = []
    qubits: set[int] = set()
    bits: set[int] = set()
    for operation in reversed(operations):
        match operation:
            case Measure() if operation.qubit not in qubits and operation.bit not in bits:
                continue
            case Store() if operation.bit not in bits:
                continue
            case Store():
                collect_bits(operation.value, bits)
            case Measure():
                qubits.add(operation.qubit)
            case _:
                collect([operation], qubits, bits)
        kept.append(operation)
    return kept[::-1]

"""What the steps of a circuit do: they are taken at their word, and simulated.

Not gates of a program's own: a circuit has only their names.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
from oracle.gates import apply

from quantum_tasks.circuits.gates import Basic, power
from quantum_tasks.language.statements.gatecalls import KNOWN
from quantum_tasks.pictures.steps import Circuit, Step

_POWERS = re.compile(r"†|\^[-+.0-9e]+")
_CELL = re.compile(r"(\w+)\[(\d+)\]")
_HIDDEN = re.compile(r"\bt\d+\b")
_TURNS = 60  # of a loop
_NEVER = 1e-13

Bits = dict[Any, int]  # by register and place, or by the name of a hidden bit


class Case(NamedTuple):
    """What may be after some outcomes: how probable, the state, and the bits."""

    probability: float
    state: np.ndarray
    bits: Bits


def matrix(step: Step) -> np.ndarray:
    """What a gate does on its targets, the first of them as the lowest bit."""
    name, powers = re.split(r"[†^]", step.name)[0], _POWERS.findall(step.name)
    texts = [re.sub(r"(\d)π", r"\1*π", text) for text in step.text.split(", ") if text]
    angles = [float(eval(text, {"π": math.pi})) for text in texts]
    if name == "gphase":
        gate: Any = Basic("gphase", tuple(angles))
    else:
        gate = (KNOWN.get(name) or KNOWN[f"qelib1 {name}"])[1](*angles)
    for each in powers:
        number = 0.0 if each == "†" else float(each[1:])
        whole = int(number) if number.is_integer() else number
        gate = gate.inverse if each == "†" else power(gate, whole)
    found_matrix: np.ndarray = gate.matrix
    return found_matrix


def _changed(state: np.ndarray, step: Step) -> np.ndarray:
    """A state after a gate, which acts only where its controls are what they must be."""
    changed = apply(matrix(step), step.qubits[::-1], state)
    place: list[Any] = [slice(None)] * state.ndim
    for wire in step.controls:
        place[wire] = 0 if wire in step.open else 1
    result = state.copy()
    result[tuple(place)] = changed[tuple(place)]
    return result


class Acting:
    """Simulates one circuit."""

    def __init__(self, circuit: Circuit) -> None:
        self._circuit = circuit
        self._sizes = {register.name: register.size for register in circuit.registers}

    def distribution(self) -> dict[str, float]:
        """How probable each key of counts is."""
        qubits = len(self._circuit.qubits)
        state = np.zeros((2,) * qubits + (1,), complex)
        state[(0,) * qubits] = 1
        bits: Bits = {(name, n): 0 for name, size in self._sizes.items() for n in range(size)}
        found: dict[str, float] = {}
        for case in self._all([Case(1.0, state, bits)], self._circuit.steps):
            parts = [
                "".join(str(case.bits[name, n]) for n in reversed(range(size)))
                for name, size in self._sizes.items()
            ]
            key = " ".join(reversed(parts))
            found[key] = found.get(key, 0.0) + case.probability
        return found

    def _all(self, cases: list[Case], steps: Iterable[Step]) -> list[Case]:
        for step in steps:
            cases = self._one(cases, step)
        return cases

    def _one(self, cases: list[Case], step: Step) -> list[Case]:
        match step.kind:
            case "gate" if step.name != "delay":
                return [case._replace(state=_changed(case.state, step)) for case in cases]
            case "measure":
                cell: Any = step.text
                if step.bit is not None:
                    cell = self._circuit.registers[step.bit[0]].name, step.bit[1]
                return self._measured(cases, step.qubits[0], cell)
            case "reset":
                (wire,) = step.qubits
                return [
                    case._replace(state=np.flip(case.state, wire) if case.bits[""] else case.state)
                    for case in self._measured(cases, wire, "")
                ]
            case "set":
                return [case._replace(bits=self._after(case.bits, step.text)) for case in cases]
            case "if":
                yes = [case for case in cases if self._holds(step.text, case.bits)]
                no = [case for case in cases if not self._holds(step.text, case.bits)]
                return self._all(yes, step.steps) + self._all(no, step.otherwise)
            case "while":
                return self._repeated(cases, step)
            case "call":
                return self._all(cases, step.steps)
        return cases  # a barrier, a delay

    def _repeated(self, cases: list[Case], step: Step) -> list[Case]:
        done: list[Case] = []
        for _ in range(_TURNS):
            done += [case for case in cases if not self._holds(step.text, case.bits)]
            cases = [case for case in cases if self._holds(step.text, case.bits)]
            if not cases:
                break
            cases = self._all(cases, step.steps)
        return done + cases

    def _measured(self, cases: list[Case], wire: int, cell: Any) -> list[Case]:
        found = []
        for case in cases:
            for outcome in (0, 1):
                state = np.moveaxis(case.state, wire, 0).copy()
                state[1 - outcome] = 0
                chance = float((abs(state) ** 2).sum())
                if case.probability * chance > _NEVER:
                    state = np.moveaxis(state, 0, wire) / math.sqrt(chance)
                    bits = {**case.bits, cell: outcome}
                    found.append(Case(case.probability * chance, state, bits))
        return found

    def _after(self, bits: Bits, text: str) -> Bits:
        for assignment in text.split("; "):
            target, _, value = assignment.partition(" = ")
            cell = _CELL.fullmatch(target)
            where: Any = (cell[1], int(cell[2])) if cell else target
            if target in self._sizes:
                where = target, 0
            bits = {**bits, where: self._holds(value, bits)}
        return bits

    def _holds(self, text: str, bits: Bits) -> int:
        """The value of a condition, which is 0 or 1."""
        python = text.replace("&&", " and ").replace("||", " or ")
        python = re.sub(r"!(?!=)", " not ", python)
        python = _CELL.sub(r"bit('\1', \2)", python)
        names: dict[str, Any] = dict.fromkeys(_HIDDEN.findall(text), 0)  # before their first
        names |= {name: value for name, value in bits.items() if isinstance(name, str)}
        for name, size in self._sizes.items():
            names[name] = sum(bits[name, n] << n for n in range(size))
        bit: Callable[[str, int], int] = lambda name, n: bits[name, n]  # noqa: E731
        names |= {"bit": bit, "true": 1, "false": 0}
        return int(bool(eval(python, {}, names)))

"""Straight lines: from what they are written as to operations, without a syntax tree.

A line is simple if each of its qubits and bits is a single one, by its name or by its number in a
register, and if its gate becomes a few gates on them. All other lines are compiled like any
statement, one by one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import TypeAlias

from openqasm3 import ast

from quantum_tasks.circuits.circuit import Condition, Gate, Measure, Operation, Reset
from quantum_tasks.circuits.gates import Node as Called
from quantum_tasks.language.expressions import Evaluator
from quantum_tasks.language.machine import Machine, Variable
from quantum_tasks.language.measured.cases import NeedsKnownError
from quantum_tasks.language.scope import CONSTANTS, Qubits, Scopes, StandardGate, called
from quantum_tasks.language.statements.blocks import Blocks
from quantum_tasks.language.statements.gatecalls import KNOWN, GateCalls
from quantum_tasks.parsing import straight
from quantum_tasks.parsing.cursor import UnsureError
from quantum_tasks.parsing.mistakes import Node
from quantum_tasks.parsing.straight import Line, Lines

_MOST_PARTS = 64  # of a gate that is written out here
_MOST_ALONE = 200  # lines compiled one by one, and a quarter of all: each is parsed by itself
_PROBE = 0.1  # an angle
_REFERENCE = re.compile(r"([^\[]+)(?:\[([0-9]+)\])?")
_NAME = re.compile(r"[^\W0-9]\w*")
# A gate with one angle: its name; a sign, and an integer or another number.
_TURN = re.compile(
    r"([^\W0-9]\w*)[ \t\n]*\([ \t\n]*(-?)"
    r"(?:([0-9]{1,15})|((?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]{1,2})?))"
    r"[ \t\n]*\)[ \t\n]*"
)

# An operation that a call writes: its name, the places of its qubits in the call, and its angles.
Part: TypeAlias = tuple[str, tuple[int, ...], tuple[float, ...]]
# A call: how many qubits it takes; its name and angles, if it writes one gate on all of them as
# they are; else its parts; and how many operations it counts as.
Call: TypeAlias = tuple[int, str, tuple[float, ...], Sequence[Part] | None, int]

_OF_RESET: Sequence[Part] = (("reset", (0,), ()),)
_BARRIER: Call = (-1, "", (), (), 0)
_RESET: Call = (1, "", (), _OF_RESET, 1)


class _NotSimpleError(Exception):
    """A line is compiled like any statement."""


class StraightLines:
    """Compiles straight lines. Raises ProgramError, which need not say where, or UnsureError."""

    def __init__(
        self,
        evaluator: Evaluator,
        machine: Machine,
        gates: GateCalls,
        blocks: Blocks,
    ) -> None:
        self._listing = evaluator.listing
        self._scopes = evaluator.scopes
        self._machine = machine
        self._blocks = blocks
        self._qubits = _SingleQubits(evaluator)
        self._bits = _SingleBits(evaluator.scopes)
        self._calls = _Calls(evaluator, machine, gates)
        self._lines = 0
        # They are kept: parts of the compiler know a statement by its id().
        self._alone: list[Node] = []

    def compile(self, node: Lines) -> None:
        """Writes the operations of lines at the top level of a program."""
        qubits, bits, calls = self._qubits, self._bits, self._calls
        self._listing.take_turn(len(node.lines))
        self._lines += len(node.lines)
        calls.forget()
        written: list[Operation] = []
        known: dict[Variable, dict[int, Condition]] = {}
        write = written.append
        unread = self._listing.unread
        for line in node.lines:
            gate, first, second, more, left, measured, observed, right, _ = line
            try:
                if gate:
                    size, name, params, parts, cost = calls[gate]
                    at: tuple[int, ...]
                    if size == 1 and not second:
                        at = (qubits[first],)
                    elif size == 2 and second and not more:
                        at = (qubits[first], qubits[second])
                        if at[0] == at[1]:
                            raise _NotSimpleError
                    else:
                        at = self._several(size, first, second, more)
                    if parts is None:
                        write(Gate(name, at, params))
                    else:
                        self._listing.require(len(written) + cost)
                        written += _expanded(parts, at)
                else:
                    variable, place, home = bits[left or right]
                    if home in unread:
                        self._listing.measured(home, called(variable, place))
                    unread.add(home)
                    write(Measure(qubits[measured or observed], home))
                    known.setdefault(variable, {})[place] = home
                    calls.measured()
            except _NotSimpleError:
                self._flush(written, known)
                self._compile_alone(line)
        self._flush(written, known)

    def _several(self, size: int, first: str, second: str, more: str) -> tuple[int, ...]:
        names = [first, *([second] if second else []), *more.split(",")[1:]]
        at = tuple([self._qubits[name.strip(" \t\n")] for name in names])
        if size >= 0 and not len(at) == len(set(at)) == size:
            raise _NotSimpleError
        return at

    def _flush(
        self, written: list[Operation], known: dict[Variable, dict[int, Condition]]
    ) -> None:
        self._listing.extend(written)
        for variable, places in known.items():
            self._machine.all_measured(variable, places)
        written.clear()
        known.clear()

    def _compile_alone(self, line: Line) -> None:
        self._calls.forget()
        if len(self._alone) > _MOST_ALONE + self._lines // 4:
            raise UnsureError
        node = straight.statement(line, self._scopes.is_version_2)
        self._alone.append(node)
        self._blocks.statement(node)
        self._calls.forget()


class _SingleQubits(dict[str, int]):
    """The numbers of qubits, by what they are written as: at the top level, a name means the same
    for the rest of a program."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._scopes = evaluator.scopes
        self._references = evaluator.references

    def __missing__(self, text: str) -> int:
        if text[0] == "$":
            (number,) = self._references.qubits(ast.Identifier(text)).numbers
            self[text] = number
            return number
        name, index = _parts_of(text)
        symbol = self._scopes.find(name)
        if type(symbol) is not Qubits or symbol.scalar is not (index is None):
            raise _NotSimpleError
        if (index or 0) >= len(symbol.numbers):
            raise _NotSimpleError
        number = self[text] = symbol.numbers[index or 0]
        return number


class _SingleBits(dict[str, tuple[Variable, int, int]]):
    """Bits of variables: each the variable, the place in it, and the bit's home."""

    def __init__(self, scopes: Scopes) -> None:
        self._scopes = scopes

    def __missing__(self, text: str) -> tuple[Variable, int, int]:
        name, index = _parts_of(text)
        symbol = self._scopes.find(name)
        kind = "bit" if index is None else "bits"
        if not isinstance(symbol, Variable) or not symbol.homes or symbol.value.type.kind != kind:
            raise _NotSimpleError
        if (index or 0) >= len(symbol.homes):
            raise _NotSimpleError
        found = self[text] = (symbol, index or 0, symbol.homes[index or 0])
        return found


class _Calls(dict[str, Call]):
    """Calls of gates, by what their names and angles are written as."""

    def __init__(self, evaluator: Evaluator, machine: Machine, gates: GateCalls) -> None:
        self._scopes = evaluator.scopes
        self._listing = evaluator.listing
        self._machine = machine
        self._gates = gates
        self._turns: dict[str, tuple[int, str]] = {}
        self._changing: list[str] = []  # those whose angles may be others after a statement
        self._stale = False  # whether variables do not know yet what was measured
        self._replaced = 0  # of the scopes, when this was filled

    def forget(self) -> None:
        """Forgets what another statement may have changed; all variables are up to date."""
        if self._scopes.replaced != self._replaced:
            self._replaced = self._scopes.replaced
            self.clear()
            self._turns.clear()
            self._changing.clear()
        for text in self._changing:
            del self[text]
        self._changing.clear()
        self._stale = False

    def measured(self) -> None:
        """Notes that variables are not up to date: no angle may be worked out from them."""
        if self._changing:
            self.forget()
        self._stale = True

    def __missing__(self, text: str) -> Call:
        if (turn := _TURN.fullmatch(text)) is not None:
            name, sign, whole, number = turn.groups()
            usual = self._turns.get(name) or self._turn(name)
            angle = float(whole or number)
            if usual is not None and math.isfinite(angle):
                params = (-angle if sign and angle else angle,)
                call: Call = usual[0], usual[1], params, None, 1
                self[text] = call
                return call
        name, _, angles = text.partition("(")
        fixed = None if angles else self._fixed(name.strip())
        changing = not CONSTANTS.issuperset(_NAME.findall(angles))
        if changing and self._stale:
            raise _NotSimpleError
        call = self[text] = fixed or self._evaluated(text)
        if changing:
            self._changing.append(text)
        return call

    def _turn(self, name: str) -> tuple[int, str] | None:
        """The number of qubits, and the name, of a usual gate with one angle."""
        symbol = self._scopes.find(name)
        if type(symbol) is StandardGate and symbol.name in _TURNS:
            self._turns[name] = _TURNS[symbol.name]
        return self._turns.get(name)

    def _fixed(self, name: str) -> Call | None:
        """What a usual gate without angles becomes."""
        symbol = self._scopes.find(name)
        if type(symbol) is StandardGate:
            return _FIXED.get(symbol.name)
        return {"barrier": _BARRIER, "reset": _RESET}.get(name)

    def _evaluated(self, text: str) -> Call:
        line = (text, "q", "", "", "", "", "", "", "")
        node = straight.statement(line, self._scopes.is_version_2)
        if not isinstance(node, ast.QuantumGate) or node.name.name == "nop":
            raise _NotSimpleError
        found: list[Call] = []

        def evaluate() -> None:
            mark = self._listing.mark()
            found.append(_call(self._gates.called(node)))
            if self._listing.mark() != mark:
                raise _NotSimpleError  # working it out has written operations

        try:
            self._machine.transaction(evaluate)
        except NeedsKnownError:
            raise _NotSimpleError from None
        return found[0]


def _parts_of(reference: str) -> tuple[str, int | None]:
    found = _REFERENCE.fullmatch(reference)
    assert found is not None
    return found[1], None if found[2] is None else int(found[2])


def _call(gate: Called) -> Call:
    """Raises _NotSimpleError."""
    if gate.cost > _MOST_PARTS:
        raise _NotSimpleError
    operations: list[Operation] = []
    places = tuple(range(gate.qubits))
    gate.emit(places, (), operations.append)
    parts = [(one.name, one.qubits, one.params) for one in operations if isinstance(one, Gate)]
    if len(parts) < len(operations):
        raise _NotSimpleError
    if len(parts) == 1 and parts[0][1] == places:
        return gate.qubits, parts[0][0], parts[0][2], None, 1
    return gate.qubits, "", (), parts, gate.cost


def _expanded(parts: Sequence[Part], at: tuple[int, ...]) -> list[Operation]:
    if parts is _OF_RESET:
        return [Reset(at[0])]
    return [
        Gate(name, tuple([at[place] for place in places]), params)
        for name, places, params in parts
    ]


# Calls of gates without angles, and the names and numbers of qubits of those that have one and
# hand it on as it is.
_FIXED = {name: _call(build()) for name, (angles, build) in KNOWN.items() if not angles}
_TURNS: dict[str, tuple[int, str]] = {
    name: call[:2]
    for name, (angles, build) in KNOWN.items()
    if angles == 1 and (call := _call(build(_PROBE)))[2] == (_PROBE,)
}

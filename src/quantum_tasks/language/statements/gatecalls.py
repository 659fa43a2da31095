"""Gate definitions and gate calls: from the syntax tree to operations on qubits."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from openqasm3 import ast

from quantum_tasks.circuits.gates import (
    BUILT_IN,
    STANDARD,
    Basic,
    Controlled,
    Sequence,
    power,
)
from quantum_tasks.circuits.gates import Node as Gate
from quantum_tasks.circuits.qelib1 import BUILT_IN_2, QELIB1
from quantum_tasks.errors import TooComplex
from quantum_tasks.language.expressions import Evaluator
from quantum_tasks.language.machine import Variable
from quantum_tasks.language.scope import (
    Ambiguous,
    GateDefinition,
    OpaqueGate,
    Qubits,
    Scope,
    StandardGate,
    Symbol,
    name_in_qelib1,
    what,
)
from quantum_tasks.language.statements.iteration import Iteration
from quantum_tasks.language.statements.outlines import outlined
from quantum_tasks.language.values import FLOAT, INTEGERS, Value, as_number
from quantum_tasks.parsing.mistakes import Node, ProgramError, semantic, unsupported
from quantum_tasks.tasks import WarningCode

_MAX_QUBITS_OF_A_GATE = 10_000
# By the names that scopes.py gives them.
KNOWN = {
    **BUILT_IN,
    **STANDARD,
    **{name_in_qelib1(name): found for name, found in (QELIB1 | BUILT_IN_2).items()},
}
_WITHOUT_ANGLES = {name: build() for name, (angles, build) in KNOWN.items() if not angles}
_NUMBERS = (*INTEGERS, "float", "angle")


_NO_PHASE = 1e-9


def _called_in(node: Any) -> Iterator[str]:
    """The names of the gates that are called in statements."""
    if isinstance(node, list):
        for one in node:
            yield from _called_in(one)
    elif isinstance(node, ast.QuantumGate):
        yield node.name.name
    elif isinstance(node, ast.ForInLoop):
        yield from _called_in(node.block)
    elif isinstance(node, ast.Box):
        yield from _called_in(node.body)
    elif isinstance(node, ast.CompoundStatement):
        yield from _called_in(node.statements)


class GateCalls:
    """Works out gates in the scope of the statement being compiled."""

    def __init__(self, evaluator: Evaluator, iteration: Iteration) -> None:
        self._evaluator = evaluator
        self._listing = evaluator.listing
        self._scopes = evaluator.scopes
        self._qubits = evaluator.references.qubits
        self._iteration = iteration
        self._meant: dict[str, Symbol] = {}  # by the names in the body that is worked out
        self._bodies: dict[tuple[GateDefinition, tuple[float, ...]], Gate] = {}

    def define(self, node: ast.QuantumGateDefinition) -> None:
        """Checks a definition, whether or not it is called, and declares it."""
        if not self._scopes.is_global:
            raise semantic("A gate is defined at the top level of the program.", node)
        names: set[str] = set()
        for identifier in (*node.arguments, *node.qubits):
            if identifier.name in names:
                raise semantic(f"'{identifier.name}' is declared twice.", node)
            names.add(identifier.name)
        definition = GateDefinition(node)
        # What its names mean is settled here, whatever takes the place of a gate later.
        for name in _called_in(node.body):
            symbol = self._scopes.find(name)
            if symbol is not None and (self._scopes.is_version_2 or name not in names):
                definition.gates[name] = symbol
        if not node.arguments:
            self._body(definition, ())
        else:
            # Any angles would do; these make nothing zero or infinite.
            angles = tuple(0.1 + 0.01 * n for n in range(definition.angles))
            try:
                self._body(definition, angles)
            except ProgramError as error:
                if not error.about_a_value:
                    raise
                self._check_each(definition, angles)
        self._scopes.declare(node.name, definition, node)

    def _body(self, definition: GateDefinition, angles: tuple[float, ...]) -> Gate:
        """What a gate does with some angles."""
        key = (definition, angles)
        if key not in self._bodies:
            node = definition.node
            parts: list[tuple[Gate, tuple[int, ...]]] = []
            with self._inside(definition, angles):
                self._collect(node.body, parts)
            self._bodies[key] = Sequence(definition.qubits, parts)
        return self._bodies[key]

    @contextmanager
    def _inside(self, definition: GateDefinition, angles: tuple[float, ...]) -> Iterator[None]:
        """The scope of a gate's body, with some angles."""
        node = definition.node
        scope = Scope(is_function=True)
        for argument, angle in zip(node.arguments, angles, strict=True):
            scope[argument.name] = Variable(argument.name, Value(FLOAT, angle))
        for place, qubit in enumerate(node.qubits):
            scope[qubit.name] = Qubits((place,), scalar=True)
        meant, self._meant = self._meant, definition.gates
        try:
            with self._scopes.function(scope):
                yield
        finally:
            self._meant = meant

    def _check_each(self, definition: GateDefinition, angles: tuple[float, ...]) -> None:
        """Looks at the rest of a body one of whose statements some angles do not suit."""
        for node in definition.node.body:
            try:
                with self._inside(definition, angles):
                    self._collect([node], [])
            except ProgramError as error:
                if not error.about_a_value:
                    raise

    def _collect(
        self, statements: Iterable[Node], parts: list[tuple[Gate, tuple[int, ...]]]
    ) -> None:
        """The calls in a gate's body, its loops unrolled."""
        for node in statements:
            self._listing.take_turn()
            match node:
                case ast.QuantumGate() | ast.QuantumPhase():
                    gate = self.called(node)
                    parts += [(gate, qubits) for qubits in self._operands(node, gate)]
                case ast.ForInLoop():
                    for value in self._iteration.values(node):
                        with self._scopes.block() as scope:
                            name = node.identifier.name
                            scope[name] = Variable(name, Value(value.type, value.data))
                            self._collect(node.block, parts)
                case ast.QuantumBarrier() | ast.DelayInstruction():
                    for qubit in node.qubits:
                        self._qubits(qubit)
                case ast.Box():
                    self._collect(node.body, parts)
                case ast.CompoundStatement():
                    self._collect(node.statements, parts)
                case _:
                    raise semantic("A gate's body takes gates and loops over gates only.", node)

    def apply(self, node: ast.QuantumGate | ast.QuantumPhase) -> None:
        """Compiles a gate call outside of gate definitions."""
        is_nop = isinstance(node, ast.QuantumGate) and node.name.name == "nop"
        if is_nop and not self._scopes.is_version_2 and self._scopes.find("nop") is None:
            for qubit in node.qubits:
                self._qubits(qubit)
            return
        gate = self.called(node)
        calls = self._operands(node, gate)
        try:
            self._listing.require(gate.cost * len(calls))
            if self._listing.outlines:
                self._outline(node, calls)
                return
            for qubits in calls:
                gate.emit(qubits, (), self._listing.emit)
        except RecursionError:
            raise ProgramError(TooComplex, "The gate is nested too deeply.", node) from None

    def _outline(
        self, node: ast.QuantumGate | ast.QuantumPhase, calls: list[tuple[int, ...]]
    ) -> None:
        """Writes what is to be drawn instead of gates."""
        is_phase = isinstance(node, ast.QuantumPhase)
        symbol = None if is_phase else self._scopes.find(node.name.name)
        angles = [self._angle(one) for one in ([node.argument] if is_phase else node.arguments)]
        given = [modifier.argument for modifier in node.modifiers]
        numbers = [1 if one is None else as_number(self._evaluator.known(one)) for one in given]
        for call in outlined(node, symbol, angles, numbers, calls):
            self._listing.mark_down(call)

    def called(self, node: ast.QuantumGate | ast.QuantumPhase) -> Gate:
        """The gate that a call means, with its angles and modifiers. Raises ProgramError."""
        if isinstance(node, ast.QuantumPhase):
            gate: Gate = Basic("gphase", (self._angle(node.argument),))
        else:
            gate = self._named(node)
        if node.modifiers and isinstance(node, ast.QuantumGate) and node.name.name == "U":
            self._note_phase(node, gate)
        for modifier in reversed(node.modifiers):
            gate = self._evaluator.attempt(modifier, self._modified, modifier, gate)
        return gate

    def _note_phase(self, node: ast.QuantumGate, gate: Gate) -> None:
        """Warns of a controlled U with a phase, where Qiskit means a gate without."""
        controlled = any("ctrl" in modifier.modifier.name for modifier in node.modifiers)
        if not controlled or not isinstance(gate, Basic) or gate.name != "u":
            return
        if abs(math.sin(gate.params[3] / 2)) > _NO_PHASE:
            self._listing.warnings.add(
                WarningCode.CONTROLLED_PHASE,
                "U(theta, phi, lambda) has the phase e^(i theta / 2), which a control shows. "
                "Programs that Qiskit exports without stdgates.inc mean the gate without it.",
                node,
                "without the phase: ctrl @ u3(theta, phi, lambda), of stdgates.inc",
            )

    def _named(self, node: ast.QuantumGate) -> Gate:
        name = node.name.name
        symbol = self._meant.get(name) or self._scopes.find(name)
        if symbol is None:
            raise self._scopes.unknown_gate(name, node)
        if isinstance(symbol, OpaqueGate):
            raise unsupported(f"The gate '{name}' is opaque; calling it is", node, "define it")
        if isinstance(symbol, Ambiguous):
            raise symbol.error(name, node)
        if isinstance(symbol, StandardGate):
            if not node.arguments and (built := _WITHOUT_ANGLES.get(symbol.name)):
                return built
            count, build = KNOWN[symbol.name]
        elif isinstance(symbol, GateDefinition):
            count = symbol.angles
        else:
            raise semantic(f"'{name}' is {what(symbol)}, not a gate.", node)
        if len(node.arguments) != count:
            takes = f"{count} angle{'' if count == 1 else 's'}"
            raise semantic(f"The gate '{name}' takes {takes}, not {len(node.arguments)}.", node)
        angles = tuple(map(self._angle, node.arguments))
        if isinstance(symbol, GateDefinition):
            return self._body(symbol, angles)
        return build(*angles)

    def _angle(self, node: Node) -> float:
        if type(node) is ast.FloatLiteral and math.isfinite(node.value):
            literal: float = node.value
            return literal
        value = self._evaluator.known(node)
        if value.type.dimensions or value.type.kind not in _NUMBERS:
            raise semantic(f"An angle cannot be of type {value.type}.", node)
        try:
            angle = float(as_number(value))
        except OverflowError:
            angle = math.inf
        if not math.isfinite(angle):
            raise semantic("The angle is not a finite number.", node)
        return angle

    def _modified(self, modifier: ast.QuantumGateModifier, gate: Gate) -> Gate:
        match modifier.modifier.name:
            case "inv":
                return gate.inverse
            case "pow":
                assert modifier.argument is not None
                value = self._evaluator.known(modifier.argument)
                if value.type.dimensions or value.type.kind not in _NUMBERS:
                    raise semantic(f"A power cannot be of type {value.type}.", modifier)
                return power(gate, as_number(value))
        count = 1
        if modifier.argument is not None:
            count = self._evaluator.constant(modifier.argument, "The number of controls")
            if count < 1:
                raise semantic("The number of controls must be positive.", modifier)
        if count + gate.qubits > _MAX_QUBITS_OF_A_GATE:
            raise semantic(f"A gate of {count + gate.qubits:,} qubits is too large.", modifier)
        return Controlled(gate, (modifier.modifier.name == "ctrl",) * count)

    def _operands(
        self, node: ast.QuantumGate | ast.QuantumPhase, gate: Gate
    ) -> list[tuple[int, ...]]:
        """The qubits of each single application: registers are broadcast."""
        if len(node.qubits) != gate.qubits:
            name = node.name.name if isinstance(node, ast.QuantumGate) else "gphase"
            takes = f"{gate.qubits} qubit{'' if gate.qubits == 1 else 's'}"
            with_modifiers = " with its modifiers" if node.modifiers else ""
            raise semantic(
                f"The gate '{name}'{with_modifiers} takes {takes}, not {len(node.qubits)}.", node
            )
        operands = list(map(self._qubits, node.qubits))
        sizes = {len(operand.numbers) for operand in operands if not operand.scalar}
        if len(sizes) > 1:
            raise semantic(
                f"The registers differ in size: {', '.join(map(str, sorted(sizes)))}.", node
            )
        size = sizes.pop() if sizes else 1
        self._listing.require(size)
        calls = []
        for place in range(size):
            qubits = tuple([o.numbers[0 if o.scalar else place] for o in operands])
            if len(qubits) > 1 and len(set(qubits)) != len(qubits):
                raise semantic("The same qubit is used twice in one operation.", node)
            calls.append(qubits)
        return calls

"""Classical variables, and what they hold at first."""

from __future__ import annotations

import math

from openqasm3 import ast

from quantum_tasks.language.expressions import Evaluator
from quantum_tasks.language.inputs import Input
from quantum_tasks.language.machine import Machine, Variable
from quantum_tasks.language.measured.runtime import word
from quantum_tasks.language.scope import cells_of
from quantum_tasks.language.statements.measurements import Measurements
from quantum_tasks.language.values import Type, Value, bit_size
from quantum_tasks.parsing.mistakes import Node, semantic


class Variables:
    """Declares variables in the scope of the statement being compiled."""

    def __init__(self, evaluator: Evaluator, machine: Machine, measurements: Measurements) -> None:
        self._evaluator = evaluator
        self._machine = machine
        self._listing = machine.listing
        self._scopes = evaluator.scopes
        self._measurements = measurements
        self._homes: dict[int, list[int]] = {}
        self._has_outputs = False
        self.shown: dict[str, list[int]] = {}  # the bits that counts show
        self.given_bits: set[int] = set()  # those of inputs
        # Where those were declared that counts show, and whether they are single bits.
        self.declared: dict[str, tuple[Node, bool]] = {}

    @staticmethod
    def initial(type: Type) -> Value:
        """What a variable holds that was never given a value."""
        if type.dimensions:
            elements = [Variables.initial(type.element)] * math.prod(type.dimensions)
            return Value(type, elements)
        match type.kind:
            case "bool" | "bit":
                return Value(type, False)
            case "bits":
                assert type.size is not None
                return Value(type, (False,) * type.size)
            case "complex":
                return Value(type, 0j)
            case "float" | "duration":
                return Value(type, 0.0)
        return Value(type, 0 if type.size is not None else 0.0)

    def declare(self, node: ast.ClassicalDeclaration, initial: Node | None, shown: bool) -> None:
        """Declares a variable; `shown` bits appear in the counts unless there are outputs."""
        self._declare(node, initial, shown and not self._has_outputs)

    def declare_output(self, node: ast.IODeclaration) -> None:
        """Declares an output: from the first on, counts show the bits of outputs only."""
        if not self._has_outputs:
            self._has_outputs = True
            self.shown.clear()
        self._declare(node, None, shown=True)

    def _declare(
        self,
        node: ast.ClassicalDeclaration | ast.IODeclaration,
        initial: Node | None,
        shown: bool,
    ) -> None:
        evaluator = self._evaluator
        type = evaluator.types.of_variable(node.type)
        name = node.identifier.name
        value = None
        if isinstance(initial, ast.ArrayLiteral):
            value = self._array_literal(initial, type)
        elif initial is not None and not isinstance(initial, ast.QuantumMeasurement):
            value = evaluator.evaluated(initial)
        if type.kind not in ("bit", "bits") or type.dimensions:
            if isinstance(initial, ast.QuantumMeasurement):
                value = self._measurements.value(initial)
            value = self.initial(type) if value is None else evaluator.cast(node, value, type)
            variable = Variable(name, self._listing.kept(Value(value.type, value.data)))
            self._scopes.declare(node.identifier, variable, node)
            return
        if value is not None:  # first, to find errors in the value first
            value = evaluator.cast(node, value, type)
        variable = self._with_homes(node, name, type)
        self._scopes.declare(node.identifier, variable, node)
        if shown:
            assert variable.homes is not None
            self.shown[name] = variable.homes
            self.declared[name] = node, type.kind == "bit"
        cells = cells_of(variable)
        if isinstance(initial, ast.QuantumMeasurement):
            self._measurements.into(initial, cells, node)
        elif value is not None:
            self._machine.write_cells(cells.cells, word(value))
            self._machine.written.update(variable.homes or [])

    def declare_input(self, wanted: Input, value: Value) -> None:
        """Declares a variable that the request gave a value; counts do not show its bits."""
        node, type = wanted.node, wanted.type
        self._scopes.inputs[wanted.name] = wanted
        if type.kind in ("bit", "bits"):
            variable = self._with_homes(node, wanted.name, type)
            self._scopes.declare(node.identifier, variable, node)
            self._machine.write_cells(cells_of(variable).cells, word(value))
            self.given_bits.update(variable.homes or [])
        else:
            variable = Variable(wanted.name, value)
            self._scopes.declare(node.identifier, variable, node)

    def local(self, place: Node, node: Node, name: str, value: Value, type: Type) -> Variable:
        """A local variable with a value of its own, of a loop or an argument; `place` is where
        the value comes from, `node` where the variable is declared."""
        value = self._listing.kept(self._evaluator.cast(place, value, type))
        if type.kind not in ("bit", "bits") or type.dimensions:
            return Variable(name, Value(value.type, value.data))
        variable = self._with_homes(node, name, type)
        self._machine.write_cells(cells_of(variable).cells, word(value))
        return variable

    def _with_homes(self, node: Node, name: str, type: Type) -> Variable:
        """A variable whose bits have homes, which are those of its declaration."""
        size = bit_size(type)
        if id(node) not in self._homes:
            self._homes[id(node)] = self._listing.name_bits(size)
            variable = Variable(name, self.initial(type), self._homes[id(node)])
            if not self._machine.in_loop:
                return variable
        homes = self._homes[id(node)]
        if len(homes) != size:  # a loop around it has another constant in this turn
            homes = self._homes[id(node)] = self._listing.name_bits(size)
        # It was used before, in an earlier turn of a loop or call of a subroutine.
        self._listing.unread.difference_update(homes)
        stale = homes[0] if type.kind == "bit" else tuple(homes)
        variable = Variable(name, Value(type, stale), homes)
        for place in range(size):
            self._machine.write(variable, place, False)
        return variable

    def _array_literal(self, node: ast.ArrayLiteral, type: Type) -> Value:
        if not type.dimensions:
            raise semantic(f"A variable of type {type} takes no list of values.", node)
        size, *rest = type.dimensions
        if len(node.values) != size:
            raise semantic(f"The array has {size} element(s), not {len(node.values)}.", node)
        elements: list[Value] = []
        inner = Type(type.kind, type.size, tuple(rest))
        for value in node.values:
            if isinstance(value, ast.ArrayLiteral):
                elements += self._array_literal(value, inner).data
            elif rest:
                row = self._evaluator.value(value)
                if row.type.dimensions != inner.dimensions:
                    raise semantic("The elements have another shape than the array.", value)
                elements += row.data
            else:
                given = self._evaluator.evaluated(value)
                elements.append(self._evaluator.cast(value, given, type.element))
        return Value(type, elements)

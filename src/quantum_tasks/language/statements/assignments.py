"""Assignments: to variables, to bits and elements of them, of values and of measurements."""

from __future__ import annotations

from typing import Any

from openqasm3 import ast

from quantum_tasks.language import arithmetic
from quantum_tasks.language.expressions import Evaluator
from quantum_tasks.language.machine import Machine, Variable
from quantum_tasks.language.measured.runtime import word
from quantum_tasks.language.scope import Cells, Qubits, Symbol, View, called, what
from quantum_tasks.language.statements.arrays import Arrays
from quantum_tasks.language.statements.measurements import Measurements
from quantum_tasks.language.values import Type, Value
from quantum_tasks.parsing.mistakes import Node, semantic, unsupported

_WITH_BITS = ("int", "uint", "angle", "bits")
_MEASURED = ("bool", "int", "uint", "angle")


class Assignments:
    """Writes to variables in the scope of the statement being compiled."""

    def __init__(
        self, evaluator: Evaluator, machine: Machine, measurements: Measurements, arrays: Arrays
    ) -> None:
        self._evaluator = evaluator
        self._machine = machine
        self._measurements = measurements
        self._arrays = arrays

    def assign(self, node: ast.ClassicalAssignment) -> None:
        """`target = value`, or with an operator."""
        evaluator = self._evaluator
        identifier, indices = _split(node.lvalue)
        symbol = evaluator.scopes.look_up(identifier.name, identifier)
        value = self._measurements.value_or_expression(node.rvalue)
        if node.op.name != "=":
            before = evaluator.value_of(symbol, node)
            for index in indices:
                before = self._element(symbol, before, index, node)
            op = node.op.name.removesuffix("=")
            result = evaluator.attempt(node, evaluator.operations.binary, op, before, value)
            if arithmetic.wraps(op, before, value, result):
                evaluator.note_wrapped(node, result)
            value = result
        if isinstance(symbol, Variable) and symbol.const:
            raise semantic(f"'{symbol.name}' is a constant.", node)
        if isinstance(symbol, Cells) or (isinstance(symbol, Variable) and symbol.homes):
            self._assign_cells(self._cells(node.lvalue), value, node)
        else:
            self._give(symbol, identifier, indices, value, node)

    def measure(self, node: ast.QuantumMeasurementStatement) -> None:
        """`target = measure qubits`."""
        assert node.target is not None
        identifier, indices = _split(node.target)
        symbol = self._evaluator.scopes.look_up(identifier.name, identifier)
        variable = symbol.variable if isinstance(symbol, View) else symbol
        if not isinstance(variable, Variable) or variable.homes is not None or variable.const:
            self._measurements.into(node.measure, self._cells(node.target), node)
            return
        value, type = self._measurements.value(node.measure), variable.value.type
        if type.kind not in _MEASURED:
            raise semantic(
                f"A measurement is assigned to bits, not to a {type}.", node, "declare it as bit"
            )
        if type.kind == "angle" and value.type.kind == "bit" and type.size == 1:
            value = Value(Type("bits", 1), (value.data,))  # not one radian
        bits = value.type.size or 1
        if type.kind == "angle" and not type.dimensions and not indices and bits != type.size:
            raise semantic(
                f"The two sides of the measurement differ in size: {bits} qubit(s) into {type}.",
                node,
            )
        self._give(symbol, identifier, indices, value, node)

    def each(self, node: Node) -> list[Node]:
        """A measurement of a register into one of the same size, as one for each bit."""
        if not isinstance(node, ast.QuantumMeasurementStatement):
            return [node]
        qubits, bits = node.measure.qubit, node.target
        find = self._evaluator.scopes.find
        if not isinstance(qubits, ast.Identifier) or not isinstance(bits, ast.Identifier):
            return [node]
        source, target = find(qubits.name), find(bits.name)
        if not isinstance(source, Qubits) or not isinstance(target, Variable):
            return [node]
        if len(source.numbers) != len(target.homes or ()):
            return [node]
        found = []
        for place in range(len(source.numbers)):
            one, other = (
                ast.IndexedIdentifier(name, [[ast.IntegerLiteral(place)]])
                for name in (qubits, bits)
            )
            measured = ast.QuantumMeasurementStatement(ast.QuantumMeasurement(one), other)
            measured.span = node.span
            found.append(measured)
        return found

    def _give(
        self,
        symbol: Symbol,
        identifier: ast.Identifier,
        indices: list[Any],
        value: Value,
        node: Node,
    ) -> None:
        """Gives a value to what has no homes: a number, an array, or parts of these."""
        if isinstance(symbol, Variable) and symbol.value.type.dimensions:
            symbol = self._arrays.view(identifier)
        if isinstance(symbol, View):
            self._assign_elements(symbol, indices, value, node)
        elif isinstance(symbol, Variable):
            if indices:
                value = self._with_bits(symbol.value, indices, value, node)
            self._machine.assign(symbol, self._evaluator.cast(node, value, symbol.value.type))
        else:
            raise semantic(f"'{identifier.name}' is {what(symbol)}; it takes no value.", node)

    def _element(self, symbol: Any, before: Value, index: Any, node: Node) -> Value:
        if isinstance(symbol, Variable | View | Cells):
            return self._evaluator.element(before, index, node)
        raise semantic(f"This is {what(symbol)}; it has no value.", node)

    def _cells(self, node: Node) -> Cells:
        found = self._evaluator.references.reference(node)
        if not isinstance(found, Cells):
            raise semantic("These are qubits, not bits.", node)
        for variable, _ in found.cells:
            if variable.const:
                raise semantic(f"'{variable.name}' is a constant.", node)
        return found

    def _assign_cells(self, cells: Cells, value: Value, node: Node) -> None:
        wanted = Type("bit") if cells.scalar else Type("bits", len(cells.cells))
        unread = self._evaluator.listing.unread
        for variable, place in cells.cells if unread else ():
            assert variable.homes is not None
            if variable.homes[place] in unread:
                self._evaluator.listing.measured(variable.homes[place], called(variable, place))
                unread.discard(variable.homes[place])
        self._machine.write_cells(cells.cells, word(self._evaluator.cast(node, value, wanted)))

    def _assign_elements(self, view: View, indices: list[Any], value: Value, node: Node) -> None:
        if view.readonly:
            raise semantic(f"'{view.variable.name}' is readonly here.", node)
        bits: list[Any] = []
        for number, index in enumerate(indices):
            if not view.dimensions:
                bits = indices[number:]
                break
            view = self._arrays.part(view, index, node)
        array = view.variable.value
        elements = list(array.data)
        if bits:
            value = self._with_bits(elements[view.places[0]], bits, value, node)
        if view.dimensions:
            if value.type.dimensions != view.dimensions:
                raise semantic("The two sides have different shapes.", node)
            values = value.data
        else:
            values = [value]
        for place, element in zip(view.places, values, strict=True):
            elements[place] = self._evaluator.cast(node, element, array.type.element)
        self._machine.assign(view.variable, Value(array.type, elements))

    def _with_bits(self, before: Value, indices: list[Any], value: Value, node: Node) -> Value:
        """A number, some bits of it replaced."""
        sized = before.type.kind != "angle" or before.type.size is not None
        if len(indices) > 1 or before.type.kind not in _WITH_BITS or not sized:
            raise unsupported("Such an assignment is", node)
        bits = list(word(before))
        places, scalar = self._evaluator.indices.places(bits, indices[0], node)
        wanted = Type("bit") if scalar else Type("bits", len(places))
        for place, bit in zip(
            places, word(self._evaluator.cast(node, value, wanted)), strict=True
        ):
            bits[place] = bit
        size = len(bits)
        register = Value(Type("bits", size), tuple(bits))
        return self._evaluator.cast(node, register, Type(before.type.kind, size), explicit=True)


def _split(target: ast.Identifier | ast.IndexedIdentifier) -> tuple[ast.Identifier, list[Any]]:
    """A name, and the indices after it."""
    if isinstance(target, ast.IndexedIdentifier):
        return target.name, list(target.indices)
    return target, []

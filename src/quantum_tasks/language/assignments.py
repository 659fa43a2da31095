"""Classical variables: declaring them, and giving them values."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Any

from openqasm3 import ast

from quantum_tasks.circuits.circuit import Condition
from quantum_tasks.language import runtime
from quantum_tasks.language.gatecalls import GateCalls
from quantum_tasks.language.inputs import Input
from quantum_tasks.language.machine import Machine, Variable
from quantum_tasks.language.runtime import word
from quantum_tasks.language.scope import Cells, Qubits, View, what
from quantum_tasks.language.values import BOOL, Type, Value, bit_size
from quantum_tasks.parsing.indices import Node
from quantum_tasks.parsing.mistakes import semantic, unsupported

_WITH_BITS = ("int", "uint", "angle", "bits")


class Assignments(GateCalls):
    """Writes to variables in the scope of the statement being compiled."""

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine)
        self.registers: dict[str, list[int]] = {}  # the bits that counts show
        self.given_bits: set[int] = set()  # those of inputs
        self.has_outputs = False
        self._homes: dict[int, list[int]] = {}

    @abstractmethod
    def measure(self, node: ast.QuantumMeasurement) -> Value:
        """Measures into bits that nobody sees."""

    @abstractmethod
    def measure_into(self, qubits: Qubits, cells: Cells) -> None:
        """Measures qubits into bits of variables."""

    def value_or_measurement(self, node: Node) -> Value:
        """What may stand to the right of a '='."""
        if isinstance(node, ast.QuantumMeasurement):
            return self.measure(node)
        return self.evaluated(node)

    # Declarations

    def initial(self, type: Type) -> Value:
        """What a variable holds that was never given a value."""
        if type.dimensions:
            elements = [self.initial(type.element)] * math.prod(type.dimensions)
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

    def declare_variable(
        self,
        node: ast.ClassicalDeclaration | ast.IODeclaration,
        initial: Node | None,
        shown: bool,
        output: bool = False,
    ) -> None:
        """Declares a variable; `shown` bits appear in the counts."""
        type = self.variable_type(node.type)
        name = node.identifier.name
        value = None
        if isinstance(initial, ast.ArrayLiteral):
            value = self._array_literal(initial, type)
        elif initial is not None and not isinstance(initial, ast.QuantumMeasurement):
            value = self.evaluated(initial)
        if type.kind not in ("bit", "bits") or type.dimensions:
            if isinstance(initial, ast.QuantumMeasurement):
                value = self.measure(initial)
            value = self.initial(type) if value is None else self.cast(node, value, type)
            variable = Variable(name, self.machine.kept(Value(value.type, value.data)))
            self.scopes.declare(node.identifier, variable, node)
            return
        if value is not None:  # before there is anything to refuse it for
            value = self.cast(node, value, type)
        variable = self._bit_variable(node, name, type)
        self.scopes.declare(node.identifier, variable, node)
        if shown and (output or not self.has_outputs):
            assert variable.homes is not None
            self.registers[name] = variable.homes
        everything = self._all_cells(variable)
        if isinstance(initial, ast.QuantumMeasurement):
            self._measure_checked(initial, everything, node)
        elif value is not None:
            self._write_cells(everything, word(value))

    def declare_input(self, wanted: Input, value: Value) -> None:
        """Declares a variable that the request gave a value; counts do not show its bits."""
        node, type = wanted.node, wanted.type
        self.inputs[wanted.name] = wanted
        if type.kind in ("bit", "bits"):
            variable = self._bit_variable(node, wanted.name, type)
            self.scopes.declare(node.identifier, variable, node)
            self._write_cells(self._all_cells(variable), word(value))
            self.given_bits.update(variable.homes or [])
        else:
            variable = Variable(wanted.name, value)
            self.scopes.declare(node.identifier, variable, node)

    def _bit_variable(self, node: Node, name: str, type: Type) -> Variable:
        size = bit_size(type)
        if id(node) not in self._homes:
            self._homes[id(node)] = self.machine.name_bits(size)
            variable = Variable(name, self.initial(type), self._homes[id(node)])
            if not self.machine.in_loop:
                return variable
        homes = self._homes[id(node)]
        if len(homes) != size:  # a loop around it has another constant in this turn
            homes = self._homes[id(node)] = self.machine.name_bits(size)
        # It was used before, in an earlier turn of a loop or call of a subroutine.
        stale = homes[0] if type.kind == "bit" else tuple(homes)
        variable = Variable(name, Value(type, stale), homes)
        for place in range(size):
            self.machine.write(variable, place, False)
        return variable

    def new_variable(
        self, place: Node, node: Node, name: str, value: Value, type: Type
    ) -> Variable:
        """A local variable with a value of its own, of a loop or an argument; `place` is where
        the value comes from, `node` where the variable is declared."""
        value = self.machine.kept(self.cast(place, value, type))
        if type.kind not in ("bit", "bits") or type.dimensions:
            return Variable(name, Value(value.type, value.data))
        variable = self._bit_variable(node, name, type)
        self._write_cells(self._all_cells(variable), word(value))
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
                row = self.value(value)
                if row.type.dimensions != inner.dimensions:
                    raise semantic("The elements have another shape than the array.", value)
                elements += row.data
            else:
                elements.append(self.cast(value, self.evaluated(value), type.element))
        return Value(type, elements)

    def array_argument(self, argument: ast.ClassicalArgument, given: Node) -> View:
        """An array that is passed to a subroutine: a view of it."""
        view = self._view(given)
        wanted = argument.type
        element = self.variable_type(wanted.base_type)
        found = view.variable.value.type.element
        if isinstance(wanted.dimensions, list):
            sizes = tuple(self.size(size, "An array", least=0) for size in wanted.dimensions)
            fits = sizes == view.dimensions
        else:
            fits = self.constant(wanted.dimensions, "The number of dimensions") == len(
                view.dimensions
            )
        if not fits or found != element:
            raise semantic("The array has another shape or type than the argument.", given)
        readonly = argument.access is ast.AccessControl.readonly or view.readonly
        return View(view.variable, view.places, view.dimensions, readonly)

    def _view(self, node: Node) -> View:
        if isinstance(node, ast.Identifier):
            symbol = self.scopes.look_up(node.name, node)
            if isinstance(symbol, Variable) and symbol.value.type.dimensions:
                count = len(symbol.value.data)
                return View(symbol, tuple(range(count)), symbol.value.type.dimensions)
            if isinstance(symbol, View):
                return symbol
            raise semantic(f"'{node.name}' is {what(symbol)}, not an array.", node)
        if isinstance(node, ast.IndexExpression):
            return self._part(self._view(node.collection), node.index, node)
        raise semantic("This is no array.", node)

    def _part(self, view: View, index: Any, node: Node) -> View:
        indices = [index] if isinstance(index, ast.DiscreteSet) else list(index)
        places, dimensions = self.array_places(view.dimensions, indices, node)
        picked = tuple(view.places[place] for place in places)
        return View(view.variable, picked, dimensions, view.readonly)

    # Assignment

    def assignment(self, node: ast.ClassicalAssignment) -> None:
        """`target = value`, or with an operator."""
        identifier = node.lvalue
        indices: list[Any] = []
        if isinstance(identifier, ast.IndexedIdentifier):
            identifier, indices = identifier.name, list(identifier.indices)
        symbol = self.scopes.look_up(identifier.name, identifier)
        value = self.value_or_measurement(node.rvalue)
        if node.op.name != "=":
            before = self.value_of(symbol, node)
            for index in indices:
                before = self._read(symbol, before, index, node)
            op = node.op.name.removesuffix("=")
            value = self.attempt(
                node, lambda: runtime.binary(op, before, value, self.machine.keep)
            )
        if isinstance(symbol, Variable) and symbol.const:
            raise semantic(f"'{symbol.name}' is a constant.", node)
        if isinstance(symbol, Variable) and symbol.value.type.dimensions:
            symbol = self._view(identifier)
        if isinstance(symbol, View):
            self._assign_elements(symbol, indices, value, node)
        elif isinstance(symbol, Cells) or (isinstance(symbol, Variable) and symbol.homes):
            self._assign_cells(self._cells(node.lvalue), value, node)
        elif isinstance(symbol, Variable) and symbol.homes is None:
            if indices:
                value = self._with_bits(symbol.value, indices, value, node)
            self.machine.assign(symbol, self.cast(node, value, symbol.value.type))
        else:
            raise semantic(f"'{identifier.name}' is {what(symbol)}; it takes no value.", node)

    def _read(self, symbol: Any, before: Value, index: Any, node: Node) -> Value:
        if isinstance(symbol, Variable | View | Cells):
            return self.element(before, index, node)
        raise semantic(f"This is {what(symbol)}; it has no value.", node)

    def _cells(self, node: Node) -> Cells:
        found = self.reference(node)
        if not isinstance(found, Cells):
            raise semantic("These are qubits, not bits.", node)
        for variable, _ in found.cells:
            if variable.const:
                raise semantic(f"'{variable.name}' is a constant.", node)
        return found

    def _all_cells(self, variable: Variable) -> Cells:
        assert variable.homes is not None
        cells = tuple((variable, place) for place in range(len(variable.homes)))
        return Cells(cells, variable.value.type.kind == "bit")

    def _assign_cells(self, cells: Cells, value: Value, node: Node) -> None:
        wanted = Type("bit") if cells.scalar else Type("bits", len(cells.cells))
        self._write_cells(cells, word(self.cast(node, value, wanted)))

    def _write_cells(self, cells: Cells, bits: tuple[Condition, ...]) -> None:
        if len(bits) > 1:  # what is written first may be what is read next
            bits = tuple(map(self.machine.keep, bits))
        for (variable, place), bit in zip(cells.cells, bits, strict=True):
            self.machine.write(variable, place, bit)

    def _assign_elements(self, view: View, indices: list[Any], value: Value, node: Node) -> None:
        if view.readonly:
            raise semantic(f"'{view.variable.name}' is readonly here.", node)
        bits: list[Any] = []
        for number, index in enumerate(indices):
            if not view.dimensions:
                bits = indices[number:]
                break
            view = self._part(view, index, node)
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
            elements[place] = self.cast(node, element, array.type.element)
        self.machine.assign(view.variable, Value(array.type, elements))

    def _with_bits(self, before: Value, indices: list[Any], value: Value, node: Node) -> Value:
        """A number, some bits of it replaced."""
        sized = before.type.kind != "angle" or before.type.size is not None
        if len(indices) > 1 or before.type.kind not in _WITH_BITS or not sized:
            raise unsupported("Such an assignment is", node)
        bits = list(word(before))
        places, scalar = self.places(bits, indices[0], node)
        wanted = Type("bit") if scalar else Type("bits", len(places))
        for place, bit in zip(places, word(self.cast(node, value, wanted)), strict=True):
            bits[place] = bit
        size = len(bits)
        register = Value(Type("bits", size), tuple(bits))
        return self.cast(node, register, Type(before.type.kind, size), explicit=True)

    def assign_measurement(self, node: ast.QuantumMeasurementStatement) -> None:
        """`target = measure qubits`."""
        assert node.target is not None
        name = node.target.name if isinstance(node.target, ast.IndexedIdentifier) else node.target
        symbol = self.scopes.look_up(name.name, name)
        if isinstance(symbol, Variable) and symbol.homes is None and not symbol.const:
            value = self.measure(node.measure)
            if node.target is not name or symbol.value.type != BOOL:
                raise semantic("A measurement is assigned to bits.", node)
            self.machine.assign(symbol, self.cast(node, value, BOOL))
            return
        self._measure_checked(node.measure, self._cells(node.target), node)

    def _measure_checked(
        self, measurement: ast.QuantumMeasurement, cells: Cells, node: Node
    ) -> None:
        found = self.reference(measurement.qubit)
        if not isinstance(found, Qubits):
            raise semantic("Only qubits can be measured.", measurement)
        if len(found.numbers) != len(cells.cells):
            raise semantic(
                f"The two sides of the measurement differ in size: {len(found.numbers)} "
                f"qubit(s) into {len(cells.cells)} bit(s).",
                node,
            )
        self.measure_into(found, cells)

"""The qubits and bits that names, slices and aliases stand for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from openqasm3 import ast

from quantum_tasks.language.indices import Indices
from quantum_tasks.language.listing import Listing
from quantum_tasks.language.machine import Variable
from quantum_tasks.language.scope import Cells, Qubits, Scopes, Symbol, cells_of, what
from quantum_tasks.parsing.mistakes import Node, semantic


class References:
    """Works out references in the scope of the statement being compiled."""

    def __init__(self, listing: Listing, scopes: Scopes, indices: Indices) -> None:
        self._listing = listing
        self._scopes = scopes
        self._indices = indices

    def qubits(self, node: Node) -> Qubits:
        """The qubits that an operand means. Raises ProgramError."""
        found = self.reference(node)
        if not isinstance(found, Qubits):
            raise semantic("This is no qubit.", node)
        return found

    def reference(self, node: Node) -> Qubits | Cells:
        """The qubits or bits that an operand or an alias means. Raises ProgramError."""
        match node:
            case ast.IndexedIdentifier():
                first, *others = node.indices
                found = self._picked_by_name(node, first)
                for index in others:
                    found = self.picked(found, index, node)
                return found
            case ast.Identifier():
                if node.name.startswith("$"):
                    return self._physical_qubit(node)
                return self._as_register(self._scopes.look_up(node.name, node), node)
            case ast.IndexExpression():
                return self.picked(self.reference(node.collection), node.index, node)
            case ast.Concatenation():
                return self._joined(node)
        raise semantic("This is neither a qubit nor a bit.", node)

    def _picked_by_name(self, node: ast.IndexedIdentifier, index: Any) -> Qubits | Cells:
        symbol = self._scopes.look_up(node.name.name, node.name)
        if type(symbol) is Qubits and not symbol.scalar and type(index) is list:
            only = index[0]
            if type(only) is ast.IntegerLiteral and len(index) == 1:  # the commonest by far
                return Qubits(
                    (symbol.numbers[self._indices.place(only, len(symbol.numbers))],), True
                )
        if isinstance(symbol, Variable) and symbol.homes and symbol.value.type.kind == "bits":
            places, scalar = self._indices.places(
                symbol.homes, index, node
            )  # without a list of them all
            return Cells(tuple([(symbol, place) for place in places]), scalar)
        return self.picked(self._as_register(symbol, node.name), index, node)

    def _joined(self, node: ast.Concatenation) -> Qubits | Cells:
        left, right = self.reference(node.lhs), self.reference(node.rhs)
        if isinstance(left, Qubits) and isinstance(right, Qubits):
            if set(left.numbers) & set(right.numbers):
                raise semantic("A register cannot be joined with a part of itself.", node)
            return Qubits(left.numbers + right.numbers, scalar=False)
        if isinstance(left, Cells) and isinstance(right, Cells):
            if set(left.cells) & set(right.cells):
                raise semantic("A register cannot be joined with a part of itself.", node)
            return Cells(left.cells + right.cells, scalar=False)
        raise semantic("Qubits and bits cannot be joined.", node)

    def _as_register(self, symbol: Symbol, node: Node) -> Qubits | Cells:
        if isinstance(symbol, (Qubits, Cells)):
            return symbol
        if isinstance(symbol, Variable) and symbol.homes is not None:
            return cells_of(symbol)
        name = node.name if isinstance(node, ast.Identifier) else "this"
        raise semantic(f"'{name}' is {what(symbol)}, neither qubits nor bits.", node)

    def _physical_qubit(self, node: ast.Identifier) -> Qubits:
        """`$0`: a qubit like any other, declared where it is first used."""
        outermost = self._scopes.stack[1]
        if node.name not in outermost:
            (number,) = self._listing.add_qubits(1)
            outermost[node.name] = Qubits((number,), scalar=True)
        symbol = outermost[node.name]
        assert isinstance(symbol, Qubits)
        return symbol

    def picked(self, symbol: Qubits | Cells, index: Any, node: Node) -> Qubits | Cells:
        """Some qubits or bits of a register."""
        if symbol.scalar:
            raise semantic(f"A single {_unit(symbol)} has no index.", node)
        everything: Sequence[Any] = symbol.numbers if isinstance(symbol, Qubits) else symbol.cells
        places, scalar = self._indices.places(everything, index, node)
        return type(symbol)(tuple([everything[place] for place in places]), scalar)


def _unit(symbol: Qubits | Cells) -> str:
    return "qubit" if isinstance(symbol, Qubits) else "bit"

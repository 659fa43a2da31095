"""Declarations: the storage of variables, and which bits are counted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from openqasm3 import ast

from oracle.machine import Cell
from oracle.quantum import Quantum
from oracle.scopes import Array, Bits, Gate, Qubits, Subroutine, Variable
from oracle.values import OracleError, Type, Value, cast, zero


class Declarations(Quantum):
    """Declares names; `bits` and `outputs` are the global registers in their order."""

    bits: list[Bits]
    outputs: list[Bits] | None

    def storage(self, of: Type, value: Value | None) -> Bits | Variable | Array:
        """New storage, with the value or with zeros."""
        if of.kind in ("bit", "bits"):
            count = 1 if of.kind == "bit" else of.size or 0
            bits = Bits(tuple(Cell() for _ in range(count)), scalar=of.kind == "bit")
            if value is not None:
                self.store(bits, value)
            return bits
        if of.kind == "array":
            assert of.base is not None
            view = np.full(of.shape, zero(of.base).data, dtype=object)
            array = Array(of.base, view)
            if value is not None:
                self.store(array, value)
            return array
        return Variable(of, (zero(of) if value is None else cast(value, of)).data)

    def define(self, name: str, symbol: Gate | Subroutine) -> None:
        if self.scope is not self.globals or name == "U":
            raise OracleError(f"{name} cannot be defined here")
        self.scope.declare(name, symbol)

    def declare_qubits(self, node: ast.QubitDeclaration) -> None:
        size = 1 if node.size is None else self.constant_integer(node.size)
        if size < 0 or self.scope is not self.globals:
            raise OracleError("no such qubits")
        qubits = Qubits(self.machine.allocate(size), scalar=node.size is None)
        self.scope.declare(node.qubit.name, qubits)

    def declare(self, node: ast.ClassicalDeclaration, initialised: bool = True) -> None:
        of, init = self.type(node.type), node.init_expression
        if init is None or not initialised:
            storage = self.storage(of, None)
        elif isinstance(init, ast.ArrayLiteral):
            storage = self.storage(of, None)
            if not isinstance(storage, Array):
                raise OracleError("a list is for an array")
            self._fill(storage.base, storage.view, init)
        elif isinstance(init, ast.QuantumMeasurement) and of.kind in ("bit", "bits"):
            storage = self.storage(of, None)
            assert isinstance(storage, Bits)
            self.measure_into(storage, init)
        else:
            storage = self.storage(of, self.evaluate(init))
        self.scope.declare(node.identifier.name, storage)
        if isinstance(storage, Bits) and self.scope is self.globals:
            self.bits.append(storage)

    def declare_constant(self, node: ast.ConstantDeclaration) -> None:
        of = self.type(node.type)
        with self.compile_time():
            given = self.evaluate(node.init_expression)
        if of.integer and given.type.kind == "float":
            raise OracleError("a float does not become an integer by itself")
        end = 1 << (32 if of.kind == "uint" else 31)
        unsized = of.integer and of.size is None and given.type.exact
        if unsized and not -(1 << 31) <= given.data < end:
            raise OracleError("too large a constant")
        value = cast(given, of)
        self.scope.declare(node.identifier.name, Variable(of, value.data, const=True))

    def declare_output(self, node: ast.IODeclaration) -> None:
        if node.io_identifier != ast.IOKeyword.output:
            raise OracleError("an input has no value")
        storage = self.storage(self.type(node.type), None)
        self.scope.declare(node.identifier.name, storage)
        self.outputs = self.outputs or []
        if isinstance(storage, Bits):
            self.outputs.append(storage)

    def declare_only(self, statements: Iterable[Any]) -> None:
        """What comes after the end still declares the bits of the result."""
        self.scope = self.globals
        for node in statements:
            match node:
                case ast.ClassicalDeclaration(type=ast.BitType()):
                    self.declare(node, initialised=False)
                case ast.ConstantDeclaration():
                    self.declare_constant(node)
                case ast.IODeclaration():
                    self.declare_output(node)

    def _fill(self, base: Type, view: np.ndarray, literal: ast.ArrayLiteral) -> None:
        if len(literal.values) != len(view):
            raise OracleError("another number of elements")
        for place, item in enumerate(literal.values):
            if isinstance(item, ast.ArrayLiteral):
                if view.ndim == 1:
                    raise OracleError("too many dimensions")
                self._fill(base, view[place], item)
            elif view.ndim == 1:
                view[place] = cast(self.evaluate(item), base).data
            else:
                self.store(Array(base, view[place]), self.evaluate(item))

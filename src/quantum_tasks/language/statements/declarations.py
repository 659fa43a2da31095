"""Declarations at the top level of a program, and in blocks."""

from __future__ import annotations

from collections.abc import Sequence

from openqasm3 import ast

from quantum_tasks.language.expressions import Evaluator
from quantum_tasks.language.inputs import Given, Input
from quantum_tasks.language.machine import Variable
from quantum_tasks.language.measured.cases import NeedsKnownError
from quantum_tasks.language.scope import FILES, Extern, OpaqueGate, Qubits
from quantum_tasks.language.statements.measurements import Measurements
from quantum_tasks.language.statements.variables import Variables
from quantum_tasks.language.values import MACHINE_BITS, Type, Value, an, fits
from quantum_tasks.parsing.mistakes import semantic, unsupported
from quantum_tasks.parsing.qasm2 import Opaque


class Declarations:
    """Declares names in the scope of the statement being compiled."""

    def __init__(
        self,
        evaluator: Evaluator,
        variables: Variables,
        measurements: Measurements,
        given: Given,
    ) -> None:
        self._evaluator = evaluator
        self._scopes = evaluator.scopes
        self._variables = variables
        self._measurements = measurements
        self._inputs_given = given
        self.registers: list[tuple[ast.QubitDeclaration, Sequence[int]]] = []

    @property
    def quantum_registers(self) -> dict[str, Qubits]:
        """The quantum registers that were declared, in order; hardware qubits are such, too."""
        found: dict[str, Qubits] = {}
        seen = 0
        for name, symbol in self._scopes.stack[1].items():
            # An alias has no qubits of its own: they were declared before it.
            if isinstance(symbol, Qubits) and symbol.numbers and symbol.numbers[0] == seen:
                found[name] = symbol
                seen += len(symbol.numbers)
        return found

    def is_single(self, name: str) -> bool:
        """Whether a classical register is a single bit, declared without a size."""
        return self._variables.declared[name][1]

    def include(self, node: ast.Include) -> None:
        """The names of a file of gates."""
        old = self._scopes.is_version_2
        usual = "qelib1.inc" if old else "stdgates.inc"
        if node.filename not in FILES or (old and node.filename != usual):
            what = f"Including another file than {usual} is"
            raise unsupported(what, node, f'include "{usual}";')
        self._scopes.include(node)

    def opaque(self, node: Opaque) -> None:
        """A gate without a definition, which may be declared, but not be called."""
        self._scopes.declare(node.name, OpaqueGate(), node)

    def qubits(self, node: ast.QubitDeclaration) -> None:
        """A qubit, or a register of some."""
        if not self._scopes.is_global:
            raise semantic("Qubits are declared at the top level of the program.", node)
        size = 1
        if node.size is not None:
            size = self._evaluator.types.size(node.size, "A qubit register", least=0)
        numbers = self._evaluator.listing.add_qubits(size)
        self.registers.append((node, numbers))
        self._scopes.declare(node.qubit, Qubits(tuple(numbers), node.size is None), node)

    def variable(self, node: ast.ClassicalDeclaration) -> None:
        """A classical variable; counts show the bits of those at the top level."""
        self._variables.declare(node, node.init_expression, shown=self._scopes.is_global)

    def constant(self, node: ast.ConstantDeclaration) -> None:
        """A constant, whose value is one itself."""
        value = self._measurements.value_or_expression(node.init_expression)
        if not value.const:
            raise semantic(
                f"The constant '{node.identifier.name}' is given a value that is not constant.",
                node.init_expression,
            )
        type = self._evaluator.types.of_variable(node.type)
        if type.kind in ("int", "uint") and getattr(node.type, "size", None) is None:
            self._check_width(node, value, type)
        value = self._evaluator.cast(node.init_expression, value, type)
        constant = Variable(node.identifier.name, Value(value.type, value.data, const=True))
        self._scopes.declare(node.identifier, constant, node)

    def _check_width(self, node: ast.ConstantDeclaration, value: Value, type: Type) -> None:
        """Refuses a number that is too large for a constant without a size."""
        end = 1 << (MACHINE_BITS - (type.kind == "int"))
        if not fits(value, -1 << (MACHINE_BITS - 1), end):
            kind, name = an(Type(type.kind)), node.identifier.name
            message = f"'{name}' needs more than the {MACHINE_BITS} bits of {kind} without a size."
            hint = f"give it a size: const {type.kind}[64] {name}"
            raise semantic(message, node.init_expression, hint)

    def input_or_output(self, node: ast.IODeclaration) -> None:
        """What a request gives, or what counts show."""
        if node.io_identifier is ast.IOKeyword.input:
            self._input(node)
        else:
            self._variables.declare_output(node)

    def _input(self, node: ast.IODeclaration) -> None:
        if not self._scopes.is_global:
            raise semantic("Inputs are declared at the top level of the program.", node)
        if isinstance(node.type, ast.StretchType):
            raise semantic("A stretch cannot be an input.", node, "take a duration")
        type = self._evaluator.types.of_variable(node.type)
        wanted = Input(node.identifier.name, type, node)
        self._variables.declare_input(wanted, self._inputs_given.value(wanted))

    def extern(self, node: ast.ExternDeclaration) -> None:
        """A function that is elsewhere: it may be declared, but not be called."""
        if not self._scopes.is_global:
            raise semantic("Extern functions are declared at the top level.", node)
        self._scopes.declare(node.name, Extern(), node)

    def alias(self, node: ast.AliasStatement) -> None:
        """Another name for qubits or bits."""
        try:
            target = self._evaluator.references.reference(node.value)
        except NeedsKnownError:
            raise unsupported("An alias whose index is measured is", node) from None
        self._scopes.declare(node.target, target, node)

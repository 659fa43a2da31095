"""Names, and what they stand for."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import msgspec
from openqasm3 import ast

from quantum_tasks.circuits.gates import BUILT_IN, STANDARD
from quantum_tasks.circuits.qelib1 import BUILT_IN_2, CORE, QELIB1, SHARED
from quantum_tasks.language import othergates
from quantum_tasks.language.inputs import Input
from quantum_tasks.language.machine import Variable
from quantum_tasks.language.values import FLOAT, Value
from quantum_tasks.language.warnings import Warnings
from quantum_tasks.parsing.lexer import KEYWORDS
from quantum_tasks.parsing.mistakes import ProgramError, Start, semantic
from quantum_tasks.parsing.qasm2 import NEWER
from quantum_tasks.tasks import WarningCode


class Qubits(msgspec.Struct, frozen=True):
    """A qubit, a register, or an alias of some."""

    numbers: tuple[int, ...]
    scalar: bool


class Cells(msgspec.Struct, frozen=True):
    """Bits of variables: a bit, a register, or an alias of some."""

    cells: tuple[tuple[Variable, int], ...]
    scalar: bool


class View(msgspec.Struct, frozen=True):
    """Elements of an array, row by row."""

    variable: Variable
    places: tuple[int, ...]
    dimensions: tuple[int, ...]
    readonly: bool = False


class GateDefinition:
    """A gate of the program's own; its body is worked out once for each set of angles."""

    def __init__(self, node: ast.QuantumGateDefinition) -> None:
        self.node = node
        self.qubits = len(node.qubits)
        self.angles = len(node.arguments)
        self.gates: dict[str, Symbol] = {}  # those that its body means


class Subroutine(msgspec.Struct, frozen=True):
    """A `def`."""

    node: ast.SubroutineDefinition


class Extern(msgspec.Struct, frozen=True):
    """A function that is said to be elsewhere."""


class StandardGate(msgspec.Struct, frozen=True):
    """A gate that is built in, or comes with an included file. If it is `replaceable`, a program
    may define another of its name."""

    name: str
    replaceable: bool = False


class OpaqueGate(msgspec.Struct, frozen=True):
    """A gate that OpenQASM 2 declares without a definition."""


class Ambiguous(msgspec.Struct, frozen=True):
    """A gate that two included files have, and define differently."""

    files: tuple[ast.Include, ast.Include]

    def error(self, name: str, node: ast.QASMNode) -> ProgramError:
        """The error for a call of it, with both places."""
        first, second = self.files
        error = semantic(
            f"Which '{name}'? That of {first.filename} (line {{}}) is another gate than that of "
            f"{second.filename} (line {{}}).",
            node,
            "include one of the two",
        )
        error.others = [first.span, second.span]
        return error


def cells_of(variable: Variable) -> Cells:
    """All bits of a variable that has homes for them."""
    assert variable.homes is not None
    cells = tuple((variable, place) for place in range(len(variable.homes)))
    return Cells(cells, variable.value.type.kind == "bit")


def called(variable: Variable, place: int) -> str:
    """What people call one bit of a variable."""
    scalar = variable.value.type.kind == "bit"
    return variable.name if scalar else f"{variable.name}[{place}]"


Symbol = (
    Variable
    | Qubits
    | Cells
    | View
    | GateDefinition
    | Subroutine
    | StandardGate
    | OpaqueGate
    | Ambiguous
    | Extern
)

_WHAT = {
    Qubits: "a qubit register",
    Cells: "an alias of bits",
    View: "an array",
    GateDefinition: "a gate",
    StandardGate: "a gate",
    OpaqueGate: "an opaque gate",
    Ambiguous: "a gate",
    Extern: "an extern function",
    Subroutine: "a subroutine",
    Variable: "a variable",
}


def what(symbol: Symbol) -> str:
    """A person's word for a kind of symbol."""
    if isinstance(symbol, Qubits) and symbol.scalar:
        return "a qubit"
    return _WHAT[type(symbol)]


class Scope(dict[str, Symbol]):
    """The names of one block. From within a function, only constants, gates and subroutines of
    the scopes around it are visible."""

    def __init__(self, is_function: bool = False) -> None:
        super().__init__()
        self.is_function = is_function
        self.starts: dict[str, Start] = {}  # where each was declared


class Scopes:
    """The blocks around the statement that is being compiled, innermost last."""

    def __init__(self) -> None:
        self.stack: list[Scope] = [_BUILT_IN, Scope()]
        self.includes: dict[str, ast.Include] = {}  # by their files
        self.is_version_2 = False
        self.replaced = 0  # how often a name came to mean another gate
        self.warnings = Warnings()  # of the program
        self.inputs: dict[str, Input] = {}  # that were declared

    @property
    def is_global(self) -> bool:
        """Whether the innermost scope is the program's own."""
        return len(self.stack) == 2

    @contextmanager
    def block(self) -> Iterator[Scope]:
        """Names of a block of its own."""
        scope = Scope()
        self.stack.append(scope)
        try:
            yield scope
        finally:
            self.stack.pop()

    @contextmanager
    def function(self, scope: Scope) -> Iterator[None]:
        """The body of a gate or a subroutine, from which its own scope is seen and the outermost
        ones."""
        stack, self.stack = self.stack, [*self.stack[:2], scope]
        try:
            yield
        finally:
            self.stack = stack

    def begin_version_2(self) -> None:
        """Names are those that OpenQASM 2 has."""
        self.is_version_2 = True
        self.stack[0] = _BUILT_IN_2

    def include(self, node: ast.Include) -> None:
        """Declares what a file does. Raises ProgramError for names that are taken."""
        if node.filename in self.includes:
            return
        self.replaced += 1
        gates, scope = FILES[node.filename], self.stack[-1]
        others = dict(self.includes)
        self.includes[node.filename] = node
        for name in sorted(scope.keys() & gates):
            symbol = scope[name]
            if isinstance(symbol, StandardGate):  # of the other file
                if name not in SHARED:
                    (other,) = others.values()
                    gates = {**gates, name: Ambiguous((other, node))}
                elif not symbol.replaceable:
                    gates = {**gates, name: symbol}
            elif _is_replaceable(gates[name], symbol):
                gates = {**gates, name: symbol}
            else:
                raise semantic(f"'{name}' is declared before {node.filename} declares it.", node)
        scope.update(gates)

    def declare(self, identifier: ast.Identifier, symbol: Symbol, node: ast.QASMNode) -> None:
        """Adds a name to the innermost scope. Raises ProgramError if it is there already."""
        name = identifier.name
        scope = self.stack[-1]
        if name in scope and _is_replaceable(scope[name], symbol):
            self.replaced += 1
        elif name in scope:
            hint = None
            if isinstance(scope[name], StandardGate):
                hint = f"'{name}' is a gate of {self._file_of(name)}; take another name"
            mistake = semantic(f"'{name}' is declared twice.", node, hint)
            mistake.first = scope.starts.get(name)
            raise mistake
        if len(self.stack) == 2 and name in self.stack[0]:
            raise semantic(f"'{name}' is built in and cannot be declared.", node)
        if len(self.stack) > 2:
            self.note_hidden(name, node)
        scope[name] = symbol
        scope.starts[name] = node.span

    def _file_of(self, name: str) -> str:
        """The included file that has a gate."""
        return next((file for file in self.includes if name in FILES[file]), "the language")

    def note_hidden(self, name: str, node: ast.QASMNode) -> None:
        """Warns of a name that a gate has which could be called otherwise."""
        if isinstance(self.find(name), GateDefinition | StandardGate):
            self.warnings.add(
                WarningCode.HIDDEN_GATE,
                f"'{name}' hides the gate '{name}', which cannot be called where it is declared.",
                node,
                "take another name",
            )

    def find(self, name: str) -> Symbol | None:
        """What a name stands for here, if anything."""
        if (symbol := self.stack[-1].get(name)) is not None:
            return symbol
        outside = False
        for scope in reversed(self.stack):
            symbol = scope.get(name)
            if symbol is not None and (not outside or _is_visible_everywhere(symbol)):
                return symbol
            outside = outside or scope.is_function
        return None

    def look_up(self, name: str, node: ast.QASMNode) -> Symbol:
        """What a name stands for here. Raises ProgramError."""
        symbol = self.find(name)
        if symbol is None:
            raise self._unknown(name, node)
        return symbol

    def look_up_inside(self, name: str, node: ast.QASMNode) -> None:
        """Raises ProgramError for a name that a subroutine defined here would not see."""
        self.stack.append(Scope(is_function=True))
        try:
            self.look_up(name, node)
        finally:
            self.stack.pop()

    def _unknown(self, name: str, node: ast.QASMNode) -> ProgramError:
        for scope in self.stack:
            if name in scope:
                message = f"'{name}' is {what(scope[name])} of the program, not visible here."
                return semantic(message, node, "pass it as an argument")
        known = (
            other
            for scope in self.stack
            for other, symbol in scope.items()
            if not isinstance(symbol, GateDefinition | StandardGate)
        )
        hint = did_you_mean(name, known) or "declare it before it is used"
        return semantic(f"'{name}' is not declared.", node, hint)

    def unknown_gate(self, name: str, node: ast.QASMNode) -> ProgramError:
        """The error for the call of a gate that is not there."""
        file = "qelib1.inc" if self.is_version_2 else "stdgates.inc"
        if name in FILES[file] and file not in self.includes:
            hint: str | None = f'add include "{file}"; after the version line'
        else:
            # A name that only looks alike is another gate: sxdg is not sdg.
            alike = (
                known
                for scope in self.stack
                for known, symbol in scope.items()
                if isinstance(symbol, GateDefinition | StandardGate) and _same(known, name)
            )
            found = next(alike, None)
            hint = f"did you mean '{found}'?" if found else self._hint_at(name)
        return semantic(f"The gate '{name}' is not defined.", node, hint)

    def _hint_at(self, name: str) -> str | None:
        if self.is_version_2 and name in KEYWORDS:
            return NEWER
        hint = othergates.hint(name, file := bool(self.includes))
        if not self.is_version_2 or hint is None:
            return hint
        hint = hint if file else hint.replace("stdgates.inc", "qelib1.inc")
        return None if "@" in hint else hint  # which version 2 does not have


_NUMBERS = {
    **dict.fromkeys(("pi", "π"), math.pi),
    **dict.fromkeys(("tau", "τ"), math.tau),
    **dict.fromkeys(("euler", "ℇ"), math.e),
}
# Names that mean a number in every program.
CONSTANTS = frozenset(_NUMBERS)


def _built_in() -> Scope:
    scope = Scope()
    for name, number in _NUMBERS.items():
        scope[name] = Variable(name, Value(FLOAT, number, const=True))
    for name in BUILT_IN:
        scope[name] = StandardGate(name)
    return scope


_BUILT_IN = _built_in()


def name_in_qelib1(name: str) -> str:
    """The name by which a gate of qelib1.inc, or a built-in one of OpenQASM 2, is known."""
    return name if name in SHARED else f"qelib1 {name}"


def _built_in_2() -> Scope:
    scope = Scope()
    scope["pi"] = Variable("pi", Value(FLOAT, math.pi, const=True))
    for name in BUILT_IN_2:
        scope[name] = StandardGate(name_in_qelib1(name))
    return scope


_BUILT_IN_2 = _built_in_2()
# What files declare.
FILES: dict[str, dict[str, Symbol]] = {
    "stdgates.inc": {name: StandardGate(name) for name in STANDARD},
    "qelib1.inc": {name: StandardGate(name_in_qelib1(name), name not in CORE) for name in QELIB1},
}


def _is_replaceable(old: Symbol, new: Symbol) -> bool:
    """Whether a program may define a gate of its own in place of one."""
    gate = isinstance(new, GateDefinition | OpaqueGate)
    return gate and isinstance(old, StandardGate) and old.replaceable


def _is_visible_everywhere(symbol: Symbol) -> bool:
    if isinstance(symbol, Variable):
        return symbol.const
    return isinstance(
        symbol, GateDefinition | Subroutine | StandardGate | OpaqueGate | Ambiguous | Extern
    )


def _same(name: str, other: str) -> bool:
    """Whether two names differ in nothing but case and underscores."""
    return name.replace("_", "").lower() == other.replace("_", "").lower()


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """A hint at the nearest name."""
    if len(name) > 40:
        return None
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"did you mean '{close[0]}'?" if close else None

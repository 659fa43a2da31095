"""Checks the names in a subroutine's body, whether or not it is called."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from openqasm3 import ast

from quantum_tasks.language.arithmetic import FUNCTIONS
from quantum_tasks.language.scope import Scopes

_DECLARED_BY = {
    ast.ClassicalDeclaration: "identifier",
    ast.ConstantDeclaration: "identifier",
    ast.AliasStatement: "target",
}


def check_names(node: ast.SubroutineDefinition, scopes: Scopes) -> None:
    """Raises ProgramError for a name in a subroutine that stands for nothing."""
    arguments = {argument.name.name for argument in node.arguments}
    _Names(scopes).block(node.body, arguments)


class _Names:
    def __init__(self, scopes: Scopes) -> None:
        self._scopes = scopes

    def block(self, statements: list[Any], around: set[str]) -> None:
        """Checks statements, each of which sees the names that those before it declare."""
        names = set(around)
        for statement in statements:
            self._check(statement, names)
            if attribute := _DECLARED_BY.get(type(statement)):
                names.add(getattr(statement, attribute).name)

    def _check(self, node: Any, names: set[str]) -> None:
        match node:
            case ast.Identifier():
                if node.name not in names and not node.name.startswith("$"):
                    self._scopes.look_up_inside(node.name, node)
            case ast.QuantumGate():
                if node.name.name != "nop" and self._scopes.find(node.name.name) is None:
                    raise self._scopes.unknown_gate(node.name.name, node)
                self._children(node, names, skip=("name",))
            case ast.FunctionCall():
                if node.name.name not in FUNCTIONS:
                    self._scopes.look_up_inside(node.name.name, node)
                self._children(node, names, skip=("name",))
            case ast.ForInLoop():
                self._check(node.set_declaration, names)
                self.block(node.block, names | {node.identifier.name})
            case ast.ClassicalDeclaration() | ast.ConstantDeclaration():
                self._children(node, names, skip=("identifier",))
            case ast.AliasStatement():
                self._check(node.value, names)
            case _:
                self._children(node, names)

    def _children(self, node: Any, names: set[str], skip: tuple[str, ...] = ()) -> None:
        for field in fields(node):
            if field.name not in (*skip, "span", "annotations"):
                self._any(getattr(node, field.name), names)

    def _any(self, value: Any, names: set[str]) -> None:
        if isinstance(value, ast.QASMNode):
            self._check(value, names)
        elif isinstance(value, list) and value and isinstance(value[0], ast.Statement):
            self.block(value, names)
        elif isinstance(value, list | tuple):
            for one in value:
                self._any(one, names)

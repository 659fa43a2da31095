"""A fast parser for OpenQASM 3, which leaves to `openqasm3.parse` whatever it is not sure of.

It accepts nothing that the other one rejects, and builds the same trees. Here are statements.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from openqasm3 import ast

from quantum_tasks.parsing import lexer
from quantum_tasks.parsing.declaration_parser import DeclarationParser
from quantum_tasks.parsing.expression_parser import MAX_OPERATORS, TYPES, UnsureError
from quantum_tasks.parsing.indices import Node

_MAX_NESTING = 16  # of statements; the other parser overflows its stack at 48
_VERSION = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_ASSIGNMENTS = {
    operator: ast.AssignmentOperator[operator]
    for operator in (
        "=",
        *(f"{sign}=" for sign in ("+", "-", "*", "/", "&", "|", "~", "^", "<<", ">>", "%", "**")),
    )
}
_MODIFIERS = {name: ast.GateModifierName[name] for name in ("inv", "pow", "ctrl", "negctrl")}


def parse(text: str) -> ast.Program:
    """The syntax tree of a text without comments. Raises UnsureError."""
    try:
        return _Parser(lexer.tokens(text)).program()
    except (RecursionError, ValueError, LookupError, TypeError, AttributeError):
        raise UnsureError from None


class _Parser(DeclarationParser):
    def __init__(self, tokens: list[str]) -> None:
        super().__init__(tokens)
        self._nesting = 0
        self._loops = 0

    def program(self) -> ast.Program:
        """Takes the whole program."""
        tokens = self.tokens
        version = None
        if tokens[0] == "OPENQASM":
            version = tokens[1]
            if not _VERSION.fullmatch(version) or tokens[2] != ";":
                raise UnsureError
            self.at = 3
        elif not tokens[0]:
            raise UnsureError
        statements = []
        while tokens[self.at]:
            statements.append(self._statement())
        node = ast.Program(statements, version)
        node.span = 0
        return node

    def _statement(self) -> Node:
        at = self.at
        token = self.tokens[at]
        rule = _RULES.get(token)
        self.operators_left = MAX_OPERATORS
        if rule is not None:
            node = rule(self)
        elif token.isidentifier():
            node = self._named(token)
        else:
            node = self._expression_statement()
        node.span = at
        return node

    def _named(self, token: str) -> Node:
        """Takes a statement that begins with a name."""
        at = self.at
        following = self.tokens[at + 1]
        if following in _ASSIGNMENTS or following == "[":
            target = self.reference()
            return self._assignment(target)
        if following == "(" or following.isidentifier() or following[:1] == "$":
            return self._gate_call([])
        return self._expression_statement()

    def _expression_statement(self) -> Node:
        node = ast.ExpressionStatement(self.expression())
        self.expect(";")
        return node

    # Gates

    def _gate_call(self, modifiers: list[ast.QuantumGateModifier]) -> Node:
        name = self.name()
        tokens = self.tokens
        arguments = []
        if tokens[self.at] == "(":
            arguments = self.arguments()
            if tokens[self.at] == ";" and not modifiers and name.name != "sizeof":
                call = ast.FunctionCall(name, arguments)
                call.span = name.span
                self.at += 1
                return ast.ExpressionStatement(call)
        return ast.QuantumGate(modifiers, name, arguments, self.qubits())

    def _modified(self) -> Node:
        modifiers = []
        while (token := self.tokens[self.at]) in _MODIFIERS:
            at = self.at
            self.at += 1
            argument = None
            if token == "pow" or (token != "inv" and self.tokens[self.at] == "("):
                self.expect("(")
                argument = self.expression()
                self.expect(")")
            self.expect("@")
            modifier = ast.QuantumGateModifier(_MODIFIERS[token], argument)
            modifier.span = at
            modifiers.append(modifier)
        if token == "gphase":
            return self._phase(modifiers)
        return self._gate_call(modifiers)

    def _phase(self, modifiers: list[ast.QuantumGateModifier] | None = None) -> Node:
        self.at += 1
        arguments = self.arguments()
        if len(arguments) != 1:
            raise UnsureError
        return ast.QuantumPhase(modifiers or [], arguments[0], self._any_qubits())

    def _any_qubits(self) -> list[Node]:
        if self.tokens[self.at] != ";":
            return self.qubits()
        self.at += 1
        return []

    def _gate_definition(self) -> Node:
        self.require_global()
        self.at += 1
        name = self.name()
        angles = []
        if self.tokens[self.at] == "(":
            self.at += 1
            if self.tokens[self.at] != ")":
                angles = self.names(")")
            self.expect(")")
        qubits = self.names("{")
        return ast.QuantumGateDefinition(name, angles, qubits, self._defined("gate"))

    # Subroutines

    def _subroutine(self) -> Node:
        self.require_global()
        self.at += 1
        name = self.name()
        self.expect("(")
        arguments = []
        while self.tokens[self.at] != ")":
            arguments.append(self.argument())
            if self.tokens[self.at] != ",":
                break
            self.at += 1
        self.expect(")")
        kind = None
        if self.tokens[self.at] == "->":
            self.at += 1
            kind = self.scalar_type()
        return ast.SubroutineDefinition(name, arguments, self._defined("def"), kind)

    def _return(self) -> Node:
        if self.definition != "def":
            raise UnsureError
        self.at += 1
        value = None
        if self.tokens[self.at] != ";":
            value = self.value()
        self.expect(";")
        return ast.ReturnStatement(value)

    # Blocks

    def _defined(self, definition: str) -> list[Node]:
        """Takes the body of a gate or a subroutine."""
        if self.tokens[self.at] != "{":
            raise UnsureError
        self.definition = definition
        body = self._body()
        self.definition = ""
        return body

    def _body(self) -> list[Node]:
        """Takes a block, or one statement."""
        self.scopes += 1
        if self.tokens[self.at] == "{":
            statements = self._statements()
        else:
            self._descend_into_statement()
            statements = [self._statement()]
            self._nesting -= 1
        self.scopes -= 1
        return statements

    def _statements(self) -> list[Node]:
        tokens = self.tokens
        self.expect("{")
        self._descend_into_statement()
        statements = []
        while tokens[self.at] != "}":
            statements.append(self._statement())
        self._nesting -= 1
        self.at += 1
        return statements

    def _descend_into_statement(self) -> None:
        self._nesting += 1
        if self._nesting > _MAX_NESTING:
            raise UnsureError

    def _block(self) -> ast.CompoundStatement:
        at = self.at
        node = ast.CompoundStatement(self._statements())
        node.span = at
        return node

    # Control flow

    def _condition(self) -> Node:
        self.at += 1
        self.expect("(")
        condition = self.expression()
        self.expect(")")
        return condition

    def _if(self) -> Node:
        condition = self._condition()
        body = self._body()
        otherwise: list[Node] = []
        if self.tokens[self.at] == "else":
            self.at += 1
            otherwise = self._body()
        return ast.BranchingStatement(condition, body, otherwise)

    def _while(self) -> Node:
        condition = self._condition()
        return ast.WhileLoop(condition, self._loop_body())

    def _for(self) -> Node:
        self.at += 1
        kind, name = self.scalar_type(), self.name()
        self.expect("in")
        if self.tokens[self.at] == "{":
            values: Node = self.set_expression()
        elif self.tokens[self.at] == "[":
            self.at += 1
            values = self.range_or_expression()
            if not isinstance(values, ast.RangeDefinition):
                raise UnsureError
            self.expect("]")
        else:
            values = self.expression()
        return ast.ForInLoop(kind, name, values, self._loop_body())

    def _loop_body(self) -> list[Node]:
        self._loops += 1
        body = self._body()
        self._loops -= 1
        return body

    def _switch(self) -> Node:
        target = self._condition()
        self.expect("{")
        cases = []
        default = None
        while self.tokens[self.at] != "}":
            if default is not None:
                raise UnsureError
            self.at += 1
            if self.tokens[self.at - 1] == "case":
                values = [self.expression()]
                while self.tokens[self.at] == ",":
                    self.at += 1
                    if self.tokens[self.at] == "{":
                        break
                    values.append(self.expression())
                cases.append((values, self._block()))
            elif self.tokens[self.at - 1] == "default":
                default = self._block()
            else:
                raise UnsureError
        self.at += 1
        return ast.SwitchStatement(target, cases, default)

    def _word(self) -> Node:
        """Takes a statement of one word."""
        token = self.tokens[self.at]
        if token != "end" and not self._loops:
            raise UnsureError
        self.at += 1
        self.expect(";")
        return _WORDS[token]()

    # Measurements and assignments

    def _measure(self) -> Node:
        measurement = self.measurement()
        target = None
        if self.tokens[self.at] == "->":
            self.at += 1
            target = self.reference()
        self.expect(";")
        return ast.QuantumMeasurementStatement(measurement, target)

    def _assignment(self, target: Node) -> Node:
        operator = _ASSIGNMENTS.get(self.tokens[self.at])
        if operator is None or self.definition == "gate":
            raise UnsureError
        self.at += 1
        node: Node
        if self.tokens[self.at] == "measure":
            node = ast.QuantumMeasurementStatement(self.measurement(), target)
        else:
            node = ast.ClassicalAssignment(target, operator, self.expression())
        self.expect(";")
        return node

    def _reset(self) -> Node:
        if self.definition == "gate":
            raise UnsureError
        self.at += 1
        node = ast.QuantumReset(self.qubit())
        self.expect(";")
        return node

    def _barrier(self) -> Node:
        self.at += 1
        return ast.QuantumBarrier(self._any_qubits())

    def _delay(self) -> Node:
        self.at += 1
        return ast.DelayInstruction(self.designator(), self._any_qubits())

    def _box(self) -> Node:
        self.at += 1
        duration = self.size()
        if self.tokens[self.at] != "{":
            raise UnsureError
        return ast.Box(duration, self._body())


_WORDS = {
    "break": ast.BreakStatement,
    "continue": ast.ContinueStatement,
    "end": ast.EndStatement,
}
_RULES: dict[str, Callable[[_Parser], Node]] = {
    **dict.fromkeys(_MODIFIERS, _Parser._modified),
    **dict.fromkeys(TYPES, _Parser.declaration),
    **dict.fromkeys(_WORDS, _Parser._word),
    "gphase": _Parser._phase,
    "gate": _Parser._gate_definition,
    "def": _Parser._subroutine,
    "return": _Parser._return,
    "{": _Parser._block,
    "if": _Parser._if,
    "while": _Parser._while,
    "for": _Parser._for,
    "switch": _Parser._switch,
    "measure": _Parser._measure,
    "reset": _Parser._reset,
    "barrier": _Parser._barrier,
    "delay": _Parser._delay,
    "box": _Parser._box,
    "array": _Parser.array_declaration,
    "const": _Parser.constant_declaration,
    "input": _Parser.io_declaration,
    "output": _Parser.io_declaration,
    "qubit": _Parser.qubit_declaration,
    "qreg": _Parser.old_declaration,
    "creg": _Parser.old_declaration,
    "let": _Parser.alias,
    "include": _Parser.include,
}

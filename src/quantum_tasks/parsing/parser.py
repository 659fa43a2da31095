"""A fast parser for OpenQASM 3. Whatever it is not sure of is left to the reference parser,
`openqasm3.parse`.

It accepts nothing that the reference parser rejects, and builds the same trees. This module has
the statements.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from openqasm3 import ast

from quantum_tasks.parsing import lexer
from quantum_tasks.parsing.cursor import MAX_OPERATORS, Cursor, UnsureError
from quantum_tasks.parsing.declaration_parser import DeclarationParser
from quantum_tasks.parsing.definition_parser import DefinitionParser
from quantum_tasks.parsing.expression_parser import ExpressionParser
from quantum_tasks.parsing.mistakes import Node
from quantum_tasks.parsing.operand_parser import OperandParser
from quantum_tasks.parsing.operation_parser import ASSIGNMENTS, MODIFIERS, OperationParser
from quantum_tasks.parsing.type_parser import TYPES

Tree = TypeVar("Tree")

_MAX_NESTING = 16  # of statements; the other parser overflows its stack at 48
_VERSION = re.compile(r"[0-9]+(?:\.[0-9]+)?")


def parse(text: str) -> ast.Program:
    """The syntax tree of a text without comments. Raises UnsureError."""
    return attempted(StatementParser(Cursor(lexer.tokens(text))).program)


def attempted(read: Callable[[], Tree]) -> Tree:
    """What a method of a parser returns. Raises UnsureError whatever error it raises."""
    try:
        return read()
    except (RecursionError, ValueError, LookupError, TypeError, AttributeError):
        raise UnsureError from None


class StatementParser:
    """Reads statements."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        self._expressions = ExpressionParser(cursor)
        self._operands = operands = OperandParser(cursor, self._expressions)
        self.declarations = declarations = DeclarationParser(cursor, self._expressions, operands)
        self.operations = OperationParser(cursor, self._expressions, operands, declarations)
        self._types = self._expressions.types
        self.definitions = DefinitionParser(cursor, declarations, self._types, self._body)
        self._nesting = 0
        self._loops = 0

    def program(self) -> ast.Program:
        """Takes the whole program."""
        cursor = self._cursor
        tokens = cursor.tokens
        version = None
        if tokens[0] == "OPENQASM":
            version = tokens[1]
            if not _VERSION.fullmatch(version) or tokens[2] != ";":
                raise UnsureError
            cursor.at = 3
        elif not tokens[0]:
            raise UnsureError
        node = ast.Program(self.statements(), version)
        node.span = 0
        return node

    def statements(self) -> list[Node]:
        """Takes all statements that are left."""
        cursor = self._cursor
        statements = []
        while cursor.tokens[cursor.at]:
            statements.append(self._statement())
        return statements

    def _statement(self) -> Node:
        cursor = self._cursor
        at = cursor.at
        token = cursor.tokens[at]
        rule = _RULES.get(token)
        cursor.operators_left = MAX_OPERATORS
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
        cursor = self._cursor
        at = cursor.at
        following = cursor.tokens[at + 1]
        if following in ASSIGNMENTS or following == "[":
            target = self._operands.reference()
            return self.operations.assignment(target)
        if following == "(" or following.isidentifier() or following[:1] == "$":
            return self.operations.gate_call([])
        return self._expression_statement()

    def _expression_statement(self) -> Node:
        cursor = self._cursor
        node = ast.ExpressionStatement(self._expressions.expression())
        cursor.expect(";")
        return node

    # Blocks

    def _body(self) -> list[Node]:
        """Takes a block, or one statement."""
        cursor = self._cursor
        self.declarations.scopes += 1
        if cursor.tokens[cursor.at] == "{":
            statements = self._statements()
        else:
            self._descend_into_statement()
            statements = [self._statement()]
            self._nesting -= 1
        self.declarations.scopes -= 1
        return statements

    def _statements(self) -> list[Node]:
        cursor = self._cursor
        tokens = cursor.tokens
        cursor.expect("{")
        self._descend_into_statement()
        statements = []
        while tokens[cursor.at] != "}":
            statements.append(self._statement())
        self._nesting -= 1
        cursor.at += 1
        return statements

    def _descend_into_statement(self) -> None:
        self._nesting += 1
        if self._nesting > _MAX_NESTING:
            raise UnsureError

    def block(self) -> ast.CompoundStatement:
        """Takes a block."""
        cursor = self._cursor
        at = cursor.at
        node = ast.CompoundStatement(self._statements())
        node.span = at
        return node

    # Control flow

    def _condition(self) -> Node:
        cursor = self._cursor
        cursor.at += 1
        cursor.expect("(")
        condition = self._expressions.expression()
        cursor.expect(")")
        return condition

    def if_(self) -> Node:
        """Takes a branch."""
        cursor = self._cursor
        condition = self._condition()
        body = self._body()
        otherwise: list[Node] = []
        if cursor.tokens[cursor.at] == "else":
            cursor.at += 1
            otherwise = self._body()
        return ast.BranchingStatement(condition, body, otherwise)

    def while_(self) -> Node:
        """Takes a loop with a condition."""
        condition = self._condition()
        return ast.WhileLoop(condition, self._loop_body())

    def for_(self) -> Node:
        """Takes a loop over values."""
        cursor = self._cursor
        cursor.at += 1
        kind, name = self._types.scalar_type(), cursor.name()
        cursor.expect("in")
        if cursor.tokens[cursor.at] == "{":
            values: Node = self._expressions.set_expression()
        elif cursor.tokens[cursor.at] == "[":
            cursor.at += 1
            values = self._expressions.range_or_expression()
            if not isinstance(values, ast.RangeDefinition):
                raise UnsureError
            cursor.expect("]")
        else:
            values = self._expressions.expression()
        return ast.ForInLoop(kind, name, values, self._loop_body())

    def _loop_body(self) -> list[Node]:
        self._loops += 1
        body = self._body()
        self._loops -= 1
        return body

    def switch(self) -> Node:
        """Takes a switch."""
        cursor = self._cursor
        target = self._condition()
        cursor.expect("{")
        cases = []
        default = None
        while cursor.tokens[cursor.at] != "}":
            if default is not None:
                raise UnsureError
            cursor.at += 1
            if cursor.tokens[cursor.at - 1] == "case":
                values = [self._expressions.expression()]
                while cursor.tokens[cursor.at] == ",":
                    cursor.at += 1
                    if cursor.tokens[cursor.at] == "{":
                        break
                    values.append(self._expressions.expression())
                cases.append((values, self.block()))
            elif cursor.tokens[cursor.at - 1] == "default":
                default = self.block()
            else:
                raise UnsureError
        cursor.at += 1
        return ast.SwitchStatement(target, cases, default)

    def word(self) -> Node:
        """Takes a statement of one word."""
        cursor = self._cursor
        token = cursor.tokens[cursor.at]
        if token != "end" and not self._loops:
            raise UnsureError
        cursor.at += 1
        cursor.expect(";")
        return _WORDS[token]()

    def box(self) -> Node:
        """Takes a box."""
        cursor = self._cursor
        cursor.at += 1
        duration = self._types.size()
        if cursor.tokens[cursor.at] != "{":
            raise UnsureError
        return ast.Box(duration, self._body())


_WORDS = {
    "break": ast.BreakStatement,
    "continue": ast.ContinueStatement,
    "end": ast.EndStatement,
}
_RULES: dict[str, Callable[[StatementParser], Node]] = {
    **dict.fromkeys(MODIFIERS, lambda parser: parser.operations.modified()),
    **dict.fromkeys(TYPES, lambda parser: parser.declarations.declaration()),
    **dict.fromkeys(_WORDS, StatementParser.word),
    "gphase": lambda parser: parser.operations.phase(),
    "gate": lambda parser: parser.definitions.gate(),
    "def": lambda parser: parser.definitions.subroutine(),
    "return": lambda parser: parser.definitions.return_(),
    "{": StatementParser.block,
    "if": StatementParser.if_,
    "while": StatementParser.while_,
    "for": StatementParser.for_,
    "switch": StatementParser.switch,
    "measure": lambda parser: parser.operations.measure(),
    "reset": lambda parser: parser.operations.reset(),
    "barrier": lambda parser: parser.operations.barrier(),
    "delay": lambda parser: parser.operations.delay(),
    "box": StatementParser.box,
    "array": lambda parser: parser.declarations.array_declaration(),
    "const": lambda parser: parser.declarations.constant_declaration(),
    "input": lambda parser: parser.declarations.io_declaration(),
    "output": lambda parser: parser.declarations.io_declaration(),
    "qubit": lambda parser: parser.declarations.qubit_declaration(),
    "qreg": lambda parser: parser.declarations.old_declaration(),
    "creg": lambda parser: parser.declarations.old_declaration(),
    "let": lambda parser: parser.declarations.alias(),
    "include": lambda parser: parser.declarations.include(),
}

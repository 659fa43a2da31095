"""From the text of a program to operations, or to an error that says what is wrong and where."""

from __future__ import annotations

import gc
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import msgspec
from openqasm3 import ast

from quantum_tasks.circuits.bounds import Bounds
from quantum_tasks.circuits.circuit import Program
from quantum_tasks.errors import NoMeasurements, QasmSemantic
from quantum_tasks.language.compiler import Compiler
from quantum_tasks.language.inputs import Given, Input
from quantum_tasks.language.measured.cases import following
from quantum_tasks.language.warnings import Found
from quantum_tasks.parsing import lexer, syntax
from quantum_tasks.parsing.cursor import UnsureError
from quantum_tasks.parsing.mistakes import Node, ProgramError, Start
from quantum_tasks.tasks import Parameters, ProgramWarning

_LINE = re.compile("\n")
_LONG = 65_536  # characters; to read a longer program as a tree, for a place, takes too long


def load(
    qc: str, bounds: Bounds, parameters: Parameters | None = None, observed: bool = False
) -> Program:
    """Parses and compiles a program, its inputs having the values of `parameters`.

    A program that is `observed` need not measure. Raises ProgramError.
    """
    with collector_paused():
        return Source(qc).program(bounds, Given(parameters or {}), observed)


class Source:
    """A program's text, parsed once, to be compiled with one set of inputs or several.

    Raises ProgramError.
    """

    def __init__(self, qc: str) -> None:
        self._text = syntax.clean(qc)
        self._bare = syntax.without_comments(self._text)
        self.inputs: dict[str, Input] = {}  # of what was compiled last
        self._found: list[Found] = []
        self._by_lines = False
        self._given = Given({})  # of what was compiled last, as these
        self._again: Callable[[ast.Program], Program]
        with self._shown():
            self._straight = syntax.parse_straight(self._text, self._bare)
            self._tree: ast.Program | None = None
            if self._straight is None:
                _ = self._whole

    def program(self, bounds: Bounds, given: Given, observed: bool = False) -> Program:
        """Compiles the program. Raises ProgramError."""
        if self._straight is not None:
            # What is wrong with a program, and where, is found out with its whole tree.
            try:
                return self._compiled(self._straight, bounds, given, observed)
            except UnsureError:
                self._straight = None  # nor with other inputs
            except ProgramError:
                pass
        with self._shown():
            return self._compiled(self._whole, bounds, given, observed)

    @property
    def _whole(self) -> ast.Program:
        if self._tree is None:
            self._tree = syntax.parse(self._text, self._bare)
        return self._tree

    def _compiled(
        self, tree: ast.Program, bounds: Bounds, given: Given, observed: bool
    ) -> Program:
        compiler, program = compiled(tree, bounds, given, once=tree is self._straight)
        self.inputs, self._given = compiler.inputs, given
        self._found, self._by_lines = compiler.warnings, tree is self._straight
        self._again = partial(self._compiled, bounds=bounds, given=given, observed=observed)
        if not observed and not (program.registers and syntax.measures(self._bare)):
            old = compiler.scopes.is_version_2
            example = "creg c[2]; measure q -> c;" if old else "bit[2] c; c = measure q;"
            raise ProgramError(
                NoMeasurements,
                "The program measures nothing into bits, so there would be nothing to count.",
                hint=f"declare bits and measure into them: {example}",
            )
        return program

    def warnings(self) -> list[ProgramWarning]:
        """What may surprise in what was compiled last."""
        if self._found and self._by_lines:  # which have no places
            if len(self._bare) > _LONG:
                return [msgspec.structs.replace(one, node=None).shown("") for one in self._found]
            self._again(self._whole)
        return [found.shown(self._bare) for found in self._found]

    def outline(self, bounds: Bounds) -> tuple[Compiler, Program]:
        """What was compiled last as it is drawn, and the compiler that knows its names. Raises
        ProgramError."""
        with self._shown():
            return compiled(self._whole, bounds, self._given, outlines=True)

    def places(self) -> Callable[[Start], tuple[int, int]]:
        """Says the line and the column of what begins somewhere; 0 where nobody knows."""
        starts = lexer.starts(self._bare)
        lines = [0, *(found.end() for found in _LINE.finditer(self._bare))]

        def place(start: Start) -> tuple[int, int]:
            if start is None:
                return 0, 0
            if not isinstance(start, int):
                return start.start_line, start.start_column + 1
            at = starts[start] if start < len(starts) else len(self._bare)
            line = bisect_right(lines, at)
            return line, at - lines[line - 1] + 1

        return place

    def _declaration(self, name: str) -> Node:
        """Where an input is declared in the whole text."""
        return next(
            node
            for node in self._whole.statements
            if isinstance(node, ast.IODeclaration) and node.identifier.name == name
        )

    @contextmanager
    def _shown(self) -> Iterator[None]:
        """Adds the place in the text to a ProgramError."""
        try:
            yield
        except ProgramError as error:
            error.show(self._text, self._bare)
            raise

    def check(self, given: Given) -> None:
        """Raises ProgramError unless these are values for the inputs of what was compiled."""
        with self._shown():
            given.check_names(self.inputs)
            for wanted in self.inputs.values():
                try:
                    given.value(wanted)
                except ProgramError as error:
                    error.node = self._declaration(wanted.name) if error.node else None
                    raise


def compiled(
    tree: ast.Program, bounds: Bounds, given: Given, once: bool = False, outlines: bool = False
) -> tuple[Compiler, Program]:
    """The program of a syntax tree, and the compiler that knows its names.

    If there are too many cases for it to be compiled, and not only `once` is tried, it is compiled
    with its numbers followed. Raises ProgramError.
    """
    compiler = Compiler(bounds, given, outlines=outlines)
    try:
        return compiler, compiler.compile(tree)
    except ProgramError as error:
        if once or not error.too_many_values:
            raise
        first = error
    compiler = Compiler(bounds, given, follows=True, outlines=outlines)
    try:
        with following(bounds.values):
            return compiler, compiler.compile(tree)
    except ProgramError as error:
        if error.problem is QasmSemantic or error.too_many_values:
            raise
        raise first from None


@contextmanager
def collector_paused() -> Iterator[None]:
    """A syntax tree is all live objects: collecting while it grows doubles the time it takes."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()

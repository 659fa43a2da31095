"""From OpenQASM 3 text to operations, or to an error that says what is wrong and where."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from quantum_tasks.circuits.bounds import Bounds
from quantum_tasks.circuits.circuit import Program
from quantum_tasks.errors import NoMeasurements
from quantum_tasks.language.compiler import Compiler
from quantum_tasks.language.inputs import Given, Input
from quantum_tasks.parsing import syntax
from quantum_tasks.parsing.mistakes import ProgramError
from quantum_tasks.tasks import Parameters


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
        try:
            self._tree = syntax.parse(self._text, self._bare)
        except ProgramError as error:
            error.show(self._text, self._bare)
            raise

    def program(self, bounds: Bounds, given: Given, observed: bool = False) -> Program:
        """Compiles the program. Raises ProgramError."""
        compiler = Compiler(bounds, given)
        try:
            program = compiler.compile(self._tree)
            self.inputs = compiler.inputs
            if not observed and not (program.registers and syntax.measures(self._bare)):
                raise ProgramError(
                    NoMeasurements,
                    "The program measures nothing into bits, so there would be nothing to count.",
                    hint="declare bits and measure into them: bit[2] c; c = measure q;",
                )
        except ProgramError as error:
            error.show(self._text, self._bare)
            raise
        return program

    def check(self, given: Given) -> None:
        """Raises ProgramError unless these are values for the inputs of what was compiled."""
        try:
            given.check_names(self.inputs)
            for wanted in self.inputs.values():
                given.value(wanted)
        except ProgramError as error:
            error.show(self._text, self._bare)
            raise


@contextmanager
def collector_paused() -> Iterator[None]:
    """A syntax tree is all live objects: collecting while it grows doubles the time it takes."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()

"""From OpenQASM 3 text to operations, or to an error that says what is wrong and where."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from quantum_tasks.errors import NoMeasurements
from quantum_tasks.simulator import syntax
from quantum_tasks.simulator.bounds import Bounds
from quantum_tasks.simulator.circuit import Program
from quantum_tasks.simulator.compiler import compile_program
from quantum_tasks.simulator.mistakes import ProgramError


def load(qc: str, bounds: Bounds) -> Program:
    """Parses and compiles a program. Raises ProgramError."""
    text = syntax.clean(qc)
    bare = syntax.without_comments(text)
    try:
        with _collector_paused():
            program = compile_program(syntax.parse(text, bare), bounds)
        if not program.registers or not syntax.measures(bare):
            raise ProgramError(
                NoMeasurements,
                "The program measures nothing into bits, so there would be nothing to count.",
                hint="declare bits and measure into them: bit[2] c; c = measure q;",
            )
    except ProgramError as error:
        error.show(text, bare)
        raise
    return program


@contextmanager
def _collector_paused() -> Iterator[None]:
    """A syntax tree is all live objects: collecting while it grows doubles the time it takes."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()

"""The two ways from a program to its operations."""

from __future__ import annotations

from functools import partial

from quantum_tasks.circuits.bounds import Bounds
from quantum_tasks.circuits.circuit import Program
from quantum_tasks.language.compiler import Compiler
from quantum_tasks.language.inputs import Given
from quantum_tasks.parsing import straight, syntax
from quantum_tasks.parsing.cursor import UnsureError
from quantum_tasks.parsing.mistakes import ProgramError
from quantum_tasks.parsing.parser import attempted
from quantum_tasks.tasks import Parameters

BOUNDS = Bounds(operations=2000)


def by_lines(qc: str, parameters: Parameters | None = None) -> Program | None:
    """The program by its straight lines; None if that is left to the syntax tree."""
    text = syntax.clean(qc)
    bare = syntax.without_comments(text)
    if "/*" in bare:
        return None
    try:
        syntax.check(text)
        tree = attempted(partial(straight.parse, bare, syntax.is_version_2(bare), least=0))
        return Compiler(BOUNDS, Given(parameters or {})).compile(tree)
    except ProgramError as error:
        if error.log:  # the compiler has failed
            raise
        return None
    except UnsureError:
        return None


def by_tree(qc: str, parameters: Parameters | None = None) -> Program:
    """The program by its syntax tree. Raises ProgramError."""
    text = syntax.clean(qc)
    tree = syntax.parse(text, syntax.without_comments(text))
    return Compiler(BOUNDS, Given(parameters or {})).compile(tree)

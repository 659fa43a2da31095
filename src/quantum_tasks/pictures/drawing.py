"""Drawings of programs, by Qiskit's drawers.

The drawing shows the compiled program, because this is what runs: its loops are unrolled and its
gates expanded.
"""

from __future__ import annotations

import logging
import os
import tempfile
import traceback
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from io import StringIO
from math import ceil
from typing import Any

from qiskit.visualization import circuit_drawer

from quantum_tasks.circuits.bounds import Bounds
from quantum_tasks.circuits.circuit import Branch, Gate, Loop, Operation, Program, Store, Unitary
from quantum_tasks.errors import InternalError, TooLargeToDraw
from quantum_tasks.language import program
from quantum_tasks.language.inputs import Given
from quantum_tasks.orders import Draw, Drawn
from quantum_tasks.parsing import syntax
from quantum_tasks.parsing.mistakes import ProgramError
from quantum_tasks.pictures.legible import If, Step, While, legible
from quantum_tasks.pictures.qiskit_circuit import Declared, build
from quantum_tasks.tasks import Parameters

# The largest program that one core draws within 5 s.
_MAX_OPERATIONS = {"text": 2000, "svg": 300}
_MAX_ENDS = {"text": 50_000, "svg": 1000}
_MOST_LEFT_OUT = 5  # times as many operations on hidden bits as may be drawn
# A drawing is small if its SVG takes up to 0.2 s; the smallest drawing takes 0.06 s.
_SMALL_WORK = {"text": 900, "svg": 90}
_MAX_WIRES = 64
_MAX_BITS = 200
_MAX_NESTING = 20
_MANY_QUBITS = 20  # with more, unused qubits are left out
_TEXT_WIDTH = 120
_SVG_COLUMNS = 20
_OPTIONS = {
    "cregbundle": True,
    "idle_wires": True,
    "expr_len": 60,
    "barrier_label_len": 30,
    "initial_state": False,
    "reverse_bits": False,
    "plot_barriers": True,
    "justify": "left",
}


@dataclass(frozen=True)
class Plan:
    """A program that can be drawn; `small` if this takes little more time than the smallest
    drawing."""

    loaded: Program
    steps: list[Step]
    quantum: list[tuple[str, int]]
    small: bool


def plan(order: Draw, bounds: Bounds) -> Plan:
    """Compiles a program to be drawn. Raises ProgramError."""
    loaded = program.load(order.qc, bounds, order.parameters, observed=True)
    shown = {bit for register in loaded.registers for bit in register}
    _check_length(loaded.operations, order.format)
    steps = legible(loaded.operations, shown)
    work = _checked_size(loaded, steps, order.format)
    quantum = _quantum_registers(order.qc, bounds, order.parameters)
    return Plan(loaded, steps, quantum, work <= _SMALL_WORK[order.format])


def draw(plan: Plan, format: str) -> Drawn:
    """Draws it. Raises ProgramError."""
    loaded = plan.loaded
    declared = Declared(plan.quantum, list(zip(loaded.names, loaded.registers, strict=True)))
    drawn = _text if format == "text" else _svg
    try:
        return Drawn(drawn(build(plan.steps, loaded.places, declared, _all_qubits(loaded))))
    except MemoryError:
        raise
    except Exception:  # Qiskit raises many kinds of errors for what it cannot draw
        failure = ProgramError(InternalError, "The drawer fails at this circuit.")
        failure.log = traceback.format_exc()
        raise failure from None


@cache
def get_ready() -> Any:
    """Imports matplotlib's pyplot: the first import takes longer than most drawings.

    For the import, it gets a temporary directory for its settings: the user that runs the service
    may have no home directory.
    """
    with tempfile.TemporaryDirectory() as directory:
        os.environ["MPLCONFIGDIR"] = directory
        import matplotlib

        matplotlib.use("svg")
        from matplotlib import pyplot
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # its font lacks many letters
    matplotlib.rcParams["svg.hashsalt"] = "quantum-tasks"  # else the ids in the SVG are random
    matplotlib.rcParams["svg.fonttype"] = "path"  # letters are drawn as paths: no font is needed
    return pyplot


def _all_qubits(loaded: Program) -> bool:
    return loaded.declared <= _MANY_QUBITS


def _check_length(operations: Sequence[Operation], format: str) -> None:
    """Refuses a program that would take long to simplify, and would still be too large to draw."""
    extent = _Extent()
    extent.add(operations)
    limit = _MAX_OPERATIONS[format]
    if extent.operations > limit * _MOST_LEFT_OUT:
        raise _too_large(extent.operations, "operations", format, limit)


def _checked_size(loaded: Program, steps: Sequence[Step], format: str) -> float:
    """The size of the drawing: how many symbols stand on wires, and how many wires each line has.
    Refuses what is too large."""
    qubits = loaded.declared if _all_qubits(loaded) else loaded.qubits
    bits = sum(map(len, loaded.registers))
    extent = _Extent(loaded.qubits)
    extent.add(steps)
    wires = qubits + len(loaded.registers)
    for found, limit, what in (
        (wires, _MAX_WIRES, "qubits and classical registers"),
        (bits, _MAX_BITS, "classical bits"),
        (extent.operations, _MAX_OPERATIONS[format], "operations"),
        (extent.ends, _MAX_ENDS[format], "places where an operation meets a qubit"),
        (extent.nesting, _MAX_NESTING, "levels of branches"),
    ):
        if found > limit:
            raise _too_large(found, what, format, limit)
    return extent.ends + 2 * wires * ceil(extent.operations / _SVG_COLUMNS)


def _too_large(found: int, what: str, format: str, limit: int) -> ProgramError:
    return ProgramError(
        TooLargeToDraw,
        f"The circuit has {found:,} {what}; what is drawn as {format} has at most {limit:,}.",
    )


class _Extent:
    """Counts the operations, the qubits that they act on in all, and the depth of their
    nesting."""

    def __init__(self, qubits: int = 0) -> None:
        self._qubits = qubits
        self.operations = 0
        self.ends = 0
        self.nesting = 0

    def add(self, steps: Iterable[Step], depth: int = 0) -> None:
        self.nesting = max(self.nesting, depth)
        for step in steps:
            self.operations += 1
            match step:
                case Gate() | Unitary():
                    self.ends += len(step.qubits)
                case Store():  # drawn across all qubits
                    self.ends += self._qubits
                case If() | Branch():
                    self.add(step.then, depth + 1)
                    self.add(step.otherwise, depth + 1)
                case While() | Loop():
                    self.add(step.body, depth + 1)
                case _:
                    self.ends += 1


def _quantum_registers(
    qc: str, bounds: Bounds, parameters: Parameters | None
) -> list[tuple[str, int]]:
    """The names and sizes of a program's quantum registers; the compiled program does not have
    them."""
    text = syntax.clean(qc)
    tree = syntax.parse(text, syntax.without_comments(text))
    compiler, _ = program.compiled(tree, bounds, Given(parameters or {}))
    registers = compiler.declarations.quantum_registers
    return [(name, len(symbol.numbers)) for name, symbol in registers.items()]


def _text(circuit: Any) -> str:
    options = {**_OPTIONS, "fold": _TEXT_WIDTH}
    drawing = str(circuit_drawer(circuit, output="text", **options))
    return "".join(f"{line.rstrip()}\n" for line in drawing.splitlines())


def _svg(circuit: Any) -> str:
    pyplot = get_ready()
    # Not folded: the drawer loses parts of blocks when it folds them.
    fold = -1 if circuit.has_control_flow_op() else _SVG_COLUMNS
    options = {**_OPTIONS, "fold": fold}
    file = StringIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # warnings about letters that its font lacks
        try:
            figure = circuit_drawer(circuit, output="mpl", style={"name": "iqp"}, **options)
            for text in figure.findobj(lambda artist: _is_expression_mark(artist)):
                text.remove()
            nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
            figure.savefig(file, format="svg", bbox_inches="tight", metadata=nothing)
        finally:
            pyplot.close("all")
    return _titled(file.getvalue(), circuit)


def _is_expression_mark(artist: Any) -> bool:
    """Whether a text of the drawing is the "[expr]" below a condition that is already written out
    above."""
    return hasattr(artist, "get_text") and artist.get_text() == "[expr]"


def _titled(svg: str, circuit: Any) -> str:
    """The SVG document with a title, and without its DOCTYPE, which has an address."""
    attributes, _, content = svg.partition("<svg ")[2].partition(">")
    title = escape(
        f"Circuit of {circuit.num_qubits} qubit{'' if circuit.num_qubits == 1 else 's'}: "
        + ", ".join(register.name for register in (*circuit.qregs, *circuit.cregs))
    )
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n'
        f'<svg role="img" aria-label="{title}" {attributes}>\n<title>{title}</title>{content}'
    )

"""A circuit as a page draws it: the steps of a program, in its own words, and where they stand."""

from __future__ import annotations

from typing import Literal

import msgspec

from quantum_tasks.tasks import Register


class Step(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that a program does; what is empty is left out.

    `line` and `column`, from 1, are those of the statement: a loop does the same one often.
    `qubits` are numbers of wires, `controls` those that control a gate, and `open` those of them
    that must be 0. `name` is a gate's. `text` is what stands beside it: the angles of a gate, a
    condition, an assignment, the name of a subroutine. A measurement or an assignment writes into
    `bit`: the number of a register, and a place in it; without it, into a bit that counts do not
    show: then the text of a measurement is the name by which later steps call it. `reads` are
    numbers of the registers that a condition or an assignment reads. `steps` are those in a block,
    `otherwise` those in the block behind `else`.
    """

    kind: Literal["gate", "measure", "reset", "barrier", "set", "if", "while", "call"]
    line: int = 0
    column: int = 0
    name: str = ""
    text: str = ""
    qubits: list[int] = []
    controls: list[int] = []
    open: list[int] = []
    bit: tuple[int, int] | None = None
    reads: list[int] = []
    steps: list[Step] = []
    otherwise: list[Step] = []


class Circuit(msgspec.Struct, frozen=True, kw_only=True):
    """A circuit to be drawn: the names of its `qubits`, which are its wires, its classical
    `registers`, and its `steps` in order. Of one that is too large there is only the reason why it
    is `left_out`."""

    qubits: list[str] = []
    registers: list[Register] = []
    steps: list[Step] = []
    left_out: str | msgspec.UnsetType = msgspec.UNSET

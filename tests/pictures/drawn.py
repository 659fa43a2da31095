"""What a program looks like, drawn here and now."""

from __future__ import annotations

from quantum_tasks.circuits.bounds import Bounds
from quantum_tasks.orders import Draw
from quantum_tasks.pictures import drawing


def drawn(order: Draw) -> str:
    return drawing.draw(drawing.plan(order, Bounds()), order.format).content


def text(qc: str, **parameters: object) -> str:
    return drawn(Draw(qc, parameters or None, "text"))


def svg(qc: str) -> str:
    return drawn(Draw(qc, None, "svg"))

"""Random definitions and calls of gates, for the random programs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hypothesis import strategies as st

from oracle.random_names import Draw, Draws

NAMES = ("ecr", "rzz", "kraus", "initialize", "diagonal", "multiplexer", "save_state", "mine")
PARAMETERS = ("b", "a", "theta", "φ", "alpha")
FORMALS = ("t0", "q", "anc", "y1")
MODIFIERS = (
    *("ctrl @", "ctrl(2) @", "negctrl @", "negctrl(2) @", "inv @"),
    *("pow(2) @", "pow(-1) @", "pow(3) @", "pow(0.5) @", "pow(-0.3) @", "pow(1.5) @"),
)
MAX_WIDTH = 4


@dataclass(frozen=True)
class Definition:
    """A gate's signature."""

    name: str
    parameters: int
    qubits: int


STANDARD = (
    *(Definition(name, 0, 1) for name in ("h", "x", "y", "z", "s", "sdg", "t", "tdg", "sx", "id")),
    *(Definition(name, 1, 1) for name in ("rx", "ry", "rz", "p", "u1", "phase")),
    *(Definition(name, 0, 2) for name in ("cx", "cy", "cz", "ch", "swap", "CX")),
    *(Definition(name, 1, 2) for name in ("cp", "crx", "cry", "crz", "cphase")),
    *(Definition("U", 3, 1), Definition("U", 3, 1), Definition("gphase", 1, 0)),
    *(Definition("u2", 2, 1), Definition("u3", 3, 1), Definition("cu", 4, 2)),
    *(Definition("ccx", 0, 3), Definition("cswap", 0, 3)),
)


class Gates(Draws):
    """Draws gates from those that are known at a place."""

    def __init__(
        self,
        draw: Draw,
        known: Sequence[Definition] = STANDARD,
    ) -> None:
        super().__init__(draw)
        self.known = known
        self.defined: list[Definition] = []

    def call(self, available: int, parameter: Callable[[], str]) -> tuple[str, int] | None:
        """A gate with its modifiers and arguments, and how many qubits it takes."""
        gate = self.one_of([*self.known, *self.defined, *self.defined])
        room = min(available, MAX_WIDTH) - gate.qubits
        if room < 0:
            return None
        modifiers = []
        if self.chance(3) or gate.name == "gphase":
            for modifier in self.draw(st.lists(st.sampled_from(MODIFIERS), max_size=3)):
                cost = _controls(modifier)
                if cost <= room:
                    room -= cost
                    modifiers.append(modifier)
        count = gate.qubits + sum(map(_controls, modifiers))
        arguments = ", ".join(parameter() for _ in range(gate.parameters))
        text = " ".join([*modifiers, gate.name + (f"({arguments})" if arguments else "")])
        return text, count

    def define(self) -> str:
        """A new gate, which calls those before it."""
        used = {gate.name for gate in self.defined}
        name = self.one_of([one for one in NAMES if one not in used])
        parameters = self.shuffled(PARAMETERS)[: self.number(0, 3)]
        qubits = self.shuffled(FORMALS)[: self.number(1, 3)]
        body = [self._line(parameters, qubits) for _ in range(self.number(0, 4))]
        self.defined.append(Definition(name, len(parameters), len(qubits)))
        listed = f"({', '.join(parameters)})" if parameters else ""
        return f"gate {name}{listed} {', '.join(qubits)} {{ {' '.join(body)} }}"

    def subroutine(self) -> str:
        """`probe`, which applies gates to two qubits and measures one of them."""
        body = " ".join(self._line(["v"], ["t0", "q"]) for _ in range(self.number(1, 3)))
        return f"def probe(float v, qubit t0, qubit q) -> bit {{ {body} return measure q; }}"

    def _line(self, parameters: Sequence[str], qubits: Sequence[str], nested: bool = False) -> str:
        if not nested and self.chance(6):
            inner = self._line([*parameters, "k"], qubits, nested=True)
            values = self.one_of(("[0:2]", "[2:-1:1]", "{1, 3}"))
            return f"for int k in {values} {{ {inner} }}"
        call = self.call(len(qubits), lambda: self._expression(parameters))
        if call is None:
            return "" if nested else f"h {qubits[0]};"
        text, count = call
        operands = self.shuffled(qubits)[:count]
        return f"{text} {', '.join(operands)};" if operands else f"{text};"

    def _expression(self, parameters: Sequence[str]) -> str:
        if not parameters:
            return self.one_of(("0.2", "pi / 3", "-1.1", "pi"))
        one = self.one_of(parameters)
        two = self.one_of(parameters)
        forms = (one, f"-{one}", f"{one} / 2.0", f"2 * {one}", f"{one} + {two}")
        return self.one_of((*forms, f"sin({one}) - {two}", f"pi - {one} * {two}"))


def _controls(modifier: str) -> int:
    if "ctrl" not in modifier:
        return 0
    return 2 if "(2)" in modifier else 1

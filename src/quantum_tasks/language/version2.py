"""What only OpenQASM 2 has: a register as a condition."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_tasks.circuits.circuit import all_of, negated
from quantum_tasks.language.machine import Variable
from quantum_tasks.language.measured.runtime import word
from quantum_tasks.language.scope import what
from quantum_tasks.language.values import BOOL, Value, to_bits
from quantum_tasks.parsing.mistakes import semantic
from quantum_tasks.parsing.qasm2 import RegisterIs

if TYPE_CHECKING:
    from quantum_tasks.language.expressions import Evaluator


def register_is(evaluator: Evaluator, node: RegisterIs) -> Value:
    """Whether a whole register, as an unsigned number, is a number. Raises ProgramError."""
    name = node.register.name
    symbol = evaluator.scopes.look_up(name, node)
    if not isinstance(symbol, Variable) or symbol.value.type.kind != "bits":
        hint = "measure it into a creg, and compare that"
        raise semantic(f"'{name}' is {what(symbol)}, not a classical register.", node, hint)
    bits = word(evaluator.value_of(symbol, node))
    pairs = zip(bits, to_bits(node.number, len(bits)), strict=True)
    same = all_of([bit if one else negated(bit) for bit, one in pairs])
    return Value(BOOL, False if node.number >> len(bits) else same)

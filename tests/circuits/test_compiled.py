"""Compiled programs survive the database."""

from __future__ import annotations

from typing import get_args

import msgspec
import pytest
from language import table
from service import STDGATES

from quantum_tasks.circuits import circuit
from quantum_tasks.circuits.bounds import Bounds
from quantum_tasks.circuits.circuit import Program
from quantum_tasks.circuits.compiled import decode, encode
from quantum_tasks.language import program
from quantum_tasks.orders import COMPILED_FORMAT
from quantum_tasks.parsing.mistakes import ProgramError

EVERYTHING = """
qubit[3] q; bit[3] c; bit d; uint[4] n = 0;
pow(1/3) @ ctrl @ swap q[0], q[1], q[2];
c[0] = measure q[0];
if (c[0] && !d || (c[1] ^ d)) { x q[1]; reset q[2]; } else { u3(1, 2, 3) q[1]; }
while (n < 5) { n += 1; h q[0]; c[2] = measure q[0]; if (c[2]) { n += 2; } }
d = c[0] ^ c[2];
"""


def _all(operations):
    for operation in operations:
        yield operation
        for inner in ("then", "otherwise", "body"):
            yield from _all(getattr(operation, inner, []))


def test_every_kind_of_operation_comes_back_as_it_was():
    loaded = program.load(STDGATES + EVERYTHING, Bounds())
    kinds = {type(operation) for operation in _all(loaded.operations)}
    assert kinds >= {circuit.Gate, circuit.Measure, circuit.Reset, circuit.Store}
    assert kinds >= {circuit.Branch, circuit.Loop}
    assert decode(encode(loaded)) == (loaded, b"")


def test_a_matrix_comes_back_as_it_was():
    matrix = ((0.6 + 0j, 0.8j), (0.8j, 0.6 + 0j))
    given = Program(1, [[2]], [circuit.Unitary(matrix, (0,)), circuit.Measure(0, 2)])
    assert decode(encode(given)) == (given, b"")


def test_every_program_of_the_language_comes_back_as_it_was():
    compared = 0
    for text, _ in table("PROGRAMS").values():
        try:
            loaded = program.load(text, Bounds())
        except ProgramError:
            continue
        assert decode(encode(loaded)) == (loaded, b"")
        later, prepared = decode(encode(loaded, b"as it was"))
        assert prepared == b"as it was"
        assert list(later.operations) == loaded.operations
        assert len(later.operations) == len(loaded.operations)
        assert later.operations[:2] == loaded.operations[:2]
        assert msgspec.structs.replace(later, operations=loaded.operations) == loaded
        compared += 1
    assert compared > 300


@pytest.mark.parametrize("data", [b"", b"\x93", b"\x93\x01\x90\x91\x91\xa1z"])
def test_what_was_not_encoded_is_not_decoded(data):
    with pytest.raises(msgspec.DecodeError):
        decode(data)


def test_the_format_has_another_number_when_programs_are_written_otherwise():
    """If this fails, count COMPILED_FORMAT up: what an older version has stored is then compiled
    again instead of misread."""
    kinds = [*get_args(circuit.Operation), Program]
    written = {kind.__struct_config__.tag: kind.__struct_fields__ for kind in kinds}
    assert (COMPILED_FORMAT, written) == (
        3,
        {
            "g": ("name", "qubits", "params"),
            "u": ("matrix", "qubits"),
            "m": ("qubit", "bit"),
            "r": ("qubit",),
            "s": ("bit", "value"),
            "b": ("condition", "then", "otherwise"),
            "l": ("condition", "body"),
            "d": ("qubits", "probability"),
            None: ("qubits", "registers", "operations", "names", "declared", "places"),
        },
    )

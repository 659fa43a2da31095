"""`const` changes nothing but what may be assigned: a constant has the width of a variable of its
type, and so its arithmetic; 32 bits where none is named."""

from __future__ import annotations

import random
from typing import Any

import pytest

from quantum_tasks.circuits.bounds import Bounds
from quantum_tasks.language import program
from quantum_tasks.parsing.mistakes import ProgramError

_BINARY = ("+", "-", "*", "/", "%", "&", "|", "^")
_COMPARED = ("<", "<=", ">", ">=", "==", "!=")
_TYPES = ("int", "uint", "int[8]", "uint[8]", "int[40]", "uint[64]", "bool", "bit[5]")
_EDGES = (0, 1, 2, 3, 5, 31, 32, 2**31 - 1, 2**31, 2**32 - 1)
_USES = (
    "uint[64] r = uint[64](int[64]({})); c = bit[64](r);",
    "rx(0.01 * ({})) q[0];",
    "x q[({}) % 2];",
    "for int i in [0:({}) % 3] h q[0];",
    "if (({}) < b) x q[0];",
    "float f = {}; rx(f / 3) q[0];",
)


def outcome(declarations: str, use: str) -> Any:
    """The operations that a program becomes, or why it is refused."""
    text = (
        f'OPENQASM 3.0; include "stdgates.inc"; {declarations} qubit[2] q; bit[64] c; {use} '
        "bit[2] d; d = measure q;"
    )
    try:
        return program.load(text, Bounds()).operations
    except ProgramError as error:
        return error.problem.code, error.message


class Expressions:
    """Expressions over names, which may be as large as any integer."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)

    def declared(self, type: str) -> str:
        """What a name of the type is given at first."""
        if type == "bool":
            return self._rng.choice(("true", "false"))
        if type == "bit[5]":
            return f'"{self._rng.randrange(32):05b}"'
        most = {"int": 2**31, "uint": 2**32, "int[8]": 2**7, "uint[8]": 2**8}.get(type, 2**39)
        number = self._rng.choice((*_EDGES, self._rng.randrange(most)))
        sign = self._rng.choice(("", "-")) if type.startswith("int") else ""
        return f"{sign}{number % most}"

    def of(self, names: list[str], depth: int = 3) -> str:
        """An expression that is an integer, or a truth value."""
        choice = self._rng.random()
        if depth == 0 or choice < 0.2:
            return self._rng.choice((*names, *names, str(self._rng.choice(_EDGES))))
        one, other = self.of(names, depth - 1), self.of(names, depth - 1)
        if choice < 0.3:
            return f"{self._rng.choice('-~')}({one})"
        if choice < 0.36:
            return f"popcount(uint[64]({one}))"
        if choice < 0.46:
            kind = self._rng.choice(("int", "uint", "int[32]", "uint[16]", "float"))
            return f"{kind}({one})" if kind != "float" else f"int[64](float({one}))"
        if choice < 0.56:
            return f"int(({one}) {self._rng.choice(_COMPARED)} ({other}))"
        if choice < 0.64:
            return f"({one}) {self._rng.choice(('<<', '>>'))} (({other}) & 31)"
        if choice < 0.68:
            return f"({one}) ** (({other}) & 3)"
        return f"({one}) {self._rng.choice(_BINARY)} ({other})"


@pytest.mark.parametrize("seed", range(40))
def test_every_expression_is_the_same_with_and_without_const(seed):
    """Also of constants of constants, as angles, as ranges of loops, as indices."""
    rng = random.Random(seed)
    expressions = Expressions(seed)
    accepted = 0
    for _ in range(40):
        names = {"a": "int", "b": "uint", "k": rng.choice(_TYPES), "n": rng.choice(_TYPES)}
        given = {name: expressions.declared(type) for name, type in names.items()}
        given["copy"] = expressions.of(list(given), 2)
        names["copy"] = rng.choice(("int", "uint"))
        use = rng.choice(_USES).format(expressions.of(list(given)))
        written = [
            " ".join(
                f"{'const ' if type == 'bit[5]' else const}"  # or its bits would be counted
                f"{type + sized if type in ('int', 'uint') else type} {name} = {given[name]};"
                for name, type in names.items()
            )
            for const in ("", "const ")
            for sized in ("", "[32]")
        ]
        plain, *others = [outcome(declarations, use) for declarations in written]
        if not any(map(_is_too_large, others)):
            assert others == [plain] * 3, (written[0], use)
            accepted += isinstance(plain, list)
    assert accepted >= 15


def _is_too_large(found: Any) -> bool:
    """Whether a constant without a size was given a number that is too large for it: a variable
    wraps."""
    return isinstance(found, tuple) and "without a size" in found[1]


@pytest.mark.parametrize(
    ("declaration", "place"),
    [
        ("const int n = 5000000000;", 15),
        ("const int n = 2147483648;", 15),
        ("const int n = -2147483649;", 15),
        ("const uint n = 4294967296;", 16),
        ("const int n = 2 ** 31;", 15),
        ("const uint n = 1 << 40;", 16),
    ],
)
def test_a_constant_that_needs_more_than_its_width_is_refused_with_its_place(declaration, place):
    text = f"OPENQASM 3.0;\nqubit q; bit c;\n{declaration}\nc = measure q;"
    with pytest.raises(ProgramError, match="needs more than the 32 bits") as caught:
        program.load(text, Bounds())
    reply = caught.value.as_reply()
    assert (reply.errors[0].line, reply.errors[0].column) == (3, place)
    assert "[64] n" in reply.errors[0].hint
    sized = declaration.replace("int n", "int[64] n")
    assert program.load(text.replace(declaration, sized), Bounds())


@pytest.mark.parametrize(
    "declaration",
    [
        "const int n = 2147483647;",
        "const int n = -2147483648;",
        "const uint n = 4294967295;",
        "const uint n = -1;",
        "const int n = 1 << 30;",
    ],
)
def test_a_constant_that_just_fits_is_accepted(declaration):
    assert program.load(f"OPENQASM 3.0; {declaration} bit c; c = measure $0;", Bounds())


@pytest.mark.parametrize(
    "expression",
    ["a + 5000000000", "5000000000 - b", "a & 0x1_0000_0000", "b < 5000000000", "c + 5000000000"],
)
@pytest.mark.parametrize("const", ["", "const "])
def test_a_number_that_does_not_fit_what_it_meets_is_refused(const, expression):
    """Or it would silently be another."""
    declared = f"{const}int a = 1; {const}uint b = 1; bit c; c = measure $0; "
    text = f"OPENQASM 3.0; {declared} int[64] n = int[64]({expression});"
    with pytest.raises(ProgramError, match="A number needs more than 32 bits"):
        program.load(text, Bounds())

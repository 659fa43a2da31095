"""Straight lines become the very operations that their syntax tree becomes, or are left to it."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from oracle.random_programs import programs
from parsing.mutants import TOKEN, mutant

from language import lines, table
from language.straight import by_lines, by_tree
from quantum_tasks.circuits.bounds import Bounds
from quantum_tasks.language.inputs import Given
from quantum_tasks.language.program import Source, load
from quantum_tasks.parsing.mistakes import Place, ProgramError
from quantum_tasks.tasks import Parameters

LANGUAGE = [text for kind in ("PROGRAMS", "OPTIONAL") for text, _ in table(kind).values()]
RANDOM = 3000


def same(qc: str, parameters: Parameters | None = None) -> bool:
    """Whether straight lines are enough for a program; if so, its tree must say the same."""
    ours = by_lines(qc, parameters)
    if ours is not None:
        assert ours == by_tree(qc, parameters), qc
    return ours is not None


def test_the_programs_of_the_language_become_the_same_operations():
    taken = sum(map(same, LANGUAGE))
    assert taken / len(LANGUAGE) >= 0.85


def test_random_lines_become_the_same_operations():
    rng = random.Random(7)
    taken = [same(lines.program(rng)) for _ in range(RANDOM)]
    assert sum(taken) > RANDOM / 3


def test_random_programs_become_the_same_operations():
    @settings(
        derandomize=True,
        deadline=None,
        max_examples=100,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    @given(programs())
    def compare(qc: str) -> None:
        assert same(qc) or "end;" in qc  # what it skips is not compiled

    compare()


def test_mutants_become_the_same_operations_or_none():
    rng = random.Random(3)
    texts = [qc for qc in LANGUAGE if len(qc) < 1500]
    words = sorted({*TOKEN.findall("".join(texts))})
    for _ in range(RANDOM):
        same(mutant(rng.choice(texts), words, rng))


INPUT = """OPENQASM 3.0;
include "stdgates.inc";
qubit q; bit c;
x q; input float theta;
rx(theta) q; rx(2 * theta) q;
c = measure q;
"""


def test_inputs_are_angles_of_straight_lines():
    for value in (0.5, 1.5):
        program = by_lines(INPUT, {"theta": value})
        assert program is not None
        assert [one.params for one in program.operations[1:3]] == [(value,), (2 * value,)]
    assert not same(INPUT)
    assert not same(INPUT, {"theta": 0.5, "s": 1})


@pytest.mark.parametrize(
    ("line", "place", "message"),
    [
        ("cx q[0], q[0];", (4, 1), "The same qubit is used twice in one operation."),
        ("x q[0]; y q[3];", (4, 13), "Index 3 is out of range: the size is 2."),
        ("x q[0]; rx(one) q[0];", (4, 12), "'one' is not declared."),
        ("x q[0]; g q[0];", (4, 9), "The gate 'g' is not defined."),
        ("x q[0]; c = measure q[0]", (5, 1), "Syntax error: the program ends"),
    ],
)
def test_a_mistake_in_straight_lines_has_its_place(line, place, message):
    qc = f'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[2] q; bit c;\n{line}\n'
    with pytest.raises(ProgramError) as caught:
        load(qc, Bounds())
    assert caught.value.place == Place(*place)
    assert caught.value.message.startswith(message)


def test_the_place_of_an_input_is_that_in_the_whole_text():
    source = Source(INPUT)
    source.program(Bounds(), Given({"theta": 1}))
    with pytest.raises(ProgramError, match="has no value") as caught:
        source.check(Given({}))
    assert caught.value.place == Place(4, 6)


def test_as_many_operations_are_allowed_as_ever():
    gates = f"gate g a {{ {'x a;' * 10} }} qubit q; bit c; {'g q;' * 20}"
    qc = f'include "stdgates.inc"; {gates} c = measure q;'
    assert len(load(qc, Bounds(operations=201)).operations) == 201
    with pytest.raises(ProgramError, match="more than 200 operations"):
        load(qc, Bounds(operations=200))


def test_what_is_skipped_is_read_all_the_same():
    qc = 'include "stdgates.inc"; qubit q; bit c; c = measure q; end; rx(1.) q;'
    assert len(load(qc, Bounds()).operations) == 1
    with pytest.raises(ProgramError, match="Syntax error"):
        load(qc.replace("1.", "1..2"), Bounds())


@pytest.mark.parametrize(
    "body",
    [
        "x q[0]; c = measure q; rx(c * pi) q[1]; d = measure q[1];",
        "x q[0]; rx(d) q[1]; d = measure q[0]; rx(d) q[1]; rx(d) q[1]; d = measure q[1];",
        "d = measure q[0]; rx(-d) q[1]; d = measure q[1]; rx(~d) q[0]; d = measure q[0];",
    ],
)
def test_an_angle_knows_what_was_measured_before_it(body):
    assert same(f'include "stdgates.inc"; qubit[2] q; bit[2] c; bit d; {body} c = measure q;')


@pytest.mark.parametrize("angle", ["1" * 400 + ".0", "1" * 250 + ".0e99", "1e400", "-1e999"])
def test_an_infinite_angle_is_refused(angle):
    qc = f'include "stdgates.inc"; qubit q; bit c; rx({angle}) q; c = measure q;'
    assert by_lines(qc) is None
    with pytest.raises(ProgramError):
        load(qc, Bounds())


def test_lines_that_are_compiled_alone_share_no_bits():
    rng = random.Random(9)
    for _ in range(200):
        lines = [f"bit b{n};" if n % 2 else f"rx({'+'.join('1' * (n + 1))}) q;" for n in range(20)]
        lines += [f"h q; b{n} = measure q[0];" for n in range(1, 20, 2)]
        rng.shuffle(lines[:20])
        program = by_lines(f'include "stdgates.inc"; qubit[2] q; {" ".join(lines)}')
        assert program is not None
        bits = [bit for register in program.registers for bit in register]
        assert len(bits) == len(set(bits)) == 10


def test_a_gate_that_writes_nothing_counts_as_an_operation():
    qc = 'include "stdgates.inc"; qubit q; bit c; x q; x q; c = measure q; id q;'
    assert by_lines(qc) is not None
    gates = f"gate g a {{ {'x a; ' * 5} }} {'g q; ' * 5}"
    qc = f'include "stdgates.inc"; qubit q; bit c; {gates} c = measure q; id q;'
    for most in (26, 27):
        try:
            expected = len(
                load(qc.replace("id q", "inv @ id q"), Bounds(operations=most)).operations
            )
        except ProgramError:
            with pytest.raises(ProgramError):
                load(qc, Bounds(operations=most))
        else:
            assert len(load(qc, Bounds(operations=most)).operations) == expected


@pytest.mark.parametrize("first", ["U(pi, 0, pi) $0;", "barrier $0;"])
def test_the_version_comes_first(first):
    assert by_lines(f"{first} OPENQASM 3.0; bit c; c = measure $0;") is None
    assert by_lines(f"OPENQASM 3.0; {first} bit c; c = measure $0;") is not None

"""Numbers that are followed as one of few values: what becomes of programs, and where it ends."""

from __future__ import annotations

import time

import pytest
from engines.simulation import assert_distributed, simulate
from openqasm3 import ast
from service import STDGATES

from language import HEADER, branches, counters, loops, measurement, order, subroutines
from quantum_tasks.circuits.bounds import Bounds
from quantum_tasks.circuits.circuit import Branch, Loop, Measure, Program, flat
from quantum_tasks.language import program
from quantum_tasks.language.compiler import Compiler
from quantum_tasks.language.inputs import Given
from quantum_tasks.language.measured import codes, states
from quantum_tasks.language.measured.cases import following, most
from quantum_tasks.language.program import ProgramError

CHAPTERS = (branches, counters, loops, measurement, order, subroutines)
MEASURED = {
    name: (HEADER + text, expected)
    for chapter in CHAPTERS
    for name, (text, expected) in chapter.PROGRAMS.items()
}
TOSSES = "qubit q; qubit[3] r; bit[1200] b; bit[3] c; "


def compiled(qc: str, **bounds: int) -> Program:
    return program.load(STDGATES + qc, Bounds(**bounds))


def refused(qc: str, **bounds: int) -> ProgramError:
    with pytest.raises(ProgramError) as error:
        compiled(qc, **bounds)
    return error.value


def summed(bits: int) -> str:
    return f"{TOSSES} int n = 0; for int i in [1:{bits}] {{ h q; b[i] = measure q; n += b[i]; }} "


@pytest.fixture(params=[1, codes.FEW])
def followed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every program is compiled with its numbers followed; also with a code for two bits."""

    def compiled(
        tree: ast.Program, bounds: Bounds, given: Given, once: bool = False
    ) -> tuple[Compiler, Program]:
        compiler = Compiler(bounds, given, follows=True)
        with following(bounds.values):
            return compiler, compiler.compile(tree)

    monkeypatch.setattr(codes, "FEW", request.param)
    monkeypatch.setattr(program, "compiled", compiled)


def test_programs_that_need_no_codes_measure_the_same_with_them(followed: None) -> None:
    for name, (text, expected) in MEASURED.items():
        try:
            assert_distributed(simulate(text), expected)
        except (AssertionError, ProgramError) as error:
            raise AssertionError(name) from error


def test_a_program_that_needs_no_codes_has_none() -> None:
    """The first compilation is the one that counts, if it can be done."""
    qc = f"{TOSSES} int n = 0; b[0] = measure q; while (b[0]) {{ h q; b[0] = measure q; n += 1; }}"
    plain = compiled(qc + " if (n == 3) x r[0]; c = measure r;")
    (loop,) = [one for one in plain.operations if isinstance(one, Loop)]
    assert not any(isinstance(one, Branch) for one in loop.body)


@pytest.mark.parametrize(
    "use",
    ["x r[n];", "rx(n * 0.1) q;", "n = 7 / n;", "for int i in [0:n] { x r[0]; }", "n = 1 << n;"],
)
def test_a_number_without_an_end_is_refused_with_what_helps(use: str) -> None:
    error = refused(
        f"{TOSSES} int n = 0; h q; b[0] = measure q;\n"
        f"while (b[0]) {{ h q; b[0] = measure q; n += 1; }}\n{use} c = measure r;"
    )
    assert error.problem.code == "qasm_unsupported"
    assert error.message == (
        "The value depends on measurements and may be one of more than 1,024, the most that are "
        "followed (MAX_POSSIBLE_VALUES)."
    )
    assert error.hint == "give integers no more bits than they need, like int[4] n"
    assert error.place is not None
    assert error.place.line == 5


def test_what_the_hint_says_helps() -> None:
    compiled(
        f"{TOSSES} uint[2] n = 0; h q; b[0] = measure q;"
        "while (b[0]) { h q; b[0] = measure q; n += 1; } rx(n * 0.1) q; c = measure r;"
    )


def test_the_limit_counts_values_not_bits() -> None:
    assert len(compiled(f"{summed(300)} x r[n % 3]; c = measure r;").operations) > 300
    # Each of eleven bits has its own weight: 2,048 values.
    eleven = "".join(f"h q; b[{i}] = measure q; n += {1 << i} * int(b[{i}]); " for i in range(11))
    qc = f"{TOSSES} int n = 0; {eleven} rx(n * 0.001) q; c = measure r;"
    assert "1,024" in refused(qc).message
    compiled(qc, values=2048)


def test_there_may_be_as_many_values_as_the_setting_says() -> None:
    loop = (
        "qubit q; bit b = 1; bit c; int n = 0; while (b && n < %d) { h q; b = measure q; n += 1; "
        "} rx(n) q; c = measure q;"
    )
    compiled(loop % 1000)
    assert "1,024" in refused(loop % 1100).message
    compiled(loop % 1100, values=1200)
    assert "1,200" in refused(loop % 1300, values=1200).message


def test_the_limit_of_one_program_is_not_that_of_the_next() -> None:
    usual = most()
    compiled(f"{summed(30)} x r[n % 3]; c = measure r;", values=4096)
    assert most() == usual


def test_loops_without_an_end_in_loops_are_refused_in_time() -> None:
    began = time.process_time()
    refused(
        f"{TOSSES} int m = 0; int n = 0; h q; b[0] = measure q; while (b[0]) {{ b[1] = 1; "
        "while (b[1]) { h q; b[1] = measure q; m += 1; } h q; b[0] = measure q; n += m; } "
        "x r[n % 3]; c = measure r;"
    )
    assert time.process_time() - began < 60


def test_two_counters_may_have_more_states_together_than_either_has_values() -> None:
    qc = (
        f"{TOSSES} int n = 0; int k = 0; b[0] = 1; while (b[0] && k < 60) {{ h q; "
        "b[1] = measure q; if (b[1]) n += 1; h q; b[0] = measure q; k += 1; } "
        "x r[n % 3]; c = measure r;"
    )
    measured = [one for one in flat(compiled(qc).operations) if isinstance(one, Measure)]
    assert len(measured) == 2 * sum(range(1, 61)) + 3  # two in each state, and `c`


def test_a_mistake_in_every_case_is_the_one_that_is_told() -> None:
    error = refused(f"{summed(20)} x r[n + 3]; c = measure r;")
    assert error.message == "Index 3 is out of range: the size is 3."


TOLD = {  # of a number n; to be worked out for each of its values, or bit by bit
    "n": lambda n: n,
    "-n": lambda n: -n,
    "40 - n": lambda n: 40 - n,
    "n - 50": lambda n: n - 50,
    "n + n": lambda n: 2 * n,
    "n + 1 - b[3] + b[4]": lambda n: n + 1,  # both are the same
    "n * 3": lambda n: 3 * n,
    "(n + 90) / 7": lambda n: (n + 90) // 7,
    "(n + 90) % 7": lambda n: (n + 90) % 7,
    "n << 2": lambda n: n << 2,
    "n * n - 30 * n": lambda n: n * n - 30 * n,
    "int(n > 20) + int(n == 17)": lambda n: int(n > 20) + int(n == 17),
    "popcount(uint[6](n + 90))": lambda n: ((n + 90) % 64).bit_count(),
}


@pytest.mark.parametrize("ones", [0, 17, 40])
@pytest.mark.parametrize(
    ("step", "summed"),
    [
        ("n += b[i];", lambda ones: ones),
        ("if (b[i]) n += 1;", lambda ones: ones),
        ("if (b[i]) { n += 1; } else { n -= 1; }", lambda ones: 2 * ones - 40),
        ("if (b[i]) { n = n + 2; }", lambda ones: 2 * ones),
        ("n = n - b[i];", lambda ones: -ones),
    ],
)
def test_what_is_worked_out_of_a_sum_is_what_its_value_gives(ones: int, step: str, summed) -> None:
    """The outcomes are certain; the compiler does not know that."""
    results = "".join(
        f"int[16] r{place} = {text}; bit[16] c{place} = bit[16](r{place}); rx(0 * r{place}) q; "
        for place, text in enumerate(TOLD)
    )
    qc = (
        f"qubit q; output bit[16] none; bit[40] b; int n = 0; for int i in [0:39] {{ reset q; "
        f"if (i < {ones}) x q; b[i] = measure q; {step} }} {results}"
    ).replace("output bit[16] none; ", "")
    (key,) = simulate(STDGATES + qc, shots=16)
    found = key.split(" ")[::-1][1:]
    for text, result in zip(TOLD.items(), found, strict=True):
        assert int(result, 2) == text[1](summed(ones)) % 65536, text[0]


# The outcomes are certain; the result is the last register. All were wrong once.
MENDED = {
    "a number that is always 0 is taken away from a sum": (
        "qubit[4] r; bit b; bit[4] c; int n = 0; for int i in [1:40] { reset q; "
        "if (i <= 5) x q; b = measure q; n += b; } int k = n / 100; x r[(n - k) % 4]; b = 0; "
        "c = measure r;",
        "0010",
    ),
    "a number that is always 1 is worked out before 1 is taken away": (
        "qubit[4] r; bit b; bit[4] c; int n = 0; for int i in [1:40] { reset q; "
        "if (i <= 5) x q; b = measure q; n += b; } int k = 190 / (n + 100); n -= 1; x r[n % 4]; "
        "b = 0; c = measure r;",
        "0001",
    ),
    "a number worked out is the number of a bit": (
        "qubit[6] zz; qubit[4] r; bit[6] yy; bit b; bit[4] c; x zz[0]; x zz[1]; yy = measure zz; "
        "int n = 0 + uint[6](yy); int[16] sum = 0; "
        + "".join(f"int k{n} = {n} % (n + {n + 1}); sum += k{n} * 0; " for n in range(2, 80))
        + "x q; b = measure q; x r[(n + b) % 4]; yy[2:5] = 0; c = measure r;".replace(
            "yy[2:5] = 0", 'yy[2:5] = "0000"'
        ),
        "0001",
    ),
    "a bit of a loop's block is 0 in each turn": (
        "qubit[3] r; bit b; bit[3] c; int n = 0; x q; b = measure q; while (b && n < 4) { bit t2; "
        "if (n == 1) { bit t3; if (n == 1 && b) t3 = 1; if (t3) x r[n]; } "
        "if (n == 2) { bit t3; if (t3) x r[n]; } "
        "n += 1; reset q; if (n < 3) x q; b = measure q; if (b && n == 2) t2 = 1; } "
        "x r[n - 3]; c = measure r;",
        "011",
    ),
    "a condition that never holds, which nobody knows": (
        "qubit[3] r; bit b; bit[3] c; int n = 0; int m = 0; for int i in [0:11] { reset q; "
        "if (i < 2) x q; b = measure q; n += b; } while (n > 5 && n < 3) { m += 1; } "
        "x r[m + n]; c = measure r;",
        "100",
    ),
    "a code has no more values than a number": (
        "qubit[41] big; bit b; bit[3] c; int n = 0; for int i in [0:39] { reset q; "
        "if (i < 3) x q; b = measure q; if (b) n += 1; } reset q; x q; b = measure q; int k = 0; "
        "while (b && k < 2) { x big[n]; reset q; b = measure q; k += 1; n = 3; } "
        "c[0] = measure big[3];",
        "001",
    ),
}


@pytest.mark.parametrize("name", MENDED)
def test_what_was_wrong_once_is_right(name: str) -> None:
    text, expected = MENDED[name]
    counts = simulate(f"{STDGATES}qubit q; {text}", shots=16)
    assert {key.split(" ")[0] for key in counts} == {expected}


def test_a_loop_that_counts_ends_as_often_as_it_should() -> None:
    """A bit that a function declares is cleared in every state of its loop."""
    qc = (
        "def f(qubit a) -> bit { bit t2; reset a; h a; bit m = measure a; if (m) t2 = 1; "
        "return t2; } qubit q; qubit r; qubit v; bit b; bit c; h q; b = measure q; "
        "while (b) { b = f(q); if (b) x r; } c = measure r; int n = 0; "
        "for int i in [0:10] { reset q; h q; b = measure q; n += b; } b = 0; rx(n * 0.0) v;"
    )
    assert_distributed(simulate(STDGATES + qc), {"0 0": 5 / 6, "1 0": 1 / 6})


@pytest.mark.parametrize(
    "body",
    [
        "n += 1; " + "m = (m * 3 + n) % 1000; " * 5,
        "a[n % 100] += 1; n += 1;",
        "if (b) n += 1; h q; c = measure q; if (c) m += 1;",
    ],
)
def test_loops_without_an_end_are_refused_within_a_check(body: str) -> None:
    began = time.process_time()
    refused(
        "qubit q; bit b; bit c; h q; b = measure q; int n = 0; int m = 0; array[int, 100] a; "
        f"while (b) {{ h q; b = measure q; {body} }} rx(n) q; c = measure q;"
    )
    assert time.process_time() - began < 10  # about one, on a good day


def test_what_is_tried_state_by_state_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    qc = (
        f"{TOSSES} int n = 0; b[0] = 1; while (b[0] && n < 60) {{ h q; b[0] = measure q; "
        "n += 1; } x r[n % 3]; c = measure r;"
    )
    compiled(qc)
    monkeypatch.setattr(states, "_MOST_TRIED", 100)
    assert "1,024" in refused(qc).message


def test_what_is_worked_out_case_by_case_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    qc = (
        f"{TOSSES} float f = 0; for int i in [0:40] {{ h q; b[i] = measure q; "
        "if (b[i]) f += 0.1; } rx(f) q; c = measure r;"
    )
    compiled(qc)
    monkeypatch.setattr(codes, "_MOST_WORKED", 1000)
    assert "one by one" in refused(qc).message

"""What is written out of habit is refused, with the line as it should read."""

from __future__ import annotations

import time

import pytest

from quantum_tasks.circuits.bounds import Bounds
from quantum_tasks.language import program
from quantum_tasks.parsing.habits import habit
from quantum_tasks.parsing.mistakes import ProgramError

HEADER = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'
HABITS = {
    "for _ in [0:4] { x q[0]; }": "for int _ in [0:4]",
    "for i in [0:2:4] x q[i];": "for int i in [0:2:4]",
    "for i in {0, 2} { x q[i]; }": "for int i in {0, 2}",
    "for i in range(4) { x q[i]; }": "for int i in [0:3]",
    "for i in 0..3 { x q[i]; }": "for int i in [0:3]",
    "for (int i = 0; i < 4; i++) { x q[i]; }": "for int i in [0:3]",
    "for (i = 1; i <= 4; i += 1) { x q[i]; }": "for int i in [1:4]",
    "let r = {q[0], q[2]};": "let r = q[0] ++ q[2];",
    "int n = 0; n++;": "n += 1;",
    "int n = 0; n--;": "n -= 1;",
    "qubit r[2];": "qubit[2] r",
    'bit c[2] = "00";': "bit[2] c",
    "if (true) { x q[0]; } elif (false) { x q[1]; }": "} else if (false) {",
}


def refusal(text: str) -> tuple[str, str | None]:
    with pytest.raises(ProgramError) as caught:
        program.load(f"{HEADER}qubit[5] q; {text} bit k; k = measure q[0];", Bounds())
    return caught.value.problem.code, caught.value.hint


@pytest.mark.parametrize(("text", "right"), HABITS.items())
def test_the_line_is_shown_as_it_should_read(text: str, right: str):
    assert refusal(text) == ("qasm_syntax", f"write: {right}")


@pytest.mark.parametrize(
    ("called", "right"),
    {"atan(1)": "arctan", "asin(1)": "arcsin", "ln(2)": "log", "ceil(0.5)": "ceiling"}.items(),
)
def test_a_function_with_another_name_is_named(called: str, right: str):
    code, hint = refusal(f"rx({called}) q[0];")
    assert (code, hint) == ("qasm_semantic", f"write '{right}', which is the same function")
    right_call = called.replace(called.partition("(")[0], right)
    text = f"{HEADER}qubit q; bit c; rx({right_call}) q; c = measure q;"
    assert program.load(text, Bounds()).operations


@pytest.mark.parametrize("called", ["tangent(1)", "sinh(1)", "abs(1)", "logs(1)"])
def test_no_hint_names_another_function(called: str):
    assert refusal(f"rx({called}) q[0];") == ("qasm_semantic", None)


def test_a_qubit_for_a_register_of_one_is_refused_with_both_ways_out():
    code, hint = refusal("def f(qubit[1] r) { x r; } f(q[0]);")
    assert code == "qasm_semantic"
    assert "'qubit r'" in (hint or "")
    assert "q[0:0]" in (hint or "")


@pytest.mark.parametrize(
    "line",
    [
        "for " * 60_000,
        "for" + " " * 200_000 + "i in",
        "let a = {" + "b, " * 60_000,
        "for (" * 50_000,
        "++" * 100_000,
        "} elif (" * 30_000,
        "qubit " * 40_000,
    ],
)
def test_a_long_line_takes_no_time(line: str):
    began = time.perf_counter()
    for column in (1, len(line) // 2, len(line)):
        habit(line, column)
    assert time.perf_counter() - began < 0.5


@pytest.mark.parametrize("line", ["for float in [0:1] {}", "x q[0]", "", "} else if (b) {"])
def test_what_is_no_habit_has_no_such_hint(line: str):
    assert all(habit(line, column) is None for column in range(1, len(line) + 2))

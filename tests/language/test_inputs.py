"""The values of inputs: what they may be, what they do, and what is said of wrong ones."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import pytest
from engines.simulation import assert_distributed, simulate
from hypothesis import given, settings
from hypothesis import strategies as st
from service import STDGATES

from quantum_tasks.circuits.bounds import Bounds
from quantum_tasks.circuits.circuit import Operation, Program
from quantum_tasks.language import program
from quantum_tasks.orders import Rejected
from quantum_tasks.parsing.mistakes import ProgramError
from quantum_tasks.tasks import Parameters

_READS_BITS = "if (v[0]) x q[0]; if (v[1] ^ v[2]) x q[1];"
SLOW = "\npragma left to the other parser\n"


def loaded(declaration: str, uses: str, **parameters: Any) -> Program:
    text = f"{STDGATES}qubit[2] q; bit[2] c; {declaration}; {uses} c = measure q;"
    return program.load(text, Bounds(), parameters)


def refusal(declaration: str, parameters: Parameters, uses: str = "") -> Rejected:
    with pytest.raises(ProgramError) as caught:
        loaded(declaration, uses, **parameters)
    return caught.value.as_reply()


def plain(operations: list[Operation]) -> str:
    """Operations without the numbers of their bits, which depend on what is declared."""
    return json.dumps(
        [
            [
                type(one).__name__,
                getattr(one, "qubits", None) or getattr(one, "qubit", None),
                getattr(one, "params", None),
            ]
            for one in operations
        ]
    )


# declaration with a type, a value in JSON, the same as an initializer, what the program does
VALUES: list[tuple[str, Any, str, str]] = [
    ("float", 0.5, "0.5", "rx(v) q[0];"),
    ("float[32]", -3, "-3", "rx(v) q[0];"),
    ("float[64]", 1e-300, "1e-300", "rx(v) q[0];"),
    ("angle", 7.5, "7.5", "rx(v) q[0];"),
    ("angle", -1, "-1", "rx(v) q[0];"),
    ("angle[4]", 1.0, "1.0", "rx(v) q[0];"),
    ("int", -(2**31), "-2147483648", "rx(v * pi / 7) q[0];"),
    ("int[8]", 127, "127", "rx(v) q[0];"),
    ("int[8]", 3.0, "3", "for int i in [0:v] x q[0];"),
    ("uint", 2**32 - 1, "4294967295", "rx(v) q[0];"),
    ("uint[100]", 2**99, "633825300114114700748351602688", "if (v[99]) x q[0];"),
    ("uint[3]", 7, "7", "x q[v % 2];"),
    ("bool", True, "true", "if (v) x q[0];"),
    ("bool", 0, "false", "if (!v) x q[0];"),
    ("bit", 1, "1", "if (v) x q[0];"),
    ("bit", "0", "0", "if (v) x q[0];"),
    ("bit", False, "0", "if (v) x q[0];"),
    ("bit[3]", "110", '"110"', _READS_BITS),
    ("bit[3]", "0_11", '"011"', _READS_BITS),
    ("bit[3]", 5, '"101"', _READS_BITS),
    ("complex", [0.5, -2], "0.5 - 2im", "rx(real(v)) q[0]; rx(imag(v)) q[1];"),
    ("complex[float[64]]", 3, "3", "rx(real(v)) q[0];"),
    ("duration", "100ns", "100ns", "delay[v] q[0]; rx(v / 1us) q[0];"),
    ("duration", "1.5e2 us", "1.5e2us", "rx(v / 1ms) q[0];"),
    ("duration", "3 \u00b5s", "3us", "rx(v / 1ms) q[0];"),
]  # fmt: skip
ARRAYS: list[tuple[str, Any, str, str]] = [
    ("array[float, 3]", [1, 2.5, -3], "{1, 2.5, -3}", "for float a in v rx(a) q[0];"),
    ("array[int[8], 2, 2]", [[1, 2], [3, 4]], "{{1, 2}, {3, 4}}", "rx(v[1, 0]) q[0];"),
    ("array[bool, 2]", [True, 0], "{true, false}", "if (v[0]) x q[1];"),
    ("array[angle[8], 1]", [3], "{3}", "rx(v[0]) q[0];"),
    ("array[complex, 1]", [[1, 2]], "{1 + 2im}", "rx(imag(v[0])) q[0];"),
    ("array[uint, 0]", [], "{}", "rx(sizeof(v)) q[0];"),
]
_IDS = [f"{one[0]} {one[1]}" for one in VALUES + ARRAYS]


@pytest.mark.parametrize("parser", ["", SLOW], ids=["ours", "the other one"])
@pytest.mark.parametrize(("type", "value", "same", "uses"), VALUES + ARRAYS, ids=_IDS)
def test_an_input_is_what_a_variable_with_that_value_is(type, value, same, uses, parser):
    found = loaded(f"input {type} v", f"{parser}{uses}", v=value)
    expected = loaded(f"{type} v" if same == "{}" else f"{type} v = {same}", uses)
    assert plain(found.operations) == plain(
        [one for one in expected.operations if not hasattr(one, "value")]
    )


def _programs() -> Iterator[st.SearchStrategy[tuple[str, Any, str]]]:
    numbers = st.floats(-1e6, 1e6, allow_nan=False)
    yield numbers.map(lambda x: ("float", x, f"{x!r}"))
    yield numbers.map(lambda x: ("angle", x, f"{x!r}"))
    yield numbers.map(lambda x: ("angle[20]", x, f"{x!r}"))
    yield st.integers(-(2**15), 2**15 - 1).map(lambda n: ("int[16]", n, str(n)))
    yield st.integers(0, 2**63).map(lambda n: ("uint[64]", n, str(n)))
    yield st.booleans().map(lambda b: ("bool", b, "true" if b else "false"))


@settings(max_examples=400, deadline=None, derandomize=True)
@given(st.lists(st.one_of(*_programs()), min_size=1, max_size=4), st.data())
def test_values_give_the_operations_that_constants_give(values, data):
    names = [f"v{number}" for number in range(len(values))]
    inputs = "".join(f"input {type} {n};" for n, (type, _, _) in zip(names, values, strict=True))
    constants = "".join(
        f"const {type} {n} = {same};" for n, (type, _, same) in zip(names, values, strict=True)
    )
    uses = "".join(
        f"if (bool({n})) x q; for int i in [0:1] ry(i) q;"
        if type == "bool"
        else f"rx({n}) q; rz({n} / 3) q; U({n}, 0.1, {n} * 2) q; pow(2) @ p({n}) q;"
        for n, (type, _, _) in zip(names, values, strict=True)
    )
    body = f"qubit q; bit c; {uses} c = measure q;"
    given_ = {n: value for n, (_, value, _) in zip(names, values, strict=True)}
    found = program.load(f"{STDGATES}{inputs}{body}", Bounds(), given_)
    assert found == program.load(f"{STDGATES}{constants}{body}", Bounds())


def test_an_input_is_counted_with():
    text = STDGATES + "input float theta; qubit q; bit c; rx(theta) q; c = measure q;"
    found = program.load(text, Bounds(), {"theta": 2 * math.pi / 3})
    assert found.operations[0].params == (2 * math.pi / 3,)
    one = math.sin(math.pi / 3) ** 2
    fixed = text.replace("input float theta", "const float theta = 2 * pi / 3")
    assert_distributed(simulate(fixed), {"0": 1 - one, "1": one})


def test_the_bits_of_an_input_are_not_counted_and_leave_nothing_behind():
    found = loaded("input bit[4] mask", "if (mask[3]) x q[0];", mask="1000")
    assert found.names == ["c"]
    assert [type(one).__name__ for one in found.operations] == ["Gate", "Measure", "Measure"]


def test_an_input_is_a_variable_that_can_be_written():
    found = loaded("input int n", "n += 1; rx(n) q[0];", n=2)
    assert found.operations[0].params == (3.0,)
    found = loaded("input bit[2] b", "b[0] = measure q[0]; if (b[0] && b[1]) x q[1];", b="10")
    assert found.names == ["c"]


def test_an_input_goes_into_a_subroutine_as_an_argument():
    uses = "def f(qubit a, float t) { rx(t) a; } f(q[0], v);"
    assert loaded("input float v", uses, v=2).operations[0].params == (2.0,)
    reply = refusal("input float v", {"v": 1}, "def f(qubit a) { rx(v) a; }")
    assert (reply.code, reply.errors[0].hint) == ("qasm_semantic", "pass it as an argument")


@pytest.mark.parametrize("uses", ["qubit[v] r;", "bit[2 * v + 1] d;", "ctrl(v) @ x q[0], q[1];"])
def test_a_size_cannot_be_an_input(uses):
    reply = refusal("input int v", {"v": 1}, uses)
    assert reply.code == "qasm_semantic"
    assert "an input is not constant" in reply.errors[0].hint


def test_an_input_without_a_value_is_named_with_its_type_and_place():
    reply = refusal("input float a; input array[int[8], 2] long_name", {"a": 1})
    (error,) = reply.errors
    assert reply.code == "unbound_parameter"
    assert "'long_name' of type array[int[8], 2] has no value" in reply.message
    assert (error.pointer, error.line, error.column) == ("/qc", 3, 38)
    assert "parameters" in error.hint


# type, value that is wrong, part of the message
WRONG: list[tuple[str, Any, str]] = [
    ("float", "one", 'expected a number or an expression like "pi/2", not the text "one"'),
    ("float", True, "expected a number, not true"),
    ("float", None, "expected a number, not null"),
    ("float", {}, "expected a number, not an object"),
    ("float", 10**400, "too large for a float"),
    ("angle", [1], "in radians, not a list of 1"),
    ("angle", 10**400, "too large for a float"),
    ("int", 1.5, "expected an integer from -2^31 to 2^31 - 1, not 1.5"),
    ("int", 2**31, "expected an integer from -2^31"),
    ("int[8]", -129, "expected an integer from -2^7 to 2^7 - 1, not -129"),
    ("int", True, "not true"),
    ("int", "3", "expected an integer"),
    ("int", 1e300, "expected an integer"),
    ("int", 10**5000, "not an integer of 16610 bits"),
    ("uint[4]", 16, "expected an integer from 0 to 2^4 - 1, not 16"),
    ("uint", -1, "not -1"),
    ("bool", 2, "expected true or false, not 2"),
    ("bool", "true", "expected true or false"),
    ("bit", "2", "expected 0 or 1"),
    ("bit", 0.5, "expected 0 or 1, not 0.5"),
    ("bit[3]", "01", "expected a text of 3 bits, or an integer below 2^3"),
    ("bit[3]", "0101", "expected a text of 3 bits"),
    ("bit[3]", "_010", "expected a text of 3 bits"),
    ("bit[3]", "\u0660\u0661\u0660", "expected a text of 3 bits"),
    ("bit[3]", 8, "below 2^3, not 8"),
    ("bit[3]", -1, "below 2^3, not -1"),
    ("bit[3]", True, "not true"),
    ("bit[3]", "1" * 100_000, "not a text of 100000 letters"),
    ("complex", [1], "expected two numbers, [re, im], not a list of 1"),
    ("complex", [1, "two"], "expected two numbers"),
    ("complex", "1im", "expected two numbers"),
    ("duration", 100, "like \"100ns\""),
    ("duration", "100", "like \"100ns\""),
    ("duration", "ns", "like \"100ns\""),
    ("duration", "1e999ns", "like \"100ns\""),
    ("duration", "1" * 100_000 + "x", "not a text of 100001 letters"),
    ("array[int, 2]", [1, 2, 3], "expected a list of 2, not a list of 3"),
    ("array[int, 2]", [1, 2.5], "not 2.5"),
    ("array[int, 2]", "12", "expected a list of 2"),
    ("array[int, 2, 2]", [[1, 2], 3], "expected a list of 2, not 3"),
    ("array[int, 2]", [[1], 2], "expected an integer"),
    ("array[complex, 1]", [1, 2], "expected a list of 1"),
]  # fmt: skip


@pytest.mark.parametrize(("type", "value", "says"), WRONG, ids=range(len(WRONG)))
def test_a_wrong_value_is_refused_and_told_what_is_expected(type, value, says):
    reply = refusal(f"input {type} v", {"v": value})
    (error,) = reply.errors
    assert (reply.code, error.pointer) == ("invalid_request", "/parameters/v")
    assert says in reply.message
    assert "(line" not in reply.message
    assert len(reply.message) < 300


def test_a_list_that_is_nested_deeply_is_refused():
    deep: Any = 1
    for _ in range(900):
        deep = [deep]
    assert refusal("input array[int, 1] v", {"v": deep}).code == "invalid_request"
    assert refusal("input int v", {"v": deep}).code == "invalid_request"


def test_an_array_of_a_thousand_takes_a_thousand():
    found = loaded("input array[float, 1000] v", "rx(v[999]) q[0];", v=list(range(1000)))
    assert found.operations[0].params == (999.0,)


@pytest.mark.parametrize(
    ("name", "pointer"),
    [
        ("thet", "/parameters/thet"),
        ("a/b~c", "/parameters/a~1b~0c"),
        ("", "/parameters/"),
        ("q", "/parameters/q"),
        ("\n\t\u202e", "/parameters/\n\t\u202e"),
        ("x" * 10_000, "/parameters/" + "x" * 10_000),
    ],
)
def test_a_parameter_that_is_no_input_is_refused(name, pointer):
    reply = refusal("input float theta; input int[4] n", {"theta": 1, "n": 2, name: 3})
    (error,) = reply.errors
    assert (reply.code, error.pointer) == ("invalid_request", pointer)
    assert "its inputs are 'theta', 'n'." in reply.message
    if name == "thet":
        assert error.hint == "did you mean 'theta'?"


def test_many_inputs_are_not_all_listed():
    declared = "; ".join(f"input int n{number}" for number in range(1000))
    reply = refusal(declared, {"m": 1})
    assert "and 990 more" in reply.message
    assert "declares no input." in refusal("int n", {"m": 1}).message


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{ input int n; }", "qasm_semantic"),
        ("if (true) { input int n; }", "qasm_syntax"),
        ("def f() { input int n; }", "qasm_syntax"),
        ("input int n; input int n;", "qasm_semantic"),
        ("input int q;", "qasm_semantic"),
        ("input stretch n;", "qasm_semantic"),
        ("input array[bit, 2] n;", "qasm_unsupported"),
        ("input int n = 3;", "qasm_syntax"),
        ("const input int n;", "qasm_syntax"),
        ("input qubit n;", "qasm_syntax"),
    ],
)
def test_a_declaration_that_makes_no_sense_is_refused(text, code):
    name = "q" if " q;" in text else "n"
    codes = {refusal("int first", {}, text).code, refusal("int first", {name: 1}, text).code}
    assert code in codes


def test_an_input_behind_the_end_has_a_value_as_well():
    text = f"{STDGATES}qubit q; bit c; c = measure q; end; input int n;"
    assert program.load(text, Bounds(), {"n": 1}).registers
    with pytest.raises(ProgramError) as caught:
        program.load(text, Bounds())
    assert caught.value.problem.code == "unbound_parameter"


def test_a_program_need_not_measure_if_it_is_observed():
    text = STDGATES + "qubit[5] q; h q[1]; cx q[1], q[3];"
    found = program.load(text, Bounds(), observed=True)
    assert (found.declared, found.places, found.registers, found.names) == (5, [1, 3], [], [])
    with pytest.raises(ProgramError):
        program.load(text, Bounds())


def test_a_program_knows_the_names_of_its_registers_and_its_qubits():
    text = STDGATES + "qubit[3] q; bit b; qubit r; bit[2] c; bit[0] none; b = measure r; x q[2];"
    found = program.load(text, Bounds())
    assert (found.names, found.declared, found.places) == (["b", "c"], 4, [2, 3])
    found = program.load(text.replace("bit[2] c", "output bit[2] c"), Bounds())
    assert found.names == ["c"]

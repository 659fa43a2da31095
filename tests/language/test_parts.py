"""The parts of the compiler, each by itself."""

from __future__ import annotations

import pytest
from openqasm3 import ast

from quantum_tasks.circuits.bounds import Bounds
from quantum_tasks.circuits.circuit import Branch, Gate, Measure, Store
from quantum_tasks.language.expressions import Evaluator
from quantum_tasks.language.indices import Indices
from quantum_tasks.language.listing import Listing
from quantum_tasks.language.machine import Machine, Variable
from quantum_tasks.language.measured.cases import NeedsKnownError
from quantum_tasks.language.scope import Qubits, Scopes, cells_of
from quantum_tasks.language.statements.arrays import Arrays
from quantum_tasks.language.statements.assignments import Assignments
from quantum_tasks.language.statements.exits import Exits
from quantum_tasks.language.statements.gatecalls import GateCalls
from quantum_tasks.language.statements.iteration import Iteration
from quantum_tasks.language.statements.measurements import Measurements
from quantum_tasks.language.statements.variables import Variables
from quantum_tasks.language.typenames import TypeNames
from quantum_tasks.language.values import BOOL, FLOAT, Type, Value
from quantum_tasks.parsing.cursor import Cursor
from quantum_tasks.parsing.expression_parser import ExpressionParser
from quantum_tasks.parsing.lexer import tokens
from quantum_tasks.parsing.mistakes import ProgramError
from quantum_tasks.parsing.parser import parse
from quantum_tasks.parsing.type_parser import TypeParser


def expression(text: str) -> ast.Expression:
    node: ast.Expression = ExpressionParser(Cursor(tokens(text))).expression()
    return node


def statement(text: str) -> ast.Statement:
    node: ast.Statement = parse(text).statements[0]
    return node


class Bench:
    """What most parts stand on."""

    def __init__(self, **bounds: int) -> None:
        self.listing = Listing(Bounds(**bounds))
        self.machine = Machine(self.listing)
        self.scopes = Scopes()
        self.evaluator = Evaluator(self.listing, self.scopes)
        self.measurements = Measurements(self.evaluator, self.machine)
        self.variables = Variables(self.evaluator, self.machine, self.measurements)

    def declare(self, text: str, shown: bool = True) -> Variable:
        node = statement(text)
        assert isinstance(node, ast.ClassicalDeclaration)
        self.variables.declare(node, node.init_expression, shown)
        symbol = self.scopes.look_up(node.identifier.name, node)
        assert isinstance(symbol, Variable)
        return symbol

    def qubits(self, name: str, size: int) -> Qubits:
        register = Qubits(tuple(self.listing.add_qubits(size)), scalar=False)
        self.scopes.stack[-1][name] = register
        return register


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3", 7),
        ("2 ** 3 ** 2", 512),
        ("-7 / 2", -3),
        ("sin(pi / 2) + 1", 2.0),
        ("true && !false", True),
        ('"0110"[1:2]', (True, True)),
        ("popcount(uint[8](255))", 8),
    ],
)
def test_an_evaluator_works_out_expressions(bench, text, value):
    found = bench.evaluator.value(expression(text))
    assert (found.data, found.const) == (value, True)
    assert not bench.listing.operations


def test_an_evaluator_asks_for_what_measurements_decide(bench):
    bit = bench.declare("bit c;")
    bench.machine.measured(bit, 0, bit.homes[0])
    node = expression("1 << c")
    assert not bench.evaluator.value(node).known
    with pytest.raises(NeedsKnownError):
        bench.evaluator.known(node)


def test_an_evaluator_finds_qubits_and_bits(bench):
    bench.qubits("q", 4)
    references = bench.evaluator.references
    assert references.qubits(expression("q[1:3]")).numbers == (1, 2, 3)
    assert references.qubits(expression("q[{3, -4}]")).numbers == (3, 0)
    with pytest.raises(ProgramError, match="size is 4"):
        references.qubits(expression("q[4]"))
    bench.declare("bit[2] c;")
    assert len(references.reference(expression("c")).cells) == 2
    with pytest.raises(ProgramError, match="This is no qubit"):
        references.qubits(expression("c"))


def test_indices_count_from_the_end_and_ranges_include_it():
    indices = Indices(lambda node, whose: node.value if hasattr(node, "value") else -1)
    index = expression("a[0:2:4]").index
    assert indices.places("abcde", index, None) == ([0, 2, 4], False)
    assert indices.places("abcde", expression("a[-1]").index, None) == ([4], True)
    with pytest.raises(ProgramError, match="out of range: the size is 2"):
        indices.places("ab", expression("a[2]").index, None)


def test_types_have_their_sizes_and_their_limits():
    names = TypeNames(Bounds(bits=10), lambda node, whose: node.value)

    def named(text: str) -> Type:
        cursor = Cursor(tokens(text))
        types = TypeParser(cursor, ExpressionParser(cursor).expression)
        return names.named(types.scalar_type())

    assert named("int[7]") == Type("int", 7)
    assert named("float[64]") == FLOAT
    assert named("bit[10]") == Type("bits", 10)
    with pytest.raises(ProgramError, match="MAX_CLBITS"):
        named("bit[11]")


def test_variables_begin_with_nothing_in_them_and_bits_have_homes(bench):
    assert bench.declare("int[8] i;").value.data == 0
    assert bench.declare("int[8] j = 300;").value.data == 44
    bits = bench.declare('bit[2] c = "10";')
    assert bits.value.data == (False, True)
    assert bench.variables.shown == {"c": bits.homes}
    assert bench.listing.operations == [Store(bits.homes[1], True)]


def test_outputs_take_the_place_of_all_bits_in_the_counts(bench):
    bench.declare("bit[2] hidden;")
    bench.variables.declare_output(statement("output bit seen;"))
    bench.declare("bit[2] later;")
    assert list(bench.variables.shown) == ["seen"]


def test_assignments_write_elements_and_bits(bench):
    assignments = Assignments(
        bench.evaluator, bench.machine, bench.measurements, Arrays(bench.evaluator)
    )
    array = bench.declare("array[int[8], 2, 2] a = {{1, 2}, {3, 4}};")
    assignments.assign(statement("a[1, 0] = 7;"))
    assert [element.data for element in array.value.data] == [1, 2, 7, 4]
    number = bench.declare("uint[4] n = 5;")
    assignments.assign(statement("n[1] = true;"))
    assert number.value.data == 7
    with pytest.raises(ProgramError, match="is a constant"):
        assignments.assign(statement("pi = 3;"))


def test_a_measurement_is_known_to_be_in_the_home_of_its_bit(bench):
    bench.qubits("q", 2)
    bits = bench.declare("bit[2] c;")
    node = statement("c = measure q;")
    bench.measurements.into(node.measure, cells_of(bits), node)
    assert bench.listing.operations == [Measure(0, bits.homes[0]), Measure(1, bits.homes[1])]
    assert bits.value.data == tuple(bits.homes)
    with pytest.raises(ProgramError, match=r"1 qubit\(s\) into 2 bit"):
        bench.measurements.into(statement("c = measure q[0];").measure, cells_of(bits), node)


def test_gates_are_broadcast_and_defined(bench):
    bench.qubits("q", 2)
    gates = GateCalls(bench.evaluator, Iteration(bench.evaluator))
    gates.define(statement("gate g(a) x { for int i in [1:2] { U(0, 0, a * i) x; } }"))
    gates.apply(statement("g(0.5) q;"))
    assert [type(operation) for operation in bench.listing.operations] == [Gate] * 4
    assert [operation.qubits for operation in bench.listing.operations] == [(0,), (0,), (1,), (1,)]
    with pytest.raises(ProgramError, match="takes 1 angle, not 0"):
        gates.apply(statement("g q;"))


def test_a_loop_goes_over_ranges_sets_bits_and_arrays(bench):
    iteration = Iteration(bench.evaluator)

    def values(text: str) -> list[object]:
        return [value.data for value in iteration.values(statement(text))]

    assert values("for int i in [5:-2:0] { h q; }") == [5, 3, 1]
    assert values("for float f in {1, 2.5} { h q; }") == [1.0, 2.5]
    assert values('for bit b in "011" { h q; }') == [True, True, False]
    bench.declare("array[angle[4], 2] a = {pi, pi / 2};")
    assert len(values("for angle[4] x in a { h q; }")) == 2
    with pytest.raises(ProgramError, match="cannot be zero"):
        values("for int i in [0:0:3] { h q; }")


def test_what_a_flag_skips_is_not_written_and_what_may_be_skipped_is_conditional(bench):
    exits = Exits(bench.machine)
    assert exits.stopped() is False
    with exits.flag("break") as broken, exits.turn(broken):
        exits.break_()
        assert exits.stopped() is True
        exits.unless(exits.stopped(), lambda: pytest.fail("it was left"))
    assert exits.stopped() is False
    bit = bench.declare("bit c;")
    bench.machine.measured(bit, 0, bit.homes[0])
    bench.machine.branch(bit.value.data, lambda: exits.leave(exits.end))
    assert isinstance(exits.stopped(), int)
    seen = []
    exits.unless(exits.stopped(), lambda: seen.append(exits.stopped()))
    assert seen == [False]


def test_a_subroutine_has_no_loop_around_it(bench):
    exits = Exits(bench.machine)
    with exits.flag("break") as broken, exits.turn(broken):
        with exits.subroutine() as returned:
            exits.leave(returned)
            assert exits.stopped() is True
            with pytest.raises(IndexError):
                exits.break_()
        assert exits.stopped() is False


def test_a_branch_leaves_what_both_sides_have_in_common(bench):
    machine, listing = bench.machine, bench.listing
    bit, number = bench.declare("bit c;"), bench.declare("int[8] n = 1;")
    machine.measured(bit, 0, bit.homes[0])
    machine.branch(
        bit.homes[0],
        lambda: machine.assign(number, Value(number.value.type, 2)),
        lambda: machine.assign(number, Value(number.value.type, 2)),
    )
    assert number.value.data == 2
    machine.branch(bit.homes[0], lambda: machine.assign(number, Value(number.value.type, 3)))
    assert not number.value.known
    assert not any(isinstance(operation, Branch) for operation in listing.operations)


def test_what_fails_leaves_nothing_behind(bench):
    machine, listing = bench.machine, bench.listing
    flag = Variable("flag", Value(BOOL, False))

    def fail() -> None:
        machine.assign(flag, Value(BOOL, True))
        listing.emit(Measure(0, listing.new_bit()))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        machine.transaction(fail)
    assert flag.value.data is False
    assert not listing.operations


def test_a_listing_takes_no_more_than_its_bounds():
    listing = Listing(Bounds(operations=2, qubits=3, bits=4))
    for _ in range(2):
        listing.emit(Measure(0, 2))
    with pytest.raises(ProgramError, match="MAX_OPERATIONS"):
        listing.emit(Measure(0, 2))
    with pytest.raises(ProgramError, match="MAX_QUBITS"):
        listing.add_qubits(4)
    with pytest.raises(ProgramError, match="MAX_CLBITS"):
        listing.name_bits(5)
    assert (listing.qubits, listing.bits) == (0, 2)

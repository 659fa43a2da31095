"""Drawings: what they show, and what is too large for one."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from xml.etree import ElementTree

import pytest
from engines.simulation import assert_distributed
from language import table
from pictures.drawn import svg, text
from service import BELL, STDGATES

from quantum_tasks.circuits.bounds import Bounds
from quantum_tasks.circuits.circuit import (
    Branch,
    Loop,
    Measure,
    Operation,
    Program,
    Store,
)
from quantum_tasks.engines.simulator import Simulator
from quantum_tasks.errors import TooLargeToDraw
from quantum_tasks.language import program
from quantum_tasks.orders import Draw
from quantum_tasks.parsing.mistakes import ProgramError
from quantum_tasks.pictures import drawing
from quantum_tasks.pictures.legible import If, Step, While, legible

PROGRAMS = table("PROGRAMS")
EVERY = 24  # of the language's programs one of so many is drawn
SVG = "{http://www.w3.org/2000/svg}"
TELEPORTATION = (
    STDGATES + "qubit[2] alice; qubit bob; bit[2] sent; bit got; rx(pi / 3) alice[0]; h alice[1];"
    " cx alice[1], bob; cx alice[0], alice[1]; h alice[0]; sent = measure alice;"
    " if (sent[1]) { x bob; } if (sent[0]) { z bob; } got = measure bob;"
)


def branching(operations: list[Operation]) -> bool:
    return any(isinstance(operation, Branch | Loop | Store) for operation in operations)


# What is drawn


@pytest.mark.parametrize("title", list(PROGRAMS)[::EVERY])
def test_programs_of_every_kind_are_drawn(title):
    qc, _ = PROGRAMS[title]
    drawn = text(qc)
    assert all(f"{register}: " in drawn for register in program.load(qc, Bounds()).names)
    ElementTree.fromstring(svg(qc))


def test_a_bell_state_looks_as_qiskit_draws_it():
    assert text(BELL) == (
        "     ┌───┐     ┌─┐\n"
        "q_0: ┤ H ├──■──┤M├───\n"
        "     └───┘┌─┴─┐└╥┘┌─┐\n"
        "q_1: ─────┤ X ├─╫─┤M├\n"
        "          └───┘ ║ └╥┘\n"
        "c: 2/═══════════╩══╩═\n"
        "                0  1\n"
    )


def test_registers_have_the_names_that_the_program_gives_them():
    drawn = text(TELEPORTATION)
    for wire in ("alice_0: ", "alice_1: ", "bob: ", "sent: 2/", "got: 1/"):
        assert wire in drawn


def test_angles_are_multiples_of_pi_where_they_are():
    drawn = text(
        STDGATES
        + "qubit[2] q; bit c; rx(pi / 3) q[0]; rz(-3 * pi / 4) q[1]; cp(pi / 8) q[0], q[1];"
        " ry(0.3) q[0]; U(pi / 2, 0, pi) q[1]; c = measure q[0];"
    )
    for label in ("Rx(π/3)", "Rz(-3π/4)", "P(π/8)", "Ry(0.3)", "U(π/2,0,π)"):
        assert label in drawn


def test_inputs_are_drawn_with_their_values():
    qc = STDGATES + "input angle theta; qubit q; bit c; rx(theta) q; c = measure q;"
    assert "Rx(π/2)" in text(qc, theta=1.5707963267948966)


def test_gates_have_their_usual_names_and_controls_are_dots():
    drawn = text(
        STDGATES + "qubit[3] q; bit c; sdg q[0]; tdg q[1]; sx q[2]; swap q[0], q[1];"
        " ccx q[0], q[1], q[2]; ctrl(2) @ ry(pi) q[0], q[1], q[2]; reset q[0]; c = measure q[0];"
    )
    for label in ("Sdg", "Tdg", "√X", "─X─", "Ry(π)", "|0>"):
        assert label in drawn
    assert drawn.count("■") == 4


def test_branches_say_their_condition_in_the_words_of_the_program():
    conditions = {
        "c == 2": "c == 2",
        "c != 2": "c != 2",
        "c >= 1": "c != 0",
        "c == 1 || c == 2": "c == 1 || c == 2",
        "c[0]": "c[0]",
        "!c[1]": "!c[1]",
        "d": "d == 1",
        "d && !c[0]": "!c[0] && d[0]",
        "c[0] ^ d": "c[0] ^ d[0]",
    }
    for condition, shown in conditions.items():
        drawn = text(
            STDGATES + "qubit[3] q; bit[2] c; bit d; c = measure q[0:1]; d = measure q[2];"
            f" if ({condition}) {{ x q[0]; }} else {{ z q[0]; h q[1]; }}"
        )
        assert f"If-0 {shown} " in drawn, drawn
        assert "Else-0" in drawn


def test_a_switch_and_a_loop_need_no_bits_but_the_programs_own():
    drawn = text(
        STDGATES + "qubit[2] q; bit[2] c; c = measure q; switch (uint[2](c)) { case 0 { x q[0]; }"
        " case 1, 2 { y q[0]; } default { z q[1]; } } while (c != 0) { h q; c = measure q; }"
    )
    for label in ("If-0 c == 0 ", "If-0 c == 1 || c == 2 ", "If-0 c == 3 ", "While-0 c != 0 "):
        assert label in drawn
    assert "░" not in drawn


def test_a_value_that_is_kept_and_overwritten_gets_a_name():
    drawn = text(
        STDGATES + "qubit q; bit c; bit t0; bool first; c = measure q; first = c; h q;"
        " c = measure q; if (first != c) { x q; } t0 = measure q;"
    )
    assert "t_0 = c[0]" in drawn
    assert re.search(r"If-0 (t_0 \^ c\[0\]|c\[0\] \^ t_0)", drawn), drawn


def test_a_subroutines_measurement_goes_where_its_value_goes():
    drawn = text(
        STDGATES + "def look(qubit a) -> bit { h a; return measure a; }"
        " qubit q; bit c; c = look(q); if (c) { x q; }"
    )
    assert "░" not in drawn
    assert "unnamed" not in drawn


def test_a_measurement_is_not_moved_behind_another_into_the_same_bit():
    operations = [Measure(0, 5), Measure(1, 2), Store(2, 5)]
    assert legible(operations, shown={2}) == operations
    assert legible([Measure(0, 5), Measure(1, 3), Store(2, 5)], {2, 3}) == [
        Measure(0, 2),
        Measure(1, 3),
    ]


def test_a_measurement_into_nothing_has_a_register_without_a_name():
    assert "unnamed: 1/" in text(STDGATES + "qubit q; bit c; measure q; c = measure q;")


def test_unused_qubits_are_drawn_unless_there_are_many():
    few = text(STDGATES + "qubit[5] q; bit c; h q[3]; c = measure q[3];")
    assert all(f"q_{number}: " in few for number in range(5))
    many = text(STDGATES + "qubit[1000] q; bit c; h q[998]; cx q[998], q[3]; c = measure q[3];")
    assert re.findall(r"q_\d+", many) == ["q_3", "q_998"]


def test_a_program_without_qubits_or_operations_is_drawn():
    assert "c: 2/" in text("bit[2] c; def f(qubit a) -> bit { return measure a; }")
    assert "q:" in text("qubit q; bit c; if (false) { c = measure q; }")
    ElementTree.fromstring(svg("bit[2] c; def f(qubit a) -> bit { return measure a; }"))


def plain(steps: list[Step], fresh: int) -> list[Operation]:
    """Steps as operations again; bits from `fresh` on are free."""
    operations: list[Operation] = []
    for step in steps:
        if isinstance(step, If):
            then, otherwise = plain(step.then, fresh), plain(step.otherwise, fresh)
            operations.append(Branch(step.condition, then, otherwise))
        elif isinstance(step, While):
            again = Store(fresh, step.condition)
            body = [*plain(step.body, fresh + 1), again]
            operations += [again, Loop(fresh, body)]
        else:
            operations.append(step)
    return operations


@pytest.mark.parametrize("chapter", range(4))
def test_what_is_drawn_does_what_the_program_does(chapter):
    simulator = Simulator(memory_mb=2048, max_result_bytes=2**20)
    drawn = 0
    for qc, expected in list(PROGRAMS.values())[chapter::4]:
        loaded = program.load(qc, Bounds())
        if branching(loaded.operations) and len(loaded.operations) < 100:
            shown = {bit for register in loaded.registers for bit in register}
            operations = plain(legible(loaded.operations, shown), fresh=10**6)
            told = Program(loaded.qubits, loaded.registers, operations)
            counts = json.loads(simulator.run(told, shots=4096, seed=7).counts)
            assert_distributed(counts, expected)
            drawn += 1
    assert drawn > 20


# SVG


@pytest.mark.parametrize("qc", [BELL, TELEPORTATION])
def test_an_svg_is_whole_in_itself_and_has_a_title(qc):
    drawn = svg(qc)
    root = ElementTree.fromstring(drawn)
    assert root.tag == f"{SVG}svg"
    assert root.get("role") == "img"
    assert root[0].tag == f"{SVG}title"
    assert root[0].text == root.get("aria-label")
    assert "<!DOCTYPE" not in drawn
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert tags <= {"svg", "title", "defs", "style", "g", "path", "use", "clipPath", "rect"}
    for element in root.iter():
        for attribute, value in element.attrib.items():
            assert not attribute.startswith("on")
            if attribute.endswith("href"):
                assert value.startswith("#")
    assert not re.search(r"url\((?!#)|@import|javascript:", drawn)


def test_an_svg_needs_no_home_and_is_the_same_in_every_process(tmp_path):
    """Nor has anything but a drawer imported matplotlib."""
    code = (
        "import sys; import quantum_tasks.app, quantum_tasks.fence.inside.preload;"
        " assert 'matplotlib' not in sys.modules;"
        " from quantum_tasks.circuits import bounds; from quantum_tasks.pictures import drawing;"
        " from quantum_tasks.orders import Draw;"
        f" plan = drawing.plan(Draw({BELL!r}, None, 'svg'), bounds.Bounds());"
        " print(drawing.draw(plan, 'svg').content, end='')"
    )
    environment = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    printed = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60
    )
    assert printed.stdout == svg(BELL), printed.stderr
    assert list(tmp_path.iterdir()) == []


# What is too large, and what means harm


@pytest.mark.parametrize(
    ("format", "qc", "numbers"),
    [
        (
            "svg",
            "qubit[2] q; bit c; for int i in [1:300] { x q[0]; } c = measure q[0];",
            (301, 300),
        ),
        ("text", "qubit q; bit c; for int i in [1:2000] { x q; } c = measure q;", (2001, 2000)),
        ("text", "qubit[70] q; bit[2] c; h q; c = measure q[0:1];", (71, 64)),
        ("svg", "qubit q; bit[201] c; c[0] = measure q;", (201, 200)),
        ("svg", "qubit[60] q; bit c; " + "{far}" * 17, (1021, 1000)),
        ("svg", "qubit q; bit[21] c; " + "{deeper}", (21, 20)),
    ],
    ids=["operations", "more operations", "qubits", "bits", "large gates", "nesting"],
)
def test_what_is_too_large_is_refused_with_the_numbers(format, qc, numbers):
    far = "ctrl(59) @ x " + ", ".join(f"q[{number}]" for number in range(60)) + "; "
    deeper = "".join(f"c[{n}] = measure q; if (c[{n}]) {{ x q; " for n in range(21)) + "}" * 21
    qc = STDGATES + qc.replace("{far}", far).replace("{deeper}", deeper)
    if "measure" not in qc:
        qc += "c = measure q[0];"
    with pytest.raises(ProgramError) as caught:
        drawing.plan(Draw(qc, None, format), Bounds())
    assert caught.value.problem is TooLargeToDraw
    assert [f"{number:,}" for number in numbers] == re.findall(r"[\d,]+\d", str(caught.value))


def test_long_names_are_shortened_and_stay_different():
    a, b = "a" * 5000, "a" * 4999 + "b"
    qc = STDGATES + f"qubit[2] {a}; bit[2] {b}; {b} = measure {a}; if ({b} == 1) {{ x {a}; }}"
    drawn = text(qc)
    assert max(map(len, drawn.splitlines())) <= 120
    labels = re.findall(r"a+\.\.\d+", drawn)
    assert len(set(labels)) == 2
    ElementTree.fromstring(svg(qc))


@pytest.mark.parametrize(
    "register", ["\u03c8", "\u91cf\u5b50", "_q_", "__1_", "unnamed", "t0", "pi_"]
)
def test_names_of_all_kinds_are_drawn(register):
    qc = STDGATES + (
        f"qubit[2] {register}; bit c; bool kept; measure {register}[0]; c = measure {register}[1];"
        f" kept = c; c = measure {register}[0]; if (kept && !c) {{ x {register}; }}"
    )
    assert f"{register}_0" in text(qc)
    ElementTree.fromstring(svg(qc))


def test_angles_of_all_sizes_are_drawn():
    qc = STDGATES + "qubit q; bit c; rx(1e300) q; rz(-1e-300) q; ry(123456.789) q; c = measure q;"
    assert "Rx(1e+300)" in text(qc)
    ElementTree.fromstring(svg(qc))


def test_a_condition_of_many_bits_is_drawn():
    qc = STDGATES + (
        "qubit q; bit[8] c; for int i in [0:7] { c[i] = measure q; }"
        " if (uint[8](c) * 3 > 100) { x q; } if (c == 200) { x q; } if (c != 200) { x q; }"
    )
    drawn = text(qc)
    assert "If-0 c == 200 " in drawn
    assert "If-0 c != 200 " in drawn
    ElementTree.fromstring(svg(qc))

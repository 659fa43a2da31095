"""Drawings: what they show, what is too large for one, and the process that makes them."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from typing import Any
from xml.etree import ElementTree

import pytest
from engines.simulation import assert_distributed
from language import table
from service import BELL, STDGATES, descendants, name

from quantum_tasks.circuits.bounds import Bounds
from quantum_tasks.circuits.circuit import (
    Branch,
    Loop,
    Measure,
    Operation,
    Program,
    Store,
)
from quantum_tasks.engines import aer
from quantum_tasks.errors import QasmSyntax, ServiceBusy, TooLargeToDraw
from quantum_tasks.fence.drawing import MEMORY_MB, Drawer
from quantum_tasks.fence.pool import ChildDiedError
from quantum_tasks.language import program
from quantum_tasks.orders import Draw, Limits, Rejected
from quantum_tasks.parsing.mistakes import ProgramError
from quantum_tasks.pictures import drawing
from quantum_tasks.pictures.legible import If, Step, While, legible

PROGRAMS = table("PROGRAMS")
EVERY = 12  # of the language's programs one of so many is drawn
SVG = "{http://www.w3.org/2000/svg}"
TELEPORTATION = (
    STDGATES + "qubit[2] alice; qubit bob; bit[2] sent; bit got; rx(pi / 3) alice[0]; h alice[1];"
    " cx alice[1], bob; cx alice[0], alice[1]; h alice[0]; sent = measure alice;"
    " if (sent[1]) { x bob; } if (sent[0]) { z bob; } got = measure bob;"
)


def drawn(order: Draw) -> str:
    return drawing.draw(drawing.plan(order, Bounds()), order.format).content


def text(qc: str, **parameters: object) -> str:
    return drawn(Draw(qc, parameters or None, "text"))


def svg(qc: str) -> str:
    return drawn(Draw(qc, None, "svg"))


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
    simulator = aer.Simulator(memory_mb=2048, max_result_bytes=2**20)
    drawn = 0
    for qc, expected in list(PROGRAMS.values())[chapter::4]:
        loaded = program.load(qc, Bounds())
        if branching(loaded.operations) and len(loaded.operations) < 100:
            shown = {bit for register in loaded.registers for bit in register}
            operations = plain(legible(loaded.operations, shown), fresh=10**6)
            told = Program(loaded.qubits, loaded.registers, operations)
            counts = json.loads(simulator.run(told, shots=4096, seed=7))
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


# The process


SMALL = Draw(BELL, small=True)


@pytest.fixture
async def drawer():
    drawer = Drawer(Limits(MEMORY_MB, max_result_bytes=2**20))
    yield drawer
    await drawer.stop()


def children(called: str = "qtasks-drawer") -> list[int]:
    return [pid for pid in descendants(os.getpid()) if name(pid) == called]


async def stopped(drawer: Drawer) -> int:
    """Its child, which draws but does not get on."""
    await drawer.draw(SMALL)
    (child,) = children()
    os.kill(child, signal.SIGSTOP)
    return child


async def test_the_first_drawing_starts_the_process_that_draws(drawer):
    assert children() == []
    together = await asyncio.gather(
        drawer.draw(Draw(BELL, None, "svg", small=True)), drawer.draw(SMALL)
    )
    assert [drawn.content for drawn in together] == [svg(BELL), text(BELL)]
    assert len(children()) == 1
    await drawer.stop()
    assert children() == []


async def test_a_program_that_cannot_be_drawn_is_a_problem(drawer):
    with pytest.raises(QasmSyntax) as caught:
        await drawer.draw(Draw("OPENQASM 3.0; qubit q"))
    assert caught.value.errors[0].line == 1
    large = STDGATES + "qubit q; bit c; for int i in [1:300] { x q; } c = measure q;"
    with pytest.raises(TooLargeToDraw, match="301 operations"):
        await drawer.draw(Draw(large, None, "svg"))


async def test_a_child_that_dies_is_a_problem_of_its_own_drawing_alone(drawer):
    child = await stopped(drawer)
    doomed = asyncio.create_task(drawer.draw(SMALL))
    await asyncio.sleep(0.1)
    os.kill(child, signal.SIGKILL)
    with pytest.raises(ServiceBusy, match="SIGKILL") as caught:
        await doomed
    assert caught.value.retry_after_s == 5
    assert (await drawer.draw(SMALL)).content == text(BELL)


async def test_a_drawing_has_its_time_and_others_do_not_wait_for_ever(drawer, monkeypatch):
    monkeypatch.setattr("quantum_tasks.fence.drawing._TIME_LIMIT_S", 1.0)
    await stopped(drawer)
    slow = asyncio.create_task(drawer.draw(SMALL))
    await asyncio.sleep(0.1)
    monkeypatch.setattr("quantum_tasks.fence.drawing._BUSY_AFTER_S", 0.2)
    with pytest.raises(ServiceBusy) as caught:
        await drawer.draw(SMALL)
    assert caught.value.retry_after_s == 5
    with pytest.raises(TooLargeToDraw, match="within 1 s"):
        await slow
    monkeypatch.undo()
    assert (await drawer.draw(SMALL)).content == text(BELL)


@pytest.mark.parametrize(
    "end", [Rejected("memory_exceeded", "too much"), ChildDiedError("SIGABRT", "std::bad_alloc")]
)
async def test_a_drawing_that_takes_too_much_memory_is_too_large(drawer, monkeypatch, end):
    async def run(*_):
        if isinstance(end, Exception):
            raise end
        return end

    monkeypatch.setattr("quantum_tasks.fence.pool.ProcessPool.run", run)
    with pytest.raises(TooLargeToDraw, match="400 MiB"):
        await drawer.draw(SMALL)


# What is kept, and whose turn it is


class Shelf:
    """Programs that are asked for as drawings, and how often each had to be fetched."""

    def __init__(self, drawer: Drawer) -> None:
        self.drawer = drawer
        self.fetched: list[str] = []

    async def drawing(self, qc: str, peer: str = "somebody", parameters: Any = None) -> str:
        async def program() -> Any:
            self.fetched.append(qc)
            return qc, parameters

        return (await self.drawer.drawing(qc, "text", peer, program)).decode()


async def test_a_drawing_is_made_once_for_all_who_want_it(drawer):
    shelf = Shelf(drawer)
    drawn = await asyncio.gather(*(shelf.drawing(BELL, f"10.0.0.{n}") for n in range(20)))
    assert set(drawn) == {text(BELL)}
    assert await shelf.drawing(BELL) == text(BELL)
    assert shelf.fetched == [BELL]


async def test_why_something_cannot_be_drawn_is_kept_as_well(drawer, monkeypatch):
    monkeypatch.setattr("quantum_tasks.fence.drawing._TIME_LIMIT_S", 0.5)
    await stopped(drawer)
    shelf = Shelf(drawer)
    for _ in range(3):
        with pytest.raises(TooLargeToDraw, match=r"within 0\.5 s"):
            await shelf.drawing(BELL)
        with pytest.raises(QasmSyntax) as caught:
            await shelf.drawing("OPENQASM 3.0; qubit q")
        assert caught.value.errors[0].line == 1
    assert len(shelf.fetched) == 2


async def test_that_the_service_was_busy_is_not_kept(drawer):
    child = await stopped(drawer)
    shelf = Shelf(drawer)
    doomed = asyncio.create_task(shelf.drawing(BELL))
    await asyncio.sleep(0.1)
    os.kill(child, signal.SIGKILL)
    with pytest.raises(ServiceBusy):
        await doomed
    assert await shelf.drawing(BELL) == text(BELL)


async def test_whoever_wants_a_thousand_drawings_waits_behind_himself(drawer):
    child = await stopped(drawer)
    shelf = Shelf(drawer)
    many = [
        asyncio.create_task(shelf.drawing(f"{BELL}// {number}", "attacker"))
        for number in range(1000)
    ]
    async with asyncio.timeout(30):
        while len(refused := [task for task in many if task.done()]) < 899:
            await asyncio.sleep(0.05)
    assert len(refused) == 899  # one is drawn, a hundred wait
    assert {type(task.exception()) for task in refused} == {ServiceBusy}
    honest = asyncio.create_task(shelf.drawing(f"{BELL}// honest", "honest"))
    await asyncio.sleep(0.1)
    os.kill(child, signal.SIGCONT)
    assert await honest == text(BELL)
    assert len(shelf.fetched) <= 4
    for task in many:
        task.cancel()
    await asyncio.gather(*many, return_exceptions=True)


def layers(count: int) -> str:
    layer = "h q; rx(0.5) q; cx q[0:6], q[7];\n" * count
    return STDGATES + f"qubit[8] q; bit[8] c;\n{layer}c = measure q;"


async def test_a_small_drawing_never_waits_for_a_large_one(drawer):
    """However many of those are wanted, also at its own address."""
    shelf = Shelf(drawer)
    assert await shelf.drawing(layers(80)) == text(layers(80))
    (slow,) = children("qtasks-slow-dra")
    os.kill(slow, signal.SIGSTOP)
    large = [asyncio.create_task(shelf.drawing(layers(60 + n))) for n in range(20)]
    await asyncio.sleep(0.1)
    assert await shelf.drawing(BELL) == text(BELL)
    assert not any(task.done() for task in large)
    os.kill(slow, signal.SIGCONT)
    assert await large[0] == text(layers(60))
    for task in large:
        task.cancel()
    await asyncio.gather(*large, return_exceptions=True)


async def test_what_is_not_small_is_known_the_second_time(drawer):
    shelf = Shelf(drawer)
    qc = layers(60)
    assert await drawer.draw(Draw(qc, small=True)) is None
    doomed = asyncio.create_task(shelf.drawing(qc))
    async with asyncio.timeout(20):
        while len(shelf.fetched) < 2:
            await asyncio.sleep(0.01)
    doomed.cancel()
    await asyncio.gather(doomed, return_exceptions=True)
    assert await shelf.drawing(qc) == text(qc)
    assert len(shelf.fetched) == 3


async def test_a_program_that_takes_long_to_read_is_not_small(drawer):
    qc = STDGATES + (
        "qubit q; bit c; int n = 0; for int i in [0:100] { for int j in [0:100] { n += i * j; } }"
        "c = measure q;"
    )
    assert await drawer.draw(Draw(qc, small=True)) is None
    assert await drawer.draw(SMALL) is not None
    assert len(children()) == 1
    assert await Shelf(drawer).drawing(qc) == text(qc)


@pytest.mark.parametrize(
    ("qc", "small"),
    [
        (BELL, True),
        (layers(1), True),
        (layers(9), False),
        (STDGATES + "qubit[40] q; bit[40] c; h q; c = measure q;", False),
    ],
)
def test_what_is_small_depends_on_all_that_is_drawn(qc, small):
    assert drawing.plan(Draw(qc, None, "svg"), Bounds()).small is small


async def test_of_a_sweep_the_first_run_is_drawn_that_can_be(drawer):
    qc = BELL.replace("qubit[2]", "input float a;\nqubit[2]").replace("h q[0]", "rz(1 / a) q[0]")
    drawn = await Shelf(drawer).drawing(qc, parameters=[{"a": 0.0}, {"a": 2.0}])
    assert "0.5" in drawn

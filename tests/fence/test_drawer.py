"""The processes that draw: what each may take, what is kept, and whose turn it is."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import Any

import pytest
from pictures.drawn import svg, text
from service import BELL, STDGATES, descendants, name

from quantum_tasks.circuits.bounds import Bounds
from quantum_tasks.errors import QasmSyntax, ServiceBusy, TooLargeToDraw
from quantum_tasks.fence.drawing import MEMORY_MB, Drawer
from quantum_tasks.fence.pool import ChildDiedError
from quantum_tasks.orders import Draw, Limits, Rejected
from quantum_tasks.pictures import drawing

# The process


SMALL = Draw(BELL, small=True)


# Services that all tests of a run share may have such children as well.
_others: set[int] = set()


@pytest.fixture
async def drawer():
    _others.clear()
    _others.update(children())
    drawer = Drawer(Limits(MEMORY_MB, max_result_bytes=2**20))
    yield drawer
    await drawer.stop()


def children(called: str = "qtasks-drawer") -> list[int]:
    found = [pid for pid in descendants(os.getpid()) if name(pid) == called]
    return [pid for pid in found if pid not in _others]


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

"""Two lanes for checks: real children, and programs that take them long."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from service import BELL, STDGATES, cpu_s

from quantum_tasks.errors import QasmSyntax, ServiceBusy, TooComplex
from quantum_tasks.fence import checking
from quantum_tasks.fence.checking import Checker
from quantum_tasks.fence.pool import ProcessPool
from quantum_tasks.orders import Accepted, Check, Limits, Unfinished

LIMITS = Limits(memory_mb=1024, max_result_bytes=2**20, max_operations=10**9)
NEVER_DONE = "OPENQASM 3.0;\nqubit q;\nbit c;\nwhile (true) { }\n"
LINES = "".join(f"rx(0.{number}) q[0];\nctrl @ x q[0], q[1];\n" for number in range(6000))
LONG = f"{STDGATES}qubit[2] q;\nbit[2] c;\n{LINES}c = measure q;\n"  # more than the quick time


@pytest.fixture
async def checker() -> AsyncIterator[Checker]:
    checker = Checker(2, LIMITS, 1.8)
    await checker.start()
    await checker.quick.ready()
    yield checker
    await checker.stop()


@pytest.fixture
async def pool() -> AsyncIterator[ProcessPool]:
    pool = ProcessPool("parser", 1, LIMITS)
    await pool.start()
    await pool.ready()
    yield pool
    await pool.stop()


async def check(checker: Checker, qc: str, peer: str = "192.0.2.1") -> Accepted:
    found = await checker.quickly(qc, 1024, None)
    return found or await checker.slowly(qc, 1024, None, peer)


def varied(count: int) -> list[str]:
    return [f"{NEVER_DONE}// {number}" for number in range(count)]


async def cancelled(*tasks: asyncio.Task[object]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_most_programs_are_done_in_the_quick_lane(checker):
    assert isinstance(await checker.quickly(BELL, 1024, None), Accepted)
    with pytest.raises(QasmSyntax):
        await checker.quickly("qubit q\nbit c;", 1024, None)
    assert not checker.slow.alive


async def test_a_program_that_takes_longer_is_done_in_the_slow_lane(checker, monkeypatch):
    monkeypatch.setattr(checker, "_time_limit_s", 20.0)  # on any machine
    assert await checker.quickly(LONG, 1024, None) is None
    found = await checker.slowly(LONG, 1024, None, "192.0.2.1")
    assert found.compiled
    assert '"rx":6000' in found.stats


async def test_a_program_that_takes_too_long_is_refused(checker, monkeypatch):
    monkeypatch.setattr(checker, "_time_limit_s", 0.2)
    with pytest.raises(TooComplex, match=r"longer than 0.2 s \(PARSE_TIME_LIMIT_S\)"):
        await check(checker, NEVER_DONE)


@pytest.mark.parametrize("programs", [[NEVER_DONE] * 100, varied(100)], ids=["same", "varied"])
async def test_a_hundred_programs_that_take_long_keep_no_other_waiting(checker, programs):
    busy = [asyncio.create_task(check(checker, qc)) for qc in programs]
    await asyncio.sleep(0)
    medium = BELL + "".join(f"int v{n} = {n};\n" for n in range(40))
    for qc in [BELL, medium] * 20:
        # Quickly; or, on a machine that gives a child no time to look, next in the slow lane.
        async with asyncio.timeout(5):
            assert isinstance(await check(checker, qc, "192.0.2.2"), Accepted)
    # To check all of them takes minutes: nobody waited for those.
    assert sum(task.done() for task in busy) < 50
    assert not any(task.done() and isinstance(task.exception(), ServiceBusy) for task in busy)
    await cancelled(*busy)


async def test_one_process_is_always_there_for_a_first_look(checker, monkeypatch):
    monkeypatch.setattr(checking, "_QUICK_S", 30.0)
    monkeypatch.setattr(checking, "_QUICK_WALL_S", 60.0)
    busy = [asyncio.create_task(check(checker, qc)) for qc in varied(3)]
    while not any(child.unknown for child in checker.quick._children):
        await asyncio.sleep(0.01)
    for _ in range(10):
        assert isinstance(await checker.quickly(BELL, 1024, None), Accepted)
    assert not any(task.done() for task in busy)
    await cancelled(*busy)


async def test_what_was_slow_before_goes_to_the_slow_lane_straight_away(checker):
    assert await checker.quickly(NEVER_DONE, 1024, None) is None
    await checker.quick.stop()  # so that whoever asked it again would be told that it is busy
    assert await checker.quickly(NEVER_DONE, 1024, None) is None


async def test_what_was_slow_by_mischance_is_in_the_quick_lane_again(checker, monkeypatch):
    await checker.slowly(STDGATES + "qubit q; bit c; c = measure q;", 1024, None, "192.0.2.1")
    with monkeypatch.context() as hurried:
        hurried.setattr(checking, "_QUICK_S", 1e-6)
        assert await checker.quickly(BELL, 1024, None) is None
    assert await checker.quickly(BELL, 1024, None) is None  # as it was remembered
    for quick in ("_QUICK_S", "_QUICK_WALL_S"):  # on any machine
        monkeypatch.setattr(checking, quick, 20.0)
    assert isinstance(await checker.slowly(BELL, 1024, None, "192.0.2.1"), Accepted)
    assert isinstance(await checker.quickly(BELL, 1024, None), Accepted)


async def test_in_the_slow_lane_peers_take_turns(checker, monkeypatch):
    monkeypatch.setattr(checker, "_time_limit_s", 0.1)
    ended: list[str] = []

    async def slow(qc: str, peer: str) -> None:
        with pytest.raises(TooComplex):
            await checker.slowly(qc, 1024, None, peer)
        ended.append(peer)

    many = [asyncio.create_task(slow(qc, "192.0.2.1")) for qc in varied(20)]
    await asyncio.sleep(0)
    await slow(NEVER_DONE, "192.0.2.2")
    assert ended.count("192.0.2.1") <= 2
    await cancelled(*many)


async def test_whoever_has_too_many_in_the_slow_lane_is_told_so(checker, monkeypatch):
    monkeypatch.setattr(checking, "_MOST_WAITING", 3)
    checker = Checker(2, LIMITS, 1.8)
    many = [asyncio.create_task(checker.slowly(qc, 1, None, "a")) for qc in varied(4)]
    await asyncio.sleep(0)
    with pytest.raises(ServiceBusy, match=r"3 programs .* wait already from your address"):
        await checker.slowly(NEVER_DONE, 1, None, "a")
    another = asyncio.create_task(checker.slowly(BELL, 1, None, "b"))
    await asyncio.sleep(0)
    assert not another.done()
    await cancelled(*many, another)
    await checker.stop()


async def test_an_interrupted_child_goes_on_as_if_nothing_had_been(pool):
    before = await pool.run(Check(BELL, 1024, None, 10), 30)
    (child,) = pool._children
    for number in range(40):
        reply = await pool.run(Check(NEVER_DONE, 1024, None, 0.002 + number / 4000), 30)
        assert reply == Unfinished()
    after = await pool.run(Check(BELL, 1024, None, 10), 30)
    assert after.compiled == before.compiled
    assert pool._children == {child}


async def test_a_child_interrupted_in_a_library_is_replaced(pool):
    (child,) = pool._children
    slow_parser = LONG.replace("\n", "\npragma for the reference parser\n", 1)
    # By then it is at it, and is far from done, on any machine.
    reply = await pool.run(Check(slow_parser, 1024, None, 0.5), 60)
    assert reply == Unfinished(spent=True)
    assert isinstance(await pool.run(Check(BELL, 1024, None, 10), 30), Accepted)
    assert child not in pool._children


async def test_a_slice_is_of_processor_time(pool):
    (child,) = pool._children
    before = cpu_s(child.pid)
    began = time.monotonic()
    assert await pool.run(Check(NEVER_DONE, 1024, None, 0.5), 60) == Unfinished()
    assert 0.45 <= cpu_s(child.pid) - before <= 0.75
    assert time.monotonic() - began >= 0.45

"""Real children, killed for real."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator

import pytest
from service import BELL, ENDLESS, STDGATES, alive, dense, descendants, state, until

from quantum_tasks.fence.pool import BusyError, ChildDiedError, OutOfTimeError, ProcessPool
from quantum_tasks.orders import Accepted, Check, Completed, Limits, Rejected, Run

LIMITS = Limits(memory_mb=1024, max_result_bytes=2**20)


def order(qc: str, shots: int = 100, soft_s: float = 60) -> Run:
    return Run(qc, shots, None, soft_s)


@pytest.fixture
async def pool() -> AsyncIterator[ProcessPool]:
    pool = ProcessPool("simulator", 2, LIMITS)
    await pool.start()
    await pool.ready()
    yield pool
    await pool.stop()


async def eventually(condition, within_s=15):
    async with asyncio.timeout(within_s):
        while not (found := condition()):
            await asyncio.sleep(0.02)
        return found


async def test_a_child_runs_a_program(pool):
    reply = await pool.run(order(BELL), 30)
    assert isinstance(reply, Completed)
    assert sum(json.loads(reply.counts).values()) == 100


async def test_a_child_checks_a_program_without_running_it(pool):
    reply = await pool.run(Check(ENDLESS), 30)
    assert isinstance(reply, Accepted)
    assert reply.large
    reply = await pool.run(Check("qubit q;"), 30)
    assert isinstance(reply, Rejected)
    assert reply.code == "no_measurements"


async def test_a_killed_child_fails_its_own_order_alone(pool):
    doomed = asyncio.create_task(pool.run(order(ENDLESS), 60))
    (child,) = await eventually(lambda: _busy(pool))
    spared = asyncio.create_task(pool.run(order(BELL), 60))
    os.kill(child, signal.SIGKILL)
    with pytest.raises(ChildDiedError) as caught:
        await doomed
    assert caught.value.how == "SIGKILL"
    assert isinstance(await spared, Completed)
    await eventually(lambda: pool.alive == 2)
    assert isinstance(await pool.run(order(BELL), 30), Completed)


async def test_a_child_killed_while_idle_is_replaced_unnoticed(pool):
    await eventually(lambda: pool.alive == 2)
    for _ in range(3):
        for pid in _pids(pool):
            os.kill(pid, signal.SIGKILL)
        replies = await asyncio.gather(*(_patiently(pool) for _ in range(4)))
        assert all(isinstance(reply, Completed) for reply in replies)


async def _patiently(pool):
    """An order can meet a child that dies just then; the worker retries it, and so do we."""
    for _ in range(5):
        try:
            return await pool.run(order(BELL), 30)
        except ChildDiedError:
            continue
    return None


async def test_a_killed_fork_server_is_replaced_with_all_its_children(pool):
    await eventually(lambda: pool.alive == 2)
    before = _pids(pool)
    fork_server = _parent(before[0])
    os.kill(fork_server, signal.SIGKILL)
    await eventually(lambda: not any(alive(pid) for pid in before))
    await eventually(lambda: pool.alive == 2)
    assert isinstance(await _patiently(pool), Completed)


async def test_an_order_over_its_time_limit_is_killed(pool):
    with pytest.raises(OutOfTimeError):
        await pool.run(order(ENDLESS), 0.5)
    await eventually(lambda: pool.alive == 2)
    assert isinstance(await pool.run(order(BELL), 30), Completed)


async def test_a_program_that_is_over_its_soft_limit_before_it_runs_does_not_run(pool):
    loop = "for int i in [1:99000] { rx(0.5) q[0]; }"
    reply = await pool.run(
        order(f"{STDGATES}qubit[2] q; bit[2] c; {loop} c = measure q;", soft_s=0.1), 60
    )
    assert isinstance(reply, Rejected)
    assert reply.code == "time_limit_exceeded"
    assert "TASK_SOFT_TIME_LIMIT_S" in reply.message
    assert isinstance(await pool.run(order(BELL), 30), Completed)


async def test_a_result_that_comes_after_the_soft_limit_is_kept(pool):
    """The simulator is busy in one call when the limit is reached."""
    reply = await pool.run(order(dense(22), soft_s=0.1), 60)
    assert isinstance(reply, Completed)
    assert reply.simulate_ms > 100


async def test_a_program_that_goes_on_after_measurements_is_stopped_among_them(pool):
    begun = time.monotonic()
    reply = await pool.run(order(ENDLESS, shots=1024, soft_s=0.5), 60)
    assert isinstance(reply, Rejected)
    assert reply.message == "The task was stopped after 0.5 s (TASK_SOFT_TIME_LIMIT_S)."
    assert time.monotonic() - begun < 30
    assert isinstance(await pool.run(order(BELL, soft_s=5), 30), Completed)


async def test_cancelling_an_order_kills_its_child(pool):
    running = asyncio.create_task(pool.run(order(ENDLESS), 60))
    (child,) = await eventually(lambda: _busy(pool))
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await eventually(lambda: not alive(child))


async def test_whoever_finds_no_free_child_in_time_is_told_so(pool):
    running = [asyncio.create_task(pool.run(order(ENDLESS), 60)) for _ in range(2)]
    await eventually(lambda: len(_busy(pool)) == 2)
    with pytest.raises(BusyError):
        await pool.run(order(BELL), 30, patience_s=0.2)
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


async def test_a_program_that_wants_more_memory_than_a_child_has_fails_with_the_figure(pool):
    wide = (
        STDGATES + "qubit[28] q; bit[28] c; h q; rx(0.3) q; cx q[0:26], q[27]; h q; c = measure q;"
    )
    reply = await pool.run(order(wide), 60)
    assert isinstance(reply, Rejected)
    assert reply.code == "memory_exceeded"
    assert "the limit is 1 GiB (SIMULATOR_MEMORY_MB)" in reply.message


async def test_python_that_eats_memory_meets_the_ceiling_and_the_machine_does_not():
    limits = Limits(memory_mb=512, max_result_bytes=2**20, max_operations=2**40)
    pool = ProcessPool("simulator", 2, limits)
    await pool.start()
    doubling = "gate g0 a { x a; x a; }\n" + "".join(
        f"gate g{i + 1} a {{ g{i} a; g{i} a; }}\n" for i in range(30)
    )
    qc = STDGATES + doubling + "qubit q; bit c; g30 q; c = measure q;"
    (end,) = await asyncio.gather(pool.run(order(qc), 60), return_exceptions=True)
    if isinstance(end, ChildDiedError):  # with nothing left to reply with
        assert end.out_of_memory, end.last_words
    else:
        assert isinstance(end, Rejected)
        assert end.code == "memory_exceeded"
    await eventually(lambda: pool.alive == 2)
    assert isinstance(await pool.run(order(BELL), 30), Completed)
    await pool.stop()


async def test_a_result_that_is_too_large_is_refused_with_the_figures(pool):
    wide = STDGATES + "qubit[20] q; bit[3000] c; h q; c[0:19] = measure q;"
    reply = await pool.run(order(wide, shots=1000), 60)
    assert isinstance(reply, Rejected)
    assert reply.code == "result_too_large"
    assert "MAX_RESULT_BYTES" in reply.message


async def test_a_seed_gives_the_same_counts_in_every_child(pool):
    seeded = Run(BELL, 1000, 7, 60)
    replies = await asyncio.gather(*(pool.run(seeded, 30) for _ in range(8)))
    assert len({reply.counts for reply in replies}) == 1
    other = await pool.run(Run(BELL, 1000, 8, 60), 30)
    assert other.counts != replies[0].counts


@pytest.mark.parametrize("busy", [False, True])
def test_no_child_outlives_a_service_that_is_killed(busy):
    script = textwrap.dedent(f"""
        import asyncio
        from quantum_tasks.fence.pool import ProcessPool
        from quantum_tasks.orders import Limits, Run

        async def main():
            pool = ProcessPool("simulator", 2, Limits(1024, 2**20))
            await pool.start()
            await pool.ready()
            while pool.alive < 2:
                await asyncio.sleep(0.01)
            print("ready", flush=True)
            if {busy}:
                runs = [pool.run(Run({ENDLESS!r}, 9999, None, 60), 60) for _ in "ab"]
                await asyncio.gather(*runs)
            await asyncio.sleep(60)

        if __name__ == "__main__":
            asyncio.run(main())
    """)
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "ready\n"
        below = until(lambda: len(found := descendants(process.pid)) >= 3 and found)
        if busy:
            until(lambda: [state(pid) for pid in below].count("R") == 2)
        process.kill()
        until(lambda: not any(alive(pid) for pid in below), within_s=5)


async def test_orders_of_a_moment_are_sent_ahead_and_answered_in_order(pool):
    await eventually(lambda: pool.alive == 2)
    orders = [pool.run(order(BELL, shots=10 + i), 30, work_ms=0.1) for i in range(50)]
    replies = asyncio.gather(*orders)
    await asyncio.sleep(0)
    assert max(len(child.jobs) for child in pool._children) > 10
    for i, reply in enumerate(await replies):
        assert sum(json.loads(reply.counts).values()) == 10 + i


async def test_what_is_not_known_to_take_a_moment_is_not_sent_ahead(pool):
    await eventually(lambda: pool.alive == 2)
    orders = [asyncio.create_task(pool.run(order(BELL), 30)) for _ in range(6)]
    orders += [asyncio.create_task(pool.run(order(BELL), 30, work_ms=0.1)) for _ in range(6)]
    await asyncio.sleep(0)
    assert [len(child.jobs) for child in pool._children] == [1, 1]
    assert len(await asyncio.gather(*orders)) == 12


async def test_a_child_that_dies_costs_only_the_order_that_it_was_at(pool):
    await eventually(lambda: pool.alive == 2)
    doomed = asyncio.create_task(pool.run(order(ENDLESS), 60, work_ms=1.0))
    (child,) = await eventually(lambda: _busy(pool))
    blocking = asyncio.create_task(pool.run(order(ENDLESS), 60))
    behind = [asyncio.create_task(pool.run(order(BELL), 60, work_ms=0.1)) for _ in range(9)]
    await asyncio.sleep(0.2)
    assert max(len(child.jobs) for child in pool._children) == 10
    os.kill(child, signal.SIGKILL)
    with pytest.raises(ChildDiedError):
        await doomed
    for reply in await asyncio.wait_for(asyncio.gather(*behind), 15):
        assert isinstance(reply, Completed)
    blocking.cancel()


async def test_each_order_has_its_own_time_even_when_it_was_sent_ahead(pool):
    await eventually(lambda: pool.alive == 2)
    blocking = asyncio.create_task(pool.run(order(ENDLESS), 60))
    await eventually(lambda: _busy(pool))
    first = asyncio.create_task(pool.run(order(ENDLESS), 0.6, work_ms=1.0))
    behind = asyncio.create_task(pool.run(order(BELL), 0.5, work_ms=0.1))
    with pytest.raises(OutOfTimeError):
        await first
    assert isinstance(await behind, Completed)
    blocking.cancel()


async def test_a_pool_that_stops_leaves_nobody_waiting():
    pool = ProcessPool("simulator", 1, LIMITS)
    await pool.start()
    await pool.ready()
    orders = [asyncio.create_task(pool.run(order(ENDLESS), 60)) for _ in range(3)]
    await eventually(lambda: _busy(pool))
    await pool.stop()
    ends = await asyncio.wait_for(asyncio.gather(*orders, return_exceptions=True), 5)
    assert all(isinstance(end, BusyError | ChildDiedError) for end in ends)


def _pids(pool: ProcessPool) -> list[int]:
    return [child.pid for child in pool._children]


def _busy(pool: ProcessPool) -> list[int]:
    """The children that have taken an order."""
    return [child.pid for child in pool._children if child.jobs]


def _parent(pid: int) -> int:
    with open(f"/proc/{pid}/stat") as stat:  # noqa: PTH123
        return int(stat.read().rpartition(")")[2].split()[1])


async def test_an_order_sent_ahead_is_still_refused_in_time_if_nobody_begins_it(pool):
    await eventually(lambda: pool.alive == 2)
    liars = [asyncio.create_task(pool.run(order(ENDLESS), 60, work_ms=1)) for _ in range(2)]
    await eventually(lambda: len(_busy(pool)) == 2)
    with pytest.raises(BusyError):  # it is before a child, behind an order of a "moment"
        await pool.run(order(BELL), 30, 0.3, work_ms=1)
    for liar in liars:
        liar.cancel()
    await asyncio.gather(*liars, return_exceptions=True)


async def test_what_waited_behind_a_child_that_was_killed_waits_behind_no_other(pool):
    await eventually(lambda: pool.alive == 2)
    liars = [asyncio.create_task(pool.run(order(ENDLESS), 60, work_ms=1)) for _ in range(2)]
    await eventually(lambda: len(_busy(pool)) == 2)
    behind = asyncio.create_task(pool.run(order(BELL), 30, work_ms=1))
    await asyncio.sleep(0.1)
    (child,) = (child for child in pool._children if len(child.jobs) == 2)
    (job,) = list(child.jobs)[1:]
    child.kill()
    await eventually(lambda: job.work_ms is None)
    assert sum(len(child.jobs) for child in pool._children) <= 2
    for liar in liars:
        liar.cancel()
    assert isinstance(await asyncio.wait_for(behind, 20), Completed)
    await asyncio.gather(*liars, return_exceptions=True)

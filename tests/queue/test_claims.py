"""Which tasks an instance takes, and with what."""

from __future__ import annotations

import uuid

from submitting import submit

from quantum_tasks.orders import Accepted
from quantum_tasks.queue.store import ClaimedTask, Store

A = uuid.UUID(int=1)


def checked(large: bool = False, work_ms: float | None = None, compiled: bytes = b"x") -> Accepted:
    return Accepted(compiled, large, large, work_ms)


async def take(store: Store, *arguments: int | float) -> list[ClaimedTask]:
    await store.heartbeat(A, "host", 1, "0", 0)
    tasks, _ = await store.claim(A, *arguments)
    return tasks


async def test_a_claim_brings_what_the_check_found_out(pool, store):
    await submit(store, "text", checked=checked(True, 0.5, b"compiled"))
    (task,) = await take(store, 1)
    assert (task.compiled, task.qc) == (b"compiled", "")
    assert (task.large, task.parallel, task.work_ms) == (True, True, 0.5)


async def test_a_program_that_another_version_compiled_comes_as_text(pool, store):
    await submit(store, "text", checked=checked())
    await pool.execute("update programs set compiled_format = compiled_format + 1")
    (task,) = await take(store, 1)
    assert (task.compiled, task.qc) == (b"", "text")


async def test_large_tasks_wait_for_one_another_and_none_other_for_them(store):
    large = [await submit(store, checked=checked(large=True)) for _ in range(3)]
    small = [await submit(store, checked=checked()) for _ in range(3)]
    assert [task.id for task in await take(store, 2, 0)] == small[:2]
    assert [task.id for task in await take(store, 3, 1)] == [large[0], small[2]]
    assert [task.id for task in await take(store, 3, 3)] == large[1:]


async def test_a_claim_takes_no_more_than_there_is_room_for_large_ones_included(store):
    large = [await submit(store, checked=checked(large=True)) for _ in range(2)]
    small = [await submit(store, checked=checked()) for _ in range(3)]
    assert {task.id for task in await take(store, 3, 2)} == {*large, small[0]}


async def test_a_claim_takes_moments_ahead_as_far_as_they_go(store):
    ids = [await submit(store, checked=checked(work_ms=3.0)) for _ in range(8)]
    assert [task.id for task in await take(store, 1, 0, 5, 100.0)] == ids[:5]
    assert [task.id for task in await take(store, 0, 0, 5, 7.0)] == ids[5:7]
    assert [task.id for task in await take(store, 1, 0, 5, 0.0)] == ids[7:]


async def test_a_claim_takes_nothing_ahead_behind_a_task_of_unknown_length(store):
    await submit(store, checked=checked(work_ms=1.0))
    unknown = await submit(store, checked=checked())
    await submit(store, checked=checked(work_ms=1.0))
    assert len(await take(store, 0, 0, 5, 100.0)) == 1
    assert [task.id for task in await take(store, 1, 0, 5, 100.0)] == [unknown]

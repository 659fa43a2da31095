"""Which tasks an instance takes, and with what."""

from __future__ import annotations

import uuid

import asyncpg
import msgspec
import pytest
from submitting import submit

from quantum_tasks.capability import Capability
from quantum_tasks.orders import Accepted
from quantum_tasks.queue.fleet import Fleet
from quantum_tasks.queue.store import LEASE_S, ClaimedTask, Store

A, B, C = (uuid.UUID(int=number) for number in (1, 2, 3))


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


def needing(**needs: int) -> Accepted:
    return msgspec.structs.replace(checked(large=True), needs=needs)


async def can(store: Store, instance: uuid.UUID, memory_mb: int, *engines: str) -> None:
    here = Capability(memory_mb, engines)
    await store.heartbeat(instance, "host", 1, "0", 0, capability=here)


async def test_a_claim_passes_over_what_its_instance_cannot_run(store):
    memory = await submit(store, checked=needing(aer=100, qsim=60))
    engine = await submit(store, checked=needing(stim=64))
    either = await submit(store, checked=needing(aer=99, stim=64))
    anybody = await submit(store, checked=checked(large=True))
    await can(store, A, 99, "aer", "branching")
    tasks, _ = await store.claim(A, 2)
    assert [task.id for task in tasks] == [either, anybody]
    assert await store.claim(A, 2) == ([], False)
    await can(store, B, 60, "qsim", "aer")
    tasks, _ = await store.claim(B, 2)
    assert [task.id for task in tasks] == [memory]
    await can(store, C, 64, "aer", "stim")
    tasks, _ = await store.claim(C, 2)
    assert [task.id for task in tasks] == [engine]


async def test_an_older_program_claims_no_task_that_needs_something(pool, store):
    """It says nothing of what its instance can run, and claims all the same."""
    await store.heartbeat(A, "host", 1, "0", 0)
    await can(store, B, 100, "aer")
    id = await submit(store, checked=needing(aer=100))
    claim = "update tasks set status = 'running', attempt = 1, instance = $1 where id = $2"
    assert await pool.execute(claim, A, id) == "UPDATE 0"
    assert await pool.fetchval("select status from tasks") == "queued"
    assert await pool.fetchval("select count(*) from events") == 1
    assert await pool.execute(claim, B, id) == "UPDATE 1"


async def test_only_large_tasks_have_needs(store):
    with pytest.raises(asyncpg.CheckViolationError):
        await submit(store, checked=msgspec.structs.replace(needing(aer=100), large=False))


async def test_a_fleet_is_what_the_living_instances_of_a_queue_can_run(pool, store):
    assert await Fleet(pool, "tasks").known() == []
    await store.heartbeat(uuid.uuid4(), "host", 1, "0", 0)  # an older program
    await can(store, A, 100, "aer")
    await can(store, B, 100, "aer")
    await can(store, C, 200, "qsim", "aer")
    await can(Store(pool, "others"), uuid.uuid4(), 300, "aer")
    fleet = Fleet(pool, "tasks")
    both = [Capability(200, ("qsim", "aer")), Capability(100, ("aer",))]
    assert await fleet.known() == both
    await pool.execute(
        "update instances set heartbeat_at = now() - $2 * interval '1 second' where id = $1",
        C,
        LEASE_S + 1,
    )
    assert await fleet.known() == both  # a moment ago
    assert await Fleet(pool, "tasks").known() == both[1:]


async def test_a_fleet_is_as_it_was_while_the_database_is_away(pool, store):
    fleet = Fleet(pool, "tasks")
    await can(store, A, 100, "aer")
    known = await fleet.known()
    fleet._known_at -= 60
    pool.terminate()
    assert await fleet.known() == known != []

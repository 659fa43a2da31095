"""How much is stored, and what is refused once it is too much."""

from __future__ import annotations

import asyncio
import uuid

import msgspec
import pytest
from engines.simulation import simulated
from service import STDGATES
from submitting import submit

from quantum_tasks.archive.archive import Archive
from quantum_tasks.database.pool import Pool
from quantum_tasks.errors import StorageFull
from quantum_tasks.orders import Accepted
from quantum_tasks.queue.storage import LARGE, Storage, most_result_bytes
from quantum_tasks.queue.submissions import NewTask, Submissions
from quantum_tasks.tasks import Method, Options, PauliTerm, Register, Stats

INSTANCE = uuid.UUID(int=1)


async def stored(pool: Pool) -> int:
    return await Storage(pool).stored()


async def counted_by_hand(pool: Pool) -> int:
    """What is stored, if it is looked at."""
    return await pool.fetchval(
        "select coalesce((select sum(1500 + octet_length(qc) + coalesce(octet_length(compiled), 0)"
        " + coalesce(octet_length(options::text), 0)) from programs), 0)"
        " + coalesce((select sum(octet_length(counts::text) + "
        " coalesce(octet_length(details::text), 0)) from results), 0)"
        " + coalesce((select sum(octet_length(answer)) from idempotency_keys), 0)"
    )


async def test_what_is_stored_is_counted_until_it_is_deleted(pool, store, submissions):
    await store.heartbeat(INSTANCE, "host", 1, "0", 0)
    checked = Accepted(b"c" * 777, False, False, None)
    options = '{"memory":true}'
    for size in (10, 20_000, 200_000):
        await submit(submissions, "q" * size, checked=checked, options=options)
    for again in (False, True):
        batch = [NewTask(qc="b" * 100, shots=1) for _ in range(20)]
        stored_now = await submissions.submit_all(batch, "key", b"", "a" * 5000)
        assert (stored_now is None) == again
    assert await stored(pool) == await counted_by_hand(pool) > 220_000
    tasks, _ = await store.claim(INSTANCE, 10)
    for number, task in enumerate(tasks[:5]):
        details = "[]" if number % 2 else None
        assert await store.complete(task, INSTANCE, f'{{"{"0" * 9000}":1}}', details)
        assert await store.complete(task, INSTANCE, "{}")  # the answer was lost; it counts once
    await store.fail(tasks[5], INSTANCE, "code", "message")
    assert await stored(pool) == await counted_by_hand(pool) > 265_000
    await Storage(pool).fold()
    await Archive(pool).delete(tasks[1].id)
    assert await stored(pool) == await counted_by_hand(pool)
    await store.cancel([row["id"] for row in await pool.fetch("select id from tasks")])
    await store.cancelled(tasks[6], INSTANCE)
    await pool.execute("update tasks set status = 'queued', instance = null "
                       "where status = 'running' and cancel_requested_at is null")  # fmt: skip
    await pool.execute("delete from tasks")
    assert await stored(pool) == await counted_by_hand(pool) == 5000
    await pool.execute("update idempotency_keys set created_at = now() - interval '2 days'")
    while await Archive(pool).expire():
        pass
    assert await stored(pool) == 0


async def test_many_count_at_the_same_time_and_fold_what_they_counted(pool, store):
    submissions = [Submissions(pool, "tasks") for _ in range(3)]
    storage = Storage(pool)

    async def some(to: Submissions) -> None:
        for _ in range(80):
            await submit(to, "x" * 500)

    async def folding() -> None:
        while not done.is_set():
            await asyncio.gather(storage.fold(), storage.fold())
            await asyncio.sleep(0.01)

    done = asyncio.Event()
    fold = asyncio.create_task(folding())
    await asyncio.gather(*(some(one) for one in submissions))
    done.set()
    await fold
    assert await stored(pool) == await counted_by_hand(pool) == 240 * 2000
    while await pool.fetchval("select count(*) from stored_bytes") >= 100:
        await storage.fold()
    assert await stored(pool) == 240 * 2000


async def full(pool: Pool) -> Submissions:
    await pool.execute("insert into stored_bytes values (1000000)")
    return Submissions(pool, "tasks", storage=Storage(pool, 1_000_000))


async def test_while_the_storage_is_full_only_what_is_small_is_taken(pool):
    submissions = await full(pool)
    await submit(submissions, "x" * 60_000)
    large = NewTask(qc="x" * (LARGE + 1), shots=1)
    with pytest.raises(StorageFull, match="program") as caught:
        await submissions.submit(large)
    assert caught.value.retry_after_s
    for more in (
        {"checked": Accepted(b"c" * LARGE, False, False, None)},
        {"options": f'{{"parameters":{{"a":"{"0" * LARGE}"}}}}'},
        {"checked": with_bits(20), "shots": 10_000},
        {"checked": with_bits(2), "shots": 20_000, "options": '{"memory":true}'},
    ):
        with pytest.raises(StorageFull):
            await submissions.submit(NewTask(**{"qc": "x", "shots": 1, **more}))
    await submissions.submit(NewTask(qc="x", shots=10**6, checked=with_bits(10)))
    small = NewTask(qc="x", shots=1)
    with pytest.raises(StorageFull, match="number 1 "):
        await submissions.submit_all([small, large], None, b"", None)
    assert await pool.fetchval("select count(*) from tasks") == 2
    assert await submissions.submit_all([small], None, b"", None)


async def test_what_is_deleted_makes_room_again(pool, store):
    submissions = Submissions(pool, "tasks", storage=Storage(pool, 100_000))
    large = await submit(submissions, "x" * 99_000)
    with pytest.raises(StorageFull):
        await submit(Submissions(pool, "tasks", storage=Storage(pool, 100_000)), "y" * 99_000)
    await store.cancel([large])
    await Archive(pool).delete(large)
    await submit(Submissions(pool, "tasks", storage=Storage(pool, 100_000)), "y" * 99_000)


def with_bits(*sizes: int) -> Accepted:
    """A program whose registers have so many bits."""
    registers = [Register(f"c{number}", size) for number, size in enumerate(sizes)]
    stats = Stats(qubits=1, clbits=sum(sizes), depth=1, gates={}, registers=registers,
                  method=Method.STATEVECTOR, memory_bytes=1, compile_ms=1)  # fmt: skip
    text = msgspec.json.encode(stats).decode()
    return Accepted(b"", False, False, None, stats=text)


@pytest.mark.parametrize("sizes", [(1,), (5,), (3, 2, 4), (12,), (40, 2)])
@pytest.mark.parametrize("shots", [1, 100, 1024, 5000])
def test_no_result_is_larger_than_it_can_be(sizes: tuple[int, ...], shots: int):
    """Where all outcomes are different, or as many as there are."""
    stats = msgspec.json.decode(with_bits(*sizes).stats, type=Stats)
    bits = sum(sizes)
    outcomes = min(2**bits, shots)
    counts: dict[str, int] = {}
    for number in range(shots):
        text, parts = f"{number % outcomes:0{bits}b}", []
        for size in reversed(sizes):
            parts.append(text[:size])
            text = text[size:]
        counts[" ".join(parts)] = counts.get(" ".join(parts), 0) + 1
    size = len(msgspec.json.encode(counts))
    assert size - 2 <= most_result_bytes(shots, Options(), stats) <= 1.3 * size + 10
    memory = len(msgspec.json.encode([key for key in counts for _ in range(counts[key])]))
    most = most_result_bytes(shots, Options(memory=True), stats)
    assert size + memory - 4 <= most
    sweep = Options(parameters=[{}, {}, {}])
    assert most_result_bytes(shots, sweep, stats) == 3 * most_result_bytes(shots, Options(), stats)
    observed = Options(observables=[[PauliTerm("Z")]] * 100)
    assert most_result_bytes(0, observed, stats) >= 100 * len(
        '{"value":-0.1234567890123456,"std":0.00123456789012345}'
    )


@pytest.mark.parametrize("sizes", [(1,), (5,), (3, 2, 4), (12,)])
def test_no_exact_result_is_larger_than_it_can_be(sizes: tuple[int, ...]):
    bits = sum(sizes)
    registers = "".join(f"bit[{size}] c{n}; " for n, size in enumerate(sizes))
    turns = "".join(f"ry(0.{n + 11}) q[{n}]; " for n in range(bits))
    places = iter(range(bits))
    measured = "".join(
        f"c{n}[{k}] = measure q[{next(places)}]; "
        for n, size in enumerate(sizes)
        for k in range(size)
    )
    qc = f"{STDGATES}qubit[{bits}] q; {registers} h q; {turns} {measured}"
    _, details = simulated(qc, 0, None, Options())
    stats = msgspec.json.decode(with_bits(*sizes).stats, type=Stats)
    stats = msgspec.structs.replace(stats, qubits=bits)
    size = len(msgspec.json.encode(details))
    most = most_result_bytes(0, Options(), stats)
    assert size - 200 <= most <= 1.5 * size
    sweep = Options(parameters=[{}, {}, {}])
    assert most_result_bytes(0, sweep, stats) == 3 * most


async def test_the_store_knows_how_full_it_is_from_all_instances(pool):
    one, other = Storage(pool, 3000), Storage(pool, 3000)
    assert not await one.is_full()
    await submit(Submissions(pool, "tasks"), "x" * 2000)
    assert await other.is_full()
    one._known_at = float("-inf")
    assert await one.is_full()
